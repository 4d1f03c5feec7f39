//! Cases about messages that wait until somebody says whether they are said.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::time::Duration;

use super::Fixture;
use super::kit::{assert_distinct, notice, profile, sent, text, user};
use crate::clock::Timestamp;
use crate::error::{Contradiction, ErrorKind};
use crate::id::{AttachmentId, MessageId, RoomId};
use crate::model::{Act, Attachment, Body, Custom, Mentions, Message, Role, SystemKind};
use crate::store::{
    Amend, Answer, BodyHash, Forward, Held, Hold, Op, Outcome, Queue, Record, RecordPage, Refers, RelationOp,
    Reply, RoomItem, RoomRecord, Ruling, Settlement, Stage, What,
};

const MANY: u32 = 1000;

/// The id under which an outcome says that it waits.
fn held_id(outcome: &Outcome) -> MessageId {
    let Answer::Held(id) = outcome.answer else { panic!("it is not held: {:?}", outcome.answer) };
    assert!(outcome.changes.is_empty() && outcome.relation.is_none(), "nobody is told");
    id
}

/// The send, held, of which so many may wait in the room and of one user.
fn hold(mut item: RoomItem, most: u32, most_of_one: u32) -> RoomItem {
    if let Op::Send { ruling, .. } = &mut item.op {
        let reason = Some("광고 🦊?".to_owned());
        *ruling = Ruling::Held(Box::new(Hold { reason, max_held: most, max_held_per_user: most_of_one }));
    }
    item
}

impl Fixture {
    fn hold_item(&self, room: RoomId, who: &str, words: &str) -> RoomItem {
        hold(self.send_item(room, who, words), MANY, MANY)
    }

    fn hold_as_item(&self, room: RoomId, who: &str, words: &str, client: &str) -> RoomItem {
        hold(self.send_as_item(room, who, words, client), MANY, MANY)
    }

    fn settle_item(&self, by: Option<&str>, held: &Held, how: Settlement) -> RoomItem {
        self.item(held.room, by, Op::Settle { held: Box::new(held.clone()), how })
    }

    /// Has a message wait, and reads it.
    async fn wait(&self, item: RoomItem) -> Held {
        let room = item.room;
        let id = held_id(&self.run(item).await);
        self.held_one(room, id).await.expect("it waits")
    }

    async fn held_one(&self, room: RoomId, id: MessageId) -> Option<Held> {
        self.store().held_message(room, id).await.expect("the store reads")
    }

    async fn queue(&self, queue: Queue) -> Vec<MessageId> {
        let held = self.store().held(queue, None, MANY).await.expect("the store reads");
        held.into_iter().map(|held| held.id).collect()
    }
}

