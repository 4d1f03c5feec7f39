//! What a client that shows a list of rooms and a badge has to know, in values that stand by themselves.

use std::fmt;
use std::str::FromStr;

use super::{Invitation, Limit, Member, NotifySetting, Room, Token};
use crate::clock::Timestamp;
use crate::id::RoomId;

/// Where a room stands for its viewer.
///
/// All values are absolute, and whichever came last replaces what was known: of two of a room, the one with the greater
/// `version` is the later one, and of the same version that with the greater `read_seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedRoom {
    /// The room.
    pub room: RoomId,
    /// Whether the viewer is in it. Where they are no more, all counts are 0.
    pub is_member: bool,
    /// The number of its newest message.
    pub seq: u64,
    /// Everything up to this number is read.
    pub read_seq: u64,
    /// How many messages of others the viewer has not read, SYSTEM messages not counted.
    pub unread: u64,
    /// How many of these mention the viewer.
    pub mentions: u64,
    /// Of what the viewer has chosen to have notices, if that is not the default.
    pub notify: Option<NotifySetting>,
    /// The position of what changed last.
    pub version: u64,
}

impl FeedRoom {
    pub(crate) fn new(room: &Room, member: &Member, mentions: u64, now: Timestamp) -> Self {
        let version = member.changed_pos.max(member.marks_pos);
        if !member.active {
            let version = member.changed_pos;
            let room = room.id;
            let (seq, read_seq, unread, mentions) = (0, 0, 0, 0);
            return Self { room, is_member: false, seq, read_seq, unread, mentions, notify: None, version };
        }
        Self {
            room: room.id,
            is_member: true,
            seq: room.seq,
            read_seq: member.read_seq,
            unread: member.unread_in(room),
            mentions,
            notify: member.notify_at(now),
            version: version.max(room.last_pos),
        }
    }
}

/// What is asked of the feed.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "it is nothing but its fields")]
pub struct FeedQuery {
    /// What changed since; `None`: all of it.
    pub since: Option<Token>,
    /// Where a page begins.
    pub cursor: Option<FeedCursor>,
    /// How many rooms are looked at.
    pub limit: Limit,
}

/// Where a page of the feed begins. Its text is opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedCursor {
    /// From where on the next feed begins.
    pub(crate) until: Token,
    pub(crate) after: RoomId,
}

/// A text that no page has ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not one that a page has ended with")]
pub struct FeedCursorError;

impl fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.until, self.after)
    }
}

impl FromStr for FeedCursor {
    type Err = FeedCursorError;

    fn from_str(text: &str) -> Result<Self, FeedCursorError> {
        let (until, after) = text.split_once('.').ok_or(FeedCursorError)?;
        let until = until.parse().map_err(|_| FeedCursorError)?;
        Ok(Self { until, after: after.parse().map_err(|_| FeedCursorError)? })
    }
}

/// A page of the feed, in the order of the rooms' ids.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FeedPage {
    /// Whether this is what changed since the token. If not, it is all of it, and what is not in it is gone: the token
    /// was none of this store's history, or there was none.
    pub is_delta: bool,
    /// The rooms; it may be fewer than were asked for, and yet others follow.
    pub rooms: Vec<FeedRoom>,
    /// The user's invitations that hold: on the first page, and at most as many as a page has.
    pub invitations: Vec<Invitation>,
    /// Where the next page begins, if there may be one.
    pub next: Option<FeedCursor>,
    /// From where on the next feed begins: on the last page.
    pub token: Option<Token>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Epoch, Position};

    #[test]
    fn a_cursor_survives_its_text_and_other_texts_are_refused() {
        let until = Token { epoch: Epoch(7), position: Position::single(9) };
        let cursor = FeedCursor { until, after: RoomId::generate() };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for bad in ["", ".", "x.y", &until.to_string(), &cursor.after.to_string(), &format!("{cursor}.")] {
            assert_eq!(bad.parse::<FeedCursor>(), Err(FeedCursorError), "{bad}");
        }
    }
}
