//! A bot in the same process: it takes part like anybody else, and needs no socket.
//!
//! `cargo run --example bot`

use std::sync::Arc;

use chat_core::event::{EventKind, Notification};
use chat_core::model::{Draft, Message, NewRoom};
use chat_core::{ChatEngine, RoomId, Session};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let engine = ChatEngine::builder().build().await?;
    // Connected before anybody writes: a session tells what happens from its connection on.
    let coach = engine.as_user("coach".parse()?).connect().await?;
    tokio::spawn(run(coach));

    let ana = engine.as_user("ana".parse()?);
    let room = ana.create_room(NewRoom::group("Runners").with(["coach"])).await?.id();
    let mut session = ana.connect().await?;
    for question in ["Who is here?", "!pace 10 km in 50 min", "!pace fast"] {
        println!("ana: {question}");
        session.send(room, Draft::text(question)).await?;
    }
    for _ in 0..2 {
        let answer = next_message(&mut session).await.ok_or("the session has ended")?;
        println!("{}: {}", answer.sender.nickname, answer.body.content().unwrap_or_default());
    }
    Ok(())
}

async fn next_message(session: &mut Session) -> Option<Arc<Message>> {
    loop {
        if let EventKind::Message(message) = &session.next().await?.kind {
            return Some(message.clone());
        }
    }
}

/// The bot: it hears every room that it is in, and those that it is added to later.
async fn run(mut session: Session) -> Result<(), Failure> {
    while let Some(event) = session.next().await {
        match &event.kind {
            EventKind::Message(message) => reply(&session, message).await?,
            EventKind::Notification(Notification::AddedToRoom(room)) => {
                eprintln!("the bot was added to {}", room.id);
            }
            _ => {}
        }
    }
    // Lagged or restarted: a real bot connects again, with `connect_since` and the last event's token.
    Ok(())
}

async fn reply(session: &Session, message: &Message) -> Result<(), Failure> {
    let Some(command) = message.body.content().and_then(|text| text.strip_prefix("!pace ")) else {
        return Ok(());
    };
    let answer = pace(command).unwrap_or_else(|| "say it like: !pace 10 km in 50 min".into());
    say(session, message.room, &answer, message).await
}

/// Under a client id of its own, so that a bot that is told the same again does not answer twice.
async fn say(session: &Session, room: RoomId, text: &str, about: &Message) -> Result<(), Failure> {
    let draft = Draft::text(text).with_client_id(format!("answer-{}", about.id));
    session.send(room, draft).await?;
    Ok(())
}

fn pace(command: &str) -> Option<String> {
    let (distance, time) = command.split_once(" km in ")?;
    let (distance, minutes): (f64, f64) = (distance.parse().ok()?, time.strip_suffix(" min")?.parse().ok()?);
    (distance > 0.0).then(|| format!("that is {:.1} min a km", minutes / distance))
}
