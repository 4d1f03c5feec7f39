//! Messages that wait until somebody says whether they are said: read, loaded and written.

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::Columns;
use super::error::SqliteError;
use super::read::{all, one};
use crate::id::{ClientId, MessageId, RoomId};
use crate::store::columns::{
    ReadRow, body_code, custom_text, held_columns, held_of, kept_attachments, refers_text,
};
use crate::store::{Held, Needs, Queue, Rows};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

pub(super) const HELD: &str = concat!(
    "SELECT ",
    held_columns!(),
    " FROM held h LEFT JOIN profiles p ON p.user = h.sender WHERE h.id = ?1 AND h.room = ?2"
);

pub(super) fn message(conn: &Connection, room: RoomId, id: MessageId) -> Result<Option<Held>> {
    one(conn, HELD, &[&id.to_bytes(), &room.to_bytes()], |columns| held_of(columns))
}

pub(super) const ALL: &str = concat!(
    "SELECT ",
    held_columns!(),
    " FROM held h LEFT JOIN profiles p ON p.user = h.sender WHERE h.id > ?1 ORDER BY h.id LIMIT ?2"
);

pub(super) const IN_ROOM: &str = concat!(
    "SELECT ",
    held_columns!(),
    " FROM held h LEFT JOIN profiles p ON p.user = h.sender \
     WHERE h.room = ?1 AND h.id > ?2 ORDER BY h.id LIMIT ?3"
);

pub(super) const BY_SENDER: &str = concat!(
    "SELECT ",
    held_columns!(),
    " FROM held h LEFT JOIN profiles p ON p.user = h.sender \
     WHERE h.sender = ?1 AND h.id > ?2 ORDER BY h.id LIMIT ?3"
);

pub(super) fn held(
    conn: &Connection,
    queue: &Queue,
    after: Option<MessageId>,
    limit: u32,
) -> Result<Vec<Held>> {
    // The empty blob is before every id.
    let after = after.map(|id| id.to_bytes().to_vec()).unwrap_or_default();
    match queue {
        Queue::All => all(conn, ALL, &[&after, &limit], |columns| held_of(columns)),
        Queue::Room(room) => {
            all(conn, IN_ROOM, &[&room.to_bytes(), &after, &limit], |columns| held_of(columns))
        }
        Queue::Sender(user) => {
            all(conn, BY_SENDER, &[&user.as_str(), &after, &limit], |columns| held_of(columns))
        }
    }
}

pub(super) const PLACE: &str = "SELECT room, sender FROM held WHERE id = ?1";

pub(super) const HELD_AS: &str =
    "SELECT id, body_hash FROM held WHERE room = ?1 AND sender = ?2 AND client_id = ?3";

/// As many rows as may wait in a room are counted, in the index alone.
pub(super) const COUNT: &str =
    "SELECT count(*), coalesce(sum(sender = ?2), 0) FROM held INDEXED BY held_as WHERE room = ?1";

pub(super) fn load(conn: &Connection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    for (_, id) in &needs.more.held {
        let place = |columns: &mut Columns<'_>| Ok((columns.room_id()?, columns.parsed()?));
        rows.more.held.extend(one(conn, PLACE, &[&id.to_bytes()], place)?.map(|place| (*id, place)));
    }
    for key in &needs.more.held_as {
        let (room, sender, client) = key;
        let key_values = (room.to_bytes(), sender.as_str(), client.as_str());
        let found = one(conn, HELD_AS, &[&key_values.0, &key_values.1, &key_values.2], |columns| {
            Ok((MessageId::from_bytes(columns.bytes()?), columns.hash()?))
        })?;
        rows.more.held_as.extend(found.map(|found| (key.clone(), found)));
    }
    for key in &needs.more.holding {
        let mut statement = conn.prepare_cached(COUNT)?;
        let counts = statement.query_row(params![key.0.to_bytes(), key.1.as_str()], |row| {
            let mut columns = Columns::of(row);
            Ok(columns.number().and_then(|in_room| Ok((in_room, columns.number()?))))
        });
        if let Some(counts) = counts.optional()? {
            rows.more.held_counts.insert(key.clone(), counts?);
        }
    }
    Ok(())
}

const ADD: &str = "INSERT INTO held (id, room, sender, kind, content, image_url, client_id, attachments, refers, \
         body_hash, reason, at, custom) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (id) DO NOTHING";

const END: &str = "DELETE FROM held WHERE id = ?1";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<()> {
    // Ended first: a client id may be free and taken again in one batch.
    for id in &rows.more.ended_held {
        conn.prepare_cached(END)?.execute([id.to_bytes()])?;
    }
    for held in &rows.more.new_held {
        conn.prepare_cached(ADD)?.execute(params![
            held.id.to_bytes(),
            held.room.to_bytes(),
            held.sender.user.as_str(),
            body_code(&held.body),
            held.body.content(),
            held.body.image_url(),
            held.client_id.as_ref().map(ClientId::as_str),
            kept_attachments(&held.attachments),
            refers_text(&held.refers),
            held.hash.0,
            held.reason,
            held.at.as_millis(),
            custom_text(&held.custom),
        ])?;
    }
    Ok(())
}
