//! Notices of what is no message to people who are away: of rooms, invitations and friends, as it stands when it is told.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chat_core::bus::LocalBus;
use chat_core::model::{Draft, Limit, NewInvite, NewRoom, NotifyLevel, Quiet, RoomUpdate, Verb, Visibility};
use chat_core::policy::{Editing, Hooks, Joining, Sending, Verdict, Welcome};
use chat_core::push::{About, Notice, Push};
use chat_core::store::{MemoryStore, PushStore, SqliteStore, Store};
use chat_core::{Actor, ChatEngine, Clock, Config, ErrorKind, RoomId, SystemClock, Timestamp, UserId};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};

use crate::postgres::Database;
use crate::push::{CHILD_FILE, CHILD_HANGS, DELAY, RuntimeClock, killed, quick, ready_to_die};

/// What a provider was handed of what is no message, and how often it fails first.
#[derive(Debug, Default, Clone)]
struct Provider(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    taken: Mutex<Vec<Notice>>,
    asked: AtomicUsize,
    failures: AtomicUsize,
}

#[async_trait]
impl Push for Provider {
    async fn notify(&self, notice: Notice) -> chat_core::Result<()> {
        if let About::Messages(_) = notice.about {
            return Ok(());
        }
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let fails = |left: usize| left.checked_sub(1);
        if self.0.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
            return Err(ErrorKind::Unavailable.into());
        }
        self.0.taken.lock().push(notice);
        Ok(())
    }
}

impl Provider {
    /// Who was told of what, in any order.
    fn taken(&self) -> Vec<(String, &'static str, Option<String>)> {
        let taken = std::mem::take(&mut *self.0.taken.lock());
        let by = |notice: &Notice| notice.about.by().map(|by| by.nickname.to_string());
        let mut taken: Vec<_> =
            taken.iter().map(|notice| (notice.user.to_string(), notice.about.kind(), by(notice))).collect();
        taken.sort();
        taken
    }

    fn fail(&self, times: usize) {
        self.0.failures.store(times, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }
}

fn told(who: &str, kind: &'static str, by: &str) -> (String, &'static str, Option<String>) {
    (who.to_owned(), kind, Some(by.to_owned()))
}

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

/// Holds everybody.
#[derive(Debug)]
struct Doorman;

#[async_trait]
impl Hooks for Doorman {
    fn asks_about(&self, verb: Verb) -> bool {
        verb == Verb::Join
    }

    async fn before_send(&self, _: Sending<'_>) -> chat_core::Result<Verdict> {
        Ok(Verdict::Allow)
    }

    async fn before_edit(&self, _: Editing<'_>) -> chat_core::Result<Verdict> {
        Ok(Verdict::Allow)
    }

