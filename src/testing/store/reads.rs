//! Cases about what lists and entries show.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{assert_distinct, sent, user};
use crate::clock::Timestamp;
use crate::id::RoomId;
use crate::model::{Profile, RoomKind};
use crate::store::{Batch, RoomEntry};

async fn rooms_of(chat: &Fixture, who: &str, skip: u64, limit: u32) -> (Vec<RoomId>, u64) {
    let (entries, total) = chat.store().rooms_of(&user(who), skip, limit, 10).await.expect("the store reads");
    (entries.into_iter().map(|entry| entry.room.id).collect(), total)
}

async fn seen(chat: &Fixture, room: RoomId, who: &str, at: i64) -> Option<i64> {
    let batch = Batch { last_seen: vec![(user(who), Timestamp::from_millis(at))], ..Batch::default() };
    chat.store().commit(batch).await.expect("the store commits");
    let members = chat.store().members(room, None, 10).await.expect("the store reads");
    let member = members.into_iter().find(|entry| entry.member.user == user(who));
    member.and_then(|entry| entry.last_seen).map(Timestamp::as_millis)
}

pub async fn rooms_are_found_by_their_ids(chat: Fixture) {
    let direct = chat.direct("ana", "ben").await;
    let (closed, left) = (chat.group(&["ana"]).await, chat.group(&["ana", "ben"]).await);
    chat.run(chat.close_item(closed, Some("ana"))).await;
    chat.run(chat.leave_item(left, "ana")).await;
    chat.send(direct, "ben", "hi").await;
    let found = async |ids: &[RoomId]| {
        let mut rooms = chat.store().rooms(ids).await.expect("the store reads");
        rooms.sort_by_key(|room| room.id);
        rooms
    };
    let mut expected = [chat.room(direct).await, chat.room(closed).await, chat.room(left).await];
    expected.sort_by_key(|room| room.id);
    assert_eq!(found(&[direct, closed, left]).await, expected, "as they are now, whoever is in them");
    assert_eq!(found(&[left]).await, [chat.room(left).await], "and no other");
    assert!(found(&[]).await.is_empty());
    assert!(found(&[RoomId::generate(), RoomId::generate()]).await.is_empty());
    let many = [left, RoomId::generate(), direct, left, closed, direct, left];
    assert_eq!(found(&many).await, expected, "each once, beside one that is not there");

    let items: Vec<_> = (0..500).map(|_| chat.create_item(RoomKind::Group, &["ana"])).collect();
    let mut ids: Vec<RoomId> = items.iter().map(|item| item.room).collect();
    chat.done(items).await;
    let all: Vec<RoomId> = found(&ids).await.iter().map(|room| room.id).collect();
    ids.sort();
    assert_eq!(all, ids, "as many as the engine asks for at once");
}

pub async fn rooms_come_by_activity(chat: Fixture) {
    let (one, two, three) =
        (chat.group(&["ana"]).await, chat.group(&["ana", "ben"]).await, chat.group(&["ana"]).await);
    chat.group(&["ben"]).await;
    assert_eq!(rooms_of(&chat, "ana", 0, 10).await, (vec![three, two, one], 3), "the newest first");
    chat.send(one, "ana", "hi").await;
    assert_eq!(rooms_of(&chat, "ana", 0, 10).await, (vec![one, three, two], 3));
    chat.run(chat.rename_item(two, Some("ana"), "ana", "Runners")).await;
    assert_eq!(rooms_of(&chat, "ana", 0, 10).await, (vec![two, one, three], 3), "any message is activity");
    chat.run(chat.leave_item(three, "ana")).await;
    assert_eq!(rooms_of(&chat, "ana", 0, 10).await, (vec![two, one], 2), "rooms that were left are gone");
    chat.run(chat.close_item(two, Some("ana"))).await;
    assert_eq!(rooms_of(&chat, "ana", 0, 10).await, (vec![two, one], 2), "closed ones are not");
}

pub async fn rooms_of_the_same_moment_come_by_id(chat: Fixture) {
    let mut items: Vec<_> = (0..10).map(|_| chat.create_item(RoomKind::Group, &["ana"])).collect();
    for (index, item) in items.iter_mut().enumerate() {
        let mut id = [0; 16];
        (id[0], id[15]) = ((index as u8).wrapping_mul(77), 1);
        (item.room, item.at) = (RoomId::from_bytes(id), Timestamp::from_millis(5));
    }
    let mut rooms: Vec<RoomId> = items.iter().map(|item| item.room).collect();
    chat.done(items).await;
    rooms.sort();
    rooms.reverse();
    assert_eq!(rooms_of(&chat, "ana", 0, 10).await.0, rooms);
    assert_eq!(rooms_of(&chat, "ana", 4, 3).await.0, rooms[4..7]);
}

