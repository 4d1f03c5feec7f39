//! Which query answers which read.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use async_trait::async_trait;

use super::error::SqliteError;
use super::{
    SqliteStore, alerts, amend, attachments, edits, follows, held, hidden, joins, keeping, moderation,
    notify, outbox, push, read, records, search, settings,
};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{AttachmentId, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, DoNotDisturb, Edit, Follow, Hidden, Invite, InviteCode, JoinRequest, Member, Message,
    PinCursor, Position, Profile, Reaction, Relation, RelationKind, Report, Room, Settings, ThreadCursor,
};
use crate::store::index::{Piece, Step};
use crate::store::{
    Alert, ChangeReads, FollowedThread, Found, Held, MemberEntry, Memberships, MessageReads, ModerationReads,
    OutboxRow, PeopleReads, PushBatch, PushRetry, PushStore, Queue, Record, RecordPage, RoomEntry, RoomReads,
    Search, StoredAttachment, ThreadReads, Upkeep,
};

#[async_trait]
impl RoomReads for SqliteStore {
    async fn membership(&self, room: RoomId, user: &UserId) -> Result<Option<(Room, Option<Member>)>> {
        let user = user.clone();
        let read = self.readers.run(move |tx| {
            let Some(found) = read::room(tx, room)? else { return Ok(None) };
            Ok(Some((found, read::member(tx, room, &user)?)))
        });
        Ok(read.await?)
    }

    async fn rooms(&self, ids: &[RoomId]) -> Result<Vec<Room>> {
        let ids = ids.to_vec();
        Ok(self.readers.run(move |tx| read::rooms(tx, &ids)).await?)
    }

    async fn room_entry(&self, room: RoomId, user: &UserId, listed: usize) -> Result<Option<RoomEntry>> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| read::room_entry(tx, room, &user, listed)).await?)
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        skip: u64,
        limit: u32,
        listed: usize,
    ) -> Result<(Vec<RoomEntry>, u64)> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| read::rooms_of(tx, &user, skip, limit, listed)).await?)
    }

    async fn public_rooms(&self, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        Ok(self.readers.run(move |tx| read::public_rooms(tx, before, limit)).await?)
    }

    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| read::memberships(tx, &user, after, limit)).await?)
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>> {
        let after = after.cloned();
        Ok(self.readers.run(move |tx| read::members(tx, room, after.as_ref(), limit)).await?)
    }

    async fn seniors(&self, room: RoomId, limit: u32) -> Result<Vec<Member>> {
        let seniors = self.readers.run(move |tx| read::heirs(tx, room, limit)).await?;
        Ok(seniors.into_iter().map(|(member, _)| member).collect())
    }

    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>> {
        let rooms = rooms.to_vec();
        let marks = move |tx: &rusqlite::Transaction<'_>| {
            rooms.iter().map(|room| Ok((*room, read::read_marks(tx, *room)?))).collect()
        };
        Ok(self.readers.run(marks).await?)
    }

    async fn invite(&self, code: InviteCode) -> Result<Option<Invite>> {
        Ok(self.readers.run(move |tx| read::invite(tx, code)).await?)
    }

    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>> {
        Ok(self.readers.run(move |tx| read::invites(tx, room)).await?)
    }

    async fn invitations(
        &self,
        user: &UserId,
        after: Option<InviteCode>,
        limit: u32,
    ) -> Result<Vec<(Invite, Room)>> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| read::invitations(tx, &user, after, limit)).await?)
    }
}

