//! A store of one's own, in as few lines as the contract allows: copy it, and put your database where the
//! maps are. `tests/it/custom_store.rs` runs the suite on it that yours has to pass.
//!
//! `cargo run --example custom_store`
#![allow(clippy::print_stdout, reason = "a demo prints")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chat_core::event::EventKind;
use chat_core::model::{Draft, Epoch, HistoryQuery, Limit, Member, Message, NewRoom, Position, Profile};
use chat_core::model::{Room, RoomKey, RoomKind, Token};
use chat_core::store::{Batch, BodyHash, MemberEntry, Memberships, Needs, Ordinals, Outcome, RoomEntry};
use chat_core::store::{Rows, Sent, Store, apply};
use chat_core::{ChatEngine, ClientId, MessageId, Result, RoomId, Timestamp, UserId};

/// One lock makes each read consistent and each batch a transaction. This is a std Mutex since nothing is
/// awaited under it.
#[derive(Debug)]
pub(crate) struct PlainStore {
    tables: Mutex<Tables>,
}

/// Each field would be a table. Reads scan it, where a database has an index.
#[derive(Debug)]
struct Tables {
    /// One row. It must outlive a restart: an epoch that is made anew voids all clients' tokens.
    epoch: Epoch,
    /// One row a lane, locked from the load until the commit: so positions commit in their order.
    position: Position,
    rooms: BTreeMap<RoomId, Room>,
    /// Past memberships stay. Indexes: by room (the key), by user, by room and `changed_pos`.
    members: BTreeMap<(RoomId, UserId), Member>,
    /// In the order of their commit. Indexes: by id, by room and `seq`, by room and `pos`, by room, sender
    /// and `seq`; unique by room, sender and client id.
    messages: Vec<(Arc<Message>, Option<BodyHash>)>,
    keys: HashMap<RoomKey, RoomId>,
    profiles: HashMap<UserId, Profile>,
    /// Apart from the profiles: having been seen gives nobody a profile.
    last_seen: HashMap<UserId, Timestamp>,
}

impl PlainStore {
    pub(crate) fn new() -> Self {
        Self {
            tables: Mutex::new(Tables {
                epoch: Epoch::random(),
                position: Position::start(1),
                rooms: BTreeMap::new(),
                members: BTreeMap::new(),
                messages: Vec::new(),
                keys: HashMap::new(),
                profiles: HashMap::new(),
                last_seen: HashMap::new(),
            }),
        }
    }

    /// Nothing panics between two writes of one batch, so what a poisoned lock guards is whole.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writing half: load, let `apply` decide, write.
impl Tables {
    /// The rows that there are. A database locks what it loads, in the order of the sets, so that no two
    /// transactions wait for each other: `SELECT … ORDER BY … FOR UPDATE`.
    fn load(&self, needs: &Needs) -> Rows {
        let mut rows = Rows::at(self.position);
        rows.rooms = found(&needs.rooms, |id| self.rooms.get(id).cloned());
        rows.members = found(&needs.members, |key| self.members.get(key).cloned());
        rows.sent = found(&needs.sent, |key| self.sent(key));
        rows.keys = found(&needs.keys, |key| self.keys.get(key).copied());
        rows.ordinals = found(&needs.ordinals, |key| self.ordinals(key));
        rows
    }

    fn sent(&self, (room, user, client): &(RoomId, UserId, ClientId)) -> Option<Sent> {
        let (message, hash) = self.messages.iter().find(|(message, _)| {
            message.room == *room
                && message.sender.user == *user
                && message.client_id.as_ref() == Some(client)
        })?;
        Some(Sent { message: Arc::new(self.shown(message)), hash: (*hash)? })
    }

    fn ordinals(&self, (room, user, seq): &(RoomId, UserId, u64)) -> Option<Ordinals> {
        let n = self.messages_in(*room).find(|message| message.seq == *seq)?.n;
        let own = self.messages_in(*room).filter(|message| message.sender.user == *user);
        let newest = own.take_while(|message| message.seq <= *seq).last();
        Some(Ordinals { n, own_n: newest.map_or(0, |message| message.own_n) })
    }

