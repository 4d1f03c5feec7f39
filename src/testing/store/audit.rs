//! Cases about what is noted of what moderators do.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::invites::link;
use super::kit::{named, notice, profile, user};
use super::moderation::HOUR;
use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{
    Act, AuditEntry, Custom, Message, Retention, Role, RoomKind, SystemKind, Verb, Visibility,
};
use crate::store::{Amend, Op, Record, RecordPage, RoomItem, RoomRecord, Update, What};

pub async fn each_act_of_a_moderator_is_noted_where_it_was_committed(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho", "dee"]).await;
    let other = chat.group(&["ana", "ben"]).await;
    let [own, others] = [chat.send(room, "ana", "mine").await, chat.send(room, "ben", "his").await];
    let until = own.created_at.plus(HOUR);
    let delete = |id| Op::Amend { message: id, change: Amend::Delete { within: None } };
    let mute = Op::Mute { about: profile("ben"), until: Some(until), reason: Some("소리".into()) };
    let ban = chat.ban_item(room, None, "eve", Some(HOUR));
    let Op::Ban { ban: banned, .. } = ban.op.clone() else { unreachable!() };
    let acts = vec![
        (chat.item(room, Some("ana"), mute), Act::Mute(until), Some("ben"), Some("소리")),
        (chat.mute_item(room, Some("ana"), "ben", None), Act::Unmute, Some("ben"), None),
        (ban, Act::Ban(banned.until), Some("eve"), Some("광고 🦊")),
        (chat.unban_item(room, Some("ana"), "eve"), Act::Unban, Some("eve"), None),
        (chat.ban_item(room, Some("ana"), "dee", None), Act::Ban(Timestamp::NEVER), Some("dee"), None),
        (chat.item(room, Some("ana"), delete(others.id)), Act::Delete(others.id), Some("ben"), None),
        (chat.item(room, None, delete(own.id)), Act::Delete(own.id), Some("ana"), None),
        (
            chat.item(room, Some("ana"), Op::SetRole { about: profile("ben"), role: Role::ReadOnly }),
            Act::SetRole(Role::ReadOnly),
            Some("ben"),
            None,
        ),
        (chat.slow_item(room, Some("ana"), 7), Act::SlowMode(7), None, None),
        (chat.rename_item(room, Some("ana"), "ana", "another"), Act::Rename, None, None),
        (chat.remove_item(room, Some("ana"), "ben"), Act::Remove, Some("ben"), None),
    ];
    let mut expected = Vec::new();
    for (item, act, whom, reason) in acts {
        let (at, by) = (item.at, item.by.clone());
        let pos = chat.run(item).await.changes[0].pos.at;
        let (user, reason) = (whom.map(user), reason.map(str::to_owned));
        expected.insert(0, AuditEntry { room, pos, at, by, act, user, reason });
    }
    let audit = async |chat: &Fixture| chat.store().audit(room, None, 100).await.expect("the store reads");
    assert_eq!(audit(&chat).await, expected);

    // What everybody does, what changes nothing, and what is refused, is none.
    let message = chat.send(room, "cho", "mine").await;
    for item in [
        chat.item(room, Some("cho"), delete(message.id)),
        chat.item(room, None, delete(message.id)),
        chat.mute_item(room, None, "cho", None),
        chat.unban_item(room, Some("ana"), "zoe"),
        chat.slow_item(room, Some("ana"), 7),
        chat.rename_item(room, Some("ana"), "ana", "another"),
        chat.leave_item(room, "cho"),
    ] {
        chat.run(item).await;
    }
    chat.refused(chat.mute_item(room, Some("ana"), "ana", None)).await;
    assert_eq!(audit(&chat).await, expected);
    assert!(chat.store().audit(other, None, 100).await.expect("the store reads").is_empty());
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let page = chat.store().audit(room, before, 3).await.expect("the store reads");
        let Some(last) = page.last() else { break };
        before = Some(last.pos);
        paged.extend(page);
    }
    assert_eq!(paged, expected);
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(audit(&chat).await, expected);
}

