//! Writes the bare sockets of one node: whatever waits for a connection leaves in one vectored write,
//! and no task wakes for each connection and message.
//!
//! Publishing notes connections that went from empty to filled. The flusher takes the list, yields once,
//! which is the cork (more may come for the same sockets meanwhile), and makes one non-blocking write a
//! socket, a long list's with the help of the runtime's other workers. A socket that would block gets a task
//! of its own until it is writable.

use std::cell::Cell;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use slab::Slab;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

use super::line::{Line, Progress};
use crate::clock::{Clock, Timestamp};
use crate::engine::ChatEngine;
use crate::hub::Connection;
use crate::hub::DirtyList;

/// After so many sockets others run: a write that does not block uses up no budget of the runtime's.
const SOCKETS_A_TURN: usize = 48;

/// Where the runtime has several workers, more than a turn is parted among them, so many sockets at a time.
const SOCKETS_A_PART: usize = 16;

/// After so many bytes of parts a worker gives up its core. The kernel lets a busy thread run on for milliseconds, while
/// whoever reads what was written may wait for that core; and who is let in for a few frames at a time pays a wake-up for
/// each.
const BYTES_A_SPELL: usize = 16 * 1024;

thread_local! {
    /// What this worker has written since it last gave up its core.
    static SPELL: Cell<usize> = const { Cell::new(0) };
}

#[derive(Debug)]
pub(super) struct Flusher {
    lines: Mutex<Slab<Arc<Line>>>,
    clock: Arc<dyn Clock>,
    write_timeout: Duration,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// A client's place with the flusher, until it is dropped.
#[derive(Debug)]
pub(super) struct Attached {
    flusher: Arc<Flusher>,
    slot: u32,
    line: Arc<Line>,
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.flusher.detach(self.slot, &self.line);
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
    }
}

impl Flusher {
    /// The engine's flusher, started at the first call.
    pub(super) fn of(engine: &ChatEngine) -> Option<Arc<Self>> {
        engine.hub().writer(|| {
            let flusher = Arc::new(Self {
                lines: Mutex::default(),
                clock: engine.clock().clone(),
                write_timeout: engine.config().write_timeout,
                task: Mutex::default(),
            });
            let task = tokio::spawn(run(Arc::downgrade(&flusher), engine.hub().dirty().clone()));
            *flusher.task.lock() = Some(task);
            flusher
        })
    }

    /// Takes a socket over: from now on it is written from the connection's mailbox.
    pub(super) fn attach(self: &Arc<Self>, io: OwnedWriteHalf, connection: &Arc<Connection>) -> Attached {
        let attached = self.add(Line::socket(io, connection));
        connection.attach(attached.slot);
        attached
    }

    /// Takes a line over. Its mailboxes have to mark its slot.
    pub(super) fn add(self: &Arc<Self>, line: Line) -> Attached {
        let line = Arc::new(line);
        let slot = self.lines.lock().insert(line.clone());
        Attached { flusher: self.clone(), slot: u32::try_from(slot).unwrap_or(u32::MAX), line }
    }

    /// Writes these sockets; gives how many bytes it was. `lines` is empty before and after: room to work in.
    fn flush_all(self: &Arc<Self>, slots: &[u32], lines: &mut Vec<(u32, Arc<Line>)>) -> usize {
        let now = self.clock.now();
        {
            let all = self.lines.lock();
            lines.extend(slots.iter().filter_map(|slot| Some((*slot, all.get(*slot as usize)?.clone()))));
        }
        lines.drain(..).map(|(slot, line)| self.flush(slot, line, now)).sum()
    }

    fn flush(self: &Arc<Self>, slot: u32, line: Arc<Line>, now: Timestamp) -> usize {
        match line.flush(now, false) {
            Progress::Done(bytes) => return bytes,
            Progress::Blocked(io) => {
                let flusher = self.clone();
                tokio::spawn(async move { flusher.write_slowly(slot, line, io).await });
            }
            Progress::Over => self.detach(slot, &line),
        }
        0
    }

    /// One that would block. It may take its time as long as it takes something.
    async fn write_slowly(self: Arc<Self>, slot: u32, line: Arc<Line>, mut io: Arc<OwnedWriteHalf>) {
        loop {
            if !matches!(timeout(self.write_timeout, io.writable()).await, Ok(Ok(()))) {
                line.give_up();
                return self.detach(slot, &line);
            }
            match line.flush(self.clock.now(), true) {
                Progress::Done(_) => return,
                Progress::Blocked(again) => io = again,
                Progress::Over => return self.detach(slot, &line),
            }
        }
    }

