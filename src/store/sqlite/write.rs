//! Writes what a batch has changed.

use rusqlite::{Connection, Statement, params};

use super::error::SqliteError;
use super::{
    alerts, amend, attachments, edits, follows, held, hidden, joins, keeping, mentions, moderation, settings,
};
use crate::clock::Timestamp;
use crate::id::{ClientId, OriginId, UserId};
use crate::model::{Invite, InviteCode, Member, Message, Position, Relation, Room, RoomKind};
use crate::store::columns::{
    body_code, custom_text, first_sender, int, is_public, keeping_text, kept_attachments, kept_mentions,
    kept_thread, permissions_text, quoted_seq, relation_code, role_code, room_code, root_seq,
};
use crate::store::loaded::Loaded;
use crate::store::{BodyHash, Rows};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

/// Writes all of it.
pub(super) fn write(conn: &Connection, rows: &Rows, loaded: &Loaded, before: Position) -> Result<()> {
    if rows.position != before {
        write_position(conn, rows.position)?;
    }
    write_rooms(conn, rows, loaded)?;
    write_members(conn, rows)?;
    add_messages(conn, rows)?;
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

fn write_position(conn: &Connection, position: Position) -> Result<()> {
    let mut statement = conn.prepare_cached("UPDATE lanes SET pos = ?2 WHERE lane = ?1")?;
    for pos in position.iter() {
        statement.execute(params![pos.lane, int(pos.at)])?;
    }
    Ok(())
}

/// What messages and marks change.
pub(super) const WRITE_ROOM_COUNTS: &str = "UPDATE rooms SET seq = ?2, countable = ?3, last_message_at = ?4, last_pos = ?5, \
         marks_pos = ?6 WHERE id = ?1";

// Here and below, what a batch has many of is prepared once: to find a statement among those that are kept takes as long as
// to bind it.
fn write_rooms(conn: &Connection, rows: &Rows, loaded: &Loaded) -> Result<()> {
    let mut counts = conn.prepare_cached(WRITE_ROOM_COUNTS)?;
    for room in rows.written_rooms.iter().filter_map(|id| rows.rooms.get(id)) {
        if loaded.is_counted(room) {
            counts.execute(params![
                room.id.to_bytes(),
                int(room.seq),
                int(room.countable),
                room.last_message_at.map(Timestamp::as_millis),
                int(room.last_pos),
                int(room.marks_pos),
            ])?;
        } else {
            write_room(conn, room)?;
        }
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

fn write_room(conn: &Connection, room: &Room) -> Result<()> {
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

fn write_members(conn: &Connection, rows: &Rows) -> Result<()> {
    let (mut counts, mut whole) = (conn.prepare_cached(WRITE_COUNTS)?, conn.prepare_cached(WRITE_MEMBER)?);
    for member in rows.written_members.iter().filter_map(|key| rows.members.get(key)) {
        write_member((&mut counts, &mut whole), member)?;
    }
    Ok(())
}

fn write_member((counts, whole): (&mut Statement<'_>, &mut Statement<'_>), member: &Member) -> Result<()> {
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
    if counts.execute(&values[..12])? == 0 {
        whole.execute(values)?;
    }
    Ok(())
}

/// Never an upsert: a number or an id that is taken is damage, and the batch fails.
const ADD_MESSAGE: &str = "INSERT INTO messages (room, seq, id, sender, kind, content, image_url, \
         client_id, body_hash, created_at, pos, n, own_n, origin, attachments, \
         writing_until, quoted, forwarded, mentioned, thread, root, custom) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";

fn add_messages(conn: &Connection, rows: &Rows) -> Result<()> {
    let mut add = conn.prepare_cached(ADD_MESSAGE)?;
    rows.new_messages.iter().try_for_each(|(message, hash)| add_message(&mut add, message, hash.as_ref()))
}

fn add_message(add: &mut Statement<'_>, message: &Message, hash: Option<&BodyHash>) -> Result<()> {
    add.execute(params![
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

fn write_invite(conn: &Connection, code: InviteCode, link: Option<&Invite>) -> Result<()> {
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
) -> Result<()> {
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