pub async fn what_governs_a_room_is_noted_with_what_moderates_it(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    // Of all at once, each stands at a position of its own, and the words for the new name behind them.
    let own = Retention::new(Some(30), None).expect("a good rule");
    let all = || Update {
        name: Some((named("Runners"), notice(SystemKind::Renamed, "ana"))),
        topic: Some(named("running")),
        picture: Some(named("https://a/b")),
        permissions: vec![(Verb::Invite, Role::Admin)],
        visibility: Some(Visibility::Public),
        custom: Some("{\"week\":4}".parse().expect("an object")),
        slow_mode: Some(7),
        retention: Some(Some(own)),
    };
    let changes = chat.run(chat.item(room, Some("ana"), Op::Update(Box::new(all())))).await.changes;
    let acts = [
        Act::Rename,
        Act::SetTopic,
        Act::SetPicture,
        Act::SetCustom,
        Act::SlowMode(7),
        Act::SetRetention(Some(own)),
        Act::SetVisibility(Visibility::Public),
        Act::SetPermissions,
    ];
    assert_eq!(changes.len(), acts.len() + 1);
    assert!(matches!(changes.last().map(|change| &change.what), Some(What::Message(_))), "{changes:?}");
    let mut expected: Vec<_> =
        changes.iter().zip(acts).map(|(change, act)| (change.pos.at, act, None)).collect();
    assert!(chat.run(chat.item(room, Some("ana"), Op::Update(Box::new(all())))).await.changes.is_empty());
    // What is taken away is changed as well, also by the host, whose own `custom` is.
    let nameless = Op::Rename { name: None, notice: notice(SystemKind::Renamed, "ana") };
    let bare = Update {
        topic: Some(None),
        picture: Some(None),
        custom: Some(Custom::default()),
        ..Update::default()
    };
    for (op, acts) in
        [(nameless, &[Act::Rename][..]), (Op::Update(Box::new(bare)), &[Act::SetTopic, Act::SetPicture][..])]
    {
        let changes = chat.run(chat.item(room, None, op)).await.changes;
        assert!(changes.len() >= acts.len());
        expected.extend(changes.iter().zip(acts).map(|(change, act)| (change.pos.at, *act, None)));
    }
    // Her own link is hers to take back; that she takes his back is an act.
    let (hers, his) = (link(room, Some("ana")), link(room, Some("ben")));
    for link in [&hers, &his] {
        let make = Op::MakeInvite { invite: link.clone(), most: 9 };
        chat.run(chat.item(room, None, make)).await;
    }
    assert!(chat.run(chat.item(room, Some("ana"), Op::RevokeInvite(hers.code))).await.changes.is_empty());
    let kind = RoomKind::Group;
    for (by, op, act, whom) in [
        (Some("ana"), Op::RevokeInvite(his.code), Act::RevokeInvite, Some(user("ben"))),
        (Some("ana"), Op::Close, Act::CloseRoom, None),
        (None, Op::Reopen { kind }, Act::ReopenRoom, None),
    ] {
        let change = chat.run(chat.item(room, by, op)).await.changes.remove(0);
        expected.push((change.pos.at, act, whom));
    }
    let acts = async |chat: &Fixture, room| -> Vec<_> {
        let trail = chat.store().audit(room, None, 100).await.expect("the store reads");
        trail.into_iter().rev().map(|entry| (entry.pos, entry.act, entry.user)).collect()
    };
    assert_eq!(acts(&chat, room).await, expected);
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(acts(&chat, room).await, expected);
}

pub async fn pins_are_noted_where_not_every_member_may(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let message = chat.send(room, "ben", "the rules").await;
    let direct = chat.direct("ana", "ben").await;
    let between = chat.send(direct, "ben", "our rules").await;
    let pin = |message: &Message, by, on| {
        let change = Amend::Pin { on, max_pins: 9 };
        chat.item(message.room, by, Op::Amend { message: message.id, change })
    };
    let let_pin = |least| Update { permissions: vec![(Verb::Pin, least)], ..Update::default() };
    let mut expected = Vec::new();
    for (by, on) in [(Some("ana"), true), (Some("ana"), false), (None, true), (None, false)] {
        let change = chat.run(pin(&message, by, on)).await.changes.remove(0);
        assert!(chat.run(pin(&message, by, on)).await.changes.is_empty());
        let act = if on { Act::Pin(message.id) } else { Act::Unpin(message.id) };
        expected.push((change.pos.at, by.map(user), act, Some(user("ben"))));
    }
    let changes = chat.run(chat.item(room, None, Op::Update(Box::new(let_pin(Role::Member))))).await.changes;
    expected.push((changes[0].pos.at, None, Act::SetPermissions, None));
    for on in [true, false] {
        for by in ["ana", "ben"] {
            chat.run(pin(&message, Some(by), on)).await;
        }
    }
    // The two of a direct room may both.
    chat.run(pin(&between, Some("ana"), true)).await;
    let change = chat.run(pin(&between, None, false)).await.changes.remove(0);
    let of_host = vec![(change.pos.at, None, Act::Unpin(between.id), Some(user("ben")))];
    let acts = async |chat: &Fixture, room| -> Vec<_> {
        let trail = chat.store().audit(room, None, 100).await.expect("the store reads");
        trail.into_iter().rev().map(|entry| (entry.pos, entry.by, entry.act, entry.user)).collect()
    };
    assert_eq!((acts(&chat, room).await, acts(&chat, direct).await), (expected.clone(), of_host));
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(acts(&chat, room).await, expected);
}

