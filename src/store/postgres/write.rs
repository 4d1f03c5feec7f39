//! Writes what a batch has changed: one statement for all that messages and marks change in a transaction, and others for
//! what is rare.

use sqlx::{PgConnection, query};

use super::columns::Uuid;
use super::connections::fetch;
use super::error::PostgresError;
use super::lanes::{Lanes, stands_at};
use super::load::{SentKeys, is_any_sent};
use super::{
    alerts, amend, attachments, edits, follows, held, hidden, joins, keeping, mentions, moderation, settings,
};
use crate::clock::Timestamp;
use crate::id::{ClientId, OriginId, RoomId, UserId};
use crate::model::{Member, Room, RoomKey, RoomKind};
use crate::store::columns::{
    body_code, custom_text, first_sender, int, is_public, keeping_text, kept_attachments, kept_mentions,
    kept_thread, permissions_text, quoted_seq, relation_code, role_code, room_code, root_seq,
};
use crate::store::loaded::Loaded;
use crate::store::{BodyHash, Rows};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

/// What messages and marks change: lanes, where rooms and memberships stand, and messages, in one way to the server and
/// back. Tells how many of the lanes stood as they did when the batch was decided; unless they all did, nothing of it holds.
///
/// The parts do not see each other, and need not: whoever changes the same rows changes the lanes first. That holds of nodes
/// of this version; one from before it has moved marks without, for which marks never go back here. Nor does any of it hold
/// where one of the messages that the last three parameters tell was sent before.
///
/// Messages are never written over: a number or an id that is taken is damage, and the batch fails.
pub(super) const WRITE: &str = concat!(
    "WITH \
    moved AS (UPDATE chat.lanes l SET pos = w.pos, turn = l.turn + 1 \
        FROM UNNEST($1::int2[], $2::int8[], $3::int8[], $4::int8[]) AS w (lane, was, turn, pos) \
        WHERE l.lane = w.lane AND l.pos = w.was AND l.turn = w.turn AND NOT ",
    is_any_sent!("$43", "$44", "$45"),
    " RETURNING l.lane), \
    housed AS (UPDATE chat.rooms r SET seq = w.seq, countable = w.countable, \
            last_message_at = w.last_message_at, last_pos = w.last_pos, \
            marks_pos = greatest(r.marks_pos, w.marks_pos) \
        FROM UNNEST($5::uuid[], $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::int8[]) \
            AS w (id, seq, countable, last_message_at, last_pos, marks_pos) \
        WHERE r.id = w.id AND EXISTS (SELECT FROM moved)), \
    counted AS (UPDATE chat.members m SET marks_pos = greatest(m.marks_pos, w.marks_pos), \
            marked_at = greatest(m.marked_at, w.marked_at), read_seq = greatest(m.read_seq, w.read_seq), \
            delivered_seq = greatest(m.delivered_seq, w.delivered_seq), read_n = greatest(m.read_n, w.read_n), \
            read_own_n = greatest(m.read_own_n, w.read_own_n), own_n = w.own_n, slowed_at = w.slowed_at \
        FROM UNNEST($11::uuid[], $12::text[], $13::int8[], $14::int8[], $15::int8[], $16::int8[], $17::int8[], \
                $18::int8[], $19::int8[], $20::int8[]) \
            AS w (room, user_id, marks_pos, marked_at, read_seq, delivered_seq, read_n, read_own_n, own_n, \
                slowed_at) \
        WHERE m.room = w.room AND m.user_id = w.user_id AND EXISTS (SELECT FROM moved)), \
    added AS (INSERT INTO chat.messages (room, seq, id, sender, kind, content, image_url, client_id, body_hash, \
            created_at, pos, n, own_n, origin, attachments, writing_until, quoted, forwarded, mentioned, thread, \
            root, custom) \
        SELECT w.* FROM UNNEST($21::uuid[], $22::int8[], $23::uuid[], $24::text[], $25::int2[], $26::text[], \
            $27::text[], $28::text[], $29::bytea[], $30::int8[], $31::int8[], $32::int8[], $33::int8[], \
            $34::text[], $35::bytea[], $36::int8[], $37::int8[], $38::text[], $39::bytea[], $40::bytea[], \
            $41::int8[], $42::text[]) AS w WHERE EXISTS (SELECT FROM moved)) \
    SELECT count(*) FROM moved"
);

