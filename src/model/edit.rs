//! What an edited message said before.

use std::sync::Arc;

use crate::clock::Timestamp;

/// A former state of an edited message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edit {
    /// Its [`changed_pos`](super::MessageState::changed_pos); 0 where nothing had changed it.
    pub version: u64,
    /// What it said; `None` for an IMAGE without a caption.
    pub content: Option<Arc<str>>,
    /// Since when it said that: when it was sent, or edited before.
    pub since: Timestamp,
}

impl Edit {
    /// That state.
    pub fn new(version: u64, content: Option<Arc<str>>, since: Timestamp) -> Self {
        Self { version, content, since }
    }
}

/// A page of former states, the newest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EditPage {
    /// The states, at most as many as were asked for.
    pub edits: Vec<Edit>,
    /// The version of the last of them, below which the next page begins, if there is one.
    pub next: Option<u64>,
}
