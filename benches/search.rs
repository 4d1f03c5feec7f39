//! What a search costs among 100,000 messages (`CHAT_BENCH_MESSAGES`) in 100 rooms, how large its index is, and what
//! it costs the sends: acked sends a second with an index and without, by turns. On SQLite in full durability, and
//! PostgreSQL where `CHAT_BENCH_POSTGRES` names an empty database.
//!
//! As `cargo test` runs it, it does next to nothing.

#![allow(clippy::print_stdout, reason = "its table is what it is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::model::{About, Body, Custom, Draft, NewRoom, Profile, RoomKind, SearchQuery};
use chat_core::store::{Batch, Op, PostgresStore, Refers, RoomItem, Ruling, SqliteStore, Store};
use chat_core::{ChatEngine, Config, MessageId, RoomId, Timestamp, UserId};
use sqlx::Connection as _;

const WORDS: [&str; 40] = [
    "내일",
    "오늘",
    "아침에",
    "저녁",
    "운동",
    "같이",
    "갈까요",
    "좋아요",
    "회사에서",
    "점심",
    "먹고",
    "커피",
    "한잔",
    "어때요",
    "시간",
    "괜찮아요",
    "러닝",
    "십킬로",
    "공원에서",
    "만나요",
    "the",
    "run",
    "today",
    "morning",
    "coffee",
    "maybe",
    "later",
    "good",
    "idea",
    "see",
    "you",
    "there",
    "at",
    "park",
    "with",
    "friends",
    "ㅋㅋㅋ",
    "네네",
    "감사합니다",
    "🎉",
];

/// Said in every twentieth message, and in one.
const COMMON: &str = "회의";
const RARE: &str = "고슴도치";

const SENDERS: usize = 64;

#[tokio::main]
async fn main() {
    let is_measured = std::env::args().any(|arg| arg == "--bench");
    let large =
        std::env::var("CHAT_BENCH_MESSAGES").map_or(100_000, |count| count.parse().expect("a number"));
    let (messages, rooms, turns) = if is_measured { (large, 100, 101) } else { (300, 3, 1) };
    let span = Duration::from_millis(if is_measured { 4_000 } else { 50 });

    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("chat.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path).await.expect("it opens"));
    let size = async || {
        let conn = rusqlite::Connection::open(&path).expect("it opens");
        let pages = |what: &str| conn.query_row(&format!("PRAGMA {what}"), (), |row| row.get::<_, i64>(0));
        (pages("page_count").expect("pages") - pages("freelist_count").expect("pages")) * 4096
    };
    measure("SQLite", &store, messages, rooms, turns, size).await;
    sends("SQLite", &store, span).await;
    drop(store);

    if let Ok(url) = std::env::var("CHAT_BENCH_POSTGRES") {
        let store: Arc<dyn Store> = Arc::new(PostgresStore::connect(&url).await.expect("it connects"));
        let size = async || {
            let mut conn = sqlx::PgConnection::connect(&url).await.expect("it connects");
            let size = sqlx::query_scalar("SELECT pg_database_size(current_database())");
            size.fetch_one(&mut conn).await.expect("a size")
        };
        measure("PostgreSQL", &store, messages, rooms, turns, size).await;
        sends("PostgreSQL", &store, span).await;
    }
}

async fn measure(
    name: &str,
    store: &Arc<dyn Store>,
    messages: usize,
    rooms: usize,
    turns: usize,
    size: impl AsyncFn() -> i64,
) {
    let empty = size().await;
    fill(store, messages, rooms).await;
    let filled = size().await;
    let start = Instant::now();
    let mut longest = Duration::ZERO;
    loop {
        let begun = Instant::now();
        let is_more = store.index(256).await.expect("it takes in");
        longest = longest.max(begun.elapsed());
        if !is_more {
            break;
        }
    }
    let (spent, indexed) = (start.elapsed(), size().await);
    println!(
        "{name}: {messages} messages of {} KiB, the index {:.0} % of that; made in {spent:.1?}, a page at most {longest:.1?}",
        (filled - empty) / 1024,
        (indexed - filled) as f64 / (filled - empty) as f64 * 100.0,
    );
    let quiet = ChatEngine::builder().shared_store(store.clone()).build().await.expect("an engine");
    for (who, of) in [("ana", "all rooms"), ("sender1", "a fiftieth")] {
        let user = quiet.as_user(who.parse().expect("a good id"));
        for (what, q) in [
            ("rare", RARE),
            ("common", COMMON),
            ("none", "없는말"),
            ("none, of common grams", "오늘같이갈까요"),
            ("one syllable", "먹"),
            ("English", "coffee"),
            ("two letters", "co"),
            ("two words", "회의 커피"),
        ] {
            let mut spent = Vec::new();
            let mut hits = 0;
            for _ in 0..turns {
                let start = Instant::now();
                hits = user.search(SearchQuery::new(q)).await.expect("a page").hits.len();
                spent.push(start.elapsed());
            }
            spent.sort();
            let (middle, worst) = (spent[turns / 2], spent[turns - 1]);
            println!(
                "{name}, {of:<11} {what:<22} {hits:>3} hits  median {middle:>9.1?}  worst {worst:>9.1?}"
            );
        }
    }
}

fn user(name: &str) -> UserId {
    name.parse().expect("a good id")
}

/// Straight into the store: ana is in all rooms, each sender in some.
async fn fill(store: &Arc<dyn Store>, messages: usize, rooms: usize) {
    let mut at = 1_700_000_000_000;
    let mut items = Vec::new();
    let mut dice = 7u64;
    let mut roll = |sides: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as usize % sides
    };
    let ids: Vec<RoomId> = (0..rooms).map(|_| RoomId::generate()).collect();
    for (number, room) in ids.iter().enumerate() {
        let sender = user(&format!("sender{}", number % 50));
        let members = vec![user("ana"), sender];
        let op = Op::Create { kind: RoomKind::Group, name: None, members, about: About::default() };
        items.push(RoomItem { room: *room, at: Timestamp::from_millis(at), by: None, op });
    }
    for number in 0..messages {
        at += 1_000;
        let place = roll(rooms);
        let count = 3 + roll(10);
        let mut words: Vec<&str> = (0..count).map(|_| WORDS[roll(WORDS.len())]).collect();
        if number % 20 == 0 {
            words.push(COMMON);
        }
        if number == messages / 3 {
            words.push(RARE);
        }
        let sender = user(&format!("sender{}", place % 50));
        let op = Op::Send {
            id: MessageId::generate(),
            sender: Profile::unknown(sender.clone()),
            body: Body::Text(words.join(" ").into()),
            client_id: Some(format!("c{number}").parse().expect("a good id")),
            origin: None,
            attachments: Vec::new(),
            writing_until: None,
            refers: Refers::default(),
            custom: Custom::default(),
            ruling: Ruling::default(),
        };
        items.push(RoomItem { room: ids[place], at: Timestamp::from_millis(at), by: Some(sender), op });
        if items.len() >= 1_000 {
            store.commit(Batch::of(std::mem::take(&mut items))).await.expect("it commits");
        }
    }
    store.commit(Batch::of(items)).await.expect("it commits");
}

