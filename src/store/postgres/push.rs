//! How far notices have come. Nodes take rooms and what is to be tried again from each other by the times in their rows.

use sqlx::{Connection, PgConnection, query};
use tokio::time::timeout;

use super::alerts;
use super::columns::Uuid;
use super::connections::{Connections, give_up};
use super::error::PostgresError;
use super::read;
use super::write::each;
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::RelationKind;
use crate::store::columns::{ReadRow, int, relation_code};
use crate::store::{PushBatch, PushRetry};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const SINCE: &str =
    "UPDATE chat.meta SET pushed_since = coalesce(pushed_since, $1) RETURNING pushed_since";

/// The moment is kept as it was given first.
pub(super) async fn since(db: &Connections, now: Timestamp) -> Result<Timestamp> {
    let since = db.one(|| query(SINCE).bind(now.as_millis()), |columns| columns.time()).await?;
    Ok(since.ok_or(sqlx::Error::RowNotFound)?)
}

/// Walks all rooms by their ids.
pub(super) const ROOMS: &str = "SELECT r.id FROM chat.rooms r LEFT JOIN chat.pushed x ON x.room = r.id \
     WHERE r.id >= $1 AND r.last_message_at >= $2 AND r.seq > coalesce(x.seq, 0) ORDER BY r.id LIMIT $3";

pub(super) async fn rooms(
    db: &Connections,
    since: Timestamp,
    after: Option<RoomId>,
    limit: u32,
) -> Result<Vec<RoomId>> {
    let Some(from) = read::beyond(after) else { return Ok(Vec::new()) };
    let sought = || query(ROOMS).bind(from).bind(since.as_millis()).bind(i64::from(limit));
    db.all(sought, |columns| columns.room_id()).await
}

/// In the order of their ids, so that two nodes which want the same ones never wait for each other in a ring.
pub(super) const CLAIM: &str = "INSERT INTO chat.pushed (room, seq, held) \
     SELECT k.room, 0, $3 FROM UNNEST($1::uuid[]) AS k (room) ORDER BY k.room \
     ON CONFLICT (room) DO UPDATE SET held = excluded.held WHERE pushed.held <= $2 RETURNING room, seq";

