//! Which query answers which read.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use async_trait::async_trait;

use super::{
    PostgresStore, alerts, amend, attachments, edits, follows, held, hidden, joins, keeping, moderation,
    notify, outbox, push, read, records, search, settings,
};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{AttachmentId, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, DoNotDisturb, Edit, Follow, Hidden, Invite, InviteCode, JoinRequest, Member, Message,
    PinCursor, Position, Profile, Reaction, Relation, RelationKind, Report, Room, Settings, ThreadCursor,
};
use crate::store::index::Step;
use crate::store::{
    Alert, ChangeReads, FollowedThread, Found, Held, MemberEntry, Memberships, MessageReads, ModerationReads,
    OutboxRow, PeopleReads, PushBatch, PushRetry, PushStore, Queue, Record, RecordPage, RoomEntry, RoomReads,
    Search, StoredAttachment, ThreadReads, Upkeep,
};

#[async_trait]
impl RoomReads for PostgresStore {
    async fn membership(&self, room: RoomId, user: &UserId) -> Result<Option<(Room, Option<Member>)>> {
        Ok(read::membership(&self.connections, room, user).await?)
    }

    async fn rooms(&self, ids: &[RoomId]) -> Result<Vec<Room>> {
        Ok(read::rooms(&self.connections, ids).await?)
    }

    async fn room_entry(&self, room: RoomId, user: &UserId, listed: usize) -> Result<Option<RoomEntry>> {
        Ok(read::room_entry(&self.connections, room, user, listed).await?)
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        skip: u64,
        limit: u32,
        listed: usize,
    ) -> Result<(Vec<RoomEntry>, u64)> {
        Ok(read::rooms_of(&self.connections, user, skip, limit, listed).await?)
    }

    async fn public_rooms(&self, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        Ok(read::public_rooms(&self.connections, before, limit).await?)
    }

    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships> {
        Ok(read::memberships(&self.connections, user, after, limit).await?)
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>> {
        Ok(read::members(&self.connections, room, after, limit).await?)
    }

    async fn seniors(&self, room: RoomId, limit: u32) -> Result<Vec<Member>> {
        Ok(read::seniors(&self.connections, room, limit).await?)
    }

    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>> {
        Ok(read::read_marks(&self.connections, rooms).await?)
    }

    async fn invite(&self, code: InviteCode) -> Result<Option<Invite>> {
        Ok(read::invite(&self.connections, code).await?)
    }

    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>> {
        Ok(read::invites(&self.connections, room).await?)
    }

    async fn invitations(
        &self,
        user: &UserId,
        after: Option<InviteCode>,
        limit: u32,
    ) -> Result<Vec<(Invite, Room)>> {
        Ok(read::invitations(&self.connections, user, after, limit).await?)
    }
}

#[async_trait]
impl MessageReads for PostgresStore {
    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
        Ok(read::messages(&self.connections, room, seqs).await?)
    }

    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        Ok(read::message(&self.connections, room, id).await?)
    }

    async fn reactions(
        &self,
        room: RoomId,
        seq: u64,
        after: Option<&(Reaction, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Reaction, Profile)>> {
        Ok(amend::reactions(&self.connections, room, seq, after, limit).await?)
    }

    async fn reactions_of(
        &self,
        room: RoomId,
        user: &UserId,
        seqs: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Reaction)>> {
        Ok(amend::reactions_of(&self.connections, room, user, seqs).await?)
    }

    async fn edits(&self, room: RoomId, seq: u64, before: Option<u64>, limit: u32) -> Result<Vec<Edit>> {
        Ok(edits::edits(&self.connections, room, seq, before, limit).await?)
    }

    async fn pinned(&self, room: RoomId, before: Option<PinCursor>, limit: u32) -> Result<Vec<Message>> {
        Ok(amend::pinned(&self.connections, room, before, limit).await?)
    }

    async fn hidden(&self, room: RoomId, user: &UserId, seqs: RangeInclusive<u64>) -> Result<Vec<u64>> {
        Ok(hidden::hidden(&self.connections, room, user, seqs).await?)
    }

    async fn search(&self, search: Search) -> Result<Found> {
        Ok(search::search(&self.connections, &search).await?)
    }

    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>> {
        Ok(attachments::attachment(&self.connections, room, id).await?)
    }

    async fn stored_bytes(&self, user: &UserId) -> Result<u64> {
        Ok(attachments::stored_bytes(&self.connections, user).await?)
    }
}