pub async fn what_is_held_waits_and_is_no_message(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.put_profile("ben", "Ben", Some("https://example.org/ben.png")).await;
    let quoted = chat.send(room, "ana", "hello").await;
    let file = chat.uploaded(room, "ben", "사진.png").await;
    let before = (chat.room(room).await, chat.position().await, chat.member(room, "ben").await);
    let body =
        Body::Image { url: "https://example.org/x.png".into(), caption: Some("보기\n\t🦊".into()) };
    let first = profile("cho");
    let forwarded = Some(Box::new(Forward { message: MessageId::generate(), first }));
    let mentions = Some(Box::new(Mentions { users: vec![user("ana"), user("김철수")], all: false }));
    let thread = Some(Box::new(Reply { root: quoted.id, in_room: true, max_followed: 0 }));
    let refers = Refers { quoted: Some(quoted.id), forwarded, mentions, thread };
    let mut item = hold(chat.body_item(room, "ben", body.clone(), Some("c1")), 1, 1);
    let (at, files) = (item.at, vec![file.id]);
    let Op::Send { id, attachments, refers: to, .. } = &mut item.op else { unreachable!() };
    let id = *id;
    (*attachments, *to) = (files.clone(), refers.clone());
    let held = chat.wait(item).await;
    let expected = Held {
        id,
        room,
        sender: crate::model::Profile {
            user: user("ben"),
            nickname: "Ben".into(),
            image: Some("https://example.org/ben.png".into()),
        },
        hash: BodyHash::sent(&body, &files, &refers, &Custom::default()),
        body,
        client_id: "c1".parse().ok(),
        attachments: std::sync::Arc::new([file.clone()]),
        refers,
        custom: Custom::default(),
        reason: Some("광고 🦊?".into()),
        at,
    };
    assert_eq!(held, expected);
    assert_eq!((chat.room(room).await, chat.position().await, chat.member(room, "ben").await), before);
    assert_eq!(chat.history(room).await.len(), 1);
    assert_eq!(chat.store().message(room, id).await.unwrap(), None);
    assert_eq!(chat.held_one(RoomId::generate(), id).await, None, "it is of its room");
    // Nothing takes its file, and nobody collects it.
    assert_eq!(chat.stage(&file).await, Some(Stage::Held(id)));
    assert!(chat.unsent(Timestamp::from_millis(i64::MAX / 2), 10).await.is_empty());
    let mut other = chat.send_item(room, "ben", "mine");
    if let Op::Send { attachments, .. } = &mut other.op {
        *attachments = files;
    }
    assert_eq!(chat.refused(other).await, ErrorKind::AttachmentUsed(file.id));
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.held_one(room, id).await, Some(expected));
    assert_eq!(chat.stage(&file).await, Some(Stage::Held(id)));
}

pub async fn whoever_may_not_send_has_nothing_wait(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let never = Timestamp::NEVER;
    let mute = Op::Mute { about: profile("ben"), until: Some(never), reason: None };
    chat.run(chat.item(room, Some("ana"), mute)).await;
    assert_eq!(chat.refused(chat.hold_item(room, "ben", "hi")).await, ErrorKind::Muted(never));
    chat.run(chat.item(room, None, Op::SetRole { about: profile("cho"), role: Role::ReadOnly })).await;
    let kind = chat.refused(chat.hold_item(room, "cho", "hi")).await;
    assert!(matches!(kind, ErrorKind::Forbidden(_)), "{kind:?}");
    assert_eq!(chat.refused(chat.hold_item(room, "eve", "hi")).await, ErrorKind::NotAParticipant(room));
    let mut item = chat.hold_item(room, "ana", "hi");
    let nothing = MessageId::generate();
    if let Op::Send { refers, .. } = &mut item.op {
        refers.quoted = Some(nothing);
    }
    assert_eq!(chat.refused(item).await, ErrorKind::MessageNotFound(nothing));
    chat.run(chat.close_item(room, None)).await;
    assert_eq!(chat.refused(chat.hold_item(room, "ana", "hi")).await, ErrorKind::RoomClosed(room));
    assert!(chat.queue(Queue::All).await.is_empty());
}

