//! What users let others see: read, loaded and written.

use sqlx::{PgConnection, query};

use super::connections::{Connections, fetch};
use super::error::PostgresError;
use super::write::each;
use crate::id::UserId;
use crate::model::Settings;
use crate::store::columns::{self, ReadRow, last_seen_code, settings_columns};
use crate::store::{Keyed, Rows};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const SETTINGS: &str =
    concat!("SELECT v.user_id, ", settings_columns!(), " FROM chat.settings v WHERE v.user_id = ANY($1)");

pub(super) async fn settings(db: &Connections, users: &[UserId]) -> Result<Vec<(UserId, Settings)>> {
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    db.all(|| query(SETTINGS).bind(&users), |columns| Ok((columns.parsed()?, columns::settings(columns)?)))
        .await
}

pub(super) async fn load(conn: &mut PgConnection, users: &[UserId]) -> Result<Keyed<UserId, Settings>> {
    if users.is_empty() {
        return Ok(Keyed::new());
    }
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    let found = fetch(conn, query(SETTINGS).bind(users), |columns| {
        Ok((columns.parsed()?, columns::settings(columns)?))
    });
    Ok(found.await?.into_iter().collect())
}

pub(super) const WRITE: &str = "INSERT INTO chat.settings (user_id, last_seen, invisible, read_receipts, changed_at) \
     SELECT * FROM UNNEST($1::text[], $2::int2[], $3::bool[], $4::bool[], $5::int8[]) \
     ON CONFLICT (user_id) DO UPDATE SET last_seen = excluded.last_seen, invisible = excluded.invisible, \
         read_receipts = excluded.read_receipts, changed_at = excluded.changed_at";

pub(super) async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    if rows.more.written_settings.is_empty() {
        return Ok(());
    }
    let of = |user| Some((user, rows.settings.get(user)?));
    let written: Vec<(&UserId, &Settings)> = rows.more.written_settings.iter().filter_map(of).collect();
    let write = query(WRITE)
        .bind(each(&written, |(user, _)| user.as_str()))
        .bind(each(&written, |(_, settings)| last_seen_code(settings.last_seen)))
        .bind(each(&written, |(_, settings)| settings.invisible))
        .bind(each(&written, |(_, settings)| settings.read_receipts))
        .bind(each(&written, |(_, settings)| settings.changed_at.as_millis()));
    write.execute(conn).await?;
    Ok(())
}