/// A room's kind and when it was made never change.
pub(super) const WRITE_ROOMS: &str = "INSERT INTO chat.rooms (id, kind, one, other, challenge, name, active, \
        created_at, seq, countable, members, last_message_at, created_pos, changed_pos, last_pos, marks_pos, \
        permissions, topic, picture, public, custom, slow_mode, keeping, threads_pos) \
    SELECT * FROM UNNEST($1::uuid[], $2::int2[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[], \
        $8::int8[], $9::int8[], $10::int8[], $11::int8[], $12::int8[], $13::int8[], $14::int8[], $15::int8[], \
        $16::int8[], $17::text[], $18::text[], $19::text[], $20::bool[], $21::text[], $22::int8[], \
        $23::text[], $24::int8[]) \
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, active = excluded.active, seq = excluded.seq, \
        countable = excluded.countable, members = excluded.members, \
        last_message_at = excluded.last_message_at, changed_pos = excluded.changed_pos, \
        last_pos = excluded.last_pos, marks_pos = excluded.marks_pos, permissions = excluded.permissions, \
        topic = excluded.topic, picture = excluded.picture, public = excluded.public, \
        custom = excluded.custom, slow_mode = excluded.slow_mode, keeping = excluded.keeping, \
        threads_pos = excluded.threads_pos";

/// Another stay in the same room is the same row.
pub(super) const WRITE_MEMBERS: &str = "INSERT INTO chat.members (room, user_id, role, active, joined_at, \
        joined_seq, joined_pos, changed_pos, marks_pos, marked_at, read_seq, delivered_seq, read_n, read_own_n, \
        own_n, muted_until, slowed_at, notify, hidden) \
    SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::int2[], $4::bool[], $5::int8[], $6::int8[], $7::int8[], \
        $8::int8[], $9::int8[], $10::int8[], $11::int8[], $12::int8[], $13::int8[], $14::int8[], $15::int8[], \
        $16::int8[], $17::int8[], $18::text[], $19::int8[]) \
    ON CONFLICT (room, user_id) DO UPDATE SET role = excluded.role, active = excluded.active, \
        joined_at = excluded.joined_at, joined_seq = excluded.joined_seq, \
        joined_pos = excluded.joined_pos, changed_pos = excluded.changed_pos, \
        marks_pos = excluded.marks_pos, marked_at = excluded.marked_at, read_seq = excluded.read_seq, \
        delivered_seq = excluded.delivered_seq, read_n = excluded.read_n, \
        read_own_n = excluded.read_own_n, own_n = excluded.own_n, \
        muted_until = excluded.muted_until, slowed_at = excluded.slowed_at, \
        notify = excluded.notify, hidden = excluded.hidden";

/// Writes all of it, its lanes being locked.
pub(super) async fn write(
    conn: &mut PgConnection,
    rows: &Rows,
    lanes: &Lanes,
    loaded: &Loaded,
) -> Result<()> {
    write_rows(conn, rows, lanes, loaded).await?;
    amend::write(conn, rows).await?;
    mentions::write(conn, rows).await?;
    write_keys(conn, rows).await?;
    write_invites(conn, rows).await?;
    write_relations(conn, rows).await?;
    moderation::write(conn, rows).await?;
    hidden::write(conn, rows).await?;
    settings::write(conn, rows).await?;
    held::write(conn, rows).await?;
    joins::write(conn, rows).await?;
    edits::write(conn, rows).await?;
    attachments::write(conn, rows).await?;
    follows::write(conn, rows).await?;
    alerts::write(conn, rows).await?;
    keeping::end(conn, rows).await?;
    keeping::cut(conn, rows).await
}

/// What a batch has changed of the rooms and memberships that there were: counts and marks alone, and more than those.
pub(super) struct Changed<'r> {
    counted: Vec<&'r Room>,
    marked: Vec<&'r Member>,
    rooms: Vec<&'r Room>,
    members: Vec<&'r Member>,
    rows: &'r Rows,
}

impl<'r> Changed<'r> {
    pub(super) fn of(rows: &'r Rows, loaded: &Loaded) -> Self {
        let rooms = rows.written_rooms.iter().filter_map(|id| rows.rooms.get(id).map(|room| &**room));
        let members =
            rows.written_members.iter().filter_map(|key| rows.members.get(key).map(|member| &**member));
        let (counted, rooms_more) = rooms.partition(|room| loaded.is_counted(room));
        let (marked, members_more) = members.partition(|member| loaded.has_marked(member));
        Self { counted, marked, rooms: rooms_more, members: members_more, rows }
    }

