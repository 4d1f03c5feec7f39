//! Events and replies as Socket.IO packets of one namespace, each a WebSocket text frame.

use serde::Serialize;
use serde::ser::SerializeTuple;

use super::namespace::Prefix;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{CloseReason, Encode, Event, EventKind, Reply, View};
use crate::id::{RoomId, UserId};
use crate::model::{Mark, Token};
use crate::transport::status::close_error;
use crate::transport::wire::{ErrorJson, EventJson, ReplyJson};

/// The chat in one namespace. One for all its connections, so that an event is encoded once for them.
#[derive(Debug)]
pub(super) struct ChatEncode {
    pub(super) prefix: Prefix,
    /// For clients with connection state recovery: each event that has a place to come back to brings it
    /// as its last argument.
    pub(super) has_offsets: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectedJson<'a> {
    message: &'static str,
    user_uuid: &'a UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pos: Option<Token>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CaughtUpJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    room_uuid: Option<RoomId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pos: Option<Token>,
    recovered: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomIdJson {
    room_uuid: RoomId,
}

#[derive(Serialize)]
struct ClosingJson<'a> {
    code: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct DoneJson<'a> {
    ok: bool,
    #[serde(flatten)]
    reply: ReplyJson<'a>,
}

#[derive(Serialize)]
struct RefusedJson<'a> {
    message: &'a str,
    data: ErrorJson<'a>,
}

fn name(kind: &EventKind) -> &'static str {
    match kind {
        // The answer to CONNECT, which is no event.
        EventKind::Opened(_) => "",
        EventKind::Ready(_) => "connected",
        EventKind::CaughtUp { .. } => "caughtUp",
        EventKind::Message(_) => "newMessage",
        EventKind::System(_) => "systemMessage",
        EventKind::Typing(..) => "userTyping",
        EventKind::Marked(_, Mark::Read, _) => "messagesRead",
        EventKind::Marked(_, Mark::Delivered, _) => "messagesDelivered",
        EventKind::Presence { .. } => "presence",
        EventKind::Room(..) => "roomUpdated",
        EventKind::Participant(..) => "participantChanged",
        EventKind::Notification(_) => "notification",
    }
}

impl Encode for ChatEncode {
    fn name(&self) -> &'static str {
        "socketio"
    }

    fn event(&self, event: &Event, view: View, out: &mut Vec<u8>) {
        let name = name(&event.kind);
        let offset = event.token.filter(|_| self.has_offsets);
        match &event.kind {
            EventKind::Opened(origin) => self.prefix.connect(Some(origin), out),
            EventKind::Ready(ready) => {
                let connected =
                    ConnectedJson { message: "connected", user_uuid: &ready.user, pos: event.token };
                self.prefix.event_at(name, &connected, offset, out);
            }
            EventKind::CaughtUp { recovered } => {
                let (room_uuid, pos, recovered) = (event.room, event.token, *recovered);
                self.prefix.event(name, &CaughtUpJson { room_uuid, pos, recovered }, out);
            }
            kind => self.prefix.event_at(name, &EventJson::new(event.room, kind, view), offset, out),
        }
    }

    fn reply(&self, id: Option<u64>, reply: &Result<Reply>, viewer: Option<&UserId>, out: &mut Vec<u8>) {
        match reply {
            Err(error) if viewer.is_none() => return self.refuse(error, out),
            Ok(Reply::Subscribed(room)) => {
                self.prefix.event("joinedRoom", &RoomIdJson { room_uuid: *room }, out);
            }
            Ok(Reply::Unsubscribed(room)) => {
                self.prefix.event("leftRoom", &RoomIdJson { room_uuid: *room }, out);
            }
            _ => {}
        }
        match (id, reply) {
            (Some(id), Ok(reply)) => self.prefix.ack(id, &DoneJson { ok: true, reply: reply.into() }, out),
            (None, Ok(_)) => {}
            (id, Err(error)) => self.prefix.fault(id, error, out),
        }
    }

    fn ping(&self, _out: &mut Vec<u8>) {
        // Engine.IO pings for all namespaces.
    }

    fn close(&self, reason: CloseReason, out: &mut Vec<u8>) {
        if let Some((code, message)) = close_error(reason) {
            self.prefix.event("error", &ClosingJson { code, message: &message }, out);
        }
        // Whoever should come back gets no DISCONNECT: after one, stock clients stay away.
        if is_final(reason) {
            self.prefix.packet('1', out);
        }
    }
}

/// Whether it ends the namespace's connection alone, and the client should stay away from it.
pub(super) fn is_final(reason: CloseReason) -> bool {
    matches!(reason, CloseReason::Unauthenticated | CloseReason::TokenExpired)
}

impl ChatEncode {
    /// CONNECT_ERROR, which stock clients do not come back after: so nothing for what may pass.
    fn refuse(&self, error: &Error, out: &mut Vec<u8>) {
        if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Corrupt(_)) {
            return;
        }
        let message = error.kind().public_message();
        self.prefix.connect_error(&RefusedJson { message: &message, data: error.into() }, out);
    }
}

/// An event's array: its name, its data, and the place to come back to.
pub(super) struct Named<'a, T>(pub(super) &'a str, pub(super) &'a T, pub(super) Option<Token>);

impl<T: Serialize> Serialize for Named<'_, T> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut tuple = s.serialize_tuple(2 + usize::from(self.2.is_some()))?;
        tuple.serialize_element(self.0)?;
        tuple.serialize_element(self.1)?;
        if let Some(offset) = &self.2 {
            tuple.serialize_element(offset)?;
        }
        tuple.end()
    }
}
