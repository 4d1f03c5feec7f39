//! The vocabulary between transports and engine: [`Command`]s go in, [`Event`]s and [`Reply`]s come out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{MessageId, OriginId, RoomId, UserId};
use crate::model::{
    Amendment, Draft, FriendNotice, History, HistoryQuery, Mark, Message, Participant, Profile, Reaction,
    Role, Room, Token,
};

/// What a connection asks for. A [`Session`](crate::Session) executes it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Command {
    /// Send a message. Answered with it.
    Send(RoomId, Draft),
    /// Say something else in a message of one's own. Answered with it.
    Edit(RoomId, MessageId, Option<String>),
    /// Delete a message. Answered with what is left of it.
    Delete(RoomId, MessageId),
    /// Leave a reaction on a message, or take it back. Answered with the message.
    React(RoomId, MessageId, Reaction, bool),
    /// Move a mark up to this place, or to the newest message.
    Mark(RoomId, Mark, Option<crate::model::Cursor>),
    /// The user types, or has stopped. Ends by itself after [`Config::typing_timeout`](crate::Config).
    Typing(RoomId, bool),
    /// Have a room's live events again after [`Command::Unsubscribe`], and first what was missed since.
    Subscribe(RoomId, Option<Token>),
    /// Stop a room's live events on this connection. The membership stays.
    Unsubscribe(RoomId),
    /// Catch up on all rooms since a position.
    Resume(Token),
    /// Read a part of a room's history.
    History(RoomId, HistoryQuery),
    /// Nothing but an answer.
    Ping,
}

/// The answer to a command.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Reply {
    /// Done.
    Done,
    /// The room's live events come again.
    Subscribed(RoomId),
    /// The room's live events have stopped.
    Unsubscribed(RoomId),
    /// The message that was sent, or that was sent first under its client id.
    Message(Arc<Message>),
    /// The message that was changed, as it is now.
    Amended(Arc<Message>),
    /// Where the marks stand now.
    Marked(Marked),
    /// A part of a room's history.
    History(History),
}

/// Where a member's marks stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// The room.
    pub room: RoomId,
    /// Everything up to this `seq` is read.
    pub read_seq: u64,
    /// Everything up to this `seq` has arrived.
    pub delivered_seq: u64,
    /// How many messages are unread.
    pub unread: u64,
    /// When a mark last moved.
    pub at: Timestamp,
}

/// Something that happened, as a connection learns of it.
#[derive(Debug, Clone)]
pub struct Event {
    /// The room in which it happened.
    pub room: Option<RoomId>,
    /// A durable event brings the position to resume from once it is seen.
    pub token: Option<Token>,
    /// What happened.
    pub kind: EventKind,
}

/// The kinds of event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum EventKind {
    /// The connection has this name: the one that it came back with where all that was missed can be told,
    /// and another otherwise. Only for those that want a name, and first.
    Opened(OriginId),
    /// The connection has joined all its rooms.
    Ready(Ready),
    /// All that was missed has been told. Without `recovered` it could not be: reload.
    CaughtUp {
        /// Whether nothing is missing.
        recovered: bool,
    },
    /// A TEXT or IMAGE came.
    Message(Arc<Message>),
    /// A SYSTEM message came.
    System(Arc<Message>),
    /// A message changed: what it says, or the reactions on it.
    Amended(Amended),
    /// Somebody types, or has stopped.
    Typing(Profile, bool),
    /// A mark moved.
    Marked(UserId, Mark, Marked),
    /// Somebody came online, or went from the last node on which they were.
    Presence {
        /// Who.
        user: UserId,
        /// Whether a connection of theirs is open.
        online: bool,
        /// When their last connection ended.
        last_seen: Option<Timestamp>,
    },
    /// A room changed for everybody in it, or for this user.
    Room(RoomChange, Arc<Room>),
    /// Somebody joined (`true`), as a [member](crate::model::Role::Member), or left.
    Participant(Profile, bool),
    /// Somebody in the room has another role.
    Role(Profile, Role),
    /// Something about this user alone.
    Notification(Notification),
}

/// A message that has changed.
#[derive(Debug, Clone)]
pub struct Amended {
    /// The message as it is now. Of two, that with the greater
    /// [`changed_pos`](crate::model::MessageState::changed_pos) is the later one.
    pub message: Arc<Message>,
    /// Who changed it; `None` is the host, or not known, as in a catch-up.
    pub by: Option<UserId>,
    /// How; `None` where no more is known than how it is now.
    pub how: Option<Amendment>,
    /// What the user has left on it, where that is told: in a catch-up.
    pub own_reactions: Option<Vec<Reaction>>,
}

/// What happened to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RoomChange {
    /// Another name, topic or picture, other permissions, closed, or open again.
    Updated,
    /// The user belongs to it again or anew, or missed more than can be told: reload its history.
    Reset,
    /// The user does not belong to it any more.
    Left,
}

/// Something about one user alone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notification {
    /// The user was added to the room.
    AddedToRoom(Arc<Room>),
    /// The user was taken out of the room, or left it from another connection.
    RemovedFromRoom(RoomId),
    /// This user asks for friendship, or answers.
    Friend(FriendNotice, Profile),
    /// The user has changed how they stand to this one: other devices load their lists anew.
    FriendsChanged(Profile),
}