    /// Whether [`write_counts`] writes all of it.
    pub(super) fn is_counts_alone(&self) -> bool {
        let is_more = !self.rooms.is_empty() || !self.members.is_empty() || self.rows.more.is_there();
        !is_more && self.rows.new_mentions().next().is_none()
    }

    /// Whether there is nothing to write at all.
    pub(super) fn is_nothing(&self) -> bool {
        let is_no_count = self.counted.is_empty() && self.marked.is_empty();
        is_no_count && self.rows.new_messages.is_empty() && self.is_counts_alone()
    }
}

async fn write_rows(conn: &mut PgConnection, rows: &Rows, lanes: &Lanes, loaded: &Loaded) -> Result<()> {
    let changed = Changed::of(rows, loaded);
    write_rooms(conn, &changed.rooms).await?;
    write_members(conn, &changed.members).await?;
    if write_counts(conn, &changed, lanes, &[]).await? { Ok(()) } else { Err(PostgresError::Overtaken) }
}

/// Writes what messages and marks have changed, and counts a turn of its lanes for whatever else there is. Nothing, where a
/// lane stands elsewhere than it did when the batch was decided, or one of the messages under `not_looked_for` was sent
/// before: whether it has.
pub(super) async fn write_counts(
    conn: &mut PgConnection,
    changed: &Changed<'_>,
    lanes: &Lanes,
    not_looked_for: &[(RoomId, UserId, ClientId)],
) -> Result<bool> {
    // Among several lanes, what is of no room has none.
    if lanes.turns.is_empty() || changed.is_nothing() {
        return Ok(true);
    }
    let Changed { counted, marked, rows, .. } = changed;
    let turns = &lanes.turns;
    let sent = SentKeys::of(not_looked_for);
    let messages = &rows.new_messages;
    let write = query(WRITE)
        .bind(each(turns, |turn| turn.lane))
        .bind(each(turns, |turn| turn.pos))
        .bind(each(turns, |turn| turn.turn))
        .bind(each(turns, |turn| stands_at(turn.lane, rows.position)))
        .bind(each(counted, |room| Uuid::from(room.id)))
        .bind(each(counted, |room| int(room.seq)))
        .bind(each(counted, |room| int(room.countable)))
        .bind(each(counted, |room| room.last_message_at.map(Timestamp::as_millis)))
        .bind(each(counted, |room| int(room.last_pos)))
        .bind(each(counted, |room| int(room.marks_pos)))
        .bind(each(marked, |member| Uuid::from(member.room)))
        .bind(each(marked, |member| member.user.as_str()))
        .bind(each(marked, |member| int(member.marks_pos)))
        .bind(each(marked, |member| member.marked_at.as_millis()))
        .bind(each(marked, |member| int(member.read_seq)))
        .bind(each(marked, |member| int(member.delivered_seq)))
        .bind(each(marked, |member| int(member.read_n)))
        .bind(each(marked, |member| int(member.read_own_n)))
        .bind(each(marked, |member| int(member.own_n)))
        .bind(each(marked, |member| member.slowed_at.map(Timestamp::as_millis)))
        .bind(each(messages, |(message, _)| Uuid::from(message.room)))
        .bind(each(messages, |(message, _)| int(message.seq)))
        .bind(each(messages, |(message, _)| Uuid::from(message.id)))
        .bind(each(messages, |(message, _)| message.sender.user.as_str()))
        .bind(each(messages, |(message, _)| body_code(&message.body)))
        .bind(each(messages, |(message, _)| message.body.content()))
        .bind(each(messages, |(message, _)| message.body.image_url()))
        .bind(each(messages, |(message, _)| message.client_id.as_ref().map(ClientId::as_str)))
        .bind(each(messages, |(_, hash)| hash.as_ref().map(|BodyHash(bytes)| &bytes[..])))
        .bind(each(messages, |(message, _)| message.created_at.as_millis()))
        .bind(each(messages, |(message, _)| int(message.pos)))
        .bind(each(messages, |(message, _)| int(message.n)))
        .bind(each(messages, |(message, _)| int(message.own_n)))
        .bind(each(messages, |(message, _)| message.origin.as_ref().map(OriginId::as_str)))
        .bind(each(messages, |(message, _)| kept_attachments(&message.attachments)))
        .bind(each(messages, |(message, _)| message.state.writing_until.map(Timestamp::as_millis)))
        .bind(each(messages, |(message, _)| quoted_seq(message)))
        .bind(each(messages, |(message, _)| first_sender(message)))
        .bind(each(messages, |(message, _)| kept_mentions(message)))
        .bind(each(messages, |(message, _)| kept_thread(message)))
        .bind(each(messages, |(message, _)| root_seq(message)))
        .bind(each(messages, |(message, _)| custom_text(&message.custom)));
    let stood = fetch(conn, sent.bind(write), |columns| columns.value::<i64>()).await?;
    Ok(stood == [int(turns.len() as u64)])
}

