//! Events and replies as frames of the native WebSocket. `event` or `id` is the first key.

use serde::Serialize;

use crate::error::Result;
use crate::event::{CloseReason, Encode, Event, EventKind, Reply, View};
use crate::id::{RoomId, UserId};
use crate::model::{Mark, Token};
use crate::transport::status::close_code;
use crate::transport::wire::{ErrorJson, EventJson, ReplyJson};

/// The native WebSocket's wire format. It has no state: one for all connections.
#[derive(Debug)]
pub(super) struct NativeEncode;

#[derive(Serialize)]
struct EventFrame<'a> {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<RoomId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pos: Option<Token>,
    data: EventJson<'a>,
}

/// `ready` carries its position within its data.
#[derive(Serialize)]
struct ReadyFrame<'a> {
    event: &'static str,
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
    event: &'static str,
    data: ErrorJson<'a>,
}

fn name(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Ready(_) => "ready",
        EventKind::CaughtUp { .. } => "caughtUp",
        EventKind::Message(_) => "message",
        EventKind::System(_) => "system",
        EventKind::Typing(..) => "typing",
        EventKind::Marked(_, Mark::Read, _) => "read",
        EventKind::Marked(_, Mark::Delivered, _) => "delivered",
        EventKind::Presence { .. } => "presence",
        EventKind::Room(..) => "room",
        EventKind::Participant(..) => "participant",
        EventKind::Notification(_) => "notification",
    }
}

impl Encode for NativeEncode {
    fn event(&self, event: &Event, view: View, out: &mut Vec<u8>) {
        let data = EventJson::new(event.room, &event.kind, view);
        let event_name = name(&event.kind);
        match event.kind {
            EventKind::Ready(_) => {
                let data = ReadyData { pos: event.token, ready: data };
                push_text(out, &ReadyFrame { event: event_name, data });
            }
            _ => {
                push_text(out, &EventFrame { event: event_name, room: event.room, pos: event.token, data });
            }
        }
    }

    fn reply(&self, id: Option<u64>, reply: &Result<Reply>, _viewer: Option<&UserId>, out: &mut Vec<u8>) {
        match (id, reply) {
            (None, Ok(_)) => {}
            (None, Err(error)) => push_text(out, &ErrorFrame { event: "error", data: error.into() }),
            (id, Ok(reply)) => push_text(out, &ReplyFrame { id, ok: Some(reply.into()), error: None }),
            (id, Err(error)) => push_text(out, &ReplyFrame { id, ok: None, error: Some(error.into()) }),
        }
    }

    fn ping(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[FIN | PING, 0]);
    }

    fn close(&self, reason: CloseReason, out: &mut Vec<u8>) {
        let (code, text) = close_code(reason);
        // A control frame's payload ends at 125 bytes (RFC 6455, 5.5); these texts are shorter.
        let text = text.get(..text.len().min(123)).unwrap_or_default();
        out.extend_from_slice(&[FIN | CLOSE, u8::try_from(text.len() + 2).unwrap_or(2)]);
        out.extend_from_slice(&code.to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
}

// RFC 6455, 5.2.
const FIN: u8 = 0x80;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;

/// Appends a value as one text frame. A server's frames are not masked.
fn push_text(out: &mut Vec<u8>, value: &impl Serialize) {
    // The header's length depends on the payload's: written after it, and moved in place.
    let start = out.len();
    out.extend_from_slice(&[FIN | TEXT, 0, 0, 0]);
    let body = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        // These types always serialize: no map has a key that is no text.
        out.truncate(start);
        return;
    }
    let length = out.len() - body;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => {
            out[start + 1] = short;
            out.drain(start + 2..body);
        }
        (_, Ok(medium)) => {
            out[start + 1] = 126;
            out[start + 2..body].copy_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out[start + 1] = 127;
            out.splice(start + 2..body, (length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_any_length_reads_back() {
        for length in [0, 1, 120, 123, 124, 130, 60_000, 65_533, 65_534, 70_000] {
            let text = "x".repeat(length);
            let mut out = vec![1, 2, 3];
            push_text(&mut out, &text);
            let mut stream = std::io::Cursor::new(out.split_off(3));
            let mut socket = tungstenite::WebSocket::from_raw_socket(
                &mut stream,
                tungstenite::protocol::Role::Client,
                None,
            );
            assert_eq!(socket.read().unwrap().into_text().unwrap().as_str(), format!("\"{text}\""));
        }
    }
}
