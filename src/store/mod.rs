//! Where rooms, members and messages are kept: the [`Store`] contract and the stores that come with the
//! crate.
//!
//! A store loads and writes; it decides nothing. What a [`Batch`] changes is decided by [`apply()`], one
//! piece of pure code for all stores, on the [`Rows`] that the store has loaded inside its transaction.
//! So a new feature of the engine is no new method in every store.

mod amend;
mod apply;
mod attachment;
mod body_hash;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod columns;
mod follow;
mod govern;
mod held;
mod hide;
mod import;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod index;
mod invites;
mod item;
mod memory;
mod mention;
mod moderate;
mod needs;
mod notify;
mod outbox;
mod outcome;
#[cfg(feature = "postgres")]
pub mod postgres;
mod push;
mod record;
mod relate;
mod report;
mod rows;
mod search;
mod settings;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod thread;

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{AttachmentId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, DoNotDisturb, Edit, Epoch, Follow, Hidden, Invite, InviteCode, Member, Message,
    PinCursor, Position, Profile, Reaction, Relation, RelationKind, Report, Room, Settings, ThreadCursor,
    Token,
};

pub use apply::apply;
pub use attachment::{Stage, StoredAttachment};
pub use body_hash::BodyHash;
pub use follow::FollowedThread;
pub use held::{Held, Hold, Queue, Settlement};
pub use item::{
    Amend, AttachOp, Batch, Erased, Forward, Item, Notice, Op, Refers, RelationItem, RelationOp, Reply,
    RoomItem, Ruling, SettingsItem, SettingsOp, Update,
};
pub use memory::MemoryStore;
pub use mention::Mention;
pub use needs::Needs;
pub use outbox::{HostTransaction, OutboxEntry, OutboxRow};
pub use outcome::{Answer, Change, Outcome, RelationChange, What};
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use push::{PushBatch, PushRetry};
pub use record::{Record, RecordPage, RoomRecord};
pub use rows::{Ordinals, ReactionKey, Rows, Sent};
pub use search::{Found, Search};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// A room with what its list entry shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomEntry {
    /// The room.
    pub room: Room,
    /// The membership of whoever asked.
    pub member: Member,
    /// Its newest message that whoever asked has not [hidden](Store::hidden); `None` without any.
    pub last_message: Option<Message>,
    /// Its first active participants, in the order of their ids and at most as many as were asked for; in a
    /// direct room always both of the pair, also when one has left.
    pub participants: Vec<Profile>,
    /// How many messages beyond the member's read mark [mention](Message::mentions) them: a deleted one mentions
    /// nobody any more.
    pub mentions: u64,
}

/// Rooms of a user, read at one position.
#[derive(Debug, Clone)]
pub struct Memberships {
    /// The store's position when they were read.
    pub position: Position,
    /// The rooms, closed ones too, in the order of their ids, each with the user's membership.
    pub rooms: Vec<(Room, Member)>,
}

/// An active member with what a list of participants shows.
#[derive(Debug, Clone)]
pub struct MemberEntry {
    /// The membership.
    pub member: Member,
    /// The user's profile.
    pub profile: Profile,
    /// When the user's last connection ended, as far as that was written; `None`: it never was.
    pub last_seen: Option<Timestamp>,
}

