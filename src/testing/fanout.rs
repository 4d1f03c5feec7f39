//! The hub by itself, to be measured.

use std::sync::Arc;

use crate::config::Config;
use crate::event::{CloseReason, Encode, Event, EventKind, Format, Reply, View};
use crate::hub::{Class, Connection, Hub};
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{Body, Custom, Message, MessageState, Pos, Position, Profile, References};
use crate::{Result, Timestamp};

/// One room of a hub, with connections that nobody reads but [`Fanout::drain`].
#[derive(Debug)]
pub struct Fanout {
    hub: Hub,
    room: RoomId,
    connections: Vec<Arc<Connection>>,
    event: Arc<Message>,
    at: u64,
}

/// A wire format that costs nothing: what is measured is the hub.
#[derive(Debug)]
struct Ready(Vec<u8>);

impl Encode for Ready {
    fn name(&self) -> &'static str {
        "bench"
    }
    fn event(&self, _: &Event, _: View, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
    fn reply(&self, _: Option<u64>, _: &Result<Reply>, _: Option<&UserId>, _: &mut Vec<u8>) {}
    fn ping(&self, _: &mut Vec<u8>) {}
    fn close(&self, _: CloseReason, _: &mut Vec<u8>) {}
}

impl Fanout {
    /// A room with so many listeners, for whom each event is a frame of `frame` bytes.
    ///
    /// # Panics
    /// Never: the ids in it are good.
    pub fn new(listeners: usize, frame: usize) -> Self {
        let (hub, room) = (Hub::new(&Config::default(), None), RoomId::generate());
        let format = Format::Wire(Arc::new(Ready(vec![b'x'; frame])));
        let connect = |number: usize| {
            let user = format!("user-{number}").parse().expect("a good id");
            let (connection, _) = hub.connect(&user, format.clone(), None, None);
            hub.join_as_of(&connection, room, u32::MAX, &Position::start(1));
            hub.end_joining(&connection);
            connection.release(&Position::start(1), None, None);
            connection
        };
        let connections = (0..listeners).map(connect).collect();
        let event = Arc::new(Message {
            id: MessageId::generate(),
            room,
            seq: 1,
            sender: Profile::unknown("sender".parse().expect("a good id")),
            body: Body::Text("hello".into()),
            client_id: None,
            origin: None,
            created_at: Timestamp::from_millis(0),
            pos: 1,
            n: 1,
            own_n: 1,
            state: MessageState::default(),
            attachments: Arc::default(),
            references: References::default(),
            custom: Custom::default(),
        });
        Self { hub, room, connections, event, at: 0 }
    }

    /// Publishes one event to all of them. Drain them before [`Config::mailbox_events`] of them wait, or they are
    /// closed.
    pub fn publish(&mut self) {
        self.at += 1;
        let event =
            Event { room: Some(self.room), token: None, kind: EventKind::Message(self.event.clone()) };
        let pos = Pos { lane: 0, at: self.at };
        let post = self.hub.post(event, Some(pos), None, Some(&self.event.sender.user));
        self.hub.publish(self.room, &[post], &Class::Durable);
    }

    /// Takes what waits for each, as a socket that takes everything would. Gives how many bytes it was in all.
    pub fn drain(&self) -> usize {
        let mut total = 0;
        for connection in &self.connections {
            let _ = connection.mailbox.write(|slices| {
                let written = slices.iter().map(|slice| slice.len()).sum();
                total += written;
                Ok(written)
            });
        }
        total
    }
}
