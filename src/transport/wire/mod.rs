//! What goes over the wire as JSON, the same for every transport: names in camelCase, times in RFC 3339.

mod amended;
mod attachments;
mod edits;
pub(crate) mod events;
mod feed;
mod held;
mod invites;
mod joins;
mod json;
mod moderation;
mod notify;
mod people;
mod permissions;
mod pins;
mod public;
mod references;
mod reports;
mod retention;
mod search;
mod settings;
mod threads;
mod waiting;

use std::borrow::Cow;

use serde::Serialize;

use self::amended::ReactionCountJson;
use self::pins::PinJson;
use self::references::{ForwardedJson, QuotedJson};
use self::threads::ThreadJson;
use crate::clock::Timestamp;
use crate::engine::CreatedRoom;
use crate::error::{Error, ErrorCode, ErrorKind, LimitName};
use crate::event::{Marked, Reply, View};
use crate::id::{ChallengeId, ClientId, MessageId, RoomId, UserId};
use crate::model::{
    Body, Custom, History, Message, MessageType, MessageView, NotifyLevel, Page, Profile, Reaction, Receipt,
    Role, RoomType, RoomView, Span, SystemKind, Visibility,
};

pub(crate) use amended::{MessageChangeJson, ReactionsJson};
pub(crate) use attachments::AttachmentJson;
#[cfg(any(feature = "blobs", feature = "openapi"))]
pub(crate) use attachments::LinkJson;
pub(crate) use edits::EditsJson;
pub(crate) use events::EventJson;
pub(crate) use feed::FeedJson;
pub(crate) use held::{HeldAnswerJson, HeldNewsJson, HeldPageJson};
pub(crate) use invites::{
    InvitationsJson, InviteDeclinedJson, InviteEndedJson, InviteJson, InvitePreviewJson, InvitedJson,
    InvitesJson,
};
pub(crate) use joins::{JoinHeldJson, JoinNewsJson, JoinRequestsJson, OwnJoinRequestsJson};
pub(crate) use json::{
    HistoryArgs, PlaceJson, missing, parse, parse_limit, parse_mark, parse_message, parse_number,
    parse_place, parse_reaction, parse_since, parse_target, whole, whole_signed,
};
pub(crate) use moderation::{AuditJson, BanJson, BansJson, MuteJson};
pub(crate) use notify::{DoNotDisturbJson, LevelArgs, NotificationsJson, QuietArgs, QuietJson};
pub(crate) use people::{ParticipantsJson, PeopleJson, RelationJson};
pub(crate) use permissions::PermissionsJson;
pub(crate) use pins::PinsJson;
pub(crate) use public::PublicRoomsJson;
pub(crate) use reports::{ReportJson, ReportsJson};
pub(crate) use retention::RetentionJson;
pub(crate) use search::{HitsJson, SearchArgs};
pub(crate) use settings::{SettingsArgs, SettingsJson, SettledJson};
pub(crate) use threads::{RepliesJson, ThreadReadJson, ThreadStateJson, ThreadsJson};
pub(crate) use waiting::{WaitingChangedJson, WaitingType};

/// A user as others see them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = User))]
pub(crate) struct UserJson<'a> {
    /// Whose it is.
    user_uuid: &'a UserId,
    /// The name that others see; the id of somebody who was never seen.
    nickname: &'a str,
    /// The address of a picture.
    #[cfg_attr(feature = "openapi", schema(required))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Message))]
