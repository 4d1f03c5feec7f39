//! Who follows a thread, and how far they have read it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::MessageView;
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId, UserId};

/// That a user follows a thread, or does no longer. It outlasts their stay in the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "a store reads it back, whatever is in it")]
pub struct Follow {
    /// The room.
    pub room: RoomId,
    /// Who follows, which nobody else is told.
    pub user: UserId,
    /// The thread's root.
    pub root: MessageId,
    /// Its number in the room.
    pub root_seq: u64,
    /// `false`: they have followed it, or would have come to follow it, and have chosen not to.
    pub following: bool,
    /// Since when. Of too many, the oldest ones are forgotten.
    pub since: Timestamp,
    /// Every reply up to this number is read.
    pub read_seq: u64,
    /// The position that last changed it, in the lane of the room.
    pub pos: u64,
}

/// Where a user stands in a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadState {
    /// The room.
    pub room: RoomId,
    /// The thread's root.
    pub root: MessageId,
    /// Whether the user follows it.
    pub following: bool,
    /// Every reply up to this number is read; `None` where they do not follow it.
    pub read_seq: Option<u64>,
    /// How many replies of others beyond that there are, and beyond where the user has come in: those that are deleted or
    /// [hidden](crate::Actor::hide) do not count. Of who does not follow it there are none.
    pub unread: u64,
}

impl ThreadState {
    /// Where a user stands in a thread, from their row of it, if there is one.
    pub(crate) fn new(room: RoomId, root: MessageId, follow: Option<&Follow>, unread: u64) -> Self {
        let follow = follow.filter(|follow| follow.following);
        let unread = if follow.is_some() { unread } else { 0 };
        Self {
            room,
            root,
            following: follow.is_some(),
            read_seq: follow.map(|follow| follow.read_seq),
            unread,
        }
    }
}

/// A thread in a user's list.
#[derive(Debug, Clone)]
pub struct ThreadView {
    /// Its root, with what it tells of the thread.
    pub root: MessageView,
    /// Where the user stands in it.
    pub state: ThreadState,
    /// When the newest reply came, also where it is deleted by now; without any, when the root did.
    pub active_at: Timestamp,
}

/// A page of the threads that a user follows, the newest activity first.
#[derive(Debug, Clone)]
pub struct ThreadPage {
    /// The threads, at most as many as were asked for.
    pub threads: Vec<ThreadView>,
    /// Where the next page begins, if there is one.
    pub next: Option<ThreadCursor>,
}

/// A place among the threads of a user, which stand by their activity, and then by their rooms and roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThreadCursor {
    /// When a thread's newest reply came.
    pub at: Timestamp,
    /// Its room.
    pub room: RoomId,
    /// The number of its root.
    pub root_seq: u64,
}

/// A text that is no place among threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not one that a page has ended with")]
pub struct ThreadCursorError;

/// As clients are given it: 64 hexadecimal digits.
impl fmt::Display for ThreadCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, room) = (self.at.as_millis().cast_unsigned(), u128::from_be_bytes(self.room.to_bytes()));
        write!(f, "{at:016x}{room:032x}{:016x}", self.root_seq)
    }
}

impl FromStr for ThreadCursor {
    type Err = ThreadCursorError;

    fn from_str(text: &str) -> Result<Self, ThreadCursorError> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 64 || !text.bytes().all(is_digit) {
            return Err(ThreadCursorError);
        }
        let number = |digits: &str| u64::from_str_radix(digits, 16).map_err(|_| ThreadCursorError);
        let room = u128::from_str_radix(&text[16..48], 16).map_err(|_| ThreadCursorError)?;
        Ok(Self {
            at: Timestamp::from_millis(number(&text[..16])?.cast_signed()),
            room: RoomId::from_bytes(room.to_be_bytes()),
            root_seq: number(&text[48..])?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_text_and_nothing_else_is_one() {
        for (at, root_seq) in [(0, 1), (1_772_442_000_000, u64::MAX), (-5, 7)] {
            let cursor = ThreadCursor { at: Timestamp::from_millis(at), room: RoomId::generate(), root_seq };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        let (digits, signed) = ("0".repeat(64), format!("+{}", "0".repeat(63)));
        assert!(digits.parse::<ThreadCursor>().is_ok());
        for bad in
            ["", &digits[1..], &digits.replace('0', "F"), &signed, &"é".repeat(32), &format!("{digits}0")]
        {
            assert_eq!(bad.parse::<ThreadCursor>(), Err(ThreadCursorError), "{bad}");
        }
    }
}
