//! The suite of the [`Store`] contract on each store, and what holds for the one in SQLite alone.

use std::error::Error as _;
use std::path::{Path, PathBuf};

use chat_core::model::{About, Body, Custom, Profile, RoomKind};
use chat_core::store::sqlite::{SqliteOptions, Synchronous};
use chat_core::store::{
    Batch, MemoryStore, MessageReads, Op, PeopleReads, Refers, RoomItem, RoomReads, Ruling, SqliteStore,
    Store,
};
use chat_core::testing::store::Fixture;
use chat_core::{ErrorKind, MessageId, Result, RoomId, Timestamp, UserId};
use rusqlite::Connection;
use tempfile::TempDir;

chat_core::store_suite!(memory, || async { MemoryStore::new() });

chat_core::store_suite!(memory_of_four_lanes, || async { MemoryStore::with_lanes(4) });

chat_core::store_suite!(sqlite, || async {
    let (dir, path) = new_file();
    let open = move || {
        let path = path.clone();
        async move { SqliteStore::open(path).await.unwrap() }
    };
    Fixture::new(open().await).reopening(open).keeping(dir)
});

// One connection that reads, so that reads wait for each other.
chat_core::store_suite!(sqlite_narrow, || async {
    let (dir, path) = new_file();
    let mut options = SqliteOptions::default();
    (options.readers, options.synchronous) = (1, Synchronous::Normal);
    Fixture::new(SqliteStore::open_with(path, options).await.unwrap()).keeping(dir)
});

fn new_file() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.db");
    (dir, path)
}

/// A store with one room, in which ana has said something.
async fn filled(path: &Path) -> (RoomId, UserId) {
    let store = SqliteStore::open(path).await.unwrap();
    let (room, ana) = (RoomId::generate(), "ana".parse::<UserId>().unwrap());
    let members = vec![ana.clone()];
    let op = Op::Create { kind: RoomKind::Group, name: None, members, about: About::default() };
    let create = RoomItem { room, at: Timestamp::from_millis(1), by: Some(ana.clone()), op };
    let outcomes = store.commit(Batch::of([create, send(room, &ana, MessageId::generate())])).await.unwrap();
    assert!(outcomes.iter().all(Result::is_ok));
    (room, ana)
}

fn send(room: RoomId, user: &UserId, id: MessageId) -> RoomItem {
    let op = Op::Send {
        id,
        sender: Profile::unknown(user.clone()),
        body: Body::Text("hi".into()),
        client_id: None,
        origin: None,
        attachments: Vec::new(),
        writing_until: None,
        refers: Refers::default(),
        custom: Custom::default(),
        ruling: Ruling::default(),
    };
    RoomItem { room, at: Timestamp::from_millis(1), by: Some(user.clone()), op }
}

/// Says something more.
async fn say(store: &SqliteStore, room: RoomId, user: &UserId) -> Result<()> {
    let said = Batch::of([send(room, user, MessageId::generate())]);
    store.commit(said).await.unwrap().remove(0).map(drop)
}

