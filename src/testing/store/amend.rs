//! Cases about what becomes of messages after they were sent.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Fixture;
use super::kit::{Dice, PAGES, profile, text, user};
use crate::error::{ErrorKind, LimitName};
use crate::id::RoomId;
use crate::model::{Amendment, Body, Mark, Message, MessageState, MessageType, Reaction, Revision};
use crate::store::{Amend, Answer, Op, Outcome, RelationOp, RoomItem, What};

const KINDS: usize = 3;

fn reaction(text: &str) -> Reaction {
    text.parse().expect("the case names a good reaction")
}

impl Fixture {
    fn amend_item(&self, message: &Message, by: Option<&str>, change: Amend) -> RoomItem {
        self.item(message.room, by, Op::Amend { message: message.id, change })
    }

    fn edit_item(&self, message: &Message, by: Option<&str>, words: &str) -> RoomItem {
        let content = Some(words).filter(|words| !words.is_empty());
        self.amend_item(message, by, Amend::Edit { to: Revision::words(content), within: None, keep: 0 })
    }

    fn delete_item(&self, message: &Message, by: Option<&str>) -> RoomItem {
        self.amend_item(message, by, Amend::Delete { within: None })
    }

    fn react_item(&self, message: &Message, by: &str, of: &str, on: bool) -> RoomItem {
        self.amend_item(message, Some(by), Amend::React { reaction: reaction(of), on, max_kinds: KINDS })
    }

    async fn now(&self, message: &Message) -> Message {
        let found = self.store().message(message.room, message.id).await.expect("the store reads");
        found.expect("the message is there")
    }

    /// Those changed between two positions, in pages of so many.
    async fn amended(
        &self,
        room: RoomId,
        made_until: u64,
        (after, until): (u64, u64),
        limit: u32,
    ) -> Vec<u64> {
        let (mut from, mut all) = (after, Vec::new());
        for _ in 0..PAGES {
            let read = self.store().amended_since(room, made_until, from, until, limit);
            let page = read.await.expect("the store reads");
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { return all };
            from = last.state.changed_pos;
            all.extend(page.iter().map(|message| message.seq));
        }
        panic!("the pages have no end");
    }

    /// Who left what on a message, in pages of so many.
    async fn left(&self, message: &Message, limit: u32) -> Vec<(String, String)> {
        let (mut after, mut all) = (None, Vec::new());
        for _ in 0..PAGES {
            let read = self.store().reactions(message.room, message.seq, after.as_ref(), limit);
            let page = read.await.expect("the store reads");
            let Some((reaction, who)) = page.last() else { return all };
            after = Some((reaction.clone(), who.user.clone()));
            all.extend(page.iter().map(|(reaction, who)| (reaction.to_string(), who.user.to_string())));
        }
        panic!("the pages have no end");
    }
}

fn amended(outcome: &Outcome) -> Arc<Message> {
    let Answer::Amended(message) = &outcome.answer else { panic!("no message: {:?}", outcome.answer) };
    message.clone()
}

fn how(outcome: &Outcome) -> Option<Amendment> {
    match &outcome.changes[..] {
        [] => None,
        [one] => match &one.what {
            What::Amended { how, .. } => how.clone(),
            other => panic!("another change: {other:?}"),
        },
        more => panic!("several changes: {more:?}"),
    }
}

fn words(message: &Message) -> Option<&str> {
    message.body.content()
}

pub async fn an_edit_takes_a_position_and_leaves_the_place(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = chat.send(room, "ana", "helo").await;
    chat.send(room, "ben", "hi").await;
    let before = (chat.room(room).await, chat.position().await);
    let outcome = chat.run(chat.edit_item(&first, Some("ana"), "hello")).await;
    let (edited, after) = (amended(&outcome), chat.room(room).await);
    assert_eq!(how(&outcome), Some(Amendment::Edited));
    let change = &outcome.changes[0];
    assert_eq!((change.pos.at, change.prev), (before.1.of_room(room) + 1, before.0.last_pos));
    assert_eq!(chat.position().await.of_room(room), change.pos.at);
    assert_eq!((after.seq, after.countable, after.last_pos), (2, 2, change.pos.at));
    assert_eq!(after.last_message_at, before.0.last_message_at, "nothing new was said");
    let state =
        MessageState { changed_pos: change.pos.at, edited_at: edited.state.edited_at, ..first.state.clone() };
    assert!(edited.state.edited_at.is_some_and(|at| at > first.created_at));
    assert_eq!(*edited, Message { body: text("hello"), state, ..Message::clone(&first) });
    assert_eq!(chat.now(&first).await, *edited);
    assert_eq!(chat.history(room).await[0], *edited);

    let again = chat.run(chat.edit_item(&first, Some("ana"), "hello")).await;
    assert_eq!((how(&again), amended(&again)), (None, edited), "the same words change nothing");
}

