//! Cases about making, naming and closing rooms.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::{assert_distinct, named, user};
use crate::error::ErrorKind;
use crate::id::{MessageId, RoomId};
use crate::model::{Body, Mark, Position, Role, RoomKind, SystemKind};
use crate::store::{Answer, Batch, Op, Outcome, RoomItem, What};

fn standing(outcome: &Outcome) -> RoomId {
    assert!(outcome.changes.is_empty(), "a room that stands changes nothing: {outcome:?}");
    let Answer::Standing(room) = outcome.answer else { panic!("a new room: {outcome:?}") };
    room
}

pub async fn a_room_is_made_with_its_people_and_its_owner(chat: Fixture) {
    let mut create = chat.create_item(RoomKind::Group, &["ana", "ben"]);
    if let Op::Create { name, .. } = &mut create.op {
        *name = named("Runners");
    }
    let (id, at) = (create.room, create.at);
    let outcome = chat.run(create).await;
    let [change] = &outcome.changes[..] else { panic!("one change: {outcome:?}") };
    let What::Created(told, people) = &change.what else { panic!("a new room: {change:?}") };
    assert_eq!(people[..], [user("ana"), user("ben")]);

    let room = chat.room(id).await;
    assert_eq!(**told, room);
    assert_eq!((room.id, &room.kind, room.name.clone()), (id, &RoomKind::Group, named("Runners")));
    assert_eq!((room.active, room.members, room.seq, room.countable), (true, 2, 0, 0));
    assert_eq!((room.created_at, room.last_message_at, room.activity_at()), (at, None, at));
    let pos = change.pos.at;
    assert_eq!((room.created_pos, room.changed_pos, room.last_pos), (pos, pos, pos));

    let (ana, ben) = (chat.member(id, "ana").await, chat.member(id, "ben").await);
    assert_eq!((ana.role, ben.role), (Role::Owner, Role::Member));
    for member in [ana, ben] {
        assert!(member.active);
        assert_eq!((member.joined_at, member.joined_seq, member.joined_pos), (at, 0, pos));
        assert_eq!((member.read_seq, member.delivered_seq, member.own_n), (0, 0, 0));
    }
}

pub async fn the_host_makes_a_room_that_nobody_owns(chat: Fixture) {
    let create = RoomItem { by: None, ..chat.create_item(RoomKind::Group, &["ana", "ben"]) };
    let room = create.room;
    chat.run(create).await;
    for who in ["ana", "ben"] {
        assert_eq!(chat.member(room, who).await.role, Role::Member);
    }
}

pub async fn whoever_is_named_twice_is_in_once(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "ana"]).await;
    assert_eq!(chat.room(room).await.members, 2);
    let outcome = chat.run(chat.join_item(room, Some("ana"), &["cho", "cho"], 3)).await;
    assert_eq!(outcome.changes.len(), 2, "cho joined, and the words for it");
    assert_eq!(chat.room(room).await.members, 3);
    assert_eq!(chat.active(room).await, ["ana", "ben", "cho"]);
}

pub async fn a_pair_has_one_room_within_a_batch(chat: Fixture) {
    let (one, other) = (chat.direct_item("ana", "ben"), chat.direct_item("ben", "ana"));
    let (room, never) = (one.room, other.room);
    let outcomes = chat.done(vec![one, other]).await;
    assert_eq!(standing(&outcomes[1]), room);
    assert_eq!(chat.store().membership(never, &user("ana")).await.unwrap(), None);
    assert_eq!(chat.active(room).await, ["ana", "ben"]);
}

pub async fn a_pair_has_one_room_across_batches(chat: Fixture) {
    let room = chat.direct("ben", "ana").await;
    for (one, other) in [("ana", "ben"), ("ben", "ana")] {
        assert_eq!(standing(&chat.run(chat.direct_item(one, other)).await), room);
    }
    assert_ne!(chat.direct("ana", "cho").await, room);
}

