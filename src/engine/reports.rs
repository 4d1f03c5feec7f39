//! Reports: made by whoever reads, looked at by whoever looks after the room.

use super::moderation::check_reason;
use super::{Actor, Admin, ChatEngine};
use crate::error::{ErrorKind, Result};
use crate::id::{MessageId, ReportId, RoomId};
use crate::model::{Limit, Report, ReportOutcome, ReportPage, Verb};
use crate::store::{Answer, Op};

impl Actor {
    /// Has those who look after the room look at a message of somebody else's, for a reason of at most
    /// [`Ban::MAX_REASON_BYTES`](crate::model::Ban::MAX_REASON_BYTES) or none. Whoever sent it is never told. One user
    /// reports a message once: again gives the first report back.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) for another reason; [`Forbidden`](ErrorKind::Forbidden) for a message of the actor's
    /// own or the server's; [`MessageNotFound`](ErrorKind::MessageNotFound); [`MessageDeleted`](ErrorKind::MessageDeleted).
    pub async fn report(&self, room: RoomId, message: MessageId, reason: Option<String>) -> Result<Report> {
        let (id, reason) = (ReportId::generate(), reason.map(check_reason).transpose()?.flatten());
        match self.commit(room, Op::Report { id, message, reason }).await? {
            Answer::Reported(report) => Ok(*report),
            other => Err(ErrorKind::Corrupt(format!("a report was answered with {other:?}").into()).into()),
        }
    }

    /// The reports of a room that wait, the oldest first, beyond `after`: at most `limit`. It takes
    /// [`Verb::Moderate`].
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden), in a direct room always.
    pub async fn reports(&self, room: RoomId, after: Option<ReportId>, limit: Limit) -> Result<ReportPage> {
        self.check_moderator(room).await?;
        self.engine.reports(Some(room), after, limit).await
    }

    /// Says what came of a report, which then waits no more. It takes [`Verb::Moderate`], does nothing to the message
    /// or to anybody, and is in the [audit trail](Self::audit). What was said first stands.
    ///
    /// # Errors
    /// [`ReportNotFound`](ErrorKind::ReportNotFound); [`Forbidden`](ErrorKind::Forbidden), in a direct room always; the
    /// policy's.
    pub async fn resolve_report(&self, room: RoomId, id: ReportId, outcome: ReportOutcome) -> Result<()> {
        self.check_policy(Verb::Moderate, room, &[]).await?;
        self.commit(room, Op::Resolve { id, outcome }).await.map(drop)
    }
}

impl Admin {
    /// Reports that wait, of a room or of all, the oldest first, beyond `after`: at most `limit`.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub async fn reports(
        &self,
        room: Option<RoomId>,
        after: Option<ReportId>,
        limit: Limit,
    ) -> Result<ReportPage> {
        self.engine.reports(room, after, limit).await
    }

    /// Says what came of a report: see [`Actor::resolve_report`](crate::Actor::resolve_report).
    ///
    /// # Errors
    /// [`ReportNotFound`](ErrorKind::ReportNotFound).
    pub async fn resolve_report(&self, room: RoomId, id: ReportId, outcome: ReportOutcome) -> Result<()> {
        self.commit(room, Op::Resolve { id, outcome }).await.map(drop)
    }
}

impl ChatEngine {
    async fn reports(
        &self,
        room: Option<RoomId>,
        after: Option<ReportId>,
        limit: Limit,
    ) -> Result<ReportPage> {
        let reports = self.store().reports(room, after, limit.count() + 1).await?;
        let (reports, next) = limit.page(reports, |report| report.id);
        Ok(ReportPage { reports, next })
    }
}
