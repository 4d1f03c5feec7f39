//! A bot in the same process: it takes part like anybody else, and needs no socket. What it has to think about it
//! writes bit by bit, as an agent over a language model does.
//!
//! `cargo run --example bot`

use std::sync::Arc;
use std::time::Duration;

use chat_core::event::{Command, EventKind, Notification, Reply};
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
    println!("ana: !plan");
    session.send(room, Draft::text("!plan")).await?;
    let plan = watch(&mut session).await.ok_or("the session has ended")?;
    println!("coach, in the end: {plan}");
    Ok(())
}

/// Shows an answer while it is written, and gives it whole.
async fn watch(session: &mut Session) -> Option<String> {
    loop {
        match &session.next().await?.kind {
            EventKind::Delta(more) => println!("coach, so far: …{}", more.text),
            EventKind::Amended(amended) if amended.message.state.writing_until.is_none() => {
                return amended.message.body.content().map(str::to_owned);
            }
            _ => {}
        }
    }
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
    if message.body.content() == Some("!plan") {
        return write(session, message).await;
    }
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

/// The words would come from a model; everybody sees them as they do.
async fn write(session: &Session, about: &Message) -> Result<(), Failure> {
    let draft = Draft::begun(None, Some(format!("answer-{}", about.id)));
    let Reply::Message(answer) = session.execute(Command::StartStream(about.room, draft)).await? else {
        return Err("a message was not answered with one".into());
    };
    for words in ["Three easy runs", ", one of them long", ", and a day of rest."] {
        session.execute(Command::AppendStream(about.room, answer.id, words.into())).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    session.execute(Command::StopStream(about.room, answer.id)).await?;
    Ok(())
}

fn pace(command: &str) -> Option<String> {
    let (distance, time) = command.split_once(" km in ")?;
    let (distance, minutes): (f64, f64) = (distance.parse().ok()?, time.strip_suffix(" min")?.parse().ok()?);
    (distance > 0.0).then(|| format!("that is {:.1} min a km", minutes / distance))
}
