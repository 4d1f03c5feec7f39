//! Who may do what, beyond the rules that every room has.

mod friends_only;
mod friendships;
mod hooks;
mod open;

use std::fmt;

use async_trait::async_trait;

use crate::error::Result;
use crate::id::UserId;
use crate::model::{RoomKind, Verb};

pub use friends_only::FriendsOnly;
pub use friendships::{Friendships, StoredFriendships};
pub use hooks::{Editing, Hooks, Joining, Sending, Verdict, Welcome};
pub use open::Open;

/// What a policy is asked about.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Question<'a> {
    /// Who wants to do it.
    pub actor: &'a UserId,
    /// What.
    pub verb: Verb,
    /// In a room of this kind.
    pub room: &'a RoomKind,
    /// With whom: the other participants of a new room, whoever is invited, taken out or given another role, the
    /// other one of a direct room; else nobody. At most
    /// [`Config::max_participants`](crate::Config::max_participants).
    pub others: &'a [UserId],
}

/// Who may do what. The engine asks before it commits; a room's own rules
/// ([`Role::may`](crate::model::Role::may)) hold besides, and nothing here can loosen them. What
/// [`admin`](crate::ChatEngine::admin) does is not asked about.
///
/// Many questions are asked at the same time, under no lock, and what a user waits for waits for the answer:
/// whoever asks another server sets a timeout of its own. A call may be dropped halfway, when its asker goes away.
///
/// A policy is no place for what must hold at the moment of the commit (membership, an open room): those
/// are guards of the commit itself.
#[async_trait]
pub trait Policy: Send + Sync + fmt::Debug + 'static {
    /// Whether this verb is worth a question, asked before each. `false` spares the engine the look at the room.
    fn asks_about(&self, verb: Verb) -> bool;

    /// Answers a question.
    ///
    /// # Errors
    /// [`Forbidden`](crate::ErrorKind::Forbidden) with words that the user is shown, or
    /// [`NotFriends`](crate::ErrorKind::NotFriends);
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when it cannot tell now.
    async fn check(&self, question: Question<'_>) -> Result<()>;
}
