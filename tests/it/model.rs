//! A plain model of a chat beside the engine: after each of many random steps, what each client has
//! gathered from events is what a fresh look shows, and both are what the model says.

mod client;
mod room;

use std::collections::{BTreeMap, BTreeSet};

use chat_core::event::{Command, Event, EventKind, Notification, Reply, RoomChange};
use chat_core::model::{Cursor, Draft, HistoryQuery, Limit, Mark, NewRoom, PageQuery, Role};
use chat_core::store::postgres::PostgresOptions;
use chat_core::store::{MemoryStore, PostgresStore, SqliteStore, Store};
use chat_core::{Admin, ChatEngine, RoomId, UserId};
use proptest::prelude::*;

use self::client::{Client, Gathered, Shown, like};
use self::room::{RoomModel, Stay};
use crate::postgres::Database;

const USERS: [&str; 4] = ["ana", "ben", "cho", "dee"];
/// More than any room here ever has.
const ALL: u64 = 100;

/// Somebody does something. Numbers are taken modulo what there is to choose from.
#[derive(Debug, Clone)]
enum Step {
    Create(usize, usize),
    Send(usize, usize),
    /// In answer to the message of this number.
    Answer(usize, usize, u64),
    /// A message of the first room is passed on to the second.
    Forward(usize, usize, u64, usize),
    /// Again under the client id of the user's newest message in the room.
    Retry(usize, usize),
    Read(usize, usize, u64),
    Deliver(usize, usize, u64),
    Invite(usize, usize, usize),
    Leave(usize, usize),
    Remove(usize, usize, usize),
    Rename(usize, usize, u8),
    Amend(usize, usize, u64, Amend),
    SetRole(usize, usize, usize, Role),
    /// The host takes somebody out.
    Expel(usize, usize),
    /// The host gives somebody another role.
    Appoint(usize, usize, Role),
    Connect(usize),
    Drop(usize),
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy)]
enum Amend {
    Edit(u8),
    Delete,
    React(bool),
    Pin(bool),
    Hide,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (user, room) = (0..USERS.len(), 0..8usize);
    let amend = prop_oneof![
        3 => (0..3u8).prop_map(Amend::Edit),
        1 => Just(Amend::Delete),
        4 => any::<bool>().prop_map(Amend::React),
        3 => any::<bool>().prop_map(Amend::Pin),
        2 => Just(Amend::Hide),
    ];
    let amended = (user.clone(), room.clone(), 0..20u64, amend);
    let role = proptest::sample::select(vec![Role::ReadOnly, Role::Member, Role::Admin, Role::Owner]);
    let step = prop_oneof![
        6 => amended.prop_map(|(by, room, seq, how)| Step::Amend(by, room, seq, how)),
        2 => (user.clone(), user.clone()).prop_map(|(by, other)| Step::Create(by, other)),
        8 => (user.clone(), room.clone()).prop_map(|(by, room)| Step::Send(by, room)),
        4 => (user.clone(), room.clone(), 0..20u64).prop_map(|(by, room, of)| Step::Answer(by, room, of)),
        3 => (user.clone(), room.clone(), 0..20u64, room.clone()).prop_map(|(by, from, of, to)| Step::Forward(by, from, of, to)),
        2 => (user.clone(), room.clone()).prop_map(|(by, room)| Step::Retry(by, room)),
        4 => (user.clone(), room.clone(), 0..20u64).prop_map(|(by, room, to)| Step::Read(by, room, to)),
        1 => (user.clone(), room.clone(), 0..20u64).prop_map(|(by, room, to)| Step::Deliver(by, room, to)),
        3 => (user.clone(), room.clone(), user.clone()).prop_map(|(by, room, who)| Step::Invite(by, room, who)),
        2 => (user.clone(), room.clone()).prop_map(|(by, room)| Step::Leave(by, room)),
        1 => (user.clone(), room.clone(), user.clone()).prop_map(|(by, room, who)| Step::Remove(by, room, who)),
        1 => (user.clone(), room.clone(), 0..4u8).prop_map(|(by, room, name)| Step::Rename(by, room, name)),
        3 => (user.clone(), room.clone(), user.clone(), role.clone()).prop_map(|(by, room, who, role)| Step::SetRole(by, room, who, role)),
        1 => (room.clone(), user.clone()).prop_map(|(room, who)| Step::Expel(room, who)),
        1 => (room, user.clone(), role).prop_map(|(room, who, role)| Step::Appoint(room, who, role)),
        3 => user.clone().prop_map(Step::Connect),
        3 => user.prop_map(Step::Drop),
    ];
    proptest::collection::vec(step, 1..60)
}