pub async fn a_retry_of_what_waits_is_answered_alike_whatever_the_host_says(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let held = chat.wait(chat.hold_as_item(room, "ben", "buy", "c1")).await;
    let again = |ruling: Ruling| {
        let mut item = chat.send_as_item(room, "ben", "buy", "c1");
        if let Op::Send { ruling: of, .. } = &mut item.op {
            *of = ruling;
        }
        item
    };
    let refused = Ruling::Refused(Box::new(ErrorKind::Unavailable));
    for ruling in [Ruling::Allowed, refused, Ruling::Rewritten(held.hash)] {
        assert_eq!(held_id(&chat.run(again(ruling)).await), held.id);
    }
    assert_eq!(held_id(&chat.run(chat.hold_as_item(room, "ben", "buy", "c1")).await), held.id);
    let kind = chat.refused(chat.hold_as_item(room, "ben", "sell", "c1")).await;
    assert_eq!(kind, ErrorKind::ClientIdConflict);
    // Within a batch too, and of another sender it is another one.
    let items = ["c2", "c2"].map(|client| chat.hold_as_item(room, "ben", "more", client));
    let outcomes = chat.done(items.into()).await;
    assert_eq!(held_id(&outcomes[0]), held_id(&outcomes[1]));
    // What is taken back leaves its name to another one, within a batch too.
    let second = chat.store().held_message(room, held_id(&outcomes[0])).await.expect("the store reads");
    let second = second.expect("it waits");
    let taken_back = chat.settle_item(Some("ben"), &second, Settlement::Withdraw);
    let outcomes = chat.done(vec![taken_back, chat.hold_as_item(room, "ben", "less", "c2")]).await;
    assert_ne!(held_id(&outcomes[1]), second.id);
    let other = held_id(&chat.run(chat.hold_as_item(room, "ana", "sell", "c1")).await);
    assert_eq!(chat.queue(Queue::Room(room)).await.len(), 3);
    assert_ne!(other, held.id);
    // Once it is sent, the answer is the message.
    chat.run(chat.settle_item(Some("ana"), &held, Settlement::Approve)).await;
    assert_eq!(sent(&chat.run(chat.hold_as_item(room, "ben", "buy", "c1")).await).id, held.id);
    let kind = chat.refused(chat.hold_as_item(room, "ben", "sell", "c1")).await;
    assert_eq!(kind, ErrorKind::ClientIdConflict);
}

pub async fn what_is_approved_is_sent_as_its_sender_at_that_moment(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let quoted = chat.send(room, "ana", "hello").await;
    let file = chat.uploaded(room, "ben", "a.png").await;
    let mut item = chat.hold_as_item(room, "ben", "buy", "c1");
    if let Op::Send { attachments, refers, .. } = &mut item.op {
        (*attachments, refers.quoted) = (vec![file.id], Some(quoted.id));
        let users = vec![user("ana"), user("eve")];
        refers.mentions = Some(Box::new(Mentions { users, all: false }));
    }
    let held = chat.wait(item).await;
    chat.send(room, "ana", "between").await;
    let item = chat.settle_item(Some("ana"), &held, Settlement::Approve);
    let at = item.at;
    let outcome = chat.run(item.clone()).await;
    let message = sent(&outcome);
    assert!(matches!(&outcome.changes[..], [change] if matches!(&change.what, What::Message(_))));
    assert_eq!((message.id, message.seq, message.created_at), (held.id, 3, at));
    assert_eq!((message.sender.user.as_str(), &message.body), ("ben", &text("buy")));
    assert_eq!(message.client_id, held.client_id);
    assert_eq!(message.references.quoted.as_ref().map(|quoted| quoted.seq), Some(1));
    let mentions = message.references.mentions.as_deref().map(|mentions| &mentions.users[..]);
    assert_eq!(mentions, Some(&[user("ana")][..]), "whoever is in the room");
    assert_eq!((&*message.attachments, message.n, message.own_n), (&[file.clone()][..], 3, 1));
    assert_eq!(chat.store().message(room, held.id).await.unwrap().as_ref(), Some(&*message));
    assert_eq!(chat.stage(&file).await, Some(Stage::Sent(held.id)));
    assert_eq!((chat.unread(room, "ana").await, chat.unread(room, "ben").await), (1, 2));
    assert!(chat.queue(Queue::All).await.is_empty());
    let acts = chat.store().audit(room, None, 10).await.unwrap();
    let entry = &acts[0];
    assert_eq!((acts.len(), entry.act, entry.pos), (1, Act::ApproveMessage(held.id), message.pos));
    assert_eq!((&entry.by, &entry.user), (&Some(user("ana")), &Some(user("ben"))));
    for how in [Settlement::Approve, Settlement::Reject(None)] {
        let kind = chat.refused(chat.settle_item(Some("ana"), &held, how)).await;
        assert_eq!(kind, ErrorKind::MessageNotFound(held.id), "once");
    }
    // Two who approve at once: within a batch the second finds nothing.
    let held = chat.wait(chat.hold_item(room, "ben", "twice")).await;
    let twice = [Some("ana"), None].map(|by| chat.settle_item(by, &held, Settlement::Approve));
    let outcomes = chat.commit(twice.into()).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_err());
}

