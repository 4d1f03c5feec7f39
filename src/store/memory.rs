//! A store in memory: for tests, demos, and chats that may be forgotten.

mod follows;
mod push;
mod records;
mod state;

use std::collections::{BTreeSet, HashMap};
use std::ops::{Bound, RangeInclusive};

use async_trait::async_trait;
use parking_lot::Mutex;

use super::search::Gathering;
use super::{
    Batch, FollowedThread, Found, Held, MemberEntry, Memberships, Needs, OutboxRow, Outcome, PushBatch,
    PushRetry, Queue, Record, RecordPage, RoomEntry, Search, Stage, Store, StoredAttachment, apply,
};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{AttachmentId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, DoNotDisturb, Edit, Epoch, Follow, Hidden, Invite, InviteCode, Member, Message,
    PinCursor, Position, Profile, Reaction, Relation, RelationKind, Report, Room, Settings, ThreadCursor,
    Token, Visibility,
};
use state::{State, beyond, keep_latest};

/// Keeps everything in memory, behind one lock that is held for no longer than a batch takes.
///
/// A restart forgets all of it, and it grows for as long as people talk, without a bound. None of its calls fails.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store with an epoch of its own and one commit lane.
    ///
    /// # Panics
    /// As [`Epoch::random`].
    pub fn new() -> Self {
        Self::with_lanes(1)
    }

    /// An empty store with so many commit lanes, the number being held within 1 and
    /// [`MAX_LANES`](crate::model::MAX_LANES): for tests of what holds for any number of them. It is no faster
    /// for them.
    ///
    /// # Panics
    /// As [`Epoch::random`].
    pub fn with_lanes(lanes: usize) -> Self {
        Self { state: Mutex::new(State::new(lanes)) }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn position(&self) -> Result<Token> {
        let state = self.state.lock();
        Ok(Token { epoch: state.epoch, position: state.position })
    }

    async fn rotate_epoch(&self) -> Result<Epoch> {
        let mut state = self.state.lock();
        state.epoch = Epoch::random();
        Ok(state.epoch)
    }

    async fn commit(&self, mut batch: Batch) -> Result<Vec<Result<Outcome, Error>>> {
        let needs = Needs::of(&batch);
        let profiles = std::mem::take(&mut batch.profiles);
        let (last_seen, logouts) = (std::mem::take(&mut batch.last_seen), std::mem::take(&mut batch.logouts));
        let erased = std::mem::take(&mut batch.erased);
        let mut state = self.state.lock();
        for profile in profiles {
            let person = state.people.entry(profile.user.clone()).or_default();
            person.profile = Some(profile);
        }
        for (user, at) in last_seen {
            keep_latest(&mut state.people.entry(user).or_default().last_seen, at);
        }
        for (user, quiet) in std::mem::take(&mut batch.do_not_disturb) {
            state.people.entry(user).or_default().do_not_disturb = quiet;
        }
        for (user, at) in logouts {
            keep_latest(&mut state.people.entry(user).or_default().logged_out, at);
        }
        for (user, is_begun) in erased {
            if let Some(person) = state.people.get_mut(&user) {
                (person.profile, person.last_seen) = (None, None);
            }
            match is_begun {
                true => state.erasures.insert(user),
                false => state.erasures.remove(&user),
            };
        }
        let mut rows = state.load(&needs);
        let outcomes = apply(batch, &mut rows);
        state.write(rows);
        Ok(outcomes)
    }

    async fn membership(&self, room: RoomId, user: &UserId) -> Result<Option<(Room, Option<Member>)>> {
        let state = self.state.lock();
        let data = state.rooms.get(&room);
        Ok(data.map(|data| (data.room.clone(), data.members.get(user).cloned())))
    }

    async fn rooms(&self, ids: &[RoomId]) -> Result<Vec<Room>> {
        let state = self.state.lock();
        let found = BTreeSet::from_iter(ids).into_iter().filter_map(|id| state.rooms.get(id));
        Ok(found.map(|data| data.room.clone()).collect())
    }

    async fn room_entry(&self, room: RoomId, user: &UserId, listed: usize) -> Result<Option<RoomEntry>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(None) };
        let member = data.members.get(user).filter(|member| member.active);
        Ok(member.map(|member| state.entry(data, member, listed)))
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        skip: u64,
        limit: u32,
        listed: usize,
    ) -> Result<(Vec<RoomEntry>, u64)> {
        let state = self.state.lock();
        let mut rooms: Vec<_> = state.of_user(user, None).filter(|(_, member)| member.active).collect();
        rooms.sort_by_key(|(data, _)| std::cmp::Reverse((data.room.activity_at(), data.room.id)));
        let total = rooms.len() as u64;
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let page = rooms.into_iter().skip(skip).take(limit as usize);
        Ok((page.map(|(data, member)| state.entry(data, member, listed)).collect(), total))
    }

    async fn public_rooms(&self, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        let state = self.state.lock();
        let until = before.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = state.rooms.range((Bound::Unbounded, until)).rev().map(|(_, data)| &data.room);
        let public = rooms.filter(|room| room.active && room.about.visibility == Visibility::Public);
        Ok(public.take(limit as usize).cloned().collect())
    }

    async fn invite(&self, code: InviteCode) -> Result<Option<Invite>> {
        Ok(self.state.lock().invites.get(&code).cloned())
    }

    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>> {
        let state = self.state.lock();
        Ok(state.invites.values().filter(|link| link.room == room).cloned().collect())
    }

    async fn invitations(
        &self,
        user: &UserId,
        after: Option<InviteCode>,
        limit: u32,
    ) -> Result<Vec<(Invite, Room)>> {
        let state = self.state.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let all = state.invites.range((from, Bound::Unbounded)).map(|(_, invite)| invite);
        let theirs = all.filter(|invite| invite.user.as_ref() == Some(user));
        let with_room = |invite: &Invite| Some((invite.clone(), state.rooms.get(&invite.room)?.room.clone()));
        Ok(theirs.filter_map(with_room).take(limit as usize).collect())
    }

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

    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships> {
        let state = self.state.lock();
        let rooms = state.of_user(user, after).filter(|(_, member)| member.active);
        let rooms = rooms.take(limit as usize).map(|(data, member)| (data.room.clone(), member.clone()));
        Ok(Memberships { position: state.position, rooms: rooms.collect() })
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let active = beyond(&data.members, after).filter(|member| member.active);
        let entry = |member: &Member| MemberEntry {
            member: member.clone(),
            profile: state.profile(&member.user),
            last_seen: state.people.get(&member.user).and_then(|person| person.last_seen),
        };
        Ok(active.take(limit as usize).map(entry).collect())
    }

    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>> {
        let state = self.state.lock();
        let mark = |member: &Member| (member.user.clone(), member.joined_seq, state.shown_mark(member));
        let marks = |room: &RoomId| Some((*room, state.rooms.get(room)?.active().map(mark).collect()));
        Ok(rooms.iter().filter_map(marks).collect())
    }

    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
        let state = self.state.lock();
        let messages = state.rooms.get(&room).map(|data| data.range(&seqs)).unwrap_or_default();
        Ok(messages.iter().map(|message| state.shown(message)).collect())
    }

    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        let state = self.state.lock();
        let found = state.rooms.get(&room).and_then(|data| data.at(*data.by_id.get(&id)?));
        Ok(found.map(|message| state.shown(message)))
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>> {
        let state = self.state.lock();
        Ok(users.iter().filter_map(|user| state.known(user)).collect())
    }

    async fn logouts(&self, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>> {
        let state = self.state.lock();
        let logout = |user: &UserId| Some((user.clone(), state.people.get(user)?.logged_out?));
        Ok(BTreeSet::from_iter(users).into_iter().filter_map(logout).collect())
    }

    async fn do_not_disturb(&self, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>> {
        let state = self.state.lock();
        let quiet = |user: &UserId| Some((user.clone(), state.people.get(user)?.do_not_disturb?));
        Ok(BTreeSet::from_iter(users).into_iter().filter_map(quiet).collect())
    }

    async fn settings(&self, users: &[UserId]) -> Result<Vec<(UserId, Settings)>> {
        let state = self.state.lock();
        let found =
            BTreeSet::from_iter(users).into_iter().filter_map(|user| state.settings.get_key_value(user));
        Ok(found.map(|(user, settings)| (user.clone(), *settings)).collect())
    }

    async fn changed_rooms(
        &self,
        user: &UserId,
        since: &Position,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>> {
        let state = self.state.lock();
        let changed = state.of_user(user, after).filter(|(data, member)| {
            let since = since.of_room(data.room.id);
            data.room.last_pos > since || member.changed_pos > since || data.room.marks_pos >= since
        });
        Ok(changed.take(limit as usize).map(|(data, member)| (data.room.clone(), member.clone())).collect())
    }

    async fn stays_since(&self, users: &[UserId], since: &Position) -> Result<Vec<(UserId, RoomId)>> {
        let state = self.state.lock();
        let stays = BTreeSet::from_iter(users).into_iter().flat_map(|user| state.of_user(user, None));
        let is_new = |member: &Member| member.changed_pos > since.of_room(member.room);
        let new = stays.filter(|(_, member)| is_new(member));
        Ok(new.map(|(_, member)| (member.user.clone(), member.room)).collect())
    }

    async fn messages_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Message>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let from = data.messages.partition_point(|message| message.pos <= after);
        let new = data.messages[from..].iter().take_while(|message| message.pos <= until);
        Ok(new.take(limit as usize).map(|message| state.shown(message)).collect())
    }

    async fn amended_since(
        &self,
        room: RoomId,
        made_until: u64,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room).filter(|_| after < until) else { return Ok(Vec::new()) };
        let amended = data.amended.range((Bound::Excluded(after), Bound::Included(until)));
        let messages = amended.filter_map(|(_, seq)| data.at(*seq));
        let messages = messages.filter(|message| message.pos <= made_until).take(limit as usize);
        Ok(messages.map(|message| state.shown(message)).collect())
    }

    async fn reactions(
        &self,
        room: RoomId,
        seq: u64,
        after: Option<&(Reaction, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Reaction, Profile)>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let Some(on) = data.reactions.get(&seq) else { return Ok(Vec::new()) };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let beyond = on.range((from, Bound::Unbounded)).take(limit as usize);
        Ok(beyond.map(|(reaction, user)| (reaction.clone(), state.profile(user))).collect())
    }

    async fn reactions_of(
        &self,
        room: RoomId,
        user: &UserId,
        seqs: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Reaction)>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        // A range that ends before it begins would panic.
        if seqs.is_empty() {
            return Ok(Vec::new());
        }
        let on = data.reactions.range(seqs).flat_map(|(seq, on)| on.iter().map(move |one| (seq, one)));
        let own = on.filter(|(_, (_, by))| by == user);
        Ok(own.map(|(seq, (reaction, _))| (*seq, reaction.clone())).collect())
    }

    async fn edits(&self, room: RoomId, seq: u64, before: Option<u64>, limit: u32) -> Result<Vec<Edit>> {
        let state = self.state.lock();
        let kept = state.rooms.get(&room).and_then(|data| data.edits.get(&seq)).map(Vec::as_slice);
        let below = kept.unwrap_or_default().iter().rev();
        let below = below.filter(|edit| before.is_none_or(|before| edit.version < before));
        Ok(below.take(limit as usize).cloned().collect())
    }

    async fn pinned(&self, room: RoomId, before: Option<PinCursor>, limit: u32) -> Result<Vec<Message>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let until = before.map_or(Bound::Unbounded, Bound::Excluded);
        let below = data.pins.range((Bound::Unbounded, until)).rev().take(limit as usize);
        Ok(below.filter_map(|pin| data.at(pin.seq)).map(|message| state.shown(message)).collect())
    }

    async fn hidden(&self, room: RoomId, user: &UserId, seqs: RangeInclusive<u64>) -> Result<Vec<u64>> {
        let state = self.state.lock();
        let hidden = state.rooms.get(&room).and_then(|data| data.hidden.get(user));
        // A range that ends before it begins would panic.
        let hidden = hidden.filter(|_| !seqs.is_empty());
        Ok(hidden.map(|hidden| hidden.range(seqs).copied().collect()).unwrap_or_default())
    }

    async fn hidden_since(
        &self,
        room: RoomId,
        user: Option<&UserId>,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Hidden>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room).filter(|_| after < until) else { return Ok(Vec::new()) };
        let since = data.hidden_at.range((Bound::Excluded(after), Bound::Included(until)));
        let meant = since.map(|(_, hidden)| hidden).filter(|one| user.is_none_or(|user| one.user == *user));
        Ok(meant.take(limit as usize).cloned().collect())
    }

    async fn replies(
        &self,
        room: RoomId,
        root: u64,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let all = data.replies.get(&root).map(Vec::as_slice).unwrap_or_default();
        let below = all.iter().rev().filter(|seq| before.is_none_or(|before| **seq < before));
        let found = below.take(limit as usize).filter_map(|seq| data.at(*seq));
        Ok(found.map(|message| state.shown(message)).collect())
    }

    async fn follow(&self, room: RoomId, root: u64, user: &UserId) -> Result<Option<Follow>> {
        Ok(self.state.lock().follow(room, root, user).cloned())
    }

    async fn follows(&self, user: &UserId, after: Option<(RoomId, u64)>, limit: u32) -> Result<Vec<Follow>> {
        let state = self.state.lock();
        let all = state.follows_of(user);
        let beyond = all.filter(|one| after.is_none_or(|after| (one.room, one.root_seq) > after));
        Ok(beyond.take(limit as usize).cloned().collect())
    }

    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let mut since: Vec<&Follow> =
            data.follows.values().filter(|one| one.pos > after && one.pos <= until).collect();
        since.sort_by_key(|one| one.pos);
        Ok(since.into_iter().take(limit as usize).cloned().collect())
    }

    async fn followers(&self, room: RoomId, roots: &[u64], users: &[UserId]) -> Result<Vec<Follow>> {
        let state = self.state.lock();
        let mut found = Vec::new();
        for root in roots {
            let there = users.iter().filter_map(|user| state.follow(room, *root, user));
            found.extend(there.filter(|follow| follow.following).cloned());
        }
        Ok(found)
    }

    async fn followed_threads(
        &self,
        user: &UserId,
        before: Option<ThreadCursor>,
        limit: u32,
    ) -> Result<Vec<FollowedThread>> {
        let mut threads = self.state.lock().followed(user, before);
        threads.truncate(limit as usize);
        Ok(threads)
    }

    async fn unread_replies(&self, user: &UserId, threads: &[(RoomId, u64, u64)]) -> Result<Vec<u64>> {
        let state = self.state.lock();
        let unread = |(room, root, above): &(RoomId, u64, u64)| {
            state.rooms.get(room).map_or(0, |data| data.unread_replies(user, *root, *above))
        };
        Ok(threads.iter().map(unread).collect())
    }

    async fn members_since(
        &self,
        room: RoomId,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(Member, Profile)>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let changed = |member: &&Member| member.changed_pos > after && member.changed_pos <= until;
        let mut members: Vec<_> = data.members.values().filter(changed).collect();
        members.sort_by_key(|member| member.changed_pos);
        members.truncate(limit as usize);
        Ok(members.into_iter().map(|member| (member.clone(), state.profile(&member.user))).collect())
    }

    async fn marks_since(
        &self,
        room: RoomId,
        since: u64,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let moved = beyond(&data.members, after).filter(|member| member.active && member.marks_pos >= since);
        Ok(moved.take(limit as usize).cloned().collect())
    }

    async fn relation(&self, user: &UserId, other: &UserId) -> Result<Option<Relation>> {
        Ok(self.state.lock().relation(user, other).cloned())
    }

    async fn relations(
        &self,
        user: &UserId,
        kind: RelationKind,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Relation, Profile)>> {
        let state = self.state.lock();
        let Some(side) = state.relations.get(user) else { return Ok(Vec::new()) };
        let found = beyond(side, after).filter(|relation| relation.kind == kind).take(limit as usize);
        Ok(found.map(|relation| (relation.clone(), state.profile(&relation.other))).collect())
    }

    /// No transaction of anybody's own reaches it.
    fn outbox_table(&self) -> Option<&str> {
        None
    }

    async fn outbox(&self, _limit: u32) -> Result<Vec<OutboxRow>> {
        Ok(Vec::new())
    }

    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>> {
        let state = self.state.lock();
        Ok(state.rooms.get(&room).and_then(|data| data.attachments.get(&id)).cloned())
    }

    async fn unsent_attachments(&self, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>> {
        let state = self.state.lock();
        let all = state.rooms.values().flat_map(|data| data.attachments.values());
        let is_unsent = |stored: &&StoredAttachment| {
            !matches!(stored.stage, Stage::Held(_) | Stage::Sent(_)) && stored.attachment.created_at <= before
        };
        let mut unsent: Vec<_> = all.filter(is_unsent).cloned().collect();
        unsent.sort_by_key(|StoredAttachment { attachment: a, .. }| (a.created_at, a.room, a.id));
        unsent.truncate(limit as usize);
        Ok(unsent)
    }

    async fn records(&self, page: RecordPage, limit: u32) -> Result<Vec<Record>> {
        Ok(records::records(&self.state.lock(), page, limit))
    }

    /// It searches without an index.
    async fn index(&self, _limit: u32) -> Result<bool> {
        Ok(false)
    }

    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>> {
        let state = self.state.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let beyond = state.reports.range((from, Bound::Unbounded)).map(|(_, report)| report);
        Ok(beyond.filter(|report| report.by == *user).take(limit as usize).cloned().collect())
    }

    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>> {
        Ok(self.state.lock().erasures.iter().take(limit as usize).cloned().collect())
    }

    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        let state = self.state.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = state.rooms.range((from, Bound::Unbounded)).map(|(_, data)| &data.room);
        Ok(rooms.filter(|room| room.keeping.is_some()).take(limit as usize).cloned().collect())
    }

    async fn search(&self, search: Search) -> Result<Found> {
        let state = self.state.lock();
        let mut page = Gathering::new(&search);
        let (from, to) = search.places();
        for (place, (room, seq)) in state.places.range(from..to.max(from)).rev() {
            let Some(data) = state.rooms.get(room) else { continue };
            let is_own = data.members.get(&search.user).is_some_and(|member| member.active);
            if !is_own || search.room.is_some_and(|sought| sought != *room) {
                continue;
            }
            let seen = data.at(*seq).filter(|message| !data.is_hidden(&search.user, message.seq));
            let message = seen.map(|message| state.shown(message));
            if page.look_at(*place, message).is_break() {
                break;
            }
        }
        Ok(page.page())
    }

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
        let rooms = state.rooms.range((from, Bound::Unbounded)).map(|(_, data)| &data.room);
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

    async fn write_pushes(&self, batch: PushBatch) -> Result<()> {
        self.state.lock().pushes.write(batch);
        Ok(())
    }

    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
        let state = self.state.lock();
        let is_block = |(user, other): &&(UserId, UserId)| {
            state.relation(user, other).is_some_and(|relation| relation.kind == RelationKind::Blocked)
        };
        Ok(pairs.iter().filter(is_block).cloned().collect())
    }
}
