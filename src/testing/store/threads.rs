//! Cases about threads.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::{Dice, sent, user};
use crate::error::ErrorKind;
use crate::id::{MessageId, RoomId};
use crate::model::{
    Amendment, MAX_THREAD_PARTICIPANTS, Mark, Mentions, Message, ReplyTo, Revision, RoomKind, ThreadSummary,
};
use crate::store::{Amend, Op, Record, RecordPage, Reply, RoomItem, RoomRecord, What};

impl Fixture {
    fn reply_item(&self, who: &str, root: &Message, in_room: bool, client: Option<&str>) -> RoomItem {
        let mut item = match client {
            Some(client) => self.send_as_item(root.room, who, "a reply", client),
            None => self.send_item(root.room, who, "a reply"),
        };
        if let Op::Send { refers, .. } = &mut item.op {
            refers.thread = Some(Box::new(Reply { root: root.id, in_room, max_followed: 0 }));
        }
        item
    }

    async fn reply(&self, who: &str, root: &Message) -> Arc<Message> {
        sent(&self.run(self.reply_item(who, root, false, None)).await)
    }

    async fn read_again(&self, message: &Message) -> Message {
        let found = self.store().message(message.room, message.id).await.expect("the store reads");
        found.expect("the message is there")
    }

    /// What a root tells of its thread, as it is read now.
    async fn summary(&self, root: &Message) -> Option<ThreadSummary> {
        self.read_again(root).await.references.summary().cloned()
    }

    /// The numbers of all replies, read in pages.
    async fn replies(&self, root: &Message, page: u32) -> Vec<u64> {
        let (mut before, mut all) = (None, Vec::new());
        loop {
            let found = self.store().replies(root.room, root.seq, before, page).await;
            let found = found.expect("the store reads");
            before = found.last().map(|reply| reply.seq);
            all.extend(found.iter().map(|reply| reply.seq));
            if found.len() < page as usize {
                return all;
            }
        }
    }

    async fn delete_as(&self, message: &Message, by: &str) -> Vec<What> {
        let op = Op::Amend { message: message.id, change: Amend::Delete { within: None } };
        let outcome = self.run(self.item(message.room, Some(by), op)).await;
        outcome.changes.into_iter().map(|change| change.what).collect()
    }
}

fn summary(replies: u64, last: &Message, participants: &[&str]) -> Option<ThreadSummary> {
    let participants = participants.iter().map(|id| user(id)).collect();
    Some(ThreadSummary { replies, last_reply_at: last.created_at, participants })
}

pub async fn a_reply_stands_in_its_thread_and_in_the_log_of_the_room(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ana", "who runs?").await;
    let other = chat.send(room, "ana", "and who swims?").await;
    let reply = sent(&chat.run(chat.reply_item("ben", &root, false, Some("c1"))).await);
    let shown = sent(&chat.run(chat.reply_item("ben", &root, true, None)).await);
    let place = |in_room| ReplyTo { root: root.id, seq: root.seq, in_room };
    assert_eq!((reply.seq, reply.references.reply()), (3, Some(&place(false))));
    assert_eq!((shown.seq, shown.references.reply()), (4, Some(&place(true))));
    let third = chat.reply("ana", &root).await;
    let store = chat.store();
    let history = chat.history(room).await;
    assert_eq!(history[2..], [&reply, &shown, &third].map(|message| Message::clone(message)));
    assert_eq!(chat.read_again(&reply).await, *reply);
    assert_eq!(
        store.messages_since(room, reply.pos - 1, reply.pos, 10).await.unwrap(),
        [Message::clone(&reply)]
    );
    let entry = store.room_entry(room, &user("ben"), 10).await.unwrap().unwrap();
    assert_eq!(entry.last_message.as_ref(), Some(&*third));
    let records = store.records(RecordPage::Messages { room, after: 2 }, 1).await.unwrap();
    let Record::Room(RoomRecord::Message(record, Some(_))) = &records[0] else { panic!("{records:?}") };
    assert_eq!(record, &*reply);
    for page in [1, 2, 10] {
        assert_eq!(chat.replies(&root, page).await, [5, 4, 3]);
    }
    assert_eq!(store.replies(room, root.seq, Some(5), 1).await.unwrap(), [Message::clone(&shown)]);
    assert_eq!(chat.replies(&other, 10).await, [0; 0]);
    assert_eq!(store.replies(RoomId::generate(), 1, None, 10).await.unwrap(), []);
    // What is deleted keeps its place, in the thread too.
    chat.delete_as(&reply, "ben").await;
    assert_eq!(chat.read_again(&reply).await.references.reply(), Some(&place(false)));
    assert_eq!(chat.replies(&root, 10).await, [5, 4, 3]);
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.replies(&root, 2).await, [5, 4, 3]);
    assert_eq!(chat.summary(&root).await, summary(2, &third, &["ben", "ana"]));
}

