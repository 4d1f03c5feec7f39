//! What can go wrong, each kind with a stable code.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{AttachmentId, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::names::names;

/// The result of an engine call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync>;

/// An error of the engine: a kind to act on, and what caused it.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    source: Option<Source>,
}

/// How a row of another store does not go with what is there, so that it cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Contradiction {
    /// An open room of the same two people, or of the same challenge, is there.
    #[error("room {room} cannot be open beside room {other}, which is of the same people or challenge")]
    Key {
        /// The room to import.
        room: RoomId,
        /// The one that is there.
        other: RoomId,
    },
    /// The room is there, of another kind or made at another time.
    #[error("room {room} is there, and is another one")]
    Room {
        /// The room.
        room: RoomId,
    },
    /// Another message has this number, or the message's id or client id is another's.
    #[error("message {seq} of room {room} is another one there")]
    Message {
        /// The room.
        room: RoomId,
        /// The message's number.
        seq: u64,
    },
    /// Messages before this one are missing.
    #[error("message {seq} of room {room} does not follow the {there} that are there")]
    Gap {
        /// The room.
        room: RoomId,
        /// The message's number.
        seq: u64,
        /// The number of the newest message there.
        there: u64,
    },
    /// What is counted in the message does not go with those before it.
    #[error("message {seq} of room {room} counts what is not there")]
    Counts {
        /// The room.
        room: RoomId,
        /// The message's number.
        seq: u64,
    },
    /// The member's marks or counts are beyond the room's messages.
    #[error("{user} has read more of room {room} than is there")]
    Marks {
        /// The room.
        room: RoomId,
        /// The member.
        user: UserId,
    },
    /// Former states of the message that come before this one are missing, or the message cannot have had it.
    #[error(
        "what message {seq} of room {room} said before, the {n}th, does not follow the {there} that are there"
    )]
    Edit {
        /// The room.
        room: RoomId,
        /// The message's number.
        seq: u64,
        /// Which former state it is.
        n: u64,
        /// How many are there.
        there: u64,
    },
    /// A message that waits has the id or the client id of another one, or a file that another one has.
    #[error("message {id} that is held in room {room} is another one there, or has a file of another one")]
    Held {
        /// The room.
        room: RoomId,
        /// The message.
        id: MessageId,
    },
    /// A request to come in has the id of another one, or nobody asks to come into the room.
    #[error("request {id} to come into room {room} is another one there, or nobody asks to come into it")]
    JoinRequest {
        /// The room.
        room: RoomId,
        /// The request.
        id: JoinRequestId,
    },
    /// Another invite link has its code, or nobody can be invited to the room.
    #[error("an invite link of room {room} is another one there, or the room takes none")]
    Invite {
        /// The room.
        room: RoomId,
    },
}

/// What there may be only so many of: see [`ErrorKind::LimitReached`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum LimitName {
    /// Pinned messages of a room: [`Config::max_pins`](crate::Config::max_pins).
    Pins,
    /// Different reactions on a message: [`Config::max_reaction_kinds`](crate::Config::max_reaction_kinds).
    Reactions,
    /// Messages of a room that a participant hides: [`Config::max_hidden`](crate::Config::max_hidden).
    Hidden,
    /// Invite links of a room: [`Config::max_invites`](crate::Config::max_invites).
    Invites,
    /// People who are invited to a room, and have not answered: [`Config::max_invites`](crate::Config::max_invites).
    Invitations,
}

impl LimitName {
    fn words(self, allowed: u64) -> String {
        match self {
            Self::Pins => format!("a room has at most {allowed} pinned messages"),
            Self::Reactions => format!("a message bears at most {allowed} different reactions"),
            Self::Hidden => format!("a participant hides at most {allowed} messages of a room"),
            Self::Invites => format!("a room has at most {allowed} invite links: revoke one first"),
            Self::Invitations => format!("at most {allowed} people are invited to a room at once"),
        }
    }
}

