//! Cases about read and delivered marks, and unread counts.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::collections::BTreeMap;

use super::Fixture;
use super::kit::{Dice, NO_BOUND, marked, text};
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{Body, Mark};
use crate::store::{RoomItem, What};

pub async fn a_mark_moves_forward_only_and_no_further_than_the_head(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    assert_eq!(
        chat.mark(room, "ben", Mark::Read, None).await,
        0,
        "in an empty room there is nothing to mark"
    );
    chat.send_many(room, "ana", 10).await;
    let steps = [(Some(4), 4), (Some(2), 4), (Some(4), 4), (Some(0), 4), (Some(7), 7), (Some(u64::MAX), 10)];
    for mark in [Mark::Delivered, Mark::Read] {
        for (to, expected) in steps {
            let before = chat.member(room, "ben").await;
            let outcome = chat.run(chat.mark_item(room, "ben", mark, to)).await;
            let (member, unread) = marked(&outcome);
            assert_eq!(*member, chat.member(room, "ben").await, "the answer is what is stored");
            let at = if mark == Mark::Read { member.read_seq } else { member.delivered_seq };
            let expected = if mark == Mark::Read { expected } else { expected.max(before.delivered_seq) };
            assert_eq!(at, expected, "{mark:?} to {to:?}");
            assert_eq!(unread, 10 - member.read_seq);
            assert_eq!(outcome.changes.is_empty(), *member == before, "what does not move is not told");
        }
    }
    chat.send(room, "ana", "more").await;
    assert_eq!(chat.mark(room, "ben", Mark::Read, None).await, 0);
    assert_eq!(chat.member(room, "ben").await.read_seq, 11);
}

pub async fn reading_moves_the_delivered_mark_along(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send_many(room, "ana", 5).await;
    chat.mark(room, "ben", Mark::Read, Some(2)).await;
    let ben = chat.member(room, "ben").await;
    assert_eq!((ben.read_seq, ben.delivered_seq), (2, 2));
    chat.mark(room, "ben", Mark::Delivered, Some(4)).await;
    chat.mark(room, "ben", Mark::Read, Some(3)).await;
    let ben = chat.member(room, "ben").await;
    assert_eq!((ben.read_seq, ben.delivered_seq), (3, 4));
}

pub async fn a_mark_takes_no_position_of_its_own(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let message = chat.send(room, "ana", "hi").await;
    let before = (chat.position().await, chat.room(room).await);
    let item = chat.mark_item(room, "ben", Mark::Read, None);
    let (at, outcome) = (item.at, chat.run(item).await);
    let [change] = &outcome.changes[..] else { panic!("one change: {outcome:?}") };
    let What::Marked { member: told, mark: Mark::Read, is_shared: true } = &change.what else {
        panic!("no mark: {change:?}")
    };
    let ben = chat.member(room, "ben").await;
    assert_eq!(**told, ben);
    assert_eq!((change.pos.at, change.prev), (message.pos, message.pos));
    assert_eq!((ben.marks_pos, ben.marked_at), (message.pos, at));
    assert_eq!(chat.position().await, before.0);
    let mut expected = before.1;
    expected.marks_pos = message.pos;
    assert_eq!(chat.room(room).await, expected, "nothing else of the room changes");
}

pub async fn marks_of_others_stay_where_they_are(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    chat.send_many(room, "ana", 3).await;
    let before = chat.member(room, "cho").await;
    chat.mark(room, "ben", Mark::Read, None).await;
    chat.send(room, "ben", "hi").await;
    assert_eq!(chat.member(room, "cho").await, before);
    assert_eq!(chat.member(room, "ana").await.read_seq, 0, "sending moves no mark");
    assert_eq!(chat.member(room, "ben").await.read_seq, 3);
}

