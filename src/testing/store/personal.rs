//! Cases about what is found by the person whom it is of.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{PAGES, notice, user};
use crate::clock::Timestamp;
use crate::id::{ReportId, RoomId};
use crate::model::{Ban, Reaction, ReportOutcome, SystemKind};
use crate::store::{Amend, Batch, Op, Record, RecordPage, RoomRecord};

impl Fixture {
    async fn of_one(&self, page: RecordPage, limit: u32) -> Vec<Record> {
        let found = self.store().records(page, limit).await.expect("the store reads");
        assert!(found.len() <= limit as usize);
        found
    }

    async fn seqs_by(&self, room: RoomId, who: &str, limit: u32) -> Vec<u64> {
        let (mut after, mut all) = (0, Vec::new());
        for _ in 0..PAGES {
            let page = RecordPage::MessagesBy { room, user: user(who), after };
            let page = self.of_one(page, limit).await;
            if page.is_empty() {
                return all;
            }
            for record in page {
                let Record::Room(RoomRecord::Message(message, _)) = record else { panic!("no message") };
                assert_eq!((message.sender.user.as_str(), message.room), (who, room));
                after = message.seq;
                all.push(after);
            }
        }
        panic!("the pages have no end");
    }
}

pub async fn messages_of_a_sender_come_in_pages_by_their_numbers(chat: Fixture) {
    let (room, other) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana"]).await);
    for n in 0..7 {
        chat.send(room, if n % 3 == 0 { "ben" } else { "ana" }, &format!("{n}")).await;
    }
    chat.send(other, "ana", "elsewhere").await;
    chat.run(chat.rename_item(room, None, "ana", "about ana")).await;
    for limit in [1, 2, 100] {
        assert_eq!(chat.seqs_by(room, "ana", limit).await, [2, 3, 5, 6, 8], "in pages of {limit}");
        assert_eq!(chat.seqs_by(room, "ben", limit).await, [1, 4, 7]);
    }
    assert_eq!(chat.seqs_by(room, "zoe", 10).await, [0; 0]);
    assert_eq!(chat.seqs_by(RoomId::generate(), "ana", 10).await, [0; 0]);
}

pub async fn reactions_of_a_user_come_in_pages_by_message(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let mut left = Vec::new();
    for n in 0..3 {
        let message = chat.send(room, "ana", &format!("{n}")).await;
        for (who, word) in [("ben", "like"), ("ben", "no"), ("ana", "like")] {
            let reaction: Reaction = word.parse().expect("a good reaction");
            let change = Amend::React { reaction: reaction.clone(), on: true, max_kinds: 9 };
            chat.run(chat.item(room, Some(who), Op::Amend { message: message.id, change })).await;
            if who == "ben" {
                left.push((message.seq, reaction, message.id));
            }
        }
    }
    for limit in [1, 4, 100] {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = RecordPage::ReactionsBy { room, user: user("ben"), after: after.take() };
            let page = chat.of_one(page, limit).await;
            if page.is_empty() {
                break;
            }
            for record in page {
                let Record::Room(RoomRecord::Reaction(key, id)) = record else { panic!("no reaction") };
                assert_eq!((key.room, key.user), (room, user("ben")));
                after = Some((key.seq, key.reaction.clone()));
                all.push((key.seq, key.reaction, id));
            }
        }
        assert_eq!(all, left, "in pages of {limit}");
    }
}

pub async fn bans_and_reports_are_found_by_their_user(chat: Fixture) {
    let mut rooms = Vec::new();
    for n in 0..3 {
        let room = chat.group(&["ana", "ben"]).await;
        for who in ["eve", "dan"] {
            // One that is over too.
            let until = if n == 0 { Timestamp::from_millis(2) } else { Timestamp::NEVER };
            let at = Timestamp::from_millis(1);
            let ban = Ban { room, user: user(who), by: None, at, until, reason: None };
            chat.run(chat.item(room, None, Op::Ban { ban, notice: notice(SystemKind::Removed, who) })).await;
        }
        rooms.push(room);
    }
    rooms.sort();
    for limit in [1, 2, 100] {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = chat.of_one(RecordPage::BansOf { user: user("eve"), after }, limit).await;
            if page.is_empty() {
                break;
            }
            for record in page {
                let Record::Room(RoomRecord::Ban(ban)) = record else { panic!("no ban") };
                assert_eq!(ban.user, user("eve"));
                after = Some(ban.room);
                all.push(ban.room);
            }
        }
        assert_eq!(all, rooms, "in pages of {limit}");
    }
    let mut made = Vec::new();
    for (n, who) in ["ben", "cho", "ben", "ben"].into_iter().enumerate() {
        let room = chat.group(&["ana", "ben", "cho"]).await;
        let message = chat.send(room, "ana", "words").await.id;
        let id = ReportId::generate();
        chat.run(chat.item(room, Some(who), Op::Report { id, message, reason: None })).await;
        if n == 0 {
            let outcome = ReportOutcome::Dismissed;
            chat.run(chat.item(room, None, Op::Resolve { id, outcome })).await;
        }
        if who == "ben" {
            made.push(id);
        }
    }
    made.sort();
    for limit in [1, 2, 100] {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = chat.store().reports_by(&user("ben"), after, limit).await.expect("the store reads");
            assert!(page.iter().all(|report| report.by == user("ben")));
            all.extend(page.iter().map(|report| report.id));
            after = page.last().map(|report| report.id);
            if page.len() < limit as usize {
                break;
            }
        }
        assert_eq!(all, made, "in pages of {limit}");
    }
}

pub async fn what_is_known_of_a_user_is_found_by_them(chat: Fixture) {
    assert!(chat.of_one(RecordPage::ProfileOf(user("ana")), 10).await.is_empty());
    chat.put_profile("ana", "Ana", Some("https://example.org/ana.png")).await;
    chat.put_profile("ben", "Ben", None).await;
    let last_seen = vec![(user("cho"), Timestamp::from_millis(7))];
    chat.store().commit(Batch { last_seen, ..Batch::default() }).await.expect("the store commits");
    let found = chat.of_one(RecordPage::ProfileOf(user("ana")), 10).await;
    let [Record::Profile { user: whose, profile: Some(profile), .. }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((whose, &*profile.nickname), (&user("ana"), "Ana"));
    let found = chat.of_one(RecordPage::ProfileOf(user("cho")), 10).await;
    assert!(matches!(&found[..], [Record::Profile { profile: None, last_seen: Some(_), .. }]), "{found:?}");
}