/// The kinds of error. [`ErrorKind::code`] is what clients match on: a code never changes its meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value broke a rule. `field` is its name on the wire.
    #[error("{field} {reason}")]
    Invalid {
        /// The field at fault, such as `message.content`.
        field: Cow<'static, str>,
        /// What is wrong with it, to be read after its name.
        reason: Cow<'static, str>,
    },
    /// More bytes than the bound for what was sent.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What was too large.
        what: Cow<'static, str>,
        /// The bound in bytes.
        limit: usize,
    },
    /// A body of another media type than JSON.
    #[error("the body must be application/json")]
    UnsupportedMediaType,
    /// No token, or one that does not hold: it is from before the user's last [logout](crate::Actor::log_out),
    /// say.
    #[error("the token is missing or invalid")]
    Unauthenticated,
    /// A token that was good once.
    #[error("the token has expired")]
    TokenExpired,
    /// The policy, or the room's own rules, say no.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// They are no friends, which a direct room needs under the policy
    /// [`FriendsOnly`](crate::policy::FriendsOnly).
    #[error("you and {0} are not friends")]
    NotFriends(UserId),
    /// One of the two has blocked the other. Who did is not told; clients see it as `FORBIDDEN`.
    #[error("{0} cannot be reached")]
    Unreachable(UserId),
    /// There is no request of this user to answer.
    #[error("there is no friend request of {0}")]
    FriendRequestNotFound(UserId),
    /// There is no such invite link, or it holds no more: it has expired, was used up or revoked.
    #[error("this invite link holds no more")]
    InviteNotFound,
    /// The user is no active participant of the room.
    #[error("not a participant of room {0}")]
    NotAParticipant(RoomId),
    /// The user is muted in the room until this moment; [`NEVER`](Timestamp::NEVER): for good.
    #[error("you are muted in this room{}", until_words(*.0))]
    Muted(Timestamp),
    /// The user is banned from the room until this moment; [`NEVER`](Timestamp::NEVER): for good.
    #[error("{user} is banned from this room{}", until_words(*until))]
    Banned {
        /// Who.
        user: UserId,
        /// Until when.
        until: Timestamp,
    },
    /// There is no such room.
    #[error("there is no room {0}")]
    RoomNotFound(RoomId),
    /// There is no such message in the room.
    #[error("there is no message {0} in this room")]
    MessageNotFound(MessageId),
    /// The message was deleted: nothing in it can be changed any more.
    #[error("message {0} was deleted")]
    MessageDeleted(MessageId),
    /// The message was taken and is not sent: it waits until somebody who moderates the room says whether it is. Over
    /// HTTP that is 202.
    #[error("your message waits for a moderator")]
    Held(MessageId),
    /// The user is not in the room, and has asked to be: that [waits](crate::Actor::own_join_requests) until somebody who
    /// moderates the room says whether they come in. Over HTTP that is 202.
    #[error("a moderator has to let you in")]
    JoinHeld(JoinRequestId),
    /// There is no such request to come into the room, or it does not wait any more.
    #[error("there is no request {0} to join this room")]
    JoinRequestNotFound(JoinRequestId),
    /// There is no such report in the room.
    #[error("there is no report {0} in this room")]
    ReportNotFound(ReportId),
    /// There is no such attachment in the room, or not for this user: one that is in no message yet is its
    /// uploader's alone.
    #[error("there is no attachment {0} in this room")]
    AttachmentNotFound(AttachmentId),
    /// The attachment is in a message already.
    #[error("attachment {0} is in a message already")]
    AttachmentUsed(AttachmentId),
    /// The files of the user take as many bytes as they may, in all rooms together: see
    /// [`Config::max_attachment_bytes_per_user`](crate::Config::max_attachment_bytes_per_user). No smaller file helps for
    /// long, so it is not [`TooLarge`](Self::TooLarge): something has to be deleted first. Over HTTP that is 409.
    #[error("your files take as much as they may together, which is {0} bytes")]
    QuotaExceeded(u64),
    /// Files of this media type are not taken: see [`Config::attachment_types`](crate::Config::attachment_types).
    #[error("files of the type {0} are not allowed")]
    TypeNotAllowed(Cow<'static, str>),
    /// There is nothing at this address; or the engine keeps no files.
    #[error("there is nothing here")]
    NotFound,
    /// The address is known, the method is not.
    #[error("this method is not allowed here")]
    MethodNotAllowed,
    /// The room is closed: it can be read, not written.
    #[error("room {0} is closed")]
    RoomClosed(RoomId),
    /// The room has as many participants as it may: see
    /// [`Config::max_room_members`](crate::Config::max_room_members). Nobody comes in before somebody leaves.
    #[error("a room has at most {0} participants, and this one is full")]
    RoomFull(u32),
    /// There are as many as there may be. Whoever asks may do it once something else is taken away, so it is not
    /// [`Forbidden`](Self::Forbidden). Over HTTP that is 409.
    #[error("{}", limit.words(*allowed))]
    LimitReached {
        /// Of what.
        limit: LimitName,
        /// How many there may be.
        allowed: u64,
    },
    /// The challenge has an open room already.
    #[error("the challenge has room {0} already")]
    ChallengeRoomExists(RoomId),
    /// The client id was used by this sender in this room for another message.
    #[error("clientId was used for another message")]
    ClientIdConflict,
    /// A row cannot be imported, for it does not go with what is there.
    #[error(transparent)]
    Contradiction(Contradiction),
    /// A bound of the server's was reached; the same call may succeed after this time.
    #[error("too many requests")]
    RateLimited(Duration),
    /// The store, or another part, cannot answer now; the same call may succeed later.
    #[error("temporarily unavailable")]
    Unavailable,
    /// The store holds what no version of this code wrote. Clients see it as `UNAVAILABLE`.
    #[error("the stored data is damaged: {0}")]
    Corrupt(Cow<'static, str>),
}

/// Words for an end, which `NEVER` is none.
fn until_words(end: Timestamp) -> String {
    if end == Timestamp::NEVER { String::new() } else { format!(" until {end}") }
}

names! {
    /// The codes that clients match on. None ever changes its meaning.
    pub(crate) enum ErrorCode {
        InvalidInput = "INVALID_INPUT",
        PayloadTooLarge = "PAYLOAD_TOO_LARGE",
        UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE",
        Unauthenticated = "UNAUTHENTICATED",
        TokenExpired = "TOKEN_EXPIRED",
        Forbidden = "FORBIDDEN",
        NotFriends = "NOT_FRIENDS",
        FriendRequestNotFound = "FRIEND_REQUEST_NOT_FOUND",
        InviteNotFound = "INVITE_NOT_FOUND",
        NotAParticipant = "NOT_A_PARTICIPANT",
        Muted = "MUTED",
        Banned = "BANNED",
        RoomNotFound = "ROOM_NOT_FOUND",
        MessageNotFound = "MESSAGE_NOT_FOUND",
        MessageDeleted = "MESSAGE_DELETED",
        Held = "HELD",
        JoinHeld = "JOIN_HELD",
        JoinRequestNotFound = "JOIN_REQUEST_NOT_FOUND",
        ReportNotFound = "REPORT_NOT_FOUND",
        AttachmentNotFound = "ATTACHMENT_NOT_FOUND",
        AttachmentUsed = "ATTACHMENT_USED",
        QuotaExceeded = "QUOTA_EXCEEDED",
        TypeNotAllowed = "TYPE_NOT_ALLOWED",
        NotFound = "NOT_FOUND",
        MethodNotAllowed = "METHOD_NOT_ALLOWED",
        RoomClosed = "ROOM_CLOSED",
        RoomFull = "ROOM_FULL",
        LimitReached = "LIMIT_REACHED",
        ChallengeRoomExists = "CHALLENGE_ROOM_EXISTS",
        ClientIdConflict = "CLIENT_ID_CONFLICT",
        ImportConflict = "IMPORT_CONFLICT",
        RateLimited = "RATE_LIMITED",
        Unavailable = "UNAVAILABLE",
    }
}

impl ErrorKind {
    /// The code that clients see, upper-case and stable.
    pub fn code(&self) -> &'static str {
        self.wire_code().name()
    }

    pub(crate) fn wire_code(&self) -> ErrorCode {
        match self {
            Self::Invalid { .. } => ErrorCode::InvalidInput,
            Self::TooLarge { .. } => ErrorCode::PayloadTooLarge,
            Self::UnsupportedMediaType => ErrorCode::UnsupportedMediaType,
            Self::Unauthenticated => ErrorCode::Unauthenticated,
            Self::TokenExpired => ErrorCode::TokenExpired,
            // A code of its own would tell of the block.
            Self::Forbidden(_) | Self::Unreachable(_) => ErrorCode::Forbidden,
            Self::NotFriends(_) => ErrorCode::NotFriends,
            Self::FriendRequestNotFound(_) => ErrorCode::FriendRequestNotFound,
            Self::InviteNotFound => ErrorCode::InviteNotFound,
            Self::NotAParticipant(_) => ErrorCode::NotAParticipant,
            Self::Muted(_) => ErrorCode::Muted,
            Self::Banned { .. } => ErrorCode::Banned,
            Self::RoomNotFound(_) => ErrorCode::RoomNotFound,
            Self::MessageNotFound(_) => ErrorCode::MessageNotFound,
            Self::MessageDeleted(_) => ErrorCode::MessageDeleted,
            Self::Held(_) => ErrorCode::Held,
            Self::JoinHeld(_) => ErrorCode::JoinHeld,
            Self::JoinRequestNotFound(_) => ErrorCode::JoinRequestNotFound,
            Self::ReportNotFound(_) => ErrorCode::ReportNotFound,
            Self::AttachmentNotFound(_) => ErrorCode::AttachmentNotFound,
            Self::AttachmentUsed(_) => ErrorCode::AttachmentUsed,
            Self::QuotaExceeded(_) => ErrorCode::QuotaExceeded,
            Self::TypeNotAllowed(_) => ErrorCode::TypeNotAllowed,
            Self::NotFound => ErrorCode::NotFound,
            Self::MethodNotAllowed => ErrorCode::MethodNotAllowed,
            Self::RoomClosed(_) => ErrorCode::RoomClosed,
            Self::RoomFull(_) => ErrorCode::RoomFull,
            Self::LimitReached { .. } => ErrorCode::LimitReached,
            Self::ChallengeRoomExists(_) => ErrorCode::ChallengeRoomExists,
            Self::ClientIdConflict => ErrorCode::ClientIdConflict,
            Self::Contradiction(_) => ErrorCode::ImportConflict,
            Self::RateLimited(_) => ErrorCode::RateLimited,
            // What is damaged is for the operator's log, not for clients.
            Self::Unavailable | Self::Corrupt(_) => ErrorCode::Unavailable,
        }
    }

    /// Whether the same call may succeed later, unchanged: [`RateLimited`](Self::RateLimited) and
    /// [`Unavailable`](Self::Unavailable).
    pub fn is_retryable(&self) -> bool {
        self.retry_after().is_some()
    }

    /// After which time the same call may succeed, where it may at all; for
    /// [`Unavailable`](Self::Unavailable) a second.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(after) => Some(*after),
            Self::Unavailable => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// The text for clients: it tells nothing of the server's inside.
    pub fn public_message(&self) -> Cow<'static, str> {
        match self {
            Self::Corrupt(_) => "temporarily unavailable".into(),
            other => other.to_string().into(),
        }
    }
}

impl Error {
    /// An error with the error that caused it.
    pub fn with_source(kind: ErrorKind, source: impl Into<Source>) -> Self {
        Self { kind, source: Some(source.into()) }
    }

    /// The value of `field` breaks a rule; `reason` is read after the field's name.
    pub fn invalid(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        ErrorKind::Invalid { field: field.into(), reason: reason.into() }.into()
    }

    /// Something that may work later, with its cause.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::with_source(ErrorKind::Unavailable, source)
    }

    /// What kind of error this is.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Shorthand for the kind's [`ErrorKind::code`].
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Parses the value of a field, naming the field when it is no good.
pub(crate) fn parse_field<T>(field: &'static str, text: &str) -> Result<T>
where
    T: std::str::FromStr<Err = crate::id::IdError>,
{
    text.parse().map_err(|reason| {
        let kind = ErrorKind::Invalid { field: field.into(), reason: format!("{reason}").into() };
        Error::with_source(kind, reason)
    })
}