pub(super) async fn claim(
    db: &Connections,
    rooms: &[RoomId],
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<(RoomId, u64)>> {
    let rooms: std::collections::BTreeSet<RoomId> = rooms.iter().copied().collect();
    let rooms: Vec<Uuid> = rooms.into_iter().map(Uuid::from).collect();
    let claim = || query(CLAIM).bind(&rooms).bind(now.as_millis()).bind(until.as_millis());
    db.all(claim, |columns| Ok((columns.room_id()?, columns.number()?))).await
}

/// Those that another node takes just now are left to it.
pub(super) const DUE: &str = "WITH due AS MATERIALIZED (SELECT t.room, t.user_id, t.due FROM chat.push_retries t \
         WHERE t.due <= $1 ORDER BY t.due, t.room, t.user_id LIMIT $3 FOR UPDATE SKIP LOCKED) \
     UPDATE chat.push_retries t SET due = $2 FROM due d WHERE t.room = d.room AND t.user_id = d.user_id \
     RETURNING t.room, t.user_id, t.seq, t.tries, d.due";

pub(super) async fn due(
    db: &Connections,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<PushRetry>> {
    let take = || query(DUE).bind(now.as_millis()).bind(until.as_millis()).bind(i64::from(limit));
    let mut due = db.all(take, |columns| columns.push_retry()).await?;
    due.sort_by(|one, other| (one.due, one.room, &one.user).cmp(&(other.due, other.room, &other.user)));
    Ok(due)
}

pub(super) const HOLD: &str = "UPDATE chat.pushed p SET held = w.held \
     FROM UNNEST($1::uuid[], $2::int8[]) AS w (room, held) WHERE p.room = w.room";

pub(super) const CONSIDER: &str = "INSERT INTO chat.pushed (room, seq, held) \
     SELECT w.room, w.seq, 0 FROM UNNEST($1::uuid[], $2::int8[]) AS w (room, seq) ORDER BY w.room \
     ON CONFLICT (room) DO UPDATE SET seq = greatest(pushed.seq, excluded.seq), held = 0";

pub(super) const END: &str = "DELETE FROM chat.push_retries t USING UNNEST($1::uuid[], $2::text[]) AS k (room, user_id) \
     WHERE t.room = k.room AND t.user_id = k.user_id";

/// What waits already is written over, and of the others as many as have a place.
pub(super) const FAIL: &str = "INSERT INTO chat.push_retries (room, user_id, seq, tries, due) \
     SELECT w.room, w.user_id, w.seq, w.tries, w.due FROM (SELECT k.*, t.room IS NOT NULL AS waits, \
             row_number() OVER (PARTITION BY t.room IS NULL ORDER BY k.place) AS nth \
         FROM UNNEST($1::uuid[], $2::text[], $3::int8[], $4::int8[], $5::int8[]) \
             WITH ORDINALITY AS k (room, user_id, seq, tries, due, place) \
         LEFT JOIN chat.push_retries t ON t.room = k.room AND t.user_id = k.user_id) w \
     WHERE w.waits OR w.nth <= $6 - (SELECT count(*) FROM chat.push_retries) \
     ON CONFLICT (room, user_id) DO UPDATE SET seq = excluded.seq, tries = excluded.tries, due = excluded.due";

pub(super) async fn write(db: &Connections, batch: &PushBatch) -> Result<()> {
    let mut conn = db.acquire(false).await?;
    let work = async {
        let mut tx = conn.begin().await?;
        write_all(&mut tx, batch).await?;
        tx.commit().await?;
        Ok(())
    };
    let done = timeout(db.patience(), work).await.unwrap_or(Err(PostgresError::TimedOut));
    if done.as_ref().is_err_and(PostgresError::is_lost) {
        give_up(conn);
    }
    done
}

async fn write_all(conn: &mut PgConnection, batch: &PushBatch) -> Result<()> {
    let PushBatch { held, considered, ended, failed, most, .. } = batch;
    if !held.is_empty() {
        let rooms = each(held, |(room, _)| Uuid::from(*room));
        let untils = each(held, |(_, until)| until.as_millis());
        query(HOLD).bind(rooms).bind(untils).execute(&mut *conn).await?;
    }
    if !considered.is_empty() {
        let rooms = each(considered, |(room, _)| Uuid::from(*room));
        let seqs = each(considered, |(_, seq)| int(*seq));
        query(CONSIDER).bind(rooms).bind(seqs).execute(&mut *conn).await?;
    }
    if !ended.is_empty() {
        let rooms = each(ended, |(room, _)| Uuid::from(*room));
        let users = each(ended, |(_, user)| user.as_str());
        query(END).bind(rooms).bind(users).execute(&mut *conn).await?;
    }
    if !failed.is_empty() {
        let kept = query(FAIL)
            .bind(each(failed, |one| Uuid::from(one.room)))
            .bind(each(failed, |one| one.user.as_str()))
            .bind(each(failed, |one| int(one.seq)))
            .bind(each(failed, |one| i64::from(one.tries)))
            .bind(each(failed, |one| one.due.as_millis()))
            .bind(int(*most));
        kept.execute(&mut *conn).await?;
    }
    alerts::conclude(conn, batch).await
}

// What they are to each other is looked at here: asked of PostgreSQL, it would rather look through all blocks.
pub(super) const BLOCKS: &str = "SELECT f.user_id, f.other, f.kind FROM UNNEST($1::text[], $2::text[]) AS k (user_id, other) \
     JOIN chat.relations f ON f.user_id = k.user_id AND f.other = k.other";

pub(super) async fn blocks(db: &Connections, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let (users, others): (Vec<&str>, Vec<&str>) =
        pairs.iter().map(|(user, other)| (user.as_str(), other.as_str())).unzip();
    let sought = || query(BLOCKS).bind(&users).bind(&others);
    let found = db.all(sought, |columns| {
        let pair = (columns.parsed()?, columns.parsed()?);
        Ok((pair, columns.code()? == relation_code(RelationKind::Blocked)))
    });
    Ok(found.await?.into_iter().filter_map(|(pair, is_block)| is_block.then_some(pair)).collect())
}
