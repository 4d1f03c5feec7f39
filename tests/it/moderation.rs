//! Mutes, bans and slow rooms in process: what is told live, to whoever was away, and what is refused.

use std::sync::Arc;
use std::time::Duration;

use chat_core::bus::LocalBus;
use chat_core::event::{Command, Event, EventKind, Notification, RoomChange};
use chat_core::model::{
    Act, Draft, Limit, NewInvite, NewRoom, ReportOutcome, Role, RoomUpdate, Sanction, Visibility,
};
use chat_core::store::MemoryStore;
use chat_core::testing::ManualClock;
use chat_core::{Actor, ChatEngine, ErrorKind, ReportId, RoomId, Session, Timestamp, UserId};

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

/// An engine whose time stands, with a room of ana, ben and cho, which ana owns.
async fn club() -> (ChatEngine, ManualClock, RoomId, [Actor; 3]) {
    let clock = ManualClock::default();
    let engine = ChatEngine::builder().clock(clock.clone()).build().await.unwrap();
    let people = ["ana", "ben", "cho"].map(|name| engine.as_user(id(name)));
    let new = NewRoom::group("club").with(["ben", "cho"]);
    let room = people[0].create_room(new).await.unwrap().id();
    (engine, clock, room, people)
}

fn code<T: std::fmt::Debug>(result: chat_core::Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

fn mute(event: &Event) -> Option<(String, Option<Timestamp>)> {
    match &event.kind {
        EventKind::Role(profile, Role::Member, until) => Some((profile.user.to_string(), *until)),
        _ => None,
    }
}

async fn next<T>(session: &mut Session, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = session.next().await.unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

#[tokio::test]
async fn a_mute_is_told_live_shows_in_lists_and_ends_by_itself() {
    let (_engine, clock, room, [ana, ben, cho]) = club().await;
    let mut session = cho.connect().await.unwrap();
    let until = ana.mute(room, ben.user(), Sanction::seconds(60)).await.unwrap();
    assert_eq!(next(&mut session, mute).await, ("ben".to_owned(), Some(until)));
    let refused = ben.send(room, Draft::text("hi")).await.unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Muted(until));
    assert!(refused.to_string().contains(&until.to_string()), "{refused}");
    let listed = async || {
        let people = cho.participants(room, None, Limit::MESSAGES).await.unwrap().participants;
        people.into_iter().map(|one| one.muted_until).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [None, Some(until), None]);
    assert_eq!(ben.room(room).await.unwrap().muted_until, Some(until));
    assert_eq!(cho.room(room).await.unwrap().muted_until, None);
    clock.advance(Duration::from_secs(60));
    assert_eq!((listed().await, ben.room(room).await.unwrap().muted_until), (vec![None; 3], None));
    ben.send(room, Draft::text("hi")).await.unwrap();

    let until = ana.mute(room, ben.user(), Sanction::for_good()).await.unwrap();
    assert_eq!(until, Timestamp::NEVER);
    clock.advance(Duration::from_secs(1_000_000_000));
    assert_eq!(code(ben.send(room, Draft::text("hi")).await), "MUTED");
    ana.unmute(room, ben.user()).await.unwrap();
    ben.send(room, Draft::text("hi")).await.unwrap();
    for seconds in [0, 31_536_001, u64::MAX] {
        assert_eq!(code(ana.mute(room, ben.user(), Sanction::seconds(seconds)).await), "INVALID_INPUT");
    }
    for (by, whom) in [(&ben, &cho), (&ben, &ana), (&ana, &ana)] {
        assert_eq!(code(by.mute(room, whom.user(), Sanction::for_good()).await), "FORBIDDEN");
    }
}

#[tokio::test]
async fn nobody_sees_whoever_is_muted_type() {
    let (_engine, clock, room, [ana, ben, cho]) = club().await;
    let mut listening = ana.connect().await.unwrap();
    let (muted, heard) = (ben.connect().await.unwrap(), cho.connect().await.unwrap());
    ana.mute(room, ben.user(), Sanction::seconds(60)).await.unwrap();
    let typist = |event: &Event| match &event.kind {
        EventKind::Typing(profile, true) => Some(profile.user.to_string()),
        _ => None,
    };
    for session in [&muted, &heard] {
        session.execute(Command::Typing(room, true)).await.unwrap();
    }
    assert_eq!(next(&mut listening, typist).await, "cho");
    clock.advance(Duration::from_secs(60));
    muted.execute(Command::Typing(room, true)).await.unwrap();
    assert_eq!(next(&mut listening, typist).await, "ben");
}

#[tokio::test]
async fn whoever_was_away_learns_mutes_and_slow_mode_as_they_are_and_once() {
    let (_engine, _clock, room, [ana, ben, cho]) = club().await;
    ana.mute(room, cho.user(), Sanction::for_good()).await.unwrap();
    let token = ben.connect().await.unwrap().next().await.unwrap().token.unwrap();
    ana.mute(room, &id("ben"), Sanction::seconds(60)).await.unwrap();
    let until = ana.mute(room, &id("ben"), Sanction::seconds(120)).await.unwrap();
    ana.unmute(room, cho.user()).await.unwrap();
    ana.update_room(room, RoomUpdate::new().with_slow_mode(30)).await.unwrap();
    ana.invite(room, &[id("dee")]).await.unwrap();
    let mut session = ben.connect_since(token).await.unwrap();
    let (mut mutes, mut slow) = (Vec::new(), Vec::new());
    loop {
        let event = session.next().await.unwrap();
        mutes.extend(mute(&event));
        match &event.kind {
            EventKind::Room(RoomChange::Updated, room) => slow.push(room.slow_mode),
            EventKind::CaughtUp { recovered } => {
                assert!(recovered);
                break;
            }
            _ => {}
        }
    }
    mutes.sort();
    assert_eq!(mutes, [("ben".to_owned(), Some(until)), ("cho".to_owned(), None)]);
    assert_eq!(slow, [30]);
}

#[tokio::test]
async fn a_ban_takes_out_at_once_and_keeps_out_until_it_is_over() {
    let (engine, clock, room, [ana, ben, cho]) = club().await;
    ana.update_room(room, RoomUpdate::new().with_visibility(Visibility::Public)).await.unwrap();
    let link = ana.create_invite(room, NewInvite::default()).await.unwrap().code;
    let mut session = ben.connect().await.unwrap();
    let reason = Some("Advertising\nagain".to_owned());
    let ban = ana.ban(room, ben.user(), Sanction { expires_in: Some(60), reason }).await.unwrap();
    let is_gone = |event: &Event| match &event.kind {
        EventKind::Notification(Notification::RemovedFromRoom(gone)) => Some(*gone),
        _ => None,
    };
    assert_eq!(next(&mut session, is_gone).await, room);
    assert_eq!(code(ben.send(room, Draft::text("hi")).await), "NOT_A_PARTICIPANT");
    for refused in [
        ben.join(room).await.unwrap_err(),
        ben.accept_invite(link).await.unwrap_err(),
        cho.invite(room, &[id("ben")]).await.unwrap_err(),
        engine.admin().invite(room, &[id("ben")]).await.unwrap_err(),
    ] {
        assert_eq!(*refused.kind(), ErrorKind::Banned { user: id("ben"), until: ban.until });
    }
    let page = ana.bans(room, None, Limit::MESSAGES).await.unwrap();
    assert_eq!(page.bans.iter().map(|(ban, _)| ban.clone()).collect::<Vec<_>>(), [ban]);
    assert_eq!(code(cho.bans(room, None, Limit::MESSAGES).await), "FORBIDDEN");
    assert_eq!(code(ben.bans(room, None, Limit::MESSAGES).await), "NOT_A_PARTICIPANT");
    clock.advance(Duration::from_secs(60));
    assert!(ana.bans(room, None, Limit::MESSAGES).await.unwrap().bans.is_empty());
    ben.join(room).await.unwrap();

    engine.admin().ban(room, ben.user(), Sanction::default()).await.unwrap();
    assert_eq!(code(ben.join(room).await), "BANNED");
    assert_eq!(code(cho.unban(room, ben.user()).await), "FORBIDDEN");
    ana.unban(room, ben.user()).await.unwrap();
    ben.join(room).await.unwrap();
    for sanction in [
        Sanction { expires_in: Some(0), reason: None },
        Sanction { expires_in: None, reason: Some("x".repeat(1001)) },
        Sanction { expires_in: None, reason: Some("a\u{0}".into()) },
    ] {
        assert_eq!(code(ana.ban(room, ben.user(), sanction).await), "INVALID_INPUT");
    }
    assert_eq!(code(ana.ban(room, ana.user(), Sanction::default()).await), "INVALID_INPUT");
    assert_eq!(code(ben.ban(room, cho.user(), Sanction::default()).await), "FORBIDDEN");
}

#[tokio::test]
async fn bans_are_listed_page_by_page() {
    let (_engine, _clock, room, [ana, ..]) = club().await;
    for name in ["u1", "u2", "u3"] {
        ana.ban(room, &id(name), Sanction::default()).await.unwrap();
    }
    let limit = Limit::new(2).unwrap();
    let first = ana.bans(room, None, limit).await.unwrap();
    assert_eq!((first.bans.len(), first.next.clone()), (2, Some(id("u2"))));
    let last = ana.bans(room, first.next.as_ref(), limit).await.unwrap();
    assert_eq!((last.bans.len(), last.next), (1, None));
}

#[tokio::test]
async fn a_slow_room_says_when_the_next_message_may_come() {
    let (_engine, clock, room, [ana, ben, _]) = club().await;
    assert_eq!(code(ben.update_room(room, RoomUpdate::new().with_slow_mode(30)).await), "FORBIDDEN");
    let view = ana.update_room(room, RoomUpdate::new().with_slow_mode(30)).await.unwrap();
    assert_eq!(view.room.slow_mode, 30);
    let first = ben.send(room, Draft::text("hi").with_client_id("c1")).await.unwrap();
    clock.advance(Duration::from_secs(10));
    let refused = ben.send(room, Draft::text("again")).await.unwrap_err();
    assert_eq!(refused.kind().retry_after(), Some(Duration::from_secs(20)));
    let retried = ben.send(room, Draft::text("hi").with_client_id("c1")).await.unwrap();
    assert_eq!(retried.id, first.id);
    for _ in 0..3 {
        ana.send(room, Draft::text("the owner's")).await.unwrap();
    }
    clock.advance(Duration::from_secs(20));
    ben.send(room, Draft::text("again")).await.unwrap();
    assert_eq!(code(ana.update_room(room, RoomUpdate::new().with_slow_mode(21_601)).await), "INVALID_INPUT");
}

#[tokio::test]
async fn what_moderators_did_is_read_by_moderators_newest_first() {
    let (engine, _clock, room, [ana, ben, cho]) = club().await;
    let message = cho.send(room, Draft::text("secret words")).await.unwrap();
    ana.mute(room, cho.user(), Sanction::seconds(60).with_reason("shouting")).await.unwrap();
    ana.delete(room, message.id).await.unwrap();
    engine.admin().remove(room, ben.user()).await.unwrap();
    let limit = Limit::new(2).unwrap();
    let page = ana.audit(room, None, limit).await.unwrap();
    let acts: Vec<_> = page.entries.iter().map(|entry| entry.act).collect();
    assert_eq!(acts, [Act::Remove, Act::Delete(message.id)]);
    assert_eq!((&page.entries[0].by, &page.entries[1].by), (&None, &Some(id("ana"))));
    let rest = ana.audit(room, page.next, limit).await.unwrap();
    assert_eq!(rest.entries[0].reason.as_deref(), Some("shouting"));
    assert_eq!((rest.entries.len(), rest.next), (1, None));
    assert!(!format!("{page:?}").contains("secret words"));
    assert_eq!(code(cho.audit(room, None, limit).await), "FORBIDDEN");
    assert_eq!(code(ben.audit(room, None, limit).await), "NOT_A_PARTICIPANT");
    assert_eq!(engine.admin().audit(room, None, Limit::MESSAGES).await.unwrap().entries.len(), 3);
}

#[tokio::test]
async fn a_report_is_for_moderators_and_the_host_and_no_other_eyes() {
    let (engine, _clock, room, [ana, ben, cho]) = club().await;
    let message = ben.send(room, Draft::text("buy now")).await.unwrap();
    let mut session = ben.connect().await.unwrap();
    let report = cho.report(room, message.id, Some(" ".into())).await.unwrap();
    assert_eq!((&report.sender, &report.reason), (ben.user(), &None));
    assert_eq!(code(cho.report(room, message.id, Some("x".repeat(1001))).await), "INVALID_INPUT");
    for other in [&ben, &cho] {
        assert_eq!(code(other.reports(room, None, Limit::MESSAGES).await), "FORBIDDEN");
    }
    let direct = cho.create_room(NewRoom::direct("ben")).await.unwrap().id();
    let words = ben.send(direct, Draft::text("psst")).await.unwrap();
    cho.report(direct, words.id, None).await.unwrap();
    assert_eq!(code(cho.reports(direct, None, Limit::MESSAGES).await), "FORBIDDEN", "two people are equals");
    let limit = Limit::new(1).unwrap();
    let page = engine.admin().reports(None, None, limit).await.unwrap();
    assert_eq!((page.reports.len(), page.next.is_some()), (1, true));
    assert_eq!(engine.admin().reports(None, page.next, limit).await.unwrap().reports.len(), 1);
    assert_eq!(ana.reports(room, None, limit).await.unwrap().reports, std::slice::from_ref(&report));
    assert_eq!(code(cho.resolve_report(room, report.id, ReportOutcome::Dismissed).await), "FORBIDDEN");
    ana.resolve_report(room, report.id, ReportOutcome::Dismissed).await.unwrap();
    assert!(ana.reports(room, None, limit).await.unwrap().reports.is_empty());
    let missing = engine.admin().resolve_report(room, ReportId::generate(), ReportOutcome::Dismissed).await;
    assert_eq!(code(missing), "REPORT_NOT_FOUND");
    // Nothing of it has reached whoever it is about.
    ana.send(room, Draft::text("the end")).await.unwrap();
    let mut kinds = Vec::new();
    loop {
        let event = session.next().await.unwrap();
        if matches!(&event.kind, EventKind::Message(message) if message.body.content() == Some("the end")) {
            break;
        }
        kinds.push(format!("{:?}", event.kind));
    }
    assert!(kinds.iter().all(|kind| !kind.contains("eport")), "{kinds:?}");
}

/// In which room other reports wait now.
fn reports(event: &Event) -> Option<RoomId> {
    match event.kind {
        EventKind::Notification(Notification::ReportsChanged(room)) => Some(room),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_settle_reports_is_told_on_whichever_node_that_others_wait() {
    let (store, mut nodes) = (Arc::new(MemoryStore::new()), Vec::new());
    for bus in LocalBus::between(2) {
        nodes.push(ChatEngine::builder().shared_store(store.clone()).bus(bus).build().await.unwrap());
    }
    let [ana, ben, cho] = ["ana", "ben", "cho"].map(|name| nodes[0].as_user(id(name)));
    let room = ana.create_room(NewRoom::group("club").with(["ben", "cho"])).await.unwrap().id();
    let message = ben.send(room, Draft::text("buy now")).await.unwrap();
    let mut sessions = [ana.connect().await.unwrap(), nodes[1].as_user(id("ana")).connect().await.unwrap()];
    let report = cho.report(room, message.id, None).await.unwrap();
    for session in &mut sessions {
        assert_eq!(next(session, reports).await, room);
    }
    nodes[1].as_user(id("ana")).resolve_report(room, report.id, ReportOutcome::Dismissed).await.unwrap();
    for session in &mut sessions {
        assert_eq!(next(session, reports).await, room);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_learns_of_mutes_and_bans_and_hands_on_what_comes_behind_them() {
    let (store, mut nodes) = (Arc::new(MemoryStore::with_lanes(2)), Vec::new());
    for bus in LocalBus::between(2) {
        nodes.push(ChatEngine::builder().shared_store(store.clone()).bus(bus).build().await.unwrap());
    }
    let user = |node: usize, name: &str| nodes[node].as_user(id(name));
    let ana = user(0, "ana");
    let room = ana.create_room(NewRoom::group("club").with(["ben", "cho"])).await.unwrap().id();
    let (mut ben, mut cho) =
        (user(1, "ben").connect().await.unwrap(), user(1, "cho").connect().await.unwrap());
    let until = ana.mute(room, &id("cho"), Sanction::seconds(60)).await.unwrap();
    assert_eq!(next(&mut ben, mute).await, ("cho".to_owned(), Some(until)));
    assert_eq!(code(user(1, "cho").send(room, Draft::text("hi")).await), "MUTED");
    ana.unmute(room, &id("cho")).await.unwrap();
    assert_eq!(next(&mut ben, mute).await, ("cho".to_owned(), None));
    // Of whom nobody is told, and then of whom everybody is.
    ana.ban(room, &id("eve"), Sanction::for_good()).await.unwrap();
    ana.unban(room, &id("eve")).await.unwrap();
    ana.ban(room, &id("ben"), Sanction::for_good()).await.unwrap();
    let is_gone = |event: &Event| match &event.kind {
        EventKind::Notification(Notification::RemovedFromRoom(gone)) => Some(*gone),
        _ => None,
    };
    assert_eq!(next(&mut ben, is_gone).await, room);
    ana.send(room, Draft::text("secret")).await.unwrap();
    let words = |event: &Event| match &event.kind {
        EventKind::Message(message) => message.body.content().map(str::to_owned),
        _ => None,
    };
    assert_eq!(next(&mut cho, words).await, "secret");
    let direct = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
    ana.send(direct, Draft::text("to you")).await.unwrap();
    assert_eq!(next(&mut ben, words).await, "to you", "and nothing of the room before it");
}
