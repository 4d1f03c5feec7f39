//! The index of words in FTS5, which follows behind the commits; and what is found by it.
//!
//! FTS5 is given the terms ready, in letters and digits of ASCII, so that it cuts and folds nothing itself. Each
//! character of a gram is four digits of base 36, which keeps beginnings of grams beginnings.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{Columns, message_joins};
use super::error::SqliteError;
use super::{amend, read};
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Message, Needle};
use crate::store::columns::{ReadRow, int, message_columns};
use crate::store::index::{self, Lookup, Piece, Progress, Term};
use crate::store::search::{self, Gathering};
use crate::store::{Found, Search};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

/// Walks all rooms by their ids.
pub(super) const ROOMS: &str = "SELECT r.id, r.seq > ifnull(x.seq, 0) OR r.last_pos > ifnull(x.pos, 0) \
     FROM rooms r LEFT JOIN search_rooms x ON x.room = r.id WHERE r.id > ?1 ORDER BY r.id LIMIT ?2";

/// The rooms beyond one that wait for the index, and where the next ones begin.
pub(super) fn waiting_rooms(
    conn: &Connection,
    after: Option<RoomId>,
) -> Result<(Vec<RoomId>, Option<RoomId>)> {
    let rooms = read::all(conn, ROOMS, &[&read::beyond(after), &index::ROOMS], |columns| {
        Ok((columns.room_id()?, columns.flag()?))
    })?;
    let last = rooms.last().map(|(room, _)| *room).filter(|_| rooms.len() == index::ROOMS as usize);
    Ok((rooms.into_iter().filter_map(|(room, waits)| waits.then_some(room)).collect(), last))
}

pub(super) const PROGRESS: &str = "SELECT r.last_pos, ifnull(x.seq, 0), ifnull(x.pos, 0), r.keeping \
     FROM rooms r LEFT JOIN search_rooms x ON x.room = r.id WHERE r.id = ?1";

/// Reads what waits in these rooms: some `limit` messages.
pub(super) fn gather(conn: &Connection, rooms: &[RoomId], limit: u32) -> Result<Vec<Piece>> {
    let (mut pieces, mut left) = (Vec::new(), limit);
    for room in rooms {
        if left == 0 {
            break;
        }
        let found = read::one(conn, PROGRESS, &[&room.to_bytes()], |columns| {
            let (last_pos, seq, pos) = (columns.number()?, columns.number()?, columns.number()?);
            Ok((last_pos, Progress { seq, pos }.above(columns.maybe()?)))
        })?;
        // A room that was not committed after all.
        let (last_pos, before) = found.unwrap_or_default();
        let mut changed = Vec::new();
        if last_pos > before.pos && before.seq > 0 {
            changed = amend::amended_since(conn, *room, u64::MAX, (before.pos, u64::MAX), left)?;
        }
        let to = before.seq.saturating_add(left.into());
        let new = read::messages(conn, *room, before.seq + 1..=to)?;
        let piece = Piece::new(*room, before, last_pos, (changed, left), (new, left));
        left = left.saturating_sub(u32::try_from(piece.messages.len()).unwrap_or(u32::MAX));
        pieces.push(piece);
    }
    Ok(pieces)
}

/// What the index takes in, with the terms cut and written.
#[derive(Debug)]
pub(super) struct Entry {
    seq: u64,
    at: Timestamp,
    /// `None`: it cannot be found, or not any more.
    terms: Option<String>,
}

/// Cuts what was read, outside of any transaction.
pub(super) fn entries(messages: &[Message]) -> Vec<Entry> {
    let entry = |message: &Message| Entry {
        seq: message.seq,
        at: message.created_at,
        terms: index::terms_of(message).map(|terms| written(&terms)),
    };
    messages.iter().map(entry).collect()
}

const WRITE_PROGRESS: &str = "INSERT INTO search_rooms (room, seq, pos) VALUES (?1, ?2, ?3) \
     ON CONFLICT (room) DO UPDATE SET seq = excluded.seq, pos = excluded.pos RETURNING n";

pub(super) const PLACE: &str = "SELECT place FROM search_places WHERE room = ?1 AND seq = ?2";

pub(super) const LAST_PLACE: &str = "SELECT max(place) FROM search_places WHERE place >= ?1 AND place < ?2";

/// Takes pieces into the index.
pub(super) fn take_in(conn: &Connection, pieces: &[(RoomId, Progress, Vec<Entry>)]) -> Result<()> {
    // The last place that was given of a moment.
    let mut last: HashMap<u64, u64> = HashMap::new();
    for (room, Progress { seq, pos }, entries) in pieces {
        let progress = params![room.to_bytes(), int(*seq), int(*pos)];
        let number: i64 = conn.prepare_cached(WRITE_PROGRESS)?.query_row(progress, |row| row.get(0))?;
        for entry in entries {
            let known = conn
                .prepare_cached(PLACE)?
                .query_row(params![number, int(entry.seq)], |row| row.get::<_, i64>(0));
            match (known.optional()?, &entry.terms) {
                (None, None) => {}
                (Some(place), None) => {
                    conn.prepare_cached("DELETE FROM search_terms WHERE rowid = ?1")?.execute([place])?;
                    conn.prepare_cached("DELETE FROM search_places WHERE place = ?1")?.execute([place])?;
                }
                (Some(place), Some(terms)) => write_terms(conn, place, terms)?,
                (None, Some(terms)) => {
                    let place = int(free_place(conn, entry.at, &mut last)?);
                    let sql = "INSERT INTO search_places (place, room, seq) VALUES (?1, ?2, ?3)";
                    conn.prepare_cached(sql)?.execute(params![place, number, int(entry.seq)])?;
                    write_terms(conn, place, terms)?;
                }
            }
        }
    }
    Ok(())
}

