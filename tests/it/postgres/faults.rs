//! What breaks, and what is left of it: lost connections, lost answers, locks, a server that crashes.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chat_core::model::{Draft, Mark, NewRoom, Profile, RoomKind};
use chat_core::store::postgres::PostgresOptions;
use chat_core::store::{
    Batch, MessageReads, Op, PeopleReads, PostgresStore, RelationItem, RelationOp, RoomReads, Store, What,
};
use chat_core::{ChatEngine, ErrorKind, MessageId, Timestamp};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::{Database, create, execute, group, history, item, message, run, send, user};

const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test]
async fn lost_connections_are_opened_anew() {
    let Some(database) = Database::fresh().await else { return };
    let store = database.store().await;
    let room = group(&store, &["ana"]).await;
    for turn in 1..=5 {
        execute(&database.url, TERMINATE).await;
        run(&store, send(room, "ana", None)).await.unwrap();
        execute(&database.url, TERMINATE).await;
        assert_eq!(history(&store, room).await.len(), turn);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_lost_in_the_middle_of_a_load_lose_and_double_nothing() {
    let Some(database) = Database::fresh().await else { return };
    let store = Arc::new(database.store().await);
    let room = group(&store, &["ana"]).await;
    let done = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let (store, done) = (Arc::clone(&store), Arc::clone(&done));
            tokio::spawn(async move {
                let mut acked = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    let client = format!("{task}-{}", acked.len());
                    match run(&store, send(room, "ana", Some(&client))).await {
                        Ok(outcome) => acked.push(message(&outcome)),
                        Err(error) => assert_eq!(*error.kind(), ErrorKind::Unavailable, "{error:?}"),
                    }
                }
                acked
            })
        })
        .collect();
    for _ in 0..15 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        execute(&database.url, TERMINATE).await;
    }
    done.store(true, Ordering::Relaxed);
    let mut acked = Vec::new();
    for task in tasks {
        acked.extend(task.await.unwrap());
    }
    acked.sort_by_key(|message| message.seq);
    let stored = history(&store, room).await;
    assert!(stored.iter().map(|message| message.seq).eq(1..=stored.len() as u64));
    // Each task may have left one behind that was committed and not acked.
    assert!(stored.len() - acked.len() <= 4, "{} of {}", acked.len(), stored.len());
    assert!(acked.iter().all(|message| stored.contains(message)));
    assert!(acked.len() > 20, "it went on: {}", acked.len());
}

/// What the way to the server does to the next commit: a `COMMIT`, or the one statement of a commit without locks.
const CUT_BEFORE: u8 = 1;
const CUT_AFTER: u8 = 2;
const CUT_MEANWHILE: u8 = 3;
const SILENCE: u8 = 4;

/// A way to the server that can be cut.
pub(super) struct Way {
    next: Arc<AtomicU8>,
    asked: Arc<AtomicUsize>,
    pub(super) url: String,
    _folder: tempfile::TempDir,
}

impl Way {
    pub(super) fn to(database: &Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (name, parameters) = database.url.split_once("?host=").unwrap();
        let (upstream, user) = parameters.split_once('&').unwrap();
        let url = format!("{name}?host={}&{user}", folder.path().display());
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let (next, asked) = (Arc::new(AtomicU8::new(0)), Arc::new(AtomicUsize::new(0)));
        let (ways, count, upstream) =
            (Arc::clone(&next), Arc::clone(&asked), format!("{upstream}/.s.PGSQL.5432"));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&upstream).await.unwrap();
                tokio::spawn(carry(client, server, Arc::clone(&ways), Arc::clone(&count)));
            }
        });
        Self { next, asked, url, _folder: folder }
    }

    fn at_next_commit(&self, what: u8) {
        self.next.store(what, Ordering::Relaxed);
    }

    /// How often the server was asked for something since this was called last.
    pub(super) fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

/// What a connection has said so far, as far as it tells a commit.
#[derive(Default)]
struct Commits {
    is_begun: bool,
    /// The name under which the statement was prepared that commits by itself, outside of a transaction.
    write: Vec<u8>,
}

impl Commits {
    fn is_next(&mut self, said: &[u8]) -> bool {
        let has = |words: &[u8]| said.windows(words.len()).any(|part| part == words);
        if has(b"COMMIT") || has(b"ROLLBACK") {
            self.is_begun = false;
            return has(b"COMMIT");
        }
        self.is_begun |= has(b"BEGIN");
        // Parse: a kind, a length, the statement's name, its text. Bind: a kind, a length, an empty name, the statement's.
        if said[0] == b'P' && has(b"moved AS (UPDATE") {
            self.write = said[5..].split_inclusive(|byte| *byte == 0).next().unwrap().to_vec();
        }
        let is_write = !self.write.is_empty() && said[0] == b'B' && said[6..].starts_with(&self.write);
        is_write && !self.is_begun
    }
}

