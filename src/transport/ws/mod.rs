//! The native WebSocket: JSON text frames, subprotocol `chat.v1`.
//!
//! Mount [`router`] in an axum app; the route is `/chat/ws` below wherever it is nested. The bare TCP
//! socket is taken over after the handshake where there is one; behind TLS or another layer the same
//! frames go through it.

mod decode;
mod encode;
mod socket;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

use super::flusher::Flusher;
use super::{Origins, drive};
use crate::engine::ChatEngine;
use crate::event::Format;
use encode::NativeEncode;
use socket::WsTransport;

const SUBPROTOCOL: &str = "chat.v1";
const BEARER_PROTOCOL: &str = "bearer.";

#[derive(Clone)]
struct Mounted {
    engine: ChatEngine,
    origins: Arc<Origins>,
    format: Format,
}

/// The route `GET /chat/ws`. A request with an `Origin` outside of the list is refused before the upgrade.
pub fn router(engine: ChatEngine, origins: Origins) -> Router {
    let format = Format::Wire(Arc::new(NativeEncode));
    let mounted = Mounted { engine, origins: Arc::new(origins), format };
    Router::new().route("/chat/ws", get(upgrade)).with_state(mounted)
}

async fn upgrade(State(mounted): State<Mounted>, mut request: Request) -> Response {
    let headers = request.headers();
    if !mounted.origins.allow(headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(accept) = accept_key(request.method(), headers) else {
        return (StatusCode::UPGRADE_REQUIRED, [(header::UPGRADE, "websocket")]).into_response();
    };
    let (chosen, token) = (chosen_protocol(headers), token(headers));
    let Some(on_upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return StatusCode::UPGRADE_REQUIRED.into_response();
    };
    tokio::spawn(async move {
        let Ok(upgraded) = on_upgrade.await else { return };
        let bound = mounted.engine.config().max_frame_bytes;
        let transport = match bare_socket(upgraded) {
            Ok((stream, read_already)) => {
                let flusher = Flusher::of(&mounted.engine);
                // Frames are whole already: waiting for more only makes them late.
                let _ = stream.set_nodelay(true);
                WsTransport::tcp(stream, &read_already, bound, token, mounted.format, flusher)
            }
            Err(upgraded) => WsTransport::stream(TokioIo::new(upgraded), bound, token, mounted.format),
        };
        // A task of its own, so that the upgrade's is freed.
        tokio::spawn(drive(mounted.engine, Box::new(transport)));
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(chosen) = chosen {
        answer.insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
    }
    response
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

fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

/// A browser that offers subprotocols closes unless one of them is chosen.
fn chosen_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut offered = protocols(headers).filter(|name| !name.is_empty()).peekable();
    let first = (*offered.peek()?).to_owned();
    let chosen = offered.find(|name| *name == SUBPROTOCOL);
    HeaderValue::from_str(chosen.unwrap_or(&first)).ok()
}

/// The token of the `Authorization` header, or of a subprotocol entry `bearer.<token>`.
fn token(headers: &HeaderMap) -> Option<String> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        // A header that is no bearer token is a bad token, not none.
        let value = value.to_str().unwrap_or_default();
        return Some(super::bearer(value).unwrap_or_default().to_owned());
    }
    protocols(headers).find_map(|name| name.strip_prefix(BEARER_PROTOCOL)).map(str::to_owned)
}
