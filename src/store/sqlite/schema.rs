//! Opens a connection to a file, and brings the file's schema to the version that this code knows.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::SqliteError;
use super::{SqliteOptions, Synchronous};

/// "chat", so that a file of another program is told from ours.
const APPLICATION_ID: i64 = 0x6368_6174;

/// Only ever appended to: the version of a file is how many of these it has seen.
const MIGRATIONS: [&str; 38] = [
    include_str!("../../../migrations/sqlite/0001_init.sql"),
    include_str!("../../../migrations/sqlite/0002_relations.sql"),
    include_str!("../../../migrations/sqlite/0003_origin.sql"),
    include_str!("../../../migrations/sqlite/0004_logouts.sql"),
    include_str!("../../../migrations/sqlite/0005_outbox.sql"),
    include_str!("../../../migrations/sqlite/0006_amended.sql"),
    include_str!("../../../migrations/sqlite/0007_roles.sql"),
    include_str!("../../../migrations/sqlite/0008_about.sql"),
    include_str!("../../../migrations/sqlite/0009_public.sql"),
    include_str!("../../../migrations/sqlite/0010_invites.sql"),
    include_str!("../../../migrations/sqlite/0011_attachments.sql"),
    include_str!("../../../migrations/sqlite/0012_custom.sql"),
    include_str!("../../../migrations/sqlite/0013_invitations.sql"),
    include_str!("../../../migrations/sqlite/0014_streams.sql"),
    include_str!("../../../migrations/sqlite/0015_search.sql"),
    include_str!("../../../migrations/sqlite/0016_quoted.sql"),
    include_str!("../../../migrations/sqlite/0017_pins.sql"),
    include_str!("../../../migrations/sqlite/0018_forwarded.sql"),
    include_str!("../../../migrations/sqlite/0019_moderation.sql"),
    include_str!("../../../migrations/sqlite/0020_audit.sql"),
    include_str!("../../../migrations/sqlite/0021_reports.sql"),
    include_str!("../../../migrations/sqlite/0022_settings.sql"),
    include_str!("../../../migrations/sqlite/0023_mentions.sql"),
    include_str!("../../../migrations/sqlite/0024_keeping.sql"),
    include_str!("../../../migrations/sqlite/0025_edits.sql"),
    include_str!("../../../migrations/sqlite/0026_notify.sql"),
    include_str!("../../../migrations/sqlite/0027_pushes.sql"),
    include_str!("../../../migrations/sqlite/0028_held.sql"),
    include_str!("../../../migrations/sqlite/0029_hidden.sql"),
    include_str!("../../../migrations/sqlite/0030_threads.sql"),
    include_str!("../../../migrations/sqlite/0031_follows.sql"),
    include_str!("../../../migrations/sqlite/0032_personal.sql"),
    include_str!("../../../migrations/sqlite/0033_erasures.sql"),
    include_str!("../../../migrations/sqlite/0034_acts_at.sql"),
    include_str!("../../../migrations/sqlite/0035_join_requests.sql"),
    include_str!("../../../migrations/sqlite/0036_push_alerts.sql"),
    include_str!("../../../migrations/sqlite/0037_stored_bytes.sql"),
    include_str!("../../../migrations/sqlite/0038_message_custom.sql"),
];

/// The first version in which two checkpoints at once cannot lose a commit of the write-ahead log.
const OLDEST_LIBRARY: (i32, &str) = (3_051_003, "3.51.3");

/// More than there are statements, so that none is ever prepared twice.
const STATEMENTS: usize = 256;

/// Once the write-ahead log has so many pages, some 16 MB, whoever commits moves them into the file. Messages go to many rooms,
/// each with pages of its own, which are written again and again: the rarer it is done, the fewer pages there are to move in
/// all, and with SQLite's own 1,000 it was every third or fourth commit.
const LOG_PAGES: i64 = 4_000;

/// A write-ahead log that grew beyond this, since a long read held it, is cut back.
const LOG_BYTES: i64 = 64 * 1024 * 1024;

/// Opens the one connection that writes; makes or migrates the file.
pub(super) fn open_writer(path: &Path, options: &SqliteOptions) -> Result<Connection, SqliteError> {
    check_library()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut conn = connect(path, flags, options)?;
    // Looked at before anything is written: a file that is not ours stays as it is.
    let tx = conn.transaction()?;
    version(&tx)?;
    drop(tx);

    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(SqliteError::NoWal(mode));
    }
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    conn.pragma_update(None, "synchronous", synchronous)?;
    conn.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    conn.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    migrate(&mut conn)?;
    Ok(conn)
}

/// Opens a connection that reads only; the writer has been there before.
pub(super) fn open_reader(path: &Path, options: &SqliteOptions) -> Result<Connection, SqliteError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, options)
}

fn connect(path: &Path, flags: OpenFlags, options: &SqliteOptions) -> Result<Connection, SqliteError> {
    // Each connection is used by one thread at a time, so SQLite need not lock it as well.
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(options.patience())?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Each statement has one good plan, whatever is bound. Otherwise SQLite looks at what is, and prepares many a
    // statement anew each time it is bound, which was four fifths of what a send took.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

fn check_library() -> Result<(), SqliteError> {
    let (oldest, needed) = OLDEST_LIBRARY;
    if rusqlite::version_number() < oldest {
        return Err(SqliteError::OldLibrary { found: rusqlite::version(), needed });
    }
    Ok(())
}

fn migrate(conn: &mut Connection) -> Result<(), SqliteError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again under the lock: another process may have been faster.
    let seen = version(&tx)?;
    for migration in &MIGRATIONS[seen..] {
        tx.execute_batch(migration)?;
    }
    if seen < MIGRATIONS.len() {
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    }
    tx.commit()?;
    Ok(())
}

/// How many migrations the file has seen; at most as many as there are.
fn version(conn: &Connection) -> Result<usize, SqliteError> {
    let number = |sql: &str| conn.query_row(sql, (), |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id")?;
    let found = number("PRAGMA user_version")?;
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    let known = MIGRATIONS.len();
    match (application, usize::try_from(found)) {
        (APPLICATION_ID, Ok(seen)) if seen <= known => Ok(seen),
        (APPLICATION_ID, _) => Err(SqliteError::Newer { found, known }),
        (0, Ok(0)) if objects == 0 => Ok(0),
        _ => Err(SqliteError::Foreign),
    }
}
