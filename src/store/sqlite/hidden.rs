//! What users have taken out of their own sight.

use std::ops::RangeInclusive;

use rusqlite::{Connection, params};

use super::columns::{hidden_columns, message_joins};
use super::error::SqliteError;
use super::read::{all, one};
use crate::id::{RoomId, UserId};
use crate::model::{Hidden, Message};
use crate::store::columns::{ReadRow, int, message_columns};
use crate::store::{Needs, Rows};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

pub(super) const HIDDEN: &str =
    "SELECT seq FROM hidden WHERE room = ?1 AND user = ?2 AND seq >= ?3 AND seq <= ?4 ORDER BY seq";

pub(super) fn hidden(
    conn: &Connection,
    room: RoomId,
    user: &UserId,
    seqs: RangeInclusive<u64>,
) -> Result<Vec<u64>> {
    let (from, to) = (int(*seqs.start()), int(*seqs.end()));
    all(conn, HIDDEN, params![room.to_bytes(), user.as_str(), from, to], |columns| columns.number())
}

// What one user has hidden in a room is bounded. The plus keeps SQLite from walking what everybody has.
pub(super) const HIDDEN_SINCE: &str = concat!(
    "SELECT ",
    hidden_columns!(),
    " FROM hidden h CROSS JOIN messages s ON s.room = h.room AND s.seq = h.seq \
     WHERE h.room = ?1 AND h.user = ?2 AND +h.pos > ?3 AND +h.pos <= ?4 ORDER BY +h.pos LIMIT ?5"
);

pub(super) const ALL_HIDDEN_SINCE: &str = concat!(
    "SELECT ",
    hidden_columns!(),
    " FROM hidden h CROSS JOIN messages s ON s.room = h.room AND s.seq = h.seq \
     WHERE h.room = ?1 AND h.pos > ?2 AND h.pos <= ?3 ORDER BY h.pos LIMIT ?4"
);

pub(super) fn hidden_since(
    conn: &Connection,
    room: RoomId,
    user: Option<&UserId>,
    (after, until): (u64, u64),
    limit: u32,
) -> Result<Vec<Hidden>> {
    let (room, after, until) = (room.to_bytes(), int(after), int(until));
    match user {
        Some(user) => {
            let params = params![room, user.as_str(), after, until, limit];
            all(conn, HIDDEN_SINCE, params, |columns| columns.hidden())
        }
        None => all(conn, ALL_HIDDEN_SINCE, params![room, after, until, limit], |columns| columns.hidden()),
    }
}

/// Walks the messages down from the newest, over those that are hidden.
pub(super) const LAST_SEEN: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages s",
    message_joins!(),
    " WHERE s.room = ?1 AND NOT EXISTS (SELECT 1 FROM hidden h \
         WHERE h.room = ?1 AND h.user = ?2 AND h.seq = s.seq) \
     ORDER BY s.seq DESC LIMIT 1"
);

/// The newest message that somebody who has hidden some has not.
pub(super) fn last_seen(conn: &Connection, room: RoomId, user: &UserId) -> Result<Option<Message>> {
    one(conn, LAST_SEEN, &[&room.to_bytes(), &user.as_str()], |columns| columns.message())
}

pub(super) const IS_HIDDEN: &str = "SELECT 1 FROM hidden WHERE room = ?1 AND user = ?2 AND seq = ?3";

pub(super) fn load(conn: &Connection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    for key in &needs.more.hidden {
        let params = params![key.0.to_bytes(), key.1.as_str(), int(key.2)];
        if conn.prepare_cached(IS_HIDDEN)?.exists(params)? {
            rows.more.hidden.insert(key.clone());
        }
    }
    Ok(())
}

const ADD_HIDDEN: &str = "INSERT INTO hidden (room, user, seq, pos) VALUES (?1, ?2, ?3, ?4)";

pub(super) const UNHIDE: &str = "DELETE FROM hidden WHERE room = ?1 AND user = ?2";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<()> {
    for (room, user) in &rows.more.unhidden {
        conn.prepare_cached(UNHIDE)?.execute(params![room.to_bytes(), user.as_str()])?;
    }
    for Hidden { room, user, seq, pos, .. } in &rows.more.new_hidden {
        let values = params![room.to_bytes(), user.as_str(), int(*seq), int(*pos)];
        conn.prepare_cached(ADD_HIDDEN)?.execute(values)?;
    }
    Ok(())
}
