//! Slow readers: what waits for one is bounded, and nobody else notices.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::event::{CloseReason, Command, EventKind};
use chat_core::model::{Draft, Mark};
use chat_core::store::MemoryStore;
use chat_core::{Config, RoomId};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::kit::{Got, Http, Node, Server, Ws, new_file, soon, text};

const MIB: u64 = 1024 * 1024;

/// A connection that is ready, on a socket that holds as little as the system lets it.
async fn narrow(addr: &str, token: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(addr.parse().unwrap()).await.unwrap();
    let head = format!(
        "GET /api/chat/ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         authorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut seen) = ([0; 512], Vec::new());
    while !seen.windows(7).any(|part| part == b"\"ready\"") {
        let count = soon("ready", stream.read(&mut read)).await.unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&read[..count]);
    }
    stream
}

/// Reads one byte a second, for ever.
fn read_slowly(mut stream: TcpStream) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        while stream.read_u8().await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        std::future::pending().await
    })
}

#[tokio::test]
async fn a_full_mailbox_drops_typing_first_then_all_but_each_last_mark_and_then_closes_that_one() {
    let mut config = Config::default();
    config.mailbox_events = 8;
    config.presence_max_members = 0;
    let node = Node::with(Arc::new(MemoryStore::new()), config).await;
    let room = node.group(&["ana", "ben", "cho"]).await;
    let [ana, ben] = ["ana", "ben"].map(|name| node.user(name));
    for number in 0..20 {
        ana.send(room, Draft::text(format!("old {number}"))).await.unwrap();
    }
    let typist = ana.connect().await.unwrap();
    let mut slow = node.user("cho").connect().await.unwrap();
    assert!(matches!(slow.next().await.unwrap().kind, EventKind::Ready(_)));
    let read_up_to = async |seq: u64| {
        let to = Some(chat_core::model::Cursor::Seq(seq));
        ben.mark_read(room, to).await.unwrap();
    };

    // More of what may be lost than fits, then what may not.
    for number in 0..20 {
        typist.execute(Command::Typing(room, number % 2 == 0)).await.unwrap();
    }
    ana.send(room, Draft::text("first")).await.unwrap();
    for seq in 1..=20 {
        read_up_to(seq).await;
    }
    for number in 0..4 {
        ana.send(room, Draft::text(format!("new {number}"))).await.unwrap();
    }
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "new 3") {
        told.push(match &slow.next().await.expect("nothing closes it").kind {
            EventKind::Typing(..) => "typing".to_owned(),
            EventKind::Marked(_, Mark::Read, at) => format!("read {}", at.read_seq),
            EventKind::Message(message) => message.body.content().unwrap().to_owned(),
            other => panic!("{other:?}"),
        });
    }
    assert!(!told.contains(&"typing".to_owned()), "{told:?}");
    assert_eq!(told.iter().filter(|told| told.contains("new")).count(), 4, "{told:?}");
    assert!(told.contains(&"first".to_owned()), "{told:?}");
    let marks: Vec<_> = told.iter().filter(|told| told.contains("read")).collect();
    assert!(marks.len() < 20 && marks.last().unwrap().as_str() == "read 20", "{told:?}");

    // What may not be lost and does not fit closes this connection, and no other.
    let mut quick = node.user("cho").connect().await.unwrap();
    for number in 0..9 {
        ana.send(room, Draft::text(format!("more {number}"))).await.unwrap();
        loop {
            let event = soon("an event", quick.next()).await.unwrap();
            if matches!(event.kind, EventKind::Message(_)) {
                break;
            }
        }
    }
    assert_eq!(slow.close_reason(), Some(CloseReason::Lagged));
    assert!(slow.next().await.is_none(), "never a hole: it comes back and resumes");
    assert_eq!((quick.close_reason(), typist.close_reason()), (None, None));
}

