//! A plain model of a chat beside the engine: after each of many random steps, what each client has
//! gathered from events is what a fresh look shows, and both are what the model says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chat_core::event::{Command, Event, EventKind, Notification, Reply, RoomChange};
use chat_core::model::{
    Cursor, Draft, HistoryQuery, Limit, Mark, Message, NewRoom, PageQuery, Reaction, Role, Token,
};
use chat_core::store::postgres::PostgresOptions;
use chat_core::store::{MemoryStore, PostgresStore, SqliteStore, Store};
use chat_core::{Actor, Admin, ChatEngine, MessageId, RoomId, Session, UserId};
use futures_util::FutureExt;
use proptest::prelude::*;

use crate::postgres::Database;

const USERS: [&str; 4] = ["ana", "ben", "cho", "dee"];
/// More than any room here ever has.
const ALL: u64 = 100;

/// Somebody does something. Numbers are taken modulo what there is to choose from.
#[derive(Debug, Clone)]
enum Step {
    Create(usize, usize),
    Send(usize, usize),
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
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (user, room) = (0..USERS.len(), 0..8usize);
    let amend = prop_oneof![
        3 => (0..3u8).prop_map(Amend::Edit),
        1 => Just(Amend::Delete),
        4 => any::<bool>().prop_map(Amend::React),
        3 => any::<bool>().prop_map(Amend::Pin),
    ];
    let amended = (user.clone(), room.clone(), 0..20u64, amend);
    let role = proptest::sample::select(vec![Role::ReadOnly, Role::Member, Role::Admin, Role::Owner]);
    let step = prop_oneof![
        6 => amended.prop_map(|(by, room, seq, how)| Step::Amend(by, room, seq, how)),
        2 => (user.clone(), user.clone()).prop_map(|(by, other)| Step::Create(by, other)),
        8 => (user.clone(), room.clone()).prop_map(|(by, room)| Step::Send(by, room)),
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

/// What the model knows of a room.
#[derive(Debug, Default, Clone)]
struct RoomModel {
    name: String,
    closed: bool,
    /// How many stays have begun in it, those of its founders being one.
    stays: usize,
    /// Who belongs to it.
    members: BTreeMap<usize, Stay>,
    /// Who has sent each message; `None` for a SYSTEM message.
    senders: Vec<Option<usize>>,
    /// Of each user's newest message: its client id, its `seq`.
    newest: BTreeMap<usize, (String, u64)>,
    /// What each message says that somebody sent, and who likes it. `None`: nothing any more.
    said: BTreeMap<u64, Option<(String, BTreeSet<usize>)>>,
    /// Which of them are pinned.
    pinned: BTreeSet<u64>,
    /// Whom those that are not deleted mention.
    mentions: BTreeMap<u64, BTreeSet<usize>>,
}

/// A membership: where it began, and up to where the user has read.
#[derive(Debug, Clone, Copy)]
struct Stay {
    joined: u64,
    read: u64,
    role: Role,
    /// How many stays had begun in the room before.
    nth: usize,
}

impl Stay {
    fn at(seq: u64, role: Role, nth: usize) -> Self {
        Self { joined: seq, read: seq, role, nth }
    }
}

impl RoomModel {
    /// The marks that have moved since their members joined: those that events tell of.
    fn moved_marks(&self) -> BTreeMap<UserId, u64> {
        let moved = self.members.iter().filter(|(_, stay)| stay.read > stay.joined);
        moved.map(|(user, stay)| (id(*user), stay.read)).collect()
    }

    fn seq(&self) -> u64 {
        self.senders.len() as u64
    }

    /// What somebody may do, who may not be in it.
    fn role(&self, user: usize) -> Option<Role> {
        self.members.get(&user).map(|stay| stay.role)
    }

    fn may_write(&self, user: usize) -> bool {
        !self.closed && self.role(user) >= Some(Role::Member)
    }

    /// Whether it is somebody of a greater role's to govern them.
    fn is_above(&self, by: usize, who: usize) -> bool {
        self.role(by) >= Some(Role::Admin) && self.role(who).is_some() && self.role(by) > self.role(who)
    }

    fn may_set_role(&self, by: usize, who: usize, role: Role) -> bool {
        let is_theirs = self.role(by) >= Some(Role::Admin) && Some(role) <= self.role(by);
        let steps_down = by == who && Some(role) < self.role(by) && self.role(by) == Some(Role::Admin);
        let is_no_change = self.role(who) == Some(role);
        !self.closed && is_theirs && (self.is_above(by, who) || steps_down || is_no_change)
    }

    fn set_role(&mut self, who: usize, role: Role) {
        if role == Role::Owner {
            let owner = self.members.values_mut().find(|stay| stay.role == Role::Owner);
            owner.expect("a user gives what is theirs").role = Role::Admin;
        }
        self.members.get_mut(&who).unwrap().role = role;
    }

    fn unread(&self, user: usize) -> u64 {
        let read = usize::try_from(self.members[&user].read).unwrap();
        self.senders[read..].iter().filter(|sender| sender.is_some_and(|sender| sender != user)).count()
            as u64
    }

    fn unread_mentions(&self, user: usize) -> u64 {
        let unread = self.mentions.range(self.members[&user].read + 1..);
        unread.filter(|(_, of)| of.contains(&user)).count() as u64
    }

    fn part(&mut self, user: usize) {
        let gone = self.members.remove(&user).unwrap();
        self.senders.push(None);
        self.closed = self.members.is_empty();
        if gone.role == Role::Owner {
            let first = |(user, stay): &(&usize, &mut Stay)| (std::cmp::Reverse(stay.role), stay.nth, **user);
            if let Some((_, heir)) = self.members.iter_mut().min_by_key(first) {
                heir.role = Role::Owner;
            }
        }
    }

    fn roles(&self) -> BTreeMap<UserId, Role> {
        self.members.iter().map(|(user, stay)| (id(*user), stay.role)).collect()
    }
}

/// What is shown of a message.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    id: MessageId,
    words: Option<String>,
    likes: u64,
    version: u64,
    pinned: bool,
}

impl Shown {
    fn of(message: &Message) -> Self {
        let words = message.body.content().map(str::to_owned);
        let likes = message.state.reactions.count(&like());
        let (version, pinned) = (message.state.changed_pos, message.state.pinned.is_some());
        Self { id: message.id, words, likes, version, pinned }
    }
}

fn like() -> Reaction {
    "👍".parse().unwrap()
}

/// What a client has gathered of a room.
#[derive(Debug, Default, Clone, PartialEq)]
struct Gathered {
    name: String,
    messages: BTreeMap<u64, Shown>,
    members: BTreeMap<UserId, Role>,
    read: BTreeMap<UserId, u64>,
}

struct Client {
    actor: Actor,
    session: Option<Session>,
    token: Option<Token>,
    rooms: BTreeMap<RoomId, Gathered>,
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
        let message = history.messages[0].message.id;
        let command = match how {
            Amend::Edit(words) => Command::Edit(room, message, Some(format!("other words {words}"))),
            Amend::Delete => Command::Delete(room, message),
            Amend::React(on) => Command::React(room, message, like(), on),
            Amend::Pin(on) => Command::Pin(room, message, on),
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
                }
            }
            client.put(&message);
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
                client.put(&amended.message);
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
            let senders = history.iter().rev().map(|seen| {
                let message = &seen.message;
                message.body.is_countable().then(|| message.sender.user.clone())
            });
            assert!(senders.eq(model.senders.iter().map(|sender| sender.map(id))), "{model:?}");
            for seen in history.iter().filter(|seen| seen.message.body.is_countable()) {
                let (shown, said) = (Shown::of(&seen.message), &model.said[&seen.message.seq]);
                let expected = said.as_ref().map(|(words, likes)| (words.clone(), likes.len() as u64));
                assert_eq!(shown.words.zip(Some(shown.likes)), expected, "{seen:?}");
                assert_eq!(shown.pinned, model.pinned.contains(&seen.message.seq), "{seen:?}");
                let own = said.as_ref().is_some_and(|(_, likes)| likes.contains(&user));
                assert_eq!(seen.own_reactions.contains(&like()), own, "{seen:?}");
            }
            let pins = client.actor.pins(*room, None, Limit::new(ALL).unwrap()).await.unwrap();
            let pins = pins.messages.iter().map(|seen| seen.message.seq).collect::<BTreeSet<_>>();
            assert_eq!(pins, model.pinned);
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

impl Client {
    fn put(&mut self, message: &Arc<Message>) {
        if let Some(room) = self.rooms.get_mut(&message.room) {
            let new = Shown::of(message);
            let known = room.messages.entry(message.seq).or_insert_with(|| new.clone());
            assert_eq!(known.id, message.id, "one seq is one message");
            if new.version > known.version {
                *known = new;
            }
        }
    }

    /// An event that is there: what was answered has been published before.
    fn ready_event(&mut self) -> Option<Arc<Event>> {
        self.session.as_mut()?.next().now_or_never().map(|event| event.expect("the session is open"))
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
