//! When users were last seen, until it is written.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::clock::Timestamp;
use crate::id::UserId;

/// When users were last seen here. It is written once a second, and found here for as long again: meanwhile the store has
/// it.
#[derive(Debug, Default)]
pub(super) struct LastSeen(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    waiting: HashMap<UserId, Timestamp>,
    /// On its way to the store.
    written: HashMap<UserId, Timestamp>,
}

impl LastSeen {
    pub(super) fn put(&self, user: UserId, at: Timestamp) {
        self.0.lock().waiting.insert(user, at);
    }

    pub(super) fn of(&self, user: &UserId) -> Option<Timestamp> {
        let seen = self.0.lock();
        seen.waiting.get(user).or_else(|| seen.written.get(user)).copied()
    }

    pub(super) fn forget(&self, user: &UserId) {
        let mut seen = self.0.lock();
        seen.waiting.remove(user);
        seen.written.remove(user);
    }

    /// What is to be written now.
    pub(super) fn take(&self) -> Vec<(UserId, Timestamp)> {
        let mut seen = self.0.lock();
        seen.written = std::mem::take(&mut seen.waiting);
        seen.written.iter().map(|(user, at)| (user.clone(), *at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_being_written_is_still_found_and_let_go_after_that() {
        let (seen, ana) = (LastSeen::default(), "ana".parse::<UserId>().unwrap());
        let at = Timestamp::from_millis;
        seen.put(ana.clone(), at(5));
        assert_eq!((seen.take(), seen.of(&ana)), (vec![(ana.clone(), at(5))], Some(at(5))));
        seen.put(ana.clone(), at(9));
        assert_eq!(seen.of(&ana), Some(at(9)));
        assert_eq!(seen.take(), [(ana.clone(), at(9))]);
        assert_eq!((seen.take(), seen.of(&ana)), (vec![], None));
        seen.put(ana.clone(), at(10));
        seen.forget(&ana);
        assert_eq!((seen.of(&ana), seen.take()), (None, vec![]));
    }
}
