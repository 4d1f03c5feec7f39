//! Socket.IO ([protocol 5](https://socket.io/docs/v4/socket-io-protocol/) over
//! [Engine.IO 4](https://socket.io/docs/v4/engine-io-protocol/)), by HTTP long-polling and WebSocket: the chat in a
//! namespace, and the embedder's own namespaces beside it.
//!
//! ```
//! use chat_core::{ChatEngine, transport::socketio};
//! # async fn app() -> chat_core::Result<()> {
//! let engine = ChatEngine::builder().build().await?;
//! let options = socketio::SocketIoOptions::default();
//! let app: axum::Router = axum::Router::new()
//!     .route("/login", axum::routing::post(|| async { "your own" }))
//!     .merge(socketio::router(engine, options));
//! # Ok(()) }
//! ```
//!
//! | a client sends | and gets, beside an ack `{ok:true, …}` or `{ok:false, error}` |
//! | --- | --- |
//! | `joinRoom {roomUuid, since?}` | `joinedRoom {roomUuid}` |
//! | `leaveRoom {roomUuid}` | `leftRoom {roomUuid}` |
//! | `sendMessage {roomUuid, message}` | in the ack: `message` |
//! | `forwardMessage {roomUuid, messageUuid, toRoomUuid, clientId?}` | likewise |
//! | `editMessage {roomUuid, messageUuid, content}` | in the ack: `message` |
//! | `deleteMessage {roomUuid, messageUuid}` | likewise |
//! | `react {roomUuid, messageUuid, reaction, on?}` | likewise |
//! | `pin {roomUuid, messageUuid}`, `unpin {roomUuid, messageUuid}` | likewise |
//! | `typing {roomUuid, isTyping}` | |
//! | `markAsRead {roomUuid, messageUuid? or seq?}` | `messagesRead`, where the mark moved |
//! | `markAsDelivered {roomUuid, messageUuid? or seq?}` | `messagesDelivered`, likewise |
//! | `history {roomUuid, page?, limit?, before?, after?, around?}` | in the ack: `messages`, … |
//! | `resume {since}` | what was missed, as the events below, then `caughtUp {pos, recovered}` |
//! | `call {method, path, body?}` | in the ack: `status`, `body` of whoever [takes calls](SocketIoOptions::with_callee) |
//! | `ping` | |
//!
//! From the server: `connected {message, userUuid, pos}`, `newMessage`, `systemMessage`, `messageUpdated`,
//! `messageDeleted`, `userTyping`, `messagesRead`, `messagesDelivered`, `presence`, `typingCount`,
//! `onlineCount`, `roomUpdated`,
//! `participantChanged`, `notification`, `caughtUp`, `error {code, message}`. `pos` is the place to `resume` from:
//! that of the last `connected` or `caughtUp`; what came since is told again as states.
//!
//! With [connection state recovery](Recovery) the answer to CONNECT brings a `pid`, and each durable event its
//! offset as a last argument, which stock clients keep and come back with. What was missed comes from the
//! store, but for what the client sent itself under that `pid`; then `connected`; then live events. Where not
//! all of it can be told, the client gets another `pid`, and so shows `recovered` as false.

mod decode;
mod encode;
mod engineio;
mod link;
mod namespace;
mod options;
mod packet;
mod polling;
mod query;
mod serve;
mod session;
mod space;
mod table;
mod websocket;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use serde::Serialize;
use tower_http::cors::{AllowHeaders, AllowMethods};

use super::origins;
use crate::engine::ChatEngine;
use crate::event::Format;
use crate::hub::Bounds;
use crate::transport::flusher::Flusher;
#[cfg(feature = "openapi")]
pub(super) use decode::Verb;
use encode::ChatEncode;
#[cfg(feature = "openapi")]
pub(super) use encode::{CaughtUpJson, ClosingJson, ConnectedJson, EventName, RoomIdJson};
use link::{Link, OwnEncode};
use namespace::Prefix;
use query::{Asked, Fault};
use table::{Listed, Table};

pub use namespace::{Namespace, Peer, PeerEvent, Refusal};
pub use options::{Recovery, SocketIoOptions};

struct Mounted {
    engine: ChatEngine,
    options: SocketIoOptions,
    namespaces: Vec<Mount>,
    sessions: Arc<Table>,
    /// Of Engine.IO's own packets.
    own: Format,
    /// A ping, as it is sent to everybody.
    ping: Bytes,
}

/// A namespace.
struct Mount {
    name: String,
    prefix: Prefix,
    kind: Kind,
}

enum Kind {
    Chat(Chat),
    Other(Arc<dyn Namespace>),
}

/// How the chat is spoken in a namespace.
struct Chat {
    plain: Format,
    /// With offsets, for clients with connection state recovery.
    recovering: Format,
    recovery: Recovery,
}

impl Mount {
    fn new(name: &str, kind: Kind) -> Self {
        let name = format!("/{}", name.trim_start_matches('/'));
        let prefix = Prefix::new(&name);
        Self { name, prefix, kind }
    }

    fn chat(name: &str, recovery: Recovery) -> Self {
        let prefix = Prefix::new(&format!("/{}", name.trim_start_matches('/')));
        let format = |has_offsets| Format::Wire(Arc::new(ChatEncode { prefix: prefix.clone(), has_offsets }));
        Self::new(name, Kind::Chat(Chat { plain: format(false), recovering: format(true), recovery }))
    }
}

