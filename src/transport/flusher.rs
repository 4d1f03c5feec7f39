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

use crate::clock::{Clock, Timestamp};
use crate::engine::ChatEngine;
use crate::event::CloseReason;
use crate::hub::{Connection, DirtyList, Written};

/// After so many sockets the flusher lets others run: a write that does not block uses up no budget of the
/// runtime's.
const SOCKETS_A_TURN: usize = 128;

#[derive(Debug)]
pub(super) struct Flusher {
    sockets: Mutex<Slab<Arc<Socket>>>,
    clock: Arc<dyn Clock>,
    write_timeout: Duration,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Socket {
    slot: u32,
    io: OwnedWriteHalf,
    connection: Arc<Connection>,
}

/// A socket's place with the flusher, until it is dropped.
#[derive(Debug)]
pub(super) struct Attached {
    flusher: Arc<Flusher>,
    slot: u32,
    connection: Arc<Connection>,
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.flusher.detach(self.slot, &self.connection);
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
                sockets: Mutex::default(),
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
        let mut sockets = self.sockets.lock();
        let vacant = sockets.vacant_entry();
        let slot = u32::try_from(vacant.key()).unwrap_or(u32::MAX);
        vacant.insert(Arc::new(Socket { slot, io, connection: connection.clone() }));
        drop(sockets);
        connection.attach(slot);
        Attached { flusher: self.clone(), slot, connection: connection.clone() }
    }

    fn flush(self: &Arc<Self>, socket: &Arc<Socket>, now: Timestamp) {
        socket.connection.close_if_expired(now);
        if self.write(socket) == Progress::Blocked {
            let (flusher, socket) = (self.clone(), socket.clone());
            tokio::spawn(async move { flusher.write_slowly(&socket).await });
        }
    }

    /// One that would block. It may take its time as long as it takes something.
    async fn write_slowly(self: Arc<Self>, socket: &Arc<Socket>) {
        loop {
            if !matches!(timeout(self.write_timeout, socket.io.writable()).await, Ok(Ok(()))) {
                return self.give_up(socket);
            }
            socket.connection.close_if_expired(self.clock.now());
            if self.write(socket) != Progress::Blocked {
                return;
            }
        }
    }

    fn write(&self, socket: &Socket) -> Progress {
        match socket.connection.mailbox.write(|slices| socket.io.try_write_vectored(slices)) {
            Ok(Written::All) => Progress::Done,
            Ok(Written::Blocked) => Progress::Blocked,
            Ok(Written::Closed) => {
                // Dropped with its last clone, which ends the stream for the client.
                self.detach(socket.slot, &socket.connection);
                Progress::Done
            }
            Err(_) => {
                self.give_up(socket);
                Progress::Done
            }
        }
    }

    fn give_up(&self, socket: &Socket) {
        socket.connection.close(CloseReason::Lagged, true);
        socket.connection.mailbox.discard();
        self.detach(socket.slot, &socket.connection);
    }

    /// Lets a socket go. Its slot may be another connection's by now.
    fn detach(&self, slot: u32, connection: &Arc<Connection>) {
        let mut sockets = self.sockets.lock();
        if sockets.get(slot as usize).is_some_and(|socket| Arc::ptr_eq(&socket.connection, connection)) {
            sockets.remove(slot as usize);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Done,
    Blocked,
}

async fn run(flusher: Weak<Flusher>, dirty: Arc<DirtyList>) {
    let mut slots = Vec::new();
    let mut sockets = Vec::with_capacity(SOCKETS_A_TURN);
    loop {
        dirty.filled().await;
        tokio::task::yield_now().await;
        dirty.take(&mut slots);
        let Some(flusher) = flusher.upgrade() else { return };
        let now = flusher.clock.now();
        for turn in slots.chunks(SOCKETS_A_TURN) {
            {
                let all = flusher.sockets.lock();
                sockets.extend(turn.iter().filter_map(|slot| all.get(*slot as usize).cloned()));
            }
            for socket in sockets.drain(..) {
                flusher.flush(&socket, now);
            }
            if slots.len() > SOCKETS_A_TURN {
                tokio::task::yield_now().await;
            }
        }
        slots.clear();
    }
}
