//! Notices of messages to people who are away: who gets them, once a room, and for certain.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chat_core::bus::LocalBus;
use chat_core::model::{DailyHours, Draft, NewRoom, NotifyLevel, Quiet};
use chat_core::push::{About, NewMessages, Notice, Push};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::{Actor, ChatEngine, Clock, Config, ErrorKind, RoomId, Timestamp, UserId};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};

use crate::postgres::Database;

pub(crate) const DELAY: Duration = Duration::from_secs(5);

/// By the clock of the runtime, which stands still until everybody waits.
#[derive(Debug)]
pub(crate) struct RuntimeClock(pub(crate) Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000).plus(self.0.elapsed())
    }
}

/// Of which messages it tells; `None`: of something else.
fn messages(notice: &Notice) -> Option<&NewMessages> {
    match &notice.about {
        About::Messages(new) => Some(new),
        _ => None,
    }
}

/// What a provider was handed of messages, and how it takes it.
#[derive(Debug, Default, Clone)]
struct Provider(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    taken: Mutex<Vec<Notice>>,
    asked: AtomicUsize,
    /// How often it fails first, and how.
    failures: AtomicUsize,
    hangs: bool,
    panics: bool,
}

#[async_trait]
impl Push for Provider {
    async fn notify(&self, notice: Notice) -> chat_core::Result<()> {
        if messages(&notice).is_none() {
            return Ok(());
        }
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let fails = |left: usize| left.checked_sub(1);
        if self.0.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
            assert!(!self.0.panics, "as it was told to");
            if self.0.hangs {
                std::future::pending::<()>().await;
            }
            return Err(ErrorKind::Unavailable.into());
        }
        self.0.taken.lock().push(notice);
        Ok(())
    }
}

impl Provider {
    fn failing(failures: usize) -> Self {
        let inner = Inner { failures: AtomicUsize::new(failures), ..Inner::default() };
        Self(Arc::new(inner))
    }

    /// To whom, of which message, and how many are unread; in any order.
    fn taken(&self) -> Vec<(String, String, u64)> {
        let taken = std::mem::take(&mut *self.0.taken.lock());
        let words = |new: &NewMessages| new.message.body.content().unwrap_or_default().to_owned();
        let told = |notice: &Notice| {
            let new = messages(notice).unwrap();
            (notice.user.to_string(), words(new), new.unread)
        };
        let mut taken: Vec<_> = taken.iter().map(told).collect();
        taken.sort();
        taken
    }

    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }
}

