//! A store that counts its calls, and fails or hangs when it is told to.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{ErrorKind, Result};
use crate::id::{AttachmentId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, DoNotDisturb, Edit, Epoch, Follow, Hidden, Invite, InviteCode, Member, Message,
    PinCursor, Position, Profile, Reaction, Relation, RelationKind, Report, Room, Settings, ThreadCursor,
    Token,
};
use crate::store::{
    Batch, FollowedThread, Found, Held, MemberEntry, Memberships, OutboxRow, Outcome, PushBatch, PushRetry,
    Queue, Record, RecordPage, RoomEntry, Search, Store, StoredAttachment,
};
use async_trait::async_trait;
use parking_lot::Mutex;

/// Hands on to another store, and fails on demand. Its clones are one store.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> chat_core::Result<()> {
/// use chat_core::{ChatEngine, model::{Draft, NewRoom}, store::MemoryStore, testing::FaultyStore};
///
/// let store = FaultyStore::on(MemoryStore::new());
/// let engine = ChatEngine::builder().store(store.clone()).build().await?;
/// let ana = engine.as_user("ana".parse().unwrap());
/// let room = ana.create_room(NewRoom::group("Runners").with(["ben"])).await?.id();
///
/// store.refuse(true);
/// let refused = ana.send(room, Draft::text("hello")).await.unwrap_err();
/// assert!(refused.kind().is_retryable());
/// store.refuse(false);
/// ana.send(room, Draft::text("hello")).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct FaultyStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    refuses: AtomicBool,
    /// Held by whoever wants commits to hang after they are made and before they are reported.
    reporting: tokio::sync::RwLock<()>,
    /// Held by whoever wants a catch-up to hang before it reads messages.
    reading: tokio::sync::RwLock<()>,
    commits: tokio::sync::watch::Sender<usize>,
    calls: Mutex<BTreeMap<&'static str, usize>>,
    delays: Mutex<Option<Delays>>,
}

/// How long the next call takes.
struct Delays(Box<dyn FnMut() -> Duration + Send>);

impl fmt::Debug for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delays")
    }
}

impl FaultyStore {
    /// On this store.
    pub fn on(store: impl Store) -> Self {
        let inner = Inner {
            store: Arc::new(store),
            refuses: AtomicBool::new(false),
            reporting: tokio::sync::RwLock::new(()),
            reading: tokio::sync::RwLock::new(()),
            commits: tokio::sync::watch::Sender::new(0),
            calls: Mutex::default(),
            delays: Mutex::default(),
        };
        Self(Arc::new(inner))
    }

    /// The same store, for an engine that shares it.
    pub fn shared(&self) -> Arc<dyn Store> {
        Arc::new(self.clone())
    }

    /// From now on commits are refused with [`Unavailable`](ErrorKind::Unavailable), as on a full disk, or no more.
    /// Nothing of a refused one is written.
    pub fn refuse(&self, refuses: bool) {
        self.0.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Until this is dropped, what is committed is not reported. It waits for those that are reported just now.
    pub async fn hang(&self) -> tokio::sync::RwLockWriteGuard<'_, ()> {
        self.0.reporting.write().await
    }

