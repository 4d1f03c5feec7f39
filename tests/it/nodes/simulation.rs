//! Nodes over a store and a network that are slow and bad at random, a thousand times, each time the same by
//! its seed: no client ever misses, doubles or reorders a message, or misses what became of one, whatever node it
//! comes back to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chat_core::event::{Event, EventKind, Notification, RoomChange};
use chat_core::model::{Draft, HistoryQuery, Limit, NewRoom, Role, Room, Token};
use chat_core::store::MemoryStore;
use chat_core::testing::FaultyStore;
use chat_core::{ChatEngine, RoomId, Session, UserId};
use futures_util::FutureExt;

use super::network::{Dice, Faults, Network};

const NODES: u64 = 3;
const USERS: [&str; 4] = ["ana", "ben", "cho", "dee"];
const STEPS: usize = 60;

/// How much of a room a client has.
#[derive(Debug, Clone, Copy)]
enum Seen {
    /// A snapshot of this many messages, which may be newer than the position that goes with it.
    UpTo(u64),
    /// This one came last.
    Last(u64),
}

impl Seen {
    fn seq(self) -> u64 {
        match self {
            Self::UpTo(seq) | Self::Last(seq) => seq,
        }
    }
}

/// A client: what it was told of each room, over all its connections.
struct Client {
    user: UserId,
    session: Option<(u64, Session)>,
    token: Option<Token>,
    /// Of each room that it belongs to.
    seen: BTreeMap<RoomId, Seen>,
    /// What it had before the catch-up that goes on: when that is cut, it is told all of it again.
    before: Option<BTreeMap<RoomId, Seen>>,
    /// Rooms that it has left, and what they had then.
    left: HashMap<RoomId, u64>,
    /// What it is in each room; `None` where it has that from a snapshot.
    roles: BTreeMap<RoomId, Option<Role>>,
    /// Rooms that it has left and come back to.
    back: BTreeSet<RoomId>,
    is_fresh: bool,
    /// The newest state of each message that it was told of.
    versions: HashMap<(RoomId, u64), u64>,
    /// Since when it is told of every change in a room: it has loaded what was before.
    told_from: HashMap<RoomId, u64>,
    /// The node of its connection, to be shown.
    session_of: u64,
}

fn brief(event: &Event) -> String {
    let room = event.room.map(|room| room.to_string().split_off(22));
    let what = match &event.kind {
        EventKind::Message(message) | EventKind::System(message) => {
            format!("{} at {}", message.seq, message.pos)
        }
        EventKind::Ready(ready) => {
            let rooms = ready.rooms.iter();
            format!(
                "ready {} {:?}",
                ready.recovered,
                rooms
                    .map(|entry| (entry.room.id.to_string().split_off(22), entry.room.seq))
                    .collect::<Vec<_>>()
            )
        }
        other => format!("{other:?}").chars().take(60).collect(),
    };
    format!("{room:?} {what}")
}

impl Client {
    fn new(user: &str) -> Self {
        let user = user.parse().unwrap();
        let (seen, left) = (BTreeMap::new(), HashMap::new());
        Self {
            user,
            session: None,
            token: None,
            seen,
            before: None,
            left,
            roles: BTreeMap::new(),
            back: BTreeSet::new(),
            is_fresh: true,
            versions: HashMap::new(),
            told_from: HashMap::new(),
            session_of: 0,
        }
    }

    /// Takes what has come.
    fn take(&mut self, seed: u64) {
        let Some((node, mut session)) = self.session.take() else { return };
        while let Some(next) = session.next().now_or_never() {
            let Some(event) = next else {
                // Lagged, or the node is gone: it comes back with its token.
                return;
            };
            self.note(&event, seed);
        }
        self.session = Some((node, session));
    }

    /// It loads the room as it is, and is told of what changes from then on.
    fn begin(&mut self, room: &Room) {
        self.told_from.insert(room.id, room.last_pos);
        self.versions.retain(|(of, _), _| *of != room.id);
    }

