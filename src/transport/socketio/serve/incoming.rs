//! What a client's packets do.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;

use super::super::Kind;
use super::super::decode::decode;
use super::super::engineio::Packet;
use super::super::namespace::{Peer, PeerEvent, Prefix, Refusal};
use super::super::session::{Event, Incoming};
use super::super::space::{Connect, Space};
use super::{End, PROTOCOL, Serving};
use crate::error::{Error, ErrorKind};
use crate::transport::Request;

/// How long an embedder's namespace waits with what it says first. Simple clients, and the protocol's own test
/// cases, begin to listen for it only once they have read that they are let in.
const GREETING: Duration = Duration::from_millis(2);

/// A client who was let in. Nothing more is read until the namespace knows.
pub(super) struct Greeting {
    index: usize,
    peer: Peer,
    auth: Value,
    pub(super) at: Instant,
}

impl Serving {
    pub(super) fn packet(&mut self, text: &str) -> Result<(), End> {
        match Packet::parse(text).map_err(|_| PROTOCOL)? {
            Packet::Close => Err(End::Client),
            Packet::Pong => {
                self.heartbeat.pong(Instant::now());
                Ok(())
            }
            Packet::Message(message) => match self.assembly.text(message).map_err(|_| PROTOCOL)? {
                Some(incoming) => self.incoming(incoming),
                None => Ok(()),
            },
            // Only the server pings.
            Packet::Ping(_) => Err(PROTOCOL),
            Packet::Upgrade | Packet::Noop => Ok(()),
        }
    }

    pub(super) fn binary(&mut self, bytes: Bytes) -> Result<(), End> {
        let most = self.mounted.options.max_packet;
        match self.assembly.binary(bytes, most).map_err(|_| PROTOCOL)? {
            Some(incoming) => self.incoming(incoming),
            None => Ok(()),
        }
    }

    fn incoming(&mut self, incoming: Incoming<'_>) -> Result<(), End> {
        match incoming {
            Incoming::Connect { namespace, auth } => self.connect(namespace, auth),
            Incoming::Disconnect { namespace } => {
                if let Some(index) = self.mounted.find(namespace) {
                    self.leave(index);
                }
                Ok(())
            }
            Incoming::Event(event) => self.event(event),
            Incoming::Ack(event) => self.ack(&event),
            Incoming::StrayBinary => {
                if let Some(space) = self.spaces.iter().find(|space| !space.is_left) {
                    let error = Error::invalid("body", "must be a text packet");
                    space.request(Request::Command(None, Err(error)));
                }
                Ok(())
            }
        }
    }

