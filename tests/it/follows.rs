//! Threads that somebody follows: told to their own devices, listed with what is unread, over every way in.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chat_core::bus::LocalBus;
use chat_core::event::{Command, Event, EventKind, Reply};
use chat_core::model::{Cursor, Draft, Limit, NewRoom, ThreadState, Token};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::testing::NameTokens;
use chat_core::{Actor, ChatEngine, Clock, Config, MessageId, RoomId, Session, Timestamp, UserId};
use serde_json::{Value, json};

use crate::served::serve;
use crate::socketio::client::http;

/// A clock that shows another moment at each look.
#[derive(Debug, Default)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + self.0.fetch_add(1, Ordering::SeqCst))
    }
}

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

async fn send(actor: &Actor, room: RoomId, words: &str) -> MessageId {
    actor.send(room, Draft::text(words)).await.unwrap().id
}

async fn reply(actor: &Actor, room: RoomId, root: MessageId) -> MessageId {
    actor.send(room, Draft::text("a reply").replying(root)).await.unwrap().id
}

/// What the user's list says of each thread: its root, the mark, and how many are unread.
async fn threads(actor: &Actor, limit: u64) -> Vec<(MessageId, Option<u64>, u64)> {
    let (mut before, mut all) = (None, Vec::new());
    loop {
        let page = actor.threads(before, Limit::new(limit).unwrap()).await.unwrap();
        let listed = |state: &ThreadState| (state.root, state.read_seq, state.unread);
        all.extend(page.threads.iter().map(|view| listed(&view.state)));
        before = page.next;
        if before.is_none() {
            return all;
        }
    }
}

type Told = (MessageId, bool, u64);

fn told(event: &Event) -> Option<Told> {
    match event.kind {
        EventKind::Thread { root, following, read_seq } => Some((root, following, read_seq)),
        _ => None,
    }
}

/// What is told of threads up to a message of these words, and the token that came with it.
async fn told_up_to(session: &mut Session, words: &str) -> (Vec<Told>, Option<Token>) {
    let mut all = Vec::new();
    loop {
        let event = session.next().await.unwrap();
        all.extend(told(&event));
        if let EventKind::Message(message) = &event.kind
            && message.body.content() == Some(words)
        {
            return (all, event.token);
        }
    }
}

async fn told_since(actor: &Actor, since: Token) -> Vec<Told> {
    let (mut session, mut all) = (actor.connect_since(since).await.unwrap(), Vec::new());
    loop {
        let event = session.next().await.unwrap();
        all.extend(told(&event));
        if let EventKind::CaughtUp { recovered } = event.kind {
            assert!(recovered);
            return all;
        }
    }
}

#[tokio::test]
async fn own_devices_learn_where_one_stands_in_a_thread_live_on_other_nodes_and_when_they_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(&dir.path().join("chat.db")).await.unwrap();
    let stores: [Arc<dyn Store>; 2] = [Arc::new(MemoryStore::new()), Arc::new(sqlite)];
    for store in stores {
        let mut buses = LocalBus::between(2);
        let mut node = || ChatEngine::builder().shared_store(store.clone()).bus(buses.remove(0)).build();
        let (here, there) = (node().await.unwrap(), node().await.unwrap());
        let room = group(&here, &["ana", "ben"]).await;
        let (ana, ben) = (here.as_user(id("ana")), here.as_user(id("ben")));
        let mut phone = ana.connect().await.unwrap();
        let mut far = there.as_user(id("ana")).connect().await.unwrap();
        let mut bens = ben.connect().await.unwrap();
        let root = send(&ana, room, "who runs?").await;
        let (_, before) = told_up_to(&mut phone, "who runs?").await;
        reply(&ben, room, root).await;
        reply(&ben, room, root).await;
        let state = ana.mark_thread_read(room, root, Some(Cursor::Seq(2))).await.unwrap();
        assert_eq!((state.following, state.read_seq, state.unread), (true, Some(2), 1));
        assert_eq!(ana.room(room).await.unwrap().unread, 0);
        let state = ana.unfollow_thread(room, root).await.unwrap();
        assert_eq!(state, ThreadState { following: false, read_seq: None, unread: 0, ..state });
        // Read through nobody's mark, and told of to nobody.
        assert_eq!(ana.mark_thread_read(room, root, None).await.unwrap(), state);
        let (own, end) = (reply(&ana, room, root).await, "end");
        let third = Some(Cursor::Message(own));
        assert_eq!(ana.mark_thread_read(room, root, third).await.unwrap().read_seq, Some(4));
        send(&ben, room, end).await;
        let expected = [(root, true, 1), (root, true, 2), (root, false, 2), (root, true, 4)];
        for session in [&mut phone, &mut far] {
            assert_eq!(told_up_to(session, end).await.0, expected);
        }
        let (bens_told, now) = told_up_to(&mut bens, end).await;
        assert_eq!(bens_told, [(root, true, 2)], "of their own alone");
        for engine in [&here, &there] {
            assert_eq!(told_since(&engine.as_user(id("ana")), before.unwrap()).await, [(root, true, 4)]);
            assert_eq!(told_since(&engine.as_user(id("ana")), now.unwrap()).await, []);
        }
        assert_eq!(told_since(&ben, before.unwrap()).await, [(root, true, 2)]);
    }
}

