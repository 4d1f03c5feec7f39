//! The read side: each function answers within one transaction.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use rusqlite::{Connection, ToSql, params};

use super::columns::{Columns, member_columns, message_joins, relation_columns};
use super::error::SqliteError;
use super::hidden;
use super::mentions;
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{
    Epoch, Invite, InviteCode, MAX_LANES, Member, Message, Pos, Position, Profile, Relation, RelationKind,
    Room, RoomKind, Token,
};
use crate::store::columns::{
    self, ReadRow, int, invite_columns, message_columns, outbox_columns, relation_code, room_columns,
    seniority,
};
use crate::store::{MemberEntry, Memberships, OutboxRow, RoomEntry};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

pub(super) fn token(conn: &Connection) -> Result<Token> {
    let epoch = one(conn, "SELECT epoch FROM meta", &[], |columns| columns.integer())?;
    let epoch = epoch.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok(Token { epoch: Epoch(epoch.cast_unsigned()), position: position(conn)? })
}

pub(super) fn position(conn: &Connection) -> Result<Position> {
    let lanes = all(conn, "SELECT pos FROM lanes ORDER BY lane", &[], |columns| columns.number())?;
    if !(1..=MAX_LANES).contains(&lanes.len()) {
        return Err(SqliteError::Lanes(lanes.len()));
    }
    let mut position = Position::start(lanes.len());
    for (lane, at) in (0..).zip(lanes) {
        position.advance(Pos { lane, at });
    }
    Ok(position)
}

pub(super) const ROOM: &str = concat!("SELECT ", room_columns!(), " FROM rooms r WHERE r.id = ?1");

pub(super) fn room(conn: &Connection, room: RoomId) -> Result<Option<Room>> {
    one(conn, ROOM, &[&room.to_bytes()], |columns| columns.room())
}

pub(super) fn rooms(conn: &Connection, ids: &[RoomId]) -> Result<Vec<Room>> {
    BTreeSet::from_iter(ids).into_iter().filter_map(|id| room(conn, *id).transpose()).collect()
}

pub(super) const MEMBER: &str =
    concat!("SELECT ", member_columns!(), " FROM members m WHERE m.room = ?1 AND m.user = ?2");

pub(super) fn member(conn: &Connection, room: RoomId, user: &UserId) -> Result<Option<Member>> {
    one(conn, MEMBER, &[&room.to_bytes(), &user.as_str()], |columns| columns.member())
}

pub(super) fn room_entry(
    conn: &Connection,
    id: RoomId,
    user: &UserId,
    listed: usize,
) -> Result<Option<RoomEntry>> {
    let Some(member) = member(conn, id, user)?.filter(|member| member.active) else { return Ok(None) };
    let Some(room) = room(conn, id)? else { return Ok(None) };
    entry(conn, room, member, listed).map(Some)
}

pub(super) const ROOM_COUNT: &str = "SELECT count(*) FROM members WHERE user = ?1 AND active = 1";

// A CROSS JOIN keeps the order of its tables: from the user's memberships to their rooms. All of these are sorted by what
// that takes, and only those of the page are read whole.
pub(super) const ROOMS_BY_ACTIVITY: &str = concat!(
    "SELECT ",
    room_columns!(),
    ", ",
    member_columns!(),
    " FROM (SELECT y.room, ifnull(o.last_message_at, o.created_at) AS active_at \
         FROM members y CROSS JOIN rooms o ON o.id = y.room WHERE y.user = ?1 AND y.active = 1 \
         ORDER BY active_at DESC, y.room DESC LIMIT ?2 OFFSET ?3) n \
     CROSS JOIN rooms r ON r.id = n.room CROSS JOIN members m ON m.room = n.room AND m.user = ?1 \
     ORDER BY n.active_at DESC, n.room DESC"
);