pub async fn a_reply_that_was_held_is_counted_in_its_thread_once_it_is_sent(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let root = chat.send(room, "ana", "who runs?").await;
    let mut item = chat.hold_item(room, "ben", "buy");
    if let Op::Send { refers, .. } = &mut item.op {
        refers.thread = Some(Box::new(Reply { root: root.id, in_room: false, max_followed: 0 }));
    }
    let held = chat.wait(item).await;
    let summary = async || {
        let root = chat.store().message(room, root.id).await.expect("the store reads");
        root.expect("the message is there").references.summary().map(|summary| summary.replies)
    };
    assert_eq!(summary().await, None);
    let outcome = chat.run(chat.settle_item(Some("ana"), &held, Settlement::Approve)).await;
    assert!(matches!(&outcome.changes[1].what, What::Amended { message, .. } if message.id == root.id));
    assert_eq!(summary().await, Some(1));
    assert_eq!(
        (chat.unread(room, "ana").await, chat.unread(room, "ben").await),
        (0, 1),
        "it is for its thread alone"
    );
    assert_eq!(sent(&outcome).own_n, 0);
}

pub async fn what_its_sender_may_not_send_now_waits_on(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let quoted = chat.send(room, "ana", "hello").await;
    let held = chat.wait(chat.hold_item(room, "ben", "buy")).await;
    let mut answer = chat.hold_item(room, "cho", "well");
    if let Op::Send { refers, .. } = &mut answer.op {
        refers.quoted = Some(quoted.id);
    }
    let answer = chat.wait(answer).await;
    let approve = |held: &Held| chat.settle_item(Some("ana"), held, Settlement::Approve);
    let mute = |until| {
        let op = Op::Mute { about: profile("ben"), until, reason: None };
        chat.item(room, Some("ana"), op)
    };
    let is_forbidden = |kind: &ErrorKind| matches!(kind, ErrorKind::Forbidden(_));
    chat.run(mute(Some(Timestamp::NEVER))).await;
    assert!(is_forbidden(&chat.refused(approve(&held)).await), "muted, and it says so of no moderator");
    assert!(is_forbidden(&chat.refused(chat.settle_item(None, &held, Settlement::Approve)).await));
    chat.run(mute(None)).await;
    chat.run(chat.leave_item(room, "ben")).await;
    assert!(is_forbidden(&chat.refused(approve(&held)).await), "gone");
    chat.run(chat.item(
        room,
        Some("ana"),
        Op::Amend { message: quoted.id, change: Amend::Delete { within: None } },
    ))
    .await;
    assert_eq!(chat.refused(approve(&answer)).await, ErrorKind::MessageDeleted(quoted.id));
    let acts = chat.store().audit(room, None, 10).await.unwrap();
    assert!(acts.iter().all(|entry| !matches!(entry.act, Act::ApproveMessage(_))), "nothing is left behind");
    chat.run(chat.join_item(room, Some("ana"), &["ben"], u32::MAX)).await;
    chat.run(approve(&held)).await;
    chat.run(chat.close_item(room, None)).await;
    assert_eq!(chat.refused(approve(&answer)).await, ErrorKind::RoomClosed(room));
    assert_eq!(chat.queue(Queue::All).await, [answer.id]);

    let direct = chat.direct("ana", "ben").await;
    let held = chat.wait(chat.hold_item(direct, "ben", "psst")).await;
    assert!(is_forbidden(&chat.refused(approve(&held)).await), "two people are equals");
    chat.run(chat.relation_item("ana", RelationOp::Block, "ben")).await;
    let hosts = || chat.settle_item(None, &held, Settlement::Approve);
    assert!(is_forbidden(&chat.refused(hosts()).await), "blocked");
    chat.run(chat.relation_item("ana", RelationOp::Unblock, "ben")).await;
    chat.run(hosts()).await;
}

