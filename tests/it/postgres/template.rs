//! A database with the schema in it, made once a server. Most tests take a copy of it, for that takes a fifth of the time
//! that all migrations do.

use std::hash::{DefaultHasher, Hash, Hasher};

use sqlx::{AssertSqlSafe, PgConnection};

use super::{execute, on};

/// Whoever makes the template holds this lock: each test is a process of its own.
const LOCK: i64 = 0x7465_6d70_6c61_7465;

/// All migrations, in their order, as somebody reads them who runs them by hand.
pub(super) fn migrations() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// The name of the template, made where it is not there. `conn` is to the server that `server` names.
pub(super) async fn template(server: &str, conn: &mut PgConnection) -> String {
    let migrations = migrations();
    let mut hasher = DefaultHasher::new();
    migrations.hash(&mut hasher);
    let name = format!("schema_{:016x}", hasher.finish());

    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut *conn).await.unwrap();
    if !is_there(&name, conn).await {
        // Under another name until it is whole.
        let run = async |sql: String, conn: &mut PgConnection| {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.unwrap();
        };
        run("DROP DATABASE IF EXISTS begun".into(), conn).await;
        run("CREATE DATABASE begun".into(), conn).await;
        execute(&on(server, "begun"), &migrations.join(";\n")).await;
        run(format!("ALTER DATABASE begun RENAME TO {name}"), conn).await;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(LOCK).execute(&mut *conn).await.unwrap();
    name
}

/// Whether the server has a database of this name.
pub(super) async fn is_there(name: &str, conn: &mut PgConnection) -> bool {
    let is_there = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)");
    is_there.bind(name).fetch_one(conn).await.unwrap()
}
