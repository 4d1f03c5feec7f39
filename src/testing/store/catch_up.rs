//! Cases about what changed since a position.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{NO_BOUND, PAGES, assert_distinct, user};
use crate::id::RoomId;
use crate::model::{Mark, Member, Pos, Position, Profile, RoomKind};
use crate::store::RoomItem;

async fn changed(chat: &Fixture, who: &str, since: &Position) -> Vec<RoomId> {
    let rooms = chat.store().changed_rooms(&user(who), since, None, 100).await.expect("the store reads");
    for (room, member) in &rooms {
        assert_eq!((member.room, &member.user), (room.id, &user(who)));
    }
    rooms.into_iter().map(|(room, _)| room.id).collect()
}

pub async fn each_kind_of_change_shows_in_its_room_alone(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let quiet = chat.group(&["ana", "ben", "cho"]).await;
    // (what, new messages, changed memberships, moved marks)
    let steps: [(RoomItem, usize, &[&str], &[&str]); 7] = [
        (chat.send_item(room, "ana", "hi"), 1, &[], &[]),
        (chat.rename_item(room, Some("ana"), "ana", "Runners"), 1, &[], &[]),
        (chat.join_item(room, Some("ana"), &["dan", "eve"], 10), 2, &["dan", "eve"], &["dan", "eve"]),
        (chat.remove_item(room, Some("ana"), "dan"), 1, &["dan"], &[]),
        (chat.leave_item(room, "cho"), 1, &["cho"], &[]),
        (chat.mark_item(room, "ben", Mark::Read, None), 0, &[], &["ben"]),
        (chat.close_item(room, Some("ana")), 0, &[], &[]),
    ];
    for (item, messages, members, marks) in steps {
        // Something elsewhere, so that what happened before stands below the position.
        chat.send(chat.group_of_stranger(room).await, "zoe", "hi").await;
        let since = chat.position().await;
        assert!(changed(&chat, "ana", &since).await.is_empty());
        let what = format!("{item:?}");
        chat.run(item).await;
        let (after, until) = (since.of_room(room), chat.position().await.of_room(room));
        for who in ["ana", "ben", "cho"] {
            assert_eq!(changed(&chat, who, &since).await, [room], "{what}");
        }
        let new = chat.store().messages_since(room, after, until, 100).await.unwrap();
        assert_eq!(new.len(), messages, "{what}");
        assert_eq!(new, chat.history(room).await.split_off(chat.room(room).await.seq as usize - messages));
        let moved = chat.store().members_since(room, after, until, 100).await.unwrap();
        assert_eq!(
            moved.iter().map(|(member, _)| member.user.as_str()).collect::<Vec<_>>(),
            members,
            "{what}"
        );
        let moved = chat.store().marks_since(room, after, None, 100).await.unwrap();
        assert_eq!(moved.iter().map(|member| member.user.as_str()).collect::<Vec<_>>(), marks, "{what}");
        assert!(chat.store().messages_since(quiet, after, until, 100).await.unwrap().is_empty());
        assert!(chat.store().members_since(quiet, after, until, 100).await.unwrap().is_empty());
    }
    let start = Position::start(chat.position().await.lanes());
    let mut all = changed(&chat, "ana", &start).await;
    let mut expected = [room, quiet];
    all.sort();
    expected.sort();
    assert_eq!(all, expected, "from the beginning, all of it");
    assert_eq!(changed(&chat, "dan", &start).await, [room], "who was taken out learns of it");
}

