//! Bans: read, loaded and written.

use std::collections::{BTreeSet, HashMap};

use sqlx::{PgConnection, query};

use super::columns::{Uuid, ban_columns};
use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::read::beyond_user;
use super::write::each;
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Ban, Profile};
use crate::store::Rows;
use crate::store::columns::ReadRow;

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const BANS: &str = concat!(
    "SELECT ",
    ban_columns!(),
    ", p.nickname, p.image FROM chat.bans b LEFT JOIN chat.profiles p ON p.user_id = b.user_id \
     WHERE b.room = $1 AND b.user_id > $2 AND b.until > $3 ORDER BY b.user_id LIMIT $4"
);

pub(super) async fn bans(
    db: &Connections,
    room: RoomId,
    now: Timestamp,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<(Ban, Profile)>> {
    let sought = || query(BANS).bind(Uuid::from(room)).bind(beyond_user(after)).bind(now.as_millis());
    db.all(|| sought().bind(i64::from(limit)), |columns| columns.ban_of()).await
}

pub(super) const LOAD: &str = concat!(
    "SELECT ",
    ban_columns!(),
    " FROM UNNEST($1::uuid[], $2::text[]) AS k (room, user_id) \
     JOIN chat.bans b ON b.room = k.room AND b.user_id = k.user_id"
);

pub(super) async fn load(
    conn: &mut PgConnection,
    keys: &BTreeSet<(RoomId, UserId)>,
) -> Result<HashMap<(RoomId, UserId), Ban>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (rooms, users): (Vec<Uuid>, Vec<&str>) =
        keys.iter().map(|(room, user)| (Uuid::from(*room), user.as_str())).unzip();
    let bans = fetch(conn, query(LOAD).bind(rooms).bind(users), |columns| columns.ban()).await?;
    Ok(bans.into_iter().map(|ban| ((ban.room, ban.user.clone()), ban)).collect())
}

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    let written = || rows.written_bans.iter();
    let ended: Vec<_> = written().filter(|key| !rows.bans.contains_key(key)).collect();
    if !ended.is_empty() {
        let gone = query(
            "DELETE FROM chat.bans b USING UNNEST($1::uuid[], $2::text[]) AS k (room, user_id) \
             WHERE b.room = k.room AND b.user_id = k.user_id",
        );
        let gone = gone.bind(each(&ended, |key| Uuid::from(key.0))).bind(each(&ended, |key| key.1.as_str()));
        gone.execute(&mut *conn).await?;
    }
    let put: Vec<_> = written().filter_map(|key| rows.bans.get(key)).collect();
    if !put.is_empty() {
        let kept = query(
            "INSERT INTO chat.bans (room, user_id, made_by, made_at, until, reason) \
             SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::text[]) \
             ON CONFLICT (room, user_id) DO UPDATE SET made_by = excluded.made_by, \
                 made_at = excluded.made_at, until = excluded.until, reason = excluded.reason",
        );
        let kept = kept
            .bind(each(&put, |ban| Uuid::from(ban.room)))
            .bind(each(&put, |ban| ban.user.as_str()))
            .bind(each(&put, |ban| ban.by.as_ref().map(UserId::as_str)))
            .bind(each(&put, |ban| ban.at.as_millis()))
            .bind(each(&put, |ban| ban.until.as_millis()))
            .bind(each(&put, |ban| ban.reason.as_deref()));
        kept.execute(conn).await?;
    }
    Ok(())
}