#[tokio::test]
async fn threads_are_listed_by_their_activity_with_what_is_unread_in_them() {
    let mut config = Config::default();
    config.max_followed_threads = 2;
    let engine = ChatEngine::builder().config(config).clock(Ticking::default()).build().await.unwrap();
    let (one, two) = (group(&engine, &["ana", "ben", "cho"]).await, group(&engine, &["ben", "ana"]).await);
    let (ana, ben, cho) = (engine.as_user(id("ana")), engine.as_user(id("ben")), engine.as_user(id("cho")));
    let (first, second) = (send(&ben, one, "a").await, send(&ben, two, "b").await);
    for (room, root) in [(one, first), (two, second)] {
        let state = ana.follow_thread(room, root).await.unwrap();
        assert_eq!((state.room, state.root, state.following, state.unread), (room, root, true, 0));
    }
    assert_eq!(threads(&ana, 1).await, [(second, Some(1), 0), (first, Some(1), 0)]);
    let gone = reply(&ben, one, first).await;
    reply(&cho, one, first).await;
    let hidden = reply(&cho, one, first).await;
    reply(&ana, one, first).await;
    let own = Some(Cursor::Message(first));
    assert_eq!(ana.mark_thread_read(one, first, own).await.unwrap().unread, 3, "never back");
    ben.delete(one, gone).await.unwrap();
    ana.hide(one, hidden).await.unwrap();
    assert_eq!(threads(&ana, 1).await, [(first, Some(1), 1), (second, Some(1), 0)]);
    let page = ana.replies(one, first, None, Limit::MESSAGES).await.unwrap();
    assert_eq!((page.state.read_seq, page.state.unread), (Some(1), 1));
    assert_eq!(cho.replies(one, first, None, Limit::MESSAGES).await.unwrap().state.unread, 1);
    // Whoever comes back begins anew there.
    ana.leave(one).await.unwrap();
    assert_eq!(threads(&ana, 10).await, [(second, Some(1), 0)]);
    assert_eq!(ana.mark_thread_read(one, first, None).await.unwrap_err().code(), "NOT_A_PARTICIPANT");
    engine.admin().invite(one, &[id("ana")]).await.unwrap();
    assert_eq!(threads(&ana, 10).await, [(first, Some(1), 0), (second, Some(1), 0)]);
    reply(&cho, one, first).await;
    assert_eq!(threads(&ana, 10).await, [(first, Some(1), 1), (second, Some(1), 0)]);
    // One too many: what was followed first is forgotten.
    let third = send(&ben, two, "c").await;
    reply(&ana, two, third).await;
    assert_eq!(threads(&ana, 10).await.iter().map(|one| one.0).collect::<Vec<_>>(), [third, second]);
    assert!(!ana.replies(one, first, None, Limit::MESSAGES).await.unwrap().state.following);
    for (root, code) in [(MessageId::generate(), "MESSAGE_NOT_FOUND"), (hidden, "FORBIDDEN")] {
        assert_eq!(ana.follow_thread(one, root).await.unwrap_err().code(), code);
        assert_eq!(ana.unfollow_thread(one, root).await.unwrap_err().code(), code);
        assert_eq!(ana.mark_thread_read(one, root, None).await.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn a_session_follows_and_reads_and_is_answered_and_told_of_what_follows_from_a_reply_alone() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let (ana, ben) = (engine.as_user(id("ana")), engine.as_user(id("ben")));
    let (mut phone, mut laptop) = (ana.connect().await.unwrap(), ana.connect().await.unwrap());
    let root = send(&ben, room, "who runs?").await;
    let asked = async |command| match phone.execute(command).await.unwrap() {
        Reply::Thread(state) => (state.following, state.read_seq, state.unread),
        other => panic!("{other:?}"),
    };
    assert_eq!(asked(Command::FollowThread(room, root, true)).await, (true, Some(1), 0));
    reply(&ben, room, root).await;
    assert_eq!(asked(Command::ReadThread(room, root, Some(Cursor::Seq(0)))).await, (true, Some(1), 1));
    assert_eq!(asked(Command::ReadThread(room, root, None)).await, (true, Some(2), 0));
    assert_eq!(asked(Command::FollowThread(room, root, false)).await, (false, None, 0));
    send(&ben, room, "end").await;
    let expected = [(root, true, 1), (root, true, 2), (root, false, 2)];
    assert_eq!(told_up_to(&mut laptop, "end").await.0, expected);
    assert_eq!(told_up_to(&mut phone, "end").await.0, []);
    let own = phone.send(room, Draft::text("me").replying(root)).await.unwrap().seq;
    phone.send(room, Draft::text("me too").replying(root)).await.unwrap();
    send(&ben, room, "more").await;
    for session in [&mut phone, &mut laptop] {
        assert_eq!(told_up_to(session, "more").await.0, [(root, true, own)], "by the first one");
    }
}

#[tokio::test]
async fn over_rest_threads_are_followed_read_and_listed() {
    use chat_core::transport::rest;
    let engine = ChatEngine::builder().authenticator(NameTokens).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let (ana, ben) = (engine.as_user(id("ana")), engine.as_user(id("ben")));
    let (root, other) = (send(&ana, room, "who runs?").await, send(&ana, room, "who swims?").await);
    let app = axum::Router::new().nest("/api", rest::router(engine.clone(), rest::RestOptions::default()));
    let addr = serve(app).await;
    let headers = "Authorization: Bearer ana\r\nContent-Type: application/json\r\n";
    let ask = async |method: &str, path: &str, body: &str| {
        let answer = http(addr, method, &format!("/api/chat{path}"), headers, body).await;
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    let of = |root: MessageId| format!("/rooms/{room}/messages/{root}");
    let state = |root: MessageId, read: Option<u64>, unread: u64| {
        let mut state = json!({ "roomUuid": room, "messageUuid": root, "following": read.is_some() });
        state["unreadReplies"] = unread.into();
        if let Some(read) = read {
            state["readSeq"] = read.into();
        }
        state
    };
    let follow = format!("{}/follow", of(other));
    for _ in 0..2 {
        assert_eq!(ask("PUT", &follow, "").await, (200, state(other, Some(2), 0)));
    }
    for _ in 0..2 {
        assert_eq!(ask("DELETE", &follow, "").await, (200, state(other, None, 0)));
    }
    assert_eq!(ask("PUT", &follow, "").await.0, 200);
    for _ in 0..3 {
        reply(&ben, room, root).await;
    }
    let newest = ben.replies(room, root, None, Limit::MESSAGES).await.unwrap().messages[0].message.clone();
    let read = format!("{}/replies/read", of(root));
    assert_eq!(ask("PATCH", &read, r#"{"seq":3}"#).await, (200, state(root, Some(3), 2)));
    let (_, page) = ask("GET", "/threads?limit=1", "").await;
    let [thread] = page["threads"].as_array().unwrap().as_slice() else { panic!("{page}") };
    assert_eq!(thread["message"]["messageUuid"], json!(root));
    assert_eq!(thread["message"]["thread"]["replyCount"], 3);
    assert_eq!((&thread["unreadCount"], &thread["readSeq"]), (&json!(2), &json!(3)));
    assert_eq!(thread["activeAt"], json!(newest.created_at));
    let cursor = page["nextCursor"].as_str().unwrap();
    let (_, page) = ask("GET", &format!("/threads?limit=1&cursor={cursor}"), "").await;
    assert_eq!(page["threads"][0]["message"]["messageUuid"], json!(other));
    assert_eq!(page["nextCursor"], Value::Null);
    let body = json!({ "messageUuid": newest.id }).to_string();
    assert_eq!(ask("PATCH", &read, &body).await, (200, state(root, Some(5), 0)));
    assert_eq!(ask("PATCH", &read, "").await, (200, state(root, Some(5), 0)));
    let (_, page) = ask("GET", &format!("{}/replies", of(root)), "").await;
    assert_eq!(page["threadState"], state(root, Some(5), 0));
    // What is wrong, and what is not there.
    let both = json!({ "messageUuid": newest.id, "seq": 1 }).to_string();
    assert_eq!(ask("PATCH", &read, &both).await.0, 400);
    assert_eq!(ask("GET", "/threads?cursor=x", "").await.0, 400);
    assert_eq!(ask("PUT", &format!("{}/follow", of(newest.id)), "").await.0, 403);
    assert_eq!(ask("PUT", &format!("{}/follow", of(MessageId::generate())), "").await.0, 404);
}