pub(super) fn rooms_of(
    conn: &Connection,
    user: &UserId,
    skip: u64,
    limit: u32,
    listed: usize,
) -> Result<(Vec<RoomEntry>, u64)> {
    let user = user.as_str();
    let total = one(conn, ROOM_COUNT, &[&user], |columns| columns.number())?.unwrap_or(0);
    let rooms =
        all(conn, ROOMS_BY_ACTIVITY, &[&user, &limit, &int(skip)], |columns| columns.room_and_member())?;
    let rooms: Result<_> =
        rooms.into_iter().map(|(room, member)| entry(conn, room, member, listed)).collect();
    Ok((rooms?, total))
}

pub(super) const FIRST_PROFILES: &str = "SELECT m.user, p.nickname, p.image FROM members m \
     LEFT JOIN profiles p ON p.user = m.user WHERE m.room = ?1 AND m.active = 1 ORDER BY m.user LIMIT ?2";

fn entry(conn: &Connection, room: Room, member: Member, listed: usize) -> Result<RoomEntry> {
    let participants = match &room.kind {
        RoomKind::Direct([one, other]) => vec![profile(conn, one)?, profile(conn, other)?],
        _ => all(conn, FIRST_PROFILES, &[&room.id.to_bytes(), &int(listed as u64)], |columns| {
            let user = columns.parsed()?;
            columns.profile(user)
        })?,
    };
    let last_message = match member.hidden {
        0 => messages(conn, room.id, room.seq..=room.seq)?.pop(),
        _ => hidden::last_seen(conn, room.id, &member.user)?,
    };
    let mentions = mentions::unread(conn, &room, &member)?;
    Ok(RoomEntry { room, member, last_message, participants, mentions })
}

// Named, for SQLite would rather walk all rooms.
pub(super) const PUBLIC_ROOMS: &str = concat!(
    "SELECT ",
    room_columns!(),
    " FROM rooms r INDEXED BY rooms_public \
     WHERE r.public = 1 AND r.active = 1 AND r.id < ?1 ORDER BY r.id DESC LIMIT ?2"
);

pub(super) fn public_rooms(conn: &Connection, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
    // Without one, longer than any id, so that it is greater than all of them.
    let before = before.map_or_else(|| vec![u8::MAX; 17], |room| room.to_bytes().to_vec());
    all(conn, PUBLIC_ROOMS, &[&before, &limit], |columns| columns.room())
}

pub(super) const INVITE: &str = concat!("SELECT ", invite_columns!(), " FROM invites i WHERE i.code = ?1");

pub(super) fn invite(conn: &Connection, code: InviteCode) -> Result<Option<Invite>> {
    one(conn, INVITE, &[&code.to_bytes()], |columns| columns.invite())
}

pub(super) const INVITES: &str = concat!("SELECT ", invite_columns!(), " FROM invites i WHERE i.room = ?1");

pub(super) fn invites(conn: &Connection, room: RoomId) -> Result<Vec<Invite>> {
    all(conn, INVITES, &[&room.to_bytes()], |columns| columns.invite())
}

pub(super) const INVITATIONS: &str = concat!(
    "SELECT ",
    invite_columns!(),
    ", ",
    room_columns!(),
    " FROM invites i CROSS JOIN rooms r ON r.id = i.room \
     WHERE i.invited = ?1 AND i.code > ?2 ORDER BY i.code LIMIT ?3"
);

pub(super) fn invitations(
    conn: &Connection,
    user: &UserId,
    after: Option<InviteCode>,
    limit: u32,
) -> Result<Vec<(Invite, Room)>> {
    // Without one, before all codes.
    let after = after.map_or_else(Vec::new, |code| code.to_bytes().to_vec());
    all(conn, INVITATIONS, &[&user.as_str(), &after, &limit], |columns| {
        Ok((columns.invite()?, columns.room()?))
    })
}

pub(super) const MEMBERSHIPS: &str = concat!(
    "SELECT ",
    room_columns!(),
    ", ",
    member_columns!(),
    " FROM members m CROSS JOIN rooms r ON r.id = m.room \
     WHERE m.user = ?1 AND m.room > ?2 AND m.active = 1 ORDER BY m.room LIMIT ?3"
);

