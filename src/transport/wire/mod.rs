//! What goes over the wire as JSON, the same for every transport: names in camelCase, times in RFC 3339.

mod json;
mod people;

use std::borrow::Cow;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::engine::CreatedRoom;
use crate::error::Error;
use crate::event::{EventKind, Marked, Notification, Ready, Reply, RoomChange, View};
use crate::id::{ChallengeId, ClientId, MessageId, OriginId, RoomId, UserId};
use crate::model::{
    Body, FriendNotice, History, Mark, Message, MessageType, MessageView, Page, Profile, Receipt, Room,
    RoomType, RoomView, Span, SystemKind,
};

pub(crate) use json::{
    HistoryArgs, PlaceJson, missing, parse, parse_limit, parse_mark, parse_number, parse_place, parse_since,
};
pub(crate) use people::{ParticipantsJson, PeopleJson, RelationJson};

/// A user as others see them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserJson<'a> {
    user_uuid: &'a UserId,
    nickname: &'a str,
    profile_image: Option<&'a str>,
}

impl<'a> From<&'a Profile> for UserJson<'a> {
    fn from(profile: &'a Profile) -> Self {
        Self {
            user_uuid: &profile.user,
            nickname: &profile.nickname,
            profile_image: profile.image.as_deref(),
        }
    }
}

/// A message as somebody sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageJson<'a> {
    message_uuid: MessageId,
    room_uuid: RoomId,
    seq: u64,
    sender: UserJson<'a>,
    r#type: MessageType,
    content: Option<&'a str>,
    image_url: Option<&'a str>,
    is_read: bool,
    read_count: u64,
    read_by_uuids: Cow<'a, [UserId]>,
    is_my_message: bool,
    created_at: Timestamp,
    /// What a SYSTEM message tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<SystemKind>,
    /// Only for the sender's own devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a ClientId>,
}

impl<'a> MessageJson<'a> {
    fn new(message: &'a Message, receipt: Cow<'a, Receipt>, is_mine: bool) -> Self {
        let (is_read, read_count) = (receipt.is_read, receipt.read_count);
        let read_by_uuids = match receipt {
            Cow::Borrowed(receipt) => Cow::Borrowed(&receipt.read_by[..]),
            Cow::Owned(receipt) => Cow::Owned(receipt.read_by),
        };
        let kind = match message.body {
            Body::System { kind, .. } => Some(kind),
            _ => None,
        };
        Self {
            message_uuid: message.id,
            room_uuid: message.room,
            seq: message.seq,
            sender: (&message.sender).into(),
            r#type: message.body.message_type(),
            content: message.body.content(),
            image_url: message.body.image_url(),
            is_read,
            read_count,
            read_by_uuids,
            is_my_message: is_mine,
            created_at: message.created_at,
            kind,
            client_id: message.client_id.as_ref().filter(|_| is_mine),
        }
    }

    /// A message at the moment of its publishing, when nobody else has read it.
    pub(crate) fn fresh(message: &'a Message, view: View) -> Self {
        Self::new(message, Cow::Owned(Receipt::fresh(message)), view == View::Sender)
    }

    /// The answer to a send.
    pub(crate) fn own(message: &'a Message) -> Self {
        Self::fresh(message, View::Sender)
    }
}

impl<'a> From<&'a MessageView> for MessageJson<'a> {
    fn from(view: &'a MessageView) -> Self {
        Self::new(&view.message, Cow::Borrowed(&view.receipt), view.is_mine)
    }
}

/// A room as one of its participants sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomJson<'a> {
    room_uuid: RoomId,
    r#type: RoomType,
    name: &'a str,
    participant_uuids: &'a [UserId],
    participant_count: u32,
    challenge_uuid: Option<&'a ChallengeId>,
    is_active: bool,
    last_message_at: Option<Timestamp>,
    created_at: Timestamp,
    unread_count: u64,
    last_message: Option<MessageJson<'a>>,
}

impl<'a> From<&'a RoomView> for RoomJson<'a> {
    fn from(view: &'a RoomView) -> Self {
        let room = &view.room;
        Self {
            room_uuid: room.id,
            r#type: room.kind.room_type(),
            name: &view.name,
            participant_uuids: &view.participants,
            participant_count: room.members,
            challenge_uuid: room.kind.challenge(),
            is_active: room.active,
            last_message_at: room.last_message_at,
            created_at: room.created_at,
            unread_count: view.unread,
            last_message: view.last_message.as_ref().map(Into::into),
        }
    }
}

