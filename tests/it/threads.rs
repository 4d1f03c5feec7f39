//! Threads: told live, to whoever was away, on other nodes and over REST, and moved from store to store.

use std::sync::Arc;

use chat_core::bus::LocalBus;
use chat_core::event::{Command, Event, EventKind, Reply};
use chat_core::model::{Amendment, Draft, HistoryQuery, Limit, Message, NewRoom, ThreadSummary};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::testing::NameTokens;
use chat_core::{Actor, ChatEngine, MessageId, RoomId, Session, UserId};
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

async fn next<T>(session: &mut Session, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = session.next().await.unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

/// A reply's number and its root.
fn reply(event: &Event) -> Option<(u64, MessageId)> {
    let EventKind::Message(message) = &event.kind else { return None };
    Some((message.seq, message.references.reply()?.root))
}

/// What a root tells of its thread now.
fn root(event: &Event) -> Option<(u64, ThreadSummary, Option<Amendment>)> {
    let EventKind::Amended(amended) = &event.kind else { return None };
    let summary = amended.message.references.summary()?.clone();
    Some((amended.message.seq, summary, amended.how.clone()))
}

async fn listed(actor: &Actor, room: RoomId, of: &Message, limit: u64) -> Vec<u64> {
    let (mut before, mut all) = (None, Vec::new());
    loop {
        let page = actor.replies(room, of.id, before, Limit::new(limit).unwrap()).await.unwrap();
        all.extend(page.messages.iter().map(|view| view.message.seq));
        before = page.next;
        if before.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_reply_and_what_its_root_tells_come_live_on_other_nodes_and_to_whoever_was_away() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut buses = LocalBus::between(2);
    let mut node = || ChatEngine::builder().shared_store(store.clone()).bus(buses.remove(0)).build();
    let (here, there) = (node().await.unwrap(), node().await.unwrap());
    let room = group(&here, &["ana", "ben", "cho"]).await;
    let (ana, ben) = (here.as_user(id("ana")), here.as_user(id("ben")));
    let mut live = ana.connect().await.unwrap();
    let mut far = there.as_user(id("cho")).connect().await.unwrap();
    let first = ana.send(room, Draft::text("who runs?")).await.unwrap();
    let token = next(&mut live, |event| match event.kind {
        EventKind::Message(_) => event.token,
        _ => None,
    })
    .await;
    let sent = ben.send(room, Draft::text("me").replying(first.id)).await.unwrap();
    let summary = ThreadSummary { replies: 1, last_reply_at: sent.created_at, participants: vec![id("ben")] };
    for session in [&mut live, &mut far] {
        assert_eq!(next(session, reply).await, (2, first.id));
        let (seq, told, how) = next(session, root).await;
        assert_eq!((seq, &told, how), (1, &summary, Some(Amendment::Replied(true))));
    }
    let mut back = ana.connect_since(token).await.unwrap();
    assert_eq!(next(&mut back, reply).await, (2, first.id));
    assert_eq!(next(&mut back, root).await, (1, summary, None));
    // It stands in the room's log, and does not count as unread there.
    let history = ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    assert_eq!((history.messages.len(), ana.room(room).await.unwrap().unread), (2, 0));
    ben.send(room, Draft::text("at six").replying(first.id).shown_in_room()).await.unwrap();
    assert_eq!(ana.room(room).await.unwrap().unread, 1);
    assert_eq!(
        (listed(&ana, room, &first, 1).await, listed(&ben, room, &first, 50).await),
        (vec![3, 2], vec![3, 2])
    );
    ben.delete(room, sent.id).await.unwrap();
    let (_, told, how) = next(&mut far, |event| root(event).filter(|(_, told, _)| told.replies < 2)).await;
    assert_eq!((told.replies, how), (1, Some(Amendment::Replied(false))));
    let zoe = here.as_user(id("zoe")).replies(room, first.id, None, Limit::MESSAGES).await;
    assert_eq!(zoe.unwrap_err().code(), "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn whoever_replies_or_deletes_a_reply_is_told_what_the_root_tells_then_on_that_connection_too() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let ben = engine.as_user(id("ben"));
    let first = ben.send(room, Draft::text("who runs?")).await.unwrap();
    let mut session = ben.connect().await.unwrap();
    let Reply::Message(sent) =
        session.execute(Command::Send(room, Draft::text("me").replying(first.id))).await.unwrap()
    else {
        panic!("a message is answered with it");
    };
    session.execute(Command::Delete(room, sent.id)).await.unwrap();
    let told = async |session: &mut Session| {
        next(session, |event| {
            assert!(reply(event).is_none(), "the reply itself is answered");
            root(event).map(|(seq, told, how)| (seq, told.replies, how))
        })
        .await
    };
    assert_eq!(told(&mut session).await, (1, 1, Some(Amendment::Replied(true))));
    assert_eq!(told(&mut session).await, (1, 0, Some(Amendment::Replied(false))));
}

#[tokio::test]
async fn no_reply_comes_in_a_transaction_and_a_forward_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.db");
    let engine = ChatEngine::builder().store(SqliteStore::open(&path).await.unwrap()).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = engine.as_user(id("ana"));
    let first = ana.send(room, Draft::text("hi")).await.unwrap();
    let reply = ana.send(room, Draft::text("ho").replying(first.id)).await.unwrap();
    let passed_on = ana.forward(room, reply.id, room, None).await.unwrap();
    assert_eq!(passed_on.references.thread, None);
    assert_eq!(ana.send(room, Draft::text("?").replying(reply.id)).await.unwrap_err().code(), "FORBIDDEN");
    let mut conn = rusqlite::Connection::open(&path).unwrap();
    let mut tx = conn.transaction().unwrap();
    let refused = ana.send_in(&mut tx, room, Draft::text("?").replying(first.id)).await;
    assert_eq!(refused.unwrap_err().code(), "INVALID_INPUT");
}

#[tokio::test]
async fn over_rest_a_thread_has_one_shape_and_is_absent_without_any() {
    use chat_core::transport::rest;
    let engine = ChatEngine::builder().store(MemoryStore::new()).authenticator(NameTokens);
    let engine = engine.build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let app = axum::Router::new().nest("/api", rest::router(engine.clone(), rest::RestOptions::default()));
    let addr = serve(app).await;
    let headers = "Authorization: Bearer ben\r\nContent-Type: application/json\r\n";
    let path = format!("/api/chat/rooms/{room}/messages");
    let post = async |body: Value| {
        let answer = http(addr, "POST", &path, headers, &body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap()
    };
    let get = async |path: &str| {
        let answer = http(addr, "GET", path, headers, "").await;
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    let first = post(json!({ "type": "TEXT", "content": "hi" })).await;
    for absent in ["thread", "parentMessageUuid", "showInRoom"] {
        assert_eq!(first.get(absent), None, "{absent}");
    }
    let of = &first["messageUuid"];
    let aside = post(json!({ "type": "TEXT", "content": "1", "parentMessageUuid": of })).await;
    assert_eq!((&aside["parentMessageUuid"], aside.get("showInRoom")), (of, None));
    let reply = json!({ "type": "TEXT", "content": "2", "parentMessageUuid": of, "showInRoom": true });
    let reply = post(reply).await;
    assert_eq!(reply["showInRoom"], true);
    let of = of.as_str().unwrap();
    let (_, read) = get(&format!("{path}/{of}")).await;
    let thread = json!({ "replyCount": 2, "lastReplyAt": reply["createdAt"], "participantUuids": ["ben"] });
    assert_eq!(read["thread"], thread);
    let (_, page) = get(&format!("{path}/{of}/replies?limit=1")).await;
    assert_eq!((&page["messages"][0]["seq"], &page["nextCursor"]), (&json!(3), &json!(3)));
    let (_, page) = get(&format!("{path}/{of}/replies?limit=1&cursor=3")).await;
    assert_eq!((&page["messages"][0]["seq"], &page["nextCursor"]), (&json!(2), &Value::Null));
    assert_eq!(get(&format!("{path}/{}/replies", MessageId::generate())).await.0, 404);
    assert_eq!(get(&format!("{path}/{of}/replies?cursor=x")).await.0, 400);
}