#[async_trait]
impl MessageReads for SqliteStore {
    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
        Ok(self.readers.run(move |tx| read::messages(tx, room, seqs)).await?)
    }

    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        Ok(self.readers.run(move |tx| read::message(tx, room, id)).await?)
    }

    async fn reactions(
        &self,
        room: RoomId,
        seq: u64,
        after: Option<&(Reaction, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Reaction, Profile)>> {
        let after = after.cloned();
        Ok(self.readers.run(move |tx| amend::reactions(tx, room, seq, after.as_ref(), limit)).await?)
    }

    async fn reactions_of(
        &self,
        room: RoomId,
        user: &UserId,
        seqs: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Reaction)>> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| amend::reactions_of(tx, room, &user, seqs)).await?)
    }

    async fn edits(&self, room: RoomId, seq: u64, before: Option<u64>, limit: u32) -> Result<Vec<Edit>> {
        Ok(self.readers.run(move |tx| edits::edits(tx, room, seq, before, limit)).await?)
    }

    async fn pinned(&self, room: RoomId, before: Option<PinCursor>, limit: u32) -> Result<Vec<Message>> {
        Ok(self.readers.run(move |tx| amend::pinned(tx, room, before, limit)).await?)
    }

    async fn hidden(&self, room: RoomId, user: &UserId, seqs: RangeInclusive<u64>) -> Result<Vec<u64>> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| hidden::hidden(tx, room, &user, seqs)).await?)
    }

    async fn search(&self, search: Search) -> Result<Found> {
        Ok(self.readers.run(move |tx| search::search(tx, &search)).await?)
    }

    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>> {
        Ok(self.readers.run(move |tx| attachments::attachment(tx, room, id)).await?)
    }

    async fn stored_bytes(&self, user: &UserId) -> Result<u64> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| attachments::stored_bytes(tx, &user)).await?)
    }
}

#[async_trait]
impl ThreadReads for SqliteStore {
    async fn replies(
        &self,
        room: RoomId,
        root: u64,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        Ok(self.readers.run(move |tx| amend::replies(tx, room, root, before, limit)).await?)
    }

    async fn follow(&self, room: RoomId, root: u64, user: &UserId) -> Result<Option<Follow>> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| follows::follow(tx, room, root, &user)).await?)
    }

    async fn follows(&self, user: &UserId, after: Option<(RoomId, u64)>, limit: u32) -> Result<Vec<Follow>> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| follows::follows(tx, &user, after, limit)).await?)
    }

    async fn followers(&self, room: RoomId, roots: &[u64], users: &[UserId]) -> Result<Vec<Follow>> {
        let (roots, users) = (roots.to_vec(), users.to_vec());
        Ok(self.readers.run(move |tx| follows::followers(tx, room, &roots, &users)).await?)
    }

    async fn followed_threads(
        &self,
        user: &UserId,
        before: Option<ThreadCursor>,
        limit: u32,
    ) -> Result<Vec<FollowedThread>> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| follows::followed(tx, &user, before, limit)).await?)
    }

    async fn unread_replies(&self, user: &UserId, threads: &[(RoomId, u64, u64)]) -> Result<Vec<u64>> {
        let (user, threads) = (user.clone(), threads.to_vec());
        Ok(self.readers.run(move |tx| follows::unread(tx, &user, &threads)).await?)
    }
}

