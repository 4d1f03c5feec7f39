//! What people who are away are told of besides messages.

use rusqlite::{Connection, params};

use super::error::SqliteError;
use super::read::{all, one};
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::model::InviteCode;
use crate::store::columns::{ReadRow, alert, alert_code, alert_payload};
use crate::store::{Alert, PushBatch, Rows};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

const PUT: &str = "INSERT INTO push_alerts (user, kind, subject, made_by, code, at, tries, due) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
     ON CONFLICT (user, kind, subject) DO UPDATE SET made_by = excluded.made_by, code = excluded.code, \
         at = excluded.at, tries = excluded.tries, due = excluded.due";

pub(super) const COUNT: &str = "SELECT count(*) FROM push_alerts WHERE user = ?1";

/// As many rows as wait for one user are sorted.
pub(super) const KEEP: &str = "DELETE FROM push_alerts WHERE (user, kind, subject) IN (SELECT user, kind, subject \
         FROM push_alerts WHERE user = ?1 ORDER BY at DESC, kind DESC, subject DESC LIMIT -1 OFFSET ?2)";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<()> {
    let Some(terms) = rows.alert_terms.filter(|_| !rows.more.new_alerts.is_empty()) else { return Ok(()) };
    for alert in &rows.more.new_alerts {
        let (key, (by, code)) = (alert.key(), alert_payload(&alert.occasion));
        conn.prepare_cached(PUT)?.execute(params![
            key.user.as_str(),
            alert_code(key.kind),
            key.subject,
            by.map(UserId::as_str),
            code.map(InviteCode::to_bytes),
            alert.at.as_millis(),
            alert.tries,
            alert.due.as_millis(),
        ])?;
    }
    for of_user in rows.more.new_alerts.chunk_by(|one, other| one.user == other.user) {
        let user = of_user[0].user.as_str();
        let count = one(conn, COUNT, &[&user], |columns| columns.number())?;
        if count.unwrap_or(0) > u64::from(terms.most) {
            conn.prepare_cached(KEEP)?.execute(params![user, terms.most])?;
        }
    }
    Ok(())
}

/// Those of a user, and those of a room: its kinds have the least codes.
pub(super) const END_OF_USER: &str = "DELETE FROM push_alerts WHERE user = ?1";
pub(super) const END_OF_ROOM: &str = "DELETE FROM push_alerts WHERE subject = ?1 AND kind <= 3";

pub(super) const IS_DUE: &str = "SELECT 1 FROM push_alerts WHERE due <= ?1 LIMIT 1";

/// Whether anything is.
pub(super) fn is_due(conn: &Connection, now: Timestamp) -> Result<bool> {
    Ok(one(conn, IS_DUE, &[&now.as_millis()], |columns| columns.number())?.is_some())
}

pub(super) const DUE: &str = "SELECT user, kind, subject, made_by, code, at, tries, due FROM push_alerts \
     WHERE due <= ?1 ORDER BY due, user, kind, subject LIMIT ?2";

/// Takes what is due, until then.
pub(super) fn due(conn: &Connection, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Alert>> {
    let due = all(conn, DUE, &[&now.as_millis(), &limit], |columns| alert(columns))?;
    for one in &due {
        put_off(conn, one, until)?;
    }
    Ok(due)
}

/// One that another has taken the place of has another time.
const PUT_OFF: &str = "UPDATE push_alerts SET tries = ?5, due = ?6 \
     WHERE user = ?1 AND kind = ?2 AND subject = ?3 AND at = ?4";

fn put_off(conn: &Connection, alert: &Alert, until: Timestamp) -> Result<()> {
    let (key, at) = (alert.key(), alert.at.as_millis());
    let (user, kind) = (key.user.as_str(), alert_code(key.kind));
    let values = params![user, kind, key.subject, at, alert.tries, until.as_millis()];
    conn.prepare_cached(PUT_OFF)?.execute(values)?;
    Ok(())
}

const END: &str = "DELETE FROM push_alerts WHERE user = ?1 AND kind = ?2 AND subject = ?3 AND at = ?4";

/// What has come of some.
pub(super) fn conclude(conn: &Connection, batch: &PushBatch) -> Result<()> {
    for told in &batch.told {
        let (key, at) = (told.key(), told.at.as_millis());
        let values = params![key.user.as_str(), alert_code(key.kind), key.subject, at];
        conn.prepare_cached(END)?.execute(values)?;
    }
    for later in &batch.put_off {
        put_off(conn, later, later.due)?;
    }
    Ok(())
}