pub async fn changed_rooms_come_in_pages_with_past_ones(chat: Fixture) {
    let items: Vec<_> = (0..25).map(|_| chat.create_item(RoomKind::Group, &["ana", "ben"])).collect();
    let mut rooms: Vec<RoomId> = items.iter().map(|item| item.room).collect();
    rooms.sort();
    chat.done(items).await;
    chat.send(chat.group_of_stranger(rooms[0]).await, "zoe", "hi").await;
    let since = chat.position().await;
    let (touched, quiet) = rooms.split_at(17);
    chat.done(touched.iter().map(|room| chat.send_item(*room, "ben", "hi")).collect()).await;
    chat.done(touched[..5].iter().map(|room| chat.leave_item(*room, "ana")).collect()).await;
    chat.done(touched[5..8].iter().map(|room| chat.close_item(*room, Some("ana"))).collect()).await;
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..PAGES {
        let page = chat.store().changed_rooms(&user("ana"), &since, after, 5).await.unwrap();
        assert!(page.len() <= 5);
        let Some((last, _)) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.into_iter().map(|(room, member)| (room.id, room.active, member.active)));
    }
    let expected = |(index, room): (usize, &RoomId)| (*room, !(5..8).contains(&index), index >= 5);
    assert_eq!(seen, touched.iter().enumerate().map(expected).collect::<Vec<_>>());
    assert!(!quiet.iter().any(|room| seen.iter().any(|(seen, ..)| seen == room)));
    // What changed after somebody left is theirs to ask for too; the engine tells them no more than that
    // they left.
    let since = chat.position().await;
    chat.send(touched[0], "ben", "without ana").await;
    assert_eq!(changed(&chat, "ana", &since).await, [touched[0]]);
}

pub async fn a_mark_at_the_position_is_told_again(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send(room, "ana", "hi").await;
    chat.mark(room, "ben", Mark::Delivered, None).await;
    // The mark took no position: whoever stands here may have seen it or not.
    let here = chat.position().await;
    assert_eq!(changed(&chat, "ana", &here).await, [room]);
    let marks = chat.store().marks_since(room, here.of_room(room), None, 10).await.unwrap();
    assert_eq!(marks, [chat.member(room, "ben").await]);
    chat.send(room, "ana", "ho").await;
    let here = chat.position().await;
    assert!(changed(&chat, "ana", &here).await.is_empty());
    assert!(chat.store().marks_since(room, here.of_room(room), None, 10).await.unwrap().is_empty());
}

async fn moved(chat: &Fixture, people: &[&str], since: &Position) -> Vec<(String, RoomId)> {
    let people: Vec<_> = people.iter().map(|who| user(who)).collect();
    let moved = chat.store().stays_since(&people, since).await.expect("the store reads");
    let mut moved: Vec<_> = moved.into_iter().map(|(user, room)| (user.to_string(), room)).collect();
    moved.sort();
    moved
}

pub async fn a_membership_is_told_whose_stay_began_or_ended_since(chat: Fixture) {
    let room = chat.group(&["ana", "left", "back", "gone"]).await;
    chat.run(chat.leave_item(room, "gone")).await;
    let since = chat.position().await;
    chat.run(chat.join_item(room, Some("ana"), &["new", "brief"], 10)).await;
    for who in ["left", "back", "brief"] {
        chat.run(chat.leave_item(room, who)).await;
    }
    let parted = chat.position().await;
    chat.run(chat.join_item(room, Some("ana"), &["back", "gone"], 10)).await;
    chat.mark(room, "ana", Mark::Read, None).await;
    let closed = chat.group(&["ana", "eve"]).await;
    chat.run(chat.close_item(closed, Some("ana"))).await;

    let all = ["ana", "left", "back", "gone", "new", "brief", "eve", "nobody"];
    let told = |people: &[(&str, RoomId)]| -> Vec<(String, RoomId)> {
        people.iter().map(|(who, room)| ((*who).to_owned(), *room)).collect()
    };
    let expected = [
        ("ana", closed),
        ("back", room),
        ("brief", room),
        ("eve", closed),
        ("gone", room),
        ("left", room),
        ("new", room),
    ];
    assert_eq!(moved(&chat, &all, &since).await, told(&expected));
    let doubled = [all, all].concat();
    assert_eq!(moved(&chat, &doubled, &since).await, told(&expected), "each once");
    let expected = told(&[("left", room), ("new", room)]);
    assert_eq!(moved(&chat, &["new", "left"], &since).await, expected, "of these alone");
    assert_eq!(moved(&chat, &["back", "new"], &parted).await, told(&[("back", room)]), "of the new stay");
    assert!(moved(&chat, &[], &since).await.is_empty());
    assert!(moved(&chat, &["nobody"], &since).await.is_empty());
    assert!(moved(&chat, &["left", "brief"], &parted).await.is_empty(), "they left before");
    assert!(moved(&chat, &all, &chat.position().await).await.is_empty());

    // As many as the engine asks for at once.
    let people: Vec<String> = (0..500).map(|n| format!("user{n}")).collect();
    let names: Vec<&str> = people.iter().map(String::as_str).collect();
    let since = chat.position().await;
    chat.run(chat.join_item(room, None, &names, NO_BOUND)).await;
    let mut expected: Vec<_> = people.iter().map(|who| (who.clone(), room)).collect();
    expected.sort();
    assert_eq!(moved(&chat, &names, &since).await, expected);
}

