//! Requests to come into a room, which wait until somebody says whether they do.

use super::{InviteCode, Profile};
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
