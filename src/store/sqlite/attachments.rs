//! Attachments: read, and written within a commit.

use rusqlite::{Connection, params};

use super::error::SqliteError;
use super::read::{all, one};
use crate::clock::Timestamp;
use crate::id::{AttachmentId, RoomId, UserId};
use crate::store::columns::{ReadRow, attachment_columns, int, stored_attachment};
use crate::store::{Stage, StoredAttachment};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

pub(super) const ATTACHMENT: &str =
    concat!("SELECT ", attachment_columns!(), " FROM attachments a WHERE a.room = ?1 AND a.id = ?2");

pub(super) fn attachment(
    conn: &Connection,
    room: RoomId,
    id: AttachmentId,
) -> Result<Option<StoredAttachment>> {
    one(conn, ATTACHMENT, &[&room.to_bytes(), &id.to_bytes()], |columns| stored_attachment(columns))
}

/// In the index alone.
pub(super) const STORED_BYTES: &str = "SELECT coalesce(sum(size), 0) FROM attachments WHERE uploader = ?1";

pub(super) fn stored_bytes(conn: &Connection, user: &UserId) -> Result<u64> {
    Ok(one(conn, STORED_BYTES, &[&user.as_str()], |columns| columns.number())?.unwrap_or_default())
}

pub(super) const UNSENT: &str = concat!(
    "SELECT ",
    attachment_columns!(),
    " FROM attachments a WHERE a.message IS NULL AND a.created_at <= ?1 \
     ORDER BY a.created_at, a.room, a.id LIMIT ?2"
);

pub(super) fn unsent(conn: &Connection, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>> {
    all(conn, UNSENT, &[&before.as_millis(), &limit], |columns| stored_attachment(columns))
}

/// Whose it is and what it is called never changes.
const WRITE: &str = "INSERT INTO attachments (id, room, uploader, name, media_type, size, width, height, \
         has_thumbnail, created_at, whole, message) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
     ON CONFLICT (room, id) DO UPDATE SET size = excluded.size, width = excluded.width, \
         height = excluded.height, has_thumbnail = excluded.has_thumbnail, whole = excluded.whole, \
         message = excluded.message";

const END: &str = "DELETE FROM attachments WHERE room = ?1 AND id = ?2";

/// Writes what is there, or deletes what is not there any more.
pub(super) fn write(
    conn: &Connection,
    (room, id): (RoomId, AttachmentId),
    stored: Option<&StoredAttachment>,
) -> Result<()> {
    let Some(StoredAttachment { attachment, stage }) = stored else {
        conn.prepare_cached(END)?.execute(params![room.to_bytes(), id.to_bytes()])?;
        return Ok(());
    };
    let message = match stage {
        Stage::Held(message) | Stage::Sent(message) => Some(message.to_bytes()),
        Stage::Arriving | Stage::Waiting => None,
    };
    conn.prepare_cached(WRITE)?.execute(params![
        id.to_bytes(),
        room.to_bytes(),
        attachment.uploader.as_str(),
        attachment.name,
        attachment.media_type,
        int(attachment.size),
        attachment.dimensions.map(|sides| sides.width),
        attachment.dimensions.map(|sides| sides.height),
        attachment.has_thumbnail,
        attachment.created_at.as_millis(),
        matches!(stage, Stage::Waiting | Stage::Sent(_)),
        message,
    ])?;
    Ok(())
}
