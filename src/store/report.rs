//! The rules of reports: who makes one, who says what came of it. Pure, like those of rooms.
//!
//! Nobody is told of a report but those who look after the room, least of all whoever it is about.

use super::apply::{Ctx, answered, done};
use super::govern::forbidden;
use super::moderate::{note, untold};
use super::{Answer, Outcome, Rows};
use crate::error::{ErrorKind, Result};
use crate::id::{MessageId, ReportId};
use crate::model::{Act, Report, ReportOutcome, Resolution, Verb};

/// Whoever reads a message may report it.
pub(super) fn report(
    ctx: &Ctx,
    id: ReportId,
    of: MessageId,
    reason: Option<String>,
    rows: &mut Rows,
) -> Result<Outcome> {
    let room = ctx.room(rows)?;
    let by = ctx.by.clone().ok_or(ErrorKind::NotAParticipant(room.id))?;
    ctx.active_member(&by, rows)?;
    let mut first = rows.more.reports.values();
    if let Some(first) = first.find(|one| (one.room, one.message, &one.by) == (room.id, of, &by)) {
        return answered(Vec::new(), Answer::Reported(Box::new(first.clone())));
    }
    let message = rows.message(room.id, of).ok_or(ErrorKind::MessageNotFound(of))?;
    if message.body.is_deleted() {
        return Err(ErrorKind::MessageDeleted(of).into());
    }
    if message.sender.user == by || !message.body.is_countable() {
        return forbidden("nobody reports what they or the server have said");
    }
    let (at, sender, resolution) = (ctx.at, message.sender.user.clone(), None);
    let report = Report { id, room: room.id, message: of, sender, by, at, reason, resolution };
    rows.put_report(report.clone());
    answered(Vec::new(), Answer::Reported(Box::new(report)))
}

/// Says what came of a report.
pub(super) fn resolve(ctx: &Ctx, id: ReportId, outcome: ReportOutcome, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    ctx.check_may(Verb::Moderate, &room, rows)?;
    let report = rows.more.reports.get(&id).filter(|report| report.room == room.id).cloned();
    let mut report = report.ok_or(ErrorKind::ReportNotFound(id))?;
    if report.resolution.is_some() {
        return done(Vec::new());
    }
    let change = untold(&mut room, rows);
    let (sender, act) = (report.sender.clone(), Act::Resolve(report.message, outcome));
    report.resolution = Some(Resolution { at: ctx.at, by: ctx.by.clone(), outcome });
    rows.put_report(report);
    note(ctx, &change, act, Some(sender), None, rows);
    rows.put_room(room);
    done(vec![change])
}
