//! Namespaces beside the chat: an embedder's own events on the same connections.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use serde::ser::SerializeSeq;
use serde_json::Value;
use tokio::sync::oneshot;

use super::encode::{EventName, Named};
use super::link::{Link, random_id};
use crate::error::Error;
use crate::id::OriginId;
use crate::model::Token;
use crate::transport::frame::{push_binary, push_text, write_json};
use crate::transport::wire::ErrorJson;

/// The most answers that one peer may still owe.
const MAX_ASKED: usize = 64;

/// The contract of an embedder's own namespace: it says who may connect and answers their events.
///
/// **Who calls it, and when.** The task of a client's connection: [`admit`](Self::admit) at a CONNECT, and
/// where that lets the client in, [`connected`](Self::connected) once it was told so; then
/// [`event`](Self::event) for each event in its order, and [`disconnected`](Self::disconnected) once at the
/// end, whatever ended it.
///
/// **How it is called.** For many clients at the same time, under no lock. The calls hold up the client's
/// connection, so none may block: what takes time is spawned, with a clone of the [`Peer`].
///
/// **Errors.** A panic ends the connection.
///
/// ```
/// use chat_core::transport::socketio::{Namespace, Peer, PeerEvent, Refusal};
/// use serde_json::Value;
///
/// #[derive(Debug)]
/// struct Clock;
///
/// impl Namespace for Clock {
///     fn admit(&self, _auth: &Value) -> Result<(), Refusal> {
///         Ok(())
///     }
///     fn connected(&self, peer: &Peer, _auth: Value) {
///         peer.emit("tick", &[1.into()]);
///     }
///     fn event(&self, peer: &Peer, event: PeerEvent) {
///         if let Some(id) = event.id {
///             peer.answer(id, &event.arguments);
///         }
///     }
///     fn disconnected(&self, _peer: &Peer) {}
/// }
/// ```
pub trait Namespace: Send + Sync + fmt::Debug + 'static {
    /// Whether a client with this `auth` payload (an empty object where it sent none) is let in.
    ///
    /// # Errors
    /// What the client is refused with.
    fn admit(&self, auth: &Value) -> Result<(), Refusal>;
    /// A client was let in, and told so.
    fn connected(&self, peer: &Peer, auth: Value);
    /// A client sent an event.
    fn event(&self, peer: &Peer, event: PeerEvent);
    /// A client is gone from the namespace.
    fn disconnected(&self, peer: &Peer);
}

/// Why a client is not let in.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// What went wrong, in words.
    pub message: String,
    /// Anything else that the client should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl Refusal {
    /// A refusal in words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// With more for the client to know.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }
}

/// An event that a client sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PeerEvent {
    /// Its name.
    pub name: String,
    /// Its arguments. Where one was binary, `{"_placeholder":true,"num":N}` stands for the N-th of the
    /// attachments.
    pub arguments: Vec<Value>,
    /// Its binary attachments.
    pub attachments: Vec<Bytes>,
    /// What [`Peer::answer`] names its answer by, where the client asked for one.
    pub id: Option<u64>,
}

/// A client in an embedder's namespace. Cheap to clone; it keeps no connection open.
///
/// Nothing that is sent waits for the client, and nothing tells whether it came: to whoever is gone it is lost.
/// When more waits for a client than [`Config::mailbox_events`](crate::Config::mailbox_events) entries or
/// [`Config::mailbox_bytes`](crate::Config::mailbox_bytes), its connection is closed.
#[derive(Debug, Clone)]
pub struct Peer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    prefix: Prefix,
    link: Weak<Link>,
    asked: Mutex<Asked>,
    is_gone: AtomicBool,
}

#[derive(Debug, Default)]
struct Asked {
    next: u64,
    open: HashMap<u64, oneshot::Sender<Vec<Value>>>,
}

impl Peer {
    pub(super) fn new(prefix: Prefix, link: &Arc<Link>) -> Self {
        let (id, link) = (random_id(), Arc::downgrade(link));
        Self(Arc::new(Inner { id, prefix, link, asked: Mutex::default(), is_gone: AtomicBool::new(false) }))
    }

    /// What names this connection: 24 letters, digits, `-` and `_` at random, others each time.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Sends an event.
    pub fn emit(&self, event: &str, arguments: &[Value]) {
        self.emit_binary(event, arguments, &[]);
    }

    /// Sends an event with binary attachments, for which placeholders stand in the arguments.
    pub fn emit_binary(&self, event: &str, arguments: &[Value], attachments: &[Bytes]) {
        let packet = Packet { kinds: ('2', '5'), id: None, data: &Call(event, arguments), attachments };
        self.send(|out| self.0.prefix.push(&packet, out));
    }

    /// Answers the event with this [`id`](PeerEvent::id).
    pub fn answer(&self, id: u64, arguments: &[Value]) {
        self.answer_binary(id, arguments, &[]);
    }

    /// Answers an event with binary attachments.
    pub fn answer_binary(&self, id: u64, arguments: &[Value], attachments: &[Bytes]) {
        let packet = Packet { kinds: ('3', '6'), id: Some(id), data: &arguments, attachments };
        self.send(|out| self.0.prefix.push(&packet, out));
    }

