//! What edited messages said before.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::sent;
use super::records::elsewhere;
use crate::clock::Timestamp;
use crate::error::{Contradiction, ErrorKind};
use crate::id::{MessageId, RoomId};
use crate::model::{Body, Edit, Message, Revision};
use crate::store::{Amend, KeptEdit, Op, Record, RecordPage, RoomItem, RoomRecord};

impl Fixture {
    fn edit_keeping(&self, message: &Message, words: Option<&str>, keep: u32) -> RoomItem {
        let change = Amend::Edit { to: Revision::words(words), within: None, keep };
        self.item(message.room, Some("ana"), Op::Amend { message: message.id, change })
    }

    async fn edits(&self, room: RoomId, seq: u64) -> Vec<Edit> {
        self.store().edits(room, seq, None, 100).await.expect("the store reads")
    }

    async fn former(&self, room: RoomId, seq: u64) -> Vec<String> {
        let words = |edit: Edit| edit.content.map(|words| words.to_string()).unwrap_or_default();
        self.edits(room, seq).await.into_iter().map(words).collect()
    }
}

pub async fn what_was_edited_is_kept_newest_first_up_to_a_bound(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let message = chat.send(room, "ana", "0").await;
    let other = chat.send(room, "ana", "other").await;
    let mut versions = vec![0];
    for n in 1..=4 {
        let words = n.to_string();
        chat.run(chat.edit_keeping(&message, Some(&words), 3)).await;
        let now =
            chat.store().message(room, message.id).await.expect("the store reads").expect("it is there");
        versions.push(now.state.changed_pos);
    }
    // What stands already is no edit.
    chat.run(chat.edit_keeping(&message, Some("4"), 3)).await;
    let kept = chat.edits(room, message.seq).await;
    assert_eq!(chat.former(room, message.seq).await, ["3", "2", "1"]);
    let expected: Vec<u64> = versions[1..4].iter().rev().copied().collect();
    assert_eq!(kept.iter().map(|edit| edit.version).collect::<Vec<_>>(), expected);
    assert!(kept.windows(2).all(|two| two[0].since > two[1].since), "{kept:?}");
    let mut below = None;
    for edit in &kept {
        let page = chat.store().edits(room, message.seq, below, 1).await.expect("the store reads");
        assert_eq!(page, std::slice::from_ref(edit));
        below = Some(edit.version);
    }
    assert_eq!(chat.store().edits(room, message.seq, below, 1).await.expect("the store reads"), []);
    assert_eq!(chat.edits(room, other.seq).await, []);
    // The first state is from when it was sent.
    chat.run(chat.edit_keeping(&other, Some("others"), 3)).await;
    let first = Edit::new(0, Some("other".into()), other.created_at);
    assert_eq!(chat.edits(room, other.seq).await, [first]);
}

pub async fn nothing_is_kept_of_what_is_deleted_or_where_nothing_is_to_be_kept(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let message = chat.send(room, "ana", "one").await;
    chat.run(chat.edit_keeping(&message, Some("two"), 5)).await;
    chat.run(chat.edit_keeping(&message, Some("three"), 5)).await;
    assert_eq!(chat.former(room, 1).await, ["two", "one"]);
    chat.run(chat.edit_keeping(&message, Some("four"), 1)).await;
    assert_eq!(chat.former(room, 1).await, ["three"], "the bound is another one now");
    chat.run(chat.edit_keeping(&message, Some("five"), 0)).await;
    assert_eq!(chat.edits(room, 1).await, []);
    chat.run(chat.edit_keeping(&message, Some("six"), 5)).await;
    assert_eq!(chat.former(room, 1).await, ["five"]);
    let delete = Op::Amend { message: message.id, change: Amend::Delete { within: None } };
    chat.run(chat.item(room, Some("ana"), delete)).await;
    assert_eq!(chat.edits(room, 1).await, []);
    // Nor of what is refused.
    let kept = chat.send(room, "ana", "seven").await;
    let change = Amend::Edit { to: Revision::words(Some("eight")), within: None, keep: 5 };
    chat.refused(chat.item(room, Some("ben"), Op::Amend { message: kept.id, change })).await;
    assert_eq!(chat.edits(room, 2).await, []);
}

pub async fn edits_of_one_batch_are_kept_each(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let url = "https://example.org/a.png".into();
    let picture = Body::Image { url, caption: None };
    let message = sent(&chat.run(chat.body_item(room, "ana", picture, None)).await);
    let words = [Some("one"), Some("two"), None, Some("three")];
    chat.done(words.map(|words| chat.edit_keeping(&message, words, 3)).into()).await;
    assert_eq!(chat.former(room, 1).await, ["", "two", "one"]);
    assert_eq!(chat.edits(room, 1).await[0].content, None, "no caption is none");
    let delete = Op::Amend { message: message.id, change: Amend::Delete { within: None } };
    let batch = vec![chat.edit_keeping(&message, Some("four"), 3), chat.item(room, Some("ana"), delete)];
    chat.done(batch).await;
    assert_eq!(chat.edits(room, 1).await, []);
}

