//! Cases about messages that are kept while they are written.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;
use std::time::Duration;

use super::Fixture;
use super::kit::{sent, text};
use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{Amendment, Body, Message, MessageState, Revision};
use crate::store::{Amend, Answer, Op, Outcome, RelationOp, RoomItem, What};

impl Fixture {
    /// A message of this user's that is yet to be written.
    async fn begun(&self, room: RoomId, user: &str, words: &str, until: Timestamp) -> Arc<Message> {
        let mut item = self.body_item(room, user, text(words), None);
        let Op::Send { writing_until, .. } = &mut item.op else { panic!("it sends") };
        *writing_until = Some(until);
        sent(&self.run(item).await)
    }

    fn write_item(
        &self,
        message: &Message,
        by: Option<&str>,
        words: &str,
        until: Option<Timestamp>,
    ) -> RoomItem {
        let change = Amend::Write { content: words.into(), until };
        self.item(message.room, by, Op::Amend { message: message.id, change })
    }

    async fn kept(&self, message: &Message) -> Message {
        self.store().message(message.room, message.id).await.expect("the store reads").expect("it is there")
    }
}

fn written(outcome: &Outcome) -> Arc<Message> {
    let Answer::Amended(message) = &outcome.answer else { panic!("no message: {:?}", outcome.answer) };
    let [change] = &outcome.changes[..] else { panic!("one change: {outcome:?}") };
    let What::Amended { how, .. } = &change.what else { panic!("another change: {change:?}") };
    assert_eq!((how, message.state.changed_pos), (&Some(Amendment::Written), change.pos.at));
    message.clone()
}

/// Beyond what any case has for now.
fn soon() -> Timestamp {
    Timestamp::from_millis(1_900_000_000_000)
}

pub async fn what_is_written_so_far_is_kept_and_is_no_edit(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let (soon, then) = (soon(), soon().plus(Duration::from_secs(1)));
    let begun = chat.begun(room, "ana", "", soon).await;
    assert_eq!((begun.body.content(), begun.state.writing_until), (Some(""), Some(soon)));
    assert_eq!((begun.seq, begun.n), (1, 1), "it has its place, and counts");
    assert_eq!(chat.kept(&begun).await, *begun);
    let half = written(&chat.run(chat.write_item(&begun, Some("ana"), "Let 🏃", Some(then))).await);
    let state = MessageState { changed_pos: half.state.changed_pos, ..MessageState::default() };
    let so_far = MessageState { writing_until: Some(then), ..state };
    assert_eq!(*half, Message { body: text("Let 🏃"), state: so_far, ..Message::clone(&begun) });
    assert_eq!(chat.kept(&begun).await, *half);
    let whole = written(&chat.run(chat.write_item(&begun, Some("ana"), "Let 🏃 run", None)).await);
    assert_eq!((whole.state.writing_until, whole.state.edited_at), (None, None));
    assert_eq!(chat.history(room).await, [Message::clone(&whole)]);
    assert_eq!(chat.room(room).await.seq, 1);
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.kept(&begun).await, *whole);
}

pub async fn only_its_sender_writes_a_message_and_only_until_it_is_written(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let until = soon();
    let (begun, other) = (chat.begun(room, "ana", "", until).await, chat.send(room, "ana", "hi").await);
    for (message, by, words, end) in [
        (&begun, Some("ben"), "mine", Some(until)),
        (&begun, None, "the host's", Some(until)),
        (&begun, Some("ana"), " \n", None),
        (&other, Some("ana"), "never begun", Some(until)),
    ] {
        let kind = chat.refused(chat.write_item(message, by, words, end)).await;
        assert!(matches!(kind, ErrorKind::Forbidden(_)), "{by:?} {words:?}: {kind:?}");
    }
    chat.run(chat.write_item(&begun, Some("ana"), "done", None)).await;
    let kind = chat.refused(chat.write_item(&begun, Some("ana"), "more", None)).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    let gone = chat.begun(room, "ana", "x", until).await;
    chat.run(chat.item(
        room,
        Some("ana"),
        Op::Amend { message: gone.id, change: Amend::Delete { within: None } },
    ))
    .await;
    let kind = chat.refused(chat.write_item(&gone, Some("ana"), "more", None)).await;
    assert_eq!(kind, ErrorKind::MessageDeleted(gone.id));
    assert_eq!(chat.kept(&gone).await.state.writing_until, None);
    let late = chat.begun(room, "ana", "x", until).await;
    chat.run(chat.leave_item(room, "ana")).await;
    let kind = chat.refused(chat.write_item(&late, Some("ana"), "more", None)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room));

    let direct = chat.direct("ana", "ben").await;
    let begun = chat.begun(direct, "ana", "x", until).await;
    chat.run(chat.relation_item("ben", RelationOp::Block, "ana")).await;
    let kind = chat.refused(chat.write_item(&begun, Some("ana"), "more", Some(until))).await;
    assert!(matches!(kind, ErrorKind::Unreachable(_)), "{kind:?}");
}

pub async fn a_message_is_edited_once_nobody_writes_it(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let edit = |message: &Message| {
        let change = Amend::Edit { to: Revision::words(Some("edited")), within: None, keep: 0 };
        chat.item(room, Some("ana"), Op::Amend { message: message.id, change })
    };
    let begun = chat.begun(room, "ana", "x", soon()).await;
    let kind = chat.refused(edit(&begun)).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    // Whoever wrote it is gone.
    let left = chat.begun(room, "ana", "half a", Timestamp::from_millis(1)).await;
    chat.run(edit(&left)).await;
    let edited = chat.kept(&left).await;
    assert_eq!((edited.body, edited.state.writing_until), (Body::Text("edited".into()), None));
    assert!(edited.state.edited_at.is_some());
}

pub async fn what_is_appended_comes_behind_what_is_there(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let begun = chat.begun(room, "ana", "", soon()).await;
    let append = |text: &str, until: Option<Timestamp>| {
        let change = Amend::Append { text: text.into(), max_bytes: 6, until };
        chat.item(room, Some("ana"), Op::Amend { message: begun.id, change })
    };
    let outcomes =
        chat.commit(vec![append("ab", Some(soon())), append("cd", Some(soon())), append("efg", None)]).await;
    assert_eq!(written(outcomes[1].as_ref().unwrap()).body, text("abcd"));
    let kind = outcomes[2].as_ref().unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::TooLarge { limit: 6, .. }), "{kind:?}");
    // Whoever has not seen it does not write over it.
    let kind = chat.refused(chat.write_item(&begun, Some("ana"), "abc", Some(soon()))).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    let whole = written(&chat.run(append("", None)).await);
    assert_eq!((&whole.body, whole.state.writing_until), (&text("abcd"), None));
    assert_eq!(chat.kept(&begun).await, *whole);
}
