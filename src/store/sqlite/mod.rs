//! The store in one SQLite file, for a server that is one process.
//!
//! One thread writes, a few connections read beside it (SQLite's write-ahead log lets them), and what the
//! engine commits together is one transaction: so hundreds of messages share one wait for the disk.
//!
//! The host may keep tables of its own in the file, on connections of its own, and send messages in its
//! transactions there by [`send_in`](crate::Actor::send_in). The store makes the file: one that holds tables
//! already is refused. The file's `user_version` and `application_id` are the store's. An `ATTACH`ed file does
//! not do, for SQLite commits to each file by itself.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use chat_core::{ChatEngine, model::{Draft, NewRoom}, store::SqliteStore};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("shop.db");
//! let engine = ChatEngine::builder().store(SqliteStore::open(&path).await?).build().await?;
//! let shop = engine.as_user("shop".parse()?);
//! let room = shop.create_room(NewRoom::direct("ana")).await?.id();
//!
//! let mut orders = rusqlite::Connection::open(&path)?;
//! orders.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)", ())?;
//! let mut tx = orders.transaction()?;
//! tx.execute("INSERT INTO orders VALUES (7)", ())?;
//! let outgoing = shop.send_in(&mut tx, room, Draft::text("Your order 7 was placed")).await?;
//! tx.commit()?;
//! outgoing.committed();
//! # Ok(()) }
//! ```
//!
//! A transaction of `rusqlite` blocks, and stays on its thread. In a server, run all of it in
//! [`spawn_blocking`](tokio::task::spawn_blocking), and this by
//! [`Handle::block_on`](tokio::runtime::Handle::block_on).
//!
//! Beside `chat.db` stand `chat.db-wal` and `chat.db-shm` for as long as it is open. Copy a store by
//! `VACUUM INTO`, or when it is closed; after putting an older copy back, call
//! [`rotate_epoch`](Store::rotate_epoch), so that no client resumes from what the copy does not hold.

mod alerts;
mod amend;
mod attachments;
mod columns;
mod edits;
mod error;
mod follows;
mod held;
mod hidden;
mod joins;
mod keeping;
mod mentions;
mod moderation;
mod notify;
mod outbox;
#[cfg(test)]
mod plans;
mod push;
mod read;
mod reader;
mod reads;
mod records;
mod rows;
mod schema;
mod search;
mod settings;
mod write;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

use self::error::SqliteError;
use self::reader::Readers;
use self::writer::Writer;
use super::index::Waiting;
use super::push::Claims;
use super::{Batch, Outcome, Store};
use crate::error::Result;
use crate::model::{Epoch, Token};

/// How a [`SqliteStore`] uses its file.
///
/// ```
/// use chat_core::store::sqlite::SqliteOptions;
/// let mut options = SqliteOptions::default();
/// options.readers = 8;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// When a commit counts as durable. [`Synchronous::Full`] by default.
    pub synchronous: Synchronous,
    /// How many reads run at once, each on a connection of its own, at least 1; others wait. Default 4.
    pub readers: usize,
    /// How long a read waits for one of those connections, and anything for a lock of another process,
    /// before it is [`Unavailable`](crate::ErrorKind::Unavailable). Default 5 s; more than 24 h counts as 24 h.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { synchronous: Synchronous::Full, readers: 4, busy_timeout: Duration::from_secs(5) }
    }
}

impl SqliteOptions {
    /// The timeout within what SQLite can count.
    fn patience(&self) -> Duration {
        self.busy_timeout.min(Duration::from_secs(24 * 60 * 60))
    }
}

/// When a commit counts as durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Synchronous {
    /// When the disk has it: what was acked survives a loss of power.
    #[default]
    Full,
    /// When the operating system has it: faster, and what was acked survives a crash of the process, but a
    /// loss of power may take the last seconds with it. The file stays whole. Rotate the epoch after such
    /// a loss.
    Normal,
}

/// Keeps everything in one SQLite file.
///
/// ```no_run
/// # async fn open() -> chat_core::Result<()> {
/// use chat_core::store::SqliteStore;
/// let store = SqliteStore::open("chat.db").await?;
/// # Ok(())
/// # }
/// ```
///
/// Dropping it waits, on the thread that drops it, until what was handed in is committed and the file is
/// closed; the same file can be opened again then.
#[derive(Debug)]
pub struct SqliteStore {
    // In this order: the connection that closes last moves the log into the file, and only one that
    // writes can.
    readers: Readers,
    writer: Writer,
    /// Rooms that wait for the index of words.
    waiting: Waiting,
    /// One call at a time takes into the index.
    indexing: tokio::sync::Semaphore,
    /// Rooms of which notices are sent just now.
    claims: Claims,
}

impl SqliteStore {
    /// Opens the file, making it when it is not there and bringing it to the newest version.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for a file that is no chat store: no database, another
    /// program's, damaged, or written by a newer version of this crate. Such a file is left as it is.
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when it cannot be opened or is locked for longer than
    /// [`busy_timeout`](SqliteOptions::busy_timeout). [`INVALID_INPUT`](crate::ErrorKind::Invalid) where there can
    /// be no write-ahead log, as for `:memory:`, or where the app links a SQLite older than 3.51.3.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, SqliteOptions::default()).await
    }

    /// Like [`open`](Self::open), with other options than the default ones.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(path, &options)).await;
        Ok(opened.map_err(SqliteError::from)??)
    }

    fn open_blocking(path: PathBuf, options: &SqliteOptions) -> Result<Self, SqliteError> {
        let writer = schema::open_writer(&path, options)?;
        let readers = (0..options.readers.max(1)).map(|_| schema::open_reader(&path, options));
        let readers = readers.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            readers: Readers::new(readers, options.patience()),
            writer: Writer::start(writer)?,
            waiting: Waiting::default(),
            indexing: tokio::sync::Semaphore::new(1),
            claims: Claims::default(),
        })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn position(&self) -> Result<Token> {
        Ok(self.readers.run(|tx| read::token(tx)).await?)
    }

    async fn rotate_epoch(&self) -> Result<Epoch> {
        let epoch = Epoch::random();
        self.writer.run(move |tx| rows::write_epoch(tx, epoch)).await?;
        Ok(epoch)
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<Result<Outcome>>> {
        let changed = self.waiting.rooms_of(&batch);
        let outcomes = self.writer.commit(move |tx, cache| rows::commit(tx, batch, cache)).await?;
        self.waiting.add(changed);
        Ok(outcomes)
    }
}
