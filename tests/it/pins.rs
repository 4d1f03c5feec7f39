//! Pins: told live, to whoever was away and by other nodes, and listed.

use std::sync::Arc;

use chat_core::bus::LocalBus;
use chat_core::event::{Command, Event, EventKind};
use chat_core::model::{Amendment, Draft, Limit, Message, NewRoom, Role, RoomUpdate, Verb};
use chat_core::store::{MemoryStore, Store};
use chat_core::testing::NameTokens;
use chat_core::{Actor, ChatEngine, Config, ErrorKind, LimitName, RoomId, Session, UserId};
use serde_json::Value;

use crate::served::serve;
use crate::socketio::client::http;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

/// Whether a message is pinned now, and whether that is what has changed.
fn pinned(event: &Event) -> Option<(u64, Option<UserId>, Option<bool>)> {
    let EventKind::Amended(amended) = &event.kind else { return None };
    let how = match amended.how {
        Some(Amendment::Pinned(on)) => Some(on),
        _ => None,
    };
    Some((amended.message.seq, amended.message.state.pinned.as_ref()?.by.clone(), how))
}

async fn next<T>(session: &mut Session, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = session.next().await.unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

async fn listed(actor: &Actor, room: RoomId, limit: u64) -> Vec<u64> {
    let (mut before, mut all) = (None, Vec::new());
    loop {
        let page = actor.pins(room, before, Limit::new(limit).unwrap()).await.unwrap();
        all.extend(page.messages.iter().map(|view| view.message.seq));
        before = page.next;
        if before.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_pin_is_told_live_on_other_nodes_and_to_whoever_was_away() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut buses = LocalBus::between(2);
    let mut node = || ChatEngine::builder().shared_store(store.clone()).bus(buses.remove(0)).build();
    let (here, there) = (node().await.unwrap(), node().await.unwrap());
    let room = group(&here, &["ana", "ben"]).await;
    let (ana, ben) = (here.as_user(id("ana")), there.as_user(id("ben")));
    let mut session = ben.connect().await.unwrap();
    let first: Arc<Message> = ana.send(room, Draft::text("rules")).await.unwrap();
    let token = loop {
        let event = session.next().await.unwrap();
        if matches!(event.kind, EventKind::Message(_)) {
            break event.token.unwrap();
        }
    };
    ana.pin(room, first.id, true).await.unwrap();
    let by_ana = |how| (1, Some(id("ana")), how);
    assert_eq!(next(&mut session, pinned).await, by_ana(Some(true)));
    // One that came and was pinned while somebody was away is told with its pin.
    let second = ana.send(room, Draft::text("more")).await.unwrap();
    ana.pin(room, second.id, true).await.unwrap();
    let mut back = ben.connect_since(token).await.unwrap();
    let told = next(&mut back, |event| match &event.kind {
        EventKind::Message(message) => Some((message.seq, message.state.pinned.is_some())),
        _ => None,
    });
    assert_eq!(told.await, (2, true));
    assert_eq!(next(&mut back, pinned).await, by_ana(None));
    assert_eq!(listed(&ben, room, 1).await, [2, 1]);
    ana.delete(room, first.id).await.unwrap();
    assert_eq!(listed(&ben, room, 100).await, [2]);
}

#[tokio::test]
async fn whoever_may_not_pin_is_refused_and_so_is_one_too_many() {
    let mut config = Config::default();
    config.max_pins = 1;
    let engine = ChatEngine::builder().config(config).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let [ana, ben] = ["ana", "ben"].map(|name| engine.as_user(id(name)));
    let one = ana.send(room, Draft::text("1")).await.unwrap().id;
    let two = ana.send(room, Draft::text("2")).await.unwrap().id;
    let session = ben.connect().await.unwrap();
    let refused = session.execute(Command::Pin(room, one, true)).await;
    assert_eq!(refused.unwrap_err().code(), "FORBIDDEN");
    ana.update_room(room, RoomUpdate::new().with_permission(Verb::Pin, Role::Member)).await.unwrap();
    session.execute(Command::Pin(room, one, true)).await.unwrap();
    let one_too_many = ErrorKind::LimitReached { limit: LimitName::Pins, allowed: 1 };
    assert_eq!(*ana.pin(room, two, true).await.unwrap_err().kind(), one_too_many);
    assert_eq!(*engine.admin().pin(room, two, true).await.unwrap_err().kind(), one_too_many);
    session.execute(Command::Pin(room, one, false)).await.unwrap();
    engine.admin().pin(room, two, true).await.unwrap();
    let page = ben.pins(room, None, Limit::MESSAGES).await.unwrap();
    assert_eq!(page.messages[0].message.state.pinned.as_ref().unwrap().by, None);
    let zoe = engine.as_user(id("zoe")).pins(room, None, Limit::MESSAGES).await;
    assert_eq!(zoe.unwrap_err().code(), "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn over_rest_pins_are_put_listed_by_cursor_and_taken_off() {
    use chat_core::transport::rest;
    let mut config = Config::default();
    config.max_pins = 3;
    let engine = ChatEngine::builder().config(config).authenticator(NameTokens).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = engine.as_user(id("ana"));
    let app = axum::Router::new().nest("/api", rest::router(engine.clone(), rest::RestOptions::default()));
    let addr = serve(app).await;
    let ask = async |method: &str, path: String| {
        let answer = http(addr, method, &path, "Authorization: Bearer ana\r\n", "").await;
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, json)
    };
    let mut ids = Vec::new();
    for n in 0..3 {
        let message = ana.send(room, Draft::text(format!("{n}"))).await.unwrap();
        ids.push(message.id);
        let (status, json) = ask("PUT", format!("/api/chat/rooms/{room}/messages/{}/pin", message.id)).await;
        assert_eq!((status, &json["pinned"]["userUuid"]), (200, &Value::from("ana")));
        assert!(json["pinned"]["pinnedAt"].is_string() && json["version"].is_u64());
    }
    let fourth = ana.send(room, Draft::text("3")).await.unwrap().id;
    let (status, problem) = ask("PUT", format!("/api/chat/rooms/{room}/messages/{fourth}/pin")).await;
    assert_eq!((status, &problem["code"]), (409, &Value::from("LIMIT_REACHED")));
    assert_eq!((&problem["limit"], &problem["allowed"]), (&Value::from("pins"), &Value::from(3)));
    assert_eq!(problem["detail"], "a room has at most 3 pinned messages");
    let (mut cursor, mut listed) = (String::new(), Vec::new());
    loop {
        let (status, page) = ask("GET", format!("/api/chat/rooms/{room}/pins?limit=2{cursor}")).await;
        assert_eq!(status, 200, "{page}");
        for message in page["messages"].as_array().unwrap() {
            assert!(message["pinned"].is_object());
            listed.push(message["seq"].as_u64().unwrap());
        }
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(listed, [3, 2, 1]);
    let (status, problem) = ask("GET", format!("/api/chat/rooms/{room}/pins?cursor=x")).await;
    assert_eq!((status, &problem["field"]), (400, &Value::from("cursor")));
    let (status, json) = ask("DELETE", format!("/api/chat/rooms/{room}/messages/{}/pin", ids[1])).await;
    assert_eq!((status, json.get("pinned")), (200, None), "absent where it is not pinned");
}
