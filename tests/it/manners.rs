//! What users let others see of themselves: live, on other nodes, after having been away, and where it is read.

use std::sync::Arc;
use std::time::Duration;

use chat_core::bus::LocalBus;
use chat_core::event::{Command, Event, EventKind, Notification};
use chat_core::model::{
    Draft, HistoryQuery, LastSeen, Limit, Mark, NewRoom, Participant, Settings, SettingsUpdate,
};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::testing::NameTokens;
use chat_core::transport::rest;
use chat_core::{Actor, ChatEngine, RoomId, Session, UserId};
use serde_json::{Value, json};

use crate::served::serve;
use crate::socketio::client::http;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn invisible(is: bool) -> SettingsUpdate {
    SettingsUpdate { invisible: Some(is), ..SettingsUpdate::default() }
}

fn receipts(are: bool) -> SettingsUpdate {
    SettingsUpdate { read_receipts: Some(are), ..SettingsUpdate::default() }
}

fn seen_by(whom: LastSeen) -> SettingsUpdate {
    SettingsUpdate { last_seen: Some(whom), ..SettingsUpdate::default() }
}

async fn room(engine: &ChatEngine, new: NewRoom) -> RoomId {
    engine.as_user(id("ana")).create_room(new).await.unwrap().id()
}

/// Two nodes over one store.
async fn nodes() -> [ChatEngine; 2] {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut buses = LocalBus::between(2);
    let mut node = || ChatEngine::builder().shared_store(store.clone()).bus(buses.remove(0)).build();
    [node().await.unwrap(), node().await.unwrap()]
}

/// What others see of somebody.
#[derive(Debug, Clone, PartialEq)]
enum Sight {
    Here(bool),
    /// With whether it says when.
    Gone(bool),
    Typing(bool),
    Marked(Mark, u64),
    Said(String),
    Settled(Settings),
}

fn sight(event: &Event) -> Option<Sight> {
    Some(match &event.kind {
        EventKind::Presence { online: true, last_seen, .. } => Sight::Here(last_seen.is_none()),
        EventKind::Presence { last_seen, .. } => Sight::Gone(last_seen.is_some()),
        EventKind::Typing(_, on) => Sight::Typing(*on),
        EventKind::Marked(_, mark, at) => Sight::Marked(*mark, at.read_seq),
        EventKind::Message(message) => Sight::Said(message.body.content()?.to_owned()),
        EventKind::Notification(Notification::Settings(settings)) => Sight::Settled(*settings),
        _ => return None,
    })
}

/// All that is seen until this is said.
async fn until(session: &mut Session, words: &str) -> Vec<Sight> {
    let mut seen = Vec::new();
    loop {
        match sight(&session.next().await.expect("the session goes on")) {
            Some(Sight::Said(said)) if said == words => return seen,
            other => seen.extend(other),
        }
    }
}

async fn until_sight(session: &mut Session, awaited: &Sight) {
    while sight(&session.next().await.expect("the session goes on")).as_ref() != Some(awaited) {}
}

async fn participant(viewer: &Actor, room: RoomId, of: &str) -> Participant {
    let page = viewer.participants(room, None, Limit::MESSAGES).await.unwrap();
    page.participants.into_iter().find(|one| one.profile.user == id(of)).unwrap()
}

