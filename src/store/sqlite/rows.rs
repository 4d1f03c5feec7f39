//! The write side: loads the rows that a batch is decided on, decides, and has written what has changed in them.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{Columns, message_joins};
use super::error::SqliteError;
use super::{
    alerts, amend, attachments, edits, follows, held, hidden, joins, keeping, moderation, notify, read,
    settings, write,
};
use crate::clock::Timestamp;
use crate::error::Result as StoreResult;
use crate::id::{RoomId, UserId};
use crate::model::{Epoch, Position, Profile};
use crate::store::cache::RowCache;
use crate::store::columns::{ReadRow, int, message_columns};
use crate::store::loaded::Loaded;
use crate::store::{Batch, Needs, Ordinals, Outcome, Rows, Sent, apply};

/// Commits a batch, within the transaction.
pub(super) fn commit(
    conn: &Connection,
    mut batch: Batch,
    cache: &mut RowCache,
) -> Result<Vec<StoreResult<Outcome>>, SqliteError> {
    let needs = Needs::of(&batch);
    for profile in std::mem::take(&mut batch.profiles) {
        write_profile(conn, &profile)?;
    }
    for (user, at) in std::mem::take(&mut batch.last_seen) {
        write_time(conn, WRITE_LAST_SEEN, &user, at)?;
    }
    for (user, at) in std::mem::take(&mut batch.logouts) {
        write_time(conn, WRITE_LOGOUT, &user, at)?;
    }
    for (user, quiet) in std::mem::take(&mut batch.do_not_disturb) {
        notify::write_quiet(conn, &user, quiet)?;
    }
    for (user, is_begun) in std::mem::take(&mut batch.erased) {
        let sql = if is_begun { BEGIN_ERASURE } else { END_ERASURE };
        for sql in [FORGET_PROFILE, alerts::END_OF_USER, sql] {
            conn.prepare_cached(sql)?.execute([user.as_str()])?;
        }
    }
    for number in std::mem::take(&mut batch.sent) {
        conn.prepare_cached(END_OUTBOX_ROW)?.execute([int(number)])?;
    }
    let before = read::position(conn)?;
    let mut rows = match cache.rows(&needs, before) {
        Some(mut rows) => {
            load_sent(conn, &needs, &mut rows)?;
            rows
        }
        None => load(conn, &needs, before)?,
    };
    let loaded = Loaded::of(&rows);
    let outcomes = apply(batch, &mut rows);
    write::write(conn, &rows, &loaded, before)?;
    if rows.more.is_there() {
        *cache = RowCache::default();
    } else {
        cache.keep(&needs, &rows);
    }
    Ok(outcomes)
}

/// When they logged out stays: older tokens must not hold again.
pub(super) const FORGET_PROFILE: &str =
    "UPDATE profiles SET nickname = NULL, image = NULL, last_seen = NULL WHERE user = ?1";

const BEGIN_ERASURE: &str = "INSERT OR IGNORE INTO erasures (user) VALUES (?1)";

pub(super) const END_ERASURE: &str = "DELETE FROM erasures WHERE user = ?1";

pub(super) const END_OUTBOX_ROW: &str = "DELETE FROM chat_outbox WHERE n = ?1";

pub(super) fn write_epoch(conn: &Connection, epoch: Epoch) -> Result<(), SqliteError> {
    conn.execute("UPDATE meta SET epoch = ?", [epoch.0.cast_signed()])?;
    Ok(())
}

fn load(conn: &Connection, needs: &Needs, position: Position) -> Result<Rows, SqliteError> {
    let mut rows = Rows::at(position);
    for id in &needs.rooms {
        if let Some(room) = read::room(conn, *id)? {
            rows.rooms.insert(*id, Arc::new(room));
        }
    }
    keeping::load(conn, &needs.more.oldest, &mut rows)?;
    for key in needs.members.iter().chain(&needs.senders(&rows.more.oldest)) {
        if let Some(member) = read::member(conn, key.0, &key.1)? {
            rows.members.insert(key.clone(), Arc::new(member));
        }
    }
    for (room, count) in needs.heirs(&rows.members) {
        for (member, profile) in read::heirs(conn, room, count)? {
            rows.add_heir(member, profile);
        }
    }
    load_sent(conn, needs, &mut rows)?;
    for (_, id) in &needs.more.places {
        let mut statement = conn.prepare_cached(PLACE)?;
        let mut found = statement.query([id.to_bytes()])?;
        if let Some(row) = found.next()? {
            let mut columns = Columns::of(row);
            rows.more.places.insert(*id, (columns.room_id()?, columns.number()?));
        }
    }
    for key in &needs.more.keys {
        let mut statement = conn.prepare_cached(ROOM_WITH_KEY)?;
        let room = statement.query_row([key.as_str()], |row| Ok(Columns::of(row).room_id())).optional()?;
        if let Some(room) = room {
            rows.more.keys.insert(key.clone(), room?);
        }
    }
    for key in &needs.ordinals_in(&rows.rooms) {
        if let Some(at) = load_ordinals(conn, key)? {
            rows.ordinals.insert(key.clone(), at);
        }
    }
    amend::load(conn, needs, &mut rows)?;
    for room in &needs.more.invites {
        rows.more.invites.extend(read::invites(conn, *room)?.into_iter().map(|link| (link.code, link)));
    }
    for code in &needs.more.codes {
        rows.more.invites.extend(read::invite(conn, *code)?.map(|link| (link.code, link)));
    }
    for (user, other) in needs.relations_with(&rows.rooms) {
        if let Some(relation) = read::relation(conn, &user, &other)? {
            rows.relations.insert((user, other), relation);
        }
    }
    for user in &needs.more.stored_bytes {
        rows.more.stored_bytes.insert(user.clone(), attachments::stored_bytes(conn, user)?);
    }
    for key in &needs.more.attachments {
        if let Some(stored) = attachments::attachment(conn, key.0, key.1)? {
            rows.more.attachments.insert(*key, stored);
        }
    }
    moderation::load(conn, needs, &mut rows)?;
    hidden::load(conn, needs, &mut rows)?;
    follows::load(conn, needs, &mut rows)?;
    settings::load(conn, needs, &mut rows)?;
    edits::load(conn, needs, &mut rows)?;
    held::load(conn, needs, &mut rows)?;
    joins::load(conn, needs, &mut rows)?;
    Ok(rows)
}

