//! A shop and its chat in one database: an order and the message about it are in one transaction, so that
//! there is never one without the other.
//!
//! `cargo run --example transactional [FILE]`; without a file it uses one in the folder for temporary files.

use std::path::PathBuf;

use chat_core::event::EventKind;
use chat_core::model::{Draft, HistoryQuery, Limit, NewRoom};
use chat_core::{Actor, ChatEngine, RoomId, store::SqliteStore};
use rusqlite::Connection;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let temporary = || std::env::temp_dir().join(format!("orders-{}.db", std::process::id()));
    let path = given.unwrap_or_else(temporary);

    // The chat makes its tables in the file; the shop has one of its own beside them.
    let engine = ChatEngine::builder()
        .store(SqliteStore::open(&path).await?)
        .on_refused_send(|refused| println!("not sent after all: {}", refused.error))
        .build()
        .await?;
    let mut orders = Connection::open(&path)?;
    orders.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)", ())?;

    let (shop, ana) = (engine.as_user("shop".parse()?), engine.as_user("ana".parse()?));
    let room = shop.create_room(NewRoom::direct("ana")).await?.id();
    let mut session = ana.connect().await?;

    place(&mut orders, &shop, room, "running shoes", true).await?;
    place(&mut orders, &shop, room, "a spaceship", false).await?;
    place(&mut orders, &shop, room, "a water bottle", true).await?;

    for _ in 0..2 {
        while let Some(event) = session.next().await {
            if let EventKind::Message(message) = &event.kind {
                println!("ana hears {}: {}", message.sender.user, message.body.content().unwrap_or_default());
                break;
            }
        }
    }

    let kept: i64 = orders.query_row("SELECT count(*) FROM orders", (), |row| row.get(0))?;
    let history = ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await?;
    println!("{kept} orders and {} messages: never one without the other", history.messages.len());
    Ok(())
}

/// Writes an order, and the message about it, in one transaction.
#[allow(clippy::future_not_send, reason = "a transaction of rusqlite stays on its thread, as `main` does")]
async fn place(
    orders: &mut Connection,
    shop: &Actor,
    room: RoomId,
    item: &str,
    in_stock: bool,
) -> Result<(), Failure> {
    let mut tx = orders.transaction()?;
    tx.execute("INSERT INTO orders (item) VALUES (?1)", [item])?;
    let order = tx.last_insert_rowid();
    let draft = Draft::text(format!("Your order {order} was placed: {item}"));
    let outgoing = shop.send_in(&mut tx, room, draft).await?;
    if !in_stock {
        tx.rollback()?;
        println!("rolled back: {item}");
        return Ok(());
    }
    tx.commit()?;
    // Nobody has to say so, but then the message comes with the next look, within a second. And so it does
    // if the process dies right here and starts again.
    outgoing.committed();
    println!("committed: {item}");
    Ok(())
}
