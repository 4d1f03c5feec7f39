//! Many senders, many listeners, every way of reading: one order, without a gap.

use std::sync::Arc;

use chat_core::event::EventKind;
use chat_core::model::Draft;
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::{RoomId, Session};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::kit::{Got, Node, Place, Ws, new_file, soon, text};
use crate::socketio::client as socketio;

/// How much each sender sends.
const EACH: u64 = 120;
const SENDERS: [&str; 6] = ["socket1", "socket2", "rest", "actor", "session", "socketio"];

/// A message as all must see it.
type Seen = (u64, String);

fn seen(data: &Value) -> Seen {
    (data["seq"].as_u64().unwrap(), text(&data["messageUuid"]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_see_one_order_live_in_history_and_in_catch_up_on_sqlite() {
    let (_folder, db) = new_file();
    one_order(Arc::new(SqliteStore::open(&db).await.unwrap())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_see_one_order_live_in_history_and_in_catch_up_in_memory() {
    one_order(Arc::new(MemoryStore::new())).await;
}

async fn one_order(store: Arc<dyn Store>) {
    let node = Arc::new(Node::on(store).await);
    let people: Vec<&str> = SENDERS.into_iter().chain(["listener"]).collect();
    let rooms = [node.group(&people).await, node.group(&people).await];
    let total = EACH * SENDERS.len() as u64;

    let mut listening = JoinSet::new();
    for _ in 0..3 {
        let client = node.connect("listener").await;
        listening.spawn(by_socket(client, rooms, total));
    }
    let address = node.addr.parse().unwrap();
    let (client, _) = socketio::Ws::chat(address, "listener").await;
    listening.spawn(by_socketio(client, rooms, total));
    let polling = socketio::Polling::open(address).await;
    polling.post(r#"40/chat,{"token":"listener"}"#).await;
    while !polling.packets().await.iter().any(|packet| packet.contains(r#"["connected","#)) {}
    listening.spawn(by_polling(polling, rooms, total));
    listening.spawn(in_process(node.user("listener").connect().await.unwrap(), rooms, total));
    // Somebody who is cut off again and again, and so catches up from many points.
    let mut place = Place::default();
    drop(place.connect(&node.addr, "listener").await.unwrap());
    listening.spawn(now_and_then(node.clone(), place, rooms, total));

    let mut sending = JoinSet::new();
    for sender in SENDERS {
        sending.spawn(send(node.clone(), sender, rooms));
    }
    let acked: Vec<_> = soon("all acks", sending.join_all()).await;
    let live = soon("all events", listening.join_all()).await;

    for (index, room) in rooms.into_iter().enumerate() {
        let history = by_page(&node, room).await;
        assert!(history.iter().map(|(seq, _)| *seq).eq(1..=total), "no gap");
        assert_eq!(by_cursor(&node, room).await, history);
        for listener in &live {
            assert!(listener[index] == history, "each listener hears the order of the history");
        }
        for sender in &acked {
            let own: Vec<u64> = sender[index].iter().map(|(seq, _)| *seq).collect();
            assert!(own.is_sorted(), "each sender's own order");
            assert!(sender[index].iter().all(|(seq, id)| history[*seq as usize - 1].1 == *id));
        }
    }
}

/// Sends to both rooms in turns; gives what was acked, by room.
async fn send(node: Arc<Node>, name: &'static str, rooms: [RoomId; 2]) -> [Vec<Seen>; 2] {
    let mut acked = [Vec::new(), Vec::new()];
    let turns = (0..2 * EACH).map(|number| (number, (number % 2) as usize));
    match name {
        "rest" => {
            let mut http = node.http();
            for (number, index) in turns {
                let client_id = format!("{name}-{number}");
                let answer = http.say(&rooms[index].to_string(), name, &client_id, &client_id).await.unwrap();
                acked[index].push(seen(&answer.1));
            }
        }
        "actor" | "session" => {
            let session = node.user(name).connect().await.unwrap();
            for (number, index) in turns {
                let draft = Draft::text(format!("{name}-{number}"));
                let sent = match name {
                    "actor" => node.user(name).send(rooms[index], draft).await.unwrap(),
                    _ => session.send(rooms[index], draft).await.unwrap(),
                };
                acked[index].push((sent.seq, sent.id.to_string()));
            }
        }
        "socketio" => {
            let (mut client, _) = socketio::Ws::chat(node.addr.parse().unwrap(), name).await;
            for (number, index) in turns {
                let message = json!({"type": "TEXT", "content": format!("{name}-{number}")});
                let payload = json!({"roomUuid": rooms[index], "message": message});
                client.send(&format!(r#"42/chat,{number}["sendMessage",{payload}]"#)).await;
            }
            for next in 0..2 * EACH {
                let (_, answer) = client.answer(next).await;
                acked[(next % 2) as usize].push(seen(&answer["message"]));
            }
        }
        _ => {
            let mut client = node.connect(name).await;
            for (number, index) in turns {
                // All at once: the server takes them as it likes.
                let client_id = format!("{name}-{number}");
                client.say(number, &rooms[index].to_string(), &client_id, &client_id).await;
            }
            let mut next = 0;
            while next < 2 * EACH {
                let frame = client.next().await.frame();
                if frame["id"].as_u64().is_some() {
                    assert_eq!(frame["id"], next, "acks come in the order of the sends");
                    acked[(next % 2) as usize].push(seen(&frame["ok"]["message"]));
                    next += 1;
                }
            }
        }
    }
    acked
}

/// Takes an event in; `true` when all have come.
fn note(told: &mut [Vec<Seen>; 2], rooms: [RoomId; 2], event: &Value, total: u64) -> bool {
    if event["event"] == "message" {
        let index = usize::from(event["room"] != *rooms[0].to_string());
        told[index].push(seen(&event["data"]));
    }
    told.iter().all(|told| told.len() as u64 >= total)
}

async fn by_socket(mut client: Ws, rooms: [RoomId; 2], total: u64) -> [Vec<Seen>; 2] {
    let mut told = [Vec::new(), Vec::new()];
    while !note(&mut told, rooms, &client.next().await.frame(), total) {}
    told
}

/// Takes a packet of Socket.IO in; `true` when all have come.
fn note_packet(told: &mut [Vec<Seen>; 2], rooms: [RoomId; 2], packet: &str, total: u64) -> bool {
    if let Some((name, data)) = socketio::event(packet)
        && name == "newMessage"
    {
        let index = usize::from(data["roomUuid"] != *rooms[0].to_string());
        told[index].push(seen(&data));
    }
    told.iter().all(|told| told.len() as u64 >= total)
}

async fn by_socketio(mut client: socketio::Ws, rooms: [RoomId; 2], total: u64) -> [Vec<Seen>; 2] {
    let mut told = [Vec::new(), Vec::new()];
    while !note_packet(&mut told, rooms, &client.text().await, total) {}
    told
}

async fn by_polling(client: socketio::Polling, rooms: [RoomId; 2], total: u64) -> [Vec<Seen>; 2] {
    let mut told = [Vec::new(), Vec::new()];
    loop {
        for packet in client.packets().await {
            if note_packet(&mut told, rooms, &packet, total) {
                return told;
            }
        }
    }
}

async fn in_process(mut session: Session, rooms: [RoomId; 2], total: u64) -> [Vec<Seen>; 2] {
    let mut told = [Vec::new(), Vec::new()];
    while told.iter().any(|told| (told.len() as u64) < total) {
        if let EventKind::Message(message) = &session.next().await.unwrap().kind {
            told[usize::from(message.room != rooms[0])].push((message.seq, message.id.to_string()));
        }
    }
    told
}

async fn now_and_then(node: Arc<Node>, mut place: Place, rooms: [RoomId; 2], total: u64) -> [Vec<Seen>; 2] {
    let mut told = [Vec::new(), Vec::new()];
    for stay in (1..).map(|turn| turn * 7 % 50) {
        let mut client = place.connect(&node.addr, "listener").await.unwrap();
        let mut heard = 0;
        while heard <= stay {
            let Got::Frame(frame) = client.next().await else { panic!("it goes on") };
            for event in place.take(frame) {
                heard += 1;
                if note(&mut told, rooms, &event, total) {
                    return told;
                }
            }
        }
    }
    unreachable!()
}

async fn by_page(node: &Node, room: RoomId) -> Vec<Seen> {
    let (mut http, mut found) = (node.http(), Vec::new());
    for page in 1.. {
        let path = format!("/chat/rooms/{room}/messages?limit=70&page={page}");
        let (status, answer) = http.call("GET", &path, Some("listener"), None).await.unwrap();
        assert_eq!(status, 200);
        found.extend(answer["messages"].as_array().unwrap().iter().map(seen));
        if answer["hasMore"] == false {
            break;
        }
    }
    found.reverse();
    found
}

async fn by_cursor(node: &Node, room: RoomId) -> Vec<Seen> {
    let (mut http, mut found) = (node.http(), Vec::<Seen>::new());
    loop {
        let after = found.last().map_or_else(|| "0".to_owned(), |(_, id)| id.clone());
        let path = format!("/chat/rooms/{room}/messages?limit=70&after={after}");
        let (_, answer) = http.call("GET", &path, Some("listener"), None).await.unwrap();
        found.extend(answer["messages"].as_array().unwrap().iter().rev().map(seen));
        if answer["hasMoreAfter"] == false {
            return found;
        }
    }
}