pub async fn when_a_membership_changed_is_compared_in_the_lane_of_its_room(chat: Fixture) {
    let lanes = u8::try_from(chat.position().await.lanes()).unwrap();
    // Each lane has come further than the one before it, so that the number of no other one will do.
    let mut rooms = Vec::new();
    for lane in 0..lanes {
        let busy = chat.group_in(lane, &["zoe"]).await;
        chat.send_many(busy, "zoe", 10 * usize::from(lane)).await;
        rooms.push(chat.group_in(lane, &["ana", "zoe"]).await);
    }
    let since = chat.position().await;
    for room in &rooms {
        assert_eq!(chat.member(*room, "ana").await.joined_pos, since.of_room(*room));
    }
    assert!(moved(&chat, &["ana", "ben"], &since).await.is_empty(), "what began there is not after it");

    let mut before = Position::start(usize::from(lanes));
    for pos in since.iter() {
        before.advance(Pos { at: pos.at - 1, ..pos });
    }
    let in_all = |who: &str| {
        let mut all: Vec<_> = rooms.iter().map(|room| (who.to_owned(), *room)).collect();
        all.sort();
        all
    };
    assert_eq!(moved(&chat, &["ana", "ben"], &before).await, in_all("ana"));

    for room in &rooms {
        chat.run(chat.join_item(*room, Some("ana"), &["ben"], 10)).await;
    }
    assert_eq!(moved(&chat, &["ana", "ben"], &since).await, in_all("ben"));
    let both = [in_all("ana"), in_all("ben")].concat();
    assert_eq!(moved(&chat, &["ben", "ana"], &before).await, both, "of several users in several rooms");
}

pub async fn new_messages_come_in_pages(chat: Fixture) {
    let (room, other) = (chat.group(&["ana"]).await, chat.group(&["ana"]).await);
    for _ in 0..20 {
        chat.done(vec![chat.send_item(room, "ana", "hi"), chat.send_item(other, "ana", "ho")]).await;
    }
    let history = chat.history(room).await;
    let (from, until) = (history[3].pos, history[17].pos);
    let (mut seen, mut after) = (Vec::new(), from);
    for _ in 0..PAGES {
        let page = chat.store().messages_since(room, after, until, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 4);
        after = last.pos;
        seen.extend(page);
    }
    assert_eq!(seen, history[4..=17]);
    assert!(chat.store().messages_since(room, until, from, 4).await.unwrap().is_empty());
    assert!(chat.store().messages_since(room, u64::MAX, u64::MAX, 4).await.unwrap().is_empty());
    assert_eq!(chat.store().messages_since(room, 0, u64::MAX, 100).await.unwrap(), history);
}

