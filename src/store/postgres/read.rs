//! The read side. Each function is one statement, which sees one state of the database.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use sqlx::query;

use super::columns::{Columns, Uuid, member_columns, message_joins, relation_columns};
use super::connections::Connections;
use super::error::PostgresError;
use super::load::HEIRS;
use super::mentions::unread_mentions;
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{
    Epoch, Invite, InviteCode, Member, Message, Position, Profile, Relation, RelationKind, Room, Token,
};
use crate::store::columns::{
    self, ReadRow, int, invite_columns, message_columns, outbox_columns, relation_code, room_columns,
};
use crate::store::{MemberEntry, Memberships, OutboxRow, RoomEntry};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

/// The positions of all lanes.
macro_rules! position {
    () => {
        "(SELECT array_agg(l.pos ORDER BY l.lane) FROM chat.lanes l)"
    };
}

pub(super) const TOKEN: &str = concat!("SELECT e.epoch, ", position!(), " FROM chat.meta e");

pub(super) async fn token(db: &Connections) -> Result<Token> {
    let token = db.one(
        || query(TOKEN),
        |columns| {
            let epoch = Epoch(columns.value::<i64>()?.cast_unsigned());
            Ok(Token { epoch, position: columns.position()? })
        },
    );
    Ok(token.await?.ok_or(sqlx::Error::RowNotFound)?)
}

/// Done again, it changes nothing, so that a lost connection does not matter.
pub(super) async fn rotate_epoch(db: &Connections, epoch: Epoch) -> Result<()> {
    let rotate = || query("UPDATE chat.meta SET epoch = $1 RETURNING epoch").bind(epoch.0.cast_signed());
    db.one(rotate, |_| Ok(())).await?.ok_or(PostgresError::Sqlx(sqlx::Error::RowNotFound))
}

pub(super) const MEMBERSHIP: &str = concat!(
    "SELECT ",
    room_columns!(),
    ", ",
    member_columns!(),
    " FROM chat.rooms r LEFT JOIN chat.members m ON m.room = r.id AND m.user_id = $2 WHERE r.id = $1"
);

pub(super) async fn membership(
    db: &Connections,
    room: RoomId,
    user: &UserId,
) -> Result<Option<(Room, Option<Member>)>> {
    db.one(
        || query(MEMBERSHIP).bind(Uuid::from(room)).bind(user.as_str()),
        |columns| {
            let room = columns.room()?;
            let member = if columns.is_absent()? { None } else { Some(columns.member()?) };
            Ok((room, member))
        },
    )
    .await
}

pub(super) const ROOMS: &str = concat!("SELECT ", room_columns!(), " FROM chat.rooms r WHERE r.id = ANY($1)");

pub(super) async fn rooms(db: &Connections, ids: &[RoomId]) -> Result<Vec<Room>> {
    let ids: Vec<Uuid> = ids.iter().copied().map(Uuid::from).collect();
    db.all(|| query(ROOMS).bind(&ids), |columns| columns.room()).await
}

/// What [`entry`] reads, of `rooms r` and `members m`; `$1` is how many people are listed.
macro_rules! entry_columns {
    () => {
        concat!(
            room_columns!(),
            ", ",
            member_columns!(),
            ", ",
            unread_mentions!(),
            ", people.users, people.nicknames, people.images, ",
            message_columns!()
        )
    };
}

macro_rules! entry_joins {
    () => {
        concat!(
            "LEFT JOIN chat.messages s ON s.room = r.id AND s.seq = CASE WHEN m.hidden = 0 THEN r.seq \
                 ELSE (SELECT v.seq FROM chat.messages v WHERE v.room = r.id AND NOT EXISTS (SELECT \
                     FROM chat.hidden h WHERE h.room = r.id AND h.user_id = m.user_id AND h.seq = v.seq) \
                     ORDER BY v.seq DESC LIMIT 1) END",
            message_joins!(),
            " LEFT JOIN LATERAL (SELECT array_agg(u.user_id ORDER BY u.user_id) AS users, \
             array_agg(q.nickname ORDER BY u.user_id) AS nicknames, \
             array_agg(q.image ORDER BY u.user_id) AS images \
             FROM (SELECT r.one AS user_id WHERE r.kind = 1 UNION ALL SELECT r.other WHERE r.kind = 1 \
                 UNION ALL (SELECT x.user_id FROM chat.members x \
                 WHERE r.kind <> 1 AND x.room = r.id AND x.active ORDER BY x.user_id LIMIT $1)) u \
             LEFT JOIN chat.profiles q ON q.user_id = u.user_id) people ON true"
        )
    };
}

