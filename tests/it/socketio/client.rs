//! Raw clients, and a server for them.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use chat_core::ChatEngine;
use chat_core::model::NewRoom;
use chat_core::testing::NameTokens;
use chat_core::transport::socketio::{Namespace, Peer, PeerEvent, Refusal, SocketIoOptions, router};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::transport::Layered;

/// How long a test waits for what should come at once.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) engine: ChatEngine,
    pub(crate) addr: SocketAddr,
}

pub(crate) async fn engine() -> ChatEngine {
    ChatEngine::builder().authenticator(NameTokens).build().await.unwrap()
}

impl Server {
    pub(crate) async fn start(options: SocketIoOptions) -> Self {
        let engine = engine().await;
        let app = router(engine.clone(), options);
        Self::serve(engine, app, false).await
    }

    pub(crate) async fn serve(engine: ChatEngine, app: Router, behind_a_layer: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        if behind_a_layer {
            tokio::spawn(async move { axum::serve(Layered(listener), app).await });
        } else {
            tokio::spawn(async move { axum::serve(listener, app).await });
        }
        Self { engine, addr }
    }

    /// A room of these users, the first of whom makes it.
    pub(crate) async fn room(&self, users: &[&str]) -> String {
        let owner = self.engine.as_user(users[0].parse().unwrap());
        let new = NewRoom::group("room").with(users[1..].iter().copied());
        owner.create_room(new).await.unwrap().id().to_string()
    }

