//! `send_in`: a row of the host's own and a message in one transaction, on SQLite and PostgreSQL.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chat_core::engine::{Outgoing, RefusedSend};
use chat_core::event::EventKind;
use chat_core::model::{Body, Draft, HistoryQuery, Limit, NewRoom};
use chat_core::store::{
    Batch, HostTransaction, MemoryStore, OutboxEntry, OutboxRow, PostgresStore, SqliteStore, Store,
};
use chat_core::testing::FaultyStore;
use chat_core::{
    Actor, ChatEngine, ClientId, ErrorKind, MessageId, Result, RoomId, Session, Timestamp, UserId,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rusqlite::Connection;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::postgres::Database;

/// Runs each case on each database that a host may share.
macro_rules! on_each_database {
    ($($case:ident)*) => {
        mod sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            super::$case(super::Host::File(tempfile::tempdir().unwrap()).prepared().await).await;
        })* }
        mod postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            let Some(database) = crate::postgres::Database::fresh().await else { return };
            super::$case(super::Host::Server(database).prepared().await).await;
        })* }
    };
}

on_each_database! {
    a_message_follows_its_commit_at_once
    a_message_nobody_tells_of_follows_within_a_second
    what_is_rolled_back_is_never_seen
    a_transaction_that_outlives_its_engine_is_sent_by_the_next_one_once
    a_process_that_dies_right_after_its_commit_has_sent_its_message
    a_row_that_comes_again_is_no_second_message
    a_client_id_makes_one_message_of_two_transactions
    whoever_has_left_meanwhile_is_told_to_the_hook_and_holds_nobody_up
    another_message_under_a_client_id_is_told_to_the_hook
    a_hook_that_panics_is_called_again
    what_cannot_be_sent_now_is_sent_later
    more_than_a_page_is_sent_in_the_order_of_writing
    a_drained_engine_sends_nothing_and_the_next_one_does
    a_bad_draft_is_refused_at_once_and_the_transaction_goes_on
    a_transaction_of_another_database_is_refused
    rows_come_back_as_they_were_written
    a_row_that_makes_no_sense_is_corrupt_and_the_others_are_sent_once_it_is_gone
}

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

    /// What is counted, as text.
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
    let mut outgoing = Vec::new();
    if address.starts_with("postgres:") {
        let mut conn = PgConnection::connect(address).await.unwrap();
        let mut tx = conn.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut *tx).await.unwrap();
        for draft in drafts {
            outgoing.push(shop.send_in(&mut tx, room, draft).await?);
        }
        drop(shop);
        if commits {
            tx.commit().await.unwrap();
        } else {
            tx.rollback().await.unwrap();
        }
    } else {
        let mut conn = Connection::open(address).unwrap();
        let mut tx = conn.transaction().unwrap();
        tx.execute(&insert, ()).unwrap();
        for draft in drafts {
            outgoing.push(shop.send_in(&mut tx, room, draft).await?);
        }
        drop(shop);
        if commits {
            tx.commit().unwrap();
        } else {
            tx.rollback().unwrap();
        }
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

async fn a_message_follows_its_commit_at_once(host: Host) {
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let begun = Instant::now();
    for order in 1..=5 {
        let outgoing = host.order(order, shop.clone(), room, text(&format!("order {order}"))).await;
        let id = outgoing[0].id();
        assert_eq!(outgoing[0].room(), room);
        committed(outgoing);
        assert_eq!(heard(&mut ana).await, (id, format!("order {order}")));
    }
    // Each would have waited for a second since the one before it.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    host.until_nothing_waits().await;
    assert_eq!((host.count("orders").await, said(&engine, room).await.len()), (5, 5));
}

async fn a_message_nobody_tells_of_follows_within_a_second(host: Host) {
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    drop(host.order(1, shop, room, text("order 1")).await);
    let begun = Instant::now();
    assert_eq!(heard(&mut ana).await.1, "order 1");
    println!("heard after {:?}", begun.elapsed());
}

async fn what_is_rolled_back_is_never_seen(host: Host) {
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let rolled_back = order_in(&host.address(), 1, shop.clone(), room, text("order 1"), false).await;
    // As if it had been committed.
    committed(rolled_back.unwrap());
    assert_eq!((host.waiting().await, host.count("orders").await), (0, 0));
    committed(host.order(2, shop, room, text("order 2")).await);
    assert_eq!(heard(&mut ana).await.1, "order 2", "and nothing before it");
    assert_eq!(said(&engine, room).await, ["order 2"]);
}

async fn a_transaction_that_outlives_its_engine_is_sent_by_the_next_one_once(host: Host) {
    let engine = host.engine().await;
    let (shop, room, ana) = chat(&engine).await;
    drop((engine, ana));
    drop(host.order(1, shop, room, text("order 1")).await);
    assert_eq!(host.waiting().await, 1);

    let engine = host.engine().await;
    host.until_nothing_waits().await;
    assert_eq!(said(&engine, room).await, ["order 1"]);
}

/// Run as a process of its own, by the case that follows: orders, commits and dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dies() {
    let told = (std::env::var("CHAT_OUTBOX_ADDRESS"), std::env::var("CHAT_OUTBOX_ROOM"));
    let (Ok(address), Ok(room)) = told else { return };
    let engine = ChatEngine::builder().store(open(&address).await).build().await.unwrap();
    let shop = engine.as_user(user("shop"));
    let sent = order_in(&address, 1, shop, room.parse().unwrap(), text("order 1"), true).await;
    // Nothing is flushed or dropped, as with kill -9.
    let _sent = sent.unwrap();
    std::process::abort();
}