pub(super) fn memberships(
    conn: &Connection,
    user: &UserId,
    after: Option<RoomId>,
    limit: u32,
) -> Result<Memberships> {
    let rooms = all(conn, MEMBERSHIPS, &[&user.as_str(), &beyond(after), &limit], |columns| {
        columns.room_and_member()
    })?;
    Ok(Memberships { position: position(conn)?, rooms })
}

pub(super) const MEMBERSHIPS_PAST_TOO: &str = concat!(
    "SELECT r.last_pos, m.changed_pos, r.marks_pos, ",
    room_columns!(),
    ", ",
    member_columns!(),
    " FROM members m CROSS JOIN rooms r ON r.id = m.room \
     WHERE m.user = ?1 AND m.room > ?2 ORDER BY m.room"
);

pub(super) fn changed_rooms(
    conn: &Connection,
    user: &UserId,
    since: &Position,
    after: Option<RoomId>,
    limit: u32,
) -> Result<Vec<(Room, Member)>> {
    let mut statement = conn.prepare_cached(MEMBERSHIPS_PAST_TOO)?;
    let mut rows = statement.query(params![user.as_str(), beyond(after)])?;
    let mut changed = Vec::new();
    while changed.len() < limit as usize
        && let Some(row) = rows.next()?
    {
        // Compared here, for which number of `since` counts depends on the room's lane.
        let mut columns = Columns::of(row);
        let (row_pos, member_pos) = (columns.number()?, columns.number()?);
        let marks_pos = columns.number()?;
        let (room, member) = columns.room_and_member()?;
        let since = since.of_room(room.id);
        if row_pos > since || member_pos > since || marks_pos >= since {
            changed.push((room, member));
        }
    }
    Ok(changed)
}

pub(super) const STAYS: &str = "SELECT room, changed_pos FROM members WHERE user = ?1";

pub(super) fn stays_since(
    conn: &Connection,
    users: &[UserId],
    since: &Position,
) -> Result<Vec<(UserId, RoomId)>> {
    let mut changed = Vec::new();
    for user in BTreeSet::from_iter(users) {
        let stays =
            all(conn, STAYS, &[&user.as_str()], |columns| Ok((columns.room_id()?, columns.number()?)))?;
        // Compared here, as in `changed_rooms`.
        let new = stays.into_iter().filter(|(room, changed_pos)| *changed_pos > since.of_room(*room));
        changed.extend(new.map(|(room, _)| (user.clone(), room)));
    }
    Ok(changed)
}

pub(super) const MEMBERS: &str = concat!(
    "SELECT ",
    member_columns!(),
    ", p.nickname, p.image, p.last_seen FROM members m LEFT JOIN profiles p ON p.user = m.user \
     WHERE m.room = ?1 AND m.user > ?2 AND m.active = 1 ORDER BY m.user LIMIT ?3"
);

