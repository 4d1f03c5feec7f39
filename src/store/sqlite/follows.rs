//! Who follows which threads.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::columns::{follow_columns, message_joins};
use super::error::SqliteError;
use super::read::{all, one};
use crate::id::{RoomId, UserId};
use crate::model::{Follow, ThreadCursor};
use crate::store::columns::{ReadRow, int, message_columns};
use crate::store::{FollowedThread, Needs, Rows};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

pub(super) const FOLLOW: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM follows g CROSS JOIN messages s ON s.room = g.room AND s.seq = g.root \
     WHERE g.room = ?1 AND g.root = ?2 AND g.user = ?3"
);

pub(super) fn follow(conn: &Connection, room: RoomId, root: u64, user: &UserId) -> Result<Option<Follow>> {
    one(conn, FOLLOW, params![room.to_bytes(), int(root), user.as_str()], |columns| columns.follow())
}

pub(super) const FOLLOWS: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM follows g INDEXED BY follows_by_user CROSS JOIN messages s ON s.room = g.room AND s.seq = g.root \
     WHERE g.user = ?1 AND (g.room, g.root) > (?2, ?3) ORDER BY g.room, g.root LIMIT ?4"
);

pub(super) fn follows(
    conn: &Connection,
    user: &UserId,
    after: Option<(RoomId, u64)>,
    limit: u32,
) -> Result<Vec<Follow>> {
    // The empty blob is before every id.
    let (room, root) = after.map_or((Vec::new(), 0), |(room, root)| (room.to_bytes().to_vec(), int(root)));
    all(conn, FOLLOWS, params![user.as_str(), room, root, limit], |columns| columns.follow())
}

pub(super) const FOLLOWS_SINCE: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM follows g INDEXED BY follows_by_pos CROSS JOIN messages s ON s.room = g.room AND s.seq = g.root \
     WHERE g.room = ?1 AND g.pos > ?2 AND g.pos <= ?3 ORDER BY g.pos LIMIT ?4"
);

pub(super) fn follows_since(
    conn: &Connection,
    room: RoomId,
    (after, until): (u64, u64),
    limit: u32,
) -> Result<Vec<Follow>> {
    let params = params![room.to_bytes(), int(after), int(until), limit];
    all(conn, FOLLOWS_SINCE, params, |columns| columns.follow())
}

pub(super) const FOLLOWERS: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM follows g CROSS JOIN messages s ON s.room = g.room AND s.seq = g.root \
     WHERE g.room = ?1 AND g.root = ?2 AND g.user >= ?3 AND g.user <= ?4 AND g.following"
);

pub(super) fn followers(
    conn: &Connection,
    room: RoomId,
    roots: &[u64],
    users: &[UserId],
) -> Result<Vec<Follow>> {
    let users: BTreeSet<&UserId> = users.iter().collect();
    let (Some(first), Some(last)) = (users.first(), users.last()) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for root in roots {
        let params = params![room.to_bytes(), int(*root), first.as_str(), last.as_str()];
        let all: Vec<Follow> = all(conn, FOLLOWERS, params, |columns| columns.follow())?;
        found.extend(all.into_iter().filter(|follow| users.contains(&follow.user)));
    }
    Ok(found)
}

/// Looks once at each thread that the user follows, which are bounded, and at its newest reply.
pub(super) const FOLLOWED: &str = concat!(
    "SELECT ",
    follow_columns!(),
    ", g.active_at, g.joined_seq, ",
    message_columns!(),
    " FROM (SELECT o.room, o.root, o.user, o.following, o.since, o.read_seq, o.pos, m.joined_seq, \
             ifnull((SELECT c.created_at FROM messages c INDEXED BY messages_in_thread \
                 WHERE c.room = o.room AND c.root = o.root ORDER BY c.seq DESC LIMIT 1), r.created_at) active_at \
         FROM follows o INDEXED BY follows_by_user \
             CROSS JOIN members m ON m.room = o.room AND m.user = o.user AND m.active \
             CROSS JOIN messages r ON r.room = o.room AND r.seq = o.root \
         WHERE o.user = ?1 AND o.following AND NOT EXISTS (SELECT 1 FROM hidden h \
                 WHERE h.room = o.room AND h.user = o.user AND h.seq = o.root) \
             AND (active_at, o.room, o.root) < (?2, ?3, ?4) \
         ORDER BY active_at DESC, o.room DESC, o.root DESC LIMIT ?5) g \
     CROSS JOIN messages s ON s.room = g.room AND s.seq = g.root",
    message_joins!(),
    " ORDER BY g.active_at DESC, g.room DESC, g.root DESC"
);