fn write_terms(conn: &Connection, place: i64, terms: &str) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO search_terms (rowid, terms) VALUES (?1, ?2)";
    conn.prepare_cached(sql)?.execute(params![place, terms])?;
    Ok(())
}

/// The first free place of a moment, or of those behind it.
fn free_place(conn: &Connection, at: Timestamp, last: &mut HashMap<u64, u64>) -> Result<u64> {
    let mut first = search::first_place(at);
    loop {
        let end = first + search::PLACES;
        let taken = match last.get(&first) {
            Some(taken) => Some(*taken),
            None => {
                let mut statement = conn.prepare_cached(LAST_PLACE)?;
                let taken =
                    statement.query_row([int(first), int(end)], |row| row.get::<_, Option<i64>>(0))?;
                taken.map(i64::unsigned_abs)
            }
        };
        let place = taken.map_or(first, |taken| taken + 1);
        last.insert(first, place.min(end - 1));
        if place < end {
            return Ok(place);
        }
        first = end;
    }
}

// From the index to the rows, newest first, for as long as somebody asks. A seq of NULL is sought nowhere.
pub(super) const SEARCH: &str = concat!(
    "SELECT w.rowid, m.user IS NOT NULL AND h.user IS NULL, ",
    message_columns!(),
    " FROM search_terms w CROSS JOIN search_places d ON d.place = w.rowid \
     CROSS JOIN search_rooms x ON x.n = d.room \
     CROSS JOIN messages s ON s.room = x.room AND s.seq = d.seq \
     LEFT JOIN members m ON m.room = x.room AND m.user = ?4 AND m.active = 1 \
     LEFT JOIN hidden h ON h.room = m.room AND h.user = m.user AND h.seq = iif(m.hidden > 0, s.seq, NULL)",
    message_joins!(),
    " WHERE w.search_terms MATCH ?1 AND w.rowid < ?2 AND w.rowid >= ?3 ORDER BY w.rowid DESC"
);

pub(super) const OWN_ROOMS: &str =
    "SELECT room FROM members WHERE user = ?1 AND active = 1 ORDER BY room LIMIT ?2";

pub(super) fn search(conn: &Connection, search: &Search) -> Result<Found> {
    let own = own_rooms(conn, &search.user)?;
    if own.is_empty() {
        return Ok(Found::default());
    }
    let page = look_up(conn, search, &Lookup::anywhere(search))?;
    match Lookup::narrowed(search, &own).filter(|_| page.is_cut_short()) {
        Some(narrowed) => Ok(look_up(conn, search, &narrowed)?.page()),
        None => Ok(page.page()),
    }
}

fn look_up<'s>(conn: &Connection, search: &'s Search, lookup: &Lookup) -> Result<Gathering<'s>> {
    let mut page = Gathering::new(search);
    let (from, to) = search.places();
    let sought = expression(lookup);
    let mut statement = conn.prepare_cached(SEARCH)?;
    let mut rows = statement.query(params![sought, int(to), int(from), search.user.as_str()])?;
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let (place, is_own) = (columns.number()?, columns.flag()?);
        let message = if is_own { Some(columns.message()?) } else { None };
        let is_meant = |message: &Message| search.room.is_none_or(|room| room == message.room);
        if let ControlFlow::Break(()) = page.look_at(place, message.filter(is_meant)) {
            break;
        }
    }
    Ok(page)
}

fn own_rooms(conn: &Connection, user: &UserId) -> Result<Vec<RoomId>> {
    read::all(conn, OWN_ROOMS, &[&user.as_str(), &index::OWN_ROOMS], |columns| columns.room_id())
}

/// The terms as a text for FTS5.
fn written(terms: &[Term]) -> String {
    let mut text = String::new();
    for term in terms {
        match term {
            Term::Gram(gram) => write_gram(gram, &mut text),
            Term::Mark(mark) => text.push_str(mark),
        }
        text.push(' ');
    }
    text
}

/// The question for FTS5.
fn expression(lookup: &Lookup) -> String {
    let needle = |needle: &Needle| {
        let mut text = String::new();
        match needle {
            Needle::Gram(gram) => write_gram(gram, &mut text),
            Needle::Beginning(part) => {
                write_gram(part, &mut text);
                text.push('*');
            }
        }
        text
    };
    let mut all: Vec<String> =
        lookup.needles.iter().map(needle).chain(lookup.marks.iter().cloned()).collect();
    if !lookup.rooms.is_empty() {
        all.push(format!("({})", lookup.rooms.join(" OR ")));
    }
    all.join(" AND ")
}

/// Begins as no mark does.
fn write_gram(gram: &str, text: &mut String) {
    text.push('g');
    for one in gram.chars() {
        let number = u32::from(one);
        for power in [36 * 36 * 36, 36 * 36, 36, 1] {
            text.push(char::from_digit(number / power % 36, 36).unwrap_or('0'));
        }
    }
}
