//! Cases about messages: sending them once, and getting them back.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::{assert_distinct, sent, text, user};
use crate::error::ErrorKind;
use crate::id::{MessageId, OriginId};
use crate::model::{Body, Message, RoomKind, SystemKind};
use crate::store::{Batch, Op, What};

fn image(url: &str, caption: Option<&str>) -> Body {
    Body::Image { url: url.into(), caption: caption.map(Into::into) }
}

pub async fn a_message_comes_back_as_it_was_sent(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let bodies = [
        text("hello"),
        text(" spaces around \n\tand lines\r\n "),
        image("https://example.org/a.png", None),
        image("https://example.org/a.png?x=1&y='2'#z", Some("a caption")),
        image("https://example.org/b.png", Some("")),
    ];
    let mut expected = Vec::new();
    for (index, body) in bodies.into_iter().enumerate() {
        let client = (index % 2 == 0).then_some("c").map(|c| format!("{c}{index}"));
        let item = chat.body_item(room, ["ana", "ben"][index % 2], body.clone(), client.as_deref());
        let (at, outcome) = (item.at, chat.run(item).await);
        let message = sent(&outcome);
        let [change] = &outcome.changes[..] else { panic!("one change: {outcome:?}") };
        assert!(matches!(&change.what, What::Message(told) if *told == message));
        assert_eq!((message.room, message.created_at, message.pos), (room, at, change.pos.at));
        assert_eq!(
            (message.seq, message.n, message.own_n),
            (index as u64 + 1, index as u64 + 1, index as u64 / 2 + 1)
        );
        assert_eq!(message.client_id.as_ref().map(|id| id.to_string()), client);
        assert_eq!(message.body, body);
        expected.push((*message).clone());
        let stored = chat.room(room).await;
        assert_eq!((stored.last_message_at, stored.last_pos), (Some(at), change.pos.at));
    }
    assert_eq!(chat.history(room).await, expected);
    assert_distinct(&expected.iter().map(|message| message.id).collect::<Vec<_>>());

    chat.run(chat.leave_item(room, "ben")).await;
    let last = chat.history(room).await.pop().unwrap();
    assert!(matches!(last.body, Body::System { kind: SystemKind::Left, .. }));
    assert_eq!((last.n, last.own_n), (5, 2), "it counts for nobody and keeps the counts");
}

pub async fn a_retry_within_a_batch_gets_the_first_message(chat: Fixture) {
    let create = chat.create_item(RoomKind::Group, &["ana", "ben"]);
    let room = create.room;
    let outcomes = chat
        .done(vec![
            create,
            chat.send_as_item(room, "ana", "hi", "c1"),
            chat.send_item(room, "ben", "between"),
            chat.send_as_item(room, "ana", "hi", "c1"),
        ])
        .await;
    assert!(outcomes[3].changes.is_empty(), "nothing happens a second time");
    assert_eq!(sent(&outcomes[3]), sent(&outcomes[1]));
    assert_eq!(chat.history(room).await.len(), 2);
    assert_eq!(chat.member(room, "ana").await.own_n, 1);
}

pub async fn a_message_keeps_the_connection_that_sent_it(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let mut item = chat.send_as_item(room, "ana", "hi", "c1");
    let named: OriginId = "a connection".parse().expect("a good id");
    if let Op::Send { origin, .. } = &mut item.op {
        *origin = Some(named.clone());
    }
    assert_eq!(sent(&chat.run(item).await).origin, Some(named.clone()));
    chat.send(room, "ana", "from nowhere").await;
    let origins = |messages: Vec<Message>| messages.into_iter().map(|one| one.origin).collect::<Vec<_>>();
    let expected = [Some(named.clone()), None];
    assert_eq!(origins(chat.history(room).await), expected);
    let since = chat.store().messages_since(room, 0, u64::MAX, 10).await.expect("the store reads");
    assert_eq!(origins(since), expected);
    // A retry from elsewhere gets the first message, of the first connection.
    let again = sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await);
    assert_eq!(again.origin, Some(named));
}

pub async fn a_retry_later_gets_the_first_message(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let picture = || chat.body_item(room, "ben", image("https://a/b", Some("c")), Some("c1"));
    let first = sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await);
    let image = sent(&chat.run(picture()).await);
    for _ in 0..3 {
        chat.send_many(room, "ben", 10).await;
        let before = (chat.room(room).await, chat.position().await);
        let outcome = chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await;
        assert_eq!(sent(&outcome), first);
        assert!(outcome.changes.is_empty());
        assert_eq!(sent(&chat.run(picture()).await), image);
        assert_eq!((chat.room(room).await, chat.position().await), before);
    }
}

