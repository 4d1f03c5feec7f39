//! Cases about pinned messages.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::{PAGES, user};
use crate::error::{ErrorKind, LimitName};
use crate::id::RoomId;
use crate::model::{Amendment, Message, MessageState, Pin, Role};
use crate::store::{Amend, Answer, Batch, Op, Outcome, RelationOp, RoomItem, Update, What};

const MOST: u32 = 3;

impl Fixture {
    fn pin_item(&self, message: &Message, by: Option<&str>, on: bool) -> RoomItem {
        let change = Amend::Pin { on, max_pins: MOST };
        self.item(message.room, by, Op::Amend { message: message.id, change })
    }

    async fn pin(&self, message: &Message, by: &str) {
        self.run(self.pin_item(message, Some(by), true)).await;
    }

    /// The numbers of a room's pinned messages, in pages of so many.
    async fn pinned(&self, room: RoomId, limit: u32) -> Vec<u64> {
        let (mut before, mut all) = (None, Vec::new());
        for _ in 0..PAGES {
            let page = self.store().pinned(room, before, limit).await.expect("the store reads");
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { return all };
            before = last.pin_cursor();
            assert!(before.is_some(), "it is pinned");
            all.extend(page.iter().map(|message| message.seq));
        }
        panic!("the pages have no end");
    }
}

fn amended(outcome: &Outcome) -> Arc<Message> {
    let Answer::Amended(message) = &outcome.answer else { panic!("no message: {:?}", outcome.answer) };
    message.clone()
}

pub async fn a_pin_takes_a_position_and_says_whose_it_is(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let (message, _) = (chat.send(room, "ben", "rules").await, chat.send(room, "ben", "hi").await);
    let before = chat.room(room).await;
    let outcome = chat.run(chat.pin_item(&message, Some("ana"), true)).await;
    let [change] = &outcome.changes[..] else { panic!("{outcome:?}") };
    let pinned = amended(&outcome);
    let at = pinned.state.pinned.as_ref().expect("it is pinned").at;
    let pin = Some(Pin { by: Some(user("ana")), at });
    let state = MessageState { changed_pos: change.pos.at, pinned: pin, ..MessageState::default() };
    assert_eq!(*pinned, Message { state, ..Message::clone(&message) });
    assert_eq!((change.prev, chat.room(room).await.last_pos), (before.last_pos, change.pos.at));
    assert!(matches!(&change.what, What::Amended { how: Some(Amendment::Pinned(true)), .. }));
    assert_eq!(chat.history(room).await[0], *pinned);
    assert_eq!(
        chat.store().pinned(room, None, 10).await.expect("the store reads"),
        [Message::clone(&pinned)]
    );

    let again = chat.run(chat.pin_item(&message, Some("ana"), true)).await;
    assert_eq!((again.changes.len(), amended(&again)), (0, pinned), "once more changes nothing");
    let off = chat.run(chat.pin_item(&message, Some("ana"), false)).await;
    assert!(matches!(&off.changes[0].what, What::Amended { how: Some(Amendment::Pinned(false)), .. }));
    assert_eq!(amended(&off).state.pinned, None);
    assert_eq!(
        (chat.pinned(room, 10).await, chat.history(room).await[0].state.pinned.clone()),
        (vec![], None)
    );
    assert!(chat.run(chat.pin_item(&message, None, false)).await.changes.is_empty());
    let hosts = amended(&chat.run(chat.pin_item(&message, None, true)).await);
    assert_eq!(hosts.state.pinned.as_ref().map(|pin| pin.by.clone()), Some(None), "the host is nobody");
    assert_eq!(chat.history(room).await[0], *hosts);
}

pub async fn pins_come_newest_first_and_in_pages(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let other = chat.group(&["ana"]).await;
    let mut sent = Vec::new();
    for n in 0..5 {
        sent.push(chat.send(room, "ana", &format!("{n}")).await);
        let elsewhere = chat.send(other, "ana", "elsewhere").await;
        if n < 3 {
            chat.pin(&elsewhere, "ana").await;
        }
    }
    // Two at one moment.
    let mut items = [3, 0, 4].map(|n: usize| chat.pin_item(&sent[n], Some("ana"), true));
    items[2].at = items[1].at;
    chat.done(items.to_vec()).await;
    for limit in [1, 2, 100] {
        assert_eq!(chat.pinned(room, limit).await, [5, 1, 4], "in pages of {limit}");
    }
    chat.run(chat.pin_item(&sent[3], Some("ana"), false)).await;
    chat.pin(&sent[3], "ana").await;
    assert_eq!(chat.pinned(room, 2).await, [4, 5, 1], "pinned anew");
    assert!(chat.pinned(RoomId::generate(), 10).await.is_empty());
}

