//! Cases about what an app keeps of its own with a message.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::{sent, text, user};
use crate::error::ErrorKind;
use crate::id::{MessageId, RoomId};
use crate::model::{Amendment, Body, Custom, Message, MessageState, Revision, Room, RoomKind};
use crate::store::{
    Amend, Answer, Erased, Hold, Op, Outcome, Record, RecordPage, RoomItem, RoomRecord, Ruling, Settlement,
    What,
};

const CARD: &str = "{\"km\":8.5,\"workout\":\"한강 🏃\",\"laps\":[1,null,{}]}";

fn custom(object: &str) -> Custom {
    object.parse().expect("the case names an object")
}

/// The send, with this kept with it.
fn keeping(mut item: RoomItem, object: &str) -> RoomItem {
    if let Op::Send { custom: kept, .. } = &mut item.op {
        *kept = custom(object);
    }
    item
}

impl Fixture {
    fn keeping_item(&self, room: RoomId, words: &str, object: &str) -> RoomItem {
        keeping(self.send_as_item(room, "ana", words, words), object)
    }

    async fn send_keeping(&self, room: RoomId, words: &str, object: &str) -> Arc<Message> {
        sent(&self.run(self.keeping_item(room, words, object)).await)
    }

    fn revise_item(&self, message: &Message, by: &str, to: Revision) -> RoomItem {
        let change = Amend::Edit { to, within: None, keep: 5 };
        self.item(message.room, Some(by), Op::Amend { message: message.id, change })
    }

    async fn revise(&self, message: &Message, to: Revision) -> Outcome {
        self.run(self.revise_item(message, "ana", to)).await
    }

    async fn as_it_is(&self, message: &Message) -> Message {
        let found = self.store().message(message.room, message.id).await.expect("the store reads");
        found.expect("the message is there")
    }
}

pub async fn what_is_kept_with_a_message_stands_wherever_it_is_read(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let plain = chat.send(room, "ana", "hi").await;
    assert!(plain.custom.is_empty() && chat.as_it_is(&plain).await.custom.is_empty());
    let message = chat.send_keeping(room, "c1", CARD).await;
    assert_eq!((&message.custom, &message.body), (&custom(CARD), &text("c1")));
    let (store, one) = (chat.store(), Message::clone(&message));
    assert_eq!(chat.history(room).await[1], one);
    assert_eq!(
        store.messages_since(room, plain.pos, u64::MAX, 10).await.unwrap(),
        std::slice::from_ref(&one)
    );
    let entry = store.room_entry(room, &user("ben"), 10).await.unwrap().unwrap();
    assert_eq!(entry.last_message.as_ref(), Some(&one));
    for page in [
        RecordPage::Messages { room, after: 1 },
        RecordPage::MessagesBy { room, user: user("ana"), after: 1 },
    ] {
        let records = store.records(page, 10).await.unwrap();
        let Record::Room(RoomRecord::Message(record, Some(_))) = &records[0] else { panic!("{records:?}") };
        assert_eq!(record, &one);
    }
    let again = chat.run(chat.keeping_item(room, "c1", CARD)).await;
    assert_eq!((sent(&again), again.changes.len()), (message.clone(), 0));
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.as_it_is(&message).await, one);
}

pub async fn a_retry_is_known_by_what_is_kept_with_it_too(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let first = chat.send_keeping(room, "c1", CARD).await;
    for other in ["{}", "{\"km\":9}"] {
        let conflict = chat.keeping_item(room, "c1", other);
        assert_eq!(chat.refused(conflict).await, ErrorKind::ClientIdConflict);
    }
    // By what was kept first, whatever is kept now.
    chat.revise(&first, Revision::custom(custom("{\"km\":9}"))).await;
    let again = sent(&chat.run(chat.keeping_item(room, "c1", CARD)).await);
    assert_eq!((again.id, &again.custom), (first.id, &custom("{\"km\":9}")));
}

