//! Mentions: told live, to whoever was away, on other nodes and over each way, and counted.

use std::sync::Arc;

use chat_core::bus::LocalBus;
use chat_core::event::{Command, EventKind, Reply};
use chat_core::model::{
    Draft, Limit, Mentions, Message, NewRoom, Page, PageQuery, Role, RoomUpdate, RoomView, Verb,
};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::testing::NameTokens;
use chat_core::{Actor, ChatEngine, Config, RoomId, Session, UserId};
use serde_json::{Value, json};

use crate::served::serve;
use crate::socketio::client::http;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

async fn message(session: &mut Session) -> Arc<Message> {
    loop {
        if let EventKind::Message(message) = &session.next().await.unwrap().kind {
            return message.clone();
        }
    }
}

/// How many mentions a fresh connection is told of, room by room.
async fn told(actor: &Actor) -> Vec<(RoomId, u64)> {
    let mut session = actor.connect().await.unwrap();
    loop {
        if let EventKind::Ready(ready) = &session.next().await.unwrap().kind {
            return ready.rooms.iter().map(|one| (one.room.id, one.mentions)).collect();
        }
    }
}

fn named(message: &Message) -> Option<&Mentions> {
    message.references.mentions.as_deref()
}

#[tokio::test]
async fn a_mention_is_told_live_on_other_nodes_and_to_whoever_was_away() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut buses = LocalBus::between(2);
    let mut node = || ChatEngine::builder().shared_store(store.clone()).bus(buses.remove(0)).build();
    let (here, there) = (node().await.unwrap(), node().await.unwrap());
    let room = group(&here, &["ana", "ben", "cho"]).await;
    let (ana, ben) = (here.as_user(id("ana")), here.as_user(id("ben")));
    let mut live = ben.connect().await.unwrap();
    let mut far = there.as_user(id("cho")).connect().await.unwrap();
    let away = here.as_user(id("cho")).connect().await.unwrap();
    ana.send(room, Draft::text("first")).await.unwrap();
    let token = loop {
        let event = live.next().await.unwrap();
        if let EventKind::Message(_) = event.kind {
            break event.token.unwrap();
        }
    };
    assert_eq!(named(&*message(&mut far).await), None);
    drop(away);
    let draft = Draft::text("look").mentioning("ben").mentioning("zoe").mentioning_all();
    let Reply::Message(sent) =
        ana.connect().await.unwrap().execute(Command::Send(room, draft)).await.unwrap()
    else {
        panic!("a send is answered with its message")
    };
    let asked = Mentions { users: vec![id("ben")], all: true };
    assert_eq!(named(&sent), Some(&asked));
    assert_eq!(named(&*message(&mut live).await), Some(&asked));
    assert_eq!(named(&*message(&mut far).await), Some(&asked));
    let mut back = here.as_user(id("cho")).connect_since(token).await.unwrap();
    assert_eq!(named(&*message(&mut back).await), Some(&asked));
    assert_eq!(ben.room(room).await.unwrap().mentions, 1);
    assert_eq!((told(&ben).await, told(&ana).await), (vec![(room, 1)], vec![(room, 0)]));
    ben.mark_read(room, None).await.unwrap();
    let page = ben.rooms(PageQuery::new(1, Limit::ROOMS).unwrap()).await.unwrap();
    let Page::<RoomView> { items, .. } = page;
    assert_eq!((items[0].mentions, told(&ben).await), (0, vec![(room, 0)]));
}

#[tokio::test]
async fn everybody_is_mentioned_by_an_admin_unless_the_owner_says_otherwise() {
    let engine = ChatEngine::builder().store(MemoryStore::new()).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let (ana, ben) = (engine.as_user(id("ana")), engine.as_user(id("ben")));
    let draft = || Draft::text("all of you").mentioning_all();
    assert_eq!(ben.send(room, draft()).await.unwrap_err().code(), "FORBIDDEN");
    ana.update_room(room, RoomUpdate::new().with_permission(Verb::MentionAll, Role::Member)).await.unwrap();
    ben.send(room, draft()).await.unwrap();
    assert_eq!(ana.room(room).await.unwrap().mentions, 1);
}

#[tokio::test]
async fn mentions_have_a_bound_and_none_come_in_a_transaction_or_with_a_forward() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.db");
    let mut config = Config::default();
    config.max_mentions = 2;
    let store = SqliteStore::open(&path).await.unwrap();
    let engine = ChatEngine::builder().store(store).config(config).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = engine.as_user(id("ana"));
    let two = || Draft::text("hi").mentioning("ben").mentioning("cho");
    for bad in [two().mentioning("dan"), Draft::text("hi").mentioning(" ")] {
        assert_eq!(ana.send(room, bad).await.unwrap_err().code(), "INVALID_INPUT");
    }
    let sent = ana.send(room, two()).await.unwrap();
    let other = group(&engine, &["ana", "ben"]).await;
    let passed_on = ana.forward(room, sent.id, other, None).await.unwrap();
    assert_eq!(named(&passed_on), None);
    let mut conn = rusqlite::Connection::open(&path).unwrap();
    let mut tx = conn.transaction().unwrap();
    assert_eq!(ana.send_in(&mut tx, room, two()).await.unwrap_err().code(), "INVALID_INPUT");
}

#[tokio::test]
async fn over_rest_mentions_have_one_shape_and_are_absent_without_any() {
    use chat_core::transport::rest;
    let engine = ChatEngine::builder().store(MemoryStore::new()).authenticator(NameTokens);
    let engine = engine.build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let app = axum::Router::new().nest("/api", rest::router(engine.clone(), rest::RestOptions::default()));
    let addr = serve(app).await;
    let headers = |who: &str| format!("Authorization: Bearer {who}\r\nContent-Type: application/json\r\n");
    let path = format!("/api/chat/rooms/{room}/messages");
    let post =
        async |who: &str, body: Value| http(addr, "POST", &path, &headers(who), &body.to_string()).await;
    let plain = post("ana", json!({ "type": "TEXT", "content": "hi" })).await;
    let plain: Value = serde_json::from_str(&plain.body).unwrap();
    assert_eq!((plain.get("mentions"), plain.get("mentionsAll")), (None, None));
    let body = json!({ "type": "TEXT", "content": "hi", "mentions": ["ben", "zoe"], "mentionsAll": true });
    let sent = post("ana", body.clone()).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    let sent: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!((&sent["mentions"], &sent["mentionsAll"]), (&json!(["ben"]), &json!(true)));
    assert_eq!(post("ben", body).await.status, 403);
    let read = http(addr, "GET", &format!("/api/chat/rooms/{room}"), &headers("ben"), "").await;
    let read: Value = serde_json::from_str(&read.body).unwrap();
    assert_eq!((&read["unreadCount"], &read["mentionCount"]), (&json!(2), &json!(1)));
    assert_eq!(read["permissions"]["mentionAll"], "ADMIN");
}