#[async_trait]
impl ChangeReads for SqliteStore {
    async fn changed_rooms(
        &self,
        user: &UserId,
        since: &Position,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>> {
        let (user, since) = (user.clone(), *since);
        Ok(self.readers.run(move |tx| read::changed_rooms(tx, &user, &since, after, limit)).await?)
    }

    async fn stays_since(&self, users: &[UserId], since: &Position) -> Result<Vec<(UserId, RoomId)>> {
        let (users, since) = (users.to_vec(), *since);
        Ok(self.readers.run(move |tx| read::stays_since(tx, &users, &since)).await?)
    }

    async fn messages_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Message>> {
        Ok(self.readers.run(move |tx| read::messages_since(tx, room, (after, until), limit)).await?)
    }

    async fn amended_since(
        &self,
        room: RoomId,
        made_until: u64,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let span = (after, until);
        Ok(self.readers.run(move |tx| amend::amended_since(tx, room, made_until, span, limit)).await?)
    }

    async fn hidden_since(
        &self,
        room: RoomId,
        user: Option<&UserId>,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Hidden>> {
        let (user, span) = (user.cloned(), (after, until));
        Ok(self.readers.run(move |tx| hidden::hidden_since(tx, room, user.as_ref(), span, limit)).await?)
    }

    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>> {
        Ok(self.readers.run(move |tx| follows::follows_since(tx, room, (after, until), limit)).await?)
    }

    async fn members_since(
        &self,
        room: RoomId,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(Member, Profile)>> {
        Ok(self.readers.run(move |tx| read::members_since(tx, room, (after, until), limit)).await?)
    }

    async fn marks_since(
        &self,
        room: RoomId,
        since: u64,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        let after = after.cloned();
        Ok(self.readers.run(move |tx| read::marks_since(tx, room, since, after.as_ref(), limit)).await?)
    }
}

#[async_trait]
impl PeopleReads for SqliteStore {
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>> {
        let users = users.to_vec();
        Ok(self.readers.run(move |tx| read::profiles(tx, &users)).await?)
    }

    async fn logouts(&self, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>> {
        let users = users.to_vec();
        Ok(self.readers.run(move |tx| read::logouts(tx, &users)).await?)
    }

    async fn do_not_disturb(&self, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>> {
        let users = users.to_vec();
        Ok(self.readers.run(move |tx| notify::quiet(tx, &users)).await?)
    }

    async fn settings(&self, users: &[UserId]) -> Result<Vec<(UserId, Settings)>> {
        let users = users.to_vec();
        Ok(self.readers.run(move |tx| settings::settings(tx, &users)).await?)
    }

    async fn relation(&self, user: &UserId, other: &UserId) -> Result<Option<Relation>> {
        let (user, other) = (user.clone(), other.clone());
        Ok(self.readers.run(move |tx| read::relation(tx, &user, &other)).await?)
    }

    async fn relations(
        &self,
        user: &UserId,
        kind: RelationKind,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Relation, Profile)>> {
        let (user, after) = (user.clone(), after.cloned());
        Ok(self.readers.run(move |tx| read::relations(tx, &user, kind, after.as_ref(), limit)).await?)
    }

    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
        let pairs = pairs.to_vec();
        Ok(self.readers.run(move |tx| push::blocks(tx, &pairs)).await?)
    }
}

#[async_trait]
impl ModerationReads for SqliteStore {
    async fn bans(
        &self,
        room: RoomId,
        now: Timestamp,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Ban, Profile)>> {
        let after = after.cloned();
        Ok(self.readers.run(move |tx| moderation::bans(tx, room, now, after.as_ref(), limit)).await?)
    }

    async fn ban(&self, room: RoomId, user: &UserId) -> Result<Option<Ban>> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| moderation::ban(tx, room, &user)).await?)
    }

    async fn audit(&self, room: RoomId, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>> {
        Ok(self.readers.run(move |tx| moderation::audit(tx, room, before, limit)).await?)
    }

    async fn reports(
        &self,
        room: Option<RoomId>,
        after: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<Report>> {
        Ok(self.readers.run(move |tx| moderation::reports(tx, room, after, limit)).await?)
    }

    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>> {
        let user = user.clone();
        Ok(self.readers.run(move |tx| moderation::reports_by(tx, &user, after, limit)).await?)
    }

    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: u32) -> Result<Vec<Held>> {
        Ok(self.readers.run(move |tx| held::held(tx, &queue, after, limit)).await?)
    }

    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Option<Held>> {
        Ok(self.readers.run(move |tx| held::message(tx, room, id)).await?)
    }

    async fn join_requests(
        &self,
        queue: Queue,
        after: Option<JoinRequestId>,
        limit: u32,
    ) -> Result<Vec<(JoinRequest, Profile)>> {
        Ok(self.readers.run(move |tx| joins::requests(tx, &queue, after, limit)).await?)
    }

    async fn join_request(&self, room: RoomId, id: JoinRequestId) -> Result<Option<JoinRequest>> {
        Ok(self.readers.run(move |tx| joins::request(tx, room, id)).await?)
    }
}

#[async_trait]
impl Upkeep for SqliteStore {
    async fn records(&self, page: RecordPage, limit: u32) -> Result<Vec<Record>> {
        Ok(self.readers.run(move |tx| records::records(tx, &page, limit)).await?)
    }

    async fn index(&self, limit: u32) -> Result<bool> {
        let _one = self.indexing.acquire().await.map_err(|_| SqliteError::WriterGone)?;
        let now = tokio::time::Instant::now().into_std();
        match self.waiting.next(limit as usize, now) {
            Step::Nothing => return Ok(false),
            Step::Look(after) => {
                let (waiting, last) = self.readers.run(move |tx| search::waiting_rooms(tx, after)).await?;
                self.waiting.looked(waiting, last, now);
            }
            Step::Rooms(mut taken) => {
                let rooms = taken.rooms();
                let pieces = self.readers.run(move |tx| search::gather(tx, &rooms, limit)).await?;
                let done: Vec<RoomId> =
                    pieces.iter().filter(|piece| piece.is_whole).map(|piece| piece.room).collect();
                // Cut on a thread that may take its time, and not on the one that everybody waits for.
                let cut = move || {
                    let entries =
                        |piece: Piece| (piece.room, piece.progress, search::entries(&piece.messages));
                    pieces.into_iter().map(entries).collect::<Vec<_>>()
                };
                let pieces = tokio::task::spawn_blocking(cut).await.map_err(SqliteError::from)?;
                self.writer.run(move |tx| search::take_in(tx, &pieces)).await?;
                taken.done(done);
            }
        }
        Ok(!self.waiting.is_empty())
    }

    fn outbox_table(&self) -> Option<&str> {
        Some(outbox::TABLE)
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxRow>> {
        Ok(self.readers.run(move |tx| read::outbox(tx, limit)).await?)
    }

    async fn unsent_attachments(&self, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>> {
        Ok(self.readers.run(move |tx| attachments::unsent(tx, before, limit)).await?)
    }

    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>> {
        Ok(self.readers.run(move |tx| read::erasures(tx, limit)).await?)
    }

    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        Ok(self.readers.run(move |tx| keeping::rooms(tx, after, limit)).await?)
    }
}

#[async_trait]
impl PushStore for SqliteStore {
    async fn pushed_since(&self, now: Timestamp) -> Result<Timestamp> {
        Ok(self.writer.run(move |tx| push::since(tx, now)).await?)
    }

    async fn unpushed_rooms(
        &self,
        since: Timestamp,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomId>> {
        Ok(self.readers.run(move |tx| push::rooms(tx, since, after, limit)).await?)
    }

    async fn claim_pushes(
        &self,
        rooms: &[RoomId],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(RoomId, u64)>> {
        let claimed = self.claims.take(rooms, now, until);
        Ok(self.readers.run(move |tx| push::considered(tx, &claimed)).await?)
    }

    async fn due_pushes(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<PushRetry>> {
        if !self.readers.run(move |tx| push::is_due(tx, now)).await? {
            return Ok(Vec::new());
        }
        Ok(self.writer.run(move |tx| push::due(tx, now, until, limit)).await?)
    }

    async fn due_alerts(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Alert>> {
        if !self.readers.run(move |tx| alerts::is_due(tx, now)).await? {
            return Ok(Vec::new());
        }
        Ok(self.writer.run(move |tx| alerts::due(tx, now, until, limit)).await?)
    }

    async fn write_pushes(&self, batch: PushBatch) -> Result<()> {
        self.claims.go_on(&batch.held);
        if batch.notes_nothing() {
            return Ok(());
        }
        let considered = batch.considered.clone();
        self.writer.run(move |tx| push::write(tx, &batch)).await?;
        self.claims.free(&considered);
        Ok(())
    }
}
