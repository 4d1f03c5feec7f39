//! The index of words, lexemes in a GIN, which follows behind the commits; and what is found by it.
//!
//! A search first walks over the newest places, where what is often said is found at once. What is left it looks up:
//! that reads all that have the terms, up to [`LOOKED_UP`]; where these are many, once more of the user's rooms alone.
//! Where there are still more, the page ends with the walk, and the next one walks on.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Connection, PgConnection, Postgres, query};
use tokio::time::timeout;

use super::columns::{Columns, Uuid, message_joins};
use super::connections::{Connections, fetch, give_up};
use super::error::PostgresError;
use super::{amend, read};
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Message, Needle};
use crate::store::columns::{ReadRow, int, message_columns};
use crate::store::index::{self, Lookup, Piece, Progress, Term};
use crate::store::search::{self, Gathering};
use crate::store::{Found, Search};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

/// "chatwords": whoever takes into the index holds this lock, and nobody waits for it.
const INDEX_LOCK: i64 = 0x6368_6174_776f_7264;

/// How many places a search walks over, and the most that it looks up beyond them.
const WALKED: i64 = 1_000;
const LOOKED_UP: i64 = 10_000;

/// How many of those that were looked up are read.
const READ: i64 = 1_000;

/// Walks all rooms by their ids.
pub(super) const ROOMS: &str = "SELECT r.id, r.seq > coalesce(x.seq, 0) OR r.last_pos > coalesce(x.pos, 0) \
     FROM chat.rooms r LEFT JOIN chat.search_rooms x ON x.room = r.id \
     WHERE r.id >= $1 ORDER BY r.id LIMIT $2";

/// The rooms beyond one that wait for the index, and where the next ones begin.
pub(super) async fn waiting_rooms(
    db: &Connections,
    after: Option<RoomId>,
) -> Result<(Vec<RoomId>, Option<RoomId>)> {
    let Some(from) = read::beyond(after) else { return Ok((Vec::new(), None)) };
    let rooms = db.all(
        || query(ROOMS).bind(from).bind(i64::from(index::ROOMS)),
        |columns| Ok((columns.room_id()?, columns.flag()?)),
    );
    let rooms = rooms.await?;
    let last = rooms.last().map(|(room, _)| *room).filter(|_| rooms.len() == index::ROOMS as usize);
    Ok((rooms.into_iter().filter_map(|(room, waits)| waits.then_some(room)).collect(), last))
}

/// Takes in what waits in these rooms, some `limit` messages, and gives those in which nothing more waits; `None`
/// where another node takes in just now.
pub(super) async fn index(db: &Connections, rooms: Vec<RoomId>, limit: u32) -> Result<Option<Vec<RoomId>>> {
    let mut conn = db.acquire(false).await?;
    let work = async {
        let mut tx = conn.begin().await?;
        let locked: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
            .bind(INDEX_LOCK)
            .fetch_one(&mut *tx)
            .await?;
        if !locked {
            return Ok(None);
        }
        let pieces = gather(&mut tx, &rooms, limit).await?;
        let done = pieces.iter().filter(|piece| piece.is_whole).map(|piece| piece.room).collect();
        let cut = tokio::task::spawn_blocking(move || {
            let cut = |piece: Piece| {
                let entries = piece.messages.iter().map(Entry::of).collect();
                (piece.room, piece.progress, entries)
            };
            pieces.into_iter().map(cut).collect::<Vec<(RoomId, Progress, Vec<Entry>)>>()
        });
        // A task that panicked leaves the rooms waiting.
        let Ok(pieces) = cut.await else { return Ok(None) };
        take_in(&mut tx, &pieces).await?;
        tx.commit().await?;
        Ok(Some(done))
    };
    let done = timeout(db.patience(), work).await.unwrap_or(Err(PostgresError::TimedOut));
    if done.as_ref().is_err_and(PostgresError::is_lost) {
        give_up(conn);
    }
    done
}

pub(super) const PROGRESS: &str = "SELECT r.id, r.last_pos, coalesce(x.seq, 0), coalesce(x.pos, 0), r.keeping \
     FROM UNNEST($1::uuid[]) AS k (room) JOIN chat.rooms r ON r.id = k.room \
     LEFT JOIN chat.search_rooms x ON x.room = r.id";

