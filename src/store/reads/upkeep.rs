//! What the engine's own tasks ask of a store, besides what they commit.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::Room;
use crate::store::{OutboxRow, Record, RecordPage, StoredAttachment};

/// What the engine's own tasks ask of a store, besides what they commit.
#[async_trait]
pub trait Upkeep {
    /// Rows as they are moved to another store, in the order of their keys and at most `limit`; none is the
    /// end. Whoever reads page after page sees each row that is there all the time once.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn records(&self, page: RecordPage, limit: u32) -> Result<Vec<Record>>;

    /// Takes some `limit` of the messages that were sent or changed into the index of words, which follows behind
    /// the commits; `true` where more may wait. Called again until it says `false`, and of no other node, it has
    /// taken in whatever this store has committed before. A commit waits for it some milliseconds at most. A store
    /// that searches without an index has nothing to do.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store). What was taken in stays so, and the rest waits.
    async fn index(&self, limit: u32) -> Result<bool>;

    /// The name of the table that a [`HostTransaction`](crate::store::HostTransaction) writes to, the same for as long as the store is
    /// open. `None` without an outbox: nobody can write to it, and nobody asks what waits in it.
    fn outbox_table(&self) -> Option<&str>;

    /// What waits in the outbox, by rising number. A row may turn up below one that was read before: numbers
    /// are given while a transaction goes on.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxRow>>;

    /// The attachments that are in no message and were begun at `before` or earlier, oldest first (then by
    /// room and id).
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn unsent_attachments(&self, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>>;

    /// Users whose data is being [taken away](crate::store::Batch::erased), in the order of their ids.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>>;

    /// The rooms of which it is said [how much is kept](Room::keeping), in the order of their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>>;
}