fn entry(columns: &mut Columns<'_>) -> Result<RoomEntry> {
    let (room, member) = columns.room_and_member()?;
    let mentions = columns.number()?;
    let participants = columns.profiles()?;
    let last_message = if columns.is_absent()? { None } else { Some(columns.message()?) };
    Ok(RoomEntry { room, member, last_message, participants, mentions })
}

pub(super) const ROOM_ENTRY: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM chat.rooms r JOIN chat.members m ON m.room = r.id AND m.user_id = $3 AND m.active ",
    entry_joins!(),
    " WHERE r.id = $2"
);

pub(super) async fn room_entry(
    db: &Connections,
    room: RoomId,
    user: &UserId,
    listed: usize,
) -> Result<Option<RoomEntry>> {
    let listed = int(listed as u64);
    db.one(|| query(ROOM_ENTRY).bind(listed).bind(Uuid::from(room)).bind(user.as_str()), entry).await
}

// `user_id || ''` is what the index of a user's memberships has.

/// The count stands in each row, and in one row without a room where the page is empty.
pub(super) const ROOMS_BY_ACTIVITY: &str = concat!(
    "SELECT c.total, ",
    entry_columns!(),
    " FROM (SELECT count(*) AS total FROM chat.members WHERE user_id || '' = $2 AND active) c \
     LEFT JOIN (SELECT y.*, coalesce(o.last_message_at, o.created_at) AS active_at \
         FROM chat.members y JOIN chat.rooms o ON o.id = y.room WHERE y.user_id || '' = $2 AND y.active \
         ORDER BY coalesce(o.last_message_at, o.created_at) DESC, o.id DESC LIMIT $3 OFFSET $4) m ON true \
     LEFT JOIN chat.rooms r ON r.id = m.room ",
    entry_joins!(),
    " ORDER BY m.active_at DESC, m.room DESC"
);

pub(super) async fn rooms_of(
    db: &Connections,
    user: &UserId,
    skip: u64,
    limit: u32,
    listed: usize,
) -> Result<(Vec<RoomEntry>, u64)> {
    let (skip, listed) = (int(skip), int(listed as u64));
    let page = db.all(
        || query(ROOMS_BY_ACTIVITY).bind(listed).bind(user.as_str()).bind(i64::from(limit)).bind(skip),
        |columns| {
            let total = columns.number()?;
            let entry = if columns.is_absent()? { None } else { Some(entry(columns)?) };
            Ok((total, entry))
        },
    );
    let page = page.await?;
    let total = page.first().map_or(0, |(total, _)| *total);
    Ok((page.into_iter().filter_map(|(_, entry)| entry).collect(), total))
}

pub(super) const PUBLIC_ROOMS: &str = concat!(
    "SELECT ",
    room_columns!(),
    " FROM chat.rooms r WHERE r.public AND r.active AND r.id < $1 ORDER BY r.id DESC LIMIT $2"
);

pub(super) async fn public_rooms(db: &Connections, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
    let before = before.map_or(Uuid::MAX, Uuid::from);
    db.all(|| query(PUBLIC_ROOMS).bind(before).bind(i64::from(limit)), |columns| columns.room()).await
}

pub(super) const INVITE: &str =
    concat!("SELECT ", invite_columns!(), " FROM chat.invites i WHERE i.code = $1");

pub(super) async fn invite(db: &Connections, code: InviteCode) -> Result<Option<Invite>> {
    db.one(|| query(INVITE).bind(Uuid::from(code)), |columns| columns.invite()).await
}

pub(super) const INVITES: &str =
    concat!("SELECT ", invite_columns!(), " FROM chat.invites i WHERE i.room = ANY($1)");

pub(super) const CODES: &str =
    concat!("SELECT ", invite_columns!(), " FROM chat.invites i WHERE i.code = ANY($1)");

pub(super) async fn invites(db: &Connections, room: RoomId) -> Result<Vec<Invite>> {
    db.all(|| query(INVITES).bind(vec![Uuid::from(room)]), |columns| columns.invite()).await
}

pub(super) const INVITATIONS: &str = concat!(
    "SELECT ",
    invite_columns!(),
    ", ",
    room_columns!(),
    " FROM chat.invites i JOIN chat.rooms r ON r.id = i.room \
     WHERE i.invited = $1 AND i.code > $2 ORDER BY i.code LIMIT $3"
);

pub(super) async fn invitations(
    db: &Connections,
    user: &UserId,
    after: Option<InviteCode>,
    limit: u32,
) -> Result<Vec<(Invite, Room)>> {
    // Without one, behind the least there is, which is nobody's.
    let after = after.map_or(Uuid::NIL, Uuid::from);
    let sought = || query(INVITATIONS).bind(user.as_str()).bind(after).bind(i64::from(limit));
    db.all(sought, |columns| Ok((columns.invite()?, columns.room()?))).await
}