    fn note(&mut self, event: &Event, seed: u64) {
        let who = &self.user;
        if std::env::var_os("CHAT_TEST_SEED").is_some() {
            let token = event.token.map(|token| token.position);
            eprintln!("{who} {:?} {token:?} {}", self.session_of, brief(event));
        }
        match &event.kind {
            EventKind::Ready(ready) => {
                if self.is_fresh {
                    let from = event.token.expect("it has a place").position;
                    let rooms = ready.rooms.iter().map(|entry| entry.room.id);
                    self.told_from = rooms.map(|room| (room, from.of_room(room))).collect();
                    self.versions.clear();
                    self.roles = ready.rooms.iter().map(|entry| (entry.room.id, None)).collect();
                    self.seen =
                        ready.rooms.iter().map(|entry| (entry.room.id, Seen::UpTo(entry.room.seq))).collect();
                }
                assert!(ready.recovered || self.is_fresh, "seed {seed}: {who} cannot recover");
            }
            EventKind::CaughtUp { recovered } => {
                assert!(recovered, "seed {seed}: {who} was not caught up");
                self.before = None;
            }
            EventKind::Message(message) | EventKind::System(message) => {
                let (room, seq) = (message.room, message.seq);
                if let Some(at) = self.left.get(&room) {
                    assert!(seq <= *at, "seed {seed}: {who} hears {seq} of a room left at {at}");
                    return;
                }
                let seen = self.seen.insert(room, Seen::Last(seq));
                let version = message.state.changed_pos.max(message.pos);
                self.versions.insert((room, seq), version);
                let is_next = match seen {
                    Some(Seen::UpTo(last)) => seq <= last + 1,
                    Some(Seen::Last(last)) => seq == last + 1,
                    // Who has come back may be told so after what was said since.
                    None => self.back.contains(&room),
                };
                assert!(is_next, "seed {seed}: {who} gets {seq} after {seen:?} in {room}");
            }
            EventKind::Amended(amended) => {
                let message = &amended.message;
                let version = self.versions.entry((message.room, message.seq)).or_default();
                *version = message.state.changed_pos.max(*version);
            }
            EventKind::Room(RoomChange::Reset, room) => {
                self.begin(room);
                self.left.remove(&room.id);
                self.seen.insert(room.id, Seen::UpTo(room.seq));
                self.roles.insert(room.id, None);
            }
            EventKind::Room(RoomChange::Left, room) => {
                self.seen.remove(&room.id);
                self.roles.remove(&room.id);
            }
            EventKind::Notification(Notification::AddedToRoom(room)) => {
                self.left.remove(&room.id);
                self.begin(room);
                self.seen.entry(room.id).or_insert(Seen::UpTo(room.seq));
                self.roles.entry(room.id).or_insert(Some(Role::Member));
            }
            EventKind::Notification(Notification::RemovedFromRoom(room)) => {
                self.seen.remove(room);
                self.roles.remove(room);
            }
            EventKind::Role(profile, role, _) if profile.user == self.user => {
                let room = event.room.expect("a role is one in a room");
                self.roles.insert(room, Some(*role));
            }
            _ => {}
        }
        if event.token.is_some() {
            self.token = event.token;
        }
    }
}

/// Three rooms with everybody in them: in the same lanes each time, and in the same order.
async fn make_rooms(store: &FaultyStore) -> Vec<RoomId> {
    let engine = ChatEngine::builder().store(store.clone()).build().await.unwrap();
    let (mut made, mut rooms) = (BTreeSet::new(), Vec::new());
    loop {
        made.insert(engine.admin().create_room(NewRoom::group("Runners").with(["zoe"])).await.unwrap());
        for room in &made {
            if usize::from(room.to_bytes()[15]) % 6 == rooms.len() {
                rooms.push(*room);
            }
        }
        if rooms.len() >= 3 {
            rooms.truncate(3);
            break;
        }
        rooms.clear();
    }
    for room in &rooms {
        engine.admin().invite(*room, &USERS.map(|user| user.parse().unwrap())).await.unwrap();
    }
    rooms
}