pub async fn an_edit_keeps_something_else_with_a_message_or_leaves_it(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let message = chat.send_keeping(room, "hi", CARD).await;
    let kept = |outcome: &Outcome| {
        let [change] = &outcome.changes[..] else { panic!("one change: {outcome:?}") };
        let What::Amended { message, how, .. } = &change.what else { panic!("{outcome:?}") };
        assert_eq!((how, message.state.changed_pos), (&Some(Amendment::Edited), change.pos.at));
        Message::clone(message)
    };
    let other = custom("{\"km\":9}");
    let now = kept(&chat.revise(&message, Revision::custom(other.clone())).await);
    let state = MessageState { changed_pos: now.state.changed_pos, ..MessageState::default() };
    let expected = Message { custom: other.clone(), state, ..Message::clone(&message) };
    assert_eq!(now, expected, "it says what it said, and does not show as edited");
    assert_eq!(chat.as_it_is(&message).await, expected);
    let since = chat.store().amended_since(room, u64::MAX, 0, u64::MAX, 10).await.unwrap();
    assert_eq!(since, [expected]);
    let edits = || chat.store().edits(room, message.seq, None, 10);
    assert_eq!(edits().await.unwrap(), [], "no words were other ones");

    for same in [Revision::custom(other.clone()), Revision::words(Some("hi")), Revision::default()] {
        assert!(chat.revise(&message, same).await.changes.is_empty(), "what stands already is no edit");
    }
    let now = kept(&chat.revise(&message, Revision::words(Some("ho"))).await);
    assert_eq!((&now.body, &now.custom), (&text("ho"), &other), "other words leave it");
    assert!(now.state.edited_at.is_some());
    let both = Revision::words(Some("hm")).with_custom(custom(CARD));
    let now = kept(&chat.revise(&message, both).await);
    assert_eq!((&now.body, &now.custom), (&text("hm"), &custom(CARD)));
    assert_eq!(edits().await.unwrap().len(), 2);
    let now = kept(&chat.revise(&message, Revision::custom(Custom::default())).await);
    assert!(now.custom.is_empty() && now.body == text("hm"));

    let strangers = chat.revise_item(&message, "ben", Revision::custom(custom(CARD)));
    assert!(matches!(chat.refused(strangers).await, ErrorKind::Forbidden(_)));
    let host = Op::Amend {
        message: message.id,
        change: Amend::Edit { to: Revision::custom(custom(CARD)), within: None, keep: 0 },
    };
    assert_eq!(kept(&chat.run(chat.item(room, None, host)).await).custom, custom(CARD));
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.as_it_is(&message).await.custom, custom(CARD));
}

pub async fn what_is_kept_with_a_message_goes_with_what_it_says(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let deleted = chat.send_keeping(room, "c1", CARD).await;
    let erased = chat.send_keeping(room, "c2", CARD).await;
    let delete = Op::Amend { message: deleted.id, change: Amend::Delete { within: None } };
    chat.run(chat.item(room, Some("ana"), delete)).await;
    let what = Erased::Message { id: erased.id, words: None };
    chat.run(chat.item(room, None, Op::Erase { user: user("ana"), what })).await;
    for gone in [&deleted, &erased] {
        let now = chat.as_it_is(gone).await;
        assert!(now.body.is_deleted() && now.custom.is_empty(), "{now:?}");
    }
    let late = chat.revise_item(&deleted, "ana", Revision::custom(custom(CARD)));
    assert_eq!(chat.refused(late).await, ErrorKind::MessageDeleted(deleted.id));
    let Some(chat) = chat.reopened().await else { return };
    assert!(chat.as_it_is(&deleted).await.custom.is_empty());
}

pub async fn what_waits_keeps_it_until_it_is_sent(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let hold = |object: &str| {
        let mut item = chat.keeping_item(room, "c1", object);
        if let Op::Send { ruling, .. } = &mut item.op {
            *ruling = Ruling::Held(Box::new(Hold { reason: None, max_held: 9, max_held_per_user: 9 }));
        }
        item
    };
    let Answer::Held(id) = chat.run(hold(CARD)).await.answer else { panic!("it is held") };
    let held = chat.store().held_message(room, id).await.unwrap().expect("it waits");
    assert_eq!(held.custom, custom(CARD));
    assert_eq!(chat.refused(hold("{}")).await, ErrorKind::ClientIdConflict);
    let how = Settlement::Approve;
    let approve = chat.item(room, None, Op::Settle { held: Box::new(held), how });
    let message = sent(&chat.run(approve).await);
    assert_eq!((message.id, &message.custom), (id, &custom(CARD)));
    assert_eq!(chat.as_it_is(&message).await, *message);
    let again = sent(&chat.run(chat.keeping_item(room, "c1", CARD)).await);
    assert_eq!(again, message);
}

pub async fn messages_are_taken_in_with_what_is_kept_with_them(chat: Fixture) {
    let create = chat.create_item(RoomKind::Group, &["ana"]);
    let room = create.room;
    chat.run(create).await;
    chat.send_keeping(room, "c1", CARD).await;
    let elsewhere = RoomId::generate();
    chat.run(RoomRecord::Room(Room { id: elsewhere, ..chat.room(room).await })).await;
    let mut moved = chat.history(room).await.remove(0);
    (moved.room, moved.id, moved.client_id) = (elsewhere, MessageId::generate(), None);
    for _ in 0..2 {
        chat.run(RoomRecord::Message(moved.clone(), None)).await;
    }
    let there = chat.as_it_is(&moved).await;
    assert_eq!((&there.body, &there.custom), (&Body::Text("c1".into()), &custom(CARD)));
}
