//! Who follows which threads.

use sqlx::{PgConnection, query};

use super::columns::{Uuid, follow_columns, message_joins};
use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::write::each;
use crate::id::{RoomId, UserId};
use crate::model::{Follow, ThreadCursor};
use crate::store::columns::{ReadRow, int, message_columns};
use crate::store::{FollowedThread, Needs, Rows};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const FOLLOW: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM chat.follows g JOIN chat.messages s ON s.room = g.room AND s.seq = g.root \
     WHERE g.room = $1 AND g.root = $2 AND g.user_id = $3"
);

pub(super) async fn follow(
    db: &Connections,
    room: RoomId,
    root: u64,
    user: &UserId,
) -> Result<Option<Follow>> {
    let sought = || query(FOLLOW).bind(Uuid::from(room)).bind(int(root)).bind(user.as_str());
    db.one(sought, |columns| columns.follow()).await
}

pub(super) const FOLLOWS: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM chat.follows g JOIN chat.messages s ON s.room = g.room AND s.seq = g.root \
     WHERE g.user_id = $1 AND (g.room, g.root) > ($2, $3) ORDER BY g.room, g.root LIMIT $4"
);

pub(super) async fn follows(
    db: &Connections,
    user: &UserId,
    after: Option<(RoomId, u64)>,
    limit: u32,
) -> Result<Vec<Follow>> {
    let (room, root) = after.map_or((Uuid::NIL, 0), |(room, root)| (Uuid::from(room), int(root)));
    let sought = || query(FOLLOWS).bind(user.as_str()).bind(room).bind(root).bind(i64::from(limit));
    db.all(sought, |columns| columns.follow()).await
}

pub(super) const FOLLOWS_SINCE: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM chat.follows g JOIN chat.messages s ON s.room = g.room AND s.seq = g.root \
     WHERE g.room = $1 AND g.pos > $2 AND g.pos <= $3 ORDER BY g.pos LIMIT $4"
);

pub(super) async fn follows_since(
    db: &Connections,
    room: RoomId,
    (after, until): (u64, u64),
    limit: u32,
) -> Result<Vec<Follow>> {
    let (room, after, until) = (Uuid::from(room), int(after), int(until));
    let sought = || query(FOLLOWS_SINCE).bind(room).bind(after).bind(until).bind(i64::from(limit));
    db.all(sought, |columns| columns.follow()).await
}

pub(super) const FOLLOWERS: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM chat.follows g JOIN chat.messages s ON s.room = g.room AND s.seq = g.root \
     WHERE g.room = $1 AND g.root = ANY($2) AND g.user_id = ANY($3) AND g.following"
);

pub(super) async fn followers(
    db: &Connections,
    room: RoomId,
    roots: &[u64],
    users: &[UserId],
) -> Result<Vec<Follow>> {
    let roots: Vec<i64> = roots.iter().copied().map(int).collect();
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    let sought = || query(FOLLOWERS).bind(Uuid::from(room)).bind(&roots).bind(&users);
    db.all(sought, |columns| columns.follow()).await
}

/// Looks once at each thread that the user follows, which are bounded, and at its newest reply.
pub(super) const FOLLOWED: &str = concat!(
    "SELECT ",
    follow_columns!(),
    ", g.active_at, g.joined_seq, ",
    message_columns!(),
    " FROM (SELECT o.*, a.active_at, m.joined_seq FROM chat.follows o \
             JOIN chat.members m ON m.room = o.room AND m.user_id = o.user_id AND m.active \
             JOIN chat.messages r ON r.room = o.room AND r.seq = o.root \
             CROSS JOIN LATERAL (SELECT coalesce((SELECT c.created_at FROM chat.messages c \
                 WHERE c.room = o.room AND c.root = o.root ORDER BY c.seq DESC LIMIT 1), r.created_at)) a (active_at) \
         WHERE o.user_id = $1 AND o.following AND NOT EXISTS (SELECT FROM chat.hidden h \
                 WHERE h.room = o.room AND h.user_id = o.user_id AND h.seq = o.root) \
             AND (a.active_at, o.room, o.root) < ($2, $3, $4) \
         ORDER BY a.active_at DESC, o.room DESC, o.root DESC LIMIT $5) g \
     JOIN chat.messages s ON s.room = g.room AND s.seq = g.root",
    message_joins!(),
    " ORDER BY g.active_at DESC, g.room DESC, g.root DESC"
);

