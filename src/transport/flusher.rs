//! Writes the bare sockets of one node: whatever waits for a connection leaves in one vectored write,
//! and no task wakes for each connection and message.
//!
//! Publishing notes connections that went from empty to filled. The flusher takes the list, yields once,
//! which is the cork (more may come for the same sockets meanwhile), and makes one non-blocking write a
//! socket. A socket that would block gets a task of its own until it is writable.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use slab::Slab;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::line::{Line, Progress};
use crate::clock::{Clock, Timestamp};
use crate::engine::ChatEngine;
use crate::hub::Connection;
use crate::hub::DirtyList;

/// After so many sockets the flusher lets others run: a write that does not block uses up no budget of the
/// runtime's.
const SOCKETS_A_TURN: usize = 128;

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

    fn flush(self: &Arc<Self>, slot: u32, line: Arc<Line>, now: Timestamp) {
        match line.flush(now, false) {
            Progress::Done => {}
            Progress::Blocked(io) => {
                let flusher = self.clone();
                tokio::spawn(async move { flusher.write_slowly(slot, line, io).await });
            }
            Progress::Over => self.detach(slot, &line),
        }
    }

    /// One that would block. It may take its time as long as it takes something.
    async fn write_slowly(self: Arc<Self>, slot: u32, line: Arc<Line>, mut io: Arc<OwnedWriteHalf>) {
        loop {
            if !matches!(timeout(self.write_timeout, io.writable()).await, Ok(Ok(()))) {
                line.give_up();
                return self.detach(slot, &line);
            }
            match line.flush(self.clock.now(), true) {
                Progress::Done => return,
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

async fn run(flusher: Weak<Flusher>, dirty: Arc<DirtyList>) {
    let mut slots = Vec::new();
    let mut lines = Vec::with_capacity(SOCKETS_A_TURN);
    loop {
        dirty.filled().await;
        tokio::task::yield_now().await;
        dirty.take(&mut slots);
        let Some(flusher) = flusher.upgrade() else { return };
        let now = flusher.clock.now();
        for turn in slots.chunks(SOCKETS_A_TURN) {
            {
                let all = flusher.lines.lock();
                lines.extend(turn.iter().filter_map(|slot| Some((*slot, all.get(*slot as usize)?.clone()))));
            }
            for (slot, line) in lines.drain(..) {
                flusher.flush(slot, line, now);
            }
            if slots.len() > SOCKETS_A_TURN {
                tokio::task::yield_now().await;
            }
        }
        slots.clear();
    }
}
