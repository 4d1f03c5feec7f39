//! Messages that change after they were sent, and the reactions on them.

use std::ops::RangeInclusive;
use std::sync::Arc;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, query};

use super::columns::{Uuid, message_joins};
use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::write::each;
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{Message, PinCursor, Profile, Reaction};
use crate::store::columns::{
    ReadRow, below_pin, body_code, custom_text, first_sender, int, kept_attachments, kept_mentions,
    kept_thread, message_columns, pin_of, quoted_seq,
};
use crate::store::{Needs, ReactionKey, Rows};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

// `pos + 0` is no index's.
pub(super) const AMENDED_SINCE: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat.messages s",
    message_joins!(),
    " WHERE s.room = $1 AND s.changed_pos > $2 AND s.changed_pos <= $3 AND s.pos + 0 <= $4 \
     ORDER BY s.changed_pos LIMIT $5"
);

pub(super) async fn amended_since(
    db: &Connections,
    room: RoomId,
    made_until: u64,
    (after, until): (u64, u64),
    limit: u32,
) -> Result<Vec<Message>> {
    let bind = || {
        let sought = query(AMENDED_SINCE).bind(Uuid::from(room)).bind(int(after)).bind(int(until));
        sought.bind(int(made_until)).bind(i64::from(limit))
    };
    db.all(bind, |columns| columns.message()).await
}

pub(super) const REACTIONS: &str = "SELECT x.reaction, x.user_id, p.nickname, p.image \
     FROM chat.reactions x LEFT JOIN chat.profiles p ON p.user_id = x.user_id \
     WHERE x.room = $1 AND x.seq = $2 AND (x.reaction, x.user_id) > ($3, $4) \
     ORDER BY x.reaction, x.user_id LIMIT $5";

pub(super) async fn reactions(
    db: &Connections,
    room: RoomId,
    seq: u64,
    after: Option<&(Reaction, UserId)>,
    limit: u32,
) -> Result<Vec<(Reaction, Profile)>> {
    let (reaction, user) = after.map_or(("", ""), |(reaction, user)| (reaction.as_str(), user.as_str()));
    let bind = || {
        let sought = query(REACTIONS).bind(Uuid::from(room)).bind(int(seq)).bind(reaction).bind(user);
        sought.bind(i64::from(limit))
    };
    let read = |columns: &mut super::columns::Columns<'_>| {
        let reaction = columns.reaction()?;
        let user = columns.parsed()?;
        Ok((reaction, columns.profile(user)?))
    };
    db.all(bind, read).await
}

pub(super) const REACTIONS_OF: &str = "SELECT seq, reaction FROM chat.reactions \
     WHERE room = $1 AND user_id = $2 AND seq >= $3 AND seq <= $4 ORDER BY seq, reaction";

pub(super) async fn reactions_of(
    db: &Connections,
    room: RoomId,
    user: &UserId,
    seqs: RangeInclusive<u64>,
) -> Result<Vec<(u64, Reaction)>> {
    let (from, to) = (int(*seqs.start()), int(*seqs.end()));
    let bind = || query(REACTIONS_OF).bind(Uuid::from(room)).bind(user.as_str()).bind(from).bind(to);
    db.all(bind, |columns| Ok((columns.number()?, columns.reaction()?))).await
}

pub(super) const PINNED: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat.messages s",
    message_joins!(),
    " WHERE s.room = $1 AND s.pinned_at IS NOT NULL AND (s.pinned_at, s.seq) < ($2, $3) \
     ORDER BY s.pinned_at DESC, s.seq DESC LIMIT $4"
);

pub(super) async fn pinned(
    db: &Connections,
    room: RoomId,
    before: Option<PinCursor>,
    limit: u32,
) -> Result<Vec<Message>> {
    let (at, seq) = below_pin(before);
    let bind = || query(PINNED).bind(Uuid::from(room)).bind(at).bind(seq).bind(i64::from(limit));
    db.all(bind, |columns| columns.message()).await
}

