//! What waits for one connection: bounded in entries and bytes, in one order for events of all its rooms,
//! replies, pongs and the close.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;

use tokio::sync::Notify;

use super::lock::Mutex;
use crate::event::{CloseReason, Format, Frame};
use crate::id::{RoomId, UserId};
use crate::metrics;
use crate::model::{Mark, Pos, Position};

/// The most slices of one vectored write.
const SLICES: usize = 64;

/// How an entry fares when the mailbox is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Class {
    /// Kept; where it does not fit, the connection has lagged.
    Durable,
    /// A mark of this user's: a newer one of the same kind replaces it.
    Mark(UserId, Mark),
    /// Dropped first.
    Ephemeral,
}

/// What waits, shared by all mailboxes that it waits in: each touches a pointer of its own, and no more.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    frame: Frame,
    /// The frame's.
    weight: usize,
    room: Option<RoomId>,
    class: Class,
}

impl Entry {
    pub(crate) fn new(frame: Frame, room: Option<RoomId>, class: Class) -> Arc<Self> {
        Arc::new(Self { weight: frame.weight(), frame, room, class })
    }

    /// The same event in another frame, as its sender's devices see it.
    pub(super) fn with(&self, frame: Frame) -> Arc<Self> {
        Self::new(frame, self.room, self.class.clone())
    }
}

/// An event that came while the connection catches up, with its position.
#[derive(Debug)]
struct Held {
    entry: Arc<Entry>,
    pos: Option<Pos>,
}

#[derive(Debug, Default)]
struct Holding {
    events: VecDeque<Held>,
    bytes: usize,
    overflowed: bool,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Arc<Entry>>,
    bytes: usize,
    /// How much of the first entry is written.
    written: usize,
    holding: Option<Box<Holding>>,
    /// Up to here everything was told by a catch-up: what is published of it later is no news.
    floor: Option<Box<Position>>,
    closed: Option<CloseReason>,
    /// The socket takes no more now; a task of its own waits for it.
    blocked: bool,
    wants_space: bool,
}

/// Bounds of a mailbox.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Mailbox {
    // A std-like Mutex, since nothing is awaited under it.
    state: Mutex<State>,
    bounds: Bounds,
    format: Format,
    /// Something came, or the end did, for whoever pulls.
    filled: Notify,
    /// Half of the queue is free again, for whoever catches up.
    space: Notify,
    /// The mailbox was closed, for whoever drives the connection.
    closed: Notify,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits behind others, or was dropped with a closed mailbox.
    Waits,
    /// The mailbox was empty: somebody has to write it.
    Woke,
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// Nothing is left.
    All,
    /// The socket takes no more now.
    Blocked,
    /// Nothing is left, and nothing will come.
    Closed,
}

impl Mailbox {
    pub(crate) fn new(format: Format, bounds: Bounds) -> Self {
        Self {
            state: Mutex::default(),
            bounds,
            format,
            filled: Notify::new(),
            space: Notify::new(),
            closed: Notify::new(),
        }
    }

    pub(crate) fn format(&self) -> &Format {
        &self.format
    }

    /// Adds an event; while the connection catches up, it is held back with its position.
    pub(crate) fn push(&self, entry: Arc<Entry>, pos: Option<Pos>) -> Pushed {
        let mut state = self.state.lock();
        if let Some(holding) = &mut state.holding {
            holding.push(Held { entry, pos }, self.bounds);
            return Pushed::Waits;
        }
        if state.was_told(&entry, pos) {
            return Pushed::Waits;
        }
        self.append(&mut state, &entry)
    }

    /// Adds a reply, a pong, or an event of the catch-up itself: none of these is held back.
    pub(crate) fn push_answer(&self, frame: Frame, room: Option<RoomId>) -> Pushed {
        let entry = Entry::new(frame, room, Class::Durable);
        self.append(&mut self.state.lock(), &entry)
    }

    #[inline(always)]
    fn append(&self, state: &mut State, entry: &Arc<Entry>) -> Pushed {
        let weight = entry.weight;
        // A format may have no word for it, as for the answer to a request without an id: a write of
        // nothing would look like a socket that is lost.
        if state.closed.is_some() || weight == 0 {
            return Pushed::Waits;
        }
        if !self.fits(state, weight)
            && let Some(pushed) = self.make_room(state, &entry.class, weight)
        {
            return pushed;
        }
        let was_empty = state.queue.is_empty();
        state.bytes += weight;
        state.queue.push_back(entry.clone());
        self.woke(was_empty && !state.blocked)
    }