pub async fn acts_are_taken_in_once_and_in_their_order(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let message = chat.send(room, "ben", "his").await;
    let never = Timestamp::NEVER;
    let about = profile("ben");
    let retention = Some(Retention::new(Some(30), Some(1000)).expect("a good rule"));
    let keep = |retention| Update { retention: Some(retention), ..Update::default() };
    let delete = Op::Amend { message: message.id, change: Amend::Delete { within: None } };
    let mute = Op::Mute { about: about.clone(), until: Some(never), reason: Some("광고\n🦊".into()) };
    // Many in one moment, and in that of the room.
    let at = Timestamp::from_millis(5);
    for (by, op) in [
        (Some("ana"), mute),
        (None, Op::Mute { about: about.clone(), until: None, reason: None }),
        (Some("ana"), Op::SetRole { about, role: Role::ReadOnly }),
        (Some("ana"), delete),
        (Some("ana"), Op::Update(Box::new(keep(retention)))),
        (Some("ana"), Op::Update(Box::new(keep(None)))),
    ] {
        chat.run(RoomItem { at, ..chat.item(room, by, op) }).await;
    }
    chat.run(chat.slow_item(room, Some("ana"), 9)).await;
    let of = |row: Record| match row {
        Record::Room(RoomRecord::Act(entry)) => entry,
        other => panic!("{other:?}"),
    };
    let trail = async |chat: &Fixture, room| -> Vec<AuditEntry> {
        chat.pages(RecordPage::Acts { room, after: None }).await.into_iter().map(of).collect()
    };
    let acts = trail(&chat, room).await;
    let mut newest_first = chat.store().audit(room, None, 100).await.expect("the store reads");
    newest_first.reverse();
    assert_eq!((&acts, acts.len()), (&newest_first, 7));

    let copy = chat.group(&["dee", "eve"]).await;
    chat.run(chat.slow_item(copy, Some("dee"), 3)).await;
    let own = trail(&chat, copy).await;
    let moved: Vec<AuditEntry> =
        acts.iter().map(|entry| AuditEntry { room: copy, pos: 900, ..entry.clone() }).collect();
    let rows = |acts: &[AuditEntry]| acts.iter().cloned().map(RoomRecord::Act).collect::<Vec<_>>();
    let before = chat.position().await.of_room(copy);
    let expected: Vec<AuditEntry> = own
        .into_iter()
        .chain((1..).zip(&moved).map(|(n, entry)| AuditEntry { pos: before + n, ..entry.clone() }))
        .collect();
    // It broke off, and is run again; then once more, as a whole and one by one.
    chat.done(rows(&moved[..3])).await;
    chat.done(rows(&moved)).await;
    chat.done(rows(&moved)).await;
    for row in rows(&moved) {
        chat.run(row).await;
    }
    assert_eq!(trail(&chat, copy).await, expected, "behind what was done here, each once");
    assert_eq!(chat.position().await.of_room(copy), before + 7);
    assert_eq!(trail(&chat, room).await, acts);
    let nowhere = AuditEntry { room: RoomId::generate(), ..moved[0].clone() };
    let kind = ErrorKind::RoomNotFound(nowhere.room);
    assert_eq!(chat.refused(RoomRecord::Act(nowhere)).await, kind);
    let Some(chat) = chat.reopened().await else { return };
    chat.done(rows(&moved)).await;
    assert_eq!(trail(&chat, copy).await, expected);
}
