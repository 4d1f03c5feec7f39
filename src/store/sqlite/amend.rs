//! Messages that change after they were sent, and the reactions on them.

use std::ops::RangeInclusive;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::columns::message_joins;
use super::error::SqliteError;
use super::read::{self, all};
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Message, PinCursor, Profile, Reaction};
use crate::store::columns::{
    ReadRow, below_pin, body_code, custom_text, first_sender, int, kept_attachments, kept_mentions,
    kept_thread, message_columns, pin_of, quoted_seq,
};
use crate::store::{Needs, ReactionKey, Rows};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

pub(super) const AMENDED_SINCE: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages s",
    message_joins!(),
    " WHERE s.room = ?1 AND s.changed_pos > ?2 \
     AND s.changed_pos <= ?3 AND +s.pos <= ?4 ORDER BY s.changed_pos LIMIT ?5"
);

pub(super) fn amended_since(
    conn: &Connection,
    room: RoomId,
    made_until: u64,
    (after, until): (u64, u64),
    limit: u32,
) -> Result<Vec<Message>> {
    let params = params![room.to_bytes(), int(after), int(until), int(made_until), limit];
    all(conn, AMENDED_SINCE, params, |columns| columns.message())
}

pub(super) const REACTIONS: &str = "SELECT x.reaction, x.user, p.nickname, p.image \
     FROM reactions x LEFT JOIN profiles p ON p.user = x.user \
     WHERE x.room = ?1 AND x.seq = ?2 AND (x.reaction, x.user) > (?3, ?4) \
     ORDER BY x.reaction, x.user LIMIT ?5";

pub(super) fn reactions(
    conn: &Connection,
    room: RoomId,
    seq: u64,
    after: Option<&(Reaction, UserId)>,
    limit: u32,
) -> Result<Vec<(Reaction, Profile)>> {
    let (reaction, user) = after.map_or(("", ""), |(reaction, user)| (reaction.as_str(), user.as_str()));
    all(conn, REACTIONS, params![room.to_bytes(), int(seq), reaction, user, limit], |columns| {
        let reaction = columns.reaction()?;
        let user = columns.parsed()?;
        Ok((reaction, columns.profile(user)?))
    })
}

pub(super) const REACTIONS_OF: &str = "SELECT seq, reaction FROM reactions \
     WHERE room = ?1 AND user = ?2 AND seq >= ?3 AND seq <= ?4 ORDER BY seq, reaction";

pub(super) fn reactions_of(
    conn: &Connection,
    room: RoomId,
    user: &UserId,
    seqs: RangeInclusive<u64>,
) -> Result<Vec<(u64, Reaction)>> {
    let (from, to) = (int(*seqs.start()), int(*seqs.end()));
    all(conn, REACTIONS_OF, params![room.to_bytes(), user.as_str(), from, to], |columns| {
        Ok((columns.number()?, columns.reaction()?))
    })
}

// Named, for SQLite would rather walk the room's messages.
pub(super) const PINNED: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages s INDEXED BY messages_pinned",
    message_joins!(),
    " WHERE s.room = ?1 AND s.pinned_at IS NOT NULL AND (s.pinned_at, s.seq) < (?2, ?3) \
     ORDER BY s.pinned_at DESC, s.seq DESC LIMIT ?4"
);

pub(super) fn pinned(
    conn: &Connection,
    room: RoomId,
    before: Option<PinCursor>,
    limit: u32,
) -> Result<Vec<Message>> {
    let (at, seq) = below_pin(before);
    all(conn, PINNED, params![room.to_bytes(), at, seq, limit], |columns| columns.message())
}

// Named, for SQLite would rather walk the room's messages.
pub(super) const REPLIES: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages s INDEXED BY messages_in_thread",
    message_joins!(),
    " WHERE s.room = ?1 AND s.root = ?2 AND s.seq < ?3 ORDER BY s.seq DESC LIMIT ?4"
);

