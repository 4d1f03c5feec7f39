//! How bans, reports and the audit trail stand in columns.

use super::ReadRow;
use super::written::role_code;
use crate::clock::Timestamp;
use crate::id::{MessageId, ReportId};
use crate::model::{
    Act, AuditEntry, Ban, Profile, Report, ReportOutcome, Resolution, Retention, Role, Visibility,
};

pub(in crate::store) fn ban<'r, R: ReadRow<'r>>(columns: &mut R) -> Result<Ban, R::Error> {
    Ok(Ban {
        room: columns.room_id()?,
        user: columns.parsed()?,
        by: columns.maybe()?,
        at: columns.time()?,
        until: columns.time()?,
        reason: columns.maybe_text()?.map(Into::into),
    })
}

/// Reads a ban and what is shown of the user.
pub(in crate::store) fn ban_of<'r, R: ReadRow<'r>>(columns: &mut R) -> Result<(Ban, Profile), R::Error> {
    let ban = ban(columns)?;
    let profile = columns.profile(ban.user.clone())?;
    Ok((ban, profile))
}

/// What [`audit_entry`] reads, of `audit t`.
macro_rules! audit_columns {
    () => {
        "t.room, t.pos, t.at, t.made_by, t.act, t.value, t.message, t.whom, t.reason"
    };
}

pub(in crate::store) use audit_columns;

/// An act in its columns: its code, a number that goes with it, a message.
pub(in crate::store) fn act_columns(act: Act) -> (i16, Option<i64>, Option<MessageId>) {
    match act {
        Act::Mute(until) => (1, Some(until.as_millis()), None),
        Act::Unmute => (2, None, None),
        Act::Ban(until) => (3, Some(until.as_millis()), None),
        Act::Unban => (4, None, None),
        Act::Remove => (5, None, None),
        Act::Delete(message) => (6, None, Some(message)),
        Act::SetRole(role) => (7, Some(role_code(role).into()), None),
        Act::SlowMode(seconds) => (8, Some(seconds.into()), None),
        Act::DeleteRoom => (11, None, None),
        Act::SetRetention(rule) => (10, rule.map(retention_code), None),
        Act::Resolve(message, outcome) => (9, Some(outcome_code(outcome).into()), Some(message)),
        Act::ApproveMessage(message) => (11, None, Some(message)),
        Act::RejectMessage(message) => (12, None, Some(message)),
        Act::ApproveJoin => (13, None, None),
        Act::RejectJoin => (14, None, None),
        Act::SetPermissions => (15, None, None),
        Act::SetVisibility(visibility) => (16, Some((visibility == Visibility::Public).into()), None),
        Act::RevokeInvite => (17, None, None),
        Act::CloseRoom => (18, None, None),
        Act::ReopenRoom => (19, None, None),
        Act::Rename => (20, None, None),
        Act::SetTopic => (21, None, None),
        Act::SetPicture => (22, None, None),
        Act::SetCustom => (23, None, None),
        Act::Pin(message) => (24, None, Some(message)),
        Act::Unpin(message) => (25, None, Some(message)),
    }
}

