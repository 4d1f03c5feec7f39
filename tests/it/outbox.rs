//! `send_in`: a row of the host's own and a message in one transaction, on SQLite and PostgreSQL.

mod commits;
mod nodes;
mod refusals;
mod rows;

use std::time::Duration;

use chat_core::engine::{Outgoing, RefusedSend};
use chat_core::event::EventKind;
use chat_core::model::{Body, Custom, Draft, HistoryQuery, Limit, NewRoom};
use chat_core::store::{HostTransaction, OutboxEntry, PostgresStore, SqliteStore};
use chat_core::testing::FaultyStore;
use chat_core::{Actor, ChatEngine, MessageId, Result, RoomId, Session, Timestamp, UserId};
use rusqlite::Connection;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::postgres::Database;

/// Runs each case on each database that a host may share.
macro_rules! on_each_database {
    ($($case:ident)*) => {
        mod sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            super::$case(crate::outbox::Host::File(tempfile::tempdir().unwrap()).prepared().await).await;
        })* }
        mod postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            let Some(database) = crate::postgres::Database::fresh().await else { return };
            super::$case(crate::outbox::Host::Server(database).prepared().await).await;
        })* }
    };
}

use on_each_database;

/// How long anything may take that should come soon.
const PATIENCE: Duration = Duration::from_secs(20);

async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, coming).await;
    waited.unwrap_or_else(|_| panic!("{what} did not come within {PATIENCE:?}"))
}

/// The host's database, which holds the chat and its orders.
enum Host {
    File(TempDir),
    Server(Database),
}

impl Host {
    async fn prepared(self) -> Self {
        drop(self.store().await);
        self.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)").await;
        self
    }

    fn path(folder: &TempDir) -> String {
        folder.path().join("shop.db").to_str().unwrap().to_owned()
    }

    /// Where it is, for another process.
    fn address(&self) -> String {
        match self {
            Self::File(folder) => Self::path(folder),
            Self::Server(database) => database.url.clone(),
        }
    }

    async fn store(&self) -> FaultyStore {
        open(&self.address()).await
    }

    async fn engine(&self) -> ChatEngine {
        ChatEngine::builder().store(self.store().await).build().await.unwrap()
    }

    /// An engine that tells of refusals.
    async fn engine_and_refusals(&self) -> (ChatEngine, mpsc::UnboundedReceiver<RefusedSend>) {
        let (tell, told) = mpsc::unbounded_channel();
        let engine = ChatEngine::builder().store(self.store().await);
        let engine = engine.on_refused_send(move |refused| tell.send(refused).unwrap());
        (engine.build().await.unwrap(), told)
    }

    /// Writes an order and messages about it in one transaction. Whoever sends is gone before its commit.
    async fn order(&self, order: i64, shop: Actor, room: RoomId, drafts: Vec<Draft>) -> Vec<Outgoing> {
        order_in(&self.address(), order, shop, room, drafts, true).await.unwrap()
    }

    async fn execute(&self, sql: &str) {
        match self {
            Self::File(folder) => Connection::open(Self::path(folder)).unwrap().execute_batch(sql).unwrap(),
            Self::Server(database) => {
                let mut conn = PgConnection::connect(&database.url).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
        }
    }

    /// How many rows a table has.
    async fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        match self {
            Self::File(folder) => {
                let conn = Connection::open(Self::path(folder)).unwrap();
                conn.query_row(&sql, (), |row| row.get(0)).unwrap()
            }
            Self::Server(database) => {
                let mut conn = PgConnection::connect(&database.url).await.unwrap();
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut conn).await.unwrap()
            }
        }
    }

    fn outbox(&self) -> &'static str {
        match self {
            Self::File(_) => "chat_outbox",
            Self::Server(_) => "chat.outbox",
        }
    }

    async fn waiting(&self) -> i64 {
        self.count(self.outbox()).await
    }

    async fn until_nothing_waits(&self) {
        let empty = async {
            while self.waiting().await > 0 {
                tokio::task::yield_now().await;
            }
        };
        soon("an empty outbox", empty).await;
    }
}