/// In whatever room: no two have a message of the same id.
pub(super) const PLACE: &str = "SELECT room, seq FROM messages WHERE id = ?1";

pub(super) const ROOM_WITH_KEY: &str = "SELECT room FROM room_keys WHERE key = ?1";

pub(super) const SENT: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", s.body_hash FROM messages s",
    message_joins!(),
    " WHERE s.room = ?1 AND s.sender = ?2 AND s.client_id = ?3"
);

fn load_sent(conn: &Connection, needs: &Needs, rows: &mut Rows) -> Result<(), SqliteError> {
    let mut statement = conn.prepare_cached(SENT)?;
    for key in &needs.sent {
        let (room, sender, client) = key;
        let mut found = statement.query(params![room.to_bytes(), sender.as_str(), client.as_str()])?;
        if let Some(row) = found.next()? {
            let mut columns = Columns::of(row);
            let sent = Sent { message: Arc::new(columns.message()?), hash: columns.hash()? };
            rows.sent.insert(key.clone(), sent);
        }
    }
    Ok(())
}

pub(super) const COUNT_AT: &str = "SELECT n FROM messages WHERE room = ?1 AND seq = ?2";

// Named, for SQLite would rather walk the room's messages back to one of the user's.
pub(super) const OWN_COUNT_AT: &str = "SELECT own_n FROM messages INDEXED BY messages_by_sender \
     WHERE room = ?1 AND sender = ?2 AND seq <= ?3 ORDER BY seq DESC LIMIT 1";

fn load_ordinals(
    conn: &Connection,
    (room, user, seq): &(RoomId, UserId, u64),
) -> Result<Option<Ordinals>, SqliteError> {
    let (room, seq) = (room.to_bytes(), int(*seq));
    let number = |sql, params: &[&dyn rusqlite::ToSql]| -> Result<Option<u64>, SqliteError> {
        let mut statement = conn.prepare_cached(sql)?;
        let found = statement.query_row(params, |row| Ok(Columns::of(row).number())).optional()?;
        found.transpose()
    };
    let Some(n) = number(COUNT_AT, &[&room, &seq])? else { return Ok(None) };
    let own_n = number(OWN_COUNT_AT, &[&room, &user.as_str(), &seq])?.unwrap_or(0);
    Ok(Some(Ordinals { n, own_n }))
}

const WRITE_PROFILE: &str = "INSERT INTO profiles (user, nickname, image) VALUES (?1, ?2, ?3) \
     ON CONFLICT (user) DO UPDATE SET nickname = excluded.nickname, image = excluded.image";

fn write_profile(conn: &Connection, profile: &Profile) -> Result<(), SqliteError> {
    let values = params![profile.user.as_str(), profile.nickname, profile.image];
    conn.prepare_cached(WRITE_PROFILE)?.execute(values)?;
    Ok(())
}

/// Where the profile is there and this is not, the older time is NULL.
const WRITE_LAST_SEEN: &str = "INSERT INTO profiles (user, last_seen) VALUES (?1, ?2) \
     ON CONFLICT (user) DO UPDATE SET last_seen = max(ifnull(last_seen, 0), excluded.last_seen)";

const WRITE_LOGOUT: &str = "INSERT INTO profiles (user, logged_out) VALUES (?1, ?2) \
     ON CONFLICT (user) DO UPDATE SET logged_out = max(ifnull(logged_out, 0), excluded.logged_out)";

fn write_time(conn: &Connection, sql: &str, user: &UserId, at: Timestamp) -> Result<(), SqliteError> {
    conn.prepare_cached(sql)?.execute(params![user.as_str(), at.as_millis()])?;
    Ok(())
}
