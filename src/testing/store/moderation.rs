//! Cases about who keeps a room in order: mutes, bans, slow mode.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::time::Duration;

use super::Fixture;
use super::kit::{NO_BOUND, notice, profile, sent, text, user};
use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::id::{MessageId, ReportId, RoomId};
use crate::model::{
    Act, AuditEntry, Ban, Invite, InviteCode, MAX_SLOW_MODE, Reaction, Report, ReportOutcome, Resolution,
    Retention, Role, RoomKind, SystemKind, Verb, Visibility,
};
use crate::store::{
    Admission, Amend, Answer, Change, Op, Outcome, Record, RecordPage, RoomItem, RoomRecord, Update, What,
};

const HOUR: Duration = Duration::from_secs(3600);

/// The item as it would be so much later.
fn later(item: RoomItem, by: Duration) -> RoomItem {
    RoomItem { at: item.at.plus(by), ..item }
}

/// Who stands how from now on.
fn told(outcome: &Outcome) -> Vec<(String, Role, Option<Timestamp>)> {
    let role = |what: &What| match what {
        What::Role(_, who, role, muted_until) => Some((who.user.to_string(), *role, *muted_until)),
        _ => None,
    };
    outcome.changes.iter().filter_map(|change| role(&change.what)).collect()
}

fn is_forbidden(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Forbidden(_))
}

impl Fixture {
    fn mute_item(&self, room: RoomId, by: Option<&str>, who: &str, until: Option<Timestamp>) -> RoomItem {
        self.item(room, by, Op::Mute { about: profile(who), until, reason: None })
    }

    /// A ban for so long; without it, for good.
    fn ban_item(&self, room: RoomId, by: Option<&str>, who: &str, within: Option<Duration>) -> RoomItem {
        let notice = notice(SystemKind::Removed, who);
        let item = self.item(room, by, Op::Unban(user(who)));
        let until = within.map_or(Timestamp::NEVER, |within| item.at.plus(within));
        let reason = within.is_some().then(|| "광고 🦊".to_owned());
        let ban = Ban { room, user: user(who), by: by.map(user), at: item.at, until, reason };
        RoomItem { op: Op::Ban { ban, notice }, ..item }
    }

    fn unban_item(&self, room: RoomId, by: Option<&str>, who: &str) -> RoomItem {
        self.item(room, by, Op::Unban(user(who)))
    }

    fn come_item(&self, room: RoomId, who: &str) -> RoomItem {
        let notice = notice(SystemKind::Joined, who);
        let (max_members, by_invite, admission) = (NO_BOUND, None, Admission::Unasked);
        self.item(room, Some(who), Op::Enter { notice, max_members, by_invite, admission })
    }

    fn slow_item(&self, room: RoomId, by: Option<&str>, seconds: u32) -> RoomItem {
        let update = Update { slow_mode: Some(seconds), ..Update::default() };
        self.item(room, by, Op::Update(Box::new(update)))
    }

    async fn banned(&self, room: RoomId, now: Timestamp) -> Vec<(Ban, String)> {
        let bans = self.store().bans(room, now, None, 1000).await.expect("the store reads");
        bans.into_iter().map(|(ban, profile)| (ban, profile.nickname.to_string())).collect()
    }
}

