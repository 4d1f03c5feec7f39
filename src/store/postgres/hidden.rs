//! What users have taken out of their own sight.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use sqlx::{PgConnection, query};

use super::columns::{Uuid, hidden_columns};
use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::write::each;
use crate::id::{RoomId, UserId};
use crate::model::Hidden;
use crate::store::Rows;
use crate::store::columns::{ReadRow, int};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const HIDDEN: &str = "SELECT h.seq FROM chat.hidden h \
     WHERE h.room = $1 AND h.user_id = $2 AND h.seq >= $3 AND h.seq <= $4 ORDER BY h.seq";

pub(super) async fn hidden(
    db: &Connections,
    room: RoomId,
    user: &UserId,
    seqs: RangeInclusive<u64>,
) -> Result<Vec<u64>> {
    let (from, to) = (int(*seqs.start()), int(*seqs.end()));
    let sought = || query(HIDDEN).bind(Uuid::from(room)).bind(user.as_str()).bind(from).bind(to);
    db.all(sought, |columns| columns.number()).await
}

// What one user has hidden in a room is bounded. A sum is in no index, which leaves theirs.
pub(super) const HIDDEN_SINCE: &str = concat!(
    "SELECT ",
    hidden_columns!(),
    " FROM chat.hidden h JOIN chat.messages s ON s.room = h.room AND s.seq = h.seq \
     WHERE h.room = $1 AND h.user_id = $2 AND h.pos + 0 > $3 AND h.pos + 0 <= $4 \
     ORDER BY h.pos + 0 LIMIT $5"
);

pub(super) const ALL_HIDDEN_SINCE: &str = concat!(
    "SELECT ",
    hidden_columns!(),
    " FROM chat.hidden h JOIN chat.messages s ON s.room = h.room AND s.seq = h.seq \
     WHERE h.room = $1 AND h.pos > $2 AND h.pos <= $3 ORDER BY h.pos LIMIT $4"
);

pub(super) async fn hidden_since(
    db: &Connections,
    room: RoomId,
    user: Option<&UserId>,
    (after, until): (u64, u64),
    limit: u32,
) -> Result<Vec<Hidden>> {
    let (room, after, until, limit) = (Uuid::from(room), int(after), int(until), i64::from(limit));
    match user {
        Some(user) => {
            let sought = || query(HIDDEN_SINCE).bind(room).bind(user.as_str()).bind(after).bind(until);
            db.all(|| sought().bind(limit), |columns| columns.hidden()).await
        }
        None => {
            let sought = || query(ALL_HIDDEN_SINCE).bind(room).bind(after).bind(until).bind(limit);
            db.all(sought, |columns| columns.hidden()).await
        }
    }
}

pub(super) const LOAD: &str = "SELECT h.room, h.user_id, h.seq \
     FROM UNNEST($1::uuid[], $2::text[], $3::int8[]) AS k (room, user_id, seq) \
     JOIN chat.hidden h ON h.room = k.room AND h.user_id = k.user_id AND h.seq = k.seq";

pub(super) async fn load(
    conn: &mut PgConnection,
    keys: &[(RoomId, UserId, u64)],
) -> Result<BTreeSet<(RoomId, UserId, u64)>> {
    if keys.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rooms: Vec<Uuid> = keys.iter().map(|(room, ..)| Uuid::from(*room)).collect();
    let users: Vec<&str> = keys.iter().map(|(_, user, _)| user.as_str()).collect();
    let seqs: Vec<i64> = keys.iter().map(|(.., seq)| int(*seq)).collect();
    let found = fetch(conn, query(LOAD).bind(rooms).bind(users).bind(seqs), |columns| {
        Ok((columns.room_id()?, columns.parsed()?, columns.number()?))
    });
    Ok(found.await?.into_iter().collect())
}

pub(super) const UNHIDE: &str = "DELETE FROM chat.hidden WHERE room = $1 AND user_id = $2";

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    for (room, user) in &rows.more.unhidden {
        query(UNHIDE).bind(Uuid::from(*room)).bind(user.as_str()).execute(&mut *conn).await?;
    }
    let new = &rows.more.new_hidden;
    if new.is_empty() {
        return Ok(());
    }
    let added = query(
        "INSERT INTO chat.hidden (room, user_id, seq, pos) \
         SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::int8[], $4::int8[])",
    );
    let added = added
        .bind(each(new, |hidden| Uuid::from(hidden.room)))
        .bind(each(new, |hidden| hidden.user.as_str()))
        .bind(each(new, |hidden| int(hidden.seq)))
        .bind(each(new, |hidden| int(hidden.pos)));
    added.execute(conn).await?;
    Ok(())
}