/// By turns, since the machine's own speed moves.
async fn sends(name: &str, store: &Arc<dyn Store>, span: Duration) {
    let mut rates = [Vec::new(), Vec::new()];
    for turn in 0..6 {
        let with = turn % 2;
        rates[with].push(sends_a_second(store, with == 1, span).await);
        // What is behind must not be taken in while the other one is measured.
        while store.index(1_000).await.expect("it takes in") {}
    }
    let median = |mut rates: Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let [without, with] = rates.map(median);
    println!("{name}: {without:.0} sends/s without an index, {with:.0} with one: {:.2}", with / without);
}

async fn sends_a_second(store: &Arc<dyn Store>, search: bool, span: Duration) -> f64 {
    let mut config = Config::default();
    config.search = search;
    let builder = ChatEngine::builder().shared_store(store.clone()).config(config);
    let engine = builder.build().await.expect("an engine");
    let mut sending = tokio::task::JoinSet::new();
    let start = Instant::now();
    for number in 0..SENDERS {
        let sender = engine.as_user(user(&format!("talker{number}")));
        sending.spawn(async move {
            let new = NewRoom::group("room").with([format!("reader{number}")]);
            let room = sender.create_room(new).await.expect("a room").id();
            let mut sent = 0usize;
            while start.elapsed() < span {
                let words: Vec<&str> =
                    (0..10).map(|word| WORDS[(sent * 7 + word * 3) % WORDS.len()]).collect();
                let draft = Draft::text(words.join(" ")).with_client_id(format!("c{sent}"));
                sender.send(room, draft).await.expect("it is sent");
                sent += 1;
            }
            sent
        });
    }
    let sent: usize = sending.join_all().await.into_iter().sum();
    sent as f64 / start.elapsed().as_secs_f64()
}