pub async fn pairs_that_look_alike_have_rooms_of_their_own(chat: Fixture) {
    let pairs = [("a", "bc"), ("ab", "c"), ("a:1", "b"), ("a", ":1b"), ("A", "bc"), ("1:a", "b")];
    let mut rooms = Vec::new();
    for (one, other) in pairs {
        rooms.push(chat.direct(one, other).await);
        assert_eq!(chat.active(rooms[rooms.len() - 1]).await.len(), 2);
    }
    assert_distinct(&rooms);
}

pub async fn fifty_at_once_make_one_room_of_a_pair(chat: Fixture) {
    let mut tasks = Vec::new();
    for turn in 0..50 {
        let item =
            if turn % 2 == 0 { chat.direct_item("ana", "ben") } else { chat.direct_item("ben", "ana") };
        let (id, store) = (item.room, Arc::clone(&chat.store));
        tasks.push(tokio::spawn(async move {
            let batch = Batch::of([item]);
            match store.commit(batch).await.unwrap().remove(0).unwrap().answer {
                Answer::Standing(room) => (room, false),
                _ => (id, true),
            }
        }));
    }
    let mut rooms = Vec::new();
    for task in tasks {
        rooms.push(task.await.unwrap());
    }
    assert_eq!(rooms.iter().filter(|(_, is_new)| *is_new).count(), 1);
    assert!(rooms.iter().all(|(room, _)| *room == rooms[0].0), "{rooms:?}");
    assert_eq!(chat.store().rooms_of(&user("ana"), 0, 10, 10).await.unwrap().1, 1);
}

pub async fn a_challenge_has_one_open_room(chat: Fixture) {
    let (first, second) = (chat.challenge_item("c1", &["ana"]), chat.challenge_item("c1", &["ben"]));
    let room = first.room;
    let outcomes = chat.commit(vec![first, second]).await;
    let refused = outcomes[1].as_ref().unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::ChallengeRoomExists(room));
    let later = chat.refused(chat.challenge_item("c1", &["ana"])).await;
    assert_eq!(later, ErrorKind::ChallengeRoomExists(room));
    chat.run(chat.challenge_item("c2", &["ana"])).await;
    assert_eq!(chat.room(room).await.kind, RoomKind::Challenge("c1".parse().unwrap()));
    assert_eq!(chat.membership(room, "ben").await, None);
}

pub async fn groups_are_never_the_same_room(chat: Fixture) {
    assert_ne!(chat.group(&["ana", "ben"]).await, chat.group(&["ana", "ben"]).await);
    assert_eq!(chat.store().rooms_of(&user("ben"), 0, 10, 10).await.unwrap().1, 2);
}

pub async fn a_key_is_free_once_its_room_is_closed(chat: Fixture) {
    let direct = chat.direct("ana", "ben").await;
    chat.run(chat.leave_item(direct, "ben")).await;
    let again = chat.direct("ben", "ana").await;
    assert_ne!(again, direct);
    assert_eq!(standing(&chat.run(chat.direct_item("ana", "ben")).await), again);

    let challenge = chat.challenge_item("c1", &["ana"]);
    let first = challenge.room;
    chat.run(challenge).await;
    chat.run(chat.close_item(first, Some("ana"))).await;
    chat.run(chat.challenge_item("c1", &["ana"])).await;
    // Leaving the old room does not free the key of the new one.
    chat.run(chat.leave_item(direct, "ana")).await;
    assert_eq!(standing(&chat.run(chat.direct_item("ana", "ben")).await), again);
}