    /// For an entry that does not fit. `Some`: what became of it instead. Apart from the code of a push, to keep that
    /// short.
    #[cold]
    fn make_room(&self, state: &mut State, class: &Class, weight: usize) -> Option<Pushed> {
        if *class == Class::Ephemeral {
            metrics::dropped_ephemeral(1);
            return Some(Pushed::Waits);
        }
        state.drop_expendable();
        let is_lagging = !self.fits(state, weight);
        is_lagging.then(|| self.close_locked(state, CloseReason::Lagged, true))
    }

    fn fits(&self, state: &State, weight: usize) -> bool {
        // The first entry always fits, whatever its size: a reply can be larger than the bound.
        state.queue.is_empty()
            || (state.queue.len() < self.bounds.events && state.bytes + weight <= self.bounds.bytes)
    }

    fn woke(&self, edge: bool) -> Pushed {
        if edge {
            self.filled.notify_one();
            Pushed::Woke
        } else {
            Pushed::Waits
        }
    }

    /// Ends the mailbox with the frame for this reason, after what waits in it (`purge`: instead of it).
    /// Later pushes do nothing. Only the first close counts.
    pub(crate) fn close(&self, reason: CloseReason, purge: bool) -> Pushed {
        self.close_locked(&mut self.state.lock(), reason, purge)
    }

    fn close_locked(&self, state: &mut State, reason: CloseReason, purge: bool) -> Pushed {
        if state.closed.is_some() {
            return Pushed::Waits;
        }
        state.closed = Some(reason);
        state.holding = None;
        if purge {
            state.purge(|_| true);
        }
        let frame = self.format.close(reason);
        let was_empty = state.queue.is_empty();
        if frame.weight() > 0 {
            state.bytes += frame.weight();
            state.queue.push_back(Entry::new(frame, None, Class::Durable));
        }
        self.closed.notify_waiters();
        self.closed.notify_one();
        self.space.notify_one();
        self.woke(was_empty && !state.blocked)
    }

    /// Nobody will write what waits.
    pub(crate) fn discard(&self) {
        let mut state = self.state.lock();
        (state.queue, state.bytes, state.written) = (VecDeque::new(), 0, 0);
    }