/// The contract of a store.
///
/// **Writing.** [`commit`](Store::commit) is the only way in, and the engine calls it one batch at a time
/// a lane. It is atomic for the batch as a whole (a crash keeps all of it or nothing) and for each item
/// (an item that is refused leaves nothing behind). When it returns `Ok`, what it reports is as durable as
/// the store ever makes it. When it returns `Err`, nothing of the batch may show later, but for one case: where
/// the connection to a database is lost in the commit itself and none other can be had, it is
/// [`Unavailable`](crate::ErrorKind::Unavailable), and a retry under the same client id tells what became of
/// it. Ids of rooms and messages to make are new: whoever calls generates them. No text of users holds a NUL.
///
/// **Reading.** Each method reads one consistent state, and a read that starts after a commit returned
/// sees that commit.
///
/// **Numbers.** A `seq` counts the messages of a room, a position the changes in the lane of a room, both from
/// 1; 0 is before the first. Where a method takes two positions of a room, `after` itself is left out and
/// `until` is in.
///
/// **Pages.** A `limit` counts rows, and a page starts beyond `after` or below `before`, `None` being the
/// beginning. A page with fewer rows than its `limit` is the last one: the engine asks no further. Of
/// [`records`](Store::records), only one without any is.
///
/// **Profiles.** A [`Message`] comes with its sender's profile of now; a user without a row is
/// [`Profile::unknown`].
///
/// **Quotes.** A [`Message`] comes with what it [quotes](crate::model::References::quoted) as that is now, which
/// is read along with it and not copied: only the number of the other message is kept. One that was cut away is quoted
/// by none any more.
///
/// **Mentions.** Whom a [`Message`] [mentions](crate::model::References::mentions) stands with it, and besides in rows of
/// their own ([`Rows::new_mentions`], [`Rows::ended_mentions`]), by which [`RoomEntry::mentions`] is counted.
///
/// **Threads.** A [`Message`]'s place in a [thread](crate::model::References::thread) is kept with it: a root's changes
/// with the replies, and a reply's never, also when it is deleted. Who follows it stands in rows of their own
/// ([`Rows::written_follows`]), which go with a root that is cut away.
///
/// **Outbox.** A store in a database may let transactions of the host's own leave messages in a table of it,
/// for the engine to send. One without answers [`outbox_table`](Store::outbox_table) with `None`,
/// [`outbox`](Store::outbox) with nothing, and passes over [`Batch::sent`].
///
/// **Errors.** Of every call: [`Unavailable`](crate::ErrorKind::Unavailable) when the same call may work later,
/// [`Corrupt`](crate::ErrorKind::Corrupt) when what is stored makes no sense. A room or member that is not
/// there is no error but an empty answer.
///
/// All cases of the contract are tests: see [`testing::store`](crate::testing::store).
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// The epoch and the position now.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn position(&self) -> Result<Token>;

    /// Starts another epoch and gives it, so that no token given out before holds any more. The position stays.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn rotate_epoch(&self) -> Result<Epoch>;

    /// Commits a batch in one transaction and reports for each item in its order. Items apply in order,
    /// each seeing those before it.
    ///
    /// An implementation locks and loads what [`Needs::of`] names into [`Rows`], and then what
    /// [`Needs::senders`], [`Needs::heirs`], [`Needs::relations_with`], [`Needs::roots`] and [`Needs::follows`] name, calls [`apply()`], writes
    /// what [`Rows`] says has changed, and commits.
    ///
    /// # Errors
    /// Of the batch, only those of [every call](Store). Of an item, what [`apply()`] refused it with.
    async fn commit(&self, batch: Batch) -> Result<Vec<Result<Outcome>>>;

    /// A room, and a user's membership of it, past or present; `None` where there is no such room.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn membership(&self, room: RoomId, user: &UserId) -> Result<Option<(Room, Option<Member>)>>;

    /// The rooms with these ids, each once and in any order; one that is not there is passed over. The engine
    /// asks for some 500 at most, among which an id may stand twice.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn rooms(&self, ids: &[RoomId]) -> Result<Vec<Room>>;

    /// A room as an active member's list shows it, naming at most `listed` participants; `None` for whoever is no
    /// active member. The engine asks for [`Config::max_listed`](crate::Config::max_listed) at most.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn room_entry(&self, room: RoomId, user: &UserId, listed: usize) -> Result<Option<RoomEntry>>;

    /// The rooms in which the user is active, closed ones too, newest [activity](Room::activity_at) first (then by
    /// id, newest first), and how many there are in all. The first `skip` are left out; each names at most
    /// `listed` participants.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn rooms_of(
        &self,
        user: &UserId,
        skip: u64,
        limit: u32,
        listed: usize,
    ) -> Result<(Vec<RoomEntry>, u64)>;

    /// Open public rooms, the newest first: by falling ids, below `before`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn public_rooms(&self, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>>;

    /// The invite link of this code, also one that holds no more.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn invite(&self, code: InviteCode) -> Result<Option<Invite>>;

    /// The invite links of a room, in any order. The engine keeps no more than
    /// [`Config::max_invites`](crate::Config::max_invites) of a room.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>>;

    /// The invitations of a user, also those that hold no more, with their rooms, in the order of their codes,
    /// beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn invitations(
        &self,
        user: &UserId,
        after: Option<InviteCode>,
        limit: u32,
    ) -> Result<Vec<(Invite, Room)>>;

    /// The bans of a room that [hold](Ban::holds) at this moment, each with the user's profile, in the order of the
    /// users' ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn bans(
        &self,
        room: RoomId,
        now: Timestamp,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Ban, Profile)>>;

    /// Reports that wait, of a room or of all, the oldest first: by their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn reports(&self, room: Option<RoomId>, after: Option<ReportId>, limit: u32)
    -> Result<Vec<Report>>;

    /// Messages that wait until somebody says whether they are said, the oldest first: by their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: u32) -> Result<Vec<Held>>;

    /// The message of this id, when it waits in this room.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Option<Held>>;
    /// The reports that a user has made, those that are resolved too, the oldest first: by their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>>;

    /// A room's audit trail, the newest first: by falling positions, below `before`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn audit(&self, room: RoomId, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>>;

    /// The user's active memberships, in the order of the rooms' ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships>;

    /// A room's active members, in the order of their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>>;

    /// Each active member's `(user, joined_seq, read_seq)`, by room. A room without any may be left out. The
    /// engine asks for a page of rooms at most, which is [`Limit::MAX`](crate::model::Limit::MAX). Whoever
    /// [hides](Settings::read_receipts) how far they have read stands where they came in.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>>;

    /// The messages with these numbers, in their order; a number that none has is passed over. The engine asks
    /// for a page at most, which is [`Limit::MAX`](crate::model::Limit::MAX).
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>>;

    /// The message of this id, when it is in this room.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>>;

    /// The profiles of those of these users who have one, in any order.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>>;

    /// When those of these users who ever [logged out](Batch::logouts) did so last, each once and in any
    /// order. The engine asks for some 500 at most, among whom one may stand twice.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn logouts(&self, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>>;

    /// When those of these users who ever said so [want no notices](Batch::do_not_disturb), each once and in any
    /// order. The engine asks for some 500 at most, among whom one may stand twice.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn do_not_disturb(&self, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>>;

    /// What those of these users who ever settled something let others see, each once and in any order. The
    /// engine asks for some 500 at most, among whom one may stand twice.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn settings(&self, users: &[UserId]) -> Result<Vec<(UserId, Settings)>>;

    /// The user's memberships, past ones too, of rooms in which anything changed after `since`: a row, the
    /// membership itself, or (at `since` or after it) a mark. In the order of the rooms' ids, beyond
    /// `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn changed_rooms(
        &self,
        user: &UserId,
        since: &Position,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>>;

    /// The memberships of these users, past ones too, that changed after `since`: whose
    /// [`changed_pos`](Member::changed_pos) is beyond where `since` has the room's lane. Each once and in any
    /// order. The engine asks for some 500 users at most, among whom one may stand twice.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn stays_since(&self, users: &[UserId], since: &Position) -> Result<Vec<(UserId, RoomId)>>;

    /// The room's messages made after `after` and up to `until`, in their order.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn messages_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Message>>;

    /// The room's messages made up to `made_until` and changed after `after` and up to `until`, in the order of
    /// those changes. What changed more than once stands at its last change.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn amended_since(
        &self,
        room: RoomId,
        made_until: u64,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Message>>;

    /// Who left which reactions on the message with this number, by reaction and then by user, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn reactions(
        &self,
        room: RoomId,
        seq: u64,
        after: Option<&(Reaction, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Reaction, Profile)>>;

    /// What the user left on the messages with these numbers, in their order, and then by reaction. The engine
    /// asks for a page of messages at most, which is [`Limit::MAX`](crate::model::Limit::MAX).
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn reactions_of(
        &self,
        room: RoomId,
        user: &UserId,
        seqs: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Reaction)>>;

    /// The former states of the message with this number that are kept, the newest first: by falling versions, below
    /// `before`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn edits(&self, room: RoomId, seq: u64, before: Option<u64>, limit: u32) -> Result<Vec<Edit>>;

    /// The room's pinned messages, below `before`: the newest pin first, those of one moment by falling numbers.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn pinned(&self, room: RoomId, before: Option<PinCursor>, limit: u32) -> Result<Vec<Message>>;

    /// The numbers of those of these messages that the user has hidden, in their order. A member whose
    /// [`hidden`](Member::hidden) is 0 has hidden none, and is not asked for.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn hidden(&self, room: RoomId, user: &UserId, seqs: RangeInclusive<u64>) -> Result<Vec<u64>>;

    /// What the user, or with `None` anybody, has hidden in the room after `after` and up to `until`, in the order of
    /// the positions.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn hidden_since(
        &self,
        room: RoomId,
        user: Option<&UserId>,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Hidden>>;
    /// The replies to the message with this number, deleted ones too, below `before`: the newest first.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn replies(&self, room: RoomId, root: u64, before: Option<u64>, limit: u32)
    -> Result<Vec<Message>>;

    /// Whether the user follows the thread of the message with this number, where anything stands there.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn follow(&self, room: RoomId, root: u64, user: &UserId) -> Result<Option<Follow>>;

    /// Of which threads it stands there whether the user follows them, by room and then the root's number, beyond
    /// `after`. The engine keeps no more than [`Config::max_followed_threads`](crate::Config::max_followed_threads) of a
    /// user.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn follows(&self, user: &UserId, after: Option<(RoomId, u64)>, limit: u32) -> Result<Vec<Follow>>;

    /// What anybody's standing in the threads of the room changed to after `after` and up to `until`, in the order of
    /// the positions.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>>;

    /// Which of these users follow which of the threads of the messages with these numbers, in any order. The engine
    /// asks for some 500 users at most, each once, and some 1,000 numbers.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn followers(&self, room: RoomId, roots: &[u64], users: &[UserId]) -> Result<Vec<Follow>>;

    /// The threads that the user follows in rooms in which they are active, closed ones too, below `before`: the newest
    /// activity first, which is when the newest reply came, also where it is deleted, or without any the root; then by
    /// room and root, the newest first. One whose root they have [hidden](Store::hidden) is left out.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn followed_threads(
        &self,
        user: &UserId,
        before: Option<ThreadCursor>,
        limit: u32,
    ) -> Result<Vec<FollowedThread>>;

    /// How many replies in each of these threads, by room and the root's number, are beyond that number: those of the
    /// user, deleted ones, and those that the user has [hidden](Store::hidden) not counted. The engine asks for a page at
    /// most, which is [`Limit::MAX`](crate::model::Limit::MAX).
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn unread_replies(&self, user: &UserId, threads: &[(RoomId, u64, u64)]) -> Result<Vec<u64>>;

    /// The room's memberships changed after `after` and up to `until`, oldest change first (then by user).
    ///
    /// Only the making of a room, and its end, change several at one position, so whoever pages on from the position of
    /// the last one starts at or after it; who was not there yet reads the room anew.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn members_since(
        &self,
        room: RoomId,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(Member, Profile)>>;

    /// The room's active members whose marks moved at `since` or after it, in the order of their ids,
    /// beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn marks_since(
        &self,
        room: RoomId,
        since: u64,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Member>>;

    /// How the user stands to another one, from the user's side; `None` where nothing stands there.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn relation(&self, user: &UserId, other: &UserId) -> Result<Option<Relation>>;

    /// Those who are this to the user, with their profiles, in the order of their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn relations(
        &self,
        user: &UserId,
        kind: RelationKind,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Relation, Profile)>>;

    /// The name of the table that a [`HostTransaction`] writes to, the same for as long as the store is
    /// open. `None` without an outbox: nobody can write to it, and nobody asks what waits in it.
    fn outbox_table(&self) -> Option<&str>;

    /// What waits in the outbox, by rising number. A row may turn up below one that was read before: numbers
    /// are given while a transaction goes on.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxRow>>;

    /// The attachment of this id, when it is in this room.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>>;

    /// The attachments that are in no message and were begun at `before` or earlier, oldest first (then by
    /// room and id).
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn unsent_attachments(&self, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>>;

    /// Rows as they are moved to another store, in the order of their keys and at most `limit`; none is the
    /// end. Whoever reads page after page sees each row that is there all the time once.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn records(&self, page: RecordPage, limit: u32) -> Result<Vec<Record>>;

    /// Takes some `limit` of the messages that were sent or changed into the index of words, which follows behind
    /// the commits; `true` where more may wait. Called again until it says `false`, and of no other node, it has
    /// taken in whatever this store has committed before. A commit waits for it some milliseconds at most. A store
    /// that searches without an index has nothing to do.
    ///
    /// # Errors
    /// Only those of [every call](Store). What was taken in stays so, and the rest waits.
    async fn index(&self, limit: u32) -> Result<bool>;

    /// Users whose data is being [taken away](Batch::erased), in the order of their ids.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>>;

    /// The rooms of which it is said [how much is kept](Room::keeping), in the order of their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>>;

    /// The messages that a user looks for, newest first: of those in the [index](Store::index) in rooms in which they
    /// are active, those that are [meant](Search::means) and that they have not hidden, as they are now. No message comes on two pages, and none
    /// that is there all the time on none, whatever is sent meanwhile.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn search(&self, search: Search) -> Result<Found>;

    /// Since when there are [notices](crate::push): `now`, where nobody has asked before, and the same from then on.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn pushed_since(&self, now: Timestamp) -> Result<Timestamp>;

    /// The rooms whose newest message came at `since` or later and is not [considered](PushBatch::considered) yet, in
    /// the order of their ids, beyond `after`. It may look at all rooms there are.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn unpushed_rooms(
        &self,
        since: Timestamp,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomId>>;

    /// Claims those of these rooms that nobody holds at `now`, until then, each with the number up to which its
    /// messages are considered; 0 at first. Of two who claim a room at once, one gets it. What a process held that has
    /// ended may be free at once. The engine names each once.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn claim_pushes(
        &self,
        rooms: &[RoomId],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(RoomId, u64)>>;

    /// Takes the notices that are due at `now`, the earliest first (then by room and user): they are due again at
    /// `until`. No two callers get the same one.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn due_pushes(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<PushRetry>>;

    /// Writes what has come of notices.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn write_pushes(&self, batch: PushBatch) -> Result<()>;

    /// Those of these pairs of which the first has blocked the second, in any order. The engine asks for some 500 at
    /// most, each once.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>>;
}
