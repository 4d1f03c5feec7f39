//! What moderators look at.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{AuditEntry, Ban, JoinRequest, Profile, Report};
use crate::store::{Held, Queue};

/// What moderators look at.
#[async_trait]
pub trait ModerationReads {
    /// The bans of a room that [hold](Ban::holds) at this moment, each with the user's profile, in the order of the
    /// users' ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn bans(
        &self,
        room: RoomId,
        now: Timestamp,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Ban, Profile)>>;

    /// A user's ban from a room, also one that is over.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn ban(&self, room: RoomId, user: &UserId) -> Result<Option<Ban>>;

    /// A room's audit trail, the newest first: by falling positions, below `before`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn audit(&self, room: RoomId, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>>;

    /// Reports that wait, of a room or of all, the oldest first: by their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn reports(&self, room: Option<RoomId>, after: Option<ReportId>, limit: u32)
    -> Result<Vec<Report>>;

    /// The reports that a user has made, those that are resolved too, the oldest first: by their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>>;

    /// Messages that wait until somebody says whether they are said, the oldest first: by their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: u32) -> Result<Vec<Held>>;

    /// The message of this id, when it waits in this room.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Option<Held>>;

    /// Requests to come in that wait until somebody says whether they do, each with the user's profile, the oldest first:
    /// by their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn join_requests(
        &self,
        queue: Queue,
        after: Option<JoinRequestId>,
        limit: u32,
    ) -> Result<Vec<(JoinRequest, Profile)>>;

    /// The request of this id, when it waits in this room.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn join_request(&self, room: RoomId, id: JoinRequestId) -> Result<Option<JoinRequest>>;
}
