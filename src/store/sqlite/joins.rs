//! People who wait to come into a room: read, loaded and written.

use rusqlite::{Connection, params};

use super::columns::Columns;
use super::error::SqliteError;
use super::read::{all, one};
use crate::id::{JoinRequestId, RoomId};
use crate::model::{InviteCode, JoinRequest, Profile};
use crate::store::columns::{ReadRow, join_request, join_request_of};
use crate::store::{Needs, Queue, Rows};

type Result<T, E = SqliteError> = std::result::Result<T, E>;

macro_rules! columns {
    () => {
        "j.id, j.room, j.user, j.invite, j.reason, j.at"
    };
}

macro_rules! shown {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            ", p.nickname, p.image FROM join_requests j LEFT JOIN profiles p ON p.user = j.user "
        )
    };
}

pub(super) const REQUEST: &str =
    concat!("SELECT ", columns!(), " FROM join_requests j WHERE j.id = ?1 AND j.room = ?2");

pub(super) fn request(conn: &Connection, room: RoomId, id: JoinRequestId) -> Result<Option<JoinRequest>> {
    one(conn, REQUEST, &[&id.to_bytes(), &room.to_bytes()], |columns| join_request(columns))
}

pub(super) const ALL: &str = concat!(shown!(), "WHERE j.id > ?1 ORDER BY j.id LIMIT ?2");

pub(super) const IN_ROOM: &str = concat!(shown!(), "WHERE j.room = ?1 AND j.id > ?2 ORDER BY j.id LIMIT ?3");

pub(super) const BY_USER: &str = concat!(shown!(), "WHERE j.user = ?1 AND j.id > ?2 ORDER BY j.id LIMIT ?3");

pub(super) fn requests(
    conn: &Connection,
    queue: &Queue,
    after: Option<JoinRequestId>,
    limit: u32,
) -> Result<Vec<(JoinRequest, Profile)>> {
    // The empty blob is before every id.
    let after = after.map(|id| id.to_bytes().to_vec()).unwrap_or_default();
    match queue {
        Queue::All => all(conn, ALL, &[&after, &limit], |columns| join_request_of(columns)),
        Queue::Room(room) => {
            all(conn, IN_ROOM, &[&room.to_bytes(), &after, &limit], |columns| join_request_of(columns))
        }
        Queue::Sender(user) => {
            all(conn, BY_USER, &[&user.as_str(), &after, &limit], |columns| join_request_of(columns))
        }
    }
}

pub(super) const PLACE: &str = "SELECT room, user FROM join_requests WHERE id = ?1";

pub(super) const OF_USER: &str =
    concat!("SELECT ", columns!(), " FROM join_requests j WHERE j.room = ?1 AND j.user = ?2");

/// As many rows as may wait in a room are counted, in the index alone.
pub(super) const COUNT: &str =
    "SELECT count(*) FROM join_requests INDEXED BY join_requests_in_room WHERE room = ?1";

pub(super) fn load(conn: &Connection, needs: &Needs, rows: &mut Rows) -> Result<()> {
    for key in &needs.more.join_requests {
        let found =
            one(conn, OF_USER, &[&key.0.to_bytes(), &key.1.as_str()], |columns| join_request(columns))?;
        rows.more.join_requests.extend(found.map(|request| (key.clone(), request)));
    }
    for (_, id) in &needs.more.asked {
        let place = |columns: &mut Columns<'_>| Ok((columns.room_id()?, columns.parsed()?));
        rows.more.asked.extend(one(conn, PLACE, &[&id.to_bytes()], place)?.map(|place| (*id, place)));
    }
    for room in &needs.more.join_counts {
        let waiting = one(conn, COUNT, &[&room.to_bytes()], |columns| columns.number())?;
        rows.more.join_counts.extend(waiting.map(|waiting| (*room, waiting)));
    }
    Ok(())
}

const WRITE: &str = "INSERT INTO join_requests (id, room, user, invite, reason, at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room, user) DO UPDATE SET id = excluded.id, \
         invite = excluded.invite, reason = excluded.reason, at = excluded.at";

const END: &str = "DELETE FROM join_requests WHERE room = ?1 AND user = ?2";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<()> {
    for key in &rows.more.written_join_requests {
        let (room, user) = (key.0.to_bytes(), key.1.as_str());
        match rows.more.join_requests.get(key) {
            Some(JoinRequest { id, invite, reason, at, .. }) => {
                let invite = invite.map(InviteCode::to_bytes);
                let values = params![id.to_bytes(), room, user, invite, reason, at.as_millis()];
                conn.prepare_cached(WRITE)?.execute(values)?
            }
            None => conn.prepare_cached(END)?.execute(params![room, user])?,
        };
    }
    Ok(())
}
