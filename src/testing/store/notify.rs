//! Cases about what people want notices of.
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use super::Fixture;
use super::kit::{profile, user};
use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::id::RoomId;
use crate::model::{DailyHours, DoNotDisturb, Member, Notify, NotifyLevel, NotifySetting, Role};
use crate::store::{Batch, Op, Record, RecordPage, RoomItem, RoomRecord, What};

const MUTED: NotifySetting = NotifySetting { level: NotifyLevel::None, until: None };

impl Fixture {
    fn notify_item(&self, room: RoomId, who: &str, setting: Option<NotifySetting>) -> RoomItem {
        self.item(room, Some(who), Op::SetNotify(setting))
    }
}

pub async fn what_a_member_wants_notices_of_is_theirs_and_told_to_nobody_else(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    let before = chat.member(room, "ben").await;
    assert_eq!((before.notify.clone(), before.told_pos()), (None, before.changed_pos));
    let until = Some(Timestamp::from_millis(9_999));
    let timed = NotifySetting { level: NotifyLevel::Mentions, until };
    let mut last = before.changed_pos;
    for setting in [Some(MUTED), Some(timed), None] {
        let outcome = chat.run(chat.notify_item(room, "ben", setting)).await;
        let now = chat.member(room, "ben").await;
        let [change] = &outcome.changes[..] else { panic!("one change: {outcome:?}") };
        assert!(matches!(&change.what, What::Notify(member) if **member == now), "{change:?}");
        assert!(now.changed_pos > last && change.pos.at == now.changed_pos);
        let notify = Notify { setting, pos: now.changed_pos, told_pos: before.changed_pos };
        let expected =
            Member { notify: Some(Box::new(notify)), changed_pos: now.changed_pos, ..before.clone() };
        assert_eq!((&now, now.told_pos()), (&expected, before.changed_pos));
        // The same again is no change.
        assert!(chat.run(chat.notify_item(room, "ben", setting)).await.changes.is_empty());
        last = now.changed_pos;
    }
    assert_eq!(chat.member(room, "ana").await.notify, None, "it is one's own");

    // What others are told of comes after it.
    let about = profile("ben");
    chat.run(chat.item(room, Some("ana"), Op::SetRole { about, role: Role::Admin })).await;
    let ben = chat.member(room, "ben").await;
    assert_eq!(ben.told_pos(), ben.changed_pos);
    chat.run(chat.notify_item(room, "ben", Some(MUTED))).await;
    assert_eq!(chat.member(room, "ben").await.told_pos(), ben.changed_pos);

    chat.run(chat.close_item(room, Some("ana"))).await;
    chat.run(chat.notify_item(room, "ben", Some(timed))).await;
    let refused = chat.refused(chat.notify_item(room, "cho", Some(MUTED))).await;
    assert_eq!(refused, ErrorKind::NotAParticipant(room));
    assert_eq!(
        chat.refused(chat.item(room, None, Op::SetNotify(None))).await,
        ErrorKind::NotAParticipant(room)
    );
}

pub async fn a_choice_outlasts_the_stay_and_is_carried_by_its_record(chat: Fixture) {
    let room = chat.group(&["ana", "ben"]).await;
    chat.run(chat.notify_item(room, "ben", Some(MUTED))).await;
    chat.run(chat.send_item(room, "ben", "still here")).await;
    assert_eq!(chat.member(room, "ben").await.notify.unwrap().setting, Some(MUTED), "a send keeps it");
    chat.run(chat.leave_item(room, "ben")).await;
    chat.run(chat.join_item(room, Some("ana"), &["ben"], u32::MAX)).await;
    let ben = chat.member(room, "ben").await;
    assert_eq!(ben.notify.as_ref().unwrap().setting, Some(MUTED));
    assert_eq!(ben.told_pos(), ben.changed_pos, "that he came is told");

    let other = chat.group(&["ana"]).await;
    let notify = Some(Box::new(Notify { setting: Some(MUTED), pos: 0, told_pos: 0 }));
    let record = Member {
        room: other,
        user: user("cho"),
        notify,
        read_seq: 0,
        delivered_seq: 0,
        read_n: 0,
        read_own_n: 0,
        own_n: 0,
        joined_seq: 0,
        ..ben
    };
    chat.run(chat.item(other, None, Op::Import(Box::new(RoomRecord::Member(record))))).await;
    assert_eq!(chat.member(other, "cho").await.notify.unwrap().setting, Some(MUTED));
}

pub async fn when_somebody_wants_no_notices_is_what_was_said_last(chat: Fixture) {
    let said = async |who: &[&str]| {
        let people: Vec<_> = who.iter().map(|who| user(who)).collect();
        let mut quiet = chat.store().do_not_disturb(&people).await.expect("the store reads");
        quiet.sort_by(|one, other| one.0.cmp(&other.0));
        quiet
    };
    let say = async |all: &[(&str, Option<DoNotDisturb>)]| {
        let do_not_disturb = all.iter().map(|(who, quiet)| (user(who), *quiet)).collect();
        chat.store().commit(Batch { do_not_disturb, ..Batch::default() }).await.expect("the store commits");
    };
    let night = DoNotDisturb { until: None, daily: DailyHours::new(1320, 420, -300) };
    let hour = DoNotDisturb { until: Some(Timestamp::from_millis(3_600_000)), daily: None };
    let both = DoNotDisturb { daily: night.daily, ..hour };
    assert_eq!(said(&["ana", "ben"]).await, []);
    say(&[("ana", Some(night)), ("ben", Some(hour)), ("ana", Some(both))]).await;
    assert_eq!(said(&["ben", "ana", "ben", "eve"]).await, [(user("ana"), both), (user("ben"), hour)]);
    say(&[("ana", Some(night)), ("ben", None), ("eve", None)]).await;
    assert_eq!(said(&["ana", "ben", "eve"]).await, [(user("ana"), night)]);
    assert_eq!(said(&[]).await, []);
    say(&[("ben", Some(hour)), ("ben", None)]).await;
    assert_eq!(said(&["ben"]).await, []);
    // Of whom nothing else is known, too, by their ids.
    say(&[("🦊", Some(both)), ("ben", Some(hour)), ("김철수", Some(night)), ("cho", None)]).await;
    let all = [("ana", night), ("ben", hour), ("김철수", night), ("🦊", both)];
    let row = |(who, quiet)| Record::DoNotDisturb(user(who), quiet);
    assert_eq!(chat.pages(RecordPage::DoNotDisturb { after: None }).await, all.map(row));
}
