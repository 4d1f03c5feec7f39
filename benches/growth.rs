//! What reads and sends cost as a store grows: on SQLite with 10,000 messages, and with as many as
//! `CHAT_BENCH_MESSAGES` says (1,000,000), all but a few of them in one room; the reader is in 1,000 rooms.
//!
//! Prints medians, and the large store's as a multiple of the small one's. As `cargo test` runs it, it does next
//! to nothing.

#![allow(clippy::print_stdout, reason = "its table is what it is for")]

use std::path::Path;
use std::time::{Duration, Instant};

use chat_core::event::EventKind;
use chat_core::model::{Cursor, Draft, HistoryQuery, Limit, NewRoom, PageQuery};
use chat_core::store::SqliteStore;
use chat_core::{Actor, ChatEngine, RoomId};

/// What is measured, in the order of the table.
const NAMES: [&str; 7] = [
    "send",
    "newest page of 50",
    "page of 50 in the middle",
    "first page of 50",
    "catch-up of 100 changes",
    "20 of 1,000 rooms, with unread counts",
    "connect with 1,000 rooms",
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let is_measured = std::env::args().any(|arg| arg == "--bench");
    let large =
        std::env::var("CHAT_BENCH_MESSAGES").map_or(1_000_000, |count| count.parse().expect("a number"));
    let (rooms, turns, sizes) = if is_measured { (1_000, 101, [10_000, large]) } else { (3, 1, [200, 400]) };
    let mut columns = Vec::new();
    for messages in sizes {
        let folder = tempfile::tempdir().expect("a folder");
        columns.push(measure(&folder.path().join("chat.db"), rooms, messages, turns).await);
    }
    println!("{:<38} {:>12} {:>12} {:>6}", "messages", sizes[0], sizes[1], "ratio");
    for (index, name) in NAMES.iter().enumerate() {
        let [small, large] = [columns[0][index], columns[1][index]];
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        println!("{name:<38} {small:>12.1?} {large:>12.1?} {ratio:>6.2}");
    }
}

async fn measure(path: &Path, rooms: usize, messages: u64, turns: usize) -> [Duration; NAMES.len()] {
    let big = fill(path, rooms, messages).await;
    let store = SqliteStore::open(path).await.expect("it opens");
    let engine = ChatEngine::builder().store(store).build().await.expect("an engine");
    let [ana, ben] = ["ana", "ben"].map(|name| engine.as_user(name.parse().expect("a good id")));
    let page = async |query: HistoryQuery| drop(ana.history(big, query).await.expect("a page"));
    let limit = Limit::new(50).expect("a good limit");
    let around = |seq: u64| HistoryQuery::Around(Cursor::Seq(seq), limit);
    let list = PageQuery::new(1, Limit::new(20).expect("a good limit")).expect("a good page");
    [
        median(turns, async || drop(ben.send(big, Draft::text("hello")).await.expect("it is sent"))).await,
        median(turns, async || page(HistoryQuery::newest(limit)).await).await,
        median(turns, async || page(around(messages / 2)).await).await,
        median(turns, async || page(around(1)).await).await,
        catch_up(&ana, &ben, big, turns.div_ceil(10)).await,
        median(turns, async || drop(ana.rooms(list).await.expect("rooms"))).await,
        median(turns.div_ceil(4), async || {
            ready(&ana).await;
        })
        .await,
    ]
}

async fn median(turns: usize, once: impl AsyncFn()) -> Duration {
    let mut spent = Vec::with_capacity(turns);
    for _ in 0..turns {
        let start = Instant::now();
        once().await;
        spent.push(start.elapsed());
    }
    spent.sort();
    spent[turns / 2]
}

/// A session that is ready, and its place.
async fn ready(ana: &Actor) -> chat_core::model::Token {
    let mut session = ana.connect().await.expect("a session");
    loop {
        let event = session.next().await.expect("it is open");
        if let (EventKind::Ready(_), Some(token)) = (&event.kind, event.token) {
            return token;
        }
    }
}

async fn catch_up(ana: &Actor, ben: &Actor, big: RoomId, turns: usize) -> Duration {
    let mut spent = Vec::new();
    for _ in 0..turns {
        let since = ready(ana).await;
        for _ in 0..100 {
            ben.send(big, Draft::text("hello")).await.expect("it is sent");
        }
        let start = Instant::now();
        let mut session = ana.connect_since(since).await.expect("a session");
        while !matches!(session.next().await.expect("it is open").kind, EventKind::CaughtUp { .. }) {}
        spent.push(start.elapsed());
    }
    spent.sort();
    spent[turns / 2]
}

/// Rooms of ana and ben, and messages of ben's in the last of them, straight into the file.
async fn fill(path: &Path, rooms: usize, messages: u64) -> RoomId {
    let store = SqliteStore::open(path).await.expect("it opens");
    let engine = ChatEngine::builder().store(store).build().await.expect("an engine");
    let ben = engine.as_user("ben".parse().expect("a good id"));
    let mut big = None;
    for _ in 0..rooms {
        let room = ben.create_room(NewRoom::group("room").with(["ana"])).await.expect("a room").id();
        ben.send(room, Draft::text("hello")).await.expect("it is sent");
        big = Some(room);
    }
    let big = big.expect("a room");
    drop((ben, engine));
    let conn = rusqlite::Connection::open(path).expect("it opens");
    conn.pragma_update(None, "synchronous", "OFF").expect("it is set");
    conn.busy_timeout(Duration::from_secs(20)).expect("it is set");
    let base: i64 = conn.query_row("SELECT pos FROM lanes", (), |row| row.get(0)).expect("a position");
    let (room, count) = (big.to_bytes(), messages as i64);
    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
        conn.execute(sql, params).expect("it is written");
    };
    run(
        "WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2) \
         INSERT INTO messages (room, seq, id, sender, kind, content, created_at, pos, n, own_n) \
         SELECT ?1, n, randomblob(16), 'ben', 1, printf('message %d of about a hundred bytes, as people write them in a chat', n), n, ?3 + n, n, n FROM numbers",
        &[&&room[..], &count, &base],
    );
    let head = base + count;
    run(
        "UPDATE rooms SET seq = ?2, countable = ?2, last_pos = ?3 WHERE id = ?1",
        &[&&room[..], &count, &head],
    );
    run("UPDATE members SET own_n = ?2 WHERE room = ?1 AND user = 'ben'", &[&&room[..], &count]);
    run("UPDATE lanes SET pos = ?1", &[&head]);
    big
}