pub async fn a_key_is_freed_and_taken_within_a_batch(chat: Fixture) {
    let old = chat.direct("ana", "ben").await;
    let (new, newest) = (chat.direct_item("ana", "ben"), chat.direct_item("ana", "ben"));
    let (taken, kept) = (new.room, newest.room);
    let outcomes = chat
        .done(vec![
            chat.leave_item(old, "ana"),
            new,
            chat.direct_item("ben", "ana"),
            chat.leave_item(taken, "ben"),
            newest,
        ])
        .await;
    assert_eq!(standing(&outcomes[2]), taken);
    assert_eq!(standing(&chat.run(chat.direct_item("ana", "ben")).await), kept);
    for (room, is_open) in [(old, false), (taken, false), (kept, true)] {
        assert_eq!(chat.room(room).await.active, is_open);
    }
    // Made and closed within one batch, it holds no key.
    let short = chat.challenge_item("c1", &["ana"]);
    let close = chat.close_item(short.room, Some("ana"));
    chat.done(vec![short, close]).await;
    chat.run(chat.challenge_item("c1", &["ana"])).await;
}

pub async fn a_new_name_is_told_with_a_message(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let before = chat.room(room).await;
    let outcome = chat.run(chat.rename_item(room, Some("ana"), "ana", "달리기 🏃")).await;
    let [changed, message] = &outcome.changes[..] else { panic!("two changes: {outcome:?}") };
    assert!(matches!(&changed.what, What::Changed(told) if told.name == named("달리기 🏃")));
    let What::Message(message) = &message.what else { panic!("no message: {message:?}") };
    assert!(matches!(message.body, Body::System { kind: SystemKind::Renamed, .. }));
    let after = chat.room(room).await;
    assert_eq!(after.name, named("달리기 🏃"));
    assert_eq!((after.changed_pos, after.last_pos), (changed.pos.at, message.pos));
    assert_eq!((after.seq, after.countable), (before.seq + 1, before.countable));
    assert_eq!(chat.history(room).await, [(**message).clone()]);

    let gone = Op::Rename { name: None, notice: super::kit::notice(SystemKind::Renamed, "ana") };
    chat.run(chat.item(room, Some("ana"), gone)).await;
    assert_eq!(chat.room(room).await.name, None, "a name can be taken away");
}

pub async fn a_name_that_is_no_other_changes_nothing(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    chat.run(chat.rename_item(room, Some("ana"), "ana", "Runners")).await;
    let before = (chat.room(room).await, chat.position().await);
    let outcome = chat.run(chat.rename_item(room, Some("ana"), "ana", "Runners")).await;
    assert!(outcome.changes.is_empty());
    assert_eq!((chat.room(room).await, chat.position().await), before);
}

pub async fn only_the_owner_renames_removes_and_closes(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    for (who, is_member) in [("ben", true), ("eve", false)] {
        for item in [
            chat.rename_item(room, Some(who), who, "Mine"),
            chat.remove_item(room, Some(who), "cho"),
            chat.close_item(room, Some(who)),
        ] {
            let kind = chat.refused(item).await;
            if is_member {
                assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
            } else {
                assert_eq!(kind, ErrorKind::NotAParticipant(room));
            }
        }
    }
    chat.run(chat.rename_item(room, Some("ana"), "ana", "Ours")).await;
    chat.run(chat.remove_item(room, Some("ana"), "cho")).await;
    chat.run(chat.close_item(room, Some("ana"))).await;
    let stored = chat.room(room).await;
    assert_eq!((stored.active, stored.members, stored.name), (false, 2, named("Ours")));
}

pub async fn the_host_may_do_what_the_owner_may(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.run(chat.rename_item(room, None, "ana", "Theirs")).await;
    chat.run(chat.join_item(room, None, &["cho"], 10)).await;
    chat.run(chat.remove_item(room, None, "ana")).await;
    assert_eq!(chat.active(room).await, ["ben", "cho"]);
    chat.run(chat.close_item(room, None)).await;
    assert!(!chat.room(room).await.active);
}

pub async fn nothing_is_changed_about_a_direct_room(chat: Fixture) {
    let room = chat.direct("ana", "ben").await;
    for by in [Some("ana"), None] {
        let kind = chat.refused(chat.join_item(room, by, &["cho"], 10)).await;
        assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    }
    for item in [
        chat.rename_item(room, Some("ana"), "ana", "Mine"),
        chat.remove_item(room, Some("ana"), "ben"),
        chat.close_item(room, Some("ana")),
    ] {
        let kind = chat.refused(item).await;
        assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    }
    assert_eq!(chat.room(room).await.seq, 0);
}

