//! Cases about public rooms: found by everybody, and joined without an invitation.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{PAGES, notice, user};
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{About, Role, RoomKind, SystemKind, Visibility};
use crate::store::{Admission, Op, RoomItem, Update, What};

impl Fixture {
    fn public_item(&self, people: &[&str]) -> RoomItem {
        let mut create = self.create_item(RoomKind::Group, people);
        if let Op::Create { about, .. } = &mut create.op {
            *about = About { visibility: Visibility::Public, ..About::default() };
        }
        create
    }

    async fn public(&self, people: &[&str]) -> RoomId {
        let create = self.public_item(people);
        let room = create.room;
        self.run(create).await;
        room
    }

    fn enter_item(&self, room: RoomId, who: &str, max_members: u32) -> RoomItem {
        let (notice, admission) = (notice(SystemKind::Joined, who), Admission::Unasked);
        let op = Op::Enter { notice, max_members, by_invite: None, admission };
        self.item(room, Some(who), op)
    }

    fn show_item(&self, room: RoomId, by: Option<&str>, visibility: Visibility) -> RoomItem {
        let update = Update { visibility: Some(visibility), ..Update::default() };
        self.item(room, by, Op::Update(Box::new(update)))
    }

    /// All public rooms, in pages of so many.
    async fn found(&self, limit: u32) -> Vec<RoomId> {
        let (mut all, mut before) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = self.store().public_rooms(before, limit).await.expect("the store reads");
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { return all };
            before = Some(last.id);
            all.extend(page.into_iter().map(|room| room.id));
        }
        panic!("the pages have no end");
    }
}

pub async fn public_rooms_come_newest_first_and_no_other_does(chat: Fixture) {
    let mut items: Vec<RoomItem> = (0..23).map(|_| chat.public_item(&["ana"])).collect();
    // Not made in the order of their ids.
    for (index, item) in items.iter_mut().enumerate() {
        let mut id = [0; 16];
        (id[0], id[15]) = ((index as u8).wrapping_mul(101), index as u8);
        item.room = RoomId::from_bytes(id);
    }
    let mut rooms: Vec<RoomId> = items.iter().map(|item| item.room).collect();
    chat.done(items).await;
    chat.group(&["ana"]).await;
    chat.direct("ana", "ben").await;
    let (closed, hidden) = (rooms.remove(3), rooms.remove(9));
    chat.run(chat.close_item(closed, Some("ana"))).await;
    chat.run(chat.show_item(hidden, Some("ana"), Visibility::Private)).await;
    rooms.sort();
    rooms.reverse();
    for limit in [1, 4, 100] {
        assert_eq!(chat.found(limit).await, rooms, "in pages of {limit}");
    }
    let whole = chat.store().public_rooms(None, 1).await.unwrap();
    assert_eq!(whole, [chat.room(rooms[0]).await]);
    chat.run(chat.item(closed, None, Op::Reopen { kind: RoomKind::Group })).await;
    assert!(chat.found(100).await.contains(&closed), "it is public again");
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.found(100).await.len(), 22);
}

pub async fn whoever_likes_comes_into_a_public_room(chat: Fixture) {
    let room = chat.public(&["ana"]).await;
    chat.send(room, "ana", "hi").await;
    let outcome = chat.run(chat.enter_item(room, "ben", 3)).await;
    let [joined, message] = &outcome.changes[..] else { panic!("two changes: {outcome:?}") };
    assert!(matches!(&joined.what, What::Joined(room, who) if room.members == 2 && who.user == user("ben")));
    assert!(matches!(message.what, What::Message(_)));
    let ben = chat.member(room, "ben").await;
    assert_eq!((ben.role, ben.active, ben.joined_seq), (Role::Member, true, 1));
    let (before, position) = (chat.room(room).await, chat.position().await);
    assert!(chat.run(chat.enter_item(room, "ben", 3)).await.changes.is_empty(), "once more is no change");
    assert_eq!((chat.room(room).await, chat.position().await), (before, position));
    chat.run(chat.enter_item(room, "cho", 3)).await;
    assert_eq!(chat.refused(chat.enter_item(room, "dee", 3)).await, ErrorKind::RoomFull(3));
    chat.run(chat.leave_item(room, "ben")).await;
    chat.run(chat.enter_item(room, "ben", 3)).await;
    assert_eq!(chat.active(room).await, ["ana", "ben", "cho"]);
    chat.run(chat.close_item(room, Some("ana"))).await;
    let kind = chat.refused(chat.enter_item(room, "dee", 9)).await;
    assert_eq!(kind, ErrorKind::RoomClosed(room));
    let unknown = RoomId::generate();
    assert_eq!(chat.refused(chat.enter_item(unknown, "dee", 9)).await, ErrorKind::RoomNotFound(unknown));
}

pub async fn nobody_comes_into_a_private_room_by_themselves(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let kind = chat.refused(chat.enter_item(room, "cho", 9)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room));
    assert!(chat.run(chat.enter_item(room, "ben", 9)).await.changes.is_empty());
    chat.run(chat.leave_item(room, "ben")).await;
    let kind = chat.refused(chat.enter_item(room, "ben", 9)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room));
    let direct = chat.direct("ana", "ben").await;
    assert_eq!(chat.refused(chat.enter_item(direct, "cho", 9)).await, ErrorKind::NotAParticipant(direct));
}

pub async fn the_owner_makes_a_room_public_and_private(chat: Fixture) {
    use Visibility::{Private, Public};
    let room = chat.group(&["ana", "ben"]).await;
    chat.run(chat.item(room, None, Op::SetRole { about: super::kit::profile("ben"), role: Role::Admin }))
        .await;
    let kind = chat.refused(chat.show_item(room, Some("ben"), Public)).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    let outcome = chat.run(chat.show_item(room, Some("ana"), Public)).await;
    assert!(matches!(&outcome.changes[..], [only] if matches!(&only.what, What::Changed(_))), "{outcome:?}");
    assert_eq!(chat.found(10).await, [room]);
    // Decided in the commit: what comes behind it finds the room as it is then.
    let private = chat.show_item(room, None, Private);
    let outcomes =
        chat.commit(vec![chat.enter_item(room, "cho", 9), private, chat.enter_item(room, "dee", 9)]).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_ok());
    assert_eq!(*outcomes[2].as_ref().unwrap_err().kind(), ErrorKind::NotAParticipant(room));
    assert!(chat.found(10).await.is_empty());
    let direct = chat.direct("ana", "ben").await;
    for by in [Some("ana"), None] {
        let kind = chat.refused(chat.show_item(direct, by, Public)).await;
        assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    }
}