pub async fn a_root_tells_of_its_thread_and_changes_with_each_reply(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ana", "who runs?").await;
    assert_eq!(root.references.thread, None);
    let outcome = chat.run(chat.reply_item("ben", &root, false, None)).await;
    let (reply, [came, counted]) = (sent(&outcome), &outcome.changes[..]) else {
        panic!("a reply is two changes: {:?}", outcome.changes)
    };
    assert!(matches!(&came.what, What::Message(message) if message.id == reply.id));
    let What::Amended { message, by, how } = &counted.what else { panic!("{counted:?}") };
    assert_eq!((by, how), (&Some(user("ben")), &Some(Amendment::Replied(true))));
    assert_eq!(message.references.summary(), summary(1, &reply, &["ben"]).as_ref());
    assert_eq!((counted.prev, message.state.changed_pos), (came.pos.at, counted.pos.at));
    assert_eq!(chat.read_again(&root).await, **message);
    // Whoever was away learns of the reply as new, and of the root as changed.
    let store = chat.store();
    let away = store.amended_since(room, root.pos, root.pos, u64::MAX, 10).await.unwrap();
    assert_eq!(away, [Message::clone(message)]);
    let second = chat.reply("ana", &root).await;
    assert_eq!(chat.summary(&root).await, summary(2, &second, &["ben", "ana"]));
    let changes = chat.delete_as(&reply, "ben").await;
    let [What::Amended { how: deleted, .. }, What::Amended { message, how, .. }] = &changes[..] else {
        panic!("{changes:?}")
    };
    assert_eq!((deleted, how), (&Some(Amendment::Deleted), &Some(Amendment::Replied(false))));
    assert_eq!(message.references.summary(), summary(1, &second, &["ben", "ana"]).as_ref());
    assert_eq!(chat.delete_as(&reply, "ben").await.len(), 0, "once is enough");
    assert_eq!(chat.read_again(&root).await, **message);
    // Another change of the root leaves its thread.
    let edit = Amend::Edit { to: Revision::words(Some("who runs today?")), within: None, keep: 0 };
    chat.run(chat.item(room, Some("ana"), Op::Amend { message: root.id, change: edit })).await;
    assert_eq!(chat.summary(&root).await, summary(1, &second, &["ben", "ana"]));
}

pub async fn replies_count_as_unread_only_where_they_are_shown(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ana", "who runs?").await;
    chat.reply("ana", &root).await;
    assert_eq!(chat.unread(room, "ben").await, 1);
    chat.run(chat.reply_item("ana", &root, true, None)).await;
    let hidden = chat.reply("ana", &root).await;
    chat.reply("ben", &root).await;
    assert_eq!((chat.unread(room, "ben").await, chat.unread(room, "ana").await), (2, 0));
    chat.delete_as(&hidden, "ana").await;
    assert_eq!(chat.unread(room, "ben").await, 2);
    assert_eq!(chat.mark(room, "ben", Mark::Read, Some(2)).await, 1);
    assert_eq!(chat.mark(room, "ben", Mark::Read, Some(3)).await, 0);
    // Whom a reply mentions shall notice it.
    let mut mention = chat.reply_item("ana", &root, false, None);
    if let Op::Send { refers, .. } = &mut mention.op {
        refers.mentions = Some(Box::new(Mentions { users: vec![user("ben")], all: false }));
    }
    chat.run(mention).await;
    let entry = chat.store().room_entry(room, &user("ben"), 10).await.unwrap().unwrap();
    assert_eq!((entry.mentions, chat.unread(room, "ben").await), (1, 0));
    assert_eq!(chat.mark(room, "ben", Mark::Read, None).await, 0);
    let entry = chat.store().room_entry(room, &user("ben"), 10).await.unwrap().unwrap();
    assert_eq!(entry.mentions, 0);
}

