//! Cases about messages that somebody has taken out of their own sight.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::{PAGES, marked, sent, user};
use crate::error::{Contradiction, ErrorKind, LimitName};
use crate::id::{MessageId, RoomId};
use crate::model::{Hidden, Mark, Member, Message, Role, Words};
use crate::store::{Batch, Op, Record, RecordPage, RoomItem, RoomRecord, Search, What};

const MOST: u32 = 3;

impl Fixture {
    fn hide_item(&self, message: &Message, who: &str) -> RoomItem {
        let (id, seq) = (message.id, message.seq);
        self.item(message.room, Some(who), Op::Hide { message: id, seq, max_hidden: MOST })
    }

    async fn hide(&self, message: &Message, who: &str) {
        self.run(self.hide_item(message, who)).await;
    }

    async fn hidden(&self, room: RoomId, who: &str) -> Vec<u64> {
        self.store().hidden(room, &user(who), 1..=u64::MAX).await.expect("the store reads")
    }

    /// What was hidden since, in pages of so many.
    async fn hidden_since(&self, room: RoomId, who: Option<&str>, since: u64, limit: u32) -> Vec<Hidden> {
        let (who, mut after, mut all) = (who.map(user), since, Vec::new());
        for _ in 0..PAGES {
            let page = self.store().hidden_since(room, who.as_ref(), after, u64::MAX, limit).await;
            let page = page.expect("the store reads");
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { return all };
            after = last.pos;
            all.extend(page);
        }
        panic!("the pages have no end");
    }

    async fn last_seen(&self, room: RoomId, who: &str) -> Option<u64> {
        let entry = self.store().room_entry(room, &user(who), 10).await.expect("the store reads");
        let last = entry.expect("they are in it").last_message.map(|message| message.seq);
        let (listed, _) = self.store().rooms_of(&user(who), 0, 100, 10).await.expect("the store reads");
        let listed = listed.into_iter().find(|entry| entry.room.id == room).expect("it is listed");
        assert_eq!(listed.last_message.map(|message| message.seq), last, "listed as by itself");
        last
    }

    async fn finds(&self, who: &str, q: &str) -> Vec<u64> {
        while self.store().index(100).await.expect("the store takes in") {}
        let search = Search {
            user: user(who),
            words: Words::parse(q, 1000).expect("the case looks for good words"),
            room: None,
            sender: None,
            after: None,
            before: None,
            has_attachment: None,
            cursor: None,
            limit: 100,
        };
        let found = self.store().search(search).await.expect("the store reads");
        found.messages.iter().map(|message| message.seq).collect()
    }
}

pub async fn hiding_takes_a_position_and_reads_up_to_the_message(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send(room, "ana", "mine").await;
    let message = chat.send(room, "ben", "hi").await;
    chat.send(room, "ben", "more").await;
    let (before, history) = (chat.room(room).await, chat.history(room).await);
    let outcome = chat.run(chat.hide_item(&message, "ana")).await;
    let [mark, change] = &outcome.changes[..] else { panic!("{outcome:?}") };
    assert!(matches!(&mark.what, What::Marked { member, mark: Mark::Read, .. } if member.read_seq == 2));
    let hidden = Hidden { room, user: user("ana"), seq: 2, message: message.id, pos: change.pos.at };
    assert!(matches!(&change.what, What::Hidden(told) if *told == hidden), "{change:?}");
    assert_eq!((change.prev, change.pos.at), (before.last_pos, before.last_pos + 1));
    assert_eq!((chat.room(room).await.last_pos, chat.position().await.of_room(room)), {
        (change.pos.at, change.pos.at)
    });
    let ana = chat.member(room, "ana").await;
    assert_eq!((ana.hidden, ana.read_seq, chat.unread(room, "ana").await), (1, 2, 1));
    assert_eq!((chat.hidden(room, "ana").await, chat.hidden(room, "ben").await), (vec![2], vec![]));
    assert_eq!(chat.member(room, "ben").await.hidden, 0);
    assert_eq!(chat.history(room).await, history, "the room has it as before");

    let again = chat.run(chat.hide_item(&message, "ana")).await;
    assert!(again.changes.is_empty(), "{again:?}");
    assert_eq!(chat.member(room, "ana").await, ana);
    // What is read already moves no mark.
    let first = &history[0];
    let outcome = chat.run(chat.hide_item(first, "ana")).await;
    assert!(matches!(outcome.changes[..], [crate::store::Change { what: What::Hidden(_), .. }]));
    assert_eq!((chat.member(room, "ana").await.read_seq, chat.unread(room, "ana").await), (2, 1));
    // A send leaves the count as it is, and so does a mark at the same position.
    chat.send(room, "ana", "and more").await;
    assert_eq!(chat.mark(room, "ana", Mark::Read, None).await, 0);
    assert_eq!(chat.member(room, "ana").await.hidden, 2);
}