struct World {
    admin: Admin,
    rooms: Vec<(RoomId, RoomModel)>,
    clients: Vec<Client>,
    sends: u32,
}

/// The message of this number: each third mentions somebody, each fifth everybody.
fn draft(number: u32) -> Draft {
    let draft = Draft::text(format!("message {number}")).with_client_id(number.to_string());
    let draft = if number.is_multiple_of(5) { draft.mentioning_all() } else { draft };
    if number.is_multiple_of(3) { draft.mentioning(USERS[number as usize % USERS.len()]) } else { draft }
}

fn id(user: usize) -> UserId {
    USERS[user].parse().unwrap()
}

impl World {
    async fn new(store: impl Store) -> Self {
        let engine = ChatEngine::builder().store(store).build().await.unwrap();
        let client = |user| Client {
            actor: engine.as_user(id(user)),
            session: None,
            token: None,
            rooms: BTreeMap::new(),
        };
        let clients = (0..USERS.len()).map(client).collect();
        Self { admin: engine.admin(), rooms: Vec::new(), clients, sends: 0 }
    }

    async fn step(&mut self, step: Step) {
        let count = self.rooms.len().max(1);
        match step {
            Step::Create(by, other) => {
                let new = NewRoom::group(format!("room {}", self.rooms.len())).with([USERS[other]]);
                let room = self.clients[by].actor.create_room(new).await.unwrap().id();
                let (member, owner) = (Stay::at(0, Role::Member, 0), Stay::at(0, Role::Owner, 0));
                let members = [(other, member), (by, owner)].into();
                let name = format!("room {}", self.rooms.len());
                self.rooms.push((room, RoomModel { name, members, stays: 1, ..RoomModel::default() }));
            }
            Step::Connect(by) => self.connect(by).await,
            Step::Drop(by) => self.clients[by].session = None,
            _ if self.rooms.is_empty() => {}
            step @ (Step::Expel(..) | Step::Appoint(..)) => self.host(step).await,
            Step::Send(by, room) => self.send(by, room % count).await,
            Step::Answer(by, room, of) => self.answer(by, room % count, of).await,
            Step::Forward(by, from, of, to) => self.forward(by, (from % count, of), to % count).await,
            Step::Retry(by, room) => self.retry(by, room % count).await,
            Step::Read(by, room, to) => self.read(by, room % count, to).await,
            Step::Deliver(by, room, to) => {
                let (room, model) = &self.rooms[room % count];
                let done = self.clients[by].actor.mark_delivered(*room, Some(Cursor::Seq(to))).await;
                assert_eq!(done.is_ok(), model.members.contains_key(&by));
            }
            Step::Invite(by, room, who) => {
                let (room, model) = &mut self.rooms[room % count];
                let done = self.clients[by].actor.invite(*room, &[id(who)]).await;
                assert_eq!(done.is_ok(), model.may_write(by));
                if done.is_ok() && !model.members.contains_key(&who) {
                    // Whoever joins starts at the head, before the message that tells of it.
                    model.members.insert(who, Stay::at(model.seq(), Role::Member, model.stays));
                    model.stays += 1;
                    model.senders.push(None);
                }
            }
            Step::Leave(by, room) => {
                let (room, model) = &mut self.rooms[room % count];
                let done = self.clients[by].actor.leave(*room).await;
                assert_eq!(done.is_ok(), model.members.contains_key(&by));
                if done.is_ok() {
                    model.part(by);
                }
            }
            Step::Remove(by, room, who) => {
                let (room, model) = &mut self.rooms[room % count];
                let may = model.is_above(by, who);
                let done = self.clients[by].actor.remove(*room, &id(who)).await;
                assert_eq!(done.is_ok(), may, "{done:?}");
                if may {
                    model.part(who);
                }
            }
            Step::Amend(by, room, seq, how) => self.amend(by, room % count, seq, how).await,
            Step::Rename(by, room, name) => {
                let (room, model) = &mut self.rooms[room % count];
                let may = !model.closed && model.role(by) >= Some(Role::Admin);
                let name = format!("name {name}");
                assert_eq!(self.clients[by].actor.rename(*room, &name).await.is_ok(), may);
                if may && model.name != name {
                    model.name = name;
                    model.senders.push(None);
                }
            }
            Step::SetRole(by, room, who, role) => {
                let (room, model) = &mut self.rooms[room % count];
                let may = model.may_set_role(by, who, role);
                let done = self.clients[by].actor.set_role(*room, &id(who), role).await;
                assert_eq!(done.is_ok(), may, "{by} makes {who} {role:?} in {model:?}: {done:?}");
                if may && model.role(who) != Some(role) {
                    model.set_role(who, role);
                }
            }
        }
    }