    /// Until this is dropped, no catch-up reads messages.
    pub async fn hang_reads(&self) -> tokio::sync::RwLockWriteGuard<'_, ()> {
        self.0.reading.write().await
    }

    /// How many batches were committed, whether reported or not.
    pub fn commits(&self) -> tokio::sync::watch::Receiver<usize> {
        self.0.commits.subscribe()
    }

    /// How often each method was called since this was asked last, by its name; one that was not is left out.
    pub fn calls(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut *self.0.calls.lock())
    }

    /// Returns when the method is called, or was since [`Self::calls`]; never, where nobody calls it.
    pub async fn called(&self, method: &str) {
        while !self.0.calls.lock().contains_key(method) {
            tokio::task::yield_now().await;
        }
    }

    /// From now on each call waits for so long before it is made, and again, for what this gives then, before it
    /// is answered.
    pub fn delay(&self, delays: impl FnMut() -> Duration + Send + 'static) {
        *self.0.delays.lock() = Some(Delays(Box::new(delays)));
    }

    async fn pause(&self) {
        let delay = self.0.delays.lock().as_mut().map(|delays| (delays.0)());
        if let Some(delay) = delay.filter(|delay| !delay.is_zero()) {
            tokio::time::sleep(delay).await;
        }
    }

    fn store(&self, method: &'static str) -> &dyn Store {
        *self.0.calls.lock().entry(method).or_default() += 1;
        &*self.0.store
    }

    /// A call, with its delays.
    async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.pause().await;
        let answer = call.await;
        self.pause().await;
        answer
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for FaultyStore {
    async fn position(&self) -> Result<Token> {
        self.around(self.store("position").position()).await
    }

    async fn rotate_epoch(&self) -> Result<Epoch> {
        self.around(self.store("rotate_epoch").rotate_epoch()).await
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<Result<Outcome>>> {
        if self.0.refuses.load(Ordering::SeqCst) {
            return Err(ErrorKind::Unavailable.into());
        }
        self.pause().await;
        let outcomes = self.store("commit").commit(batch).await;
        self.0.commits.send_modify(|commits| *commits += 1);
        self.pause().await;
        drop(self.0.reporting.read().await);
        outcomes
    }

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

    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>> {
        self.around(self.store("reports_by").reports_by(user, after, limit)).await
    }

    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>> {
        self.around(self.store("erasures").erasures(limit)).await
    }

    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        self.around(self.store("keeping_rooms").keeping_rooms(after, limit)).await
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

    async fn bans(
        &self,
        room: RoomId,
        now: Timestamp,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Ban, Profile)>> {
        self.around(self.store("bans").bans(room, now, after, limit)).await
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

    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: u32) -> Result<Vec<Held>> {
        self.around(self.store("held").held(queue, after, limit)).await
    }

    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Option<Held>> {
        self.around(self.store("held_message").held_message(room, id)).await
    }

    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships> {
        self.around(self.store("memberships").memberships(user, after, limit)).await
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>> {
        self.around(self.store("members").members(room, after, limit)).await
    }

    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>> {
        self.around(self.store("read_marks").read_marks(rooms)).await
    }

    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
        self.around(self.store("messages").messages(room, seqs)).await
    }

    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        self.around(self.store("message").message(room, id)).await
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>> {
        self.around(self.store("profiles").profiles(users)).await
    }

    async fn settings(&self, users: &[UserId]) -> Result<Vec<(UserId, Settings)>> {
        self.around(self.store("settings").settings(users)).await
    }

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

    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>> {
        self.around(self.store("follows_since").follows_since(room, after, until, limit)).await
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

    async fn logouts(&self, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>> {
        self.around(self.store("logouts").logouts(users)).await
    }

    async fn do_not_disturb(&self, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>> {
        self.around(self.store("do_not_disturb").do_not_disturb(users)).await
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

    fn outbox_table(&self) -> Option<&str> {
        self.store("outbox_table").outbox_table()
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxRow>> {
        self.around(self.store("outbox").outbox(limit)).await
    }

    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>> {
        self.around(self.store("attachment").attachment(room, id)).await
    }

    async fn unsent_attachments(&self, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>> {
        self.around(self.store("unsent_attachments").unsent_attachments(before, limit)).await
    }

    async fn records(&self, page: RecordPage, limit: u32) -> Result<Vec<Record>> {
        self.around(self.store("records").records(page, limit)).await
    }

    /// Neither counted nor delayed: the engine calls it whenever it likes.
    async fn index(&self, limit: u32) -> Result<bool> {
        self.0.store.index(limit).await
    }

    async fn search(&self, search: Search) -> Result<Found> {
        self.around(self.store("search").search(search)).await
    }

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

    async fn write_pushes(&self, batch: PushBatch) -> Result<()> {
        self.around(self.store("write_pushes").write_pushes(batch)).await
    }

    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
        self.around(self.store("blocks").blocks(pairs)).await
    }
}