impl<'a> From<&'a CreatedRoom> for RoomJson<'a> {
    fn from(created: &'a CreatedRoom) -> Self {
        (&created.view).into()
    }
}

/// A page of rooms.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomsJson<'a> {
    rooms: Vec<RoomJson<'a>>,
    page: u64,
    limit: u32,
    total: u64,
    has_more: bool,
}

impl<'a> From<&'a Page<RoomView>> for RoomsJson<'a> {
    fn from(page: &'a Page<RoomView>) -> Self {
        Self {
            rooms: page.items.iter().map(Into::into).collect(),
            page: page.query.page(),
            limit: page.query.limit().count(),
            total: page.total,
            has_more: page.query.has_more(page.total),
        }
    }
}

/// A part of a room's history.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryJson<'a> {
    messages: Vec<MessageJson<'a>>,
    #[serde(flatten)]
    span: SpanJson,
}

#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum SpanJson {
    Page { page: u64, limit: u32, total: u64, has_more: bool },
    Window { has_more_before: bool, has_more_after: bool },
}

impl<'a> From<&'a History> for HistoryJson<'a> {
    fn from(history: &'a History) -> Self {
        let span = match history.span {
            Span::Page { query, total } => SpanJson::Page {
                page: query.page(),
                limit: query.limit().count(),
                total,
                has_more: query.has_more(total),
            },
            Span::Window { has_more_before, has_more_after } => {
                SpanJson::Window { has_more_before, has_more_after }
            }
        };
        Self { messages: history.messages.iter().map(Into::into).collect(), span }
    }
}

/// Where a member's marks stand.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MarkedJson {
    room_uuid: RoomId,
    read_seq: u64,
    delivered_seq: u64,
    unread_count: u64,
}

impl From<&Marked> for MarkedJson {
    fn from(marked: &Marked) -> Self {
        Self {
            room_uuid: marked.room,
            read_seq: marked.read_seq,
            delivered_seq: marked.delivered_seq,
            unread_count: marked.unread,
        }
    }
}

/// An error on a socket.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorJson<'a> {
    code: &'static str,
    message: Cow<'a, str>,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<&'a str>,
    /// The room that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room_uuid: Option<RoomId>,
}

impl<'a> From<&'a Error> for ErrorJson<'a> {
    fn from(error: &'a Error) -> Self {
        use crate::error::ErrorKind as Kind;
        let (field, room_uuid) = match error.kind() {
            Kind::Invalid { field, .. } => (Some(&**field), None),
            Kind::ChallengeRoomExists(room) => (None, Some(*room)),
            _ => (None, None),
        };
        Self { code: error.code(), message: error.kind().public_message(), field, room_uuid }
    }
}

/// The answer to a command.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ReplyJson<'a> {
    Done {},
    Message { message: Box<MessageJson<'a>> },
    Marked(MarkedJson),
    History(HistoryJson<'a>),
}

impl<'a> From<&'a Reply> for ReplyJson<'a> {
    fn from(reply: &'a Reply) -> Self {
        match reply {
            Reply::Done | Reply::Subscribed(_) | Reply::Unsubscribed(_) => Self::Done {},
            Reply::Message(message) => Self::Message { message: Box::new(MessageJson::own(message)) },
            Reply::Marked(marked) => Self::Marked(marked.into()),
            Reply::History(history) => Self::History(history.into()),
        }
    }
}