struct World {
    seed: u64,
    dice: Dice,
    network: Arc<Network>,
    store: FaultyStore,
    nodes: Vec<ChatEngine>,
    clients: Vec<Client>,
    rooms: Vec<RoomId>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let network = Network::new(seed);
        let store = MemoryStore::with_lanes(1 + (seed % 3) as usize);
        let (store, mut dice) = (FaultyStore::on(store), Dice::new(!seed));
        let rooms = make_rooms(&store).await;
        // Mostly quick, now and then so slow that everything else overtakes it.
        store.delay(move || Duration::from_micros(if dice.one_in(20) { 40_000 } else { dice.roll(2000) }));
        let clients = USERS.iter().map(|user| Client::new(user)).collect();
        let dice = Dice::new(seed ^ 0xC0FFEE);
        let mut this = Self { seed, dice, network, store, nodes: Vec::new(), clients, rooms };
        for node in 0..NODES {
            let node = this.start(node).await;
            this.nodes.push(node);
        }
        this
    }

    async fn start(&self, node: u64) -> ChatEngine {
        let bus = self.network.join(node);
        ChatEngine::builder().store(self.store.clone()).bus(bus).build().await.unwrap()
    }

    fn any(&mut self, of: usize) -> usize {
        self.dice.roll(of as u64) as usize
    }

    fn take_all(&mut self) {
        self.clients.iter_mut().for_each(|client| client.take(self.seed));
    }

    async fn connect(&mut self, client: usize) {
        let (node, client) = (self.any(self.nodes.len()), &mut self.clients[client]);
        client.take(self.seed);
        client.seen = client.before.take().unwrap_or(std::mem::take(&mut client.seen));
        let actor = self.nodes[node].as_user(client.user.clone());
        let opened = match client.token {
            // Sometimes another device, that knows nothing.
            Some(token) if !self.dice.one_in(5) => {
                (client.is_fresh, client.before) = (false, Some(client.seen.clone()));
                actor.connect_since(token).await
            }
            _ => {
                (client.is_fresh, client.token, client.seen) = (true, None, BTreeMap::new());
                client.roles.clear();
                actor.connect().await
            }
        };
        client.session = opened.ok().map(|session| (node as u64, session));
        client.session_of = node as u64;
    }

    async fn leave_and_come_back(&mut self, client: usize) {
        let (node, room) = (self.any(self.nodes.len()), self.any(self.rooms.len()));
        let (room, user) = (self.rooms[room], self.clients[client].user.clone());
        let engine = self.nodes[node].clone();
        if self.clients[client].left.contains_key(&room) {
            let owner = engine.admin();
            owner.invite(room, std::slice::from_ref(&user)).await.unwrap();
            if self.dice.one_in(2) {
                let other = self.any(self.nodes.len());
                self.nodes[other].admin().set_role(room, &user, Role::Admin).await.unwrap();
            }
            self.clients[client].left.remove(&room);
            self.clients[client].back.insert(room);
            return;
        }
        if engine.as_user(user.clone()).leave(room).await.is_err() {
            return;
        }
        let now = self.head(room).await;
        self.clients[client].take(self.seed);
        self.clients[client].left.insert(room, now);
        self.clients[client].seen.remove(&room);
        self.clients[client].roles.remove(&room);
    }

    async fn head(&self, room: RoomId) -> u64 {
        self.store.shared().rooms(&[room]).await.unwrap()[0].seq
    }

    /// Somebody says something on some node, while everything else goes on.
    fn send(&mut self) {
        let (node, room, user) =
            (self.any(self.nodes.len()), self.any(self.rooms.len()), self.any(USERS.len()));
        let actor = self.nodes[node].as_user(USERS[user].parse().unwrap());
        let room = self.rooms[room];
        tokio::spawn(async move { actor.send(room, Draft::text("hello")).await });
    }

    /// Somebody changes a message of the last, if they may.
    fn amend(&mut self) {
        let (node, room, user) =
            (self.any(self.nodes.len()), self.any(self.rooms.len()), self.any(USERS.len()));
        let actor = self.nodes[node].as_user(USERS[user].parse().unwrap());
        let (room, back, how) = (self.rooms[room], self.any(8), self.any(4));
        tokio::spawn(async move {
            let history = actor.history(room, HistoryQuery::newest(Limit::new(10).unwrap())).await?;
            let Some(seen) = history.messages.get(back) else { return Ok(()) };
            let message = seen.message.id;
            let done = match how {
                0 => {
                    actor
                        .edit(room, message, Some(&format!("{back} {}", seen.message.state.changed_pos)))
                        .await
                }
                1 => actor.delete(room, message).await,
                _ => actor.react(room, message, "👍".parse().unwrap(), how == 2).await,
            };
            done.map(drop)
        });
    }

    /// A node is gone without a word, and another one comes in its place.
    async fn restart(&mut self, node: usize) {
        self.take_all();
        for client in &mut self.clients {
            client.session.take_if(|(on, _)| *on == node as u64);
        }
        self.nodes[node] = self.start(node as u64).await;
    }

    async fn step(&mut self) {
        let client = self.any(USERS.len());
        let roll = self.dice.roll(20);
        if std::env::var_os("CHAT_TEST_SEED").is_some() {
            eprintln!("step {roll} {client} {}", USERS[client]);
        }
        match roll {
            0..=9 => {
                (0..=self.any(4)).for_each(|_| if self.dice.one_in(3) { self.amend() } else { self.send() })
            }
            10..=13 => self.connect(client).await,
            14 => self.clients[client].session = None,
            15 => self.leave_and_come_back(client).await,
            16 => {
                let node = self.any(self.nodes.len());
                self.restart(node).await;
            }
            17 => {
                let (node, is_cut) = (self.dice.roll(NODES), self.dice.one_in(2));
                self.network.cut(node, is_cut);
            }
            18 => {
                let lost = self.dice.roll(40);
                let delay = Duration::from_millis(self.dice.roll(80));
                self.network.set(Faults { lost, doubled: self.dice.roll(30), delay });
            }
            _ => tokio::time::sleep(Duration::from_millis(self.dice.roll(300))).await,
        }
        tokio::time::sleep(Duration::from_millis(self.dice.roll(8))).await;
        self.take_all();
    }

    /// Everything heals, and two seconds later all are level.
    async fn settle(&mut self) {
        self.network.set(Faults::default());
        (0..NODES).for_each(|node| self.network.cut(node, false));
        for client in 0..USERS.len() {
            self.take_all();
            if self.clients[client].session.is_none() {
                self.connect(client).await;
            }
        }
        // What was being said is said.
        tokio::time::sleep(Duration::from_millis(500)).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.take_all();
        for client in &self.clients {
            for (room, seen) in &client.seen {
                let (seed, user, head) = (self.seed, &client.user, self.head(*room).await);
                assert_eq!(seen.seq(), head, "seed {seed}: {user} has not got all of {room}");
                let from = client.told_from.get(room).copied().unwrap_or(u64::MAX);
                for message in self.store.shared().messages(*room, 1..=head).await.unwrap() {
                    let (now, has) = (message.state.changed_pos, client.versions.get(&(*room, message.seq)));
                    let is_told = now > from || has.is_some_and(|has| *has < now);
                    let seq = message.seq;
                    assert!(
                        !is_told || has == Some(&now),
                        "seed {seed}: {user} has {seq} of {room} as of {has:?}, not {now}"
                    );
                }
            }
            for (room, role) in &client.roles {
                let found = self.store.shared().membership(*room, &client.user).await.unwrap();
                let now = found.and_then(|(_, member)| member).map(|member| member.role);
                let (seed, user) = (self.seed, &client.user);
                assert!(
                    role.is_none() || *role == now,
                    "seed {seed}: {user} is {now:?} in {room}, not {role:?}"
                );
            }
        }
    }
}

fn run(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let mut world = World::new(seed).await;
        for _ in 0..STEPS {
            world.step().await;
        }
        world.settle().await;
    });
}

#[test]
fn whatever_the_network_does_every_client_gets_every_message_once_and_in_order() {
    let seeds = match std::env::var("CHAT_TEST_SEED") {
        Ok(seed) => {
            let seed = seed.parse().unwrap();
            seed..=seed
        }
        Err(_) => 1..=1000,
    };
    seeds.for_each(run);
}
