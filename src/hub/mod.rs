//! The in-memory broadcast hub of one node: who is connected, who listens to what, who types.
//!
//! Synchronous all through: it awaits nothing, spawns nothing and knows no store; time is an argument. Of
//! other nodes it knows only the bus on which it follows what somebody listens to here.
//! Whoever publishes appends to mailboxes; whoever owns a socket writes them
//! (a transport, or its flusher).
//!
//! Locks are taken in this order and never the other way round: users, a connection's rooms, a user's settings, counts, the room
//! table, a room's listeners, a mailbox, the dirty list.

mod connection;
mod counts;
mod dirty;
#[cfg(test)]
mod interleavings;
mod lock;
mod mailbox;
mod rooms;
mod settings;
mod typing;
mod user;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use tracing::field;

use crate::bus::Bus;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::event::{CloseReason, Event, EventKind, Format, View};
use crate::id::{RoomId, UserId};
use crate::metrics;
use crate::model::{Delta, Pos, Position, Profile};

pub use connection::Connection;
pub(crate) use connection::ConnectionId;
pub(crate) use counts::OnlinePart;
pub(crate) use dirty::DirtyList;
pub(crate) use mailbox::Pushed;
pub(crate) use mailbox::{Bounds, Class, Mailbox, Written};
pub(crate) use rooms::{Audience, Post};
pub(crate) use settings::Turn;

use connection::Place;
use counts::Counts;
use lock::Mutex;
use mailbox::Entry;
use rooms::Topics;
use settings::Settled;
use typing::Typing;
use user::Users;

/// The hub of one node.
#[derive(Debug)]
pub struct Hub {
    users: Users,
    topics: Topics,
    typing: Mutex<Typing>,
    /// Connections by the expiry of their tokens, soonest first.
    expiring: Mutex<BTreeMap<(Timestamp, u64), Weak<Connection>>>,
    dirty: Arc<DirtyList>,
    /// What writes the dirty list's sockets, made by the first transport that has any.
    writer: OnceLock<Arc<dyn Any + Send + Sync>>,
    next_connection: AtomicU64,
    bounds: Bounds,
    typing_timeout: std::time::Duration,
    presence_max_members: u32,
    typing_max_members: u32,
    receipts_max_members: u32,
    /// What is told of great rooms.
    counts: Mutex<Counts>,
    settled: Mutex<Settled>,
}

impl Hub {
    /// What somebody listens to here is followed on the bus.
    pub(crate) fn new(config: &Config, bus: Option<Arc<dyn Bus>>) -> Self {
        Self {
            users: Users::new(bus.clone()),
            topics: Topics::new(bus),
            typing: Mutex::default(),
            expiring: Mutex::default(),
            dirty: Arc::default(),
            writer: OnceLock::new(),
            next_connection: AtomicU64::new(1),
            bounds: Bounds { events: config.mailbox_events, bytes: config.mailbox_bytes },
            typing_timeout: config.typing_timeout,
            presence_max_members: config.presence_max_members,
            typing_max_members: config.typing_max_members,
            receipts_max_members: config.receipts_max_members,
            counts: Mutex::default(),
            settled: Mutex::new(Settled::new(config.profile_cache)),
        }
    }

    /// The hub's one writer, made at the first call.
    pub(crate) fn writer<T: Any + Send + Sync>(&self, make: impl FnOnce() -> Arc<T>) -> Option<Arc<T>> {
        self.writer.get_or_init(|| make()).clone().downcast().ok()
    }

    pub(crate) fn dirty(&self) -> &Arc<DirtyList> {
        &self.dirty
    }

