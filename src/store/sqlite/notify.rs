//! When users want no notices: written and read.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::error::SqliteError;
use super::read::one;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::model::DoNotDisturb;
use crate::store::columns::do_not_disturb;

pub(super) const QUIET: &str =
    "SELECT until, daily_from, daily_to, utc_offset FROM do_not_disturb WHERE user = ?1";

pub(super) fn quiet(conn: &Connection, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>, SqliteError> {
    let quiet = |user: &UserId| {
        one(conn, QUIET, &[&user.as_str()], |columns| Ok((user.clone(), do_not_disturb(columns)?)))
            .transpose()
    };
    BTreeSet::from_iter(users).into_iter().filter_map(quiet).collect()
}

const WRITE_QUIET: &str = "INSERT INTO do_not_disturb (user, until, daily_from, daily_to, utc_offset) \
     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (user) DO UPDATE SET until = excluded.until, \
         daily_from = excluded.daily_from, daily_to = excluded.daily_to, utc_offset = excluded.utc_offset";

const END_QUIET: &str = "DELETE FROM do_not_disturb WHERE user = ?1";

pub(super) fn write_quiet(
    conn: &Connection,
    user: &UserId,
    quiet: Option<DoNotDisturb>,
) -> Result<(), SqliteError> {
    match quiet {
        Some(DoNotDisturb { until, daily }) => conn.prepare_cached(WRITE_QUIET)?.execute(params![
            user.as_str(),
            until.map(Timestamp::as_millis),
            daily.map(|daily| daily.from()),
            daily.map(|daily| daily.to()),
            daily.map(|daily| daily.utc_offset()),
        ])?,
        None => conn.prepare_cached(END_QUIET)?.execute([user.as_str()])?,
    };
    Ok(())
}
