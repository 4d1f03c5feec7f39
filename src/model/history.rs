//! Pages and windows over lists.

use std::ops::RangeInclusive;

use crate::error::{Error, Result};
use crate::id::MessageId;

/// How many entries a page holds: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// The most entries of a page.
    pub const MAX: u32 = 100;
    /// What a page of rooms holds when nothing is asked.
    pub const ROOMS: Self = Self(20);
    /// What a page of messages or participants holds when nothing is asked.
    pub const MESSAGES: Self = Self(50);

    /// So many entries.
    ///
    /// # Errors
    /// [`INVALID_INPUT`](crate::ErrorKind::Invalid) with the field `limit`, outside of 1 to 100.
    pub fn new(limit: u64) -> Result<Self> {
        match u32::try_from(limit) {
            Ok(limit @ 1..=Self::MAX) => Ok(Self(limit)),
            _ => Err(Error::invalid("limit", "must be between 1 and 100")),
        }
    }

    /// The number.
    pub fn count(self) -> u32 {
        self.0
    }

    /// A page of rows of which one more was read than it holds, and the last one's key, where others follow.
    pub(crate) fn page<T, K>(self, mut rows: Vec<T>, key: impl FnOnce(&T) -> K) -> (Vec<T>, Option<K>) {
        let most = self.0 as usize;
        let has_more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| has_more).map(key);
        (rows, next)
    }
}

/// A page by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageQuery {
    page: u64,
    limit: Limit,
}

impl PageQuery {
    /// The `page`-th page, counted from 1, of so many entries. One beyond the end of a list is empty.
    ///
    /// # Errors
    /// [`INVALID_INPUT`](crate::ErrorKind::Invalid) with the field `page`, for page 0.
    pub fn new(page: u64, limit: Limit) -> Result<Self> {
        if page == 0 {
            return Err(Error::invalid("page", "must be 1 or more"));
        }
        Ok(Self { page, limit })
    }

    /// Its number, from 1.
    pub fn page(&self) -> u64 {
        self.page
    }

    /// Its size.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// How many entries stand before it.
    pub fn skip(&self) -> u64 {
        (self.page - 1).saturating_mul(self.limit.0.into())
    }

    /// Whether more follows it in a list of so many entries.
    pub fn has_more(&self, total: u64) -> bool {
        self.page.saturating_mul(self.limit.0.into()) < total
    }

    /// The `seq`s of this page of a room whose messages are `first` to `head`, newest first; `None` beyond the
    /// end.
    pub(crate) fn seqs(&self, first: u64, head: u64) -> Option<RangeInclusive<u64>> {
        let newest = head.checked_sub(self.skip()).filter(|newest| *newest >= first.max(1))?;
        Some(newest.saturating_sub(u64::from(self.limit.0) - 1).max(first.max(1))..=newest)
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Its entries, at most as many as its [limit](PageQuery::limit).
    pub items: Vec<T>,
    /// Which page it is.
    pub query: PageQuery,
    /// How many entries the whole list has.
    pub total: u64,
}

/// A place in a room's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cursor {
    /// By the number of a message, its [`seq`](super::Message::seq). A number that no message has stands between
    /// its neighbours.
    Seq(u64),
    /// By the id of a message.
    Message(MessageId),
}

/// Which part of a room's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HistoryQuery {
    /// A page by number, newest first.
    Page(PageQuery),
    /// The newest messages older than the cursor.
    Before(Cursor, Limit),
    /// The oldest messages newer than the cursor.
    After(Cursor, Limit),
    /// The message at the cursor with about as many on both sides, it and all of them within the limit.
    Around(Cursor, Limit),
}

impl HistoryQuery {
    /// The newest messages.
    pub fn newest(limit: Limit) -> Self {
        Self::Page(PageQuery { page: 1, limit })
    }
}

/// What a part of history stands between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Span {
    /// A page of a known number of messages.
    Page {
        /// Which.
        query: PageQuery,
        /// How many messages the room has, SYSTEM messages and deleted ones counted.
        total: u64,
    },
    /// A window around a cursor.
    Window {
        /// Older messages exist.
        has_more_before: bool,
        /// Newer messages exist.
        has_more_after: bool,
    },
}

/// A part of a room's history.
#[derive(Debug, Clone)]
pub struct History {
    /// The messages, newest first; at most the [`Limit`] that was asked for.
    pub messages: Vec<super::MessageView>,
    /// What they stand between.
    pub span: Span,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pages_cover_every_seq_once(cut in 0u64..500, kept in 0u64..2000, limit in 1u64..=100) {
            let (first, head) = (cut + 1, cut + kept);
            let mut next = head;
            for page in 1.. {
                let query = PageQuery::new(page, Limit::new(limit).unwrap()).unwrap();
                let Some(seqs) = query.seqs(first, head) else { break };
                prop_assert_eq!(*seqs.end(), next);
                prop_assert!(seqs.end() - seqs.start() < limit);
                prop_assert_eq!(query.has_more(kept), *seqs.start() > first);
                next = seqs.start() - 1;
            }
            prop_assert_eq!(next, cut);
        }

        #[test]
        fn no_page_number_overflows(page in 1u64.., first: u64, head: u64) {
            let query = PageQuery::new(page, Limit::MESSAGES).unwrap();
            let _ = (query.seqs(first, head), query.has_more(head), query.skip());
        }
    }

    #[test]
    fn limits_outside_of_1_to_100_are_refused() {
        for bad in [0, 101, 1_000_000_000, u64::MAX] {
            assert!(Limit::new(bad).is_err());
        }
        assert!(PageQuery::new(0, Limit::ROOMS).is_err());
    }
}