pub async fn a_picture_keeps_its_address_and_may_lose_its_caption(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let picture =
        |caption: Option<&str>| Body::Image { url: "https://a".into(), caption: caption.map(Into::into) };
    let sent = super::kit::sent(&chat.run(chat.body_item(room, "ana", picture(Some("x")), None)).await);
    for caption in [Some("y"), None, Some("z")] {
        let item = chat.edit_item(&sent, Some("ana"), caption.unwrap_or_default());
        assert_eq!(amended(&chat.run(item).await).body, picture(caption));
        assert_eq!(chat.now(&sent).await.body, picture(caption));
    }
    let words = chat.send(room, "ana", "hi").await;
    let refused = chat.refused(chat.edit_item(&words, Some("ana"), "")).await;
    assert!(matches!(refused, ErrorKind::Forbidden(_)), "a TEXT needs words");
}

pub async fn only_the_sender_edits_and_only_within_the_time(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let sent = chat.send(room, "ben", "hi").await;
    let forbidden = |kind: ErrorKind| assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    forbidden(chat.refused(chat.edit_item(&sent, Some("ana"), "ho")).await);
    let not_in = chat.refused(chat.edit_item(&sent, Some("zoe"), "ho")).await;
    assert_eq!(not_in, ErrorKind::NotAParticipant(room));
    let within = |millis| Amend::Edit {
        to: Revision::words(Some("ho")),
        within: Some(Duration::from_millis(millis)),
        keep: 0,
    };
    forbidden(chat.refused(chat.amend_item(&sent, Some("ben"), within(1))).await);
    chat.run(chat.amend_item(&sent, Some("ben"), within(60_000))).await;
    chat.run(chat.amend_item(&sent, None, within(1))).await;
    chat.run(chat.edit_item(&sent, None, "the host may")).await;
    assert_eq!(words(&chat.now(&sent).await), Some("the host may"));
    let late = Amend::Delete { within: Some(Duration::from_millis(1)) };
    forbidden(chat.refused(chat.amend_item(&sent, Some("ben"), late.clone())).await);
    chat.run(chat.amend_item(&sent, Some("ana"), late)).await;
    assert!(chat.now(&sent).await.body.is_deleted(), "the time does not bind the room's owner");
}

pub async fn a_deleted_message_keeps_its_place_and_counts_until_it_is_passed(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = chat.send_as_item(room, "ana", "oops", "c1");
    let first = super::kit::sent(&chat.run(first).await);
    let second = chat.send(room, "ana", "hi").await;
    assert_eq!(chat.unread(room, "ben").await, 2);
    let outcome = chat.run(chat.delete_item(&first, Some("ana"))).await;
    assert_eq!(how(&outcome), Some(Amendment::Deleted));
    let left = chat.now(&first).await;
    assert_eq!(left, *amended(&outcome));
    assert_eq!((left.seq, left.id, &left.body), (1, first.id, &Body::Deleted(MessageType::Text)));
    assert_eq!((words(&left), left.state.edited_at.is_some()), (None, true));
    assert_eq!(chat.history(room).await, [left.clone(), Message::clone(&second)]);
    assert_eq!(chat.unread(room, "ben").await, 2);
    assert_eq!(chat.mark(room, "ben", Mark::Read, Some(1)).await, 1);
    let again = chat.run(chat.delete_item(&first, Some("ana"))).await;
    assert_eq!((how(&again), &*amended(&again)), (None, &left), "once more changes nothing");
    let retry = chat.run(chat.send_as_item(room, "ana", "oops", "c1")).await;
    assert_eq!(*super::kit::sent(&retry), left, "a retry brings nothing back");
}

