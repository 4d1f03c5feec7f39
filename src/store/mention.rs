//! Mentions as rows of their own, by which the unread ones are counted.

use super::Rows;
use crate::id::{RoomId, UserId};
use crate::model::Message;

/// That a message mentions somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store writes it, whatever is in it")]
pub struct Mention {
    /// The room.
    pub room: RoomId,
    /// Who is mentioned; `None` is everybody.
    pub user: Option<UserId>,
    /// The message's number.
    pub seq: u64,
    /// Who sent it, whom it does not count for.
    pub sender: UserId,
}

impl Mention {
    /// Those of a message: one alone where it mentions everybody, so that it counts once for each.
    pub(super) fn of(message: &Message) -> impl Iterator<Item = Self> {
        let mentions = message.references.mentions.as_deref();
        let users = mentions.filter(|mentions| !mentions.all).map(|mentions| mentions.users.iter());
        let users = users.into_iter().flatten().cloned().map(Some);
        let all = mentions.filter(|mentions| mentions.all).map(|_| None);
        let (room, seq, sender) = (message.room, message.seq, &message.sender.user);
        users.chain(all).map(move |user| Self { room, user, seq, sender: sender.clone() })
    }
}

impl Rows {
    /// Mentions to add, once the messages are there.
    pub fn new_mentions(&self) -> impl Iterator<Item = Mention> {
        // Most mention nobody.
        let messages = self.new_messages.iter().map(|(message, _)| message);
        messages
            .filter(|message| message.references.mentions.is_some())
            .flat_map(|message| Mention::of(message))
    }

    /// Takes out those of a message that is deleted.
    pub(super) fn end_mentions(&mut self, message: &Message) {
        self.more.ended_mentions.extend(Mention::of(message));
    }
}
