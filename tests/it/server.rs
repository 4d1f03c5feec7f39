//! The example server as a process.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::examples::example;

/// The server on a free port and in a folder of its own, ended when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) addr: String,
    /// Where its metrics are, where that is a port of their own.
    pub(crate) metrics: Option<String>,
    _folder: Arc<TempDir>,
}

impl Server {
    fn start() -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), &[])
    }

    pub(crate) fn start_in(folder: Arc<TempDir>, args: &[&str]) -> Self {
        Self::spawn(folder, Command::new(example("server")).args(args).stderr(Stdio::null()))
    }

    /// One that logs all there is to a file.
    pub(crate) fn start_logging(folder: Arc<TempDir>, args: &[&str], log: File) -> Self {
        Self::spawn(folder, Command::new(example("server")).args(args).env("RUST_LOG", "trace").stderr(log))
    }

    fn spawn(folder: Arc<TempDir>, command: &mut Command) -> Self {
        let command = command.args(["--addr", "127.0.0.1:0"]).current_dir(folder.path());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut line = lines.next().unwrap();
        let metrics =
            line.strip_prefix("metrics: http://").map(|at| at.trim_end_matches("/metrics").to_owned());
        if metrics.is_some() {
            line = lines.next().unwrap();
        }
        let addr = line.trim().rsplit("http://").next().unwrap().to_owned();
        Self { child, addr, metrics, _folder: folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// What it says of itself, and the status it says it with.
    fn ready(&self) -> (u16, serde_json::Value) {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
    }

    /// One request on a connection of its own; gives the answer's body.
    fn ask(&self, method: &str, path: &str, token: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close");
        let head = format!("{head}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json");
        write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_a_file_holds_on_every_server_with_the_same_secret() {
    let Some(database) = crate::postgres::Database::empty().await else { return };
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("secret"), "0123456789abcdef0123456789abcdef").unwrap();
    let args = ["--db", &database.url, "--dev", "--jwt-secret-file", "secret", "--blobs", "files"];
    let [one, other] = [(); 2].map(|()| Server::start_in(folder.clone(), &args));
    let json = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let token = json(one.ask("POST", "/api/auth/dev-token", "", r#"{"userUuid":"ana"}"#));
    let token = token["accessToken"].as_str().unwrap();
    let room = r#"{"type":"GROUP","name":"Runners","participantUuids":["ben"]}"#;
    let room = json(one.ask("POST", "/api/chat/rooms", token, room));
    let files = format!("/api/chat/rooms/{}/attachments", room["roomUuid"].as_str().unwrap());
    let file = json(one.ask("POST", &format!("{files}?name=route.txt"), token, "along the river"));
    let link = format!("{files}/{}/link", file["attachmentUuid"].as_str().unwrap());
    let link = json(one.ask("POST", &link, token, ""));
    let url = link["url"].as_str().unwrap();
    let read = crate::socketio::client::http(other.addr.parse().unwrap(), "GET", url, "", "").await;
    assert_eq!((read.status, &*read.body), (200, "along the river"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_postgresql_finds_its_rooms_and_its_key_after_a_restart() {
    let Some(database) = crate::postgres::Database::empty().await else { return };
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server = Server::start_in(Arc::clone(&folder), &["--db", &database.url]);
    let token = server.ask("POST", "/api/auth/dev-token", "", r#"{"userUuid":"ana"}"#);
    let token: serde_json::Value = serde_json::from_str(&token).unwrap();
    let token = token["accessToken"].as_str().unwrap();
    let room = r#"{"type":"GROUP","name":"Runners","participantUuids":["ben"]}"#;
    server.ask("POST", "/api/chat/rooms", token, room);
    drop(server);

    let server = Server::start_in(Arc::clone(&folder), &["--db", &database.url]);
    let rooms = server.ask("GET", "/api/chat/rooms", token, "");
    assert!(rooms.contains("Runners"), "{rooms}");
    let files: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["chat.dev-key"], "the key alone is kept in a file");
}

/// Uploads a note; gives a token of its uploader's, and the path that it is read by.
fn upload(server: &Server) -> (String, String) {
    let json = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let token = json(server.ask("POST", "/api/auth/dev-token", "", r#"{"userUuid":"ana"}"#));
    let token = token["accessToken"].as_str().unwrap();
    let room = r#"{"type":"GROUP","participantUuids":["ben"]}"#;
    let room = json(server.ask("POST", "/api/chat/rooms", token, room));
    let path = format!("/api/chat/rooms/{}/attachments", room["roomUuid"].as_str().unwrap());
    let file = json(server.ask("POST", &format!("{path}?name=a.txt"), token, "a note"));
    (token.to_owned(), format!("/api{}", file["url"].as_str().unwrap()))
}

#[test]
fn files_outlive_a_restart_beside_the_database_or_where_they_were_told_to_be() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    for (args, kept) in
        [(&[][..], "chat.db.blobs"), (&["--db", "memory", "--blobs", "elsewhere"], "elsewhere")]
    {
        let server = Server::start_in(Arc::clone(&folder), args);
        let (token, url) = upload(&server);
        assert_eq!(server.ask("GET", &url, &token, ""), "a note");
        assert!(folder.path().join(kept).is_dir());
        if kept == "chat.db.blobs" {
            drop(server);
            let server = Server::start_in(Arc::clone(&folder), args);
            assert_eq!(server.ask("GET", &url, &token, ""), "a note");
        }
    }
}

#[test]
fn the_password_of_a_database_is_shown_nowhere() {
    let url = "postgres:///chat?host=/no/such/folder&user=chat&password=s3cret";
    for (args, works) in [(&["--addr", "127.0.0.1:0"][..], false), (&["--help"][..], true)] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Command::new(example("server"));
        let server =
            server.args(args).env("CHAT_DB", url).env("RUST_LOG", "trace").current_dir(folder.path());
        let output = server.output().unwrap();
        assert_eq!(output.status.success(), works);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains("s3cret"), "{said}");
        assert!(works || said.contains("the database in --db: temporarily unavailable"), "{said}");
    }
}

#[test]
fn a_connection_without_a_whole_request_head_is_closed_within_ten_seconds() {
    let server = Server::start();
    let began = Instant::now();
    let connections = ["", "G", "GET /api/chat/rooms HTTP/1.1\r\nHost: x\r\nAuth", "PRI * HTTP/2.0\r\n\r\n"];
    let waiting = connections.map(|head| {
        let mut stream = TcpStream::connect(&server.addr).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        std::thread::spawn(move || {
            // An answer such as 408 may come first; then the end.
            let ended = stream.read_to_end(&mut Vec::new());
            (head, ended.map_err(|error| error.kind()), began.elapsed())
        })
    });
    for thread in waiting {
        let (head, ended, after) = thread.join().unwrap();
        assert!(after < Duration::from_secs(10), "{head:?} ended as {ended:?} after {after:?}");
    }
}

#[test]
fn a_server_alone_is_ready_without_a_bus() {
    let server = Server::start_in(Arc::new(tempfile::tempdir().unwrap()), &["--node-id", "7"]);
    let told = json!({ "status": "ready", "store": "up", "bus": "none", "node": 7 });
    assert_eq!(server.ready(), (200, told));
    assert_eq!(server.ask("GET", "/healthz", "", ""), "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_tells_whether_its_bus_and_its_store_are_there() {
    let Some(database) = crate::postgres::Database::empty().await else { return };
    let Some(nats) = crate::nats::Server::start(&[]).await else { return };
    let until = |server: &Server, told: (u16, serde_json::Value)| {
        let deadline = Instant::now() + Duration::from_secs(30);
        while server.ready() != told {
            assert!(Instant::now() < deadline, "{:?} and not {told:?}", server.ready());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let node = |status: &str, store: &str, bus: &str| json!({ "status": status, "store": store, "bus": bus, "node": 3 });
    let args = ["--db", &database.url, "--nats", &nats.url, "--node-id", "3"];
    let folder = || Arc::new(tempfile::tempdir().unwrap());
    let server = Server::start_in(folder(), &args);
    until(&server, (200, node("ready", "up", "up")));
    let until_metrics_say = |server: &Server, line: &str| {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !server.ask("GET", "/metrics", "", "").contains(line) {
            assert!(Instant::now() < deadline, "no {line}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until_metrics_say(&server, "chat_bus_up 1");
    nats.crash();
    until(&server, (200, node("degraded", "up", "down")));
    // One that starts meanwhile.
    let second = Server::start_in(folder(), &args);
    for server in [&server, &second] {
        assert_eq!(server.ready(), (200, node("degraded", "up", "down")));
        until_metrics_say(server, "chat_bus_up 0");
        let token = server.ask("POST", "/api/auth/dev-token", "", r#"{"userUuid":"ana"}"#);
        assert!(token.contains("accessToken"), "it serves its own clients");
    }
    nats.start_again();
    until(&server, (200, node("ready", "up", "up")));
    until(&second, (200, node("ready", "up", "up")));
    // Gone, with all that is in it.
    drop(database);
    until(&server, (503, node("unavailable", "down", "up")));
}

#[test]
fn several_nodes_need_one_store_and_no_password_is_shown() {
    for db in ["memory", "chat.db"] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Command::new(example("server"));
        let server = server.args(["--addr", "127.0.0.1:0", "--db", db]).current_dir(folder.path());
        let output = server.env("CHAT_NATS", "nats://ana:s3cret@127.0.0.1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("--nats connects several nodes"), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
        let help = Command::new(example("server")).arg("--help").env("CHAT_NATS", "nats://s3cret@x").output();
        assert!(!String::from_utf8_lossy(&help.unwrap().stdout).contains("s3cret"));
    }
}

#[test]
fn files_in_a_bucket_are_there_for_whoever_serves_the_same_database() {
    let Some(s3) = crate::blobs::s3() else { return };
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let place = format!("s3://chat/{}", chat_core::RoomId::generate());
    let start = || {
        let mut command = Command::new(example("server"));
        command.args(["--blobs", &place]).stderr(Stdio::null());
        command.envs([("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any")]);
        command.envs([("AWS_ENDPOINT", &*s3), ("AWS_ALLOW_HTTP", "true"), ("AWS_REGION", "us-east-1")]);
        Server::spawn(Arc::clone(&folder), &mut command)
    };
    let server = start();
    let (token, url) = upload(&server);
    drop(server);
    assert_eq!(start().ask("GET", &url, &token, ""), "a note");
    let kept = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    assert!(kept.into_iter().all(|name| !name.to_string_lossy().contains("blobs")), "nothing is in a folder");
}
