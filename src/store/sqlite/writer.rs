//! The one thread that writes.

use std::thread::{self, JoinHandle};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::error::SqliteError;
use crate::store::cache::RowCache;

/// How many transactions wait; whoever comes then waits to be let in. The engine gathers what waits into
/// one batch before it calls, so more than a few are never here.
const QUEUE: usize = 64;

struct Job(Box<dyn FnOnce(&mut Writing) + Send>);

/// What the thread has.
struct Writing {
    conn: Connection,
    /// What the commits before have left behind, with the version of the file that it is of: another process may write too.
    cache: Option<(i64, RowCache)>,
}

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
        self.hand_in(move |writing| in_transaction(&mut writing.conn, work)).await
    }

    /// The same of work that decides on what the commits before it have left behind, and leaves behind how it changes that.
    /// No other work changes any of it.
    pub(super) async fn commit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut RowCache) -> Result<T, SqliteError> + Send + 'static,
    ) -> Result<T, SqliteError> {
        let work = move |writing: &mut Writing| {
            let cached = writing.cache.take();
            let (done, cache) = in_transaction(&mut writing.conn, |tx| {
                let version = tx.prepare_cached("PRAGMA data_version")?.query_row((), |row| row.get(0))?;
                let cached = cached.filter(|(of, _)| *of == version);
                let mut cache = cached.map_or_else(RowCache::default, |(_, cache)| cache);
                Ok((work(tx, &mut cache)?, (version, cache)))
            })?;
            writing.cache = Some(cache);
            Ok(done)
        };
        self.hand_in(work).await
    }

    async fn hand_in<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writing) -> Result<T, SqliteError> + Send + 'static,
    ) -> Result<T, SqliteError> {
        let (reply, answer) = oneshot::channel();
        let job = Job(Box::new(move |writing| {
            // Whoever asked may be gone; what is committed stays.
            let _ = reply.send(work(writing));
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

fn write(conn: Connection, mut queue: mpsc::Receiver<Job>) {
    let mut writing = Writing { conn, cache: None };
    while let Some(Job(job)) = queue.blocking_recv() {
        job(&mut writing);
    }
    // The last connection to a file that closes moves the write-ahead log into it. No `PRAGMA optimize`:
    // each statement has one good plan, which a test holds fast, and statistics could only change it.
    if let Err((_, error)) = writing.conn.close() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Position;
    use crate::store::{Needs, Rows};

    /// Whether a commit knows what the one before it has left behind of ana.
    async fn commit(writer: &Writer) -> bool {
        let work = |tx: &Transaction<'_>, cache: &mut RowCache| {
            tx.execute("INSERT INTO t VALUES (1)", ())?;
            let (mut needs, rows) = (Needs::default(), Rows::at(Position::start(1)));
            needs.settings.insert("ana".parse().unwrap());
            let is_known = cache.rows(&needs, rows.position).is_some();
            cache.keep(&needs, &rows);
            Ok(is_known)
        };
        writer.commit(work).await.unwrap()
    }

    #[tokio::test]
    async fn a_commit_knows_what_the_one_before_left_behind_unless_it_failed_or_another_process_wrote() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Connection::open(dir.path().join("a.db")).unwrap();
        let conn = open();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        conn.execute("CREATE TABLE t (n)", ()).unwrap();
        let writer = Writer::start(conn).unwrap();
        assert!(!commit(&writer).await);
        assert!(commit(&writer).await);
        writer.run(|tx| Ok(tx.execute("INSERT INTO t VALUES (2)", ())?)).await.unwrap();
        assert!(commit(&writer).await, "what is not committed by a batch changes no rows of one");

        open().execute("INSERT INTO t VALUES (3)", ()).unwrap();
        assert!(!commit(&writer).await);
        assert!(commit(&writer).await);

        let fails = |_: &Transaction<'_>, _: &mut RowCache| Err::<(), _>(SqliteError::WriterGone);
        writer.commit(fails).await.unwrap_err();
        assert!(!commit(&writer).await);
    }
}
