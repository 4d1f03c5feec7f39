//! The native WebSocket (RFC 6455): JSON text frames, subprotocol `chat.v1`.
//!
//! Mount [`router`] in an axum app; the route is `/chat/ws` below wherever it is nested. The bare TCP
//! socket is taken over after the handshake where there is one; behind TLS or another layer the same
//! frames go through it.
//!
//! Whoever [takes calls](WsOptions::with_callee) answers `{"op":"call","id":1,"call":{"method","path","body"}}` by
//! `{"id":1,"ok":{"status","body"}}`.

mod decode;
mod encode;
mod socket;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::flusher::Flusher;
use super::frame::{Socket, accept};
use super::{Callee, Origins, drive};
use crate::engine::ChatEngine;
use crate::event::Format;
#[cfg(feature = "openapi")]
pub(super) use decode::Op;
#[cfg(feature = "openapi")]
pub(super) use encode::EventName;
use encode::NativeEncode;
use socket::WsTransport;

const SUBPROTOCOL: &str = "chat.v1";
const BEARER_PROTOCOL: &str = "bearer.";

/// How the native WebSocket is mounted.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct WsOptions {
    /// Which web pages are let in. Default [`Origins::Any`].
    pub origins: Origins,
    /// Who takes the calls of clients, such as [the REST routes](super::rest::callee). Default: nobody.
    pub callee: Option<Arc<dyn Callee>>,
}

impl WsOptions {
    /// Lets pages of these origins in, and no others.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// Has calls taken.
    #[must_use]
    pub fn with_callee(mut self, callee: Arc<dyn Callee>) -> Self {
        self.callee = Some(callee);
        self
    }
}

#[derive(Clone)]
struct Mounted {
    engine: ChatEngine,
    options: Arc<WsOptions>,
    format: Format,
}

/// What connections are told in.
pub(crate) fn format() -> Format {
    Format::Wire(Arc::new(NativeEncode))
}

/// Parses a frame as for a connection.
#[cfg(all(test, feature = "openapi"))]
pub(super) fn parse(frame: &str) -> super::Request {
    decode::decode(frame)
}

/// Parses a frame as for a connection. Whether it sends a message.
#[cfg(all(feature = "testing", feature = "socketio"))]
pub(crate) fn is_send(frame: &str) -> bool {
    use crate::event::Command;
    matches!(decode::decode(frame), super::Request::Command(_, Ok(Command::Send(..))))
}

/// The route `GET /chat/ws`. A request with an `Origin` outside of the list is refused with 403 before the upgrade,
/// one that asks for no upgrade with 426.
///
/// The token comes in `Authorization: Bearer TOKEN`, in the subprotocol `bearer.TOKEN`, or in a first frame
/// `hello`. A frame of more than [`Config::max_frame_bytes`](crate::Config::max_frame_bytes) closes the connection
/// with 1009; a client for which more waits than [`Config::mailbox_events`](crate::Config::mailbox_events) entries
/// or [`Config::mailbox_bytes`](crate::Config::mailbox_bytes) is closed with 4008, to come back and resume.
pub fn router(engine: ChatEngine, options: WsOptions) -> Router {
    let mounted = Mounted { engine, options: Arc::new(options), format: format() };
    Router::new().route("/chat/ws", get(upgrade)).with_state(mounted)
}

async fn upgrade(State(mounted): State<Mounted>, mut request: Request) -> Response {
    let headers = request.headers();
    if !mounted.options.origins.allow(headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (chosen, token) = (chosen_protocol(headers), token(headers));
    let Some((on_upgrade, mut response)) = accept(&mut request) else {
        return (StatusCode::UPGRADE_REQUIRED, [(header::UPGRADE, "websocket")]).into_response();
    };
    tokio::spawn(async move {
        let Ok(upgraded) = on_upgrade.await else { return };
        let socket = Socket::new(upgraded, mounted.engine.config().max_frame_bytes);
        let flusher = Flusher::of(&mounted.engine);
        let callee = mounted.options.callee.clone();
        let transport = WsTransport::new(socket, token, mounted.format, flusher, callee);
        // A task of its own, so that the upgrade's is freed.
        tokio::spawn(drive(mounted.engine, Box::new(transport)));
    });
    if let Some(chosen) = chosen {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
    }
    response
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
