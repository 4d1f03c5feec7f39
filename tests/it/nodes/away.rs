//! Nodes that die, restart, or lose the bus: what the others make of it, and by when. In time that the tests
//! control.

use std::sync::Arc;
use std::time::Duration;

use chat_core::event::{CloseReason, Command, Event, EventKind, Notification};
use chat_core::model::{Draft, Limit, Mark, NewRoom};
use chat_core::store::{MemoryStore, Store};
use chat_core::testing::FaultyStore;
use chat_core::{Actor, ChatEngine, RoomId, Session, UserId};
use futures_util::FutureExt;
use tokio::time::{Instant, sleep, timeout};

use super::network::{Faults, Network};

/// Three nodes, named 0, 1 and 2.
struct Nodes {
    network: Arc<Network>,
    store: Arc<dyn Store>,
    nodes: Vec<ChatEngine>,
    room: RoomId,
}

impl Nodes {
    /// With ana, ben and cho in a room.
    async fn start() -> Self {
        Self::on(Arc::new(MemoryStore::with_lanes(2))).await
    }

    async fn on(store: Arc<dyn Store>) -> Self {
        let network = Network::new(3);
        let mut nodes = Vec::new();
        for name in 0..3 {
            nodes.push(start(&network, &store, name).await);
        }
        let ana = nodes[0].as_user(id("ana"));
        let room = ana.create_room(NewRoom::group("Runners").with(["ben", "cho"])).await.unwrap().id();
        // They have heard of each other.
        sleep(Duration::from_secs(3)).await;
        Self { network, store, nodes, room }
    }

    fn user(&self, node: usize, name: &str) -> Actor {
        self.nodes[node].as_user(id(name))
    }

    async fn connect(&self, node: usize, name: &str) -> Session {
        self.user(node, name).connect().await.unwrap()
    }

    async fn say(&self, node: usize, text: &str) {
        self.user(node, "ana").send(self.room, Draft::text(text)).await.unwrap();
    }

    /// As a process that is killed: nobody is told anything.
    async fn kill(&mut self, node: usize) {
        self.network.cut(node as u64, true);
        // In its place stands one that nobody is connected to, and that nobody hears.
        self.nodes[node] = ChatEngine::builder().build().await.unwrap();
    }

    async fn restart(&mut self, node: usize) {
        self.nodes[node] = start(&self.network, &self.store, node as u64).await;
    }

    async fn is_online(&self, node: usize, name: &str) -> bool {
        let all = self.user(node, "ana").participants(self.room, None, Limit::ROOMS).await.unwrap();
        all.participants.iter().any(|other| other.profile.user == id(name) && other.online)
    }
}

async fn start(network: &Arc<Network>, store: &Arc<dyn Store>, name: u64) -> ChatEngine {
    ChatEngine::builder().shared_store(store.clone()).bus(network.join(name)).build().await.unwrap()
}

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn text(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Message(message) => message.body.content().map(str::to_owned),
        _ => None,
    }
}

fn presence(event: &Event) -> Option<(String, bool)> {
    match &event.kind {
        EventKind::Presence { user, online, .. } => Some((user.to_string(), *online)),
        _ => None,
    }
}

/// The first event of which `pick` makes something, and how long it took.
async fn next<T>(session: &mut Session, mut pick: impl FnMut(&Event) -> Option<T>) -> (T, Duration) {
    let began = Instant::now();
    let found = timeout(Duration::from_secs(120), async {
        loop {
            let event = session.next().await.expect("the session goes on");
            if let Some(found) = pick(&event) {
                return found;
            }
        }
    });
    (found.await.expect("it comes"), began.elapsed())
}

/// What has come by now.
fn came<T>(session: &mut Session, mut pick: impl FnMut(&Event) -> Option<T>) -> Vec<T> {
    let mut came = Vec::new();
    while let Some(Some(event)) = session.next().now_or_never() {
        came.extend(pick(&event));
    }
    came
}

fn went(name: &str) -> (String, bool) {
    (name.to_owned(), false)
}

