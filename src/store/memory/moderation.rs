//! What moderators look at.

use std::ops::Bound;

use async_trait::async_trait;

use super::MemoryStore;
use super::state::beyond;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{AuditEntry, Ban, JoinRequest, Profile, Report};
use crate::store::{Held, ModerationReads, Queue};

#[async_trait]
impl ModerationReads for MemoryStore {
    async fn bans(
        &self,
        room: RoomId,
        now: Timestamp,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Ban, Profile)>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let holding = beyond(&data.bans, after).filter(|ban| ban.holds(now)).take(limit as usize);
        Ok(holding.map(|ban| (ban.clone(), state.profile(&ban.user))).collect())
    }

    async fn ban(&self, room: RoomId, user: &UserId) -> Result<Option<Ban>> {
        let state = self.state.lock();
        Ok(state.rooms.get(&room).and_then(|data| data.bans.get(user)).cloned())
    }

    async fn audit(&self, room: RoomId, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>> {
        let state = self.state.lock();
        let acts = state.rooms.get(&room).map(|data| data.acts.as_slice()).unwrap_or_default();
        let below = acts.iter().rev().filter(|entry| before.is_none_or(|before| entry.pos < before));
        Ok(below.take(limit as usize).cloned().collect())
    }

    async fn reports(
        &self,
        room: Option<RoomId>,
        after: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<Report>> {
        let state = self.state.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let beyond = state.reports.range((from, Bound::Unbounded)).map(|(_, report)| report);
        let waiting = beyond.filter(|report| report.resolution.is_none());
        let meant = waiting.filter(|report| room.is_none_or(|room| report.room == room));
        Ok(meant.take(limit as usize).cloned().collect())
    }

    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>> {
        let state = self.state.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let beyond = state.reports.range((from, Bound::Unbounded)).map(|(_, report)| report);
        Ok(beyond.filter(|report| report.by == *user).take(limit as usize).cloned().collect())
    }

    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: u32) -> Result<Vec<Held>> {
        let state = self.state.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let beyond = state.held.range((from, Bound::Unbounded)).map(|(_, held)| held);
        let is_meant = |held: &&Held| match &queue {
            Queue::All => true,
            Queue::Room(room) => held.room == *room,
            Queue::Sender(user) => held.sender.user == *user,
        };
        Ok(beyond.filter(is_meant).take(limit as usize).map(|held| state.waiting(held)).collect())
    }

    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Option<Held>> {
        let state = self.state.lock();
        let found = state.held.get(&id).filter(|held| held.room == room);
        Ok(found.map(|held| state.waiting(held)))
    }

    async fn join_requests(
        &self,
        queue: Queue,
        after: Option<JoinRequestId>,
        limit: u32,
    ) -> Result<Vec<(JoinRequest, Profile)>> {
        let state = self.state.lock();
        let page = state.joins(&queue, after).take(limit as usize);
        Ok(page.map(|request| (request.clone(), state.profile(&request.user))).collect())
    }

    async fn join_request(&self, room: RoomId, id: JoinRequestId) -> Result<Option<JoinRequest>> {
        let state = self.state.lock();
        Ok(state.join_requests.get(&id).filter(|request| request.room == room).cloned())
    }
}