pub async fn whoever_is_muted_says_nothing_until_its_end(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let (own, other) = (chat.send(room, "ben", "before").await, chat.send(room, "ana", "and").await);
    let before = chat.member(room, "ben").await;
    let until = chat.mute_item(room, Some("ana"), "ben", None).at.plus(HOUR);
    let outcome = chat.run(chat.mute_item(room, Some("ana"), "ben", Some(until))).await;
    assert_eq!(told(&outcome), [("ben".to_owned(), Role::Member, Some(until))]);
    let muted = chat.member(room, "ben").await;
    let changed_pos = outcome.changes[0].pos.at;
    assert_eq!(muted, crate::model::Member { muted_until: Some(until), changed_pos, ..before });
    assert_eq!(chat.room(room).await.seq, 2, "of a mute there are no words");

    let reaction: Reaction = "👍".parse().expect("an emoji is a reaction");
    let edit = Amend::Edit { content: Some("after".into()), within: None, keep: 0 };
    let react = Amend::React { reaction, on: true, max_kinds: 9 };
    let says = |by: Option<&str>| {
        [
            RoomItem { by: by.map(user), ..chat.send_item(room, "ben", "hello") },
            chat.item(room, by, Op::Amend { message: own.id, change: edit.clone() }),
            chat.item(room, by, Op::Amend { message: other.id, change: react.clone() }),
        ]
    };
    for item in says(Some("ben")) {
        assert_eq!(chat.refused(item).await, ErrorKind::Muted(until));
    }
    // The host speaks in whosever name it likes, and what one has said can be taken back.
    let [hosts, edited, _] = says(None);
    chat.done(vec![hosts, edited]).await;
    chat.run(chat.item(
        room,
        Some("ben"),
        Op::Amend { message: own.id, change: Amend::Delete { within: None } },
    ))
    .await;
    for item in [says(Some("ben"))[0].clone(), says(Some("ben"))[2].clone()] {
        let at = until.minus(Duration::from_millis(1));
        assert_eq!(chat.refused(RoomItem { at, ..item.clone() }).await, ErrorKind::Muted(until));
        chat.run(RoomItem { at: until, ..item }).await;
    }

    let outcome = chat.run(chat.mute_item(room, Some("ana"), "ben", Some(Timestamp::NEVER))).await;
    assert_eq!(told(&outcome)[0].2, Some(Timestamp::NEVER));
    let [again, ..] = says(Some("ben"));
    let kind = chat.refused(later(again, 1_000_000 * HOUR)).await;
    assert_eq!(kind, ErrorKind::Muted(Timestamp::NEVER));
    let outcome = chat.run(chat.mute_item(room, Some("ana"), "ben", None)).await;
    assert_eq!(told(&outcome), [("ben".to_owned(), Role::Member, None)]);
    chat.send(room, "ben", "hello").await;
    let position = chat.position().await;
    assert!(chat.run(chat.mute_item(room, None, "ben", None)).await.changes.is_empty());
    assert_eq!(chat.position().await, position);
}

pub async fn a_retry_of_what_was_sent_before_the_mute_gets_its_message(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let first = sent(&chat.run(chat.send_as_item(room, "ben", "hello", "c1")).await);
    chat.run(chat.mute_item(room, None, "ben", Some(Timestamp::NEVER))).await;
    chat.run(chat.slow_item(room, None, 60)).await;
    assert_eq!(sent(&chat.run(chat.send_as_item(room, "ben", "hello", "c1")).await).id, first.id);
}

pub async fn only_who_moderates_mutes_and_bans_and_nobody_of_as_great_a_role(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho", "dee"]).await;
    for who in ["ben", "cho"] {
        chat.run(chat.item(room, None, Op::SetRole { about: profile(who), role: Role::Admin })).await;
    }
    let never = Some(Timestamp::NEVER);
    for (by, who) in [("dee", "ben"), ("dee", "dee"), ("ben", "cho"), ("ben", "ana"), ("ben", "ben")] {
        let kind = chat.refused(chat.mute_item(room, Some(by), who, never)).await;
        assert!(is_forbidden(&kind), "{by} {who}: {kind:?}");
        let kind = chat.refused(chat.ban_item(room, Some(by), who, None)).await;
        assert!(is_forbidden(&kind) || by == who && matches!(kind, ErrorKind::Invalid { .. }), "{kind:?}");
    }
    for item in [chat.ban_item(room, Some("dee"), "eve", None), chat.unban_item(room, Some("dee"), "eve")] {
        assert!(is_forbidden(&chat.refused(item).await));
    }
    for item in [chat.mute_item(room, Some("eve"), "dee", never), chat.unban_item(room, Some("eve"), "dee")] {
        assert_eq!(chat.refused(item).await, ErrorKind::NotAParticipant(room));
    }
    let kind = chat.refused(chat.mute_item(room, Some("ana"), "eve", never)).await;
    assert!(matches!(kind, ErrorKind::Invalid { .. }), "{kind:?}");
    assert!(chat.banned(room, Timestamp::from_millis(0)).await.is_empty(), "nothing is left behind");
    chat.run(chat.mute_item(room, Some("ben"), "dee", never)).await;
    // The room says who moderates it, and the host minds no role.
    let update = Update { permissions: vec![(Verb::Moderate, Role::Owner)], ..Update::default() };
    chat.run(chat.item(room, Some("ana"), Op::Update(Box::new(update)))).await;
    assert!(is_forbidden(&chat.refused(chat.mute_item(room, Some("ben"), "dee", None)).await));
    chat.run(chat.mute_item(room, None, "ana", never)).await;

    let direct = chat.direct("ana", "ben").await;
    for item in [
        chat.mute_item(direct, Some("ana"), "ben", never),
        chat.ban_item(direct, Some("ana"), "ben", None),
        chat.ban_item(direct, None, "ben", None),
        chat.slow_item(direct, Some("ana"), 5),
        chat.slow_item(direct, None, 5),
    ] {
        assert!(is_forbidden(&chat.refused(item).await), "two people are equals");
    }
    chat.run(chat.mute_item(direct, None, "ben", never)).await;
    assert_eq!(chat.refused(chat.send_item(direct, "ben", "hi")).await, ErrorKind::Muted(Timestamp::NEVER));
}

