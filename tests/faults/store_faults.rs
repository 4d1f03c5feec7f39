//! The store cannot write: sends are refused so that clients try again, everything else goes on, and when
//! the fault has ended sending works again by itself.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::RoomId;
use chat_core::store::sqlite::SqliteOptions;
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::testing::FaultyStore;
use serde_json::json;

use super::kit::{Http, Node, Server, Ws, example, new_file, soon, text};

/// Within so long sending works again.
const RECOVERY: Duration = Duration::from_secs(5);

/// Two people in one room of a server, one of whom sends.
struct Chat {
    addr: String,
    room: String,
    /// The tokens of ana, who sends, and ben.
    tokens: [String; 2],
    ana: Ws,
    ben: Ws,
    http: Http,
    sent: u64,
    /// What was acked: content and `seq`.
    acked: Vec<(String, u64)>,
}

impl Chat {
    async fn begin(addr: &str, tokens: [String; 2]) -> Self {
        let mut http = Http::new(addr);
        let body = json!({"type": "GROUP", "name": "room", "participantUuids": ["ben"]});
        let made = http.call("POST", "/chat/rooms", Some(&tokens[0]), Some(body)).await.unwrap().1;
        let ana = Ws::connect(addr, &tokens[0], None).await.unwrap().0;
        let ben = Ws::connect(addr, &tokens[1], None).await.unwrap().0;
        let room = text(&made["roomUuid"]);
        Self { addr: addr.to_owned(), room, tokens, ana, ben, http, sent: 0, acked: Vec::new() }
    }

    /// Sends over the socket; the code of the refusal, if it is refused. Whoever is told of it is ben, at
    /// once.
    async fn send(&mut self, length: usize) -> Result<u64, String> {
        self.sent += 1;
        let content = format!("m{} {}", self.sent, "x".repeat(length));
        self.ana.say(self.sent, &self.room, &format!("c{}", self.sent), &content).await;
        let answer = self.ana.answer(self.sent).await;
        if let Some(code) = answer["error"]["code"].as_str() {
            return Err(code.to_owned());
        }
        let seq = answer["ok"]["message"]["seq"].as_u64().unwrap();
        assert_eq!(self.ben.event("message").await["data"]["seq"], seq, "and nothing that was refused");
        self.acked.push((content, seq));
        Ok(seq)
    }

    async fn make_room(&mut self) -> u16 {
        let body = json!({"type": "GROUP", "name": "another", "participantUuids": []});
        self.http.call("POST", "/chat/rooms", Some(&self.tokens[0]), Some(body)).await.unwrap().0
    }

    /// While nothing can be written.
    async fn goes_on_without_writing(&mut self) {
        let began = Instant::now();
        assert_eq!(self.send(10).await, Err("UNAVAILABLE".into()));
        let body = json!({"type": "TEXT", "content": "over REST"});
        let path = format!("/chat/rooms/{}/messages", self.room);
        let token = self.tokens[0].clone();
        let (status, head, problem) =
            self.http.call_with_head("POST", &path, Some(&token), Some(body)).await.unwrap();
        assert_eq!((status, problem["code"].as_str()), (503, Some("UNAVAILABLE")), "{problem}");
        assert!(head.contains("retry-after: "), "{head}");
        // A room cannot be made either, and is refused alike.
        assert_eq!(self.make_room().await, 503);
        self.reads_and_lives().await;
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    }

    /// Reads, and what needs no store.
    async fn reads_and_lives(&mut self) {
        let path = format!("/chat/rooms/{}/messages?limit=100", self.room);
        let (status, history) = self.http.call("GET", &path, Some(&self.tokens[1]), None).await.unwrap();
        assert_eq!((status, history["total"].as_u64()), (200, Some(self.acked.len() as u64)));
        assert_eq!(self.http.call("GET", "/chat/rooms", Some(&self.tokens[1]), None).await.unwrap().0, 200);
        self.ana.put(json!({"op": "typing", "room": self.room, "isTyping": true})).await;
        assert_eq!(self.ben.event("typing").await["data"]["isTyping"], true);
        self.ana.put(json!({"op": "typing", "room": self.room, "isTyping": false})).await;
        self.ben.event("typing").await;
        self.ben.put(json!({"op": "history", "room": self.room, "id": 77})).await;
        assert!(self.ben.answer(77).await["ok"].is_object());
        // Others come, and are live too.
        let mut other = Ws::connect(&self.addr, &self.tokens[1], None).await.unwrap().0;
        other.put(json!({"op": "ping", "id": 1})).await;
        assert_eq!(other.answer(1).await["ok"], json!({}));
    }

