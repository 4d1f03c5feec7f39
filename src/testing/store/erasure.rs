//! Cases about what is taken away of one person.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::sync::Arc;

use super::Fixture;
use super::kit::user;
use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::id::{MessageId, ReportId, RoomId};
use crate::model::{Act, Amendment, Body, MessageType, NotifyLevel, NotifySetting, Reaction, SystemKind};
use crate::store::{Amend, Answer, Batch, Erased, Op, Outcome, RoomItem, What};

impl Fixture {
    fn erase_item(&self, room: RoomId, who: &str, what: Erased) -> RoomItem {
        self.item(room, None, Op::Erase { user: user(who), what })
    }

    async fn erase(&self, erased: Vec<(&str, bool)>) {
        let erased = erased.into_iter().map(|(who, is_begun)| (user(who), is_begun)).collect();
        self.store().commit(Batch { erased, ..Batch::default() }).await.expect("the store commits");
    }

    async fn erasures(&self, limit: u32) -> Vec<String> {
        let found = self.store().erasures(limit).await.expect("the store reads");
        found.iter().map(ToString::to_string).collect()
    }
}

fn message(id: MessageId) -> Erased {
    Erased::Message { id, words: Some("somebody has come".into()) }
}

/// The message as it is now, and how it has changed.
fn amended(outcome: &Outcome) -> (Arc<crate::model::Message>, Option<Amendment>) {
    let Answer::Amended(message) = &outcome.answer else { panic!("no message: {:?}", outcome.answer) };
    let how = outcome.changes.first().map(|change| match &change.what {
        What::Amended { how: Some(how), by: None, .. } => how.clone(),
        other => panic!("{other:?}"),
    });
    (message.clone(), how)
}

pub async fn whose_data_goes_is_kept_until_it_has_gone_and_their_profile_goes_at_once(chat: Fixture) {
    assert!(chat.erasures(10).await.is_empty());
    for who in ["ana", "ben"] {
        chat.put_profile(who, "Name", Some("https://example.org/x.png")).await;
    }
    let room = chat.group(&["ana", "ben"]).await;
    chat.send(room, "ana", "words").await;
    let at = Timestamp::from_millis(7);
    let (last_seen, logouts) = (vec![(user("ana"), at)], vec![(user("ana"), at)]);
    chat.store().commit(Batch { last_seen, logouts, ..Batch::default() }).await.expect("the store commits");
    chat.erase(vec![("cho", true), ("ana", true), ("ana", true)]).await;
    assert_eq!(
        (chat.erasures(10).await, chat.erasures(1).await),
        (vec!["ana".into(), "cho".into()], vec!["ana".into()])
    );
    let known = chat.store().profiles(&[user("ana"), user("ben")]).await.expect("the store reads");
    assert_eq!(known.iter().map(|profile| profile.user.as_str()).collect::<Vec<_>>(), ["ben"]);
    assert_eq!(&*chat.history(room).await[0].sender.nickname, "ana", "an id is all there is to show");
    let members = chat.store().members(room, None, 10).await.expect("the store reads");
    assert_eq!((members[0].last_seen, &*members[1].profile.nickname), (None, "Name"));
    let logouts = chat.store().logouts(&[user("ana")]).await.expect("the store reads");
    assert_eq!(logouts, [(user("ana"), at)], "older tokens do not hold again");
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.erasures(10).await, ["ana", "cho"]);
    chat.put_profile("ana", "Somebody new", None).await;
    chat.erase(vec![("ana", false), ("dan", false)]).await;
    assert_eq!(chat.erasures(10).await, ["cho"]);
    assert!(chat.store().profiles(&[user("ana")]).await.expect("the store reads").is_empty());
}

pub async fn an_erased_message_is_a_deleted_one_that_nobody_has_deleted(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let (first, other) = (chat.send(room, "ana", "words").await, chat.send(room, "ben", "others").await);
    let react = Amend::React { reaction: "like".parse().expect("a good reaction"), on: true, max_kinds: 5 };
    for (by, change) in [("ben", react), ("ana", Amend::Pin { on: true, max_pins: 1 })] {
        chat.run(chat.item(room, Some(by), Op::Amend { message: first.id, change })).await;
    }
    // Whoever has left and a room that has closed keep nothing.
    chat.run(chat.leave_item(room, "ana")).await;
    chat.run(chat.close_item(room, None)).await;
    let (erased, how) = amended(&chat.run(chat.erase_item(room, "ana", message(first.id))).await);
    assert_eq!(erased.body, Body::Deleted(MessageType::Text));
    assert!(matches!(how, Some(Amendment::Deleted)) && erased.state.pinned.is_none());
    assert_eq!(chat.history(room).await[0], *erased);
    assert!(chat.store().reactions(room, 1, None, 9).await.expect("the store reads").is_empty());
    let acts = chat.store().audit(room, None, 9).await.expect("the store reads");
    let done: Vec<_> = acts.iter().map(|entry| entry.act).collect();
    assert_eq!(done, [Act::CloseRoom, Act::Pin(first.id)]);
    assert_eq!(
        amended(&chat.run(chat.erase_item(room, "ana", message(first.id))).await).1,
        None,
        "once more"
    );
    for (item, code) in [
        (chat.erase_item(room, "ana", message(other.id)), "INVALID_INPUT"),
        (chat.erase_item(room, "ana", message(MessageId::generate())), "MESSAGE_NOT_FOUND"),
        (RoomItem { by: Some(user("ben")), ..chat.erase_item(room, "ben", message(other.id)) }, "FORBIDDEN"),
        (chat.erase_item(RoomId::generate(), "ana", message(first.id)), "ROOM_NOT_FOUND"),
    ] {
        assert_eq!(chat.refused(item).await.code(), code);
    }
    // The server's words name somebody another way, and are its words still.
    let about = chat.history(room).await.pop().expect("ana has left");
    let (renamed, how) = amended(&chat.run(chat.erase_item(room, "ana", message(about.id))).await);
    let text: Arc<str> = "somebody has come".into();
    assert_eq!(renamed.body, Body::System { kind: SystemKind::Left, text });
    assert!(matches!(how, Some(Amendment::Edited)) && renamed.state.edited_at.is_none());
    assert_eq!(chat.history(room).await.pop().as_ref(), Some(&*renamed));
    assert_eq!(chat.unread(room, "ben").await, 1, "and counts are what they were");
}