pub async fn a_room_has_no_more_pins_than_its_bound(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let mut sent = Vec::new();
    for n in 0..8 {
        sent.push(chat.send(room, "ana", &format!("{n}")).await);
    }
    let pin = |n: usize, on| chat.pin_item(&sent[n], Some("ana"), on);
    chat.done(vec![pin(0, true), pin(1, true)]).await;
    // Within a batch each sees those before it: one has room, one has not, one takes the place of another.
    let items = vec![pin(2, true), pin(3, true), pin(0, false), pin(4, true), pin(5, true)];
    let outcomes = chat.commit(items).await;
    let is_ok: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(is_ok, [true, false, true, true, false]);
    let one_too_many = ErrorKind::LimitReached { limit: LimitName::Pins, allowed: 3 };
    assert_eq!(*outcomes[1].as_ref().unwrap_err().kind(), one_too_many);
    assert_eq!(chat.pinned(room, 10).await, [5, 3, 2]);
    assert_eq!(chat.refused(pin(6, true)).await, one_too_many);
    // One that is deleted makes room for another, within a batch too.
    let delete = |n: usize| {
        let change = Amend::Delete { within: None };
        chat.item(room, Some("ana"), Op::Amend { message: sent[n].id, change })
    };
    let outcomes = chat.commit(vec![delete(4), pin(6, true), delete(7), pin(7, true)]).await;
    let is_ok: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(is_ok, [true, true, true, false], "what is deleted is not pinned");
    assert_eq!(chat.pinned(room, 10).await, [7, 3, 2]);
    assert_eq!(chat.history(room).await[4].state.pinned, None);
}

pub async fn many_who_pin_at_once_pin_no_more_than_the_bound(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    chat.send_many(room, "ana", 20).await;
    let mut tasks = Vec::new();
    for message in chat.history(room).await {
        let (store, item) = (Arc::clone(&chat.store), chat.pin_item(&message, Some("ana"), true));
        tasks.push(tokio::spawn(async move {
            store.commit(Batch::of([item])).await.expect("the store commits").remove(0).is_ok()
        }));
    }
    let mut pinned = 0;
    for task in tasks {
        pinned += u32::from(task.await.expect("it does not panic"));
    }
    assert_eq!((pinned, chat.pinned(room, 100).await.len()), (MOST, MOST as usize));
}

pub async fn whoever_may_pins_and_takes_off_anybodys_pin(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let message = chat.send(room, "ben", "hi").await;
    let forbidden = |kind: ErrorKind| assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    forbidden(chat.refused(chat.pin_item(&message, Some("ben"), true)).await);
    let zoe = chat.refused(chat.pin_item(&message, Some("zoe"), true)).await;
    assert_eq!(zoe, ErrorKind::NotAParticipant(room));
    chat.pin(&message, "ana").await;
    forbidden(chat.refused(chat.pin_item(&message, Some("ben"), false)).await);
    let permissions = vec![(crate::model::Verb::Pin, Role::Member)];
    let update = Update { permissions, ..Update::default() };
    chat.run(chat.item(room, Some("ana"), Op::Update(Box::new(update)))).await;
    chat.run(chat.pin_item(&message, Some("ben"), false)).await;
    chat.pin(&message, "cho").await;
    chat.run(chat.join_item(room, Some("ana"), &["dee"], 10)).await;
    let joined = chat.history(room).await.pop().expect("a SYSTEM message");
    forbidden(chat.refused(chat.pin_item(&joined, Some("ana"), true)).await);
    chat.run(chat.close_item(room, None)).await;
    let closed = chat.refused(chat.pin_item(&message, Some("cho"), false)).await;
    assert_eq!(closed, ErrorKind::RoomClosed(room));

    let pair = chat.direct("ana", "ben").await;
    let message = chat.send(pair, "ana", "hi").await;
    chat.pin(&message, "ben").await;
    chat.run(chat.pin_item(&message, Some("ana"), false)).await;
    chat.run(chat.relation_item("ana", RelationOp::Block, "ben")).await;
    let blocked = chat.refused(chat.pin_item(&message, Some("ben"), true)).await;
    assert_eq!(blocked, ErrorKind::Unreachable(user("ana")));
}

pub async fn pins_outlive_a_reopening(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let message = chat.send(room, "ana", "hi").await;
    chat.pin(&message, "ana").await;
    let before = chat.history(room).await;
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!((chat.history(room).await, chat.pinned(room, 10).await), (before, vec![1]));
}
