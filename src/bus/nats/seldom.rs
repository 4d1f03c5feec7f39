//! Counts what goes wrong, and says so now and then.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often it is said at most.
const EVERY: Duration = Duration::from_secs(1);

/// Something that may go wrong thousands of times a second.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    untold: u64,
    told: Option<Instant>,
}

impl Seldom {
    /// Once more: gives how many times it was since it was said last, when it is time to say so.
    pub(super) fn once_more(&self, now: Instant) -> Option<u64> {
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
        let (loss, start) = (Seldom::default(), Instant::now());
        let told = [0, 1, 999, 1000, 1001, 2500].map(|at| loss.once_more(start + Duration::from_millis(at)));
        assert_eq!(told, [Some(1), None, None, Some(3), None, Some(2)]);
    }
}