pub async fn reactions_and_reports_are_taken_away_one_by_one(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let first = chat.send(room, "cho", "words").await;
    let like: Reaction = "like".parse().expect("a good reaction");
    let mut reports = Vec::new();
    for who in ["ana", "ben"] {
        let change = Amend::React { reaction: like.clone(), on: true, max_kinds: 5 };
        chat.run(chat.item(room, Some(who), Op::Amend { message: first.id, change })).await;
        let id = ReportId::generate();
        chat.run(chat.item(
            room,
            Some(who),
            Op::Report { id, message: first.id, reason: Some("rude".into()) },
        ))
        .await;
        reports.push(id);
    }
    chat.run(chat.leave_item(room, "ana")).await;
    let take = || chat.erase_item(room, "ana", Erased::Reaction(first.id, like.clone()));
    let (taken, how) = amended(&chat.run(take()).await);
    assert!(matches!(how, Some(Amendment::Reacted(_, false))));
    assert_eq!(
        (taken.state.reactions.count(&like), chat.history(room).await[0].clone()),
        (1, (*taken).clone())
    );
    assert_eq!(amended(&chat.run(take()).await).1, None, "once more");
    let left = chat.store().reactions(room, 1, None, 9).await.expect("the store reads");
    assert_eq!(left.iter().map(|(_, who)| who.user.as_str()).collect::<Vec<_>>(), ["ben"]);

    // Of ana's no more than ana's.
    for id in [reports[1], reports[0], reports[0]] {
        assert!(chat.run(chat.erase_item(room, "ana", Erased::Report(id))).await.changes.is_empty());
    }
    let waiting = chat.store().reports(None, None, 9).await.expect("the store reads");
    assert_eq!(waiting.iter().map(|report| report.id).collect::<Vec<_>>(), reports[1..]);
    let kind = chat.refused(chat.item(
        room,
        None,
        Op::Resolve { id: reports[0], outcome: crate::model::ReportOutcome::Dismissed },
    ));
    assert!(matches!(kind.await, ErrorKind::ReportNotFound(_)));
}

pub async fn what_stands_beside_an_ended_stay_is_taken_away_and_of_one_that_goes_on_nothing(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ben", "words").await;
    let setting = NotifySetting { level: NotifyLevel::None, until: None };
    for who in ["ana", "ben"] {
        for op in [
            Op::Hide { message: root.id, seq: root.seq, max_hidden: 9 },
            Op::Follow { message: root.id, on: true, most: 9 },
            Op::SetNotify(Some(setting)),
        ] {
            chat.run(chat.item(room, Some(who), op)).await;
        }
    }
    let kept = async |who: &str| {
        let (member, store) = (chat.member(room, who).await, chat.store());
        let hidden = store.hidden(room, &user(who), 1..=9).await.expect("the store reads").len();
        let follows = store.follows(&user(who), None, 9).await.expect("the store reads").len();
        (member.hidden, hidden, follows, member.notify.and_then(|chosen| chosen.setting).is_some())
    };
    let stay = || chat.erase_item(room, "ana", Erased::Stay);
    assert!(chat.run(stay()).await.changes.is_empty());
    assert_eq!(kept("ana").await, (1, 1, 1, true), "she is in it");
    chat.run(chat.leave_item(room, "ana")).await;
    let before = chat.member(room, "ana").await;
    chat.run(stay()).await;
    assert!(chat.run(stay()).await.changes.is_empty(), "once more");
    assert_eq!((kept("ana").await, kept("ben").await), ((0, 0, 0, false), (1, 1, 1, true)));
    let after = chat.member(room, "ana").await;
    assert_eq!((after.told_pos(), after.read_seq), (before.told_pos(), before.read_seq));
    assert!(
        chat.run(chat.erase_item(room, "zoe", Erased::Stay)).await.changes.is_empty(),
        "who was never in it"
    );
    // What came to be hidden in the same batch goes too.
    chat.run(chat.join_item(room, None, &["ana"], super::kit::NO_BOUND)).await;
    let hide = Op::Hide { message: root.id, seq: root.seq, max_hidden: 9 };
    chat.done(vec![chat.item(room, Some("ana"), hide), chat.leave_item(room, "ana"), stay()]).await;
    assert_eq!(kept("ana").await.0, 0);
    assert_eq!(kept("ana").await.1, 0);
}
