//! The store in PostgreSQL, for a server that is several processes, and for years of history.
//!
//! All nodes of a server share one database. What a node's engine commits together is one transaction, of
//! a fixed number of statements however much it is. It first locks the row of its commit lane, until its
//! end: so positions commit in their order across nodes, and nothing deadlocks. Messages and marks, which most of it is, are
//! read and then written in one statement each, without a lock in between: the row of the lane counts commits, and where
//! another node's came between the two, nothing is written and the work is done again under the lock. Where the node's own last
//! commits have left behind what is to be read, it is not read either, so that most take one statement; that is kept for a second.
//!
//! Everything stands in the schema `chat` of the database, beside whatever else it holds, so that the host can
//! send messages in its own transactions by [`send_in`](crate::Actor::send_in). Connect to the
//! primary: a standby lags behind, and what a client had seen would be missing there. A pooler between the
//! two must give each connection a session of its own, for statements are prepared and settings made once
//! a connection. After a restore of an older copy, call [`rotate_epoch`](Store::rotate_epoch).
//!
//! A lost connection is opened anew with the next call. A commit whose answer is lost with its connection
//! is looked for in the database on another one; only when that cannot be had either is it
//! [`Unavailable`](crate::ErrorKind::Unavailable) and may yet have gone through, so that a retry under the
//! same client id is what tells.

mod alerts;
mod amend;
mod attachments;
mod cache;
mod columns;
mod commit;
mod connections;
mod edits;
mod error;
mod follows;
mod held;
mod hidden;
mod joins;
mod keeping;
mod lanes;
mod load;
mod mentions;
mod moderation;
mod notify;
mod optimistic;
mod outbox;
#[cfg(test)]
mod plans;
mod push;
mod read;
mod reads;
mod records;
mod schema;
mod search;
mod settings;
mod write;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use self::connections::Connections;
use self::optimistic::Optimism;
use super::index::Waiting;
use super::{Batch, Outcome, Store};
use crate::error::Result;
use crate::model::{Epoch, Token};

/// How a [`PostgresStore`] uses its database.
///
/// ```
/// use chat_core::store::postgres::PostgresOptions;
/// let mut options = PostgresOptions::default();
/// options.connections = 20;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// How many connections this node has at most, at least 1; whoever needs one more waits. They are opened
    /// on demand. Default 10.
    pub connections: u32,
    /// How long anything waits for a connection before it is
    /// [`Unavailable`](crate::ErrorKind::Unavailable). Default 5 s.
    pub connect_timeout: Duration,
    /// How long a statement may take, and how long a commit may lie still, in whole milliseconds and at least 1;
    /// after that it is undone, and [`Unavailable`](crate::ErrorKind::Unavailable). Where the server says nothing
    /// at all, its connection is given up a second later. Default 10 s.
    pub statement_timeout: Duration,
    /// How long a statement waits for a lock of another node's commit, likewise. Default 5 s.
    pub lock_timeout: Duration,
    /// How many commit lanes the store has, 1 to [`MAX_LANES`](crate::model::MAX_LANES). The first start
    /// fixes it, and the others must give the same number: every position that was ever given out counts
    /// lanes. Default 1, which is right until commits of one lane fill the database's time.
    pub lanes: usize,
    /// Whether connecting brings the schema to the version that this code knows. Without it, an older
    /// schema is [`Unavailable`](crate::ErrorKind::Unavailable) until the files in `migrations/postgres`
    /// have been run by hand. Default true.
    pub migrate: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: 10,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            lanes: 1,
            migrate: true,
        }
    }
}

/// Keeps everything in one PostgreSQL database, version 13 or newer.
///
/// ```no_run
/// # async fn connect() -> chat_core::Result<()> {
/// use chat_core::store::PostgresStore;
/// let store = PostgresStore::connect("postgres://chat@localhost/chat").await?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    connections: Connections,
    lanes: usize,
    optimism: Optimism,
    /// Rooms that wait for the index of words, as far as this node knows.
    waiting: Waiting,
    /// One call at a time takes into the index.
    indexing: tokio::sync::Semaphore,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Connects to the database of a `postgres://` URL and brings its schema to the newest version. Nodes
    /// that do so at once wait for each other.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when the database cannot be reached, lets nobody in, is a
    /// standby, or waits to be [migrated](PostgresOptions::migrate) by hand.
    /// [`Corrupt`](crate::ErrorKind::Corrupt) when its schema `chat` is another program's, or that of a newer
    /// version of this crate; such a schema is left as it is. [`INVALID_INPUT`](crate::ErrorKind::Invalid) for a
    /// URL that does not do, a server older than version 13, a database that does not keep its text in UTF-8, or
    /// another number of lanes than the database was begun with.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, PostgresOptions::default()).await
    }

    /// Like [`connect`](Self::connect), with other options than the default ones.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect).
    pub async fn connect_with(url: &str, options: PostgresOptions) -> Result<Self> {
        let connect = connections::connect_options(url, &options)?;
        schema::prepare(&connect, &options).await?;
        Ok(Self {
            connections: Connections::new(connect, &options),
            lanes: options.lanes,
            optimism: Optimism::default(),
            waiting: Waiting::default(),
            indexing: tokio::sync::Semaphore::new(1),
        })
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn position(&self) -> Result<Token> {
        Ok(read::token(&self.connections).await?)
    }

    async fn rotate_epoch(&self) -> Result<Epoch> {
        let epoch = Epoch::random();
        read::rotate_epoch(&self.connections, epoch).await?;
        Ok(epoch)
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<Result<Outcome>>> {
        let changed = self.waiting.rooms_of(&batch);
        let outcomes = commit::commit(&self.connections, &self.optimism, self.lanes, batch).await?;
        self.waiting.add(changed);
        Ok(outcomes)
    }
}