pub(super) fn members(
    conn: &Connection,
    room: RoomId,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<MemberEntry>> {
    all(conn, MEMBERS, &[&room.to_bytes(), &beyond_user(after), &limit], |columns| {
        let member = columns.member()?;
        let profile = columns.profile(member.user.clone())?;
        Ok(MemberEntry { member, profile, last_seen: columns.maybe_time()? })
    })
}

/// All of the room are looked at, which is worth it when its owner changes.
pub(super) const HEIRS: &str = concat!(
    "SELECT ",
    member_columns!(),
    ", p.nickname, p.image FROM members m LEFT JOIN profiles p ON p.user = m.user \
     WHERE m.room = ?1 AND m.active = 1 ORDER BY ",
    seniority!(),
    ", m.user LIMIT ?2"
);

pub(super) fn heirs(conn: &Connection, room: RoomId, count: u32) -> Result<Vec<(Member, Profile)>> {
    all(conn, HEIRS, &[&room.to_bytes(), &count], |columns| {
        let member = columns.member()?;
        let profile = columns.profile(member.user.clone())?;
        Ok((member, profile))
    })
}

pub(super) const READ_MARKS: &str = "SELECT m.user, m.joined_seq, iif(v.read_receipts = 0, m.joined_seq, m.read_seq) \
     FROM members m LEFT JOIN settings v ON v.user = m.user WHERE m.room = ?1 AND m.active = 1 ORDER BY m.user";

pub(super) fn read_marks(conn: &Connection, room: RoomId) -> Result<Vec<(UserId, u64, u64)>> {
    all(conn, READ_MARKS, &[&room.to_bytes()], |columns| {
        Ok((columns.parsed()?, columns.number()?, columns.number()?))
    })
}

pub(super) const MEMBERS_SINCE: &str = concat!(
    "SELECT ",
    member_columns!(),
    ", p.nickname, p.image FROM members m LEFT JOIN profiles p ON p.user = m.user \
     WHERE m.room = ?1 AND m.changed_pos > ?2 AND m.changed_pos <= ?3 \
     ORDER BY m.changed_pos, m.user LIMIT ?4"
);

pub(super) fn members_since(
    conn: &Connection,
    room: RoomId,
    (after, until): (u64, u64),
    limit: u32,
) -> Result<Vec<(Member, Profile)>> {
    all(conn, MEMBERS_SINCE, &[&room.to_bytes(), &int(after), &int(until), &limit], |columns| {
        let member = columns.member()?;
        let profile = columns.profile(member.user.clone())?;
        Ok((member, profile))
    })
}

/// With few marks moved they are looked up; with many the members are walked in their order, where each
/// page goes on from the one before it.
const FEW_MARKS: u64 = 1000;

pub(super) const MARKS_MOVED: &str =
    "SELECT count(*) FROM (SELECT 1 FROM members WHERE room = ?1 AND marks_pos >= ?2 LIMIT ?3)";

// The plus keeps SQLite from walking the members.
pub(super) const FEW_MARKS_SINCE: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM members m WHERE m.room = ?1 AND m.marks_pos >= ?2 AND +m.user > ?3 AND m.active = 1 \
     ORDER BY +m.user LIMIT ?4"
);

pub(super) const MANY_MARKS_SINCE: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM members m WHERE m.room = ?1 AND +m.marks_pos >= ?2 AND m.user > ?3 AND m.active = 1 \
     ORDER BY m.user LIMIT ?4"
);

pub(super) fn marks_since(
    conn: &Connection,
    room: RoomId,
    since: u64,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<Member>> {
    let (room, since) = (room.to_bytes(), int(since));
    let moved = one(conn, MARKS_MOVED, &[&room, &since, &int(FEW_MARKS)], |columns| columns.number())?;
    let is_few = moved.is_some_and(|moved| moved < FEW_MARKS);
    let sql = if is_few { FEW_MARKS_SINCE } else { MANY_MARKS_SINCE };
    all(conn, sql, &[&room, &since, &beyond_user(after), &limit], |columns| columns.member())
}

pub(super) const MESSAGES: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages s",
    message_joins!(),
    " WHERE s.room = ?1 AND s.seq >= ?2 AND s.seq <= ?3 ORDER BY s.seq"
);

pub(super) fn messages(conn: &Connection, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
    let (from, to) = (int(*seqs.start()), int(*seqs.end()));
    all(conn, MESSAGES, &[&room.to_bytes(), &from, &to], |columns| columns.message())
}

pub(super) const MESSAGE: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages s",
    message_joins!(),
    " WHERE s.id = ?1 AND +s.room = ?2"
);

pub(super) fn message(conn: &Connection, room: RoomId, id: MessageId) -> Result<Option<Message>> {
    one(conn, MESSAGE, &[&id.to_bytes(), &room.to_bytes()], |columns| columns.message())
}

pub(super) const MESSAGES_SINCE: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages s",
    message_joins!(),
    " WHERE s.room = ?1 AND s.pos > ?2 AND s.pos <= ?3 ORDER BY s.pos LIMIT ?4"
);

pub(super) fn messages_since(
    conn: &Connection,
    room: RoomId,
    (after, until): (u64, u64),
    limit: u32,
) -> Result<Vec<Message>> {
    all(conn, MESSAGES_SINCE, &[&room.to_bytes(), &int(after), &int(until), &limit], |columns| {
        columns.message()
    })
}

