//! What the fault tests share: the example server as a process, an engine behind real sockets, small
//! clients, and a store with faults.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chat_core::clock::Clock;
use chat_core::model::NewRoom;
use chat_core::store::Store;
use chat_core::testing::NameTokens;
use chat_core::transport::{rest, socketio, ws};
use chat_core::{Actor, ChatEngine, Config, RoomId, UserId};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

pub(super) use super::super::examples::example;

/// How long anything may take that should come soon.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// What comes of it, unless it takes longer than [`PATIENCE`].
pub(super) async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, coming).await;
    waited.unwrap_or_else(|_| panic!("{what} did not come within {PATIENCE:?}"))
}

// The example server.

/// The example server as a process in development mode. Killed when dropped.
pub(super) struct Server {
    child: Child,
    pub(super) addr: String,
}

impl Server {
    /// Starts on a database, on a free port.
    pub(super) fn start(db: impl AsRef<OsStr>) -> Self {
        Self::start_by(Command::new(example("server")), db)
    }

    /// Starts by a command that runs the server with the arguments that it is given.
    pub(super) fn start_by(command: Command, db: impl AsRef<OsStr>) -> Self {
        let mut child = Self::spawn(command, db);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some((_, addr)) = line.trim().rsplit_once("http://") else {
            let _ = child.kill();
            let mut said = String::new();
            let _ = child.stderr.take().unwrap().read_to_string(&mut said);
            panic!("the server did not start: {line:?} {said}");
        };
        // Whatever it logs must not fill the pipe.
        let mut log = child.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { addr: addr.to_owned(), child }
    }