fn told(who: &str, words: &str, unread: u64) -> (String, String, u64) {
    (who.to_owned(), words.to_owned(), unread)
}

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn engine(push: &Provider) -> ChatEngine {
    let clock = RuntimeClock(Instant::now());
    ChatEngine::builder().push(push.clone()).clock(clock).build().await.unwrap()
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

async fn say(engine: &ChatEngine, who: &str, room: RoomId, words: &str) {
    engine.as_user(id(who)).send(room, Draft::text(words)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_is_away_is_told_once_of_several_and_not_of_what_was_read_in_time() {
    let push = Provider::default();
    let engine = engine(&push).await;
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    say(&engine, "ana", room, "one").await;
    sleep(DELAY / 2).await;
    say(&engine, "ana", room, "two").await;
    engine.as_user(id("cho")).mark_read(room, None).await.unwrap();
    assert_eq!(push.taken(), [], "not before the delay is over");
    sleep(DELAY * 3).await;
    // The second was no five seconds old when the first was told: it is told after another delay, of both.
    assert_eq!(push.taken(), [told("ben", "one", 2), told("ben", "two", 2)]);
    for words in ["three", "four", "five"] {
        say(&engine, "ana", room, words).await;
    }
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), [told("ben", "five", 5), told("cho", "five", 3)]);
    sleep(DELAY * 100).await;
    assert_eq!(push.taken(), [], "once");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_who_wants_no_notices_or_has_blocked_the_sender() {
    let push = Provider::default();
    let engine = engine(&push).await;
    let everybody = ["ana", "all", "none", "mentions", "quiet", "night", "blocked", "gone"];
    let room = group(&engine, &everybody).await;
    let user = |name: &str| -> Actor { engine.as_user(id(name)) };
    user("all").set_notifications(room, Some(NotifyLevel::All), None).await.unwrap();
    user("none").set_notifications(room, Some(NotifyLevel::None), Some(60)).await.unwrap();
    user("mentions").set_notifications(room, Some(NotifyLevel::Mentions), None).await.unwrap();
    user("quiet").set_do_not_disturb(Some(Quiet { expires_in: Some(60), daily: None })).await.unwrap();
    // 1,790,000,000 s is 14:13 in UTC.
    let night = DailyHours::new(23 * 60, 0, 9 * 60);
    user("night").set_do_not_disturb(Some(Quiet { expires_in: None, daily: night })).await.unwrap();
    user("blocked").block(&id("ana")).await.unwrap();
    user("gone").leave(room).await.unwrap();
    say(&engine, "ana", room, "hi").await;
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), [told("all", "hi", 1)]);
    // Of somebody else's they are told, and when the time is over, of both.
    say(&engine, "none", room, "ho").await;
    sleep(Duration::from_secs(60)).await;
    let names: Vec<_> = push.taken().into_iter().map(|(user, ..)| user).collect();
    assert_eq!(names, ["all", "ana", "blocked"]);
    say(&engine, "all", room, "later").await;
    sleep(DELAY * 3).await;
    let names: Vec<_> = push.taken().into_iter().map(|(user, ..)| user).collect();
    assert_eq!(names, ["ana", "blocked", "none", "quiet"]);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_says_it_has_the_message_is_enough_and_a_silent_one_is_not() {
    let push = Provider::default();
    let engine = engine(&push).await;
    let room = group(&engine, &["ana", "ben", "cho", "dee"]).await;
    let (ben, cho, dee) = (engine.as_user(id("ben")), engine.as_user(id("cho")), engine.as_user(id("dee")));
    let (_ben, _cho) = (ben.connect().await.unwrap(), cho.connect().await.unwrap());
    let dees = dee.connect().await.unwrap();
    say(&engine, "ana", room, "hi").await;
    ben.mark_delivered(room, None).await.unwrap();
    dee.mark_delivered(room, None).await.unwrap();
    drop(dees);
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), [told("cho", "hi", 1), told("dee", "hi", 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_mention_is_told_before_others_and_to_whoever_wants_no_others() {
    let push = Provider::default();
    let engine = engine(&push).await;
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    let ben = engine.as_user(id("ben"));
    ben.set_notifications(room, Some(NotifyLevel::Mentions), None).await.unwrap();
    say(&engine, "ana", room, "one").await;
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), [told("cho", "one", 1)]);
    let mention = Draft::text("you").mentioning("ben");
    engine.as_user(id("ana")).send(room, mention).await.unwrap();
    say(&engine, "ana", room, "three").await;
    sleep(DELAY * 3).await;
    let counts = |notice: &Notice| {
        let new = messages(notice).unwrap();
        (notice.user.to_string(), new.mention_count, new.is_mention)
    };
    let mut counted: Vec<_> = push.0.taken.lock().iter().map(counts).collect();
    counted.sort();
    assert_eq!(counted, [("ben".to_owned(), 1, true), ("cho".to_owned(), 0, false)]);
    assert_eq!(push.taken(), [told("ben", "you", 3), told("cho", "three", 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_for_its_thread_alone_is_told_to_those_who_follow_it() {
    let push = Provider::default();
    let engine = engine(&push).await;
    let room = group(&engine, &["ana", "ben", "cho", "dee", "eve", "fay"]).await;
    let user = |name: &str| -> Actor { engine.as_user(id(name)) };
    let root = user("ana").send(room, Draft::text("root")).await.unwrap().id;
    for name in ["ben", "cho", "dee", "eve", "fay"] {
        user(name).mark_read(room, None).await.unwrap();
    }
    for name in ["cho", "eve", "fay"] {
        user(name).follow_thread(room, root).await.unwrap();
    }
    user("eve").set_notifications(room, Some(NotifyLevel::Mentions), None).await.unwrap();
    user("fay").set_do_not_disturb(Some(Quiet { expires_in: None, daily: None })).await.unwrap();
    sleep(DELAY * 3).await;
    push.taken();
    user("ben").send(room, Draft::text("reply").replying(root)).await.unwrap();
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), [told("ana", "reply", 0), told("cho", "reply", 0)], "who has sent the root too");
    // Who has read it there, or has left the thread off, is told no more.
    user("ben").send(room, Draft::text("more").replying(root)).await.unwrap();
    user("ana").mark_thread_read(room, root, None).await.unwrap();
    user("cho").unfollow_thread(room, root).await.unwrap();
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), []);
}

#[tokio::test(start_paused = true)]
async fn the_servers_own_words_and_what_was_deleted_are_in_no_notice() {
    let push = Provider::default();
    let engine = engine(&push).await;
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = engine.as_user(id("ana"));
    ana.invite(room, &[id("cho")]).await.unwrap();
    let gone = ana.send(room, Draft::text("gone")).await.unwrap();
    ana.delete(room, gone.id).await.unwrap();
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), []);
}