    /// What the host does.
    async fn host(&mut self, step: Step) {
        let (Step::Expel(room, who) | Step::Appoint(room, who, _)) = step else { return };
        let count = self.rooms.len();
        let (room, model) = &mut self.rooms[room % count];
        let is_there = model.members.contains_key(&who);
        let Step::Appoint(_, _, role) = step else {
            assert_eq!(self.admin.remove(*room, &id(who)).await.is_ok(), is_there);
            return if is_there {
                model.part(who)
            };
        };
        let may = is_there && (model.role(who) != Some(Role::Owner) || role == Role::Owner);
        assert_eq!(self.admin.set_role(*room, &id(who), role).await.is_ok(), may);
        if may && model.role(who) != Some(role) {
            model.set_role(who, role);
        }
    }

    async fn connect(&mut self, by: usize) {
        let client = &mut self.clients[by];
        if client.session.is_some() {
            return;
        }
        let since = client.token;
        let session = match since {
            Some(since) => client.actor.connect_since(since).await.unwrap(),
            None => client.actor.connect().await.unwrap(),
        };
        let session = client.session.insert(session);
        let mut events = Vec::new();
        loop {
            let event = session.next().await.unwrap();
            let is_last = match &event.kind {
                EventKind::CaughtUp { recovered } => {
                    assert!(recovered, "nothing was ever rotated");
                    true
                }
                EventKind::Ready(_) => since.is_none(),
                _ => false,
            };
            events.push(event);
            if is_last {
                break;
            }
        }
        if since.is_none() {
            let rooms: Vec<_> = self.rooms.iter().map(|(room, _)| *room).collect();
            for room in rooms {
                self.reload(by, room).await;
            }
        }
        for event in events {
            self.take(by, &event).await;
        }
    }

    async fn send(&mut self, by: usize, room: usize) {
        self.sends += 1;
        let client_id = format!("{}", self.sends);
        let (room, model) = &mut self.rooms[room];
        let client = &mut self.clients[by];
        let draft = draft(self.sends);
        let may_mention = !draft.mentions_all || model.role(by) >= Some(Role::Admin);
        let (named, all) = (draft.mentions.clone().unwrap_or_default(), draft.mentions_all);
        let sent = match &client.session {
            Some(session) => session.send(*room, draft).await,
            None => client.actor.send(*room, draft).await,
        };
        assert_eq!(sent.is_ok(), model.may_write(by) && may_mention, "{sent:?}");
        if let Ok(message) = sent {
            model.senders.push(Some(by));
            assert_eq!(message.seq, model.seq());
            model.said.insert(message.seq, Some((format!("message {client_id}"), BTreeSet::new())));
            let is_meant = |user: usize| all || named.iter().any(|name| name == USERS[user]);
            let there = model.members.keys().copied().filter(|user| *user != by && is_meant(*user));
            model.mentions.insert(message.seq, there.collect());
            model.newest.insert(by, (client_id, message.seq));
            model.ids.insert(message.seq, message.id);
            client.put(&message);
        }
    }

