//! Databases for tests that reach theirs through stores alone, and so leave only rows behind: each is emptied and lent
//! again. To copy the schema and drop it is to make and remove hundreds of files, which takes three times as long as most
//! of these tests do.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{on, server, template};

/// Each test is a process of its own: whoever has the database of a number holds the lock of this and the number.
const LENT: i32 = 0x6c65_6e74;

/// What was ever written to is truncated, which leaves it as it is in the template.
const EMPTY: &str = "
    DO $$ DECLARE used text; BEGIN
        SELECT string_agg(oid::regclass::text, ', ') INTO used FROM pg_class
            WHERE relnamespace = 'chat'::regnamespace AND relkind = 'r' AND relname <> 'migrations'
                AND pg_relation_size(oid) > 0;
        IF used IS NOT NULL THEN EXECUTE 'TRUNCATE ' || used || ' RESTART IDENTITY'; END IF;
    END $$";

/// A database with the schema, in which no store was begun, until this is dropped.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) url: String,
    /// Its end gives the lock back, also where the test was killed.
    _lock: PgConnection,
}

impl Lent {
    /// `None` where there is no server.
    pub(super) async fn database() -> Option<Self> {
        let server = server()?;
        let mut lock = PgConnection::connect(&server).await.unwrap();
        let template = template::template(&server, &mut lock).await;
        let mut number = 0;
        while !is_ours(&mut lock, number).await {
            number += 1;
        }
        let name = format!("{template}_{number}");
        let url = on(&server, &name);
        if template::is_there(&name, &mut lock).await {
            nobody_is_left(&name, &mut lock).await;
            let mut conn = PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(EMPTY).execute(&mut conn).await.unwrap();
            conn.close().await.unwrap();
        } else {
            let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
            sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut lock).await.unwrap();
        }
        Some(Self { url, _lock: lock })
    }
}

async fn is_ours(conn: &mut PgConnection, number: i32) -> bool {
    let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)");
    lock.bind(LENT).bind(number).fetch_one(conn).await.unwrap()
}

/// A server may still be at work for a test that is over.
async fn nobody_is_left(name: &str, conn: &mut PgConnection) {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    while !sqlx::query(end).bind(name).fetch_all(&mut *conn).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