#[async_trait]
impl ThreadReads for PostgresStore {
    async fn replies(
        &self,
        room: RoomId,
        root: u64,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        Ok(amend::replies(&self.connections, room, root, before, limit).await?)
    }

    async fn follow(&self, room: RoomId, root: u64, user: &UserId) -> Result<Option<Follow>> {
        Ok(follows::follow(&self.connections, room, root, user).await?)
    }

    async fn follows(&self, user: &UserId, after: Option<(RoomId, u64)>, limit: u32) -> Result<Vec<Follow>> {
        Ok(follows::follows(&self.connections, user, after, limit).await?)
    }

    async fn followers(&self, room: RoomId, roots: &[u64], users: &[UserId]) -> Result<Vec<Follow>> {
        Ok(follows::followers(&self.connections, room, roots, users).await?)
    }

    async fn followed_threads(
        &self,
        user: &UserId,
        before: Option<ThreadCursor>,
        limit: u32,
    ) -> Result<Vec<FollowedThread>> {
        Ok(follows::followed(&self.connections, user, before, limit).await?)
    }

    async fn unread_replies(&self, user: &UserId, threads: &[(RoomId, u64, u64)]) -> Result<Vec<u64>> {
        Ok(follows::unread(&self.connections, user, threads).await?)
    }
}

