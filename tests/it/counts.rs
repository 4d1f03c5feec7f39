//! Great rooms, in which numbers are told instead of people: how many are here, how many type; and who has read what is read,
//! and not told.

use std::sync::Arc;
use std::time::Duration;

use chat_core::bus::LocalBus;
use chat_core::event::{Command, Event, EventKind};
use chat_core::model::{Draft, HistoryQuery, Limit, Mark, NewRoom, SettingsUpdate};
use chat_core::store::{MemoryStore, Store};
use chat_core::{ChatEngine, Config, RoomId, Session, UserId};
use tokio::time::{Instant, timeout};

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

/// A room of two is great already.
fn config() -> Config {
    let mut config = Config::default();
    (config.presence_max_members, config.typing_max_members, config.receipts_max_members) = (1, 1, 1);
    config
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

/// What somebody in a great room is told of the others.
#[derive(Debug, Clone, PartialEq)]
enum Told {
    Person,
    Online(u32),
    Typing(u32),
    Marked(String, Mark),
    Message,
}

fn told(event: &Event) -> Option<Told> {
    Some(match &event.kind {
        EventKind::Presence { .. } | EventKind::Typing(..) => Told::Person,
        EventKind::OnlineCount(count) => Told::Online(*count),
        EventKind::TypingCount(count) => Told::Typing(*count),
        EventKind::Marked(user, mark, _) => Told::Marked(user.to_string(), *mark),
        EventKind::Message(_) => Told::Message,
        _ => return None,
    })
}

/// What is told in so long, each with how long after the beginning it was.
async fn during(session: &mut Session, time: Duration) -> Vec<(Told, Duration)> {
    let (began, mut all) = (Instant::now(), Vec::new());
    let listening = async {
        while let Some(event) = session.next().await {
            all.extend(told(&event).map(|told| (told, began.elapsed())));
        }
    };
    let _ = timeout(time, listening).await;
    all
}

fn kinds(all: &[(Told, Duration)]) -> Vec<Told> {
    all.iter().map(|(told, _)| told.clone()).collect()
}

const LONG: Duration = Duration::from_secs(11);

#[tokio::test(start_paused = true)]
async fn of_a_great_room_it_is_told_rarely_how_many_are_here_and_not_who() {
    let engine = ChatEngine::builder().config(config()).build().await.unwrap();
    let room = group(&engine, &["ana", "ben", "cho", "dee"]).await;
    let mut ben = engine.as_user(id("ben")).connect().await.unwrap();
    assert_eq!(kinds(&during(&mut ben, LONG).await), [Told::Online(1)]);
    let [ana, cho, dee] = ["ana", "cho", "dee"].map(|name| engine.as_user(id(name)));
    dee.set_settings(SettingsUpdate { invisible: Some(true), ..SettingsUpdate::default() }).await.unwrap();
    let (one, other, _hidden) =
        (ana.connect().await.unwrap(), ana.connect().await.unwrap(), dee.connect().await.unwrap());
    let late = cho.connect();
    assert_eq!(kinds(&during(&mut ben, Duration::from_secs(1)).await), [Told::Online(2)]);
    let late = late.await.unwrap();
    let all = during(&mut ben, LONG).await;
    assert_eq!(kinds(&all), [Told::Online(3)]);
    assert!(all[0].1 > Duration::from_secs(3), "not more than once in five seconds: {all:?}");
    assert_eq!(ana.room(room).await.unwrap().online, Some(3));
    drop((one, other, late));
    assert_eq!(kinds(&during(&mut ben, LONG).await), [Told::Online(1)]);
    assert_eq!(ana.room(room).await.unwrap().online, Some(1));
    let small = ChatEngine::builder().build().await.unwrap();
    let room = group(&small, &["ana", "ben"]).await;
    let _ben = small.as_user(id("ben")).connect().await.unwrap();
    tokio::time::sleep(LONG).await;
    assert_eq!(small.as_user(id("ana")).room(room).await.unwrap().online, None, "who is here is told there");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_on_two_nodes_counts_once_and_goes_when_both_are_left() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut buses = LocalBus::between(2);
    let mut node =
        || ChatEngine::builder().shared_store(store.clone()).bus(buses.remove(0)).config(config()).build();
    let nodes = [node().await.unwrap(), node().await.unwrap()];
    let room = group(&nodes[0], &["ana", "ben", "cho"]).await;
    let connect = async |node: usize, name: &str| nodes[node].as_user(id(name)).connect().await.unwrap();
    let (mut ben, mut cho) = (connect(0, "ben").await, connect(1, "cho").await);
    let (here, there) = (connect(0, "ana").await, connect(1, "ana").await);
    for session in [&mut ben, &mut cho] {
        assert_eq!(kinds(&during(session, LONG).await).last(), Some(&Told::Online(3)));
    }
    for (session, left) in [(here, 3), (there, 2)] {
        drop(session);
        tokio::time::sleep(LONG).await;
        for node in &nodes {
            assert_eq!(node.as_user(id("ana")).room(room).await.unwrap().online, Some(left));
        }
    }
    assert_eq!(kinds(&during(&mut ben, LONG).await).last(), Some(&Told::Online(2)));
    // One that begins later asks what the others count.
    drop(cho);
    tokio::time::sleep(LONG).await;
    let mut cho = connect(1, "cho").await;
    assert_eq!(kinds(&during(&mut cho, LONG).await).last(), Some(&Told::Online(2)));
}

#[tokio::test(start_paused = true)]
async fn of_a_great_room_it_is_told_each_second_how_many_type_and_not_who() {
    let engine = ChatEngine::builder().config(config()).build().await.unwrap();
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    let [ana, cho] = ["ana", "cho"].map(|name| engine.as_user(id(name)));
    let (ana, cho) = (ana.connect().await.unwrap(), cho.connect().await.unwrap());
    let mut ben = engine.as_user(id("ben")).connect().await.unwrap();
    during(&mut ben, LONG).await;
    for session in [&ana, &cho] {
        session.execute(Command::Typing(room, true)).await.unwrap();
    }
    assert_eq!(kinds(&during(&mut ben, Duration::from_millis(600)).await), [Told::Typing(2)]);
    ana.execute(Command::Typing(room, false)).await.unwrap();
    let all = during(&mut ben, Duration::from_secs(2)).await;
    assert_eq!(kinds(&all), [Told::Typing(1)]);
    assert!(all[0].1 >= Duration::from_millis(300), "not more than once a second: {all:?}");
    // Whoever sends has stopped.
    cho.send(room, Draft::text("hi")).await.unwrap();
    assert_eq!(kinds(&during(&mut ben, LONG).await), [Told::Message, Told::Typing(0)]);
}

#[tokio::test(start_paused = true)]
async fn in_a_great_room_marks_are_told_to_own_devices_and_read_by_everybody() {
    let engine = ChatEngine::builder().config(config()).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let [ana, ben] = ["ana", "ben"].map(|name| engine.as_user(id(name)));
    let (mut to_ana, mut to_ben) = (ana.connect().await.unwrap(), ben.connect().await.unwrap());
    let since = to_ana.next().await.unwrap().token.unwrap();
    ana.send(room, Draft::text("one")).await.unwrap();
    ben.mark_delivered(room, None).await.unwrap();
    tokio::time::sleep(LONG).await;
    ben.mark_read(room, None).await.unwrap();
    let marks = |all: Vec<(Told, Duration)>| {
        let is_mark = |told: &Told| matches!(told, Told::Marked(..));
        kinds(&all).into_iter().filter(is_mark).collect::<Vec<_>>()
    };
    assert_eq!(marks(during(&mut to_ana, LONG).await), []);
    let own = [Mark::Delivered, Mark::Read].map(|mark| Told::Marked("ben".into(), mark));
    assert_eq!(marks(during(&mut to_ben, LONG).await), own);
    let history = ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    assert!(history.messages[0].receipt.is_read, "it is read, and not told");
    // Whoever was away learns of their own alone.
    let mut back = ana.connect_since(since).await.unwrap();
    assert_eq!(marks(during(&mut back, LONG).await), []);
    let mut back = ben.connect_since(since).await.unwrap();
    assert_eq!(marks(during(&mut back, LONG).await), [Told::Marked("ben".into(), Mark::Read)]);
}
