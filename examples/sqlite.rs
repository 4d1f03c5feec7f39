//! The single-node demo: two users talk, the engine is dropped and opened again on the same file, and
//! history and unread counts are still there.
//!
//! `cargo run --example sqlite [FILE]`; without a file it uses one in the folder for temporary files.

use std::path::Path;

use chat_core::event::EventKind;
use chat_core::id::RoomId;
use chat_core::model::{Draft, HistoryQuery, Limit, NewRoom};
use chat_core::{ChatEngine, store::SqliteStore};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let given = std::env::args_os().nth(1).map(Into::into);
    let path = given.unwrap_or_else(|| std::env::temp_dir().join(format!("chat-{}.db", std::process::id())));
    let room = talk(&path).await?;
    println!("-- the engine is gone; opening {} again --", path.display());
    look_back(&path, room).await
}

async fn open(path: &Path) -> Result<ChatEngine, Failure> {
    Ok(ChatEngine::builder().store(SqliteStore::open(path).await?).build().await?)
}

async fn talk(path: &Path) -> Result<RoomId, Failure> {
    let engine = open(path).await?;
    let (ana, ben) = (engine.as_user("ana".parse()?), engine.as_user("ben".parse()?));
    let room = ana.create_room(NewRoom::direct("ben")).await?.id();

    let mut session = ben.connect().await?;
    ana.send(room, Draft::text("Are you running today?")).await?;
    while let Some(event) = session.next().await {
        if let EventKind::Message(message) = &event.kind {
            println!("ben hears {}: {}", message.sender.user, message.body.content().unwrap_or_default());
            break;
        }
    }
    ben.mark_read(room, None).await?;
    ben.send(room, Draft::text("At six, by the river")).await?;
    ana.send(room, Draft::text("See you there")).await?;
    ana.send(room, Draft::text("Bring water")).await?;
    Ok(room)
}

async fn look_back(path: &Path, room: RoomId) -> Result<(), Failure> {
    let engine = open(path).await?;
    let ben = engine.as_user("ben".parse()?);
    let view = ben.room(room).await?;
    println!("{}: {} unread", view.name, view.unread);
    let history = ben.history(room, HistoryQuery::newest(Limit::MESSAGES)).await?;
    for seen in history.messages.iter().rev() {
        let (message, read) = (&seen.message, if seen.receipt.is_read { "read" } else { "not read" });
        println!(
            "{:>3} {}: {} ({read})",
            message.seq,
            message.sender.user,
            message.body.content().unwrap_or_default()
        );
    }
    Ok(())
}