pub async fn within_a_batch_what_was_sent_is_hidden_and_counts_stay_exact(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send_many(room, "ben", 2).await;
    let item = chat.send_item(room, "ben", "hi");
    let Op::Send { id, .. } = item.op else { panic!("{item:?}") };
    let hide = |seq| chat.item(room, Some("ana"), Op::Hide { message: id, seq, max_hidden: MOST });
    let mine = chat.send_item(room, "ana", "mine");
    let items = vec![mine, item, hide(4), hide(4), chat.send_item(room, "ben", "more"), hide(9)];
    let outcomes = chat.commit(items).await;
    let changes: Vec<usize> =
        outcomes[..5].iter().map(|outcome| outcome.as_ref().expect("it is done").changes.len()).collect();
    assert_eq!(changes, [1, 1, 2, 0, 1]);
    let wrong = outcomes[5].as_ref().expect_err("it has another number");
    assert_eq!(*wrong.kind(), ErrorKind::MessageNotFound(id));
    let ana = chat.member(room, "ana").await;
    assert_eq!((ana.hidden, ana.read_seq, chat.unread(room, "ana").await), (1, 4, 1));
    assert_eq!(chat.hidden(room, "ana").await, [4]);
    // Counted anew, it is the same.
    assert_eq!(marked(&chat.run(chat.mark_item(room, "ana", Mark::Read, Some(4))).await).1, 1);
}

pub async fn a_participant_hides_any_message_and_no_more_than_the_bound(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    chat.run(chat.join_item(room, Some("ana"), &["dee"], 10)).await;
    for n in 0..4 {
        chat.send(room, "ben", &format!("{n}")).await;
    }
    let about = crate::model::Profile::unknown(user("cho"));
    chat.run(chat.item(room, Some("ana"), Op::SetRole { about, role: Role::ReadOnly })).await;
    chat.run(chat.close_item(room, None)).await;
    let history = chat.history(room).await;
    // Also the server's own words, in a closed room, by who may only read; each user up to the bound.
    let items = history.iter().map(|message| chat.hide_item(message, "cho")).collect::<Vec<_>>();
    let outcomes = chat.commit(items).await;
    let is_ok: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(is_ok, [true, true, true, false, false]);
    let one_too_many = ErrorKind::LimitReached { limit: LimitName::Hidden, allowed: 3 };
    assert_eq!(*outcomes[3].as_ref().expect_err("one too many").kind(), one_too_many);
    assert_eq!(chat.hidden(room, "cho").await, [1, 2, 3]);
    chat.run(chat.hide_item(&history[0], "cho")).await;
    chat.hide(&history[4], "ben").await;
    assert_eq!(chat.member(room, "cho").await.read_seq, 3, "what was refused moves no mark");

    let zoe = chat.refused(chat.hide_item(&history[0], "zoe")).await;
    assert_eq!(zoe, ErrorKind::NotAParticipant(room));
    let nobody = RoomItem { by: None, ..chat.hide_item(&history[0], "ana") };
    assert_eq!(chat.refused(nobody).await, ErrorKind::NotAParticipant(room));
    let other = chat.group(&["ana"]).await;
    let elsewhere = RoomItem { room: other, ..chat.hide_item(&history[0], "ana") };
    assert_eq!(chat.refused(elsewhere).await, ErrorKind::MessageNotFound(history[0].id));
    let unknown = Message { id: MessageId::generate(), ..history[0].clone() };
    assert_eq!(chat.refused(chat.hide_item(&unknown, "ana")).await, ErrorKind::MessageNotFound(unknown.id));
}

