//! The room table: which connections listen to which room, and the fan-out to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use foldhash::HashMap;
use slab::Slab;

use super::connection::{Connection, ConnectionId, Place};
use super::counts::distinct;
use super::lock::{Mutex, RwLock};
use super::mailbox::{Class, Entry};
use super::user::UserEntry;
use crate::bus::{self, Bus};
use crate::event::{Event, FRAME_BYTES, Format, Frame, View};
use crate::id::RoomId;
use crate::model::Pos;

/// A room that somebody listens to.
#[derive(Debug, Default)]
pub(super) struct Topic {
    listeners: Mutex<Slab<Arc<Connection>>>,
    /// How many members the room has, on all nodes, as far as this node knows.
    members: AtomicU32,
}

#[derive(Debug)]
pub(super) struct Topics {
    topics: RwLock<HashMap<RoomId, Arc<Topic>>>,
    /// Where each of them is followed.
    bus: Option<Arc<dyn Bus>>,
}

/// An event to hand to a room.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) event: Arc<Event>,
    pub(crate) pos: Option<Pos>,
    /// The connection that caused it and is answered otherwise.
    pub(crate) origin: Option<ConnectionId>,
    /// The user for whom a message is written as their own.
    pub(crate) sender: Option<Arc<UserEntry>>,
    pub(crate) audience: Audience,
}

/// Who gets a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Everybody in the room.
    All,
    /// Everybody but the sender.
    Others,
    /// Nobody but the sender.
    OwnDevices,
}

impl Post {
    pub(crate) fn to(self, audience: Audience) -> Self {
        Self { audience, ..self }
    }

    /// What this connection sees of it; `None` is nothing.
    fn view_of(&self, connection: &Connection) -> Option<View> {
        if self.origin == Some(connection.id) {
            return None;
        }
        let is_own = self.sender.as_ref().is_some_and(|sender| Arc::ptr_eq(sender, &connection.owner));
        match (is_own, self.audience) {
            (true, Audience::Others) | (false, Audience::OwnDevices) => None,
            (true, _) => Some(View::Sender),
            (false, _) => Some(View::Others),
        }
    }
}

impl Topics {
    pub(super) fn new(bus: Option<Arc<dyn Bus>>) -> Self {
        Self { topics: RwLock::default(), bus }
    }

    pub(super) fn has(&self, room: RoomId) -> bool {
        self.topics.read().contains_key(&room)
    }

    pub(super) fn all(&self) -> Vec<RoomId> {
        self.topics.read().keys().copied().collect()
    }

    pub(super) fn listeners(&self, room: RoomId) -> Vec<Arc<Connection>> {
        let listeners = |topic: Arc<Topic>| {
            let listeners = topic.listeners.lock();
            listeners.iter().map(|(_, connection)| connection.clone()).collect()
        };
        self.find(room).map(listeners).unwrap_or_default()
    }

    fn find(&self, room: RoomId) -> Option<Arc<Topic>> {
        self.topics.read().get(&room).cloned()
    }

    pub(super) fn members(&self, room: RoomId) -> u32 {
        self.find(room).map_or(0, |topic| topic.members.load(Ordering::Relaxed))
    }

    /// Whose connections listen to it, each once.
    pub(super) fn owners(&self, room: RoomId) -> Vec<Arc<UserEntry>> {
        let Some(topic) = self.find(room) else { return Vec::new() };
        let listeners = topic.listeners.lock();
        distinct(listeners.iter().map(|(_, connection)| connection.owner.clone()))
    }

    pub(super) fn set_members(&self, room: RoomId, members: u32) {
        if let Some(topic) = self.find(room) {
            topic.members.store(members, Ordering::Relaxed);
        }
    }