async fn gather(conn: &mut PgConnection, rooms: &[RoomId], limit: u32) -> Result<Vec<Piece>> {
    let ids: Vec<Uuid> = rooms.iter().copied().map(Uuid::from).collect();
    let known = fetch(&mut *conn, query(PROGRESS).bind(ids), |columns| {
        let (room, last_pos) = (columns.room_id()?, columns.number()?);
        let (seq, pos) = (columns.number()?, columns.number()?);
        Ok((room, (last_pos, Progress { seq, pos }.above(columns.maybe()?))))
    });
    let known: HashMap<RoomId, (u64, Progress)> = known.await?.into_iter().collect();
    let (mut pieces, mut left) = (Vec::new(), limit);
    for room in rooms {
        if left == 0 {
            break;
        }
        // A room that was not committed after all has nothing.
        let (last_pos, before) = known.get(room).copied().unwrap_or_default();
        let mut changed = Vec::new();
        if last_pos > before.pos && before.seq > 0 {
            let sought = query(amend::AMENDED_SINCE).bind(Uuid::from(*room)).bind(int(before.pos));
            let sought = sought.bind(i64::MAX).bind(i64::MAX).bind(i64::from(left));
            changed = fetch(&mut *conn, sought, |columns| columns.message()).await?;
        }
        let to = before.seq.saturating_add(left.into());
        let sought = query(read::MESSAGES).bind(Uuid::from(*room)).bind(int(before.seq + 1)).bind(int(to));
        let new = fetch(&mut *conn, sought, |columns| columns.message()).await?;
        let piece = Piece::new(*room, before, last_pos, (changed, left), (new, left));
        left = left.saturating_sub(u32::try_from(piece.messages.len()).unwrap_or(u32::MAX));
        pieces.push(piece);
    }
    Ok(pieces)
}

/// What the index takes in of a message.
#[derive(Debug)]
struct Entry {
    seq: u64,
    at: Timestamp,
    /// With spaces between them, of which no term has one; `None`: it cannot be found, or not any more.
    terms: Option<String>,
}

impl Entry {
    fn of(message: &Message) -> Self {
        let lexeme = |term: Term| match term {
            Term::Gram(gram) => format!("g{gram}"),
            Term::Mark(mark) => mark,
        };
        let joined = |terms: Vec<Term>| terms.into_iter().map(lexeme).collect::<Vec<_>>().join(" ");
        let terms = index::terms_of(message).map(joined);
        Self { seq: message.seq, at: message.created_at, terms }
    }
}

pub(super) const WRITE_PROGRESS: &str = "INSERT INTO chat.search_rooms (room, seq, pos) \
     SELECT * FROM UNNEST($1::uuid[], $2::int8[], $3::int8[]) \
     ON CONFLICT (room) DO UPDATE SET seq = excluded.seq, pos = excluded.pos";

pub(super) const PLACES: &str = "SELECT d.room, d.seq, d.place FROM UNNEST($1::uuid[], $2::int8[]) AS k (room, seq) \
     JOIN chat.search_places d ON d.room = k.room AND d.seq = k.seq";

pub(super) const LAST_PLACES: &str = "SELECT k.first, d.place FROM UNNEST($1::int8[]) AS k (first) \
     CROSS JOIN LATERAL (SELECT c.place FROM chat.search_places c \
         WHERE c.place >= k.first AND c.place < k.first + $2 ORDER BY c.place DESC LIMIT 1) d";

pub(super) const END: &str = "DELETE FROM chat.search_places d USING UNNEST($1::int8[]) AS k (place) \
     WHERE d.place = k.place";

pub(super) const WRITE: &str = "INSERT INTO chat.search_places (place, room, seq, terms) \
     SELECT w.place, w.room, w.seq, array_to_tsvector(string_to_array(w.terms, ' ')) \
     FROM UNNEST($1::int8[], $2::uuid[], $3::int8[], $4::text[]) AS w (place, room, seq, terms) \
     ON CONFLICT (place) DO UPDATE SET terms = excluded.terms";