    /// Starts it, and does not wait until it is ready.
    pub(super) fn spawn(mut command: Command, db: impl AsRef<OsStr>) -> Child {
        let command = command.args(["--dev", "--addr", "127.0.0.1:0", "--db"]).arg(db);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    pub(super) fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Whether it has ended well, once it has ended.
    pub(super) fn ended(&mut self) -> Option<bool> {
        self.child.try_wait().unwrap().map(|status| status.success())
    }

    /// A figure of `/proc/PID/status` in bytes, such as `VmRSS`.
    pub(super) fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// A development token.
    pub(super) async fn token(&self, name: &str) -> String {
        let mut http = Http::new(&self.addr);
        let answer = http.call("POST", "/auth/dev-token", None, Some(json!({"userUuid": name}))).await;
        text(&answer.unwrap().1["accessToken"])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text but {value}")).to_owned()
}

// An engine behind sockets.

/// An engine whose tokens are user ids, behind REST, WebSocket and Socket.IO on a port of its own.
pub(super) struct Node {
    pub(super) engine: ChatEngine,
    pub(super) addr: String,
    serving: tokio::task::JoinHandle<()>,
}

impl Node {
    pub(super) async fn on(store: Arc<dyn Store>) -> Self {
        Self::with(store, Config::default()).await
    }

    pub(super) async fn with(store: Arc<dyn Store>, config: Config) -> Self {
        Self::serve(ChatEngine::builder().shared_store(store).config(config)).await
    }

    pub(super) async fn at(clock: impl Clock, config: Config) -> Self {
        Self::serve(ChatEngine::builder().clock(clock).config(config)).await
    }

    async fn serve(builder: chat_core::engine::ChatEngineBuilder) -> Self {
        let engine = builder.authenticator(NameTokens).build().await.unwrap();
        let api = rest::router(engine.clone(), rest::RestOptions::default());
        let socketio = socketio::router(engine.clone(), socketio::SocketIoOptions::default());
        let app = Router::new()
            .nest("/api", api.merge(ws::router(engine.clone(), ws::WsOptions::default())))
            .merge(socketio);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { engine, addr, serving }
    }

    pub(super) fn user(&self, name: &str) -> Actor {
        self.engine.as_user(id(name))
    }

    /// A group of these people, the first of whom owns it.
    pub(super) async fn group(&self, users: &[&str]) -> RoomId {
        let new = NewRoom::group("room").with(users[1..].iter().copied());
        self.user(users[0]).create_room(new).await.unwrap().id()
    }

    /// A connection that is ready.
    pub(super) async fn connect(&self, name: &str) -> Ws {
        Ws::connect(&self.addr, name, None).await.unwrap().0
    }

    pub(super) fn http(&self) -> Http {
        Http::new(&self.addr)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(super) fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

// Clients.

/// A REST client on one connection, which it opens again after a failure.
pub(super) struct Http {
    addr: String,
    stream: Option<tokio::io::BufReader<TcpStream>>,
}

impl Http {
    pub(super) fn new(addr: &str) -> Self {
        Self { addr: addr.to_owned(), stream: None }
    }

    /// A call below `/api`: the status and the body of its answer.
    pub(super) async fn call(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> std::io::Result<(u16, Value)> {
        let (status, _, body) = self.call_with_head(method, path, token, body).await?;
        Ok((status, body))
    }

    /// The same, with the head of the answer.
    pub(super) async fn call_with_head(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> std::io::Result<(u16, String, Value)> {
        // Put back only when the answer was read to its end.
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => tokio::io::BufReader::new(TcpStream::connect(&self.addr).await?),
        };
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let auth = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!(
            "{method} /api{path} HTTP/1.1\r\nhost: x\r\n{auth}content-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).await?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let head = head.to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await?;
        self.stream = Some(stream);
        Ok((status, head, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// Sends a message.
    pub(super) async fn say(
        &mut self,
        room: &str,
        token: &str,
        client_id: &str,
        content: &str,
    ) -> std::io::Result<(u16, Value)> {
        let body = json!({"type": "TEXT", "content": content, "clientId": client_id});
        self.call("POST", &format!("/chat/rooms/{room}/messages"), Some(token), Some(body)).await
    }
}

/// What a WebSocket brings.
#[derive(Debug)]
pub(super) enum Got {
    Frame(Value),
    /// Closed with a code and a reason.
    Closed(u16, String),
    /// The connection was lost.
    Cut,
}

impl Got {
    pub(super) fn frame(self) -> Value {
        match self {
            Self::Frame(frame) => frame,
            other => panic!("no frame but {other:?}"),
        }
    }
}

/// A client of the native WebSocket.
pub(super) struct Ws(pub(super) WebSocketStream<TcpStream>);

/// Why there is no connection.
pub(super) type NotReady = String;

impl Ws {
    /// A connection that has not said who it is.
    pub(super) async fn dial(addr: &str) -> Result<Self, NotReady> {
        let stream = TcpStream::connect(addr).await.map_err(|error| error.to_string())?;
        Self::over(stream).await
    }

    pub(super) async fn over(stream: TcpStream) -> Result<Self, NotReady> {
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let shaken = client_async("ws://x/api/chat/ws", stream).await;
        Ok(Self(shaken.map_err(|error| error.to_string())?.0))
    }

    /// A connection that has said who it is, and the data of its `ready`.
    pub(super) async fn connect(
        addr: &str,
        token: &str,
        since: Option<&str>,
    ) -> Result<(Self, Value), NotReady> {
        let mut client = Self::dial(addr).await?;
        client.put(json!({"id": 0, "op": "hello", "token": token, "since": since})).await;
        match client.next().await {
            Got::Frame(frame) if frame["event"] == "ready" => Ok((client, frame["data"].clone())),
            other => Err(format!("not ready but {other:?}")),
        }
    }

    pub(super) async fn put(&mut self, frame: Value) {
        // After the end nobody listens: `next` tells.
        let _ = self.0.send(Message::text(frame.to_string())).await;
    }

    /// Sends a message.
    pub(super) async fn say(&mut self, number: u64, room: &str, client_id: &str, content: &str) {
        let message = json!({"type": "TEXT", "content": content, "clientId": client_id});
        self.put(json!({"id": number, "op": "send", "room": room, "message": message})).await;
    }

    pub(super) async fn next(&mut self) -> Got {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Got::Frame(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(close)))) => {
                    return Got::Closed(close.code.into(), close.reason.as_str().to_owned());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Got::Cut,
            }
        }
    }

    /// The next event of this name.
    pub(super) async fn event(&mut self, name: &str) -> Value {
        soon(name, async {
            loop {
                let frame = self.next().await.frame();
                if frame["event"] == name {
                    return frame;
                }
            }
        })
        .await
    }

    /// The answer to a request.
    pub(super) async fn answer(&mut self, number: u64) -> Value {
        soon("an answer", async {
            loop {
                let frame = self.next().await.frame();
                if frame["id"] == number {
                    return frame;
                }
            }
        })
        .await
    }

    /// All frames up to the answer to a ping: whatever the server had for this connection has come then.
    pub(super) async fn up_to_now(&mut self) -> Vec<Value> {
        const PING: u64 = 1 << 40;
        self.put(json!({"id": PING, "op": "ping"})).await;
        soon("an answer to a ping", async {
            let mut frames = Vec::new();
            loop {
                let frame = self.next().await.frame();
                if frame["id"] == PING {
                    return frames;
                }
                frames.push(frame);
            }
        })
        .await
    }

    /// All frames up to the end, and the end.
    pub(super) async fn rest(&mut self) -> (Vec<Value>, Got) {
        soon("the end", async {
            let mut frames = Vec::new();
            loop {
                match self.next().await {
                    Got::Frame(frame) => frames.push(frame),
                    end => return (frames, end),
                }
            }
        })
        .await
    }
}

/// The `seq` of each message and SYSTEM message of a room among frames.
pub(super) fn seqs(frames: &[Value], room: RoomId) -> Vec<u64> {
    let room = room.to_string();
    let of_room = frames.iter().filter(|frame| frame["room"] == *room);
    let told = of_room.filter(|frame| frame["event"] == "message" || frame["event"] == "system");
    told.map(|frame| frame["data"]["seq"].as_u64().unwrap()).collect()
}

/// A client's place, kept as clients are told to: it moves when a catch-up has ended, and with each live
/// event. What a cut catch-up has told is thrown away, for it comes again.
#[derive(Default)]
pub(super) struct Place {
    pub(super) pos: Option<String>,
    catching_up: bool,
    told: Vec<Value>,
}

impl Place {
    /// Connects from this place.
    pub(super) async fn connect(&mut self, addr: &str, token: &str) -> Result<Ws, NotReady> {
        let (client, ready) = Ws::connect(addr, token, self.pos.as_deref()).await?;
        self.catching_up = self.pos.is_some();
        self.told.clear();
        if self.catching_up {
            assert_eq!(ready["recovered"], true, "{ready}");
        }
        self.pos = Some(text(&ready["pos"]));
        Ok(client)
    }

    /// Takes a frame in; gives the events that now count.
    pub(super) fn take(&mut self, frame: Value) -> Vec<Value> {
        if frame["event"] == "caughtUp" {
            assert_eq!(frame["data"]["recovered"], true);
            self.pos = Some(text(&frame["pos"]));
            self.catching_up = false;
            return std::mem::take(&mut self.told);
        }
        if self.catching_up {
            self.told.push(frame);
            return Vec::new();
        }
        if let Some(pos) = frame["pos"].as_str() {
            self.pos = Some(pos.to_owned());
        }
        vec![frame]
    }
}

/// A random number below `bound`.
pub(super) fn random(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    u64::from_be_bytes(bytes) % bound
}

/// A file in a folder of its own.
pub(super) fn new_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    (folder, path)
}