pub async fn a_retry_gets_the_first_message_after_the_room_has_closed(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await);
    chat.run(chat.close_item(room, Some("ana"))).await;
    assert_eq!(sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await), first);
    let other = chat.refused(chat.send_as_item(room, "ana", "hi", "c2")).await;
    assert_eq!(other, ErrorKind::RoomClosed(room));
}

pub async fn a_hundred_retries_at_once_send_one_message(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let mut tasks = Vec::new();
    for turn in 0..100 {
        let mut items = vec![chat.send_as_item(room, "ana", "hi", "c1")];
        if turn % 10 == 0 {
            items.push(chat.send_item(room, "ben", "between"));
        }
        let store = Arc::clone(&chat.store);
        tasks.push(tokio::spawn(async move {
            let outcomes = store.commit(Batch::of(items)).await.unwrap();
            let outcome = outcomes[0].as_ref().unwrap();
            (sent(outcome), outcome.changes.len())
        }));
    }
    let mut first = None;
    let mut changes = 0;
    for task in tasks {
        let (message, changed) = task.await.unwrap();
        changes += changed;
        assert_eq!(first.get_or_insert(message.id), &message.id);
    }
    assert_eq!(changes, 1);
    let history = chat.history(room).await;
    assert_eq!(history.iter().filter(|message| message.client_id.is_some()).count(), 1);
    assert_eq!(history.len(), 11);
}

pub async fn another_message_under_a_client_id_is_a_conflict(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await);
    let before = (chat.room(room).await, chat.position().await);
    for item in [
        chat.send_as_item(room, "ana", "ho", "c1"),
        chat.send_as_item(room, "ana", "hi ", "c1"),
        chat.body_item(room, "ana", image("https://a/b", Some("hi")), Some("c1")),
    ] {
        assert_eq!(chat.refused(item).await, ErrorKind::ClientIdConflict);
    }
    let outcomes = chat
        .commit(vec![
            chat.send_as_item(room, "ana", "one", "c2"),
            chat.send_as_item(room, "ana", "two", "c2"),
        ])
        .await;
    assert!(outcomes[0].is_ok());
    assert_eq!(*outcomes[1].as_ref().unwrap_err().kind(), ErrorKind::ClientIdConflict);
    assert_eq!(sent(&chat.run(chat.send_as_item(room, "ana", "hi", "c1")).await), first);
    assert_eq!(chat.room(room).await.seq, before.0.seq + 1);
}

pub async fn a_client_id_belongs_to_its_sender_and_room(chat: Fixture) {
    let (one, other) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana", "ben"]).await);
    let mut ids = Vec::new();
    for (room, who) in [(one, "ana"), (one, "ben"), (other, "ana"), (other, "ben")] {
        ids.push(sent(&chat.run(chat.send_as_item(room, who, who, "c1")).await).id);
        ids.push(sent(&chat.run(chat.send_as_item(room, who, who, "C1")).await).id);
    }
    assert_distinct(&ids);
}

pub async fn only_active_members_send(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    assert_eq!(chat.refused(chat.send_item(room, "eve", "hi")).await, ErrorKind::NotAParticipant(room));
    chat.run(chat.send_as_item(room, "ben", "hi", "c1")).await;
    chat.run(chat.leave_item(room, "ben")).await;
    for item in [chat.send_item(room, "ben", "hi"), chat.send_as_item(room, "ben", "hi", "c1")] {
        assert_eq!(chat.refused(item).await, ErrorKind::NotAParticipant(room));
    }
    chat.run(chat.join_item(room, Some("ana"), &["ben"], 10)).await;
    assert_eq!(chat.send(room, "ben", "back").await.own_n, 2);
}

pub async fn a_range_ends_where_the_messages_do(chat: Fixture) {
    let (room, other) = (chat.group(&["ana"]).await, chat.group(&["ana"]).await);
    chat.send_many(room, "ana", 10).await;
    chat.send_many(other, "ana", 20).await;
    #[allow(clippy::reversed_empty_ranges, reason = "the point of those")]
    let cases = [
        (1..=10, (1..=10).collect()),
        (0..=3, vec![1, 2, 3]),
        (4..=4, vec![4]),
        (9..=99, vec![9, 10]),
        (10..=u64::MAX, vec![10]),
        (0..=u64::MAX, (1..=10).collect()),
        (11..=u64::MAX, vec![]),
        (u64::MAX..=u64::MAX, vec![]),
        (0..=0, vec![]),
        (5..=4, vec![]),
        (u64::MAX..=0, vec![]),
    ];
    for (range, expected) in cases {
        let messages = chat.store().messages(room, range.clone()).await.unwrap();
        let seqs: Vec<u64> = messages.iter().map(|message| message.seq).collect();
        assert_eq!(seqs, expected, "{range:?}");
        assert!(messages.iter().all(|message| message.room == room));
    }
}

