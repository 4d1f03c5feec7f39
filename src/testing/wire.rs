//! The wire formats by themselves, to be measured.

use std::sync::Arc;

use crate::Timestamp;
use crate::event::{Event, EventKind, Format, Frame, View};
use crate::id::{MessageId, RoomId};
use crate::model::{Body, Custom, Epoch, Message, MessageState, Position, Profile, References, Token};
use crate::transport::{socketio, ws};

/// A wire format, with a message whose text has 100 bytes that is told, and one that a client sends.
#[derive(Debug)]
pub struct Wire {
    format: Format,
    event: Arc<Event>,
    sent: String,
    parse: fn(&str) -> bool,
}

impl Wire {
    /// The native WebSocket.
    pub fn native() -> Self {
        let (room, content) = (RoomId::generate(), "x".repeat(100));
        let message = format!(r#"{{"type":"TEXT","content":"{content}","clientId":"c1"}}"#);
        let sent = format!(r#"{{"id":7,"op":"send","room":"{room}","message":{message}}}"#);
        Self { format: ws::format(), event: told(room, content), sent, parse: ws::is_send }
    }

    /// Socket.IO.
    pub fn socketio() -> Self {
        let (room, content) = (RoomId::generate(), "x".repeat(100));
        let message = format!(r#"{{"type":"TEXT","content":"{content}","clientId":"c1"}}"#);
        let sent = format!(r#"2/chat,7["sendMessage",{{"roomUuid":"{room}","message":{message}}}]"#);
        Self { format: socketio::format("chat"), event: told(room, content), sent, parse: socketio::is_send }
    }

    /// Encodes the message that is told, as for all that listen in this format. Gives how many bytes its frame has.
    pub fn encode(&self) -> usize {
        match self.format.event(&self.event, View::Others) {
            Frame::Bytes(frame) => frame.len(),
            _ => 0,
        }
    }

    /// Parses what a client sends, up to a command. Whether it is one.
    pub fn decode(&self) -> bool {
        (self.parse)(&self.sent)
    }
}

fn told(room: RoomId, content: String) -> Arc<Event> {
    let sender = Profile::unknown("01JQUSER00000000000000000A".parse().expect("a good id"));
    let message = Message {
        id: MessageId::generate(),
        room,
        seq: 1_000,
        sender,
        body: Body::Text(content.into()),
        client_id: None,
        origin: None,
        created_at: Timestamp::from_millis(1_700_000_000_000),
        pos: 1,
        n: 1,
        own_n: 1,
        state: MessageState::default(),
        attachments: Arc::default(),
        references: References::default(),
        custom: Custom::default(),
    };
    let token = Token { epoch: Epoch::random(), position: Position::start(1) };
    Arc::new(Event { room: Some(room), token: Some(token), kind: EventKind::Message(Arc::new(message)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_is_what_is_spoken() {
        for wire in [Wire::native(), Wire::socketio()] {
            assert!(wire.decode(), "{wire:?}");
            assert!((300..600).contains(&wire.encode()), "{}", wire.encode());
        }
    }
}
