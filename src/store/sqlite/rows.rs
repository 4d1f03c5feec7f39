//! The write side: loads the rows that a batch is decided on, and writes what has changed in them.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::attachments;
use super::columns::{Columns, message_joins};
use super::edits;
use super::error::SqliteError;
use super::follows;
use super::held;
use super::joins;
use super::mentions;
use super::moderation;
use super::settings;
use super::{alerts, amend, hidden, keeping, notify, read};
use crate::clock::Timestamp;
use crate::error::Result as StoreResult;
use crate::id::{ClientId, OriginId, RoomId, UserId};
use crate::model::{Epoch, Invite, InviteCode, Member, Message, Position, Profile, Relation, Room, RoomKind};
use crate::store::columns::{
    ReadRow, body_code, custom_text, first_sender, int, is_public, keeping_text, kept_attachments,
    kept_mentions, kept_thread, message_columns, permissions_text, quoted_seq, relation_code, role_code,
    room_code, root_seq,
};
use crate::store::{Batch, BodyHash, Needs, Ordinals, Outcome, Rows, Sent, apply};

/// Commits a batch, within the transaction.
pub(super) fn commit(conn: &Connection, mut batch: Batch) -> Result<Vec<StoreResult<Outcome>>, SqliteError> {
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
    let mut rows = load(conn, &needs)?;
    let before = rows.position;
    let outcomes = apply(batch, &mut rows);
    write(conn, &rows, before)?;
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

fn load(conn: &Connection, needs: &Needs) -> Result<Rows, SqliteError> {
    let mut rows = Rows::at(read::position(conn)?);
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
    for key in &needs.sent {
        if let Some(sent) = load_sent(conn, key)? {
            rows.sent.insert(key.clone(), sent);
        }
    }
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

fn load_sent(conn: &Connection, key: &(RoomId, UserId, ClientId)) -> Result<Option<Sent>, SqliteError> {
    let (room, sender, client) = key;
    let mut statement = conn.prepare_cached(SENT)?;
    let mut found = statement.query(params![room.to_bytes(), sender.as_str(), client.as_str()])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let mut columns = Columns::of(row);
    Ok(Some(Sent { message: Arc::new(columns.message()?), hash: columns.hash()? }))
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

fn write(conn: &Connection, rows: &Rows, before: Position) -> Result<(), SqliteError> {
    if rows.position != before {
        write_position(conn, rows.position)?;
    }
    for room in rows.written_rooms.iter().filter_map(|id| rows.rooms.get(id)) {
        write_room(conn, room)?;
    }
    for member in rows.written_members.iter().filter_map(|key| rows.members.get(key)) {
        write_member(conn, member)?;
    }
    for (message, hash) in &rows.new_messages {
        add_message(conn, message, hash.as_ref())?;
    }
    amend::write(conn, rows)?;
    mentions::write(conn, rows)?;
    for key in &rows.more.freed_keys {
        conn.prepare_cached("DELETE FROM room_keys WHERE key = ?1")?.execute([key.as_str()])?;
    }
    for (key, room) in &rows.more.new_keys {
        let mut statement = conn.prepare_cached("INSERT INTO room_keys (key, room) VALUES (?1, ?2)")?;
        statement.execute(params![key.as_str(), room.to_bytes()])?;
    }
    for code in &rows.more.written_invites {
        write_invite(conn, *code, rows.more.invites.get(code))?;
    }
    for key in &rows.more.written_relations {
        write_relation(conn, key, rows.relations.get(key))?;
    }
    for key in &rows.more.written_attachments {
        attachments::write(conn, *key, rows.more.attachments.get(key))?;
    }
    hidden::write(conn, rows)?;
    follows::write(conn, rows)?;
    settings::write(conn, rows)?;
    held::write(conn, rows)?;
    joins::write(conn, rows)?;
    edits::write(conn, rows)?;
    moderation::write(conn, rows)?;
    alerts::write(conn, rows)?;
    keeping::end(conn, rows)?;
    keeping::cut(conn, rows)
}

fn write_position(conn: &Connection, position: Position) -> Result<(), SqliteError> {
    let mut statement = conn.prepare_cached("UPDATE lanes SET pos = ?2 WHERE lane = ?1")?;
    for pos in position.iter() {
        statement.execute(params![pos.lane, int(pos.at)])?;
    }
    Ok(())
}

/// Its kind and when it was made never change.
const WRITE_ROOM: &str = "INSERT INTO rooms (id, kind, one, other, challenge, name, active, created_at, \
         seq, countable, members, last_message_at, created_pos, changed_pos, last_pos, marks_pos, \
         permissions, topic, picture, public, custom, slow_mode, keeping, threads_pos) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
         ?20, ?21, ?22, ?23, ?24) \
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, active = excluded.active, seq = excluded.seq, \
         countable = excluded.countable, members = excluded.members, \
         last_message_at = excluded.last_message_at, changed_pos = excluded.changed_pos, \
         last_pos = excluded.last_pos, marks_pos = excluded.marks_pos, permissions = excluded.permissions, \
         topic = excluded.topic, picture = excluded.picture, public = excluded.public, \
         custom = excluded.custom, slow_mode = excluded.slow_mode, keeping = excluded.keeping, \
         threads_pos = excluded.threads_pos";

fn write_room(conn: &Connection, room: &Room) -> Result<(), SqliteError> {
    let pair = match &room.kind {
        RoomKind::Direct([one, other]) => Some((one.as_str(), other.as_str())),
        _ => None,
    };
    conn.prepare_cached(WRITE_ROOM)?.execute(params![
        room.id.to_bytes(),
        room_code(&room.kind),
        pair.map(|(one, _)| one),
        pair.map(|(_, other)| other),
        room.kind.challenge().map(|challenge| challenge.as_str()),
        room.name,
        room.active,
        room.created_at.as_millis(),
        int(room.seq),
        int(room.countable),
        room.members,
        room.last_message_at.map(Timestamp::as_millis),
        int(room.created_pos),
        int(room.changed_pos),
        int(room.last_pos),
        int(room.marks_pos),
        permissions_text(room),
        room.about.topic,
        room.about.picture,
        is_public(room),
        custom_text(&room.about.custom),
        room.slow_mode,
        keeping_text(room),
        int(room.threads_pos),
    ])?;
    Ok(())
}

/// For who only sent, or marked at the same position again: SQLite writes each index anew of which a
/// column is named here, changed or not, so those are not. They change with one of the two positions.
const WRITE_COUNTS: &str = "UPDATE members SET own_n = ?5, marked_at = ?6, read_seq = ?7, \
         delivered_seq = ?8, read_n = ?9, read_own_n = ?10, slowed_at = ?11, hidden = ?12 \
     WHERE room = ?1 AND user = ?2 AND changed_pos = ?3 AND marks_pos = ?4";

/// Another stay in the same room is the same row.
const WRITE_MEMBER: &str = "INSERT INTO members (room, user, changed_pos, marks_pos, own_n, marked_at, \
         read_seq, delivered_seq, read_n, read_own_n, slowed_at, hidden, role, active, joined_at, joined_seq, \
         joined_pos, muted_until, notify) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) \
     ON CONFLICT (room, user) DO UPDATE SET changed_pos = excluded.changed_pos, \
         marks_pos = excluded.marks_pos, own_n = excluded.own_n, marked_at = excluded.marked_at, \
         read_seq = excluded.read_seq, delivered_seq = excluded.delivered_seq, read_n = excluded.read_n, \
         read_own_n = excluded.read_own_n, slowed_at = excluded.slowed_at, hidden = excluded.hidden, role = excluded.role, \
         active = excluded.active, joined_at = excluded.joined_at, joined_seq = excluded.joined_seq, \
         joined_pos = excluded.joined_pos, muted_until = excluded.muted_until, \
         notify = excluded.notify";

fn write_member(conn: &Connection, member: &Member) -> Result<(), SqliteError> {
    let values = params![
        member.room.to_bytes(),
        member.user.as_str(),
        int(member.changed_pos),
        int(member.marks_pos),
        int(member.own_n),
        member.marked_at.as_millis(),
        int(member.read_seq),
        int(member.delivered_seq),
        int(member.read_n),
        int(member.read_own_n),
        member.slowed_at.map(Timestamp::as_millis),
        member.hidden,
        role_code(member.role),
        member.active,
        member.joined_at.as_millis(),
        int(member.joined_seq),
        int(member.joined_pos),
        member.muted_until.map(Timestamp::as_millis),
        member.notify.as_ref().map(ToString::to_string),
    ];
    if conn.prepare_cached(WRITE_COUNTS)?.execute(&values[..12])? == 0 {
        conn.prepare_cached(WRITE_MEMBER)?.execute(values)?;
    }
    Ok(())
}

/// Never an upsert: a number or an id that is taken is damage, and the batch fails.
const ADD_MESSAGE: &str = "INSERT INTO messages (room, seq, id, sender, kind, content, image_url, \
         client_id, body_hash, created_at, pos, n, own_n, origin, attachments, \
         writing_until, quoted, forwarded, mentioned, thread, root, custom) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";

fn add_message(conn: &Connection, message: &Message, hash: Option<&BodyHash>) -> Result<(), SqliteError> {
    conn.prepare_cached(ADD_MESSAGE)?.execute(params![
        message.room.to_bytes(),
        int(message.seq),
        message.id.to_bytes(),
        message.sender.user.as_str(),
        body_code(&message.body),
        message.body.content(),
        message.body.image_url(),
        message.client_id.as_ref().map(ClientId::as_str),
        hash.map(|hash| hash.0),
        message.created_at.as_millis(),
        int(message.pos),
        int(message.n),
        int(message.own_n),
        message.origin.as_ref().map(OriginId::as_str),
        kept_attachments(&message.attachments),
        message.state.writing_until.map(Timestamp::as_millis),
        quoted_seq(message),
        first_sender(message),
        kept_mentions(message),
        kept_thread(message),
        root_seq(message),
        custom_text(&message.custom),
    ])?;
    Ok(())
}

const WRITE_INVITE: &str = "INSERT INTO invites (code, room, made_by, created_at, expires_at, max_uses, uses, \
         invited) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (code) DO UPDATE SET uses = excluded.uses";

const END_INVITE: &str = "DELETE FROM invites WHERE code = ?1";

fn write_invite(conn: &Connection, code: InviteCode, link: Option<&Invite>) -> Result<(), SqliteError> {
    match link {
        Some(link) => conn.prepare_cached(WRITE_INVITE)?.execute(params![
            code.to_bytes(),
            link.room.to_bytes(),
            link.by.as_ref().map(UserId::as_str),
            link.created_at.as_millis(),
            link.expires_at.map(Timestamp::as_millis),
            link.max_uses.map(std::num::NonZeroU32::get),
            link.uses,
            link.user.as_ref().map(UserId::as_str),
        ])?,
        None => conn.prepare_cached(END_INVITE)?.execute([code.to_bytes()])?,
    };
    Ok(())
}

const WRITE_RELATION: &str = "INSERT INTO relations (user, other, kind, since) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (user, other) DO UPDATE SET kind = excluded.kind, since = excluded.since";

const END_RELATION: &str = "DELETE FROM relations WHERE user = ?1 AND other = ?2";

fn write_relation(
    conn: &Connection,
    (user, other): &(UserId, UserId),
    relation: Option<&Relation>,
) -> Result<(), SqliteError> {
    let (user, other) = (user.as_str(), other.as_str());
    match relation {
        Some(Relation { kind, since, .. }) => {
            let values = params![user, other, relation_code(*kind), since.as_millis()];
            conn.prepare_cached(WRITE_RELATION)?.execute(values)?
        }
        None => conn.prepare_cached(END_RELATION)?.execute(params![user, other])?,
    };
    Ok(())
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
