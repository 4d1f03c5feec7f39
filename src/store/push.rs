//! How far notices to people who are away have come: a row a room, and one for each notice that nobody took yet. No
//! message waits for them, and none writes a row of theirs.

#[cfg(feature = "sqlite")]
use std::collections::HashMap;

#[cfg(feature = "sqlite")]
use parking_lot::Mutex;

use super::Alert;
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};

/// A notice that could not be handed over, to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store keeps it, whatever is in it")]
pub struct PushRetry {
    /// The room.
    pub room: RoomId,
    /// For whom it is. There is one a room and user: a later one takes the place of an earlier one.
    pub user: UserId,
    /// The number of the message that it tells of.
    pub seq: u64,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub due: Timestamp,
}

/// What has come of notices, in one transaction.
#[derive(Debug, Clone, Default)]
#[allow(clippy::exhaustive_structs, reason = "a store writes it, whatever is in it")]
pub struct PushBatch {
    /// Rooms that whoever holds them goes on to hold until then.
    pub held: Vec<(RoomId, Timestamp)>,
    /// Rooms that are held no more, whose messages are considered up to this number. It never goes back.
    pub considered: Vec<(RoomId, u64)>,
    /// Notices that were taken, or are needed no more: what is to be tried again of them is gone.
    pub ended: Vec<(RoomId, UserId)>,
    /// Notices that are to be tried again, after those that ended.
    pub failed: Vec<PushRetry>,
    /// How many may wait to be tried again. Those beyond it are left out, unless they waited before: the last of them
    /// first.
    pub most: u64,
    /// Alerts that were taken, or are needed no more: they are gone, unless another has taken their place.
    pub told: Vec<Alert>,
    /// Alerts that are told later, as often tried and as due as they say here, unless another has taken their place.
    pub put_off: Vec<Alert>,
}

impl PushBatch {
    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.notes_nothing()
    }

    /// Whether there is nothing to write but which rooms are held.
    pub(super) fn notes_nothing(&self) -> bool {
        let Self { held: _, considered, ended, failed, most: _, told, put_off } = self;
        let no_messages = considered.is_empty() && ended.is_empty() && failed.is_empty();
        no_messages && told.is_empty() && put_off.is_empty()
    }
}

/// Which rooms are looked at just now, where one process has the store for itself: with it they are held no more.
#[cfg(feature = "sqlite")]
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<HashMap<RoomId, Timestamp>>);

#[cfg(feature = "sqlite")]
impl Claims {
    /// More than one engine ever holds at once. What is over is forgotten beyond it.
    const KEPT: usize = 10_000;

    /// Takes those that nobody holds.
    pub(super) fn take(&self, rooms: &[RoomId], now: Timestamp, until: Timestamp) -> Vec<RoomId> {
        let mut held = self.0.lock();
        if held.len() > Self::KEPT {
            held.retain(|_, until| now < *until);
        }
        let mut take = |room: &&RoomId| {
            let is_free = held.get(*room).is_none_or(|until| *until <= now);
            if is_free {
                held.insert(**room, until);
            }
            is_free
        };
        rooms.iter().filter(|room| take(room)).copied().collect()
    }

    pub(super) fn go_on(&self, all: &[(RoomId, Timestamp)]) {
        let mut held = self.0.lock();
        for (room, until) in all {
            if let Some(end) = held.get_mut(room) {
                *end = *until;
            }
        }
    }

    pub(super) fn free(&self, all: &[(RoomId, u64)]) {
        let mut held = self.0.lock();
        for (room, _) in all {
            held.remove(room);
        }
    }
}