pub async fn only_who_moderates_settles_and_nobody_approves_their_own(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let (own, other) = (
        chat.wait(chat.hold_item(room, "ana", "mine")).await,
        chat.wait(chat.hold_item(room, "ben", "his")).await,
    );
    let reject = || Settlement::Reject(Some("no".into()));
    for (by, held, how) in [
        ("ben", &other, Settlement::Approve),
        ("ben", &other, reject()),
        ("cho", &other, Settlement::Approve),
        ("ana", &own, Settlement::Approve),
    ] {
        let kind = chat.refused(chat.settle_item(Some(by), held, how)).await;
        assert!(matches!(kind, ErrorKind::Forbidden(_)), "{by}: {kind:?}");
    }
    for by in ["ana", "cho"] {
        let kind = chat.refused(chat.settle_item(Some(by), &other, Settlement::Withdraw)).await;
        assert_eq!(kind, ErrorKind::MessageNotFound(other.id), "it is not theirs");
    }
    let elsewhere = chat.group(&["cho"]).await;
    let item = RoomItem { room: elsewhere, ..chat.settle_item(Some("cho"), &other, reject()) };
    assert_eq!(chat.refused(item).await, ErrorKind::MessageNotFound(other.id), "of another room");
    chat.run(chat.settle_item(None, &own, Settlement::Approve)).await;
    let position = chat.position().await;
    assert!(chat.run(chat.settle_item(Some("ben"), &other, Settlement::Withdraw)).await.changes.is_empty());
    assert_eq!(chat.position().await, position, "of a withdrawal nothing is left");
    assert!(chat.queue(Queue::All).await.is_empty());
}

pub async fn what_is_rejected_is_noted_and_its_files_are_collected(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let mut files: Vec<Attachment> = Vec::new();
    for (n, how) in [Settlement::Reject(Some("no\nads".into())), Settlement::Withdraw].into_iter().enumerate()
    {
        let file = chat.uploaded(room, "ben", "a.png").await;
        let mut item = chat.hold_as_item(room, "ben", "buy", &format!("c{n}"));
        if let Op::Send { attachments, .. } = &mut item.op {
            *attachments = vec![file.id];
        }
        let held = chat.wait(item).await;
        let by = if how == Settlement::Withdraw { None } else { Some("ana") };
        let outcome = chat.run(chat.settle_item(by, &held, how)).await;
        assert!(outcome.changes.iter().all(|change| matches!(change.what, What::Untold(of) if of == room)));
        assert_eq!(chat.held_one(room, held.id).await, None);
        assert_eq!(chat.stage(&file).await, Some(Stage::Arriving));
        files.push(file);
    }
    let unsent: Vec<AttachmentId> = chat.unsent(Timestamp::from_millis(i64::MAX / 2), 10).await;
    assert_eq!(unsent, files.iter().map(|file| file.id).collect::<Vec<_>>());
    let acts = chat.store().audit(room, None, 10).await.unwrap();
    assert_eq!(acts.len(), 1, "the host's and the sender's own are not noted");
    assert!(matches!(acts[0].act, Act::RejectMessage(_)));
    assert_eq!((acts[0].reason.as_deref(), &acts[0].user), (Some("no\nads"), &Some(user("ben"))));
    assert!(chat.history(room).await.is_empty());
    // What was rejected is nobody's client id any more.
    held_id(&chat.run(chat.hold_as_item(room, "ben", "other", "c0")).await);
}

pub async fn so_many_wait_in_a_room_and_of_one_user(chat: Fixture) {
    let (room, other) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana", "ben"]).await);
    let item = |room, who| hold(chat.send_item(room, who, "x"), 3, 2);
    let outcomes = chat.commit((0..3).map(|_| item(room, "ben")).collect()).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_ok());
    let is_full = |kind: ErrorKind| matches!(kind, ErrorKind::RateLimited(after) if after > Duration::ZERO);
    assert!(is_full(outcomes[2].as_ref().unwrap_err().kind().clone()), "of one user, within a batch");
    assert!(is_full(chat.refused(item(room, "ben")).await));
    chat.run(item(other, "ben")).await;
    chat.run(item(room, "ana")).await;
    assert!(is_full(chat.refused(item(room, "ana")).await), "of the room");
    let first = chat.queue(Queue::Sender(user("ana"))).await[0];
    let held = chat.held_one(room, first).await.unwrap();
    chat.run(chat.settle_item(Some("ana"), &held, Settlement::Withdraw)).await;
    chat.run(item(room, "ana")).await;
}

