//! A store in memory: for tests, demos, and chats that may be forgotten.

mod records;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::{Bound, RangeInclusive};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{
    Batch, BodyHash, MemberEntry, Memberships, Needs, Ordinals, OutboxRow, Outcome, ReactionKey, Record,
    RecordPage, RoomEntry, Rows, Sent, Stage, Store, StoredAttachment, apply,
};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{AttachmentId, ClientId, MessageId, RoomId, UserId};
use crate::model::{
    Epoch, Invite, InviteCode, Member, Message, Position, Profile, Reaction, Relation, RelationKind, Room,
    RoomKey, RoomKind, Token, Visibility,
};

/// Keeps everything in memory, behind one lock that is held for no longer than a batch takes.
///
/// A restart forgets all of it, and it grows for as long as people talk, without a bound. None of its calls fails.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    epoch: Epoch,
    position: Position,
    rooms: BTreeMap<RoomId, RoomData>,
    rooms_of: HashMap<UserId, BTreeSet<RoomId>>,
    keys: HashMap<RoomKey, RoomId>,
    people: BTreeMap<UserId, Person>,
    /// Each user's side.
    relations: BTreeMap<UserId, BTreeMap<UserId, Relation>>,
    invites: BTreeMap<InviteCode, Invite>,
}

/// What is known of a user: either may be there without the other.
#[derive(Debug, Default)]
struct Person {
    profile: Option<Profile>,
    last_seen: Option<Timestamp>,
    logged_out: Option<Timestamp>,
}

#[derive(Debug)]
struct RoomData {
    room: Room,
    members: BTreeMap<UserId, Member>,
    /// The message with `seq` stands at `seq - 1`.
    messages: Vec<Arc<Message>>,
    by_id: HashMap<MessageId, u64>,
    /// The `seq`s of each sender's messages.
    own: HashMap<UserId, Vec<u64>>,
    sent: HashMap<(UserId, ClientId), (u64, BodyHash)>,
    /// The `seq` of the messages that were changed, by the position that last did.
    amended: BTreeMap<u64, u64>,
    /// Who left what, by `seq`.
    reactions: BTreeSet<(u64, Reaction, UserId)>,
    attachments: BTreeMap<AttachmentId, StoredAttachment>,
}

fn keep_latest(time: &mut Option<Timestamp>, at: Timestamp) {
    *time = Some(at).max(*time);
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
        let state = State {
            epoch: Epoch::random(),
            position: Position::start(lanes),
            rooms: BTreeMap::new(),
            rooms_of: HashMap::new(),
            keys: HashMap::new(),
            people: BTreeMap::new(),
            relations: BTreeMap::new(),
            invites: BTreeMap::new(),
        };
        Self { state: Mutex::new(state) }
    }
}

impl RoomData {
    fn range(&self, seqs: &RangeInclusive<u64>) -> &[Arc<Message>] {
        let index = |seq: u64| usize::try_from(seq).unwrap_or(usize::MAX).min(self.messages.len());
        let (from, to) = (index(seqs.start().saturating_sub(1)), index(*seqs.end()));
        self.messages.get(from..to).unwrap_or_default()
    }

    fn at(&self, seq: u64) -> Option<&Arc<Message>> {
        self.range(&(seq.max(1)..=seq)).first()
    }

    fn ordinals(&self, user: &UserId, seq: u64) -> Option<Ordinals> {
        let n = self.at(seq)?.n;
        let own = self.own.get(user).map(Vec::as_slice).unwrap_or_default();
        let below = own.partition_point(|own| *own <= seq);
        let last = below.checked_sub(1).and_then(|index| self.at(own[index]));
        Some(Ordinals { n, own_n: last.map_or(0, |message| message.own_n) })
    }

    fn hash_of(&self, message: &Message) -> Option<BodyHash> {
        let sent_as = (message.sender.user.clone(), message.client_id.clone()?);
        self.sent.get(&sent_as).map(|(_, hash)| *hash)
    }

    fn active(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.active)
    }
}

