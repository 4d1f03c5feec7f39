//! Who is told live of what is held, and of what became of it.

use std::sync::Arc;
use std::time::Duration;

use chat_core::bus::LocalBus;
use chat_core::event::{EventKind, Notification};
use chat_core::model::{Draft, Limit, NewRoom, Role};
use chat_core::store::MemoryStore;
use chat_core::{ChatEngine, Session};
use serde_json::json;

use super::{Chat, Wary, changes, expired, held, id, sweep, until};
use crate::heard::{expires_elsewhere, next};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sender_is_told_on_whichever_node_they_are() {
    let (store, mut nodes) = (Arc::new(MemoryStore::with_lanes(2)), Vec::new());
    for bus in LocalBus::between(2) {
        let builder = ChatEngine::builder().shared_store(store.clone()).bus(bus).hooks(Wary);
        nodes.push(builder.build().await.unwrap());
    }
    let ana = nodes[0].as_user(id("ana"));
    let room = ana.create_room(NewRoom::group("club").with(["ben"])).await.unwrap().id();
    let mut ben = nodes[1].as_user(id("ben")).connect().await.unwrap();
    let (one, other) = (
        held(ben.send(room, Draft::text("buy one")).await.unwrap_err()),
        held(ben.send(room, Draft::text("buy two")).await.unwrap_err()),
    );
    let third = held(ben.send(room, Draft::text("buy three")).await.unwrap_err());
    ana.reject_held(room, one, Some("no".into())).await.unwrap();
    ana.approve_held(room, other).await.unwrap();
    nodes[0].as_user(id("ben")).withdraw_held(room, third).await.unwrap();
    let (mut told, mut sent) = (Vec::new(), None);
    while told.len() < 3 || sent.is_none() {
        match &ben.next().await.unwrap().kind {
            EventKind::Notification(Notification::MessageRejected(_, id, why)) => {
                told.push((*id, why.clone()))
            }
            EventKind::Notification(
                Notification::MessageApproved(_, id) | Notification::MessageWithdrawn(_, id),
            ) => told.push((*id, None)),
            EventKind::Message(message) => sent = Some(message.id),
            _ => {}
        }
    }
    assert_eq!(told, [(one, Some("no".into())), (other, None), (third, None)]);
    assert_eq!(sent, Some(other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_approve_is_told_on_whichever_node_of_each_change_of_what_is_held_and_nobody_else_is() {
    let (store, mut nodes) = (Arc::new(MemoryStore::with_lanes(2)), Vec::new());
    for bus in LocalBus::between(2) {
        let builder = ChatEngine::builder().shared_store(store.clone()).bus(bus).hooks(Wary);
        nodes.push(builder.build().await.unwrap());
    }
    let (ana, cho) = (nodes[0].as_user(id("ana")), nodes[1].as_user(id("cho")));
    let new = || NewRoom::group("club").with(["ben", "cho", "dan"]);
    let rooms = [ana.create_room(new()).await.unwrap().id(), ana.create_room(new()).await.unwrap().id()];
    for room in rooms {
        ana.set_role(room, &id("ben"), Role::Admin).await.unwrap();
    }
    let [room, last] = rooms;
    let mut moderators = [ana.connect().await.unwrap(), nodes[1].as_user(id("ben")).connect().await.unwrap()];
    let mut sender = nodes[0].as_user(id("cho")).connect().await.unwrap();
    let mut member = nodes[1].as_user(id("dan")).connect().await.unwrap();
    let all_hear = async |sessions: &mut [Session]| {
        for session in sessions {
            assert_eq!(next(session, changes).await, room);
        }
    };

    let draft = || Draft::text("buy now").with_client_id("c1");
    let waits = held(cho.send(room, draft()).await.unwrap_err());
    all_hear(&mut moderators).await;
    assert_eq!(next(&mut sender, changes).await, room, "on their other devices");
    assert_eq!(held(cho.send(room, draft()).await.unwrap_err()), waits, "which changes nothing");
    cho.withdraw_held(room, waits).await.unwrap();
    all_hear(&mut moderators).await;
    let waits = held(sender.send(room, Draft::text("buy one")).await.unwrap_err());
    all_hear(&mut moderators).await;
    assert_eq!(next(&mut sender, changes).await, room);
    ana.reject_held(room, waits, None).await.unwrap();
    all_hear(&mut moderators).await;
    let own = held(nodes[1].as_user(id("ben")).send(room, Draft::text("buy mine")).await.unwrap_err());
    all_hear(&mut moderators).await;
    nodes[1].admin().approve_held(room, own).await.unwrap();
    all_hear(&mut moderators).await;
    let waits = held(cho.forward(room, own, room, None).await.unwrap_err());
    all_hear(&mut moderators).await;
    assert_eq!(next(&mut sender, changes).await, room);
    ana.approve_held(room, waits).await.unwrap();
    all_hear(&mut moderators).await;

    // Changes of a node are told in their order: nothing else was told before this one.
    for node in &nodes {
        held(node.as_user(id("cho")).send(last, Draft::text("buy last")).await.unwrap_err());
        for session in moderators.iter_mut().chain([&mut sender]) {
            assert_eq!(next(session, changes).await, last, "each was told once");
        }
    }
    ana.send(room, Draft::text("the end")).await.unwrap();
    let heard = until(&mut member, "the end").await;
    assert!(heard.iter().all(|kind| changes(kind).is_none()), "{heard:?}");
}

#[tokio::test]
async fn who_may_approve_is_told_when_what_waits_too_long_is_let_go() {
    let chat = Chat::new().await;
    let [ana, ben, _] = chat.people();
    let mut sessions = [ana.connect().await.unwrap(), ben.connect().await.unwrap()];
    chat.hold("ben", "buy now").await;
    for session in &mut sessions {
        assert_eq!(next(session, changes).await, chat.room);
    }
    chat.clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    sweep(&chat).await;
    for session in &mut sessions {
        assert_eq!(next(session, changes).await, chat.room);
    }
    assert!(ana.held(chat.room, None, Limit::MESSAGES).await.unwrap().held.is_empty());
}

#[tokio::test]
async fn who_sent_what_waited_too_long_is_told_that_nobody_has_answered_and_of_nothing_else() {
    let chat = Chat::new().await;
    let [ana, ben, _] = chat.people();
    let doomed = ana.create_room(NewRoom::group("doomed").with(["ben"])).await.unwrap().id();
    let (mut sender, mut moderator) = (ben.connect().await.unwrap(), ana.connect().await.unwrap());
    held(ben.send(doomed, Draft::text("buy this")).await.unwrap_err());
    ana.delete_room(doomed).await.unwrap();
    let waits = chat.hold("ben", "buy now").await;
    chat.clock.advance(Duration::from_secs(6 * 24 * 60 * 60));
    chat.hold("ben", "buy later").await;
    chat.clock.advance(Duration::from_secs(24 * 60 * 60));
    sweep(&chat).await;
    ana.send(chat.room, Draft::text("the end")).await.unwrap();
    let told = async |session: &mut Session| -> Vec<_> {
        until(session, "the end").await.iter().filter_map(expired).collect()
    };
    assert_eq!(told(&mut sender).await, [(chat.room, waits)]);
    assert_eq!(told(&mut moderator).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sockets_of_another_node_say_that_nobody_has_answered() {
    let club = NewRoom::group("club").with(["ben"]);
    expires_elsewhere(Wary, club, "ben", async |ben, room| {
        let waits = held(ben.send(room, Draft::text("buy now")).await.unwrap_err());
        json!({ "type": "messageExpired", "roomUuid": room, "heldUuid": waits })
    })
    .await;
}

#[tokio::test]
async fn of_what_nobody_may_approve_and_of_a_deleted_room_the_sender_alone_is_told() {
    let chat = Chat::new().await;
    let [ana, ben, cho] = chat.people();
    let direct = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
    let doomed = ana.create_room(NewRoom::group("doomed").with(["ben"])).await.unwrap().id();
    let (mut sender, mut session) = (ben.connect().await.unwrap(), ana.connect().await.unwrap());
    held(ben.send(doomed, Draft::text("buy")).await.unwrap_err());
    for session in [&mut sender, &mut session] {
        assert_eq!(next(session, changes).await, doomed);
    }
    held(ben.send(direct, Draft::text("buy this")).await.unwrap_err());
    assert_eq!(next(&mut sender, changes).await, direct);
    ana.delete_room(doomed).await.unwrap();
    assert_eq!(next(&mut sender, changes).await, doomed);
    held(cho.send(chat.room, Draft::text("buy that")).await.unwrap_err());
    assert_eq!(next(&mut session, changes).await, chat.room, "and of nothing before");
}