pub async fn the_owner_deletes_what_others_sent_and_nobody_else(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let sent = chat.send(room, "ben", "hi").await;
    assert!(matches!(chat.refused(chat.delete_item(&sent, Some("cho"))).await, ErrorKind::Forbidden(_)));
    chat.run(chat.delete_item(&sent, Some("ana"))).await;
    let pair = chat.direct("ana", "ben").await;
    let sent = chat.send(pair, "ben", "hi").await;
    assert!(matches!(chat.refused(chat.delete_item(&sent, Some("ana"))).await, ErrorKind::Forbidden(_)));
    chat.run(chat.delete_item(&sent, None)).await;
    assert!(chat.now(&sent).await.body.is_deleted());
}

pub async fn what_was_deleted_and_what_the_server_said_is_not_changed(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let sent = chat.send(room, "ana", "hi").await;
    chat.run(chat.delete_item(&sent, Some("ana"))).await;
    let gone = ErrorKind::MessageDeleted(sent.id);
    assert_eq!(chat.refused(chat.edit_item(&sent, Some("ana"), "ho")).await, gone);
    assert_eq!(chat.refused(chat.edit_item(&sent, None, "ho")).await, gone);
    assert_eq!(chat.refused(chat.react_item(&sent, "ben", "👍", true)).await, gone);
    chat.run(chat.join_item(room, Some("ana"), &["cho"], 10)).await;
    let joined = chat.history(room).await.pop().expect("a SYSTEM message");
    for item in [
        chat.edit_item(&joined, None, "ho"),
        chat.delete_item(&joined, Some("ana")),
        chat.react_item(&joined, "ben", "👍", true),
    ] {
        assert!(matches!(chat.refused(item).await, ErrorKind::Forbidden(_)));
    }
    let other = chat.group(&["ana"]).await;
    let elsewhere = Message { room: other, ..Message::clone(&sent) };
    let refused = chat.refused(chat.delete_item(&elsewhere, Some("ana"))).await;
    assert_eq!(refused, ErrorKind::MessageNotFound(sent.id), "in its own room alone");
}

pub async fn a_closed_room_and_a_block_end_changes_but_for_deleting(chat: Fixture) {
    let room = chat.direct("ana", "ben").await;
    let (mine, last) = (chat.send(room, "ana", "hi").await, chat.send(room, "ana", "ho").await);
    chat.run(chat.relation_item("ben", RelationOp::Block, "ana")).await;
    for item in [chat.edit_item(&mine, Some("ana"), "x"), chat.react_item(&mine, "ana", "👍", true)] {
        assert_eq!(chat.refused(item).await, ErrorKind::Unreachable(user("ben")));
    }
    chat.run(chat.delete_item(&mine, Some("ana"))).await;
    chat.run(chat.relation_item("ben", RelationOp::Unblock, "ana")).await;
    chat.run(chat.react_item(&last, "ben", "👍", true)).await;
    chat.run(chat.close_item(room, None)).await;
    for item in [chat.edit_item(&last, Some("ana"), "x"), chat.react_item(&last, "ben", "👍", false)] {
        assert_eq!(chat.refused(item).await, ErrorKind::RoomClosed(room));
    }
    chat.run(chat.delete_item(&last, Some("ana"))).await;
    assert_eq!(chat.left(&last, 10).await, []);
}

pub async fn reactions_count_once_a_user_and_kind(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let sent = chat.send(room, "ana", "hi").await;
    let like = |who: &str, of: &str, on| chat.react_item(&sent, who, of, on);
    let outcome = chat.run(like("ben", "👍", true)).await;
    assert_eq!(how(&outcome), Some(Amendment::Reacted(reaction("👍"), true)));
    assert_eq!(how(&chat.run(like("ben", "👍", true)).await), None, "once more changes nothing");
    assert_eq!(how(&chat.run(like("cho", "👍", false)).await), None, "nor does what was not left");
    let outcomes =
        chat.done(vec![like("cho", "👍", true), like("ana", "🔥", true), like("ben", "🔥", true)]).await;
    let last = amended(&outcomes[2]);
    assert_eq!(last.state.reactions.to_string(), "👍 2\n🔥 2\n");
    assert_eq!(last.state.edited_at, None, "what it says is the same");
    assert_eq!(chat.now(&sent).await, *last);
    let all = [("👍", "ben"), ("👍", "cho"), ("🔥", "ana"), ("🔥", "ben")];
    let mut all = all.map(|(of, who)| (of.to_owned(), who.to_owned()));
    all.sort();
    for limit in [1, 3, 100] {
        assert_eq!(chat.left(&sent, limit).await, all, "in pages of {limit}");
    }
    chat.done(vec![like("ben", "👍", false), like("cho", "👍", false)]).await;
    assert_eq!(chat.now(&sent).await.state.reactions.to_string(), "🔥 2\n");
    assert!(
        matches!(
            chat.refused(chat.item(
                room,
                None,
                Op::Amend {
                    message: sent.id,
                    change: Amend::React { reaction: reaction("👍"), on: true, max_kinds: KINDS },
                }
            ))
            .await,
            ErrorKind::NotAParticipant(_)
        ),
        "the host is no user"
    );
}