#[async_trait]
impl ChangeReads for PostgresStore {
    async fn changed_rooms(
        &self,
        user: &UserId,
        since: &Position,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>> {
        Ok(read::changed_rooms(&self.connections, user, since, after, limit).await?)
    }

    async fn stays_since(&self, users: &[UserId], since: &Position) -> Result<Vec<(UserId, RoomId)>> {
        Ok(read::stays_since(&self.connections, users, since).await?)
    }

    async fn messages_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Message>> {
        Ok(read::messages_since(&self.connections, room, (after, until), limit).await?)
    }

    async fn amended_since(
        &self,
        room: RoomId,
        made_until: u64,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Message>> {
        Ok(amend::amended_since(&self.connections, room, made_until, (after, until), limit).await?)
    }

    async fn hidden_since(
        &self,
        room: RoomId,
        user: Option<&UserId>,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Hidden>> {
        Ok(hidden::hidden_since(&self.connections, room, user, (after, until), limit).await?)
    }

    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>> {
        Ok(follows::follows_since(&self.connections, room, (after, until), limit).await?)
    }

    async fn members_since(
        &self,
        room: RoomId,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(Member, Profile)>> {
        Ok(read::members_since(&self.connections, room, (after, until), limit).await?)
    }

    async fn marks_since(
        &self,
        room: RoomId,
        since: u64,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        Ok(read::marks_since(&self.connections, room, since, after, limit).await?)
    }
}

#[async_trait]
impl PeopleReads for PostgresStore {
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>> {
        Ok(read::profiles(&self.connections, users).await?)
    }

    async fn logouts(&self, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>> {
        Ok(read::logouts(&self.connections, users).await?)
    }

    async fn do_not_disturb(&self, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>> {
        Ok(notify::quiet(&self.connections, users).await?)
    }

    async fn settings(&self, users: &[UserId]) -> Result<Vec<(UserId, Settings)>> {
        Ok(settings::settings(&self.connections, users).await?)
    }

    async fn relation(&self, user: &UserId, other: &UserId) -> Result<Option<Relation>> {
        Ok(read::relation(&self.connections, user, other).await?)
    }

    async fn relations(
        &self,
        user: &UserId,
        kind: RelationKind,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Relation, Profile)>> {
        Ok(read::relations(&self.connections, user, kind, after, limit).await?)
    }

    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
        Ok(push::blocks(&self.connections, pairs).await?)
    }
}

#[async_trait]
impl ModerationReads for PostgresStore {
    async fn bans(
        &self,
        room: RoomId,
        now: Timestamp,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Ban, Profile)>> {
        Ok(moderation::bans(&self.connections, room, now, after, limit).await?)
    }

    async fn ban(&self, room: RoomId, user: &UserId) -> Result<Option<Ban>> {
        Ok(moderation::ban(&self.connections, room, user).await?)
    }

    async fn audit(&self, room: RoomId, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>> {
        Ok(moderation::audit(&self.connections, room, before, limit).await?)
    }

    async fn reports(
        &self,
        room: Option<RoomId>,
        after: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<Report>> {
        Ok(moderation::reports(&self.connections, room, after, limit).await?)
    }

    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>> {
        Ok(moderation::reports_by(&self.connections, user, after, limit).await?)
    }

    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: u32) -> Result<Vec<Held>> {
        Ok(held::held(&self.connections, &queue, after, limit).await?)
    }

    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Option<Held>> {
        Ok(held::message(&self.connections, room, id).await?)
    }

    async fn join_requests(
        &self,
        queue: Queue,
        after: Option<JoinRequestId>,
        limit: u32,
    ) -> Result<Vec<(JoinRequest, Profile)>> {
        Ok(joins::requests(&self.connections, &queue, after, limit).await?)
    }

    async fn join_request(&self, room: RoomId, id: JoinRequestId) -> Result<Option<JoinRequest>> {
        Ok(joins::request(&self.connections, room, id).await?)
    }
}

#[async_trait]
impl Upkeep for PostgresStore {
    async fn records(&self, page: RecordPage, limit: u32) -> Result<Vec<Record>> {
        Ok(records::records(&self.connections, &page, limit).await?)
    }

    async fn index(&self, limit: u32) -> Result<bool> {
        let _one = self.indexing.acquire().await.map_err(crate::Error::unavailable)?;
        let now = tokio::time::Instant::now().into_std();
        match self.waiting.next(limit as usize, now) {
            Step::Nothing => return Ok(false),
            Step::Look(after) => {
                let (waiting, last) = search::waiting_rooms(&self.connections, after).await?;
                self.waiting.looked(waiting, last, now);
            }
            Step::Rooms(mut taken) => match search::index(&self.connections, taken.rooms(), limit).await? {
                Some(done) => taken.done(done),
                // Another node's turn.
                None => return Ok(false),
            },
        }
        Ok(!self.waiting.is_empty())
    }

    fn outbox_table(&self) -> Option<&str> {
        Some(outbox::TABLE)
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxRow>> {
        Ok(read::outbox(&self.connections, limit).await?)
    }

    async fn unsent_attachments(&self, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>> {
        Ok(attachments::unsent(&self.connections, before, limit).await?)
    }

    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>> {
        Ok(read::erasures(&self.connections, limit).await?)
    }

    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        Ok(keeping::rooms(&self.connections, after, limit).await?)
    }
}

#[async_trait]
impl PushStore for PostgresStore {
    async fn pushed_since(&self, now: Timestamp) -> Result<Timestamp> {
        Ok(push::since(&self.connections, now).await?)
    }

    async fn unpushed_rooms(
        &self,
        since: Timestamp,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomId>> {
        Ok(push::rooms(&self.connections, since, after, limit).await?)
    }

    async fn claim_pushes(
        &self,
        rooms: &[RoomId],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(RoomId, u64)>> {
        Ok(push::claim(&self.connections, rooms, now, until).await?)
    }

    async fn due_pushes(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<PushRetry>> {
        Ok(push::due(&self.connections, now, until, limit).await?)
    }

    async fn due_alerts(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Alert>> {
        Ok(alerts::due(&self.connections, now, until, limit).await?)
    }

    async fn write_pushes(&self, batch: PushBatch) -> Result<()> {
        Ok(push::write(&self.connections, &batch).await?)
    }
}