pub async fn pages_of_rooms_lose_and_repeat_none(chat: Fixture) {
    let mut items: Vec<_> = (0..105).map(|_| chat.create_item(RoomKind::Group, &["ana", "ben"])).collect();
    // Seven rooms share each moment.
    for (index, item) in items.iter_mut().enumerate() {
        item.at = Timestamp::from_millis(1000 + (index as i64 * 31 % 105) / 7);
    }
    chat.done(items).await;
    for limit in [1, 7, 20, 100] {
        let mut all: Vec<(Timestamp, RoomId)> = Vec::new();
        loop {
            let skip = all.len() as u64;
            let (page, total) = chat.store().rooms_of(&user("ana"), skip, limit, 0).await.unwrap();
            assert_eq!(total, 105);
            assert_eq!(page.len() as u64, u64::from(limit).min(105 - skip));
            if page.is_empty() {
                break;
            }
            all.extend(page.iter().map(|entry| (entry.room.activity_at(), entry.room.id)));
        }
        assert_distinct(&all);
        assert!(all.is_sorted_by(|one, next| one > next), "newest first, then by id");
    }
    assert_eq!(rooms_of(&chat, "ana", 1000, 10).await, (vec![], 105));
    assert_eq!(rooms_of(&chat, "ana", u64::MAX, 10).await, (vec![], 105));
}

pub async fn an_entry_shows_the_newest_message_and_the_first_people(chat: Fixture) {
    let room = chat.group(&["dan", "ana", "cho", "ben"]).await;
    chat.put_profile("ben", "벤", None).await;
    let ana = user("ana");
    let entry = |listed| chat.store().room_entry(room, &ana, listed);
    let fresh = entry(2).await.unwrap().unwrap();
    assert_eq!(fresh.last_message, None);
    assert_eq!((fresh.room, fresh.member), (chat.room(room).await, chat.member(room, "ana").await));
    let names = |entry: &RoomEntry| -> Vec<String> {
        entry.participants.iter().map(|profile| profile.nickname.to_string()).collect()
    };
    assert_eq!(names(&entry(2).await.unwrap().unwrap()), ["ana", "벤"]);
    assert_eq!(names(&entry(100).await.unwrap().unwrap()), ["ana", "벤", "cho", "dan"]);
    assert!(names(&entry(0).await.unwrap().unwrap()).is_empty());

    chat.send(room, "ana", "hi").await;
    let last = chat.send(room, "ben", "ho").await;
    let shown = entry(3).await.unwrap().unwrap();
    let message = shown.last_message.clone().unwrap();
    assert_eq!((message.id, &*message.sender.nickname), (last.id, "벤"));
    let (listed, _) = chat.store().rooms_of(&user("ana"), 0, 10, 3).await.unwrap();
    assert_eq!(listed, [shown], "the list shows the same");
    chat.run(chat.leave_item(room, "cho")).await;
    assert_eq!(names(&entry(3).await.unwrap().unwrap()), ["ana", "벤", "dan"]);
}

pub async fn a_direct_entry_shows_both_also_when_one_has_left(chat: Fixture) {
    let room = chat.direct("ben", "ana").await;
    chat.put_profile("ben", "벤", Some("https://a/b.png")).await;
    chat.run(chat.leave_item(room, "ben")).await;
    for listed in [0, 1, 10] {
        let entry = chat.store().room_entry(room, &user("ana"), listed).await.unwrap().unwrap();
        let both: Vec<_> = entry.participants.iter().map(|profile| &*profile.nickname).collect();
        assert_eq!(both, ["ana", "벤"]);
        assert_eq!(chat.store().rooms_of(&user("ana"), 0, 10, listed).await.unwrap().0, [entry]);
    }
}

pub async fn an_entry_is_for_active_members(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.run(chat.leave_item(room, "ben")).await;
    for who in ["ben", "eve"] {
        assert_eq!(chat.store().room_entry(room, &user(who), 10).await.unwrap(), None);
    }
    assert!(chat.store().room_entry(room, &user("ana"), 10).await.unwrap().is_some());
}

pub async fn a_profile_shows_in_old_messages(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await);
    for (nickname, image) in
        [("Ana", Some("https://a/1.png")), ("아나", None), ("Ana 🏃", Some("https://a/2.png"))]
    {
        chat.put_profile("ana", nickname, image).await;
        let shown = Profile { user: user("ana"), nickname: nickname.into(), image: image.map(Into::into) };
        assert_eq!(chat.history(room).await[0].sender, shown);
        let found = chat.store().message(room, first.id).await.unwrap().unwrap();
        assert_eq!(found.sender, shown);
        let again = sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await);
        assert_eq!(*again, found, "to a retry too");
        let since = chat.store().messages_since(room, 0, u64::MAX, 10).await.unwrap();
        assert_eq!(since, [found]);
        let members = chat.store().members(room, None, 1).await.unwrap();
        assert_eq!(members[0].profile, shown);
        assert_eq!(chat.store().profiles(&[user("ben"), user("ana")]).await.unwrap(), [shown]);
    }
}