async fn carry(mut client: UnixStream, mut server: UnixStream, next: Arc<AtomicU8>, count: Arc<AtomicUsize>) {
    let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
    let mut commits = Commits::default();
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(read @ 1..) = read else { return };
                // Not whether the connection still lives, which the pool asks beside, once it is given back: a mere Sync.
                count.fetch_add(usize::from(asked[..read] != *b"S\0\0\0\x04"), Ordering::Relaxed);
                let is_commit = commits.is_next(&asked[..read]);
                let fault = if is_commit { next.swap(0, Ordering::Relaxed) } else { 0 };
                if fault == CUT_BEFORE {
                    return;
                }
                if fault == SILENCE {
                    std::future::pending::<()>().await;
                }
                if server.write_all(&asked[..read]).await.is_err() || fault == CUT_MEANWHILE {
                    return;
                }
                if fault == CUT_AFTER {
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                if client.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_found_out_about() {
    let Some(database) = Database::fresh().await else { return };
    let way = Way::to(&database);
    let store = PostgresStore::connect(&way.url).await.unwrap();
    let room = group(&store, &["ana"]).await;
    for (turn, what) in (1..).zip([CUT_BEFORE, CUT_AFTER, CUT_MEANWHILE].repeat(5)) {
        way.at_next_commit(what);
        // Without a client id: only the store can tell.
        let outcome = run(&store, send(room, "ana", None)).await.unwrap();
        assert_eq!(outcome.changes.len(), 1, "it is told to others too");
        assert_eq!(history(&store, room).await.last(), Some(&*message(&outcome)));
        assert_eq!(message(&outcome).seq, turn, "once");

        way.at_next_commit(what);
        let outcome = run(&store, create(RoomKind::Group, &["ana"])).await.unwrap();
        assert!(matches!(&outcome.changes[0].what, What::Created(..)));
        way.at_next_commit(what);
        run(&store, item(room, "ana", Op::Mark { mark: Mark::Read, to: None })).await.unwrap();
    }
    assert_eq!(store.memberships(&user("ana"), None, 100).await.unwrap().rooms.len(), 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_that_would_not_be_the_same_again_is_unavailable() {
    let Some(database) = Database::fresh().await else { return };
    let way = Way::to(&database);
    let store = PostgresStore::connect(&way.url).await.unwrap();
    let relate = |who, op, other| {
        let (user, other) = (Profile::unknown(user(who)), Profile::unknown(user(other)));
        RelationItem { at: Timestamp::from_millis(1), user, other, op }
    };
    run(&store, relate("ana", RelationOp::Request, "ben")).await.unwrap();
    way.at_next_commit(CUT_AFTER);
    let error = run(&store, relate("ben", RelationOp::Decline, "ana")).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    // Whereas this is.
    way.at_next_commit(CUT_AFTER);
    run(&store, relate("ben", RelationOp::Block, "ana")).await.unwrap();
    assert!(store.relation(&user("ben"), &user("ana")).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_falls_silent_is_given_up() {
    let Some(database) = Database::fresh().await else { return };
    let way = Way::to(&database);
    let mut options = PostgresOptions::default();
    options.statement_timeout = Duration::from_millis(300);
    let store = PostgresStore::connect_with(&way.url, options).await.unwrap();
    let room = group(&store, &["ana"]).await;
    way.at_next_commit(SILENCE);
    let began = Instant::now();
    // The silent connection holds the lane until the server ends it.
    let outcome = run(&store, send(room, "ana", None)).await.unwrap();
    assert_eq!(message(&outcome).seq, 1);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_lock_of_another_is_unavailable_once_the_patience_ends() {
    let Some(database) = Database::fresh().await else { return };
    let mut options = PostgresOptions::default();
    options.lock_timeout = Duration::from_millis(100);
    let store = PostgresStore::connect_with(&database.url, options).await.unwrap();
    let room = group(&store, &["ana"]).await;
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let mut tx = other.begin().await.unwrap();
    sqlx::raw_sql("SELECT FROM chat.lanes FOR UPDATE").execute(&mut *tx).await.unwrap();
    let error = run(&store, send(room, "ana", None)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert_eq!(history(&store, room).await.len(), 0, "reading goes on");
    tx.rollback().await.unwrap();
    run(&store, send(room, "ana", None)).await.unwrap();
}

#[tokio::test]
async fn more_callers_than_connections_wait_and_are_unavailable_once_the_patience_ends() {
    let Some(database) = Database::fresh().await else { return };
    let mut options = PostgresOptions::default();
    (options.connections, options.connect_timeout) = (1, Duration::from_millis(300));
    let store = Arc::new(PostgresStore::connect_with(&database.url, options).await.unwrap());
    let room = group(&store, &["ana"]).await;
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let mut tx = other.begin().await.unwrap();
    sqlx::raw_sql("SELECT FROM chat.lanes FOR UPDATE").execute(&mut *tx).await.unwrap();
    let waiting = Arc::clone(&store);
    let sending = tokio::spawn(async move { run(&waiting, send(room, "ana", None)).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let error = store.messages(room, 1..=1).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    tx.rollback().await.unwrap();
    sending.await.unwrap().unwrap();
    assert_eq!(history(&store, room).await.len(), 1);
}

#[tokio::test]
async fn a_batch_that_fails_leaves_nothing_and_the_next_one_works() {
    let Some(database) = Database::fresh().await else { return };
    let store = database.store().await;
    let room = group(&store, &["ana"]).await;
    let first = message(&run(&store, send(room, "ana", None)).await.unwrap());
    let before = store.position().await.unwrap();
    let send_as = |id: MessageId| {
        let mut item = send(room, "ana", None);
        if let Op::Send { id: new, .. } = &mut item.op {
            *new = id;
        }
        item
    };
    let profiles = vec![Profile { nickname: "Ana".into(), ..Profile::unknown(user("ana")) }];
    let items = [send_as(MessageId::generate()), send_as(first.id)];
    let error = store.commit(Batch { profiles, ..Batch::of(items) }).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{error:?}");
    assert_eq!(store.position().await.unwrap(), before);
    assert!(store.profiles(&[user("ana")]).await.unwrap().is_empty());
    run(&store, send(room, "ana", None)).await.unwrap();
    assert_eq!(history(&store, room).await.len(), 2);
}

/// A server of the test's own, which writes as a real one does and can be crashed.
struct Server {
    script: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres"))
            .env("FSYNC", "on")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let stdout = script.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut url).unwrap();
        Self { script, url: url.trim().to_owned() }
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.script.id().to_string()]).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("-TERM");
        let _ = self.script.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_in_the_middle_of_a_load_loses_and_doubles_nothing() {
    if std::env::var_os("CHAT_TEST_POSTGRES").is_none() {
        assert!(Database::fresh().await.is_none());
        return;
    }
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let store = PostgresStore::connect(&server.url).await.unwrap();
    let engine = ChatEngine::builder().store(store).build().await.unwrap();
    let ana = engine.as_user(user("ana"));
    let room = ana.create_room(NewRoom::group("Runners")).await.unwrap().id();
    let done = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (ana, done) = (ana.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut acked = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    let client = format!("{task}-{}", acked.len());
                    match ana.send(room, Draft::text(&client).with_client_id(&client)).await {
                        Ok(message) => acked.push((message, Instant::now())),
                        // The same again, as a client does.
                        Err(error) => {
                            assert_eq!(error.code(), "UNAVAILABLE", "{error:?}");
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                    }
                }
                acked
            })
        })
        .collect();
    let mut crashes = Vec::new();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.signal("-USR1");
        crashes.push(Instant::now());
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    done.store(true, Ordering::Relaxed);
    let mut acked = Vec::new();
    for task in tasks {
        acked.extend(task.await.unwrap());
    }
    for crash in crashes {
        // The script may take a moment to hear of it: the longest time without an ack counts.
        let mut times: Vec<Instant> = acked.iter().map(|(_, at)| *at).filter(|at| *at >= crash).collect();
        times.sort_unstable();
        let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(longest < Duration::from_secs(10), "back within 10 s: {longest:?}");
    }
    let store = PostgresStore::connect(&server.url).await.unwrap();
    let stored = history(&store, room).await;
    assert!(stored.iter().map(|message| message.seq).eq(1..=stored.len() as u64), "no gap");
    let mut clients: Vec<_> = stored.iter().filter_map(|message| message.client_id.clone()).collect();
    clients.sort();
    clients.dedup();
    assert_eq!(clients.len(), stored.len(), "none doubled");
    assert!(acked.iter().all(|(message, _)| stored.contains(message)), "none lost");
}