impl State {
    fn load(&self, needs: &Needs) -> Rows {
        let mut rows = Rows::at(self.position);
        for id in &needs.rooms {
            if let Some(data) = self.rooms.get(id) {
                rows.rooms.insert(*id, data.room.clone());
            }
        }
        for (room, user) in &needs.members {
            if let Some(member) = self.rooms.get(room).and_then(|data| data.members.get(user)) {
                rows.members.insert((*room, user.clone()), member.clone());
            }
        }
        for (room, count) in needs.heirs(&rows.members) {
            let Some(data) = self.rooms.get(&room) else { continue };
            let mut heirs: Vec<&Member> = data.active().collect();
            heirs.sort_by(|one, other| one.seniority().cmp(&other.seniority()));
            for heir in heirs.into_iter().take(count as usize) {
                rows.add_heir(heir.clone(), self.profile(&heir.user));
            }
        }
        for key in &needs.sent {
            let (room, user, client) = key;
            let Some(data) = self.rooms.get(room) else { continue };
            if let Some((seq, hash)) = data.sent.get(&(user.clone(), client.clone()))
                && let Some(message) = data.at(*seq)
            {
                let message = Arc::new(self.shown(message));
                rows.sent.insert(key.clone(), Sent { message, hash: *hash });
            }
        }
        for (room, id) in &needs.places {
            if let Some(seq) = self.rooms.get(room).and_then(|data| data.by_id.get(id)) {
                rows.places.insert(*id, (*room, *seq));
            }
        }
        for key in &needs.keys {
            if let Some(room) = self.keys.get(key) {
                rows.keys.insert(key.clone(), *room);
            }
        }
        for key in &needs.ordinals {
            let (room, user, seq) = key;
            if let Some(at) = self.rooms.get(room).and_then(|data| data.ordinals(user, *seq)) {
                rows.ordinals.insert(key.clone(), at);
            }
        }
        for (room, id) in &needs.messages {
            let found = self.rooms.get(room).and_then(|data| data.at(*data.by_id.get(id)?));
            if let Some(message) = found {
                rows.messages.insert(*id, Arc::new(self.shown(message)));
            }
        }
        for (room, id, reaction, user) in &needs.reactions {
            let Some(data) = self.rooms.get(room) else { continue };
            let Some(seq) = data.by_id.get(id) else { continue };
            if data.reactions.contains(&(*seq, reaction.clone(), user.clone())) {
                let (room, seq, reaction, user) = (*room, *seq, reaction.clone(), user.clone());
                rows.reactions.insert(ReactionKey { room, seq, reaction, user });
            }
        }
        if !needs.invites.is_empty() {
            let links = self.invites.values().filter(|link| needs.invites.contains(&link.room));
            rows.invites = links.map(|link| (link.code, link.clone())).collect();
        }
        for (user, other) in needs.relations_with(&rows.rooms) {
            if let Some(relation) = self.relation(&user, &other) {
                rows.relations.insert((user, other), relation.clone());
            }
        }
        for (room, id) in &needs.attachments {
            if let Some(stored) = self.rooms.get(room).and_then(|data| data.attachments.get(id)) {
                rows.attachments.insert((*room, *id), stored.clone());
            }
        }
        rows
    }

    fn write(&mut self, mut rows: Rows) {
        self.position = rows.position;
        for id in &rows.written_rooms {
            let Some(room) = rows.rooms.remove(id) else { continue };
            match self.rooms.get_mut(id) {
                Some(data) => data.room = room,
                None => {
                    self.rooms.insert(*id, RoomData::new(room));
                }
            }
        }
        for key in &rows.written_members {
            let Some(member) = rows.members.remove(key) else { continue };
            let (room, user) = key;
            if let Some(data) = self.rooms.get_mut(room)
                && data.members.insert(user.clone(), member).is_none()
            {
                self.rooms_of.entry(user.clone()).or_default().insert(*room);
            }
        }
        for (message, hash) in rows.new_messages {
            if let Some(data) = self.rooms.get_mut(&message.room) {
                data.push(message, hash);
            }
        }
        for ((room, _), message) in rows.amended {
            if let Some(data) = self.rooms.get_mut(&room) {
                data.amend(message);
            }
        }
        for (room, seq) in &rows.cleared {
            if let Some(data) = self.rooms.get_mut(room) {
                data.reactions.retain(|(of, ..)| of != seq);
            }
        }
        for key in rows.written_reactions {
            let is_left = rows.reactions.contains(&key);
            let ReactionKey { room, seq, reaction, user } = key;
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            match is_left {
                true => data.reactions.insert((seq, reaction, user)),
                false => data.reactions.remove(&(seq, reaction, user)),
            };
        }
        for key in &rows.freed_keys {
            self.keys.remove(key);
        }
        self.keys.extend(rows.new_keys);
        for code in rows.written_invites {
            match rows.invites.remove(&code) {
                Some(link) => self.invites.insert(code, link),
                None => self.invites.remove(&code),
            };
        }
        for key in rows.written_relations {
            let relation = rows.relations.remove(&key);
            let (user, other) = key;
            let side = self.relations.entry(user).or_default();
            match relation {
                Some(relation) => side.insert(other, relation),
                None => side.remove(&other),
            };
        }
        for (room, id) in rows.written_attachments {
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            match rows.attachments.remove(&(room, id)) {
                Some(stored) => data.attachments.insert(id, stored),
                None => data.attachments.remove(&id),
            };
        }
    }

    fn relation(&self, user: &UserId, other: &UserId) -> Option<&Relation> {
        self.relations.get(user)?.get(other)
    }

    fn known(&self, user: &UserId) -> Option<Profile> {
        self.people.get(user)?.profile.clone()
    }

    fn profile(&self, user: &UserId) -> Profile {
        self.known(user).unwrap_or_else(|| Profile::unknown(user.clone()))
    }