    /// Somebody answers a message, which those who see the answer see as it is now.
    async fn answer(&mut self, by: usize, room: usize, of: u64) {
        let (room, model) = &mut self.rooms[room];
        let Some(quoted) = model.ids.get(&of) else { return };
        let client = &mut self.clients[by];
        let draft = Draft::text(format!("answer to {of}")).quoting(*quoted);
        let sent = match &client.session {
            Some(session) => session.send(*room, draft).await,
            None => client.actor.send(*room, draft).await,
        };
        assert_eq!(sent.is_ok(), model.may_write(by) && model.said[&of].is_some(), "{sent:?}");
        if let Ok(message) = sent {
            model.take(&message, by);
            model.answers.insert(message.seq, of);
            client.put(&message);
        }
    }

    /// Somebody passes a message on, which says for ever whose it was.
    async fn forward(&mut self, by: usize, (from, of): (usize, u64), to: usize) {
        let source = self.rooms[from].1.clone();
        let Some(id) = source.ids.get(&of) else { return };
        let (from, to) = (self.rooms[from].0, &mut self.rooms[to]);
        let client = &mut self.clients[by];
        let sent = match &client.session {
            Some(session) => {
                let (message, client_id) = (*id, None);
                let command = Command::Forward { from, message, to: to.0, client_id };
                session.execute(command).await.map(|reply| match reply {
                    Reply::Message(message) => message,
                    other => panic!("{other:?}"),
                })
            }
            None => client.actor.forward(from, *id, to.0, None).await,
        };
        let may = source.members.contains_key(&by) && source.said[&of].is_some() && to.1.may_write(by);
        assert_eq!(sent.is_ok(), may, "{sent:?}");
        if let Ok(message) = sent {
            let words = source.said[&of].as_ref().map(|(words, _)| words.as_str());
            assert_eq!(message.body.content(), words);
            let sender = source.senders[usize::try_from(of - 1).unwrap()];
            let first = source.first.get(&of).copied().or(sender);
            to.1.take(&message, by);
            to.1.first.insert(message.seq, first.expect("somebody has sent it"));
            client.put(&message);
        }
    }

    async fn amend(&mut self, by: usize, room: usize, seq: u64, how: Amend) {
        let (room, model) = &mut self.rooms[room];
        let (room, seq) = (*room, seq.min(model.seq()));
        let Some(sender) = seq.checked_sub(1).map(|index| model.senders[index as usize]) else { return };
        let query = HistoryQuery::Around(Cursor::Seq(seq), Limit::new(1).unwrap());
        let client = &mut self.clients[by];
        let Ok(history) = client.actor.history(room, query).await else {
            assert!(!model.members.contains_key(&by));
            return;
        };
        let Some(seen) = history.messages.first() else {
            assert!(model.hidden.contains(&(by, seq)), "{seq} is seen by {by}");
            return;
        };
        let message = seen.message.id;
        if matches!(how, Amend::Hide) {
            match &client.session {
                Some(session) => drop(session.execute(Command::Hide(room, message)).await.unwrap()),
                None => client.actor.hide(room, message).await.unwrap(),
            }
            model.hidden.insert((by, seq));
            let read = &mut model.members.get_mut(&by).unwrap().read;
            *read = seq.max(*read);
            client.hide(room, seq);
            return;
        }
        let command = match how {
            Amend::Edit(words) => Command::Edit(room, message, Some(format!("other words {words}"))),
            Amend::Delete => Command::Delete(room, message),
            Amend::React(on) => Command::React(room, message, like(), on),
            Amend::Pin(on) => Command::Pin(room, message, on),
            Amend::Hide => unreachable!("it is hidden already"),
        };
        let done = match (&client.session, command) {
            (Some(session), command) => session.execute(command).await.map(|reply| match reply {
                Reply::Amended(message) => message,
                other => panic!("{other:?}"),
            }),
            (None, Command::Edit(_, _, words)) => client.actor.edit(room, message, words.as_deref()).await,
            (None, Command::Delete(..)) => client.actor.delete(room, message).await,
            (None, Command::Pin(.., on)) => client.actor.pin(room, message, on).await,
            (None, _) => client.actor.react(room, message, like(), matches!(how, Amend::React(true))).await,
        };
        let moderates = model.role(by) >= Some(Role::Admin);
        let takes_part = model.members.contains_key(&by);
        let (open, said) = (model.may_write(by), model.said.get_mut(&seq));
        let may = match (how, said.as_deref()) {
            (_, None) => false,
            (Amend::Edit(_), Some(said)) => open && sender == Some(by) && said.is_some(),
            (Amend::Delete, Some(_)) => takes_part && (sender == Some(by) || moderates),
            (Amend::React(_), Some(said)) => open && said.is_some(),
            (Amend::Pin(_), Some(said)) => open && moderates && said.is_some(),
            (Amend::Hide, _) => unreachable!("it is hidden already"),
        };
        assert_eq!(done.is_ok(), may, "{how:?} of {seq} by {by}: {done:?}");
        if let (Ok(message), Some(said)) = (done, said) {
            match (how, &mut *said) {
                (Amend::Edit(words), Some((old, _))) => *old = format!("other words {words}"),
                (Amend::React(true), Some((_, likes))) => drop(likes.insert(by)),
                (Amend::React(false), Some((_, likes))) => drop(likes.remove(&by)),
                (Amend::Pin(true), _) => drop(model.pinned.insert(seq)),
                (Amend::Pin(false), _) => drop(model.pinned.remove(&seq)),
                _ => {
                    *said = None;
                    model.pinned.remove(&seq);
                    model.mentions.remove(&seq);
                    model.answers.remove(&seq);
                    model.first.remove(&seq);
                }
            }
            client.amend(&message);
        }
    }

