//! What each event says, as JSON.

mod presence;
mod rooms;

use serde::Serialize;

use self::rooms::AddedType;
use super::{
    HeldNewsJson, InviteDeclinedJson, InviteEndedJson, InvitedJson, JoinNewsJson, MessageChangeJson,
    MessageJson, NotificationsJson, QuietJson, SettledJson, ThreadReadJson, UserJson, WaitingChangedJson,
    WaitingType,
};
use crate::clock::Timestamp;
use crate::event::{EventKind, Marked, Notification, Ready, ReadyRoom, View};
use crate::id::{MessageId, OriginId, RoomId, UserId};
use crate::model::{Body, Delta, FriendNotice, Mark, Message, Profile, Role, SystemKind};
use crate::names::names;

pub(crate) use presence::{OnlineCountJson, PresenceJson, TypingCountJson, TypingJson};
pub(crate) use rooms::{AddedJson, ParticipantChangeJson, RemovedJson, RoomChangeJson};

/// What an event says, without its name and room.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum EventJson<'a> {
    Message(Box<MessageJson<'a>>),
    System(SystemJson<'a>),
    Amended(Box<MessageChangeJson<'a>>),
    Typing(TypingJson<'a>),
    Delta(DeltaJson<'a>),
    Hidden(HiddenJson),
    Thread(ThreadReadJson),
    TypingCount(TypingCountJson),
    OnlineCount(OnlineCountJson),
    Read(ReadJson<'a>),
    Delivered(DeliveredJson<'a>),
    Presence(PresenceJson<'a>),
    Room(RoomChangeJson<'a>),
    Participant(ParticipantChangeJson<'a>),
    Added(AddedJson<'a>),
    Removed(RemovedJson),
    Friend(FriendJson<'a>),
    Invited(Box<InvitedJson<'a>>),
    InviteEnded(InviteEndedJson),
    InviteDeclined(InviteDeclinedJson<'a>),
    Notifications(NotificationsJson),
    Quiet(QuietJson),
    Settled(SettledJson),
    HeldNews(HeldNewsJson<'a>),
    JoinNews(JoinNewsJson<'a>),
    WaitingChanged(WaitingChangedJson),
    Ready(ReadyJson<'a>),
    CaughtUp(CaughtUpJson),
    Opened { origin: &'a OriginId },
}

/// A SYSTEM message came: the server's own words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SystemMessage))]
pub(crate) struct SystemJson<'a> {
    /// Its room.
    room_uuid: RoomId,
    /// Its id.
    message_uuid: MessageId,
    /// The words, in the language that was configured then.
    message: &'a str,
    /// What it tells of.
    #[cfg_attr(feature = "openapi", schema(required, nullable = false))]
    kind: Option<SystemKind>,
    /// Whom it is about.
    user_uuid: &'a UserId,
    /// The name that others see.
    nickname: &'a str,
    /// Its number in the room.
    seq: u64,
    /// When it was sent.
    created_at: Timestamp,
}

/// A message that is being written says more. Any of these may be lost; the next `messageUpdated` has all of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MessageDelta))]
pub(crate) struct DeltaJson<'a> {
    /// The room.
    #[cfg_attr(feature = "openapi", schema(required, nullable = false))]
    room_uuid: Option<RoomId>,
    /// The message.
    message_uuid: MessageId,
    /// Its number in the room.
    seq: u64,
    /// Who writes it.
    user_uuid: &'a UserId,
    /// How many UTF-16 code units of its content, the `length` of JavaScript, come before the words. Whoever has
    /// fewer passes over them.
    offset: u64,
    /// The words.
    text: &'a str,
}

impl<'a> DeltaJson<'a> {
    fn new(room_uuid: Option<RoomId>, delta: &'a Delta) -> Self {
        Self {
            room_uuid,
            message_uuid: delta.message,
            seq: delta.seq,
            user_uuid: &delta.user,
            offset: delta.offset,
            text: &delta.text,
        }
    }
}

/// The user has taken a message out of their own sight, on another connection: it is not to be shown any more.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MessageHidden))]
pub(crate) struct HiddenJson {
    /// The room.
    #[cfg_attr(feature = "openapi", schema(required, nullable = false))]
    room_uuid: Option<RoomId>,
    /// The message.
    message_uuid: MessageId,
    /// Its number in the room.
    seq: u64,
}

/// Somebody has read everything up to a message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Read))]
pub(crate) struct ReadJson<'a> {
    /// The room.
    room_uuid: RoomId,
    /// Who.
    user_uuid: &'a UserId,
    /// The number of that message.
    seq: u64,
    /// When.
    read_at: Timestamp,
}

/// Everything up to a message has arrived at somebody's device.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Delivered))]
pub(crate) struct DeliveredJson<'a> {
    /// The room.
    room_uuid: RoomId,
    /// Whose.
    user_uuid: &'a UserId,
    /// The number of that message.
    seq: u64,
    /// When.
    delivered_at: Timestamp,
}

names! {
    /// What a [`FriendJson`] tells of.
    pub(crate) enum FriendType {
        Requested = "friendRequest",
        Withdrawn = "friendRequestWithdrawn",
        Accepted = "friendRequestAccepted",
        Declined = "friendRequestDeclined",
        Changed = "friendsChanged",
    }
}

/// Somebody asks for the user's friendship, or answers; with `friendsChanged`, another device of the user's has changed something.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FriendNotice))]
pub(crate) struct FriendJson<'a> {
    /// What it is.
    r#type: FriendType,
    #[serde(flatten)]
    user: UserJson<'a>,
}

/// All rooms are joined.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Ready))]
pub(crate) struct ReadyJson<'a> {
    /// Whose connection it is.
    user_uuid: &'a UserId,
    /// Whether all that was missed will be told.
    recovered: bool,
    /// The newest rooms.
    rooms: Vec<ReadyRoomJson>,
}

/// Where a room stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ReadyRoom))]
pub(crate) struct ReadyRoomJson {
    /// The room.
    room_uuid: RoomId,
    /// The number of its newest message.
    seq: u64,
    /// How many messages are unread.
    unread_count: u64,
    /// How many of those mention the user.
    mention_count: u64,
}

/// All that was missed has been told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CaughtUp))]
pub(crate) struct CaughtUpJson {
    /// Whether nothing is missing; otherwise reload.
    recovered: bool,
}

impl<'a> EventJson<'a> {
    pub(crate) fn new(room: Option<RoomId>, kind: &'a EventKind, view: View) -> Self {
        match kind {
            EventKind::Message(message) => Self::Message(Box::new(MessageJson::fresh(message, view))),
            EventKind::System(message) => Self::System(message.as_ref().into()),
            EventKind::Amended(amended) => Self::Amended(Box::new(amended.into())),
            EventKind::Typing(profile, is_typing) => Self::Typing(TypingJson {
                room_uuid: room,
                user_uuid: &profile.user,
                nickname: &profile.nickname,
                is_typing: *is_typing,
            }),
            EventKind::TypingCount(count) => {
                Self::TypingCount(TypingCountJson { room_uuid: room, typing_count: *count })
            }
            EventKind::OnlineCount(count) => {
                Self::OnlineCount(OnlineCountJson { room_uuid: room, online_count: *count })
            }
            EventKind::Delta(delta) => Self::Delta(DeltaJson::new(room, delta)),
            EventKind::Hidden { message, seq } => {
                Self::Hidden(HiddenJson { room_uuid: room, message_uuid: *message, seq: *seq })
            }
            EventKind::Thread { root, following, read_seq } => {
                Self::Thread(ThreadReadJson::new(room, *root, (*following).then_some(*read_seq)))
            }
            EventKind::Marked(user, mark, at) => marked(user, *mark, at),
            EventKind::Presence { user, online, last_seen } => Self::Presence(PresenceJson {
                room_uuid: room,
                user_uuid: user,
                online: *online,
                last_seen_at: *last_seen,
            }),
            EventKind::Room(change, room) => Self::Room(RoomChangeJson::new(*change, room)),
            EventKind::Participant(profile, joined) => {
                let role = joined.then_some(Role::Member);
                Self::Participant(ParticipantChangeJson::new(room, profile, role, None))
            }
            EventKind::Role(profile, role, muted_until) => {
                Self::Participant(ParticipantChangeJson::new(room, profile, Some(*role), *muted_until))
            }
            EventKind::Notification(notification) => notified(notification),
            EventKind::Opened(origin) => Self::Opened { origin },
            EventKind::Ready(ready) => Self::Ready(ready.into()),
            EventKind::CaughtUp { recovered } => Self::CaughtUp(CaughtUpJson { recovered: *recovered }),
        }
    }
}

fn marked<'a>(user_uuid: &'a UserId, mark: Mark, at: &Marked) -> EventJson<'a> {
    let room_uuid = at.room;
    match mark {
        Mark::Read => EventJson::Read(ReadJson { room_uuid, user_uuid, seq: at.read_seq, read_at: at.at }),
        Mark::Delivered => EventJson::Delivered(DeliveredJson {
            room_uuid,
            user_uuid,
            seq: at.delivered_seq,
            delivered_at: at.at,
        }),
    }
}

fn notified(notification: &Notification) -> EventJson<'_> {
    match notification {
        Notification::AddedToRoom(room) => EventJson::Added(AddedJson {
            r#type: AddedType::Added,
            room_uuid: room.id,
            room_type: room.kind.room_type(),
            name: room.name.as_deref(),
        }),
        Notification::RemovedFromRoom(room) => EventJson::Removed(RemovedJson::new(*room, false)),
        Notification::RoomDeleted(room) => EventJson::Removed(RemovedJson::new(*room, true)),
        Notification::Friend(notice, user) => {
            let r#type = match notice {
                FriendNotice::Requested => FriendType::Requested,
                FriendNotice::Withdrawn => FriendType::Withdrawn,
                FriendNotice::Accepted => FriendType::Accepted,
                FriendNotice::Declined => FriendType::Declined,
            };
            friend(r#type, user)
        }
        Notification::FriendsChanged(other) => friend(FriendType::Changed, other),
        Notification::Invited(invitation) => EventJson::Invited(Box::new(invitation.into())),
        Notification::InviteEnded(room, code) => EventJson::InviteEnded(InviteEndedJson::new(*room, *code)),
        Notification::InviteDeclined(room, who) => {
            EventJson::InviteDeclined(InviteDeclinedJson::new(*room, who))
        }
        Notification::Notifications(room, setting) => {
            EventJson::Notifications(NotificationsJson::new(*room, *setting))
        }
        Notification::DoNotDisturb(now) => EventJson::Quiet(QuietJson::new(now)),
        Notification::Settings(settings) => EventJson::Settled(settings.into()),
        Notification::MessageApproved(room, id) => EventJson::HeldNews(HeldNewsJson::approved(*room, *id)),
        Notification::MessageRejected(room, id, reason) => {
            EventJson::HeldNews(HeldNewsJson::rejected(*room, *id, reason.as_deref()))
        }
        Notification::MessageExpired(room, id) => EventJson::HeldNews(HeldNewsJson::expired(*room, *id)),
        Notification::MessageWithdrawn(room, id) => EventJson::HeldNews(HeldNewsJson::withdrawn(*room, *id)),
        Notification::HeldMessagesChanged(room) => waiting(WaitingType::HeldMessages, *room),
        Notification::JoinRequestsChanged(room) => waiting(WaitingType::JoinRequests, *room),
        Notification::ReportsChanged(room) => waiting(WaitingType::Reports, *room),
        Notification::JoinApproved(room, id) => EventJson::JoinNews(JoinNewsJson::approved(*room, *id)),
        Notification::JoinRejected(room, id, reason) => {
            EventJson::JoinNews(JoinNewsJson::rejected(*room, *id, reason.as_deref()))
        }
        Notification::JoinExpired(room, id) => EventJson::JoinNews(JoinNewsJson::expired(*room, *id)),
    }
}

fn waiting<'a>(r#type: WaitingType, room_uuid: RoomId) -> EventJson<'a> {
    EventJson::WaitingChanged(WaitingChangedJson { r#type, room_uuid })
}

fn friend(r#type: FriendType, user: &Profile) -> EventJson<'_> {
    EventJson::Friend(FriendJson { r#type, user: user.into() })
}

impl<'a> From<&'a Message> for SystemJson<'a> {
    fn from(message: &'a Message) -> Self {
        let kind = match message.body {
            Body::System { kind, .. } => Some(kind),
            _ => None,
        };
        Self {
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
}

impl<'a> From<&'a Ready> for ReadyJson<'a> {
    fn from(ready: &'a Ready) -> Self {
        let room = |one: &ReadyRoom| ReadyRoomJson {
            room_uuid: one.room.id,
            seq: one.room.seq,
            unread_count: one.unread,
            mention_count: one.mentions,
        };
        Self {
            user_uuid: &ready.user,
            recovered: ready.recovered,
            rooms: ready.rooms.iter().map(room).collect(),
        }
    }
}