pub async fn those_that_wait_come_oldest_first_and_in_pages(chat: Fixture) {
    let (room, other) = (chat.group(&["ana", "ben"]).await, chat.group(&["ana", "ben"]).await);
    let mut all = Vec::new();
    for n in 0..7 {
        let (room, who) = (if n % 3 == 0 { other } else { room }, if n % 2 == 0 { "ana" } else { "ben" });
        all.push(chat.wait(chat.hold_item(room, who, &n.to_string())).await);
    }
    all.sort_by_key(|held| held.id);
    let of = |is_meant: &dyn Fn(&Held) -> bool| -> Vec<MessageId> {
        all.iter().filter(|held| is_meant(held)).map(|held| held.id).collect()
    };
    let queues = [
        (Queue::All, of(&|_| true)),
        (Queue::Room(room), of(&|held| held.room == room)),
        (Queue::Sender(user("ben")), of(&|held| held.sender.user == user("ben"))),
        (Queue::Sender(user("eve")), Vec::new()),
    ];
    for (queue, expected) in queues {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = chat.store().held(queue.clone(), after, 2).await.unwrap();
            seen.extend(page.iter().map(|held| held.id));
            after = page.last().map(|held| held.id);
            if page.len() < 2 {
                break;
            }
        }
        assert_distinct(&seen);
        assert_eq!(seen, expected, "{queue:?}");
    }
}

pub async fn what_waits_counts_for_the_pace_of_a_slow_room(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let update = crate::store::Update { slow_mode: Some(60), ..crate::store::Update::default() };
    chat.run(chat.item(room, None, Op::Update(Box::new(update)))).await;
    let held = chat.wait(chat.hold_item(room, "ben", "one")).await;
    for item in [chat.hold_item(room, "ben", "two"), chat.send_item(room, "ben", "two")] {
        assert!(matches!(chat.refused(item).await, ErrorKind::RateLimited(_)));
    }
    chat.run(chat.settle_item(Some("ana"), &held, Settlement::Approve)).await;
    // Who is taken out has said nothing there; what waits is settled all the same.
    let held = chat.wait(chat.hold_item(room, "ana", "owners do not wait")).await;
    let gone = Op::Part { notice: notice(SystemKind::Left, "ana") };
    chat.run(chat.item(room, Some("ana"), gone)).await;
    chat.run(chat.settle_item(Some("ana"), &held, Settlement::Withdraw)).await;
}