    /// A message by no socket.
    pub(crate) async fn send(&self, user: &str, room: &str, text: &str) {
        let draft = chat_core::model::Draft::text(text);
        self.engine.as_user(user.parse().unwrap()).send(room.parse().unwrap(), draft).await.unwrap();
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// One request on a connection of its own.
pub(crate) async fn http(addr: SocketAddr, method: &str, target: &str, headers: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server may refuse the body half-way.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut text = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("an answer");
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer but {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.into() }
}

/// A client that polls.
#[derive(Debug, Clone)]
pub(crate) struct Polling {
    addr: SocketAddr,
    pub(crate) target: String,
}

impl Polling {
    pub(crate) async fn open(addr: SocketAddr) -> Self {
        Self::open_with(addr, "").await
    }

    pub(crate) async fn open_with(addr: SocketAddr, headers: &str) -> Self {
        let target = "/socket.io/?EIO=4&transport=polling";
        let opened = http(addr, "GET", target, headers, "").await;
        assert_eq!(opened.status, 200, "{opened:?}");
        let open: Value = serde_json::from_str(opened.body.strip_prefix('0').unwrap()).unwrap();
        Self { addr, target: format!("{target}&sid={}", open["sid"].as_str().unwrap()) }
    }

    pub(crate) async fn get(&self) -> Answer {
        http(self.addr, "GET", &self.target, "", "").await
    }

    pub(crate) async fn post(&self, body: &str) -> Answer {
        http(self.addr, "POST", &self.target, "Content-Type: text/plain;charset=UTF-8\r\n", body).await
    }

    /// The packets of the next poll.
    pub(crate) async fn packets(&self) -> Vec<String> {
        let polled = self.get().await;
        assert_eq!(polled.status, 200, "{polled:?}");
        polled.body.split('\x1e').map(str::to_owned).collect()
    }

    pub(crate) fn sid(&self) -> &str {
        self.target.rsplit('=').next().unwrap()
    }

    /// A WebSocket for the same session.
    pub(crate) async fn websocket(&self) -> Result<Ws, Error> {
        Ws::dial(self.addr, &format!("/socket.io/?EIO=4&transport=websocket&sid={}", self.sid())).await
    }
}

/// A client on a WebSocket.
pub(crate) struct Ws(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Ws {
    pub(crate) async fn dial(addr: SocketAddr, target: &str) -> Result<Self, Error> {
        Ok(Self(connect_async(format!("ws://{addr}{target}")).await?.0))
    }

    /// A session that is open and in no namespace.
    pub(crate) async fn open(addr: SocketAddr) -> Self {
        let mut ws = Self::dial(addr, "/socket.io/?EIO=4&transport=websocket").await.unwrap();
        assert!(ws.text().await.starts_with("0{"));
        ws
    }

    /// A chat session, with the position that it began at.
    pub(crate) async fn chat(addr: SocketAddr, token: &str) -> (Self, String) {
        let mut ws = Self::open(addr).await;
        ws.send(&format!(r#"40/chat,{{"token":"{token}"}}"#)).await;
        assert!(ws.text().await.starts_with(r#"40/chat,{"sid":""#));
        let (name, connected) = ws.event().await;
        assert_eq!(
            (&*name, &connected["userUuid"]),
            ("connected", &Value::from(token.split('@').next().unwrap()))
        );
        (ws, connected["pos"].as_str().unwrap().to_owned())
    }

    pub(crate) async fn send(&mut self, packet: &str) {
        // After the end nobody listens: `next` tells.
        let _ = self.0.send(Message::text(packet)).await;
    }

    pub(crate) async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.0.send(Message::binary(Bytes::from_static(bytes))).await.unwrap();
    }

    /// What comes next, the end included.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        match timeout(PATIENCE, self.0.next()).await.expect("something comes") {
            Some(Ok(Message::Close(_)) | Err(_)) => None,
            Some(Ok(message)) => Some(message),
            None => None,
        }
    }

    /// The next packet of text.
    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.as_str().to_owned(),
            other => panic!("no text but {other:?}"),
        }
    }

    pub(crate) async fn binary(&mut self) -> Bytes {
        match self.next().await {
            Some(Message::Binary(bytes)) => bytes,
            other => panic!("no binary but {other:?}"),
        }
    }

    /// The next packet that tells of nobody's presence.
    pub(crate) async fn but_presence(&mut self) -> String {
        loop {
            let text = self.text().await;
            if !text.contains(r#"["presence","#) {
                return text;
            }
        }
    }

    /// Waits for the end, whatever comes before it.
    pub(crate) async fn closed(&mut self) -> Vec<String> {
        let mut before = Vec::new();
        while let Some(message) = self.next().await {
            if let Message::Text(text) = message {
                before.push(text.as_str().to_owned());
            }
        }
        before
    }

    /// The next event of the chat; presence is left out.
    pub(crate) async fn event(&mut self) -> (String, Value) {
        loop {
            let text = self.text().await;
            let event = event(&text).unwrap_or_else(|| panic!("no event but {text}"));
            if event.0 != "presence" {
                return event;
            }
        }
    }

    /// The next event of this name; others are left out.
    pub(crate) async fn event_named(&mut self, name: &str) -> Value {
        loop {
            let text = self.text().await;
            if let Some((found, payload)) = event(&text)
                && found == name
            {
                return payload;
            }
        }
    }

    /// Asks, and waits for the answer. Events before it are given too.
    pub(crate) async fn ask(
        &mut self,
        id: u64,
        name: &str,
        payload: &Value,
    ) -> (Vec<(String, Value)>, Value) {
        self.send(&format!(r#"42/chat,{id}["{name}",{payload}]"#)).await;
        self.answer(id).await
    }

    pub(crate) async fn answer(&mut self, id: u64) -> (Vec<(String, Value)>, Value) {
        let mut events = Vec::new();
        loop {
            let text = self.text().await;
            if let Some((found, answer)) = answer(&text) {
                assert_eq!(found, id);
                return (events, answer);
            }
            if text != "2" {
                events.extend(event(&text).filter(|(name, _)| name != "presence"));
            }
        }
    }

    /// Whether nothing comes but presence.
    pub(crate) async fn is_silent(&mut self) -> bool {
        let end = tokio::time::Instant::now() + Duration::from_millis(150);
        while let Ok(next) = tokio::time::timeout_at(end, self.0.next()).await {
            match next {
                Some(Ok(Message::Text(text))) if text.contains(r#"["presence","#) => {}
                _ => return false,
            }
        }
        true
    }
}

/// An event of the chat: its name and payload.
pub(crate) fn event(packet: &str) -> Option<(String, Value)> {
    let array: Value = serde_json::from_str(packet.strip_prefix("42/chat,")?).ok()?;
    assert_eq!(array.as_array().unwrap().len(), 2, "a name and one payload: {packet}");
    Some((array[0].as_str()?.to_owned(), array[1].clone()))
}

/// An answer of the chat: its id and payload.
pub(crate) fn answer(packet: &str) -> Option<(u64, Value)> {
    let rest = packet.strip_prefix("43/chat,")?;
    let (id, array) = rest.split_at(rest.find('[')?);
    let array: Value = serde_json::from_str(array).ok()?;
    assert_eq!(array.as_array().unwrap().len(), 1, "one argument: {packet}");
    Some((id.parse().ok()?, array[0].clone()))
}

/// The namespaces of the protocol's own test cases.
#[derive(Debug)]
pub(crate) struct Echo;

impl Namespace for Echo {
    fn admit(&self, auth: &Value) -> Result<(), Refusal> {
        if auth["token"] == "bad" { Err(Refusal::new("Not authorized").with_data(7.into())) } else { Ok(()) }
    }

    fn connected(&self, peer: &Peer, auth: Value) {
        peer.emit("auth", &[auth]);
    }

    fn event(&self, peer: &Peer, event: PeerEvent) {
        match (&*event.name, event.id) {
            ("message", _) => peer.emit_binary("message-back", &event.arguments, &event.attachments),
            ("message-with-ack", Some(id)) => peer.answer_binary(id, &event.arguments, &event.attachments),
            ("ask-me", _) => {
                let peer = peer.clone();
                tokio::spawn(async move {
                    let answer = peer.ask("how-much", &["a".into()]).await;
                    peer.emit("told", &answer.unwrap_or_default());
                });
            }
            ("throw-me-out", _) => peer.disconnect(),
            _ => {}
        }
    }

    fn disconnected(&self, _peer: &Peer) {}
}

/// The server of the protocol's own test cases.
pub(crate) async fn echo() -> Server {
    let mut options = SocketIoOptions::default()
        .with_namespace("/", Echo)
        .with_namespace("/custom", Echo)
        .with_heartbeat(Duration::from_millis(300), Duration::from_millis(200));
    options.connect_timeout = Duration::from_secs(1);
    Server::start(options).await
}
