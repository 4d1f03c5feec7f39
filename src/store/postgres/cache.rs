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
    /// Nothing yet of a lane that stands there.
    pub(super) fn at(turn: Turn) -> Self {
        Self { turn, rows: RowCache::default(), began: Instant::now() }
    }
}

/// Those of all lanes.
#[derive(Debug, Default)]
pub(super) struct Caches([Mutex<Option<Cached>>; MAX_LANES]);

impl Caches {
    /// Takes out what is known of a lane: whoever then commits to it puts it back as it stands after that.
    pub(super) fn take(&self, lane: i16) -> Option<Cached> {
        let cached = self.of(lane)?.lock().take();
        cached.filter(|cached| cached.began.elapsed() < KEPT_FOR)
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
