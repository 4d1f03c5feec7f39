//! What is shown of a user.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::id::UserId;

/// A user as others see them. Kept fresh from tokens; until one is seen, the nickname is the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Whose it is.
    pub user: UserId,
    /// The name to show. One from a token is [tidied](crate::auth::Identity::with_nickname).
    pub nickname: Arc<str>,
    /// The address of a picture. From a token it is an http or https one.
    pub image: Option<Arc<str>>,
}

impl Profile {
    /// The profile of a user of whom nothing but the id is known.
    pub fn unknown(user: UserId) -> Self {
        let nickname = user.as_str().into();
        Self { user, nickname, image: None }
    }
}

/// A participant of a room as others see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Who it is.
    pub profile: Profile,
    /// What they may do in the room.
    pub role: super::Role,
    /// Whether a connection of theirs is open, on any node.
    pub online: bool,
    /// When their last connection ended, if one did. It is written within a second, and may be lost in a crash
    /// before that.
    pub last_seen: Option<Timestamp>,
    /// Until when they are [muted](super::Member::muted_until), if they are.
    pub muted_until: Option<Timestamp>,
}
