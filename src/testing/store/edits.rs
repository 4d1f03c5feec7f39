//! What edited messages said before.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::sent;
use crate::id::RoomId;
use crate::model::{Body, Edit, Message};
use crate::store::{Amend, Op, RoomItem};

impl Fixture {
    fn edit_keeping(&self, message: &Message, words: Option<&str>, keep: u32) -> RoomItem {
        let change = Amend::Edit { content: words.map(Into::into), within: None, keep };
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
        assert_eq!(page, [edit.clone()]);
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
    let change = Amend::Edit { content: Some("eight".into()), within: None, keep: 5 };
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