pub async fn a_user_without_a_profile_shows_by_id(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    chat.send(room, "ana", "hi").await;
    let unknown = Profile::unknown(user("ana"));
    assert_eq!(chat.history(room).await[0].sender, unknown);
    assert_eq!(chat.store().members(room, None, 1).await.unwrap()[0].profile, unknown);
    assert!(chat.store().profiles(&[user("ana")]).await.unwrap().is_empty());
}

pub async fn the_last_of_two_profiles_holds(chat: Fixture) {
    let profile = |nickname: &str| Profile { user: user("ana"), nickname: nickname.into(), image: None };
    let batch = Batch { profiles: vec![profile("one"), profile("two")], ..Batch::default() };
    chat.store().commit(batch).await.unwrap();
    assert_eq!(chat.store().profiles(&[user("ana")]).await.unwrap(), [profile("two")]);
}

pub async fn last_seen_is_the_latest_time(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let ana = chat.store().members(room, None, 1).await.unwrap().remove(0);
    assert_eq!(ana.last_seen, None);
    assert_eq!(seen(&chat, room, "ana", 5000).await, Some(5000));
    assert_eq!(seen(&chat, room, "ana", 4000).await, Some(5000), "an older time changes nothing");
    assert_eq!(seen(&chat, room, "ana", 6000).await, Some(6000));
    chat.put_profile("ana", "Ana", None).await;
    assert_eq!(seen(&chat, room, "ana", 0).await, Some(6000), "a profile leaves it alone");
    chat.put_profile("ben", "Ben", None).await;
    assert_eq!(seen(&chat, room, "ben", 7000).await, Some(7000));
    let batch = |times: [i64; 2]| Batch {
        last_seen: times.map(|at| (user("ben"), Timestamp::from_millis(at))).into(),
        ..Batch::default()
    };
    chat.store().commit(batch([9000, 8000])).await.unwrap();
    assert_eq!(seen(&chat, room, "ben", 0).await, Some(9000));
}

pub async fn having_been_seen_makes_no_profile(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    chat.send(room, "ana", "hi").await;
    seen(&chat, room, "ana", 5000).await;
    assert!(chat.store().profiles(&[user("ana")]).await.unwrap().is_empty());
    assert_eq!(chat.history(room).await[0].sender, Profile::unknown(user("ana")));
    let entry = chat.store().room_entry(room, &user("ana"), 10).await.unwrap().unwrap();
    assert_eq!(entry.participants, [Profile::unknown(user("ana"))]);
    chat.put_profile("ana", "Ana", None).await;
    assert_eq!(chat.store().profiles(&[user("ana")]).await.unwrap().len(), 1);
    assert_eq!(seen(&chat, room, "ana", 1).await, Some(5000));
}

pub async fn the_latest_logout_is_kept_for_each_user(chat: Fixture) {
    let logged_out = async |who: &str| {
        let logouts = chat.store().logouts(&[user(who)]).await.unwrap();
        assert!(logouts.len() <= 1 && logouts.iter().all(|(found, _)| *found == user(who)), "{logouts:?}");
        logouts.first().map(|(_, at)| at.as_millis())
    };
    let commit = async |logouts: &[(&str, i64)]| {
        let logouts = logouts.iter().map(|(who, at)| (user(who), Timestamp::from_millis(*at)));
        let batch = Batch { logouts: logouts.collect(), ..Batch::default() };
        assert!(chat.store().commit(batch).await.unwrap().is_empty());
    };
    assert_eq!(logged_out("ana").await, None);
    commit(&[("ana", 5), ("ben", 7), ("ana", 9), ("ana", 6)]).await;
    assert_eq!((logged_out("ana").await, logged_out("ben").await), (Some(9), Some(7)));
    commit(&[("ana", 8), ("ben", 8)]).await;
    assert_eq!((logged_out("ana").await, logged_out("ben").await), (Some(9), Some(8)));
    assert_eq!(logged_out("cho").await, None);
    assert!(chat.store().profiles(&[user("ana")]).await.unwrap().is_empty(), "it makes no profile");
}

pub async fn logouts_are_told_of_those_who_ever_logged_out(chat: Fixture) {
    let at = Timestamp::from_millis;
    let logouts = vec![(user("ana"), at(5)), (user("ben"), at(7)), (user("zoe"), at(9))];
    chat.store().commit(Batch { logouts, ..Batch::default() }).await.unwrap();
    let room = chat.group(&["cho"]).await;
    chat.put_profile("cho", "Cho", None).await;
    seen(&chat, room, "cho", 5000).await;
    let logouts = async |people: &[&str]| {
        let people: Vec<_> = people.iter().map(|who| user(who)).collect();
        let mut logouts = chat.store().logouts(&people).await.expect("the store reads");
        logouts.sort();
        logouts
    };
    let expected = [(user("ana"), at(5)), (user("ben"), at(7))];
    assert_eq!(logouts(&["ben", "ana"]).await, expected);
    assert_eq!(logouts(&["ben", "ana", "ben", "eve", "cho", "ana"]).await, expected, "each once");
    assert!(logouts(&[]).await.is_empty());
    assert!(logouts(&["eve", "cho"]).await.is_empty(), "who is known for something else has none");
}
