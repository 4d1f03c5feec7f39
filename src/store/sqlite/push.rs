//! How far notices have come.

use rusqlite::{Connection, OptionalExtension, params};

use super::alerts;
use super::error::SqliteError;
use super::read::{all, beyond, one};
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::store::columns::{ReadRow, int};
use crate::store::{PushBatch, PushRetry};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

/// The moment is kept as it was given first.
pub(super) fn since(conn: &Connection, now: Timestamp) -> Result<Timestamp> {
    conn.execute("UPDATE meta SET pushed_since = ?1 WHERE pushed_since IS NULL", [now.as_millis()])?;
    let since = one(conn, "SELECT pushed_since FROM meta", &[], |columns| columns.time())?;
    Ok(since.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
}

/// Walks all rooms by their ids.
pub(super) const ROOMS: &str = "SELECT r.id FROM rooms r LEFT JOIN pushed x ON x.room = r.id \
     WHERE r.id > ?1 AND r.last_message_at >= ?2 AND r.seq > ifnull(x.seq, 0) ORDER BY r.id LIMIT ?3";

pub(super) fn rooms(
    conn: &Connection,
    since: Timestamp,
    after: Option<RoomId>,
    limit: u32,
) -> Result<Vec<RoomId>> {
    all(conn, ROOMS, &[&beyond(after), &since.as_millis(), &limit], |columns| columns.room_id())
}

pub(super) const CONSIDERED: &str = "SELECT seq FROM pushed WHERE room = ?1";

pub(super) fn considered(conn: &Connection, rooms: &[RoomId]) -> Result<Vec<(RoomId, u64)>> {
    let seq = |room: &RoomId| {
        let seq = one(conn, CONSIDERED, &[&room.to_bytes()], |columns| columns.number())?;
        Ok((*room, seq.unwrap_or(0)))
    };
    rooms.iter().map(seq).collect()
}

pub(super) const DUE: &str = "SELECT room, user, seq, tries, due FROM push_retries WHERE due <= ?1 \
     ORDER BY due, room, user LIMIT ?2";

const TAKE: &str = "UPDATE push_retries SET due = ?3 WHERE room = ?1 AND user = ?2";

/// Takes what is due, until then.
pub(super) fn due(conn: &Connection, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<PushRetry>> {
    let due = all(conn, DUE, &[&now.as_millis(), &limit], |columns| columns.push_retry())?;
    for one in &due {
        let values = params![one.room.to_bytes(), one.user.as_str(), until.as_millis()];
        conn.prepare_cached(TAKE)?.execute(values)?;
    }
    Ok(due)
}

pub(super) const IS_DUE: &str = "SELECT 1 FROM push_retries WHERE due <= ?1 LIMIT 1";

/// Whether anything is.
pub(super) fn is_due(conn: &Connection, now: Timestamp) -> Result<bool> {
    Ok(one(conn, IS_DUE, &[&now.as_millis()], |columns| columns.number())?.is_some())
}

const CONSIDER: &str = "INSERT INTO pushed (room, seq) VALUES (?1, ?2) \
     ON CONFLICT (room) DO UPDATE SET seq = max(seq, excluded.seq)";

const END: &str = "DELETE FROM push_retries WHERE room = ?1 AND user = ?2";

const COUNT: &str = "SELECT count(*) FROM push_retries";

pub(super) const WAITS: &str = "SELECT 1 FROM push_retries WHERE room = ?1 AND user = ?2";

const FAIL: &str = "INSERT INTO push_retries (room, user, seq, tries, due) VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (room, user) DO UPDATE SET seq = excluded.seq, tries = excluded.tries, due = excluded.due";

pub(super) fn write(conn: &Connection, batch: &PushBatch) -> Result<()> {
    for (room, seq) in &batch.considered {
        conn.prepare_cached(CONSIDER)?.execute(params![room.to_bytes(), int(*seq)])?;
    }
    for (room, user) in &batch.ended {
        conn.prepare_cached(END)?.execute(params![room.to_bytes(), user.as_str()])?;
    }
    alerts::conclude(conn, batch)?;
    if batch.failed.is_empty() {
        return Ok(());
    }
    let waiting: i64 = conn.prepare_cached(COUNT)?.query_row([], |row| row.get(0))?;
    let mut free = batch.most.saturating_sub(waiting.unsigned_abs());
    for one in &batch.failed {
        let key = (one.room.to_bytes(), one.user.as_str());
        let waits = conn.prepare_cached(WAITS)?.query_row(params![key.0, key.1], |_| Ok(())).optional()?;
        if waits.is_none() {
            if free == 0 {
                continue;
            }
            free -= 1;
        }
        let values = params![key.0, key.1, int(one.seq), one.tries, one.due.as_millis()];
        conn.prepare_cached(FAIL)?.execute(values)?;
    }
    Ok(())
}

pub(super) const BLOCK: &str = "SELECT 1 FROM relations f WHERE f.user = ?1 AND f.other = ?2 AND f.kind = 4";

pub(super) fn blocks(conn: &Connection, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
    let mut found = Vec::new();
    for pair in pairs {
        if one(conn, BLOCK, &[&pair.0.as_str(), &pair.1.as_str()], |columns| columns.number())?.is_some() {
            found.push(pair.clone());
        }
    }
    Ok(found)
}
