//! What comes of what is committed.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::id::{JoinRequestId, MessageId, RoomId, UserId};
use crate::model::{
    Amendment, Follow, FriendNotice, Hidden, Mark, Member, Message, Pos, Profile, Relation, Report, Role,
    Room, Settings,
};

/// What came of an item.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What changed in a room, in the order of its positions; empty where nothing did.
    pub changes: Vec<Change>,
    /// What changed between two people. It takes no position: it is told live, and read anew by whoever
    /// was away.
    pub relation: Option<Box<RelationChange>>,
    /// What whoever asked wants to know.
    pub answer: Answer,
}

/// What changed between two people.
#[derive(Debug, Clone)]
pub struct RelationChange {
    /// Who has changed it.
    pub user: Profile,
    /// The other one.
    pub other: Profile,
    /// What the other one is told of it, if anything.
    pub notice: Option<FriendNotice>,
}

/// The answer to an item. What hardly any has is boxed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Answer {
    /// It is done.
    Done,
    /// The message: the new one, or the first one under its client id, as it is now.
    Message(Arc<Message>),
    /// The message as it is now, changed or as it was.
    Amended(Arc<Message>),
    /// This room has the key already.
    Standing(RoomId),
    /// The oldest messages were cut away.
    Cut {
        /// Whether more may have to be.
        is_more: bool,
    },
    /// The message waits until somebody says whether it is said: the new one, or the first one under its client id.
    Held(MessageId),
    /// They wait until somebody says whether they come in: by a new request, or by the one that there was.
    JoinHeld(JoinRequestId),
    /// The report, made now or before.
    Reported(Box<Report>),
    /// The member's marks as they are now, and the unread count.
    Marked {
        /// The membership.
        member: Arc<Member>,
        /// How many messages are [unread](Member::unread_in).
        unread: u64,
    },
    /// How the user stands to the other one now.
    Relation {
        /// The user's side.
        now: Option<Relation>,
        /// Whether the item has changed it.
        is_new: bool,
    },
    /// Whether the user follows the thread now, where anything stands there.
    Thread(Option<Box<Follow>>),
    /// What the user lets others see now.
    Settings {
        /// Who.
        user: UserId,
        /// What they let be seen now.
        now: Settings,
        /// Whether the item has changed it.
        is_new: bool,
    },
}

/// A durable change.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its position. A mark has the position at its commit, which is another change's.
    pub pos: Pos,
    /// The position of the room's change before it; 0 for its first.
    pub prev: u64,
    /// What it is.
    pub what: What,
}

/// What changed. Rooms, messages and members in it are as they were right after that.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum What {
    /// A room was made, with these people in it.
    Created(Arc<Room>, Arc<[UserId]>),
    /// Somebody joined.
    Joined(Arc<Room>, Profile),
    /// Somebody left or was taken out.
    Parted(Arc<Room>, Profile),
    /// A message came.
    Message(Arc<Message>),
    /// A message changed.
    Amended {
        /// The message as it is now.
        message: Arc<Message>,
        /// Who changed it; `None` is the host, or not known.
        by: Option<UserId>,
        /// How; `None` where no more is known than how it is now.
        how: Option<Amendment>,
    },
    /// A member has another role, or is muted until another time: both as they are now.
    Role(Arc<Room>, Profile, Role, Option<Timestamp>),
    /// The room changed: what is said of it, its permissions, or whether it is open.
    Changed(Arc<Room>),
    /// The room was deleted, and whoever was in it is in it no more.
    Deleted(Arc<Room>),
    /// A mark moved.
    Marked {
        /// Whose, and where it is now.
        member: Arc<Member>,
        /// Which.
        mark: Mark,
        /// Whether the room's others are told; those who have blocked each other are not, nor is anybody told where
        /// the user [hides](Settings::read_receipts) it.
        is_shared: bool,
    },
    /// A row came from another store. Nobody is told.
    Imported(RoomId),
    /// Somebody has taken a message out of their own sight. Nobody else is told.
    Hidden(Hidden),
    /// Somebody follows a thread, or no longer, or has read more of it. Nobody else is told.
    Thread {
        /// Where they stand now.
        follow: Box<Follow>,
        /// Whether a reply did it, so that whoever sent that is not answered with where they stand.
        by_reply: bool,
    },
    /// Something that nobody is told of: a ban of somebody who is not in the room, or the end of one.
    Untold(RoomId),
    /// A member has chosen of what they want notices. They alone are told.
    Notify(Arc<Member>),
}

impl What {
    /// Where a user stands in a thread, of which nobody was answered who is here.
    pub(crate) fn thread(follow: Follow) -> Self {
        Self::Thread { follow: Box::new(follow), by_reply: false }
    }

    /// The room that it is in.
    pub fn room(&self) -> RoomId {
        match self {
            Self::Created(room, _) | Self::Joined(room, _) | Self::Parted(room, _) | Self::Changed(room) => {
                room.id
            }
            Self::Role(room, ..) | Self::Deleted(room) => room.id,
            Self::Message(message) | Self::Amended { message, .. } => message.room,
            Self::Marked { member, .. } | Self::Notify(member) => member.room,
            Self::Hidden(hidden) => hidden.room,
            Self::Thread { follow, .. } => follow.room,
            Self::Imported(room) | Self::Untold(room) => *room,
        }
    }
}