pub async fn a_mute_outlasts_the_stay_and_ends_with_ownership(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let until = Timestamp::NEVER;
    chat.run(chat.mute_item(room, Some("ana"), "ben", Some(until))).await;
    chat.run(chat.leave_item(room, "ben")).await;
    let outcome = chat.run(chat.join_item(room, Some("ana"), &["ben", "cho"], NO_BOUND)).await;
    assert_eq!(told(&outcome), [("ben".to_owned(), Role::Member, Some(until))], "and nobody else");
    let ben = chat.member(room, "ben").await;
    assert!(ben.changed_pos > ben.joined_pos && ben.muted_until == Some(until));
    assert_eq!(chat.refused(chat.send_item(room, "ben", "hi")).await, ErrorKind::Muted(until));
    // One that is over is not taken along.
    let short = chat.mute_item(room, Some("ana"), "ben", None).at.plus(HOUR);
    chat.run(chat.mute_item(room, Some("ana"), "ben", Some(short))).await;
    chat.run(chat.leave_item(room, "ben")).await;
    let outcome = chat.run(later(chat.join_item(room, Some("ana"), &["ben"], NO_BOUND), 2 * HOUR)).await;
    assert_eq!((told(&outcome), chat.member(room, "ben").await.muted_until), (Vec::new(), None));

    chat.run(chat.mute_item(room, Some("ana"), "ben", Some(until))).await;
    chat.run(chat.item(room, Some("ana"), Op::SetRole { about: profile("ben"), role: Role::Admin })).await;
    assert_eq!(chat.member(room, "ben").await.muted_until, Some(until), "an admin stays muted");
    let outcome = chat.run(chat.leave_item(room, "ana")).await;
    assert_eq!(told(&outcome), [("ben".to_owned(), Role::Owner, None)]);
    chat.send(room, "ben", "nobody could unmute me").await;
}

