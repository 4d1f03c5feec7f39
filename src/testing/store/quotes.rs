//! Cases about messages that answer others.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::{sent, user};
use crate::error::ErrorKind;
use crate::id::{MessageId, RoomId};
use crate::model::{Body, Message, MessageType, Quoted, Reaction, Revision, RoomKind};
use crate::store::{Amend, Op, Record, RecordPage, RoomItem, RoomRecord};

impl Fixture {
    fn answer_item(
        &self,
        room: RoomId,
        who: &str,
        words: &str,
        to: MessageId,
        client: Option<&str>,
    ) -> RoomItem {
        let mut item = match client {
            Some(client) => self.send_as_item(room, who, words, client),
            None => self.send_item(room, who, words),
        };
        if let Op::Send { refers, .. } = &mut item.op {
            refers.quoted = Some(to);
        }
        item
    }

    async fn answer(&self, room: RoomId, who: &str, to: &Message) -> Arc<Message> {
        sent(&self.run(self.answer_item(room, who, "an answer", to.id, None)).await)
    }

    async fn change(&self, message: &Message, by: &str, change: Amend) {
        self.run(self.item(message.room, Some(by), Op::Amend { message: message.id, change })).await;
    }

    async fn delete(&self, message: &Message) {
        self.change(message, message.sender.user.as_str(), Amend::Delete { within: None }).await;
    }

    /// What a message quotes, as it is read now.
    async fn quoted(&self, message: &Message) -> Option<Arc<Quoted>> {
        let found = self.store().message(message.room, message.id).await.expect("the store reads");
        found.expect("the message is there").references.quoted
    }
}

fn like() -> Amend {
    let reaction: Reaction = "👍".parse().expect("an emoji is a reaction");
    Amend::React { reaction, on: true, max_kinds: 3 }
}

pub async fn a_quote_stands_in_its_message_wherever_it_is_read(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = chat.send(room, "ana", "are you running?").await;
    let other = chat.send(room, "ana", "no answer").await;
    let answer = chat.answer_item(room, "ben", "yes", first.id, Some("c1"));
    let answer = sent(&chat.run(answer).await);
    let quoted = answer.references.quoted.as_deref().expect("it quotes");
    assert_eq!((quoted.id, quoted.seq, &quoted.sender), (first.id, 1, &first.sender));
    assert_eq!((&quoted.body, quoted.edited_at, quoted.changed_pos), (&first.body, None, 0));
    assert_eq!((other.references.quoted.as_ref(), answer.seq), (None, 3));

    let store = chat.store();
    assert_eq!(
        chat.history(room).await,
        [Message::clone(&first), Message::clone(&other), Message::clone(&answer)]
    );
    assert_eq!(store.message(room, answer.id).await.unwrap().as_ref(), Some(&*answer));
    assert_eq!(store.messages_since(room, 0, u64::MAX, 10).await.unwrap()[2], *answer);
    let entry = store.room_entry(room, &user("ana"), 10).await.unwrap().unwrap();
    assert_eq!(entry.last_message.as_ref(), Some(&*answer));
    let (entries, _) = store.rooms_of(&user("ana"), 0, 10, 10).await.unwrap();
    assert_eq!(entries[0].last_message.as_ref(), Some(&*answer));
    let records = store.records(RecordPage::Messages { room, after: 2 }, 10).await.unwrap();
    let Record::Room(RoomRecord::Message(record, Some(_))) = &records[0] else { panic!("{records:?}") };
    assert_eq!(record, &*answer);
    let retry = chat.run(chat.answer_item(room, "ben", "yes", first.id, Some("c1"))).await;
    assert_eq!((sent(&retry), retry.changes.len()), (answer.clone(), 0));

    // What changes about the answer leaves what it answers.
    chat.change(&answer, "ana", like()).await;
    let liked = store.amended_since(room, u64::MAX, 0, u64::MAX, 10).await.unwrap();
    assert_eq!((liked[0].id, &liked[0].references), (answer.id, &answer.references));
    let content = Some("no");
    chat.change(&answer, "ben", Amend::Edit { to: Revision::words(content), within: None, keep: 0 }).await;
    assert_eq!(chat.quoted(&answer).await, answer.references.quoted);
}

