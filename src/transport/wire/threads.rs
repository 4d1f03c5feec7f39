//! Threads as JSON.

use serde::Serialize;

use super::MessageJson;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::model::{ReplyPage, ThreadSummary};

/// What a root tells of its thread.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Thread))]
pub(crate) struct ThreadJson<'a> {
    /// How many replies there are. Exact; deleted ones do not count.
    reply_count: u64,
    /// When the newest one was sent.
    last_reply_at: Timestamp,
    /// Who has replied, in the order of their first replies; at most 20.
    participant_uuids: &'a [UserId],
}

impl<'a> From<&'a ThreadSummary> for ThreadJson<'a> {
    fn from(summary: &'a ThreadSummary) -> Self {
        Self {
            reply_count: summary.replies,
            last_reply_at: summary.last_reply_at,
            participant_uuids: &summary.participants,
        }
    }
}

/// A page of a thread's replies.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Replies))]
pub(crate) struct RepliesJson<'a> {
    /// The replies, the newest first.
    messages: Vec<MessageJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<u64>,
}

impl<'a> From<&'a ReplyPage> for RepliesJson<'a> {
    fn from(page: &'a ReplyPage) -> Self {
        Self { messages: page.messages.iter().map(Into::into).collect(), next_cursor: page.next }
    }
}
