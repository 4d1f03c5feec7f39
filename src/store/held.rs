//! Messages that wait until somebody says whether they are said: what a store keeps of one, and what is asked of it.

use std::sync::Arc;

use super::{BodyHash, Refers};
use crate::clock::Timestamp;
use crate::id::{ClientId, MessageId, RoomId, UserId};
use crate::model::{Attachment, Body, Custom, Profile};

/// A message that waits, all of it. It never changes: it is there, or not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store makes them of its rows")]
pub struct Held {
    /// The id that the message will have.
    pub id: MessageId,
    /// The room.
    pub room: RoomId,
    /// Who wants to send it. A store reads it with the profile of now.
    pub sender: Profile,
    /// What it says.
    pub body: Body,
    /// The client's name for it.
    pub client_id: Option<ClientId>,
    /// The files that go with it, which are [`Held`](super::Stage::Held) for it.
    pub attachments: Arc<[Attachment]>,
    /// What it refers to. Of who sent a message first, a store need not know more than the id.
    pub refers: Refers,
    /// What the app keeps of its own with it.
    pub custom: Custom,
    /// The fingerprint of what was said, by which a retry is known.
    pub hash: BodyHash,
    /// Why it waits.
    pub reason: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// Why a message is held, and how many may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store hands it to `apply`, whatever is in it")]
pub struct Hold {
    /// Why.
    pub reason: Option<String>,
    /// The most messages of the room that may wait; with one more it is
    /// [`RateLimited`](crate::ErrorKind::RateLimited). The engine gives [`Config::max_held`](crate::Config::max_held).
    pub max_held: u32,
    /// The most of its sender in the room, likewise: [`Config::max_held_per_user`](crate::Config::max_held_per_user).
    pub max_held_per_user: u32,
}

/// What becomes of a message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// It is sent, as its sender, now.
    Approve,
    /// It is not sent, for this reason.
    Reject(Option<String>),
    /// It waits no more: its sender has thought better of it, or the host of keeping it.
    Withdraw,
}

/// Whose messages that wait are read, or whose requests to come in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a store answers for each of them")]
pub enum Queue {
    /// All.
    All,
    /// Those of a room.
    Room(RoomId),
    /// Those of a sender, or of who asks, in whatever room.
    Sender(UserId),
}
