//! Cases about whole states: what a commit makes visible, and what outlives the store.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Fixture;
use super::kit::{assert_distinct, sent, user};
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{Mark, Message, Token};
use crate::store::{Answer, Batch, Store};

pub async fn a_commit_is_seen_by_the_next_read(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    for turn in 1..=50 {
        let message = chat.send(room, "ana", "hi").await;
        assert_eq!(chat.room(room).await.seq, turn);
        assert_eq!(chat.store().message(room, message.id).await.unwrap().as_ref(), Some(&*message));
        chat.mark(room, "ben", Mark::Read, None).await;
        assert_eq!(chat.member(room, "ben").await.read_seq, turn);
        assert_eq!(chat.position().await.of_room(room), message.pos);
    }
}

/// Each batch adds two messages to one room and one to the other, so that whoever sees half of a batch
/// finds numbers that do not fit.
pub async fn readers_see_whole_batches(chat: Fixture) {
    let (two, one) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana", "ben"]).await);
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (store, done) = (Arc::clone(&chat.store), Arc::clone(&done));
            tokio::spawn(async move {
                let mut reads = 0;
                while !done.load(Ordering::Relaxed) || reads == 0 {
                    check_whole(&*store, two, one).await;
                    reads += 1;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..200 {
        let items = vec![
            chat.send_item(two, "ana", "hi"),
            chat.send_item(one, "ben", "hi"),
            chat.send_item(two, "ben", "hi"),
        ];
        chat.done(items).await;
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("readers find whole states");
    }
}

async fn check_whole(store: &dyn Store, two: RoomId, one: RoomId) {
    let ana = user("ana");
    let entry = store.room_entry(two, &ana, 10).await.unwrap().unwrap();
    assert_eq!(entry.room.seq % 2, 0, "a whole batch");
    assert_eq!(entry.last_message.map_or(0, |message| message.seq), entry.room.seq);
    assert_eq!(entry.member.own_n * 2, entry.room.countable);

    let seen = store.memberships(&ana, None, 10).await.unwrap();
    let seq = |id| seen.rooms.iter().find(|(room, _)| room.id == id).map(|(room, _)| room.seq);
    assert_eq!(seq(two), seq(one).map(|seq| seq * 2));
    for (room, _) in &seen.rooms {
        assert!(seen.position.of_room(room.id) >= room.last_pos, "the position is that of the rooms");
    }

    let (listed, total) = store.rooms_of(&ana, 0, 10, 10).await.unwrap();
    assert_eq!((listed.len(), total), (2, 2));
    for entry in listed {
        assert_eq!(entry.last_message.map_or(0, |message| message.seq), entry.room.seq);
    }
    let messages = store.messages(two, 1..=u64::MAX).await.unwrap();
    assert_eq!(messages.len() % 2, 0, "a whole batch");
    assert_eq!(messages.last().map_or(0, |message| message.seq), messages.len() as u64);
}

pub async fn commits_at_once_are_each_applied_once(chat: Fixture) {
    let rooms = [chat.group(&["ana"]).await, chat.group(&["ana"]).await];
    let tasks: Vec<_> = (0..100)
        .map(|turn| {
            let items = vec![
                chat.send_item(rooms[turn % 2], "ana", "one"),
                chat.send_item(rooms[turn % 2], "eve", "refused"),
                chat.send_item(rooms[turn / 2 % 2], "ana", "two"),
            ];
            let store = Arc::clone(&chat.store);
            tokio::spawn(async move {
                let outcomes = store.commit(Batch::of(items)).await.unwrap();
                assert!(outcomes[1].is_err());
                [&outcomes[0], &outcomes[2]].map(|outcome| sent(outcome.as_ref().unwrap()))
            })
        })
        .collect();
    let mut answered = Vec::new();
    for task in tasks {
        answered.extend(task.await.unwrap());
    }
    answered.sort_by_key(|message| (message.room, message.seq));
    let mut stored = Vec::new();
    for room in rooms {
        stored.extend(chat.history(room).await);
    }
    stored.sort_by_key(|message| (message.room, message.seq));
    assert!(answered.iter().map(|message| &**message).eq(&stored), "what was answered is what is stored");
    assert_eq!(stored.len(), 200);
    let lanes = chat.position().await;
    let place = |message: &Message| (lanes.lane_of(message.room), message.pos);
    assert_distinct(&stored.iter().map(place).collect::<Vec<_>>());
}

pub async fn nothing_waits_in_a_fresh_outbox_and_ending_it_is_no_error(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    assert_eq!(chat.store().outbox(10).await.unwrap(), []);
    let items = vec![chat.send_item(room, "ana", "hi").into()];
    let sent = vec![1, 0, u64::MAX, 1];
    let outcomes = chat.store.commit(Batch { items, sent, ..Batch::default() }).await.unwrap();
    assert!(outcomes[0].is_ok());
    let before = chat.position().await;
    let sent = vec![2];
    assert!(chat.store.commit(Batch { sent, ..Batch::default() }).await.unwrap().is_empty());
    assert_eq!(chat.position().await, before, "it takes no position");
    assert_eq!(chat.history(room).await.len(), 1);
}

pub async fn another_epoch_is_another_number_and_keeps_the_position(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    chat.send(room, "ana", "hi").await;
    let before = chat.store().position().await.unwrap();
    assert_eq!(chat.store().position().await.unwrap(), before, "it changes for nothing else");
    let mut epochs = vec![before.epoch];
    for _ in 0..5 {
        let epoch = chat.store().rotate_epoch().await.unwrap();
        let position = before.position;
        assert_eq!(chat.store().position().await.unwrap(), Token { epoch, position });
        epochs.push(epoch);
    }
    assert_distinct(&epochs);
}

pub async fn reopening_keeps_everything(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let direct = chat.direct("ana", "ben").await;
    let challenge = chat.challenge_item("c1", &["ana"]);
    let held = challenge.room;
    chat.run(challenge).await;
    chat.put_profile("ana", "아나", Some("https://a/b.png")).await;
    chat.send_many(room, "ben", 5).await;
    let first = sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await);
    chat.mark(room, "ana", Mark::Read, Some(3)).await;
    chat.run(chat.rename_item(room, Some("ana"), "ana", "Runners")).await;
    chat.run(chat.leave_item(room, "cho")).await;
    chat.store().rotate_epoch().await.unwrap();

    let before = everything(&chat, room).await;
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(everything(&chat, room).await, before);

    let again = chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await;
    assert_eq!(sent(&again).id, first.id, "a retry is known");
    let kind = chat.refused(chat.send_as_item(room, "ana", "ho", "c1")).await;
    assert_eq!(kind, ErrorKind::ClientIdConflict);
    let standing = chat.run(chat.direct_item("ben", "ana")).await;
    assert!(matches!(standing.answer, Answer::Standing(found) if found == direct));
    let kind = chat.refused(chat.challenge_item("c1", &["ben"])).await;
    assert_eq!(kind, ErrorKind::ChallengeRoomExists(held));
    let next = chat.send(room, "ben", "on it goes").await;
    assert_eq!(next.seq, chat.history(room).await.len() as u64);
    assert_eq!(chat.unread(room, "ana").await, 3);
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.history(room).await.last(), Some(&*next));
}

async fn everything(chat: &Fixture, room: RoomId) -> String {
    let (store, ana) = (chat.store(), user("ana"));
    let mut all = vec![
        format!("{:?}", store.position().await.unwrap()),
        format!("{:?}", store.rooms_of(&ana, 0, 100, 100).await.unwrap()),
        format!("{:?}", store.memberships(&ana, None, 100).await.unwrap()),
        format!("{:?}", store.members(room, None, 100).await.unwrap()),
        format!("{:?}", store.profiles(&[user("ana"), user("ben")]).await.unwrap()),
        format!("{:?}", chat.history(room).await),
    ];
    for who in ["ana", "ben", "cho"] {
        all.push(format!("{:?}", store.membership(room, &user(who)).await.unwrap()));
    }
    all.join("\n")
}
