//! Lines of what moderators do.

use serde::{Deserialize, Serialize};

use super::{FieldError, check_texts};
use crate::clock::Timestamp;
use crate::id::{MessageId, ReportId, RoomId, UserId};
use crate::model::{Ban, Report, ReportOutcome, Resolution};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct BanLine {
    room: RoomId,
    user: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<UserId>,
    at: Timestamp,
    until: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl BanLine {
    pub(in crate::transfer) fn record(self) -> Result<Ban, FieldError> {
        let Self { room, user, by, at, until, reason } = self;
        check_texts(&[("reason", reason.as_deref())])?;
        Ok(Ban { room, user, by, at, until, reason })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct ReportLine {
    room: RoomId,
    id: ReportId,
    message: MessageId,
    sender: UserId,
    by: UserId,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_by: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<ReportOutcome>,
}

impl From<Report> for ReportLine {
    fn from(report: Report) -> Self {
        let Report { id, room, message, sender, by, at, reason, resolution } = report;
        let resolved_at = resolution.as_ref().map(|one| one.at);
        let outcome = resolution.as_ref().map(|one| one.outcome);
        let resolved_by = resolution.and_then(|one| one.by);
        Self { room, id, message, sender, by, at, reason, resolved_at, resolved_by, outcome }
    }
}

impl ReportLine {
    pub(in crate::transfer) fn record(self) -> Result<Report, FieldError> {
        let Self { room, id, message, sender, by, at, reason, resolved_at, resolved_by, outcome } = self;
        check_texts(&[("reason", reason.as_deref())])?;
        let resolution = match (resolved_at, outcome) {
            (Some(at), Some(outcome)) => Some(Resolution { at, by: resolved_by, outcome }),
            (None, None) if resolved_by.is_none() => None,
            _ => return Err(FieldError::Unfit("outcome")),
        };
        Ok(Report { id, room, message, sender, by, at, reason, resolution })
    }
}

impl From<Ban> for BanLine {
    fn from(Ban { room, user, by, at, until, reason }: Ban) -> Self {
        Self { room, user, by, at, until, reason }
    }
}
