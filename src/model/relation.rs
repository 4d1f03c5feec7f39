//! How two people stand to each other: friends, asking, blocked.

use super::Profile;
use crate::clock::Timestamp;
use crate::id::UserId;

/// How a user stands to another one, from the user's own side. Without one they are strangers.
///
/// The two sides of a pair always match: [`Friend`](RelationKind::Friend) on both, or
/// [`RequestSent`](RelationKind::RequestSent) on one and [`RequestReceived`](RelationKind::RequestReceived)
/// on the other. [`Blocked`](RelationKind::Blocked) alone tells the other side nothing: there stands
/// nothing, a block of their own, or a request that never arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Whose side it is.
    pub user: UserId,
    /// To whom.
    pub other: UserId,
    /// What they are.
    pub kind: RelationKind,
    /// Since when.
    pub since: Timestamp,
}

/// What another user is to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RelationKind {
    /// A friend.
    Friend,
    /// Asked for their friendship.
    RequestSent,
    /// Has asked for the user's friendship.
    RequestReceived,
    /// Blocked by the user.
    Blocked,
}

impl RelationKind {
    /// The kind after this one, for who goes through all of them from [`Friend`](Self::Friend) on.
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::Friend => Some(Self::RequestSent),
            Self::RequestSent => Some(Self::RequestReceived),
            Self::RequestReceived => Some(Self::Blocked),
            Self::Blocked => None,
        }
    }
}

/// What a user is told of somebody's friendship with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FriendNotice {
    /// They ask for it.
    Requested,
    /// They ask for it no more.
    Withdrawn,
    /// They have accepted the user's request.
    Accepted,
    /// They have declined the user's request.
    Declined,
}

/// Another user, and what they are to whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationView {
    /// The other user.
    pub other: Profile,
    /// What they are, and since when; `None` for strangers.
    pub relation: Option<(RelationKind, Timestamp)>,
    /// Whether a friend has a connection, on any node; `false` for whoever is none.
    pub online: bool,
}

/// A page of people, in the order of their ids.
#[derive(Debug, Clone)]
pub struct RelationPage {
    /// The people, at most as many as were asked for.
    pub people: Vec<RelationView>,
    /// The last of them, behind whom the next page begins, if there is one.
    pub next: Option<UserId>,
}