    /// A retry is answered with the first message, over whatever way, also after the room has closed, and
    /// changes nothing.
    async fn retry(&mut self, by: usize, room: usize) {
        let (room, model) = &self.rooms[room];
        let Some((client_id, seq)) = model.newest.get(&by) else { return };
        let again = self.clients[by].actor.send(*room, draft(client_id.parse().unwrap())).await;
        match model.members.contains_key(&by) {
            true => assert_eq!(again.unwrap().seq, *seq),
            false => assert_eq!(again.unwrap_err().code(), "NOT_A_PARTICIPANT"),
        }
    }

    async fn read(&mut self, by: usize, room: usize, to: u64) {
        let (room, model) = &mut self.rooms[room];
        let done = self.clients[by].actor.mark_read(*room, Some(Cursor::Seq(to))).await;
        assert_eq!(done.is_ok(), model.members.contains_key(&by));
        if let Ok(marked) = done {
            let head = model.seq();
            let read = &mut model.members.get_mut(&by).unwrap().read;
            *read = to.min(head).max(*read);
            let read = *read;
            assert_eq!((marked.read_seq, marked.unread), (read, model.unread(by)));
            assert!(marked.read_seq <= marked.delivered_seq && marked.delivered_seq <= head);
        }
    }

    /// All clients take what has come; then everything is compared.
    async fn check(&mut self) {
        for user in 0..USERS.len() {
            while let Some(event) = self.clients[user].ready_event() {
                self.take(user, &event).await;
            }
            self.compare(user).await;
        }
    }