pub(super) async fn followed(
    db: &Connections,
    user: &UserId,
    before: Option<ThreadCursor>,
    limit: u32,
) -> Result<Vec<FollowedThread>> {
    let (at, room, root) = before.map_or((i64::MAX, Uuid::MAX, i64::MAX), |before| {
        (before.at.as_millis(), Uuid::from(before.room), int(before.root_seq))
    });
    let sought = || query(FOLLOWED).bind(user.as_str()).bind(at).bind(room).bind(root).bind(i64::from(limit));
    db.all(sought, |columns| {
        let (follow, active_at, joined_seq) = (columns.follow()?, columns.time()?, columns.number()?);
        Ok(FollowedThread { follow, root: columns.message()?, active_at, joined_seq })
    })
    .await
}

/// Codes 3 and 4 are of what is deleted.
pub(super) const UNREAD: &str = "SELECT (SELECT count(*) FROM chat.messages s \
         WHERE s.room = k.room AND s.root = k.root AND s.seq > k.above AND s.sender <> $4 \
             AND s.kind NOT IN (3, 4) AND NOT EXISTS (SELECT FROM chat.hidden h \
                 WHERE h.room = k.room AND h.user_id = $4 AND h.seq = s.seq)) \
     FROM UNNEST($1::uuid[], $2::int8[], $3::int8[]) WITH ORDINALITY AS k (room, root, above, n) ORDER BY k.n";

pub(super) async fn unread(
    db: &Connections,
    user: &UserId,
    threads: &[(RoomId, u64, u64)],
) -> Result<Vec<u64>> {
    if threads.is_empty() {
        return Ok(Vec::new());
    }
    let rooms: Vec<Uuid> = each(threads, |(room, ..)| Uuid::from(*room));
    let (roots, above) = (each(threads, |(_, root, _)| int(*root)), each(threads, |(.., above)| int(*above)));
    let sought = || query(UNREAD).bind(&rooms).bind(&roots).bind(&above).bind(user.as_str());
    db.all(sought, |columns| columns.number()).await
}

pub(super) const LOAD: &str = concat!(
    "SELECT ",
    follow_columns!(),
    " FROM UNNEST($1::uuid[], $2::int8[], $3::text[]) AS k (room, root, user_id) \
     JOIN chat.follows g ON g.room = k.room AND g.root = k.root AND g.user_id = k.user_id \
     JOIN chat.messages s ON s.room = g.room AND s.seq = g.root"
);

pub(super) async fn load(conn: &mut PgConnection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    if needs.more.threads.is_empty() {
        return Ok(());
    }
    let keys = needs.follows(&rows.more.messages);
    if keys.is_empty() {
        return Ok(());
    }
    let rooms: Vec<Uuid> = keys.iter().map(|(room, ..)| Uuid::from(*room)).collect();
    let roots: Vec<i64> = keys.iter().map(|(_, root, _)| int(*root)).collect();
    let users: Vec<&str> = keys.iter().map(|(.., user)| user.as_str()).collect();
    let found = fetch(conn, query(LOAD).bind(rooms).bind(roots).bind(users), |columns| columns.follow());
    let found = found.await?.into_iter();
    rows.more.follows =
        found.map(|follow| ((follow.room, follow.root_seq, follow.user.clone()), follow)).collect();
    Ok(())
}

pub(super) const WRITE: &str = "INSERT INTO chat.follows (room, root, user_id, following, since, read_seq, pos) \
     SELECT * FROM UNNEST($1::uuid[], $2::int8[], $3::text[], $4::bool[], $5::int8[], $6::int8[], $7::int8[]) \
     ON CONFLICT (room, root, user_id) DO UPDATE SET following = excluded.following, since = excluded.since, \
         read_seq = excluded.read_seq, pos = excluded.pos";

/// What another transaction is at just now is not waited for: it is no old choice any more, or is forgotten there.
pub(super) const KEEP: &str = "DELETE FROM chat.follows o USING (SELECT g.room, g.root, g.user_id \
         FROM chat.follows g WHERE g.user_id = $1 ORDER BY g.since DESC, g.room DESC, g.root DESC \
         OFFSET $2 FOR UPDATE SKIP LOCKED) k \
     WHERE o.room = k.room AND o.root = k.root AND o.user_id = k.user_id";

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    let written: Vec<&Follow> =
        rows.more.written_follows.iter().filter_map(|key| rows.more.follows.get(key)).collect();
    if !written.is_empty() {
        let put = query(WRITE)
            .bind(each(&written, |follow| Uuid::from(follow.room)))
            .bind(each(&written, |follow| int(follow.root_seq)))
            .bind(each(&written, |follow| follow.user.as_str()))
            .bind(each(&written, |follow| follow.following))
            .bind(each(&written, |follow| follow.since.as_millis()))
            .bind(each(&written, |follow| int(follow.read_seq)))
            .bind(each(&written, |follow| int(follow.pos)));
        put.execute(&mut *conn).await?;
    }
    for (user, most) in &rows.more.kept_follows {
        query(KEEP).bind(user.as_str()).bind(i64::from(*most)).execute(&mut *conn).await?;
    }
    Ok(())
}
