//! What changed since a position.

use async_trait::async_trait;

use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{Follow, Hidden, Member, Message, Position, Profile, Room};

/// What changed since a position: catching up is made of it.
#[async_trait]
pub trait ChangeReads {
    /// The user's memberships, past ones too, of rooms in which anything changed after `since`: a row, the
    /// membership itself, or (at `since` or after it) a mark. In the order of the rooms' ids, beyond
    /// `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn changed_rooms(
        &self,
        user: &UserId,
        since: &Position,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>>;

    /// The memberships of these users, past ones too, that changed after `since`: whose
    /// [`changed_pos`](Member::changed_pos) is beyond where `since` has the room's lane. Each once and in any
    /// order. The engine asks for some 500 users at most, among whom one may stand twice.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn stays_since(&self, users: &[UserId], since: &Position) -> Result<Vec<(UserId, RoomId)>>;

    /// The room's messages made after `after` and up to `until`, in their order.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn messages_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Message>>;

    /// The room's messages made up to `made_until` and changed after `after` and up to `until`, in the order of
    /// those changes. What changed more than once stands at its last change.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn amended_since(
        &self,
        room: RoomId,
        made_until: u64,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Message>>;

    /// What the user, or with `None` anybody, has hidden in the room after `after` and up to `until`, in the order of
    /// the positions.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn hidden_since(
        &self,
        room: RoomId,
        user: Option<&UserId>,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Hidden>>;

    /// What anybody's standing in the threads of the room changed to after `after` and up to `until`, in the order of
    /// the positions.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>>;

    /// The room's memberships changed after `after` and up to `until`, oldest change first (then by user).
    ///
    /// Only the making of a room, and its end, change several at one position, so whoever pages on from the position of
    /// the last one starts at or after it; who was not there yet reads the room anew.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn members_since(
        &self,
        room: RoomId,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(Member, Profile)>>;

    /// The room's active members whose marks moved at `since` or after it, in the order of their ids,
    /// beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn marks_since(
        &self,
        room: RoomId,
        since: u64,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Member>>;
}