pub async fn what_waits_elsewhere_is_taken_in_with_its_files_until_it_is_sent(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let copy = chat.group(&["eve", "ben"]).await;
    chat.put_profile("ben", "Ben", None).await;
    let quoted = chat.send(copy, "eve", "hello").await;
    let file = chat.uploaded(room, "ben", "사진.png").await;
    let mut item = chat.hold_as_item(room, "ben", "see", "c1");
    if let Op::Send { attachments, .. } = &mut item.op {
        attachments.push(file.id);
    }
    chat.run(item).await;
    for who in ["ana", "ben"] {
        chat.run(chat.hold_as_item(room, who, "me too", "c2")).await;
    }
    let of = |row: Record| match row {
        Record::Room(RoomRecord::Held(held)) => held,
        other => panic!("{other:?}"),
    };
    let rows = chat.pages(RecordPage::Held { room, after: None }).await;
    let rows: Vec<Held> = rows.into_iter().map(of).collect();
    let mut read = Vec::new();
    for id in chat.queue(Queue::Room(room)).await {
        read.extend(chat.held_one(room, id).await);
    }
    assert_eq!((&rows, rows.len()), (&read, 3));
    let moved = |held: &Held| {
        let files = held.attachments.iter().map(|file| Attachment { room: copy, ..file.clone() });
        let thread = Some(Box::new(Reply { root: quoted.id, in_room: true, max_followed: 0 }));
        let refers = Refers { quoted: Some(quoted.id), thread, ..Refers::default() };
        let (id, custom) = (MessageId::generate(), "{\"km\":8}".parse().expect("an object"));
        Held { id, room: copy, attachments: files.collect(), refers, custom, ..held.clone() }
    };
    let moved: Vec<Held> = rows.iter().map(moved).collect();
    // Of one moment, they come in any order.
    let of = |who: &str, files: usize| {
        let is_it = |held: &&Held| held.sender.user == user(who) && held.attachments.len() == files;
        moved.iter().find(is_it).expect("it was read")
    };
    let (full, plain, left) = (of("ben", 1), of("ben", 0), of("ana", 0));
    let row = |held: &Held| RoomRecord::Held(held.clone());
    let position = chat.position().await;
    for _ in 0..2 {
        chat.done(moved.iter().map(row).collect()).await;
        for held in &moved {
            assert_eq!(chat.held_one(copy, held.id).await.as_ref(), Some(held));
        }
        assert_eq!(chat.queue(Queue::Room(copy)).await.len(), 3);
    }
    assert_eq!(chat.position().await, position, "nobody is told");
    let here = &full.attachments[0];
    assert_eq!(chat.stage(here).await, Some(Stage::Held(full.id)), "nobody collects it");

    // What is another's.
    let refused = async |held: Held| {
        let (room, id) = (held.room, held.id);
        let kind = chat.refused(RoomRecord::Held(held)).await;
        assert_eq!(kind, ErrorKind::Contradiction(Contradiction::Held { room, id }));
    };
    let new = MessageId::generate();
    let bare = Held { id: new, client_id: None, attachments: [].into(), ..full.clone() };
    refused(Held { id: rows[0].id, ..bare.clone() }).await;
    refused(Held { client_id: full.client_id.clone(), ..bare.clone() }).await;
    refused(Held { attachments: full.attachments.clone(), ..bare.clone() }).await;
    refused(Held { sender: profile("eve"), ..full.clone() }).await;
    refused(Held { id: quoted.id, ..bare.clone() }).await;
    let nowhere = RoomId::generate();
    let kind = chat.refused(RoomRecord::Held(Held { room: nowhere, ..bare })).await;
    assert_eq!(kind, ErrorKind::RoomNotFound(nowhere));

    // Sent here.
    let sent_here = sent(&chat.run(chat.settle_item(None, full, Settlement::Approve)).await);
    assert_eq!((sent_here.id, &sent_here.attachments), (full.id, &full.attachments));
    chat.run(row(full)).await;
    assert_eq!(chat.stage(here).await, Some(Stage::Sent(full.id)));
    // And there, as another export tells.
    let head = chat.room(copy).await;
    let there = Message {
        id: plain.id,
        seq: head.seq + 1,
        n: head.countable + 1,
        own_n: 2,
        client_id: plain.client_id.clone(),
        attachments: [].into(),
        references: Default::default(),
        custom: Default::default(),
        ..Message::clone(&sent_here)
    };
    let hash = Some(plain.hash);
    let stranger = Message { sender: profile("eve"), ..there.clone() };
    let kind = chat.refused(RoomRecord::Message(stranger, hash)).await;
    let another = Contradiction::Message { room: copy, seq: head.seq + 1 };
    assert_eq!(kind, ErrorKind::Contradiction(another));
    chat.run(RoomRecord::Message(there, hash)).await;
    for _ in 0..2 {
        assert_eq!(chat.queue(Queue::Room(copy)).await, [left.id], "what was sent waits no more");
        chat.done(moved.iter().map(row).collect()).await;
    }
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.held_one(copy, left.id).await.as_ref(), Some(left));
    assert_eq!(chat.queue(Queue::Room(room)).await.len(), 3);
}
