//! What people who are away are told of besides messages: a row each, written in the commit of what it tells of.

use std::time::Duration;

use super::Rows;
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::InviteCode;

/// Something besides messages of which a user is told when they are away.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store keeps it, whatever is in it")]
pub struct Alert {
    /// Who is told.
    pub user: UserId,
    /// Of what.
    pub occasion: Occasion,
    /// When that was. A later one takes the place of an earlier one with its [key](Self::key), and is told from it by
    /// this.
    pub at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// When it is told, or tried next.
    pub due: Timestamp,
}

impl Alert {
    /// What it is kept under: there is one of each.
    pub fn key(&self) -> AlertKey {
        let (kind, subject) = match &self.occasion {
            Occasion::Added { room, .. } => (AlertKind::Added, room.to_string()),
            Occasion::Invited { room, .. } => (AlertKind::Invited, room.to_string()),
            Occasion::JoinApproved(room) => (AlertKind::JoinApproved, room.to_string()),
            Occasion::FriendRequest(other) => (AlertKind::FriendRequest, other.to_string()),
            Occasion::FriendAccepted(other) => (AlertKind::FriendAccepted, other.to_string()),
        };
        AlertKey { user: self.user.clone(), kind, subject }
    }
}

/// Of what somebody is told besides messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a store keeps it, whatever it is")]
pub enum Occasion {
    /// Somebody has made them a member of a room; `None` is the host.
    Added {
        /// The room.
        room: RoomId,
        /// Who has added them.
        by: Option<UserId>,
    },
    /// They are invited to a room.
    Invited {
        /// The room.
        room: RoomId,
        /// The invitation.
        code: InviteCode,
    },
    /// They had asked to come into this room, and are in it.
    JoinApproved(RoomId),
    /// This user asks them for friendship.
    FriendRequest(UserId),
    /// This user has accepted their request for friendship.
    FriendAccepted(UserId),
}

impl Occasion {
    /// The room that it is of, with which it ends.
    pub fn room(&self) -> Option<RoomId> {
        match self {
            Self::Added { room, .. } | Self::Invited { room, .. } | Self::JoinApproved(room) => Some(*room),
            Self::FriendRequest(_) | Self::FriendAccepted(_) => None,
        }
    }
}

/// What an alert is kept under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "a store keeps alerts under it")]
pub struct AlertKey {
    /// Who is told.
    pub user: UserId,
    /// Of what kind it is.
    pub kind: AlertKind,
    /// The id of the room, or of the other user.
    pub subject: String,
}

/// The kinds of [occasions](Occasion).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is the occasion of its name")]
#[allow(clippy::exhaustive_enums, reason = "there is one for each occasion")]
pub enum AlertKind {
    Added,
    Invited,
    JoinApproved,
    FriendRequest,
    FriendAccepted,
}

/// How a batch leaves [`Alert`]s behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "the engine gives it, whatever is in it")]
pub struct AlertTerms {
    /// How long after what they tell of they are due. The engine gives
    /// [`Config::push_delay`](crate::Config::push_delay).
    pub delay: Duration,
    /// The most that wait for one user: beyond that those of the oldest [`Alert::at`] are forgotten. The engine gives
    /// [`Config::push_alerts`](crate::Config::push_alerts).
    pub most: u32,
}

impl Rows {
    /// Has a user told of something when they are away. Where nobody is ever told of anything, nothing is kept.
    pub(super) fn alert(&mut self, user: &UserId, occasion: Occasion, at: Timestamp) {
        if let Some(terms) = self.alert_terms {
            let alert = Alert { user: user.clone(), occasion, at, tries: 0, due: at.plus(terms.delay) };
            self.more.new_alerts.push(alert);
        }
    }

    /// Of those of one key the last one stays.
    pub(super) fn settle_alerts(&mut self) {
        if self.more.new_alerts.len() > 1 {
            self.more.new_alerts.reverse();
            self.more.new_alerts.sort_by_cached_key(Alert::key);
            self.more.new_alerts.dedup_by_key(|alert| alert.key());
        }
    }
}