pub async fn what_is_elsewhere_a_reply_or_the_servers_own_has_no_thread(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let other = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ana", "hi").await;
    let reply = chat.reply("ben", &root).await;
    chat.run(chat.join_item(room, Some("ana"), &["cho"], 10)).await;
    let joined = chat.history(room).await.pop().expect("a SYSTEM message");
    let elsewhere = chat.send(other, "ana", "hi").await;
    let before = chat.position().await;
    let refused = async |id| {
        let root = Message { id, ..Message::clone(&root) };
        chat.refused(chat.reply_item("ben", &root, false, Some("c1"))).await
    };
    let nowhere = MessageId::generate();
    assert_eq!(refused(nowhere).await, ErrorKind::MessageNotFound(nowhere));
    assert_eq!(refused(elsewhere.id).await, ErrorKind::MessageNotFound(elsewhere.id));
    assert!(matches!(refused(joined.id).await, ErrorKind::Forbidden(_)));
    assert!(matches!(refused(reply.id).await, ErrorKind::Forbidden(_)), "no thread begins in a thread");
    assert_eq!(chat.position().await, before);
    let zoe = chat.refused(chat.reply_item("zoe", &root, false, None)).await;
    assert_eq!(zoe, ErrorKind::NotAParticipant(room), "nothing is told of what is there");
}

pub async fn a_thread_goes_on_when_its_root_is_deleted_and_none_begins(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let (root, alone) = (chat.send(room, "ana", "1").await, chat.send(room, "ana", "2").await);
    chat.reply("ben", &root).await;
    chat.delete_as(&root, "ana").await;
    chat.delete_as(&alone, "ana").await;
    let second = chat.reply("ben", &root).await;
    assert_eq!(chat.summary(&root).await, summary(2, &second, &["ben"]));
    assert!(chat.read_again(&root).await.body.is_deleted());
    let refused = chat.refused(chat.reply_item("ben", &alone, false, None)).await;
    assert_eq!(refused, ErrorKind::MessageDeleted(alone.id));
}

pub async fn a_retry_replies_to_the_same(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let (one, other) = (chat.send(room, "ana", "1").await, chat.send(room, "ana", "2").await);
    let first = sent(&chat.run(chat.reply_item("ana", &one, false, Some("c1"))).await);
    let again = chat.run(chat.reply_item("ana", &one, false, Some("c1"))).await;
    assert_eq!((sent(&again), again.changes.len()), (first.clone(), 0));
    assert_eq!(chat.summary(&one).await, summary(1, &first, &["ana"]), "once");
    for conflict in [
        chat.reply_item("ana", &other, false, Some("c1")),
        chat.reply_item("ana", &one, true, Some("c1")),
        chat.send_as_item(room, "ana", "a reply", "c1"),
    ] {
        assert_eq!(chat.refused(conflict).await, ErrorKind::ClientIdConflict);
    }
}

