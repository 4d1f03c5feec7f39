//! The connections, and how long anything waits for them.

use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, PgConnection, Postgres};
use tokio::time::timeout;

use super::PostgresOptions;
use super::columns::Columns;
use super::error::PostgresError;

type Result<T, E = PostgresError> = std::result::Result<T, E>;

/// How each connection plans. Every statement here has one good plan, which a test holds fast: from the
/// few rows that are asked for, by an index, to those that belong to them. So it is planned once a
/// connection, and no statistics, old or missing, can talk PostgreSQL into reading a table from end to end.
const PLANNING: [(&str, &str); 6] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// More than there are statements, so that a connection prepares none twice.
const STATEMENTS: usize = 256;

/// Opened on demand, shared, and given back.
#[derive(Debug)]
pub(super) struct Connections {
    pool: PgPool,
    /// How long the server may take for one answer before it counts as gone. It ends statements itself
    /// before that; this is for when nothing comes back at all.
    patience: Duration,
}

/// How to connect to the URL. Neither the URL nor its password is ever logged.
pub(super) fn connect_options(url: &str, options: &PostgresOptions) -> Result<PgConnectOptions> {
    let connect = PgConnectOptions::from_str(url)?.disable_statement_logging();
    let connect = connect.statement_cache_capacity(STATEMENTS);
    let connect = match connect.get_application_name() {
        Some(_) => connect,
        None => connect.application_name("chat-core"),
    };
    let millis = |time: Duration| time.as_millis().clamp(1, i32::MAX as u128).to_string();
    Ok(connect.options(PLANNING).options([
        ("statement_timeout", millis(options.statement_timeout)),
        ("lock_timeout", millis(options.lock_timeout)),
        // A node that hangs or is cut off must not keep its lane locked for the others.
        ("idle_in_transaction_session_timeout", millis(options.statement_timeout)),
    ]))
}

impl Connections {
    pub(super) fn new(connect: PgConnectOptions, options: &PostgresOptions) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(options.connections.max(1))
            .acquire_timeout(options.connect_timeout)
            // A lost connection shows in its first use, after which another one is tried.
            .test_before_acquire(false)
            .connect_lazy_with(connect);
        Self { pool, patience: options.statement_timeout.saturating_add(Duration::from_secs(1)) }
    }

    /// Reads the rows of one statement, which sees one state.
    pub(super) async fn all<'q, T>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments> + Sync,
        decode: impl Fn(&mut Columns<'_>) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        match self.read(false, query(), &decode).await {
            Err(error) if error.is_lost() => self.read(true, query(), &decode).await,
            done => done,
        }
    }

    /// Reads at most one row.
    pub(super) async fn one<'q, T>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments> + Sync,
        decode: impl Fn(&mut Columns<'_>) -> Result<T> + Sync,
    ) -> Result<Option<T>> {
        Ok(self.all(query, decode).await?.pop())
    }

    async fn read<T>(
        &self,
        is_after_loss: bool,
        query: Query<'_, Postgres, PgArguments>,
        decode: impl Fn(&mut Columns<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut conn = self.acquire(is_after_loss).await?;
        let read = timeout(self.patience, fetch(&mut conn, query, decode)).await;
        let read = read.unwrap_or(Err(PostgresError::TimedOut));
        if read.as_ref().is_err_and(PostgresError::is_lost) {
            give_up(conn);
        }
        read
    }

    /// A connection: one that lies idle, or, after one was lost, a new one. What happened to that one most
    /// likely happened to those that lie idle too.
    pub(super) async fn acquire(&self, is_after_loss: bool) -> Result<PoolConnection<Postgres>> {
        if !is_after_loss {
            return Ok(self.pool.acquire().await?);
        }
        for _ in 0..=self.pool.options().get_max_connections() {
            while let Some(idle) = self.pool.try_acquire() {
                give_up(idle);
            }
            let mut conn = self.pool.acquire().await?;
            // It may be one that somebody else has just put back.
            if matches!(timeout(self.patience, conn.ping()).await, Ok(Ok(()))) {
                return Ok(conn);
            }
            give_up(conn);
        }
        Err(PostgresError::TimedOut)
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }
}

/// Closes a connection without a word: what it will still say must reach nobody.
pub(super) fn give_up(conn: PoolConnection<Postgres>) {
    drop(conn.detach());
}

pub(super) async fn fetch<T>(
    conn: &mut PgConnection,
    query: Query<'_, Postgres, PgArguments>,
    mut decode: impl FnMut(&mut Columns<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(|row| decode(&mut Columns::of(row))).collect()
}
