//! Pins: messages that a room holds up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::MessageView;
use crate::clock::Timestamp;
use crate::id::UserId;

/// By whom a message is pinned, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Who has pinned it; `None` is the host.
    pub by: Option<UserId>,
    /// Since when.
    pub at: Timestamp,
}

/// A place among the pins of a room, which stand by their times and then by the numbers of their messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PinCursor {
    /// When a message was pinned.
    pub at: Timestamp,
    /// Its number.
    pub seq: u64,
}

/// A text that is no place among pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not one that a page has ended with")]
pub struct PinCursorError;

/// As clients are given it.
impl fmt::Display for PinCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at.as_millis(), self.seq)
    }
}

impl FromStr for PinCursor {
    type Err = PinCursorError;

    fn from_str(text: &str) -> Result<Self, PinCursorError> {
        let (at, seq) = text.rsplit_once('-').ok_or(PinCursorError)?;
        let at = Timestamp::from_millis(at.parse().map_err(|_| PinCursorError)?);
        Ok(Self { at, seq: seq.parse().map_err(|_| PinCursorError)? })
    }
}

/// A page of a room's pinned messages, the newest pin first.
#[derive(Debug, Clone)]
pub struct PinPage {
    /// The messages, at most as many as were asked for.
    pub messages: Vec<MessageView>,
    /// Where the next page begins, if there is one.
    pub next: Option<PinCursor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_text_and_nothing_else_is_one() {
        for (at, seq) in [(0, 1), (1_772_442_000_000, u64::MAX), (-5, 7)] {
            let cursor = PinCursor { at: Timestamp::from_millis(at), seq };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for bad in ["", "-", "1", "1-", "-1", "1-x", "1.5-2", "99999999999999999999-1"] {
            assert_eq!(bad.parse::<PinCursor>(), Err(PinCursorError), "{bad}");
        }
    }
}