pub async fn a_closed_room_is_read_and_not_written(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send(room, "ana", "hi").await;
    chat.run(chat.close_item(room, Some("ana"))).await;
    for item in [
        chat.send_item(room, "ben", "too late"),
        chat.join_item(room, Some("ana"), &["cho"], 10),
        chat.rename_item(room, Some("ana"), "ana", "Late"),
    ] {
        assert_eq!(chat.refused(item).await, ErrorKind::RoomClosed(room));
    }
    let again = chat.run(chat.close_item(room, Some("ana"))).await;
    assert!(again.changes.is_empty(), "closing twice is closing once");
    assert_eq!(chat.mark(room, "ben", Mark::Read, None).await, 0);
    assert_eq!(chat.history(room).await.len(), 1);
    assert_eq!(chat.active(room).await, ["ana", "ben"]);
    // Leaving it is quiet.
    let left = chat.run(chat.leave_item(room, "ben")).await;
    assert!(matches!(&left.changes[..], [only] if matches!(only.what, What::Parted(..))), "{left:?}");
    assert_eq!(chat.history(room).await.len(), 1);
}

pub async fn what_is_not_there_is_no_error_to_read(chat: Fixture) {
    let (room, ana) = (RoomId::generate(), user("ana"));
    let store = chat.store();
    let start = Position::start(chat.position().await.lanes());
    assert_eq!(store.membership(room, &ana).await.unwrap(), None);
    assert_eq!(store.room_entry(room, &ana, 10).await.unwrap(), None);
    assert_eq!(store.rooms_of(&ana, 0, 10, 10).await.unwrap(), (Vec::new(), 0));
    assert!(store.memberships(&ana, None, 10).await.unwrap().rooms.is_empty());
    assert!(store.members(room, None, 10).await.unwrap().is_empty());
    assert!(store.read_marks(&[room]).await.unwrap().values().all(Vec::is_empty));
    assert!(store.read_marks(&[]).await.unwrap().is_empty());
    assert!(store.messages(room, 1..=10).await.unwrap().is_empty());
    assert_eq!(store.message(room, MessageId::generate()).await.unwrap(), None);
    assert!(store.profiles(std::slice::from_ref(&ana)).await.unwrap().is_empty());
    assert!(store.profiles(&[]).await.unwrap().is_empty());
    assert!(store.rooms(&[room]).await.unwrap().is_empty());
    assert!(store.logouts(std::slice::from_ref(&ana)).await.unwrap().is_empty());
    assert!(store.stays_since(std::slice::from_ref(&ana), &start).await.unwrap().is_empty());
    assert!(store.changed_rooms(&ana, &start, None, 10).await.unwrap().is_empty());
    assert!(store.messages_since(room, 0, u64::MAX, 10).await.unwrap().is_empty());
    assert!(store.members_since(room, 0, u64::MAX, 10).await.unwrap().is_empty());
    assert!(store.marks_since(room, 0, None, 10).await.unwrap().is_empty());

    let room = chat.group(&["ben"]).await;
    let (_, member) = chat.store().membership(room, &ana).await.unwrap().unwrap();
    assert_eq!(member, None);
    let unknown = RoomId::generate();
    for item in [
        chat.send_item(unknown, "ana", "hi"),
        chat.join_item(unknown, None, &["ana"], 10),
        chat.leave_item(unknown, "ana"),
        chat.rename_item(unknown, None, "ana", "x"),
        chat.close_item(unknown, None),
        chat.mark_item(unknown, "ana", Mark::Read, None),
    ] {
        assert_eq!(chat.refused(item).await, ErrorKind::RoomNotFound(unknown));
    }
}
