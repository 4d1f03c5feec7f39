//! Cases about whom messages mention.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::{Dice, sent, user};
use crate::error::ErrorKind;
use crate::id::{MessageId, RoomId};
use crate::model::{Mark, Mentions, Message, Revision, Role, RoomKind, Verb};
use crate::store::{Amend, Op, Record, RecordPage, RoomItem, RoomRecord, Update};

fn mentions(users: &[&str], all: bool) -> Mentions {
    Mentions { users: users.iter().map(|id| user(id)).collect(), all }
}

impl Fixture {
    fn mention_item(&self, room: RoomId, who: &str, of: Mentions, client: Option<&str>) -> RoomItem {
        let mut item = match client {
            Some(client) => self.send_as_item(room, who, "you", client),
            None => self.send_item(room, who, "you"),
        };
        if let Op::Send { refers, .. } = &mut item.op {
            refers.mentions = Some(Box::new(of));
        }
        item
    }

    async fn mention(&self, room: RoomId, who: &str, users: &[&str]) -> Arc<Message> {
        sent(&self.run(self.mention_item(room, who, mentions(users, false), None)).await)
    }

    async fn mention_all(&self, room: RoomId, who: &str) -> Arc<Message> {
        sent(&self.run(self.mention_item(room, who, mentions(&[], true), None)).await)
    }

    async fn amend_as(&self, message: &Message, by: &str, change: Amend) {
        self.run(self.item(message.room, Some(by), Op::Amend { message: message.id, change })).await;
    }

    /// How many unread messages mention somebody, by the room alone and by the list.
    async fn mentioned(&self, room: RoomId, who: &str) -> u64 {
        let entry = self.store().room_entry(room, &user(who), 10).await.expect("the store reads");
        let (list, _) = self.store().rooms_of(&user(who), 0, 100, 10).await.expect("the store reads");
        let listed = list.into_iter().find(|entry| entry.room.id == room);
        assert_eq!(listed, entry);
        entry.expect("they are in the room").mentions
    }
}

fn of(message: &Message) -> Option<&Mentions> {
    message.references.mentions.as_deref()
}

pub async fn mentions_stand_in_a_message_wherever_it_is_read(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let asked = mentions(&["cho", "ben"], true);
    let message = sent(&chat.run(chat.mention_item(room, "ana", asked.clone(), Some("c1"))).await);
    assert_eq!(of(&message), Some(&asked), "in the sender's order");
    let store = chat.store();
    assert_eq!(chat.history(room).await, [Message::clone(&message)]);
    assert_eq!(store.message(room, message.id).await.unwrap().as_ref(), Some(&*message));
    assert_eq!(store.messages_since(room, 0, u64::MAX, 10).await.unwrap(), [Message::clone(&message)]);
    let entry = store.room_entry(room, &user("ben"), 10).await.unwrap().unwrap();
    assert_eq!(entry.last_message.as_ref(), Some(&*message));
    let records = store.records(RecordPage::Messages { room, after: 0 }, 10).await.unwrap();
    let Record::Room(RoomRecord::Message(record, Some(_))) = &records[0] else { panic!("{records:?}") };
    assert_eq!(record, &*message);
    let words = Some("other words, for @dan");
    chat.amend_as(&message, "ana", Amend::Edit { to: Revision::words(words), within: None, keep: 0 }).await;
    assert_eq!(of(&chat.history(room).await[0]), Some(&asked), "an edit leaves them");
    assert_eq!((chat.mentioned(room, "ben").await, chat.mentioned(room, "ana").await), (1, 0));
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(of(&chat.history(room).await[0]), Some(&asked));
    assert_eq!(chat.mentioned(room, "cho").await, 1);
    chat.amend_as(&message, "ana", Amend::Delete { within: None }).await;
    assert_eq!(of(&chat.history(room).await[0]), None, "a deleted message says nothing any more");
    assert_eq!((chat.mentioned(room, "cho").await, chat.unread(room, "cho").await), (0, 1));
}