pub async fn whoever_is_banned_is_taken_out_and_comes_in_by_no_way(chat: Fixture) {
    let create = chat.create_item(RoomKind::Group, &["ana", "ben", "cho"]);
    let room = create.room;
    chat.run(create).await;
    let update = Update { visibility: Some(Visibility::Public), ..Update::default() };
    chat.run(chat.item(room, Some("ana"), Op::Update(Box::new(update)))).await;
    let code = InviteCode::generate();
    let at = Timestamp::from_millis(7);
    let invite = Invite {
        code,
        room,
        by: None,
        created_at: at,
        expires_at: None,
        max_uses: None,
        uses: 0,
        user: None,
    };
    chat.run(chat.item(room, None, Op::MakeInvite { invite, most: 9 })).await;

    let item = chat.ban_item(room, Some("ana"), "ben", Some(HOUR));
    let Op::Ban { ban, .. } = item.op.clone() else { unreachable!() };
    let until = ban.until;
    let outcome = chat.run(item).await;
    assert!(matches!(&outcome.changes[0].what, What::Parted(_, who) if who.user == user("ben")));
    assert_eq!(outcome.changes.len(), 2, "and the words for it");
    assert_eq!(chat.active(room).await, ["ana", "cho"]);
    // Somebody who is not in: nobody is told.
    let outcome = chat.run(chat.ban_item(room, Some("ana"), "dee", None)).await;
    assert!(matches!(outcome.changes[..], [Change { what: What::Untold(of), .. }] if of == room));

    for (who, until) in [("ben", until), ("dee", Timestamp::NEVER)] {
        let entry = notice(SystemKind::Joined, who);
        let (by_invite, admission) = (Some(code), Admission::Unasked);
        let by_link = Op::Enter { notice: entry, max_members: NO_BOUND, by_invite, admission };
        for item in [
            chat.come_item(room, who),
            chat.item(room, Some(who), by_link),
            chat.join_item(room, Some("cho"), &["eve", who], NO_BOUND),
            chat.join_item(room, None, &[who], NO_BOUND),
        ] {
            assert_eq!(chat.refused(item).await, ErrorKind::Banned { user: user(who), until });
        }
    }
    assert_eq!(chat.active(room).await, ["ana", "cho"], "eve is not added without the other");
    let invite = chat.store().invite(code).await.expect("the store reads");
    assert_eq!(invite.expect("it is there").uses, 0);

    chat.run(chat.unban_item(room, Some("ana"), "dee")).await;
    chat.run(chat.unban_item(room, Some("ana"), "zoe")).await;
    chat.run(chat.come_item(room, "dee")).await;
    let soon = RoomItem { at: until.minus(Duration::from_millis(1)), ..chat.come_item(room, "ben") };
    assert_eq!(chat.refused(soon).await, ErrorKind::Banned { user: user("ben"), until });
    assert_eq!(chat.banned(room, until.minus(HOUR)).await, [(ban, "ben".to_owned())]);
    chat.run(RoomItem { at: until, ..chat.come_item(room, "ben") }).await;
    assert_eq!(chat.banned(room, Timestamp::from_millis(0)).await, [], "what is over is gone");
    // Banned, let in and banned within a batch, each seeing the one before it.
    let outcomes = chat
        .commit(vec![
            chat.ban_item(room, None, "ben", None),
            chat.come_item(room, "ben"),
            chat.unban_item(room, None, "ben"),
            chat.come_item(room, "ben"),
            chat.ban_item(room, None, "ben", None),
        ])
        .await;
    let done: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, false, true, true, true]);
    assert_eq!(chat.active(room).await, ["ana", "cho", "dee"]);
}

pub async fn an_owner_who_is_banned_is_followed_by_the_first_of_the_others(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    let outcome = chat.run(chat.ban_item(room, None, "ana", None)).await;
    assert_eq!(told(&outcome), [("ben".to_owned(), Role::Owner, None)]);
    chat.run(chat.ban_item(room, None, "ben", None)).await;
    chat.run(chat.ban_item(room, None, "cho", None)).await;
    assert!(!chat.room(room).await.active, "the last of them closes it");
}

pub async fn bans_come_in_pages_by_their_users_with_their_profiles(chat: Fixture) {
    let (room, other) = (chat.group(&["ana"]).await, chat.group(&["ana"]).await);
    chat.put_profile("u3", "Three", None).await;
    for n in 0..7 {
        let within = (n % 2 == 1).then_some(HOUR);
        chat.run(chat.ban_item(room, (n % 3 == 0).then_some("ana"), &format!("u{n}"), within)).await;
    }
    chat.run(chat.ban_item(other, None, "u2", None)).await;
    let now = chat.unban_item(room, None, "u9").at;
    let all = chat.banned(room, now).await;
    assert_eq!(all.len(), 7);
    assert_eq!((&*all[3].1, &*all[2].1), ("Three", "u2"));
    assert_eq!(all[3].0.reason.as_deref(), Some("광고 🦊"));
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = chat.store().bans(room, now, after.as_ref(), 2).await.expect("the store reads");
        let Some((last, _)) = page.last() else { break };
        after = Some(last.user.clone());
        paged.extend(page.into_iter().map(|(ban, _)| ban));
    }
    assert_eq!(paged, all.iter().map(|(ban, _)| ban.clone()).collect::<Vec<_>>());
    let lasting: Vec<_> =
        chat.banned(room, now.plus(2 * HOUR)).await.into_iter().map(|(ban, _)| ban).collect();
    assert!(lasting.iter().all(|ban| ban.until == Timestamp::NEVER) && lasting.len() == 4, "{lasting:?}");
    // Another one takes the place of the one before it.
    chat.run(chat.ban_item(room, None, "u1", None)).await;
    assert_eq!(chat.banned(room, now.plus(2 * HOUR)).await.len(), 5);
    assert!(chat.banned(RoomId::generate(), now).await.is_empty());
}