pub async fn a_quote_is_read_as_its_message_is_now(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = chat.send(room, "ana", "helo").await;
    let answer = chat.answer(room, "ben", &first).await;
    let of_answer = chat.answer(room, "ana", &answer).await;
    chat.put_profile("ana", "Ana", Some("https://example.org/a.png")).await;
    chat.change(&first, "ana", Amend::Edit { to: Revision::words(Some("hello")), within: None, keep: 0 })
        .await;
    let now = chat.store().message(room, first.id).await.unwrap().unwrap();
    let quoted = chat.quoted(&answer).await.expect("it quotes");
    assert_eq!(*quoted, Quoted::from(&now));
    assert_eq!((&*quoted.sender.nickname, quoted.body.content()), ("Ana", Some("hello")));
    assert!(quoted.changed_pos > 0 && quoted.edited_at.is_some());
    // A retry, and a change of the answer itself, show it too.
    chat.change(&answer, "ana", like()).await;
    assert_eq!(chat.quoted(&answer).await, Some(quoted));

    chat.delete(&first).await;
    let left = chat.quoted(&answer).await.expect("the place is left");
    assert_eq!((left.id, left.seq, &left.body), (first.id, 1, &Body::Deleted(MessageType::Text)));
    chat.delete(&answer).await;
    assert_eq!(chat.quoted(&answer).await, None, "a deleted message answers nothing any more");
    let nested = chat.quoted(&of_answer).await.expect("it quotes");
    assert!(nested.id == answer.id && nested.body.is_deleted());
}

pub async fn what_is_elsewhere_deleted_or_the_servers_own_is_not_answered(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let other = chat.group(&["ana", "ben"]).await;
    let elsewhere = chat.send(other, "ana", "hi").await;
    let gone = chat.send(room, "ana", "hi").await;
    chat.delete(&gone).await;
    chat.run(chat.join_item(room, Some("ana"), &["cho"], 10)).await;
    let joined = chat.history(room).await.pop().expect("a SYSTEM message");
    let (before, nowhere) = (chat.position().await, MessageId::generate());
    let refused = async |id| chat.refused(chat.answer_item(room, "ben", "?", id, Some("c1"))).await;
    assert_eq!(refused(nowhere).await, ErrorKind::MessageNotFound(nowhere));
    assert_eq!(refused(elsewhere.id).await, ErrorKind::MessageNotFound(elsewhere.id));
    assert_eq!(refused(gone.id).await, ErrorKind::MessageDeleted(gone.id));
    assert!(matches!(refused(joined.id).await, ErrorKind::Forbidden(_)));
    assert_eq!((chat.position().await, chat.history(room).await.len()), (before, 2));
    let zoe = chat.refused(chat.answer_item(room, "zoe", "?", nowhere, None)).await;
    assert_eq!(zoe, ErrorKind::NotAParticipant(room), "nothing is told of what is there");
}

pub async fn a_retry_names_the_same_quote(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let (one, other) = (chat.send(room, "ana", "1").await, chat.send(room, "ana", "2").await);
    let answer = sent(&chat.run(chat.answer_item(room, "ana", "hi", one.id, Some("c1"))).await);
    for conflict in [
        chat.answer_item(room, "ana", "hi", other.id, Some("c1")),
        chat.send_as_item(room, "ana", "hi", "c1"),
    ] {
        assert_eq!(chat.refused(conflict).await, ErrorKind::ClientIdConflict);
    }
    // Also once what it answers is gone.
    chat.delete(&one).await;
    let again = sent(&chat.run(chat.answer_item(room, "ana", "hi", one.id, Some("c1"))).await);
    assert_eq!(again.id, answer.id);
    assert!(again.references.quoted.as_ref().is_some_and(|quoted| quoted.body.is_deleted()));
}

pub async fn a_message_of_its_own_batch_is_answered(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = chat.send_item(room, "ana", "hi");
    let Op::Send { id, .. } = &first.op else { panic!("it sends") };
    let answer = chat.answer_item(room, "ben", "ho", *id, None);
    let outcomes = chat.done(vec![first, answer]).await;
    let (first, answer) = (sent(&outcomes[0]), sent(&outcomes[1]));
    assert_eq!(answer.references.quoted.as_deref(), Some(&Quoted::from(&*first)));
    assert_eq!(chat.quoted(&answer).await, answer.references.quoted);
}

pub async fn quotes_are_taken_in_with_their_message(chat: Fixture) {
    let create = chat.create_item(RoomKind::Group, &["ana", "ben"]);
    let room = create.room;
    chat.run(create).await;
    let first = chat.send(room, "ana", "hi").await;
    chat.answer(room, "ben", &first).await;
    let elsewhere = RoomId::generate();
    let mut record = chat.room(room).await;
    record.id = elsewhere;
    chat.run(RoomRecord::Room(record)).await;
    let mut moved = chat.history(room).await;
    for message in &mut moved {
        (message.room, message.id) = (elsewhere, MessageId::generate());
    }
    for _ in 0..2 {
        for message in &moved {
            chat.run(RoomRecord::Message(message.clone(), None)).await;
        }
    }
    let quoted = chat.quoted(&moved[1]).await.expect("it quotes");
    assert_eq!((quoted.id, quoted.body.content()), (moved[0].id, Some("hi")), "by its number");
}

pub async fn quotes_outlive_a_reopening(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = chat.send(room, "ana", "hi").await;
    let answer = chat.answer(room, "ben", &first).await;
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.quoted(&answer).await, answer.references.quoted);
}
