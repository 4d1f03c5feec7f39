//! Rooms: their three kinds, and what of them is stored and shown.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Custom, Keeping, MessageView, NotifySetting, Permissions, Role, Verb};
use crate::clock::Timestamp;
use crate::id::{ChallengeId, RoomId, UserId};

/// The word for a room's kind on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
#[allow(clippy::exhaustive_enums, reason = "the wire contract names exactly these")]
pub enum RoomType {
    /// Two people.
    Direct,
    /// Any number of people.
    Group,
    /// The people of one challenge.
    Challenge,
}

/// A room's kind, with what that kind alone has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomKind {
    /// Two people, in the order of their ids.
    Direct([UserId; 2]),
    /// Any number of people.
    Group,
    /// The people of one challenge.
    Challenge(ChallengeId),
}

impl RoomKind {
    /// The direct room of two people, whichever is named first.
    pub fn direct(one: UserId, other: UserId) -> Self {
        let mut pair = [one, other];
        pair.sort();
        Self::Direct(pair)
    }

    /// The word for it.
    pub fn room_type(&self) -> RoomType {
        match self {
            Self::Direct(_) => RoomType::Direct,
            Self::Group => RoomType::Group,
            Self::Challenge(_) => RoomType::Challenge,
        }
    }

    /// What at most one open room may hold.
    pub fn key(&self) -> Option<RoomKey> {
        match self {
            // Length first, so that no two pairs are written alike.
            Self::Direct([one, other]) => {
                Some(RoomKey(format!("direct:{}:{one}{other}", one.as_str().len())))
            }
            Self::Group => None,
            Self::Challenge(challenge) => Some(RoomKey(format!("challenge:{challenge}"))),
        }
    }

    /// In a direct room, who the other one is.
    pub fn peer_of(&self, user: &UserId) -> Option<&UserId> {
        match self {
            Self::Direct([one, other]) if one == user => Some(other),
            Self::Direct([one, other]) if other == user => Some(one),
            _ => None,
        }
    }

    /// The challenge of a challenge room.
    pub fn challenge(&self) -> Option<&ChallengeId> {
        match self {
            Self::Challenge(challenge) => Some(challenge),
            _ => None,
        }
    }
}

/// What at most one open room may hold: a pair of people, or a challenge.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomKey(String);

impl RoomKey {
    /// The text that a store keeps.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A room as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// Its kind.
    pub kind: RoomKind,
    /// The name that it was given, at most [`Config::max_name_chars`](crate::Config::max_name_chars) then.
    pub name: Option<Arc<str>>,
    /// Open; a closed room can be read, not written.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The [`seq`](super::Message::seq) of its newest message; 0 before the first.
    pub seq: u64,
    /// How many of its messages count as unread for those who have not read them: all but SYSTEM messages.
    pub countable: u64,
    /// How many active participants it has.
    pub members: u32,
    /// When its newest message came.
    pub last_message_at: Option<Timestamp>,
    /// The position that made it, in its lane, as all positions here.
    pub created_pos: u64,
    /// The position that last changed what is said of it, its permissions or its state.
    pub changed_pos: u64,
    /// The position of the last change of anything in it.
    pub last_pos: u64,
    /// The lane's position when a read or delivered mark in it last moved.
    pub marks_pos: u64,
    /// What takes which role in it.
    pub permissions: Permissions,
    /// What else is said of it.
    pub about: About,
    /// How many seconds have to pass between two messages of a member who is no admin; 0: none. At most
    /// [`MAX_SLOW_MODE`].
    pub slow_mode: u32,
    /// How much of it is kept; `None`: as long as [`Config::retention`](crate::Config::retention) says, and all of it so
    /// far.
    pub keeping: Option<Box<Keeping>>,
    /// The position that last changed where somebody stands in a [thread](super::Follow) of it; 0: nobody ever did.
    pub threads_pos: u64,
}

/// The most seconds of a room's [slow mode](Room::slow_mode): 6 hours.
pub const MAX_SLOW_MODE: u32 = 6 * 60 * 60;

/// What is said of a room beside its name, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(clippy::exhaustive_structs, reason = "it is nothing but its fields")]
pub struct About {
    /// What it is about, in at most [`Config::max_topic_chars`](crate::Config::max_topic_chars) when it was given.
    pub topic: Option<Arc<str>>,
    /// The address of a picture, http or https and at most 2,048 bytes.
    pub picture: Option<Arc<str>>,
    /// Who may find it and join it.
    pub visibility: Visibility,
    /// What the app keeps of its own with it, at most
    /// [`Config::max_custom_bytes`](crate::Config::max_custom_bytes) when it was given.
    pub custom: Custom,
}

/// Who may find a room and join it, beside whoever is invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums, reason = "the wire contract names exactly these")]
pub enum Visibility {
    /// Nobody.
    #[default]
    Private,
    /// Everybody. No DIRECT room is.
    Public,
}

impl Room {
    /// When something was last said in it; its creation, before anything was.
    pub fn activity_at(&self) -> Timestamp {
        self.last_message_at.unwrap_or(self.created_at)
    }

    /// Whether its rules let this role do it.
    pub fn lets(&self, role: Role, verb: Verb) -> bool {
        self.permissions.let_do(role, verb, self.kind.room_type())
    }
}

/// A room as one of its participants sees it.
#[derive(Debug, Clone)]
pub struct RoomView {
    /// The room.
    pub room: Arc<Room>,
    /// Its name, or one made from the nicknames of at most five of the other participants.
    pub name: Arc<str>,
    /// The first participants in the order of their ids, at most
    /// [`Config::max_listed`](crate::Config::max_listed); how many there are, [`Room::members`] says.
    pub participants: Vec<UserId>,
    /// How many messages of others the viewer has not read, SYSTEM messages not counted.
    pub unread: u64,
    /// The newest message that the viewer has not [hidden](crate::Actor::hide).
    pub last_message: Option<MessageView>,
    /// What the viewer is in it.
    pub role: Role,
    /// Until when the viewer is [muted](super::Member::muted_until) in it, if they are.
    pub muted_until: Option<Timestamp>,
    /// Of what the viewer has chosen to have notices, if that is not the
    /// [default](crate::config::NotifyDefaults).
    pub notify: Option<NotifySetting>,
    /// How many are here who listen to it: of a room of more than
    /// [`Config::presence_max_members`](crate::Config::presence_max_members) participants, where it is asked for alone and the
    /// node that answers knows it.
    pub online: Option<u32>,
    /// How many of the unread ones [mention](super::Message::mentions) the viewer. Exact; deleted ones do not count.
    pub mentions: u64,
}

/// A page of public rooms, the newest first. One of a search may hold fewer than were asked for, and none, and
/// yet others may follow.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PublicRooms {
    /// The rooms.
    pub rooms: Vec<Room>,
    /// The room below which the next page begins, if there may be one.
    pub next: Option<RoomId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_one_key_whichever_is_named_first_and_no_other_pair_has_it() {
        let id = |text: &str| text.parse::<UserId>().unwrap();
        let key = |one, other| RoomKind::direct(id(one), id(other)).key();
        assert_eq!(key("ana", "ben"), key("ben", "ana"));
        assert_ne!(key("a", "bc"), key("ab", "c"));
        assert_ne!(key("a:1", "b"), key("a", ":1b"));
    }
}
