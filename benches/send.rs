//! Sends that are acked once they are durable, with 64 senders in 64 rooms of two, through the engine; and
//! beside them a bare loop that commits the same rows to the same disk, as many a transaction as the engine had
//! on the average. SQLite in full durability, and PostgreSQL where `CHAT_BENCH_POSTGRES` names an empty database, on as
//! many lanes as `CHAT_BENCH_LANES` says.
//!
//! Prints messages a second, and the engine's as a part of the loop's. As `cargo test` runs it, it
//! does next to nothing.

#![allow(clippy::print_stdout, reason = "its table is what it is for")]

use std::path::Path;
use std::time::{Duration, Instant};

use chat_core::model::{Draft, NewRoom};
use chat_core::store::postgres::PostgresOptions;
use chat_core::store::{MemoryStore, PostgresStore, SqliteStore, Store};
use chat_core::testing::FaultyStore;
use chat_core::{ChatEngine, RoomId};
use sqlx::Connection as _;

const SENDERS: usize = 64;

/// Acked sends a second, and how many a commit had.
struct Sends {
    per_second: f64,
    a_batch: f64,
}

#[tokio::main]
async fn main() {
    let is_measured = std::env::args().any(|arg| arg == "--bench");
    let span = if is_measured { Duration::from_secs(5) } else { Duration::from_millis(50) };
    let dir = tempfile::tempdir().expect("a folder");

    let memory = through_the_engine(MemoryStore::new(), span).await;
    println!("memory      engine {:>8.0}/s, {:.1} a batch", memory.per_second, memory.a_batch);

    let path = dir.path().join("chat.db");
    let engine = through_the_engine(SqliteStore::open(&path).await.expect("it opens"), span).await;
    let bare = in_a_bare_loop(&path, engine.a_batch, span);
    report("SQLite", &engine, bare);

    if let Ok(url) = std::env::var("CHAT_BENCH_POSTGRES") {
        let lanes = std::env::var("CHAT_BENCH_LANES").map_or(1, |lanes| lanes.parse().expect("a number"));
        let mut options = PostgresOptions::default();
        options.lanes = lanes;
        let store = PostgresStore::connect_with(&url, options).await.expect("it connects");
        let engine = through_the_engine(store, span).await;
        let bare = in_a_bare_loop_of_postgres(&url, engine.a_batch, span).await;
        report("PostgreSQL", &engine, bare);
    }
}

fn report(store: &str, engine: &Sends, bare: f64) {
    let part = engine.per_second / bare;
    println!(
        "{store:<11} engine {:>8.0}/s, {:.1} a batch; bare loop {bare:>8.0}/s; ratio {part:.2}",
        engine.per_second, engine.a_batch
    );
}

async fn through_the_engine(store: impl Store, span: Duration) -> Sends {
    let store = FaultyStore::on(store);
    let engine = ChatEngine::builder().store(store.clone()).build().await.expect("an engine");
    let mut rooms = Vec::new();
    for number in 0..SENDERS {
        let sender = engine.as_user(format!("sender{number}").parse().expect("a good id"));
        let new = NewRoom::group("room").with([format!("reader{number}")]);
        rooms.push((sender.create_room(new).await.expect("a room").id(), sender));
    }
    let before = *store.commits().borrow();
    let start = Instant::now();
    let mut sending = tokio::task::JoinSet::new();
    for (room, sender) in rooms {
        sending.spawn(async move {
            let mut sent = 0u32;
            while start.elapsed() < span {
                let draft = Draft::text("x".repeat(100)).with_client_id(format!("c{sent}"));
                sender.send(room, draft).await.expect("it is sent");
                sent += 1;
            }
            sent
        });
    }
    let sent = f64::from(sending.join_all().await.into_iter().sum::<u32>());
    let per_second = sent / start.elapsed().as_secs_f64();
    let commits = (*store.commits().borrow() - before) as f64;
    Sends { per_second, a_batch: sent / commits }
}

