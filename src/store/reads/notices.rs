//! Notices for who is offline.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::RoomId;
use crate::store::{Alert, PushBatch, PushRetry};

/// How far [notices](crate::push) for who is offline have come, which are to be tried again, and what they tell of besides
/// messages.
#[async_trait]
pub trait PushStore {
    /// Since when there are [notices](crate::push): `now`, where nobody has asked before, and the same from then on.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn pushed_since(&self, now: Timestamp) -> Result<Timestamp>;

    /// The rooms whose newest message came at `since` or later and is not [considered](PushBatch::considered) yet, in
    /// the order of their ids, beyond `after`. It may look at all rooms there are.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn unpushed_rooms(
        &self,
        since: Timestamp,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomId>>;

    /// Claims those of these rooms that nobody holds at `now`, until then, each with the number up to which its
    /// messages are considered; 0 at first. Of two who claim a room at once, one gets it. What a process held that has
    /// ended may be free at once. The engine names each once.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn claim_pushes(
        &self,
        rooms: &[RoomId],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(RoomId, u64)>>;

    /// Takes the notices that are due at `now`, the earliest first (then by room and user): they are due again at
    /// `until`. No two callers get the same one.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn due_pushes(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<PushRetry>>;

    /// Takes the alerts that are due at `now`, the earliest first (then by their [keys](Alert::key)): they are due again at
    /// `until`. No two callers get the same one.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn due_alerts(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Alert>>;

    /// Writes what has come of notices.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn write_pushes(&self, batch: PushBatch) -> Result<()>;
}