pub async fn a_message_bears_so_many_kinds_of_reactions(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let sent = chat.send(room, "ana", "hi").await;
    for of in ["a", "b", "c"] {
        chat.run(chat.react_item(&sent, "ana", of, true)).await;
    }
    let one_too_many = ErrorKind::LimitReached { limit: LimitName::Reactions, allowed: 3 };
    assert_eq!(chat.refused(chat.react_item(&sent, "ben", "d", true)).await, one_too_many);
    chat.run(chat.react_item(&sent, "ben", "c", true)).await;
    chat.done(vec![chat.react_item(&sent, "ana", "a", false), chat.react_item(&sent, "ben", "d", true)])
        .await;
    assert_eq!(chat.now(&sent).await.state.reactions.to_string(), "b 1\nc 2\nd 1\n");
}

pub async fn deleting_takes_the_reactions_along(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let (gone, stays) = (chat.send(room, "ana", "hi").await, chat.send(room, "ana", "ho").await);
    chat.done(vec![chat.react_item(&gone, "ben", "👍", true), chat.react_item(&stays, "ben", "👍", true)])
        .await;
    // Left and taken along within a batch, too.
    chat.done(vec![chat.react_item(&gone, "ana", "🔥", true), chat.delete_item(&gone, Some("ana"))]).await;
    assert!(chat.now(&gone).await.state.reactions.is_empty());
    assert_eq!(chat.left(&gone, 10).await, []);
    assert_eq!(chat.left(&stays, 10).await, [("👍".to_owned(), "ben".to_owned())]);
    let own = chat.store().reactions_of(room, &user("ben"), 1..=10).await.expect("the store reads");
    assert_eq!(own, [(stays.seq, reaction("👍"))]);
}

pub async fn what_somebody_left_comes_by_message(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let mut sent = Vec::new();
    for n in 0..4 {
        sent.push(chat.send(room, "ana", &format!("{n}")).await);
    }
    for (n, of) in [(3, "b"), (0, "a"), (1, "b"), (1, "a")] {
        chat.run(chat.react_item(&sent[n], "ben", of, true)).await;
        chat.run(chat.react_item(&sent[n], "ana", of, true)).await;
    }
    let own = |seqs| async {
        let own = chat.store().reactions_of(room, &user("ben"), seqs).await.expect("the store reads");
        own.into_iter().map(|(seq, of)| format!("{seq}{of}")).collect::<Vec<_>>()
    };
    assert_eq!(own(1..=4).await, ["1a", "2a", "2b", "4b"]);
    assert_eq!(own(2..=3).await, ["2a", "2b"]);
    assert_eq!(own(3..=3).await, [""; 0]);
    let nobody = chat.store().reactions_of(room, &user("zoe"), 1..=4).await.expect("the store reads");
    assert!(nobody.is_empty());
    chat.put_profile("ben", "Ben", Some("https://b")).await;
    let left = chat.store().reactions(room, 1, None, 10).await.expect("the store reads");
    assert_eq!(left[1].1.nickname.as_ref(), "Ben");
    assert_eq!(left[0].1, profile("ana"));
}

