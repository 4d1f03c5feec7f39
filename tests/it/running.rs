//! The example server as whoever runs it has it: its settings, its certificates, its backups.

mod backup;
mod config;
mod tls;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::examples::example;

/// Runs the server in a folder, without what the environment says of it otherwise.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(example("server"));
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHAT_")) {
        command.env_remove(name);
    }
    command
}

/// Runs it to its end.
fn run<T: AsRef<OsStr>>(folder: &Path, args: &[T]) -> Output {
    command(folder).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A server on a free port, ended when dropped.
struct Running {
    child: Child,
    /// What it said that its URL is.
    url: String,
    /// Its lines on standard error are written here.
    log: PathBuf,
}

impl Running {
    fn start<T: AsRef<OsStr>>(folder: &Path, args: &[T]) -> Self {
        let log = folder.join("log");
        let mut child = command(folder)
            .args(["--addr", "127.0.0.1:0"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = std::fs::read_to_string(&log).unwrap();
        let url = line.trim().rsplit(' ').next().filter(|url| url.starts_with("http"));
        Self { child, url: url.unwrap_or_else(|| panic!("{line}{said}")).to_owned(), log }
    }

    fn addr(&self) -> &str {
        self.url.split("://").nth(1).unwrap()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until it has said so on standard error.
    async fn says(&self, what: &str, times: usize) {
        let said = || std::fs::read_to_string(&self.log).unwrap();
        for _ in 0..500 {
            if said().matches(what).count() >= times {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{what:?} is missing in {}", said());
    }

    /// Ends it as an operator would, and waits.
    fn stop(mut self) {
        self.signal("TERM");
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own; gives its status and body.
async fn ask<S>(mut stream: S, method: &str, path: &str, token: &str, body: &str) -> (u16, String)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close");
    let head = format!("{head}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json");
    let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // An end of TLS without a farewell is an error after all was read.
    let _ = stream.read_to_string(&mut answer).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Two people in a group, of whom one speaks, without TLS.
struct People {
    token: String,
    room: String,
}

impl People {
    async fn meet(server: &Running) -> Self {
        let token = Self::ask(server, "POST", "/api/auth/dev-token", "", json!({ "userUuid": "ana" })).await;
        let token = token["accessToken"].as_str().unwrap().to_owned();
        let room = json!({ "type": "GROUP", "name": "Runners", "participantUuids": ["ben"] });
        let room = Self::ask(server, "POST", "/api/chat/rooms", &token, room).await;
        Self { token, room: room["roomUuid"].as_str().unwrap().to_owned() }
    }

    async fn ask(server: &Running, method: &str, path: &str, token: &str, body: Value) -> Value {
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let (status, answer) = ask(stream, method, path, token, &body.to_string()).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    async fn try_say(&self, server: &Running, content: &str) -> (u16, String) {
        let path = format!("/api/chat/rooms/{}/messages", self.room);
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let body = json!({ "type": "TEXT", "content": content }).to_string();
        ask(stream, "POST", &path, &self.token, &body).await
    }

    /// Sends a message and gives its number.
    async fn say(&self, server: &Running, content: &str) -> u64 {
        let (status, said) = self.try_say(server, content).await;
        assert_eq!(status, 201, "{said}");
        serde_json::from_str::<Value>(&said).unwrap()["seq"].as_u64().unwrap()
    }

    /// All texts of the room by their numbers, the oldest first.
    async fn history(&self, server: &Running) -> Vec<(u64, String)> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("/api/chat/rooms/{}/messages?limit=100&page={page}", self.room);
            let answer = Self::ask(server, "GET", &path, &self.token, json!({})).await;
            let messages = answer["messages"].as_array().unwrap();
            let one = |message: &Value| {
                (message["seq"].as_u64().unwrap(), message["content"].as_str().unwrap().to_owned())
            };
            all.extend(messages.iter().map(one));
            if !answer["hasMore"].as_bool().unwrap() {
                break;
            }
        }
        all.reverse();
        all
    }

    /// Connects with what was seen before. The token to come back with, and whether nothing was missed.
    async fn connect(&self, server: &Running, since: Option<&str>) -> (String, bool) {
        let url = format!("ws://{}/api/chat/ws", server.addr());
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let hello = json!({ "id": 0, "op": "hello", "token": self.token, "since": since });
        socket.send(hello.to_string().into()).await.unwrap();
        // With a position from before, what was missed comes in between.
        let end = if since.is_some() { "caughtUp" } else { "ready" };
        loop {
            let frame: Value =
                serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
            assert!(frame["error"].is_null(), "{frame}");
            if frame["event"] == end {
                let pos = if end == "ready" { &frame["data"]["pos"] } else { &frame["pos"] };
                let recovered = frame["recovered"].as_bool().or(frame["data"]["recovered"].as_bool());
                return (pos.as_str().unwrap().to_owned(), recovered.unwrap());
            }
        }
    }
}