    /// Lets a line go. Its slot may be another's by now.
    fn detach(&self, slot: u32, line: &Arc<Line>) {
        let mut lines = self.lines.lock();
        if lines.get(slot as usize).is_some_and(|other| Arc::ptr_eq(other, line)) {
            lines.remove(slot as usize);
        }
    }
}

impl Attached {
    pub(super) fn slot(&self) -> u32 {
        self.slot
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// Writes what waits now, in a write of its own.
    pub(super) fn flush(&self) {
        self.flusher.flush(self.slot, self.line.clone(), self.flusher.clock.now());
    }
}

/// The parts of a long list are tasks, for whichever worker is free. The connections bound their number: one is dirty
/// again only once its mailbox was emptied.
async fn run(flusher: Weak<Flusher>, dirty: Arc<DirtyList>) {
    let has_help = Handle::current().metrics().num_workers() > 1;
    let mut slots = Vec::new();
    let mut lines = Vec::with_capacity(SOCKETS_A_TURN);
    loop {
        dirty.filled().await;
        yield_now().await;
        dirty.take(&mut slots);
        let Some(flusher) = flusher.upgrade() else { return };
        let is_parted = has_help && slots.len() > SOCKETS_A_TURN;
        while is_parted && slots.len() > SOCKETS_A_PART {
            let (part, flusher) = (slots.split_off(slots.len() - SOCKETS_A_PART), flusher.clone());
            tokio::spawn(async move {
                let bytes = flusher.flush_all(&part, &mut Vec::with_capacity(SOCKETS_A_PART));
                if ends_spell(bytes) {
                    std::thread::yield_now();
                }
            });
        }
        let is_long = slots.len() > SOCKETS_A_TURN;
        for turn in slots.chunks(SOCKETS_A_TURN) {
            flusher.flush_all(turn, &mut lines);
            if is_long {
                yield_now().await;
            }
        }
        slots.clear();
    }
}

/// Whether this worker has its spell behind it, with so many bytes more.
fn ends_spell(bytes: usize) -> bool {
    let written = SPELL.get() + bytes;
    let is_over = written >= BYTES_A_SPELL;
    SPELL.set(if is_over { 0 } else { written });
    is_over
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::task::{Wake, Waker};

    use super::super::line::Bell;
    use super::*;
    use crate::hub::{Bounds, Mailbox};

    const PATIENCE: Duration = Duration::from_secs(10);

    /// Counts the bells that are rung.
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A write that goes on until it is let go.
    struct Stuck(Mutex<mpsc::Receiver<()>>);

    impl Wake for Stuck {
        fn wake(self: Arc<Self>) {
            self.0.lock().recv_timeout(PATIENCE).unwrap();
        }
    }

    #[test]
    fn a_worker_gives_up_its_core_after_so_many_bytes_of_however_many_parts() {
        let spells = |bytes: usize| (0..8).map(move |_| ends_spell(bytes)).collect::<Vec<_>>();
        assert_eq!(spells(BYTES_A_SPELL), [true; 8]);
        assert_eq!(spells(BYTES_A_SPELL / 3 + 1), [false, false, true, false, false, true, false, false]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_part_that_takes_long_holds_up_no_other_part() {
        let engine = ChatEngine::builder().build().await.unwrap();
        let flusher = Flusher::of(&engine).unwrap();
        let (count, (let_go, held)) = (Arc::new(Count(AtomicUsize::new(0))), mpsc::channel());
        let stuck = Waker::from(Arc::new(Stuck(Mutex::new(held))));
        let lines: Vec<Attached> = (0..12 * SOCKETS_A_PART)
            .map(|number| {
                let bell = Arc::new(Bell::default());
                // The last of its part, so that nothing waits for it.
                let is_stuck = number == 6 * SOCKETS_A_PART - 1;
                bell.wakes(&if is_stuck { stuck.clone() } else { count.clone().into() });
                let own = Mailbox::new(crate::event::Format::InProcess, Bounds { events: 1, bytes: 1 });
                flusher.add(Line::bell(bell, Arc::new(own)))
            })
            .collect();
        engine.hub().dirty().append(&mut lines.iter().map(Attached::slot).collect());
        let rung = async {
            while count.0.load(Ordering::Relaxed) < lines.len() - 1 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE / 2, rung).await.expect("all others are written");
        let_go.send(()).unwrap();
    }
}
