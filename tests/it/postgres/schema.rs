//! What connecting does: migrations, lanes, refusals, and errors that tell no secret.

use std::error::Error as _;
use std::time::Duration;

use chat_core::ErrorKind;
use chat_core::store::postgres::PostgresOptions;
use chat_core::store::{MessageReads, PostgresStore, RoomReads, Store};

use super::template::migrations;
use super::{Database, execute, group, history, lanes, run, send, user};

async fn refusal(database: &Database, options: PostgresOptions) -> (ErrorKind, String) {
    let error = PostgresStore::connect_with(&database.url, options).await.expect_err("it is refused");
    assert!(error.source().is_some(), "the cause is kept: {error:?}");
    (error.kind().clone(), error.source().unwrap().to_string())
}

fn by_hand() -> PostgresOptions {
    let mut options = PostgresOptions::default();
    options.migrate = false;
    options
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_nodes_that_start_at_once_migrate_once() {
    let Some(database) = Database::empty().await else { return };
    let starts: Vec<_> = (0..10)
        .map(|_| {
            let url = database.url.clone();
            tokio::spawn(async move { PostgresStore::connect(&url).await })
        })
        .collect();
    let mut stores = Vec::new();
    for start in starts {
        stores.push(start.await.unwrap().unwrap());
    }
    let room = group(&stores[0], &["ana"]).await;
    let token = stores[0].position().await.unwrap();
    for store in &stores {
        run(store, send(room, "ana", None)).await.unwrap();
        assert_eq!(store.position().await.unwrap().epoch, token.epoch, "one epoch for all");
    }
    assert_eq!(history(&stores[9], room).await.len(), 10);
}

#[tokio::test]
async fn migrations_may_be_run_by_hand() {
    let Some(database) = Database::empty().await else { return };
    let (kind, cause) = refusal(&database, by_hand()).await;
    assert_eq!(kind, ErrorKind::Unavailable, "it works once they have been run");
    let newest = format!("to {}", migrations().len());
    assert!(cause.contains("version 0") && cause.contains(&newest), "{cause}");
    for migration in migrations() {
        refusal(&database, by_hand()).await;
        execute(&database.url, &migration).await;
    }
    let store = PostgresStore::connect_with(&database.url, by_hand()).await.unwrap();
    group(&store, &["ana"]).await;
    // Those that were run by hand are not run again.
    let other = PostgresStore::connect(&database.url).await.unwrap();
    assert_eq!(other.memberships(&user("ana"), None, 10).await.unwrap().rooms.len(), 1);
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_name_of_both_versions() {
    let Some(database) = Database::empty().await else { return };
    drop(database.store().await);
    execute(&database.url, "INSERT INTO chat.migrations (version) VALUES (77)").await;
    for options in [PostgresOptions::default(), by_hand()] {
        let (kind, cause) = refusal(&database, options).await;
        assert!(matches!(kind, ErrorKind::Corrupt(_)), "{kind:?}");
        let known = format!("up to {}", migrations().len());
        assert!(cause.contains("version 77") && cause.contains(&known), "{cause}");
    }
}

#[tokio::test]
async fn a_schema_of_another_program_is_refused_and_left_alone() {
    let Some(database) = Database::empty().await else { return };
    execute(&database.url, "CREATE SCHEMA chat; CREATE TABLE chat.rooms (id int)").await;
    let (kind, cause) = refusal(&database, PostgresOptions::default()).await;
    assert!(matches!(kind, ErrorKind::Corrupt(_)), "{kind:?}");
    assert!(cause.contains("another program"), "{cause}");
    execute(&database.url, "INSERT INTO chat.rooms VALUES (1)").await;
}

#[tokio::test]
async fn tables_of_the_hosts_own_are_in_nobodys_way() {
    let Some(database) = Database::empty().await else { return };
    execute(&database.url, "CREATE SCHEMA chat; CREATE TABLE rooms (id int); CREATE TABLE lanes (id int)")
        .await;
    let room = group(&database.store().await, &["ana"]).await;
    assert!(database.store().await.membership(room, &user("ana")).await.unwrap().is_some());
}

#[tokio::test]
async fn the_number_of_lanes_is_fixed_at_the_first_start() {
    let Some(database) = Database::empty().await else { return };
    for none in [0, 5] {
        let (kind, _) = refusal(&database, lanes(none)).await;
        assert_eq!(kind.code(), "INVALID_INPUT");
    }
    let store = PostgresStore::connect_with(&database.url, lanes(3)).await.unwrap();
    let position = store.position().await.unwrap().position;
    assert_eq!(position.iter().map(|pos| pos.at).collect::<Vec<_>>(), [0, 0, 0]);
    for other in [1, 2, 4] {
        let (kind, cause) = refusal(&database, lanes(other)).await;
        assert_eq!(kind.code(), "INVALID_INPUT");
        assert!(cause.contains("3 lanes"), "{cause}");
    }
    PostgresStore::connect_with(&database.url, lanes(3)).await.unwrap();
}

#[tokio::test]
async fn a_database_in_another_encoding_is_refused() {
    let Some(database) = Database::empty().await else { return };
    let name = "test_latin1";
    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    execute(&database.server, &drop).await;
    let make = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    execute(&database.server, &make).await;
    let url = database.server.replacen("/postgres?", &format!("/{name}?"), 1);
    let error = PostgresStore::connect(&url).await.unwrap_err();
    assert_eq!(error.code(), "INVALID_INPUT", "{error:?}");
    execute(&database.server, &drop).await;
}

#[tokio::test]
async fn a_url_that_leads_nowhere_may_work_later_and_no_error_tells_the_password() {
    // Nothing listens there; the rest is no URL of a database at all.
    let mut options = PostgresOptions::default();
    options.connect_timeout = Duration::from_millis(500);
    for (url, code) in [
        ("postgres://chat:s3cret@127.0.0.1:1/chat", "UNAVAILABLE"),
        ("postgres:///chat?host=/no/such/folder&user=chat&password=s3cret", "UNAVAILABLE"),
        ("postgres://chat:s3cret@127.0.0.1:1/chat?sslmode=nonsense", "INVALID_INPUT"),
        ("postgres://chat:s3cret@127.0.0.1:99999999/chat", "INVALID_INPUT"),
    ] {
        let error = PostgresStore::connect_with(url, options.clone()).await.unwrap_err();
        assert_eq!(error.code(), code, "{error:?}");
        let cause = error.source().map(ToString::to_string);
        assert!(!format!("{error} {error:?} {cause:?}").contains("s3cret"), "{error:?}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_corrupt_and_no_panic() {
    let Some(database) = Database::empty().await else { return };
    let store = database.store().await;
    let room = group(&store, &["ana", "ben"]).await;
    run(&store, send(room, "ana", None)).await.unwrap();
    let ana = user("ana");
    // (what is done, and undone)
    for (damage, mended) in [
        ("UPDATE chat.messages SET kind = 99", "UPDATE chat.messages SET kind = 1"),
        ("UPDATE chat.messages SET content = NULL", "UPDATE chat.messages SET content = 'hi'"),
        ("UPDATE chat.messages SET sender = ''", "UPDATE chat.messages SET sender = 'ana'"),
        ("UPDATE chat.messages SET n = -1", "UPDATE chat.messages SET n = 1"),
        ("ALTER TABLE chat.messages RENAME n TO m", "ALTER TABLE chat.messages RENAME m TO n"),
        (
            "ALTER TABLE chat.messages ALTER n TYPE text USING n::text",
            "ALTER TABLE chat.messages ALTER n TYPE bigint USING n::bigint",
        ),
        ("UPDATE chat.rooms SET kind = 1", "UPDATE chat.rooms SET kind = 2"),
        ("UPDATE chat.rooms SET members = 5000000000", "UPDATE chat.rooms SET members = 2"),
        ("UPDATE chat.members SET role = 5", "UPDATE chat.members SET role = 2"),
        ("UPDATE chat.lanes SET pos = -5", "UPDATE chat.lanes SET pos = 5"),
        ("DELETE FROM chat.lanes", "INSERT INTO chat.lanes VALUES (0, 5)"),
        ("DELETE FROM chat.meta", "INSERT INTO chat.meta VALUES (1, 7)"),
    ] {
        execute(&database.url, damage).await;
        let read = async {
            store.messages(room, 1..=10).await?;
            store.memberships(&ana, None, 10).await?;
            store.position().await
        };
        let error = read.await.expect_err(damage);
        assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{damage}: {error:?}");
        assert_eq!(error.kind().public_message(), "temporarily unavailable");
        execute(&database.url, mended).await;
        store.messages(room, 1..=10).await.expect(mended);
    }
}
