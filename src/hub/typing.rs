//! Who is typing. It ends by itself; time is an argument.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::connection::ConnectionId;
use crate::id::{RoomId, UserId};
use crate::model::Profile;

/// The most people who type on one node at once; beyond that, typing is not told.
const MAX_TYPING: usize = 65_536;

/// Someone who goes on typing is told again after so long.
const REPEAT: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Typist {
    profile: Profile,
    connection: ConnectionId,
    told: Instant,
    until: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Typing {
    typists: HashMap<(RoomId, UserId), Typist>,
}

impl Typing {
    /// Notes it. `true`: the others should be told.
    pub(super) fn set(
        &mut self,
        room: RoomId,
        profile: &Profile,
        connection: ConnectionId,
        is_typing: bool,
        now: Instant,
        timeout: Duration,
    ) -> bool {
        let key = (room, profile.user.clone());
        if !is_typing {
            return self.typists.remove(&key).is_some();
        }
        let until = now + timeout;
        if let Some(typist) = self.typists.get_mut(&key) {
            (typist.until, typist.connection) = (until, connection);
            let tell = now.duration_since(typist.told) >= REPEAT;
            if tell {
                typist.told = now;
            }
            return tell;
        }
        if self.typists.len() >= MAX_TYPING {
            return false;
        }
        self.typists.insert(key, Typist { profile: profile.clone(), connection, told: now, until });
        true
    }

    /// The user has stopped, as is told otherwise.
    pub(super) fn stop(&mut self, room: RoomId, user: &UserId) {
        if !self.typists.is_empty() {
            self.typists.remove(&(room, user.clone()));
        }
    }

    /// Takes out those whose time is up.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<(RoomId, Profile)> {
        self.take(|_, typist| typist.until <= now)
    }

    /// Takes out those who typed on a connection that is gone.
    pub(super) fn disconnect(&mut self, connection: ConnectionId) -> Vec<(RoomId, Profile)> {
        self.take(|_, typist| typist.connection == connection)
    }

    /// Takes a user out of all rooms.
    pub(super) fn leave(&mut self, user: &UserId) -> Vec<(RoomId, Profile)> {
        self.take(|(_, typist), _| typist == user)
    }

    fn take(&mut self, gone: impl Fn(&(RoomId, UserId), &Typist) -> bool) -> Vec<(RoomId, Profile)> {
        if self.typists.is_empty() {
            return Vec::new();
        }
        let gone = self.typists.extract_if(|key, typist| gone(key, typist));
        gone.map(|((room, _), typist)| (room, typist.profile)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(6);

    #[test]
    fn typing_is_told_when_it_begins_repeated_sparsely_and_ends_by_itself() {
        let (mut typing, start) = (Typing::default(), Instant::now());
        let (room, ana) = (RoomId::generate(), Profile::unknown("ana".parse().unwrap()));
        let set = |typing: &mut Typing, on, after| {
            typing.set(room, &ana, ConnectionId(1), on, start + Duration::from_secs(after), TIMEOUT)
        };
        assert!(set(&mut typing, true, 0));
        assert!(!set(&mut typing, true, 1));
        assert!(set(&mut typing, true, 3));
        assert!(typing.expire(start + Duration::from_secs(8)).is_empty());
        assert_eq!(typing.expire(start + Duration::from_secs(9)).len(), 1);
        assert!(!set(&mut typing, false, 10), "it had ended already");
    }

    #[test]
    fn typing_ends_with_its_connection() {
        let (mut typing, now) = (Typing::default(), Instant::now());
        let (room, ana) = (RoomId::generate(), Profile::unknown("ana".parse().unwrap()));
        typing.set(room, &ana, ConnectionId(1), true, now, TIMEOUT);
        assert!(typing.disconnect(ConnectionId(2)).is_empty());
        assert_eq!(typing.disconnect(ConnectionId(1)), vec![(room, ana)]);
    }
}
