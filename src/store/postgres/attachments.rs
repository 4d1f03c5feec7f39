//! Attachments: read, and loaded and written within a commit.

use std::collections::{BTreeMap, HashMap};

use sqlx::{PgConnection, query};

use super::columns::Uuid;
use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::write::each;
use crate::clock::Timestamp;
use crate::id::{AttachmentId, RoomId, UserId};
use crate::model::Dimensions;
use crate::store::columns::{ReadRow, attachment_columns, int, stored_attachment};
use crate::store::{Rows, Stage, StoredAttachment};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const ATTACHMENT: &str =
    concat!("SELECT ", attachment_columns!(), " FROM chat.attachments a WHERE a.room = $1 AND a.id = $2");

pub(super) async fn attachment(
    db: &Connections,
    room: RoomId,
    id: AttachmentId,
) -> Result<Option<StoredAttachment>> {
    let sought = || query(ATTACHMENT).bind(Uuid::from(room)).bind(Uuid::from(id));
    db.one(sought, |columns| stored_attachment(columns)).await
}

/// In the index alone. A sum of `bigint` is a `numeric`.
pub(super) const STORED_BYTES: &str =
    "SELECT coalesce(sum(a.size), 0)::int8 FROM chat.attachments a WHERE a.uploader = $1";

pub(super) async fn stored_bytes(db: &Connections, user: &UserId) -> Result<u64> {
    let found = db.one(|| query(STORED_BYTES).bind(user.as_str()), |columns| columns.number()).await?;
    Ok(found.unwrap_or_default())
}

/// Nobody else finishes an upload of theirs before the commit.
pub(super) const LOAD_STORED_BYTES: &str = "SELECT k.uploader, \
         (SELECT coalesce(sum(a.size), 0)::int8 FROM chat.attachments a WHERE a.uploader = k.uploader) \
     FROM UNNEST($1::text[]) AS k (uploader)";

pub(super) async fn load_stored_bytes(
    conn: &mut PgConnection,
    users: &[UserId],
) -> Result<BTreeMap<UserId, u64>> {
    if users.is_empty() {
        return Ok(BTreeMap::new());
    }
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    let found = fetch(conn, query(LOAD_STORED_BYTES).bind(users), |columns| {
        Ok((columns.parsed()?, columns.number()?))
    });
    Ok(found.await?.into_iter().collect())
}

pub(super) const UNSENT: &str = concat!(
    "SELECT ",
    attachment_columns!(),
    " FROM chat.attachments a WHERE a.message IS NULL AND a.created_at <= $1 \
     ORDER BY a.created_at, a.room, a.id LIMIT $2"
);

pub(super) async fn unsent(db: &Connections, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>> {
    let sought = || query(UNSENT).bind(before.as_millis()).bind(i64::from(limit));
    db.all(sought, |columns| stored_attachment(columns)).await
}

pub(super) const LOAD: &str = concat!(
    "SELECT ",
    attachment_columns!(),
    " FROM UNNEST($1::uuid[], $2::uuid[]) AS k (room, id) \
     JOIN chat.attachments a ON a.room = k.room AND a.id = k.id"
);

/// The rooms are locked, and so are all that is in them.
pub(super) async fn load(
    conn: &mut PgConnection,
    keys: &[(RoomId, AttachmentId)],
) -> Result<HashMap<(RoomId, AttachmentId), StoredAttachment>> {
    let (rooms, ids): (Vec<Uuid>, Vec<Uuid>) =
        keys.iter().map(|(room, id)| (Uuid::from(*room), Uuid::from(*id))).unzip();
    let found = fetch(conn, query(LOAD).bind(rooms).bind(ids), |columns| stored_attachment(columns)).await?;
    Ok(found.into_iter().map(|stored| ((stored.attachment.room, stored.attachment.id), stored)).collect())
}

/// Whose it is and what it is called never changes.
const WRITE: &str = "INSERT INTO chat.attachments (id, room, uploader, name, media_type, size, width, \
         height, has_thumbnail, created_at, whole, message) \
     SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int8[], \
         $7::int8[], $8::int8[], $9::bool[], $10::int8[], $11::bool[], $12::uuid[]) \
     ON CONFLICT (room, id) DO UPDATE SET size = excluded.size, width = excluded.width, \
         height = excluded.height, has_thumbnail = excluded.has_thumbnail, whole = excluded.whole, \
         message = excluded.message";

const END: &str = "DELETE FROM chat.attachments a USING UNNEST($1::uuid[], $2::uuid[]) AS k (room, id) \
     WHERE a.room = k.room AND a.id = k.id";

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    let written = || rows.more.written_attachments.iter();
    let ended: Vec<_> = written().filter(|key| !rows.more.attachments.contains_key(key)).collect();
    if !ended.is_empty() {
        let ids = (each(&ended, |key| Uuid::from(key.0)), each(&ended, |key| Uuid::from(key.1)));
        query(END).bind(ids.0).bind(ids.1).execute(&mut *conn).await?;
    }
    let put: Vec<&StoredAttachment> = written().filter_map(|key| rows.more.attachments.get(key)).collect();
    if put.is_empty() {
        return Ok(());
    }
    let side = |stored: &StoredAttachment, side: fn(Dimensions) -> u32| {
        stored.attachment.dimensions.map(side).map(i64::from)
    };
    let message = |stored: &StoredAttachment| match stored.stage {
        Stage::Held(message) | Stage::Sent(message) => Some(Uuid::from(message)),
        Stage::Arriving | Stage::Waiting => None,
    };
    let write = query(WRITE)
        .bind(each(&put, |one| Uuid::from(one.attachment.id)))
        .bind(each(&put, |one| Uuid::from(one.attachment.room)))
        .bind(each(&put, |one| one.attachment.uploader.as_str()))
        .bind(each(&put, |one| &*one.attachment.name))
        .bind(each(&put, |one| &*one.attachment.media_type))
        .bind(each(&put, |one| int(one.attachment.size)))
        .bind(each(&put, |one| side(one, |sides| sides.width)))
        .bind(each(&put, |one| side(one, |sides| sides.height)))
        .bind(each(&put, |one| one.attachment.has_thumbnail))
        .bind(each(&put, |one| one.attachment.created_at.as_millis()))
        .bind(each(&put, |one| matches!(one.stage, Stage::Waiting | Stage::Sent(_))))
        .bind(each(&put, |one| message(one)));
    write.execute(conn).await?;
    Ok(())
}