pub async fn nobody_mentions_who_is_not_there_or_themselves(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    chat.run(chat.leave_item(room, "cho")).await;
    let message = chat.mention(room, "ana", &["zoe", "ben", "ana", "ben", "cho"]).await;
    assert_eq!(of(&message), Some(&mentions(&["ben"], false)));
    let nobody = chat.mention(room, "ana", &["ana", "zoe"]).await;
    assert_eq!(of(&nobody), None);
    let plain = chat.send(room, "ana", "hi").await;
    assert_eq!(of(&plain), None);
    // Whoever comes with the same batch is there.
    let (join, mention) = (
        chat.join_item(room, Some("ana"), &["zoe"], 10),
        chat.mention_item(room, "ana", mentions(&["zoe"], false), None),
    );
    let outcomes = chat.done(vec![join, mention]).await;
    assert_eq!(of(&sent(&outcomes[1])), Some(&mentions(&["zoe"], false)));
    assert_eq!((chat.mentioned(room, "ben").await, chat.mentioned(room, "zoe").await), (1, 1));
}

pub async fn unread_mentions_are_those_beyond_the_read_mark(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let elsewhere = chat.group(&["ana", "ben"]).await;
    let first = chat.mention(room, "ana", &["ben"]).await;
    chat.mention_all(room, "ana").await;
    chat.send(room, "ana", "hi").await;
    let both = chat.mention_item(room, "ana", mentions(&["ben"], true), None);
    chat.run(both).await;
    let counts = async || {
        let of = async |who| chat.mentioned(room, who).await;
        (of("ana").await, of("ben").await, of("cho").await)
    };
    assert_eq!(counts().await, (0, 3, 2), "one that names and means everybody counts once");
    assert_eq!(chat.mentioned(elsewhere, "ben").await, 0);
    chat.mark(room, "ben", Mark::Read, Some(1)).await;
    chat.mark(room, "cho", Mark::Delivered, None).await;
    assert_eq!(counts().await, (0, 2, 2));
    chat.amend_as(&first, "ana", Amend::Delete { within: None }).await;
    assert_eq!(counts().await, (0, 2, 2), "one that is read counts no less");
    chat.mark(room, "ben", Mark::Read, Some(3)).await;
    assert_eq!(counts().await, (0, 1, 2));
    // Whoever joins starts at the head, also again.
    chat.run(chat.leave_item(room, "cho")).await;
    chat.mention_all(room, "ana").await;
    chat.run(chat.join_item(room, Some("ana"), &["cho", "dan"], 10)).await;
    assert_eq!((counts().await, chat.mentioned(room, "dan").await), ((0, 2, 0), 0));
    chat.mention(room, "dan", &["cho"]).await;
    assert_eq!(counts().await, (0, 2, 1));
    chat.mark(room, "ben", Mark::Read, None).await;
    assert_eq!(counts().await, (0, 0, 1));
}

pub async fn everybody_is_mentioned_by_whoever_may(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let before = chat.position().await;
    let asks = || chat.mention_item(room, "ben", mentions(&["ana"], true), Some("c1"));
    assert!(matches!(chat.refused(asks()).await, ErrorKind::Forbidden(_)));
    assert_eq!((chat.position().await, chat.mentioned(room, "ana").await), (before, 0));
    let host = RoomItem { by: None, ..asks() };
    chat.run(host).await;
    assert_eq!(chat.mentioned(room, "ana").await, 1);
    let permissions = vec![(Verb::MentionAll, Role::Member)];
    let update = Op::Update(Box::new(Update { permissions, ..Update::default() }));
    chat.run(chat.item(room, Some("ana"), update)).await;
    chat.mention_all(room, "ben").await;
    assert_eq!(chat.mentioned(room, "ana").await, 2);
    let pair = chat.direct("ana", "ben").await;
    chat.mention_all(pair, "ben").await;
    assert_eq!(chat.mentioned(pair, "ana").await, 1);
}

