//! When users want no notices: written and read.

use sqlx::{PgConnection, query};

use super::connections::Connections;
use super::error::PostgresError;
use super::write::each;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::model::DoNotDisturb;
use crate::store::columns::{ReadRow, do_not_disturb};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

pub(super) const QUIET: &str = "SELECT d.user_id, d.until, d.daily_from, d.daily_to, d.utc_offset \
     FROM chat.do_not_disturb d WHERE d.user_id = ANY($1)";

pub(super) async fn quiet(db: &Connections, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>> {
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    db.all(|| query(QUIET).bind(&users), |columns| Ok((columns.parsed()?, do_not_disturb(columns)?))).await
}

pub(super) const END_QUIET: &str = "DELETE FROM chat.do_not_disturb WHERE user_id = ANY($1)";

pub(super) const WRITE_QUIET: &str = "INSERT INTO chat.do_not_disturb (user_id, until, daily_from, daily_to, utc_offset) \
     SELECT * FROM UNNEST($1::text[], $2::int8[], $3::int8[], $4::int8[], $5::int8[]) \
     ON CONFLICT (user_id) DO UPDATE SET until = excluded.until, daily_from = excluded.daily_from, \
         daily_to = excluded.daily_to, utc_offset = excluded.utc_offset";

/// Of whoever stands there twice, the last counts.
pub(super) async fn write_quiet(
    conn: &mut PgConnection,
    all: &[(UserId, Option<DoNotDisturb>)],
) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    // In one order, so that two nodes that write the same rows never wait for each other.
    let last: std::collections::BTreeMap<&UserId, Option<DoNotDisturb>> =
        all.iter().map(|(user, quiet)| (user, *quiet)).collect();
    let users: Vec<&str> = last.keys().map(|user| user.as_str()).collect();
    query(END_QUIET).bind(users).execute(&mut *conn).await?;
    let put: Vec<(&str, DoNotDisturb)> =
        last.iter().filter_map(|(user, quiet)| Some((user.as_str(), (*quiet)?))).collect();
    if put.is_empty() {
        return Ok(());
    }
    let hours = |minute: fn(&crate::model::DailyHours) -> i64| -> Vec<Option<i64>> {
        each(&put, |(_, quiet)| quiet.daily.as_ref().map(minute))
    };
    query(WRITE_QUIET)
        .bind(each(&put, |(user, _)| *user))
        .bind(each(&put, |(_, quiet)| quiet.until.map(Timestamp::as_millis)))
        .bind(hours(|daily| daily.from().into()))
        .bind(hours(|daily| daily.to().into()))
        .bind(hours(|daily| daily.utc_offset().into()))
        .execute(conn)
        .await?;
    Ok(())
}