async fn a_process_that_dies_right_after_its_commit_has_sent_its_message(host: Host) {
    let engine = host.engine().await;
    let (_, room, ana) = chat(&engine).await;
    drop((engine, ana));
    let mut dies = Command::new(std::env::current_exe().unwrap());
    dies.args(["--exact", "outbox::whoever_dies"]).env("CHAT_OUTBOX_ADDRESS", host.address());
    let died = dies.env("CHAT_OUTBOX_ROOM", room.to_string()).output().unwrap();
    assert!(died.status.code().is_none(), "by a signal: {died:?}");
    assert_eq!(host.count("orders").await, 1, "{died:?}");

    let engine = host.engine().await;
    host.until_nothing_waits().await;
    assert_eq!(said(&engine, room).await, ["order 1"]);
}

/// As after a crash between the message's commit and the row's end.
async fn a_row_that_comes_again_is_no_second_message(host: Host) {
    let engine = host.engine().await;
    let (shop, room, ana) = chat(&engine).await;
    drop((engine, ana));
    drop(host.order(1, shop, room, text("order 1")).await);
    let columns = "id, room, author, kind, content, image_url, client_id, created_at";
    let table = host.outbox();
    host.execute(&format!("CREATE TABLE kept AS SELECT {columns} FROM {table}")).await;

    let engine = host.engine().await;
    let (_, _, mut ana) = chat(&engine).await;
    host.until_nothing_waits().await;
    host.execute(&format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM kept")).await;
    assert_eq!(host.waiting().await, 1);
    host.until_nothing_waits().await;
    let shop = engine.as_user(user("shop"));
    committed(host.order(2, shop, room, text("order 2")).await);
    while heard(&mut ana).await.1 != "order 2" {}
    assert_eq!(said(&engine, room).await, ["order 1", "order 2"]);
}

async fn a_client_id_makes_one_message_of_two_transactions(host: Host) {
    let (engine, mut refusals) = host.engine_and_refusals().await;
    let (shop, room, mut ana) = chat(&engine).await;
    for order in 1..=2 {
        let draft = Draft::text("paid").with_client_id("payment 7");
        committed(host.order(order, shop.clone(), room, vec![draft]).await);
        host.until_nothing_waits().await;
    }
    committed(host.order(3, shop, room, text("order 3")).await);
    assert_eq!(heard(&mut ana).await.1, "paid");
    assert_eq!(heard(&mut ana).await.1, "order 3");
    assert_eq!(said(&engine, room).await, ["paid", "order 3"]);
    assert!(refusals.try_recv().is_err());
}

async fn whoever_has_left_meanwhile_is_told_to_the_hook_and_holds_nobody_up(host: Host) {
    let (engine, mut refusals) = host.engine_and_refusals().await;
    let (shop, room, _ana) = chat(&engine).await;
    let (other_room, mut eve) = {
        let new = NewRoom::group("other").with(["eve"]);
        let eve = engine.as_user(user("eve")).connect().await.unwrap();
        (shop.create_room(new).await.unwrap().id(), eve)
    };
    // Nobody looks for the membership before the commit, at which it has ended.
    shop.leave(room).await.unwrap();
    let outgoing = host.order(1, shop.clone(), room, text("order 1")).await;
    let id = outgoing[0].id();
    drop(outgoing);
    committed(host.order(2, shop, other_room, text("order 2")).await);
    assert_eq!(heard(&mut eve).await.1, "order 2");

    let refused = soon("the refusal", refusals.recv()).await.unwrap();
    assert_eq!((refused.message, refused.room, refused.author), (id, room, user("shop")));
    assert_eq!(refused.client_id, ClientId::from(id));
    assert_eq!(*refused.error.kind(), ErrorKind::NotAParticipant(room));
    host.until_nothing_waits().await;
    assert_eq!(said(&engine, room).await, [""; 0]);
    assert!(refusals.try_recv().is_err(), "it is told once");
}

async fn another_message_under_a_client_id_is_told_to_the_hook(host: Host) {
    let (engine, mut refusals) = host.engine_and_refusals().await;
    let (shop, room, _ana) = chat(&engine).await;
    let drafts = ["paid", "paid twice"].map(|words| Draft::text(words).with_client_id("payment 7"));
    committed(host.order(1, shop, room, drafts.into()).await);
    let refused = soon("the refusal", refusals.recv()).await.unwrap();
    assert_eq!(refused.client_id.as_str(), "payment 7");
    assert_eq!(*refused.error.kind(), ErrorKind::ClientIdConflict);
    host.until_nothing_waits().await;
    assert_eq!(said(&engine, room).await, ["paid"]);
}

async fn a_hook_that_panics_is_called_again(host: Host) {
    let (tell, mut told) = mpsc::unbounded_channel();
    let calls = AtomicUsize::new(0);
    let hook = move |_| {
        tell.send(()).unwrap();
        assert!(calls.fetch_add(1, Ordering::SeqCst) > 0, "the first call panics");
    };
    let engine = ChatEngine::builder().store(host.store().await).on_refused_send(hook);
    let engine = engine.build().await.unwrap();
    let (shop, room, _ana) = chat(&engine).await;
    shop.leave(room).await.unwrap();
    committed(host.order(1, shop, room, text("order 1")).await);
    soon("the first call", told.recv()).await;
    assert_eq!(host.waiting().await, 1);
    soon("the second call", told.recv()).await;
    host.until_nothing_waits().await;
}

async fn what_cannot_be_sent_now_is_sent_later(host: Host) {
    let store = host.store().await;
    let (tell, mut refusals) = mpsc::unbounded_channel();
    let engine = ChatEngine::builder().store(store.clone());
    let engine = engine.on_refused_send(move |refused: RefusedSend| tell.send(refused).unwrap());
    let engine = engine.build().await.unwrap();
    let (shop, room, mut ana) = chat(&engine).await;
    store.refuse(true);
    committed(host.order(1, shop, room, text("order 1")).await);
    // The second look comes after the first try.
    for _ in 0..2 {
        store.calls();
        soon("a look", store.called("outbox")).await;
    }
    assert_eq!(host.waiting().await, 1);
    store.refuse(false);
    assert_eq!(heard(&mut ana).await.1, "order 1");
    host.until_nothing_waits().await;
    assert!(refusals.try_recv().is_err(), "that was no refusal");
}

async fn more_than_a_page_is_sent_in_the_order_of_writing(host: Host) {
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let drafts = (0..600).map(|n| Draft::text(n.to_string())).collect();
    committed(host.order(1, shop, room, drafts).await);
    let begun = Instant::now();
    for n in 0..600 {
        assert_eq!(heard(&mut ana).await.1, n.to_string());
    }
    println!("600 were heard after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(2), "no page waits for a second: {:?}", begun.elapsed());
    host.until_nothing_waits().await;
}

async fn a_drained_engine_sends_nothing_and_the_next_one_does(host: Host) {
    let store = host.store().await;
    let engine = ChatEngine::builder().store(store.clone()).build().await.unwrap();
    let (shop, room, ana) = chat(&engine).await;
    drop(ana);
    engine.drain(Duration::from_millis(200)).await;
    let refused = order_in(&host.address(), 1, shop, room, text("order 1"), true).await.unwrap_err();
    assert!(refused.kind().is_retryable(), "{refused:?}");

    let entry = entry(room);
    write(&host, &entry).await;
    let commits = *store.commits().borrow();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!((host.waiting().await, *store.commits().borrow()), (1, commits));
    let next = host.engine().await;
    host.until_nothing_waits().await;
    assert_eq!(said(&next, room).await, ["hello"]);
}

async fn a_bad_draft_is_refused_at_once_and_the_transaction_goes_on(host: Host) {
    let engine = host.engine().await;
    let (shop, room, _ana) = chat(&engine).await;
    let long = "x".repeat(engine.config().max_content_bytes + 1);
    for (words, code) in [(" ", "INVALID_INPUT"), (&*long, "PAYLOAD_TOO_LARGE")] {
        let error = order_in(&host.address(), 1, shop.clone(), room, text(words), true).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
    assert_eq!(host.waiting().await, 0);
    if let Host::File(folder) = &host {
        let mut conn = Connection::open(Host::path(folder)).unwrap();
        let mut tx = conn.transaction().unwrap();
        tx.execute("INSERT INTO orders VALUES (1)", ()).unwrap();
        shop.send_in(&mut tx, room, Draft::text("")).await.unwrap_err();
        tx.commit().unwrap();
        assert_eq!(host.count("orders").await, 1);
    }
}

async fn a_transaction_of_another_database_is_refused(host: Host) {
    let engine = host.engine().await;
    let (shop, room, _ana) = chat(&engine).await;
    let in_memory = ChatEngine::builder().store(MemoryStore::new()).build().await.unwrap();
    let (of_another, no_room, _) = chat(&in_memory).await;
    let (mut stray, draft) = (Connection::open_in_memory().unwrap(), Draft::text("order 1"));
    let mut errors = vec![shop.send_in(&mut stray, room, draft.clone()).await.unwrap_err()];
    match &host {
        Host::File(folder) => {
            let mut conn = Connection::open(Host::path(folder)).unwrap();
            errors.push(of_another.send_in(&mut conn, no_room, draft).await.unwrap_err());
        }
        Host::Server(_) => {
            let other = Database::fresh().await.unwrap();
            let mut conn = PgConnection::connect(&other.url).await.unwrap();
            errors.push(shop.send_in(&mut conn, room, draft.clone()).await.unwrap_err());
            conn.close().await.unwrap();
            let mut conn = PgConnection::connect(&host.address()).await.unwrap();
            errors.push(of_another.send_in(&mut conn, no_room, draft).await.unwrap_err());
        }
    }
    for error in errors {
        assert_eq!(error.code(), "INVALID_INPUT", "{error:?}");
        assert!(error.to_string().starts_with("transaction "), "{error}");
    }
    assert_eq!(host.waiting().await, 0);
}

fn entry(room: RoomId) -> OutboxEntry {
    let (id, author) = (MessageId::generate(), user("shop"));
    let (body, at) = (Body::Text("hello".into()), Timestamp::from_millis(1_700_000_000_000));
    OutboxEntry { id, room, author, body, client_id: id.into(), at }
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

fn entries() -> impl Strategy<Value = OutboxEntry> {
    // Texts without NUL, as users send them, of any script.
    let text = || "[^\\x00]{1,200}".prop_map(|text: String| -> Arc<str> { text.into() });
    let body = prop_oneof![
        text().prop_map(Body::Text),
        (text(), proptest::option::of(text())).prop_map(|(url, caption)| Body::Image { url, caption }),
    ];
    let name = || "[^\\p{C}\\p{Z}]{1,128}";
    (any::<[u8; 16]>(), any::<[u8; 16]>(), name(), body, name(), any::<i64>()).prop_map(
        |(id, room, author, body, client_id, at)| OutboxEntry {
            id: MessageId::from_bytes(id),
            room: RoomId::from_bytes(room),
            author: author.parse().unwrap(),
            body,
            client_id: client_id.parse().unwrap(),
            at: Timestamp::from_millis(at),
        },
    )
}

async fn rows_come_back_as_they_were_written(host: Host) {
    let store = host.store().await;
    let mut runner = TestRunner::default();
    let mut written = Vec::new();
    for _ in 0..64 {
        let entry = entries().new_tree(&mut runner).unwrap().current();
        write(&host, &entry).await;
        written.push(entry);
    }
    let rows = store.outbox(1000).await.unwrap();
    assert!(rows.iter().map(|row| &row.entry).eq(&written), "{rows:#?}\n{written:#?}");
    assert!(rows.is_sorted_by(|one, next| one.number < next.number));
    assert_eq!(store.outbox(3).await.unwrap(), rows[..3], "the oldest");

    // Those that are sent go, and no number comes again.
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    let (first, last) = (numbers[0], numbers[63]);
    let end = |sent| store.commit(Batch { sent, ..Batch::default() });
    end(numbers[1..].to_vec()).await.unwrap();
    let left: Vec<OutboxRow> = store.outbox(1000).await.unwrap();
    assert_eq!(left, rows[..1]);
    end(vec![first, last, 999, u64::MAX]).await.unwrap();
    write(&host, &written[0]).await;
    assert!(store.outbox(1000).await.unwrap()[0].number > last);
}

async fn a_row_that_makes_no_sense_is_corrupt_and_the_others_are_sent_once_it_is_gone(host: Host) {
    let store = host.store().await;
    let engine = ChatEngine::builder().store(store.clone()).build().await.unwrap();
    let (shop, room, mut ana) = chat(&engine).await;
    engine.drain(Duration::ZERO).await;
    write(&host, &entry(room)).await;
    let table = host.outbox();
    for (damage, mended) in [
        ("kind = 11", "kind = 1"),
        ("kind = 99", "kind = 1"),
        ("content = NULL", "content = 'hello'"),
        ("author = ''", "author = 'shop'"),
        ("client_id = ' '", "client_id = '1'"),
    ] {
        host.execute(&format!("UPDATE {table} SET {damage}")).await;
        let error = store.outbox(10).await.expect_err(damage);
        assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{damage}: {error:?}");
        host.execute(&format!("UPDATE {table} SET {mended}")).await;
        store.outbox(10).await.expect(mended);
    }
    drop((engine, shop, ana));

    host.execute(&format!("UPDATE {table} SET kind = 99")).await;
    let engine = host.engine().await;
    let shop = engine.as_user(user("shop"));
    ana = engine.as_user(user("ana")).connect().await.unwrap();
    committed(host.order(1, shop, room, text("order 1")).await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(host.waiting().await, 2);
    host.execute(&format!("DELETE FROM {table} WHERE kind = 99")).await;
    assert_eq!(heard(&mut ana).await.1, "order 1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_send_the_same_rows_send_each_once() {
    let Some(database) = Database::fresh().await else { return };
    let host = Host::Server(database).prepared().await;
    let nodes = [host.engine().await, host.engine().await];
    let (_, room, one) = chat(&nodes[0]).await;
    let other = nodes[1].as_user(user("ana")).connect().await.unwrap();
    let mut sessions = [one, other];
    const ORDERS: usize = 40;
    for order in 0..ORDERS {
        let mut outgoing = Vec::new();
        // A row, of which both nodes are told at once.
        for node in &nodes {
            let draft = Draft::text(order.to_string()).with_client_id(format!("order {order}"));
            let number = i64::try_from(order).unwrap() * 10 + i64::try_from(outgoing.len()).unwrap();
            outgoing.extend(host.order(number, node.as_user(user("shop")), room, vec![draft]).await);
        }
        committed(outgoing);
    }
    host.until_nothing_waits().await;
    let mut said = said(&nodes[0], room).await;
    said.sort_by_key(|order| order.parse::<usize>().unwrap());
    assert!(said.iter().cloned().eq((0..ORDERS).map(|order| order.to_string())), "{said:?}");

    // Each node has told of those that it has committed itself, each of which nobody else has.
    let mut events = 0;
    for (session, node) in sessions.iter_mut().zip(&nodes) {
        node.as_user(user("shop")).send(room, Draft::text("end")).await.unwrap();
        while heard(session).await.1 != "end" {
            events += 1;
        }
    }
    assert_eq!(events, ORDERS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dawdles_in_a_transaction_on_postgres_holds_nobody_up() {
    let Some(database) = Database::fresh().await else { return };
    let host = Host::Server(database).prepared().await;
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let mut conn = PgConnection::connect(&host.address()).await.unwrap();
    let mut tx = conn.begin().await.unwrap();
    let outgoing = shop.send_in(&mut tx, room, Draft::text("dawdling")).await.unwrap();

    shop.send(room, Draft::text("sent meanwhile")).await.unwrap();
    committed(host.order(1, shop.clone(), room, text("ordered meanwhile")).await);
    assert_eq!(heard(&mut ana).await.1, "sent meanwhile");
    assert_eq!(heard(&mut ana).await.1, "ordered meanwhile");
    host.until_nothing_waits().await;
    tx.commit().await.unwrap();
    // Its number is below that of what was sent before.
    outgoing.committed();
    assert_eq!(heard(&mut ana).await.1, "dawdling");
}

/// As in a handler of a server, which may go on on another thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_may_send_in_a_transaction() {
    let Some(database) = Database::fresh().await else { return };
    let host = Host::Server(database).prepared().await;
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let address = host.address();
    let task = tokio::spawn(async move {
        let mut conn = PgConnection::connect(&address).await.unwrap();
        let mut tx = conn.begin().await.unwrap();
        let outgoing = shop.send_in(&mut tx, room, Draft::text("order 1")).await.unwrap();
        tx.commit().await.unwrap();
        outgoing.committed();
    });
    task.await.unwrap();
    assert_eq!(heard(&mut ana).await.1, "order 1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_on_sqlite_runs_on_a_thread_for_that() {
    let host = Host::File(tempfile::tempdir().unwrap()).prepared().await;
    let engine = host.engine().await;
    let (shop, room, mut ana) = chat(&engine).await;
    let address = host.address();
    let runtime = tokio::runtime::Handle::current();
    let blocking = tokio::task::spawn_blocking(move || {
        let mut conn = Connection::open(address).unwrap();
        let mut tx = conn.transaction().unwrap();
        tx.execute("INSERT INTO orders VALUES (1)", ()).unwrap();
        let outgoing = runtime.block_on(shop.send_in(&mut tx, room, Draft::text("order 1"))).unwrap();
        tx.commit().unwrap();
        outgoing.committed();
    });
    blocking.await.unwrap();
    assert_eq!(heard(&mut ana).await.1, "order 1");
}
