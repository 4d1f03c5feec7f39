//! Mutes, bans and the audit trail as JSON.

use serde::Serialize;

use super::{RetentionJson, UserJson};
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{
    Act, ActName, AuditEntry, AuditPage, Ban, BanPage, Profile, ReportOutcome, Role, Visibility,
};

/// Somebody was muted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Mute))]
pub(crate) struct MuteJson<'a> {
    /// The room.
    pub(crate) room_uuid: RoomId,
    /// Who.
    pub(crate) user_uuid: &'a UserId,
    /// Until when; `9999-12-31T23:59:59.999Z`: for good.
    pub(crate) muted_until: Timestamp,
}

/// A ban.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Ban))]
pub(crate) struct BanJson<'a> {
    /// The room.
    room_uuid: RoomId,
    /// Who.
    user_uuid: &'a UserId,
    /// Who has banned them; null: the host.
    #[cfg_attr(feature = "openapi", schema(required))]
    banned_by: Option<&'a UserId>,
    /// When.
    banned_at: Timestamp,
    /// Until when; `9999-12-31T23:59:59.999Z`: for good.
    banned_until: Timestamp,
    /// Why.
    #[cfg_attr(feature = "openapi", schema(required))]
    reason: Option<&'a str>,
}

impl<'a> From<&'a Ban> for BanJson<'a> {
    fn from(ban: &'a Ban) -> Self {
        Self {
            room_uuid: ban.room,
            user_uuid: &ban.user,
            banned_by: ban.by.as_ref(),
            banned_at: ban.at,
            banned_until: ban.until,
            reason: ban.reason.as_deref(),
        }
    }
}

/// A page of bans.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Bans))]
pub(crate) struct BansJson<'a> {
    /// Those that hold, in the order of the users' ids.
    bans: Vec<BannedJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<&'a UserId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Banned))]
struct BannedJson<'a> {
    #[serde(flatten)]
    user: UserJson<'a>,
    /// Who has banned them; null: the host.
    #[cfg_attr(feature = "openapi", schema(required))]
    banned_by: Option<&'a UserId>,
    /// When.
    banned_at: Timestamp,
    /// Until when; `9999-12-31T23:59:59.999Z`: for good.
    banned_until: Timestamp,
    /// Why.
    #[cfg_attr(feature = "openapi", schema(required))]
    reason: Option<&'a str>,
}

impl<'a> From<&'a BanPage> for BansJson<'a> {
    fn from(page: &'a BanPage) -> Self {
        let banned = |(ban, profile): &'a (Ban, Profile)| BannedJson {
            user: profile.into(),
            banned_by: ban.by.as_ref(),
            banned_at: ban.at,
            banned_until: ban.until,
            reason: ban.reason.as_deref(),
        };
        Self { bans: page.bans.iter().map(banned).collect(), next_cursor: page.next.as_ref() }
    }
}

/// A page of a room's audit trail.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Audit))]
pub(crate) struct AuditJson<'a> {
    /// What was done, the newest first.
    audit: Vec<ActJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<u64>,
}

/// Something that was done by a right that not everybody has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Act))]
struct ActJson<'a> {
    /// What.
    act: ActName,
    /// When.
    created_at: Timestamp,
    /// Who has done it; null: the host.
    #[cfg_attr(feature = "openapi", schema(required))]
    done_by: Option<&'a UserId>,
    /// To whom; whose message was deleted or pinned. Not there: to the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    user_uuid: Option<&'a UserId>,
    /// The message of a `deleteMessage`, a `resolveReport`, an `approveMessage`, a `rejectMessage`, a `pinMessage` and an
    /// `unpinMessage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    message_uuid: Option<MessageId>,
    /// Until when, of a `mute` and a `ban`; `9999-12-31T23:59:59.999Z`: for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    until: Option<Timestamp>,
    /// The role of a `setRole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    role: Option<Role>,
    /// What was done about the report of a `resolveReport`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    outcome: Option<ReportOutcome>,
    /// The seconds of a `slowMode`; 0: as any other room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    slow_mode: Option<u32>,
    /// The rule of a `setRetention`; without one, what holds for any room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    retention: Option<RetentionJson>,
    /// Who may find the room since a `setVisibility`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    visibility: Option<Visibility>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    reason: Option<&'a str>,
}

impl<'a> From<&'a AuditEntry> for ActJson<'a> {
    fn from(entry: &'a AuditEntry) -> Self {
        let mut json = Self {
            act: entry.act.name(),
            created_at: entry.at,
            done_by: entry.by.as_ref(),
            user_uuid: entry.user.as_ref(),
            message_uuid: None,
            until: None,
            role: None,
            outcome: None,
            slow_mode: None,
            retention: None,
            visibility: None,
            reason: entry.reason.as_deref(),
        };
        match entry.act {
            Act::Mute(until) | Act::Ban(until) => json.until = Some(until),
            Act::Delete(message)
            | Act::ApproveMessage(message)
            | Act::RejectMessage(message)
            | Act::Pin(message)
            | Act::Unpin(message) => json.message_uuid = Some(message),
            Act::SetRole(role) => json.role = Some(role),
            Act::Resolve(message, outcome) => {
                (json.message_uuid, json.outcome) = (Some(message), Some(outcome));
            }
            Act::SlowMode(seconds) => json.slow_mode = Some(seconds),
            Act::SetRetention(rule) => json.retention = rule.map(Into::into),
            Act::SetVisibility(visibility) => json.visibility = Some(visibility),
            Act::Unmute | Act::Unban | Act::Remove | Act::ApproveJoin | Act::RejectJoin => {}
            Act::SetPermissions | Act::RevokeInvite => {}
            Act::Rename | Act::SetTopic | Act::SetPicture | Act::SetCustom => {}
            Act::CloseRoom | Act::ReopenRoom | Act::DeleteRoom => {}
        }
        json
    }
}

impl<'a> From<&'a AuditPage> for AuditJson<'a> {
    fn from(page: &'a AuditPage) -> Self {
        Self { audit: page.entries.iter().map(Into::into).collect(), next_cursor: page.next }
    }
}