pub(super) fn replies(
    conn: &Connection,
    room: RoomId,
    root: u64,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Message>> {
    let before = before.map_or(i64::MAX, int);
    all(conn, REPLIES, params![room.to_bytes(), int(root), before, limit], |columns| columns.message())
}

pub(super) const PINS: &str =
    "SELECT count(*) FROM messages INDEXED BY messages_pinned WHERE room = ?1 AND pinned_at IS NOT NULL";

pub(super) const REACTION: &str =
    "SELECT 1 FROM reactions WHERE room = ?1 AND seq = ?2 AND reaction = ?3 AND user = ?4";

pub(super) fn load(conn: &Connection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    for (room, id) in &needs.more.messages {
        if let Some(message) = read::message(conn, *room, *id)? {
            rows.more.messages.insert(*id, Arc::new(message));
        }
    }
    for (room, id) in needs.roots(&rows.more.messages) {
        if let Some(root) = read::message(conn, room, id)? {
            rows.more.messages.insert(id, Arc::new(root));
        }
    }
    for room in &needs.more.pins {
        let count = read::one(conn, PINS, &[&room.to_bytes()], |columns| columns.number())?;
        rows.more.pins.insert(*room, count.unwrap_or(0));
    }
    for (room, id, reaction, user) in &needs.more.reactions {
        let Some(seq) = rows.more.messages.get(id).map(|message| message.seq) else { continue };
        let params = params![room.to_bytes(), int(seq), reaction.as_str(), user.as_str()];
        if conn.prepare_cached(REACTION)?.exists(params)? {
            let (room, reaction, user) = (*room, reaction.clone(), user.clone());
            rows.more.reactions.insert(ReactionKey { room, seq, reaction, user });
        }
    }
    Ok(())
}

pub(super) const AMEND: &str = "UPDATE messages SET kind = ?3, content = ?4, image_url = ?5, changed_pos = ?6, \
         edited_at = ?7, reactions = ?8, attachments = ?9, quoted = ?10, pinned_at = ?11, pinned_by = ?12, \
         writing_until = ?13, forwarded = ?14, mentioned = ?15, thread = ?16, custom = ?17 \
     WHERE room = ?1 AND seq = ?2";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<()> {
    for ((room, seq), message) in &rows.more.amended {
        let (body, state) = (&message.body, &message.state);
        let (pinned_at, pinned_by) = pin_of(message);
        conn.prepare_cached(AMEND)?.execute(params![
            room.to_bytes(),
            int(*seq),
            body_code(body),
            body.content(),
            body.image_url(),
            (state.changed_pos > 0).then(|| int(state.changed_pos)),
            state.edited_at.map(Timestamp::as_millis),
            (!state.reactions.is_empty()).then(|| state.reactions.to_string()),
            kept_attachments(&message.attachments),
            quoted_seq(message),
            pinned_at,
            pinned_by,
            state.writing_until.map(Timestamp::as_millis),
            first_sender(message),
            kept_mentions(message),
            kept_thread(message),
            custom_text(&message.custom),
        ])?;
    }
    for (room, seq) in &rows.more.cleared {
        let mut statement = conn.prepare_cached("DELETE FROM reactions WHERE room = ?1 AND seq = ?2")?;
        statement.execute(params![room.to_bytes(), int(*seq)])?;
    }
    for key in &rows.more.written_reactions {
        let sql = if rows.more.reactions.contains(key) {
            "INSERT OR IGNORE INTO reactions (room, seq, reaction, user) VALUES (?1, ?2, ?3, ?4)"
        } else {
            "DELETE FROM reactions WHERE room = ?1 AND seq = ?2 AND reaction = ?3 AND user = ?4"
        };
        let ReactionKey { room, seq, reaction, user } = key;
        let params = params![room.to_bytes(), int(*seq), reaction.as_str(), user.as_str()];
        conn.prepare_cached(sql)?.execute(params)?;
    }
    Ok(())
}
