//! Membership: who belongs to a room, since when, and how far they have read.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::{Notify, NotifySetting, Permissions, Room, RoomType};
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};

/// What a participant is in a room. A greater one may do all that a lesser one may; what that is, the room's
/// permissions say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Role {
    /// Reads, and no more.
    ReadOnly,
    /// Takes part.
    Member,
    /// Looks after the room.
    Admin,
    /// Made the room, or was given it. An open room has one, or none if the host made it.
    Owner,
}

/// What somebody may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Make the room.
    Create,
    /// Send a message.
    Send,
    /// Add people.
    Invite,
    /// Take somebody out.
    Remove,
    /// Give it another name, topic or picture.
    Rename,
    /// Close it for everybody.
    Close,
    /// Say something else in a message of one's own.
    Edit,
    /// Delete a message of one's own.
    Delete,
    /// Delete a message of somebody else's, mute or ban somebody, make the room slow.
    Moderate,
    /// Leave a reaction on a message, or take it back.
    React,
    /// Pin a message, or take a pin off.
    Pin,
    /// Open it again; it takes what [`Close`](Self::Close) takes.
    Reopen,
    /// Give somebody another role.
    SetRole,
    /// Say what takes which role.
    SetPermissions,
    /// Make it public or private.
    SetVisibility,
    /// Come into it, where it is public.
    Join,
    /// Say how long its messages are kept.
    SetRetention,
    /// Delete it for everybody, with all that was said in it.
    DeleteRoom,
    /// Mention everybody in it at once.
    MentionAll,
}

impl Role {
    /// Whether a room's rules let this role do it where nobody has changed them: see
    /// [`Permissions`](super::Permissions). A host's [`Policy`](crate::policy::Policy) can only forbid more.
    pub fn may(self, verb: Verb, room: RoomType) -> bool {
        Permissions::default().let_do(self, verb, room)
    }
}

/// Somebody's membership of a room. When they leave, it stays behind with `active: false`, so that
/// whoever catches up learns of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The room.
    pub room: RoomId,
    /// The user.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// Whether they belong to the room now.
    pub active: bool,
    /// When this stay began.
    pub joined_at: Timestamp,
    /// The room's [`seq`](Room::seq) when this stay began.
    pub joined_seq: u64,
    /// The position at which this stay began, in the lane of the room, as all positions here.
    pub joined_pos: u64,
    /// The position that last changed the membership itself.
    pub changed_pos: u64,
    /// The lane's position when a mark last moved.
    pub marks_pos: u64,
    /// When a mark last moved.
    pub marked_at: Timestamp,
    /// Everything up to this `seq` is read.
    pub read_seq: u64,
    /// Everything up to this `seq` has reached a device; at least `read_seq`.
    pub delivered_seq: u64,
    /// How many countable messages the room had up to `read_seq`.
    pub read_n: u64,
    /// How many of those this user sent, or of those below the room's [`Floor`](super::Floor) where that is higher.
    /// Countable are TEXT and IMAGE, also deleted ones.
    pub read_own_n: u64,
    /// How many countable messages this user has sent to the room.
    pub own_n: u64,
    /// Until when they neither send, edit, react nor show that they type; [`NEVER`](Timestamp::NEVER): for good.
    /// A time that is over mutes nobody. It outlasts the stay.
    pub muted_until: Option<Timestamp>,
    /// When they last sent a message in a room that was [slow](Room::slow_mode) then.
    pub slowed_at: Option<Timestamp>,
    /// Of what they want notices; `None` where they never chose. It outlasts the stay.
    pub notify: Option<Box<Notify>>,
    /// How many messages of the room they have [hidden](super::Hidden). It outlasts the stay.
    pub hidden: u32,
}

impl Member {
    /// How many of those who look after a room are told that what waits in it has changed,
    /// [people](crate::event::Notification::JoinRequestsChanged),
    /// [messages](crate::event::Notification::HeldMessagesChanged) or
    /// [reports](crate::event::Notification::ReportsChanged): the first by [`seniority`](Self::seniority).
    pub const MODERATORS_TOLD: u32 = 100;

    /// How many countable messages of others stand above the read mark. Exact, at no cost that grows
    /// with the room.
    pub fn unread_in(&self, room: &Room) -> u64 {
        // Of what was cut away nothing is unread.
        let all = room.countable.saturating_sub(self.read_n.max(room.floor().n));
        all.saturating_sub(self.own_n.saturating_sub(self.read_own_n))
    }

    /// Until when they are muted, where they are at this moment.
    pub fn muted_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.muted_until.filter(|until| now < *until)
    }

    /// What they have chosen to have notices of, where they have and that holds at this moment.
    pub fn notify_at(&self, now: Timestamp) -> Option<NotifySetting> {
        self.notify.as_ref()?.setting.filter(|setting| setting.holds(now))
    }

    /// The position of the last change of the membership that others are told of: at most
    /// [`changed_pos`](Self::changed_pos).
    pub fn told_pos(&self) -> u64 {
        match &self.notify {
            Some(notify) if notify.pos == self.changed_pos => notify.told_pos,
            _ => self.changed_pos,
        }
    }

    /// The order in which active members follow an owner who leaves: the greatest role first, then who has
    /// been in longest, then by id.
    pub fn seniority(&self) -> (Reverse<Role>, u64, u64, &UserId) {
        (Reverse(self.role), self.joined_seq, self.joined_pos, &self.user)
    }
}

/// Which of a member's two marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "there are two marks")]
pub enum Mark {
    /// Seen by the user. Moves the delivered mark along.
    Read,
    /// Arrived at a device.
    Delivered,
}
