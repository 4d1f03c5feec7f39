//! What an edit makes of a message, and what it said before.

use std::sync::Arc;

use super::Custom;
use crate::clock::Timestamp;

/// What a message shall be from now on. What is not in it stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revision {
    /// What it says; `Some(None)` takes a caption away, or the words beside attachments.
    pub content: Option<Option<Arc<str>>>,
    /// What the app keeps of its own with it; an empty one takes that away.
    pub custom: Option<Custom>,
}

impl Revision {
    /// These words, or none.
    pub fn words(content: Option<impl Into<Arc<str>>>) -> Self {
        Self { content: Some(content.map(Into::into)), custom: None }
    }

    /// Something of the app's own, the words being as they were.
    pub fn custom(custom: Custom) -> Self {
        Self { content: None, custom: Some(custom) }
    }

    /// With something of the app's own too.
    #[must_use]
    pub fn with_custom(mut self, custom: Custom) -> Self {
        self.custom = Some(custom);
        self
    }
}

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