pub async fn a_message_is_found_by_its_id_in_its_room_alone(chat: Fixture) {
    let (room, other) = (chat.group(&["ana"]).await, chat.group(&["ana"]).await);
    let message = chat.send(room, "ana", "hi").await;
    chat.send(other, "ana", "ho").await;
    let find = |room, id| chat.store().message(room, id);
    assert_eq!(find(room, message.id).await.unwrap(), Some((*message).clone()));
    assert_eq!(find(other, message.id).await.unwrap(), None);
    assert_eq!(find(room, MessageId::generate()).await.unwrap(), None);
}

pub async fn long_texts_come_back_whole(chat: Fixture) {
    let room = chat.group(&["ana"]).await;
    let texts = ["x".repeat(16 * 1024), "김".repeat(5461), "🦊".repeat(4000), "\n".repeat(9000) + "."];
    let item = |words: &String| chat.send_as_item(room, "ana", words, &words.len().to_string());
    chat.done(texts.iter().map(item).collect()).await;
    for (message, words) in chat.history(room).await.iter().zip(&texts) {
        assert!(message.body.content() == Some(words), "message {} is cut", message.seq);
    }
    assert_eq!(sent(&chat.run(item(&texts[0])).await).seq, 1, "a retry of a long one is found too");
}

pub async fn every_script_comes_back_byte_for_byte(chat: Fixture) {
    let texts = [
        "안녕하세요, 같이 달려요",
        "👩‍👩‍👧‍👦🏳️‍🌈🦊",
        "مرحبا \u{200f}שלום\u{202e}abc",
        "e\u{301} and é are two",
        "Z\u{351}\u{36b}\u{343}a\u{32d}l\u{357}go",
        "\u{10ffff}\u{feff}\u{fffd}",
        "ﬀ ẞ ı İ",
    ];
    let room = chat.group(&["ana"]).await;
    for words in texts {
        chat.put_profile("ana", words, Some(words)).await;
        chat.run(chat.rename_item(room, Some("ana"), "ana", words)).await;
        let message = chat.send(room, "ana", words).await;
        let stored = chat.store().message(room, message.id).await.unwrap().unwrap();
        assert_eq!(stored.body, text(words));
        assert_eq!((&*stored.sender.nickname, stored.sender.image.as_deref()), (words, Some(words)));
        assert_eq!(chat.room(room).await.name.as_deref(), Some(words));
    }
}

pub async fn the_longest_ids_are_good_everywhere(chat: Fixture) {
    let long = |last: char| "🦊".repeat(127) + &last.to_string();
    let (one, other) = (long('🐱'), long('🐶'));
    let direct = chat.direct(&one, &other).await;
    assert_eq!(chat.room(direct).await.kind, RoomKind::direct(user(&one), user(&other)));
    let challenge = chat.challenge_item(&one, &[&one]);
    let room = challenge.room;
    chat.run(challenge).await;
    let kind = chat.refused(chat.challenge_item(&one, &[&other])).await;
    assert_eq!(kind, ErrorKind::ChallengeRoomExists(room));
    for client in [&one, &other] {
        chat.run(chat.send_as_item(direct, &one, "hi", client)).await;
        chat.run(chat.send_as_item(direct, &one, "hi", client)).await;
    }
    assert_eq!(chat.history(direct).await.len(), 2);
    assert_eq!(chat.unread(direct, &other).await, 2);
    let after = user(&one).min(user(&other));
    assert_eq!(chat.store().members(direct, Some(&after), 10).await.unwrap().len(), 1);
}

pub async fn text_that_looks_like_sql_is_text(chat: Fixture) {
    let ids = ["'; DROP TABLE messages; --", "%", "_", "a' OR '1'='1", "\"rooms\"", "?1", "NULL", "\\", "$1"];
    let room = chat.group(&ids).await;
    for id in ids {
        chat.put_profile(id, id, Some(id)).await;
        chat.run(chat.rename_item(room, None, id, id)).await;
        chat.run(chat.send_as_item(room, id, id, id)).await;
        let again = sent(&chat.run(chat.send_as_item(room, id, id, id)).await);
        assert_eq!((&again.sender.user, again.body.content()), (&user(id), Some(id)));
        assert_eq!(chat.room(room).await.name.as_deref(), Some(id));
    }
    let mut sorted = ids.map(str::to_owned);
    sorted.sort();
    assert_eq!(chat.active(room).await, sorted);
    assert_eq!(chat.history(room).await.len(), 2 * ids.len());
    let profiles = chat.store().profiles(&ids.map(user)).await.unwrap();
    assert_eq!(profiles.len(), ids.len());
}