pub async fn many_who_hide_at_once_hide_no_more_than_the_bound(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    chat.send_many(room, "ana", 12).await;
    let mut tasks = Vec::new();
    for message in chat.history(room).await {
        let (store, item) = (Arc::clone(&chat.store), chat.hide_item(&message, "ana"));
        tasks.push(tokio::spawn(async move {
            store.commit(Batch::of([item])).await.expect("the store commits").remove(0).is_ok()
        }));
    }
    let mut hidden = 0;
    for task in tasks {
        hidden += u32::from(task.await.expect("it does not panic"));
    }
    let there = chat.hidden(room, "ana").await.len();
    assert_eq!((hidden, there, chat.member(room, "ana").await.hidden), (MOST, MOST as usize, MOST));
}

pub async fn what_is_hidden_is_no_last_message_and_not_found(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let other = chat.group(&["ana"]).await;
    let mut all = Vec::new();
    for words in ["a quiet walk", "a quick walk", "a long walk"] {
        all.push(chat.send(room, "ben", words).await);
        chat.send(other, "ana", "elsewhere").await;
    }
    for (seq, last) in [(3, Some(2)), (1, Some(2)), (2, None)] {
        chat.hide(&all[seq - 1], "ana").await;
        assert_eq!(chat.last_seen(room, "ana").await, last, "with {seq} hidden");
    }
    assert_eq!((chat.last_seen(room, "ben").await, chat.last_seen(other, "ana").await), (Some(3), Some(3)));
    let found = (chat.finds("ana", "walk").await, chat.finds("ben", "walk").await);
    assert_eq!(found, (vec![], vec![3, 2, 1]));
    chat.send(room, "ana", "another walk").await;
    assert_eq!((chat.last_seen(room, "ana").await, chat.finds("ana", "walk").await), (Some(4), vec![4]));
    assert_eq!(chat.finds("ana", "elsewhere").await, [3, 2, 1]);
}

pub async fn what_was_hidden_comes_by_its_position_of_one_user_and_of_all(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let other = chat.group(&["ana"]).await;
    chat.send_many(room, "ben", 4).await;
    let elsewhere = chat.send(other, "ana", "hi").await;
    let history = chat.history(room).await;
    let since = chat.position().await.of_room(room);
    for (seq, who) in [(3, "ana"), (1, "ben"), (4, "ana"), (2, "ben"), (1, "ana")] {
        chat.hide(&history[seq - 1], who).await;
    }
    chat.hide(&elsewhere, "ana").await;
    let of = |all: &[Hidden]| all.iter().map(|one| (one.user.to_string(), one.seq)).collect::<Vec<_>>();
    let named =
        |all: &[(&str, u64)]| all.iter().map(|(who, seq)| ((*who).to_owned(), *seq)).collect::<Vec<_>>();
    for limit in [1, 2, 100] {
        let ana = chat.hidden_since(room, Some("ana"), since, limit).await;
        assert_eq!(of(&ana), named(&[("ana", 3), ("ana", 4), ("ana", 1)]), "in pages of {limit}");
        let all = chat.hidden_since(room, None, since, limit).await;
        let expected = [("ana", 3), ("ben", 1), ("ana", 4), ("ben", 2), ("ana", 1)];
        assert_eq!(of(&all), named(&expected), "in pages of {limit}");
        assert!(all.is_sorted_by(|one, next| one.pos < next.pos));
        assert!(all.iter().all(|one| one.message == history[one.seq as usize - 1].id && one.room == room));
    }
    let all = chat.hidden_since(room, None, since, 100).await;
    let ana = user("ana");
    for who in [None, Some(&ana)] {
        let part = chat.store().hidden_since(room, who, all[0].pos, all[2].pos, 100).await;
        let part = part.expect("the store reads");
        assert_eq!(part.last(), Some(&all[2]), "until is in, and after is out");
        assert!(!part.contains(&all[0]));
        let none = chat.store().hidden_since(room, who, all[4].pos, all[0].pos, 100).await;
        assert_eq!(none.expect("the store reads"), []);
    }
    let some = chat.store().hidden(room, &ana, 2..=3).await.expect("the store reads");
    assert_eq!(some, [3]);
    #[allow(clippy::reversed_empty_ranges, reason = "that is what is asked for")]
    let none = chat.store().hidden(room, &ana, 3..=2).await.expect("the store reads");
    assert!(none.is_empty());
}

