//! A rule of this app's own: rooms that have a door, at which people wait until somebody lets them in.

use async_trait::async_trait;
use chat_core::Result;
use chat_core::model::Verb;
use chat_core::policy::{Editing, Hooks, Joining, Sending, Verdict, Welcome};

/// Holds whoever comes into a room by themselves whose `custom` says `"approval": true`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doors;

#[async_trait]
impl Hooks for Doors {
    fn asks_about(&self, verb: Verb) -> bool {
        verb == Verb::Join
    }

    async fn before_send(&self, _: Sending<'_>) -> Result<Verdict> {
        Ok(Verdict::Allow)
    }

    async fn before_edit(&self, _: Editing<'_>) -> Result<Verdict> {
        Ok(Verdict::Allow)
    }

    async fn before_join(&self, joining: Joining<'_>) -> Result<Welcome> {
        let custom = joining.room.about.custom.to_map().unwrap_or_default();
        let has_door = custom.get("approval").is_some_and(|approval| approval == true);
        Ok(if has_door { Welcome::Hold(None) } else { Welcome::Allow })
    }
}
