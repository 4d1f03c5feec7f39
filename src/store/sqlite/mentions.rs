//! Who is mentioned where.

use rusqlite::{Connection, params};

use super::error::SqliteError;
use super::read::one;
use crate::id::UserId;
use crate::model::{Member, Room};
use crate::store::Rows;
use crate::store::columns::{ReadRow, int};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

pub(super) const UNREAD: &str = "SELECT count(*) FROM mentions \
     WHERE room = ?1 AND user IN (?2, '') AND seq > ?3 AND sender <> ?2";

/// How many messages beyond the read mark mention the member.
pub(super) fn unread(conn: &Connection, room: &Room, member: &Member) -> Result<u64> {
    // Most rooms of a list are read.
    if member.read_seq >= room.seq {
        return Ok(0);
    }
    let params = params![room.id.to_bytes(), member.user.as_str(), int(member.read_seq)];
    Ok(one(conn, UNREAD, params, |columns| columns.number())?.unwrap_or(0))
}

const ADD: &str = "INSERT INTO mentions (room, user, seq, sender) VALUES (?1, ?2, ?3, ?4)";

const END: &str = "DELETE FROM mentions WHERE room = ?1 AND user = ?2 AND seq = ?3";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<()> {
    for mention in rows.new_mentions() {
        let (user, sender) = (named(mention.user.as_ref()), mention.sender.as_str());
        let params = params![mention.room.to_bytes(), user, int(mention.seq), sender];
        conn.prepare_cached(ADD)?.execute(params)?;
    }
    for mention in &rows.more.ended_mentions {
        let params = params![mention.room.to_bytes(), named(mention.user.as_ref()), int(mention.seq)];
        conn.prepare_cached(END)?.execute(params)?;
    }
    Ok(())
}

/// Everybody is the empty text, which is nobody's id.
fn named(user: Option<&UserId>) -> &str {
    user.map(UserId::as_str).unwrap_or_default()
}
