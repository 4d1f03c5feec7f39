//! People who wait to come into a room: read, loaded and written.

use sqlx::{PgConnection, query};

use super::columns::Uuid;
use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::write::each;
use crate::id::{JoinRequestId, RoomId};
use crate::model::{JoinRequest, Profile};
use crate::store::columns::{ReadRow, join_request, join_request_of};
use crate::store::{Needs, Queue, Rows};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

macro_rules! columns {
    () => {
        "j.id, j.room, j.user_id, j.invite, j.reason, j.at"
    };
}

macro_rules! shown {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            ", p.nickname, p.image FROM chat.join_requests j LEFT JOIN chat.profiles p ON p.user_id = j.user_id "
        )
    };
}

pub(super) const REQUEST: &str = concat!("SELECT ", columns!(), " FROM chat.join_requests j WHERE j.id = $1");

/// The room is compared here: an index that begins with it would be taken while the table is small, and then for good.
pub(super) async fn request(
    db: &Connections,
    room: RoomId,
    id: JoinRequestId,
) -> Result<Option<JoinRequest>> {
    let found = db.one(|| query(REQUEST).bind(Uuid::from(id)), |columns| join_request(columns)).await?;
    Ok(found.filter(|request| request.room == room))
}

pub(super) const ALL: &str = concat!(shown!(), "WHERE j.id >= $1 ORDER BY j.id LIMIT $2");

pub(super) const IN_ROOM: &str = concat!(shown!(), "WHERE j.room = $1 AND j.id >= $2 ORDER BY j.id LIMIT $3");

pub(super) const BY_USER: &str =
    concat!(shown!(), "WHERE j.user_id = $1 AND j.id >= $2 ORDER BY j.id LIMIT $3");

pub(super) async fn requests(
    db: &Connections,
    queue: &Queue,
    after: Option<JoinRequestId>,
    limit: u32,
) -> Result<Vec<(JoinRequest, Profile)>> {
    // Beyond the greatest id there is none.
    let from = after.map_or(Some(Uuid::NIL), |id| Uuid::from(id).next());
    let Some(from) = from else { return Ok(Vec::new()) };
    let limit = i64::from(limit);
    match queue {
        Queue::All => db.all(|| query(ALL).bind(from).bind(limit), |columns| join_request_of(columns)).await,
        Queue::Room(room) => {
            let sought = || query(IN_ROOM).bind(Uuid::from(*room)).bind(from).bind(limit);
            db.all(sought, |columns| join_request_of(columns)).await
        }
        Queue::Sender(user) => {
            let sought = || query(BY_USER).bind(user.as_str()).bind(from).bind(limit);
            db.all(sought, |columns| join_request_of(columns)).await
        }
    }
}

pub(super) const LOAD: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM UNNEST($1::uuid[], $2::text[]) AS k (room, user_id) \
     JOIN chat.join_requests j ON j.room = k.room AND j.user_id = k.user_id"
);

pub(super) const PLACES: &str =
    "SELECT j.id, j.room, j.user_id FROM chat.join_requests j WHERE j.id = ANY($1)";

pub(super) const COUNTS: &str = "SELECT k.room, (SELECT count(*) FROM chat.join_requests j WHERE j.room = k.room) \
     FROM UNNEST($1::uuid[]) AS k (room)";

/// The rows are locked, and so are all who wait to come into them.
pub(super) async fn load(conn: &mut PgConnection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    if !needs.more.join_requests.is_empty() {
        let (rooms, users): (Vec<Uuid>, Vec<&str>) =
            needs.more.join_requests.iter().map(|(room, user)| (Uuid::from(*room), user.as_str())).unzip();
        let found = fetch(conn, query(LOAD).bind(rooms).bind(users), |columns| join_request(columns)).await?;
        let keyed = found.into_iter().map(|request| ((request.room, request.user.clone()), request));
        rows.more.join_requests.extend(keyed);
    }
    if !needs.more.asked.is_empty() {
        let ids: Vec<Uuid> = needs.more.asked.iter().map(|(_, id)| Uuid::from(*id)).collect();
        let places = fetch(conn, query(PLACES).bind(ids), |columns| {
            let id = JoinRequestId::from_bytes(columns.bytes()?);
            Ok((id, (columns.room_id()?, columns.parsed()?)))
        });
        rows.more.asked.extend(places.await?);
    }
    if !needs.more.join_counts.is_empty() {
        let rooms: Vec<Uuid> = needs.more.join_counts.iter().copied().map(Uuid::from).collect();
        let counts =
            fetch(conn, query(COUNTS).bind(rooms), |columns| Ok((columns.room_id()?, columns.number()?)));
        rows.more.join_counts.extend(counts.await?);
    }
    Ok(())
}

pub(super) const END: &str = "DELETE FROM chat.join_requests j USING UNNEST($1::uuid[], $2::text[]) AS k (room, user_id) \
     WHERE j.room = k.room AND j.user_id = k.user_id";

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    let written = || rows.more.written_join_requests.iter();
    let ended: Vec<_> = written().filter(|key| !rows.more.join_requests.contains_key(key)).collect();
    if !ended.is_empty() {
        let gone = query(END);
        let gone = gone.bind(each(&ended, |key| Uuid::from(key.0))).bind(each(&ended, |key| key.1.as_str()));
        gone.execute(&mut *conn).await?;
    }
    let put: Vec<_> = written().filter_map(|key| rows.more.join_requests.get(key)).collect();
    if !put.is_empty() {
        let kept = query(
            "INSERT INTO chat.join_requests (id, room, user_id, invite, reason, at) \
             SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::int8[]) \
             ON CONFLICT (room, user_id) DO UPDATE SET id = excluded.id, invite = excluded.invite, \
                 reason = excluded.reason, at = excluded.at",
        );
        let kept = kept
            .bind(each(&put, |request| Uuid::from(request.id)))
            .bind(each(&put, |request| Uuid::from(request.room)))
            .bind(each(&put, |request| request.user.as_str()))
            .bind(each(&put, |request| request.invite.map(Uuid::from)))
            .bind(each(&put, |request| request.reason.as_deref()))
            .bind(each(&put, |request| request.at.as_millis()));
        kept.execute(conn).await?;
    }
    Ok(())
}
