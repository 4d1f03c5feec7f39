//! Messages.

use serde::Serialize;

use super::amended::{self, ReactionCountJson};
use super::pins::PinJson;
use super::references::{ForwardedJson, QuotedJson};
use super::threads::ThreadJson;
use super::{AttachmentJson, UserJson};
use crate::clock::Timestamp;
use crate::event::View;
use crate::id::{ClientId, MessageId, RoomId, UserId};
use crate::model::{Body, Custom, History, Message, MessageType, MessageView, Reaction, Span, SystemKind};

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
    read_by_uuids: &'a [UserId],
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
    /// What the app keeps of its own with it. Not there where it keeps nothing.
    #[serde(skip_serializing_if = "Custom::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    custom: &'a Custom,
}

impl<'a> MessageJson<'a> {
    /// A message at the moment of its publishing, when nobody else has read it.
    pub(crate) fn fresh(message: &'a Message, view: View) -> Self {
        let is_mine = view == View::Sender;
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
            is_read: false,
            read_count: 1,
            read_by_uuids: std::slice::from_ref(&message.sender.user),
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
            custom: &message.custom,
        }
    }

    /// The answer to a send.
    pub(crate) fn own(message: &'a Message) -> Self {
        Self::fresh(message, View::Sender)
    }
}

impl<'a> From<&'a MessageView> for MessageJson<'a> {
    fn from(view: &'a MessageView) -> Self {
        let MessageView { message, receipt, own_reactions, is_mine } = view;
        Self {
            is_read: receipt.is_read,
            read_count: receipt.read_count,
            read_by_uuids: &receipt.read_by,
            own_reactions,
            ..Self::fresh(message, if *is_mine { View::Sender } else { View::Others })
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