pub(super) const REPLIES: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat.messages s",
    message_joins!(),
    " WHERE s.room = $1 AND s.root = $2 AND s.seq < $3 ORDER BY s.seq DESC LIMIT $4"
);

pub(super) async fn replies(
    db: &Connections,
    room: RoomId,
    root: u64,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Message>> {
    let before = before.map_or(i64::MAX, int);
    let bind = || query(REPLIES).bind(Uuid::from(room)).bind(int(root)).bind(before).bind(i64::from(limit));
    db.all(bind, |columns| columns.message()).await
}

pub(super) const PINS: &str = "SELECT k.room, (SELECT count(*) FROM chat.messages s \
         WHERE s.room = k.room AND s.pinned_at IS NOT NULL) FROM UNNEST($1::uuid[]) AS k (room)";

pub(super) const MESSAGES: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM UNNEST($1::uuid[], $2::uuid[]) AS k (room, id) \
     JOIN chat.messages s ON s.room = k.room AND s.id = k.id",
    message_joins!()
);

pub(super) const REACTIONS_LEFT: &str = "SELECT x.room, x.seq, x.reaction, x.user_id \
     FROM UNNEST($1::uuid[], $2::int8[], $3::text[], $4::text[]) AS k (room, seq, reaction, user_id) \
     JOIN chat.reactions x ON x.room = k.room AND x.seq = k.seq AND x.reaction = k.reaction \
         AND x.user_id = k.user_id";

/// Loads them, the rooms being locked.
pub(super) async fn load(conn: &mut PgConnection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    if needs.more.messages.is_empty() {
        return Ok(());
    }
    load_messages(conn, &needs.more.messages, rows).await?;
    let roots = needs.roots(&rows.more.messages);
    if !roots.is_empty() {
        load_messages(conn, &roots, rows).await?;
    }
    if !needs.more.pins.is_empty() {
        let rooms: Vec<Uuid> = needs.more.pins.iter().copied().map(Uuid::from).collect();
        let pins =
            fetch(conn, query(PINS).bind(rooms), |columns| Ok((columns.room_id()?, columns.number()?)));
        rows.more.pins = pins.await?.into_iter().collect();
    }
    let sought: Vec<ReactionKey> = needs
        .more
        .reactions
        .iter()
        .filter_map(|key| {
            let (room, id, reaction, user) = key.clone();
            Some(ReactionKey { room, seq: rows.more.messages.get(&id)?.seq, reaction, user })
        })
        .collect();
    if !sought.is_empty() {
        let left = bind_keys(query(REACTIONS_LEFT), &sought);
        let left = fetch(conn, left, |columns| {
            let (room, seq) = (columns.room_id()?, columns.number()?);
            Ok(ReactionKey { room, seq, reaction: columns.reaction()?, user: columns.parsed()? })
        });
        rows.more.reactions = left.await?.into_iter().collect();
    }
    Ok(())
}

async fn load_messages(conn: &mut PgConnection, ids: &[(RoomId, MessageId)], rows: &mut Rows) -> Result<()> {
    let (rooms, ids): (Vec<Uuid>, Vec<Uuid>) =
        ids.iter().map(|(room, id)| (Uuid::from(*room), Uuid::from(*id))).unzip();
    let found = fetch(conn, query(MESSAGES).bind(rooms).bind(ids), |columns| columns.message()).await?;
    rows.more.messages.extend(found.into_iter().map(|message| (message.id, Arc::new(message))));
    Ok(())
}

pub(super) const AMEND: &str = "UPDATE chat.messages s SET kind = w.kind, content = w.content, image_url = w.image_url, \
         changed_pos = w.changed_pos, edited_at = w.edited_at, reactions = w.reactions, \
         attachments = w.attachments, quoted = w.quoted, pinned_at = w.pinned_at, pinned_by = w.pinned_by, \
         forwarded = w.forwarded, writing_until = w.writing_until, mentioned = w.mentioned, thread = w.thread, \
         custom = w.custom \
     FROM UNNEST($1::uuid[], $2::int8[], $3::int2[], $4::text[], $5::text[], $6::int8[], $7::int8[], $8::text[], $9::bytea[], $10::int8[], \
         $11::int8[], $12::text[], $13::text[], $14::int8[], $15::bytea[], $16::bytea[], $17::text[]) \
         AS w (room, seq, kind, content, image_url, changed_pos, edited_at, reactions, attachments, quoted, \
             pinned_at, pinned_by, forwarded, writing_until, mentioned, thread, custom) \
     WHERE s.room = w.room AND s.seq = w.seq";

