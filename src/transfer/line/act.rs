//! The line of an act of an audit trail.

use serde::{Deserialize, Serialize};

use super::member::RoleLine;
use super::{FieldError, check_texts};
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{Act, AuditEntry, MAX_SLOW_MODE, ReportOutcome, Retention, Visibility};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct ActLine {
    room: RoomId,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<UserId>,
    act: KindLine,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// By the words of the wire. Those without fields have braces, so that no other field is taken.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
enum KindLine {
    Mute {
        until: Timestamp,
    },
    Unmute {},
    Ban {
        until: Timestamp,
    },
    Unban {},
    Remove {},
    DeleteMessage {
        message: MessageId,
    },
    SetRole {
        role: RoleLine,
    },
    SlowMode {
        seconds: u32,
    },
    ResolveReport {
        message: MessageId,
        outcome: ReportOutcome,
    },
    SetRetention {
        #[serde(skip_serializing_if = "Option::is_none")]
        retention: Option<Retention>,
    },
    ApproveMessage {
        message: MessageId,
    },
    RejectMessage {
        message: MessageId,
    },
    DeleteRoom {},
    ApproveJoin {},
    RejectJoin {},
    SetPermissions {},
    SetVisibility {
        visibility: Visibility,
    },
    RevokeInvite {},
    CloseRoom {},
    ReopenRoom {},
    Rename {},
    SetTopic {},
    SetPicture {},
    SetCustom {},
    PinMessage {
        message: MessageId,
    },
    UnpinMessage {
        message: MessageId,
    },
}

impl ActLine {
    pub(in crate::transfer) fn record(self) -> Result<AuditEntry, FieldError> {
        let Self { room, at, by, act, user, reason } = self;
        check_texts(&[("reason", reason.as_deref())])?;
        let act = match act {
            KindLine::Mute { until } => Act::Mute(until),
            KindLine::Unmute {} => Act::Unmute,
            KindLine::Ban { until } => Act::Ban(until),
            KindLine::Unban {} => Act::Unban,
            KindLine::Remove {} => Act::Remove,
            KindLine::DeleteMessage { message } => Act::Delete(message),
            KindLine::SetRole { role } => Act::SetRole(role.into()),
            KindLine::SlowMode { seconds } if seconds <= MAX_SLOW_MODE => Act::SlowMode(seconds),
            KindLine::ResolveReport { message, outcome } => Act::Resolve(message, outcome),
            KindLine::SetRetention { retention } => Act::SetRetention(retention),
            KindLine::ApproveMessage { message } => Act::ApproveMessage(message),
            KindLine::RejectMessage { message } => Act::RejectMessage(message),
            KindLine::ApproveJoin {} => Act::ApproveJoin,
            KindLine::RejectJoin {} => Act::RejectJoin,
            KindLine::SetPermissions {} => Act::SetPermissions,
            KindLine::SetVisibility { visibility } => Act::SetVisibility(visibility),
            KindLine::RevokeInvite {} => Act::RevokeInvite,
            KindLine::CloseRoom {} => Act::CloseRoom,
            KindLine::ReopenRoom {} => Act::ReopenRoom,
            KindLine::Rename {} => Act::Rename,
            KindLine::SetTopic {} => Act::SetTopic,
            KindLine::SetPicture {} => Act::SetPicture,
            KindLine::SetCustom {} => Act::SetCustom,
            KindLine::PinMessage { message } => Act::Pin(message),
            KindLine::UnpinMessage { message } => Act::Unpin(message),
            // No room that is there was deleted.
            KindLine::SlowMode { .. } | KindLine::DeleteRoom {} => return Err(FieldError::Unfit("act")),
        };
        Ok(AuditEntry { room, pos: 0, at, by, act, user, reason })
    }
}

impl From<AuditEntry> for ActLine {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { room, pos: _, at, by, act, user, reason } = entry;
        let act = match act {
            Act::Mute(until) => KindLine::Mute { until },
            Act::Unmute => KindLine::Unmute {},
            Act::Ban(until) => KindLine::Ban { until },
            Act::Unban => KindLine::Unban {},
            Act::Remove => KindLine::Remove {},
            Act::Delete(message) => KindLine::DeleteMessage { message },
            Act::SetRole(role) => KindLine::SetRole { role: role.into() },
            Act::SlowMode(seconds) => KindLine::SlowMode { seconds },
            Act::Resolve(message, outcome) => KindLine::ResolveReport { message, outcome },
            Act::SetRetention(retention) => KindLine::SetRetention { retention },
            Act::ApproveMessage(message) => KindLine::ApproveMessage { message },
            Act::RejectMessage(message) => KindLine::RejectMessage { message },
            Act::DeleteRoom => KindLine::DeleteRoom {},
            Act::ApproveJoin => KindLine::ApproveJoin {},
            Act::RejectJoin => KindLine::RejectJoin {},
            Act::SetPermissions => KindLine::SetPermissions {},
            Act::SetVisibility(visibility) => KindLine::SetVisibility { visibility },
            Act::RevokeInvite => KindLine::RevokeInvite {},
            Act::CloseRoom => KindLine::CloseRoom {},
            Act::ReopenRoom => KindLine::ReopenRoom {},
            Act::Rename => KindLine::Rename {},
            Act::SetTopic => KindLine::SetTopic {},
            Act::SetPicture => KindLine::SetPicture {},
            Act::SetCustom => KindLine::SetCustom {},
            Act::Pin(message) => KindLine::PinMessage { message },
            Act::Unpin(message) => KindLine::UnpinMessage { message },
        };
        Self { room, at, by, act, user, reason }
    }
}