#[tokio::test]
async fn a_delivered_mark_that_waits_does_not_replace_the_read_mark_before_it() {
    let mut config = Config::default();
    config.mailbox_events = 6;
    config.presence_max_members = 0;
    let node = Node::with(Arc::new(MemoryStore::new()), config).await;
    let room = node.group(&["ana", "ben", "cho"]).await;
    let [ana, ben] = ["ana", "ben"].map(|name| node.user(name));
    for number in 0..4 {
        ana.send(room, Draft::text(format!("old {number}"))).await.unwrap();
    }
    let mut slow = node.user("cho").connect().await.unwrap();
    let mut watcher = ana.connect().await.unwrap();
    ben.mark_read(room, Some(chat_core::model::Cursor::Seq(2))).await.unwrap();
    ben.mark_delivered(room, Some(chat_core::model::Cursor::Seq(4))).await.unwrap();
    // Delivered marks are written behind.
    soon("the delivered mark", async {
        while !matches!(watcher.next().await.unwrap().kind, EventKind::Marked(_, Mark::Delivered, _)) {}
    })
    .await;
    for number in 0..4 {
        ana.send(room, Draft::text(format!("new {number}"))).await.unwrap();
    }
    let (mut read, mut last) = (0, 0);
    while last < 8 {
        match &slow.next().await.expect("it fits without the mark").kind {
            EventKind::Marked(_, Mark::Read, at) => read = at.read_seq,
            EventKind::Message(message) => last = message.seq,
            _ => {}
        }
    }
    assert_eq!(read, 2, "where the reader stands is told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_readers_hold_at_most_one_mib_each_and_are_closed_with_4008() {
    const READERS: usize = 8;
    /// Of each reader's room. Sockets hold some of it; without a bound the server would hold the rest.
    const BYTES: usize = 12 * 1024 * 1024;
    let (_folder, db) = new_file();
    let server = Server::start(&db);
    let sender = server.token("sender").await;
    let mut http = Http::new(&server.addr);
    let mut rooms = Vec::new();
    for number in 0..READERS {
        let reader = format!("reader{number}");
        let body = json!({"type": "GROUP", "name": "room", "participantUuids": [reader]});
        let made = http.call("POST", "/chat/rooms", Some(&sender), Some(body)).await.unwrap().1;
        rooms.push((text(&made["roomUuid"]), server.token(&reader).await));
    }
    let (mut client, _) = Ws::connect(&server.addr, &sender, None).await.unwrap();
    let content = "x".repeat(16 * 1024);
    // The store's caches and the allocator's arenas grow with the first traffic, which nobody reads.
    let pump = async |client: &mut Ws, bytes: usize| {
        let (mut sent, mut acked) = (0, 0);
        while acked < bytes / content.len() * READERS {
            while sent - acked < 16 && sent < bytes / content.len() * READERS {
                let room = &rooms[sent % READERS].0;
                client.put(json!({"id": sent, "op": "send", "room": room, "message": {"type": "TEXT", "content": content}})).await;
                sent += 1;
            }
            let frame = soon("an ack", client.next()).await.frame();
            assert!(frame["ok"].is_object(), "{frame}");
            acked += 1;
        }
    };
    pump(&mut client, BYTES / 4).await;
    let mut stalled = Vec::new();
    for (_, token) in &rooms {
        stalled.push(narrow(&server.addr, token).await);
    }
    // The highest mark begins anew.
    std::fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").unwrap();
    let before = server.memory("VmRSS");
    pump(&mut client, BYTES).await;
    let grown = server.memory("VmHWM").saturating_sub(before);
    let bound = READERS as u64 * MIB + 8 * MIB;
    assert!(grown <= bound, "{READERS} readers cost {grown} bytes, and not at most {bound}");
    // Each finds the close after what was on its way.
    for mut stream in stalled {
        let mut all = Vec::new();
        soon("the end", stream.read_to_end(&mut all)).await.unwrap();
        let at = all.windows(2).rposition(|part| part == 4008u16.to_be_bytes()).expect("closed with 4008");
        assert!(all.len() - at < 64, "which is the last frame");
        assert!(all.len() < BYTES, "not all of it was handed out");
    }
    // And resumes.
    let path = format!("/chat/rooms/{}/messages", rooms[0].0);
    assert_eq!(http.call("GET", &path, Some(&rooms[0].1), None).await.unwrap().0, 200);
}

/// Latencies from a send to a listener, with or without a reader at 1 byte/s in the room.
async fn latencies(node: &Node, room: RoomId, with_slow: bool, into: &mut Vec<Duration>) {
    const MESSAGES: u64 = 250;
    let slow = if with_slow { Some(read_slowly(narrow(&node.addr, "slow").await)) } else { None };
    let (mut sender, mut listener) = (node.connect("ana").await, node.connect("ben").await);
    let (room, content) = (room.to_string(), "x".repeat(8 * 1024));
    for number in 0..MESSAGES {
        let began = Instant::now();
        sender.put(json!({"id": number, "op": "send", "room": room, "message": {"type": "TEXT", "content": content}})).await;
        loop {
            match soon("the message", listener.next()).await {
                Got::Frame(frame) if frame["event"] == "message" => break,
                Got::Frame(_) => {}
                other => panic!("{other:?}"),
            }
        }
        if number > 20 {
            into.push(began.elapsed());
        }
        sender.answer(number).await;
    }
    if let Some(slow) = slow {
        slow.abort();
        let _ = slow.await;
    }
}

fn p99(latencies: &mut [Duration]) -> Duration {
    latencies.sort();
    latencies[latencies.len() * 99 / 100]
}

/// Less than a tenth, as promised, and beyond that as much as one turn of a busy machine's scheduler: a
/// server that waited for the slow reader's socket would be late by seconds. The best of three tries, for
/// other programs come and go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_at_1_byte_a_second_moves_the_others_p99_by_less_than_a_tenth() {
    const SLACK: Duration = Duration::from_millis(4);
    let mut tried = Vec::new();
    for _ in 0..3 {
        let node = Node::on(Arc::new(MemoryStore::new())).await;
        let room = node.group(&["ana", "ben", "slow"]).await;
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for turn in 0..6 {
            let into = if turn % 2 == 0 { &mut without } else { &mut with };
            latencies(&node, room, turn % 2 == 1, into).await;
        }
        let (without, with) = (p99(&mut without), p99(&mut with));
        tried.push((without, with));
        if with <= without.mul_f64(1.1) + SLACK {
            return;
        }
    }
    panic!("p99 without and with: {tried:?}");
}