#[tokio::test(start_paused = true)]
async fn what_fails_hangs_or_panics_is_tried_again_until_it_is_taken_or_read() {
    for (hangs, panics) in [(false, false), (true, false), (false, true)] {
        let push =
            Provider(Arc::new(Inner { failures: AtomicUsize::new(3), hangs, panics, ..Inner::default() }));
        let engine = engine(&push).await;
        let room = group(&engine, &["ana", "ben"]).await;
        say(&engine, "ana", room, "hi").await;
        sleep(DELAY * 30).await;
        assert_eq!((push.asked(), push.taken()), (4, vec![told("ben", "hi", 1)]));
    }
    let push = Provider::failing(1);
    let engine = engine(&push).await;
    let room = group(&engine, &["ana", "ben"]).await;
    say(&engine, "ana", room, "hi").await;
    sleep(DELAY + DELAY / 2).await;
    assert_eq!(push.asked(), 1);
    engine.as_user(id("ben")).mark_read(room, None).await.unwrap();
    sleep(DELAY * 30).await;
    assert_eq!((push.asked(), push.taken()), (1, Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_notice_is_dropped_after_its_tries_and_nobody_else_waits_for_it() {
    let push = Provider::failing(usize::MAX);
    let mut config = Config::default();
    config.push_tries = 4;
    let builder = ChatEngine::builder().push(push.clone()).config(config);
    let engine = builder.clock(RuntimeClock(Instant::now())).build().await.unwrap();
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    say(&engine, "ana", room, "hi").await;
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(push.asked(), 8, "of each four");
    push.0.failures.store(1, Ordering::SeqCst);
    say(&engine, "ana", room, "ho").await;
    sleep(Duration::from_secs(3600)).await;
    assert_eq!((push.asked(), push.taken().len()), (11, 2));
}

#[tokio::test(start_paused = true)]
async fn what_was_said_before_there_were_notices_is_told_to_nobody() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = || RuntimeClock(Instant::now());
    let started = Instant::now();
    let before = ChatEngine::builder().shared_store(store.clone()).clock(clock()).build().await.unwrap();
    let room = group(&before, &["ana", "ben"]).await;
    say(&before, "ana", room, "before").await;
    sleep(DELAY).await;
    let push = Provider::default();
    let with = ChatEngine::builder().shared_store(store.clone()).push(push.clone());
    let with = with.clock(RuntimeClock(started)).build().await.unwrap();
    sleep(DELAY).await;
    say(&with, "ana", room, "after").await;
    sleep(DELAY * 3).await;
    assert_eq!(push.taken(), [told("ben", "after", 2)]);
}

pub(crate) fn quick() -> Config {
    let mut config = Config::default();
    config.push_delay = Duration::from_millis(300);
    config
}

async fn nodes_tell_of_each_once(stores: [Arc<dyn Store>; 2]) {
    let mut buses = LocalBus::between(2);
    let push = Provider::default();
    let mut engines = Vec::new();
    for store in stores {
        let builder = ChatEngine::builder().shared_store(store).bus(buses.remove(0)).config(quick());
        engines.push(builder.push(push.clone()).build().await.unwrap());
    }
    let mut rooms = Vec::new();
    for _ in 0..6 {
        rooms.push(group(&engines[0], &["ana", "ben", "cho"]).await);
    }
    let mut last = BTreeMap::new();
    for turn in 0..60 {
        let room = rooms[turn % rooms.len()];
        let words = format!("{turn}");
        say(&engines[turn % 2], "ana", room, &words).await;
        last.insert(room, words);
        if turn % 20 == 0 {
            sleep(Duration::from_millis(400)).await;
        }
    }
    let is_last = |notice: &Notice| {
        let new = messages(notice).unwrap();
        new.message.body.content() == last.get(&new.room.id).map(String::as_str)
    };
    let all_told = async {
        while push.0.taken.lock().iter().filter(|notice| is_last(notice)).count() < 2 * rooms.len() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), all_told).await.expect("the last of each room is told");
    sleep(Duration::from_secs(1)).await;
    let ids: Vec<String> = push.0.taken.lock().iter().map(Notice::id).collect();
    let different: HashSet<&String> = ids.iter().collect();
    assert_eq!(different.len(), ids.len(), "none is told twice: {ids:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_tell_of_each_message_once() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    nodes_tell_of_each_once([store.clone(), store]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_tell_of_each_message_once_on_postgres() {
    let Some(database) = Database::fresh().await else { return };
    nodes_tell_of_each_once([Arc::new(database.store().await), Arc::new(database.store().await)]).await;
}

/// The file that a child keeps its store in, and whether it is killed before anything is told or while it is.
pub(crate) const CHILD_FILE: &str = "CHAT_PUSH_CHILD_FILE";
pub(crate) const CHILD_HANGS: &str = "CHAT_PUSH_CHILD_HANGS";

/// To whoever kills it.
#[allow(clippy::print_stdout, reason = "the other process reads it there")]
pub(crate) fn ready_to_die() {
    println!("child: ready to die");
}

/// Says that it is asked, and never takes anything.
#[derive(Debug)]
struct Stuck;

#[async_trait]
impl Push for Stuck {
    async fn notify(&self, notice: Notice) -> chat_core::Result<()> {
        if messages(&notice).is_none() {
            return Ok(());
        }
        ready_to_die();
        std::future::pending().await
    }
}

/// Not a test of its own: the process that is killed.
#[tokio::test]
#[ignore = "run by the test that kills it"]
async fn a_child_that_says_something_and_waits_to_be_killed() {
    let Some(file) = std::env::var_os(CHILD_FILE) else { return };
    let hangs = std::env::var_os(CHILD_HANGS).is_some();
    let mut config = quick();
    if !hangs {
        config.push_delay = Duration::from_secs(3600);
    }
    let builder = ChatEngine::builder().store(SqliteStore::open(file).await.unwrap()).config(config);
    let engine = builder.push(Stuck).build().await.unwrap();
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    say(&engine, "ana", room, "one").await;
    say(&engine, "ana", room, "two").await;
    if !hangs {
        ready_to_die();
    }
    sleep(Duration::from_secs(60)).await;
}

/// Runs a test of this binary in a process of its own, which keeps its store in this file, until it is
/// [ready](ready_to_die), and kills it.
pub(crate) async fn killed(test: &str, file: &Path, hangs: bool) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(CHILD_FILE, file).stdout(Stdio::piped());
    if hangs {
        command.env(CHILD_HANGS, "1");
    }
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = tokio::task::spawn_blocking(move || {
        let mut lines = lines.map_while(Result::ok);
        lines.any(|line| line.contains("child: ready to die"))
    });
    let is_ready = timeout(Duration::from_secs(30), ready).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_ready.unwrap().unwrap(), "it says so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_before_a_kill_is_told_after_it() {
    for hangs in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chat.db");
        killed("push::a_child_that_says_something_and_waits_to_be_killed", &file, hangs).await;

        let push = Provider::default();
        let store = SqliteStore::open(&file).await.unwrap();
        let _engine =
            ChatEngine::builder().store(store).config(quick()).push(push.clone()).build().await.unwrap();
        let both_told = async {
            while push.0.taken.lock().len() < 2 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(20), both_told).await.expect("both are told");
        sleep(Duration::from_secs(1)).await;
        assert_eq!(push.taken(), [told("ben", "two", 2), told("cho", "two", 2)]);
    }
}