    /// Whoever is named here is in the rows: `apply` has put them there.
    fn write(&mut self, rows: Rows) {
        self.position = rows.position;
        for id in &rows.written_rooms {
            self.rooms.extend(rows.rooms.get(id).map(|room| (*id, room.clone())));
        }
        for key in &rows.written_members {
            self.members.extend(rows.members.get(key).map(|member| (key.clone(), member.clone())));
        }
        self.messages.extend(rows.new_messages);
        // A room may close and its successor take the key in one batch: delete first.
        self.keys.retain(|key, _| !rows.freed_keys.contains(key));
        self.keys.extend(rows.new_keys);
    }
}

fn found<K: Clone + Eq + Hash, V>(keys: &BTreeSet<K>, row: impl Fn(&K) -> Option<V>) -> HashMap<K, V> {
    keys.iter().filter_map(|key| Some((key.clone(), row(key)?))).collect()
}

/// The reading half. What a database does here with `WHERE`, `ORDER BY` and `JOIN`.
impl Tables {
    fn profile(&self, user: &UserId) -> Profile {
        self.profiles.get(user).cloned().unwrap_or_else(|| Profile::unknown(user.clone()))
    }

    /// The message with its sender's profile of now, not with the one that it was sent under.
    fn shown(&self, message: &Message) -> Message {
        Message { sender: self.profile(&message.sender.user), ..message.clone() }
    }

    fn messages_in(&self, room: RoomId) -> impl Iterator<Item = &Message> {
        self.messages.iter().map(|(message, _)| &**message).filter(move |message| message.room == room)
    }

    /// Past members too, in the order of their ids.
    fn members_in(&self, room: RoomId) -> impl Iterator<Item = &Member> {
        self.members.values().filter(move |member| member.room == room)
    }

    /// Rooms that the user has left too, in the order of their ids.
    fn rooms_of(&self, user: &UserId) -> impl Iterator<Item = (Room, Member)> {
        let members = self.members.values().filter(move |member| member.user == *user);
        members.filter_map(|member| Some((self.rooms.get(&member.room)?.clone(), member.clone())))
    }

    fn entry(&self, room: Room, member: Member, listed: usize) -> RoomEntry {
        let last_message = self.messages_in(room.id).last().map(|message| self.shown(message));
        let participants = match &room.kind {
            RoomKind::Direct(pair) => pair.iter().map(|user| self.profile(user)).collect(),
            _ => {
                let active = self.members_in(room.id).filter(|member| member.active);
                active.take(listed).map(|member| self.profile(&member.user)).collect()
            }
        };
        RoomEntry { room, member, last_message, participants }
    }
}

#[async_trait]
impl Store for PlainStore {
    async fn position(&self) -> Result<Token> {
        let tables = self.tables();
        Ok(Token { epoch: tables.epoch, position: tables.position })
    }

    async fn rotate_epoch(&self) -> Result<Epoch> {
        let mut tables = self.tables();
        tables.epoch = Epoch::random();
        Ok(tables.epoch)
    }

    /// A database begins a transaction where this takes the lock and commits it before it answers. An item
    /// that is refused is an answer like any other: what the others wrote is still committed.
    async fn commit(&self, batch: Batch) -> Result<Vec<Result<Outcome>>> {
        let mut tables = self.tables();
        // Profiles go first, since messages are loaded with them.
        tables.profiles.extend(batch.profiles.iter().map(|profile| (profile.user.clone(), profile.clone())));
        for (user, at) in &batch.last_seen {
            let seen = tables.last_seen.entry(user.clone()).or_insert(*at);
            *seen = (*seen).max(*at);
        }
        let mut rows = tables.load(&Needs::of(&batch));
        let outcomes = apply(batch, &mut rows);
        tables.write(rows);
        Ok(outcomes)
    }

    async fn membership(&self, room: RoomId, user: &UserId) -> Result<Option<(Room, Option<Member>)>> {
        let tables = self.tables();
        let member = tables.members.get(&(room, user.clone())).cloned();
        Ok(tables.rooms.get(&room).map(|room| (room.clone(), member)))
    }