/// The position stands in each row, and in one row without a room where the page is empty.
pub(super) const MEMBERSHIPS: &str = concat!(
    "SELECT c.position, ",
    room_columns!(),
    ", ",
    member_columns!(),
    " FROM (SELECT ",
    position!(),
    " AS position) c \
     LEFT JOIN (SELECT y.* FROM chat.members y WHERE y.user_id || '' = $1 AND y.room >= $2 AND y.active \
         ORDER BY y.room LIMIT $3) m ON true \
     LEFT JOIN chat.rooms r ON r.id = m.room ORDER BY m.room"
);

pub(super) async fn memberships(
    db: &Connections,
    user: &UserId,
    after: Option<RoomId>,
    limit: u32,
) -> Result<Memberships> {
    // Beyond the greatest id there is none; the position is asked for all the same.
    let (from, limit) = match beyond(after) {
        Some(from) => (from, i64::from(limit)),
        None => (Uuid::NIL, 0),
    };
    let page = db.all(
        || query(MEMBERSHIPS).bind(user.as_str()).bind(from).bind(limit),
        |columns| {
            let position = columns.position()?;
            let room = if columns.is_absent()? { None } else { Some(columns.room_and_member()?) };
            Ok((position, room))
        },
    );
    let page = page.await?;
    let position = page.first().ok_or(sqlx::Error::RowNotFound)?.0;
    Ok(Memberships { position, rooms: page.into_iter().filter_map(|(_, room)| room).collect() })
}

/// Which of a position's numbers, in the parameter, counts for `m.room`: see [`Position::lane_of`].
macro_rules! of_room {
    ($position:literal) => {
        concat!(
            "(",
            $position,
            "::int8[])[1 + get_byte(uuid_send(m.room), 15) % cardinality(",
            $position,
            "::int8[])]"
        )
    };
}

fn numbers(position: &Position) -> Vec<i64> {
    position.iter().map(|pos| int(pos.at)).collect()
}

pub(super) const CHANGED_ROOMS: &str = concat!(
    "SELECT ",
    room_columns!(),
    ", ",
    member_columns!(),
    " FROM chat.members m JOIN chat.rooms r ON r.id = m.room \
     CROSS JOIN LATERAL (SELECT ",
    of_room!("$3"),
    " AS pos) since \
     WHERE m.user_id || '' = $1 AND m.room >= $2 \
         AND (r.last_pos > since.pos OR m.changed_pos > since.pos OR r.marks_pos >= since.pos) \
     ORDER BY m.room LIMIT $4"
);

pub(super) async fn changed_rooms(
    db: &Connections,
    user: &UserId,
    since: &Position,
    after: Option<RoomId>,
    limit: u32,
) -> Result<Vec<(Room, Member)>> {
    let Some(from) = beyond(after) else { return Ok(Vec::new()) };
    let since = numbers(since);
    db.all(
        || query(CHANGED_ROOMS).bind(user.as_str()).bind(from).bind(&since).bind(i64::from(limit)),
        |columns| columns.room_and_member(),
    )
    .await
}

pub(super) const ERASURES: &str = "SELECT user_id FROM chat.erasures ORDER BY user_id LIMIT $1";

pub(super) async fn erasures(db: &Connections, limit: u32) -> Result<Vec<UserId>> {
    db.all(|| query(ERASURES).bind(i64::from(limit)), |columns| columns.parsed()).await
}

pub(super) const STAYS_SINCE: &str = concat!(
    "SELECT m.user_id, m.room FROM chat.members m \
     WHERE m.user_id || '' = ANY($1) AND m.changed_pos > ",
    of_room!("$2")
);

pub(super) async fn stays_since(
    db: &Connections,
    users: &[UserId],
    since: &Position,
) -> Result<Vec<(UserId, RoomId)>> {
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    let since = numbers(since);
    db.all(
        || query(STAYS_SINCE).bind(&users).bind(&since),
        |columns| Ok((columns.parsed()?, columns.room_id()?)),
    )
    .await
}

pub(super) const MEMBERS: &str = concat!(
    "SELECT ",
    member_columns!(),
    ", p.nickname, p.image, p.last_seen FROM chat.members m \
     LEFT JOIN chat.profiles p ON p.user_id = m.user_id \
     WHERE m.room = $1 AND m.user_id > $2 AND m.active ORDER BY m.user_id LIMIT $3"
);

