//! Messages that users take out of their own sight.

use serde::{Deserialize, Serialize};

use crate::id::{MessageId, RoomId, UserId};

/// That a user has [hidden](crate::Actor::hide) a message. It stands for ever: also when they leave and come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "a store reads it back, whatever is in it")]
pub struct Hidden {
    /// The room.
    pub room: RoomId,
    /// Who has hidden it, from nobody else.
    pub user: UserId,
    /// The message's number in the room.
    pub seq: u64,
    /// The message.
    pub message: MessageId,
    /// The position that hid it, in the lane of the room.
    pub pos: u64,
}
