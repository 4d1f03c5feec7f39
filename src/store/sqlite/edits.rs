//! What edited messages said before: read, loaded and written.

use rusqlite::{Connection, params};

use super::error::SqliteError;
use super::read::{all, one};
use crate::id::RoomId;
use crate::model::Edit;
use crate::store::columns::{ReadRow, int};
use crate::store::{Needs, Rows};

pub(super) const EDITS: &str = "SELECT version, content, since FROM edits \
     WHERE room = ?1 AND seq = ?2 AND version < ?3 ORDER BY version DESC LIMIT ?4";

pub(super) fn edits(
    conn: &Connection,
    room: RoomId,
    seq: u64,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Edit>, SqliteError> {
    let params = params![room.to_bytes(), int(seq), int(before.unwrap_or(u64::MAX)), limit];
    all(conn, EDITS, params, |columns| columns.edit())
}

pub(super) const COUNT: &str = "SELECT count(*) FROM edits WHERE room = ?1 AND seq = ?2";

pub(super) fn load(conn: &Connection, needs: &Needs, rows: &mut Rows) -> Result<(), SqliteError> {
    for (room, seq) in &needs.more.edited {
        let count = one(conn, COUNT, &[&room.to_bytes(), &int(*seq)], |columns| columns.number())?;
        rows.more.edited.extend(count.map(|count| ((*room, *seq), count)));
    }
    Ok(())
}

const ADD: &str = "INSERT INTO edits (room, seq, version, content, since) VALUES (?1, ?2, ?3, ?4, ?5)";

const KEEP: &str = "DELETE FROM edits WHERE room = ?1 AND seq = ?2 AND version NOT IN \
     (SELECT e.version FROM edits e WHERE e.room = ?1 AND e.seq = ?2 ORDER BY e.version DESC LIMIT ?3)";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<(), SqliteError> {
    for (room, seq, Edit { version, content, since }) in &rows.more.new_edits {
        let values = params![room.to_bytes(), int(*seq), int(*version), content, since.as_millis()];
        conn.prepare_cached(ADD)?.execute(values)?;
    }
    for ((room, seq), keep) in &rows.more.kept_edits {
        conn.prepare_cached(KEEP)?.execute(params![room.to_bytes(), int(*seq), keep])?;
    }
    Ok(())
}
