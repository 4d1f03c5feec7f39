//! Two people chat in one process: the code of the README.

use chat_core::event::EventKind;
use chat_core::model::{Draft, NewRoom};
use chat_core::{ChatEngine, store::SqliteStore};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = ChatEngine::builder().store(SqliteStore::open("hello.db").await?).build().await?;
    let (ana, ben) = (engine.as_user("ana".parse()?), engine.as_user("ben".parse()?));

    let room = ana.create_room(NewRoom::direct("ben")).await?.id();
    let mut session = ben.connect().await?;
    ana.send(room, Draft::text("Hello, Ben")).await?;

    while let Some(event) = session.next().await {
        if let EventKind::Message(message) = &event.kind {
            println!("{}: {}", message.sender.nickname, message.body.content().unwrap_or_default());
            break;
        }
    }
    Ok(())
}