pub(super) fn followed(
    conn: &Connection,
    user: &UserId,
    before: Option<ThreadCursor>,
    limit: u32,
) -> Result<Vec<FollowedThread>> {
    // Beyond every id.
    let (at, room, root) = before.map_or((i64::MAX, [u8::MAX; 16], i64::MAX), |before| {
        (before.at.as_millis(), before.room.to_bytes(), int(before.root_seq))
    });
    all(conn, FOLLOWED, params![user.as_str(), at, room, root, limit], |columns| {
        let (follow, active_at, joined_seq) = (columns.follow()?, columns.time()?, columns.number()?);
        Ok(FollowedThread { follow, root: columns.message()?, active_at, joined_seq })
    })
}

/// Codes 3 and 4 are of what is deleted.
pub(super) const UNREAD: &str = "SELECT count(*) FROM messages s INDEXED BY messages_in_thread \
     WHERE s.room = ?1 AND s.root = ?2 AND s.seq > ?3 AND s.sender <> ?4 AND s.kind NOT IN (3, 4) \
         AND NOT EXISTS (SELECT 1 FROM hidden h WHERE h.room = ?1 AND h.user = ?4 AND h.seq = s.seq)";

pub(super) fn unread(conn: &Connection, user: &UserId, threads: &[(RoomId, u64, u64)]) -> Result<Vec<u64>> {
    let count = |(room, root, above): &(RoomId, u64, u64)| {
        let params = params![room.to_bytes(), int(*root), int(*above), user.as_str()];
        Ok(one(conn, UNREAD, params, |columns| columns.number())?.unwrap_or(0))
    };
    threads.iter().map(count).collect()
}

pub(super) fn load(conn: &Connection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    if needs.more.threads.is_empty() {
        return Ok(());
    }
    for key in needs.follows(&rows.more.messages) {
        if let Some(there) = follow(conn, key.0, key.1, &key.2)? {
            rows.more.follows.insert(key, there);
        }
    }
    Ok(())
}

const WRITE: &str = "INSERT INTO follows (room, root, user, following, since, read_seq, pos) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
     ON CONFLICT (room, root, user) DO UPDATE SET following = excluded.following, since = excluded.since, \
         read_seq = excluded.read_seq, pos = excluded.pos";

pub(super) const COUNT: &str = "SELECT count(*) FROM follows INDEXED BY follows_by_user WHERE user = ?1";

pub(super) const KEEP: &str = "DELETE FROM follows WHERE (room, root, user) IN (SELECT room, root, user \
         FROM follows INDEXED BY follows_by_user WHERE user = ?1 \
         ORDER BY since DESC, room DESC, root DESC LIMIT -1 OFFSET ?2)";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<()> {
    for follow in rows.more.written_follows.iter().filter_map(|key| rows.more.follows.get(key)) {
        conn.prepare_cached(WRITE)?.execute(params![
            follow.room.to_bytes(),
            int(follow.root_seq),
            follow.user.as_str(),
            follow.following,
            follow.since.as_millis(),
            int(follow.read_seq),
            int(follow.pos),
        ])?;
    }
    for (user, most) in &rows.more.kept_follows {
        let count = one(conn, COUNT, &[&user.as_str()], |columns| columns.number())?;
        if count.unwrap_or(0) > u64::from(*most) {
            conn.prepare_cached(KEEP)?.execute(params![user.as_str(), most])?;
        }
    }
    Ok(())
}