    /// The message with its sender's profile of now.
    fn shown(&self, message: &Message) -> Message {
        Message { sender: self.profile(&message.sender.user), ..message.clone() }
    }

    fn entry(&self, data: &RoomData, member: &Member, listed: usize) -> RoomEntry {
        let profile = |user: &UserId| self.profile(user);
        let participants = match &data.room.kind {
            RoomKind::Direct(pair) => pair.iter().map(profile).collect(),
            _ => data.active().take(listed).map(|member| profile(&member.user)).collect(),
        };
        RoomEntry {
            room: data.room.clone(),
            member: member.clone(),
            last_message: data.messages.last().map(|message| self.shown(message)),
            participants,
        }
    }

    /// The user's rooms and memberships, in the order of the rooms' ids, beyond `after`.
    fn of_user<'a>(
        &'a self,
        user: &'a UserId,
        after: Option<RoomId>,
    ) -> impl Iterator<Item = (&'a RoomData, &'a Member)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = self.rooms_of.get(user);
        let rooms = rooms.into_iter().flat_map(move |rooms| rooms.range((from, Bound::Unbounded)));
        rooms.filter_map(move |room| {
            let data = self.rooms.get(room)?;
            Some((data, data.members.get(user)?))
        })
    }
}

impl RoomData {
    fn new(room: Room) -> Self {
        Self {
            room,
            members: BTreeMap::new(),
            messages: Vec::new(),
            by_id: HashMap::new(),
            own: HashMap::new(),
            sent: HashMap::new(),
            amended: BTreeMap::new(),
            reactions: BTreeSet::new(),
            attachments: BTreeMap::new(),
        }
    }

    /// Puts a message in the place of what it was before.
    fn amend(&mut self, message: Arc<Message>) {
        let place = usize::try_from(message.seq - 1).ok().and_then(|index| self.messages.get_mut(index));
        let Some(place) = place else { return };
        self.amended.remove(&place.state.changed_pos);
        if message.state.changed_pos > 0 {
            self.amended.insert(message.state.changed_pos, message.seq);
        }
        *place = message;
    }

    /// The reactions on a message, beyond one.
    fn reactions_on(
        &self,
        seq: u64,
        after: Option<&(Reaction, UserId)>,
    ) -> impl Iterator<Item = &(u64, Reaction, UserId)> {
        let after = after.cloned();
        let on = self
            .reactions
            .iter()
            .skip_while(move |(of, ..)| *of < seq)
            .take_while(move |(of, ..)| *of == seq);
        on.filter(move |(_, reaction, user)| {
            after.as_ref().is_none_or(|(last, by)| (reaction, user) > (last, by))
        })
    }

    fn push(&mut self, message: Arc<Message>, hash: Option<BodyHash>) {
        let user = message.sender.user.clone();
        self.by_id.insert(message.id, message.seq);
        if let (Some(client), Some(hash)) = (message.client_id.clone(), hash) {
            self.sent.insert((user.clone(), client), (message.seq, hash));
        }
        self.own.entry(user).or_default().push(message.seq);
        self.messages.push(message);
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
        let mut state = self.state.lock();
        for profile in profiles {
            let person = state.people.entry(profile.user.clone()).or_default();
            person.profile = Some(profile);
        }
        for (user, at) in last_seen {
            keep_latest(&mut state.people.entry(user).or_default().last_seen, at);
        }
        for (user, at) in logouts {
            keep_latest(&mut state.people.entry(user).or_default().logged_out, at);
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
        let mark = |member: &Member| (member.user.clone(), member.joined_seq, member.read_seq);
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
        let on = data.reactions_on(seq, after).take(limit as usize);
        Ok(on.map(|(_, reaction, user)| (reaction.clone(), state.profile(user))).collect())
    }

    async fn reactions_of(
        &self,
        room: RoomId,
        user: &UserId,
        seqs: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Reaction)>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let own = data.reactions.iter().filter(|(seq, _, by)| by == user && seqs.contains(seq));
        Ok(own.map(|(seq, reaction, _)| (*seq, reaction.clone())).collect())
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
            !matches!(stored.stage, Stage::Sent(_)) && stored.attachment.created_at <= before
        };
        let mut unsent: Vec<_> = all.filter(is_unsent).cloned().collect();
        unsent.sort_by_key(|StoredAttachment { attachment: a, .. }| (a.created_at, a.room, a.id));
        unsent.truncate(limit as usize);
        Ok(unsent)
    }

    async fn records(&self, page: RecordPage, limit: u32) -> Result<Vec<Record>> {
        Ok(records::records(&self.state.lock(), page, limit))
    }
}

fn beyond<'a, T>(people: &'a BTreeMap<UserId, T>, after: Option<&UserId>) -> impl Iterator<Item = &'a T> {
    let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.clone()));
    people.range((from, Bound::Unbounded)).map(|(_, one)| one)
}
