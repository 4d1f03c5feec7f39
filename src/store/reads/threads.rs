//! Threads.

use async_trait::async_trait;

use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{Follow, Message, ThreadCursor};
use crate::store::FollowedThread;

/// Threads: the replies to a message, and who follows them.
#[async_trait]
pub trait ThreadReads {
    /// The replies to the message with this number, deleted ones too, below `before`: the newest first.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn replies(&self, room: RoomId, root: u64, before: Option<u64>, limit: u32)
    -> Result<Vec<Message>>;

    /// Whether the user follows the thread of the message with this number, where anything stands there.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn follow(&self, room: RoomId, root: u64, user: &UserId) -> Result<Option<Follow>>;

    /// Of which threads it stands there whether the user follows them, by room and then the root's number, beyond
    /// `after`. The engine keeps no more than [`Config::max_followed_threads`](crate::Config::max_followed_threads) of a
    /// user.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn follows(&self, user: &UserId, after: Option<(RoomId, u64)>, limit: u32) -> Result<Vec<Follow>>;

    /// Which of these users follow which of the threads of the messages with these numbers, in any order. The engine
    /// asks for some 500 users at most, each once, and some 1,000 numbers.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn followers(&self, room: RoomId, roots: &[u64], users: &[UserId]) -> Result<Vec<Follow>>;

    /// The threads that the user follows in rooms in which they are active, closed ones too, below `before`: the newest
    /// activity first, which is when the newest reply came, also where it is deleted, or without any the root; then by
    /// room and root, the newest first. One whose root they have [hidden](crate::store::MessageReads::hidden) is left out.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn followed_threads(
        &self,
        user: &UserId,
        before: Option<ThreadCursor>,
        limit: u32,
    ) -> Result<Vec<FollowedThread>>;

    /// How many replies in each of these threads, by room and the root's number, are beyond that number: those of the
    /// user, deleted ones, and those that the user has [hidden](crate::store::MessageReads::hidden) not counted. The engine asks for a page at
    /// most, which is [`Limit::MAX`](crate::model::Limit::MAX).
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn unread_replies(&self, user: &UserId, threads: &[(RoomId, u64, u64)]) -> Result<Vec<u64>>;
}
