//! The vocabulary between transports and engine: [`Command`]s go in, [`Event`]s and [`Reply`]s come out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{JoinRequestId, MessageId, OriginId, RoomId, UserId};
use crate::model::{
    Amendment, Delta, DoNotDisturb, Draft, FriendNotice, History, HistoryQuery, Hits, Invitation, InviteCode,
    Mark, Message, NotifyLevel, NotifySetting, Participant, Profile, Quiet, Reaction, Revision, Role, Room,
    RoomView, SearchQuery, Settings, SettingsUpdate, ThreadState, Token,
};

/// What a connection asks for. A [`Session`](crate::Session) executes it, and it is refused as the method of
/// [`Actor`](crate::Actor) that does the same.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Command {
    /// [Send](crate::Actor::send) a message. Answered with [`Reply::Message`].
    Send(RoomId, Draft),
    /// Send a message that is [yet to be written](crate::Actor::start_stream). Answered with [`Reply::Message`].
    StartStream(RoomId, Draft),
    /// [Write more](crate::Actor::append_stream) of it. Answered with [`Reply::Done`].
    AppendStream(RoomId, MessageId, String),
    /// [End](crate::Actor::stop_stream) the writing of it. Answered with [`Reply::Amended`].
    StopStream(RoomId, MessageId),
    /// [Pass a message on](crate::Actor::forward). Answered with [`Reply::Message`].
    Forward {
        /// The room that it is in.
        from: RoomId,
        /// The message.
        message: MessageId,
        /// The room that it goes to.
        to: RoomId,
        /// A name of the client's own for it there.
        client_id: Option<String>,
    },
    /// [Edit](crate::Actor::revise) a message of one's own. Answered with [`Reply::Amended`].
    Edit(RoomId, MessageId, Revision),
    /// [Delete](crate::Actor::delete) a message. Answered with [`Reply::Amended`].
    Delete(RoomId, MessageId),
    /// [Leave a reaction](crate::Actor::react) on a message (`true`), or take it back. Answered with
    /// [`Reply::Amended`].
    React(RoomId, MessageId, Reaction, bool),
    /// [Pin](crate::Actor::pin) a message (`true`), or take the pin off. Answered with [`Reply::Amended`].
    Pin(RoomId, MessageId, bool),
    /// [Take a message out of one's own sight](crate::Actor::hide). Answered with [`Reply::Done`].
    Hide(RoomId, MessageId),
    /// Move the [read](crate::Actor::mark_read) or the [delivered](crate::Actor::mark_delivered) mark up to this
    /// place; `None` is the newest message. Answered with [`Reply::Marked`].
    Mark(RoomId, Mark, Option<crate::model::Cursor>),
    /// The user types (`true`), or has stopped. Ends by itself after
    /// [`Config::typing_timeout`](crate::Config::typing_timeout). Of whoever may not send it is told to nobody.
    /// Answered with [`Reply::Done`].
    Typing(RoomId, bool),
    /// Have a room's live events again after [`Command::Unsubscribe`]; with a token first what was missed since,
    /// up to [`EventKind::CaughtUp`] of that room. Answered with [`Reply::Subscribed`]. With a token it is
    /// [`RateLimited`](crate::ErrorKind::RateLimited) while another catch-up of the connection goes on.
    Subscribe(RoomId, Option<Token>),
    /// Stop a room's live events on this connection. The membership stays. Answered with
    /// [`Reply::Unsubscribed`].
    Unsubscribe(RoomId),
    /// Catch up on all rooms since a position, up to [`EventKind::CaughtUp`]. Answered with [`Reply::Done`], or
    /// [`RateLimited`](crate::ErrorKind::RateLimited) while another catch-up of the connection goes on.
    Resume(Token),
    /// Read a part of a room's [history](crate::Actor::history). Answered with [`Reply::History`].
    History(RoomId, HistoryQuery),
    /// Nothing but an answer: [`Reply::Done`].
    Ping,
    /// [Look for messages](crate::Actor::search) by their words. Answered with [`Reply::Found`].
    Search(Box<SearchQuery>),
    /// [Follow](crate::Actor::follow_thread) the thread of a message (`true`), or no longer. Answered with
    /// [`Reply::Thread`].
    FollowThread(RoomId, MessageId, bool),
    /// Move the [mark](crate::Actor::mark_thread_read) in the thread of a message up to this place; `None` is the newest
    /// message. Answered with [`Reply::Thread`].
    ReadThread(RoomId, MessageId, Option<crate::model::Cursor>),
    /// [Choose](crate::Actor::set_notifications) of which messages of a room one wants notices, for so many seconds or
    /// for good. Answered with [`Reply::Room`].
    SetNotifications(RoomId, Option<NotifyLevel>, Option<u64>),
    /// Want no notices [for a time](crate::Actor::set_do_not_disturb), or want them again. Answered with
    /// [`Reply::DoNotDisturb`].
    SetDoNotDisturb(Option<Quiet>),
    /// Change [what others see](crate::Actor::set_settings) of the user. Answered with [`Reply::Settings`].
    SetSettings(SettingsUpdate),
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
    /// A page of what was found.
    Found(Hits),
    /// Where the user stands in the thread now.
    Thread(ThreadState),
    /// The room, as the user sees it now.
    Room(Box<RoomView>),
    /// When the user wants no notices now.
    DoNotDisturb(DoNotDisturb),
    /// What others see of the user now.
    Settings(Settings),
    /// What came of something that the app's routes were called for.
    Called(Called),
}

