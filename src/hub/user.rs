//! The connections of each user on this node.

use std::sync::Arc;

use foldhash::HashMap;

use super::connection::Connection;
use super::lock::Mutex;
use crate::bus::{Bus, Topic};
use crate::id::UserId;
use crate::model::Settings;

/// A user with connections.
#[derive(Debug)]
pub(crate) struct UserEntry {
    pub(super) user: UserId,
    connections: Mutex<Vec<Arc<Connection>>>,
    /// What they let others see; `None` until it is read, while they are shown to nobody.
    settings: Mutex<Option<Settings>>,
}

impl UserEntry {
    pub(super) fn connections(&self) -> Vec<Arc<Connection>> {
        self.connections.lock().clone()
    }

    pub(super) fn settings(&self) -> Option<Settings> {
        *self.settings.lock()
    }

    /// Notes what they let others see, unless something later is known; gives what was known before.
    pub(super) fn settle(&self, settings: Settings) -> Option<Settings> {
        let mut known = self.settings.lock();
        let before = *known;
        if before.is_none_or(|before| before.changed_at < settings.changed_at) {
            *known = Some(settings);
        }
        before
    }
}

/// All users with connections.
#[derive(Debug)]
pub(super) struct Users {
    entries: Mutex<HashMap<UserId, Arc<UserEntry>>>,
    /// Where each of them is followed.
    bus: Option<Arc<dyn Bus>>,
}

impl Users {
    pub(super) fn new(bus: Option<Arc<dyn Bus>>) -> Self {
        Self { entries: Mutex::default(), bus }
    }

    /// Adds the connection that `make` makes; `true`: it is the user's first.
    pub(super) fn add(
        &self,
        user: &UserId,
        make: impl FnOnce(Arc<UserEntry>) -> Arc<Connection>,
    ) -> (Arc<Connection>, bool) {
        let mut entries = self.entries.lock();
        let entry = entries.entry(user.clone()).or_insert_with(|| {
            if let Some(bus) = &self.bus {
                bus.follow(&Topic::User(user.clone()));
            }
            Arc::new(UserEntry {
                user: user.clone(),
                connections: Mutex::default(),
                settings: Mutex::default(),
            })
        });
        let connection = make(entry.clone());
        let mut connections = entry.connections.lock();
        connections.push(connection.clone());
        (connection, connections.len() == 1)
    }

    /// Takes a connection out; `true`: it was the user's last.
    pub(super) fn remove(&self, connection: &Arc<Connection>) -> bool {
        let mut entries = self.entries.lock();
        let mut connections = connection.owner.connections.lock();
        let before = connections.len();
        connections.retain(|other| !Arc::ptr_eq(other, connection));
        let was_last = before > 0 && connections.is_empty();
        if was_last {
            entries.remove(&connection.owner.user);
            if let Some(bus) = &self.bus {
                bus.unfollow(&Topic::User(connection.owner.user.clone()));
            }
        }
        was_last
    }

    pub(super) fn find(&self, user: &UserId) -> Option<Arc<UserEntry>> {
        self.entries.lock().get(user).cloned()
    }

    pub(super) fn names(&self) -> Vec<UserId> {
        self.entries.lock().keys().cloned().collect()
    }

    /// Connections of at most so many users, beginning with whoever is at this place of all, counted round.
    pub(super) fn some(&self, place: usize, most: usize) -> Vec<Arc<Connection>> {
        let entries: Vec<_> = {
            let entries = self.entries.lock();
            let start = place.checked_rem(entries.len()).unwrap_or(0);
            entries.values().skip(start).take(most).cloned().collect()
        };
        entries.iter().flat_map(|entry| entry.connections()).take(most).collect()
    }

    pub(super) fn all(&self) -> Vec<Arc<Connection>> {
        let entries: Vec<_> = self.entries.lock().values().cloned().collect();
        entries.iter().flat_map(|entry| entry.connections()).collect()
    }
}
