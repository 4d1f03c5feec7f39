//! After the answer to a leave, a removal, a block, a logout, or after the expiry of a token, the connection
//! is handed nothing that was committed later; what waited is gone; and no resume brings any of it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chat_core::event::{CloseReason, EventKind};
use chat_core::model::{Draft, NewRoom, Token};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::testing::ManualClock;
use chat_core::{Clock, Config, ErrorKind, RoomId, SystemClock};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::kit::{Got, Node, Ws, id, new_file, seqs, soon, text};

/// Sends without a pause until it is told to stop, or may not any more.
fn stream(node: &Node, name: &str, room: RoomId, stop: &Arc<AtomicBool>) -> JoinHandle<u64> {
    let (sender, stop) = (node.user(name), stop.clone());
    tokio::spawn(async move {
        let mut sent = 0;
        while !stop.load(Ordering::SeqCst) {
            match sender.send(room, Draft::text(format!("m{sent} {}", "x".repeat(300)))).await {
                Ok(_) => sent += 1,
                Err(error) if matches!(error.kind(), ErrorKind::Unreachable(_)) => break,
                Err(error) => panic!("{error}"),
            }
        }
        sent
    })
}

async fn reached(node: &Node, room: RoomId, seq: u64) -> u64 {
    soon("the stream", async {
        loop {
            let head = node.user("ana").room(room).await.unwrap().room.seq;
            if head >= seq {
                return head;
            }
        }
    })
    .await
}

/// How somebody loses a room.
#[derive(Clone, Copy, PartialEq)]
enum Loss {
    Leave,
    Removal,
    ByTheHost,
}

async fn lose(node: &Node, room: RoomId, how: Loss) {
    let ben = id("ben");
    match how {
        Loss::Leave => {
            let path = format!("/chat/rooms/{room}/leave");
            let answer = node.http().call("DELETE", &path, Some("ben"), None).await.unwrap();
            assert_eq!(answer.0, 200, "{answer:?}");
        }
        Loss::Removal => {
            let path = format!("/chat/rooms/{room}/participants/ben");
            let answer = node.http().call("DELETE", &path, Some("ana"), None).await.unwrap();
            assert_eq!(answer.0, 200, "{answer:?}");
        }
        Loss::ByTheHost => node.engine.admin().remove(room, &ben).await.unwrap(),
    }
}

/// The `seq` of the SYSTEM message that tells of the loss.
async fn lost_at(node: &Node, room: RoomId) -> u64 {
    let path = format!("/chat/rooms/{room}/messages?limit=100&page=");
    for page in 1.. {
        let (_, answer) = node.http().call("GET", &format!("{path}{page}"), Some("ana"), None).await.unwrap();
        let messages = answer["messages"].as_array().unwrap();
        if let Some(system) = messages.iter().find(|message| message["type"] == "SYSTEM") {
            return system["seq"].as_u64().unwrap();
        }
        assert!(!messages.is_empty(), "somebody was lost");
    }
    unreachable!()
}