async fn take_in(conn: &mut PgConnection, pieces: &[(RoomId, Progress, Vec<Entry>)]) -> Result<()> {
    let rooms: Vec<Uuid> = pieces.iter().map(|(room, ..)| Uuid::from(*room)).collect();
    let seqs: Vec<i64> = pieces.iter().map(|(_, progress, _)| int(progress.seq)).collect();
    let poses: Vec<i64> = pieces.iter().map(|(_, progress, _)| int(progress.pos)).collect();
    query(WRITE_PROGRESS).bind(rooms).bind(seqs).bind(poses).execute(&mut *conn).await?;

    let entries: Vec<(RoomId, &Entry)> =
        pieces.iter().flat_map(|(room, _, entries)| entries.iter().map(|entry| (*room, entry))).collect();
    let rooms: Vec<Uuid> = entries.iter().map(|(room, _)| Uuid::from(*room)).collect();
    let seqs: Vec<i64> = entries.iter().map(|(_, entry)| int(entry.seq)).collect();
    let known = fetch(&mut *conn, query(PLACES).bind(rooms).bind(seqs), |columns| {
        Ok(((columns.room_id()?, columns.number()?), columns.number()?))
    });
    let mut places: HashMap<(RoomId, u64), u64> = known.await?.into_iter().collect();

    let is_found = |(_, entry): &&(RoomId, &Entry)| entry.terms.is_some();
    let gone = entries.iter().filter(|one| !is_found(one));
    let gone: Vec<i64> =
        gone.filter_map(|(room, entry)| places.get(&(*room, entry.seq))).map(|place| int(*place)).collect();
    if !gone.is_empty() {
        query(END).bind(gone).execute(&mut *conn).await?;
    }
    let found: Vec<(RoomId, &Entry)> = entries.iter().filter(is_found).copied().collect();
    if found.is_empty() {
        return Ok(());
    }
    let is_new = |(room, entry): &&(RoomId, &Entry)| !places.contains_key(&(*room, entry.seq));
    let new: Vec<(RoomId, &Entry)> = found.iter().filter(is_new).copied().collect();
    give_places(conn, new, &mut places).await?;
    let place =
        |(room, entry): &(RoomId, &Entry)| places.get(&(*room, entry.seq)).map_or(0, |place| int(*place));
    let written = query(WRITE)
        .bind(found.iter().map(place).collect::<Vec<i64>>())
        .bind(found.iter().map(|(room, _)| Uuid::from(*room)).collect::<Vec<_>>())
        .bind(found.iter().map(|(_, entry)| int(entry.seq)).collect::<Vec<_>>())
        .bind(found.iter().map(|(_, entry)| entry.terms.as_deref()).collect::<Vec<_>>());
    written.execute(conn).await?;
    Ok(())
}

/// Gives each the first free place of its moment, or of those behind it.
async fn give_places(
    conn: &mut PgConnection,
    new: Vec<(RoomId, &Entry)>,
    places: &mut HashMap<(RoomId, u64), u64>,
) -> Result<()> {
    let mut waiting: Vec<(u64, (RoomId, u64))> =
        new.into_iter().map(|(room, entry)| (search::first_place(entry.at), (room, entry.seq))).collect();
    // The next free place by moment.
    let mut free: HashMap<u64, u64> = HashMap::new();
    while !waiting.is_empty() {
        let moments: BTreeSet<u64> =
            waiting.iter().map(|(first, _)| *first).filter(|first| !free.contains_key(first)).collect();
        if !moments.is_empty() {
            let sought: Vec<i64> = moments.iter().map(|first| int(*first)).collect();
            let taken = query(LAST_PLACES).bind(sought).bind(int(search::PLACES));
            let taken = fetch(&mut *conn, taken, |columns| Ok((columns.number()?, columns.number()? + 1)));
            free.extend(moments.into_iter().map(|first| (first, first)));
            free.extend(taken.await?);
        }
        for (first, message) in std::mem::take(&mut waiting) {
            let place = free.entry(first).or_insert(first);
            if *place < first + search::PLACES {
                places.insert(message, *place);
                *place += 1;
            } else {
                waiting.push((first + search::PLACES, message));
            }
        }
    }
    Ok(())
}

pub(super) const OWN_ROOMS: &str =
    "SELECT m.room FROM chat.members m WHERE m.user_id || '' = $1 AND m.active ORDER BY m.room LIMIT $2";

/// Where a walk ends that does not come to the end.
pub(super) const WALK_END: &str = "SELECT d.place FROM chat.search_places d \
     WHERE d.place < $1 AND d.place >= $2 ORDER BY d.place DESC OFFSET $3 LIMIT 1";

/// What belongs to the places `d`. A seq of NULL is sought nowhere.
macro_rules! hits {
    () => {
        concat!(
            "JOIN chat.messages s ON s.room = d.room AND s.seq = d.seq \
             LEFT JOIN chat.members m ON m.room = d.room AND m.user_id = $4 AND m.active \
             LEFT JOIN chat.hidden h ON h.room = m.room AND h.user_id = m.user_id \
                 AND h.seq = CASE WHEN m.hidden > 0 THEN d.seq END",
            message_joins!(),
            " ORDER BY d.place DESC"
        )
    };
}

// An OFFSET keeps PostgreSQL from looking the terms up.
pub(super) const WALK: &str = concat!(
    "SELECT d.place, m.user_id IS NOT NULL AND h.user_id IS NULL, ",
    message_columns!(),
    " FROM (SELECT c.place, c.room, c.seq FROM (SELECT * FROM chat.search_places b \
         WHERE b.place < $2 AND b.place >= $3 ORDER BY b.place DESC OFFSET 0) c \
         WHERE c.terms @@ $1::text::tsquery ORDER BY c.place DESC) d ",
    hits!()
);

// `place + 0` is no index's.
pub(super) const LOOK_UP: &str = concat!(
    "WITH found AS MATERIALIZED (SELECT c.place, c.room, c.seq FROM chat.search_places c \
         WHERE c.terms @@ $1::text::tsquery AND c.place + 0 < $2 AND c.place + 0 >= $3 LIMIT $5) \
     SELECT (SELECT count(*) FROM found), d.place, m.user_id IS NOT NULL AND h.user_id IS NULL, ",
    message_columns!(),
    " FROM (SELECT * FROM found ORDER BY place DESC LIMIT $6) d ",
    hits!()
);

