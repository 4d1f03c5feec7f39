//! Commits that lock nothing before they write.

use std::sync::Arc;

use chat_core::model::{Mark, Profile};
use chat_core::store::{Item, Op, PostgresStore, RelationItem, RelationOp, RoomItem};
use chat_core::{ErrorKind, Result, RoomId, Timestamp};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{Database, group, history, item, message, run, send, user};

const WAITING: &str =
    "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// The statement that waits for a lock, once one does.
async fn waiting(conn: &mut PgConnection) -> String {
    loop {
        if let Some(statement) = sqlx::query_scalar(WAITING).fetch_optional(&mut *conn).await.unwrap() {
            return statement;
        }
    }
}

/// Has a message sent, and another node change something between its reading and its writing. Gives its number.
async fn sent_meanwhile(database: &Database, changes: &str) -> (Arc<PostgresStore>, RoomId, Result<u64>) {
    let store = Arc::new(database.store().await);
    let room = group(&store, &["ana", "ben"]).await;
    run(&store, send(room, "ana", None)).await.unwrap();
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let mut tx = other.begin().await.unwrap();
    sqlx::raw_sql("SELECT FROM chat.lanes FOR UPDATE").execute(&mut *tx).await.unwrap();
    let node = Arc::clone(&store);
    let sending = tokio::spawn(async move { run(&node, send(room, "ana", None)).await });
    let mut watching = PgConnection::connect(&database.url).await.unwrap();
    let statement = waiting(&mut watching).await;
    assert!(statement.starts_with("WITH moved AS"), "it has read by now: {statement}");
    sqlx::raw_sql(AssertSqlSafe(changes)).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let sent = sending.await.unwrap().map(|outcome| message(&outcome).seq);
    (store, room, sent)
}

#[tokio::test]
async fn what_another_node_changes_between_reading_and_writing_is_seen() {
    let Some(database) = Database::fresh().await else { return };
    let closes = "UPDATE chat.rooms SET active = false; UPDATE chat.lanes SET turn = turn + 1";
    let (store, room, sent) = sent_meanwhile(&database, closes).await;
    assert_eq!(*sent.unwrap_err().kind(), ErrorKind::RoomClosed(room));
    assert_eq!(history(&store, room).await.len(), 1);
}

#[tokio::test]
async fn what_a_node_of_an_older_version_sends_meanwhile_is_seen() {
    let Some(database) = Database::fresh().await else { return };
    // It counts no turns.
    let sends = "INSERT INTO chat.messages (room, seq, id, sender, kind, content, created_at, pos, n, own_n) \
            SELECT room, 2, gen_random_uuid(), 'ben', 1, 'hi', 1, pos + 1, 2, 1 FROM chat.messages; \
        UPDATE chat.rooms SET (seq, countable, last_pos) = (2, 2, last_pos + 1); \
        UPDATE chat.lanes SET pos = pos + 1";
    let (store, room, sent) = sent_meanwhile(&database, sends).await;
    assert_eq!(sent.unwrap(), 3);
    assert_eq!(history(&store, room).await.len(), 3);
}

#[tokio::test]
async fn marks_that_a_node_of_an_older_version_moves_meanwhile_stay() {
    let Some(database) = Database::fresh().await else { return };
    let marks = "UPDATE chat.members SET (read_seq, read_n, marks_pos, marked_at) = (1, 1, 9, 9) WHERE user_id = 'ana'; \
        UPDATE chat.rooms SET marks_pos = 9";
    let (store, room, sent) = sent_meanwhile(&database, marks).await;
    assert_eq!(sent.unwrap(), 2);
    let mark = run(&store, item(room, "ana", Op::Mark { mark: Mark::Read, to: Some(1) })).await.unwrap();
    assert!(mark.changes.is_empty(), "it was there: {mark:?}");
}

#[tokio::test]
async fn whatever_changes_what_a_message_is_decided_on_counts_as_a_turn() {
    let Some(database) = Database::fresh().await else { return };
    let store = database.store().await;
    let room = group(&store, &["ana", "ben"]).await;
    let mut conn = PgConnection::connect(&database.url).await.unwrap();
    let mut turn = async || -> i64 {
        sqlx::query_scalar("SELECT turn FROM chat.lanes").fetch_one(&mut conn).await.unwrap()
    };
    let (ana, ben) = (Profile::unknown(user("ana")), Profile::unknown(user("ben")));
    let block =
        RelationItem { at: Timestamp::from_millis(1), user: ben, other: ana.clone(), op: RelationOp::Block };
    let mute = Op::Mute { about: ana, until: Some(Timestamp::from_millis(9)), reason: None };
    let changes: [Item; 5] = [
        send(room, "ana", None).into(),
        item(room, "ana", Op::Mark { mark: Mark::Read, to: None }).into(),
        RoomItem { by: None, ..item(room, "ana", mute) }.into(),
        block.into(),
        item(room, "ana", Op::Close).into(),
    ];
    for change in changes {
        let (before, told) = (turn().await, format!("{change:?}"));
        run(&store, change).await.unwrap();
        assert_eq!(turn().await, before + 1, "{told}");
    }
    let before = turn().await;
    run(&store, send(room, "ana", None)).await.unwrap_err();
    assert_eq!(turn().await, before, "what was refused has changed nothing");
}
