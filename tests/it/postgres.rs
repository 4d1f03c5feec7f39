//! The store in PostgreSQL, against the server that `CHAT_TEST_POSTGRES` names: `tests/run` starts one.

mod faults;
mod lent;
mod optimistic;
mod schema;
mod template;
mod together;

use std::sync::Arc;

use chat_core::model::{About, Body, Custom, Message, Profile, RoomKind};
use chat_core::store::postgres::PostgresOptions;
use chat_core::store::{
    Answer, Batch, Item, MessageReads, Op, Outcome, PostgresStore, Refers, RoomItem, Ruling, Store,
};
use chat_core::testing::store::Fixture;
use chat_core::{MessageId, Result, RoomId, Timestamp, UserId};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

chat_core::store_suite!(one_lane, || async { fixture(PostgresOptions::default()).await });

// Few connections, so that whoever holds one while it waits for another is found.
chat_core::store_suite!(three_lanes, || async {
    let mut options = lanes(3);
    options.connections = 3;
    fixture(options).await
});

fn lanes(lanes: usize) -> PostgresOptions {
    let mut options = PostgresOptions::default();
    options.lanes = lanes;
    options
}

async fn fixture(options: PostgresOptions) -> Option<Fixture> {
    let database = lent::Lent::database().await?;
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
    /// One with the schema, in which no store was begun; `None` where there is no server.
    pub(crate) async fn fresh() -> Option<Self> {
        let server = server()?;
        let mut conn = PgConnection::connect(&server).await.unwrap();
        let template = template::template(&server, &mut conn).await;
        Some(Self::create(server, conn, &format!("TEMPLATE {template}")).await)
    }

    /// One with nothing at all in it, likewise.
    pub(crate) async fn empty() -> Option<Self> {
        let server = server()?;
        let conn = PgConnection::connect(&server).await.unwrap();
        Some(Self::create(server, conn, "").await)
    }

    async fn create(server: String, mut conn: PgConnection, how: &str) -> Self {
        let name = format!("test_{}", RoomId::generate().to_string().to_lowercase());
        let create = format!("CREATE DATABASE {name} {how}");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        let url = on(&server, &name);
        Self { server, name, url }
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

/// The server that the tests have; `None` without one.
fn server() -> Option<String> {
    let server = std::env::var("CHAT_TEST_POSTGRES").ok();
    if server.is_none() {
        assert!(std::env::var_os("CHAT_TESTS_RUN").is_none(), "tests/run names a PostgreSQL");
        eprintln!("not run here: no CHAT_TEST_POSTGRES names a server (tests/run starts one)");
    }
    server
}

/// The URL of a database of this server.
fn on(server: &str, database: &str) -> String {
    let url = server.replacen("/postgres?", &format!("/{database}?"), 1);
    assert_ne!(url, server, "the URL names the database `postgres` and has parameters");
    url
}

/// Runs statements of the test's own.
async fn execute(url: &str, sql: &str) {
    let mut conn = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

fn item(room: RoomId, by: &str, op: Op) -> RoomItem {
    RoomItem { room, at: Timestamp::from_millis(1), by: Some(user(by)), op }
}

fn create(kind: RoomKind, people: &[&str]) -> RoomItem {
    let members = people.iter().map(|name| user(name)).collect();
    item(RoomId::generate(), people[0], Op::Create { kind, name: None, members, about: About::default() })
}

fn send(room: RoomId, sender: &str, client: Option<&str>) -> RoomItem {
    let client_id = client.map(|client| client.parse().unwrap());
    let (sender_profile, body) = (Profile::unknown(user(sender)), Body::Text("hi".into()));
    item(
        room,
        sender,
        Op::Send {
            id: MessageId::generate(),
            sender: sender_profile,
            body,
            client_id,
            origin: None,
            attachments: Vec::new(),
            writing_until: None,
            refers: Refers::default(),
            custom: Custom::default(),
            ruling: Ruling::default(),
        },
    )
}

/// Commits one item.
async fn run(store: &PostgresStore, item: impl Into<Item>) -> Result<Outcome> {
    store.commit(Batch::of([item.into()])).await?.remove(0)
}

/// Makes a group of these people.
async fn group(store: &PostgresStore, people: &[&str]) -> RoomId {
    let create = create(RoomKind::Group, people);
    let room = create.room;
    run(store, create).await.unwrap();
    room
}

fn message(outcome: &Outcome) -> Arc<Message> {
    let Answer::Message(message) = &outcome.answer else { panic!("no message: {outcome:?}") };
    Arc::clone(message)
}

async fn history(store: &PostgresStore, room: RoomId) -> Vec<Message> {
    store.messages(room, 1..=u64::MAX).await.unwrap()
}
