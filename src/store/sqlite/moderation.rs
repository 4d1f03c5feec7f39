//! Bans, reports and the audit trail: read, loaded and written.

use rusqlite::{Connection, params};

use super::columns::ban_columns;
use super::error::SqliteError;
use super::read::{all, beyond_user, one};
use crate::clock::Timestamp;
use crate::id::{MessageId, ReportId, RoomId, UserId};
use crate::model::{AuditEntry, Ban, Profile, Report};
use crate::store::columns::{
    self, act_columns, audit_columns, audit_entry, ban_of, int, outcome_code, report, report_columns,
};
use crate::store::{Needs, Rows};

pub(super) const BAN: &str =
    concat!("SELECT ", ban_columns!(), " FROM bans b WHERE b.room = ?1 AND b.user = ?2");

pub(super) fn ban(conn: &Connection, room: RoomId, user: &UserId) -> Result<Option<Ban>, SqliteError> {
    one(conn, BAN, &[&room.to_bytes(), &user.as_str()], |columns| columns::ban(columns))
}

pub(super) const BANS: &str = concat!(
    "SELECT ",
    ban_columns!(),
    ", p.nickname, p.image FROM bans b LEFT JOIN profiles p ON p.user = b.user \
     WHERE b.room = ?1 AND b.user > ?2 AND b.until > ?3 ORDER BY b.user LIMIT ?4"
);

pub(super) fn bans(
    conn: &Connection,
    room: RoomId,
    now: Timestamp,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<(Ban, Profile)>, SqliteError> {
    let params = (room.to_bytes(), beyond_user(after), now.as_millis());
    all(conn, BANS, &[&params.0, &params.1, &params.2, &limit], |columns| ban_of(columns))
}

pub(super) const AUDIT: &str = concat!(
    "SELECT ",
    audit_columns!(),
    " FROM audit t WHERE t.room = ?1 AND t.pos < ?2 ORDER BY t.pos DESC LIMIT ?3"
);

pub(super) fn audit(
    conn: &Connection,
    room: RoomId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditEntry>, SqliteError> {
    let params = (room.to_bytes(), int(before.unwrap_or(u64::MAX)));
    all(conn, AUDIT, &[&params.0, &params.1, &limit], |columns| audit_entry(columns))
}

pub(super) const REPORTS: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM reports w WHERE w.outcome IS NULL AND w.id > ?1 ORDER BY w.id LIMIT ?2"
);

pub(super) const REPORTS_IN: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM reports w WHERE w.outcome IS NULL AND w.room = ?1 AND w.id > ?2 ORDER BY w.id LIMIT ?3"
);

pub(super) fn reports(
    conn: &Connection,
    room: Option<RoomId>,
    after: Option<ReportId>,
    limit: u32,
) -> Result<Vec<Report>, SqliteError> {
    // The empty blob is before every id.
    let after = after.map(|id| id.to_bytes().to_vec()).unwrap_or_default();
    match room {
        Some(room) => all(conn, REPORTS_IN, &[&room.to_bytes(), &after, &limit], |columns| report(columns)),
        None => all(conn, REPORTS, &[&after, &limit], |columns| report(columns)),
    }
}

pub(super) const REPORTS_BY: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM reports w INDEXED BY reports_by_maker WHERE w.made_by = ?1 AND w.id > ?2 ORDER BY w.id LIMIT ?3"
);

pub(super) fn reports_by(
    conn: &Connection,
    user: &UserId,
    after: Option<ReportId>,
    limit: u32,
) -> Result<Vec<Report>, SqliteError> {
    let after = after.map(|id| id.to_bytes().to_vec()).unwrap_or_default();
    all(conn, REPORTS_BY, &[&user.as_str(), &after, &limit], |columns| report(columns))
}

pub(super) const REPORT: &str =
    concat!("SELECT ", report_columns!(), " FROM reports w WHERE w.id = ?1 AND w.room = ?2");

pub(super) const REPORTED: &str = concat!(
    "SELECT ",
    report_columns!(),
    " FROM reports w WHERE w.room = ?1 AND w.message = ?2 AND w.made_by = ?3"
);

