//! Reports: what somebody would have those who look after a room look at.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{MessageId, ReportId, RoomId, UserId};

/// A message that somebody has reported. One of each user and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// The room.
    pub room: RoomId,
    /// Which message.
    pub message: MessageId,
    /// Whose message it is.
    pub sender: UserId,
    /// Who has reported it. Whoever sent the message is never told.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    pub reason: Option<String>,
    /// What came of it; `None` while it waits.
    pub resolution: Option<Resolution>,
}

/// What came of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// When.
    pub at: Timestamp,
    /// Who has resolved it; `None` is the host.
    pub by: Option<UserId>,
    /// What was done.
    pub outcome: ReportOutcome,
}

/// What was done about a report. It is a word for it, and does nothing by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ReportOutcome {
    /// Nothing.
    Dismissed,
    /// The message was deleted.
    MessageDeleted,
    /// Whoever sent it was muted.
    UserMuted,
    /// Whoever sent it was banned.
    UserBanned,
}

/// A page of reports that wait, the oldest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReportPage {
    /// The reports, at most as many as were asked for.
    pub reports: Vec<Report>,
    /// The last of them, behind which the next page begins, if there is one.
    pub next: Option<ReportId>,
}