/// Opens a file that must be refused; gives the text of the refusal.
async fn refusal(path: &Path) -> String {
    let error = SqliteStore::open(path).await.expect_err("the file is refused");
    assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{error:?}");
    assert!(error.source().is_some(), "the cause is kept: {error:?}");
    error.to_string()
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_by_name_of_both() {
    let (_dir, path) = new_file();
    filled(&path).await;
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 77).unwrap();
    let text = refusal(&path).await;
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
    let known = format!("up to {}", std::fs::read_dir(migrations).unwrap().count());
    assert!(text.contains("version 77") && text.contains(&known), "{text}");
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date_with_all_it_holds() {
    let (_dir, path) = new_file();
    let (room, ana) = filled(&path).await;
    // What the first version had not yet.
    let back = "DROP TABLE search_terms; DROP TABLE search_places; DROP TABLE search_rooms; DROP TABLE relations; ALTER TABLE profiles DROP COLUMN logged_out; DROP TABLE chat_outbox; DROP TABLE invites; ALTER TABLE messages DROP COLUMN origin; ALTER TABLE rooms DROP COLUMN permissions; ALTER TABLE rooms DROP COLUMN topic; ALTER TABLE rooms DROP COLUMN picture; DROP INDEX rooms_public; ALTER TABLE rooms DROP COLUMN public; ALTER TABLE rooms DROP COLUMN custom; DROP TABLE reactions; DROP INDEX messages_by_change; ALTER TABLE messages DROP COLUMN changed_pos; ALTER TABLE messages DROP COLUMN edited_at; ALTER TABLE messages DROP COLUMN reactions; DROP TABLE attachments; ALTER TABLE messages DROP COLUMN attachments; ALTER TABLE messages DROP COLUMN writing_until; ALTER TABLE messages DROP COLUMN quoted; ALTER TABLE messages DROP COLUMN forwarded; DROP INDEX messages_pinned; ALTER TABLE messages DROP COLUMN pinned_at; ALTER TABLE messages DROP COLUMN pinned_by; DROP TABLE erasures; DROP TABLE bans; DROP TABLE audit; DROP TABLE reports; DROP TABLE held; DROP TABLE join_requests; DROP TABLE push_alerts; ALTER TABLE rooms DROP COLUMN slow_mode; ALTER TABLE members DROP COLUMN muted_until; ALTER TABLE members DROP COLUMN slowed_at; ALTER TABLE members DROP COLUMN notify; DROP TABLE do_not_disturb; ALTER TABLE meta DROP COLUMN pushed_since; DROP TABLE pushed; DROP TABLE push_retries; DROP TABLE settings; DROP TABLE mentions; ALTER TABLE messages DROP COLUMN mentioned; ALTER TABLE messages DROP COLUMN custom; DROP INDEX rooms_keeping; ALTER TABLE rooms DROP COLUMN keeping; DROP TABLE edits; DROP INDEX messages_in_thread; ALTER TABLE messages DROP COLUMN thread; ALTER TABLE messages DROP COLUMN root; DROP TABLE hidden; DROP TABLE follows; ALTER TABLE rooms DROP COLUMN threads_pos; ALTER TABLE members DROP COLUMN hidden; PRAGMA user_version = 1";
    Connection::open(&path).unwrap().execute_batch(back).unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.messages(room, 1..=10).await.unwrap().len(), 1);
    assert_eq!(store.relation(&ana, &"ben".parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let (_dir, path) = new_file();
    for content in ["hello".to_owned(), "not a database at all\n".repeat(1000)] {
        std::fs::write(&path, &content).unwrap();
        let text = refusal(&path).await;
        assert!(text.contains("not a database"), "{text}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    for foreign in ["CREATE TABLE rooms (id)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"] {
        let (_dir, path) = new_file();
        Connection::open(&path).unwrap().execute_batch(foreign).unwrap();
        let before = std::fs::read(&path).unwrap();
        let text = refusal(&path).await;
        assert!(text.contains("another program"), "{text}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let (_dir, path) = new_file();
    std::fs::write(&path, "").unwrap();
    filled(&path).await;
}

#[tokio::test]
async fn a_path_that_leads_nowhere_may_work_later_and_memory_is_no_file() {
    let (dir, _) = new_file();
    let error = SqliteStore::open(dir.path().join("no/such/dir/chat.db")).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    let error = SqliteStore::open(":memory:").await.unwrap_err();
    assert_eq!(error.code(), "INVALID_INPUT");
}

#[tokio::test]
async fn a_dropped_store_leaves_one_whole_file() {
    let (dir, path) = new_file();
    let (room, _) = filled(&path).await;
    let files: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["chat.db"], "the log has been moved into the file");
    let copy = dir.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    for path in [path, copy] {
        let store = SqliteStore::open(path).await.unwrap();
        assert_eq!(store.messages(room, 1..=10).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_was_handed_in_is_committed_when_the_store_is_dropped_meanwhile() {
    let (_dir, path) = new_file();
    let (room, ana) = filled(&path).await;
    let store = SqliteStore::open(&path).await.unwrap();
    for _ in 0..20 {
        let items = [send(room, &ana, MessageId::generate())];
        // Polled once, which hands the batch in, and then given up.
        let commit = store.commit(Batch::of(items));
        let _ = tokio::time::timeout(std::time::Duration::ZERO, commit).await;
    }
    drop(store);
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.messages(room, 1..=100).await.unwrap().len(), 21);
}

#[tokio::test]
async fn what_makes_no_sense_is_corrupt_and_no_panic() {
    for damage in [
        "UPDATE messages SET kind = 99",
        "UPDATE messages SET content = NULL",
        "UPDATE messages SET sender = ''",
        "UPDATE messages SET id = x'00'",
        "UPDATE messages SET n = -1",
        "UPDATE messages SET content = CAST(x'ff' AS TEXT)",
        "DROP TABLE messages",
        "ALTER TABLE messages RENAME COLUMN kind TO what",
    ] {
        let (_dir, path) = new_file();
        let (room, _) = filled(&path).await;
        Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        let store = SqliteStore::open(&path).await.unwrap();
        let error = store.messages(room, 1..=10).await.expect_err(damage);
        assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{damage}: {error:?}");
    }
    for damage in [
        "UPDATE rooms SET kind = 1",
        "UPDATE rooms SET members = 5000000000",
        "UPDATE rooms SET active = 2",
        "UPDATE members SET role = 5",
        "UPDATE rooms SET permissions = 'dance=owner'",
        "UPDATE members SET user = char(10) WHERE user = 'ana'; \
         INSERT INTO members (room, user, role, active, joined_at, joined_seq, joined_pos, changed_pos, marks_pos, \
             marked_at, read_seq, delivered_seq, read_n, read_own_n, own_n) \
         SELECT room, 'ana', 9, active, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM members",
        "DELETE FROM lanes",
        "UPDATE lanes SET lane = lane + 1, pos = -5",
        "DELETE FROM meta",
    ] {
        let (_dir, path) = new_file();
        let (_, ana) = filled(&path).await;
        Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        let store = SqliteStore::open(&path).await.unwrap();
        let read = async {
            store.memberships(&ana, None, 10).await?;
            store.position().await
        };
        let error = read.await.expect_err(damage);
        assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{damage}: {error:?}");
        assert_eq!(error.kind().public_message(), "temporarily unavailable");
    }
}

#[tokio::test]
async fn a_batch_that_fails_leaves_nothing_and_the_next_one_works() {
    let (_dir, path) = new_file();
    let (room, ana) = filled(&path).await;
    let store = SqliteStore::open(&path).await.unwrap();
    let id = store.messages(room, 1..=1).await.unwrap()[0].id;
    say(&store, room, &ana).await.unwrap();
    let before = store.position().await.unwrap();
    let profiles = vec![Profile { nickname: "Ana".into(), ..Profile::unknown(ana.clone()) }];
    let items = vec![send(room, &ana, MessageId::generate()), send(room, &ana, id)];
    let error = store.commit(Batch { profiles, ..Batch::of(items) }).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{error:?}");
    assert_eq!(store.position().await.unwrap(), before);
    assert!(store.profiles(std::slice::from_ref(&ana)).await.unwrap().is_empty());

    say(&store, room, &ana).await.unwrap();
    assert_eq!(store.messages(room, 1..=10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn what_another_process_changes_between_two_messages_is_seen() {
    let (_dir, path) = new_file();
    let (room, ana) = filled(&path).await;
    let store = SqliteStore::open(&path).await.unwrap();
    let other = Connection::open(&path).unwrap();
    for _ in 0..3 {
        say(&store, room, &ana).await.unwrap();
        other.execute_batch("UPDATE rooms SET active = 0").unwrap();
        let refused = say(&store, room, &ana).await.unwrap_err();
        assert_eq!(*refused.kind(), ErrorKind::RoomClosed(room));
        other.execute_batch("UPDATE rooms SET active = 1").unwrap();
    }
    say(&store, room, &ana).await.unwrap();
}

#[tokio::test]
async fn a_lock_of_another_process_is_unavailable_once_the_patience_ends() {
    let (_dir, path) = new_file();
    let (room, ana) = filled(&path).await;
    let mut options = SqliteOptions::default();
    options.busy_timeout = std::time::Duration::from_millis(50);
    let store = SqliteStore::open_with(&path, options).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let profiles = vec![Profile::unknown(ana)];
    let batch = Batch { profiles, ..Batch::default() };
    let error = store.commit(batch.clone()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert_eq!(store.messages(room, 1..=10).await.unwrap().len(), 1, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.commit(batch).await.unwrap();
}
