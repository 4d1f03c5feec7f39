//! What this node knows of each lane from its own last commits. It holds as long as the lane stands where they left it, which
//! the statement that writes finds out: so most batches are decided without a read.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::lanes::Turn;
use crate::model::MAX_LANES;
use crate::store::cache::RowCache;

/// How long rows are kept at most, for whatever changes them without counting a turn: a node of a version from before turns
/// were counted, or a hand.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// The rows of a lane, and where it stood.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) turn: Turn,
    pub(super) rows: RowCache,
    began: Instant,
}

impl Cached {
    /// Nothing yet of a lane that stands there now.
    pub(super) fn at(turn: Turn, now: Instant) -> Self {
        Self { turn, rows: RowCache::default(), began: now }
    }
}

/// Those of all lanes.
#[derive(Debug, Default)]
pub(super) struct Caches([Mutex<Option<Cached>>; MAX_LANES]);

impl Caches {
    /// Takes out what is known of a lane: whoever then commits to it puts it back as it stands after that.
    pub(super) fn take(&self, lane: i16, now: Instant) -> Option<Cached> {
        let cached = self.of(lane)?.lock().take();
        cached.filter(|cached| now.duration_since(cached.began) < KEPT_FOR)
    }

    pub(super) fn put(&self, cached: Cached) {
        if let Some(place) = self.of(cached.turn.lane) {
            *place.lock() = Some(cached);
        }
    }

    fn of(&self, lane: i16) -> Option<&Mutex<Option<Cached>>> {
        self.0.get(usize::try_from(lane).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_lane_is_forgotten_after_its_time_however_often_it_is_put_back() {
        let (caches, began) = (Caches::default(), Instant::now());
        let turn = Turn { lane: 1, pos: 5, turn: 7 };
        caches.put(Cached::at(turn, began));
        assert!(caches.take(0, began).is_none(), "of this lane alone");
        for millis in [0, 500, 999] {
            let cached = caches.take(1, began + Duration::from_millis(millis)).unwrap();
            assert_eq!(cached.turn, turn);
            assert!(caches.take(1, began).is_none(), "one commit at a time has it");
            caches.put(cached);
        }
        assert!(caches.take(1, began + KEPT_FOR).is_none());
    }
}
