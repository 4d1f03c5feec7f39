//! Cases about joining, leaving, and lists of members.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{NO_BOUND, PAGES, assert_distinct, profile, user};
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{Body, Mark, Role, RoomKind, SystemKind};
use crate::store::{Op, What};

pub async fn whoever_leaves_is_told_of_and_stays_as_a_tombstone(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    chat.send(room, "ben", "hi").await;
    let before = chat.member(room, "ben").await;
    let outcome = chat.run(chat.leave_item(room, "ben")).await;
    let [parted, message] = &outcome.changes[..] else { panic!("two changes: {outcome:?}") };
    let What::Parted(told, who) = &parted.what else { panic!("nobody left: {parted:?}") };
    assert_eq!((told.members, &who.user), (2, &user("ben")));
    let What::Message(message) = &message.what else { panic!("no message: {message:?}") };
    assert!(matches!(message.body, Body::System { kind: SystemKind::Left, .. }));
    assert_eq!((message.seq, &message.sender.user), (2, &user("ben")));

    let after = chat.member(room, "ben").await;
    assert!(!after.active);
    assert_eq!(after.changed_pos, parted.pos.at);
    assert_eq!((after.joined_pos, after.own_n), (before.joined_pos, 1), "the rest of it stays");
    assert_eq!(chat.active(room).await, ["ana", "cho"]);
    let stored = chat.room(room).await;
    assert_eq!((stored.active, stored.members), (true, 2));
    assert!(chat.store().memberships(&user("ben"), None, 10).await.unwrap().rooms.is_empty());
    assert_eq!(chat.refused(chat.leave_item(room, "ben")).await, ErrorKind::NotAParticipant(room));

    let outcome = chat.run(chat.remove_item(room, Some("ana"), "cho")).await;
    assert!(matches!(&outcome.changes[0].what, What::Parted(_, who) if who.user == user("cho")));
    assert_eq!(chat.active(room).await, ["ana"]);
}

pub async fn the_last_to_leave_closes_the_room(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.run(chat.leave_item(room, "ana")).await;
    assert!(chat.room(room).await.active, "one is left");
    let outcome = chat.run(chat.leave_item(room, "ben")).await;
    let [parted, message, closed] = &outcome.changes[..] else { panic!("three changes: {outcome:?}") };
    assert!(matches!(parted.what, What::Parted(..)) && matches!(message.what, What::Message(_)));
    assert!(matches!(&closed.what, What::Changed(room) if !room.active));
    let stored = chat.room(room).await;
    assert_eq!((stored.active, stored.members, stored.seq), (false, 0, 2));
    assert_eq!(stored.last_pos, closed.pos.at);
}

pub async fn whoever_leaves_a_direct_room_closes_it(chat: Fixture) {
    let room = chat.direct("ana", "ben").await;
    let outcome = chat.run(chat.leave_item(room, "ana")).await;
    assert_eq!(outcome.changes.len(), 3);
    let stored = chat.room(room).await;
    assert_eq!((stored.active, stored.members), (false, 1));
    assert!(chat.member(room, "ben").await.active, "the other one keeps the history");
    assert_eq!(chat.refused(chat.send_item(room, "ben", "hi")).await, ErrorKind::RoomClosed(room));
}

pub async fn whoever_comes_back_starts_at_the_head(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send_many(room, "ben", 3).await;
    chat.send_many(room, "ana", 4).await;
    chat.run(chat.leave_item(room, "ben")).await;
    chat.send_many(room, "ana", 2).await;
    let head = chat.room(room).await.seq;
    let outcome = chat.run(chat.join_item(room, Some("ana"), &["ben"], 10)).await;
    let joined = outcome.changes[0].pos.at;

    let ben = chat.member(room, "ben").await;
    assert!(ben.active);
    assert_eq!((ben.joined_seq, ben.read_seq, ben.delivered_seq), (head, head, head));
    assert_eq!((ben.joined_pos, ben.changed_pos), (joined, joined), "another stay");
    assert_eq!(ben.own_n, 3, "what was sent in the stay before it counts on");
    assert_eq!(chat.unread(room, "ben").await, 0);
    assert_eq!(chat.room(room).await.members, 2);
    chat.send(room, "ana", "welcome").await;
    chat.send(room, "ben", "thanks").await;
    assert_eq!(chat.unread(room, "ben").await, 1);
    assert_eq!(chat.mark(room, "ben", Mark::Read, None).await, 0);

    chat.run(chat.join_item(room, Some("ana"), &["new"], 10)).await;
    assert_eq!(chat.unread(room, "new").await, 0, "whoever comes first too");
}

