//! Cases about who keeps a room in order: mutes, bans, slow mode.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::time::Duration;

use super::Fixture;
use super::kit::{NO_BOUND, notice, profile, sent, text, user};
use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{
    Ban, Invite, InviteCode, MAX_SLOW_MODE, Reaction, Revision, Role, RoomKind, SystemKind, Verb, Visibility,
};
use crate::store::{
    Admission, Amend, Change, Op, Outcome, Record, RecordPage, RoomItem, RoomRecord, Update, What,
};

pub(super) const HOUR: Duration = Duration::from_secs(3600);

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

pub(super) fn is_forbidden(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Forbidden(_))
}

impl Fixture {
    pub(super) fn mute_item(
        &self,
        room: RoomId,
        by: Option<&str>,
        who: &str,
        until: Option<Timestamp>,
    ) -> RoomItem {
        self.item(room, by, Op::Mute { about: profile(who), until, reason: None })
    }

    /// A ban for so long; without it, for good.
    pub(super) fn ban_item(
        &self,
        room: RoomId,
        by: Option<&str>,
        who: &str,
        within: Option<Duration>,
    ) -> RoomItem {
        let notice = notice(SystemKind::Removed, who);
        let item = self.item(room, by, Op::Unban(user(who)));
        let until = within.map_or(Timestamp::NEVER, |within| item.at.plus(within));
        let reason = within.is_some().then(|| "광고 🦊".to_owned());
        let ban = Ban { room, user: user(who), by: by.map(user), at: item.at, until, reason };
        RoomItem { op: Op::Ban { ban, notice }, ..item }
    }

    pub(super) fn unban_item(&self, room: RoomId, by: Option<&str>, who: &str) -> RoomItem {
        self.item(room, by, Op::Unban(user(who)))
    }

    fn come_item(&self, room: RoomId, who: &str) -> RoomItem {
        let notice = notice(SystemKind::Joined, who);
        let (max_members, by_invite, admission) = (NO_BOUND, None, Admission::Unasked);
        self.item(room, Some(who), Op::Enter { notice, max_members, by_invite, admission })
    }

    pub(super) fn slow_item(&self, room: RoomId, by: Option<&str>, seconds: u32) -> RoomItem {
        let update = Update { slow_mode: Some(seconds), ..Update::default() };
        self.item(room, by, Op::Update(Box::new(update)))
    }

    async fn ban_of(&self, room: RoomId, who: &str) -> Option<Ban> {
        self.store().ban(room, &user(who)).await.expect("the store reads")
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
    let edit = Amend::Edit { to: Revision::words(Some("after")), within: None, keep: 0 };
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
    assert_eq!(chat.banned(room, until.minus(HOUR)).await, [(ban.clone(), "ben".to_owned())]);
    assert_eq!(chat.ban_of(room, "ben").await, Some(ban));
    assert_eq!(chat.ban_of(room, "dee").await, None, "it was taken back");
    assert_eq!(chat.ban_of(RoomId::generate(), "ben").await, None);
    chat.run(RoomItem { at: until, ..chat.come_item(room, "ben") }).await;
    assert_eq!(chat.banned(room, Timestamp::from_millis(0)).await, [], "what is over is gone");
    assert_eq!(chat.ban_of(room, "ben").await, None);
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
