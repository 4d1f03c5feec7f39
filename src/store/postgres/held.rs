//! Messages that wait until somebody says whether they are said: read, loaded and written.

use sqlx::{PgConnection, query};

use super::columns::Uuid;
use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::write::each;
use crate::id::{ClientId, MessageId, RoomId};
use crate::store::columns::{
    ReadRow, body_code, custom_text, held_columns, held_of, kept_attachments, refers_text,
};
use crate::store::{Held, Needs, Queue, Rows};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const HELD: &str = concat!(
    "SELECT ",
    held_columns!(),
    " FROM chat.held h LEFT JOIN chat.profiles p ON p.user_id = h.sender WHERE h.id = $1"
);

/// The room is compared here: an index that begins with it would be taken while the table is small, and then for good.
pub(super) async fn message(db: &Connections, room: RoomId, id: MessageId) -> Result<Option<Held>> {
    let found = db.one(|| query(HELD).bind(Uuid::from(id)), |columns| held_of(columns)).await?;
    Ok(found.filter(|held| held.room == room))
}

pub(super) const ALL: &str = concat!(
    "SELECT ",
    held_columns!(),
    " FROM chat.held h LEFT JOIN chat.profiles p ON p.user_id = h.sender \
     WHERE h.id >= $1 ORDER BY h.id LIMIT $2"
);

pub(super) const IN_ROOM: &str = concat!(
    "SELECT ",
    held_columns!(),
    " FROM chat.held h LEFT JOIN chat.profiles p ON p.user_id = h.sender \
     WHERE h.room = $1 AND h.id >= $2 ORDER BY h.id LIMIT $3"
);

pub(super) const BY_SENDER: &str = concat!(
    "SELECT ",
    held_columns!(),
    " FROM chat.held h LEFT JOIN chat.profiles p ON p.user_id = h.sender \
     WHERE h.sender = $1 AND h.id >= $2 ORDER BY h.id LIMIT $3"
);

pub(super) async fn held(
    db: &Connections,
    queue: &Queue,
    after: Option<MessageId>,
    limit: u32,
) -> Result<Vec<Held>> {
    // Beyond the greatest id there is none.
    let from = after.map_or(Some(Uuid::NIL), |id| Uuid::from(id).next());
    let Some(from) = from else { return Ok(Vec::new()) };
    let limit = i64::from(limit);
    match queue {
        Queue::All => db.all(|| query(ALL).bind(from).bind(limit), |columns| held_of(columns)).await,
        Queue::Room(room) => {
            let sought = || query(IN_ROOM).bind(Uuid::from(*room)).bind(from).bind(limit);
            db.all(sought, |columns| held_of(columns)).await
        }
        Queue::Sender(user) => {
            let sought = || query(BY_SENDER).bind(user.as_str()).bind(from).bind(limit);
            db.all(sought, |columns| held_of(columns)).await
        }
    }
}

pub(super) const PLACES: &str = "SELECT h.id, h.room, h.sender FROM chat.held h WHERE h.id = ANY($1)";

pub(super) const HELD_AS: &str = "SELECT h.room, h.sender, h.client_id, h.id, h.body_hash \
     FROM UNNEST($1::uuid[], $2::text[], $3::text[]) AS k (room, sender, client_id) \
     JOIN chat.held h ON h.room = k.room AND h.sender = k.sender AND h.client_id = k.client_id";

pub(super) const COUNTS: &str = "SELECT k.room, k.sender, \
         (SELECT count(*) FROM chat.held h WHERE h.room = k.room), \
         (SELECT count(*) FROM chat.held h WHERE h.room = k.room AND h.sender = k.sender) \
     FROM UNNEST($1::uuid[], $2::text[]) AS k (room, sender)";

/// The rooms are locked, and so are all that wait in them.
pub(super) async fn load(conn: &mut PgConnection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    if !needs.more.held.is_empty() {
        let ids: Vec<Uuid> = needs.more.held.iter().map(|(_, id)| Uuid::from(*id)).collect();
        let found = fetch(conn, query(PLACES).bind(ids), |columns| {
            Ok((MessageId::from_bytes(columns.bytes()?), (columns.room_id()?, columns.parsed()?)))
        });
        rows.more.held.extend(found.await?);
    }
    if !needs.more.held_as.is_empty() {
        let rooms: Vec<Uuid> = needs.more.held_as.iter().map(|(room, ..)| Uuid::from(*room)).collect();
        let senders: Vec<&str> = needs.more.held_as.iter().map(|(_, sender, _)| sender.as_str()).collect();
        let clients: Vec<&str> = needs.more.held_as.iter().map(|(.., client)| client.as_str()).collect();
        let sought = query(HELD_AS).bind(rooms).bind(senders).bind(clients);
        let found = fetch(conn, sought, |columns| {
            let key = (columns.room_id()?, columns.parsed()?, columns.parsed()?);
            Ok((key, (MessageId::from_bytes(columns.bytes()?), columns.hash()?)))
        });
        rows.more.held_as.extend(found.await?);
    }
    if !needs.more.holding.is_empty() {
        let (rooms, senders): (Vec<Uuid>, Vec<&str>) =
            needs.more.holding.iter().map(|(room, user)| (Uuid::from(*room), user.as_str())).unzip();
        let counts = fetch(conn, query(COUNTS).bind(rooms).bind(senders), |columns| {
            let key = (columns.room_id()?, columns.parsed()?);
            Ok((key, (columns.number()?, columns.number()?)))
        });
        rows.more.held_counts.extend(counts.await?);
    }
    Ok(())
}

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    // Ended first: a client id may be free and taken again in one batch.
    if !rows.more.ended_held.is_empty() {
        let ids: Vec<Uuid> = rows.more.ended_held.iter().copied().map(Uuid::from).collect();
        query(END).bind(ids).execute(&mut *conn).await?;
    }
    let new = &rows.more.new_held;
    if !new.is_empty() {
        let added = query(
            "INSERT INTO chat.held (id, room, sender, kind, content, image_url, client_id, attachments, refers, \
                 body_hash, reason, at, custom) \
             SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::int2[], $5::text[], $6::text[], \
                 $7::text[], $8::bytea[], $9::text[], $10::bytea[], $11::text[], $12::int8[], \
                 $13::text[]) \
             ON CONFLICT (id) DO NOTHING",
        );
        let added = added
            .bind(each(new, |held| Uuid::from(held.id)))
            .bind(each(new, |held| Uuid::from(held.room)))
            .bind(each(new, |held| held.sender.user.as_str()))
            .bind(each(new, |held| body_code(&held.body)))
            .bind(each(new, |held| held.body.content()))
            .bind(each(new, |held| held.body.image_url()))
            .bind(each(new, |held| held.client_id.as_ref().map(ClientId::as_str)))
            .bind(each(new, |held| kept_attachments(&held.attachments)))
            .bind(each(new, |held| refers_text(&held.refers)))
            .bind(each(new, |held| &held.hash.0[..]))
            .bind(each(new, |held| held.reason.as_deref()))
            .bind(each(new, |held| held.at.as_millis()))
            .bind(each(new, |held| custom_text(&held.custom)));
        added.execute(&mut *conn).await?;
    }
    Ok(())
}

pub(super) const END: &str = "DELETE FROM chat.held WHERE id = ANY($1)";
