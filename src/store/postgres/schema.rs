//! Brings the database's schema to the version that this code knows.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, Row};

use super::PostgresOptions;
use super::error::PostgresError;
use crate::model::{Epoch, MAX_LANES};

/// Only ever appended to. Each names its version in `chat.migrations`, so that those run by hand count too.
const MIGRATIONS: [&str; 38] = [
    include_str!("../../../migrations/postgres/0001_init.sql"),
    include_str!("../../../migrations/postgres/0002_logouts.sql"),
    include_str!("../../../migrations/postgres/0003_outbox.sql"),
    include_str!("../../../migrations/postgres/0004_amended.sql"),
    include_str!("../../../migrations/postgres/0005_roles.sql"),
    include_str!("../../../migrations/postgres/0006_about.sql"),
    include_str!("../../../migrations/postgres/0007_public.sql"),
    include_str!("../../../migrations/postgres/0008_invites.sql"),
    include_str!("../../../migrations/postgres/0009_attachments.sql"),
    include_str!("../../../migrations/postgres/0010_custom.sql"),
    include_str!("../../../migrations/postgres/0011_invitations.sql"),
    include_str!("../../../migrations/postgres/0012_streams.sql"),
    include_str!("../../../migrations/postgres/0013_search.sql"),
    include_str!("../../../migrations/postgres/0014_quoted.sql"),
    include_str!("../../../migrations/postgres/0015_pins.sql"),
    include_str!("../../../migrations/postgres/0016_forwarded.sql"),
    include_str!("../../../migrations/postgres/0017_moderation.sql"),
    include_str!("../../../migrations/postgres/0018_audit.sql"),
    include_str!("../../../migrations/postgres/0019_reports.sql"),
    include_str!("../../../migrations/postgres/0020_settings.sql"),
    include_str!("../../../migrations/postgres/0021_mentions.sql"),
    include_str!("../../../migrations/postgres/0022_keeping.sql"),
    include_str!("../../../migrations/postgres/0023_edits.sql"),
    include_str!("../../../migrations/postgres/0024_notify.sql"),
    include_str!("../../../migrations/postgres/0025_pushes.sql"),
    include_str!("../../../migrations/postgres/0026_held.sql"),
    include_str!("../../../migrations/postgres/0027_hidden.sql"),
    include_str!("../../../migrations/postgres/0028_threads.sql"),
    include_str!("../../../migrations/postgres/0029_follows.sql"),
    include_str!("../../../migrations/postgres/0030_personal.sql"),
    include_str!("../../../migrations/postgres/0031_erasures.sql"),
    include_str!("../../../migrations/postgres/0032_invites_in_order.sql"),
    include_str!("../../../migrations/postgres/0033_acts_at.sql"),
    include_str!("../../../migrations/postgres/0034_join_requests.sql"),
    include_str!("../../../migrations/postgres/0035_push_alerts.sql"),
    include_str!("../../../migrations/postgres/0036_stored_bytes.sql"),
    include_str!("../../../migrations/postgres/0037_message_custom.sql"),
    include_str!("../../../migrations/postgres/0038_turns.sql"),
];

/// The first version that tells apart what this code relies on: `DROP … FORCE` in tests, `plan_cache_mode`.
const OLDEST_SERVER: i32 = 13;

/// "chatcore": whoever migrates holds this lock, so that nodes which start at once wait for each other.
const MIGRATION_LOCK: i64 = 0x6368_6174_636f_7265;

/// Checks the server, migrates when that is wished, and writes what the first start writes.
pub(super) async fn prepare(
    connect: &PgConnectOptions,
    options: &PostgresOptions,
) -> Result<(), PostgresError> {
    if !(1..=MAX_LANES).contains(&options.lanes) {
        return Err(PostgresError::NoSuchLanes(MAX_LANES));
    }
    // A migration takes as long as it takes, and waiting for another node's is waiting for a lock.
    let patient = connect.clone().options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let connecting = PgConnection::connect_with(&patient);
    let connected = tokio::time::timeout(options.connect_timeout, connecting).await;
    let mut conn = connected.map_err(|_| PostgresError::TimedOut)??;
    check_server(&mut conn).await?;

    let mut tx = conn.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut *tx).await?;
    let seen = version(&mut tx).await?;
    let known = MIGRATIONS.len();
    if seen < known && !options.migrate {
        return Err(PostgresError::Older { found: seen, known });
    }
    for migration in &MIGRATIONS[seen..] {
        sqlx::raw_sql(*migration).execute(&mut *tx).await?;
    }
    begin(&mut tx, options.lanes).await?;
    tx.commit().await?;
    conn.close().await?;
    Ok(())
}

async fn check_server(conn: &mut PgConnection) -> Result<(), PostgresError> {
    let server = sqlx::query(
        "SELECT current_setting('server_version_num')::int4, pg_is_in_recovery(), \
         current_setting('server_encoding')",
    );
    let server = server.fetch_one(conn).await?;
    let found = server.try_get::<i32, _>(0)? / 10_000;
    if found < OLDEST_SERVER {
        return Err(PostgresError::OldServer { found, needed: OLDEST_SERVER });
    }
    if server.try_get(1)? {
        return Err(PostgresError::Standby);
    }
    match server.try_get::<String, _>(2)? {
        encoding if encoding == "UTF8" => Ok(()),
        encoding => Err(PostgresError::NoUnicode(encoding)),
    }
}

/// How many migrations the database has seen; at most as many as there are.
async fn version(conn: &mut PgConnection) -> Result<usize, PostgresError> {
    let schema = sqlx::query(
        "SELECT to_regclass('chat.migrations') IS NOT NULL, \
         EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('chat'))",
    );
    let schema = schema.fetch_one(&mut *conn).await?;
    let (is_ours, is_used): (bool, bool) = (schema.try_get(0)?, schema.try_get(1)?);
    if !is_ours {
        return if is_used { Err(PostgresError::Foreign) } else { Ok(0) };
    }
    let newest = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM chat.migrations");
    let found: i32 = newest.fetch_one(conn).await?;
    let known = MIGRATIONS.len();
    match usize::try_from(found) {
        Ok(seen) if seen <= known => Ok(seen),
        _ => Err(PostgresError::Newer { found, known }),
    }
}

/// Writes the epoch and the lanes at the first start, and checks the lanes after.
async fn begin(conn: &mut PgConnection, lanes: usize) -> Result<(), PostgresError> {
    let epoch = sqlx::query(
        "INSERT INTO chat.meta (one, epoch) SELECT 1, $1 WHERE NOT EXISTS (SELECT FROM chat.lanes)",
    );
    epoch.bind(Epoch::random().0.cast_signed()).execute(&mut *conn).await?;
    let begun = sqlx::query(
        "INSERT INTO chat.lanes (lane, pos) SELECT lane, 0 FROM generate_series(0, $1 - 1) AS lane \
         WHERE NOT EXISTS (SELECT FROM chat.lanes)",
    );
    begun.bind(i32::try_from(lanes).unwrap_or(i32::MAX)).execute(&mut *conn).await?;
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM chat.lanes").fetch_one(conn).await?;
    match usize::try_from(found) {
        Ok(found) if found == lanes => Ok(()),
        found => Err(PostgresError::OtherLanes { found: found.unwrap_or(0) }),
    }
}
