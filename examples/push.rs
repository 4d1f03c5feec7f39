//! Push notifications: whoever is away, and has not read a message a moment later, gets a notice.
//!
//! `cargo run --example push`

use std::time::Duration;

use async_trait::async_trait;
use chat_core::model::{Draft, NewRoom, NotifyLevel};
use chat_core::push::{Notice, Push};
use chat_core::{ChatEngine, Config, Result};

/// Somebody may be about to read it on another device.
const DELAY: Duration = Duration::from_millis(1500);

/// Prints what a provider would be sent. A real one looks up the devices of `notice.user`, which the app keeps, and calls
/// APNs with `notice.collapse_key()` as its `apns-collapse-id`, FCM with it as its `collapse_key`, Web Push with it as its
/// `Topic`. Of a device that is gone it deletes the row, and says `Ok`.
#[derive(Debug)]
struct Printed;

#[async_trait]
impl Push for Printed {
    async fn notify(&self, notice: Notice) -> Result<()> {
        let words = notice.message.body.content().unwrap_or("a picture");
        let sender = &notice.message.sender.nickname;
        println!("push to {}: {} unread: {sender}: {words}", notice.user, notice.unread);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut config = Config::default();
    config.push_delay = DELAY;
    let engine = ChatEngine::builder().push(Printed).config(config).build().await?;

    let ana = engine.as_user("ana".parse()?);
    let room = ana.create_room(NewRoom::group("Runners").with(["ben", "cho", "dee", "eve"])).await?.id();
    // Ben is there, and his app says what has arrived.
    let ben = engine.as_user("ben".parse()?);
    let _online = ben.connect().await?;
    // Eve has enough of this room.
    engine.as_user("eve".parse()?).set_notifications(room, Some(NotifyLevel::None), None).await?;
    ana.send(room, Draft::text("Running tonight?")).await?;
    ana.send(room, Draft::text("Seven o'clock?")).await?;
    ben.mark_delivered(room, None).await?;
    // Dee is away too, and reads it by another way in time.
    engine.as_user("dee".parse()?).mark_read(room, None).await?;

    tokio::time::sleep(3 * DELAY).await;
    Ok(())
}
