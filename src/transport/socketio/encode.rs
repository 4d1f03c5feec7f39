//! Events and replies as Socket.IO packets of one namespace, each a WebSocket text frame.

use serde::Serialize;
use serde::ser::SerializeTuple;

use super::namespace::Prefix;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{CloseReason, Encode, Event, EventKind, Reply, View};
use crate::id::{RoomId, UserId};
use crate::model::{Mark, Token};
use crate::names::names;
use crate::transport::status::close_error;
use crate::transport::wire::{ErrorJson, EventJson, ReplyJson};

/// The chat in one namespace. One for all its connections, so that an event is encoded once for them.
#[derive(Debug)]
pub(in crate::transport) struct ChatEncode {
    pub(super) prefix: Prefix,
    /// For clients with connection state recovery: each event that has a place to come back to brings it
    /// as its last argument.
    pub(super) has_offsets: bool,
}

/// All rooms are joined.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Connected))]
pub(in crate::transport) struct ConnectedJson<'a> {
    /// Always `connected`.
    message: &'static str,
    /// Whose connection it is.
    user_uuid: &'a UserId,
    /// The place to resume from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pos: Option<Token>,
}

/// All that was missed has been told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = RoomsCaughtUp))]
pub(in crate::transport) struct CaughtUpJson {
    /// The room, where it was one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    room_uuid: Option<RoomId>,
    /// The place to resume from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pos: Option<Token>,
    /// Whether nothing is missing; otherwise reload.
    recovered: bool,
}

/// A room by its id.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OfRoom))]
pub(in crate::transport) struct RoomIdJson {
    /// The room.
    room_uuid: RoomId,
}

/// Why the server closes the connection.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Closing))]
pub(in crate::transport) struct ClosingJson<'a> {
    /// What to act on; stable.
    code: &'static str,
    /// What to do, in words.
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

names! {
    /// What a client is told of.
    pub(in crate::transport) enum EventName {
        Connected = "connected",
        CaughtUp = "caughtUp",
        JoinedRoom = "joinedRoom",
        LeftRoom = "leftRoom",
        NewMessage = "newMessage",
        SystemMessage = "systemMessage",
        MessageUpdated = "messageUpdated",
        MessageDeleted = "messageDeleted",
        MessageDelta = "messageDelta",
        MessageHidden = "messageHidden",
        ThreadRead = "threadRead",
        UserTyping = "userTyping",
        MessagesRead = "messagesRead",
        MessagesDelivered = "messagesDelivered",
        Presence = "presence",
        TypingCount = "typingCount",
        OnlineCount = "onlineCount",
        RoomUpdated = "roomUpdated",
        ParticipantChanged = "participantChanged",
        Notification = "notification",
        Error = "error",
    }
}

/// `None`: the answer to CONNECT, which is no event.
fn name(kind: &EventKind) -> Option<EventName> {
    Some(match kind {
        EventKind::Opened(_) => return None,
        EventKind::Ready(_) => EventName::Connected,
        EventKind::CaughtUp { .. } => EventName::CaughtUp,
        EventKind::Message(_) => EventName::NewMessage,
        EventKind::System(_) => EventName::SystemMessage,
        EventKind::Amended(amended) if amended.message.body.is_deleted() => EventName::MessageDeleted,
        EventKind::Amended(_) => EventName::MessageUpdated,
        EventKind::Delta(_) => EventName::MessageDelta,
        EventKind::Hidden { .. } => EventName::MessageHidden,
        EventKind::Thread { .. } => EventName::ThreadRead,
        EventKind::Typing(..) => EventName::UserTyping,
        EventKind::Marked(_, Mark::Read, _) => EventName::MessagesRead,
        EventKind::Marked(_, Mark::Delivered, _) => EventName::MessagesDelivered,
        EventKind::Presence { .. } => EventName::Presence,
        EventKind::TypingCount(_) => EventName::TypingCount,
        EventKind::OnlineCount(_) => EventName::OnlineCount,
        EventKind::Room(..) => EventName::RoomUpdated,
        EventKind::Participant(..) | EventKind::Role(..) => EventName::ParticipantChanged,
        EventKind::Notification(_) => EventName::Notification,
    })
}

impl Encode for ChatEncode {
    fn name(&self) -> &'static str {
        "socketio"
    }

    fn event(&self, event: &Event, view: View, out: &mut Vec<u8>) {
        let offset = event.token.filter(|_| self.has_offsets);
        let (room, pos) = (event.room, event.token);
        match (&event.kind, name(&event.kind)) {
            (EventKind::Opened(origin), _) => self.prefix.connect(Some(origin), out),
            (EventKind::Ready(ready), Some(name)) => {
                let connected = ConnectedJson { message: "connected", user_uuid: &ready.user, pos };
                self.prefix.event_at(name, &connected, offset, out);
            }
            (EventKind::CaughtUp { recovered }, Some(name)) => {
                let caught_up = CaughtUpJson { room_uuid: room, pos, recovered: *recovered };
                self.prefix.event(name, &caught_up, out);
            }
            (kind, Some(name)) => self.prefix.event_at(name, &EventJson::new(room, kind, view), offset, out),
            (_, None) => {}
        }
    }

    fn reply(&self, id: Option<u64>, reply: &Result<Reply>, viewer: Option<&UserId>, out: &mut Vec<u8>) {
        match reply {
            Err(error) if viewer.is_none() => return self.refuse(error, out),
            Ok(Reply::Subscribed(room)) => {
                self.prefix.event(EventName::JoinedRoom, &RoomIdJson { room_uuid: *room }, out);
            }
            Ok(Reply::Unsubscribed(room)) => {
                self.prefix.event(EventName::LeftRoom, &RoomIdJson { room_uuid: *room }, out);
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
            self.prefix.event(EventName::Error, &ClosingJson { code, message: &message }, out);
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
pub(super) struct Named<'a, T>(pub(super) EventName, pub(super) &'a T, pub(super) Option<Token>);

impl<T: Serialize> Serialize for Named<'_, T> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut tuple = s.serialize_tuple(2 + usize::from(self.2.is_some()))?;
        tuple.serialize_element(&self.0)?;
        tuple.serialize_element(self.1)?;
        if let Some(offset) = &self.2 {
            tuple.serialize_element(offset)?;
        }
        tuple.end()
    }
}
