//! Cases about what is cut away from the beginning of a room.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::time::Duration;

use super::Fixture;
use super::kit::{NO_BOUND, PAGES, text, user};
use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{Act, Floor, Keeping, Mark, MessageState, Reaction, Retention, Revision, Role, Verb};
use crate::store::{
    Amend, Answer, Op, Outcome, Record, RecordPage, Refers, RoomItem, RoomRecord, Update, What,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn rule(days: Option<u32>, messages: Option<u32>) -> Retention {
    Retention::new(days, messages).expect("the case names a good rule")
}

fn is_more(outcome: &Outcome) -> bool {
    assert!(outcome.changes.is_empty(), "nobody is told: {:?}", outcome.changes);
    let Answer::Cut { is_more } = outcome.answer else { panic!("no cut: {:?}", outcome.answer) };
    is_more
}

impl Fixture {
    fn cut_item(&self, room: RoomId, rule: Retention, limit: u32) -> RoomItem {
        self.item(room, None, Op::Cut { retention: Some(rule), grace: Duration::ZERO, limit })
    }

    /// Cuts until nothing is left to cut.
    async fn cut(&self, room: RoomId, rule: Retention, limit: u32) {
        for _ in 0..PAGES {
            if !is_more(&self.run(self.cut_item(room, rule, limit)).await) {
                return;
            }
        }
        panic!("the cuts have no end");
    }

    async fn seqs(&self, room: RoomId) -> Vec<u64> {
        self.history(room).await.iter().map(|message| message.seq).collect()
    }

    fn keep_item(&self, room: RoomId, by: Option<&str>, rule: Option<Retention>) -> RoomItem {
        let update = Update { retention: Some(rule), ..Update::default() };
        self.item(room, by, Op::Update(Box::new(update)))
    }
}

pub async fn a_count_keeps_the_newest_and_a_cut_takes_no_more_than_its_bound(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send_many(room, "ana", 10).await;
    let before = chat.room(room).await;
    assert!(is_more(&chat.run(chat.cut_item(room, rule(None, Some(4)), 4)).await));
    assert_eq!(chat.seqs(room).await, [5, 6, 7, 8, 9, 10]);
    assert!(!is_more(&chat.run(chat.cut_item(room, rule(None, Some(4)), 4)).await));
    assert_eq!(chat.seqs(room).await, [7, 8, 9, 10]);
    let after = chat.room(room).await;
    let seventh = &chat.history(room).await[0];
    let floor = Floor { seq: 7, pos: seventh.pos - 1, n: 6, oldest_at: Some(seventh.created_at) };
    assert_eq!(after.floor(), floor);
    let keeping = after.keeping.clone();
    assert_eq!(after, crate::model::Room { keeping, ..before }, "and nothing else is another way");
    assert!(!is_more(&chat.run(chat.cut_item(room, rule(None, Some(4)), 4)).await), "nothing is left to cut");
    assert_eq!(chat.room(room).await, after);
    // Numbers go on as if nothing had gone.
    let next = chat.send(room, "ben", "next").await;
    assert_eq!((next.seq, next.n, next.own_n), (11, 11, 1));
    chat.cut(room, rule(None, Some(1)), 2).await;
    assert_eq!(chat.seqs(room).await, [11]);
    assert_eq!(chat.room(room).await.floor().n, 10);
}

pub async fn an_age_lets_go_what_is_older_and_stops_at_what_is_not(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let mut items: Vec<RoomItem> = (0..6).map(|n| chat.send_item(room, "ana", &format!("{n}"))).collect();
    let base = Timestamp::from_millis(1_800_000_000_000);
    for (days, item) in [0, 1, 2, 5, 3, 6].into_iter().zip(&mut items) {
        item.at = base.plus(DAY * days);
    }
    chat.done(items).await;
    let at = |item: RoomItem, days, millis| RoomItem {
        at: base.plus(DAY * days).minus(Duration::from_millis(millis)),
        ..item
    };
    let three = rule(Some(3), None);
    chat.run(at(chat.cut_item(room, three, 10), 4, 1)).await;
    assert_eq!(chat.seqs(room).await, [2, 3, 4, 5, 6], "the second is a millisecond too young");
    chat.run(at(chat.cut_item(room, three, 10), 4, 0)).await;
    assert_eq!(chat.seqs(room).await, [3, 4, 5, 6]);
    // A clock that was set back has made the fifth older than the fourth: what is younger is never cut away.
    chat.run(at(chat.cut_item(room, three, 10), 7, 0)).await;
    assert_eq!(chat.seqs(room).await, [4, 5, 6]);
    assert!(!is_more(&chat.run(at(chat.cut_item(room, three, 10), 9, 0)).await));
    assert_eq!(chat.room(room).await.floor().seq, 7, "nothing is left");
    assert_eq!(chat.seqs(room).await, [0; 0]);
    let entry = chat.store().room_entry(room, &user("ana"), 10).await.expect("the store reads");
    assert!(entry.is_some_and(|entry| entry.last_message.is_none() && entry.room.seq == 6));
    let seventh = chat.send(room, "ana", "again").await;
    assert_eq!((seventh.seq, seventh.n, chat.unread(room, "ana").await), (7, 7, 0));
}

pub async fn nothing_goes_before_it_has_the_least_age(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    chat.send_many(room, "ana", 5).await;
    let (second, one) = (chat.history(room).await[1].created_at, Some(rule(None, Some(1))));
    let cut = |after| {
        let grace = Duration::from_secs(60);
        let item = chat.item(room, None, Op::Cut { retention: one, grace, limit: 10 });
        chat.run(RoomItem { at: second.plus(grace + after).minus(Duration::from_millis(1)), ..item })
    };
    cut(Duration::ZERO).await;
    assert_eq!(chat.seqs(room).await, [2, 3, 4, 5]);
    cut(Duration::from_millis(1)).await;
    assert_eq!(chat.seqs(room).await, [3, 4, 5]);
}

pub async fn the_rooms_own_rule_stands_instead_of_the_one_for_all(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let own = rule(Some(30), Some(5));
    assert!(matches!(chat.refused(chat.keep_item(room, Some("ben"), None)).await, ErrorKind::Forbidden(_)));
    let outcome = chat.run(chat.keep_item(room, Some("ana"), Some(own))).await;
    assert!(matches!(&outcome.changes[..], [change] if matches!(&change.what, What::Changed(room)
        if room.retention() == Some(own) && room.floor() == Floor::default())));
    assert!(chat.run(chat.keep_item(room, Some("ana"), Some(own))).await.changes.is_empty(), "it stands");
    chat.send_many(room, "ana", 9).await;
    chat.cut(room, rule(None, Some(2)), 100).await;
    assert_eq!(chat.seqs(room).await, [5, 6, 7, 8, 9]);
    chat.run(chat.keep_item(room, Some("ana"), None)).await;
    let none = chat.item(room, None, Op::Cut { retention: None, grace: Duration::ZERO, limit: 100 });
    assert!(!is_more(&chat.run(none).await));
    assert_eq!(chat.seqs(room).await.len(), 5, "without any rule all is kept");
    chat.cut(room, rule(None, Some(2)), 100).await;
    assert_eq!(chat.seqs(room).await, [8, 9]);
    let acts = chat.store().audit(room, None, 10).await.expect("the store reads");
    let acts: Vec<Act> = acts.into_iter().map(|entry| entry.act).collect();
    assert_eq!(acts, [Act::SetRetention(None), Act::SetRetention(Some(own))]);
    let both = Update { retention: Some(Some(own)), slow_mode: Some(7), ..Update::default() };
    let outcome = chat.run(chat.item(room, Some("ana"), Op::Update(Box::new(both)))).await;
    let positions: Vec<u64> = outcome.changes.iter().map(|change| change.pos.at).collect();
    let acts = chat.store().audit(room, None, 2).await.expect("the store reads");
    let acts: Vec<(u64, Act)> = acts.into_iter().map(|entry| (entry.pos, entry.act)).collect();
    assert_eq!(acts, [(positions[1], Act::SetRetention(Some(own))), (positions[0], Act::SlowMode(7))]);
    let direct = chat.direct("ana", "ben").await;
    assert!(matches!(chat.refused(chat.keep_item(direct, Some("ana"), None)).await, ErrorKind::Forbidden(_)));
    chat.run(chat.keep_item(direct, None, Some(own))).await;
    assert_eq!(chat.room(direct).await.retention(), Some(own), "the host may there too");
    assert_eq!(Role::Owner, crate::model::Permissions::default().least(Verb::SetRetention));
}

pub async fn what_was_cut_away_is_not_unread_and_counts_stay_exact(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    // In turn, so that each has sent some of what is cut away.
    for n in 0..4 {
        for who in ["ana", "ben"] {
            chat.send(room, who, &format!("{n}")).await;
        }
    }
    chat.run(chat.rename_item(room, None, "ana", "named")).await;
    assert_eq!(chat.mark(room, "ana", Mark::Read, Some(4)).await, 2);
    chat.cut(room, rule(None, Some(4)), 2).await;
    assert_eq!(chat.seqs(room).await, [6, 7, 8, 9]);
    let unread = |who| chat.unread(room, who);
    assert_eq!((unread("ana").await, unread("ben").await, unread("cho").await), (2, 1, 3));
    // A mark below the floor, at it, above it, and at the head.
    assert_eq!(chat.mark(room, "cho", Mark::Read, Some(2)).await, 3);
    assert_eq!(chat.mark(room, "ben", Mark::Read, Some(3)).await, 1);
    assert_eq!(chat.mark(room, "cho", Mark::Read, Some(6)).await, 2);
    assert_eq!(chat.mark(room, "ben", Mark::Read, Some(7)).await, 0);
    // All that cho has sent goes, and then a mark is moved to where none of it is.
    for _ in 0..2 {
        chat.send(room, "cho", "mine").await;
    }
    chat.send_many(room, "ana", 3).await;
    chat.cut(room, rule(None, Some(3)), 100).await;
    assert_eq!((chat.seqs(room).await, unread("cho").await), (vec![12, 13, 14], 3));
    assert_eq!(chat.mark(room, "cho", Mark::Read, Some(13)).await, 1);
    assert_eq!((unread("ana").await, unread("ben").await), (0, 3));
    chat.send(room, "cho", "again").await;
    assert_eq!((unread("ana").await, unread("ben").await, unread("cho").await), (1, 4, 1));
    // Who comes new and who comes again begin at the head.
    chat.run(chat.leave_item(room, "cho")).await;
    chat.run(chat.join_item(room, None, &["cho", "dan"], NO_BOUND)).await;
    chat.cut(room, rule(None, Some(1)), 100).await;
    assert_eq!((unread("cho").await, unread("dan").await, unread("ben").await), (0, 0, 0));
}

pub async fn unread_equals_a_fresh_count_of_what_is_kept(chat: Fixture) {
    let people = ["ana", "ben", "cho"];
    let room = chat.group(&people).await;
    let mut dice = super::kit::Dice(7);
    for step in 0..120_u64 {
        let who = *dice.pick(&people);
        match dice.roll(10) {
            0..=5 => drop(chat.send(room, who, &format!("{step}")).await),
            6 => drop(chat.run(chat.rename_item(room, None, who, &format!("room {step}"))).await),
            7 => {
                let head = chat.room(room).await.seq;
                chat.mark(room, who, Mark::Read, Some(dice.roll(head + 2))).await;
            }
            _ => {
                let keeps = 1 + dice.roll(12) as u32;
                let limit = 1 + dice.roll(5) as u32;
                chat.run(chat.cut_item(room, rule(None, Some(keeps)), limit)).await;
            }
        }
        let kept = chat.history(room).await;
        for who in people {
            let member = chat.member(room, who).await;
            let is_unread = |message: &&crate::model::Message| {
                message.seq > member.read_seq
                    && message.body.is_countable()
                    && message.sender.user != member.user
            };
            let expected = kept.iter().filter(is_unread).count() as u64;
            assert_eq!(chat.unread(room, who).await, expected, "{who} at step {step}");
        }
    }
}

pub async fn what_hangs_on_a_message_goes_with_it(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = chat.send_as_item(room, "ana", "gone words", "one");
    let first = super::kit::sent(&chat.run(first).await);
    let last = chat.send_as_item(room, "ana", "other words", "two");
    chat.run(last.clone()).await;
    let reply = |quoted| {
        let mut item = chat.send_item(room, "ben", "an answer");
        if let Op::Send { refers, .. } = &mut item.op {
            *refers = Refers { quoted: Some(quoted), ..Refers::default() };
        }
        item
    };
    chat.run(reply(first.id)).await;
    let amend = |by, change| chat.item(room, Some(by), Op::Amend { message: first.id, change });
    let like: Reaction = "like".parse().expect("a good reaction");
    let react = Amend::React { reaction: like.clone(), on: true, max_kinds: 5 };
    chat.run(amend("ben", react.clone())).await;
    let pinned = chat.run(amend("ana", Amend::Pin { on: true, max_pins: 1 })).await.changes[0].pos.at;
    chat.index(10).await;

    chat.cut(room, rule(None, Some(2)), 100).await;
    assert_eq!(chat.room(room).await.floor().pos, pinned, "what was changed last counts");
    let store = chat.store();
    assert_eq!(store.message(room, first.id).await.expect("the store reads"), None);
    assert!(store.pinned(room, None, 10).await.expect("the store reads").is_empty());
    assert!(store.reactions(room, 1, None, 10).await.expect("the store reads").is_empty());
    assert!(store.reactions_of(room, &user("ben"), 0..=9).await.expect("the store reads").is_empty());
    assert!(store.amended_since(room, u64::MAX, 0, u64::MAX, 9).await.expect("the store reads").is_empty());
    let answer = &chat.history(room).await[1];
    assert_eq!(answer.references.quoted, None, "and is quoted by none");
    assert_eq!(answer.body, text("an answer"));
    for op in [react, Amend::Pin { on: true, max_pins: 1 }, Amend::Delete { within: None }] {
        assert!(matches!(chat.refused(amend("ana", op)).await, ErrorKind::MessageNotFound(_)));
    }
    assert!(matches!(chat.refused(reply(first.id)).await, ErrorKind::MessageNotFound(_)));
    // The pin's place is free, and so is the client id of what has gone; of what is kept it is not.
    let second = store.messages(room, 2..=2).await.expect("the store reads").remove(0);
    let change = Amend::Pin { on: true, max_pins: 1 };
    chat.run(chat.item(room, Some("ana"), Op::Amend { message: second.id, change })).await;
    assert_eq!(super::kit::sent(&chat.run(last).await).seq, 2, "a retry");
    assert_eq!(super::kit::sent(&chat.run(chat.send_as_item(room, "ana", "new", "one")).await).seq, 4);

    assert!(chat.find("ana", "gone").await.is_empty());
    assert_eq!(chat.find("ana", "words").await, ["other words"]);
    assert_eq!(chat.find("ana", "new").await, ["new"]);
}

pub async fn what_was_cut_away_before_it_was_indexed_holds_nothing_up(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    chat.send_many(room, "ana", 30).await;
    chat.cut(room, rule(None, Some(1)), 100).await;
    chat.send(room, "ana", "findable").await;
    // Fewer at a time than were cut away.
    chat.index(5).await;
    assert_eq!(chat.find("ana", "findable").await, ["findable"]);
}

pub async fn a_cut_stands_in_a_batch_like_anything_else(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send_many(room, "ana", 6).await;
    let ids: Vec<_> = chat.history(room).await.iter().map(|message| message.id).collect();
    let amend = |id, change| chat.item(room, Some("ana"), Op::Amend { message: id, change });
    let edit = |words: &str| Amend::Edit { to: Revision::words(Some(words)), within: None, keep: 5 };
    let outcomes = chat
        .commit(vec![
            amend(ids[0], edit("first")),
            amend(ids[5], edit("last")),
            chat.cut_item(room, rule(None, Some(3)), 100),
            amend(ids[1], edit("too late")),
            chat.mark_item(room, "ben", Mark::Read, Some(2)),
            chat.send_item(room, "ben", "seven"),
        ])
        .await;
    assert!(matches!(outcomes[3].as_ref().map_err(|e| e.kind().clone()), Err(ErrorKind::MessageNotFound(_))));
    assert_eq!(super::kit::marked(outcomes[4].as_ref().expect("done")).1, 3);
    let kept = chat.history(room).await;
    assert_eq!(kept.iter().map(|message| message.seq).collect::<Vec<_>>(), [4, 5, 6, 7]);
    assert_eq!(kept[2].body, text("last"));
    for (seq, states) in [(1, 0), (6, 1)] {
        let former = chat.store().edits(room, seq, None, 10).await.expect("the store reads");
        assert_eq!(former.len(), states, "former words go with their message");
    }
    let edited = outcomes[0].as_ref().expect("done").changes[0].pos.at;
    assert_eq!(chat.room(room).await.floor().pos, edited);
    assert_eq!(kept[0].state, MessageState::default());
}

pub async fn rooms_of_which_it_is_said_come_in_pages(chat: Fixture) {
    let mut said = Vec::new();
    for n in 0..7 {
        let room = chat.group(&["ana"]).await;
        if n % 2 == 0 {
            chat.run(chat.keep_item(room, Some("ana"), Some(rule(Some(n + 1), None)))).await;
            said.push(room);
        }
    }
    said.sort();
    for limit in [1, 3, 100] {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = chat.store().keeping_rooms(after, limit).await.expect("the store reads");
            assert!(page.iter().all(|room| room.retention().is_some()));
            all.extend(page.iter().map(|room| room.id));
            after = page.last().map(|room| room.id);
            if page.len() < limit as usize {
                break;
            }
        }
        assert_eq!(all, said, "in pages of {limit}");
    }
    chat.run(chat.keep_item(said[0], Some("ana"), None)).await;
    let left = chat.store().keeping_rooms(None, 100).await.expect("the store reads");
    assert_eq!(left.iter().map(|room| room.id).collect::<Vec<_>>(), said[1..]);
}

