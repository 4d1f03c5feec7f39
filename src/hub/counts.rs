//! What is told of great rooms as a number: how many type, and how many are here. Rarely, and once however much has
//! changed; time is an argument.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::user::UserEntry;
use super::{Class, Hub};
use crate::event::{Event, EventKind};
use crate::id::{RoomId, UserId};

/// How many type is told at most once in so long.
pub(super) const TYPING_EVERY: Duration = Duration::from_secs(1);

/// How many are here, likewise.
pub(super) const ONLINE_EVERY: Duration = Duration::from_secs(5);

/// After so long it is counted anew, and told to other nodes again: something of it may have been lost.
const COUNTED_ANEW: Duration = Duration::from_secs(30);

/// Numbers of rooms that somebody listens to here; of no others, so they are as many at most.
#[derive(Debug, Default)]
pub(super) struct Counts {
    typing: HashMap<RoomId, Told>,
    online: HashMap<RoomId, Online>,
}

/// A number that is told.
#[derive(Debug, Default)]
struct Told {
    number: u32,
    at: Option<Instant>,
    /// Something has changed since.
    is_due: bool,
}

#[derive(Debug, Default)]
struct Online {
    told: Told,
    /// How many of them are this node's to count.
    here: u32,
    counted: Option<Instant>,
    /// What other nodes count, by their numbers.
    elsewhere: HashMap<u64, u32>,
    /// Another node asks for what this one counts.
    is_asked: bool,
}

impl Told {
    /// Whether it is to be counted now.
    fn is_due(&self, now: Instant, every: Duration) -> bool {
        self.is_due && self.at.is_none_or(|at| now.duration_since(at) >= every)
    }

    /// Takes what was counted; `true`: it is another number, to be told.
    fn take(&mut self, number: u32, now: Instant) -> bool {
        self.is_due = false;
        let is_news = self.number != number || self.at.is_none() && number > 0;
        if is_news {
            (self.number, self.at) = (number, Some(now));
        }
        is_news
    }
}

/// What a node counts in a room, as others are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnlinePart {
    pub(crate) count: u32,
    /// The node knows of no other's count yet.
    pub(crate) asks: bool,
}

impl Hub {
    /// Somebody types in a great room, or has stopped.
    pub(super) fn typing_changed(&self, room: RoomId) {
        if self.is_great(room, self.typing_max_members) {
            self.counts.lock().typing.entry(room).or_default().is_due = true;
        }
    }

    /// Somebody may have come to these rooms, or gone.
    pub(crate) fn recount(&self, rooms: &[RoomId]) {
        // With 0, presence is told to nobody.
        if self.presence_max_members == 0 {
            return;
        }
        for room in rooms.iter().filter(|room| self.is_great(**room, self.presence_max_members)) {
            self.counts.lock().online.entry(*room).or_default().told.is_due = true;
        }
    }

    /// Whether somebody listens to it here, and it has more people than that.
    pub(super) fn is_great(&self, room: RoomId, most: u32) -> bool {
        self.topics.members(room) > most
    }

    /// Another node counts so many in a room.
    pub(crate) fn online_elsewhere(&self, room: RoomId, node: u64, part: OnlinePart) {
        if !self.is_great(room, self.presence_max_members) {
            return;
        }
        let mut counts = self.counts.lock();
        let online = counts.online.entry(room).or_default();
        let before = online.elsewhere.insert(node, part.count);
        online.is_asked |= part.asks;
        online.told.is_due |= part.asks || before != Some(part.count);
    }

    /// A node is no more.
    pub(crate) fn forget_counts_of(&self, node: u64) {
        for online in self.counts.lock().online.values_mut() {
            online.told.is_due |= online.elsewhere.remove(&node).is_some();
        }
    }

    /// How many are in a great room now, as far as it was counted.
    pub(crate) fn online_count(&self, room: RoomId) -> Option<u32> {
        let counts = self.counts.lock();
        let online = counts.online.get(&room).filter(|online| online.counted.is_some())?;
        Some(online.total())
    }

