//! Friends, requests and blocks over the engine, on every store.

use std::sync::Arc;
use std::time::Duration;

use chat_core::event::{EventKind, Notification};
use chat_core::model::{Draft, FriendNotice, HistoryQuery, Limit, NewRoom, RelationKind, RelationPage};
use chat_core::policy::FriendsOnly;
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::{Actor, ChatEngine, RoomId, Session, UserId};
use tokio::time::timeout;

/// Runs each case on each store, with rooms for friends only.
macro_rules! on_every_store {
    ($($case:ident)*) => {
        mod memory { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            super::$case(super::friends_only(super::MemoryStore::new()).await).await;
        })* }
        mod sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            let dir = tempfile::tempdir().unwrap();
            let store = super::SqliteStore::open(dir.path().join("chat.db")).await.unwrap();
            super::$case(super::friends_only(store).await).await;
        })* }
        mod postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            let Some(database) = crate::postgres::Database::fresh().await else { return };
            super::$case(super::friends_only(database.store().await).await).await;
        })* }
    };
}

on_every_store! {
    a_direct_room_is_opened_between_friends_alone
    a_standing_direct_room_outlives_the_friendship_and_not_the_block
    requests_and_answers_are_told_live_and_blocks_are_not
    the_actors_own_devices_learn_that_something_has_changed
    a_block_ends_a_stream_of_sends_at_its_commit
    accepting_and_blocking_at_once_leaves_no_friendship
    requests_crossing_at_once_make_friends_once
    lists_come_in_pages_with_received_and_sent_requests_side_by_side
    a_host_with_a_table_of_its_own_sets_blocks
}

async fn friends_only(store: impl Store) -> ChatEngine {
    let store: Arc<dyn Store> = Arc::new(store);
    let policy = FriendsOnly::in_store(store.clone());
    ChatEngine::builder().shared_store(store).policy(policy).build().await.unwrap()
}

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn user(engine: &ChatEngine, name: &str) -> Actor {
    engine.as_user(id(name))
}

