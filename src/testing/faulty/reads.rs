//! Reads are counted and delayed, and handed on.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use async_trait::async_trait;

use super::FaultyStore;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{AttachmentId, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, DoNotDisturb, Edit, Follow, Hidden, Invite, InviteCode, JoinRequest, Member, Message,
    PinCursor, Position, Profile, Reaction, Relation, RelationKind, Report, Room, Settings, ThreadCursor,
};
use crate::store::{
    Alert, ChangeReads, FollowedThread, Found, Held, MemberEntry, Memberships, MessageReads, ModerationReads,
    OutboxRow, PeopleReads, PushBatch, PushRetry, PushStore, Queue, Record, RecordPage, RoomEntry, RoomReads,
    Search, StoredAttachment, ThreadReads, Upkeep,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl RoomReads for FaultyStore {
    async fn membership(&self, room: RoomId, user: &UserId) -> Result<Option<(Room, Option<Member>)>> {
        self.around(self.store("membership").membership(room, user)).await
    }

    async fn rooms(&self, ids: &[RoomId]) -> Result<Vec<Room>> {
        self.around(self.store("rooms").rooms(ids)).await
    }

    async fn room_entry(&self, room: RoomId, user: &UserId, listed: usize) -> Result<Option<RoomEntry>> {
        self.around(self.store("room_entry").room_entry(room, user, listed)).await
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        skip: u64,
        limit: u32,
        listed: usize,
    ) -> Result<(Vec<RoomEntry>, u64)> {
        self.around(self.store("rooms_of").rooms_of(user, skip, limit, listed)).await
    }

    async fn public_rooms(&self, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        self.around(self.store("public_rooms").public_rooms(before, limit)).await
    }

    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships> {
        self.around(self.store("memberships").memberships(user, after, limit)).await
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>> {
        self.around(self.store("members").members(room, after, limit)).await
    }

    async fn seniors(&self, room: RoomId, limit: u32) -> Result<Vec<Member>> {
        self.around(self.store("seniors").seniors(room, limit)).await
    }

    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>> {
        self.around(self.store("read_marks").read_marks(rooms)).await
    }

    async fn invite(&self, code: InviteCode) -> Result<Option<Invite>> {
        self.around(self.store("invite").invite(code)).await
    }

    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>> {
        self.around(self.store("invites").invites(room)).await
    }

    async fn invitations(
        &self,
        user: &UserId,
        after: Option<InviteCode>,
        limit: u32,
    ) -> Result<Vec<(Invite, Room)>> {
        self.around(self.store("invitations").invitations(user, after, limit)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl MessageReads for FaultyStore {
    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
        self.around(self.store("messages").messages(room, seqs)).await
    }

    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        self.around(self.store("message").message(room, id)).await
    }

    async fn reactions(
        &self,
        room: RoomId,
        seq: u64,
        after: Option<&(Reaction, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Reaction, Profile)>> {
        self.around(self.store("reactions").reactions(room, seq, after, limit)).await
    }

    async fn reactions_of(
        &self,
        room: RoomId,
        user: &UserId,
        seqs: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Reaction)>> {
        self.around(self.store("reactions_of").reactions_of(room, user, seqs)).await
    }

    async fn edits(&self, room: RoomId, seq: u64, before: Option<u64>, limit: u32) -> Result<Vec<Edit>> {
        self.around(self.store("edits").edits(room, seq, before, limit)).await
    }

    async fn pinned(&self, room: RoomId, before: Option<PinCursor>, limit: u32) -> Result<Vec<Message>> {
        self.around(self.store("pinned").pinned(room, before, limit)).await
    }

    async fn hidden(&self, room: RoomId, user: &UserId, seqs: RangeInclusive<u64>) -> Result<Vec<u64>> {
        self.around(self.store("hidden").hidden(room, user, seqs)).await
    }

    async fn search(&self, search: Search) -> Result<Found> {
        self.around(self.store("search").search(search)).await
    }

    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>> {
        self.around(self.store("attachment").attachment(room, id)).await
    }

    async fn stored_bytes(&self, user: &UserId) -> Result<u64> {
        self.around(self.store("stored_bytes").stored_bytes(user)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ThreadReads for FaultyStore {
    async fn replies(
        &self,
        room: RoomId,
        root: u64,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        self.around(self.store("replies").replies(room, root, before, limit)).await
    }

    async fn follow(&self, room: RoomId, root: u64, user: &UserId) -> Result<Option<Follow>> {
        self.around(self.store("follow").follow(room, root, user)).await
    }

    async fn follows(&self, user: &UserId, after: Option<(RoomId, u64)>, limit: u32) -> Result<Vec<Follow>> {
        self.around(self.store("follows").follows(user, after, limit)).await
    }

    async fn followers(&self, room: RoomId, roots: &[u64], users: &[UserId]) -> Result<Vec<Follow>> {
        self.around(self.store("followers").followers(room, roots, users)).await
    }

    async fn followed_threads(
        &self,
        user: &UserId,
        before: Option<ThreadCursor>,
        limit: u32,
    ) -> Result<Vec<FollowedThread>> {
        self.around(self.store("followed_threads").followed_threads(user, before, limit)).await
    }

    async fn unread_replies(&self, user: &UserId, threads: &[(RoomId, u64, u64)]) -> Result<Vec<u64>> {
        self.around(self.store("unread_replies").unread_replies(user, threads)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ChangeReads for FaultyStore {
    async fn changed_rooms(
        &self,
        user: &UserId,
        since: &Position,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>> {
        self.around(self.store("changed_rooms").changed_rooms(user, since, after, limit)).await
    }

    async fn stays_since(&self, users: &[UserId], since: &Position) -> Result<Vec<(UserId, RoomId)>> {
        self.around(self.store("stays_since").stays_since(users, since)).await
    }

    async fn messages_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Message>> {
        let store = self.store("messages_since");
        drop(self.0.reading.read().await);
        self.around(store.messages_since(room, after, until, limit)).await
    }

    async fn amended_since(
        &self,
        room: RoomId,
        made_until: u64,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let store = self.store("amended_since");
        self.around(store.amended_since(room, made_until, after, until, limit)).await
    }

    async fn hidden_since(
        &self,
        room: RoomId,
        user: Option<&UserId>,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Hidden>> {
        self.around(self.store("hidden_since").hidden_since(room, user, after, until, limit)).await
    }

    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>> {
        self.around(self.store("follows_since").follows_since(room, after, until, limit)).await
    }

    async fn members_since(
        &self,
        room: RoomId,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(Member, Profile)>> {
        self.around(self.store("members_since").members_since(room, after, until, limit)).await
    }

    async fn marks_since(
        &self,
        room: RoomId,
        since: u64,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        self.around(self.store("marks_since").marks_since(room, since, after, limit)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl PeopleReads for FaultyStore {
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>> {
        self.around(self.store("profiles").profiles(users)).await
    }

    async fn logouts(&self, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>> {
        self.around(self.store("logouts").logouts(users)).await
    }

    async fn do_not_disturb(&self, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>> {
        self.around(self.store("do_not_disturb").do_not_disturb(users)).await
    }

    async fn settings(&self, users: &[UserId]) -> Result<Vec<(UserId, Settings)>> {
        self.around(self.store("settings").settings(users)).await
    }

    async fn relation(&self, user: &UserId, other: &UserId) -> Result<Option<Relation>> {
        self.around(self.store("relation").relation(user, other)).await
    }

    async fn relations(
        &self,
        user: &UserId,
        kind: RelationKind,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Relation, Profile)>> {
        self.around(self.store("relations").relations(user, kind, after, limit)).await
    }

    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
        self.around(self.store("blocks").blocks(pairs)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ModerationReads for FaultyStore {
    async fn bans(
        &self,
        room: RoomId,
        now: Timestamp,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Ban, Profile)>> {
        self.around(self.store("bans").bans(room, now, after, limit)).await
    }

    async fn ban(&self, room: RoomId, user: &UserId) -> Result<Option<Ban>> {
        self.around(self.store("ban").ban(room, user)).await
    }

    async fn audit(&self, room: RoomId, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>> {
        self.around(self.store("audit").audit(room, before, limit)).await
    }

    async fn reports(
        &self,
        room: Option<RoomId>,
        after: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<Report>> {
        self.around(self.store("reports").reports(room, after, limit)).await
    }

    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>> {
        self.around(self.store("reports_by").reports_by(user, after, limit)).await
    }

    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: u32) -> Result<Vec<Held>> {
        self.around(self.store("held").held(queue, after, limit)).await
    }

    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Option<Held>> {
        self.around(self.store("held_message").held_message(room, id)).await
    }

    async fn join_requests(
        &self,
        queue: Queue,
        after: Option<JoinRequestId>,
        limit: u32,
    ) -> Result<Vec<(JoinRequest, Profile)>> {
        self.around(self.store("join_requests").join_requests(queue, after, limit)).await
    }

    async fn join_request(&self, room: RoomId, id: JoinRequestId) -> Result<Option<JoinRequest>> {
        self.around(self.store("join_request").join_request(room, id)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Upkeep for FaultyStore {
    async fn records(&self, page: RecordPage, limit: u32) -> Result<Vec<Record>> {
        self.around(self.store("records").records(page, limit)).await
    }

    /// Neither counted nor delayed: the engine calls it whenever it likes.
    async fn index(&self, limit: u32) -> Result<bool> {
        self.0.store.index(limit).await
    }

    fn outbox_table(&self) -> Option<&str> {
        self.store("outbox_table").outbox_table()
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxRow>> {
        self.around(self.store("outbox").outbox(limit)).await
    }

    async fn unsent_attachments(&self, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>> {
        self.around(self.store("unsent_attachments").unsent_attachments(before, limit)).await
    }

    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>> {
        self.around(self.store("erasures").erasures(limit)).await
    }

    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        self.around(self.store("keeping_rooms").keeping_rooms(after, limit)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl PushStore for FaultyStore {
    async fn pushed_since(&self, now: Timestamp) -> Result<Timestamp> {
        self.around(self.store("pushed_since").pushed_since(now)).await
    }

    async fn unpushed_rooms(
        &self,
        since: Timestamp,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomId>> {
        self.around(self.store("unpushed_rooms").unpushed_rooms(since, after, limit)).await
    }

    async fn claim_pushes(
        &self,
        rooms: &[RoomId],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(RoomId, u64)>> {
        self.around(self.store("claim_pushes").claim_pushes(rooms, now, until)).await
    }

    async fn due_pushes(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<PushRetry>> {
        self.around(self.store("due_pushes").due_pushes(now, until, limit)).await
    }

    async fn due_alerts(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Alert>> {
        self.around(self.store("due_alerts").due_alerts(now, until, limit)).await
    }

    async fn write_pushes(&self, batch: PushBatch) -> Result<()> {
        self.around(self.store("write_pushes").write_pushes(batch)).await
    }
}