pub async fn what_is_hidden_outlasts_the_stay_a_reopening_and_a_move(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.send_many(room, "ana", 3).await;
    let history = chat.history(room).await;
    for (seq, who) in [(1, "ben"), (3, "ben"), (2, "ana")] {
        chat.hide(&history[seq - 1], who).await;
    }
    chat.run(chat.leave_item(room, "ben")).await;
    chat.run(chat.join_item(room, Some("ana"), &["ben"], 10)).await;
    assert_eq!((chat.member(room, "ben").await.hidden, chat.hidden(room, "ben").await), (2, vec![1, 3]));

    let copy = RoomId::generate();
    let mut moved = Vec::new();
    for page in [
        RecordPage::Room(room),
        RecordPage::Messages { room, after: 0 },
        RecordPage::Members { room, after: None },
        RecordPage::Hidden { room, after: None },
    ] {
        moved.extend(chat.store().records(page, 100).await.expect("the store reads"));
    }
    let ids: Vec<MessageId> = (0..10).map(|_| MessageId::generate()).collect();
    let row = |row| match row {
        Record::Room(RoomRecord::Room(row)) => RoomRecord::Room(crate::model::Room { id: copy, ..row }),
        Record::Room(RoomRecord::Message(row, hash)) => {
            let id = ids[row.seq as usize];
            RoomRecord::Message(Message { room: copy, id, ..row }, hash)
        }
        Record::Room(RoomRecord::Member(row)) => RoomRecord::Member(Member { room: copy, ..row }),
        Record::Room(RoomRecord::Hidden(row)) => {
            let message = ids[row.seq as usize];
            RoomRecord::Hidden(Hidden { room: copy, message, ..row })
        }
        other => panic!("{other:?}"),
    };
    let moved: Vec<RoomRecord> = moved.into_iter().map(row).collect();
    chat.done(moved.clone()).await;
    let position = chat.position().await;
    chat.done(moved.clone()).await;
    assert_eq!(chat.position().await, position, "once more it changes nothing");
    for who in ["ana", "ben"] {
        assert_eq!(chat.hidden(copy, who).await, chat.hidden(room, who).await);
        assert_eq!(chat.member(copy, who).await.hidden, chat.member(room, who).await.hidden);
    }
    let Some(RoomRecord::Hidden(one)) = moved.last() else { panic!("{moved:?}") };
    let wrong = RoomRecord::Hidden(Hidden { message: MessageId::generate(), ..one.clone() });
    let why = Contradiction::Message { room: copy, seq: one.seq };
    assert_eq!(chat.refused(wrong).await, ErrorKind::Contradiction(why));
    let stranger = RoomRecord::Hidden(Hidden { user: user("zoe"), ..one.clone() });
    assert!(chat.run(stranger).await.changes.is_empty(), "of nobody it means nothing");

    let Some(chat) = chat.reopened().await else { return };
    assert_eq!((chat.member(room, "ben").await.hidden, chat.hidden(room, "ben").await), (2, vec![1, 3]));
    let more = sent(&chat.run(chat.send_item(room, "ana", "more")).await);
    chat.hide(&more, "ben").await;
    let one_too_many = ErrorKind::LimitReached { limit: LimitName::Hidden, allowed: 3 };
    assert_eq!(chat.refused(chat.hide_item(&history[1], "ben")).await, one_too_many);
}
