//! Changes of people: how two stand to each other, and what somebody has settled.

use crate::clock::Timestamp;
use crate::id::UserId;
use crate::model::{Profile, RelationKind, Settings, SettingsUpdate};

/// A change of how two people stand to each other.
#[derive(Debug, Clone)]
pub struct RelationItem {
    /// When.
    pub at: Timestamp,
    /// Who asks.
    pub user: Profile,
    /// Whom it is about; somebody else.
    pub other: Profile,
    /// What is asked.
    pub op: RelationOp,
}

/// What a [`RelationItem`] asks for. What stands already is no error and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelationOp {
    /// Ask for friendship. Two who ask each other are friends. Of somebody whom the user has blocked it is
    /// [`Forbidden`](crate::ErrorKind::Forbidden); a request to whoever has blocked the user never arrives, and
    /// looks like any other.
    Request,
    /// Accept the other's request; without one,
    /// [`FriendRequestNotFound`](crate::ErrorKind::FriendRequestNotFound).
    Accept,
    /// Decline it; without one, likewise.
    Decline,
    /// Ask no more.
    Withdraw,
    /// End the friendship, or ask for it no more.
    Remove,
    /// Have nothing to do with the other: it ends friendship and requests, and neither opens a direct room
    /// with the other, sends in it, or adds the other to a room.
    Block,
    /// Take the user's own block back.
    Unblock,
    /// Take in the user's side as it stands in another store since [`RelationItem::at`], where nothing later
    /// stands here. The other side is a record of its own.
    Import(RelationKind),
}

/// A change of a user's [`Settings`].
#[derive(Debug, Clone)]
pub struct SettingsItem {
    /// Whose.
    pub user: UserId,
    /// What is asked.
    pub op: SettingsOp,
}

/// What a [`SettingsItem`] asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsOp {
    /// Change some of them, at this moment. What stands already changes nothing.
    Update(SettingsUpdate, Timestamp),
    /// Take them in as they are in another store, where nothing later stands here.
    Import(Settings),
}