/// Where a fresh connection stands.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Who it is.
    pub user: UserId,
    /// Whether all that was missed since the token that it came with can be told.
    pub recovered: bool,
    /// The newest rooms, at most [`Config::max_listed`](crate::Config::max_listed).
    pub rooms: Vec<ReadyRoom>,
}

/// A room in [`Ready`].
#[derive(Debug, Clone)]
pub struct ReadyRoom {
    /// The room.
    pub room: Arc<Room>,
    /// How many messages are unread.
    pub unread: u64,
}

/// A page of participants, in the order of their ids.
#[derive(Debug, Clone)]
pub struct Participants {
    /// The participants.
    pub participants: Vec<Participant>,
    /// Where the next page begins, if there is one.
    pub next: Option<UserId>,
}

/// Why a connection is closed by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// It did not authenticate, or was logged out.
    Unauthenticated,
    /// Its token expired.
    TokenExpired,
    /// It took what waited for it too slowly: connect again and resume.
    Lagged,
    /// It asked for too much, and went on when it was refused.
    TooManyRequests,
    /// It sent a frame larger than the bound.
    FrameTooLarge,
    /// It broke its protocol.
    Protocol,
    /// The server stops: connect again after this delay.
    Restarting(Duration),
    /// The session ended on this side.
    Ended,
}

/// Whose eyes a message is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a message is one's own or not")]
pub enum View {
    /// Somebody else's.
    Others,
    /// Another device of its sender's.
    Sender,
}

/// Turns events to the bytes of a wire format. Called once an event and format, however many connections
/// share it (twice where the sender's other devices have theirs).
///
/// Each method appends whole frames to `out`, so that frames can stand one after another in one write.
pub trait Encode: Send + Sync + fmt::Debug + 'static {
    /// What operators know its transport by, in metrics and logs: a word, always the same.
    fn name(&self) -> &'static str;
    /// Appends an event.
    fn event(&self, event: &Event, view: View, out: &mut Vec<u8>);
    /// Appends the answer to a command; `id` is what the client named it by. `viewer` is who asked, once that is known.
    fn reply(&self, id: Option<u64>, reply: &Result<Reply>, viewer: Option<&UserId>, out: &mut Vec<u8>);
    /// Appends what makes a silent client speak; nothing where the transport sees to that itself.
    fn ping(&self, out: &mut Vec<u8>);
    /// Appends the last frame of a connection.
    fn close(&self, reason: CloseReason, out: &mut Vec<u8>);
}

/// How a connection takes its events.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_enums, reason = "events stay as they are, or become bytes")]
pub enum Format {
    /// As they are.
    InProcess,
    /// As bytes of a wire format.
    Wire(Arc<dyn Encode>),
}

impl Format {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::InProcess, Self::InProcess) => true,
            (Self::Wire(one), Self::Wire(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// What operators know its transport by.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::InProcess => "process",
            Self::Wire(encode) => encode.name(),
        }
    }

    /// An event by itself.
    pub(crate) fn event(&self, event: &Arc<Event>, view: View) -> Frame {
        match self {
            Self::InProcess => Frame::Event(event.clone()),
            Self::Wire(encode) => bytes(|out| encode.event(event, view, out)),
        }
    }

    /// The answer to a command.
    pub(crate) fn reply(&self, id: Option<u64>, reply: Result<Reply>, viewer: Option<&UserId>) -> Frame {
        match self {
            Self::InProcess => Frame::Reply(id, Arc::new(reply)),
            Self::Wire(encode) => bytes(|out| encode.reply(id, &reply, viewer, out)),
        }
    }

    pub(crate) fn ping(&self) -> Option<Frame> {
        match self {
            Self::InProcess => None,
            Self::Wire(encode) => Some(bytes(|out| encode.ping(out))).filter(|ping| ping.weight() > 0),
        }
    }

    pub(crate) fn close(&self, reason: CloseReason) -> Frame {
        match self {
            Self::InProcess => Frame::Close(reason),
            Self::Wire(encode) => bytes(|out| encode.close(reason, out)),
        }
    }
}

fn bytes(write: impl FnOnce(&mut Vec<u8>)) -> Frame {
    let mut out = Vec::with_capacity(512);
    write(&mut out);
    Frame::Bytes(out.into())
}

/// What waits in a mailbox, shared by all connections that get it.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_enums, reason = "a transport has to write each of them")]
pub enum Frame {
    /// Whole frames of a wire format.
    Bytes(Bytes),
    /// An event in process.
    Event(Arc<Event>),
    /// The answer to a command in process.
    Reply(Option<u64>, Arc<Result<Reply>>),
    /// The end in process.
    Close(CloseReason),
}

impl Frame {
    /// What it counts for in a mailbox's bound. In process, where nothing is copied, an entry counts for
    /// itself.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            _ => 64,
        }
    }
}

impl CloseReason {
    /// The error that tells a client of it, where one does.
    pub fn error(self) -> Option<Error> {
        let kind = match self {
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::TokenExpired => ErrorKind::TokenExpired,
            Self::Lagged | Self::Restarting(_) => ErrorKind::Unavailable,
            Self::TooManyRequests => ErrorKind::RateLimited(Duration::from_secs(1)),
            Self::FrameTooLarge | Self::Protocol | Self::Ended => return None,
        };
        Some(kind.into())
    }
}
