//! The store in PostgreSQL, for a server that is several processes, and for years of history.
//!
//! All nodes of a server share one database. What a node's engine commits together is one transaction, of
//! a fixed number of statements however much it is. It first locks the row of its commit lane, until its
//! end: so positions commit in their order across nodes, and nothing deadlocks.
//!
//! Everything stands in the schema `chat` of the database, beside whatever else it holds, so that the host can
//! send messages in its own transactions by [`send_in`](crate::Actor::send_in). Connect to the
//! primary: a standby lags behind, and what a client had seen would be missing there. A pooler between the
//! two must give each connection a session of its own, for statements are prepared and settings made once
//! a connection. After a restore of an older copy, call [`rotate_epoch`](Store::rotate_epoch).
//!
//! A lost connection is opened anew with the next call. A commit whose answer is lost with its connection
//! is looked for in the database on another one; only when that cannot be had either is it
//! [`Unavailable`](crate::ErrorKind::Unavailable) and may yet have gone through, so that a retry under the
//! same client id is what tells.

mod amend;
mod attachments;
mod columns;
mod commit;
mod connections;
mod edits;
mod error;
mod follows;
mod held;
mod hidden;
mod keeping;
mod load;
mod mentions;
mod moderation;
mod notify;
mod outbox;
#[cfg(test)]
mod plans;
mod push;
mod read;
mod records;
mod schema;
mod search;
mod settings;
mod write;

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use async_trait::async_trait;

use self::connections::Connections;
use super::index::{Step, Waiting};
use super::{
    Batch, FollowedThread, Found, Held, MemberEntry, Memberships, OutboxRow, Outcome, PushBatch, PushRetry,
    Queue, Record, RecordPage, RoomEntry, Search, Store, StoredAttachment,
};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{AttachmentId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, DoNotDisturb, Edit, Epoch, Follow, Hidden, Invite, InviteCode, Member, Message,
    PinCursor, Position, Profile, Reaction, Relation, RelationKind, Report, Room, Settings, ThreadCursor,
    Token,
};

/// How a [`PostgresStore`] uses its database.
///
/// ```
/// use chat_core::store::postgres::PostgresOptions;
/// let mut options = PostgresOptions::default();
/// options.connections = 20;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// How many connections this node has at most, at least 1; whoever needs one more waits. They are opened
    /// on demand. Default 10.
    pub connections: u32,
    /// How long anything waits for a connection before it is
    /// [`Unavailable`](crate::ErrorKind::Unavailable). Default 5 s.
    pub connect_timeout: Duration,
    /// How long a statement may take, and how long a commit may lie still, in whole milliseconds and at least 1;
    /// after that it is undone, and [`Unavailable`](crate::ErrorKind::Unavailable). Where the server says nothing
    /// at all, its connection is given up a second later. Default 10 s.
    pub statement_timeout: Duration,
    /// How long a statement waits for a lock of another node's commit, likewise. Default 5 s.
    pub lock_timeout: Duration,
    /// How many commit lanes the store has, 1 to [`MAX_LANES`](crate::model::MAX_LANES). The first start
    /// fixes it, and the others must give the same number: every position that was ever given out counts
    /// lanes. Default 1, which is right until commits of one lane fill the database's time.
    pub lanes: usize,
    /// Whether connecting brings the schema to the version that this code knows. Without it, an older
    /// schema is [`Unavailable`](crate::ErrorKind::Unavailable) until the files in `migrations/postgres`
    /// have been run by hand. Default true.
    pub migrate: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: 10,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            lanes: 1,
            migrate: true,
        }
    }
}

/// Keeps everything in one PostgreSQL database, version 13 or newer.
///
/// ```no_run
/// # async fn connect() -> chat_core::Result<()> {
/// use chat_core::store::PostgresStore;
/// let store = PostgresStore::connect("postgres://chat@localhost/chat").await?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    connections: Connections,
    lanes: usize,
    /// Rooms that wait for the index of words, as far as this node knows.
    waiting: Waiting,
    /// One call at a time takes into the index.
    indexing: tokio::sync::Semaphore,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Connects to the database of a `postgres://` URL and brings its schema to the newest version. Nodes
    /// that do so at once wait for each other.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when the database cannot be reached, lets nobody in, is a
    /// standby, or waits to be [migrated](PostgresOptions::migrate) by hand.
    /// [`Corrupt`](crate::ErrorKind::Corrupt) when its schema `chat` is another program's, or that of a newer
    /// version of this crate; such a schema is left as it is. [`INVALID_INPUT`](crate::ErrorKind::Invalid) for a
    /// URL that does not do, a server older than version 13, a database that does not keep its text in UTF-8, or
    /// another number of lanes than the database was begun with.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, PostgresOptions::default()).await
    }

    /// Like [`connect`](Self::connect), with other options than the default ones.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect).
    pub async fn connect_with(url: &str, options: PostgresOptions) -> Result<Self> {
        let connect = connections::connect_options(url, &options)?;
        schema::prepare(&connect, &options).await?;
        Ok(Self {
            connections: Connections::new(connect, &options),
            lanes: options.lanes,
            waiting: Waiting::default(),
            indexing: tokio::sync::Semaphore::new(1),
        })
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn position(&self) -> Result<Token> {
        Ok(read::token(&self.connections).await?)
    }

    async fn rotate_epoch(&self) -> Result<Epoch> {
        let epoch = Epoch::random();
        read::rotate_epoch(&self.connections, epoch).await?;
        Ok(epoch)
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<Result<Outcome>>> {
        let changed = self.waiting.rooms_of(&batch);
        let outcomes = commit::commit(&self.connections, self.lanes, batch).await?;
        self.waiting.add(changed);
        Ok(outcomes)
    }

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

    async fn bans(
        &self,
        room: RoomId,
        now: Timestamp,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Ban, Profile)>> {
        Ok(moderation::bans(&self.connections, room, now, after, limit).await?)
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

    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: u32) -> Result<Vec<Held>> {
        Ok(held::held(&self.connections, &queue, after, limit).await?)
    }

    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Option<Held>> {
        Ok(held::message(&self.connections, room, id).await?)
    }

    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships> {
        Ok(read::memberships(&self.connections, user, after, limit).await?)
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>> {
        Ok(read::members(&self.connections, room, after, limit).await?)
    }

    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>> {
        Ok(read::read_marks(&self.connections, rooms).await?)
    }

    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
        Ok(read::messages(&self.connections, room, seqs).await?)
    }

    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        Ok(read::message(&self.connections, room, id).await?)
    }

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

    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>> {
        Ok(follows::follows_since(&self.connections, room, (after, until), limit).await?)
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

    fn outbox_table(&self) -> Option<&str> {
        Some(outbox::TABLE)
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxRow>> {
        Ok(read::outbox(&self.connections, limit).await?)
    }

    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>> {
        Ok(attachments::attachment(&self.connections, room, id).await?)
    }

    async fn unsent_attachments(&self, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>> {
        Ok(attachments::unsent(&self.connections, before, limit).await?)
    }

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

    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>> {
        Ok(moderation::reports_by(&self.connections, user, after, limit).await?)
    }

    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>> {
        Ok(read::erasures(&self.connections, limit).await?)
    }

    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        Ok(keeping::rooms(&self.connections, after, limit).await?)
    }

    async fn search(&self, search: Search) -> Result<Found> {
        Ok(search::search(&self.connections, &search).await?)
    }

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

    async fn write_pushes(&self, batch: PushBatch) -> Result<()> {
        Ok(push::write(&self.connections, &batch).await?)
    }

    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
        Ok(push::blocks(&self.connections, pairs).await?)
    }
}