pub async fn only_active_members_have_marks(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send(room, "ana", "hi").await;
    chat.run(chat.leave_item(room, "ben")).await;
    for who in ["ben", "eve"] {
        let kind = chat.refused(chat.mark_item(room, who, Mark::Read, None)).await;
        assert_eq!(kind, ErrorKind::NotAParticipant(room));
    }
    let by_host = RoomItem { by: None, ..chat.mark_item(room, "ana", Mark::Read, None) };
    assert_eq!(chat.refused(by_host).await, ErrorKind::NotAParticipant(room), "the host reads nothing");
}

pub async fn own_messages_are_never_unread(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    for _ in 0..3 {
        chat.send_many(room, "ana", 2).await;
        chat.send_many(room, "ben", 1).await;
    }
    assert_eq!((chat.unread(room, "ana").await, chat.unread(room, "ben").await), (3, 6));
    assert_eq!(chat.mark(room, "ana", Mark::Read, Some(4)).await, 2, "6 and 9");
    assert_eq!(chat.mark(room, "ben", Mark::Read, Some(4)).await, 3, "5, 7 and 8");
    chat.send(room, "ben", "x").await;
    assert_eq!((chat.unread(room, "ana").await, chat.unread(room, "ben").await), (3, 3));
}

pub async fn system_messages_are_never_unread(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.run(chat.join_item(room, Some("ana"), &["cho"], 10)).await;
    chat.run(chat.rename_item(room, Some("ana"), "ana", "Runners")).await;
    chat.run(chat.leave_item(room, "cho")).await;
    assert_eq!(chat.unread(room, "ben").await, 0);
    chat.send(room, "ana", "hi").await;
    chat.run(chat.body_item_of_image(room)).await;
    assert_eq!(chat.unread(room, "ben").await, 2, "words and pictures count");
    assert_eq!(chat.mark(room, "ben", Mark::Read, Some(3)).await, 2);
    assert_eq!(chat.mark(room, "ben", Mark::Read, Some(4)).await, 1);
}

pub async fn a_mark_below_messages_of_its_batch_counts_the_older_own_ones(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send_many(room, "ben", 5).await;
    chat.send_many(room, "ana", 1).await;
    let outcomes = chat
        .done(vec![
            chat.send_item(room, "ana", "7"),
            chat.send_item(room, "ana", "8"),
            chat.send_item(room, "ben", "9"),
            chat.mark_item(room, "ben", Mark::Read, Some(7)),
            chat.mark_item(room, "ana", Mark::Read, Some(3)),
        ])
        .await;
    assert_eq!(marked(&outcomes[3]).1, 1, "the 8th alone");
    assert_eq!(marked(&outcomes[4]).1, 3, "the 4th, the 5th and the 9th");
    let ben = chat.member(room, "ben").await;
    assert_eq!((ben.read_n, ben.read_own_n, ben.own_n), (7, 5, 6));
}

pub async fn a_rename_by_the_host_leaves_counts_exact(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send_many(room, "ben", 3).await;
    chat.run(chat.rename_item(room, None, "ben", "Runners")).await;
    chat.run(chat.rename_item(room, Some("ana"), "ben", "Walkers")).await;
    let notices = chat.history(room).await.split_off(3);
    assert!(notices.iter().all(|notice| (notice.n, notice.own_n) == (3, 3)), "{notices:?}");
    chat.send_many(room, "ana", 2).await;
    assert_eq!(chat.mark(room, "ben", Mark::Read, Some(5)).await, 2);
    assert_eq!(chat.mark(room, "ben", Mark::Read, Some(6)).await, 1);
}

const PEOPLE: [&str; 5] = ["ana", "ben", "cho", "dan", "eve"];

/// What a room is expected to hold, counted afresh each time.
#[derive(Default)]
struct Log {
    /// Who sent each message, and whether it counts.
    messages: Vec<(&'static str, bool)>,
    /// The read and the delivered mark of those who are in.
    marks: BTreeMap<&'static str, (u64, u64)>,
}

impl Log {
    fn head(&self) -> u64 {
        self.messages.len() as u64
    }

    fn unread(&self, who: &str) -> u64 {
        let above = &self.messages[self.marks[who].0 as usize..];
        above.iter().filter(|(sender, is_countable)| *is_countable && *sender != who).count() as u64
    }