async fn open(address: &str) -> FaultyStore {
    match address.starts_with("postgres:") {
        true => FaultyStore::on(PostgresStore::connect(address).await.unwrap()),
        false => FaultyStore::on(SqliteStore::open(address).await.unwrap()),
    }
}

async fn order_in(
    address: &str,
    order: i64,
    shop: Actor,
    room: RoomId,
    drafts: Vec<Draft>,
    commits: bool,
) -> Result<Vec<Outgoing>> {
    let insert = format!("INSERT INTO orders VALUES ({order})");
    if !address.starts_with("postgres:") {
        let (address, runtime) = (address.to_owned(), Handle::current());
        let order = move || order_in_file(&runtime, &address, &insert, shop, room, drafts, commits);
        return tokio::task::spawn_blocking(order).await.unwrap();
    }
    let mut conn = PgConnection::connect(address).await.unwrap();
    let mut tx = conn.begin().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut *tx).await.unwrap();
    let mut outgoing = Vec::new();
    for draft in drafts {
        outgoing.push(shop.send_in(&mut tx, room, draft).await?);
    }
    drop(shop);
    if commits {
        tx.commit().await.unwrap()
    } else {
        tx.rollback().await.unwrap()
    }
    Ok(outgoing)
}

/// On a thread of its own, as a server does it.
fn order_in_file(
    runtime: &Handle,
    address: &str,
    insert: &str,
    shop: Actor,
    room: RoomId,
    drafts: Vec<Draft>,
    commits: bool,
) -> Result<Vec<Outgoing>> {
    let mut conn = Connection::open(address).unwrap();
    let mut tx = conn.transaction().unwrap();
    tx.execute(insert, ()).unwrap();
    let send = |draft| runtime.block_on(shop.send_in(&mut tx, room, draft));
    let outgoing = drafts.into_iter().map(send).collect::<Result<Vec<_>>>()?;
    drop(shop);
    if commits {
        tx.commit().unwrap()
    } else {
        tx.rollback().unwrap()
    }
    Ok(outgoing)
}

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

fn text(words: &str) -> Vec<Draft> {
    vec![Draft::text(words)]
}

/// The shop, its room with ana, and ana's session.
async fn chat(engine: &ChatEngine) -> (Actor, RoomId, Session) {
    let shop = engine.as_user(user("shop"));
    let room = shop.create_room(NewRoom::group("orders").with(["ana"])).await.unwrap().id();
    (shop, room, engine.as_user(user("ana")).connect().await.unwrap())
}

fn committed(outgoing: Vec<Outgoing>) {
    outgoing.into_iter().for_each(Outgoing::committed);
}

/// The next message that the session hears.
async fn heard(session: &mut Session) -> (MessageId, String) {
    let message = async {
        loop {
            let event = session.next().await.expect("the session goes on");
            if let EventKind::Message(message) = &event.kind
                && message.body.is_countable()
            {
                return (message.id, message.body.content().unwrap().to_owned());
            }
        }
    };
    soon("a message", message).await
}

/// All that was said in a room, oldest first.
async fn said(engine: &ChatEngine, room: RoomId) -> Vec<String> {
    let ana = engine.as_user(user("ana"));
    let history = ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    let messages = history.messages.iter().rev().map(|seen| &seen.message.body);
    messages.filter(|body| body.is_countable()).map(|body| body.content().unwrap().to_owned()).collect()
}

fn entry(room: RoomId) -> OutboxEntry {
    let (id, author) = (MessageId::generate(), user("shop"));
    let (body, at) = (Body::Text("hello".into()), Timestamp::from_millis(1_700_000_000_000));
    OutboxEntry { id, room, author, body, custom: Custom::default(), client_id: id.into(), at }
}

async fn write(host: &Host, entry: &OutboxEntry) {
    match host {
        Host::File(folder) => {
            let mut conn = Connection::open(Host::path(folder)).unwrap();
            conn.put(host.outbox(), entry).await.unwrap();
        }
        Host::Server(database) => {
            let mut conn = PgConnection::connect(&database.url).await.unwrap();
            conn.put(host.outbox(), entry).await.unwrap();
            conn.close().await.unwrap();
        }
    }
}
