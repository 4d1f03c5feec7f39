//! The connections that read.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::SqliteError;

/// Connections that read, one reader each at a time; who finds none free waits, but not for ever.
#[derive(Debug)]
pub(super) struct Readers {
    /// Not tokio's Mutex, since nothing is awaited under it.
    idle: Arc<Mutex<Vec<Connection>>>,
    /// As many permits as connections are idle.
    free: Arc<Semaphore>,
    patience: Duration,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>, patience: Duration) -> Self {
        let free = Arc::new(Semaphore::new(connections.len()));
        Self { idle: Arc::new(Mutex::new(connections)), free, patience }
    }

    /// Runs the work in a transaction, so that all its statements see one state: that of the newest commit
    /// when it begins.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, SqliteError> + Send + 'static,
    ) -> Result<T, SqliteError> {
        let permit = timeout(self.patience, Arc::clone(&self.free).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else { return Err(SqliteError::NoConnection) };
        let idle = Arc::clone(&self.idle);
        tokio::task::spawn_blocking(move || {
            let conn = idle.lock().pop();
            let mut lease = Lease { conn, idle, _permit: permit };
            let conn = lease.conn.as_mut().ok_or(SqliteError::NoConnection)?;
            work(&conn.transaction()?)
        })
        .await?
    }
}

/// Puts the connection back, also when the work panics or nobody waits for it any more.
struct Lease {
    conn: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    /// Fields are dropped after `drop` has run, so the connection is back when this is given up.
    _permit: OwnedSemaphorePermit,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.idle.lock().extend(self.conn.take());
    }
}