/// The answer of whoever takes the calls of clients.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "whoever takes calls makes these")]
pub struct Called {
    /// As of HTTP: a success.
    pub status: u16,
    /// JSON.
    pub body: Box<RawValue>,
}

/// Where a member's marks stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// The room.
    pub room: RoomId,
    /// Everything up to this [`seq`](Message::seq) is read; 0 before the first message.
    pub read_seq: u64,
    /// Everything up to this [`seq`](Message::seq) has arrived; at least `read_seq`.
    pub delivered_seq: u64,
    /// How many messages of others the member has not read, SYSTEM messages not counted. An answer tells it; in
    /// an [event](EventKind::Marked) it is 0, and tells nothing.
    pub unread: u64,
    /// When a mark last moved.
    pub at: Timestamp,
}

/// Something that happened, as a connection learns of it.
#[derive(Debug, Clone)]
pub struct Event {
    /// The room in which it happened; `None` for what is of no room or of all.
    pub room: Option<RoomId>,
    /// A durable event brings the position to resume from once it is seen; typing, presence, marks and what is
    /// told of friends bring none.
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
    /// The connection has joined all its rooms. First of all, but for [`Opened`](Self::Opened); a connection with
    /// such a name that comes back is told it once all that was missed is told.
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
    /// A message changed: what it says, what the app keeps with it, the reactions on it, or whether it is pinned.
    Amended(Amended),
    /// The user has [hidden](crate::Actor::hide) this message on another connection: it is shown to them no more. A
    /// catch-up may tell of the message first, and then of this.
    Hidden {
        /// The message.
        message: MessageId,
        /// Its number in the room.
        seq: u64,
    },
    /// Where the user stands in a thread has changed by another connection, or by a [reply](crate::model::Draft::replying) of
    /// theirs, or the first one to a message of theirs: they [follow](crate::Actor::follow_thread) it or no longer, or have
    /// [read](crate::Actor::mark_thread_read) more of it. Of two the later one holds. Where a reply has them follow it, the
    /// connection that sent it is told too, before it is answered.
    Thread {
        /// The thread's root.
        root: MessageId,
        /// Whether they follow it.
        following: bool,
        /// Every reply up to this number is read.
        read_seq: u64,
    },
    /// A message that is [being written](crate::Actor::start_stream) says more. It may be lost; the message's next
    /// state has it.
    Delta(Delta),
    /// Somebody types (`true`), or has stopped. It is told in rooms of at most
    /// [`Config::typing_max_members`](crate::Config::typing_max_members) participants, and may be lost.
    Typing(Profile, bool),
    /// So many type in a room of more than [`Config::typing_max_members`](crate::Config::typing_max_members) participants,
    /// whoever is told counted if they do. At most every second. It may be lost.
    TypingCount(u32),
    /// So many are here who listen to a room of more than
    /// [`Config::presence_max_members`](crate::Config::presence_max_members) participants, whoever is told counted. At most
    /// every five seconds. It may be lost.
    OnlineCount(u32),
    /// Whose mark moved, which one, and where both stand. Of several only the last may come. In rooms of
    /// more than [`Config::receipts_max_members`](crate::Config::receipts_max_members) participants it is told to other devices
    /// of the same user alone.
    Marked(UserId, Mark, Marked),
    /// Somebody came online, or went from the last node on which they were. It is told in rooms of at most
    /// [`Config::presence_max_members`](crate::Config::presence_max_members) participants, and may be lost.
    Presence {
        /// Who.
        user: UserId,
        /// Whether a connection of theirs is open.
        online: bool,
        /// When their last connection ended; `None` where they have come, and where not everybody may
        /// [see](crate::model::Settings::last_seen) it.
        last_seen: Option<Timestamp>,
    },
    /// A room changed for everybody in it, or for this user.
    Room(RoomChange, Arc<Room>),
    /// Somebody joined (`true`), as a [member](crate::model::Role::Member), or left.
    Participant(Profile, bool),
    /// Somebody in the room has another role, or is muted until another time: both as they are now. A time that is
    /// over mutes nobody.
    Role(Profile, Role, Option<Timestamp>),
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
    /// A room that the user was in was deleted.
    RoomDeleted(RoomId),
    /// This user asks for friendship, or answers.
    Friend(FriendNotice, Profile),
    /// The user has changed how they stand to this one: other devices load their lists anew.
    FriendsChanged(Profile),
    /// The user is invited to a room. It may be lost; [`Actor::invitations`](crate::Actor::invitations) lists it.
    Invited(Invitation),
    /// An invitation of the user's was taken back, or declined by another device of theirs.
    InviteEnded(RoomId, InviteCode),
    /// This user has declined the invitation to the room that this one has made.
    InviteDeclined(RoomId, Profile),
    /// The user has chosen of which messages of the room they want notices; `None` is the default.
    Notifications(RoomId, Option<NotifySetting>),
    /// The user has changed when they want no notices. It may be lost;
    /// [`Actor::do_not_disturb`](crate::Actor::do_not_disturb) tells it.
    DoNotDisturb(DoNotDisturb),
    /// The user has changed what others see of them. It may be lost;
    /// [`Actor::settings`](crate::Actor::settings) has it.
    Settings(Settings),
    /// A message of the user's that was held is sent. It may be lost; the message itself comes as any other.
    MessageApproved(RoomId, MessageId),
    /// A message of the user's that was held is not sent, for this reason, if one was given. It may be lost;
    /// [`Actor::own_held`](crate::Actor::own_held) lists what waits.
    MessageRejected(RoomId, MessageId, Option<String>),
    /// A message of the user's that was held is not sent, for nobody has answered within
    /// [`Config::held_keep`](crate::Config::held_keep). It may be lost; [`Actor::own_held`](crate::Actor::own_held) lists what
    /// waits.
    MessageExpired(RoomId, MessageId),
    /// A message of the user's that was held is taken back, by this connection or another one of theirs. It may be lost;
    /// [`Actor::own_held`](crate::Actor::own_held) lists what waits.
    MessageWithdrawn(RoomId, MessageId),
    /// Which messages are held in the room has changed, for one was held, approved, rejected, taken back, or let go after a
    /// time: for the first [`MODERATORS_TOLD`](crate::model::Member::MODERATORS_TOLD) of those who may answer, and for its
    /// sender, but where somebody has answered. What changes at about the same time is told once. It may be lost;
    /// [`Actor::held`](crate::Actor::held) and [`Actor::own_held`](crate::Actor::own_held) list what waits.
    HeldMessagesChanged(RoomId),
    /// Which [reports](crate::Actor::reports) of the room's messages wait has changed, for one was made or settled: for the
    /// first [`MODERATORS_TOLD`](crate::model::Member::MODERATORS_TOLD) of those who may settle them. It may be lost.
    ReportsChanged(RoomId),
    /// Who waits to come into the room has changed, for somebody has asked to, has taken that back, was answered, or let go
    /// after a time: for the first [`MODERATORS_TOLD`](crate::model::Member::MODERATORS_TOLD) of those who may answer, and for
    /// whoever asks or takes it back. What changes at about the same time is told once. It may be lost; [`Actor::join_requests`](crate::Actor::join_requests) and
    /// [`Actor::own_join_requests`](crate::Actor::own_join_requests) list who waits.
    JoinRequestsChanged(RoomId),
    /// The user waited to come into the room, and is in it now. It may be lost; the room itself comes as any other.
    JoinApproved(RoomId, JoinRequestId),
    /// The user waited to come into the room, and does not, for this reason, if one was given. It may be lost;
    /// [`Actor::own_join_requests`](crate::Actor::own_join_requests) lists what waits.
    JoinRejected(RoomId, JoinRequestId, Option<String>),
    /// The user waited to come into the room, and does no more, for nobody has answered within
    /// [`Config::held_keep`](crate::Config::held_keep). It may be lost;
    /// [`Actor::own_join_requests`](crate::Actor::own_join_requests) lists what waits.
    JoinExpired(RoomId, JoinRequestId),
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
    /// How many messages of others the user has not read, SYSTEM messages not counted.
    pub unread: u64,
    /// How many of those [mention](Message::mentions) the user, deleted ones not counted.
    pub mentions: u64,
}

