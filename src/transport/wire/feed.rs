//! The user's own feed as JSON.

use serde::Serialize;

use super::invites::InvitationJson;
use crate::clock::Timestamp;
use crate::id::RoomId;
use crate::model::{FeedPage, FeedRoom, NotifyLevel, Token};

/// A page of the feed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Feed))]
pub(crate) struct FeedJson<'a> {
    /// Whether this is what changed since the token. If not, it is all of it, and what is not in it is gone.
    is_delta: bool,
    /// The rooms, in the order of their ids.
    rooms: Vec<FeedRoomJson>,
    /// The caller's invitations that hold: on the first page.
    invitations: Vec<InvitationJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<String>,
    /// The `since` of the next feed: on the last page, null before it.
    #[cfg_attr(feature = "openapi", schema(required))]
    token: Option<Token>,
}

/// Where a room stands for the caller. Of two of a room, the one with the greater version is the later one, and of the same
/// version that with the greater `readSeq`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FeedRoom))]
pub(crate) struct FeedRoomJson {
    /// The room.
    room_uuid: RoomId,
    /// Whether the caller is in it. Where they are no more, all counts are 0.
    is_member: bool,
    /// The number of its newest message.
    seq: u64,
    /// Everything up to this number is read.
    read_seq: u64,
    /// How many messages the caller has not read.
    unread_count: u64,
    /// How many of these mention the caller.
    mention_count: u64,
    /// Of which messages the caller has chosen to have notices. Not there: the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    notifications: Option<NotifyLevel>,
    /// From when on the default holds again. Not there: it never does by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    notify_until: Option<Timestamp>,
    /// The position of what changed last.
    version: u64,
}

impl From<&FeedRoom> for FeedRoomJson {
    fn from(room: &FeedRoom) -> Self {
        Self {
            room_uuid: room.room,
            is_member: room.is_member,
            seq: room.seq,
            read_seq: room.read_seq,
            unread_count: room.unread,
            mention_count: room.mentions,
            notifications: room.notify.map(|setting| setting.level),
            notify_until: room.notify.and_then(|setting| setting.until),
            version: room.version,
        }
    }
}

impl<'a> From<&'a FeedPage> for FeedJson<'a> {
    fn from(page: &'a FeedPage) -> Self {
        Self {
            is_delta: page.is_delta,
            rooms: page.rooms.iter().map(Into::into).collect(),
            invitations: page.invitations.iter().map(Into::into).collect(),
            next_cursor: page.next.map(|next| next.to_string()),
            token: page.token,
        }
    }
}
