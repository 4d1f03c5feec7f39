//! Cases about messages that were passed on.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::{profile, sent, user};
use crate::error::ErrorKind;
use crate::id::{MessageId, RoomId};
use crate::model::{Message, Profile, Revision, RoomKind};
use crate::store::{Amend, Forward, Op, Record, RecordPage, RoomItem, RoomRecord};

impl Fixture {
    fn forward_item(
        &self,
        room: RoomId,
        who: &str,
        words: &str,
        of: (MessageId, &str),
        client: Option<&str>,
    ) -> RoomItem {
        let mut item = match client {
            Some(client) => self.send_as_item(room, who, words, client),
            None => self.send_item(room, who, words),
        };
        if let Op::Send { refers, .. } = &mut item.op {
            refers.forwarded = Some(Box::new(Forward { message: of.0, first: profile(of.1) }));
        }
        item
    }

    async fn first_sender(&self, message: &Message) -> Option<Arc<Profile>> {
        let found = self.store().message(message.room, message.id).await.expect("the store reads");
        found.expect("the message is there").references.forwarded
    }
}

pub async fn who_sent_it_first_stands_in_a_message_wherever_it_is_read(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let forwarded = chat.forward_item(room, "ana", "hi", (MessageId::generate(), "cho"), Some("c1"));
    let message = sent(&chat.run(forwarded).await);
    assert_eq!(message.references.forwarded.as_deref(), Some(&profile("cho")));
    let store = chat.store();
    assert_eq!(chat.history(room).await, [Message::clone(&message)]);
    assert_eq!(store.messages_since(room, 0, u64::MAX, 10).await.unwrap(), [Message::clone(&message)]);
    let entry = store.room_entry(room, &user("ben"), 10).await.unwrap().unwrap();
    assert_eq!(entry.last_message.as_ref(), Some(&*message));
    let records = store.records(RecordPage::Messages { room, after: 0 }, 10).await.unwrap();
    let Record::Room(RoomRecord::Message(record, Some(_))) = &records[0] else { panic!("{records:?}") };
    assert_eq!(record, &*message);
    // Also who has never been in the room shows as they are now.
    chat.put_profile("cho", "Cho", Some("https://example.org/c.png")).await;
    let now = chat.first_sender(&message).await.expect("it was passed on");
    assert_eq!((now.user.as_str(), &*now.nickname), ("cho", "Cho"));
    let edit = Amend::Edit { to: Revision::words(Some("ho")), within: None, keep: 0 };
    chat.run(chat.item(room, Some("ana"), Op::Amend { message: message.id, change: edit })).await;
    assert_eq!(chat.first_sender(&message).await, Some(now.clone()));
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.first_sender(&message).await, Some(now));
    let delete = Amend::Delete { within: None };
    chat.run(chat.item(room, Some("ana"), Op::Amend { message: message.id, change: delete })).await;
    assert_eq!(chat.first_sender(&message).await, None, "a deleted message says nothing any more");
}

pub async fn a_retry_of_a_forward_is_known_by_what_was_passed_on(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let (one, other) = (MessageId::generate(), MessageId::generate());
    let first = sent(&chat.run(chat.forward_item(room, "ana", "hi", (one, "cho"), Some("c1"))).await);
    // The message may say something else by now.
    let again = chat.run(chat.forward_item(room, "ana", "ho", (one, "cho"), Some("c1"))).await;
    assert_eq!((sent(&again), again.changes.len()), (first, 0));
    for conflict in [
        chat.forward_item(room, "ana", "hi", (other, "cho"), Some("c1")),
        chat.send_as_item(room, "ana", "hi", "c1"),
    ] {
        assert_eq!(chat.refused(conflict).await, ErrorKind::ClientIdConflict);
    }
}

pub async fn forwards_are_taken_in_with_whom_they_name(chat: Fixture) {
    let create = chat.create_item(RoomKind::Group, &["ana"]);
    let room = create.room;
    chat.run(create).await;
    chat.run(chat.forward_item(room, "ana", "hi", (MessageId::generate(), "cho"), None)).await;
    let elsewhere = RoomId::generate();
    let record = crate::model::Room { id: elsewhere, ..chat.room(room).await };
    chat.run(RoomRecord::Room(record)).await;
    let mut moved = chat.history(room).await.remove(0);
    (moved.room, moved.id) = (elsewhere, MessageId::generate());
    for _ in 0..2 {
        chat.run(RoomRecord::Message(moved.clone(), None)).await;
    }
    assert_eq!(chat.first_sender(&moved).await, moved.references.forwarded);
}
