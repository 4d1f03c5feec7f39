//! Development mode's own rules: who waits at the door of a room, and what is looked at before it is said.

use std::sync::Arc;

use async_trait::async_trait;
use chat_core::Result;
use chat_core::model::{Custom, RoomType, Verb};
use chat_core::policy::{Editing, Hooks, Joining, Sending, Verdict, Welcome};
use chat_core::store::Store;

/// Holds whoever comes into a room by themselves whose `custom` says `"approval": true`, and with `--review` what is said by
/// those who do not look after a room whose `custom` says `"review": true`.
#[derive(Debug)]
pub(crate) struct Doors {
    pub(crate) store: Arc<dyn Store>,
    /// Each message costs a look at its room then.
    pub(crate) review: bool,
}

fn says(custom: &Custom, word: &str) -> bool {
    custom.to_map().unwrap_or_default().get(word).is_some_and(|value| value == true)
}

#[async_trait]
impl Hooks for Doors {
    fn asks_about(&self, verb: Verb) -> bool {
        verb == Verb::Join || (self.review && verb == Verb::Send)
    }

    async fn before_send(&self, sending: Sending<'_>) -> Result<Verdict> {
        let room = sending.room;
        // In a direct room nobody could approve it.
        if room.kind.room_type() == RoomType::Direct || !says(&room.about.custom, "review") {
            return Ok(Verdict::Allow);
        }
        let found = self.store.membership(room.id, sending.actor).await?;
        let moderates = found
            .and_then(|(room, member)| Some(room.lets(member?.role, Verb::Moderate)))
            .unwrap_or_default();
        Ok(if moderates { Verdict::Allow } else { Verdict::Hold("All messages are looked at here".into()) })
    }

    async fn before_edit(&self, _: Editing<'_>) -> Result<Verdict> {
        Ok(Verdict::Allow)
    }

    async fn before_join(&self, joining: Joining<'_>) -> Result<Welcome> {
        let has_door = says(&joining.room.about.custom, "approval");
        Ok(if has_door { Welcome::Hold(None) } else { Welcome::Allow })
    }
}