async fn write_rooms(conn: &mut PgConnection, rooms: &[&Room]) -> Result<()> {
    if rooms.is_empty() {
        return Ok(());
    }
    let written = query(WRITE_ROOMS)
        .bind(each(rooms, |room| Uuid::from(room.id)))
        .bind(each(rooms, |room| room_code(&room.kind)))
        .bind(each(rooms, |room| pair(room).map(|[one, _]| one.as_str())))
        .bind(each(rooms, |room| pair(room).map(|[_, other]| other.as_str())))
        .bind(each(rooms, |room| room.kind.challenge().map(|challenge| challenge.as_str())))
        .bind(each(rooms, |room| room.name.as_deref()))
        .bind(each(rooms, |room| room.active))
        .bind(each(rooms, |room| room.created_at.as_millis()))
        .bind(each(rooms, |room| int(room.seq)))
        .bind(each(rooms, |room| int(room.countable)))
        .bind(each(rooms, |room| i64::from(room.members)))
        .bind(each(rooms, |room| room.last_message_at.map(Timestamp::as_millis)))
        .bind(each(rooms, |room| int(room.created_pos)))
        .bind(each(rooms, |room| int(room.changed_pos)))
        .bind(each(rooms, |room| int(room.last_pos)))
        .bind(each(rooms, |room| int(room.marks_pos)))
        .bind(each(rooms, |room| permissions_text(room)))
        .bind(each(rooms, |room| room.about.topic.as_deref()))
        .bind(each(rooms, |room| room.about.picture.as_deref()))
        .bind(each(rooms, |room| is_public(room)))
        .bind(each(rooms, |room| custom_text(&room.about.custom)))
        .bind(each(rooms, |room| i64::from(room.slow_mode)))
        .bind(each(rooms, |room| keeping_text(room)))
        .bind(each(rooms, |room| int(room.threads_pos)));
    written.execute(conn).await?;
    Ok(())
}

async fn write_members(conn: &mut PgConnection, members: &[&Member]) -> Result<()> {
    if members.is_empty() {
        return Ok(());
    }
    let written = query(WRITE_MEMBERS)
        .bind(each(members, |member| Uuid::from(member.room)))
        .bind(each(members, |member| member.user.as_str()))
        .bind(each(members, |member| role_code(member.role)))
        .bind(each(members, |member| member.active))
        .bind(each(members, |member| member.joined_at.as_millis()))
        .bind(each(members, |member| int(member.joined_seq)))
        .bind(each(members, |member| int(member.joined_pos)))
        .bind(each(members, |member| int(member.changed_pos)))
        .bind(each(members, |member| int(member.marks_pos)))
        .bind(each(members, |member| member.marked_at.as_millis()))
        .bind(each(members, |member| int(member.read_seq)))
        .bind(each(members, |member| int(member.delivered_seq)))
        .bind(each(members, |member| int(member.read_n)))
        .bind(each(members, |member| int(member.read_own_n)))
        .bind(each(members, |member| int(member.own_n)))
        .bind(each(members, |member| member.muted_until.map(Timestamp::as_millis)))
        .bind(each(members, |member| member.slowed_at.map(Timestamp::as_millis)))
        .bind(each(members, |member| member.notify.as_ref().map(ToString::to_string)))
        .bind(each(members, |member| i64::from(member.hidden)));
    written.execute(conn).await?;
    Ok(())
}

