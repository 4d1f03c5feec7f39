//! The rows of a store as they are moved to another one.

use super::{
    BodyHash, Held, Item, Op, ReactionKey, RelationItem, RelationOp, RoomItem, SettingsItem, SettingsOp,
};
use crate::clock::Timestamp;
use crate::id::{JoinRequestId, MessageId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, DoNotDisturb, Edit, Follow, Hidden, Invite, InviteCode, JoinRequest, Member, Message,
    Profile, Reaction, Relation, Report, Room, Settings,
};

/// A row as [`Upkeep::records`](super::Upkeep::records) reads it.
///
/// Its positions are those of the store that it comes from, and mean nothing to another one: an import gives
/// it new ones. Message and member name a user alone, and show no profile that can be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "whoever moves rows must forget none")]
#[allow(clippy::large_enum_variant, reason = "most rows are messages")]
pub enum Record {
    /// What is known of a user.
    Profile {
        /// Who it is.
        user: UserId,
        /// What is shown of them; `None` where no more is known than when they were last seen.
        profile: Option<Profile>,
        /// When their last connection ended.
        last_seen: Option<Timestamp>,
        /// When they last logged out.
        logged_out: Option<Timestamp>,
    },
    /// How a user stands to another one. A friendship is two of these.
    Relation(Relation),
    /// What belongs to a room.
    Room(RoomRecord),
    /// What a user lets others see.
    Settings(UserId, Settings),
    /// When a user wants no notices. An import puts it in the place of what stands there.
    DoNotDisturb(UserId, DoNotDisturb),
}

/// What belongs to a room. A room is imported first, then what waits in it, messages and people, then its messages in
/// the order of their numbers, each with what it said before, then the reactions on them, then its people, its bans, its
/// reports, what its people have hidden, which threads they follow, its invite links and its audit trail: so nobody is in
/// a room that has not all its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "whoever moves rows must forget none")]
pub enum RoomRecord {
    /// The room itself.
    Room(Room),
    /// A message that waits, with its files. One that was sent since waits no more.
    Held(Held),
    /// A request to come in. Of who came in or was banned since it means nothing, and of two of one user the later one
    /// holds.
    JoinRequest(JoinRequest),
    /// A message, with the fingerprint of what was sent first where it has a client id: it may say something
    /// else by now. An import counts its reactions anew, as they come.
    Message(Message, Option<BodyHash>),
    /// What a message said before.
    Edit(KeptEdit),
    /// A reaction on a message, with the message's id.
    Reaction(ReactionKey, MessageId),
    /// A membership, present or past.
    Member(Member),
    /// A ban, also one that is over.
    Ban(Ban),
    /// A report, also one of which somebody has said what came of it.
    Report(Report),
    /// That a user has hidden a message. Of one who is not in the room, and never was, it means nothing.
    Hidden(Hidden),
    /// That a user follows a thread, or does no longer. Of two, the later choice holds.
    Follow(Follow),
    /// An invite link, also one that holds no more. An invitation of who is in the room means nothing.
    Invite(Invite),
    /// An act of the audit trail. Of two that are alike to the millisecond an import knows one.
    Act(AuditEntry),
}

/// A former state of a message that is there. An import takes it in where the message says what it says in the other store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store makes them of its rows")]
pub struct KeptEdit {
    /// The room.
    pub room: RoomId,
    /// The message's number.
    pub seq: u64,
    /// The message.
    pub message: MessageId,
    /// When the message was edited last.
    pub edited_at: Timestamp,
    /// Which of the message's former states that are kept, the oldest being 1.
    pub n: u64,
    /// The state. Its version is a position.
    pub edit: Edit,
}

impl RoomRecord {
    /// The room that it belongs to.
    pub fn room(&self) -> RoomId {
        match self {
            Self::Room(room) => room.id,
            Self::Held(held) => held.room,
            Self::JoinRequest(request) => request.room,
            Self::Message(message, _) => message.room,
            Self::Edit(state) => state.room,
            Self::Reaction(key, _) => key.room,
            Self::Member(member) => member.room,
            Self::Ban(ban) => ban.room,
            Self::Report(report) => report.room,
            Self::Hidden(hidden) => hidden.room,
            Self::Follow(follow) => follow.room,
            Self::Invite(invite) => invite.room,
            Self::Act(entry) => entry.room,
        }
    }
}

impl From<RoomRecord> for Item {
    fn from(record: RoomRecord) -> Self {
        // No rule of an import asks when or by whom it is run.
        let (room, at) = (record.room(), Timestamp::from_millis(0));
        RoomItem { room, at, by: None, op: Op::Import(Box::new(record)) }.into()
    }
}