pub(crate) struct MessageJson<'a> {
    /// Its id.
    message_uuid: MessageId,
    /// Its room.
    room_uuid: RoomId,
    /// Its number in the room: 1, 2, 3 … without a gap.
    seq: u64,
    /// Who sent it; for a SYSTEM message, whom it is about.
    sender: UserJson<'a>,
    /// What it holds.
    r#type: MessageType,
    /// The words; null for an IMAGE without a caption.
    #[cfg_attr(feature = "openapi", schema(required))]
    content: Option<&'a str>,
    /// The picture of an IMAGE.
    #[cfg_attr(feature = "openapi", schema(required))]
    image_url: Option<&'a str>,
    /// In a DIRECT room, whether the other one has read it; elsewhere, whether everybody else has.
    is_read: bool,
    /// How many have read it, the sender counted. Exact.
    read_count: u64,
    /// The first of those who have read it, the sender first.
    read_by_uuids: Cow<'a, [UserId]>,
    /// Whether the reader of this sent it.
    is_my_message: bool,
    /// When it was sent.
    created_at: Timestamp,
    /// Of two states of a message, the one with the greater version is the later one. Not there as long as nothing has
    /// changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    version: Option<u64>,
    /// When it was last edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    edited_at: Option<Timestamp>,
    /// When it was deleted. Its content is null then, whatever its type was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    deleted_at: Option<Timestamp>,
    /// The reactions on it, in the order in which they first were left. Not there without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<ReactionCountJson<'a>>,
    /// What the reader of this has left on it. Not there without any.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    own_reactions: &'a [Reaction],
    /// It is still being written, unless nothing more has come by then. Not there once it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    streaming_until: Option<Timestamp>,
    /// What a SYSTEM message tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    kind: Option<SystemKind>,
    /// Only for the sender's own devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    client_id: Option<&'a ClientId>,
    /// The files that go with it, in the sender's order.
    attachments: Vec<AttachmentJson<'a>>,
    /// The message that it answers, as it is now. Not there where it answers none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    quoted_message: Option<Box<QuotedJson<'a>>>,
    /// By whom it is pinned, and since when. Not there where it is not pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pinned: Option<PinJson<'a>>,
    /// Who sent it first, where it was passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    forwarded: Option<ForwardedJson<'a>>,
    /// Whom it mentions, in the sender's order. Not there where it names nobody.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mentions: &'a [UserId],
    /// Whether it mentions everybody. Not there where it does not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mentions_all: bool,
    /// The root of the thread that it is a reply in. Not there where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    parent_message_uuid: Option<MessageId>,
    /// Whether a reply is meant for the whole room too; any other does not count as unread there. Not there where it is
    /// not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    show_in_room: bool,
    /// Its thread, where there are replies to it, or were.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    thread: Option<Box<ThreadJson<'a>>>,
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
        let (edited_at, deleted_at) = amended::changed_at(message);
        let mentions = message.references.mentions.as_deref();
        let reply = message.references.reply();
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
            version: Some(message.state.changed_pos).filter(|version| *version > 0),
            edited_at,
            deleted_at,
            reactions: amended::counts(&message.state.reactions),
            own_reactions: &[],
            streaming_until: message.state.writing_until,
            kind,
            client_id: message.client_id.as_ref().filter(|_| is_mine),
            attachments: message.attachments.iter().map(Into::into).collect(),
            quoted_message: message.references.quoted.as_deref().map(|quoted| Box::new(quoted.into())),
            pinned: message.state.pinned.as_ref().map(Into::into),
            forwarded: message.references.forwarded.as_deref().map(Into::into),
            mentions: mentions.map(|mentions| &mentions.users[..]).unwrap_or_default(),
            mentions_all: mentions.is_some_and(|mentions| mentions.all),
            parent_message_uuid: reply.map(|reply| reply.root),
            show_in_room: reply.is_some_and(|reply| reply.in_room),
            thread: message.references.summary().map(|summary| Box::new(summary.into())),
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
        let message = Self::new(&view.message, Cow::Borrowed(&view.receipt), view.is_mine);
        Self { own_reactions: &view.own_reactions, ..message }
    }
}