    async fn before_join(&self, _: Joining<'_>) -> chat_core::Result<Welcome> {
        Ok(Welcome::Hold(None))
    }
}

async fn engine_with(push: &Provider, config: Config) -> ChatEngine {
    let builder = ChatEngine::builder().push(push.clone()).config(config);
    builder.clock(RuntimeClock(Instant::now())).build().await.unwrap()
}

async fn engine(push: &Provider) -> ChatEngine {
    engine_with(push, Config::default()).await
}

async fn group(actor: &Actor, others: &[&str]) -> RoomId {
    actor.create_room(NewRoom::group("Runners").with(others.iter().copied())).await.unwrap().id()
}

#[tokio::test(start_paused = true)]
async fn whoever_is_away_is_told_of_rooms_invitations_and_friends() {
    let push = Provider::default();
    let engine = engine(&push).await;
    let user = |name: &str| engine.as_user(id(name));
    let (ana, ben) = (user("ana"), user("ben"));
    let room = group(&ana, &["ben"]).await;
    ana.invite(room, &[id("ben"), id("cho")]).await.unwrap();
    engine.admin().invite(room, &[id("dee")]).await.unwrap();
    ana.create_room(NewRoom::direct("eve")).await.unwrap();
    let invite = ana.create_invite(room, NewInvite::of(id("eve"))).await.unwrap();
    ana.request_friend(&id("ben")).await.unwrap();
    sleep(DELAY / 2).await;
    assert_eq!(push.asked(), 0, "not before the delay is over");
    sleep(DELAY).await;
    {
        let taken = push.0.taken.lock();
        let of = |who: &str| taken.iter().find(|notice| notice.user == id(who)).unwrap();
        let About::Invited(invitation) = &of("eve").about else { panic!("{taken:?}") };
        assert_eq!((invitation.code, invitation.room_name.as_deref()), (invite.code, Some("Runners")));
        let About::Added { room: told, by: None } = &of("dee").about else { panic!("{taken:?}") };
        assert_eq!((told.id, told.members), (room, 4));
        let ids: HashSet<_> = taken.iter().map(Notice::id).collect();
        let keys: HashSet<_> = taken.iter().map(Notice::collapse_key).collect();
        assert_eq!((ids.len(), keys.len()), (5, 5));
    }
    let host = ("dee".to_owned(), "added", None);
    let all = [told("ben", "added", "ana"), told("ben", "friendRequest", "ana"), told("cho", "added", "ana")];
    assert_eq!(push.taken(), [all.to_vec(), vec![host, told("eve", "invited", "ana")]].concat());
    ben.accept_friend(&id("ana")).await.unwrap();
    sleep(DELAY * 2).await;
    assert_eq!(push.taken(), [told("ana", "friendAccepted", "ben")]);
    sleep(DELAY * 100).await;
    assert_eq!(push.taken(), [], "once");
}

#[tokio::test(start_paused = true)]
async fn whoever_had_to_wait_at_the_door_is_told_that_they_are_in() {
    let push = Provider::default();
    let builder = ChatEngine::builder().push(push.clone()).hooks(Doorman);
    let engine = builder.clock(RuntimeClock(Instant::now())).build().await.unwrap();
    let ana = engine.as_user(id("ana"));
    let room = group(&ana, &[]).await;
    let mut public = RoomUpdate::default();
    public.visibility = Some(Visibility::Public);
    ana.update_room(room, public).await.unwrap();
    for who in ["ben", "cho"] {
        let waits = engine.as_user(id(who)).join(room).await.unwrap_err();
        assert!(matches!(waits.kind(), ErrorKind::JoinHeld(_)));
    }
    sleep(DELAY * 2).await;
    assert_eq!(push.taken(), [], "to wait is told by the answer alone");
    let waiting = ana.join_requests(room, None, Limit::MESSAGES).await.unwrap().requests;
    for (request, _) in waiting {
        ana.approve_join(room, request.id).await.unwrap();
    }
    engine.as_user(id("cho")).leave(room).await.unwrap();
    sleep(DELAY * 2).await;
    assert_eq!(push.taken(), [("ben".to_owned(), "joinApproved", None)]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_of_what_is_over_by_then() {
    let push = Provider::default();
    let engine = engine(&push).await;
    let user = |name: &str| engine.as_user(id(name));
    let ana = user("ana");
    let everybody = ["left", "removed", "back", "none", "banned"];
    let [room, closed, deleted] =
        [group(&ana, &everybody).await, group(&ana, &["ben"]).await, group(&ana, &["ben"]).await];
    user("left").leave(room).await.unwrap();
    ana.remove(room, &id("removed")).await.unwrap();
    user("back").leave(room).await.unwrap();
    user("none").set_notifications(room, Some(NotifyLevel::None), None).await.unwrap();
    ana.ban(room, &id("banned"), Default::default()).await.unwrap();
    ana.close(closed).await.unwrap();
    ana.delete_room(deleted).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    // By themselves, this time.
    let link = ana.create_invite(room, NewInvite::default()).await.unwrap();
    user("back").accept_invite(link.code).await.unwrap();

    let invite = async |who: &str| ana.create_invite(room, NewInvite::of(id(who))).await.unwrap().code;
    user("declines").decline_invite(invite("declines").await).await.unwrap();
    ana.revoke_invite(room, invite("revoked").await).await.unwrap();
    let late = NewInvite { expires_in: Some(2), ..NewInvite::of(id("late")) };
    ana.create_invite(room, late).await.unwrap();
    invite("twice").await;
    invite("twice").await;

    for who in ["accepts", "denies", "withdrawn", "blocks"] {
        ana.request_friend(&id(who)).await.unwrap();
    }
    user("accepts").accept_friend(&id("ana")).await.unwrap();
    ana.remove_friend(&id("accepts")).await.unwrap();
    user("denies").decline_friend(&id("ana")).await.unwrap();
    ana.withdraw_request(&id("withdrawn")).await.unwrap();
    user("blocks").block(&id("ana")).await.unwrap();
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), [told("twice", "invited", "ana")]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_who_wants_no_notices_or_has_blocked_who_did_it() {
    let push = Provider::default();
    let engine = engine(&push).await;
    let user = |name: &str| engine.as_user(id(name));
    let ana = user("ana");
    user("quiet").set_do_not_disturb(Some(Quiet { expires_in: Some(8), daily: None })).await.unwrap();
    let room = group(&ana, &["quiet", "blocks", "ben"]).await;
    ana.create_invite(room, NewInvite::of(id("cho"))).await.unwrap();
    user("blocks").block(&id("ana")).await.unwrap();
    user("cho").block(&id("ana")).await.unwrap();
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), [told("ben", "added", "ana")], "and none later");
    ana.request_friend(&id("quiet")).await.unwrap();
    sleep(DELAY * 2).await;
    assert_eq!(push.taken(), [told("quiet", "friendRequest", "ana")], "once the time is over");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_connected_is_told_by_that_and_whoever_was_gone_already_later() {
    let push = Provider::default();
    let mut config = Config::default();
    config.heartbeat = Duration::from_secs(30);
    let engine = engine_with(&push, config).await;
    let (ben, cho) = (engine.as_user(id("ben")), engine.as_user(id("cho")));
    let (bens, chos) = (ben.connect().await.unwrap(), cho.connect().await.unwrap());
    group(&engine.as_user(id("ana")), &["ben", "cho", "dee"]).await;
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), [told("dee", "added", "ana")]);
    // As when a connection that was dead is known to be.
    drop(chos);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(push.taken(), [told("cho", "added", "ana")]);
    drop(bens);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(push.taken(), []);
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_as_often_as_is_said_while_it_is_so() {
    let push = Provider::default();
    let mut config = Config::default();
    config.push_tries = 4;
    let engine = engine_with(&push, config).await;
    let ana = engine.as_user(id("ana"));
    push.fail(3);
    ana.request_friend(&id("ben")).await.unwrap();
    sleep(DELAY * 20).await;
    assert_eq!(push.asked(), 4);
    let tries: Vec<u32> = push.0.taken.lock().iter().map(|notice| notice.tries).collect();
    assert_eq!((tries, push.taken()), (vec![3], vec![told("ben", "friendRequest", "ana")]));

    push.fail(usize::MAX);
    ana.request_friend(&id("cho")).await.unwrap();
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(push.asked(), 8, "four times, and no more");
    push.fail(1);
    ana.request_friend(&id("dee")).await.unwrap();
    sleep(DELAY + DELAY / 2).await;
    assert_eq!(push.asked(), 9);
    engine.as_user(id("dee")).decline_friend(&id("ana")).await.unwrap();
    sleep(Duration::from_secs(3600)).await;
    assert_eq!((push.asked(), push.taken()), (9, vec![]));
}

#[tokio::test(start_paused = true)]
async fn many_are_told_with_a_provider_that_takes_one_at_a_time() {
    let push = Provider::default();
    let mut config = Config::default();
    (config.pushes_at_once, config.push_alerts) = (1, 2);
    let engine = engine_with(&push, config).await;
    let names: Vec<String> = (0..40).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for _ in 0..3 {
        group(&engine.as_user(id("ana")), &names).await;
        sleep(Duration::from_millis(5)).await;
    }
    sleep(DELAY * 30).await;
    assert_eq!(push.taken().len(), 80, "the two last ones of each");
}

#[tokio::test(start_paused = true)]
async fn without_a_push_nothing_is_kept_and_what_is_too_old_is_told_to_nobody() {
    let store = Arc::new(MemoryStore::new());
    let shared: Arc<dyn Store> = store.clone();
    let started = Instant::now();
    let mut config = Config::default();
    config.push_keep = Duration::from_secs(60);
    let builder = || {
        let builder = ChatEngine::builder().shared_store(shared.clone()).config(config.clone());
        builder.clock(RuntimeClock(started))
    };
    let without = builder().build().await.unwrap();
    group(&without.as_user(id("ana")), &["ben"]).await;
    assert_eq!(store.due_alerts(Timestamp::NEVER, Timestamp::NEVER, 10).await.unwrap(), []);
    let push = Provider::default();
    let with = builder().push(push.clone()).build().await.unwrap();
    group(&with.as_user(id("ana")), &["ben"]).await;
    with.drain(Duration::from_secs(1)).await;
    drop(with);
    sleep(config.push_keep).await;
    let _later = builder().push(push.clone()).build().await.unwrap();
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), []);
    assert_eq!(store.due_alerts(Timestamp::NEVER, Timestamp::NEVER, 10).await.unwrap(), [], "it is gone");
}