pub(super) const PROFILE: &str =
    "SELECT nickname, image FROM profiles WHERE user = ?1 AND nickname IS NOT NULL";

pub(super) fn profiles(conn: &Connection, users: &[UserId]) -> Result<Vec<Profile>> {
    users.iter().filter_map(|user| known_profile(conn, user).transpose()).collect()
}

fn profile(conn: &Connection, user: &UserId) -> Result<Profile> {
    Ok(known_profile(conn, user)?.unwrap_or_else(|| Profile::unknown(user.clone())))
}

fn known_profile(conn: &Connection, user: &UserId) -> Result<Option<Profile>> {
    one(conn, PROFILE, &[&user.as_str()], |columns| columns.profile(user.clone()))
}

pub(super) const LOGOUT: &str = "SELECT logged_out FROM profiles WHERE user = ?1 AND logged_out IS NOT NULL";

pub(super) fn logouts(conn: &Connection, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>> {
    let logout = |user: &UserId| {
        one(conn, LOGOUT, &[&user.as_str()], |columns| Ok((user.clone(), columns.time()?))).transpose()
    };
    BTreeSet::from_iter(users).into_iter().filter_map(logout).collect()
}

/// In the order in which they lie.
pub(super) const ERASURES: &str = "SELECT user FROM erasures ORDER BY user LIMIT ?1";

pub(super) fn erasures(conn: &Connection, limit: u32) -> Result<Vec<UserId>> {
    all(conn, ERASURES, &[&limit], |columns| columns.parsed())
}

pub(super) const RELATION: &str =
    concat!("SELECT ", relation_columns!(), " FROM relations f WHERE f.user = ?1 AND f.other = ?2");

pub(super) fn relation(conn: &Connection, user: &UserId, other: &UserId) -> Result<Option<Relation>> {
    one(conn, RELATION, &[&user.as_str(), &other.as_str()], |columns| columns::relation(columns))
}

// Named, for SQLite would rather walk all whom the user has to do with.
pub(super) const RELATIONS: &str = concat!(
    "SELECT ",
    relation_columns!(),
    ", p.nickname, p.image FROM relations f INDEXED BY relations_by_kind LEFT JOIN profiles p ON p.user = f.other \
     WHERE f.user = ?1 AND f.kind = ?2 AND f.other > ?3 ORDER BY f.other LIMIT ?4"
);

pub(super) fn relations(
    conn: &Connection,
    user: &UserId,
    kind: RelationKind,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<(Relation, Profile)>> {
    let params: [&dyn ToSql; 4] = [&user.as_str(), &relation_code(kind), &beyond_user(after), &limit];
    all(conn, RELATIONS, &params, |columns| {
        let relation = columns::relation(columns)?;
        let profile = columns.profile(relation.other.clone())?;
        Ok((relation, profile))
    })
}

/// The table itself, in its order, up to the limit.
pub(super) const OUTBOX: &str =
    concat!("SELECT ", outbox_columns!(), " FROM chat_outbox o ORDER BY o.n LIMIT ?1");

pub(super) fn outbox(conn: &Connection, limit: u32) -> Result<Vec<OutboxRow>> {
    all(conn, OUTBOX, &[&limit], |columns| columns.outbox_row())
}

/// What all ids beyond `after` are greater than: without one, the empty blob, which no id is.
pub(super) fn beyond(after: Option<RoomId>) -> Vec<u8> {
    after.map(|room| room.to_bytes().to_vec()).unwrap_or_default()
}

/// Likewise, the empty text.
pub(super) fn beyond_user(after: Option<&UserId>) -> &str {
    after.map(UserId::as_str).unwrap_or_default()
}

pub(super) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: &[&dyn ToSql],
    mut read: impl FnMut(&mut Columns<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(&mut Columns::of(row))?);
    }
    Ok(found)
}

pub(super) fn one<T>(
    conn: &Connection,
    sql: &str,
    params: &[&dyn ToSql],
    read: impl FnOnce(&mut Columns<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(|row| read(&mut Columns::of(row))).transpose()
}