/// A room as one of its participants sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Room))]
pub(crate) struct RoomJson<'a> {
    /// Its id.
    room_uuid: RoomId,
    /// Its kind.
    r#type: RoomType,
    /// Its name; where it has none, one made of the others' nicknames.
    name: &'a str,
    /// The first of its participants.
    participant_uuids: &'a [UserId],
    /// How many participants it has. Exact.
    participant_count: u32,
    /// The challenge of a CHALLENGE room.
    #[cfg_attr(feature = "openapi", schema(required))]
    challenge_uuid: Option<&'a ChallengeId>,
    /// Whether it is open: nothing is sent in a closed one.
    is_active: bool,
    /// When the newest message was sent.
    #[cfg_attr(feature = "openapi", schema(required))]
    last_message_at: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// How many messages the caller has not read.
    unread_count: u64,
    /// The newest message.
    #[cfg_attr(feature = "openapi", schema(required))]
    last_message: Option<MessageJson<'a>>,
    /// What the caller is in it.
    role: Role,
    /// What takes which role in it.
    permissions: PermissionsJson,
    /// What it is about.
    #[cfg_attr(feature = "openapi", schema(required))]
    topic: Option<&'a str>,
    /// The address of a picture.
    #[cfg_attr(feature = "openapi", schema(required))]
    picture: Option<&'a str>,
    /// Who may find it and join it, beside whoever is invited.
    visibility: Visibility,
    /// What the app keeps of its own with it; empty where it keeps nothing.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    custom: &'a Custom,
    /// How many seconds have to pass between two messages of a member who is no admin. Only in a slow room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    slow_mode: Option<u32>,
    /// Until when the caller is muted in it; `9999-12-31T23:59:59.999Z`: for good. Only while they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    muted_until: Option<Timestamp>,
    /// Of which messages the caller has chosen to have notices. Not there: the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    notifications: Option<NotifyLevel>,
    /// From when on the default holds again. Not there: it never does by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    notify_until: Option<Timestamp>,
    /// How many of its participants are here, as it was last counted. Only of a great room that is asked for alone, and only
    /// where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    online_count: Option<u32>,
    /// How long its messages are kept. Only in a room that has a rule of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    retention: Option<RetentionJson>,
    /// The `seq` of the first message that is kept. Only where those before it were cut away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    first_seq: Option<u64>,
    /// How many of the unread messages mention the caller. Exact; deleted ones do not count.
    mention_count: u64,
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
            role: view.role,
            permissions: PermissionsJson(room.permissions),
            topic: room.about.topic.as_deref(),
            picture: room.about.picture.as_deref(),
            visibility: room.about.visibility,
            custom: &room.about.custom,
            slow_mode: Some(room.slow_mode).filter(|seconds| *seconds > 0),
            muted_until: view.muted_until,
            notifications: view.notify.map(|setting| setting.level),
            notify_until: view.notify.and_then(|setting| setting.until),
            online_count: view.online,
            retention: room.retention().map(Into::into),
            first_seq: retention::first_seq(room),
            mention_count: view.mentions,
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Rooms))]
pub(crate) struct RoomsJson<'a> {
    /// The rooms, newest activity first.
    rooms: Vec<RoomJson<'a>>,
    /// Which page it is, from 1.
    page: u64,
    /// How many a page holds.
    limit: u32,
    /// How many rooms there are on all pages.
    total: u64,
    /// Whether another page follows.
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = History))]
pub(crate) struct HistoryJson<'a> {
    /// The messages, newest first.
    messages: Vec<MessageJson<'a>>,
    #[serde(flatten)]
    span: SpanJson,
}

/// Which part it is.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Span))]
enum SpanJson {
    Page(PageJson),
    Window(WindowJson),
}

/// A page by number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Page))]
struct PageJson {
    /// Which page it is, from 1.
    page: u64,
    /// How many a page holds.
    limit: u32,
    /// How many messages there are on all pages.
    total: u64,
    /// Whether another page follows.
    has_more: bool,
}

/// The answer to a cursor.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Window))]
struct WindowJson {
    /// Whether older messages are there.
    has_more_before: bool,
    /// Whether newer messages are there.
    has_more_after: bool,
}

