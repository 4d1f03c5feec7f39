//! How much of a room is kept: what is looked for, and what is cut away.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::alerts;
use super::error::SqliteError;
use super::read::{all, beyond};
use super::records::MESSAGES;
use crate::id::RoomId;
use crate::model::{Message, Room};
use crate::store::Rows;
use crate::store::columns::{ReadRow, int, room_columns};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

// Named, for SQLite would rather walk all rooms.
pub(super) const ROOMS: &str = concat!(
    "SELECT ",
    room_columns!(),
    " FROM rooms r INDEXED BY rooms_keeping WHERE r.keeping IS NOT NULL AND r.id > ?1 ORDER BY r.id LIMIT ?2"
);

pub(super) fn rooms(conn: &Connection, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
    all(conn, ROOMS, &[&beyond(after), &limit], |columns| columns.room())
}

pub(super) fn load(conn: &Connection, needs: &BTreeMap<RoomId, u32>, rows: &mut Rows) -> Result<()> {
    for (room, limit) in needs {
        let oldest: Result<Vec<Arc<Message>>> =
            all(conn, MESSAGES, &[&room.to_bytes(), &0_i64, limit], |columns| {
                Ok(Arc::new(columns.message()?))
            });
        rows.more.oldest.insert(*room, oldest?);
    }
    Ok(())
}

const PLACES: &str = "SELECT n FROM search_rooms WHERE room = ?1";

/// Each by its room and the numbers up to one, which is how their keys begin.
pub(super) const CUT: [&str; 6] = [
    "DELETE FROM messages WHERE room = ?1 AND seq <= ?2",
    "DELETE FROM reactions WHERE room = ?1 AND seq <= ?2",
    "DELETE FROM edits WHERE room = ?1 AND seq <= ?2",
    // The counts before what they count.
    "UPDATE members SET hidden = hidden - (SELECT count(*) FROM hidden h WHERE h.room = ?1 AND h.user = members.user AND h.seq <= ?2) WHERE room = ?1 AND user IN (SELECT user FROM hidden WHERE room = ?1 AND seq <= ?2)",
    "DELETE FROM hidden WHERE room = ?1 AND seq <= ?2",
    "DELETE FROM follows WHERE room = ?1 AND root <= ?2",
];

/// The terms before the places that name them.
pub(super) const CUT_INDEX: [&str; 2] = [
    "DELETE FROM search_terms WHERE rowid IN (SELECT place FROM search_places WHERE room = ?1 AND seq <= ?2)",
    "DELETE FROM search_places WHERE room = ?1 AND seq <= ?2",
];

/// All of a room's memberships and what else stands in tables of its own.
pub(super) const END: [&str; 5] = [
    "UPDATE members SET active = 0, changed_pos = ?2 WHERE room = ?1 AND active = 1",
    "DELETE FROM invites WHERE room = ?1",
    "DELETE FROM bans WHERE room = ?1",
    "DELETE FROM reports WHERE room = ?1",
    "DELETE FROM join_requests WHERE room = ?1",
];

/// After all else but what is cut.
pub(super) fn end(conn: &Connection, rows: &Rows) -> Result<()> {
    for (id, pos) in &rows.more.deleted {
        let (room, pos) = (id.to_bytes(), int(*pos));
        conn.prepare_cached(END[0])?.execute(params![room, pos])?;
        for sql in &END[1..] {
            conn.prepare_cached(sql)?.execute([room])?;
        }
        conn.prepare_cached(alerts::END_OF_ROOM)?.execute([id.to_string()])?;
    }
    Ok(())
}

/// The last of all that is written.
pub(super) fn cut(conn: &Connection, rows: &Rows) -> Result<()> {
    for (room, upto) in &rows.more.cut {
        let upto = int(*upto);
        for sql in CUT {
            conn.prepare_cached(sql)?.execute(params![room.to_bytes(), upto])?;
        }
        let mut number = conn.prepare_cached(PLACES)?;
        let number: Option<i64> = number.query_row([room.to_bytes()], |row| row.get(0)).optional()?;
        for sql in CUT_INDEX.iter().filter(|_| number.is_some()) {
            conn.prepare_cached(sql)?.execute(params![number, upto])?;
        }
    }
    Ok(())
}