#[tokio::test]
async fn whoever_is_invisible_has_gone_for_everybody_on_every_node_and_comes_back_when_it_ends() {
    let [here, there] = nodes().await;
    let room = room(&here, NewRoom::group("Runners").with(["ben", "cho"])).await;
    let (ben, cho) = (there.as_user(id("ben")), here.as_user(id("cho")));
    // Who looks on is not seen by the other.
    for viewer in [&ben, &cho] {
        viewer.set_settings(invisible(true)).await.unwrap();
    }
    let (mut to_ben, mut to_cho) = (ben.connect().await.unwrap(), cho.connect().await.unwrap());
    // One device on each node.
    let phone = here.as_user(id("ana")).connect().await.unwrap();
    let mut desk = there.as_user(id("ana")).connect().await.unwrap();
    phone.send(room, Draft::text("here")).await.unwrap();
    // Who comes is told beside what is said, in no order with it.
    for viewer in [&mut to_ben, &mut to_cho] {
        if !until(viewer, "here").await.contains(&Sight::Here(true)) {
            until_sight(viewer, &Sight::Here(true)).await;
        }
    }
    assert!(participant(&ben, room, "ana").await.online);
    phone.execute(Command::Typing(room, true)).await.unwrap();

    let settled = phone.actor().set_settings(invisible(true)).await.unwrap();
    for viewer in [&ben, &cho] {
        assert!(!participant(viewer, room, "ana").await.online);
    }
    // On another node it is read, once it is written.
    for viewer in [&cho, &ben] {
        while participant(viewer, room, "ana").await.last_seen != Some(settled.changed_at) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(!there.admin().is_online(&id("ana")) && !here.admin().is_online(&id("ana")));
    // Neither typing nor another connection, nor the end of one, shows.
    phone.execute(Command::Typing(room, true)).await.unwrap();
    drop(there.as_user(id("ana")).connect().await.unwrap());
    drop(here.as_user(id("ana")).connect().await.unwrap());
    phone.send(room, Draft::text("hidden")).await.unwrap();
    for viewer in [&mut to_ben, &mut to_cho] {
        let seen = until(viewer, "hidden").await;
        let gone = [Sight::Typing(true), Sight::Typing(false), Sight::Gone(true)];
        assert_eq!(seen, gone, "she stops typing, and goes, and that is all");
    }
    assert!(until(&mut desk, "hidden").await.contains(&Sight::Settled(settled)), "her other device knows");

    phone.actor().set_settings(invisible(false)).await.unwrap();
    phone.send(room, Draft::text("back")).await.unwrap();
    assert_eq!(until(&mut to_ben, "back").await, [Sight::Here(true)]);
    assert_eq!(until(&mut to_cho, "back").await, [Sight::Here(true)]);
    assert!(participant(&ben, room, "ana").await.online && participant(&cho, room, "ana").await.online);
}

#[tokio::test]
async fn who_comes_and_goes_invisible_leaves_no_trace_in_when_they_were_last_seen() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = room(&engine, NewRoom::direct("ben")).await;
    let (ana, ben) = (engine.as_user(id("ana")), engine.as_user(id("ben")));
    let mut to_ben = ben.connect().await.unwrap();
    ana.set_settings(invisible(true)).await.unwrap();
    let hidden = ana.connect().await.unwrap();
    assert!(!participant(&ben, room, "ana").await.online);
    drop(hidden);
    ana.send(room, Draft::text("hello")).await.unwrap();
    assert_eq!(until(&mut to_ben, "hello").await, []);
    assert_eq!(participant(&ben, room, "ana").await.last_seen, None);
    ana.set_settings(invisible(false)).await.unwrap();
    drop(ana.connect().await.unwrap());
    ana.send(room, Draft::text("again")).await.unwrap();
    assert_eq!(until(&mut to_ben, "again").await, [Sight::Here(true), Sight::Gone(true)]);
    assert!(participant(&ben, room, "ana").await.last_seen.is_some());
}

#[tokio::test]
async fn marks_of_whoever_hides_them_count_for_them_and_are_told_to_their_own_devices_alone() {
    let [here, there] = nodes().await;
    let direct = room(&here, NewRoom::direct("ben")).await;
    let (ana, ben) = (here.as_user(id("ana")), there.as_user(id("ben")));
    let mut to_ana = ana.connect().await.unwrap();
    let (away, mut desk) = (ana.connect().await.unwrap(), here.as_user(id("ben")).connect().await.unwrap());
    drop(away);
    ben.set_settings(receipts(false)).await.unwrap();
    let since = {
        let mut session = ana.connect().await.unwrap();
        session.next().await.unwrap().token.unwrap()
    };
    ana.send(direct, Draft::text("one")).await.unwrap();
    let marked = ben.mark_read(direct, None).await.unwrap();
    assert_eq!((marked.read_seq, marked.unread), (1, 0));
    ben.send(direct, Draft::text("two")).await.unwrap();
    let heard = until(&mut to_ana, "two").await;
    assert_eq!(heard, [Sight::Here(true), Sight::Said("one".into())], "nobody else is told");
    assert!(until(&mut desk, "two").await.contains(&Sight::Marked(Mark::Read, 1)), "his other device is");
    let receipt = async || {
        let history = ana.history(direct, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
        history.messages.into_iter().find(|view| view.message.seq == 1).unwrap().receipt
    };
    let hidden = receipt().await;
    assert_eq!((hidden.is_read, hidden.read_count, hidden.read_by), (false, 1, vec![id("ana")]));
    let last = ana.room(direct).await.unwrap().last_message.unwrap().receipt;
    assert_eq!((last.is_read, last.read_count), (false, 1));
    let mut back = ana.connect_since(since).await.unwrap();
    let missed = until(&mut back, "two").await;
    ana.send(direct, Draft::text("three")).await.unwrap();
    let missed = [missed, until(&mut back, "three").await].concat();
    assert!(!missed.iter().any(|seen| matches!(seen, Sight::Marked(..))), "{missed:?}");
    // Whoever shows theirs again shows where they stand.
    ben.set_settings(receipts(true)).await.unwrap();
    assert!(receipt().await.is_read);
    ben.mark_read(direct, None).await.unwrap();
    ben.send(direct, Draft::text("four")).await.unwrap();
    assert_eq!(until(&mut to_ana, "four").await.last(), Some(&Sight::Marked(Mark::Read, 3)));
}

#[tokio::test]
async fn not_everybody_has_read_what_somebody_hides_to_have_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("chat.db")).await.unwrap();
    let engine = ChatEngine::builder().store(store).build().await.unwrap();
    let group = room(&engine, NewRoom::group("Runners").with(["ben", "cho"])).await;
    let ana = engine.as_user(id("ana"));
    ana.send(group, Draft::text("one")).await.unwrap();
    engine.as_user(id("ben")).set_settings(receipts(false)).await.unwrap();
    for who in ["ben", "cho"] {
        engine.as_user(id(who)).mark_read(group, None).await.unwrap();
    }
    let history = ana.history(group, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    let receipt = &history.messages[0].receipt;
    assert_eq!(receipt.read_by, [id("ana"), id("cho")]);
    assert!(receipt.read_count == 2 && !receipt.is_read, "{receipt:?}");
}

