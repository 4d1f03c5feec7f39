//! A bus that is as bad as a bus may be.

use parking_lot::Mutex;

use crate::bus::{Bus, Hint};

/// Loses some of what it is told, hands some of it on twice, and some of it late and out of order: all that
/// the contract of a [`Bus`] allows. The same each time, by its seed.
#[derive(Debug)]
pub struct BadBus<B> {
    bus: B,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    dice: u64,
    /// The newest hint that is handed on behind the one after it.
    late: Option<Hint>,
}

impl<B: Bus> BadBus<B> {
    /// Hands on to another bus, badly.
    pub fn new(bus: B, seed: u64) -> Self {
        Self { bus, state: Mutex::new(State { dice: seed | 1, late: None }) }
    }
}

impl<B: Bus> Bus for BadBus<B> {
    fn announce(&self, hint: Hint) {
        let (now, late) = {
            let mut state = self.state.lock();
            // Xorshift (Marsaglia, 2003): enough for tests, and the same everywhere.
            for (left, shift) in [(true, 13), (false, 7), (true, 17)] {
                state.dice ^= if left { state.dice << shift } else { state.dice >> shift };
            }
            match state.dice % 4 {
                0 => return,
                1 => {
                    // With one that was late already: that is lost.
                    state.late = Some(hint);
                    return;
                }
                2 => (2, state.late.take()),
                _ => (1, state.late.take()),
            }
        };
        (0..now).for_each(|_| self.bus.announce(hint));
        if let Some(late) = late {
            self.bus.announce(late);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;
    use crate::id::RoomId;
    use crate::model::Pos;

    #[derive(Debug, Clone, Default)]
    struct Heard(Arc<Mutex<Vec<u64>>>);

    impl Bus for Heard {
        fn announce(&self, hint: Hint) {
            self.0.lock().push(hint.pos.at);
        }
    }

    #[test]
    fn it_loses_doubles_and_reorders() {
        let (heard, room) = (Heard::default(), RoomId::generate());
        let bus = BadBus::new(heard.clone(), 7);
        for at in 1..=1000 {
            bus.announce(Hint { room, pos: Pos { lane: 0, at }, prev: at - 1 });
        }
        let heard = heard.0.lock().clone();
        let mut counts = HashMap::new();
        heard.iter().for_each(|at| *counts.entry(*at).or_insert(0) += 1);
        assert!((400..950).contains(&counts.len()), "some are lost: {}", counts.len());
        assert!(counts.values().any(|count| *count == 2), "some come twice");
        assert!(!heard.is_sorted(), "some come late");
    }
}
