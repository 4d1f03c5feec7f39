//! What a client gathers from events.

use std::collections::BTreeMap;
use std::sync::Arc;

use chat_core::event::Event;
use chat_core::model::{Message, Reaction, Role, Token};
use chat_core::{Actor, MessageId, RoomId, Session, UserId};
use futures_util::FutureExt;

/// What is shown of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    pub(super) id: MessageId,
    pub(super) words: Option<String>,
    pub(super) likes: u64,
    pub(super) version: u64,
    pub(super) pinned: bool,
    /// What it answers: its number, its words, its version.
    pub(super) quoted: Option<(u64, Option<String>, u64)>,
    /// Who sent it first, where it was passed on.
    pub(super) first: Option<UserId>,
}

impl Shown {
    pub(super) fn of(message: &Message) -> Self {
        let words = message.body.content().map(str::to_owned);
        let likes = message.state.reactions.count(&like());
        let (version, pinned) = (message.state.changed_pos, message.state.pinned.is_some());
        let quoted = message.references.quoted.as_ref();
        let quoted =
            quoted.map(|quoted| (quoted.seq, quoted.body.content().map(str::to_owned), quoted.changed_pos));
        let first = message.references.forwarded.as_ref().map(|first| first.user.clone());
        Self { id: message.id, words, likes, version, pinned, quoted, first }
    }
}

pub(super) fn like() -> Reaction {
    "👍".parse().unwrap()
}

/// What a client has gathered of a room.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Gathered {
    pub(super) name: String,
    pub(super) messages: BTreeMap<u64, Shown>,
    pub(super) members: BTreeMap<UserId, Role>,
    pub(super) read: BTreeMap<UserId, u64>,
}

impl Gathered {
    /// Where a message is quoted, and where it quotes, the later state of the quoted one holds, as a client that is live
    /// mends what it shows.
    pub(super) fn mend_quotes(&mut self, seq: u64) {
        let state = |shown: &Shown| (shown.words.clone(), shown.version);
        let states: BTreeMap<u64, _> = self.messages.iter().map(|(seq, one)| (*seq, state(one))).collect();
        for (own, shown) in &mut self.messages {
            let Some((of, words, version)) = &mut shown.quoted else { continue };
            if let Some((now, later)) = states.get(of).filter(|_| *own == seq || *of == seq)
                && later > version
            {
                (*words, *version) = (now.clone(), *later);
            }
        }
    }
}

pub(super) struct Client {
    pub(super) actor: Actor,
    pub(super) session: Option<Session>,
    pub(super) token: Option<Token>,
    pub(super) rooms: BTreeMap<RoomId, Gathered>,
}

impl Client {
    pub(super) fn put(&mut self, message: &Arc<Message>) {
        if let Some(room) = self.rooms.get_mut(&message.room) {
            let new = Shown::of(message);
            let known = room.messages.entry(message.seq).or_insert_with(|| new.clone());
            assert_eq!(known.id, message.id, "one seq is one message");
            if new.version > known.version {
                *known = new;
            }
            room.mend_quotes(message.seq);
        }
    }

    /// A change of what it does not hold is none of its business.
    pub(super) fn amend(&mut self, message: &Arc<Message>) {
        let room = self.rooms.get(&message.room);
        if room.is_some_and(|room| room.messages.contains_key(&message.seq)) {
            self.put(message);
        }
    }

    pub(super) fn hide(&mut self, room: RoomId, seq: u64) {
        if let Some(room) = self.rooms.get_mut(&room) {
            room.messages.remove(&seq);
        }
    }

    /// An event that is there: what was answered has been published before.
    pub(super) fn ready_event(&mut self) -> Option<Arc<Event>> {
        self.session.as_mut()?.next().now_or_never().map(|event| event.expect("the session is open"))
    }
}
