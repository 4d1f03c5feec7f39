//! Several nodes on one database at once.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chat_core::model::{Mark, Profile, RoomKind};
use chat_core::store::{
    Batch, Item, Notice, Op, PostgresStore, RelationItem, RelationOp, RoomItem, Store, What,
};
use chat_core::{MessageId, RoomId, Timestamp};
use sqlx::{Connection, PgConnection};

use super::{Database, create, group, history, item, lanes, message, run, send, user};

async fn nodes(database: &Database, count: usize, of_lanes: usize) -> Vec<Arc<PostgresStore>> {
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(Arc::new(PostgresStore::connect_with(&database.url, lanes(of_lanes)).await.unwrap()));
    }
    nodes
}

/// Numbers that are the same in each run.
fn roll(seed: &mut u64, sides: usize) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize % sides
}

async fn numbers_have_no_gap(of_lanes: usize) {
    let Some(database) = Database::fresh().await else { return };
    let nodes = nodes(&database, 2, of_lanes).await;
    let mut rooms = Vec::new();
    for _ in 0..4 {
        rooms.push(group(&nodes[0], &["ana", "ben"]).await);
    }
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (node, rooms) = (Arc::clone(&nodes[task % 2]), rooms.clone());
            tokio::spawn(async move {
                let mut changes = Vec::new();
                for turn in 0..25 {
                    let items =
                        [rooms[turn % 4], rooms[(turn + task) % 4]].map(|room| send(room, "ana", None));
                    for outcome in node.commit(Batch::of(items)).await.unwrap() {
                        changes.extend(outcome.unwrap().changes);
                    }
                }
                changes
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    let mut by_room: BTreeMap<RoomId, Vec<(u64, u64)>> = BTreeMap::new();
    let mut places = HashSet::new();
    for change in &all {
        assert!(places.insert(change.pos), "{change:?} stands where another does");
        let What::Message(message) = &change.what else { panic!("{change:?}") };
        by_room.entry(message.room).or_default().push((message.seq, change.pos.at));
    }
    for (room, mut told) in by_room {
        told.sort_unstable();
        assert!(told.iter().map(|(seq, _)| *seq).eq(1..=told.len() as u64), "{told:?}");
        assert!(told.is_sorted_by_key(|(_, at)| *at), "later messages stand at later positions");
        let stored = history(&nodes[1], room).await;
        assert!(stored.iter().map(|message| (message.seq, message.pos)).eq(told));
    }
    let position = nodes[0].position().await.unwrap().position;
    let counted: u64 = position.iter().map(|pos| pos.at).sum();
    assert_eq!(counted, 4 + 400, "no position is left out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_number_without_a_gap() {
    numbers_have_no_gap(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_number_without_a_gap_in_each_of_three_lanes() {
    numbers_have_no_gap(3).await;
}

/// Batches over many rooms, people, keys and profiles, each in an order of its own. PostgreSQL finds a
/// deadlock after a second and ends one of the two, so no error means that there was none.
async fn nothing_deadlocks(of_lanes: usize) {
    let Some(database) = Database::fresh().await else { return };
    let nodes = nodes(&database, 3, of_lanes).await;
    let people: Vec<String> = (0..6).map(|n| format!("user{n}")).collect();
    let names: Vec<&str> = people.iter().map(String::as_str).collect();
    let mut rooms = Vec::new();
    for _ in 0..12 {
        rooms.push(group(&nodes[0], &names).await);
    }
    for pair in names.windows(2) {
        let direct = create(RoomKind::direct(user(pair[0]), user(pair[1])), pair);
        rooms.push(direct.room);
        run(&nodes[0], direct).await.unwrap();
    }
    let tasks: Vec<_> = (0..9)
        .map(|task| {
            let (node, rooms, people) = (Arc::clone(&nodes[task % 3]), rooms.clone(), people.clone());
            tokio::spawn(async move {
                let mut seed = task as u64;
                for _ in 0..30 {
                    let batch = random_batch(&mut seed, &rooms, &people);
                    node.commit(batch).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut conn = PgConnection::connect(&database.url).await.unwrap();
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    sqlx::raw_sql("SELECT pg_stat_force_next_flush()").execute(&mut conn).await.unwrap();
    let found: i64 = sqlx::query_scalar(deadlocks).fetch_one(&mut conn).await.unwrap();
    assert_eq!(found, 0);
    for room in rooms {
        let seqs: Vec<u64> = history(&nodes[0], room).await.iter().map(|message| message.seq).collect();
        assert!(seqs.iter().copied().eq(1..=seqs.len() as u64));
    }
}

fn random_batch(seed: &mut u64, rooms: &[RoomId], people: &[String]) -> Batch {
    let mut items: Vec<Item> = Vec::new();
    for _ in 0..8 {
        let (room, who) = (rooms[roll(seed, rooms.len())], roll(seed, people.len()));
        let other = (who + 1 + roll(seed, people.len() - 1)) % people.len();
        let (who, other) = (people[who].as_str(), people[other].as_str());
        items.push(match roll(seed, 8) {
            0 => {
                let ops = [RelationOp::Request, RelationOp::Block, RelationOp::Unblock, RelationOp::Remove];
                let op = ops[roll(seed, ops.len())];
                let (user, other) = (Profile::unknown(user(who)), Profile::unknown(user(other)));
                RelationItem { at: Timestamp::from_millis(1), user, other, op }.into()
            }
            1 => create(RoomKind::direct(user(who), user(other)), &[who, other]).into(),
            2 => create(RoomKind::Challenge("squats".parse().unwrap()), &[who, other]).into(),
            3 => item(room, who, Op::Mark { mark: Mark::Read, to: None }).into(),
            _ => send(room, who, Some(&format!("c{}", roll(seed, 1000)))).into(),
        });
    }
    let profile =
        |name: &str, turn| Profile { nickname: format!("{turn}").into(), ..Profile::unknown(user(name)) };
    let names: Vec<&str> = (0..3).map(|_| people[roll(seed, people.len())].as_str()).collect();
    let profiles = names.iter().map(|name| profile(name, roll(seed, 100))).collect();
    let seen = |name: &&str| (user(name), Timestamp::from_millis(names.len() as i64));
    let last_seen = names.iter().rev().map(seen).collect();
    Batch { items, profiles, last_seen, ..Batch::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_deadlocks_on_one_lane() {
    nothing_deadlocks(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_deadlocks_on_four_lanes() {
    nothing_deadlocks(4).await;
}

/// Rooms of one pair, and a block against a send, in lanes that do not wait for each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_agree_on_keys_and_blocks() {
    let Some(database) = Database::fresh().await else { return };
    let nodes = nodes(&database, 2, 4).await;
    for round in 0..10 {
        let (ana, ben) = (format!("ana{round}"), format!("ben{round}"));
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let mut create = create(RoomKind::direct(user(&ana), user(&ben)), &[&ana, &ben]);
                let mut bytes = create.room.to_bytes();
                bytes[15] = task as u8;
                create.room = RoomId::from_bytes(bytes);
                let node = Arc::clone(&nodes[task % 2]);
                tokio::spawn(async move { run(&node, create).await.unwrap().changes.len() })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            made += task.await.unwrap();
        }
        assert_eq!(made, 1, "one room of the pair");
    }
    let direct = create(RoomKind::direct(user("eve"), user("zoe")), &["eve", "zoe"]);
    let room = direct.room;
    run(&nodes[0], direct).await.unwrap();
    let node = Arc::clone(&nodes[1]);
    let stream = tokio::spawn(async move {
        let mut sent = 0;
        while run(&node, send(room, "eve", None)).await.is_ok() {
            sent += 1;
        }
        sent
    });
    while history(&nodes[0], room).await.len() < 5 {
        tokio::task::yield_now().await;
    }
    let (zoe, eve) = (Profile::unknown(user("zoe")), Profile::unknown(user("eve")));
    let block = RelationItem { at: Timestamp::from_millis(1), user: zoe, other: eve, op: RelationOp::Block };
    run(&nodes[0], block).await.unwrap();
    let at_block = history(&nodes[0], room).await.len();
    assert_eq!(stream.await.unwrap(), at_block, "nothing is committed after the block");
}

#[tokio::test]
async fn a_message_writes_no_row_a_member() {
    let Some(database) = Database::fresh().await else { return };
    let store = database.store().await;
    let room = group(&store, &["ana"]).await;
    let users = (0..2000).map(|n| Notice {
        id: MessageId::generate(),
        about: Profile::unknown(user(&format!("u{n}"))),
        body: chat_core::model::Body::System {
            kind: chat_core::model::SystemKind::Joined,
            text: "joined".into(),
        },
    });
    let join = Op::Join { users: users.collect(), max_members: 10_000 };
    run(&store, RoomItem { by: None, ..item(room, "ana", join) }).await.unwrap();
    let mut conn = PgConnection::connect(&database.url).await.unwrap();
    let versions = "SELECT string_agg(user_id, ',') FROM chat.members WHERE xmin::text::bigint >= $1";
    let next = "SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint % 4294967296)";
    let next: i64 = sqlx::query_scalar(next).fetch_one(&mut conn).await.unwrap();
    for _ in 0..3 {
        let seq = message(&run(&store, send(room, "ana", None)).await.unwrap()).seq;
        assert!(seq > 2000);
    }
    let written: Option<String> = sqlx::query_scalar(versions).bind(next).fetch_one(&mut conn).await.unwrap();
    assert_eq!(written.as_deref(), Some("ana"), "the sender's own row alone");
}