pub(in crate::store) fn audit_entry<'r, R: ReadRow<'r>>(columns: &mut R) -> Result<AuditEntry, R::Error> {
    let (room, pos, at, by) = (columns.room_id()?, columns.number()?, columns.time()?, columns.maybe()?);
    let (code, value) = (columns.code()?, columns.maybe_integer()?);
    let message = columns.maybe_id()?.map(MessageId::from_bytes);
    let role = |value| match value {
        1 => Some(Role::Owner),
        2 => Some(Role::Member),
        3 => Some(Role::Admin),
        4 => Some(Role::ReadOnly),
        _ => None,
    };
    let act = match (code, value, message) {
        (1, Some(until), None) => Some(Act::Mute(Timestamp::from_millis(until))),
        (2, None, None) => Some(Act::Unmute),
        (3, Some(until), None) => Some(Act::Ban(Timestamp::from_millis(until))),
        (4, None, None) => Some(Act::Unban),
        (5, None, None) => Some(Act::Remove),
        (6, None, Some(message)) => Some(Act::Delete(message)),
        (7, Some(value), None) => role(value).map(Act::SetRole),
        (8, Some(seconds), None) => u32::try_from(seconds).ok().map(Act::SlowMode),
        (11, None, None) => Some(Act::DeleteRoom),
        (10, None, None) => Some(Act::SetRetention(None)),
        (10, Some(rule), None) => retention_of(rule).map(|rule| Act::SetRetention(Some(rule))),
        (9, Some(code), Some(message)) => outcome_of(code).map(|outcome| Act::Resolve(message, outcome)),
        (11, None, Some(message)) => Some(Act::ApproveMessage(message)),
        (12, None, Some(message)) => Some(Act::RejectMessage(message)),
        (13, None, None) => Some(Act::ApproveJoin),
        (14, None, None) => Some(Act::RejectJoin),
        (15, None, None) => Some(Act::SetPermissions),
        (16, Some(0), None) => Some(Act::SetVisibility(Visibility::Private)),
        (16, Some(1), None) => Some(Act::SetVisibility(Visibility::Public)),
        (17, None, None) => Some(Act::RevokeInvite),
        (18, None, None) => Some(Act::CloseRoom),
        (19, None, None) => Some(Act::ReopenRoom),
        (20, None, None) => Some(Act::Rename),
        (21, None, None) => Some(Act::SetTopic),
        (22, None, None) => Some(Act::SetPicture),
        (23, None, None) => Some(Act::SetCustom),
        (24, None, Some(message)) => Some(Act::Pin(message)),
        (25, None, Some(message)) => Some(Act::Unpin(message)),
        _ => None,
    };
    let act = act.ok_or_else(|| R::no_match("audit.act"))?;
    let (user, reason) = (columns.maybe()?, columns.maybe_text()?.map(Into::into));
    Ok(AuditEntry { room, pos, at, by, act, user, reason })
}

/// Days and messages, each less than 2³¹, 0 being none.
fn retention_code(rule: Retention) -> i64 {
    i64::from(rule.days().unwrap_or(0)) << 32 | i64::from(rule.messages().unwrap_or(0))
}

fn retention_of(code: i64) -> Option<Retention> {
    let part = |part: i64| u32::try_from(part).ok().map(|part| Some(part).filter(|part| *part > 0));
    Retention::new(part(code >> 32)?, part(code & 0xffff_ffff)?).ok()
}

/// What [`report`] reads, of `reports w`.
macro_rules! report_columns {
    () => {
        "w.id, w.room, w.message, w.sender, w.made_by, w.at, w.reason, w.resolved_at, w.resolved_by, w.outcome"
    };
}

pub(in crate::store) use report_columns;

pub(in crate::store) fn report<'r, R: ReadRow<'r>>(columns: &mut R) -> Result<Report, R::Error> {
    let id = ReportId::from_bytes(columns.bytes()?);
    let (room, message) = (columns.room_id()?, MessageId::from_bytes(columns.bytes()?));
    let (sender, by, at) = (columns.parsed()?, columns.parsed()?, columns.time()?);
    let reason = columns.maybe_text()?.map(Into::into);
    let (resolved_at, resolved_by, code) =
        (columns.maybe_time()?, columns.maybe()?, columns.maybe_integer()?);
    let resolution = match (resolved_at, code) {
        (Some(at), Some(code)) => {
            let outcome = outcome_of(code).ok_or_else(|| columns.no_sense())?;
            Some(Resolution { at, by: resolved_by, outcome })
        }
        (None, None) => None,
        _ => return Err(R::no_match("reports.outcome")),
    };
    Ok(Report { id, room, message, sender, by, at, reason, resolution })
}

pub(in crate::store) fn outcome_code(outcome: ReportOutcome) -> i16 {
    match outcome {
        ReportOutcome::Dismissed => 1,
        ReportOutcome::MessageDeleted => 2,
        ReportOutcome::UserMuted => 3,
        ReportOutcome::UserBanned => 4,
    }
}

fn outcome_of(code: i64) -> Option<ReportOutcome> {
    match code {
        1 => Some(ReportOutcome::Dismissed),
        2 => Some(ReportOutcome::MessageDeleted),
        3 => Some(ReportOutcome::UserMuted),
        4 => Some(ReportOutcome::UserBanned),
        _ => None,
    }
}
