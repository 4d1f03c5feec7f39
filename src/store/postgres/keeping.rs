//! How much of a room is kept: what is looked for, and what is cut away.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sqlx::{PgConnection, query};

use super::alerts;
use super::columns::Uuid;
use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::read::beyond;
use super::records::MESSAGES;
use crate::id::RoomId;
use crate::model::{Message, Room};
use crate::store::Rows;
use crate::store::columns::{ReadRow, int, room_columns};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const ROOMS: &str = concat!(
    "SELECT ",
    room_columns!(),
    " FROM chat.rooms r WHERE r.keeping IS NOT NULL AND r.id >= $1 ORDER BY r.id LIMIT $2"
);

pub(super) async fn rooms(db: &Connections, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
    let Some(from) = beyond(after) else { return Ok(Vec::new()) };
    db.all(|| query(ROOMS).bind(from).bind(i64::from(limit)), |columns| columns.room()).await
}

pub(super) async fn load(
    conn: &mut PgConnection,
    needs: &BTreeMap<RoomId, u32>,
) -> Result<HashMap<RoomId, Vec<Arc<Message>>>> {
    let mut oldest = HashMap::new();
    for (room, limit) in needs {
        let sought = query(MESSAGES).bind(Uuid::from(*room)).bind(0_i64).bind(i64::from(*limit));
        let found = fetch(&mut *conn, sought, |columns| Ok(Arc::new(columns.message()?))).await?;
        oldest.insert(*room, found);
    }
    Ok(oldest)
}

/// Each by its room and the numbers up to one.
pub(super) const CUT: [&str; 7] = [
    "DELETE FROM chat.messages WHERE room = $1 AND seq <= $2",
    "DELETE FROM chat.reactions WHERE room = $1 AND seq <= $2",
    "DELETE FROM chat.search_places WHERE room = $1 AND seq <= $2",
    "DELETE FROM chat.edits WHERE room = $1 AND seq <= $2",
    // The counts before what they count.
    "UPDATE chat.members m SET hidden = m.hidden - h.count FROM (SELECT user_id, count(*) FROM chat.hidden WHERE room = $1 AND seq <= $2 GROUP BY user_id) h WHERE m.room = $1 AND m.user_id = h.user_id",
    "DELETE FROM chat.hidden WHERE room = $1 AND seq <= $2",
    "DELETE FROM chat.follows WHERE room = $1 AND root <= $2",
];

/// All of a room's memberships and what else stands in tables of its own.
pub(super) const END: [&str; 5] = [
    "UPDATE chat.members SET active = false, changed_pos = $2 WHERE room = $1 AND active",
    "DELETE FROM chat.invites WHERE room = $1",
    "DELETE FROM chat.bans WHERE room = $1",
    "DELETE FROM chat.reports WHERE room = $1",
    "DELETE FROM chat.join_requests WHERE room = $1",
];

/// After all else but what is cut.
pub(super) async fn end(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    for (id, pos) in &rows.more.deleted {
        let room = Uuid::from(*id);
        query(END[0]).bind(room).bind(int(*pos)).execute(&mut *conn).await?;
        for sql in &END[1..] {
            query(*sql).bind(room).execute(&mut *conn).await?;
        }
        query(alerts::END_OF_ROOM).bind(id.to_string()).execute(&mut *conn).await?;
    }
    Ok(())
}

/// The last of all that is written.
pub(super) async fn cut(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    for (room, upto) in &rows.more.cut {
        for sql in CUT {
            query(sql).bind(Uuid::from(*room)).bind(int(*upto)).execute(&mut *conn).await?;
        }
    }
    Ok(())
}