impl From<Relation> for Item {
    fn from(Relation { user, other, kind, since }: Relation) -> Self {
        let (user, other) = (Profile::unknown(user), Profile::unknown(other));
        RelationItem { at: since, user, other, op: RelationOp::Import(kind) }.into()
    }
}

impl From<(UserId, Settings)> for Item {
    fn from((user, settings): (UserId, Settings)) -> Self {
        SettingsItem { user, op: SettingsOp::Import(settings) }.into()
    }
}

/// Which rows are read, and beyond which of them: each kind in the order of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a store has rows of each")]
pub enum RecordPage {
    /// All that is known of users, by their ids.
    Profiles {
        /// Beyond this one.
        after: Option<UserId>,
    },
    /// What is known of a room's people, past ones too, by their ids. Who is not known is left out.
    ProfilesIn {
        /// The room.
        room: RoomId,
        /// Beyond this one.
        after: Option<UserId>,
    },
    /// What is known of this user, if anything is.
    ProfileOf(UserId),
    /// The messages of a room that have this sender, SYSTEM messages about them too, by their numbers.
    MessagesBy {
        /// The room.
        room: RoomId,
        /// The sender.
        user: UserId,
        /// Beyond this number.
        after: u64,
    },
    /// The reactions that a user has left in a room, by the messages' numbers and the reaction.
    ReactionsBy {
        /// The room.
        room: RoomId,
        /// Who has left them.
        user: UserId,
        /// Beyond this one.
        after: Option<(u64, Reaction)>,
    },
    /// The bans of a user, those that are over too, by the rooms' ids.
    BansOf {
        /// Whose.
        user: UserId,
        /// Beyond this room.
        after: Option<RoomId>,
    },
    /// How users stand to others, by the user and then the other.
    Relations {
        /// Beyond this pair.
        after: Option<(UserId, UserId)>,
    },
    /// What users let others see, by their ids.
    Settings {
        /// Beyond this one.
        after: Option<UserId>,
    },
    /// When users want no notices, by their ids.
    DoNotDisturb {
        /// Beyond this one.
        after: Option<UserId>,
    },
    /// Rooms by their ids, without what is in them.
    Rooms {
        /// Beyond this one.
        after: Option<RoomId>,
    },
    /// One room, without what is in it.
    Room(RoomId),
    /// The messages that wait in a room, by their ids.
    Held {
        /// The room.
        room: RoomId,
        /// Beyond this one.
        after: Option<MessageId>,
    },
    /// The requests to come into a room that wait, by their ids.
    JoinRequests {
        /// The room.
        room: RoomId,
        /// Beyond this one.
        after: Option<JoinRequestId>,
    },
    /// A room's messages by their numbers.
    Messages {
        /// The room.
        room: RoomId,
        /// Beyond this number.
        after: u64,
    },
    /// What a message said before, the oldest first.
    Edits {
        /// The room.
        room: RoomId,
        /// The message's number.
        seq: u64,
        /// Beyond this version.
        after: Option<u64>,
    },
    /// The reactions on a room's messages, by the messages' numbers, the reaction and the user.
    Reactions {
        /// The room.
        room: RoomId,
        /// Beyond this one.
        after: Option<(u64, Reaction, UserId)>,
    },
    /// A room's memberships, past ones too, by the users' ids.
    Members {
        /// The room.
        room: RoomId,
        /// Beyond this one.
        after: Option<UserId>,
    },
    /// A room's bans, those that are over too, by the users' ids.
    Bans {
        /// The room.
        room: RoomId,
        /// Beyond this one.
        after: Option<UserId>,
    },
    /// A room's reports, those that do not wait any more too, by the messages' ids and who has made them.
    Reports {
        /// The room.
        room: RoomId,
        /// Beyond this one.
        after: Option<(MessageId, UserId)>,
    },
    /// What a room's people have hidden, by the users' ids and then the messages' numbers.
    Hidden {
        /// The room.
        room: RoomId,
        /// Beyond this one.
        after: Option<(UserId, u64)>,
    },
    /// Who follows which threads of a room, or does no longer, by the roots' numbers and then the users' ids.
    Follows {
        /// The room.
        room: RoomId,
        /// Beyond this one.
        after: Option<(u64, UserId)>,
    },
    /// A room's invite links, those that hold no more too, by their codes.
    Invites {
        /// The room.
        room: RoomId,
        /// Beyond this one.
        after: Option<InviteCode>,
    },
    /// A room's audit trail, the oldest first.
    Acts {
        /// The room.
        room: RoomId,
        /// Beyond this position.
        after: Option<u64>,
    },
}