pub async fn former_states_outlive_a_reopening(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let message = chat.send(room, "ana", "안녕 🦊").await;
    chat.run(chat.edit_keeping(&message, Some("hello"), 3)).await;
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.former(room, 1).await, ["안녕 🦊"]);
}

pub async fn former_states_are_taken_in_where_the_message_says_the_same(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let message = chat.send(room, "ana", "0").await;
    let body = Body::Image { url: "https://example.org/x.png".into(), caption: None };
    let picture = sent(&chat.run(chat.body_item(room, "ana", body, None)).await);
    for words in ["1", "둘 🦊", "3"] {
        chat.run(chat.edit_keeping(&message, Some(words), 9)).await;
    }
    chat.run(chat.edit_keeping(&picture, Some("caption"), 9)).await;
    let kept = async |room: RoomId, seq: u64| -> Vec<KeptEdit> {
        let rows = chat.pages(RecordPage::Edits { room, seq, after: None }).await;
        let of = |row: Record| match row {
            Record::Room(RoomRecord::Edit(state)) => state,
            other => panic!("{other:?}"),
        };
        rows.into_iter().map(of).collect()
    };
    let states = kept(room, 1).await;
    let now = &chat.history(room).await[0];
    let mut edits = chat.edits(room, 1).await;
    edits.reverse();
    for ((n, edit), state) in (1..).zip(edits).zip(&states) {
        let (message, Some(edited_at)) = (message.id, now.state.edited_at) else { panic!("it was edited") };
        assert_eq!(*state, KeptEdit { room, seq: 1, message, edited_at, n, edit });
    }
    assert_eq!((states.len(), kept(room, 3).await.len()), (3, 0));

    // The message first, and then what it said, from the oldest on.
    let copy = RoomId::generate();
    let moved: Vec<_> = chat.rows_of(room).await.into_iter().map(|row| elsewhere(row, copy)).collect();
    chat.done(moved).await;
    let here = chat.history(copy).await;
    let row = |state: &KeptEdit| {
        let message = here[state.seq as usize - 1].id;
        KeptEdit { room: copy, message, ..state.clone() }
    };
    let mut rows: Vec<KeptEdit> = states.iter().map(row).collect();
    rows.extend(kept(room, 2).await.iter().map(row));
    let refused = async |state: KeptEdit| chat.refused(RoomRecord::Edit(state)).await;
    let gap = ErrorKind::Contradiction(Contradiction::Edit { room: copy, seq: 1, n: 2, there: 0 });
    assert_eq!(refused(rows[1].clone()).await, gap);
    let nothing = Contradiction::Edit { room: copy, seq: 1, n: 1, there: 0 };
    let mut silent = rows[0].clone();
    silent.edit.content = None;
    assert_eq!(refused(silent).await, ErrorKind::Contradiction(nothing), "a TEXT had words");
    let stranger = KeptEdit { message: MessageId::generate(), ..rows[0].clone() };
    let other = ErrorKind::Contradiction(Contradiction::Message { room: copy, seq: 1 });
    assert_eq!(refused(stranger).await, other);
    let nowhere = RoomId::generate();
    assert_eq!(
        refused(KeptEdit { room: nowhere, ..rows[0].clone() }).await,
        ErrorKind::RoomNotFound(nowhere)
    );

    let before = chat.position().await.of_room(copy);
    let take_in = async || {
        chat.done(rows.iter().cloned().map(RoomRecord::Edit).collect()).await;
        chat.position().await.of_room(copy)
    };
    assert_eq!(take_in().await, before + 4, "each takes a position");
    assert_eq!(take_in().await, before + 4, "once more changes nothing");
    let told = |edit: Edit| (edit.content, edit.since);
    for seq in [1, 2] {
        let (there, here) = (chat.edits(room, seq).await, chat.edits(copy, seq).await);
        let versions: Vec<u64> = here.iter().map(|edit| edit.version).collect();
        assert!(versions.is_sorted_by(|newer, older| newer > older), "{versions:?}");
        let told = |edits: Vec<Edit>| edits.into_iter().map(told).collect::<Vec<_>>();
        assert_eq!(told(here), told(there));
    }

    // It goes on here, and what it said is what it said here.
    chat.run(chat.edit_keeping(&here[0], Some("4"), 9)).await;
    assert_eq!(chat.former(copy, 1).await, ["3", "둘 🦊", "1", "0"]);
    take_in().await;
    let later = KeptEdit { n: 5, edited_at: Timestamp::from_millis(1), ..rows[0].clone() };
    chat.run(RoomRecord::Edit(later)).await;
    assert_eq!(chat.former(copy, 1).await.len(), 4, "it says something else by now");
    chat.run(chat.item(
        copy,
        Some("ana"),
        Op::Amend { message: here[1].id, change: Amend::Delete { within: None } },
    ))
    .await;
    take_in().await;
    assert!(chat.edits(copy, 2).await.is_empty(), "nothing is kept of what was deleted");
}