pub async fn an_owner_who_comes_back_is_a_member(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.run(chat.leave_item(room, "ana")).await;
    chat.run(chat.join_item(room, Some("ben"), &["ana"], 10)).await;
    assert_eq!(chat.member(room, "ana").await.role, Role::Member);
    assert!(matches!(chat.refused(chat.close_item(room, Some("ana"))).await, ErrorKind::Forbidden(_)));
}

pub async fn joining_skips_whoever_is_in(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let before = chat.member(room, "ben").await;
    let outcome = chat.run(chat.join_item(room, Some("ben"), &["ben", "cho", "ana", "dan"], 4)).await;
    let joined: Vec<_> = outcome
        .changes
        .iter()
        .filter_map(|change| match &change.what {
            What::Joined(room, who) => Some((room.members, who.user.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(joined, [(3, "cho".to_owned()), (4, "dan".to_owned())]);
    assert_eq!(chat.member(room, "ben").await, before);
    assert_eq!(chat.room(room).await.seq, 2, "words for each who came");

    let before = (chat.room(room).await, chat.position().await);
    let outcome = chat.run(chat.join_item(room, Some("ana"), &["ben", "cho"], 2)).await;
    assert!(outcome.changes.is_empty(), "with nobody new, no bound is passed");
    assert_eq!((chat.room(room).await, chat.position().await), before);
}

pub async fn a_room_takes_no_more_than_its_bound(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let two = chat.join_item(room, Some("ana"), &["cho", "dan"], 3);
    assert_eq!(chat.refused(two).await, ErrorKind::RoomFull(3));
    assert_eq!(chat.active(room).await, ["ana", "ben"], "none of them came");
    assert_eq!(chat.room(room).await.seq, 0);
    chat.run(chat.join_item(room, Some("ana"), &["cho"], 3)).await;
    let one = chat.join_item(room, Some("ana"), &["dan"], 3);
    assert_eq!(chat.refused(one).await, ErrorKind::RoomFull(3));
    chat.run(chat.leave_item(room, "ben")).await;
    chat.run(chat.join_item(room, Some("ana"), &["dan"], 3)).await;
    assert_eq!(chat.active(room).await, ["ana", "cho", "dan"]);
}

pub async fn only_members_invite(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let kind = chat.refused(chat.join_item(room, Some("eve"), &["eve"], 10)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room));
    chat.run(chat.leave_item(room, "ben")).await;
    let kind = chat.refused(chat.join_item(room, Some("ben"), &["ben"], 10)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room), "nobody lets themselves in again");
}

pub async fn whoever_is_no_member_cannot_be_removed(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    for by in [Some("ana"), None] {
        let kind = chat.refused(chat.remove_item(room, by, "eve")).await;
        assert!(matches!(kind, ErrorKind::Invalid { .. }), "{kind:?}");
    }
    assert_eq!(chat.room(room).await.members, 2);
}

pub async fn members_come_in_pages_by_their_ids(chat: Fixture) {
    let mut people: Vec<String> = (0..47).map(|n| format!("user{n}")).collect();
    people.extend(["Zoe", "ana", "김철수", "éva", "🦊"].map(str::to_owned));
    let names: Vec<&str> = people.iter().map(String::as_str).collect();
    let room = chat.group(&["ana"]).await;
    chat.run(chat.join_item(room, None, &names, NO_BOUND)).await;
    chat.done(vec![chat.leave_item(room, "user7"), chat.leave_item(room, "🦊")]).await;
    people.retain(|who| who != "user7" && who != "🦊");
    people.sort();

    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..PAGES {
        let page = chat.store().members(room, after.as_ref(), 10).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 10);
        after = Some(last.member.user.clone());
        seen.extend(page.into_iter().map(|entry| entry.member.user.to_string()));
    }
    assert_eq!(seen, people, "each once, in the order of their bytes");
    assert!(chat.store().members(room, None, 0).await.unwrap().is_empty());
}

pub async fn memberships_come_in_pages_by_their_rooms(chat: Fixture) {
    let mut items: Vec<_> = (0..25).map(|_| chat.create_item(RoomKind::Group, &["ana", "ben"])).collect();
    // Not made in the order of their ids.
    for (index, item) in items.iter_mut().enumerate() {
        let mut id = [0; 16];
        (id[0], id[15]) = ((index as u8).wrapping_mul(101), index as u8);
        item.room = RoomId::from_bytes(id);
    }
    let mut rooms: Vec<RoomId> = items.iter().map(|item| item.room).collect();
    chat.done(items).await;
    let left = rooms.remove(7);
    chat.run(chat.leave_item(left, "ana")).await;
    rooms.sort();

    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..PAGES {
        let page = chat.store().memberships(&user("ana"), after, 10).await.unwrap();
        assert_eq!(page.position, chat.position().await);
        assert!(page.rooms.len() <= 10);
        let Some((last, _)) = page.rooms.last() else { break };
        after = Some(last.id);
        for (room, member) in page.rooms {
            assert_eq!((member.room, &member.user, member.active), (room.id, &user("ana"), true));
            seen.push(room.id);
        }
    }
    assert_eq!(seen, rooms);
    assert_distinct(&seen);
}

pub async fn read_marks_are_those_of_active_members(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    chat.send_many(room, "ana", 5).await;
    chat.mark(room, "ben", Mark::Read, Some(3)).await;
    chat.mark(room, "cho", Mark::Delivered, None).await;
    chat.run(chat.join_item(room, Some("ana"), &["dan"], 10)).await;
    chat.run(chat.leave_item(room, "cho")).await;
    let other = chat.group(&["ben", "eve"]).await;
    let empty = RoomId::generate();
    let mut marks = chat.store().read_marks(&[room, empty, other]).await.unwrap();
    marks.values_mut().for_each(|marks| marks.sort());
    assert_eq!(marks[&room], [(user("ana"), 0, 0), (user("ben"), 0, 3), (user("dan"), 5, 5)]);
    assert_eq!(marks[&other], [(user("ben"), 0, 0), (user("eve"), 0, 0)], "each room by itself");
    assert!(marks.remove(&empty).is_none_or(|marks| marks.is_empty()));
    assert_eq!(marks.len(), 2);
}

pub async fn seniors_are_the_first_of_those_who_are_in(chat: Fixture) {
    let room = chat.group(&["ana", "zoe", "ben", "cho", "dee"]).await;
    chat.run(chat.join_item(room, Some("ana"), &["abe"], 100)).await;
    for (who, role) in [("zoe", Role::Admin), ("cho", Role::ReadOnly)] {
        chat.run(chat.item(room, None, Op::SetRole { about: profile(who), role })).await;
    }
    chat.run(chat.leave_item(room, "dee")).await;
    let all = ["ana", "zoe", "ben", "abe", "cho"];
    for limit in [0, 1, 3, 5, 100] {
        let seniors = chat.store().seniors(room, limit).await.expect("the store reads");
        let first = all.iter().take(limit as usize);
        let names: Vec<&str> = seniors.iter().map(|member| member.user.as_str()).collect();
        assert_eq!(names, first.copied().collect::<Vec<_>>());
    }
    let zoe = chat.store().seniors(room, 2).await.expect("the store reads").pop();
    assert_eq!(zoe, chat.membership(room, "zoe").await);
    assert_eq!(chat.store().seniors(RoomId::generate(), 9).await.expect("the store reads"), []);
}
