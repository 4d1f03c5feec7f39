//! One live connection: whose it is, its rooms, its mailbox.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use super::dirty::DirtyList;
use super::lock::Mutex;
use super::mailbox::{Entry, Mailbox, Pushed};
use super::user::UserEntry;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::event::{CloseReason, Event, Frame, Reply, View};
use crate::id::{RoomId, UserId};
use crate::metrics;
use crate::model::{Pos, Position};

/// Names a connection of this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

impl ConnectionId {
    /// Stands for all connections of another node.
    pub(crate) fn elsewhere(node: u64) -> Self {
        // This node's are counted from 1 and never come so far.
        Self(node | 1 << 63)
    }
}

/// A live connection. Shared by its driver, the hub's rooms and the flusher.
#[derive(Debug)]
pub struct Connection {
    pub(crate) id: ConnectionId,
    pub(super) owner: Arc<UserEntry>,
    pub(crate) mailbox: Mailbox,
    pub(super) rooms: Mutex<Rooms>,
    /// Milliseconds since 1970 at which its token expires.
    expires: AtomicI64,
    /// When its token was issued; 1970 where it does not say.
    issued: Timestamp,
    dirty: Arc<DirtyList>,
    /// Where a flusher keeps its socket; without one, it is pulled.
    slot: OnceLock<u32>,
}

/// The rooms that a connection has joined.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    pub(super) joined: HashMap<RoomId, Place>,
    /// The connection has ended: it joins nothing more.
    pub(super) gone: bool,
    /// While the connection reads its memberships: those that ended meanwhile.
    pub(super) parted: Option<Vec<(RoomId, Pos)>>,
}

/// Where a connection stands in a room's list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Live(u32),
    /// It belongs to the room and wants none of its events.
    Muted,
}

impl Connection {
    pub(super) fn new(
        id: ConnectionId,
        owner: Arc<UserEntry>,
        mailbox: Mailbox,
        expires: Option<Timestamp>,
        issued: Option<Timestamp>,
        dirty: Arc<DirtyList>,
    ) -> Self {
        let rooms = Rooms { parted: Some(Vec::new()), ..Rooms::default() };
        Self {
            id,
            owner,
            mailbox,
            rooms: Mutex::new(rooms),
            expires: AtomicI64::new(expires.map_or(i64::MAX, Timestamp::as_millis)),
            issued: issued.unwrap_or(Timestamp::from_millis(0)),
            dirty,
            slot: OnceLock::new(),
        }
    }

    /// Whose it is.
    pub fn user(&self) -> &UserId {
        &self.owner.user
    }

    /// What its log lines stand under.
    pub(crate) fn span(&self) -> tracing::Span {
        let transport = self.mailbox.format().name();
        tracing::debug_span!("connection", id = self.id.0, transport, user = %self.user())
    }

    /// Whether the connection belongs to the room, muted or not.
    pub(crate) fn is_in(&self, room: RoomId) -> bool {
        self.rooms.lock().joined.contains_key(&room)
    }

    /// From now on a flusher writes it, which keeps its socket at `slot`. What waits already is marked to
    /// be written.
    pub(crate) fn attach(&self, slot: u32) {
        if self.slot.set(slot).is_ok() {
            self.dirty.push(slot);
        }
    }

    /// The slot to mark after a push that woke it.
    pub(super) fn slot_of(&self, pushed: Pushed) -> Option<u32> {
        match pushed {
            Pushed::Waits => None,
            Pushed::Woke => self.slot.get().copied(),
        }
    }

    fn wake(&self, pushed: Pushed) {
        if let Some(slot) = self.slot_of(pushed) {
            self.dirty.push(slot);
        }
    }

    /// Adds the answer to a command.
    pub(crate) fn reply(&self, id: Option<u64>, reply: Result<Reply>) {
        if let Err(error) = &reply {
            metrics::failed(error.kind());
        }
        let frame = self.mailbox.format().reply(id, reply, Some(self.user()));
        self.wake(self.mailbox.push_answer(frame, None));
    }

    /// Adds a frame that is no event: a pong, a ping.
    pub(crate) fn push_control(&self, frame: Frame) {
        self.wake(self.mailbox.push_answer(frame, None));
    }

    /// Adds an event for this connection alone, held back by nothing.
    pub(crate) fn push_own(&self, event: Event) {
        let frame = self.mailbox.format().event(&Arc::new(event), View::Others);
        self.wake(self.mailbox.push_answer(frame, None));
    }

    /// Adds an event of a room to the catch-up, unless the connection has been taken out of the room.
    pub(crate) fn push_missed(&self, room: RoomId, event: Event, view: View) {
        let frame = self.mailbox.format().event(&Arc::new(event), view);
        // The lock is held over the push: who takes the connection out of the room purges after it.
        let rooms = self.rooms.lock();
        if rooms.joined.contains_key(&room) {
            self.wake(self.mailbox.push_answer(frame, Some(room)));
        }
    }

    /// Adds an event of the user's own that a catch-up in progress must not overtake.
    pub(super) fn push_notice(&self, entry: Arc<Entry>, pos: Option<Pos>) {
        self.wake(self.mailbox.push(entry, pos));
    }

    /// Lets go of the events that were held back, behind the `end` of the catch-up. See
    /// [`Mailbox::release`]; `false`: read on and try again.
    pub(crate) fn release(&self, position: &Position, only: Option<RoomId>, end: Option<Event>) -> bool {
        let end = end.map(|event| self.mailbox.format().event(&Arc::new(event), View::Others));
        // The lock is held over the push, as for what was missed.
        let rooms = self.rooms.lock();
        let end = end.filter(|_| only.is_none_or(|room| rooms.joined.contains_key(&room)));
        match self.mailbox.release(position, only, end) {
            Ok(pushed) => {
                self.wake(pushed);
                true
            }
            Err(_) => false,
        }
    }

    /// Ends it for this reason, after what waits (`purge`: instead of it).
    pub(crate) fn close(&self, reason: CloseReason, purge: bool) {
        self.wake(self.mailbox.close(reason, purge));
    }

    /// Closes it when its token has expired. `true`: it was open until now, so what was taken from it
    /// must not be written. Whoever is about to write asks first.
    pub(crate) fn close_if_expired(&self, now: Timestamp) -> bool {
        if now.as_millis() < self.expires.load(Ordering::Relaxed) || self.mailbox.close_reason().is_some() {
            return false;
        }
        self.close(CloseReason::TokenExpired, true);
        true
    }

    /// Whether its token was issued before.
    pub(super) fn is_older_than(&self, at: Timestamp) -> bool {
        self.issued < at
    }

    pub(super) fn expires(&self) -> Option<Timestamp> {
        let at = self.expires.load(Ordering::Relaxed);
        (at != i64::MAX).then(|| Timestamp::from_millis(at))
    }
}
