//! The one thread that writes.

use std::thread::{self, JoinHandle};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::error::SqliteError;

/// How many transactions wait; whoever comes then waits to be let in. The engine gathers what waits into
/// one batch before it calls, so more than a few are never here.
const QUEUE: usize = 64;

struct Job(Box<dyn FnOnce(&mut Connection) + Send>);

/// Runs transactions one after another on a thread of its own. Dropping it waits until all that were
/// handed in are done and the connection is closed.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(conn: Connection) -> Result<Self, SqliteError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new().name("chat-sqlite-writer".into());
        let thread = thread.spawn(move || write(conn, queue)).map_err(SqliteError::NoThread)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs the work in a transaction of its own, which is committed when the work succeeds and leaves
    /// nothing behind when it fails. Once handed in it is done, even when nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, SqliteError> + Send + 'static,
    ) -> Result<T, SqliteError> {
        let (reply, answer) = oneshot::channel();
        let job = Job(Box::new(move |conn| {
            // Whoever asked may be gone; what is committed stays.
            let _ = reply.send(in_transaction(conn, work));
        }));
        let jobs = self.jobs.as_ref().ok_or(SqliteError::WriterGone)?;
        jobs.send(job).await.map_err(|_| SqliteError::WriterGone)?;
        answer.await.map_err(|_| SqliteError::WriterGone)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes to SQLite panicked");
        }
    }
}

fn write(mut conn: Connection, mut queue: mpsc::Receiver<Job>) {
    while let Some(Job(job)) = queue.blocking_recv() {
        job(&mut conn);
    }
    // The last connection to a file that closes moves the write-ahead log into it. No `PRAGMA optimize`:
    // each statement has one good plan, which a test holds fast, and statistics could only change it.
    if let Err((_, error)) = conn.close() {
        tracing::warn!(%error, "closing SQLite failed");
    }
}

fn in_transaction<T>(
    conn: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, SqliteError>,
) -> Result<T, SqliteError> {
    // Immediate, for one that begins by reading may find at its first write that another process was
    // faster, and no waiting mends that.
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // A transaction that is dropped, after the work or the commit has failed, is rolled back.
    let done = work(&tx)?;
    tx.commit()?;
    Ok(done)
}