pub async fn in_a_slow_room_a_member_sends_once_in_so_long(chat: Fixture) {
    let room = chat.group(&["ana", "ben", "cho"]).await;
    chat.run(chat.item(room, None, Op::SetRole { about: profile("cho"), role: Role::Admin })).await;
    chat.send_many(room, "ben", 3).await;
    assert!(is_forbidden(&chat.refused(chat.slow_item(room, Some("ben"), 10)).await));
    let kind = chat.refused(chat.slow_item(room, Some("cho"), MAX_SLOW_MODE + 1)).await;
    assert!(matches!(&kind, ErrorKind::Invalid { field, .. } if field == "slowMode"), "{kind:?}");
    let outcome = chat.run(chat.slow_item(room, Some("cho"), 10)).await;
    assert!(matches!(&outcome.changes[0].what, What::Changed(room) if room.slow_mode == 10));
    assert_eq!((outcome.changes.len(), chat.room(room).await.slow_mode), (1, 10));

    let first = chat.send(room, "ben", "the first").await;
    let next = chat.send_as_item(room, "ben", "the second", "c1");
    let wait = |at: Timestamp| {
        Duration::from_millis(10_000 - (at.as_millis() - first.created_at.as_millis()) as u64)
    };
    assert_eq!(chat.refused(next.clone()).await, ErrorKind::RateLimited(wait(next.at)));
    let early = RoomItem { at: first.created_at.plus(Duration::from_millis(9_999)), ..next.clone() };
    assert_eq!(chat.refused(early).await, ErrorKind::RateLimited(Duration::from_millis(1)));
    chat.send_many(room, "cho", 2).await;
    chat.send_many(room, "ana", 2).await;
    chat.run(RoomItem { by: None, ..chat.send_item(room, "ben", "the host's") }).await;
    let in_time = RoomItem { at: first.created_at.plus(Duration::from_secs(20)), ..next.clone() };
    let outcomes = chat.commit(vec![in_time.clone(), in_time.clone()]).await;
    assert!(outcomes.iter().all(Result::is_ok), "a retry is no other message");
    let another = chat.body_item(room, "ben", text("the third"), None);
    assert!(matches!(
        chat.refused(RoomItem { at: in_time.at, ..another.clone() }).await,
        ErrorKind::RateLimited(_)
    ));
    // Coming anew shortens nothing; a clock that went back makes nobody wait longer than it says.
    chat.run(later(chat.leave_item(room, "ben"), 2 * HOUR)).await;
    chat.run(chat.join_item(room, Some("ana"), &["ben"], NO_BOUND)).await;
    assert!(matches!(chat.refused(another.clone()).await, ErrorKind::RateLimited(_)));
    chat.run(chat.slow_item(room, Some("cho"), 0)).await;
    chat.send_many(room, "ben", 2).await;
    assert!(chat.run(chat.slow_item(room, Some("cho"), 0)).await.changes.is_empty());
}

