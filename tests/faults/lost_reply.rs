//! The commit succeeded and the reply was lost: whoever sends again, wherever, gets the first message, and
//! nobody hears of it twice.

use chat_core::event::EventKind;
use chat_core::model::Draft;
use chat_core::store::{MemoryStore, SqliteStore};
use chat_core::testing::FaultyStore;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::kit::{Got, Node, new_file, seqs, soon, text};

/// Sends, and loses the connection after the commit and before the answer. Gives the listeners' frames
/// that came of it and of everything in `then`.
async fn commits_and_loses_the_reply(node: &Node, store: &FaultyStore, room: &str) {
    let mut client = node.connect("ana").await;
    let mut commits = store.commits();
    let reporting = store.hang().await;
    commits.mark_unchanged();
    client.say(7, room, "c1", "hello").await;
    soon("the commit", commits.changed()).await.unwrap();
    // Dropped without a word: nobody can have read the answer, for there is none yet.
    drop(client);
    drop(reporting);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_after_a_lost_reply_is_answered_with_the_first_message_by_every_way_in() {
    let (_folder, db) = new_file();
    let store = FaultyStore::on(SqliteStore::open(&db).await.unwrap());
    let node = Node::on(store.shared()).await;
    let room = node.group(&["ana", "ben"]).await;
    let name = room.to_string();
    let mut listener = node.connect("ben").await;
    let mut own_device = node.connect("ana").await;
    let mut in_process = node.user("ben").connect().await.unwrap();
    commits_and_loses_the_reply(&node, &store, &name).await;

    let mut over_socket = node.connect("ana").await;
    over_socket.say(1, &name, "c1", "hello").await;
    let first = over_socket.answer(1).await["ok"]["message"].clone();
    assert_eq!((&first["seq"], &first["content"]), (&json!(1), &json!("hello")));
    let (status, over_rest) = node.http().say(&name, "ana", "c1", "hello").await.unwrap();
    assert_eq!((status, &over_rest["messageUuid"]), (201, &first["messageUuid"]));
    let actor = node.user("ana").send(room, Draft::text("hello").with_client_id("c1")).await.unwrap();
    assert_eq!(actor.id.to_string(), text(&first["messageUuid"]));

    node.user("ana").send(room, Draft::text("end")).await.unwrap();
    for client in [&mut listener, &mut own_device] {
        assert_eq!(seqs(&client.up_to_now().await, room), [1, 2], "one event, and the end");
    }
    assert!(seqs(&over_socket.up_to_now().await, room).iter().all(|seq| *seq == 2));
    let mut told = Vec::new();
    while told.last() != Some(&2) {
        if let EventKind::Message(message) = &soon("an event", in_process.next()).await.unwrap().kind {
            told.push(message.seq);
        }
    }
    assert_eq!(told, [1, 2]);
    assert_eq!(node.user("ben").room(room).await.unwrap().room.seq, 2, "one row");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_hundred_retries_at_once_beside_the_lost_first_one_make_one_row_and_one_event() {
    let store = FaultyStore::on(MemoryStore::new());
    let node = Node::on(store.shared()).await;
    let room = node.group(&["ana", "ben"]).await;
    let name = room.to_string();
    let mut listener = node.connect("ben").await;
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(node.connect("ana").await);
    }
    let mut tasks: JoinSet<String> = JoinSet::new();
    // The first one hangs after its commit while all the others come, of which half are cut in their turn.
    let reporting = store.hang().await;
    let mut first = node.connect("ana").await;
    let mut commits = store.commits();
    commits.mark_unchanged();
    first.say(7, &name, "c1", "hello").await;
    soon("the commit", commits.changed()).await.unwrap();
    drop(first);
    for (number, mut client) in clients.into_iter().enumerate() {
        client.say(1, &name, "c1", "hello").await;
        if number % 2 == 0 {
            drop(client);
        } else {
            tasks.spawn(async move { text(&client.answer(1).await["ok"]["message"]["messageUuid"]) });
        }
    }
    for _ in 0..50 {
        let (mut http, name) = (node.http(), name.clone());
        tasks.spawn(async move {
            let (status, message) = http.say(&name, "ana", "c1", "hello").await.unwrap();
            assert_eq!(status, 201);
            text(&message["messageUuid"])
        });
    }
    drop(reporting);
    let ids = soon("all answers", tasks.join_all()).await;
    assert_eq!(ids.len(), 75);
    assert!(ids.iter().all(|id| *id == ids[0]), "all get the first message");
    assert_eq!(node.user("ben").room(room).await.unwrap().room.seq, 1, "one row");
    assert_eq!(seqs(&listener.up_to_now().await, room), [1], "one event");
}

#[tokio::test]
async fn another_body_under_the_same_client_id_is_a_conflict_by_every_way_in() {
    let node = Node::on(std::sync::Arc::new(MemoryStore::new())).await;
    let room = node.group(&["ana", "ben"]).await.to_string();
    let (mut client, mut http) = (node.connect("ana").await, node.http());
    client.say(1, &room, "c1", "hello").await;
    assert_eq!(client.answer(1).await["ok"]["message"]["seq"], 1);
    client.say(2, &room, "c1", "another").await;
    assert_eq!(client.answer(2).await["error"]["code"], "CLIENT_ID_CONFLICT");
    let (status, problem) = http.say(&room, "ana", "c1", "another").await.unwrap();
    assert_eq!((status, &problem["code"]), (409, &json!("CLIENT_ID_CONFLICT")));
    // A caption is not a text, and another picture is another message.
    let image = |url: &str| json!({"type": "IMAGE", "imageUrl": url, "content": "hello", "clientId": "c1"});
    let path = format!("/chat/rooms/{room}/messages");
    let answer = http.call("POST", &path, Some("ana"), Some(image("https://x.example/1.png"))).await.unwrap();
    assert_eq!(answer.0, 409);
    let (status, first): (u16, Value) = http.say(&room, "ana", "c1", "hello").await.unwrap();
    assert_eq!((status, &first["seq"]), (201, &json!(1)), "the first one stands");
    // It names messages of one sender in one room.
    assert_eq!(http.say(&room, "ben", "c1", "another").await.unwrap().0, 201);
    client.put(json!({"op": "ping", "id": 9})).await;
    let (mut told, pong) = (Vec::new(), 9);
    loop {
        match client.next().await {
            Got::Frame(frame) if frame["id"] == pong => break,
            Got::Frame(frame) => told.push(frame),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seqs(&told, room.parse().unwrap()), [2], "the refused ones told nobody anything");
}
