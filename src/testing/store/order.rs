//! Cases about the order of changes, and about items and batches.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::collections::HashMap;

use super::Fixture;
use super::kit::{marked, named, sent, user};
use crate::error::ErrorKind;
use crate::model::{Mark, Pos, RoomKind};
use crate::store::{Batch, Outcome, What};

pub async fn messages_are_numbered_without_a_gap_in_each_room(chat: Fixture) {
    let rooms = [chat.group(&["ana", "ben"]).await, chat.group(&["ana"]).await];
    for turn in 0..30 {
        let room = rooms[usize::from(turn % 3 == 0)];
        chat.done(vec![chat.send_item(room, "ana", "one"), chat.send_item(rooms[0], "ben", "two")]).await;
        // A refused message takes no number.
        chat.refused(chat.send_item(room, "eve", "no")).await;
    }
    for room in rooms {
        let seqs: Vec<u64> = chat.history(room).await.iter().map(|message| message.seq).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
        assert_eq!(chat.room(room).await.seq, seqs.len() as u64);
    }
}

pub async fn positions_rise_and_each_names_the_one_before(chat: Fixture) {
    let (one, other) =
        (chat.create_item(RoomKind::Group, &["ana", "ben"]), chat.create_item(RoomKind::Group, &["ana"]));
    let (a, b) = (one.room, other.room);
    let batches = [
        vec![one, other, chat.send_item(a, "ana", "hi"), chat.send_item(b, "ana", "hi")],
        vec![chat.rename_item(a, Some("ana"), "ana", "Runners"), chat.send_item(b, "ana", "again")],
        vec![chat.join_item(a, Some("ben"), &["cho", "dan"], 10), chat.leave_item(a, "cho")],
        vec![chat.remove_item(a, Some("ana"), "dan"), chat.close_item(b, Some("ana"))],
    ];
    let mut lanes: HashMap<u8, u64> = HashMap::new();
    let mut rooms = HashMap::new();
    for batch in batches {
        let ids: Vec<_> = batch.iter().map(|item| item.room).collect();
        for (room, outcome) in ids.into_iter().zip(chat.done(batch).await) {
            assert!(!outcome.changes.is_empty());
            for change in outcome.changes {
                let lane = lanes.entry(change.pos.lane).or_default();
                assert!(change.pos.at > *lane, "{change:?} comes after {lane}");
                *lane = change.pos.at;
                let before = rooms.insert(room, change.pos.at).unwrap_or(0);
                assert_eq!(change.prev, before, "{change:?}");
            }
        }
    }
    assert_eq!(chat.room(a).await.last_pos, rooms[&a]);
    assert_eq!(chat.room(b).await.last_pos, rooms[&b]);
}

pub async fn the_store_stands_where_its_last_change_does(chat: Fixture) {
    assert!(chat.position().await.iter().all(|pos| pos.at == 0), "a new store is at its beginning");
    let room = chat.group(&["ana"]).await;
    for _ in 0..3 {
        let outcome = chat.run(chat.send_item(room, "ana", "hi")).await;
        let Pos { lane, at } = outcome.changes[0].pos;
        let position = chat.position().await;
        assert_eq!((position.lane_of(room), position.of_room(room)), (lane, at));
    }
}

pub async fn an_empty_batch_changes_nothing(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let before = chat.position().await;
    assert!(chat.store().commit(Batch::default()).await.unwrap().is_empty());
    assert_eq!(chat.position().await, before);
    assert_eq!(chat.room(room).await.seq, 0);
}

pub async fn a_refused_item_leaves_nothing_behind(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let before = (chat.room(room).await, chat.member(room, "ben").await);
    let outcomes = chat
        .commit(vec![
            chat.send_item(room, "eve", "refused"),
            chat.join_item(room, Some("ana"), &["cho", "dan"], 3),
            chat.rename_item(room, Some("ben"), "ben", "refused"),
            chat.close_item(room, Some("ben")),
            chat.remove_item(room, Some("ben"), "ana"),
            chat.mark_item(room, "eve", Mark::Read, None),
        ])
        .await;
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    assert_eq!((chat.room(room).await, chat.member(room, "ben").await), before);
    assert_eq!(chat.membership(room, "eve").await, None);
    assert_eq!(chat.membership(room, "cho").await, None);

    let outcomes = chat
        .commit(vec![
            chat.send_item(room, "ana", "one"),
            chat.send_item(room, "eve", "refused"),
            chat.send_item(room, "ben", "two"),
        ])
        .await;
    let ok: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(ok, [true, false, true], "the others of the batch apply");
    let history = chat.history(room).await;
    let texts: Vec<_> = history.iter().filter_map(|message| message.body.content()).collect();
    assert_eq!(texts, ["one", "two"]);
}

pub async fn an_item_sees_those_before_it(chat: Fixture) {
    let create = chat.create_item(RoomKind::Group, &["ana"]);
    let room = create.room;
    let outcomes = chat
        .commit(vec![
            chat.send_item(room, "ana", "before the room is there"),
            create,
            chat.send_item(room, "ana", "one"),
            chat.send_item(room, "ben", "before joining"),
            chat.join_item(room, Some("ana"), &["ben"], 10),
            chat.send_item(room, "ben", "two"),
            chat.rename_item(room, Some("ana"), "ana", "Runners"),
            chat.mark_item(room, "ben", Mark::Read, Some(3)),
            chat.leave_item(room, "ben"),
            chat.send_item(room, "ben", "after leaving"),
            chat.close_item(room, Some("ana")),
            chat.send_item(room, "ana", "after closing"),
        ])
        .await;
    let kind = |index: usize| outcomes[index].as_ref().map_err(|error| error.kind().clone());
    assert_eq!(kind(0).unwrap_err(), ErrorKind::RoomNotFound(room));
    assert_eq!(kind(3).unwrap_err(), ErrorKind::NotAParticipant(room));
    assert_eq!(kind(9).unwrap_err(), ErrorKind::NotAParticipant(room));
    assert_eq!(kind(11).unwrap_err(), ErrorKind::RoomClosed(room));
    assert_eq!(sent(kind(2).unwrap()).seq, 1);
    assert_eq!(sent(kind(5).unwrap()).seq, 3, "after the words for joining");
    assert_eq!(marked(kind(7).unwrap()).0.read_seq, 3);
    assert_eq!(changed_name(kind(6).unwrap()), named("Runners"));

    let stored = chat.room(room).await;
    assert_eq!((stored.active, stored.seq, stored.members, stored.name), (false, 5, 1, named("Runners")));
    assert!(!chat.member(room, "ben").await.active);
    assert_eq!(chat.active(room).await, [user("ana").as_str()]);
}

fn changed_name(outcome: &Outcome) -> Option<std::sync::Arc<str>> {
    let What::Changed(room) = &outcome.changes[0].what else { panic!("no change: {outcome:?}") };
    room.name.clone()
}
