//! Bans: read, loaded and written.

use rusqlite::{Connection, params};

use super::columns::ban_columns;
use super::error::SqliteError;
use super::read::{all, beyond_user, one};
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Ban, Profile};
use crate::store::columns::ReadRow;
use crate::store::{Needs, Rows};

pub(super) const BAN: &str =
    concat!("SELECT ", ban_columns!(), " FROM bans b WHERE b.room = ?1 AND b.user = ?2");

pub(super) const BANS: &str = concat!(
    "SELECT ",
    ban_columns!(),
    ", p.nickname, p.image FROM bans b LEFT JOIN profiles p ON p.user = b.user \
     WHERE b.room = ?1 AND b.user > ?2 AND b.until > ?3 ORDER BY b.user LIMIT ?4"
);

pub(super) fn bans(
    conn: &Connection,
    room: RoomId,
    now: Timestamp,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<(Ban, Profile)>, SqliteError> {
    let params = (room.to_bytes(), beyond_user(after), now.as_millis());
    all(conn, BANS, &[&params.0, &params.1, &params.2, &limit], |columns| columns.ban_of())
}

pub(super) fn load(conn: &Connection, needs: &Needs, rows: &mut Rows) -> Result<(), SqliteError> {
    for (room, user) in &needs.bans {
        if let Some(ban) = one(conn, BAN, &[&room.to_bytes(), &user.as_str()], |columns| columns.ban())? {
            rows.bans.insert((*room, user.clone()), ban);
        }
    }
    Ok(())
}

const WRITE_BAN: &str = "INSERT INTO bans (room, user, made_by, made_at, until, reason) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room, user) DO UPDATE SET made_by = excluded.made_by, \
         made_at = excluded.made_at, until = excluded.until, reason = excluded.reason";

const END_BAN: &str = "DELETE FROM bans WHERE room = ?1 AND user = ?2";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<(), SqliteError> {
    for key in &rows.written_bans {
        let (room, user) = (key.0.to_bytes(), key.1.as_str());
        match rows.bans.get(key) {
            Some(Ban { by, at, until, reason, .. }) => {
                let by = by.as_ref().map(UserId::as_str);
                let values = params![room, user, by, at.as_millis(), until.as_millis(), reason];
                conn.prepare_cached(WRITE_BAN)?.execute(values)?
            }
            None => conn.prepare_cached(END_BAN)?.execute(params![room, user])?,
        };
    }
    Ok(())
}