pub async fn a_retry_mentions_the_same(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let asks = |users: &[&str], all| chat.mention_item(room, "ana", mentions(users, all), Some("c1"));
    let first = sent(&chat.run(asks(&["ben"], false)).await);
    chat.run(chat.leave_item(room, "ben")).await;
    let again = chat.run(asks(&["ben"], false)).await;
    assert_eq!((sent(&again), again.changes.len()), (first, 0), "also once they have left");
    let plain = chat.send_as_item(room, "ana", "you", "c1");
    for conflict in [asks(&["cho"], false), asks(&["ben"], true), plain] {
        assert_eq!(chat.refused(conflict).await, ErrorKind::ClientIdConflict);
    }
}

pub async fn mentions_are_taken_in_with_their_message(chat: Fixture) {
    let create = chat.create_item(RoomKind::Group, &["ana", "ben"]);
    let room = create.room;
    chat.run(create).await;
    chat.mention(room, "ana", &["ben"]).await;
    chat.mention_all(room, "ana").await;
    let pinned = chat.mention(room, "ana", &["ben"]).await;
    chat.amend_as(&pinned, "ana", Amend::Pin { on: true, max_pins: 10 }).await;
    let elsewhere = RoomId::generate();
    let record = crate::model::Room { id: elsewhere, ..chat.room(room).await };
    let members = [chat.member(room, "ana").await, chat.member(room, "ben").await];
    let mut moved = chat.history(room).await;
    for message in &mut moved {
        (message.room, message.id) = (elsewhere, MessageId::generate());
    }
    for _ in 0..2 {
        chat.run(RoomRecord::Room(record.clone())).await;
        for message in &moved {
            chat.run(RoomRecord::Message(message.clone(), None)).await;
        }
        for member in &members {
            chat.run(RoomRecord::Member(crate::model::Member { room: elsewhere, ..member.clone() })).await;
        }
    }
    let there = chat.history(elsewhere).await;
    assert!(there.iter().map(of).eq(moved.iter().map(of)));
    assert_eq!((chat.mentioned(elsewhere, "ben").await, chat.mentioned(elsewhere, "ana").await), (3, 0));
}

pub async fn the_count_of_mentions_equals_a_fresh_one_whatever_happens(chat: Fixture) {
    const PEOPLE: [&str; 3] = ["ana", "ben", "cho"];
    for seed in 0..3 {
        let mut dice = Dice(seed);
        let room = chat.group(&PEOPLE).await;
        for _ in 0..60 {
            let who = *dice.pick(&PEOPLE);
            let history = chat.history(room).await;
            match dice.roll(6) {
                0 => drop(chat.send(room, who, "hi").await),
                1 | 2 => {
                    let (named, all) = ([*dice.pick(&PEOPLE), *dice.pick(&PEOPLE)], dice.roll(2) == 0);
                    let item = chat.mention_item(room, who, mentions(&named, all && who == "ana"), None);
                    chat.run(item).await;
                }
                3 => drop(chat.mark(room, who, Mark::Read, Some(dice.roll(70))).await),
                4 if !history.is_empty() => {
                    let message = dice.pick(&history);
                    if message.body.is_countable() {
                        chat.amend_as(message, "ana", Amend::Delete { within: None }).await;
                    }
                }
                _ if who != "ana" => {
                    chat.run(chat.leave_item(room, who)).await;
                    chat.run(chat.join_item(room, Some("ana"), &[who], 10)).await;
                }
                _ => {}
            }
            let history = chat.history(room).await;
            for who in PEOPLE {
                let read = chat.member(room, who).await.read_seq;
                let unread = history.iter().filter(|message| message.seq > read);
                let fresh = unread.filter(|message| message.mentions(&user(who))).count() as u64;
                assert_eq!(chat.mentioned(room, who).await, fresh, "seed {seed}, {who}");
            }
        }
    }
}
