//! Counts what is lost, and says so now and then.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often it is said at most.
const EVERY: Duration = Duration::from_secs(1);

/// Packets that are lost.
#[derive(Debug, Default)]
pub(super) struct Lost(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    untold: u64,
    told: Option<Instant>,
}

impl Lost {
    /// One more is lost: gives how many were since it was said last, when it is time to say so.
    pub(super) fn one_more(&self, now: Instant) -> Option<u64> {
        let mut count = self.0.lock();
        count.untold += 1;
        if count.told.is_some_and(|told| now.saturating_duration_since(told) < EVERY) {
            return None;
        }
        count.told = Some(now);
        Some(std::mem::take(&mut count.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_said_at_once_and_then_at_most_once_a_second() {
        let (lost, start) = (Lost::default(), Instant::now());
        let told = [0, 1, 999, 1000, 1001, 2500].map(|at| lost.one_more(start + Duration::from_millis(at)));
        assert_eq!(told, [Some(1), None, None, Some(3), None, Some(2)]);
    }
}
