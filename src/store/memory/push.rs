//! How far notices have come.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::MemoryStore;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::Room;
use crate::store::{Alert, AlertKey, AlertTerms, PushBatch, PushRetry, PushStore};

/// Of each room how far it has come, and until when somebody holds it; what is to be tried again; and what is told besides
/// messages.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    pub(super) since: Option<Timestamp>,
    rooms: BTreeMap<RoomId, (u64, Timestamp)>,
    retries: BTreeMap<(RoomId, UserId), PushRetry>,
    alerts: BTreeMap<AlertKey, Alert>,
}

impl Pushes {
    pub(super) fn considered(&self, room: RoomId) -> u64 {
        self.rooms.get(&room).map_or(0, |(seq, _)| *seq)
    }

    pub(super) fn claim(&mut self, rooms: &[RoomId], now: Timestamp, until: Timestamp) -> Vec<(RoomId, u64)> {
        let mut claimed = Vec::new();
        for room in rooms {
            let (seq, held) = self.rooms.entry(*room).or_insert((0, Timestamp::from_millis(0)));
            if *held <= now {
                *held = until;
                claimed.push((*room, *seq));
            }
        }
        claimed
    }

    pub(super) fn due(&mut self, now: Timestamp, until: Timestamp, limit: u32) -> Vec<PushRetry> {
        let mut due: Vec<PushRetry> = self.retries.values().filter(|one| one.due <= now).cloned().collect();
        due.sort_by_key(|one| (one.due, one.room, one.user.clone()));
        due.truncate(limit as usize);
        for one in &due {
            if let Some(kept) = self.retries.get_mut(&(one.room, one.user.clone())) {
                kept.due = until;
            }
        }
        due
    }

    pub(super) fn write(&mut self, batch: PushBatch) {
        let PushBatch { held, considered, ended, failed, most, told, put_off } = batch;
        for (room, until) in held {
            if let Some((_, held)) = self.rooms.get_mut(&room) {
                *held = until;
            }
        }
        for (room, seq) in considered {
            let (before, held) = self.rooms.entry(room).or_insert((0, Timestamp::from_millis(0)));
            *before = seq.max(*before);
            *held = Timestamp::from_millis(0);
        }
        for key in &ended {
            self.retries.remove(key);
        }
        for one in failed {
            let key = (one.room, one.user.clone());
            if (self.retries.len() as u64) < most || self.retries.contains_key(&key) {
                self.retries.insert(key, one);
            }
        }
        for alert in told {
            if let Entry::Occupied(kept) = self.alerts.entry(alert.key())
                && kept.get().at == alert.at
            {
                kept.remove();
            }
        }
        for alert in put_off {
            if let Some(kept) = self.alerts.get_mut(&alert.key()).filter(|kept| kept.at == alert.at) {
                *kept = alert;
            }
        }
    }

    pub(super) fn add_alerts(&mut self, new: Vec<Alert>, terms: AlertTerms) {
        let users: BTreeSet<UserId> = new.iter().map(|alert| alert.user.clone()).collect();
        self.alerts.extend(new.into_iter().map(|alert| (alert.key(), alert)));
        for user in &users {
            let of_user = self.alerts.iter().filter(|(key, _)| key.user == *user);
            let mut newest: Vec<_> = of_user.map(|(key, alert)| (alert.at, key.clone())).collect();
            newest.sort_by(|one, other| other.cmp(one));
            for (_, key) in newest.into_iter().skip(terms.most as usize) {
                self.alerts.remove(&key);
            }
        }
    }

    pub(super) fn end_alerts_of(&mut self, user: &UserId) {
        self.alerts.retain(|key, _| key.user != *user);
    }

    pub(super) fn end_alerts_in(&mut self, room: RoomId) {
        self.alerts.retain(|_, alert| alert.occasion.room() != Some(room));
    }

    fn due_alerts(&mut self, now: Timestamp, until: Timestamp, limit: u32) -> Vec<Alert> {
        let mut due: Vec<Alert> = self.alerts.values().filter(|alert| alert.due <= now).cloned().collect();
        due.sort_by_cached_key(|alert| (alert.due, alert.key()));
        due.truncate(limit as usize);
        for alert in &due {
            if let Some(kept) = self.alerts.get_mut(&alert.key()) {
                kept.due = until;
            }
        }
        due
    }
}

#[async_trait]
impl PushStore for MemoryStore {
    async fn pushed_since(&self, now: Timestamp) -> Result<Timestamp> {
        Ok(*self.state.lock().pushes.since.get_or_insert(now))
    }

    async fn unpushed_rooms(
        &self,
        since: Timestamp,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomId>> {
        let state = self.state.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = state.rooms.range((from, Bound::Unbounded)).map(|(_, data)| &*data.room);
        let waits = |room: &&Room| {
            let is_new = room.last_message_at.is_some_and(|at| at >= since);
            is_new && room.seq > state.pushes.considered(room.id)
        };
        Ok(rooms.filter(waits).map(|room| room.id).take(limit as usize).collect())
    }

    async fn claim_pushes(
        &self,
        rooms: &[RoomId],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(RoomId, u64)>> {
        Ok(self.state.lock().pushes.claim(rooms, now, until))
    }

    async fn due_pushes(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<PushRetry>> {
        Ok(self.state.lock().pushes.due(now, until, limit))
    }

    async fn due_alerts(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Alert>> {
        Ok(self.state.lock().pushes.due_alerts(now, until, limit))
    }

    async fn write_pushes(&self, batch: PushBatch) -> Result<()> {
        self.state.lock().pushes.write(batch);
        Ok(())
    }
}