pub(super) async fn search(db: &Connections, search: &Search) -> Result<Found> {
    let own = own_rooms(db, &search.user).await?;
    let mut page = Gathering::new(search);
    if own.is_empty() {
        return Ok(page.page());
    }
    let (from, to) = search.places();
    let (from, to) = (int(from), int(to));
    let sought = ts_query(&Lookup::anywhere(search));
    let end = db.one(|| query(WALK_END).bind(to).bind(from).bind(WALKED - 1), |columns| columns.number());
    let end = end.await?.map(int);

    let bind = || query(WALK).bind(&sought).bind(to).bind(end.unwrap_or(from)).bind(search.user.as_str());
    for (place, message) in db.all(bind, |columns| hit(columns, search)).await? {
        if let ControlFlow::Break(()) = page.look_at(place, message) {
            return Ok(page.page());
        }
    }
    let Some(end) = end else { return Ok(page.page()) };
    let bind = |sought| {
        let sought = query(LOOK_UP).bind(sought).bind(end).bind(from).bind(search.user.as_str());
        sought.bind(LOOKED_UP + 1).bind(READ)
    };
    let mut found = look_up(db, bind(sought), search).await?;
    if found.first().is_some_and(|(count, ..)| *count > READ.unsigned_abs())
        && let Some(narrowed) = Lookup::narrowed(search, &own)
    {
        found = look_up(db, bind(ts_query(&narrowed)), search).await?;
    }
    if found.first().is_some_and(|(count, ..)| *count > LOOKED_UP.unsigned_abs()) {
        let _ = page.end_at(end.unsigned_abs());
        return Ok(page.page());
    }
    let is_cut = found.first().is_some_and(|(count, ..)| *count > READ.unsigned_abs());
    let last = found.last().map(|(_, place, _)| *place).filter(|_| is_cut);
    for (_, place, message) in found {
        if let ControlFlow::Break(()) = page.look_at(place, message) {
            return Ok(page.page());
        }
    }
    if let Some(last) = last {
        let _ = page.end_at(last);
    }
    Ok(page.page())
}

async fn own_rooms(db: &Connections, user: &UserId) -> Result<Vec<RoomId>> {
    let sought = || query(OWN_ROOMS).bind(user.as_str()).bind(i64::from(index::OWN_ROOMS));
    db.all(sought, |columns| columns.room_id()).await
}

/// A place and its message, where the user is in its room and looks in it.
fn hit(columns: &mut Columns<'_>, search: &Search) -> Result<(u64, Option<Message>)> {
    let (place, is_own) = (columns.number()?, columns.flag()?);
    let message = columns.message()?;
    let is_meant = is_own && search.room.is_none_or(|room| room == message.room);
    Ok((place, is_meant.then_some(message)))
}

type LookedUp = Vec<(u64, u64, Option<Message>)>;

/// A GIN is read by a bitmap alone, which elsewhere is never the way.
async fn look_up(
    db: &Connections,
    sought: Query<'_, Postgres, PgArguments>,
    search: &Search,
) -> Result<LookedUp> {
    let mut conn = db.acquire(false).await?;
    let read = async {
        let mut tx = conn.begin().await?;
        query("SET LOCAL enable_bitmapscan = on").execute(&mut *tx).await?;
        let found = fetch(&mut tx, sought, |columns| {
            let count = columns.number()?;
            let (place, message) = hit(columns, search)?;
            Ok((count, place, message))
        });
        let found = found.await?;
        tx.rollback().await?;
        Ok(found)
    };
    let found = timeout(db.patience(), read).await.unwrap_or(Err(PostgresError::TimedOut));
    if found.as_ref().is_err_and(PostgresError::is_lost) {
        give_up(conn);
    }
    found
}

/// The question, each lexeme in quotation marks.
fn ts_query(lookup: &Lookup) -> String {
    let quoted = |lexeme: &str| format!("'{}'", lexeme.replace('\\', "\\\\").replace('\'', "''"));
    let needle = |needle: &Needle| match needle {
        Needle::Gram(gram) => quoted(&format!("g{gram}")),
        Needle::Beginning(part) => format!("{}:*", quoted(&format!("g{part}"))),
    };
    let marks = lookup.marks.iter().map(|mark| quoted(mark));
    let mut all: Vec<String> = lookup.needles.iter().map(needle).chain(marks).collect();
    if !lookup.rooms.is_empty() {
        let rooms: Vec<String> = lookup.rooms.iter().map(|room| quoted(room)).collect();
        all.push(format!("({})", rooms.join(" | ")));
    }
    all.join(" & ")
}