pub async fn mutes_bans_and_slow_mode_outlive_a_reopening_and_a_move(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let until = chat.unban_item(room, None, "ben").at.plus(HOUR);
    chat.run(chat.mute_item(room, Some("ana"), "ben", Some(until))).await;
    chat.run(chat.slow_item(room, Some("ana"), MAX_SLOW_MODE)).await;
    chat.run(chat.ban_item(room, Some("ana"), "cho", Some(HOUR))).await;
    chat.run(chat.ban_item(room, None, "dee", None)).await;
    let bans = chat.banned(room, Timestamp::from_millis(0)).await;

    let copy = RoomId::generate();
    let mut rows = Vec::new();
    for page in [
        RecordPage::Room(room),
        RecordPage::Members { room, after: None },
        RecordPage::Bans { room, after: None },
    ] {
        rows.extend(chat.store().records(page, 100).await.expect("the store reads"));
    }
    let moved = rows.into_iter().map(|row| match row {
        Record::Room(RoomRecord::Room(row)) => RoomRecord::Room(crate::model::Room { id: copy, ..row }),
        Record::Room(RoomRecord::Member(row)) => {
            RoomRecord::Member(crate::model::Member { room: copy, ..row })
        }
        Record::Room(RoomRecord::Ban(row)) => RoomRecord::Ban(Ban { room: copy, ..row }),
        other => panic!("{other:?}"),
    });
    let moved: Vec<_> = moved.collect();
    chat.done(moved.clone()).await;
    let position = chat.position().await;
    chat.done(moved).await;
    assert_eq!(chat.position().await, position, "once more it changes nothing");
    let there = chat.banned(copy, Timestamp::from_millis(0)).await;
    let there = there.into_iter().map(|(ban, name)| (Ban { room, ..ban }, name));
    assert_eq!(there.collect::<Vec<_>>(), bans);
    for id in [room, copy] {
        assert_eq!(chat.member(id, "ben").await.muted_until, Some(until));
        assert_eq!(chat.room(id).await.slow_mode, MAX_SLOW_MODE);
    }
    // A later ban holds, and an older one changes nothing.
    let older = Ban { at: Timestamp::from_millis(1), until: Timestamp::NEVER, ..bans[0].0.clone() };
    chat.run(RoomRecord::Ban(older)).await;
    assert_eq!(chat.banned(room, Timestamp::from_millis(0)).await, bans);
    let nowhere = RoomId::generate();
    let kind = chat.refused(RoomRecord::Ban(Ban { room: nowhere, ..bans[0].0.clone() })).await;
    assert_eq!(kind, ErrorKind::RoomNotFound(nowhere));

    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.banned(room, Timestamp::from_millis(0)).await, bans);
    assert_eq!(chat.member(room, "ben").await.muted_until, Some(until));
    assert_eq!(chat.room(room).await.slow_mode, MAX_SLOW_MODE);
}

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

/// The report that an outcome answers with.
fn reported(outcome: &Outcome) -> Report {
    let Answer::Reported(report) = &outcome.answer else { panic!("no report: {:?}", outcome.answer) };
    report.clone()
}

impl Fixture {
    fn report_item(&self, room: RoomId, who: &str, message: MessageId, reason: Option<&str>) -> RoomItem {
        let reason = reason.map(str::to_owned);
        self.item(room, Some(who), Op::Report { id: ReportId::generate(), message, reason })
    }

    fn resolve_item(&self, room: RoomId, by: Option<&str>, id: ReportId, outcome: ReportOutcome) -> RoomItem {
        self.item(room, by, Op::Resolve { id, outcome })
    }

    async fn waiting(&self, room: Option<RoomId>) -> Vec<Report> {
        self.store().reports(room, None, 1000).await.expect("the store reads")
    }
}