pub async fn changed_messages_come_by_their_last_change(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let mut sent = Vec::new();
    for n in 0..5 {
        sent.push(chat.send(room, "ana", &format!("{n}")).await);
    }
    let since = chat.position().await.of_room(room);
    chat.run(chat.edit_item(&sent[3], Some("ana"), "x")).await;
    chat.run(chat.edit_item(&sent[0], Some("ana"), "x")).await;
    let new = chat.send(room, "ana", "new").await;
    let middle = chat.position().await.of_room(room);
    chat.run(chat.edit_item(&new, Some("ana"), "newer")).await;
    chat.run(chat.react_item(&sent[1], "ben", "👍", true)).await;
    chat.run(chat.delete_item(&sent[3], Some("ana"))).await;
    let until = chat.position().await.of_room(room);
    for limit in [1, 2, 100] {
        assert_eq!(chat.amended(room, since, (since, until), limit).await, [1, 2, 4], "in pages of {limit}");
    }
    assert_eq!(chat.amended(room, until, (since, until), 10).await, [1, 6, 2, 4], "the new one too");
    assert_eq!(chat.amended(room, since, (since, middle), 10).await, [1], "its last change counts");
    assert_eq!(chat.amended(room, since, (middle, until), 10).await, [2, 4]);
    assert_eq!(chat.amended(room, since, (until, u64::MAX), 10).await, [0; 0]);
    let quiet = chat.group(&["ana"]).await;
    assert_eq!(chat.amended(quiet, until, (0, u64::MAX), 10).await, [0; 0]);
    let changed = chat.store().changed_rooms(&user("ben"), &chat.position().await, None, 10).await;
    let marked = |rooms: Vec<(crate::model::Room, _)>| rooms.iter().all(|(room, _)| room.last_pos <= until);
    assert!(marked(changed.expect("the store reads")));
}

pub async fn changes_within_a_batch_see_each_other(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let new = chat.send_as_item(room, "ana", "one", "c1");
    let Op::Send { id, .. } = &new.op else { panic!("it sends") };
    let id = *id;
    let edit = |words: &str| Op::Amend {
        message: id,
        change: Amend::Edit { to: Revision::words(Some(words)), within: None, keep: 0 },
    };
    let like = Op::Amend {
        message: id,
        change: Amend::React { reaction: reaction("👍"), on: true, max_kinds: KINDS },
    };
    let outcomes = chat
        .done(vec![
            new,
            chat.item(room, Some("ana"), edit("two")),
            chat.item(room, Some("ben"), like),
            chat.item(room, Some("ana"), edit("three")),
            chat.send_as_item(room, "ana", "one", "c1"),
        ])
        .await;
    let last = amended(&outcomes[3]);
    assert_eq!((words(&last), last.state.reactions.to_string().as_str()), (Some("three"), "👍 1\n"));
    assert_eq!(super::kit::sent(&outcomes[4]), last, "a retry gets the message as it is");
    assert_eq!(chat.history(room).await, [Message::clone(&last)]);
    assert_eq!(words(&super::kit::sent(&outcomes[0])), Some("one"), "each is told as it was then");
}

pub async fn counts_equal_what_was_left_whatever_happens(chat: Fixture) {
    const PEOPLE: [&str; 4] = ["ana", "ben", "cho", "dee"];
    let room = chat.group(&PEOPLE).await;
    let mut sent = Vec::new();
    for n in 0..3 {
        sent.push(chat.send(room, "ana", &format!("{n}")).await);
    }
    let mut dice = Dice(11);
    for _ in 0..40 {
        let mut items = Vec::new();
        for _ in 0..=dice.roll(5) {
            let message = dice.pick(&sent).clone();
            let (who, of) = (*dice.pick(&PEOPLE), *dice.pick(&["a", "b", "c", "d"]));
            items.push(match dice.roll(12) {
                0 if sent.len() > 1 => chat.delete_item(&message, Some("ana")),
                1 => chat.edit_item(&message, Some("ana"), of),
                roll => chat.react_item(&message, who, of, roll % 3 != 0),
            });
        }
        chat.commit(items).await;
        if dice.roll(6) == 0 {
            sent.push(chat.send(room, "ana", "more").await);
        }
        for message in &sent {
            let (now, left) = (chat.now(message).await, chat.left(message, 100).await);
            let kinds: BTreeSet<&String> = left.iter().map(|(of, _)| of).collect();
            assert_eq!(now.state.reactions.len(), kinds.len());
            for of in kinds {
                let count = left.iter().filter(|(one, _)| one == of).count() as u64;
                assert_eq!(now.state.reactions.count(&reaction(of)), count, "{of} on {now:?}");
            }
        }
    }
}

pub async fn changes_outlive_a_reopening(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let (edited, deleted) = (chat.send(room, "ana", "hi").await, chat.send(room, "ana", "ho").await);
    chat.run(chat.edit_item(&edited, Some("ana"), "hey")).await;
    chat.run(chat.react_item(&edited, "ben", "❤️", true)).await;
    chat.run(chat.delete_item(&deleted, Some("ana"))).await;
    let before = chat.history(room).await;
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.history(room).await, before);
    assert_eq!(chat.left(&edited, 10).await, [("❤️".to_owned(), "ben".to_owned())]);
}
