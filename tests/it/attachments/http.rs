//! The routes on a port of their own, and a client that sends bytes as they are.

use axum::Router;
use chat_core::ChatEngine;
use chat_core::transport::{rest, ws};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(super) struct Server {
    addr: String,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Server {
    pub(super) async fn start(engine: &ChatEngine) -> Self {
        let api = rest::router(engine.clone(), rest::RestOptions::default());
        let api = api.merge(ws::router(engine.clone(), ws::WsOptions::default()));
        let app = Router::new().nest("/api", api);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { addr }
    }

    async fn exchange(&self, head: String, body: &[u8]) -> Answer {
        let stream = TcpStream::connect(&self.addr).await.unwrap();
        let (mut from, mut to) = stream.into_split();
        let head = format!("{head}Host: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        // Beside the answer, which may come before all of it is taken.
        let body = body.to_vec();
        let writing = tokio::spawn(async move {
            let _ = to.write_all(head.as_bytes()).await;
            let _ = to.write_all(&body).await;
            to
        });
        let mut bytes = Vec::new();
        // A body that was not taken may reset the connection behind the answer.
        let _ = from.read_to_end(&mut bytes).await;
        drop(writing);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: bytes[end + 4..].to_vec() }
    }

    pub(super) async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask("GET", path, token, ("Accept", "*/*".into())).await
    }

    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        token: &str,
        (name, value): (&str, String),
    ) -> Answer {
        let bearer = bearer(token);
        self.exchange(format!("{method} {path} HTTP/1.1\r\n{bearer}{name}: {value}\r\n"), b"").await
    }

    pub(super) async fn post(&self, path: &str, token: &str, body: &[u8]) -> Answer {
        self.upload(path, token, "", body).await
    }

    pub(super) async fn post_json(&self, path: &str, token: &str, body: &Value) -> Answer {
        let head = "Content-Type: application/json\r\n";
        self.upload(path, token, head, body.to_string().as_bytes()).await
    }

    pub(super) async fn upload(&self, path: &str, token: &str, head: &str, body: &[u8]) -> Answer {
        let bearer = bearer(token);
        self.exchange(format!("POST {path} HTTP/1.1\r\n{bearer}{head}"), body).await
    }

    pub(super) async fn websocket(&self, token: &str) -> Socket {
        let mut request = format!("ws://{}/api/chat/ws", self.addr).into_client_request().unwrap();
        request.headers_mut().insert("Authorization", format!("Bearer {token}").parse().unwrap());
        let (stream, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut socket = Socket(stream);
        socket.hear(|frame| frame["event"] == "ready").await;
        socket
    }
}

fn bearer(token: &str) -> String {
    if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") }
}

pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(super) async fn say(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame that is meant.
    pub(super) async fn hear(&mut self, is_meant: impl Fn(&Value) -> bool) -> Value {
        loop {
            let Message::Text(text) = self.0.next().await.unwrap().unwrap() else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if is_meant(&frame) {
                return frame;
            }
        }
    }
}