    /// Tries again as a client does, until it is done.
    async fn recovers(&mut self) {
        let ended = Instant::now();
        while self.send(10).await.is_err() {
            assert!(ended.elapsed() < RECOVERY, "it does not recover by itself");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(ended.elapsed() < RECOVERY, "{:?}", ended.elapsed());
        // What was refused is sent again under its client id: each is there once.
        for number in 1..=self.sent {
            let known = self.acked.iter().find(|(content, _)| content.starts_with(&format!("m{number} ")));
            if known.is_none() {
                let content = format!("m{number} again");
                self.ana.say(number, &self.room, &format!("c{number}"), &content).await;
                let seq = self.ana.answer(number).await["ok"]["message"]["seq"].as_u64();
                assert_eq!(self.ben.event("message").await["data"]["seq"].as_u64(), seq, "ben hears it now");
                self.acked.push((content, seq.expect("it is sent now")));
            }
        }
    }

    /// No false ack, and nothing that was refused: what was acked is what is stored.
    async fn verify(self, store: &dyn Store) {
        let room: RoomId = self.room.parse().unwrap();
        let stored = store.messages(room, 1..=1 << 40).await.unwrap();
        let mut acked = self.acked;
        acked.sort_by_key(|(_, seq)| *seq);
        let stored: Vec<_> =
            stored.iter().map(|message| (message.body.content().unwrap().to_owned(), message.seq)).collect();
        assert!(stored == acked, "acked and stored differ");
        assert!(acked.iter().map(|(_, seq)| *seq).eq(1..=acked.len() as u64));
    }
}

fn names() -> [String; 2] {
    ["ana".to_owned(), "ben".to_owned()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_commits_fail_sends_are_refused_for_a_while_and_all_else_goes_on() {
    let store = FaultyStore::on(MemoryStore::new());
    let node = Node::on(store.shared()).await;
    let mut chat = Chat::begin(&node.addr, names()).await;
    for _ in 0..3 {
        for _ in 0..3 {
            chat.send(10).await.unwrap();
        }
        store.refuse(true);
        chat.goes_on_without_writing().await;
        store.refuse(false);
        chat.recovers().await;
    }
    chat.verify(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_locks_the_database_sends_are_refused_and_reads_go_on() {
    let (_folder, db) = new_file();
    let mut options = SqliteOptions::default();
    options.busy_timeout = Duration::from_millis(300);
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open_with(&db, options).await.unwrap());
    let node = Node::on(store.clone()).await;
    let mut chat = Chat::begin(&node.addr, names()).await;
    chat.send(10).await.unwrap();
    let other = rusqlite::Connection::open(&db).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    chat.goes_on_without_writing().await;
    // A whole crowd waits and is refused, and none of it comes later.
    let mut crowd = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (mut http, room) = (node.http(), chat.room.clone());
        crowd.spawn(async move { http.say(&room, "ana", &format!("crowd{number}"), "no").await.unwrap().0 });
    }
    assert!(soon("refusals", crowd.join_all()).await.iter().all(|status| *status == 503));
    other.execute_batch("COMMIT").unwrap();
    chat.recovers().await;
    chat.verify(&*store).await;
}

/// A short lock is waited for, and nobody notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_shorter_than_the_busy_timeout_refuses_nothing() {
    let (_folder, db) = new_file();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&db).await.unwrap());
    let node = Node::on(store.clone()).await;
    let mut chat = Chat::begin(&node.addr, names()).await;
    let other = rusqlite::Connection::open(&db).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let unlock = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        other.execute_batch("ROLLBACK").unwrap();
    });
    chat.send(10).await.unwrap();
    unlock.join().unwrap();
    chat.verify(&*store).await;
}

/// A small file system of one's own, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, bytes: u64) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: also when a test has failed and something is still open there.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

async fn begin_at(server: &Server) -> Chat {
    Chat::begin(&server.addr, [server.token("ana").await, server.token("ben").await]).await
}

/// Writes until the disk is full: until neither a long message fits nor a short one, nor a room.
async fn fill(chat: &mut Chat) {
    loop {
        let long = chat.send(8000).await;
        let short = chat.send(10).await;
        let is_made = chat.make_room().await == 201;
        if long.is_err() && short.is_err() && !is_made {
            assert!(chat.acked.len() > 1, "something fits");
            return;
        }
        assert!(chat.sent < 5000, "the disk has no end");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_sends_are_refused_and_reads_go_on_until_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk"), 6 * 1024 * 1024) else {
        // The next test has the same fault by another way.
        return eprintln!("skipped: nothing can be mounted here");
    };
    let db = disk.0.join("chat.db");
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![1; 3 * 1024 * 1024]).unwrap();
    let mut server = Server::start(&db);
    let mut chat = begin_at(&server).await;
    fill(&mut chat).await;
    // To the last byte.
    let mut rest = std::fs::File::create(disk.0.join("rest")).unwrap();
    while rest.write_all(&[1; 512]).is_ok() {}
    chat.goes_on_without_writing().await;
    std::fs::remove_file(ballast).unwrap();
    std::fs::remove_file(disk.0.join("rest")).unwrap();
    drop(rest);
    chat.recovers().await;
    assert_eq!(server.ended(), None);
    // And it survives a crash right after.
    server.kill();
    let store = SqliteStore::open(&db).await.unwrap();
    chat.verify(&store).await;
    drop(store);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_no_file_may_grow_sends_are_refused_and_reads_go_on_until_they_may_again() {
    let (_folder, db) = new_file();
    let mut ignoring = Command::new("sh");
    // The limit's signal would end it.
    ignoring.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#]).arg(example("server"));
    let server = Server::start_by(ignoring, &db);
    let mut chat = begin_at(&server).await;
    chat.send(10).await.unwrap();
    let limit = |size: &str| {
        let pid = server.pid().to_string();
        let set = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={size}")]).status();
        assert!(set.unwrap().success());
    };
    let log = std::fs::metadata(db.with_extension("db-wal")).unwrap().len();
    limit(&format!("{}:unlimited", log + 400_000));
    fill(&mut chat).await;
    limit("1:unlimited");
    chat.goes_on_without_writing().await;
    limit("unlimited:unlimited");
    chat.recovers().await;
    server.kill();
    chat.verify(&SqliteStore::open(&db).await.unwrap()).await;
}