pub async fn a_report_waits_until_somebody_says_what_came_of_it(chat: Fixture) {
    let (room, other) = (chat.group(&["ana", "ben", "cho"]).await, chat.group(&["ana", "ben"]).await);
    let [message, elsewhere] =
        [chat.send(room, "ben", "buy now").await, chat.send(other, "ben", "buy").await];
    let last_pos = chat.room(room).await.last_pos;
    let item = chat.report_item(room, "cho", message.id, Some("광고 🦊"));
    let (at, Op::Report { id, .. }) = (item.at, item.op.clone()) else { unreachable!() };
    let outcome = chat.run(item).await;
    assert!(outcome.changes.is_empty(), "nobody is told: {outcome:?}");
    let (by, sender, reason) = (user("cho"), user("ben"), Some("광고 🦊".to_owned()));
    let first = Report { id, room, message: message.id, sender, by, at, reason, resolution: None };
    assert_eq!(reported(&outcome), first);
    let again = chat.run(chat.report_item(room, "cho", message.id, None)).await;
    assert_eq!(reported(&again), first, "one of each user and message");
    let hosts = chat.direct("ana", "ben").await;
    let private = chat.send(hosts, "ben", "psst").await;
    let second = reported(&chat.run(chat.report_item(room, "ana", message.id, None)).await);
    let third = reported(&chat.run(chat.report_item(other, "ana", elsewhere.id, None)).await);
    let fourth = reported(&chat.run(chat.report_item(hosts, "ana", private.id, None)).await);
    let mut all = vec![first.clone(), second.clone(), third, fourth];
    all.sort_by_key(|report| report.id);
    assert_eq!(chat.waiting(None).await, all);
    let mut here = vec![first.clone(), second.clone()];
    here.sort_by_key(|report| report.id);
    assert_eq!(chat.waiting(Some(room)).await, here);
    for room in [None, Some(room)] {
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = chat.store().reports(room, after, 1).await.expect("the store reads");
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            paged.extend(page);
        }
        assert_eq!(paged, chat.waiting(room).await);
    }
    assert_eq!(chat.room(room).await.last_pos, last_pos, "it takes no position");

    for (by, kind) in [("cho", None), ("eve", Some(ErrorKind::NotAParticipant(room)))] {
        let refused = chat.refused(chat.resolve_item(room, Some(by), id, ReportOutcome::Dismissed)).await;
        assert!(kind.map_or(is_forbidden(&refused), |kind| kind == refused), "{refused:?}");
    }
    let item = chat.resolve_item(room, Some("ana"), id, ReportOutcome::UserBanned);
    let at = item.at;
    let outcome = chat.run(item).await;
    let audit = chat.store().audit(room, None, 10).await.expect("the store reads");
    assert_eq!((audit.len(), audit[0].pos), (1, outcome.changes[0].pos.at));
    assert_eq!(audit[0].act, Act::Resolve(message.id, ReportOutcome::UserBanned));
    assert!(chat.run(chat.resolve_item(room, None, id, ReportOutcome::Dismissed)).await.changes.is_empty());
    let resolution = Some(Resolution { at, by: Some(user("ana")), outcome: ReportOutcome::UserBanned });
    let again = chat.run(chat.report_item(room, "cho", message.id, None)).await;
    assert_eq!(reported(&again), Report { resolution, ..first }, "also of one that is resolved");
    assert_eq!(chat.waiting(Some(room)).await, std::slice::from_ref(&second));
    for (room, id) in [(room, ReportId::generate()), (other, second.id)] {
        let kind = chat.refused(chat.resolve_item(room, None, id, ReportOutcome::Dismissed)).await;
        assert_eq!(kind, ErrorKind::ReportNotFound(id), "of this room alone");
    }
    let Some(chat) = chat.reopened().await else { return };
    assert_eq!(chat.waiting(Some(room)).await, [second]);
}

pub async fn whoever_reads_reports_what_others_have_said(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let message = chat.send(room, "ben", "hello").await;
    let kind = chat.refused(chat.report_item(room, "eve", message.id, None)).await;
    assert_eq!(kind, ErrorKind::NotAParticipant(room));
    let unknown = MessageId::generate();
    assert_eq!(
        chat.refused(chat.report_item(room, "ana", unknown, None)).await,
        ErrorKind::MessageNotFound(unknown)
    );
    let kind = chat.refused(chat.report_item(room, "ben", message.id, None)).await;
    assert!(is_forbidden(&kind), "{kind:?}");
    let delete = Op::Amend { message: message.id, change: Amend::Delete { within: None } };
    chat.run(chat.item(room, Some("ben"), delete)).await;
    let kind = chat.refused(chat.report_item(room, "ana", message.id, None)).await;
    assert_eq!(kind, ErrorKind::MessageDeleted(message.id));
    chat.run(chat.rename_item(room, Some("ana"), "ana", "another")).await;
    let notice = chat.history(room).await.pop().expect("it was told");
    let kind = chat.refused(chat.report_item(room, "ben", notice.id, None)).await;
    assert!(is_forbidden(&kind), "{kind:?}");
    assert!(chat.waiting(None).await.is_empty());
    // Within a batch, two of one user are one.
    let message = chat.send(room, "ben", "hello").await;
    let twice =
        [chat.report_item(room, "ana", message.id, None), chat.report_item(room, "ana", message.id, None)];
    let outcomes = chat.done(twice.to_vec()).await;
    assert_eq!(reported(&outcomes[0]), reported(&outcomes[1]));
    assert_eq!(chat.waiting(Some(room)).await.len(), 1);
}