    /// Adds a listener. The caller keeps its place and gives it back to [`Self::unlisten`].
    pub(super) fn listen(&self, room: RoomId, connection: &Arc<Connection>, members: u32) -> u32 {
        let mut topics = self.topics.write();
        let topic = topics.entry(room).or_insert_with(|| {
            if let Some(bus) = &self.bus {
                bus.follow(&bus::Topic::Room(room));
            }
            Arc::default()
        });
        topic.members.store(members, Ordering::Relaxed);
        let place = topic.listeners.lock().insert(connection.clone());
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Takes a listener out, and the room with its last one.
    pub(super) fn unlisten(&self, room: RoomId, place: u32) {
        let mut topics = self.topics.write();
        let Some(topic) = topics.get(&room) else { return };
        let mut listeners = topic.listeners.lock();
        listeners.try_remove(place as usize);
        let is_empty = listeners.is_empty();
        drop(listeners);
        if is_empty {
            topics.remove(&room);
            if let Some(bus) = &self.bus {
                bus.unfollow(&bus::Topic::Room(room));
            }
        }
    }

    /// Hands events of one room and one class to its listeners, in their order, and gives the slots that
    /// were woken, and how many events went to a mailbox. Each event is encoded once a format, and what several events make is one buffer.
    pub(super) fn publish(&self, room: RoomId, posts: &[Post], class: &Class, woken: &mut Vec<u32>) -> u64 {
        let Some(topic) = self.find(room) else { return 0 };
        // Most get all of it: those who do not are counted.
        let mut spared = 0;
        let mut encodings: Vec<Encoding> = Vec::new();
        let first = posts.first().and_then(|post| post.pos);
        let mut current = 0;
        let listeners = topic.listeners.lock();
        for (_, connection) in listeners.iter() {
            let format = connection.mailbox.format();
            // Nearly always that of the one before.
            if !encodings.get(current).is_some_and(|encoding| encoding.format.is_same(format)) {
                let known = encodings.iter().position(|encoding| encoding.format.is_same(format));
                current = known.unwrap_or_else(|| {
                    encodings.push(Encoding::new(format.clone(), room, class, posts));
                    encodings.len() - 1
                });
            }
            let encoding = &mut encodings[current];
            if let Some(whole) = &encoding.whole
                && posts.iter().all(|post| post.view_of(connection) == Some(View::Others))
                && let Some(pushed) = connection.mailbox.push_whole(whole, first)
            {
                woken.extend(connection.slot_of(pushed));
                continue;
            }
            for (index, post) in posts.iter().enumerate() {
                let Some(view) = post.view_of(connection) else {
                    spared += 1;
                    continue;
                };
                let pushed = connection.mailbox.push(encoding.entry(index, post, view), post.pos);
                woken.extend(connection.slot_of(pushed));
            }
        }
        (listeners.len() * posts.len() - spared) as u64
    }
}

/// The one that there is, if it is one.
fn only(entries: &[Arc<Entry>]) -> Option<Arc<Entry>> {
    match entries {
        [entry] => Some(entry.clone()),
        _ => None,
    }
}

/// The events of a publish in one format.
struct Encoding {
    format: Format,
    /// All of them as one, where it is one, or none may be dropped; in process several are never one.
    whole: Option<Arc<Entry>>,
    /// Each as others see it.
    each: Vec<Arc<Entry>>,
    /// Each as its sender's other devices see it, once one of them is there.
    own: Vec<Option<Arc<Entry>>>,
}

impl Encoding {
    fn new(format: Format, room: RoomId, class: &Class, posts: &[Post]) -> Self {
        let entry = |frame| Entry::new(frame, Some(room), class.clone());
        let own = vec![None; posts.len()];
        let Format::Wire(encode) = &format else {
            let each: Vec<_> = posts.iter().map(|post| entry(Frame::Event(post.event.clone()))).collect();
            return Self { format, whole: only(&each), each, own };
        };
        let mut out = Vec::with_capacity(FRAME_BYTES * posts.len());
        let mut ends = Vec::with_capacity(posts.len());
        for post in posts {
            encode.event(&post.event, View::Others, &mut out);
            ends.push(out.len());
        }
        let bytes = Bytes::from(out);
        let mut start = 0;
        let each = ends.into_iter().map(|end| {
            let frame = Frame::Bytes(bytes.slice(start..end));
            start = end;
            entry(frame)
        });
        let each: Vec<_> = each.collect();
        let joined = || (*class == Class::Durable).then(|| entry(Frame::Bytes(bytes)));
        let whole = only(&each).or_else(joined);
        Self { format, whole, each, own }
    }

    fn entry(&mut self, index: usize, post: &Post, view: View) -> Arc<Entry> {
        let others = &self.each[index];
        match view {
            View::Others => others.clone(),
            View::Sender => {
                let format = &self.format;
                let make = || others.with(format.event(&post.event, View::Sender));
                self.own[index].get_or_insert_with(make).clone()
            }
        }
    }
}

impl Place {
    pub(super) fn unlisten(self, room: RoomId, topics: &Topics) {
        if let Self::Live(place) = self {
            topics.unlisten(room, place);
        }
    }
}