impl<'a> From<&'a History> for HistoryJson<'a> {
    fn from(history: &'a History) -> Self {
        let span = match history.span {
            Span::Page { query, total } => SpanJson::Page(PageJson {
                page: query.page(),
                limit: query.limit().count(),
                total,
                has_more: query.has_more(total),
            }),
            Span::Window { has_more_before, has_more_after } => {
                SpanJson::Window(WindowJson { has_more_before, has_more_after })
            }
        };
        Self { messages: history.messages.iter().map(Into::into).collect(), span }
    }
}

/// Where a member's marks stand.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Marks))]
pub(crate) struct MarkedJson {
    /// The room.
    room_uuid: RoomId,
    /// Everything up to this `seq` is read.
    read_seq: u64,
    /// Everything up to this `seq` has arrived.
    delivered_seq: u64,
    /// How many messages are unread.
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

/// An error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Error))]
pub(crate) struct ErrorJson<'a> {
    /// What to act on; stable.
    code: ErrorCode,
    /// What went wrong, in words for people.
    message: Cow<'a, str>,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub(crate) field: Option<&'a str>,
    /// The room that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub(crate) room_uuid: Option<RoomId>,
    /// Until when somebody is muted or banned; `9999-12-31T23:59:59.999Z`: for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub(crate) until: Option<Timestamp>,
    /// The message that is held, and has this id once it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub(crate) held_uuid: Option<MessageId>,
    /// Of what there are as many as there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    limit: Option<LimitName>,
    /// How many of that there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    allowed: Option<u64>,
}

impl<'a> From<&'a Error> for ErrorJson<'a> {
    fn from(error: &'a Error) -> Self {
        error.kind().into()
    }
}

impl<'a> From<&'a ErrorKind> for ErrorJson<'a> {
    fn from(kind: &'a ErrorKind) -> Self {
        let plain = Self {
            code: kind.wire_code(),
            message: kind.public_message(),
            field: None,
            room_uuid: None,
            until: None,
            held_uuid: None,
            limit: None,
            allowed: None,
        };
        match kind {
            ErrorKind::Invalid { field, .. } => Self { field: Some(field), ..plain },
            ErrorKind::ChallengeRoomExists(room) => Self { room_uuid: Some(*room), ..plain },
            ErrorKind::Muted(until) | ErrorKind::Banned { until, .. } => {
                Self { until: Some(*until), ..plain }
            }
            ErrorKind::Held(id) => Self { held_uuid: Some(*id), ..plain },
            ErrorKind::LimitReached { limit, allowed } => {
                Self { limit: Some(*limit), allowed: Some(*allowed), ..plain }
            }
            _ => plain,
        }
    }
}

/// The answer to a command.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ReplyJson<'a> {
    Done {},
    Message { message: Box<MessageJson<'a>> },
    Amended { message: Box<MessageChangeJson<'a>> },
    Marked(MarkedJson),
    History(HistoryJson<'a>),
    Found(HitsJson<'a>),
    Thread(ThreadStateJson),
    Room(Box<RoomJson<'a>>),
    DoNotDisturb(DoNotDisturbJson),
    Settings(SettingsJson),
}

impl<'a> From<&'a Reply> for ReplyJson<'a> {
    fn from(reply: &'a Reply) -> Self {
        match reply {
            Reply::Done | Reply::Subscribed(_) | Reply::Unsubscribed(_) => Self::Done {},
            Reply::Message(message) => Self::Message { message: Box::new(MessageJson::own(message)) },
            Reply::Amended(message) => Self::Amended { message: Box::new(MessageChangeJson::of(message)) },
            Reply::Marked(marked) => Self::Marked(marked.into()),
            Reply::History(history) => Self::History(history.into()),
            Reply::Found(page) => Self::Found(page.into()),
            Reply::Thread(state) => Self::Thread(state.into()),
            Reply::Room(view) => Self::Room(Box::new((&**view).into())),
            Reply::DoNotDisturb(now) => Self::DoNotDisturb(now.into()),
            Reply::Settings(settings) => Self::Settings(settings.into()),
        }
    }
}