#[tokio::test(start_paused = true)]
async fn those_of_a_node_that_died_are_gone_within_thirty_seconds() {
    let mut nodes = Nodes::start().await;
    let mut ana = nodes.connect(0, "ana").await;
    let ben = nodes.connect(1, "ben").await;
    assert_eq!(next(&mut ana, presence).await.0, ("ben".to_owned(), true));
    nodes.kill(1).await;
    drop(ben);
    let (heard, after) = next(&mut ana, presence).await;
    assert_eq!(heard, went("ben"));
    assert!(after > Duration::from_secs(5), "he may be on the way to another node: {after:?}");
    assert!(after < Duration::from_secs(30), "{after:?}");
    assert!(!nodes.is_online(0, "ben").await && !nodes.is_online(2, "ben").await);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_by_another_node_was_never_gone() {
    let mut nodes = Nodes::start().await;
    let mut ana = nodes.connect(0, "ana").await;
    let mut sessions = vec![nodes.connect(1, "ben").await, nodes.connect(1, "cho").await];
    sleep(Duration::from_secs(1)).await;
    assert_eq!(came(&mut ana, presence).len(), 2);
    nodes.kill(1).await;
    sessions.clear();
    sleep(Duration::from_secs(4)).await;
    let _back = nodes.connect(2, "ben").await;
    sleep(Duration::from_secs(40)).await;
    assert_eq!(came(&mut ana, presence), [went("cho")]);
    assert!(nodes.is_online(0, "ben").await);
}

#[tokio::test(start_paused = true)]
async fn a_rolling_restart_is_no_coming_and_going() {
    let mut nodes = Nodes::start().await;
    let mut ana = nodes.connect(0, "ana").await;
    let (mut ben, cho) = (nodes.connect(1, "ben").await, nodes.connect(1, "cho").await);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(came(&mut ana, presence).len(), 2);
    for (node, other) in [(1, 2), (2, 1), (1, 2)] {
        let stopping = nodes.nodes[node].clone();
        let drained = tokio::spawn(async move { stopping.drain(Duration::from_secs(5)).await });
        sleep(Duration::from_secs(1)).await;
        while ben.next().await.is_some() {}
        assert!(matches!(ben.close_reason(), Some(CloseReason::Restarting(_))));
        drop(ben);
        sleep(Duration::from_secs(2)).await;
        ben = nodes.connect(other, "ben").await;
        drained.await.unwrap();
        nodes.network.cut(node as u64, true);
        nodes.restart(node).await;
        sleep(Duration::from_secs(5)).await;
    }
    drop(cho);
    sleep(Duration::from_secs(30)).await;
    // One who was on the first node and never came back.
    assert_eq!(came(&mut ana, presence), [went("cho")]);
}

#[tokio::test(start_paused = true)]
async fn to_a_node_that_starts_meanwhile_nobody_is_new_who_is_on_the_way_from_another() {
    let mut nodes = Nodes::start().await;
    let sessions = [nodes.connect(1, "ben").await, nodes.connect(1, "cho").await];
    sleep(Duration::from_secs(1)).await;
    let stopping = nodes.nodes[1].clone();
    let drained = tokio::spawn(async move { stopping.drain(Duration::from_secs(5)).await });
    sleep(Duration::from_millis(200)).await;
    drop(sessions);
    drained.await.unwrap();
    nodes.kill(1).await;
    nodes.restart(2).await;
    sleep(Duration::from_millis(500)).await;
    let mut ana = nodes.connect(2, "ana").await;
    assert!(nodes.is_online(2, "ben").await && nodes.is_online(2, "cho").await);
    let _back = nodes.connect(0, "ben").await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(came(&mut ana, presence), [went("cho")], "ben was there all the time");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_slowly_tells_nobody_of_those_who_have_gone() {
    let nodes = Nodes::start().await;
    let mut ana = nodes.connect(0, "ana").await;
    let (ben, _slow) = (nodes.connect(1, "ben").await, nodes.connect(1, "cho").await);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(came(&mut ana, presence).len(), 2);
    let stopping = nodes.nodes[1].clone();
    let drained = tokio::spawn(async move { stopping.drain(Duration::from_secs(6)).await });
    sleep(Duration::from_millis(200)).await;
    drop(ben);
    sleep(Duration::from_secs(5)).await;
    let _back = nodes.connect(2, "ben").await;
    drained.await.unwrap();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(came(&mut ana, presence), []);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_starts_knows_who_is_there() {
    let mut nodes = Nodes::start().await;
    let _ben = nodes.connect(1, "ben").await;
    nodes.restart(2).await;
    sleep(Duration::from_secs(4)).await;
    assert!(nodes.is_online(2, "ben").await);
    assert!(!nodes.is_online(2, "cho").await);
}

#[tokio::test(start_paused = true)]
async fn without_the_bus_nodes_serve_their_own_and_hear_of_the_others_by_the_store() {
    let nodes = Nodes::start().await;
    let (mut ben, mut cho) = (nodes.connect(1, "ben").await, nodes.connect(0, "cho").await);
    nodes.network.cut(1, true);
    for number in 0..20 {
        let began = Instant::now();
        let said = format!("here {number}");
        nodes.say(1, &said).await;
        let (heard, after) = next(&mut ben, text).await;
        assert_eq!(heard, said);
        assert!(after < Duration::from_millis(200), "his own node tells him at once: {after:?}");
        let (heard, _) = next(&mut cho, text).await;
        assert_eq!(heard, said);
        let said = format!("there {number}");
        nodes.say(0, &said).await;
        let (heard, _) = next(&mut ben, text).await;
        assert_eq!(heard, said);
        assert_eq!(next(&mut cho, text).await.0, said);
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn two_seconds_after_a_partition_all_are_level() {
    let nodes = Nodes::start().await;
    let mut ben = nodes.connect(1, "ben").await;
    // What is lost there is not even noticed: the bus seems to be up.
    nodes.network.set(Faults { lost: 100, ..Faults::default() });
    for number in 0..100 {
        nodes.say(0, &number.to_string()).await;
        nodes.user(2, "cho").mark_read(nodes.room, None).await.unwrap();
    }
    nodes.network.set(Faults::default());
    sleep(Duration::from_secs(2)).await;
    let mut read = 0;
    let heard = came(&mut ben, |event| {
        if let EventKind::Marked(user, Mark::Read, at) = &event.kind {
            assert_eq!(*user, id("cho"));
            read = at.read_seq;
        }
        text(event)
    });
    assert!(heard.into_iter().eq((0..100).map(|number| number.to_string())));
    assert_eq!(read, 100, "marks are made up for too");
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_was_lost_is_made_up_for_though_its_room_has_gone_on() {
    let nodes = Nodes::start().await;
    let mut ben = nodes.connect(1, "ben").await;
    nodes.say(0, "read this").await;
    next(&mut ben, text).await;
    nodes.network.set(Faults { lost: 100, ..Faults::default() });
    nodes.user(0, "cho").mark_read(nodes.room, None).await.unwrap();
    nodes.network.set(Faults::default());
    nodes.say(0, "and this").await;
    let (read, after) = next(&mut ben, |event| match &event.kind {
        EventKind::Marked(user, Mark::Read, at) => Some((user.clone(), at.read_seq)),
        _ => None,
    })
    .await;
    assert_eq!(read, (id("cho"), 1));
    assert!(after < Duration::from_secs(2), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_node_died_before_it_told_of_it_is_found_within_five_seconds() {
    let store = FaultyStore::on(MemoryStore::new());
    let mut nodes = Nodes::on(store.shared()).await;
    let mut ben = nodes.connect(1, "ben").await;
    let hanging = store.hang().await;
    let mut commits = store.commits();
    commits.mark_unchanged();
    let ana = nodes.user(0, "ana");
    let room = nodes.room;
    let sending = tokio::spawn(async move { ana.send(room, Draft::text("my last words")).await });
    commits.changed().await.unwrap();
    nodes.kill(0).await;
    sending.abort();
    drop(hanging);
    let (heard, after) = next(&mut ben, text).await;
    assert_eq!(heard, "my last words");
    assert!(after < Duration::from_secs(5), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_taken_out_while_they_listen_to_a_room_again_is_told_what_was_said_before() {
    let store = FaultyStore::on(MemoryStore::new());
    let nodes = Nodes::on(store.shared()).await;
    let mut ben = nodes.connect(1, "ben").await;
    ben.execute(Command::Unsubscribe(nodes.room)).await.unwrap();
    let (since, _) = next(&mut ben, |event| event.token).await;
    nodes.say(0, "before you go").await;
    sleep(Duration::from_secs(3)).await;
    // Between the end of what is told and the look at the room, which is the second one.
    store.calls();
    let (watched, mut looks) = (store.clone(), 0);
    store.delay(move || {
        let looks_now = looks + watched.calls().get("membership").copied().unwrap_or(0);
        let is_second = std::mem::replace(&mut looks, looks_now) < 2 && looks_now >= 2;
        if is_second { Duration::from_millis(20) } else { Duration::ZERO }
    });
    ben.execute(Command::Subscribe(nodes.room, Some(since))).await.unwrap();
    sleep(Duration::from_millis(10)).await;
    nodes.network.set(Faults { lost: 100, ..Faults::default() });
    let (ana, room) = (nodes.user(0, "ana"), nodes.room);
    // It waits for this node, which does not hear of it.
    let removing = tokio::spawn(async move { ana.remove(room, &id("ben")).await });
    let mut said = Vec::new();
    let (recovered, _) = next(&mut ben, |event| {
        said.extend(text(event));
        match event.kind {
            EventKind::CaughtUp { recovered } => Some(recovered),
            _ => None,
        }
    })
    .await;
    assert_eq!((said.as_slice(), recovered), (["before you go".to_owned()].as_slice(), true));
    nodes.network.set(Faults::default());
    let is_left = |event: &Event| {
        matches!(event.kind, EventKind::Notification(Notification::RemovedFromRoom(..))).then_some(())
    };
    next(&mut ben, is_left).await;
    removing.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_logout_that_a_node_could_not_be_told_counts_there_when_it_can() {
    let nodes = Nodes::start().await;
    let mut ben = nodes.connect(1, "ben").await;
    std::thread::sleep(Duration::from_millis(5));
    nodes.network.set(Faults { lost: 100, ..Faults::default() });
    let began = Instant::now();
    nodes.user(0, "ben").log_out().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(3), "it waits for a while, and not for ever");
    nodes.network.set(Faults::default());
    sleep(Duration::from_secs(2)).await;
    came(&mut ben, text);
    assert_eq!(ben.close_reason(), Some(CloseReason::Unauthenticated));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_cut_off_hands_nothing_on_to_whoever_has_logged_out() {
    let nodes = Nodes::start().await;
    let mut ben = nodes.connect(1, "ben").await;
    nodes.say(1, "before").await;
    assert_eq!(next(&mut ben, text).await.0, "before");
    std::thread::sleep(Duration::from_millis(5));
    nodes.network.set(Faults { lost: 100, ..Faults::default() });
    nodes.user(0, "ben").log_out().await.unwrap();
    // By this node itself, which nothing from elsewhere has reached.
    nodes.say(1, "after").await;
    while let Some(event) = ben.next().await {
        assert_ne!(text(&event).as_deref(), Some("after"));
    }
    assert_eq!(ben.close_reason(), Some(CloseReason::Unauthenticated));
}

#[tokio::test(start_paused = true)]
async fn whoever_misses_too_much_resumes_from_the_store() {
    const MANY: usize = 21_000;
    let nodes = Nodes::start().await;
    let mut ben = nodes.connect(1, "ben").await;
    nodes.say(0, "first").await;
    let (token, _) = next(&mut ben, |event| text(event).and(event.token)).await;
    nodes.network.set(Faults { lost: 100, ..Faults::default() });
    let ana = nodes.user(0, "ana");
    for _ in 0..MANY / 100 {
        let sends = (0..100).map(|_| ana.send(nodes.room, Draft::text("more")));
        futures_util::future::join_all(sends).await.into_iter().for_each(|sent| drop(sent.unwrap()));
    }
    nodes.network.set(Faults::default());
    sleep(Duration::from_secs(3)).await;
    while ben.close_reason().is_none() {
        assert!(ben.next().await.is_some());
    }
    assert_eq!(ben.close_reason(), Some(CloseReason::Lagged));
    let mut ben = nodes.user(1, "ben").connect_since(token).await.unwrap();
    for _ in 0..MANY {
        assert_eq!(next(&mut ben, text).await.0, "more");
    }
}

#[tokio::test(start_paused = true)]
async fn where_presence_is_off_no_node_knows_who_is_on_another() {
    let (network, store) = (Network::new(3), Arc::new(MemoryStore::new()) as Arc<dyn Store>);
    let mut config = chat_core::Config::default();
    config.presence_max_members = 0;
    let mut nodes = Vec::new();
    for name in 0..2 {
        let builder = ChatEngine::builder().shared_store(store.clone()).config(config.clone());
        nodes.push(builder.bus(network.join(name)).build().await.unwrap());
    }
    let ana = nodes[0].as_user(id("ana"));
    let room = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
    let (mut session, _ben) =
        (ana.connect().await.unwrap(), nodes[1].as_user(id("ben")).connect().await.unwrap());
    sleep(Duration::from_secs(5)).await;
    assert!(came(&mut session, presence).is_empty());
    let all = ana.participants(room, None, Limit::ROOMS).await.unwrap();
    assert!(all.participants.iter().all(|other| other.online == (other.profile.user == id("ana"))));
}