    /// Adds a connection, which holds its events back until it is [released](Connection::release).
    /// `true`: it is the user's first.
    pub(crate) fn connect(
        &self,
        user: &UserId,
        format: Format,
        expires: Option<Timestamp>,
        issued: Option<Timestamp>,
    ) -> (Arc<Connection>, bool) {
        metrics::connected(format.name());
        let id = ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed));
        let (connection, is_first) = self.users.add(user, |owner| {
            let mailbox = Mailbox::new(format, self.bounds);
            mailbox.hold();
            Arc::new(Connection::new(id, owner, mailbox, expires, issued, self.dirty.clone()))
        });
        if let Some(at) = connection.expires() {
            self.expiring.lock().insert((at, id.0), Arc::downgrade(&connection));
        }
        (connection, is_first)
    }

    /// Takes a connection out of everything. Gives the rooms that it was in and, when it was the user's
    /// last, `true`.
    pub(crate) fn disconnect(&self, connection: &Arc<Connection>) -> (Vec<RoomId>, bool) {
        let was_last = self.users.remove(connection);
        if let Some(at) = connection.expires() {
            self.expiring.lock().remove(&(at, connection.id.0));
        }
        let joined = {
            let mut rooms = connection.rooms.lock();
            rooms.gone = true;
            std::mem::take(&mut rooms.joined)
        };
        for (room, place) in &joined {
            place.unlisten(*room, &self.topics);
        }
        let typed = self.typing.lock().disconnect(connection.id);
        for (room, profile) in typed {
            self.tell_typing(room, profile, false);
        }
        connection.close(CloseReason::Ended, false);
        metrics::disconnected(connection.mailbox.format().name());
        metrics::closed(connection.mailbox.close_reason().unwrap_or(CloseReason::Ended));
        (joined.into_keys().collect(), was_last)
    }

    /// Lets a connection listen to a room to which its user belonged at `as_of`. Nothing happens where the
    /// membership has ended since.
    pub(crate) fn join_as_of(
        &self,
        connection: &Arc<Connection>,
        room: RoomId,
        members: u32,
        as_of: &Position,
    ) {
        let mut rooms = connection.rooms.lock();
        let parted = rooms.parted.iter().flatten();
        let has_parted = parted.filter(|(parted, _)| *parted == room).any(|(_, pos)| !as_of.covers(*pos));
        if !has_parted && !rooms.gone && !rooms.joined.contains_key(&room) {
            let place = Place::Live(self.topics.listen(room, connection, members));
            rooms.joined.insert(room, place);
        }
    }

    /// The connection has read all its memberships.
    pub(crate) fn end_joining(&self, connection: &Connection) {
        let mut rooms = connection.rooms.lock();
        rooms.parted = None;
        rooms.joined.shrink_to_fit();
    }

    /// A user joined a room: all their connections listen to it from here on.
    pub(crate) fn join(&self, user: &UserId, room: RoomId, members: u32) {
        self.topics.set_members(room, members);
        for connection in self.connections_of(user) {
            let mut rooms = connection.rooms.lock();
            if !rooms.gone {
                let listen = || Place::Live(self.topics.listen(room, &connection, members));
                rooms.joined.entry(room).or_insert_with(listen);
            }
        }
        self.recount(&[room]);
    }

    /// A user left a room: nothing of it reaches them any more, not even what waits already.
    pub(crate) fn part(&self, user: &UserId, room: RoomId, members: u32, pos: Pos) {
        self.topics.set_members(room, members);
        for connection in self.connections_of(user) {
            let mut rooms = connection.rooms.lock();
            if let Some(parted) = &mut rooms.parted {
                parted.push((room, pos));
            }
            if let Some(place) = rooms.joined.remove(&room) {
                place.unlisten(room, &self.topics);
                connection.mailbox.purge_room(room);
            }
        }
        self.stop_typing(room, user);
        self.recount(&[room]);
    }

    /// A room is no more: nothing of it reaches anybody, not even what waits already. Gives who was in it here.
    pub(crate) fn end(&self, room: RoomId, pos: Pos) -> BTreeSet<UserId> {
        let mut users = BTreeSet::new();
        for connection in self.users.all() {
            let mut rooms = connection.rooms.lock();
            if let Some(parted) = &mut rooms.parted {
                parted.push((room, pos));
            }
            if let Some(place) = rooms.joined.remove(&room) {
                place.unlisten(room, &self.topics);
                connection.mailbox.purge_room(room);
                users.insert(connection.user().clone());
            }
        }
        let mut typing = self.typing.lock();
        for user in &users {
            typing.stop(room, user);
        }
        users
    }

    /// Stops a room's events on a connection; its membership stays. `false`: it is not in the room.
    pub(crate) fn mute(&self, connection: &Connection, room: RoomId) -> bool {
        let mut rooms = connection.rooms.lock();
        let Some(place) = rooms.joined.get_mut(&room) else { return false };
        std::mem::replace(place, Place::Muted).unlisten(room, &self.topics);
        connection.mailbox.purge_room(room);
        true
    }

    /// Has a room's events again on a connection. `false`: it is not in the room.
    pub(crate) fn unmute(&self, connection: &Arc<Connection>, room: RoomId, members: u32) -> bool {
        let mut rooms = connection.rooms.lock();
        match rooms.joined.get_mut(&room) {
            None => false,
            Some(Place::Live(_)) => true,
            Some(place) => {
                *place = Place::Live(self.topics.listen(room, connection, members));
                true
            }
        }
    }

    /// The rooms that a connection has muted.
    pub(crate) fn muted(&self, connection: &Connection) -> Vec<RoomId> {
        let rooms = connection.rooms.lock();
        let muted = rooms.joined.iter().filter(|(_, place)| matches!(place, Place::Muted));
        muted.map(|(room, _)| *room).collect()
    }

    /// A post to everybody in a room. Of a message with its sender: their other devices see it as their
    /// own.
    pub(crate) fn post(
        &self,
        event: Event,
        pos: Option<Pos>,
        origin: Option<ConnectionId>,
        sender: Option<&UserId>,
    ) -> Post {
        let sender = sender.and_then(|user| self.users.find(user));
        Post { event: Arc::new(event), pos, origin, sender, audience: Audience::All }
    }

    /// Hands events of one room and one class to everybody who listens to it, in their order.
    pub(crate) fn publish(&self, room: RoomId, posts: &[Post], class: &Class) {
        let span = tracing::debug_span!("publish", %room, events = posts.len(), deliveries = field::Empty);
        let _entered = span.enter();
        let mut woken = Vec::new();
        let deliveries = self.topics.publish(room, posts, class, &mut woken);
        self.dirty.append(&mut woken);
        metrics::delivered(deliveries);
        span.record("deliveries", deliveries);
        tracing::trace!("published");
    }

    /// Hands an event to all connections of a user but one.
    pub(crate) fn notify(&self, user: &UserId, event: Event, pos: Option<Pos>, but: Option<ConnectionId>) {
        let event = Arc::new(event);
        let mut made: Vec<(Format, Arc<Entry>)> = Vec::new();
        for connection in self.connections_of(user) {
            if but == Some(connection.id) {
                continue;
            }
            let format = connection.mailbox.format();
            let entry = match made.iter().find(|(known, _)| known.is_same(format)) {
                Some((_, entry)) => entry.clone(),
                None => {
                    let entry = Entry::new(format.event(&event, View::Others), None, Class::Durable);
                    made.push((format.clone(), entry.clone()));
                    entry
                }
            };
            connection.push_notice(entry, pos);
        }
    }

    /// The user types in a room, or has stopped. `true`: it was told.
    pub(crate) fn typing(
        &self,
        connection: ConnectionId,
        room: RoomId,
        profile: &Profile,
        is_typing: bool,
        now: Instant,
    ) -> bool {
        let timeout = self.typing_timeout;
        let tell = self.typing.lock().set(room, profile, connection, is_typing, now, timeout);
        if tell {
            self.tell_typing(room, profile.clone(), is_typing);
        }
        tell
    }

    /// Whoever sends has stopped typing. The message itself tells it.
    pub(crate) fn stop_typing(&self, room: RoomId, user: &UserId) {
        let has_stopped = self.typing.lock().stop(room, user);
        if has_stopped {
            self.typing_changed(room);
        }
    }

    /// Tells the room's others what is written.
    pub(crate) fn delta(&self, room: RoomId, delta: Delta) {
        let user = delta.user.clone();
        self.tell_others(room, &user, EventKind::Delta(delta));
    }

    fn tell_typing(&self, room: RoomId, profile: Profile, is_typing: bool) {
        if self.is_great(room, self.typing_max_members) {
            return self.typing_changed(room);
        }
        let user = profile.user.clone();
        self.tell_others(room, &user, EventKind::Typing(profile, is_typing));
    }

    /// Tells the rooms of a user, where they are small enough, that the user came or went. In great ones it is counted.
    pub(crate) fn presence(
        &self,
        user: &UserId,
        rooms: &[RoomId],
        online: bool,
        last_seen: Option<Timestamp>,
    ) {
        for room in rooms {
            if self.topics.members(*room) <= self.presence_max_members {
                let kind = EventKind::Presence { user: user.clone(), online, last_seen };
                self.tell_others(*room, user, kind);
            }
        }
        self.recount(rooms);
    }

    /// Whether the room's others are told how far each of them has read.
    pub(crate) fn tells_receipts(&self, room: RoomId) -> bool {
        !self.is_great(room, self.receipts_max_members)
    }

    /// Hands something that may be lost to everybody in the room but this user.
    fn tell_others(&self, room: RoomId, user: &UserId, kind: EventKind) {
        let event = Event { room: Some(room), token: None, kind };
        let post = self.post(event, None, None, Some(user)).to(Audience::Others);
        self.publish(room, &[post], &Class::Ephemeral);
    }

    /// Whether the user has a connection on this node.
    pub(crate) fn is_online(&self, user: &UserId) -> bool {
        self.users.find(user).is_some()
    }

    /// The rooms that a connection has joined.
    pub(crate) fn rooms_of(&self, connection: &Connection) -> Vec<RoomId> {
        connection.rooms.lock().joined.keys().copied().collect()
    }

    /// Ends what time ends: typing, and connections whose tokens have expired.
    pub(crate) fn tick(&self, now: Instant, wall: Timestamp) {
        let ended = self.typing.lock().expire(now);
        for (room, profile) in ended {
            self.tell_typing(room, profile, false);
        }
        self.tell_typing_counts(now);
        let expired = {
            let mut expiring = self.expiring.lock();
            let later = expiring.split_off(&(wall, u64::MAX));
            std::mem::replace(&mut *expiring, later)
        };
        for connection in expired.into_values().filter_map(|connection| connection.upgrade()) {
            connection.close_if_expired(wall);
        }
    }

    /// Closes those connections of a user whose tokens were issued before.
    pub(crate) fn log_out(&self, user: &UserId, at: Timestamp) {
        let older = self.connections_of(user).into_iter().filter(|connection| connection.is_older_than(at));
        older.for_each(|connection| connection.close(CloseReason::Unauthenticated, true));
    }

    /// Has whoever listens to a room come back and resume.
    pub(crate) fn lag(&self, room: RoomId) {
        self.topics.listeners(room).iter().for_each(|connection| connection.close(CloseReason::Lagged, true));
    }

    /// Whether somebody listens to the room on this node.
    pub(crate) fn has_listeners(&self, room: RoomId) -> bool {
        self.topics.has(room)
    }

    /// The rooms that somebody listens to on this node.
    pub(crate) fn rooms_with_listeners(&self) -> Vec<RoomId> {
        self.topics.all()
    }

    /// Who has a connection on this node.
    pub(crate) fn users(&self) -> Vec<UserId> {
        self.users.names()
    }

    /// Closes all connections of a user.
    pub(crate) fn close_user(&self, user: &UserId, reason: CloseReason) {
        self.connections_of(user).iter().for_each(|connection| connection.close(reason, true));
    }

    /// Closes every connection, each for a reason of its own; gives how many there were.
    pub(crate) fn close_all(&self, mut reason: impl FnMut() -> CloseReason) -> usize {
        let all = self.users.all();
        all.iter().for_each(|connection| connection.close(reason(), false));
        all.len()
    }

    /// How much waits for some connections: for the next ones at each turn, and at most so many.
    pub(crate) fn sample_mailboxes(&self, turn: usize, most: usize) -> Vec<usize> {
        self.users
            .some(turn.wrapping_mul(most), most)
            .iter()
            .map(|connection| connection.mailbox.len())
            .collect()
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.users.all().len()
    }

    fn connections_of(&self, user: &UserId) -> Vec<Arc<Connection>> {
        self.users.find(user).map(|entry| entry.connections()).unwrap_or_default()
    }
}