/// The rows of a message: itself, its room, its sender's membership and the lane.
fn in_a_bare_loop(path: &Path, a_batch: f64, span: Duration) -> f64 {
    let mut conn = rusqlite::Connection::open(path).expect("it opens");
    conn.pragma_update(None, "synchronous", "FULL").expect("it is set");
    // As the store has it, or the ratio would tell of this setting.
    conn.pragma_update(None, "wal_autocheckpoint", 4_000).expect("it is set");
    let rooms: Vec<(Vec<u8>, String)> = {
        let mut rooms =
            conn.prepare("SELECT room, user FROM members WHERE user LIKE 'sender%'").expect("rooms");
        let rows = rooms.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).expect("rooms");
        rows.map(|row| row.expect("a room")).collect()
    };
    let (a_batch, start, mut sent) = (a_batch.round().max(1.0) as i64, Instant::now(), 0i64);
    while start.elapsed() < span {
        let tx =
            conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).expect("a transaction");
        for _ in 0..a_batch {
            let (room, sender) = &rooms[sent as usize % rooms.len()];
            sent += 1;
            let number = 1_000_000_000 + sent;
            let id = RoomId::generate().to_bytes();
            let write = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
                tx.prepare_cached(sql).expect("a statement").execute(params).expect("it is written");
            };
            write(
                "INSERT INTO messages (room, seq, id, sender, kind, content, client_id, body_hash, created_at, pos, n, own_n) \
                 VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, 1, ?2, ?2, ?2)",
                &[room, &number, &&id[..], sender, &"x".repeat(100), &format!("b{sent}"), &&id[..]],
            );
            write(
                "UPDATE rooms SET seq = ?2, countable = ?2, last_message_at = 1, last_pos = ?2 WHERE id = ?1",
                &[room, &number],
            );
            write("UPDATE members SET own_n = ?3 WHERE room = ?1 AND user = ?2", &[room, sender, &number]);
        }
        tx.execute("UPDATE lanes SET pos = ?1", [1_000_000_000 + sent]).expect("it is written");
        tx.commit().expect("it is committed");
    }
    sent as f64 / start.elapsed().as_secs_f64()
}

/// The same, the rows of a batch in one statement each.
async fn in_a_bare_loop_of_postgres(url: &str, a_batch: f64, span: Duration) -> f64 {
    let mut conn = sqlx::PgConnection::connect(url).await.expect("it connects");
    let (a_batch, start, mut sent) = (a_batch.round().max(1.0) as i64, Instant::now(), 0i64);
    while start.elapsed() < span {
        let mut tx = conn.begin().await.expect("a transaction");
        let statements = [
            "UPDATE chat.lanes SET pos = pos + $2 WHERE lane = 0 AND $1 >= 0",
            "INSERT INTO chat.messages (room, seq, id, sender, kind, content, client_id, body_hash, created_at, pos, n, own_n) \
             SELECT room, 1000000000 + $1 + n, gen_random_uuid(), user_id, 1, repeat('x', 100), 'b' || $1 + n, '\\x00000000000000000000000000000000', 1, $1 + n, $1 + n, 1 \
             FROM (SELECT room, user_id, row_number() OVER () - 1 AS n FROM chat.members WHERE user_id LIKE 'sender%') m WHERE n < $2",
            "UPDATE chat.rooms SET seq = 1000000000 + $1 + $2, last_pos = $1 WHERE id IN (SELECT room FROM chat.members WHERE user_id LIKE 'sender%' LIMIT $2)",
            "UPDATE chat.members SET own_n = $1 WHERE user_id IN (SELECT user_id FROM chat.members WHERE user_id LIKE 'sender%' LIMIT $2)",
        ];
        for statement in statements {
            let statement = sqlx::query(statement).bind(sent).bind(a_batch.min(SENDERS as i64));
            statement.execute(&mut *tx).await.expect("it is written");
        }
        tx.commit().await.expect("it is committed");
        sent += a_batch.min(SENDERS as i64);
    }
    sent as f64 / start.elapsed().as_secs_f64()
}
