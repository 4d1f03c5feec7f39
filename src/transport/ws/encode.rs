//! Events and replies as frames of the native WebSocket. `event` or `id` is the first key.

use serde::Serialize;

use crate::error::Result;
use crate::event::{CloseReason, Encode, Event, EventKind, Reply, View};
use crate::id::{RoomId, UserId};
use crate::model::{Mark, Token};
use crate::names::names;
use crate::transport::frame::{push_close, push_json, push_ping};
use crate::transport::wire::{ErrorJson, EventJson, ReplyJson};

/// The native WebSocket's wire format. It has no state: one for all connections.
#[derive(Debug)]
pub(in crate::transport) struct NativeEncode;

#[derive(Serialize)]
struct EventFrame<'a> {
    event: EventName,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<RoomId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pos: Option<Token>,
    data: EventJson<'a>,
}

/// `ready` carries its position within its data.
#[derive(Serialize)]
struct ReadyFrame<'a> {
    event: EventName,
    data: ReadyData<'a>,
}

#[derive(Serialize)]
struct ReadyData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pos: Option<Token>,
    #[serde(flatten)]
    ready: EventJson<'a>,
}

#[derive(Serialize)]
struct ReplyFrame<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<ReplyJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson<'a>>,
}

/// An error that answers no id.
#[derive(Serialize)]
struct ErrorFrame<'a> {
    event: EventName,
    data: ErrorJson<'a>,
}

names! {
    /// What a client is told of.
    pub(in crate::transport) enum EventName {
        Ready = "ready",
        CaughtUp = "caughtUp",
        Message = "message",
        System = "system",
        MessageUpdated = "messageUpdated",
        MessageDeleted = "messageDeleted",
        MessageDelta = "messageDelta",
        MessageHidden = "messageHidden",
        ThreadRead = "threadRead",
        Typing = "typing",
        Read = "read",
        Delivered = "delivered",
        Presence = "presence",
        TypingCount = "typingCount",
        OnlineCount = "onlineCount",
        Room = "room",
        Participant = "participant",
        Notification = "notification",
        Error = "error",
    }
}

/// `None`: what this protocol has no word for.
fn name(kind: &EventKind) -> Option<EventName> {
    Some(match kind {
        EventKind::Opened(_) => return None,
        EventKind::Ready(_) => EventName::Ready,
        EventKind::CaughtUp { .. } => EventName::CaughtUp,
        EventKind::Message(_) => EventName::Message,
        EventKind::System(_) => EventName::System,
        EventKind::Amended(amended) if amended.message.body.is_deleted() => EventName::MessageDeleted,
        EventKind::Amended(_) => EventName::MessageUpdated,
        EventKind::Delta(_) => EventName::MessageDelta,
        EventKind::Hidden { .. } => EventName::MessageHidden,
        EventKind::Thread { .. } => EventName::ThreadRead,
        EventKind::Typing(..) => EventName::Typing,
        EventKind::Marked(_, Mark::Read, _) => EventName::Read,
        EventKind::Marked(_, Mark::Delivered, _) => EventName::Delivered,
        EventKind::Presence { .. } => EventName::Presence,
        EventKind::TypingCount(_) => EventName::TypingCount,
        EventKind::OnlineCount(_) => EventName::OnlineCount,
        EventKind::Room(..) => EventName::Room,
        EventKind::Participant(..) | EventKind::Role(..) => EventName::Participant,
        EventKind::Notification(_) => EventName::Notification,
    })
}

impl Encode for NativeEncode {
    fn name(&self) -> &'static str {
        "ws"
    }

    fn event(&self, event: &Event, view: View, out: &mut Vec<u8>) {
        let Some(name) = name(&event.kind) else { return };
        let data = EventJson::new(event.room, &event.kind, view);
        match event.kind {
            EventKind::Ready(_) => {
                let data = ReadyData { pos: event.token, ready: data };
                push_json(out, &ReadyFrame { event: name, data });
            }
            _ => push_json(out, &EventFrame { event: name, room: event.room, pos: event.token, data }),
        }
    }

    fn reply(&self, id: Option<u64>, reply: &Result<Reply>, _viewer: Option<&UserId>, out: &mut Vec<u8>) {
        match (id, reply) {
            (None, Ok(_)) => {}
            (None, Err(error)) => push_json(out, &ErrorFrame { event: EventName::Error, data: error.into() }),
            (id, Ok(reply)) => push_json(out, &ReplyFrame { id, ok: Some(reply.into()), error: None }),
            (id, Err(error)) => push_json(out, &ReplyFrame { id, ok: None, error: Some(error.into()) }),
        }
    }

    fn ping(&self, out: &mut Vec<u8>) {
        push_ping(out);
    }

    fn close(&self, reason: CloseReason, out: &mut Vec<u8>) {
        push_close(out, reason);
    }
}