pub(super) const CLEAR: &str = "DELETE FROM chat.reactions x USING UNNEST($1::uuid[], $2::int8[]) AS k (room, seq) \
     WHERE x.room = k.room AND x.seq = k.seq";

pub(super) const TAKE: &str = "DELETE FROM chat.reactions x \
     USING UNNEST($1::uuid[], $2::int8[], $3::text[], $4::text[]) AS k (room, seq, reaction, user_id) \
     WHERE x.room = k.room AND x.seq = k.seq AND x.reaction = k.reaction AND x.user_id = k.user_id";

const LEAVE: &str = "INSERT INTO chat.reactions (room, seq, reaction, user_id) \
     SELECT * FROM UNNEST($1::uuid[], $2::int8[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING";

/// Writes what has changed, once new messages are there.
pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    let messages: Vec<&Arc<Message>> = rows.more.amended.values().collect();
    if !messages.is_empty() {
        let amended = query(AMEND)
            .bind(each(&messages, |message| Uuid::from(message.room)))
            .bind(each(&messages, |message| int(message.seq)))
            .bind(each(&messages, |message| body_code(&message.body)))
            .bind(each(&messages, |message| message.body.content()))
            .bind(each(&messages, |message| message.body.image_url()))
            .bind(each(&messages, |message| Some(int(message.state.changed_pos)).filter(|pos| *pos > 0)))
            .bind(each(&messages, |message| message.state.edited_at.map(Timestamp::as_millis)))
            .bind(each(&messages, |message| {
                Some(message.state.reactions.to_string()).filter(|text| !text.is_empty())
            }))
            .bind(each(&messages, |message| kept_attachments(&message.attachments)))
            .bind(each(&messages, |message| quoted_seq(message)))
            .bind(each(&messages, |message| pin_of(message).0))
            .bind(each(&messages, |message| pin_of(message).1))
            .bind(each(&messages, |message| first_sender(message)))
            .bind(each(&messages, |message| message.state.writing_until.map(Timestamp::as_millis)))
            .bind(each(&messages, |message| kept_mentions(message)))
            .bind(each(&messages, |message| kept_thread(message)))
            .bind(each(&messages, |message| custom_text(&message.custom)));
        amended.execute(&mut *conn).await?;
    }
    if !rows.more.cleared.is_empty() {
        let (rooms, seqs): (Vec<Uuid>, Vec<i64>) =
            rows.more.cleared.iter().map(|(room, seq)| (Uuid::from(*room), int(*seq))).unzip();
        query(CLEAR).bind(rooms).bind(seqs).execute(&mut *conn).await?;
    }
    let written = rows.more.written_reactions.iter().cloned();
    let (left, taken): (Vec<_>, Vec<_>) = written.partition(|key| rows.more.reactions.contains(key));
    for (sql, keys) in [(TAKE, taken), (LEAVE, left)] {
        if !keys.is_empty() {
            bind_keys(query(sql), &keys).execute(&mut *conn).await?;
        }
    }
    Ok(())
}

fn bind_keys<'q>(
    query: Query<'q, Postgres, PgArguments>,
    keys: &'q [ReactionKey],
) -> Query<'q, Postgres, PgArguments> {
    query
        .bind(each(keys, |key| Uuid::from(key.room)))
        .bind(each(keys, |key| int(key.seq)))
        .bind(each(keys, |key| key.reaction.as_str()))
        .bind(each(keys, |key| key.user.as_str()))
}
