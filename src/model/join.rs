//! Requests to come into a room, which wait until somebody says whether they do.

use std::sync::Arc;

use super::{InviteCode, Profile, Room, RoomType};
use crate::clock::Timestamp;
use crate::id::{JoinRequestId, RoomId, UserId};

/// Somebody whom the host's [`Hooks`](crate::policy::Hooks) have wait before they come into a room: at most one of each
/// room and user. Nobody sees it but them, those who look after the room, and the host. It never changes: it is there,
/// or not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// Its id.
    pub id: JoinRequestId,
    /// The room.
    pub room: RoomId,
    /// Who wants to come in.
    pub user: UserId,
    /// The invite link or invitation by which they want to, if by one. Only who may see all of the room's links is
    /// shown it, and who asks.
    pub invite: Option<InviteCode>,
    /// Why they wait, in the host's words: for moderators, and not for who asks.
    pub reason: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// A page of requests, the oldest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JoinRequestPage {
    /// The requests, at most as many as were asked for, each with what is shown of who asks.
    pub requests: Vec<(JoinRequest, Profile)>,
    /// The last of them, behind which the next page begins, if there is one.
    pub next: Option<JoinRequestId>,
}

/// A request to come into a room, as who asks sees it: which room, as an invitation tells it, and nothing of why they
/// wait.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnJoinRequest {
    /// Its id.
    pub id: JoinRequestId,
    /// The room.
    pub room: RoomId,
    /// The room's kind.
    pub room_type: RoomType,
    /// The room's name, if it has one of its own.
    pub room_name: Option<Arc<str>>,
    /// The invite link or invitation by which they want to, if by one.
    pub invite: Option<InviteCode>,
    /// Since when.
    pub at: Timestamp,
}

impl OwnJoinRequest {
    pub(crate) fn new(request: &JoinRequest, room: &Room) -> Self {
        Self {
            id: request.id,
            room: room.id,
            room_type: room.kind.room_type(),
            room_name: room.name.clone(),
            invite: request.invite,
            at: request.at,
        }
    }
}

/// A page of somebody's own requests, the oldest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OwnJoinRequestPage {
    /// The requests, at most as many as were asked for; it may be fewer, and yet others follow.
    pub requests: Vec<OwnJoinRequest>,
    /// The one behind which the next page begins, if there may be one.
    pub next: Option<JoinRequestId>,
}