pub(super) async fn members(
    db: &Connections,
    room: RoomId,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<MemberEntry>> {
    db.all(
        || query(MEMBERS).bind(Uuid::from(room)).bind(beyond_user(after)).bind(i64::from(limit)),
        |columns| {
            let member = columns.member()?;
            let profile = columns.profile(member.user.clone())?;
            Ok(MemberEntry { member, profile, last_seen: columns.maybe_time()? })
        },
    )
    .await
}

/// The rows may come in another order than they were chosen in.
pub(super) async fn seniors(db: &Connections, room: RoomId, limit: u32) -> Result<Vec<Member>> {
    let (rooms, counts) = (vec![Uuid::from(room)], vec![i64::from(limit)]);
    let sought = || query(HEIRS).bind(rooms.clone()).bind(counts.clone()).bind("");
    let mut seniors = db.all(sought, |columns| columns.member()).await?;
    seniors.sort_by(|one, other| one.seniority().cmp(&other.seniority()));
    Ok(seniors)
}

pub(super) const READ_MARKS: &str = "SELECT m.room, m.user_id, m.joined_seq, \
         CASE WHEN v.read_receipts = false THEN m.joined_seq ELSE m.read_seq END \
     FROM chat.members m LEFT JOIN chat.settings v ON v.user_id = m.user_id \
     WHERE m.room = ANY($1) AND m.active ORDER BY m.room, m.user_id";

pub(super) async fn read_marks(
    db: &Connections,
    rooms: &[RoomId],
) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>> {
    let ids: Vec<Uuid> = rooms.iter().map(|room| Uuid::from(*room)).collect();
    let row = |columns: &mut Columns<'_>| {
        Ok((columns.room_id()?, (columns.parsed()?, columns.number()?, columns.number()?)))
    };
    let mut marks: HashMap<RoomId, Vec<_>> = HashMap::new();
    for (room, mark) in db.all(|| query(READ_MARKS).bind(&ids), row).await? {
        marks.entry(room).or_default().push(mark);
    }
    Ok(marks)
}

pub(super) const MEMBERS_SINCE: &str = concat!(
    "SELECT ",
    member_columns!(),
    ", p.nickname, p.image FROM chat.members m LEFT JOIN chat.profiles p ON p.user_id = m.user_id \
     WHERE m.room = $1 AND m.changed_pos > $2 AND m.changed_pos <= $3 \
     ORDER BY m.changed_pos, m.user_id LIMIT $4"
);

pub(super) async fn members_since(
    db: &Connections,
    room: RoomId,
    (after, until): (u64, u64),
    limit: u32,
) -> Result<Vec<(Member, Profile)>> {
    let sought = || query(MEMBERS_SINCE).bind(Uuid::from(room)).bind(int(after)).bind(int(until));
    db.all(
        || sought().bind(i64::from(limit)),
        |columns| {
            let member = columns.member()?;
            let profile = columns.profile(member.user.clone())?;
            Ok((member, profile))
        },
    )
    .await
}

/// With few marks moved they are looked up; with many the members are walked in their order, where each
/// page goes on from the one before it.
const FEW_MARKS: u64 = 1000;

pub(super) const MARKS_MOVED: &str = "SELECT count(*) FROM (SELECT FROM chat.members \
     WHERE room = $1 AND marks_pos >= $2 LIMIT $3) moved";

// A sum and a part of a text are in no index, which leaves the one that is meant.
pub(super) const FEW_MARKS_SINCE: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM chat.members m WHERE m.room = $1 AND m.marks_pos >= $2 AND substr(m.user_id, 1) > $3 AND m.active \
     ORDER BY substr(m.user_id, 1) LIMIT $4"
);

pub(super) const MANY_MARKS_SINCE: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM chat.members m WHERE m.room = $1 AND m.marks_pos + 0 >= $2 AND m.user_id > $3 AND m.active \
     ORDER BY m.user_id LIMIT $4"
);

pub(super) async fn marks_since(
    db: &Connections,
    room: RoomId,
    since: u64,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<Member>> {
    let (room, since) = (Uuid::from(room), int(since));
    // Which of the two reads is the faster one may change meanwhile; what they find is the same.
    let moved = || query(MARKS_MOVED).bind(room).bind(since).bind(int(FEW_MARKS));
    let is_few = db.one(moved, |columns| columns.number()).await?.is_some_and(|moved| moved < FEW_MARKS);
    let sql = if is_few { FEW_MARKS_SINCE } else { MANY_MARKS_SINCE };
    let found = || query(sql).bind(room).bind(since).bind(beyond_user(after)).bind(i64::from(limit));
    db.all(found, |columns| columns.member()).await
}

pub(super) const MESSAGES: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat.messages s",
    message_joins!(),
    " WHERE s.room = $1 AND s.seq >= $2 AND s.seq <= $3 ORDER BY s.seq"
);

