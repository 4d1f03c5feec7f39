//! Slow readers: what waits for one is bounded, and nobody else notices.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::event::{CloseReason, Command, EventKind};
use chat_core::model::{Draft, Mark};
use chat_core::store::MemoryStore;
use chat_core::{Config, RoomId};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::kit::{Http, Node, Server, Ws, new_file, random, soon, text};

const MIB: u64 = 1024 * 1024;

/// A connection that is ready, on a socket that holds little.
async fn narrow(addr: &str, token: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(32 * 1024).unwrap();
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
    assert_eq!(quick.close_reason(), None);
}

#[tokio::test]
async fn a_delivered_mark_takes_no_read_mark_away_in_a_full_mailbox() {
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
    assert!(matches!(slow.next().await.unwrap().kind, EventKind::Ready(_)));
    let mut watcher = ana.connect().await.unwrap();
    ben.mark_read(room, Some(chat_core::model::Cursor::Seq(2))).await.unwrap();
    ben.mark_delivered(room, Some(chat_core::model::Cursor::Seq(4))).await.unwrap();
    // Delivered marks are written behind.
    soon("the delivered mark", async {
        while !matches!(watcher.next().await.unwrap().kind, EventKind::Marked(_, Mark::Delivered, _)) {}
    })
    .await;
    // One too many, which may be lost.
    watcher.execute(Command::Typing(room, true)).await.unwrap();
    for number in 0..4 {
        ana.send(room, Draft::text(format!("new {number}"))).await.unwrap();
    }
    let (mut read, mut last) = (0, 0);
    while last < 8 {
        match &slow.next().await.expect("it fits without the typing").kind {
            EventKind::Marked(_, Mark::Read, at) => read = at.read_seq,
            EventKind::Message(message) => last = message.seq,
            _ => {}
        }
    }
    assert_eq!(read, 2, "where the reader stands is told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_readers_hold_at_most_one_mib_each_and_are_closed_with_4008() {
    const READERS: usize = 2;
    /// Without a bound, a reader would not be closed before so much, which the server would have to hold.
    const BYTES: usize = 16 * 1024 * 1024;
    /// What traffic costs the allocator and the store's caches, give or take.
    const SLACK: u64 = 6 * MIB;
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
    // Sends to all rooms in turns; gives the users whose last connection has ended meanwhile.
    let pump = async |client: &mut Ws, rounds: usize| {
        let (mut gone, mut acked) = (BTreeSet::new(), 0);
        for number in 0..rounds * READERS {
            let (room, _) = &rooms[number % READERS];
            client.say(number as u64, room, &format!("{}", random(u64::MAX)), &content).await;
        }
        while acked < rounds * READERS {
            let frame = soon("an ack", client.next()).await.frame();
            if frame.get("id").is_some() {
                assert!(frame["ok"].is_object(), "{frame}");
                acked += 1;
            } else if frame["event"] == "presence" && frame["data"]["online"] == false {
                gone.insert(text(&frame["data"]["userUuid"]));
            }
        }
        gone
    };
    // The store's caches and the allocator's arenas grow with the first traffic, which nobody reads.
    for _ in 0..20 {
        pump(&mut client, 4).await;
    }
    let mut stalled = Vec::new();
    for (_, token) in &rooms {
        stalled.push(narrow(&server.addr, token).await);
    }
    // The highest mark begins anew. From here on it must not last longer than a write may block.
    std::fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").unwrap();
    let before = server.memory("VmRSS");
    let (mut gone, mut sent) = (BTreeSet::new(), 0);
    while gone.len() < READERS {
        gone.append(&mut pump(&mut client, 4).await);
        sent += 4 * content.len();
        assert!(sent < BYTES, "only {gone:?} were closed after {sent} bytes for each");
    }
    let grown = server.memory("VmHWM").saturating_sub(before);
    let bound = READERS as u64 * MIB + SLACK;
    println!("{READERS} stalled readers cost {grown} bytes, closed after {sent} bytes for each");
    assert!(grown <= bound, "{READERS} readers cost {grown} bytes, and not at most {bound}");
    // Each finds the close after what was on its way.
    let mut reading = JoinSet::new();
    for mut stream in stalled {
        reading.spawn(async move {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.map(|_| all)
        });
    }
    for all in soon("the end", reading.join_all()).await {
        let all = all.unwrap();
        let at = all.windows(2).rposition(|part| part == 4008u16.to_be_bytes()).expect("closed with 4008");
        assert!(all.len() - at < 64, "which is the last frame");
    }
    // And resumes, over a new connection: on a slow machine the server has ended the idle one by now.
    let mut http = Http::new(&server.addr);
    let path = format!("/chat/rooms/{}/messages", rooms[0].0);
    assert_eq!(http.call("GET", &path, Some(&rooms[0].1), None).await.unwrap().0, 200);
}

/// A room of three of whom one sends and one listens, and how long its messages take.
struct Timed {
    room: RoomId,
    third: &'static str,
    sender: Ws,
    listener: Ws,
    latencies: Vec<Duration>,
}

impl Timed {
    async fn open(node: &Node, third: &'static str) -> Self {
        let [one, other] = ["sender", "listener"].map(|name| format!("{name} beside {third}"));
        let room = node.group(&[&one, &other, third]).await;
        let (sender, listener) = (node.connect(&one).await, node.connect(&other).await);
        Self { room, third, sender, listener, latencies: Vec::new() }
    }

    async fn send(&mut self, number: u64, content: &str) {
        let began = Instant::now();
        self.sender.say(number, &self.room.to_string(), &format!("{}", random(u64::MAX)), content).await;
        self.listener.event("message").await;
        self.latencies.push(began.elapsed());
        assert!(self.sender.answer(number).await["ok"].is_object());
    }

    /// What all but one in a hundred keep of what was measured since the last time, in seconds.
    fn p99(&mut self) -> f64 {
        self.latencies.sort();
        let p99 = self.latencies[self.latencies.len() * 99 / 100];
        self.latencies.clear();
        p99.as_secs_f64()
    }
}

/// The p99 of a room with a reader at 1 byte/s to that of another one without, measured message by message in
/// turns, so that whatever else the machine does falls on both.
async fn beside_a_slow_reader(node: &Node, with: &mut Timed, without: &mut Timed) -> f64 {
    const MESSAGES: u64 = 600;
    let slow = read_slowly(narrow(&node.addr, with.third).await);
    for room in [&mut *with, &mut *without] {
        // More than the slow one's socket holds (about 4 MiB on Linux): the rest waits in its mailbox.
        for _ in 0..320 {
            node.user(room.third).send(room.room, Draft::text("x".repeat(16 * 1024))).await.unwrap();
        }
        room.listener.up_to_now().await;
        room.sender.up_to_now().await;
    }
    let content = "x".repeat(2 * 1024);
    for number in 0..MESSAGES {
        let turns = if number % 2 == 0 { [&mut *with, &mut *without] } else { [&mut *without, &mut *with] };
        for room in turns {
            room.send(number, &content).await;
        }
    }
    assert!(!slow.is_finished(), "it is there to the end");
    slow.abort();
    let _ = slow.await;
    with.p99() / without.p99()
}

/// Two rooms are never alike: their connections are older and younger, on this worker or that one. So each has
/// the slow reader in its turn, and the middle of many turns counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_at_1_byte_a_second_moves_the_others_p99_by_less_than_a_tenth() {
    const TURNS: usize = 7;
    let mut config = Config::default();
    // So that it stays for as long as is measured.
    config.mailbox_bytes = 16 * 1024 * 1024;
    let node = Node::with(Arc::new(MemoryStore::new()), config).await;
    let (mut one, mut other) = (Timed::open(&node, "slow").await, Timed::open(&node, "slower").await);
    let mut ratios = Vec::new();
    for _ in 0..TURNS {
        let there = beside_a_slow_reader(&node, &mut one, &mut other).await;
        let back = beside_a_slow_reader(&node, &mut other, &mut one).await;
        ratios.push((there * back).sqrt());
    }
    ratios.sort_by(f64::total_cmp);
    println!("p99 with a slow reader to p99 without: {ratios:.2?}");
    assert!(ratios[TURNS / 2] < 1.1, "{ratios:.2?}");
}
