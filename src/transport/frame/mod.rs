//! WebSocket frames, the same for every transport that speaks them: how a connection begins, how frames
//! are read, how they are written.

mod json;
mod read;
mod write;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tungstenite::handshake::derive_accept_key;

pub(super) use json::write_json;
pub(super) use read::{Reader, Received};
pub(super) use write::push_text;
pub(super) use write::{Opcode, push_binary, split};
pub(super) use write::{push_close, push_json, push_ping};

/// An upgraded connection.
pub(super) struct Socket {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
}

/// Where frames go.
pub(super) enum Writer {
    /// A bare socket, which a flusher may write.
    Tcp(OwnedWriteHalf),
    /// Whatever layer there is.
    Layered(Box<dyn AsyncWrite + Send + Unpin>),
}

impl Writer {
    pub(super) async fn write_all(&mut self, frames: &[u8]) -> std::io::Result<()> {
        use tokio::io::AsyncWriteExt;
        match self {
            Self::Tcp(writer) => writer.write_all(frames).await,
            Self::Layered(writer) => {
                writer.write_all(frames).await?;
                writer.flush().await
            }
        }
    }
}

/// Answers a WebSocket handshake. `None`: the request is none.
pub(super) fn accept(request: &mut Request) -> Option<(OnUpgrade, Response)> {
    let accept = accept_key(request.method(), request.headers())?;
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>()?;
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Some((on_upgrade, response))
}

impl Socket {
    /// Takes an upgraded connection over; messages of more than `max_message` bytes are refused.
    pub(super) fn new(upgraded: Upgraded, max_message: usize) -> Self {
        match bare_socket(upgraded) {
            Ok((stream, read_already)) => {
                // Frames are whole already: waiting for more only makes them late.
                let _ = stream.set_nodelay(true);
                let (reader, writer) = stream.into_split();
                let reader = Reader::new(Box::new(reader), &read_already, max_message);
                Self { reader, writer: Writer::Tcp(writer) }
            }
            Err(upgraded) => Self::layered(TokioIo::new(upgraded), max_message),
        }
    }

    /// Through a layer, such as TLS.
    pub(super) fn layered(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        max_message: usize,
    ) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        let reader = Reader::new(Box::new(reader), &[], max_message);
        Self { reader, writer: Writer::Layered(Box::new(writer)) }
    }
}

/// The TCP socket of a connection, where nothing lies between, with what was read beyond the handshake.
/// Served by hyper itself, or by the builder that finds out the protocol first.
fn bare_socket(upgraded: Upgraded) -> Result<(TcpStream, Bytes), Upgraded> {
    match downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => Ok((parts.io.into_inner(), parts.read_buf)),
        Err(upgraded) => {
            let parts = upgraded.downcast::<TokioIo<TcpStream>>()?;
            Ok((parts.io.into_inner(), parts.read_buf))
        }
    }
}

/// The answer to a WebSocket handshake (RFC 6455, 4.2.1); `None` when it is none.
fn accept_key(method: &Method, headers: &HeaderMap) -> Option<HeaderValue> {
    let has = |name: header::HeaderName, word: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    let is_handshake = *method == Method::GET
        && has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_handshake)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}
