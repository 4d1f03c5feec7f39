//! Messages that are looked for by their words.

use std::fmt;
use std::str::FromStr;

use super::{Limit, MessageView};
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};

/// What is looked for in the rooms of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchQuery {
    /// Words, all of which a message must have, and phrases between quotation marks, as
    /// [`Words::parse`](super::Words::parse) takes them; at most
    /// [`Config::max_search_chars`](crate::Config::max_search_chars).
    pub text: String,
    /// In this room alone.
    pub room: Option<RoomId>,
    /// Sent by this user alone.
    pub sender: Option<UserId>,
    /// Sent after this moment.
    pub after: Option<Timestamp>,
    /// Sent before this moment.
    pub before: Option<Timestamp>,
    /// With a file or a picture (`true`), or without any.
    pub has_attachment: Option<bool>,
    /// Beyond the page that ended with it.
    pub cursor: Option<SearchCursor>,
    /// The most messages of a page.
    pub limit: Limit,
}

impl SearchQuery {
    /// Looks for these words everywhere, and gives the newest 20 messages.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            room: None,
            sender: None,
            after: None,
            before: None,
            has_attachment: None,
            cursor: None,
            limit: Limit::ROOMS,
        }
    }
}

/// Where a page of a search ended. Opaque to clients: 16 digits of hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_structs, reason = "a store makes them")]
pub struct SearchCursor(pub u64);

impl fmt::Display for SearchCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not one that a page has ended with")]
pub struct SearchCursorError;

impl FromStr for SearchCursor {
    type Err = SearchCursorError;

    fn from_str(text: &str) -> Result<Self, SearchCursorError> {
        if text.len() != 16 || text.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(SearchCursorError);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| SearchCursorError)
    }
}

/// A piece of a message's words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnippetPart {
    /// The words; never empty.
    pub text: String,
    /// Whether it is what was looked for.
    pub is_match: bool,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit {
    /// The message, as the user sees it.
    pub view: MessageView,
    /// Its words around the first match: parts that follow one another, at most 160 characters in all, with an
    /// ellipsis beside them where the words go on.
    pub snippet: Vec<SnippetPart>,
}

/// A page of what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hits {
    /// The messages, the newest first.
    pub hits: Vec<Hit>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<SearchCursor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text_and_other_texts_are_refused() {
        for number in [0, 1, u64::MAX] {
            assert_eq!(SearchCursor(number).to_string().parse(), Ok(SearchCursor(number)));
        }
        for bad in ["", "0", "+00000000000000f", "000000000000000F", "00000000000000001", "가나다라마바"]
        {
            assert!(bad.parse::<SearchCursor>().is_err(), "{bad}");
        }
    }
}
