//! Whom a message mentions.

use serde::{Deserialize, Serialize};

use super::Message;
use crate::id::UserId;

/// Whom a message mentions: named by whoever sent it, never found in its words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentions {
    /// People, each once and in the sender's order: at most [`Config::max_mentions`](crate::Config::max_mentions),
    /// who were in the room when it was sent, and never the sender.
    pub users: Vec<UserId>,
    /// Everybody in the room, which takes [`Verb::MentionAll`](super::Verb::MentionAll).
    pub all: bool,
}

impl Mentions {
    /// Whether it mentions nobody.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && !self.all
    }
}

impl Message {
    /// Whether it mentions this user, by name or with everybody. Nobody mentions themselves.
    pub fn mentions(&self, user: &UserId) -> bool {
        let names = |mentions: &Mentions| mentions.all || mentions.users.contains(user);
        self.sender.user != *user && self.references.mentions.as_deref().is_some_and(names)
    }
}
