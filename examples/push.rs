//! Push notifications: whoever is away, and has not read a message a moment later, gets a notice; and so does who was added
//! to a room, is invited to one, or is asked for friendship.
//!
//! `cargo run --example push`

use std::time::Duration;

use async_trait::async_trait;
use chat_core::model::{Draft, NewInvite, NewRoom, NotifyLevel, Profile};
use chat_core::push::{About, NewMessages, Notice, Push};
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
        let by = notice.about.by().map_or("Somebody", |by: &Profile| &by.nickname);
        let words = match &notice.about {
            About::Messages(NewMessages { message, unread, .. }) => {
                format!("{unread} unread: {by}: {}", message.body.content().unwrap_or("a picture"))
            }
            About::Added { room, .. } => {
                format!("{by} added you to {}", room.name.as_deref().unwrap_or("a room"))
            }
            About::Invited(it) => {
                format!("{by} invites you to {}", it.room_name.as_deref().unwrap_or("a room"))
            }
            About::JoinApproved(room) => format!("you are in {}", room.name.as_deref().unwrap_or("the room")),
            About::FriendRequest(_) => format!("{by} wants to be your friend"),
            About::FriendAccepted(_) => format!("{by} is your friend now"),
            // What a later version tells of.
            _ => return Ok(()),
        };
        println!("push to {}: {words}", notice.user);
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
    ana.create_invite(room, NewInvite::of("fay".parse()?)).await?;
    ana.request_friend(&"gil".parse()?).await?;

    // All but Ben are told that they were added, and Cho of what was said too.
    tokio::time::sleep(3 * DELAY).await;
    Ok(())
}
