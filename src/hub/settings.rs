//! What the users of this node let others see.

use std::collections::BTreeSet;

use super::{Connection, Hub};
use crate::id::{RoomId, UserId};
use crate::model::Settings;

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
        let Some(entry) = self.users.find(user) else { return Turn::Same };
        let Some(before) = entry.settle(settings) else { return Turn::Same };
        if before.changed_at >= settings.changed_at || before.invisible == settings.invisible {
            return Turn::Same;
        }
        let connections = entry.connections();
        let rooms: BTreeSet<RoomId> =
            connections.iter().flat_map(|connection| self.rooms_of(connection)).collect();
        let rooms = rooms.into_iter().collect();
        if settings.invisible { Turn::Hidden(rooms) } else { Turn::Shown(rooms) }
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
