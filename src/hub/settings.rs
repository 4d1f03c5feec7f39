//! What the users of this node let others see.

use std::collections::{BTreeSet, HashMap};

use super::{Connection, Hub};
use crate::id::{RoomId, UserId};
use crate::model::Settings;

/// What users let others see, also of some who are not here. Of at most twice `half` entries: when the newer half is full,
/// the older one is forgotten.
#[derive(Debug)]
pub(super) struct Settled {
    half: usize,
    halves: [HashMap<UserId, Settings>; 2],
}

impl Settled {
    pub(super) fn new(bound: usize) -> Self {
        Self { half: (bound / 2).max(1), halves: Default::default() }
    }

    fn find(&self, user: &UserId) -> Option<Settings> {
        let [newer, older] = &self.halves;
        newer.get(user).or_else(|| older.get(user)).copied()
    }

    /// Keeps it, unless something later is kept.
    fn keep(&mut self, user: &UserId, settings: Settings) {
        if self.find(user).is_some_and(|kept| kept.changed_at >= settings.changed_at) {
            return;
        }
        let [newer, older] = &mut self.halves;
        if newer.len() >= self.half {
            *older = std::mem::take(newer);
        }
        newer.insert(user.clone(), settings);
    }
}

/// What becomes of how a user looks to others, when they settle something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    /// They look as before, or have no connection here.
    Same,
    /// They can be seen from now on, in these rooms.
    Shown(Vec<RoomId>),
    /// They cannot be seen any more.
    Hidden(Vec<RoomId>),
}

impl Hub {
    /// Notes what a user lets others see. What is older than what is known, and what was not known before, turns
    /// nothing.
    pub(crate) fn settle(&self, user: &UserId, settings: Settings) -> Turn {
        if settings.invisible {
            self.stop_typing_anywhere(user);
        }
        let entry = self.users.find(user);
        let before = entry.as_ref().and_then(|entry| entry.settle(settings));
        let known = entry.as_ref().and_then(|entry| entry.settings()).unwrap_or(settings);
        self.settled.lock().keep(user, known);
        let (Some(entry), Some(before)) = (entry, before) else { return Turn::Same };
        if before.changed_at >= settings.changed_at || before.invisible == settings.invisible {
            return Turn::Same;
        }
        let connections = entry.connections();
        let rooms: BTreeSet<RoomId> =
            connections.iter().flat_map(|connection| self.rooms_of(connection)).collect();
        let rooms = rooms.into_iter().collect();
        if settings.invisible { Turn::Hidden(rooms) } else { Turn::Shown(rooms) }
    }

    /// What a user who may not be here was last known to let others see.
    pub(crate) fn settled(&self, user: &UserId) -> Option<Settings> {
        self.settled.lock().find(user)
    }

    /// Forgets it of all, where it may be something else now.
    pub(crate) fn forget_settled(&self) {
        self.settled.lock().halves = Default::default();
    }

    /// What the user lets others see, as far as it is known here.
    pub(crate) fn settings(&self, user: &UserId) -> Option<Settings> {
        self.users.find(user)?.settings()
    }

    /// Whether the user has a connection on this node, and lets others know it.
    pub(crate) fn is_visible(&self, user: &UserId) -> bool {
        self.settings(user).is_some_and(|settings| !settings.invisible)
    }

    fn stop_typing_anywhere(&self, user: &UserId) {
        let typed = self.typing.lock().leave(user);
        for (room, profile) in typed {
            self.tell_typing(room, profile, false);
        }
    }
}

impl Connection {
    /// What its user lets others see, as far as it is known here.
    pub(crate) fn settings(&self) -> Option<Settings> {
        self.owner.settings()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn what_is_later_is_kept_and_the_oldest_is_forgotten_beyond_the_bound() {
        let mut settled = Settled::new(4);
        let at = |millis| Settings { changed_at: Timestamp::from_millis(millis), ..Settings::default() };
        let user = |n: i64| format!("u{n}").parse::<UserId>().unwrap();
        settled.keep(&user(0), at(5));
        settled.keep(&user(0), at(3));
        assert_eq!(settled.find(&user(0)), Some(at(5)), "it was read before it was changed");
        for n in 1..6 {
            settled.keep(&user(n), at(n));
        }
        assert!(settled.find(&user(0)).is_none() && settled.find(&user(5)).is_some());
        assert!(settled.halves.iter().map(HashMap::len).sum::<usize>() <= 4);
    }
}
