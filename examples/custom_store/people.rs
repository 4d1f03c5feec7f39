//! What is known of people, and what moderators look at.

use async_trait::async_trait;
use chat_core::model::{
    AuditEntry, Ban, DoNotDisturb, JoinRequest, Profile, Relation, RelationKind, Report, Settings,
};
use chat_core::store::{Held, ModerationReads, PeopleReads, Queue};
use chat_core::{JoinRequestId, MessageId, ReportId, Result, RoomId, Timestamp, UserId};

use super::PlainStore;

#[async_trait]
impl PeopleReads for PlainStore {
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>> {
        let tables = self.tables();
        Ok(users.iter().filter_map(|user| tables.profiles.get(user).cloned()).collect())
    }

    async fn logouts(&self, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>> {
        let tables = self.tables();
        let logouts = tables.logouts.iter().filter(|(user, _)| users.contains(user));
        Ok(logouts.map(|(user, at)| (user.clone(), *at)).collect())
    }

    async fn do_not_disturb(&self, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>> {
        let tables = self.tables();
        let quiet = tables.quiet.iter().filter(|(user, _)| users.contains(user));
        Ok(quiet.map(|(user, quiet)| (user.clone(), *quiet)).collect())
    }

    async fn settings(&self, users: &[UserId]) -> Result<Vec<(UserId, Settings)>> {
        let tables = self.tables();
        let settled = tables.settings.iter().filter(|(user, _)| users.contains(user));
        Ok(settled.map(|(user, settings)| (user.clone(), *settings)).collect())
    }

    async fn relation(&self, user: &UserId, other: &UserId) -> Result<Option<Relation>> {
        Ok(self.tables().relations.get(&(user.clone(), other.clone())).cloned())
    }

    async fn relations(
        &self,
        user: &UserId,
        kind: RelationKind,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Relation, Profile)>> {
        let tables = self.tables();
        let of_kind = tables.relations.values().filter(|found| found.user == *user && found.kind == kind);
        let beyond = of_kind.filter(|found| after.is_none_or(|after| found.other > *after));
        let page = beyond.take(limit as usize);
        Ok(page.map(|found| (found.clone(), tables.profile(&found.other))).collect())
    }

    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
        let tables = self.tables();
        let is_block = |pair: &&(UserId, UserId)| {
            tables.relations.get(*pair).is_some_and(|relation| relation.kind == RelationKind::Blocked)
        };
        Ok(pairs.iter().filter(is_block).cloned().collect())
    }
}

#[async_trait]
impl ModerationReads for PlainStore {
    async fn bans(
        &self,
        room: RoomId,
        now: Timestamp,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Ban, Profile)>> {
        let tables = self.tables();
        let bans = tables.bans_in(room, after).filter(|ban| ban.holds(now)).take(limit as usize);
        Ok(bans.map(|ban| (ban.clone(), tables.profile(&ban.user))).collect())
    }

    async fn ban(&self, room: RoomId, user: &UserId) -> Result<Option<Ban>> {
        Ok(self.tables().bans.get(&(room, user.clone())).cloned())
    }

    async fn audit(&self, room: RoomId, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>> {
        let tables = self.tables();
        let acts = tables.acts.iter().rev().filter(|entry| entry.room == room);
        let below = acts.filter(|entry| before.is_none_or(|before| entry.pos < before));
        Ok(below.take(limit as usize).cloned().collect())
    }

    async fn reports(
        &self,
        room: Option<RoomId>,
        after: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<Report>> {
        let tables = self.tables();
        let waiting = tables.reports.values().filter(|report| report.resolution.is_none());
        let beyond = waiting.filter(|report| after.is_none_or(|after| report.id > after));
        let meant = beyond.filter(|report| room.is_none_or(|room| report.room == room));
        Ok(meant.take(limit as usize).cloned().collect())
    }

    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>> {
        let tables = self.tables();
        let made = tables.reports.values().filter(|report| report.by == *user);
        let beyond = made.filter(|report| after.is_none_or(|after| report.id > after));
        Ok(beyond.take(limit as usize).cloned().collect())
    }

    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: u32) -> Result<Vec<Held>> {
        let tables = self.tables();
        let is_meant = |one: &&Held| match &queue {
            Queue::All => true,
            Queue::Room(room) => one.room == *room,
            Queue::Sender(user) => one.sender.user == *user,
        };
        let beyond = tables.held.values().filter(|one| after.is_none_or(|after| one.id > after));
        let page = beyond.filter(is_meant).take(limit as usize);
        Ok(page.map(|one| tables.waiting(one)).collect())
    }

    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Option<Held>> {
        let tables = self.tables();
        let found = tables.held.get(&id).filter(|one| one.room == room);
        Ok(found.map(|one| tables.waiting(one)))
    }

    async fn join_requests(
        &self,
        queue: Queue,
        after: Option<JoinRequestId>,
        limit: u32,
    ) -> Result<Vec<(JoinRequest, Profile)>> {
        let tables = self.tables();
        let is_meant = |request: &&JoinRequest| match &queue {
            Queue::All => true,
            Queue::Room(room) => request.room == *room,
            Queue::Sender(user) => request.user == *user,
        };
        let all = tables.join_requests.values().filter(is_meant);
        let mut page: Vec<_> = all.filter(|request| after.is_none_or(|after| request.id > after)).collect();
        page.sort_by_key(|request| request.id);
        page.truncate(limit as usize);
        Ok(page.into_iter().map(|request| (request.clone(), tables.profile(&request.user))).collect())
    }

    async fn join_request(&self, room: RoomId, id: JoinRequestId) -> Result<Option<JoinRequest>> {
        let tables = self.tables();
        let found = tables.join_requests.values().find(|request| (request.room, request.id) == (room, id));
        Ok(found.cloned())
    }
}