#[tokio::test]
async fn when_somebody_was_last_seen_is_shown_to_whom_they_let_see_it() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = room(&engine, NewRoom::group("Runners").with(["ben", "cho"])).await;
    let [ana, ben, cho] = ["ana", "ben", "cho"].map(|name| engine.as_user(id(name)));
    ana.request_friend(ben.user()).await.unwrap();
    ben.accept_friend(ana.user()).await.unwrap();
    let mut to_cho = cho.connect().await.unwrap();
    // (who may see it, does ben, does cho)
    for (whom, friend, other) in
        [(LastSeen::Everyone, true, true), (LastSeen::Friends, true, false), (LastSeen::Nobody, false, false)]
    {
        ana.set_settings(seen_by(whom)).await.unwrap();
        drop(ana.connect().await.unwrap());
        ana.send(room, Draft::text("bye")).await.unwrap();
        let seen = until(&mut to_cho, "bye").await;
        assert_eq!(seen, [Sight::Here(true), Sight::Gone(other)], "an event is for all: {whom:?}");
        for (viewer, sees) in [(&ana, true), (&ben, friend), (&cho, other)] {
            let last_seen = participant(viewer, room, "ana").await.last_seen;
            assert_eq!(last_seen.is_some(), sees, "{whom:?} {}", viewer.user());
        }
    }
    let page = engine.admin().participants(room, None, Limit::MESSAGES).await.unwrap();
    assert!(page.participants[0].last_seen.is_some(), "the host sees it");
}

#[tokio::test]
async fn settings_are_read_and_changed_over_rest() {
    let engine = ChatEngine::builder().authenticator(NameTokens).build().await.unwrap();
    let app = axum::Router::new().nest("/api", rest::router(engine, rest::RestOptions::default()));
    let addr = serve(app).await;
    let ask = async |method: &str, body: &str| {
        let headers = "Authorization: Bearer ana\r\nContent-Type: application/json\r\n";
        let answer = http(addr, method, "/api/chat/users/me/settings", headers, body).await;
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    let mut settings = json!({ "lastSeen": "everyone", "invisible": false, "readReceipts": true });
    assert_eq!(ask("GET", "").await, (200, settings.clone()));
    settings["lastSeen"] = "friends".into();
    let asked = r#"{ "lastSeen": "friends", "invisible": null }"#;
    assert_eq!(ask("PATCH", asked).await, (200, settings.clone()));
    settings["readReceipts"] = false.into();
    assert_eq!(ask("PATCH", r#"{ "readReceipts": false }"#).await, (200, settings.clone()));
    for bad in [r#"{ "lastSeen": "foes" }"#, r#"{ "invisible": 1 }"#, "[]"] {
        let (status, problem) = ask("PATCH", bad).await;
        assert_eq!((status, &problem["code"]), (400, &Value::from("INVALID_INPUT")), "{bad}");
    }
    assert_eq!(ask("GET", "").await, (200, settings));
}
