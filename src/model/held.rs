//! Messages that wait until somebody says whether they are said.

use std::sync::Arc;

use super::{Attachment, Body, Custom, Mentions, Profile};
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId};

/// A message that the host's [`Hooks`](crate::policy::Hooks) hold back: it has no number and no place in its room, and
/// nobody sees it but its sender, those who look after the room, and the host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldMessage {
    /// The id that the message will have.
    pub id: MessageId,
    /// The room.
    pub room: RoomId,
    /// Who wants to say it.
    pub sender: Profile,
    /// What it says.
    pub body: Body,
    /// The files that go with it.
    pub attachments: Arc<[Attachment]>,
    /// The message of the same room that it answers.
    pub quoted: Option<MessageId>,
    /// Who sent it first, where it is passed on.
    pub forwarded: Option<Profile>,
    /// Whom it mentions, as it was asked for: who is not in the room once it is sent is left out then.
    pub mentions: Option<Box<Mentions>>,
    /// The root of the thread that it is a reply in.
    pub parent: Option<MessageId>,
    /// Whether a reply is meant for the whole room too.
    pub show_in_room: bool,
    /// What the app keeps of its own with it.
    pub custom: Custom,
    /// Why it is held, in the host's words: for moderators, and not for its sender.
    pub reason: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// A page of messages that wait, the oldest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HeldPage {
    /// The messages, at most as many as were asked for.
    pub held: Vec<HeldMessage>,
    /// The last of them, behind which the next page begins, if there is one.
    pub next: Option<MessageId>,
}
