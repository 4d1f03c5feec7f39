//! What edited messages said before: read, loaded and written.

use sqlx::{PgConnection, query};

use super::columns::Uuid;
use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::write::each;
use crate::id::RoomId;
use crate::model::Edit;
use crate::store::columns::{ReadRow, int};
use crate::store::{Needs, Rows};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const EDITS: &str = "SELECT version, content, since FROM chat.edits \
     WHERE room = $1 AND seq = $2 AND version < $3 ORDER BY version DESC LIMIT $4";

pub(super) async fn edits(
    db: &Connections,
    room: RoomId,
    seq: u64,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Edit>> {
    let below = int(before.unwrap_or(u64::MAX));
    let sought = || query(EDITS).bind(Uuid::from(room)).bind(int(seq)).bind(below).bind(i64::from(limit));
    db.all(sought, |columns| columns.edit()).await
}

pub(super) const COUNTS: &str = "SELECT k.room, k.seq, \
         (SELECT count(*) FROM chat.edits e WHERE e.room = k.room AND e.seq = k.seq) \
     FROM UNNEST($1::uuid[], $2::int8[]) AS k (room, seq)";

pub(super) async fn load(conn: &mut PgConnection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    if needs.more.edited.is_empty() {
        return Ok(());
    }
    let (rooms, seqs): (Vec<Uuid>, Vec<i64>) =
        needs.more.edited.iter().map(|(room, seq)| (Uuid::from(*room), int(*seq))).unzip();
    let counts = fetch(conn, query(COUNTS).bind(rooms).bind(seqs), |columns| {
        Ok(((columns.room_id()?, columns.number()?), columns.number()?))
    });
    rows.more.edited.extend(counts.await?);
    Ok(())
}

const ADD: &str = "INSERT INTO chat.edits (room, seq, version, content, since) \
     SELECT * FROM UNNEST($1::uuid[], $2::int8[], $3::int8[], $4::text[], $5::int8[])";

pub(super) const KEEP: &str = "DELETE FROM chat.edits e USING UNNEST($1::uuid[], $2::int8[], $3::int8[]) AS k (room, seq, keep) \
     WHERE e.room = k.room AND e.seq = k.seq AND (SELECT count(*) FROM chat.edits later \
         WHERE later.room = e.room AND later.seq = e.seq AND later.version > e.version) >= k.keep";

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    let new = &rows.more.new_edits;
    if !new.is_empty() {
        let added = query(ADD)
            .bind(each(new, |(room, ..)| Uuid::from(*room)))
            .bind(each(new, |(_, seq, _)| int(*seq)))
            .bind(each(new, |(.., edit)| int(edit.version)))
            .bind(each(new, |(.., edit)| edit.content.as_deref()))
            .bind(each(new, |(.., edit)| edit.since.as_millis()));
        added.execute(&mut *conn).await?;
    }
    if !rows.more.kept_edits.is_empty() {
        let kept = &rows.more.kept_edits;
        let trimmed = query(KEEP)
            .bind(each(kept, |((room, _), _)| Uuid::from(*room)))
            .bind(each(kept, |((_, seq), _)| int(*seq)))
            .bind(each(kept, |(_, keep)| i64::from(*keep)));
        trimmed.execute(conn).await?;
    }
    Ok(())
}