    /// Sends an event and waits for its answer, for as long as the client is there: whoever will not sets a timeout.
    /// `None`: the client is gone, or owes 64 answers already. After a call that is dropped it owes none.
    pub async fn ask(&self, event: &str, arguments: &[Value]) -> Option<Vec<Value>> {
        let (id, answer) = {
            let mut asked = self.0.asked.lock();
            if asked.open.len() >= MAX_ASKED || self.is_gone() {
                return None;
            }
            let id = asked.next;
            asked.next += 1;
            let (tell, answer) = oneshot::channel();
            asked.open.insert(id, tell);
            (id, answer)
        };
        let packet =
            Packet { kinds: ('2', '5'), id: Some(id), data: &Call(event, arguments), attachments: &[] };
        self.send(|out| self.0.prefix.push(&packet, out));
        let _forget = Forget { peer: self, id };
        answer.await.ok()
    }

    pub(super) fn answered(&self, id: u64, arguments: Vec<Value>) {
        if let Some(tell) = self.0.asked.lock().open.remove(&id) {
            let _ = tell.send(arguments);
        }
    }

    /// Ends it: the client is told, and [`disconnected`](Namespace::disconnected) called. The connection stays for
    /// other namespaces.
    pub fn disconnect(&self) {
        if !self.end() {
            let link = self.0.link.upgrade();
            if let Some(link) = link {
                link.push(|out| self.0.prefix.packet('1', out));
                link.bell().ring();
            }
        }
    }

    /// `true`: it had ended already.
    pub(super) fn end(&self) -> bool {
        self.0.asked.lock().open.clear();
        self.0.is_gone.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.0.is_gone.load(Ordering::Relaxed)
    }

    fn send(&self, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.is_gone()
            && let Some(link) = self.0.link.upgrade()
        {
            link.push(write);
        }
    }
}

/// An answer that nobody waits for any more.
struct Forget<'a> {
    peer: &'a Peer,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.peer.0.asked.lock().open.remove(&self.id);
    }
}

/// An event's array.
struct Call<'a>(&'a str, &'a [Value]);

impl Serialize for Call<'_> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut array = s.serialize_seq(Some(1 + self.1.len()))?;
        array.serialize_element(self.0)?;
        self.1.iter().try_for_each(|argument| array.serialize_element(argument))?;
        array.end()
    }
}

/// Writes the packets of one namespace.
#[derive(Debug, Clone)]
pub(super) struct Prefix(Box<str>);

/// A packet to write: its kind without and with attachments.
struct Packet<'a, T> {
    kinds: (char, char),
    id: Option<u64>,
    data: &'a T,
    attachments: &'a [Bytes],
}

impl Prefix {
    pub(super) fn new(namespace: &str) -> Self {
        // The main one is not named.
        Self(if namespace == "/" { "".into() } else { format!("{namespace},").into() })
    }

    /// A packet of nothing but its kind.
    pub(super) fn packet(&self, kind: char, out: &mut Vec<u8>) {
        push_text(out, |out| write!(out, "4{kind}{}", self.0));
    }

    pub(super) fn event(&self, name: EventName, data: &impl Serialize, out: &mut Vec<u8>) {
        self.event_at(name, data, None, out);
    }

    pub(super) fn event_at(
        &self,
        name: EventName,
        data: &impl Serialize,
        offset: Option<Token>,
        out: &mut Vec<u8>,
    ) {
        let data = &Named(name, data, offset);
        self.push(&Packet { kinds: ('2', '5'), id: None, data, attachments: &[] }, out);
    }

    pub(super) fn ack(&self, id: u64, data: &impl Serialize, out: &mut Vec<u8>) {
        self.push(&Packet { kinds: ('3', '6'), id: Some(id), data: &[data], attachments: &[] }, out);
    }

    /// An event failed: its answer says so, or an `error` event where none was asked for.
    pub(super) fn fault(&self, id: Option<u64>, error: &Error, out: &mut Vec<u8>) {
        #[derive(Serialize)]
        struct FailedJson<'a> {
            ok: bool,
            error: ErrorJson<'a>,
        }
        match id {
            Some(id) => self.ack(id, &FailedJson { ok: false, error: error.into() }, out),
            None => self.event(EventName::Error, &ErrorJson::from(error), out),
        }
    }

    /// The answer to CONNECT, for a client with connection state recovery with the name to come back with.
    pub(super) fn connect(&self, pid: Option<&OriginId>, out: &mut Vec<u8>) {
        #[derive(Serialize)]
        struct ConnectJson<'a> {
            sid: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            pid: Option<&'a OriginId>,
        }
        let data = &ConnectJson { sid: random_id(), pid };
        self.push(&Packet { kinds: ('0', '0'), id: None, data, attachments: &[] }, out);
    }

    pub(super) fn connect_error(&self, data: &impl Serialize, out: &mut Vec<u8>) {
        self.push(&Packet { kinds: ('4', '4'), id: None, data, attachments: &[] }, out);
    }

    fn push<T: Serialize>(&self, packet: &Packet<'_, T>, out: &mut Vec<u8>) {
        push_text(out, |out| {
            out.push(b'4');
            match packet.attachments.len() {
                0 => write!(out, "{}{}", packet.kinds.0, self.0)?,
                count => write!(out, "{}{count}-{}", packet.kinds.1, self.0)?,
            }
            if let Some(id) = packet.id {
                write!(out, "{id}")?;
            }
            write_json(out, packet.data).map_err(std::io::Error::from)
        });
        packet.attachments.iter().for_each(|attachment| push_binary(out, attachment));
    }
}