    async fn take(&mut self, user: usize, event: &Event) {
        let client = &mut self.clients[user];
        client.token = event.token.or(client.token);
        match (&event.kind, event.room) {
            (EventKind::Message(message) | EventKind::System(message), _) => client.put(message),
            (EventKind::Amended(amended), _) => {
                if let Some(own) = &amended.own_reactions {
                    let by = USERS.iter().position(|name| *name == client.actor.user().as_str()).unwrap();
                    let (_, model) =
                        self.rooms.iter().find(|(room, _)| *room == amended.message.room).unwrap();
                    let likes =
                        model.said[&amended.message.seq].as_ref().map(|(_, likes)| likes.contains(&by));
                    assert_eq!(own.contains(&like()), likes.unwrap_or(false), "as it is now: {amended:?}");
                }
                client.amend(&amended.message);
            }
            (EventKind::Hidden { seq, .. }, Some(room)) => {
                let by = USERS.iter().position(|name| *name == client.actor.user().as_str()).unwrap();
                let (_, model) = self.rooms.iter().find(|(known, _)| *known == room).unwrap();
                assert!(model.hidden.contains(&(by, *seq)), "{seq} is hidden from {by}");
                client.hide(room, *seq);
            }
            (EventKind::Participant(profile, true), Some(room)) => {
                if let Some(room) = client.rooms.get_mut(&room) {
                    room.members.insert(profile.user.clone(), Role::Member);
                }
            }
            (EventKind::Role(profile, role, _), Some(room)) => {
                if let Some(room) = client.rooms.get_mut(&room) {
                    room.members.insert(profile.user.clone(), *role);
                }
            }
            (EventKind::Participant(profile, false), Some(room)) => {
                if let Some(room) = client.rooms.get_mut(&room) {
                    room.members.remove(&profile.user);
                }
            }
            (EventKind::Room(RoomChange::Updated, room), _) => {
                if let Some(known) = client.rooms.get_mut(&room.id) {
                    known.name = room.name.as_deref().unwrap_or_default().to_owned();
                }
            }
            (EventKind::Room(RoomChange::Left, room), _) => drop(client.rooms.remove(&room.id)),
            (EventKind::Notification(Notification::RemovedFromRoom(room)), _) => {
                client.rooms.remove(room);
            }
            (EventKind::Room(RoomChange::Reset, room), _)
            | (EventKind::Notification(Notification::AddedToRoom(room)), _) => {
                let room = room.id;
                self.reload(user, room).await;
            }
            (EventKind::Marked(by, Mark::Read, at), Some(room)) => {
                if let Some(room) = client.rooms.get_mut(&room) {
                    let read = room.read.entry(by.clone()).or_default();
                    *read = at.read_seq.max(*read);
                }
            }
            _ => {}
        }
    }

    /// A client loads a room anew. Read marks, which no call lists, are taken from the model.
    async fn reload(&mut self, user: usize, room: RoomId) {
        let client = &mut self.clients[user];
        let Ok(view) = client.actor.room(room).await else { return };
        let query = HistoryQuery::newest(Limit::new(ALL).unwrap());
        let history = client.actor.history(room, query).await.unwrap();
        let messages =
            history.messages.iter().map(|seen| (seen.message.seq, Shown::of(&seen.message))).collect();
        let (_, model) = self.rooms.iter().find(|(known, _)| *known == room).unwrap();
        let read = model.moved_marks();
        let people = client.actor.participants(room, None, Limit::new(ALL).unwrap()).await.unwrap();
        let members = people.participants.into_iter().map(|one| (one.profile.user, one.role)).collect();
        client.rooms.insert(room, Gathered { name: view.name.to_string(), messages, members, read });
    }

