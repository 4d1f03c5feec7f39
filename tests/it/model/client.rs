//! A device, and what it gathers from events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chat_core::event::{Command, Event, Reply};
use chat_core::model::{
    Custom, DoNotDisturb, InviteCode, Mark, Message, NotifySetting, Reaction, Role, Settings, Token,
};
use chat_core::{Actor, MessageId, Result, RoomId, Session, UserId};
use futures_util::FutureExt;

use super::feed::Feed;
use super::news::News;

/// What is shown of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    pub(super) id: MessageId,
    pub(super) words: Option<String>,
    pub(super) custom: Custom,
    pub(super) likes: u64,
    pub(super) version: u64,
    pub(super) pinned: bool,
    /// What it answers: its number, its words, its version.
    pub(super) quoted: Option<(u64, Option<String>, u64)>,
    /// Who sent it first, where it was passed on.
    pub(super) first: Option<UserId>,
    /// Of a root: how many replies there are, and whose.
    pub(super) thread: Option<(u64, Vec<UserId>)>,
    /// Of a reply: its root, and whether it is meant for the whole room too.
    pub(super) reply: Option<(u64, bool)>,
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
        let thread = message.references.summary();
        let thread = thread.map(|thread| (thread.replies, thread.participants.clone()));
        let reply = message.references.reply().map(|reply| (reply.seq, reply.in_room));
        let custom = message.custom.clone();
        Self { id: message.id, words, custom, likes, version, pinned, quoted, first, thread, reply }
    }
}

pub(super) fn like() -> Reaction {
    "👍".parse().unwrap()
}

/// What a device has gathered of a room.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Gathered {
    pub(super) name: String,
    pub(super) messages: BTreeMap<u64, Shown>,
    pub(super) members: BTreeMap<UserId, Role>,
    /// Which of the others are here.
    pub(super) online: BTreeSet<UserId>,
    /// Where the user stands in the threads that they follow.
    pub(super) threads: BTreeMap<MessageId, u64>,
    /// Of what they have chosen to have notices.
    pub(super) notify: Option<NotifySetting>,
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

    pub(super) fn stand_in_thread(&mut self, root: MessageId, read: Option<u64>) {
        match read {
            Some(read) => self.threads.insert(root, read),
            None => self.threads.remove(&root),
        };
    }
}

/// What a device has gathered of its user alone, of no room.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Own {
    pub(super) settings: Settings,
    pub(super) quiet: DoNotDisturb,
    /// What they are asked into.
    pub(super) invitations: BTreeMap<RoomId, InviteCode>,
}

/// A device of a user.
pub(super) struct Client {
    pub(super) actor: Actor,
    pub(super) session: Option<Session>,
    pub(super) token: Option<Token>,
    /// The step in which it last got one.
    pub(super) as_of: u32,
    pub(super) rooms: BTreeMap<RoomId, Gathered>,
    pub(super) own: Own,
    /// What it was told of its user alone since it was last asked.
    pub(super) told: Vec<News>,
    /// The least that it has to know of how far others have read.
    pub(super) owed: BTreeMap<(RoomId, usize), u64>,
    pub(super) feed: Feed,
}

impl Client {
    pub(super) fn of(actor: Actor) -> Self {
        Self {
            actor,
            session: None,
            token: None,
            as_of: 0,
            rooms: BTreeMap::new(),
            own: Own::default(),
            told: Vec::new(),
            owed: BTreeMap::new(),
            feed: Feed::default(),
        }
    }

    /// Does something over its connection, or without one as over REST.
    pub(super) async fn ask(&self, command: Command) -> Result<Reply> {
        if let Some(session) = &self.session {
            return session.execute(command).await;
        }
        let actor = &self.actor;
        match command {
            Command::Send(room, draft) => actor.send(room, draft).await.map(Reply::Message),
            Command::Forward { from, message, to, client_id } => {
                actor.forward(from, message, to, client_id.as_deref()).await.map(Reply::Message)
            }
            Command::Edit(room, message, to) => actor.revise(room, message, to).await.map(Reply::Amended),
            Command::Delete(room, message) => actor.delete(room, message).await.map(Reply::Amended),
            Command::React(room, message, reaction, on) => {
                actor.react(room, message, reaction, on).await.map(Reply::Amended)
            }
            Command::Pin(room, message, on) => actor.pin(room, message, on).await.map(Reply::Amended),
            Command::Hide(room, message) => actor.hide(room, message).await.map(|()| Reply::Done),
            Command::Mark(room, Mark::Read, to) => actor.mark_read(room, to).await.map(Reply::Marked),
            Command::Mark(room, _, to) => actor.mark_delivered(room, to).await.map(Reply::Marked),
            Command::FollowThread(room, root, true) => {
                actor.follow_thread(room, root).await.map(Reply::Thread)
            }
            Command::FollowThread(room, root, false) => {
                actor.unfollow_thread(room, root).await.map(Reply::Thread)
            }
            Command::ReadThread(room, root, to) => {
                actor.mark_thread_read(room, root, to).await.map(Reply::Thread)
            }
            Command::SetNotifications(room, level, seconds) => {
                let set = actor.set_notifications(room, level, seconds).await;
                set.map(|view| Reply::Room(Box::new(view)))
            }
            Command::SetDoNotDisturb(quiet) => actor.set_do_not_disturb(quiet).await.map(Reply::DoNotDisturb),
            Command::SetSettings(update) => actor.set_settings(update).await.map(Reply::Settings),
            other => panic!("no step does that: {other:?}"),
        }
    }

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
