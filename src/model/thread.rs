//! Threads: replies to a message that stand beside the room's own talk.

use serde::{Deserialize, Serialize};

use super::{Message, MessageView, References, ThreadState};
use crate::clock::Timestamp;
use crate::id::{MessageId, UserId};

/// The most people whom a [`ThreadSummary`] names.
pub const MAX_THREAD_PARTICIPANTS: usize = 20;

/// A message's place in a thread: it is the root of one or a reply in one, and never both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums, reason = "a store keeps it, whichever it is")]
pub enum Thread {
    /// There are replies to it, or were.
    Root(ThreadSummary),
    /// It is a reply.
    Reply(ReplyTo),
}

/// What a root tells of its thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadSummary {
    /// How many replies there are. Exact; deleted ones do not count.
    pub replies: u64,
    /// When the newest one was sent, also where it is deleted by now.
    pub last_reply_at: Timestamp,
    /// Who has replied, in the order of their first replies: the first [`MAX_THREAD_PARTICIPANTS`].
    pub participants: Vec<UserId>,
}

impl ThreadSummary {
    /// With one more reply, which may be deleted already.
    pub(crate) fn with(mut self, reply: &Message) -> Self {
        self.replies += u64::from(!reply.body.is_deleted());
        self.last_reply_at = self.last_reply_at.max(reply.created_at);
        let sender = &reply.sender.user;
        if self.participants.len() < MAX_THREAD_PARTICIPANTS && !self.participants.contains(sender) {
            self.participants.push(sender.clone());
        }
        self
    }

    /// With one reply less.
    pub(crate) fn without_one(mut self) -> Self {
        self.replies = self.replies.saturating_sub(1);
        self
    }
}

/// What a reply answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// The thread's root, of the same room.
    pub root: MessageId,
    /// Its number in the room, below that of the reply.
    pub seq: u64,
    /// Whether the reply is meant for the whole room too. Any other is not counted as unread there.
    pub in_room: bool,
}

impl References {
    /// What it replies to, where it is a reply.
    pub fn reply(&self) -> Option<&ReplyTo> {
        match self.thread.as_deref() {
            Some(Thread::Reply(reply)) => Some(reply),
            _ => None,
        }
    }

    /// What is told of its thread, where it is the root of one.
    pub fn summary(&self) -> Option<&ThreadSummary> {
        match self.thread.as_deref() {
            Some(Thread::Root(summary)) => Some(summary),
            _ => None,
        }
    }

    /// Whether it is meant for its thread alone.
    pub(crate) fn is_aside(&self) -> bool {
        self.reply().is_some_and(|reply| !reply.in_room)
    }
}

impl Message {
    /// Whether it counts as unread for those in the room who have not read it: as its
    /// [body](super::Body::is_countable) does, unless it is a reply that is meant for its thread alone.
    pub fn is_countable(&self) -> bool {
        self.body.is_countable() && !self.references.is_aside()
    }
}

/// A page of a thread's replies, the newest first.
#[derive(Debug, Clone)]
pub struct ReplyPage {
    /// The replies, deleted ones too, at most as many as were asked for.
    pub messages: Vec<MessageView>,
    /// The number below which the next page begins, if there is one.
    pub next: Option<u64>,
    /// Where the user stands in the thread.
    pub state: ThreadState,
}