    async fn compare(&self, user: usize) {
        let client = &self.clients[user];
        let own: Vec<_> = self.rooms.iter().filter(|(_, model)| model.members.contains_key(&user)).collect();
        let query = PageQuery::new(1, Limit::new(ALL).unwrap()).unwrap();
        let listed = client.actor.rooms(query).await.unwrap();
        let ids = |rooms: &mut dyn Iterator<Item = RoomId>| rooms.collect::<BTreeSet<_>>();
        let expected = ids(&mut own.iter().map(|(room, _)| *room));
        assert_eq!(ids(&mut listed.items.iter().map(|view| view.room.id)), expected, "rooms of {user}");
        if client.session.is_some() {
            assert_eq!(ids(&mut client.rooms.keys().copied()), expected, "gathered rooms of {user}");
        }
        for (room, model) in own {
            let view = client.actor.room(*room).await.unwrap();
            let members = model.roles();
            let owners = members.values().filter(|role| **role == Role::Owner).count();
            assert_eq!((owners, view.role), (1, model.members[&user].role), "{model:?}");
            assert_eq!((view.room.seq, view.unread), (model.seq(), model.unread(user)), "{model:?}");
            assert_eq!(view.mentions, model.unread_mentions(user), "{model:?}");
            assert_eq!((&*view.name, view.room.active), (&*model.name, !model.closed));
            assert!(view.participants.iter().eq(members.keys()));
            let query = HistoryQuery::newest(Limit::new(ALL).unwrap());
            let history = client.actor.history(*room, query).await.unwrap().messages;
            let last = view.last_message.map(|seen| seen.message.seq);
            assert_eq!(last, history.first().map(|seen| seen.message.seq), "{model:?}");
            let senders = history.iter().rev().map(|seen| {
                let message = &seen.message;
                (message.seq, message.body.is_countable().then(|| message.sender.user.clone()))
            });
            let shown = (1..).zip(model.senders.iter().map(|sender| sender.map(id)));
            let shown = shown.filter(|(seq, _)| !model.hidden.contains(&(user, *seq)));
            assert!(senders.eq(shown), "{model:?}");
            for seen in history.iter().filter(|seen| seen.message.body.is_countable()) {
                let (shown, said) = (Shown::of(&seen.message), &model.said[&seen.message.seq]);
                let expected = said.as_ref().map(|(words, likes)| (words.clone(), likes.len() as u64));
                assert_eq!(shown.words.zip(Some(shown.likes)), expected, "{seen:?}");
                assert_eq!(shown.pinned, model.pinned.contains(&seen.message.seq), "{seen:?}");
                let quoted = shown.quoted.map(|(seq, words, _)| (seq, words));
                assert_eq!(quoted, model.quoted(seen.message.seq), "as it is now: {seen:?}");
                let first = model.first.get(&seen.message.seq).map(|first| id(*first));
                assert_eq!(shown.first, first, "{seen:?}");
                let own = said.as_ref().is_some_and(|(_, likes)| likes.contains(&user));
                assert_eq!(seen.own_reactions.contains(&like()), own, "{seen:?}");
            }
            let pins = client.actor.pins(*room, None, Limit::new(ALL).unwrap()).await.unwrap();
            let pins = pins.messages.iter().map(|seen| seen.message.seq).collect::<BTreeSet<_>>();
            let shown = model.pinned.iter().copied().filter(|seq| !model.hidden.contains(&(user, *seq)));
            assert!(pins.into_iter().eq(shown), "{model:?}");
            if client.session.is_some() {
                let fresh = Gathered {
                    name: model.name.clone(),
                    messages: history
                        .iter()
                        .map(|seen| (seen.message.seq, Shown::of(&seen.message)))
                        .collect(),
                    members,
                    read: model.moved_marks(),
                };
                let mut gathered = client.rooms[room].clone();
                // Of whoever has left or joined again, the mark means nothing any more.
                gathered.read.retain(|user, _| fresh.read.contains_key(user));
                assert_eq!(gathered, fresh, "what user {user} has gathered, and what there is");
            }
        }
    }
}

fn run<S: Store>(steps: Vec<Step>, store: impl Future<Output = S>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { walk(steps, store.await).await });
}

async fn walk(steps: Vec<Step>, store: impl Store) {
    let mut world = World::new(store).await;
    for step in steps {
        world.step(step).await;
        world.check().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn clients_gather_what_a_fresh_look_shows_in_memory(steps in steps()) {
        run(steps, async { MemoryStore::new() });
    }

    #[test]
    fn clients_gather_what_a_fresh_look_shows_in_four_lanes(steps in steps()) {
        run(steps, async { MemoryStore::with_lanes(4) });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]
    #[test]
    fn clients_gather_what_a_fresh_look_shows_on_sqlite(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chat.db");
        run(steps, async { SqliteStore::open(path).await.unwrap() });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]
    #[test]
    fn clients_gather_what_a_fresh_look_shows_on_postgres(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let Some(database) = Database::fresh().await else { return };
            let mut options = PostgresOptions::default();
            options.lanes = 3;
            walk(steps, PostgresStore::connect_with(&database.url, options).await.unwrap()).await;
        });
    }
}
