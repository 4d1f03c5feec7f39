//! Reports as JSON.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{MessageId, ReportId, RoomId, UserId};
use crate::model::{Report, ReportPage};

/// A report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Report))]
pub(crate) struct ReportJson<'a> {
    /// Its id.
    report_uuid: ReportId,
    /// The room.
    room_uuid: RoomId,
    /// The message.
    message_uuid: MessageId,
    /// Whose message it is.
    sender_uuid: &'a UserId,
    /// Who has reported it.
    reported_by: &'a UserId,
    /// When.
    created_at: Timestamp,
    /// Why.
    #[cfg_attr(feature = "openapi", schema(required))]
    reason: Option<&'a str>,
}

impl<'a> From<&'a Report> for ReportJson<'a> {
    fn from(report: &'a Report) -> Self {
        Self {
            report_uuid: report.id,
            room_uuid: report.room,
            message_uuid: report.message,
            sender_uuid: &report.sender,
            reported_by: &report.by,
            created_at: report.at,
            reason: report.reason.as_deref(),
        }
    }
}

/// A page of reports that wait.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Reports))]
pub(crate) struct ReportsJson<'a> {
    /// The reports, the oldest first.
    reports: Vec<ReportJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<ReportId>,
}

impl<'a> From<&'a ReportPage> for ReportsJson<'a> {
    fn from(page: &'a ReportPage) -> Self {
        Self { reports: page.reports.iter().map(Into::into).collect(), next_cursor: page.next }
    }
}
