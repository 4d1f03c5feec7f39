//! What a message refers to, as JSON.

use serde::Serialize;

use super::UserJson;
use crate::clock::Timestamp;
use crate::id::{MessageId, UserId};
use crate::model::{MessageType, Profile, Quoted};

/// The message that another one answers, as it is now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = QuotedMessage))]
pub(crate) struct QuotedJson<'a> {
    /// Its id.
    message_uuid: MessageId,
    /// Its number in the room.
    seq: u64,
    /// Who sent it.
    sender: UserJson<'a>,
    /// What it holds, or held.
    r#type: MessageType,
    /// How its words begin; null for an IMAGE without a caption, and for one that was deleted.
    #[cfg_attr(feature = "openapi", schema(required))]
    content: Option<&'a str>,
    /// The picture of an IMAGE.
    #[cfg_attr(feature = "openapi", schema(required))]
    image_url: Option<&'a str>,
    /// When it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    deleted_at: Option<Timestamp>,
    /// That of its state: a `messageUpdated` of it with a greater one is later. Not there as long as nothing has
    /// changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    version: Option<u64>,
}

impl<'a> From<&'a Quoted> for QuotedJson<'a> {
    fn from(quoted: &'a Quoted) -> Self {
        Self {
            message_uuid: quoted.id,
            seq: quoted.seq,
            sender: (&quoted.sender).into(),
            r#type: quoted.body.message_type(),
            content: quoted.body.content(),
            image_url: quoted.body.image_url(),
            deleted_at: quoted.edited_at.filter(|_| quoted.body.is_deleted()),
            version: Some(quoted.changed_pos).filter(|version| *version > 0),
        }
    }
}

/// Who sent a message first that was passed on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Forwarded))]
pub(crate) struct ForwardedJson<'a> {
    /// Whose it was.
    user_uuid: &'a UserId,
    /// The name that others see.
    nickname: &'a str,
}

impl<'a> From<&'a Profile> for ForwardedJson<'a> {
    fn from(first: &'a Profile) -> Self {
        Self { user_uuid: &first.user, nickname: &first.nickname }
    }
}
