//! The store in PostgreSQL, against the server that `CHAT_TEST_POSTGRES` names: `tests/run` starts one.

use chat_core::store::PostgresStore;
use chat_core::store::postgres::PostgresOptions;
use chat_core::testing::store::Fixture;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

chat_core::store_suite!(one_lane, || async { fixture(PostgresOptions::default()).await });

chat_core::store_suite!(three_lanes, || async { fixture(lanes(3)).await });

// Two connections, so that whatever holds one while it waits for another is found.
chat_core::store_suite!(narrow, || async {
    let mut options = lanes(4);
    options.connections = 2;
    fixture(options).await
});

fn lanes(lanes: usize) -> PostgresOptions {
    let mut options = PostgresOptions::default();
    options.lanes = lanes;
    options
}

async fn fixture(options: PostgresOptions) -> Option<Fixture> {
    let database = Database::fresh().await?;
    let url = database.url.clone();
    let open = move || {
        let (url, options) = (url.clone(), options.clone());
        async move { PostgresStore::connect_with(&url, options).await.unwrap() }
    };
    Some(Fixture::new(open().await).reopening(open).keeping(database))
}

/// A database of its own for one test, gone when dropped.
#[derive(Debug)]
pub(crate) struct Database {
    server: String,
    name: String,
    pub(crate) url: String,
}

impl Database {
    /// An empty one; `None` where there is no server.
    pub(crate) async fn fresh() -> Option<Self> {
        let Ok(server) = std::env::var("CHAT_TEST_POSTGRES") else {
            assert!(std::env::var_os("CHAT_TESTS_RUN").is_none(), "tests/run names a PostgreSQL");
            eprintln!("not run here: no CHAT_TEST_POSTGRES names a server (tests/run starts one)");
            return None;
        };
        let name = format!("test_{}", chat_core::RoomId::generate().to_string().to_lowercase());
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        let url = server.replacen("/postgres?", &format!("/{name}?"), 1);
        assert_ne!(url, server, "the URL names the database `postgres` and has parameters");
        Some(Self { server, name, url })
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        PostgresStore::connect(&self.url).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, drop) = (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(execute(&server, &drop));
        });
        let _ = dropped.join();
    }
}

/// Runs statements of the test's own.
async fn execute(url: &str, sql: &str) {
    let mut conn = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}