/// What an event says, without its name and room.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(crate) enum EventJson<'a> {
    Message(Box<MessageJson<'a>>),
    System {
        room_uuid: RoomId,
        message_uuid: MessageId,
        message: &'a str,
        kind: Option<SystemKind>,
        user_uuid: &'a UserId,
        nickname: &'a str,
        seq: u64,
        created_at: Timestamp,
    },
    Typing {
        room_uuid: Option<RoomId>,
        user_uuid: &'a UserId,
        nickname: &'a str,
        is_typing: bool,
    },
    Read {
        room_uuid: RoomId,
        user_uuid: &'a UserId,
        seq: u64,
        read_at: Timestamp,
    },
    Delivered {
        room_uuid: RoomId,
        user_uuid: &'a UserId,
        seq: u64,
        delivered_at: Timestamp,
    },
    Presence {
        room_uuid: Option<RoomId>,
        user_uuid: &'a UserId,
        online: bool,
        last_seen_at: Option<Timestamp>,
    },
    Room {
        room_uuid: RoomId,
        change: &'static str,
        name: Option<&'a str>,
        r#type: RoomType,
        is_active: bool,
    },
    Participant {
        room_uuid: Option<RoomId>,
        user_uuid: &'a UserId,
        nickname: &'a str,
        joined: bool,
    },
    Added {
        r#type: &'static str,
        room_uuid: RoomId,
        room_type: RoomType,
        name: Option<&'a str>,
    },
    Removed {
        r#type: &'static str,
        room_uuid: RoomId,
    },
    Friend {
        r#type: &'static str,
        #[serde(flatten)]
        user: UserJson<'a>,
    },
    Ready {
        user_uuid: &'a UserId,
        recovered: bool,
        rooms: Vec<ReadyRoomJson>,
    },
    CaughtUp {
        recovered: bool,
    },
    Opened {
        origin: &'a OriginId,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadyRoomJson {
    room_uuid: RoomId,
    seq: u64,
    unread_count: u64,
}

impl<'a> EventJson<'a> {
    pub(crate) fn new(room: Option<RoomId>, kind: &'a EventKind, view: View) -> Self {
        match kind {
            EventKind::Message(message) => Self::Message(Box::new(MessageJson::fresh(message, view))),
            EventKind::System(message) => system(message),
            EventKind::Typing(profile, is_typing) => Self::Typing {
                room_uuid: room,
                user_uuid: &profile.user,
                nickname: &profile.nickname,
                is_typing: *is_typing,
            },
            EventKind::Marked(user, Mark::Read, at) => {
                Self::Read { room_uuid: at.room, user_uuid: user, seq: at.read_seq, read_at: at.at }
            }
            EventKind::Marked(user, Mark::Delivered, at) => Self::Delivered {
                room_uuid: at.room,
                user_uuid: user,
                seq: at.delivered_seq,
                delivered_at: at.at,
            },
            EventKind::Presence { user, online, last_seen } => {
                Self::Presence { room_uuid: room, user_uuid: user, online: *online, last_seen_at: *last_seen }
            }
            EventKind::Room(change, room) => room_changed(*change, room),
            EventKind::Participant(profile, joined) => Self::Participant {
                room_uuid: room,
                user_uuid: &profile.user,
                nickname: &profile.nickname,
                joined: *joined,
            },
            EventKind::Notification(Notification::AddedToRoom(room)) => Self::Added {
                r#type: "addedToRoom",
                room_uuid: room.id,
                room_type: room.kind.room_type(),
                name: room.name.as_deref(),
            },
            EventKind::Notification(Notification::RemovedFromRoom(room)) => {
                Self::Removed { r#type: "removedFromRoom", room_uuid: *room }
            }
            EventKind::Notification(Notification::Friend(notice, user)) => Self::Friend {
                r#type: match notice {
                    FriendNotice::Requested => "friendRequest",
                    FriendNotice::Withdrawn => "friendRequestWithdrawn",
                    FriendNotice::Accepted => "friendRequestAccepted",
                    FriendNotice::Declined => "friendRequestDeclined",
                },
                user: user.into(),
            },
            EventKind::Notification(Notification::FriendsChanged(other)) => {
                Self::Friend { r#type: "friendsChanged", user: other.into() }
            }
            EventKind::Opened(origin) => Self::Opened { origin },
            EventKind::Ready(ready) => ready_json(ready),
            EventKind::CaughtUp { recovered } => Self::CaughtUp { recovered: *recovered },
        }
    }
}

fn system(message: &Message) -> EventJson<'_> {
    let kind = match message.body {
        Body::System { kind, .. } => Some(kind),
        _ => None,
    };
    EventJson::System {
        room_uuid: message.room,
        message_uuid: message.id,
        message: message.body.content().unwrap_or_default(),
        kind,
        user_uuid: &message.sender.user,
        nickname: &message.sender.nickname,
        seq: message.seq,
        created_at: message.created_at,
    }
}

fn room_changed(change: RoomChange, room: &Room) -> EventJson<'_> {
    EventJson::Room {
        room_uuid: room.id,
        change: match change {
            RoomChange::Updated => "updated",
            RoomChange::Reset => "reset",
            RoomChange::Left => "left",
        },
        name: room.name.as_deref(),
        r#type: room.kind.room_type(),
        is_active: room.active,
    }
}

fn ready_json(ready: &Ready) -> EventJson<'_> {
    let room = |one: &crate::event::ReadyRoom| ReadyRoomJson {
        room_uuid: one.room.id,
        seq: one.room.seq,
        unread_count: one.unread,
    };
    EventJson::Ready {
        user_uuid: &ready.user,
        recovered: ready.recovered,
        rooms: ready.rooms.iter().map(room).collect(),
    }
}