pub async fn many_who_reply_at_once_are_all_counted(chat: Fixture) {
    let people: Vec<String> = (10..15 + MAX_THREAD_PARTICIPANTS).map(|n| format!("u{n}")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let room = chat.group(&people).await;
    // The root comes in the batch too.
    let first = chat.send_item(room, people[0], "who runs?");
    let Op::Send { id, .. } = &first.op else { panic!("it sends") };
    let id = *id;
    let root = |id| {
        let mut reply = chat.send_item(room, people[0], "I");
        if let Op::Send { refers, .. } = &mut reply.op {
            refers.thread = Some(Box::new(Reply { root: id, in_room: false, max_followed: 0 }));
        }
        reply
    };
    let outcomes = chat.done(vec![first, root(id), root(id)]).await;
    let root = sent(&outcomes[0]);
    let replies = people.iter().map(|who| chat.reply_item(who, &root, false, None)).collect();
    let outcomes = chat.done(replies).await;
    let last = sent(&outcomes[people.len() - 1]);
    let expected = summary(2 + people.len() as u64, &last, &people[..MAX_THREAD_PARTICIPANTS]);
    assert_eq!(chat.summary(&root).await, expected);
}

pub async fn replies_are_taken_in_with_their_thread(chat: Fixture) {
    let create = chat.create_item(RoomKind::Group, &["ana", "ben"]);
    let room = create.room;
    chat.run(create).await;
    let root = chat.send(room, "ana", "hi").await;
    let first = chat.reply("ben", &root).await;
    let second = sent(&chat.run(chat.reply_item("ana", &root, true, None)).await);
    chat.delete_as(&first, "ben").await;
    let elsewhere = RoomId::generate();
    let record = crate::model::Room { id: elsewhere, ..chat.room(room).await };
    let mut moved = chat.history(room).await;
    let new_root = MessageId::generate();
    for message in &mut moved {
        message.room = elsewhere;
        message.id = if message.seq == 1 { new_root } else { MessageId::generate() };
        if let Some(reply) = message.references.reply() {
            let reply = ReplyTo { root: new_root, ..reply.clone() };
            message.references.thread = Some(Arc::new(crate::model::Thread::Reply(reply)));
        }
    }
    for _ in 0..2 {
        chat.run(RoomRecord::Room(record.clone())).await;
        for message in &moved {
            chat.run(RoomRecord::Message(message.clone(), None)).await;
        }
    }
    assert_eq!(chat.summary(&moved[0]).await, summary(1, &second, &["ben", "ana"]));
    assert_eq!(chat.replies(&moved[0], 10).await, [3, 2]);
    assert_eq!(chat.room(elsewhere).await.countable, chat.room(room).await.countable);
    // Of a root that is not there it is damaged.
    let reply = ReplyTo { root: MessageId::generate(), seq: 1, in_room: true };
    let mut lost = Message { id: MessageId::generate(), seq: 4, n: 3, ..moved[2].clone() };
    lost.references.thread = Some(Arc::new(crate::model::Thread::Reply(reply)));
    assert!(matches!(chat.refused(RoomRecord::Message(lost, None)).await, ErrorKind::Contradiction(_)));
}

pub async fn threads_equal_a_fresh_count_whatever_happens(chat: Fixture) {
    const PEOPLE: [&str; 3] = ["ana", "ben", "cho"];
    for seed in 0..3 {
        let mut dice = Dice(seed);
        let room = chat.group(&PEOPLE).await;
        chat.send(room, "ana", "the first").await;
        for _ in 0..60 {
            let who = *dice.pick(&PEOPLE);
            let history = chat.history(room).await;
            let one = dice.pick(&history);
            match dice.roll(6) {
                0 => drop(chat.send(room, who, "hi").await),
                1..=3 => {
                    let item = chat.reply_item(who, one, dice.roll(2) == 0, None);
                    let outcome = chat.commit(vec![item]).await.remove(0);
                    let is_root = one.references.reply().is_none()
                        && (!one.body.is_deleted() || one.references.summary().is_some());
                    assert_eq!(outcome.is_ok(), is_root);
                }
                4 => drop(chat.mark(room, who, Mark::Read, Some(dice.roll(70))).await),
                _ => drop(chat.delete_as(one, "ana").await),
            }
            let history = chat.history(room).await;
            for root in &history {
                let replies = history.iter().filter(|of| {
                    of.references.reply().is_some_and(|reply| reply.root == root.id) && !of.body.is_deleted()
                });
                let told = root.references.summary().map_or(0, |summary| summary.replies);
                assert_eq!(told, replies.count() as u64, "seed {seed}: {root:?}");
            }
            for who in PEOPLE {
                let read = chat.member(room, who).await.read_seq;
                let unread = history.iter().filter(|message| message.seq > read && message.is_countable());
                let fresh = unread.filter(|message| message.sender.user.as_str() != who).count() as u64;
                assert_eq!(chat.unread(room, who).await, fresh, "seed {seed}, {who}");
            }
        }
    }
}