fn code<T: std::fmt::Debug>(result: chat_core::Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

async fn befriend(one: &Actor, other: &Actor) {
    one.request_friend(other.user()).await.unwrap();
    other.accept_friend(one.user()).await.unwrap();
}

async fn direct(one: &Actor, other: &Actor) -> chat_core::Result<RoomId> {
    Ok(one.create_room(NewRoom::direct(other.user().as_str())).await?.id())
}

/// The next notification about friends: what, and whose.
async fn notified(session: &mut Session) -> (Option<FriendNotice>, String) {
    loop {
        let event = timeout(Duration::from_secs(10), session.next()).await.expect("in time").expect("open");
        match &event.kind {
            EventKind::Notification(Notification::Friend(notice, by)) => {
                assert!(event.room.is_none() && event.token.is_none(), "it has no place in a room");
                return (Some(*notice), by.user.to_string());
            }
            EventKind::Notification(Notification::FriendsChanged(other)) => {
                return (None, other.user.to_string());
            }
            _ => {}
        }
    }
}

fn names(page: &RelationPage) -> Vec<&str> {
    page.people.iter().map(|one| one.other.user.as_str()).collect()
}

async fn a_direct_room_is_opened_between_friends_alone(engine: ChatEngine) {
    let (ana, ben, cho) = (user(&engine, "ana"), user(&engine, "ben"), user(&engine, "cho"));
    assert_eq!(code(direct(&ana, &ben).await), "NOT_FRIENDS");
    ana.request_friend(ben.user()).await.unwrap();
    for (one, other) in [(&ana, &ben), (&ben, &ana)] {
        assert_eq!(code(direct(one, other).await), "NOT_FRIENDS", "a request is not enough");
    }
    ben.accept_friend(ana.user()).await.unwrap();
    assert_eq!(direct(&ana, &ben).await.unwrap(), direct(&ben, &ana).await.unwrap());
    assert_eq!(code(direct(&ana, &cho).await), "NOT_FRIENDS");
    // Others are no friends, and meet in groups all the same; the host asks nobody.
    ana.create_room(NewRoom::group("Runners").with(["cho"])).await.unwrap();
    ana.create_room(NewRoom::challenge("squats", "").with(["cho"])).await.unwrap();
    engine.admin().create_room(NewRoom::direct("ana").with(["cho"])).await.unwrap();
}

async fn a_standing_direct_room_outlives_the_friendship_and_not_the_block(engine: ChatEngine) {
    let (ana, ben) = (user(&engine, "ana"), user(&engine, "ben"));
    befriend(&ana, &ben).await;
    let room = direct(&ana, &ben).await.unwrap();
    ana.remove_friend(ben.user()).await.unwrap();
    assert_eq!(code(direct(&ben, &ana).await), "NOT_FRIENDS");
    ben.send(room, Draft::text("still here")).await.unwrap();
    ana.block(ben.user()).await.unwrap();
    for who in [&ana, &ben] {
        let refused = who.send(room, Draft::text("hello?")).await.unwrap_err();
        assert_eq!(refused.code(), "FORBIDDEN");
        assert!(!refused.to_string().contains("block"), "who has blocked is not told: {refused}");
    }
    let history = ben.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    assert_eq!(history.messages.len(), 1, "what was said can still be read");
    ana.unblock(ben.user()).await.unwrap();
    ben.send(room, Draft::text("here again")).await.unwrap();
}

async fn requests_and_answers_are_told_live_and_blocks_are_not(engine: ChatEngine) {
    let (ana, ben) = (user(&engine, "ana"), user(&engine, "ben"));
    let (mut to_ana, mut to_ben) = (ana.connect().await.unwrap(), ben.connect().await.unwrap());
    use FriendNotice::{Accepted, Declined, Requested, Withdrawn};
    let told = |notice, by: &str| (Some(notice), by.to_owned());
    let changed = |other: &str| (None, other.to_owned());

    ana.request_friend(ben.user()).await.unwrap();
    assert_eq!(notified(&mut to_ben).await, told(Requested, "ana"));
    assert_eq!(notified(&mut to_ana).await, changed("ben"));
    ben.decline_friend(ana.user()).await.unwrap();
    assert_eq!(notified(&mut to_ana).await, told(Declined, "ben"));
    assert_eq!(notified(&mut to_ben).await, changed("ana"));
    ana.request_friend(ben.user()).await.unwrap();
    ana.withdraw_request(ben.user()).await.unwrap();
    ana.request_friend(ben.user()).await.unwrap();
    for notice in [Requested, Withdrawn, Requested] {
        assert_eq!(notified(&mut to_ben).await, told(notice, "ana"));
        assert_eq!(notified(&mut to_ana).await, changed("ben"));
    }
    ben.accept_friend(ana.user()).await.unwrap();
    assert_eq!(notified(&mut to_ana).await, told(Accepted, "ben"));
    // Neither the end nor the block reaches the other; the next thing that does is another's request.
    ana.remove_friend(ben.user()).await.unwrap();
    ana.block(ben.user()).await.unwrap();
    ben.request_friend(ana.user()).await.unwrap();
    let cho = user(&engine, "cho");
    cho.request_friend(ben.user()).await.unwrap();
    cho.request_friend(ana.user()).await.unwrap();
    let expected = [changed("ana"), changed("ana"), told(Requested, "cho")];
    for expected in expected {
        assert_eq!(notified(&mut to_ben).await, expected);
    }
    for expected in [changed("ben"), changed("ben"), told(Requested, "cho")] {
        assert_eq!(notified(&mut to_ana).await, expected);
    }
}

async fn the_actors_own_devices_learn_that_something_has_changed(engine: ChatEngine) {
    let ana = user(&engine, "ana");
    let mut devices = [ana.connect().await.unwrap(), ana.connect().await.unwrap()];
    ana.block(&id("ben")).await.unwrap();
    ana.block(&id("ben")).await.unwrap();
    ana.unblock(&id("ben")).await.unwrap();
    ana.request_friend(&id("cho")).await.unwrap();
    for device in &mut devices {
        for other in ["ben", "ben", "cho"] {
            assert_eq!(notified(device).await, (None, other.to_owned()), "a second block changes nothing");
        }
    }
}

async fn a_block_ends_a_stream_of_sends_at_its_commit(engine: ChatEngine) {
    let (ana, ben) = (user(&engine, "ana"), user(&engine, "ben"));
    befriend(&ana, &ben).await;
    let room = direct(&ana, &ben).await.unwrap();
    let mut session = ana.connect().await.unwrap();
    // Eight senders at once, so that there are always some in flight.
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let ben = ben.clone();
        senders.spawn(async move {
            let mut acked = Vec::new();
            for _ in 0..3000 {
                match ben.send(room, Draft::text("and another")).await {
                    Ok(message) => acked.push(message.seq),
                    Err(error) => {
                        assert_eq!(error.code(), "FORBIDDEN");
                        return acked;
                    }
                }
            }
            panic!("the block stops nothing");
        });
    }
    while let Some(event) = session.next().await {
        if matches!(&event.kind, EventKind::Message(message) if message.seq >= 40) {
            break;
        }
    }
    ana.block(ben.user()).await.unwrap();
    let at_block = ana.room(room).await.unwrap().room.seq;
    let mut acked = senders.join_all().await.concat();
    acked.sort_unstable();
    assert_eq!(acked, (1..=at_block).collect::<Vec<_>>(), "acked and stored are the same");
    assert_eq!(ana.room(room).await.unwrap().room.seq, at_block, "nothing came after the block");
}

