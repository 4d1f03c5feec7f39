//! The line of a message that waits.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::message::{AttachmentLine, hash_of, hash_text};
use super::{FieldError, check_texts};
use crate::clock::Timestamp;
use crate::id::{ClientId, MessageId, RoomId, UserId};
use crate::model::{Attachment, Body, Custom, Mentions, MessageType, Profile};
use crate::store::{Forward, Held, Refers, Reply};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct HeldLine {
    room: RoomId,
    id: MessageId,
    sender: UserId,
    r#type: MessageType,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    body_hash: String,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quoted: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded: Option<ForwardLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<UserId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    mentions_all: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<ReplyLine>,
    #[serde(default, skip_serializing_if = "Custom::is_empty")]
    custom: Custom,
}

/// What it passes on, and who sent that first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ForwardLine {
    message: MessageId,
    first: UserId,
}

/// The root of its thread. It may be gone by the time that this is sent, and has no number therefore.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReplyLine {
    message: MessageId,
    in_room: bool,
}

impl HeldLine {
    pub(in crate::transfer) fn record(self) -> Result<Held, FieldError> {
        let Self { room, id, sender, client_id, at, reason, quoted, custom, .. } = self;
        check_texts(&[
            ("content", self.content.as_deref()),
            ("imageUrl", self.image_url.as_deref()),
            ("reason", reason.as_deref()),
        ])?;
        let body = match (self.r#type, self.content, self.image_url) {
            (MessageType::Text, Some(text), None) => Body::Text(text),
            (MessageType::Image, caption, Some(url)) => Body::Image { url, caption },
            _ => return Err(FieldError::Unfit("type")),
        };
        let hash = hash_of(&self.body_hash)?;
        let files = self.attachments.into_iter().map(|line| line.attachment(room, &sender));
        let attachments: Arc<[Attachment]> = files.collect::<Result<_, _>>()?;
        let mut named = HashSet::new();
        let fits = |file: &Attachment| file.is_image() || matches!(body, Body::Text(_));
        if !attachments.iter().all(|file| named.insert(file.id) && fits(file)) {
            return Err(FieldError::Unfit("attachments"));
        }
        let forwarded = self.forwarded.map(|ForwardLine { message, first }| {
            let first = Profile::unknown(first);
            Box::new(Forward { message, first })
        });
        let mentions = Mentions { users: self.mentions, all: self.mentions_all };
        let mentions = Some(mentions).filter(|mentions| !mentions.is_empty()).map(Box::new);
        // Who approves it says of how many threads is kept who follows them.
        let thread = self
            .reply_to
            .map(|ReplyLine { message: root, in_room }| Box::new(Reply { root, in_room, max_followed: 0 }));
        let refers = Refers { quoted, forwarded, mentions, thread };
        let sender = Profile::unknown(sender);
        Ok(Held { id, room, sender, body, client_id, attachments, refers, custom, hash, reason, at })
    }
}

impl From<Held> for HeldLine {
    fn from(held: Held) -> Self {
        let Held { id, room, sender, body, client_id, attachments, refers, custom, hash, reason, at } = held;
        let Refers { quoted, forwarded, mentions, thread } = refers;
        let Mentions { users: mentions, all: mentions_all } =
            mentions.map(|named| *named).unwrap_or_default();
        let forwarded =
            forwarded.map(|forward| ForwardLine { message: forward.message, first: forward.first.user });
        let reply_to = thread.map(|reply| ReplyLine { message: reply.root, in_room: reply.in_room });
        Self {
            room,
            id,
            sender: sender.user,
            r#type: body.message_type(),
            content: body.content().map(Into::into),
            image_url: body.image_url().map(Into::into),
            client_id,
            body_hash: hash_text(hash),
            at,
            reason,
            attachments: attachments.iter().map(AttachmentLine::from).collect(),
            quoted,
            forwarded,
            mentions,
            mentions_all,
            reply_to,
            custom,
        }
    }
}
