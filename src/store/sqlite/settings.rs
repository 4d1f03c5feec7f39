//! What users let others see: read, loaded and written.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::error::SqliteError;
use super::read::one;
use crate::id::UserId;
use crate::model::Settings;
use crate::store::columns::{self, last_seen_code, settings_columns};
use crate::store::{Needs, Rows};

pub(super) const SETTINGS: &str =
    concat!("SELECT ", settings_columns!(), " FROM settings v WHERE v.user = ?1");

pub(super) fn settings(conn: &Connection, users: &[UserId]) -> Result<Vec<(UserId, Settings)>, SqliteError> {
    let settled = |user: &UserId| {
        one(conn, SETTINGS, &[&user.as_str()], |columns| Ok((user.clone(), columns::settings(columns)?)))
            .transpose()
    };
    BTreeSet::from_iter(users).into_iter().filter_map(settled).collect()
}

pub(super) fn load(conn: &Connection, needs: &Needs, rows: &mut Rows) -> Result<(), SqliteError> {
    for user in &needs.settings {
        let found = one(conn, SETTINGS, &[&user.as_str()], |columns| columns::settings(columns))?;
        rows.settings.extend(found.map(|settings| (user.clone(), settings)));
    }
    Ok(())
}

const WRITE: &str = "INSERT INTO settings (user, last_seen, invisible, read_receipts, changed_at) \
     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (user) DO UPDATE SET last_seen = excluded.last_seen, \
         invisible = excluded.invisible, read_receipts = excluded.read_receipts, \
         changed_at = excluded.changed_at";

pub(super) fn write(conn: &Connection, rows: &Rows) -> Result<(), SqliteError> {
    for user in &rows.more.written_settings {
        let Some(Settings { last_seen, invisible, read_receipts, changed_at }) = rows.settings.get(user)
        else {
            continue;
        };
        let (last_seen, changed_at) = (last_seen_code(*last_seen), changed_at.as_millis());
        let values = params![user.as_str(), last_seen, invisible, read_receipts, changed_at];
        conn.prepare_cached(WRITE)?.execute(values)?;
    }
    Ok(())
}
