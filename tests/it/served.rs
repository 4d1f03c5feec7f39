//! Apps on ports of their own, and clients that ask them.

use std::net::SocketAddr;

use axum::Router;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::socketio::client::http;

/// Serves the app until the test ends.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    addr
}

/// What a request of this user's is answered with. Without a body it is `null`.
pub(crate) async fn ask(addr: SocketAddr, who: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let headers = format!("Authorization: Bearer {who}\r\nContent-Type: application/json\r\n");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = http(addr, method, path, &headers, &body).await;
    (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
}

/// A client of the native WebSocket.
pub(crate) struct Native(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Native {
    /// Connects to the routes below `base`, and has not said yet who it is.
    pub(crate) async fn begin(addr: SocketAddr, base: &str) -> Self {
        Self(connect_async(format!("ws://{addr}{base}/chat/ws")).await.unwrap().0)
    }

    /// Connects to the routes below `base`, as this user.
    pub(crate) async fn connect(addr: SocketAddr, base: &str, who: &str) -> Self {
        let mut request = format!("ws://{addr}{base}/chat/ws").into_client_request().unwrap();
        request.headers_mut().insert("Authorization", format!("Bearer {who}").parse().unwrap());
        let (socket, _) = connect_async(request).await.unwrap();
        Self(socket)
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        self.0.send(Frame::text(frame.to_string())).await.unwrap();
    }

    /// In one write.
    pub(crate) async fn send_together(&mut self, frames: &[Value]) {
        for frame in frames {
            self.0.feed(Frame::text(frame.to_string())).await.unwrap();
        }
        self.0.flush().await.unwrap();
    }

    pub(crate) async fn until_closed(&mut self) {
        while let Some(Ok(_)) = self.0.next().await {}
    }

    /// The next frame that is wanted.
    pub(crate) async fn frame(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let Frame::Text(text) = self.0.next().await.unwrap().unwrap() else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if wanted(&frame) {
                return frame;
            }
        }
    }

    /// What a question with this id is answered with.
    pub(crate) async fn answer(&mut self, id: u64) -> Value {
        self.frame(|frame| frame["id"] == id).await
    }
}
