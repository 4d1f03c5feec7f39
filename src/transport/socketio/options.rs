//! How the transport is mounted.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::namespace::Namespace;
use crate::id::OriginId;
use crate::model::Token;
use crate::transport::{Callee, Origins};

/// Who gets [connection state recovery](https://socket.io/docs/v4/connection-state-recovery), served from
/// the store: the answer to CONNECT brings a `pid`, and each durable event, as its last argument, an offset.
/// A client that hands all arguments to a handler would trip over one that it did not ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Recovery {
    /// Who asks for it by `auth: {token, recovery: true}`.
    #[default]
    OnRequest,
    /// Everybody.
    Always,
    /// Nobody.
    Never,
}

impl Recovery {
    /// The name that a connection has with this `auth`, new or from before, and the offset that it has
    /// seen everything up to. `None`: it is a connection without recovery.
    pub(super) fn of(self, auth: &Value) -> Option<(Option<Token>, OriginId)> {
        let text = |key| auth.get(key).and_then(Value::as_str);
        let (pid, offset) = (text("pid"), text("offset"));
        let is_wanted = match self {
            Self::OnRequest => pid.is_some() || auth.get("recovery") == Some(&Value::Bool(true)),
            Self::Always => true,
            Self::Never => false,
        };
        let known = pid.and_then(|pid| pid.parse().ok()).zip(offset.and_then(|offset| offset.parse().ok()));
        is_wanted.then(|| match known {
            Some((pid, offset)) => (Some(offset), pid),
            None => (None, OriginId::generate()),
        })
    }
}

/// How Socket.IO is mounted in an app.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SocketIoOptions {
    /// Where: a path that no other route of the app has. Default `/socket.io/`.
    pub path: String,
    /// The namespaces of the chat, and who gets connection state recovery there. Default `/chat`, on
    /// request.
    pub chat: Vec<(String, Recovery)>,
    /// Namespaces of the embedder's own, by name. Default none.
    pub others: Vec<(String, Arc<dyn Namespace>)>,
    /// Which web pages are let in. Others get 403, before an upgrade too. Default [`Origins::Any`].
    pub origins: Origins,
    /// Who takes the calls of clients in the chat, such as the REST routes. Default: nobody.
    pub callee: Option<Arc<dyn Callee>>,
    /// How often a client is pinged. Default 25 s.
    pub ping_interval: Duration,
    /// How long it has for its pong, before it is gone. Default 20 s.
    pub ping_timeout: Duration,
    /// How long a connection may be in no namespace before it is closed. Default 45 s.
    pub connect_timeout: Duration,
    /// How long going over from polling to WebSocket may take; after that the client goes on polling. Default 10 s.
    pub upgrade_timeout: Duration,
    /// The most bytes of several packets in one POST, as clients are told. More is 413, and closes the connection.
    /// Default 1,000,000.
    pub max_payload: usize,
    /// The most bytes of one packet, attachments included. Larger ones close the connection. Default 2 MiB.
    pub max_packet: usize,
    /// The most bytes of an event, or of the `auth` of a CONNECT. A larger one is refused as such, and read no
    /// further. Default 64 KiB.
    pub max_event: usize,
    /// The most connections at once; whoever comes then gets 503. Default 1,000,000.
    pub max_sessions: usize,
}

impl Default for SocketIoOptions {
    fn default() -> Self {
        Self {
            path: "/socket.io/".into(),
            chat: vec![("/chat".into(), Recovery::OnRequest)],
            others: Vec::new(),
            origins: Origins::Any,
            callee: None,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(45),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
            max_packet: 2 * 1024 * 1024,
            max_event: 64 * 1024,
            max_sessions: 1_000_000,
        }
    }
}

impl SocketIoOptions {
    /// Mounts it elsewhere.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The chat in these namespaces, each named `/…`, instead of `/chat`.
    #[must_use]
    pub fn with_chat<T: Into<String>>(mut self, namespaces: impl IntoIterator<Item = T>) -> Self {
        let on_request = |name: T| (name.into(), Recovery::OnRequest);
        self.chat = namespaces.into_iter().map(on_request).collect();
        self
    }

    /// Who gets connection state recovery, in all namespaces of the chat.
    #[must_use]
    pub fn with_recovery(mut self, recovery: Recovery) -> Self {
        self.chat.iter_mut().for_each(|(_, of_one)| *of_one = recovery);
        self
    }

    /// A namespace of the embedder's own, named `/…`. Where two have one name, the chat's counts, or else the first.
    #[must_use]
    pub fn with_namespace(mut self, name: impl Into<String>, namespace: impl Namespace) -> Self {
        self.others.push((name.into(), Arc::new(namespace)));
        self
    }

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

    /// Pings so often, and waits so long for the pong.
    #[must_use]
    pub fn with_heartbeat(mut self, interval: Duration, timeout: Duration) -> Self {
        (self.ping_interval, self.ping_timeout) = (interval, timeout);
        self
    }
}
