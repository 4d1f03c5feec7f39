//! Messages that are seen while they are written.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{MessageId, UserId};

/// Words that come behind those which a message had so far.
///
/// Any of them may be lost; whatever is missing comes with the message's next state. So whoever shows the message
/// puts one behind `offset` UTF-16 code units of what they have, and passes over it where they have fewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Delta {
    /// The message.
    pub message: MessageId,
    /// Its number in the room.
    pub seq: u64,
    /// Who writes it.
    pub user: UserId,
    /// How many UTF-16 code units of the message come before these words: `length` of JavaScript's strings,
    /// `utf16.count` of Swift's.
    pub offset: u64,
    /// The words.
    pub text: Arc<str>,
}