async fn accepting_and_blocking_at_once_leaves_no_friendship(engine: ChatEngine) {
    for round in 0..30 {
        let (ana, ben) = (user(&engine, &format!("ana{round}")), user(&engine, &format!("ben{round}")));
        ana.request_friend(ben.user()).await.unwrap();
        let (accept, block) = tokio::join!(ben.accept_friend(ana.user()), ana.block(ben.user()));
        assert!(matches!(code(accept), "OK" | "FRIEND_REQUEST_NOT_FOUND"));
        assert_eq!(block.unwrap().relation.map(|(kind, _)| kind), Some(RelationKind::Blocked));
        for (who, blocked) in [(&ana, 1), (&ben, 0)] {
            assert!(who.friends(None, Limit::MESSAGES).await.unwrap().people.is_empty());
            assert_eq!(who.blocked(None, Limit::MESSAGES).await.unwrap().people.len(), blocked);
        }
        assert_ne!(code(direct(&ben, &ana).await), "OK");
    }
}

async fn requests_crossing_at_once_make_friends_once(engine: ChatEngine) {
    for round in 0..30 {
        let (ana, ben) = (user(&engine, &format!("ana{round}")), user(&engine, &format!("ben{round}")));
        let (one, other) = tokio::join!(ana.request_friend(ben.user()), ben.request_friend(ana.user()));
        let kinds = [one, other].map(|made| made.unwrap().view.relation.unwrap().0);
        assert!(kinds.contains(&RelationKind::Friend) && kinds.contains(&RelationKind::RequestSent));
        for who in [&ana, &ben] {
            assert_eq!(who.friends(None, Limit::MESSAGES).await.unwrap().people.len(), 1);
            assert!(who.friend_requests(None, Limit::MESSAGES).await.unwrap().people.is_empty());
        }
    }
}

async fn lists_come_in_pages_with_received_and_sent_requests_side_by_side(engine: ChatEngine) {
    let ana = user(&engine, "ana");
    for name in ["b", "d", "f"] {
        ana.request_friend(&id(name)).await.unwrap();
    }
    for name in ["c", "e", "g"] {
        user(&engine, name).request_friend(ana.user()).await.unwrap();
    }
    let two = Limit::new(2).unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = ana.friend_requests(after.as_ref(), two).await.unwrap();
        assert!(page.people.len() <= 2);
        seen.extend(names(&page).into_iter().map(str::to_owned));
        for one in &page.people {
            let sent = ["b", "d", "f"].contains(&one.other.user.as_str());
            let kind = if sent { RelationKind::RequestSent } else { RelationKind::RequestReceived };
            assert_eq!(one.relation.unwrap().0, kind);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["b", "c", "d", "e", "f", "g"]);

    let friend = user(&engine, "c");
    ana.accept_friend(friend.user()).await.unwrap();
    assert!(!ana.friends(None, two).await.unwrap().people[0].online);
    let session = friend.connect().await.unwrap();
    assert!(ana.friends(None, two).await.unwrap().people[0].online);
    drop(session);
}

async fn a_host_with_a_table_of_its_own_sets_blocks(engine: ChatEngine) {
    let (ana, ben) = (user(&engine, "ana"), user(&engine, "ben"));
    let room = engine.admin().create_room(NewRoom::direct("ana").with(["ben"])).await.unwrap();
    engine.admin().set_blocked(ben.user(), ana.user(), true).await.unwrap();
    assert_eq!(code(ana.send(room, Draft::text("hello?")).await), "FORBIDDEN");
    assert_eq!(names(&ben.blocked(None, Limit::MESSAGES).await.unwrap()), ["ana"]);
    engine.admin().set_blocked(ben.user(), ana.user(), false).await.unwrap();
    ana.send(room, Draft::text("hello")).await.unwrap();
}