/// A page of participants, in the order of their ids.
#[derive(Debug, Clone)]
pub struct Participants {
    /// The participants, at most as many as were asked for.
    pub participants: Vec<Participant>,
    /// The last of them, behind whom the next page begins, if there is one.
    pub next: Option<UserId>,
}

/// Why a connection is closed by the server. Each transport tells it in its own way: over WebSocket by a close
/// code as in [RFC 6455, section 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// It did not authenticate within [`Config::hello_timeout`](crate::Config::hello_timeout), or was logged out
    /// or [disconnected](crate::Admin::disconnect).
    Unauthenticated,
    /// Its token expired.
    TokenExpired,
    /// It took what waited for it too slowly, beyond [`Config::mailbox_events`](crate::Config::mailbox_events) or
    /// [`Config::mailbox_bytes`](crate::Config::mailbox_bytes), or a catch-up failed: connect again and resume.
    Lagged,
    /// It asked for too much, and went on when it was refused, beyond
    /// [`RateLimits::refusals`](crate::config::RateLimits::refusals).
    TooManyRequests,
    /// It sent a frame larger than [`Config::max_frame_bytes`](crate::Config::max_frame_bytes), or than the bound
    /// that its transport has instead.
    FrameTooLarge,
    /// It broke its protocol.
    Protocol,
    /// The server stops, or cannot begin a session now: connect again after this delay, which for a server that
    /// stops is at most [`Config::reconnect_spread`](crate::Config::reconnect_spread).
    Restarting(Duration),
    /// The session ended on this side, also after two [heartbeats](crate::Config::heartbeat) without a word.
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
    /// Appends the answer to a command; `id` is what the client named it by. `viewer` is who asked, once that is
    /// known.
    fn reply(&self, id: Option<u64>, reply: &Result<Reply>, viewer: Option<&UserId>, out: &mut Vec<u8>);
    /// Appends what makes a silent client speak; nothing where the transport sees to that itself.
    fn ping(&self, out: &mut Vec<u8>);
    /// Appends the last frame of a connection.
    fn close(&self, reason: CloseReason, out: &mut Vec<u8>);
}

/// What the frame of a message of a few words takes, so that it is not moved while it is written.
pub(crate) const FRAME_BYTES: usize = 640;

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
    let mut out = Vec::with_capacity(FRAME_BYTES);
    write(&mut out);
    Frame::Bytes(out.into())
}

/// What waits in a mailbox, shared by all connections that get it.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_enums, reason = "a transport has to write each of them")]
pub enum Frame {
    /// Whole frames of a wire format, one or more.
    Bytes(Bytes),
    /// An event in process.
    Event(Arc<Event>),
    /// The answer to a command in process, and what the command was named by.
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
    /// The error that tells a client of it, where one does. None does for what it did to the protocol, and for an
    /// end of this side.
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
