//! Push notifications: whoever is offline, and has not read a message a moment later, gets one.
//!
//! `cargo run --example push`

use std::sync::Arc;
use std::time::Duration;

use chat_core::model::{Draft, Limit, Message, NewRoom};
use chat_core::{ChatEngine, UserId};
use tokio::sync::mpsc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The most messages that wait to be pushed. What comes then is not pushed: it is in the history.
const WAITING: usize = 10_000;

/// Somebody may be about to read it on another device.
const PAUSE: Duration = Duration::from_millis(300);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (tell, told) = mpsc::channel(WAITING);
    let engine = ChatEngine::builder()
        // It must return at once, so it only hands over.
        .on_message(move |message| {
            let _ = tell.try_send(message.clone());
        })
        .build()
        .await?;
    let pushing = tokio::spawn(push_all(engine.clone(), told));

    let ana = engine.as_user("ana".parse()?);
    let room = ana.create_room(NewRoom::group("Runners").with(["ben", "cho", "dee"])).await?.id();
    let _online = engine.as_user("ben".parse()?).connect().await?;
    ana.send(room, Draft::text("Seven o'clock?")).await?;
    // Dee is offline too, and reads it by another way in time.
    engine.as_user("dee".parse()?).mark_read(room, None).await?;

    tokio::time::sleep(2 * PAUSE).await;
    pushing.abort();
    Ok(())
}

async fn push_all(engine: ChatEngine, mut told: mpsc::Receiver<Arc<Message>>) -> Result<(), Failure> {
    while let Some(message) = told.recv().await {
        // A real one lets many wait at once.
        tokio::time::sleep(PAUSE).await;
        let mut after: Option<UserId> = None;
        loop {
            let page = engine.admin().participants(message.room, after.as_ref(), Limit::MESSAGES).await?;
            for other in page.participants {
                let user = other.profile.user;
                if user != message.sender.user && !other.online && !has_read(&engine, &user, &message).await?
                {
                    println!(
                        "push to {user}: {}: {}",
                        message.sender.nickname,
                        message.body.content().unwrap_or_default()
                    );
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

async fn has_read(engine: &ChatEngine, user: &UserId, message: &Message) -> Result<bool, Failure> {
    Ok(engine.as_user(user.clone()).room(message.room).await?.unread == 0)
}
