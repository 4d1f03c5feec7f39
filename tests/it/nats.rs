//! The bus over NATS, against the server that `CHAT_TEST_NATS` names and others like it: `tests/run` starts
//! one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chat_core::bus::nats::{MAX_UNSENT, MAX_WAITING, NatsOptions};
use chat_core::bus::{Bus, NatsBus, Topic};
use chat_core::testing::bus::Fixture;
use chat_core::{ErrorKind, Result, RoomId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Three nodes that nobody else hears.
pub(crate) async fn three_nodes() -> Option<Fixture> {
    let (url, prefix) = (url()?, prefix());
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(node(&url, &prefix).await);
    }
    Some(Fixture::new(nodes))
}

/// Where the server is; `None` where there is none.
pub(crate) fn url() -> Option<String> {
    let url = std::env::var("CHAT_TEST_NATS").ok();
    if url.is_none() {
        assert!(std::env::var_os("CHAT_TESTS_RUN").is_none(), "tests/run names a NATS server");
        eprintln!("not run here: no CHAT_TEST_NATS names a server (tests/run starts one)");
    }
    url
}

fn prefix() -> String {
    format!("test.{}", RoomId::generate())
}

async fn node(url: &str, prefix: &str) -> NatsBus {
    let mut options = NatsOptions::at([url]);
    options.prefix = prefix.to_owned();
    NatsBus::connect_with(options).await.unwrap()
}

async fn pair(url: &str) -> (NatsBus, NatsBus) {
    let prefix = prefix();
    (node(url, &prefix).await, node(url, &prefix).await)
}

/// A server of the test's own, which can be crashed.
pub(crate) struct Server {
    script: Child,
    pub(crate) url: String,
}