/// The race: a removal in the middle of a stream of sends.
async fn race(store: Arc<dyn Store>, rounds: usize) {
    let node = Node::on(store).await;
    for round in 0..rounds {
        let how = [Loss::Leave, Loss::Removal, Loss::ByTheHost][round % 3];
        let room = node.group(&["ana", "ben", "cho"]).await;
        let mut sockets = [node.connect("ben").await, node.connect("ben").await];
        let since = text(&Ws::connect(&node.addr, "ben", None).await.unwrap().1["pos"]);
        let mut session = node.user("ben").connect().await.unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let senders = ["ana", "cho"].map(|name| stream(&node, name, room, &stop));
        reached(&node, room, 10 + round as u64 * 3).await;
        lose(&node, room, how).await;
        // From here on nothing: let more be sent before anybody looks.
        let head = node.user("ana").room(room).await.unwrap().room.seq;
        reached(&node, room, head + 20).await;
        stop.store(true, Ordering::SeqCst);
        for sender in senders {
            sender.await.unwrap();
        }
        let lost = lost_at(&node, room).await;
        for socket in &mut sockets {
            let told = seqs(&socket.up_to_now().await, room);
            assert!(told.iter().copied().eq(1..1 + told.len() as u64), "in order until it ends: {told:?}");
            assert!(told.len() as u64 <= lost, "{} were told, and the room was lost at {lost}", told.len());
        }
        // A session that had taken nothing has nothing of the room.
        let mut notified = false;
        while !notified {
            let event = soon("the notification", session.next()).await.unwrap();
            match &event.kind {
                EventKind::Notification(chat_core::event::Notification::RemovedFromRoom(gone)) => {
                    notified = *gone == room;
                }
                EventKind::Message(message) | EventKind::System(message) => {
                    assert_ne!(message.room, room, "what waited is gone");
                }
                _ => {}
            }
        }
        let (mut resumed, _) = Ws::connect(&node.addr, "ben", Some(&since)).await.unwrap();
        let mut frames = Vec::new();
        while frames.last().is_none_or(|frame: &Value| frame["event"] != "caughtUp") {
            frames.push(soon("the catch-up", resumed.next()).await.frame());
        }
        frames.extend(resumed.up_to_now().await);
        let of_room: Vec<_> = frames.iter().filter(|frame| frame["room"] == *room.to_string()).collect();
        assert_eq!(of_room.len(), 1, "{of_room:?}");
        assert_eq!(of_room[0]["data"]["change"], "left");
        resumed.put(json!({"id": 5, "op": "history", "room": room})).await;
        assert_eq!(resumed.answer(5).await["error"]["code"], "NOT_A_PARTICIPANT", "nor may it be read");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_against_a_stream_of_sends_ends_the_room_for_whoever_is_removed_in_memory() {
    race(Arc::new(MemoryStore::new()), 24).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_against_a_stream_of_sends_ends_the_room_for_whoever_is_removed_on_sqlite() {
    let (_folder, db) = new_file();
    race(Arc::new(SqliteStore::open(&db).await.unwrap()), 12).await;
}

/// A room with a reader whose socket is full, so that events wait in its mailbox; and the newest `seq`.
async fn with_a_full_socket(node: &Node) -> (RoomId, Ws, u64) {
    let room = node.group(&["ana", "ben"]).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(node.addr.parse().unwrap()).await.unwrap();
    let mut client = Ws::over(stream).await.unwrap();
    client.put(json!({"id": 0, "op": "hello", "token": "ben"})).await;
    client.event("ready").await;
    let mut head = 0;
    // More than sockets hold (about 4 MiB on Linux).
    for _ in 0..500 {
        head = node.user("ana").send(room, Draft::text("x".repeat(16 * 1024))).await.unwrap().seq;
    }
    (room, client, head)
}

/// A mailbox that holds all of that.
fn roomy() -> Config {
    let mut config = Config::default();
    config.mailbox_bytes = 64 * 1024 * 1024;
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_slow_reader_goes_with_the_room() {
    for how in [Loss::Leave, Loss::Removal] {
        let node = Node::with(Arc::new(MemoryStore::new()), roomy()).await;
        let (room, mut client, head) = with_a_full_socket(&node).await;
        lose(&node, room, how).await;
        for _ in 0..5 {
            node.user("ana").send(room, Draft::text("later")).await.unwrap();
        }
        let told = seqs(&client.up_to_now().await, room);
        assert!(told.iter().copied().eq(1..1 + told.len() as u64), "what was on its way came in order");
        assert!((told.len() as u64) < head, "and what waited did not: {} of {head}", told.len());
    }
}

#[tokio::test]
async fn what_a_session_in_process_has_not_been_asked_for_goes_with_the_room_and_with_a_logout() {
    let node = Node::on(Arc::new(MemoryStore::new())).await;
    let (lost, kept) = (node.group(&["ana", "ben"]).await, node.group(&["ana", "ben"]).await);
    let mut session = node.user("ben").connect().await.unwrap();
    let mut next = async || loop {
        let event = soon("an event", session.next()).await?;
        if let EventKind::Message(message) = &event.kind {
            return Some((message.room, message.seq));
        }
    };
    for _ in 0..20 {
        for room in [lost, kept] {
            node.user("ana").send(room, Draft::text("hi")).await.unwrap();
        }
    }
    assert_eq!(next().await, Some((lost, 1)));
    assert_eq!(next().await, Some((kept, 1)));
    lose(&node, lost, Loss::Removal).await;
    assert_eq!(next().await, Some((kept, 2)));
    assert_eq!(next().await, Some((kept, 3)));
    node.user("ben").log_out().await.unwrap();
    assert_eq!(next().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_slow_reader_goes_with_a_logout() {
    let node = Node::with(Arc::new(MemoryStore::new()), roomy()).await;
    let (room, mut client, head) = with_a_full_socket(&node).await;
    node.user("ben").log_out().await.unwrap();
    node.user("ana").send(room, Draft::text("later")).await.unwrap();
    let (frames, end) = client.rest().await;
    assert!(matches!(end, Got::Closed(4001, _)), "{end:?}");
    assert!((seqs(&frames, room).len() as u64) < head);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_against_a_stream_of_sends_is_followed_by_no_event() {
    let node = Node::on(Arc::new(MemoryStore::new())).await;
    let room = node.group(&["ana", "ben", "cho"]).await;
    for _ in 0..15 {
        let token = issued_now("ben").await;
        let (mut sockets, mut places) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let (socket, ready) = Ws::connect(&node.addr, &token, None).await.unwrap();
            sockets.push(socket);
            places.push(text(&ready["pos"]));
        }
        let mut session = node.user("ben").connect().await.unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let senders = ["ana", "cho"].map(|name| stream(&node, name, room, &stop));
        // Somebody who goes on trying to come back while the logout is made.
        let comes_back = tokio::spawn(keep_coming_back(node.addr.clone(), token.clone(), room, stop.clone()));
        let head = node.user("ana").room(room).await.unwrap().room.seq;
        reached(&node, room, head + 15).await;
        let answer = node.http().call("POST", "/auth/logout", Some(&token), None).await.unwrap();
        assert_eq!((answer.0, &answer.1["userUuid"]), (200, &json!("ben")));
        let logout = node.user("ana").room(room).await.unwrap().room.seq;
        reached(&node, room, logout + 15).await;
        stop.store(true, Ordering::SeqCst);
        for sender in senders {
            sender.await.unwrap();
        }
        for socket in &mut sockets {
            let (frames, end) = socket.rest().await;
            assert!(matches!(end, Got::Closed(4001, _)), "{end:?}");
            // Read after the logout, so what is committed by then may have been told before it.
            assert!(seqs(&frames, room).iter().all(|seq| *seq <= logout));
        }
        assert!(comes_back.await.unwrap().iter().all(|seq| *seq <= logout), "nor by coming back");
        assert!(soon("the end", session.next()).await.is_none(), "it had taken nothing, and gets nothing");
        assert_eq!(session.close_reason(), Some(CloseReason::Unauthenticated));

        for since in [None, Some(places[0].as_str())] {
            let again = Ws::connect(&node.addr, &token, since).await;
            assert!(
                again.err().is_some_and(|why| why.contains("UNAUTHENTICATED")),
                "the token holds no more"
            );
        }
        let read = node.http().call("GET", "/chat/rooms", Some(&token), None).await.unwrap();
        assert_eq!(read.0, 401);
        let fresh = issued_now("ben").await;
        let (_, ready) = Ws::connect(&node.addr, &fresh, Some(&places[0])).await.unwrap();
        assert_eq!(ready["recovered"], true, "who logs in again misses nothing");
    }
}

/// A token of this moment, later than whatever was before.
async fn issued_now(name: &str) -> String {
    tokio::time::sleep(Duration::from_millis(2)).await;
    format!("{name}+{}", SystemClock.now().as_millis())
}

/// Connects again and again with one token; gives what it was told of a room.
async fn keep_coming_back(addr: String, token: String, room: RoomId, stop: Arc<AtomicBool>) -> Vec<u64> {
    let mut told = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        if let Ok((mut client, _)) = Ws::connect(&addr, &token, None).await {
            client.put(json!({"id": 1, "op": "ping"})).await;
            let mut frames = Vec::new();
            while let Got::Frame(frame) = soon("a frame or the end", client.next()).await {
                let is_pong = frame["id"] == 1;
                frames.push(frame);
                if is_pong {
                    break;
                }
            }
            told.extend(seqs(&frames, room));
        }
    }
    told
}

#[tokio::test]
async fn a_logout_holds_on_a_store_that_was_opened_again_and_only_for_its_user() {
    let (_folder, db) = new_file();
    let (before, other) = (issued_now("ben").await, issued_now("ana").await);
    let node = Node::on(Arc::new(SqliteStore::open(&db).await.unwrap())).await;
    node.user("ben").log_out().await.unwrap();
    drop(node);
    let node = Node::on(Arc::new(SqliteStore::open(&db).await.unwrap())).await;
    assert!(Ws::connect(&node.addr, &before, None).await.is_err());
    assert!(Ws::connect(&node.addr, "ben", None).await.is_err(), "one that does not say when it was issued");
    assert!(Ws::connect(&node.addr, &other, None).await.is_ok());
    assert!(Ws::connect(&node.addr, &issued_now("ben").await, None).await.is_ok());
    // In process the host vouches for the user.
    assert!(node.user("ben").connect().await.is_ok());
}

#[tokio::test]
async fn a_disconnect_by_the_host_ends_connections_and_leaves_the_token() {
    let node = Node::on(Arc::new(MemoryStore::new())).await;
    let mut client = node.connect("ben").await;
    node.engine.admin().disconnect(&id("ben"));
    assert!(matches!(client.rest().await.1, Got::Closed(4001, _)));
    node.connect("ben").await;
}

/// What a client is told of another's marks and typing.
fn told_of(frames: &[Value], other: &str) -> Vec<String> {
    let of_other = frames.iter().filter(|frame| frame["data"]["userUuid"] == other);
    let told = of_other.map(|frame| text(&frame["event"]));
    told.filter(|event| ["read", "delivered", "typing"].contains(&event.as_str())).collect()
}

#[tokio::test]
async fn in_the_direct_room_of_a_block_neither_is_told_of_the_others_marks_and_typing() {
    let (_folder, db) = new_file();
    for store in [
        Arc::new(MemoryStore::with_lanes(3)) as Arc<dyn Store>,
        Arc::new(SqliteStore::open(&db).await.unwrap()),
    ] {
        let node = Node::on(store).await;
        let room = node.user("ana").create_room(NewRoom::direct("ben")).await.unwrap().id();
        for number in 0..4 {
            node.user("ana").send(room, Draft::text(format!("{number}"))).await.unwrap();
            node.user("ben").send(room, Draft::text(format!("{number}"))).await.unwrap();
        }
        let (mut ana, ready) = Ws::connect(&node.addr, "ana", None).await.unwrap();
        let since = text(&ready["pos"]);
        let (mut ben, mut bens_other) = (node.connect("ben").await, node.connect("ben").await);
        let mark = async |client: &mut Ws, op: &str, seq: u64| {
            client.put(json!({"id": 5, "op": op, "room": room, "seq": seq})).await;
            assert!(client.answer(5).await["ok"].is_object());
        };
        let typing = json!({"id": 6, "op": "typing", "room": room, "isTyping": true});

        // While nothing stands between them both are told.
        mark(&mut ben, "read", 2).await;
        ben.put(typing.clone()).await;
        assert!(ben.answer(6).await.get("ok").is_some());
        assert_eq!(told_of(&ana.up_to_now().await, "ben"), ["read", "typing"]);

        for (blocker, other) in [("ana", "ben"), ("ben", "ana")] {
            node.user(blocker).block(&id(other)).await.unwrap();
            bens_other.up_to_now().await;
            for (seq, client) in [(5, &mut ben), (6, &mut ana)] {
                mark(client, "read", seq + u64::from(blocker == "ben")).await;
                client.put(typing.clone()).await;
                assert!(client.answer(6).await.get("ok").is_some(), "who is blocked is not told");
            }
            let delivered = node.user("ben").mark_delivered(room, None).await.unwrap();
            assert_eq!(delivered.delivered_seq, 8);
            // Delivered marks are written once a second.
            tokio::time::sleep(Duration::from_millis(1200)).await;
            assert!(told_of(&ana.up_to_now().await, "ben").is_empty(), "live");
            assert!(told_of(&ben.up_to_now().await, "ana").is_empty(), "live");
            let own = told_of(&bens_other.up_to_now().await, "ben");
            assert!(own.contains(&"read".to_owned()), "one's own devices are told: {own:?}");
            let (mut back, _) = Ws::connect(&node.addr, "ana", Some(&since)).await.unwrap();
            let mut frames = Vec::new();
            while frames.last().is_none_or(|frame: &Value| frame["event"] != "caughtUp") {
                frames.push(soon("the catch-up", back.next()).await.frame());
            }
            assert!(told_of(&frames, "ben").is_empty(), "nor by a resume: {frames:?}");
            assert!(!told_of(&frames, "ana").is_empty(), "but of one's own marks");
            node.user(blocker).unblock(&id(other)).await.unwrap();
        }
        mark(&mut ben, "read", 8).await;
        assert_eq!(told_of(&ana.up_to_now().await, "ben"), ["read"], "and again after it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_answer_to_a_block_nothing_of_the_blocked_one_is_committed_or_told() {
    let (_folder, db) = new_file();
    let node = Node::on(Arc::new(SqliteStore::open(&db).await.unwrap())).await;
    for round in 0..12 {
        let (ana, other) = ("ana", format!("other{round}"));
        let room = node.user(ana).create_room(NewRoom::direct(other.as_str())).await.unwrap().id();
        let mut client = node.connect(ana).await;
        let stop = Arc::new(AtomicBool::new(false));
        let sender = stream(&node, &other, room, &stop);
        reached(&node, room, 10 + round).await;
        let path = format!("/friends/{other}/block");
        let (status, answer) = node.http().call("POST", &path, Some(ana), None).await.unwrap();
        assert!(status < 300, "{status} {answer}");
        let blocked = node.user(ana).room(room).await.unwrap().room.seq;
        // It ends by itself: the first send that commits after the block is refused.
        let sent = soon("the end of the stream", sender).await.unwrap();
        assert_eq!(node.user(ana).room(room).await.unwrap().room.seq, blocked);
        assert_eq!(sent, blocked, "each that was acked was committed before the block");
        assert!(seqs(&client.up_to_now().await, room).into_iter().eq(1..=blocked));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_to_a_connection_after_its_token_has_expired() {
    let clock = ManualClock::default();
    let node = Node::at(clock.clone(), Config::default()).await;
    let room = node.group(&["ana", "ben"]).await;
    for _ in 0..20 {
        let expires = clock.now().plus(Duration::from_secs(60)).as_millis();
        let (mut client, _) = Ws::connect(&node.addr, &format!("ben@{expires}"), None).await.unwrap();
        let before = node.user("ana").send(room, Draft::text("before")).await.unwrap().seq;
        assert_eq!(client.event("message").await["data"]["seq"], before);
        clock.advance(Duration::from_secs(60));
        // At once, before any tick looks for what has expired.
        node.user("ana").send(room, Draft::text("after")).await.unwrap();
        let (frames, end) = client.rest().await;
        assert!(matches!(end, Got::Closed(4003, _)), "{end:?}");
        assert!(seqs(&frames, room).is_empty(), "nothing committed after the expiry");
        let again = Ws::connect(&node.addr, &format!("ben@{expires}"), None).await;
        assert!(again.err().is_some_and(|why| why.contains("TOKEN_EXPIRED")), "nor does it come back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_slow_reader_goes_with_the_expiry_and_comes_back_with_a_new_token() {
    let clock = ManualClock::default();
    let node = Node::at(clock.clone(), roomy()).await;
    let room = node.group(&["ana", "ben"]).await;
    let expires = clock.now().plus(Duration::from_secs(60)).as_millis();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut client = Ws::over(socket.connect(node.addr.parse().unwrap()).await.unwrap()).await.unwrap();
    client.put(json!({"id": 0, "op": "hello", "token": format!("ben@{expires}")})).await;
    let mut pos: Token = text(&client.event("ready").await["data"]["pos"]).parse().unwrap();
    for _ in 0..500 {
        node.user("ana").send(room, Draft::text("x".repeat(16 * 1024))).await.unwrap();
    }
    clock.advance(Duration::from_secs(61));
    let last = node.user("ana").send(room, Draft::text("after")).await.unwrap().seq;
    let (frames, end) = client.rest().await;
    assert!(matches!(end, Got::Closed(4003, _)), "{end:?}");
    let told = seqs(&frames, room);
    assert!((told.len() as u64) < last - 1, "what waited is gone: {} of {last}", told.len());
    // It was the token that ended, not the membership: with another one, all that was missed comes.
    if let Some(seen) = frames.iter().rev().find_map(|frame| frame["pos"].as_str()) {
        pos = seen.parse().unwrap();
    }
    let (mut client, ready) = Ws::connect(&node.addr, "ben", Some(&pos.to_string())).await.unwrap();
    assert_eq!(ready["recovered"], true);
    let mut rest = Vec::new();
    while rest.last().is_none_or(|frame: &Value| frame["event"] != "caughtUp") {
        rest.push(soon("the rest", client.next()).await.frame());
    }
    assert!(told.into_iter().chain(seqs(&rest, room)).eq(1..=last), "each once");
}
