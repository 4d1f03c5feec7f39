//! The audit trail of a room: what those who look after it have done.

use super::{ReportOutcome, Retention, Role, Visibility};
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId, UserId};
use crate::names::names;

/// What somebody did in a room by a right that not everybody has, or the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// Muted somebody until this moment.
    Mute(Timestamp),
    /// Let somebody speak again.
    Unmute,
    /// Banned somebody until this moment.
    Ban(Timestamp),
    /// Took a ban back.
    Unban,
    /// Took somebody out.
    Remove,
    /// Deleted a message of somebody else's.
    Delete(MessageId),
    /// Gave somebody this role.
    SetRole(Role),
    /// Made the room slow by so many seconds; 0: as any other.
    SlowMode(u32),
    /// Said what came of a report on this message.
    Resolve(MessageId, ReportOutcome),
    /// Said how long the room's messages are kept; `None`: as long as those of any room.
    SetRetention(Option<Retention>),
    /// Had a message sent that was held.
    ApproveMessage(MessageId),
    /// Had a message not sent that was held.
    RejectMessage(MessageId),
    /// Let somebody in who waited.
    ApproveJoin,
    /// Did not let somebody in who waited.
    RejectJoin,
    /// Changed what takes which role in the room.
    SetPermissions,
    /// Said who may find the room and join it.
    SetVisibility(Visibility),
    /// Took back an invite link or an invitation of somebody else's. Where the host does, it is not noted.
    RevokeInvite,
    /// Gave the room another name, or took its name away.
    Rename,
    /// Said what the room is about, or no more.
    SetTopic,
    /// Gave the room another picture, or took it away.
    SetPicture,
    /// Changed what the app keeps of its own with the room. Where the host does, it is not noted.
    SetCustom,
    /// Pinned a message, where not every member may.
    Pin(MessageId),
    /// Took the pin off a message, where not every member may.
    Unpin(MessageId),
    /// Closed the room.
    CloseRoom,
    /// Opened the room again.
    ReopenRoom,
    /// Deleted the room.
    DeleteRoom,
}

names! {
    /// The words for them on the wire.
    pub(crate) enum ActName {
        Mute = "mute",
        Unmute = "unmute",
        Ban = "ban",
        Unban = "unban",
        Remove = "remove",
        Delete = "deleteMessage",
        SetRole = "setRole",
        SlowMode = "slowMode",
        Resolve = "resolveReport",
        SetRetention = "setRetention",
        ApproveMessage = "approveMessage",
        RejectMessage = "rejectMessage",
        ApproveJoin = "approveJoin",
        RejectJoin = "rejectJoin",
        SetPermissions = "setPermissions",
        SetVisibility = "setVisibility",
        RevokeInvite = "revokeInvite",
        Rename = "rename",
        SetTopic = "setTopic",
        SetPicture = "setPicture",
        SetCustom = "setCustom",
        Pin = "pinMessage",
        Unpin = "unpinMessage",
        CloseRoom = "closeRoom",
        ReopenRoom = "reopenRoom",
        DeleteRoom = "deleteRoom",
    }
}

impl Act {
    #[cfg_attr(not(feature = "rest"), allow(dead_code, reason = "only the wire has words for it"))]
    pub(crate) fn name(self) -> ActName {
        match self {
            Self::Mute(_) => ActName::Mute,
            Self::Unmute => ActName::Unmute,
            Self::Ban(_) => ActName::Ban,
            Self::Unban => ActName::Unban,
            Self::Remove => ActName::Remove,
            Self::Delete(_) => ActName::Delete,
            Self::SetRole(_) => ActName::SetRole,
            Self::SlowMode(_) => ActName::SlowMode,
            Self::Resolve(..) => ActName::Resolve,
            Self::SetRetention(_) => ActName::SetRetention,
            Self::ApproveMessage(_) => ActName::ApproveMessage,
            Self::RejectMessage(_) => ActName::RejectMessage,
            Self::ApproveJoin => ActName::ApproveJoin,
            Self::RejectJoin => ActName::RejectJoin,
            Self::SetPermissions => ActName::SetPermissions,
            Self::SetVisibility(_) => ActName::SetVisibility,
            Self::RevokeInvite => ActName::RevokeInvite,
            Self::Rename => ActName::Rename,
            Self::SetTopic => ActName::SetTopic,
            Self::SetPicture => ActName::SetPicture,
            Self::SetCustom => ActName::SetCustom,
            Self::Pin(_) => ActName::Pin,
            Self::Unpin(_) => ActName::Unpin,
            Self::CloseRoom => ActName::CloseRoom,
            Self::ReopenRoom => ActName::ReopenRoom,
            Self::DeleteRoom => ActName::DeleteRoom,
        }
    }
}

/// One act. It is written with what it did, all or nothing, and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The room.
    pub room: RoomId,
    /// The position at which it was committed, in the lane of the room.
    pub pos: u64,
    /// When.
    pub at: Timestamp,
    /// Who; `None` is the host.
    pub by: Option<UserId>,
    /// What.
    pub act: Act,
    /// To whom: also whose message was deleted or pinned, and whose link was taken back.
    pub user: Option<UserId>,
    /// Why, in the words of whoever did.
    pub reason: Option<String>,
}

/// A page of an audit trail, the newest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuditPage {
    /// The acts, at most as many as were asked for.
    pub entries: Vec<AuditEntry>,
    /// The position below which the next page begins, if there is one.
    pub next: Option<u64>,
}