async fn nodes_tell_of_each_once(stores: [Arc<dyn Store>; 2]) {
    let mut buses = LocalBus::between(2);
    let push = Provider::default();
    let mut engines = Vec::new();
    for store in stores {
        let builder = ChatEngine::builder().shared_store(store).bus(buses.remove(0)).config(quick());
        engines.push(builder.push(push.clone()).build().await.unwrap());
    }
    // Whoever is connected to the other node has been told.
    let bens = engines[1].as_user(id("ben")).connect().await.unwrap();
    for turn in 0..30 {
        let engine = &engines[turn % 2];
        group(&engine.as_user(id("ana")), &["ben", "cho", "dee"]).await;
        engine.as_user(id(&format!("u{turn}"))).request_friend(&id("eve")).await.unwrap();
        if turn % 10 == 0 {
            sleep(Duration::from_millis(400)).await;
        }
    }
    let all_told = async {
        while push.0.taken.lock().len() < 90 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), all_told).await.expect("all are told");
    sleep(Duration::from_secs(1)).await;
    let ids: Vec<String> = push.0.taken.lock().iter().map(Notice::id).collect();
    let different: HashSet<&String> = ids.iter().collect();
    assert_eq!((different.len(), ids.len()), (90, 90), "none is told twice, and ben of none: {ids:?}");
    drop(bens);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_tell_of_each_alert_once() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    nodes_tell_of_each_once([store.clone(), store]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_tell_of_each_alert_once_on_postgres() {
    let Some(database) = Database::fresh().await else { return };
    nodes_tell_of_each_once([Arc::new(database.store().await), Arc::new(database.store().await)]).await;
}

/// Says that it is asked, and never takes anything.
#[derive(Debug)]
struct Stuck;

#[async_trait]
impl Push for Stuck {
    async fn notify(&self, _: Notice) -> chat_core::Result<()> {
        ready_to_die();
        std::future::pending().await
    }
}

/// Not a test of its own: the process that is killed.
#[tokio::test]
#[ignore = "run by the test that kills it"]
async fn a_child_that_adds_somebody_and_waits_to_be_killed() {
    let Some(file) = std::env::var_os(CHILD_FILE) else { return };
    let hangs = std::env::var_os(CHILD_HANGS).is_some();
    let mut config = quick();
    // Whoever dies has them taken for so long.
    config.push_timeout = Duration::from_secs(1);
    if !hangs {
        config.push_delay = Duration::from_secs(10);
    }
    let builder = ChatEngine::builder().store(SqliteStore::open(file).await.unwrap()).config(config);
    let engine = builder.push(Stuck).build().await.unwrap();
    let ana = engine.as_user(id("ana"));
    let room = group(&ana, &["ben"]).await;
    ana.send(room, Draft::text("hi")).await.unwrap();
    ana.request_friend(&id("cho")).await.unwrap();
    if !hangs {
        ready_to_die();
    }
    sleep(Duration::from_secs(120)).await;
}

/// By a wall clock that is ahead of the child's: what it had taken is due again.
#[derive(Debug)]
struct Ahead;

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(Duration::from_secs(90))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_before_a_kill_is_told_of_after_it() {
    for hangs in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chat.db");
        killed("alerts::a_child_that_adds_somebody_and_waits_to_be_killed", &file, hangs).await;

        let push = Provider::default();
        let store = SqliteStore::open(&file).await.unwrap();
        let builder = ChatEngine::builder().store(store).config(quick()).clock(Ahead);
        let _engine = builder.push(push.clone()).build().await.unwrap();
        let both_told = async {
            while push.0.taken.lock().len() < 2 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(20), both_told).await.expect("both are told");
        sleep(Duration::from_millis(1500)).await;
        assert_eq!(push.taken(), [told("ben", "added", "ana"), told("cho", "friendRequest", "ana")]);
    }
}
