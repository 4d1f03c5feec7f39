//! Direct rooms are for friends.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Friendships, Policy, Question, StoredFriendships};
use crate::error::{ErrorKind, Result};
use crate::model::Verb;
use crate::store::Store;

/// A direct room is opened between friends alone; others get
/// [`NotFriends`](crate::ErrorKind::NotFriends). Groups and challenges are open to everybody, and a
/// direct room that stands outlives the friendship: only a [block](crate::Actor::block) silences it.
#[derive(Debug, Clone)]
pub struct FriendsOnly {
    friendships: Arc<dyn Friendships>,
}

impl FriendsOnly {
    /// By a table of friends of one's own, which is asked once for each direct room that is to be opened. Its
    /// error is the caller's.
    pub fn new(friendships: impl Friendships) -> Self {
        Self { friendships: Arc::new(friendships) }
    }

    /// By the friendships that people make in the engine: the engine's own store.
    ///
    /// ```
    /// # async fn build() -> chat_core::Result<()> {
    /// use std::sync::Arc;
    /// use chat_core::{ChatEngine, policy::FriendsOnly, store::MemoryStore};
    ///
    /// let store = Arc::new(MemoryStore::new());
    /// let policy = FriendsOnly::in_store(store.clone());
    /// let engine = ChatEngine::builder().shared_store(store).policy(policy).build().await?;
    /// # Ok(()) }
    /// ```
    pub fn in_store(store: Arc<dyn Store>) -> Self {
        Self::new(StoredFriendships::new(store))
    }
}

#[async_trait]
impl Policy for FriendsOnly {
    fn asks_about(&self, verb: Verb) -> bool {
        verb == Verb::Create
    }

    async fn check(&self, question: Question<'_>) -> Result<()> {
        let (Verb::Create, Some(peer)) = (question.verb, question.room.peer_of(question.actor)) else {
            return Ok(());
        };
        if self.friendships.are_friends(question.actor, peer).await? {
            return Ok(());
        }
        Err(ErrorKind::NotFriends(peer.clone()).into())
    }
}
