//! Threads as JSON.

use serde::Serialize;

use super::MessageJson;
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{ReplyPage, ThreadPage, ThreadState, ThreadSummary, ThreadView};

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
    /// Where the caller stands in the thread.
    thread_state: ThreadStateJson,
}

impl<'a> From<&'a ReplyPage> for RepliesJson<'a> {
    fn from(page: &'a ReplyPage) -> Self {
        Self {
            messages: page.messages.iter().map(Into::into).collect(),
            next_cursor: page.next,
            thread_state: (&page.state).into(),
        }
    }
}

/// Where a user stands in a thread.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ThreadState))]
pub(crate) struct ThreadStateJson {
    /// The room.
    room_uuid: RoomId,
    /// The thread's root.
    message_uuid: MessageId,
    /// Whether the user follows the thread.
    following: bool,
    /// Every reply up to this number is read. Left out where the user does not follow the thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    read_seq: Option<u64>,
    /// How many replies of others the user has not read: those that are deleted or hidden do not count. 0 where they do not
    /// follow the thread.
    unread_replies: u64,
}

impl From<&ThreadState> for ThreadStateJson {
    fn from(state: &ThreadState) -> Self {
        Self {
            room_uuid: state.room,
            message_uuid: state.root,
            following: state.following,
            read_seq: state.read_seq,
            unread_replies: state.unread,
        }
    }
}

/// Where a user stands in a thread, as their other connections are told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ThreadRead))]
pub(crate) struct ThreadReadJson {
    /// The room.
    #[cfg_attr(feature = "openapi", schema(required, nullable = false))]
    room_uuid: Option<RoomId>,
    /// The thread's root.
    message_uuid: MessageId,
    /// Whether the user follows the thread.
    following: bool,
    /// Every reply up to this number is read. Left out where the user does not follow the thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    read_seq: Option<u64>,
}

impl ThreadReadJson {
    pub(crate) fn new(room_uuid: Option<RoomId>, message_uuid: MessageId, read_seq: Option<u64>) -> Self {
        Self { room_uuid, message_uuid, following: read_seq.is_some(), read_seq }
    }
}

/// A thread that the caller follows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FollowedThread))]
pub(crate) struct FollowedThreadJson<'a> {
    /// Its root, with what it tells of the thread.
    message: MessageJson<'a>,
    /// When the newest reply came; without any, when the root did.
    active_at: Timestamp,
    /// How many replies of others the caller has not read.
    unread_count: u64,
    /// Every reply up to this number is read.
    read_seq: u64,
}

impl<'a> From<&'a ThreadView> for FollowedThreadJson<'a> {
    fn from(view: &'a ThreadView) -> Self {
        Self {
            message: (&view.root).into(),
            active_at: view.active_at,
            unread_count: view.state.unread,
            read_seq: view.state.read_seq.unwrap_or(0),
        }
    }
}

/// A page of the threads that the caller follows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Threads))]
pub(crate) struct ThreadsJson<'a> {
    /// The threads, the newest activity first.
    threads: Vec<FollowedThreadJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<String>,
}

impl<'a> From<&'a ThreadPage> for ThreadsJson<'a> {
    fn from(page: &'a ThreadPage) -> Self {
        Self {
            threads: page.threads.iter().map(Into::into).collect(),
            next_cursor: page.next.map(|next| next.to_string()),
        }
    }
}