/// What connections of the chat in this namespace are told in.
#[cfg(any(feature = "openapi", all(feature = "testing", feature = "ws")))]
pub(crate) fn format(namespace: &str) -> Format {
    let prefix = Prefix::new(&format!("/{namespace}"));
    Format::Wire(Arc::new(ChatEncode { prefix, has_offsets: false }))
}

/// Parses an event's array as for a connection; `None` where it is malformed.
#[cfg(all(test, feature = "openapi"))]
pub(super) fn parse(array: &str) -> Option<super::Request> {
    decode::decode(None, array).ok()
}

/// Parses a packet as for a connection. Whether it sends a message.
#[cfg(all(feature = "testing", feature = "ws"))]
pub(crate) fn is_send(packet: &str) -> bool {
    use crate::event::Command;
    let Ok(packet) = packet::Packet::parse(packet) else { return false };
    matches!(decode::decode(None, packet.data), Ok(super::Request::Command(_, Ok(Command::Send(..)))))
}

/// What a session is opened with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenJson<'a> {
    sid: &'a str,
    upgrades: &'static [&'static str],
    ping_interval: u128,
    ping_timeout: u128,
    max_payload: usize,
}

/// The route, to be merged into an app. A request with an `Origin` outside of the list is refused with 403.
///
/// A connection for which more waits in the chat than
/// [`Config::mailbox_events`](crate::Config::mailbox_events) entries or
/// [`Config::mailbox_bytes`](crate::Config::mailbox_bytes) is told `error` with the code `LAGGED` and closed, to
/// come back and resume.
pub fn router(engine: ChatEngine, options: SocketIoOptions) -> Router {
    let path = format!("/{}", options.path.trim_matches('/'));
    let cors = origins::cors(options.origins.clone())
        .allow_methods(AllowMethods::list([Method::GET, Method::POST]))
        .allow_headers(AllowHeaders::mirror_request());
    let chat = options.chat.iter().map(|(name, recovery)| Mount::chat(name, *recovery));
    let others = options.others.iter().map(|(name, other)| Mount::new(name, Kind::Other(other.clone())));
    let namespaces = chat.chain(others);
    let mounted = Mounted {
        namespaces: namespaces.collect(),
        sessions: Table::new(options.max_sessions),
        own: Format::Wire(Arc::new(OwnEncode)),
        ping: serve::ping(),
        engine,
        options,
    };
    let mut router = Router::new().route(&format!("{}/", path.trim_end_matches('/')), any(answer));
    if path != "/" {
        router = router.route(&path, any(answer));
    }
    router.layer(cors).with_state(Arc::new(mounted))
}

async fn answer(State(mounted): State<Arc<Mounted>>, request: Request) -> Response {
    if !mounted.options.origins.allow(request.headers()) {
        return Fault::Forbidden.into();
    }
    let is_upgrade = request.headers().contains_key(axum::http::header::UPGRADE);
    let asked = Asked::parse(request.uri().query().unwrap_or_default(), request.method(), is_upgrade);
    let answered = match asked {
        Ok(Asked::Open { is_websocket: false }) => polling::open(&mounted, &request),
        Ok(Asked::Open { is_websocket: true }) => websocket::open(&mounted, request),
        Ok(Asked::Poll(sid)) => polling::poll(&mounted, &sid).await,
        Ok(Asked::Post(sid)) => polling::post(&mounted, &sid, request).await,
        Ok(Asked::Upgrade(sid)) => websocket::upgrade(&mounted, &sid, request),
        Err(fault) => Err(fault),
    };
    answered.unwrap_or_else(Into::into)
}

impl Mounted {
    fn find(&self, namespace: &str) -> Option<usize> {
        self.namespaces.iter().position(|mount| mount.name == namespace)
    }

    /// A new session, and its place in the table.
    fn begin(&self, request: &Request) -> Result<(Arc<Link>, Listed), Fault> {
        let flusher = Flusher::of(&self.engine).ok_or(Fault::Full)?;
        let bearer = request.headers().get(axum::http::header::AUTHORIZATION).map(|value| {
            // A header that is no bearer token is a bad token, not none.
            super::bearer(value.to_str().unwrap_or_default()).unwrap_or_default().into()
        });
        let config = self.engine.config();
        let bounds = Bounds { events: config.mailbox_events, bytes: config.mailbox_bytes };
        let (dirty, clock) = (self.engine.hub().dirty().clone(), self.engine.clock().clone());
        let link = Link::new(bearer, &self.own, bounds, &flusher, dirty, clock);
        let listed = self.sessions.insert(&link).ok_or(Fault::Full)?;
        Ok((link, listed))
    }

    /// The packet that opens a session.
    fn opening(&self, sid: &str, upgrades: &'static [&'static str]) -> String {
        let options = &self.options;
        let open = OpenJson {
            sid,
            upgrades,
            ping_interval: options.ping_interval.as_millis(),
            ping_timeout: options.ping_timeout.as_millis(),
            max_payload: options.max_payload,
        };
        // These types always serialize.
        format!("0{}", serde_json::to_string(&open).unwrap_or_default())
    }
}