/// A column of rows.
pub(super) fn each<'r, R, V>(rows: &'r [R], value: impl Fn(&'r R) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

fn pair(room: &Room) -> Option<&[UserId; 2]> {
    match &room.kind {
        RoomKind::Direct(pair) => Some(pair),
        _ => None,
    }
}

pub(super) const END_OUTBOX_ROWS: &str = "DELETE FROM chat.outbox WHERE n = ANY($1)";

/// After everything else that is locked. Two nodes that have sent the same rows lock them in one order, by
/// their numbers.
pub(super) async fn end_outbox_rows(conn: &mut PgConnection, numbers: &[u64]) -> Result<()> {
    if !numbers.is_empty() {
        let numbers: Vec<i64> = numbers.iter().copied().map(int).collect();
        query(END_OUTBOX_ROWS).bind(numbers).execute(conn).await?;
    }
    Ok(())
}

async fn write_keys(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    if !rows.more.freed_keys.is_empty() {
        let keys: Vec<&str> = rows.more.freed_keys.iter().map(RoomKey::as_str).collect();
        query("DELETE FROM chat.room_keys WHERE key = ANY($1)").bind(keys).execute(&mut *conn).await?;
    }
    if !rows.more.new_keys.is_empty() {
        let (keys, rooms): (Vec<&str>, Vec<Uuid>) =
            rows.more.new_keys.iter().map(|(key, room)| (key.as_str(), Uuid::from(*room))).unzip();
        let added =
            query("INSERT INTO chat.room_keys (key, room) SELECT * FROM UNNEST($1::text[], $2::uuid[])");
        added.bind(keys).bind(rooms).execute(conn).await?;
    }
    Ok(())
}

async fn write_invites(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    let written = || rows.more.written_invites.iter();
    let ended: Vec<Uuid> =
        written().filter(|code| !rows.more.invites.contains_key(code)).copied().map(Uuid::from).collect();
    if !ended.is_empty() {
        query("DELETE FROM chat.invites WHERE code = ANY($1)").bind(ended).execute(&mut *conn).await?;
    }
    let put: Vec<_> = written().filter_map(|code| rows.more.invites.get(code)).collect();
    if !put.is_empty() {
        let kept = query(
            "INSERT INTO chat.invites (code, room, made_by, created_at, expires_at, max_uses, uses, invited) \
             SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::int8[], $5::int8[], $6::int8[], \
                 $7::int8[], $8::text[]) \
             ON CONFLICT (code) DO UPDATE SET uses = excluded.uses",
        );
        let kept = kept
            .bind(each(&put, |link| Uuid::from(link.code)))
            .bind(each(&put, |link| Uuid::from(link.room)))
            .bind(each(&put, |link| link.by.as_ref().map(|by| by.as_str())))
            .bind(each(&put, |link| link.created_at.as_millis()))
            .bind(each(&put, |link| link.expires_at.map(Timestamp::as_millis)))
            .bind(each(&put, |link| link.max_uses.map(|most| i64::from(most.get()))))
            .bind(each(&put, |link| i64::from(link.uses)))
            .bind(each(&put, |link| link.user.as_ref().map(|user| user.as_str())));
        kept.execute(conn).await?;
    }
    Ok(())
}

async fn write_relations(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    let written = || rows.more.written_relations.iter();
    let ended: Vec<_> = written().filter(|pair| !rows.relations.contains_key(pair)).collect();
    if !ended.is_empty() {
        let gone = query(
            "DELETE FROM chat.relations f USING UNNEST($1::text[], $2::text[]) AS k (user_id, other) \
             WHERE f.user_id = k.user_id AND f.other = k.other",
        );
        let gone = gone.bind(each(&ended, |pair| pair.0.as_str())).bind(each(&ended, |pair| pair.1.as_str()));
        gone.execute(&mut *conn).await?;
    }
    let put: Vec<_> = written().filter_map(|pair| rows.relations.get(pair)).collect();
    if !put.is_empty() {
        let kept = query(
            "INSERT INTO chat.relations (user_id, other, kind, since) \
             SELECT * FROM UNNEST($1::text[], $2::text[], $3::int2[], $4::int8[]) \
             ON CONFLICT (user_id, other) DO UPDATE SET kind = excluded.kind, since = excluded.since",
        );
        let kept = kept
            .bind(each(&put, |relation| relation.user.as_str()))
            .bind(each(&put, |relation| relation.other.as_str()))
            .bind(each(&put, |relation| relation_code(relation.kind)))
            .bind(each(&put, |relation| relation.since.as_millis()));
        kept.execute(conn).await?;
    }
    Ok(())
}
