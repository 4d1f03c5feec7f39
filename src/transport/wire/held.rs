//! Messages that are held back, as JSON.

use serde::Serialize;

use super::references::ForwardedJson;
use super::{AttachmentJson, UserJson};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{Custom, HeldMessage, HeldPage, MessageType};
use crate::names::names;

/// A message that is held back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = HeldMessage))]
pub(crate) struct HeldJson<'a> {
    /// Its id, and that of the message once it is sent.
    held_uuid: MessageId,
    /// The room.
    room_uuid: RoomId,
    /// Who wants to say it.
    sender: UserJson<'a>,
    /// What it holds.
    r#type: MessageType,
    /// The words; null for an IMAGE without a caption.
    #[cfg_attr(feature = "openapi", schema(required))]
    content: Option<&'a str>,
    /// The picture of an IMAGE.
    #[cfg_attr(feature = "openapi", schema(required))]
    image_url: Option<&'a str>,
    /// The files that go with it.
    attachments: Vec<AttachmentJson<'a>>,
    /// The message that it answers. Not there where it answers none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    quoted_message_uuid: Option<MessageId>,
    /// Who sent it first, where it is passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    forwarded: Option<ForwardedJson<'a>>,
    /// Whom it mentions. Not there where it names nobody.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mentions: &'a [UserId],
    /// Whether it mentions everybody. Not there where it does not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mentions_all: bool,
    /// The root of the thread that it is a reply in. Not there where it is in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    parent_message_uuid: Option<MessageId>,
    /// Whether a reply is meant for the whole room too. Not there where it is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    show_in_room: bool,
    /// What the app keeps of its own with it. Not there where it keeps nothing.
    #[serde(skip_serializing_if = "Custom::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    custom: &'a Custom,
    /// Why it is held: for moderators alone, where the app says why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    reason: Option<&'a str>,
    /// Since when.
    created_at: Timestamp,
}

impl<'a> From<&'a HeldMessage> for HeldJson<'a> {
    fn from(held: &'a HeldMessage) -> Self {
        let mentions = held.mentions.as_deref();
        Self {
            held_uuid: held.id,
            room_uuid: held.room,
            sender: (&held.sender).into(),
            r#type: held.body.message_type(),
            content: held.body.content(),
            image_url: held.body.image_url(),
            attachments: held.attachments.iter().map(Into::into).collect(),
            quoted_message_uuid: held.quoted,
            forwarded: held.forwarded.as_ref().map(Into::into),
            mentions: mentions.map(|mentions| &mentions.users[..]).unwrap_or_default(),
            mentions_all: mentions.is_some_and(|mentions| mentions.all),
            parent_message_uuid: held.parent,
            show_in_room: held.show_in_room,
            custom: &held.custom,
            reason: held.reason.as_deref(),
            created_at: held.at,
        }
    }
}

/// A page of messages that are held back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = HeldMessages))]
pub(crate) struct HeldPageJson<'a> {
    /// The messages, the oldest first.
    held: Vec<HeldJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<MessageId>,
}

impl<'a> From<&'a HeldPage> for HeldPageJson<'a> {
    fn from(page: &'a HeldPage) -> Self {
        Self { held: page.held.iter().map(Into::into).collect(), next_cursor: page.next }
    }
}

/// The answer to a message that is held back: it was taken, and is not sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Held))]
pub(crate) struct HeldAnswerJson {
    /// `HELD`.
    code: ErrorCode,
    /// What it means, in words for people.
    message: String,
    /// Its id, and that of the message once it is sent.
    held_uuid: MessageId,
}

impl HeldAnswerJson {
    /// `None` of any other error.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        let ErrorKind::Held(held_uuid) = *error.kind() else { return None };
        let (code, message) = (error.kind().wire_code(), error.kind().public_message().into_owned());
        Some(Self { code, message, held_uuid })
    }
}

names! {
    /// What a [`HeldNewsJson`] tells of.
    pub(crate) enum HeldNewsType {
        Approved = "messageApproved",
        Rejected = "messageRejected",
        Expired = "messageExpired",
        Withdrawn = "messageWithdrawn",
    }
}

/// What became of a message of the user's that was held back: expired, nobody has answered in time. One that is approved comes
/// as any other message does.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = HeldNews))]
pub(crate) struct HeldNewsJson<'a> {
    /// What it is.
    r#type: HeldNewsType,
    /// The room.
    room_uuid: RoomId,
    /// Which message.
    held_uuid: MessageId,
    /// Why it was rejected, in a moderator's words, if they gave any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    reason: Option<&'a str>,
}

impl<'a> HeldNewsJson<'a> {
    pub(crate) fn approved(room_uuid: RoomId, held_uuid: MessageId) -> Self {
        Self { r#type: HeldNewsType::Approved, room_uuid, held_uuid, reason: None }
    }

    pub(crate) fn expired(room_uuid: RoomId, held_uuid: MessageId) -> Self {
        Self { r#type: HeldNewsType::Expired, room_uuid, held_uuid, reason: None }
    }

    pub(crate) fn rejected(room_uuid: RoomId, held_uuid: MessageId, reason: Option<&'a str>) -> Self {
        Self { r#type: HeldNewsType::Rejected, room_uuid, held_uuid, reason }
    }

    pub(crate) fn withdrawn(room_uuid: RoomId, held_uuid: MessageId) -> Self {
        Self { r#type: HeldNewsType::Withdrawn, room_uuid, held_uuid, reason: None }
    }
}