    fn joins(&mut self, who: &'static str) {
        self.marks.insert(who, (self.head(), self.head()));
        self.messages.push((who, false));
    }

    fn marks(&mut self, who: &str, mark: Mark, to: Option<u64>) {
        let to = to.unwrap_or(u64::MAX).min(self.head());
        if let Some((read, delivered)) = self.marks.get_mut(who) {
            if mark == Mark::Read {
                *read = to.max(*read);
            }
            *delivered = to.max(*delivered);
        }
    }
}

pub async fn unread_equals_a_fresh_count_whatever_happens(chat: Fixture) {
    for seed in 0..4 {
        let rooms = [chat.group(&["ana"]).await, chat.group(&["ana"]).await];
        let mut logs = [Log::default(), Log::default()];
        for (room, log) in rooms.iter().zip(&mut logs) {
            log.marks.insert("ana", (0, 0));
            chat.run(chat.join_item(*room, None, &PEOPLE[1..], NO_BOUND)).await;
            PEOPLE[1..].iter().for_each(|who| log.joins(who));
        }
        let mut dice = Dice(seed);
        for _ in 0..60 {
            let mut items = Vec::new();
            let mut expected = Vec::new();
            for _ in 0..=dice.roll(7) {
                let at = dice.roll(2) as usize;
                items.push(next_item(&chat, rooms[at], &mut logs[at], &mut dice, &mut expected));
            }
            let outcomes = chat.done(items).await;
            for (outcome, unread) in outcomes.iter().zip(expected) {
                if let Some(unread) = unread {
                    assert_eq!(marked(outcome).1, unread, "seed {seed}: {outcome:?}");
                }
            }
            for (room, log) in rooms.iter().zip(&logs) {
                check_room(&chat, *room, log).await;
            }
        }
    }
}

/// Rolls something that somebody does, and lets the log follow.
fn next_item(
    chat: &Fixture,
    room: RoomId,
    log: &mut Log,
    dice: &mut Dice,
    expected: &mut Vec<Option<u64>>,
) -> RoomItem {
    let who = *dice.pick(&PEOPLE);
    let mut unread = None;
    let item = match (dice.roll(20), log.marks.contains_key(who)) {
        (_, false) => {
            log.joins(who);
            chat.join_item(room, None, &[who], NO_BOUND)
        }
        (0..=8, true) => {
            log.messages.push((who, true));
            chat.body_item(room, who, text("hi"), None)
        }
        (9, true) if log.marks.len() > 2 => {
            log.marks.remove(who);
            log.messages.push((who, false));
            chat.leave_item(room, who)
        }
        (9..=11, true) => {
            let name = format!("name {}", log.head());
            log.messages.push((who, false));
            chat.rename_item(room, None, who, &name)
        }
        (turn, true) => {
            let mark = if turn % 4 == 0 { Mark::Delivered } else { Mark::Read };
            // Often between messages of this very batch.
            let to = match dice.roll(4) {
                0 => None,
                1 => Some(dice.roll(log.head() + 3)),
                _ => Some((log.head() + 1).saturating_sub(dice.roll(8))),
            };
            log.marks(who, mark, to);
            unread = Some(log.unread(who));
            chat.mark_item(room, who, mark, to)
        }
    };
    expected.push(unread);
    item
}

async fn check_room(chat: &Fixture, room: RoomId, log: &Log) {
    let stored = chat.room(room).await;
    assert_eq!((stored.seq, u64::from(stored.members)), (log.head(), log.marks.len() as u64));
    for entry in chat.store().members(room, None, 10).await.expect("the store reads") {
        let (member, who) = (entry.member, entry.profile.user);
        assert_eq!((member.read_seq, member.delivered_seq), log.marks[who.as_str()]);
        assert_eq!(member.unread_in(&stored), log.unread(who.as_str()), "{member:?}");
    }
}

impl Fixture {
    fn body_item_of_image(&self, room: RoomId) -> RoomItem {
        self.body_item(room, "ana", Body::Image { url: "https://a/b".into(), caption: None }, None)
    }
}
