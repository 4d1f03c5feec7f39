//! The way out to one client: the mailboxes whose frames go to it, and what takes them.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use tokio::net::tcp::OwnedWriteHalf;

use crate::clock::Timestamp;
use crate::event::CloseReason;
use crate::hub::Mailbox;
use crate::hub::{Connection, Written};

/// The mailboxes of one client. Their frames never mix: one that is half written is written to its end
/// before another's turn comes.
#[derive(Debug)]
pub(super) struct Line {
    /// A Mutex of no runtime, since nothing is awaited under it. Taken before those of the mailboxes.
    out: Mutex<Out>,
    bell: Option<Arc<Bell>>,
}

#[derive(Debug)]
struct Out {
    sink: Sink,
    /// In the order in which they are written. The first may be half written.
    sources: Vec<Source>,
    /// A task waits until the socket takes more.
    is_blocked: bool,
    /// How many bytes were taken so far.
    taken: u64,
}

#[derive(Debug)]
enum Sink {
    /// The flusher writes a bare socket.
    Tcp(Arc<OwnedWriteHalf>),
    /// Whoever listens to the bell takes what waits.
    Bell,
    /// All is written, and the socket dropped.
    Done,
    /// The client took nothing any more, or is gone.
    Gone,
}

/// A mailbox whose frames go to the client.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Session(Arc<Connection>),
    /// What is no session's: the transport's own packets.
    Own(Arc<Mailbox>),
}

/// How a write ended.
#[derive(Debug)]
pub(super) enum Progress {
    /// Nothing waits any more, once so many bytes were written, or somebody else writes it.
    Done(usize),
    /// The socket takes no more now.
    Blocked(Arc<OwnedWriteHalf>),
    /// Nothing will come any more, or nothing can be written.
    Over,
}

/// Wakes whoever serves a client that no flusher writes.
#[derive(Debug)]
pub(super) struct Bell {
    task: Mutex<Waker>,
    /// For a request that waits for something to take.
    pub(super) rung: tokio::sync::Notify,
}

impl Default for Bell {
    fn default() -> Self {
        Self { task: Mutex::new(Waker::noop().clone()), rung: tokio::sync::Notify::new() }
    }
}

impl Bell {
    pub(super) fn ring(&self) {
        self.rung.notify_waiters();
        self.task.lock().wake_by_ref();
    }

    /// From now on it wakes this task. What rang before must be looked for after.
    pub(super) fn wakes(&self, waker: &Waker) {
        self.task.lock().clone_from(waker);
    }
}

impl Line {
    /// One session, and its bare socket.
    pub(super) fn socket(io: OwnedWriteHalf, connection: &Arc<Connection>) -> Self {
        Self::new(Sink::Tcp(Arc::new(io)), Source::Session(connection.clone()))
    }

    /// The transport's own packets, to be taken when the bell rings.
    pub(super) fn bell(bell: Arc<Bell>, own: Arc<Mailbox>) -> Self {
        Self { bell: Some(bell), ..Self::new(Sink::Bell, Source::Own(own)) }
    }

    fn new(sink: Sink, source: Source) -> Self {
        let out = Out { sink, sources: vec![source], is_blocked: false, taken: 0 };
        Self { out: Mutex::new(out), bell: None }
    }

    /// Writes what waits to the bare socket, or rings. `is_waiter`: by the task that has waited for the
    /// socket, while everybody else leaves it alone.
    pub(super) fn flush(&self, now: Timestamp, is_waiter: bool) -> Progress {
        let mut out = self.out.lock();
        if out.is_blocked && !is_waiter {
            return Progress::Done(0);
        }
        let Out { sink, sources, is_blocked, .. } = &mut *out;
        *is_blocked = false;
        let io = match sink {
            Sink::Tcp(io) => io,
            Sink::Bell => {
                self.ring();
                return Progress::Done(0);
            }
            Sink::Done | Sink::Gone => return Progress::Over,
        };
        let (before, mut bytes) = (sources.len(), 0);
        let written = write_all(sources, now, |source| {
            source.write(|slices| try_write(io, slices).inspect(|written| bytes += written))
        });
        if sources.len() < before {
            // A session is written to its end, which somebody may wait for.
            self.ring();
        }
        match written {
            Ok(Written::All) => Progress::Done(bytes),
            Ok(Written::Blocked) => {
                *is_blocked = true;
                Progress::Blocked(io.clone())
            }
            Ok(Written::Closed) => {
                // Dropped with its last clone, which ends the stream for the client.
                out.sink = Sink::Done;
                Progress::Over
            }
            Err(_) => {
                self.end(&mut out);
                Progress::Over
            }
        }
    }

    /// The client takes nothing: its sessions have lagged, and nobody will write what waits.
    pub(super) fn give_up(&self) {
        self.end(&mut self.out.lock());
    }

    fn end(&self, out: &mut Out) {
        out.sink = Sink::Gone;
        for source in out.sources.drain(..) {
            source.discard();
        }
        self.ring();
    }