    /// How many entries wait.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().queue.is_empty()
    }

    /// Why it is closed.
    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        self.state.lock().closed
    }

    /// Waits for the close.
    pub(crate) async fn closed(&self) -> CloseReason {
        loop {
            let notified = self.closed.notified();
            if let Some(reason) = self.close_reason() {
                return reason;
            }
            notified.await;
        }
    }

    /// Takes out what waits of a room. A frame that is half written stays: its rest must follow.
    pub(crate) fn purge_room(&self, room: RoomId) {
        let mut state = self.state.lock();
        state.purge(|entry| entry.room == Some(room));
        if let Some(holding) = &mut state.holding {
            holding.events.retain(|held| held.entry.room != Some(room));
        }
    }

    /// From now on events are held back.
    pub(crate) fn hold(&self) {
        let mut state = self.state.lock();
        if state.closed.is_none() && state.holding.is_none() {
            state.holding = Some(Box::default());
        }
    }

    /// Adds what everybody gets, one event or durable ones that were made one frame, of which the first stands at
    /// `first`. `None`: a catch-up tells or has told some of it, so that each is needed by itself.
    ///
    /// The whole of fan-out is this: what is rare about it is somewhere else.
    #[inline]
    pub(crate) fn push_whole(&self, entry: &Arc<Entry>, first: Option<Pos>) -> Option<Pushed> {
        let mut state = self.state.lock();
        if state.holding.is_some() || state.was_told(entry, first) {
            return None;
        }
        Some(self.append(&mut state, entry))
    }

    /// Lets go of what was held back and is newer than `position`: in the whole mailbox, or with `only` in
    /// one room. `end` is the last frame of the catch-up, which stands before all of it.
    ///
    /// When more came than fits, all of it is dropped and holding goes on: the caller reads on, up to a
    /// newer position, and tries again. `Err` says so.
    pub(crate) fn release(
        &self,
        position: &Position,
        only: Option<RoomId>,
        end: Option<Frame>,
    ) -> Result<Pushed, Overflowed> {
        let mut state = self.state.lock();
        let Some(mut holding) = state.holding.take() else { return Ok(Pushed::Waits) };
        if holding.overflowed {
            state.holding = Some(Box::default());
            return Err(Overflowed);
        }
        if only.is_none() {
            state.floor = Some(Box::new(*position));
        }
        let mut pushed = Pushed::Waits;
        if let Some(frame) = end {
            pushed = self.append(&mut state, &Entry::new(frame, only, Class::Durable));
        }
        for Held { entry, pos } in holding.events.drain(..) {
            let concerns = only.is_none() || entry.room == only;
            if concerns && pos.is_some_and(|pos| !is_news(&entry.class, pos, position)) {
                continue;
            }
            if self.append(&mut state, &entry) == Pushed::Woke {
                pushed = Pushed::Woke;
            }
        }
        Ok(pushed)
    }

    /// Waits until half of the bound is free, or the mailbox is closed.
    pub(crate) async fn space(&self) {
        loop {
            let notified = self.space.notified();
            {
                let mut state = self.state.lock();
                if state.closed.is_some() || self.is_roomy(&state) {
                    return;
                }
                state.wants_space = true;
            }
            notified.await;
        }
    }

    fn is_roomy(&self, state: &State) -> bool {
        state.queue.len() <= self.bounds.events / 2 && state.bytes <= self.bounds.bytes / 2
    }

    fn after_taking(&self, state: &mut State) {
        if state.wants_space && self.is_roomy(state) {
            state.wants_space = false;
            self.space.notify_one();
        }
        if state.queue.is_empty() && state.queue.capacity() > 64 {
            state.queue = VecDeque::new();
        }
    }

    /// Waits for frames and takes at most `most` of them. `false`: the mailbox is closed and empty.
    /// Nothing is lost when the call is cancelled.
    pub(crate) async fn pull(&self, most: usize, frames: &mut Vec<Frame>) -> bool {
        loop {
            let notified = self.filled.notified();
            {
                let mut state = self.state.lock();
                if !state.queue.is_empty() {
                    for _ in 0..most {
                        let Some(entry) = state.queue.pop_front() else { break };
                        state.bytes -= entry.weight;
                        frames.push(Arc::unwrap_or_clone(entry).frame);
                    }
                    // What is left wakes the next call at once.
                    if !state.queue.is_empty() || state.closed.is_some() {
                        self.filled.notify_one();
                    }
                    self.after_taking(&mut state);
                    return true;
                }
                if state.closed.is_some() {
                    return false;
                }
            }
            notified.await;
        }
    }

    /// Writes what waits with vectored writes that do not block, until nothing is left or the socket takes
    /// no more. Then the mailbox counts as blocked, and pushes wake nobody, until [`Self::write`] is called
    /// again.
    ///
    /// # Errors
    /// The writer's own, other than [`io::ErrorKind::WouldBlock`].
    pub(crate) fn write(
        &self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<Written> {
        let mut state = self.state.lock();
        while !state.queue.is_empty() {
            // Nearly always there is one; room for many is not made for it.
            let written = match state.queue.len() {
                1 => state.write_some::<1>(&mut write),
                _ => state.write_some::<SLICES>(&mut write),
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => state.take_written(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    state.blocked = true;
                    self.after_taking(&mut state);
                    return Ok(Written::Blocked);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        state.blocked = false;
        self.after_taking(&mut state);
        Ok(if state.closed.is_some() { Written::Closed } else { Written::All })
    }

    /// Takes what waits, frame by frame, for whoever cuts frames apart: `take` is shown bytes and says how
    /// many of them, in whole frames, it took. When it took less than it was shown, that is the end.
    pub(crate) fn take(&self, mut take: impl FnMut(&[u8]) -> usize) -> Written {
        let mut state = self.state.lock();
        let State { queue, bytes, .. } = &mut *state;
        while let Some(front) = queue.front_mut() {
            if let Frame::Bytes(frame) = &front.frame {
                let taken = take(frame).min(frame.len());
                *bytes -= taken;
                if taken < frame.len() {
                    // What is left is an entry like any other: a purge takes it out.
                    let rest = front.with(Frame::Bytes(frame.slice(taken..)));
                    *front = rest;
                    return Written::Blocked;
                }
            }
            queue.pop_front();
        }
        self.after_taking(&mut state);
        if state.closed.is_some() { Written::Closed } else { Written::All }
    }

    /// Gives up the room of an empty queue, where frames are rare.
    pub(crate) fn shrink(&self) {
        let mut state = self.state.lock();
        if state.queue.is_empty() {
            state.queue = VecDeque::new();
        }
    }

    /// Whether the rest of a frame must come before anything else.
    pub(crate) fn is_half_written(&self) -> bool {
        self.state.lock().written > 0
    }
}

/// A mark has the position of the change before it: at the position itself it may be news, and doubles of
/// it do no harm.
fn is_news(class: &Class, pos: Pos, told: &Position) -> bool {
    *class != Class::Durable || !told.covers(pos)
}

/// More came than could be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflowed;

impl Holding {
    fn push(&mut self, held: Held, bounds: Bounds) {
        if self.overflowed {
            return;
        }
        self.bytes += held.entry.weight;
        // Half of the mailbox, so that it fits beside what waits when space is left: see `Mailbox::space`.
        if self.events.len() >= bounds.events / 2 || self.bytes > bounds.bytes / 2 {
            *self = Self { overflowed: true, ..Self::default() };
        } else {
            self.events.push_back(held);
        }
    }
}

impl State {
    /// Whether a catch-up has told what stands there.
    #[inline]
    fn was_told(&mut self, entry: &Entry, pos: Option<Pos>) -> bool {
        self.floor.is_some()
            && entry.class == Class::Durable
            && pos.is_some_and(|pos| self.is_below_floor(pos))
    }

    #[cold]
    fn is_below_floor(&mut self, pos: Pos) -> bool {
        let Some(floor) = &self.floor else { return false };
        let is_below = floor.covers(pos);
        // A lane's events come in its order: behind one that is news there are no others.
        if !is_below && floor.lanes() == 1 {
            self.floor = None;
        }
        is_below
    }

    /// Has the first entries written, at most `N` of them.
    fn write_some<const N: usize>(
        &self,
        write: &mut impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); N];
        let bytes = self.queue.iter().map(|entry| match &entry.frame {
            Frame::Bytes(bytes) => &bytes[..],
            // A wire format makes bytes only.
            _ => &[],
        });
        let mut count = 0;
        for (slice, bytes) in slices.iter_mut().zip(bytes) {
            let from = if count == 0 { self.written } else { 0 };
            *slice = IoSlice::new(&bytes[from..]);
            count += 1;
        }
        write(&slices[..count])
    }

    fn take_written(&mut self, written: usize) {
        self.written += written;
        while let Some(front) = self.queue.front() {
            let weight = front.weight;
            if self.written < weight {
                break;
            }
            self.written -= weight;
            self.bytes -= weight;
            self.queue.pop_front();
        }
    }

    fn purge(&mut self, gone: impl Fn(&Entry) -> bool) {
        let half_written = usize::from(self.written > 0);
        let mut index = 0;
        let mut freed = 0;
        self.queue.retain(|entry| {
            let keep = index < half_written || !gone(entry);
            index += 1;
            if !keep {
                freed += entry.weight;
            }
            keep
        });
        self.bytes -= freed;
    }

    /// Drops the ephemeral, and all but each reader's last mark.
    fn drop_expendable(&mut self) {
        let mut last = std::collections::HashSet::new();
        let marks: Vec<bool> = self
            .queue
            .iter()
            .rev()
            .map(|entry| match &entry.class {
                Class::Durable => true,
                Class::Ephemeral => false,
                Class::Mark(user, mark) => last.insert((entry.room, user.clone(), *mark)),
            })
            .collect();
        let half_written = usize::from(self.written > 0);
        let (total, mut index, mut freed) = (marks.len(), 0, 0);
        self.queue.retain(|entry| {
            let keep = index < half_written || marks[total - 1 - index];
            index += 1;
            if !keep {
                freed += entry.weight;
            }
            keep
        });
        self.bytes -= freed;
        metrics::dropped_ephemeral((total - self.queue.len()) as u64);
    }
}

#[cfg(test)]
mod tests;