pub async fn changed_memberships_come_oldest_first(chat: Fixture) {
    let room = chat.group(&["ana", "zoe"]).await;
    chat.put_profile("ben", "벤", None).await;
    let start = chat.position().await.of_room(room);
    chat.run(chat.join_item(room, Some("ana"), &["eve", "dan", "cho", "ben"], 10)).await;
    chat.run(chat.leave_item(room, "dan")).await;
    chat.run(chat.leave_item(room, "zoe")).await;
    chat.run(chat.join_item(room, Some("ana"), &["zoe"], 10)).await;
    let until = chat.position().await.of_room(room);
    chat.run(chat.leave_item(room, "cho")).await;
    let (mut seen, mut after) = (Vec::new(), start);
    for _ in 0..PAGES {
        let page = chat.store().members_since(room, after, until, 2).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        assert!(page.len() <= 2);
        after = last.changed_pos;
        seen.extend(page.into_iter().map(|(member, who)| (who.nickname.to_string(), member.active)));
    }
    let expected = [("eve", true), ("벤", true), ("dan", false), ("zoe", true)];
    assert_eq!(seen, expected.map(|(who, active)| (who.to_owned(), active)), "each in its state of now");
    let cho = chat.member(room, "cho").await;
    let at = cho.changed_pos;
    let last = chat.store().members_since(room, at - 1, at, 10).await.unwrap();
    assert_eq!(last, [(cho, Profile::unknown(user("cho")))], "up to a position is with it");
    assert!(
        chat.store().members_since(room, at, at + 10, 10).await.unwrap().is_empty(),
        "after it is without"
    );
    assert!(chat.store().members_since(room, at, at - 1, 10).await.unwrap().is_empty());
}

pub async fn moved_marks_come_in_pages_by_user(chat: Fixture) {
    marks_in_pages(&chat, 40).await;
}

pub async fn a_great_many_moved_marks_come_in_pages_by_user(chat: Fixture) {
    marks_in_pages(&chat, 1500).await;
}

async fn marks_in_pages(chat: &Fixture, count: usize) {
    let room = chat.group(&["ana"]).await;
    let people: Vec<String> = (0..count).map(|n| format!("user{n}")).collect();
    let names: Vec<&str> = people.iter().map(String::as_str).collect();
    chat.run(chat.join_item(room, None, &names, NO_BOUND)).await;
    chat.send(room, "ana", "hi").await;
    let since = chat.position().await.of_room(room);
    let (moving, still) = names.split_at(count * 9 / 10);
    chat.done(moving.iter().map(|who| chat.mark_item(room, who, Mark::Read, None)).collect()).await;
    chat.run(chat.leave_item(room, moving[0])).await;

    let page = (count as u32).div_ceil(4);
    let (mut seen, mut after): (Vec<Member>, _) = (Vec::new(), None);
    for _ in 0..PAGES {
        let marks = chat.store().marks_since(room, since, after.as_ref(), page).await.unwrap();
        assert!(marks.len() <= page as usize);
        let Some(last) = marks.last() else { break };
        after = Some(last.user.clone());
        seen.extend(marks);
    }
    let mut expected: Vec<&str> = moving[1..].to_vec();
    expected.sort_unstable();
    let users: Vec<&str> = seen.iter().map(|member| member.user.as_str()).collect();
    assert_eq!(users, expected, "without whoever left, and without {}", still[0]);
    assert!(seen.iter().all(|member| member.active && member.marks_pos == since));
    assert_distinct(&users);
}

impl Fixture {
    /// A room of somebody else in the same lane.
    async fn group_of_stranger(&self, room: RoomId) -> RoomId {
        let lane = self.position().await.lane_of(room);
        self.group_in(lane, &["zoe"]).await
    }

    async fn group_in(&self, lane: u8, people: &[&str]) -> RoomId {
        let lanes = self.position().await;
        let is_there = |item: &RoomItem| lanes.lane_of(item.room) == lane;
        let item = std::iter::repeat_with(|| self.create_item(RoomKind::Group, people)).find(is_there);
        let item = item.expect("ids are random");
        let id = item.room;
        self.run(item).await;
        id
    }
}