pub async fn what_is_kept_outlives_a_reopening_and_a_move(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send_many(room, "ana", 5).await;
    chat.run(chat.keep_item(room, Some("ana"), Some(rule(Some(7), Some(2))))).await;
    chat.cut(room, rule(Some(7), Some(2)), 100).await;
    chat.send(room, "ben", "six").await;
    let page = RecordPage::Messages { room, after: 0 };
    let messages = chat.store().records(page, 100).await.expect("the store reads");
    let members = RecordPage::Members { room, after: None };
    let members = chat.store().records(members, 100).await.expect("the store reads");
    let record = chat.room(room).await;

    // Into the same store, where all of it is there already; and, under other ids, as if it were another one.
    let import = |record| chat.item(room, None, Op::Import(Box::new(record)));
    let there = chat.run(import(RoomRecord::Room(record.clone()))).await;
    assert!(there.changes.is_empty());
    let moved = RoomId::generate();
    let of_moved = |record: RoomRecord| match record {
        RoomRecord::Room(room) => RoomRecord::Room(crate::model::Room { id: moved, ..room }),
        RoomRecord::Message(message, hash) => {
            let id = crate::id::MessageId::generate();
            RoomRecord::Message(crate::model::Message { id, room: moved, ..message }, hash)
        }
        RoomRecord::Member(member) => RoomRecord::Member(crate::model::Member { room: moved, ..member }),
        other => other,
    };
    let rows = messages.into_iter().chain(members).filter_map(|record| match record {
        Record::Room(record) => Some(record),
        _ => None,
    });
    for row in std::iter::once(RoomRecord::Room(record.clone())).chain(rows) {
        let row = of_moved(row);
        chat.run(chat.item(moved, None, Op::Import(Box::new(row)))).await;
    }
    let taken = chat.room(moved).await;
    assert_eq!((taken.seq, taken.countable, taken.members), (6, 6, 2));
    assert_eq!(taken.retention(), record.retention());
    assert_eq!(taken.floor(), Floor { seq: 4, pos: 0, n: 3, oldest_at: None });
    assert_eq!((chat.seqs(moved).await, chat.unread(moved, "ben").await), (vec![4, 5, 6], 2));

    let Some(chat) = chat.reopened().await else { return };
    let again = chat.room(room).await;
    assert_eq!(again, record);
    let keeping: Keeping = again.keeping.as_deref().copied().expect("it is said");
    assert_eq!((keeping.floor.seq, chat.seqs(room).await), (4, vec![4, 5, 6]));
    assert_eq!((chat.unread(room, "ana").await, chat.unread(room, "ben").await), (1, 2));
}