// Named, for SQLite would rather walk the room's acts.
pub(super) const ACTS_AT: &str =
    concat!("SELECT ", audit_columns!(), " FROM audit t INDEXED BY audit_at WHERE t.room = ?1 AND t.at = ?2");

pub(super) fn load(conn: &Connection, needs: &Needs, rows: &mut Rows) -> Result<(), SqliteError> {
    for (room, user) in &needs.more.bans {
        rows.more.bans.extend(ban(conn, *room, user)?.map(|ban| ((*room, user.clone()), ban)));
    }
    for (room, at) in &needs.more.acts {
        let params = (room.to_bytes(), at.as_millis());
        rows.more.acts.extend(all(conn, ACTS_AT, &[&params.0, &params.1], |columns| audit_entry(columns))?);
    }
    for (room, message, user) in &needs.more.reported {
        let key = (room.to_bytes(), message.to_bytes());
        let found = one(conn, REPORTED, &[&key.0, &key.1, &user.as_str()], |columns| report(columns))?;
        rows.more.reports.extend(found.map(|report| (report.id, report)));
    }
    for (room, id) in &needs.more.reports {
        let found = one(conn, REPORT, &[&id.to_bytes(), &room.to_bytes()], |columns| report(columns))?;
        rows.more.reports.extend(found.map(|report| (report.id, report)));
    }
    Ok(())
}

const WRITE_BAN: &str = "INSERT INTO bans (room, user, made_by, made_at, until, reason) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room, user) DO UPDATE SET made_by = excluded.made_by, \
         made_at = excluded.made_at, until = excluded.until, reason = excluded.reason";

const WRITE_REPORT: &str = "INSERT INTO reports (id, room, message, sender, made_by, at, reason, resolved_at, \
         resolved_by, outcome) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET \
         resolved_at = excluded.resolved_at, resolved_by = excluded.resolved_by, outcome = excluded.outcome";

const END_REPORT: &str = "DELETE FROM reports WHERE id = ?1";

const ADD_ACT: &str = "INSERT INTO audit (room, pos, at, made_by, act, value, message, whom, reason) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const END_BAN: &str = "DELETE FROM bans WHERE room = ?1 AND user = ?2";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<(), SqliteError> {
    for key in &rows.more.written_bans {
        let (room, user) = (key.0.to_bytes(), key.1.as_str());
        match rows.more.bans.get(key) {
            Some(Ban { by, at, until, reason, .. }) => {
                let by = by.as_ref().map(UserId::as_str);
                let values = params![room, user, by, at.as_millis(), until.as_millis(), reason];
                conn.prepare_cached(WRITE_BAN)?.execute(values)?
            }
            None => conn.prepare_cached(END_BAN)?.execute(params![room, user])?,
        };
    }
    for id in &rows.more.written_reports {
        let Some(report) = rows.more.reports.get(id) else {
            conn.prepare_cached(END_REPORT)?.execute([id.to_bytes()])?;
            continue;
        };
        let resolution = report.resolution.as_ref();
        conn.prepare_cached(WRITE_REPORT)?.execute(params![
            report.id.to_bytes(),
            report.room.to_bytes(),
            report.message.to_bytes(),
            report.sender.as_str(),
            report.by.as_str(),
            report.at.as_millis(),
            report.reason,
            resolution.map(|one| one.at.as_millis()),
            resolution.and_then(|one| one.by.as_ref()).map(UserId::as_str),
            resolution.map(|one| outcome_code(one.outcome)),
        ])?;
    }
    for AuditEntry { room, pos, at, by, act, user, reason } in &rows.more.new_acts {
        let (code, value, message) = act_columns(*act);
        let (by, user) = (by.as_ref().map(UserId::as_str), user.as_ref().map(UserId::as_str));
        let message = message.map(MessageId::to_bytes);
        let values =
            params![room.to_bytes(), int(*pos), at.as_millis(), by, code, value, message, user, reason];
        conn.prepare_cached(ADD_ACT)?.execute(values)?;
    }
    Ok(())
}
