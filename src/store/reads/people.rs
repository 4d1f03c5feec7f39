//! What is known of people, and how they stand to each other.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::UserId;
use crate::model::{DoNotDisturb, Profile, Relation, RelationKind, Settings};

/// What is known of people, and how they stand to each other.
#[async_trait]
pub trait PeopleReads {
    /// The profiles of those of these users who have one, in any order.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>>;

    /// When those of these users who ever [logged out](crate::store::Batch::logouts) did so last, each once and in any
    /// order. The engine asks for some 500 at most, among whom one may stand twice.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn logouts(&self, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>>;

    /// When those of these users who ever said so [want no notices](crate::store::Batch::do_not_disturb), each once and in any
    /// order. The engine asks for some 500 at most, among whom one may stand twice.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn do_not_disturb(&self, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>>;

    /// What those of these users who ever settled something let others see, each once and in any order. The
    /// engine asks for some 500 at most, among whom one may stand twice.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn settings(&self, users: &[UserId]) -> Result<Vec<(UserId, Settings)>>;

    /// How the user stands to another one, from the user's side; `None` where nothing stands there.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn relation(&self, user: &UserId, other: &UserId) -> Result<Option<Relation>>;

    /// Those who are this to the user, with their profiles, in the order of their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn relations(
        &self,
        user: &UserId,
        kind: RelationKind,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Relation, Profile)>>;

    /// Those of these pairs of which the first has blocked the second, in any order. The engine asks for some 500 at
    /// most, each once.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>>;
}
