//! Which rooms have something to tell of, and when. Pure: what came goes in, with the time.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::id::RoomId;
use crate::store::{Change, What};

/// The most rooms that wait. When there are more, they are found by looking at all rooms.
const WAITING: usize = 10_000;

/// So long after all rooms were looked at they are again: another node may have been cut short.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// The rooms that wait. What this process does not know, it finds by looking at all rooms: at first, and again from time
/// to time.
#[derive(Debug)]
pub(in crate::engine) struct Queue {
    delay: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    due: HashMap<RoomId, Instant>,
    order: BTreeSet<(Instant, RoomId)>,
    look: Look,
}

/// How far all rooms have been looked at.
#[derive(Debug, Clone, Copy, Default)]
enum Look {
    #[default]
    Ahead,
    Beyond(RoomId),
    /// They were, at this moment.
    Done(Instant),
}

impl Queue {
    pub(super) fn new(delay: Duration) -> Self {
        Self { delay, state: Mutex::default() }
    }

    /// This was committed: its rooms have something to tell of, when the delay is over.
    pub(in crate::engine) fn heard(&self, changes: &[Change], now: Instant) {
        for change in changes {
            if let What::Message(message) = &change.what
                && message.body.is_countable()
            {
                self.add(message.room, now + self.delay);
            }
        }
    }

    /// The room is due then, or before it where it is already.
    pub(super) fn add(&self, room: RoomId, at: Instant) {
        let mut state = self.state.lock();
        match state.due.get(&room).copied() {
            Some(before) if before <= at => return,
            Some(before) => {
                state.order.remove(&(before, room));
            }
            None if state.due.len() >= WAITING => {
                state.look = Look::Ahead;
                return;
            }
            None => {}
        }
        state.due.insert(room, at);
        state.order.insert((at, room));
    }

    /// Takes some that are due.
    pub(super) fn take(&self, most: usize, now: Instant) -> Vec<RoomId> {
        let mut state = self.state.lock();
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some((at, room)) = state.order.first().copied()
            && at <= now
        {
            state.order.pop_first();
            state.due.remove(&room);
            taken.push(room);
        }
        taken
    }

    /// Beyond which room it is to be looked next for those that wait, if anywhere.
    pub(super) fn look(&self, now: Instant) -> Option<Option<RoomId>> {
        let mut state = self.state.lock();
        if state.due.len() >= WAITING / 2 {
            return None;
        }
        match state.look {
            Look::Done(at) if now.saturating_duration_since(at) < PAUSE => None,
            Look::Done(_) => {
                state.look = Look::Ahead;
                Some(None)
            }
            Look::Ahead => Some(None),
            Look::Beyond(room) => Some(Some(room)),
        }
    }

    /// These were found to wait, up to `last` or to the end.
    pub(super) fn looked(&self, found: &[RoomId], last: Option<RoomId>, now: Instant) {
        self.state.lock().look = last.map_or(Look::Done(now), Look::Beyond);
        found.iter().for_each(|room| self.add(*room, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(number: u128) -> RoomId {
        RoomId::from_bytes(number.to_be_bytes())
    }

    const DELAY: Duration = Duration::from_secs(5);

    #[test]
    fn a_room_is_due_once_and_at_its_earliest() {
        let (queue, now) = (Queue::new(DELAY), Instant::now());
        queue.add(room(1), now + DELAY);
        queue.add(room(1), now + DELAY * 2);
        queue.add(room(2), now + DELAY * 2);
        queue.add(room(2), now + DELAY / 2);
        assert!(queue.take(10, now).is_empty());
        assert_eq!(queue.take(10, now + DELAY / 2), [room(2)]);
        assert_eq!(queue.take(10, now + DELAY * 9), [room(1)]);
        assert!(queue.take(10, now + DELAY * 9).is_empty());
    }

    #[test]
    fn all_rooms_are_looked_at_first_and_again_after_a_pause() {
        let (queue, now) = (Queue::new(DELAY), Instant::now());
        assert_eq!(queue.look(now), Some(None));
        queue.looked(&[room(3)], Some(room(3)), now);
        assert_eq!((queue.look(now), queue.take(1, now)), (Some(Some(room(3))), vec![room(3)]));
        queue.looked(&[], None, now);
        assert_eq!((queue.look(now + PAUSE / 2), queue.look(now + PAUSE)), (None, Some(None)));
    }

    #[test]
    fn more_rooms_than_are_kept_are_found_by_looking_at_all() {
        let (queue, now) = (Queue::new(DELAY), Instant::now());
        queue.looked(&[], None, now);
        (0..=WAITING as u128).for_each(|number| queue.add(room(number), now));
        assert_eq!(queue.look(now), None, "first what waits");
        assert_eq!(queue.take(WAITING, now).len(), WAITING);
        assert_eq!(queue.look(now), Some(None));
    }
}