    fn connect(&mut self, name: &str, auth: &str) -> Result<(), End> {
        let Some(index) = self.mounted.find(name) else {
            let prefix = Prefix::new(name);
            self.link.push(|out| prefix.connect_error(&Refusal::new("Invalid namespace"), out));
            return Ok(());
        };
        if self.is_in(index) {
            return Ok(());
        }
        self.asked[index] = true;
        let mounted = self.mounted.clone();
        let namespace = &mounted.namespaces[index];
        let auth = match auth.len() {
            0 => Value::Object(serde_json::Map::new()),
            _ if auth.len() > mounted.options.max_event => {
                self.link.push(|out| namespace.prefix.connect_error(&Refusal::new("auth is too large"), out));
                return Ok(());
            }
            _ => serde_json::from_str(auth).map_err(|_| PROTOCOL)?,
        };
        if !auth.is_object() {
            return Err(PROTOCOL);
        }
        match &namespace.kind {
            Kind::Chat(chat) => {
                let (since, origin) = chat.recovery.of(&auth).unzip();
                let format = if origin.is_some() { &chat.recovering } else { &chat.plain };
                let what = (index, format.clone(), namespace.prefix.clone());
                let token = token(auth, self.link.bearer.as_deref());
                let connect = Connect { token, since: since.flatten(), origin };
                // Most clients are in one.
                self.spaces.reserve_exact(1);
                self.spaces.push(Space::begin(&mounted, &self.link, what, connect));
                self.connect_by = None;
            }
            Kind::Other(other) => match other.admit(&auth) {
                Err(refusal) => self.link.push(|out| namespace.prefix.connect_error(&refusal, out)),
                Ok(()) => {
                    let peer = Peer::new(namespace.prefix.clone(), &self.link);
                    self.link.push(|out| namespace.prefix.connect(None, out));
                    self.link.flush();
                    self.connect_by = None;
                    self.greeting = Some(Greeting { index, peer, auth, at: Instant::now() + GREETING });
                }
            },
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), End> {
        let Some(index) = self.mounted.find(&event.namespace) else { return Err(PROTOCOL) };
        let namespace = &self.mounted.namespaces[index];
        let limit = self.mounted.options.max_event;
        if let Some(space) = self.spaces.iter().find(|space| space.namespace == index && !space.is_left) {
            let refused = |error: Error| Request::Command(event.id, Err(error));
            space.request(if event.data.len() > limit {
                refused(ErrorKind::TooLarge { what: "the event".into(), limit }.into())
            } else {
                let request = decode(event.id, &event.data).map_err(|_| PROTOCOL)?;
                match event.attachments.is_empty() {
                    true => request,
                    false => refused(Error::invalid("body", "must hold no binary")),
                }
            });
        } else if let Some(peer) = self.peer(index) {
            if event.data.len() > limit {
                let error = Error::from(ErrorKind::TooLarge { what: "the event".into(), limit });
                self.link.push(|out| namespace.prefix.fault(event.id, &error, out));
                return Ok(());
            }
            let mut arguments: Vec<Value> = serde_json::from_str(&event.data).map_err(|_| PROTOCOL)?;
            if arguments.is_empty() {
                return Err(PROTOCOL);
            }
            let Value::String(name) = arguments.remove(0) else { return Err(PROTOCOL) };
            if let Kind::Other(other) = &namespace.kind {
                let (attachments, id) = (event.attachments, event.id);
                other.event(peer, PeerEvent { name, arguments, attachments, id });
            }
        } else if !self.asked[index] {
            // The protocol asks for a CONNECT first. After a refusal, or the end of a session, what was
            // already on its way comes to nothing.
            return Err(PROTOCOL);
        }
        Ok(())
    }

    fn ack(&self, event: &Event<'_>) -> Result<(), End> {
        let index = self.mounted.find(&event.namespace).ok_or(PROTOCOL)?;
        if let (Some(peer), Some(id)) = (self.peer(index), event.id)
            && event.data.len() <= self.mounted.options.max_event
        {
            peer.answered(id, serde_json::from_str(&event.data).map_err(|_| PROTOCOL)?);
        }
        // The chat asks nothing of its clients.
        if self.asked[index] { Ok(()) } else { Err(PROTOCOL) }
    }

    /// Tells the namespace of a client that has read that it is let in.
    pub(super) fn greet(&mut self) {
        let Some(Greeting { index, peer, auth, .. }) = self.greeting.take() else { return };
        self.peers.push((index, peer.clone()));
        if let Kind::Other(other) = &self.mounted.namespaces[index].kind {
            other.connected(&peer, auth);
        }
    }

    fn is_in(&self, index: usize) -> bool {
        self.spaces.iter().any(|space| space.namespace == index && !space.is_left)
            || self.peer(index).is_some()
    }

    fn peer(&self, index: usize) -> Option<&Peer> {
        self.peers.iter().find(|(place, peer)| *place == index && !peer.is_gone()).map(|(_, peer)| peer)
    }

    fn leave(&mut self, index: usize) {
        self.spaces.iter_mut().filter(|space| space.namespace == index).for_each(Space::leave);
        let (gone, here) =
            std::mem::take(&mut self.peers).into_iter().partition(|(place, _)| *place == index);
        self.peers = here;
        self.bid_farewell(gone);
        self.await_connect(self.mounted.options.connect_timeout);
    }

    pub(super) fn bid_farewell(&self, gone: Vec<(usize, Peer)>) {
        for (place, peer) in gone {
            peer.end();
            if let Kind::Other(other) = &self.mounted.namespaces[place].kind {
                other.disconnected(&peer);
            }
        }
    }

    /// Whoever is in no namespace has to be in one in time.
    pub(super) fn await_connect(&mut self, timeout: Duration) {
        if self.peers.is_empty() && self.greeting.is_none() && self.spaces.iter().all(|space| space.is_left) {
            self.connect_by.get_or_insert_with(|| Instant::now() + timeout);
        }
    }
}

/// `auth.token` counts before a header, also when it is bad.
fn token(mut auth: Value, bearer: Option<&str>) -> String {
    match auth.get_mut("token").map(Value::take) {
        None | Some(Value::Null) => bearer.unwrap_or_default().to_owned(),
        Some(Value::String(token)) => token,
        Some(_) => String::new(),
    }
}
