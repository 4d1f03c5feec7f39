//! Messages that wait in a store: written in transactions of the host's own, beside its own rows, and sent
//! by the engine once they are committed.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{ClientId, MessageId, RoomId, UserId};
use crate::model::{Body, Custom};

/// A message to write into an outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The id that the message will have.
    pub id: MessageId,
    /// The room that it is for.
    pub room: RoomId,
    /// Who sends it.
    pub author: UserId,
    /// What it says; no SYSTEM.
    pub body: Body,
    /// What the app keeps of its own with it.
    pub custom: Custom,
    /// By this it is sent once, however often that is tried.
    pub client_id: ClientId,
    /// When it was written. The message's own time is that of its commit, so that a room's times go by its
    /// numbers.
    pub at: Timestamp,
}

/// A message that waits in an outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Rows are sent in the order of their numbers. None is ever given twice.
    pub number: u64,
    /// The message.
    pub entry: OutboxEntry,
}

/// An open transaction of the host's own, in the database that holds the store too.
///
/// Implemented for the transactions of `sqlx` on PostgreSQL and of `rusqlite` on SQLite, and for their
/// connections, on which the host itself has begun one. [`send_in`](crate::Actor::send_in) shows the latter;
/// this is the former:
///
/// ```no_run
/// # #[cfg(feature = "postgres")]
/// # async fn order(engine: chat_core::ChatEngine, pool: sqlx::PgPool, room: chat_core::RoomId)
/// #     -> Result<(), Box<dyn std::error::Error>> {
/// use chat_core::model::Draft;
///
/// let shop = engine.as_user("shop".parse()?);
/// let mut tx = pool.begin().await?;
/// sqlx::query("INSERT INTO orders (id) VALUES (7)").execute(&mut *tx).await?;
/// let outgoing = shop.send_in(&mut tx, room, Draft::text("Your order 7 was placed")).await?;
/// tx.commit().await?;
/// outgoing.committed();
/// # Ok(()) }
/// ```
pub trait HostTransaction {
    /// Writes one row into the outbox that the store has named by
    /// [`outbox_table`](super::Upkeep::outbox_table). It locks nothing that others wait for.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when the database has no such table: it is not the store's.
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when it cannot be written to now.
    fn put(&mut self, outbox: &str, entry: &OutboxEntry) -> impl Future<Output = Result<()>>;
}