impl Server {
    /// `None` where servers are missing.
    pub(crate) async fn start(args: &'static [&'static str]) -> Option<Self> {
        url()?;
        let start = move || {
            let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/nats"))
                .args(args)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut url = String::new();
            BufReader::new(script.stdout.take().unwrap()).read_line(&mut url).unwrap();
            Self { script, url: url.trim().to_owned() }
        };
        Some(tokio::task::spawn_blocking(start).await.unwrap())
    }

    /// By SIGKILL.
    pub(crate) fn crash(&self) {
        self.signal("-USR1");
    }

    pub(crate) fn start_again(&self) {
        self.signal("-USR2");
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.script.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    fn with_login(&self, login: &str) -> String {
        self.url.replace("nats://", &format!("nats://{login}@"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("-TERM");
        let _ = self.script.wait();
    }
}

async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Publishes until it comes; gives what came before it.
async fn reaches(from: &NatsBus, to: &NatsBus, topic: &Topic, packet: &'static str) -> Vec<Bytes> {
    let (deadline, mut before) = (Instant::now() + Duration::from_secs(20), Vec::new());
    while Instant::now() < deadline {
        from.publish(topic, packet.into());
        while let Ok(next) = timeout(Duration::from_millis(50), to.next()).await {
            let (at, came) = next.unwrap();
            if &at == topic && came == packet {
                return before;
            }
            before.push(came);
        }
    }
    panic!("{packet} does not come");
}

fn room() -> Topic {
    Topic::Room(RoomId::generate())
}

fn user(name: &str) -> Topic {
    Topic::User(name.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_of_the_server_what_was_followed_goes_on_and_nothing_comes_late() {
    let Some(server) = Server::start(&[]).await else { return };
    let (from, to) = pair(&server.url).await;
    let topics = [room(), user("ana"), Topic::Nodes];
    topics.iter().for_each(|topic| to.follow(topic));
    for topic in &topics {
        reaches(&from, &to, topic, "before").await;
    }
    for _ in 0..2 {
        server.crash();
        eventually("both are down", || !from.is_up() && !to.is_up()).await;
        let (gone, new) = (room(), room());
        to.follow(&new);
        to.follow(&gone);
        to.unfollow(&gone);
        let began = Instant::now();
        for _ in 0..10_000 {
            from.publish(&topics[0], "meanwhile".into());
        }
        assert!(began.elapsed() < Duration::from_secs(1), "nobody waits: {:?}", began.elapsed());
        server.start_again();
        eventually("both are up", || from.is_up() && to.is_up()).await;
        for topic in topics.iter().chain([&new]) {
            let before = reaches(&from, &to, topic, "after").await;
            assert!(before.iter().all(|packet| packet != "meanwhile"), "it is lost, not late");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_may_start_before_the_server_does() {
    let Some(server) = Server::start(&[]).await else { return };
    server.crash();
    let port = server.url.rsplit_once("//").unwrap().1;
    eventually("the server is gone", || std::net::TcpStream::connect(port).is_err()).await;
    let (from, to) = pair(&server.url).await;
    let topics: Vec<_> = (0..5000).map(|_| room()).collect();
    topics.iter().for_each(|topic| to.follow(topic));
    from.publish(&topics[0], "lost".into());
    assert!(!from.is_up() && !to.is_up());
    server.start_again();
    eventually("both are up", || from.is_up() && to.is_up()).await;
    for topic in topics.iter().step_by(500) {
        let before = reaches(&from, &to, topic, "hi").await;
        assert!(before.iter().all(|packet| packet != "lost"));
    }
}

/// Lets clients in, and then neither says nor takes anything more.
async fn silent_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"INFO {\"server_id\":\"x\",\"max_payload\":1048576}\r\n").await.unwrap();
            let mut said = [0; 1024];
            let _ = stream.read(&mut said).await;
            stream.write_all(b"PONG\r\n").await.unwrap();
            held.push(stream);
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_falls_silent_counts_as_away_and_nobody_waits_for_it() {
    let bus = NatsBus::connect(&silent_server().await).await.unwrap();
    let topic = room();
    assert!(bus.is_up());
    let (began, full) = (Instant::now(), Bytes::from(vec![7; 1024]));
    for number in 0..20 * MAX_UNSENT {
        bus.publish(&topic, full.clone());
        if number % 10 == 0 {
            bus.follow(&room());
        }
    }
    assert!(began.elapsed() < Duration::from_secs(5), "nobody waits: {:?}", began.elapsed());
    eventually("it counts as down", || !bus.is_up()).await;
    eventually("and it is tried again", || bus.is_up()).await;
    timeout(Duration::from_secs(5), bus.close()).await.unwrap();
    assert_eq!(timeout(Duration::from_secs(5), bus.next()).await, Ok(None));
}

#[tokio::test]
async fn two_prefixes_do_not_hear_each_other() {
    let Some(url) = url() else { return };
    let ((from, to), topic) = (pair(&url).await, Topic::Nodes);
    // A part of the other's is another one.
    let other = node(&url, "test").await;
    other.follow(&topic);
    to.follow(&topic);
    reaches(&from, &to, &topic, "hi").await;
    reaches(&from, &to, &topic, "again").await;
    let none = timeout(Duration::from_millis(100), other.next()).await;
    assert!(none.is_err(), "{none:?}");
}

#[tokio::test]
async fn odd_ids_of_users_come_as_they_are() {
    let Some(url) = url() else { return };
    let (from, to) = pair(&url).await;
    let long = "\u{1F98A}".repeat(128);
    for name in ["a.b", "*", ">", " ana", "a b", "김철수", "$SYS.>", "_INBOX.x", &long] {
        let topic = user(name);
        to.follow(&topic);
        reaches(&from, &to, &topic, "hi").await;
        to.unfollow(&topic);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_bounded_and_then_it_goes_on() {
    let Some(url) = url() else { return };
    let (from, to) = pair(&url).await;
    let (topic, end) = (room(), room());
    to.follow(&topic);
    reaches(&from, &to, &topic, "ready").await;
    for _ in 0..MAX_WAITING / 500 * 4 {
        (0..500).for_each(|_| from.publish(&topic, "more".into()));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    to.follow(&end);
    let before = reaches(&from, &to, &end, "end").await;
    let came = before.iter().filter(|packet| *packet == "more").count();
    // Some were still on their way.
    assert!((1000..2 * MAX_WAITING).contains(&came), "{came}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_takes_no_time_to_speak_of() {
    let Some(url) = url() else { return };
    let (from, to) = pair(&url).await;
    let topic = room();
    to.follow(&topic);
    reaches(&from, &to, &topic, "ready").await;
    while timeout(Duration::from_millis(100), to.next()).await.is_ok() {}
    let mut times = Vec::new();
    for _ in 0..500 {
        let began = Instant::now();
        from.publish(&topic, "hi".into());
        timeout(Duration::from_secs(10), to.next()).await.unwrap().unwrap();
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times.sort_unstable();
    eprintln!("from node to node: p50 {:?}, p99 {:?}", times[250], times[495]);
    assert!(times[495] < Duration::from_secs(1), "{:?}", times[495]);
}

#[tokio::test]
async fn a_closed_bus_has_written_what_was_published_and_ends_for_all_its_clones() {
    let Some(url) = url() else { return };
    let (from, to) = pair(&url).await;
    let topic = room();
    to.follow(&topic);
    from.follow(&topic);
    reaches(&from, &to, &topic, "ready").await;
    // In one turn of a task, and more than a socket takes at once.
    let last = Bytes::from(vec![b'l'; 4096]);
    (0..1000).for_each(|_| from.publish(&topic, last.clone()));
    let clone = from.clone();
    from.close().await;
    for _ in 0..1000 {
        let (_, packet) = timeout(Duration::from_secs(5), to.next()).await.unwrap().unwrap();
        assert!(packet == last || packet == "ready");
    }
    let end = timeout(Duration::from_secs(5), clone.next()).await;
    assert_eq!(end, Ok(None));
    assert!(!clone.is_up() && !from.is_up());
    clone.publish(&topic, "never".into());
    clone.follow(&room());
    let other = timeout(Duration::from_millis(100), to.next()).await;
    assert!(other.is_err(), "{other:?}");
}

/// An error with all that caused it.
fn all_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error} {error:?}");
    if let Some(source) = error.source() {
        text = format!("{text} {}", all_of(source));
    }
    text
}

async fn refused(url: &str) -> (ErrorKind, String) {
    let connected: Result<NatsBus> = NatsBus::connect(url).await;
    let error = connected.expect_err("it is refused");
    (error.kind().clone(), all_of(&error))
}

#[tokio::test]
async fn what_is_no_url_is_refused_and_not_shown() {
    for url in
        ["http://ana:s3cret@host", "nats://ana:s3cret@host:port", "nats://ana:s3cret@", "ws://s3cret@host"]
    {
        let (kind, told) = refused(url).await;
        assert!(matches!(&kind, ErrorKind::Invalid { field, .. } if field == "url"), "{url}: {kind:?}");
        assert!(!told.contains("s3cret") && !told.contains("ana"), "{told}");
    }
    let mut options = NatsOptions::at(["nats://ana:s3cret@host"]);
    assert!(!format!("{options:?}").contains("s3cret"));
    options.prefix = "chat.*".into();
    let error = NatsBus::connect_with(options).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Invalid { field, .. } if field == "prefix"));
}

/// What was logged by the thread, at all levels.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_login_lets_in_or_is_refused_and_is_shown_nowhere() {
    use tracing_subscriber::util::SubscriberInitExt;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
    let logging = subscriber.with_writer(move || writer.clone()).set_default();

    let Some(users) = Server::start(&["--user", "ana", "--pass", "s3cret@/:"]).await else { return };
    let Some(tokens) = Server::start(&["--auth", "t0ken"]).await else { return };
    for url in [
        users.with_login("ana:t00th"),
        users.with_login("s3cret"),
        users.url.clone(),
        tokens.with_login("s3cret"),
        tokens.url.clone(),
    ] {
        let (kind, told) = refused(&url).await;
        assert_eq!(kind, ErrorKind::Unavailable, "{told}");
        assert!(!["s3cret", "t0ken", "t00th"].iter().any(|secret| told.contains(secret)), "{told}");
    }
    for url in [users.with_login("ana:s3cret%40%2F%3A"), tokens.with_login("t0ken")] {
        let (from, to) = pair(&url).await;
        let topic = room();
        to.follow(&topic);
        reaches(&from, &to, &topic, "hi").await;
        assert!(!format!("{from:?} {from:#?}").contains("s3cret"));
    }
    drop(logging);
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("connected to NATS"), "{logged}");
    for secret in ["s3cret", "t0ken", "t00th"] {
        assert!(!logged.contains(secret), "{secret} was logged");
    }
}