    /// Tells how many type where it is time to.
    pub(super) fn tell_typing_counts(&self, now: Instant) {
        let due: Vec<RoomId> = {
            let mut counts = self.counts.lock();
            let ended = |told: &Told| told.number == 0 && !told.is_due;
            counts.typing.retain(|room, told| !ended(told) && self.topics.has(*room));
            let due = counts.typing.iter().filter(|(_, told)| told.is_due(now, TYPING_EVERY));
            due.map(|(room, _)| *room).collect()
        };
        if due.is_empty() {
            return;
        }
        let typing = self.typing.lock().count();
        for room in due {
            let number = typing.get(&room).copied().unwrap_or(0);
            let is_news = self.counts.lock().typing.get_mut(&room).is_some_and(|told| told.take(number, now));
            if is_news {
                self.tell_number(room, EventKind::TypingCount(number));
            }
        }
    }

    /// The great rooms in which it is time to count who is here, each with those who let others know it.
    pub(crate) fn rooms_to_count(&self, now: Instant) -> Vec<(RoomId, Vec<UserId>)> {
        let due: Vec<RoomId> = {
            let mut counts = self.counts.lock();
            counts.online.retain(|room, _| self.is_great(*room, self.presence_max_members));
            let is_due = |online: &Online| {
                let is_old = online.counted.is_some_and(|at| now.duration_since(at) >= COUNTED_ANEW);
                is_old
                    || online.told.is_due
                        && online.counted.is_none_or(|at| now.duration_since(at) >= ONLINE_EVERY)
            };
            counts.online.iter().filter(|(_, online)| is_due(online)).map(|(room, _)| *room).collect()
        };
        due.into_iter().map(|room| (room, self.visible_in(room))).collect()
    }

    fn visible_in(&self, room: RoomId) -> Vec<UserId> {
        let mut owners = self.topics.owners(room);
        owners.retain(|owner| owner.settings().is_some_and(|settings| !settings.invisible));
        owners.iter().map(|owner| owner.user.clone()).collect()
    }

    /// So many are this node's to count in a room. Tells the room where that makes another number, and gives what other
    /// nodes are to be told, if anything.
    pub(crate) fn counted(&self, room: RoomId, here: u32, now: Instant) -> Option<OnlinePart> {
        let (part, total) = {
            let mut counts = self.counts.lock();
            let online = counts.online.get_mut(&room)?;
            let is_first = online.counted.is_none();
            let is_old = online.counted.is_some_and(|at| now.duration_since(at) >= COUNTED_ANEW);
            let is_told = is_first || is_old || online.is_asked || online.here != here;
            (online.here, online.counted, online.is_asked) = (here, Some(now), false);
            let total = online.total();
            let part = is_told.then_some(OnlinePart { count: here, asks: is_first });
            (part, online.told.take(total, now).then_some(total))
        };
        if let Some(total) = total {
            self.tell_number(room, EventKind::OnlineCount(total));
        }
        part
    }

    fn tell_number(&self, room: RoomId, kind: EventKind) {
        let event = Event { room: Some(room), token: None, kind };
        let post = self.post(event, None, None, None);
        self.publish(room, &[post], &Class::Ephemeral);
    }
}

impl Online {
    fn total(&self) -> u32 {
        self.elsewhere.values().fold(self.here, |total, part| total.saturating_add(*part))
    }
}

/// Each once, though they may have several connections.
pub(super) fn distinct(owners: impl Iterator<Item = Arc<UserEntry>>) -> Vec<Arc<UserEntry>> {
    let each: HashMap<_, _> = owners.map(|owner| (Arc::as_ptr(&owner), owner)).collect();
    each.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_when_it_is_another_one_and_rarely() {
        let (mut told, start) = (Told::default(), Instant::now());
        assert!(!told.is_due(start, TYPING_EVERY), "nothing has changed");
        told.is_due = true;
        assert!(told.is_due(start, TYPING_EVERY) && told.take(3, start));
        told.is_due = true;
        assert!(!told.is_due(start + TYPING_EVERY / 2, TYPING_EVERY));
        assert!(told.is_due(start + TYPING_EVERY, TYPING_EVERY));
        assert!(!told.take(3, start + TYPING_EVERY), "the same as before");
        assert!(told.take(0, start + TYPING_EVERY));
    }
}