    fn ring(&self) {
        if let Some(bell) = &self.bell {
            bell.ring();
        }
    }
}

impl Line {
    /// Adds a session.
    pub(super) fn add(&self, connection: &Arc<Connection>) {
        let mut out = self.out.lock();
        if !matches!(out.sink, Sink::Gone) {
            let half_written = out.sources.first().is_some_and(|first| first.mailbox().is_half_written());
            out.sources.insert(usize::from(half_written), Source::Session(connection.clone()));
        }
    }

    /// From now on the flusher writes this socket. What waits already has to be marked for it.
    pub(super) fn upgrade(&self, io: OwnedWriteHalf) {
        let mut out = self.out.lock();
        if !matches!(out.sink, Sink::Gone) {
            out.sink = Sink::Tcp(Arc::new(io));
        }
    }

    /// Writes what waits through a layer.
    ///
    /// # Errors
    /// The writer's own.
    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        mut writer: std::pin::Pin<&mut (dyn AsyncWrite + Send + Unpin)>,
        now: Timestamp,
    ) -> io::Result<Written> {
        let mut out = self.out.lock();
        let Out { sources, taken, .. } = &mut *out;
        let written = write_all(sources, now, |source| {
            source.write(|slices| match writer.as_mut().poll_write_vectored(cx, slices) {
                Poll::Ready(written) => written.inspect(|bytes| *taken += *bytes as u64),
                Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
            })
        })?;
        drop(out);
        match writer.poll_flush(cx) {
            Poll::Ready(flushed) => flushed.map(|()| written),
            Poll::Pending => Ok(Written::Blocked),
        }
    }

    /// Takes what waits, frame by frame: `take` is shown bytes and says how many of them it took. When it
    /// took less than it was shown, that is the end.
    pub(super) fn take(&self, now: Timestamp, mut take: impl FnMut(&[u8]) -> usize) -> Written {
        let mut out = self.out.lock();
        let Out { sink: Sink::Bell, sources, taken, .. } = &mut *out else { return Written::Closed };
        let mut take = |bytes: &[u8]| {
            let count = take(bytes);
            *taken += count as u64;
            count
        };
        let before = sources.len();
        let taken = write_all(sources, now, |source| Ok(source.mailbox().take(&mut take)));
        if sources.len() < before {
            self.ring();
        }
        taken.unwrap_or(Written::Closed)
    }

    /// How much was taken so far, while something waits.
    pub(super) fn waiting(&self) -> Option<u64> {
        let out = self.out.lock();
        let is_empty = out.sources.iter().all(|source| source.mailbox().is_empty());
        (!is_empty).then_some(out.taken)
    }

    /// Whether frames of a session wait, or may come.
    pub(super) fn has_sessions(&self) -> bool {
        self.out.lock().sources.iter().any(|source| matches!(source, Source::Session(_)))
    }

    /// Whether everything was written, and nothing will come.
    pub(super) fn is_done(&self) -> bool {
        let out = self.out.lock();
        out.sources.is_empty() && !matches!(out.sink, Sink::Gone)
    }

    /// Whether the client is given up.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.out.lock().sink, Sink::Gone)
    }
}

/// A plain write costs the kernel less than a vectored one of one slice.
fn try_write(io: &OwnedWriteHalf, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
    match slices {
        [one] => io.try_write(one),
        several => io.try_write_vectored(several),
    }
}

/// Writes mailboxes in their order, each to its end.
fn write_all(
    sources: &mut Vec<Source>,
    now: Timestamp,
    mut write: impl FnMut(&Source) -> io::Result<Written>,
) -> io::Result<Written> {
    let mut index = 0;
    while let Some(source) = sources.get(index) {
        source.close_if_expired(now);
        match write(source)? {
            Written::All => index += 1,
            Written::Closed => drop(sources.remove(index)),
            Written::Blocked => {
                // It may be half written: its rest comes first.
                sources[..=index].rotate_right(1);
                return Ok(Written::Blocked);
            }
        }
    }
    Ok(if sources.is_empty() { Written::Closed } else { Written::All })
}

impl Source {
    fn mailbox(&self) -> &Mailbox {
        match self {
            Self::Session(connection) => &connection.mailbox,
            Self::Own(mailbox) => mailbox,
        }
    }

    fn write(&self, write: impl FnMut(&[io::IoSlice<'_>]) -> io::Result<usize>) -> io::Result<Written> {
        match self {
            Self::Session(connection) => connection.mailbox.write(write),
            Self::Own(mailbox) => mailbox.write(write).inspect(|_| mailbox.shrink()),
        }
    }

    fn close_if_expired(&self, now: Timestamp) {
        if let Self::Session(connection) = self {
            connection.close_if_expired(now);
        }
    }

    fn discard(&self) {
        match self {
            Self::Session(connection) => {
                connection.close(CloseReason::Lagged, true);
                connection.mailbox.discard();
            }
            Self::Own(mailbox) => {
                mailbox.close(CloseReason::Lagged, true);
                mailbox.discard();
            }
        }
    }
}