    async fn room_entry(&self, room: RoomId, user: &UserId, listed: usize) -> Result<Option<RoomEntry>> {
        let tables = self.tables();
        let found = tables.rooms_of(user).find(|(found, member)| found.id == room && member.active);
        Ok(found.map(|(room, member)| tables.entry(room, member, listed)))
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        skip: u64,
        limit: u32,
        listed: usize,
    ) -> Result<(Vec<RoomEntry>, u64)> {
        let tables = self.tables();
        let mut rooms: Vec<_> = tables.rooms_of(user).filter(|(_, member)| member.active).collect();
        rooms.sort_by_key(|(room, _)| Reverse((room.activity_at(), room.id)));
        let total = rooms.len() as u64;
        let page = rooms.into_iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(limit as usize);
        Ok((page.map(|(room, member)| tables.entry(room, member, listed)).collect(), total))
    }

    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships> {
        let tables = self.tables();
        let active = tables.rooms_of(user).filter(|(_, member)| member.active);
        let rooms = active.filter(|(room, _)| after.is_none_or(|after| room.id > after));
        Ok(Memberships { position: tables.position, rooms: rooms.take(limit as usize).collect() })
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>> {
        let tables = self.tables();
        let active = tables.members_in(room).filter(|member| member.active);
        let page = active.filter(|member| after.is_none_or(|after| member.user > *after));
        let entry = |member: &Member| MemberEntry {
            member: member.clone(),
            profile: tables.profile(&member.user),
            last_seen: tables.last_seen.get(&member.user).copied(),
        };
        Ok(page.take(limit as usize).map(entry).collect())
    }

    async fn read_marks(&self, room: RoomId) -> Result<Vec<(UserId, u64, u64)>> {
        let tables = self.tables();
        let active = tables.members_in(room).filter(|member| member.active);
        Ok(active.map(|member| (member.user.clone(), member.joined_seq, member.read_seq)).collect())
    }

    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
        let tables = self.tables();
        let range = tables.messages_in(room).filter(|message| seqs.contains(&message.seq));
        Ok(range.map(|message| tables.shown(message)).collect())
    }

    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        let tables = self.tables();
        let found = tables.messages_in(room).find(|message| message.id == id);
        Ok(found.map(|message| tables.shown(message)))
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>> {
        let tables = self.tables();
        Ok(users.iter().filter_map(|user| tables.profiles.get(user).cloned()).collect())
    }

    /// Changes count beyond `since`, marks at `since` as well: a mark has no position of its own.
    async fn changed_rooms(
        &self,
        user: &UserId,
        since: &Position,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>> {
        let changed = |room: &Room| {
            let since = since.of_room(room.id);
            room.last_pos > since || room.marks_pos >= since
        };
        let tables = self.tables();
        let rooms = tables.rooms_of(user).filter(|(room, _)| after.is_none_or(|after| room.id > after));
        Ok(rooms.filter(|(room, _)| changed(room)).take(limit as usize).collect())
    }

    async fn messages_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Message>> {
        let tables = self.tables();
        let new = tables.messages_in(room).filter(|message| message.pos > after && message.pos <= until);
        Ok(new.take(limit as usize).map(|message| tables.shown(message)).collect())
    }

    async fn members_since(
        &self,
        room: RoomId,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(Member, Profile)>> {
        let tables = self.tables();
        let is_changed = |member: &&Member| member.changed_pos > after && member.changed_pos <= until;
        let mut members: Vec<_> = tables.members_in(room).filter(is_changed).collect();
        members.sort_by_key(|member| member.changed_pos);
        let page = members.into_iter().take(limit as usize);
        Ok(page.map(|member| (member.clone(), tables.profile(&member.user))).collect())
    }

    async fn marks_since(
        &self,
        room: RoomId,
        since: u64,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        let tables = self.tables();
        let moved = tables.members_in(room).filter(|member| member.active && member.marks_pos >= since);
        let page = moved.filter(|member| after.is_none_or(|after| member.user > *after));
        Ok(page.take(limit as usize).cloned().collect())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = ChatEngine::builder().store(PlainStore::new()).build().await?;
    let (ana, ben) = (engine.as_user("ana".parse()?), engine.as_user("ben".parse()?));
    let room = ana.create_room(NewRoom::direct("ben")).await?.id();

    let mut session = ben.connect().await?;
    ana.send(room, Draft::text("Does it keep this?").with_client_id("1")).await?;
    ana.send(room, Draft::text("Does it keep this?").with_client_id("1")).await?;
    while let Some(event) = session.next().await {
        if let EventKind::Message(message) = &event.kind {
            println!("ben hears {}: {}", message.sender.user, message.body.content().unwrap_or_default());
            break;
        }
    }
    ben.mark_read(room, None).await?;
    ben.send(room, Draft::text("It does, and once")).await?;

    println!("ana has {} unread; the room holds:", ana.room(room).await?.unread);
    for seen in ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await?.messages.iter().rev() {
        let (message, read) = (&seen.message, if seen.receipt.is_read { "read" } else { "not read" });
        let words = message.body.content().unwrap_or_default();
        println!("{:>3} {}: {words} ({read})", message.seq, message.sender.user);
    }
    Ok(())
}
