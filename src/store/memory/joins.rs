//! People who wait to come into a room: read, loaded and written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::state::State;
use crate::id::{JoinRequestId, RoomId, UserId};
use crate::model::JoinRequest;
use crate::store::{Needs, Queue, Rows};

impl State {
    pub(super) fn joins(
        &self,
        queue: &Queue,
        after: Option<JoinRequestId>,
    ) -> impl Iterator<Item = &JoinRequest> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let beyond = self.join_requests.range((from, Bound::Unbounded)).map(|(_, request)| request);
        beyond.filter(move |request| match queue {
            Queue::All => true,
            Queue::Room(room) => request.room == *room,
            Queue::Sender(user) => request.user == *user,
        })
    }

    pub(super) fn load_joins(&self, needs: &Needs, rows: &mut Rows) {
        for request in self.join_requests.values() {
            let key = (request.room, request.user.clone());
            if needs.more.join_requests.contains(&key) {
                rows.more.join_requests.insert(key, request.clone());
            }
        }
        for (_, id) in &needs.more.asked {
            let found = self.join_requests.get(id);
            rows.more.asked.extend(found.map(|request| (*id, (request.room, request.user.clone()))));
        }
        for room in &needs.more.join_counts {
            rows.more.join_counts.insert(*room, self.joins(&Queue::Room(*room), None).count() as u64);
        }
    }

    pub(super) fn write_joins(
        &mut self,
        written: BTreeSet<(RoomId, UserId)>,
        mut there: BTreeMap<(RoomId, UserId), JoinRequest>,
    ) {
        self.join_requests.retain(|_, request| !written.contains(&(request.room, request.user.clone())));
        let put = written.iter().filter_map(|key| there.remove(key));
        self.join_requests.extend(put.map(|request| (request.id, request)));
    }
}
