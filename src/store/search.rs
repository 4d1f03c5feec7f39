//! What a store looks for when a user searches, and how it gathers a page of it.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Body, Message, SearchCursor, Words};

/// How many rows a store looks at for one page at most.
pub(super) const LOOKED_AT: usize = 2_000;

/// A search in the rooms of a user.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "a store reads all of them")]
pub struct Search {
    /// Whose rooms: those in which they are active.
    pub user: UserId,
    /// What the messages must say.
    pub words: Words,
    /// In this room alone.
    pub room: Option<RoomId>,
    /// Sent by this user alone.
    pub sender: Option<UserId>,
    /// Sent after this moment.
    pub after: Option<Timestamp>,
    /// Sent before this moment.
    pub before: Option<Timestamp>,
    /// With a file or a picture, or without any.
    pub has_attachment: Option<bool>,
    /// Beyond the page that ended with it.
    pub cursor: Option<SearchCursor>,
    /// The most messages to give. The engine asks for a page at most, which is
    /// [`Limit::MAX`](crate::model::Limit::MAX).
    pub limit: u32,
}

impl Search {
    /// Whether this is one of those that are meant, as it is now; its room is not looked at.
    pub fn means(&self, message: &Message) -> bool {
        let Some(content) = searchable(message) else { return false };
        self.sender.as_ref().is_none_or(|sender| *sender == message.sender.user)
            && self.after.is_none_or(|after| message.created_at > after)
            && self.before.is_none_or(|before| message.created_at < before)
            && self.has_attachment.is_none_or(|has| has == has_attachment(message))
            && self.words.are_in(content)
    }

    /// From which place, and below which one, those that are meant stand.
    pub(super) fn places(&self) -> (u64, u64) {
        let from = self.after.map_or(0, first_place);
        // Where very many came in one moment, some stand behind it.
        let to = self.before.map_or(u64::MAX, |before| first_place(before.plus(SPILL)));
        let cursor = self.cursor.map_or(u64::MAX, |cursor| cursor.0);
        (from, to.min(cursor).min(i64::MAX as u64))
    }
}

/// A page of what a store has found.
#[derive(Debug, Clone, Default)]
#[allow(clippy::exhaustive_structs, reason = "a store makes them")]
pub struct Found {
    /// The messages, the newest first.
    pub messages: Vec<Message>,
    /// Where the next page begins; `None` when there is no other. A store may end a page before it is full, so as to
    /// look at no more rows than it can answer for.
    pub next: Option<SearchCursor>,
}

/// The words in which a message is found, if it has any.
pub(super) fn searchable(message: &Message) -> Option<&str> {
    match &message.body {
        Body::Text(_) | Body::Image { .. } => message.body.content().filter(|content| !content.is_empty()),
        Body::System { .. } | Body::Deleted(_) => None,
    }
}

pub(super) fn has_attachment(message: &Message) -> bool {
    !message.attachments.is_empty() || message.body.image_url().is_some()
}

/// Each message that can be found has a place of its own, in the order of time: its moment in milliseconds, and
/// how many came before it in that moment. Where a moment is full, the next ones are its own too.
pub(super) const PLACES: u64 = 1 << 12;

/// More are never sent before the next moments have taken them.
const SPILL: std::time::Duration = std::time::Duration::from_secs(1);

/// The first place of a moment.
pub(super) fn first_place(at: Timestamp) -> u64 {
    at.as_millis().unsigned_abs().saturating_mul(PLACES)
}

/// Gathers a page from rows that come newest first.
#[derive(Debug)]
pub(super) struct Gathering<'s> {
    search: &'s Search,
    hits: Vec<(u64, Message)>,
    looked_at: usize,
    /// Where the page ends, with more behind it.
    next: Option<u64>,
}

impl<'s> Gathering<'s> {
    pub(super) fn new(search: &'s Search) -> Self {
        Self { search, hits: Vec::new(), looked_at: 0, next: None }
    }

    /// Looks at the next row; `None` is one of a room that the user is not in.
    pub(super) fn look_at(&mut self, place: u64, message: Option<Message>) -> ControlFlow<()> {
        self.looked_at += 1;
        if let Some(message) = message.filter(|message| self.search.means(message)) {
            if self.hits.len() >= self.search.limit as usize {
                self.next = self.hits.last().map(|(place, _)| *place);
                return ControlFlow::Break(());
            }
            self.hits.push((place, message));
        }
        if self.looked_at >= LOOKED_AT {
            return self.end_at(place);
        }
        ControlFlow::Continue(())
    }

    /// Ends the page at a place, where more may follow.
    pub(super) fn end_at(&mut self, place: u64) -> ControlFlow<()> {
        self.next = Some(place);
        ControlFlow::Break(())
    }

    /// Whether more might be found by looking at fewer rows of others.
    #[cfg(feature = "sqlite")]
    pub(super) fn is_cut_short(&self) -> bool {
        self.looked_at >= LOOKED_AT && self.hits.len() < self.search.limit as usize
    }

    pub(super) fn page(self) -> Found {
        let messages = self.hits.into_iter().map(|(_, message)| message).collect();
        Found { messages, next: self.next.map(SearchCursor) }
    }
}
