//! Cases about what is said of a room, and about opening it again.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{named, user};
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{About, Custom, Role, RoomKind};
use crate::store::{Answer, Op, RoomItem, Update, What};

fn custom(object: &str) -> Custom {
    object.parse().unwrap()
}

impl Fixture {
    fn update_item(&self, room: RoomId, by: Option<&str>, update: Update) -> RoomItem {
        self.item(room, by, Op::Update(Box::new(update)))
    }

    fn reopen_item(&self, room: RoomId, by: Option<&str>, kind: RoomKind) -> RoomItem {
        self.item(room, by, Op::Reopen { kind })
    }
}

pub async fn a_room_is_made_with_what_is_said_of_it(chat: Fixture) {
    let mut create = chat.create_item(RoomKind::Group, &["ana"]);
    let said = About {
        topic: named("달리기\nTuesdays 🏃"),
        picture: named("https://example.org/a.png?x=1"),
        custom: custom("{\"week\":4,\"한강\":[\"🏃\",null,{}]}"),
        ..About::default()
    };
    if let Op::Create { about, .. } = &mut create.op {
        *about = said.clone();
    }
    let room = create.room;
    let outcome = chat.run(create).await;
    assert!(matches!(&outcome.changes[0].what, What::Created(room, _) if room.about == said));
    assert_eq!(chat.room(room).await.about, said);
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.room(room).await.about, said);
}

pub async fn what_is_said_of_a_room_is_changed_without_words(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let topic = |topic: &str| Update { topic: Some(named(topic)), ..Update::default() };
    let kind = chat.refused(chat.update_item(room, Some("ben"), topic("mine"))).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    let picture = Update { picture: Some(named("https://a/b")), ..topic("ours") };
    let outcome = chat.run(chat.update_item(room, Some("ana"), picture)).await;
    let [changed, noted] = &outcome.changes[..] else { panic!("two acts: {outcome:?}") };
    let stored = chat.room(room).await;
    let then = crate::model::Room { last_pos: changed.pos.at, ..stored.clone() };
    assert!(matches!(&changed.what, What::Changed(told) if **told == then));
    assert!(matches!(&noted.what, What::Untold(untold) if *untold == room));
    assert_eq!((stored.changed_pos, stored.last_pos, stored.seq), (changed.pos.at, noted.pos.at, 0));
    assert_eq!(
        stored.about,
        About { topic: named("ours"), picture: named("https://a/b"), ..About::default() }
    );

    let kept = || Update { custom: Some(custom("{\"week\":4}")), ..Update::default() };
    let kind = chat.refused(chat.update_item(room, Some("ben"), kept())).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    chat.run(chat.update_item(room, Some("ana"), kept())).await;
    assert_eq!(chat.room(room).await.about.custom, custom("{\"week\":4}"));
    chat.run(chat.update_item(
        room,
        Some("ana"),
        Update { custom: Some(Custom::default()), ..Update::default() },
    ))
    .await;
    assert!(chat.room(room).await.about.custom.is_empty());

    let gone = Update { topic: Some(None), ..Update::default() };
    chat.run(chat.update_item(room, None, gone.clone())).await;
    let left = About { picture: named("https://a/b"), ..About::default() };
    assert_eq!(chat.room(room).await.about, left, "what is not named stays");
    let (before, position) = (chat.room(room).await, chat.position().await);
    assert!(chat.run(chat.update_item(room, Some("ana"), gone)).await.changes.is_empty());
    assert_eq!((chat.room(room).await, chat.position().await), (before, position));
    let direct = chat.direct("ana", "ben").await;
    let kind = chat.refused(chat.update_item(direct, Some("ana"), topic("ours"))).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    chat.run(chat.close_item(room, None)).await;
    let kind = chat.refused(chat.update_item(room, Some("ana"), topic("late"))).await;
    assert_eq!(kind, ErrorKind::RoomClosed(room));
}

pub async fn a_closed_room_is_opened_again_by_who_may_close_it(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let open = |by| chat.reopen_item(room, by, RoomKind::Group);
    chat.run(chat.close_item(room, Some("ana"))).await;
    let kind = chat.refused(open(Some("ben"))).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    let outcome = chat.run(open(Some("ana"))).await;
    let [opened] = &outcome.changes[..] else { panic!("one change: {outcome:?}") };
    assert!(matches!(&opened.what, What::Changed(told) if told.active));
    let stored = chat.room(room).await;
    assert_eq!((stored.active, stored.changed_pos), (true, opened.pos.at));
    assert!(chat.run(open(Some("ana"))).await.changes.is_empty(), "opening twice is opening once");
    chat.send(room, "ben", "here we are").await;

    // The owner of a closed room may have changed, and it can be empty.
    chat.run(chat.close_item(room, None)).await;
    chat.run(chat.leave_item(room, "ana")).await;
    chat.run(open(Some("ben"))).await;
    assert_eq!(chat.member(room, "ben").await.role, Role::Owner);
    chat.run(chat.leave_item(room, "ben")).await;
    let kind = chat.refused(open(None)).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "nobody is in it: {kind:?}");
}

pub async fn an_opened_room_takes_its_key_or_says_who_has_it(chat: Fixture) {
    let first = chat.challenge_item("c1", &["ana"]);
    let room = first.room;
    chat.run(first).await;
    let kind = RoomKind::Challenge("c1".parse().expect("a challenge"));
    let open = |room| chat.reopen_item(room, Some("ana"), kind.clone());
    chat.done(vec![chat.close_item(room, Some("ana")), open(room)]).await;
    let taken = chat.refused(chat.challenge_item("c1", &["ben"])).await;
    assert_eq!(taken, ErrorKind::ChallengeRoomExists(room), "closed and opened within a batch");
    chat.done(vec![chat.close_item(room, Some("ana")), open(room), chat.close_item(room, Some("ana"))]).await;
    let second = chat.challenge_item("c1", &["ana"]);
    let other = second.room;
    chat.run(second).await;
    assert_eq!(chat.refused(open(room)).await, ErrorKind::ChallengeRoomExists(other));
    assert!(!chat.room(room).await.active);
    chat.run(chat.close_item(other, Some("ana"))).await;
    chat.run(open(room)).await;
    let taken = chat.refused(open(other)).await;
    assert_eq!(taken, ErrorKind::ChallengeRoomExists(room));
}

pub async fn a_direct_room_is_opened_again_by_the_host_while_both_are_in_it(chat: Fixture) {
    let room = chat.direct("ana", "ben").await;
    let open = |by| chat.reopen_item(room, by, RoomKind::direct(user("ana"), user("ben")));
    chat.run(chat.close_item(room, None)).await;
    let kind = chat.refused(open(Some("ana"))).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    chat.run(open(None)).await;
    let standing = chat.run(chat.direct_item("ben", "ana")).await;
    assert!(matches!(standing.answer, Answer::Standing(found) if found == room));
    chat.run(chat.close_item(room, None)).await;
    let other = chat.direct("ana", "ben").await;
    let kind = chat.refused(open(None)).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "they have another one: {kind:?}");
    chat.run(chat.leave_item(other, "ana")).await;
    chat.run(chat.leave_item(room, "ana")).await;
    let kind = chat.refused(open(None)).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "one has left: {kind:?}");
}