pub(super) async fn messages(
    db: &Connections,
    room: RoomId,
    seqs: RangeInclusive<u64>,
) -> Result<Vec<Message>> {
    let (from, to) = (int(*seqs.start()), int(*seqs.end()));
    db.all(|| query(MESSAGES).bind(Uuid::from(room)).bind(from).bind(to), |columns| columns.message()).await
}

pub(super) const MESSAGE: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat.messages s",
    message_joins!(),
    " WHERE s.room = $1 AND s.id = $2"
);

pub(super) async fn message(db: &Connections, room: RoomId, id: MessageId) -> Result<Option<Message>> {
    db.one(|| query(MESSAGE).bind(Uuid::from(room)).bind(Uuid::from(id)), |columns| columns.message()).await
}

pub(super) const MESSAGES_SINCE: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM chat.messages s",
    message_joins!(),
    " WHERE s.room = $1 AND s.pos > $2 AND s.pos <= $3 ORDER BY s.pos LIMIT $4"
);

pub(super) async fn messages_since(
    db: &Connections,
    room: RoomId,
    (after, until): (u64, u64),
    limit: u32,
) -> Result<Vec<Message>> {
    let sought = || query(MESSAGES_SINCE).bind(Uuid::from(room)).bind(int(after)).bind(int(until));
    db.all(|| sought().bind(i64::from(limit)), |columns| columns.message()).await
}

pub(super) const PROFILES: &str = "SELECT p.user_id, p.nickname, p.image FROM chat.profiles p \
     WHERE p.user_id = ANY($1) AND p.nickname IS NOT NULL";

pub(super) async fn profiles(db: &Connections, users: &[UserId]) -> Result<Vec<Profile>> {
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    db.all(
        || query(PROFILES).bind(&users),
        |columns| {
            let user = columns.parsed()?;
            columns.profile(user)
        },
    )
    .await
}

pub(super) const LOGOUTS: &str = "SELECT user_id, logged_out FROM chat.profiles \
     WHERE user_id = ANY($1) AND logged_out IS NOT NULL";

pub(super) async fn logouts(db: &Connections, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>> {
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    db.all(|| query(LOGOUTS).bind(&users), |columns| Ok((columns.parsed()?, columns.time()?))).await
}

pub(super) const RELATION: &str =
    concat!("SELECT ", relation_columns!(), " FROM chat.relations f WHERE f.user_id = $1 AND f.other = $2");

pub(super) async fn relation(db: &Connections, user: &UserId, other: &UserId) -> Result<Option<Relation>> {
    db.one(|| query(RELATION).bind(user.as_str()).bind(other.as_str()), |columns| columns::relation(columns))
        .await
}

pub(super) const RELATIONS: &str = concat!(
    "SELECT ",
    relation_columns!(),
    ", p.nickname, p.image FROM chat.relations f LEFT JOIN chat.profiles p ON p.user_id = f.other \
     WHERE f.user_id = $1 AND f.kind = $2 AND f.other > $3 ORDER BY f.other LIMIT $4"
);

pub(super) async fn relations(
    db: &Connections,
    user: &UserId,
    kind: RelationKind,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<(Relation, Profile)>> {
    let sought = || query(RELATIONS).bind(user.as_str()).bind(relation_code(kind)).bind(beyond_user(after));
    db.all(
        || sought().bind(i64::from(limit)),
        |columns| {
            let relation = columns::relation(columns)?;
            let profile = columns.profile(relation.other.clone())?;
            Ok((relation, profile))
        },
    )
    .await
}

pub(super) const OUTBOX: &str =
    concat!("SELECT ", outbox_columns!(), " FROM chat.outbox o ORDER BY o.n LIMIT $1");

pub(super) async fn outbox(db: &Connections, limit: u32) -> Result<Vec<OutboxRow>> {
    db.all(|| query(OUTBOX).bind(i64::from(limit)), |columns| columns.outbox_row()).await
}

/// The least id beyond `after`, if there can be one.
pub(super) fn beyond(after: Option<RoomId>) -> Option<Uuid> {
    after.map_or(Some(Uuid::NIL), |room| Uuid::from(room).next())
}

/// What all ids beyond `after` are greater than: without one, the empty text, which no id is.
pub(super) fn beyond_user(after: Option<&UserId>) -> &str {
    after.map(UserId::as_str).unwrap_or_default()
}
