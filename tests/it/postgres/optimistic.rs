//! Commits that lock nothing before they write.

use chat_core::model::{Body, Mark, Profile, RoomKind};
use chat_core::store::{Item, Op, PostgresStore, RelationItem, RelationOp, RoomItem};
use chat_core::{ErrorKind, Result, RoomId, Timestamp};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::faults::Way;
use super::{Database, create, execute, group, history, item, message, run, send, user};

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
async fn sent_meanwhile(database: &Database, changes: &str) -> (PostgresStore, RoomId, Result<u64>) {
    let store = database.store().await;
    let room = group(&store, &["ana", "ben"]).await;
    run(&store, send(room, "ana", None)).await.unwrap();
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let mut tx = other.begin().await.unwrap();
    sqlx::raw_sql("SELECT FROM chat.lanes FOR UPDATE").execute(&mut *tx).await.unwrap();
    // One that knows nothing of the lane yet.
    let node = database.store().await;
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

const CLOSES: &str = "UPDATE chat.rooms SET active = false; UPDATE chat.lanes SET turn = turn + 1";
const OPENS: &str = "UPDATE chat.rooms SET active = true; UPDATE chat.lanes SET turn = turn + 1";

#[tokio::test]
async fn what_another_node_changes_between_two_messages_is_seen() {
    let Some(database) = Database::fresh().await else { return };
    let store = database.store().await;
    let room = group(&store, &["ana", "ben"]).await;
    for turn in 1..=20 {
        assert_eq!(message(&run(&store, send(room, "ana", None)).await.unwrap()).seq, turn);
        execute(&database.url, CLOSES).await;
        let refused = run(&store, send(room, "ana", None)).await.unwrap_err();
        assert_eq!(*refused.kind(), ErrorKind::RoomClosed(room));
        execute(&database.url, OPENS).await;
    }
}

#[tokio::test]
async fn what_another_node_sends_between_two_messages_is_seen() {
    let Some(database) = Database::fresh().await else { return };
    let (one, other) = (database.store().await, database.store().await);
    let room = group(&one, &["ana", "ben"]).await;
    for turn in 0..20 {
        for (node, sender, seq) in
            [(&one, "ana", 3 * turn + 1), (&one, "ana", 3 * turn + 2), (&other, "ben", 3 * turn + 3)]
        {
            assert_eq!(message(&run(node, send(room, sender, None)).await.unwrap()).seq, seq);
        }
        let read = run(&one, item(room, "ana", Op::Mark { mark: Mark::Read, to: None })).await.unwrap();
        assert_eq!(read.changes.len(), 1, "ben has sent something since");
    }
}

#[tokio::test]
async fn what_was_sent_before_is_found_whatever_is_known_of_its_room() {
    let Some(database) = Database::fresh().await else { return };
    let store = database.store().await;
    let room = group(&store, &["ana", "ben"]).await;
    for turn in 1..=20 {
        let client = format!("c{turn}");
        let first = message(&run(&store, send(room, "ana", Some(&client))).await.unwrap());
        let again = run(&store, send(room, "ana", Some(&client))).await.unwrap();
        assert_eq!(message(&again), first);
        assert!(again.changes.is_empty());
        let mut other = send(room, "ana", Some(&client));
        let Op::Send { body, .. } = &mut other.op else { unreachable!() };
        *body = Body::Text("something else".into());
        assert_eq!(*run(&store, other).await.unwrap_err().kind(), ErrorKind::ClientIdConflict);
    }
    assert_eq!(history(&store, room).await.len(), 20);
}

// Not each time: what is known is forgotten after a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_and_marks_take_one_way_to_the_server_and_back() {
    let Some(database) = Database::fresh().await else { return };
    let way = Way::to(&database);
    let store = PostgresStore::connect(&way.url).await.unwrap();
    let group = group(&store, &["ana", "ben"]).await;
    let direct = create(RoomKind::Direct([user("ana"), user("ben")]), &["ana", "ben"]);
    let direct = (direct.room, run(&store, direct).await.unwrap()).0;
    for room in [group, direct] {
        let (mut by_send, mut by_mark) = (Vec::new(), Vec::new());
        for turn in 0..20 {
            way.asked();
            run(&store, send(room, "ana", Some(&format!("c{turn}")))).await.unwrap();
            by_send.push(way.asked());
            let read =
                run(&store, item(room, "ben", Op::Mark { mark: Mark::Read, to: Some(turn + 1) })).await;
            assert_eq!(read.unwrap().changes.len(), 1);
            by_mark.push(way.asked());
        }
        assert_eq!(
            (by_send.iter().min(), by_mark.iter().min()),
            (Some(&1), Some(&1)),
            "{by_send:?} {by_mark:?}"
        );
    }
}
