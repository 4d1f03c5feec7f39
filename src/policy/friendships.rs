//! Who is whose friend.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::id::UserId;
use crate::model::RelationKind;
use crate::store::Store;

/// Knows who is whose friend. [`FriendsOnly`](super::FriendsOnly) asks it.
///
/// An app without friends of its own lets people make them in the engine
/// ([`request_friend`](crate::Actor::request_friend) and its kin, or the REST routes) and takes
/// [`StoredFriendships`]. One that has a table of friends implements this over it, leaves the routes out
/// (`RestOptions::without_friends`), and tells the engine of blocks by
/// [`set_blocked`](crate::Admin::set_blocked), which holds at the moment of a commit as no question before
/// it can:
///
/// ```
/// # #[cfg(feature = "sqlite")] mod example {
/// use chat_core::policy::Friendships;
/// use chat_core::{Error, Result, UserId};
///
/// /// `CREATE TABLE friends (one TEXT, other TEXT, PRIMARY KEY (one, other))`, a row a direction.
/// #[derive(Debug)]
/// struct FriendsTable(std::sync::Mutex<rusqlite::Connection>);
///
/// #[async_trait::async_trait]
/// impl Friendships for FriendsTable {
///     async fn are_friends(&self, user: &UserId, other: &UserId) -> Result<bool> {
///         let sql = "SELECT EXISTS (SELECT 1 FROM friends WHERE one = ?1 AND other = ?2)";
///         let table = self.0.lock().map_err(|_| Error::unavailable("a reader panicked"))?;
///         let found = table.query_row(sql, [user.as_str(), other.as_str()], |row| row.get(0));
///         found.map_err(Error::unavailable)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use chat_core::{ChatEngine, policy::FriendsOnly, model::NewRoom};
/// let table = rusqlite::Connection::open_in_memory()?;
/// table.execute_batch("CREATE TABLE friends (one TEXT, other TEXT, PRIMARY KEY (one, other));
///                      INSERT INTO friends VALUES ('ana', 'ben'), ('ben', 'ana');")?;
/// let policy = FriendsOnly::new(FriendsTable(table.into()));
/// let engine = ChatEngine::builder().policy(policy).build().await?;
/// let ana = engine.as_user("ana".parse()?);
/// assert!(ana.create_room(NewRoom::direct("ben")).await.is_ok());
/// assert_eq!(ana.create_room(NewRoom::direct("cho")).await.unwrap_err().code(), "NOT_FRIENDS");
///
/// // Ben blocks Ana in the app, which tells the engine of it.
/// engine.admin().set_blocked(&"ben".parse()?, &"ana".parse()?, true).await?;
/// assert_eq!(ana.create_room(NewRoom::direct("ben")).await.unwrap_err().code(), "FORBIDDEN");
/// # Ok(()) } }
/// # #[cfg(feature = "sqlite")] fn main() { example::main().unwrap() }
/// # #[cfg(not(feature = "sqlite"))] fn main() {}
/// ```
#[async_trait]
pub trait Friendships: Send + Sync + fmt::Debug + 'static {
    /// Whether the two are friends, which no order of naming them changes. Called by the engine before a
    /// direct room is opened, never while a lock is held.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when it cannot tell now: the room is not opened.
    async fn are_friends(&self, user: &UserId, other: &UserId) -> Result<bool>;
}

/// The friendships that people make in the engine.
#[derive(Debug, Clone)]
pub struct StoredFriendships {
    store: Arc<dyn Store>,
}

impl StoredFriendships {
    /// Reads from the store that the engine writes to.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Friendships for StoredFriendships {
    async fn are_friends(&self, user: &UserId, other: &UserId) -> Result<bool> {
        let relation = self.store.relation(user, other).await?;
        Ok(relation.is_some_and(|relation| relation.kind == RelationKind::Friend))
    }
}
