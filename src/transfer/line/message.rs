//! The line of a message.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{FieldError, check_numbers, check_texts};
use crate::clock::Timestamp;
use crate::id::{AttachmentId, ClientId, MessageId, OriginId, RoomId, UserId};
use crate::model::{
    Attachment, Body, Custom, Dimensions, Mentions, Message, MessageState, MessageType, Pin, Profile, Quoted,
    References, ReplyTo, SystemKind, Thread,
};
use crate::store::BodyHash;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct MessageLine {
    room: RoomId,
    seq: u64,
    id: MessageId,
    sender: UserId,
    r#type: MessageType,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<SystemKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<OriginId>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    n: u64,
    own_n: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quoted: Option<QuotedLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<PinLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded: Option<UserId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<UserId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    mentions_all: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<ReplyLine>,
    #[serde(default, skip_serializing_if = "Custom::is_empty")]
    custom: Custom,
}

/// In whose thread it is a reply. What a root tells of its thread comes with the replies.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReplyLine {
    seq: u64,
    message: MessageId,
    in_room: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PinLine {
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<UserId>,
}

/// Which message is answered. What it says stands in its own line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct QuotedLine {
    seq: u64,
    message: MessageId,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AttachmentLine {
    id: AttachmentId,
    name: Arc<str>,
    media_type: Arc<str>,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    has_thumbnail: bool,
    created_at: Timestamp,
}

impl MessageLine {
    pub(super) fn of(message: Message, hash: Option<BodyHash>) -> Self {
        let (r#type, content) = (message.body.message_type(), message.body.content().map(Into::into));
        let image_url = message.body.image_url().map(Into::into);
        let system = match message.body {
            Body::System { kind, .. } => Some(kind),
            _ => None,
        };
        let body_hash = hash.map(hash_text);
        let changed_at = message.state.edited_at;
        let (edited_at, deleted_at) =
            if message.body.is_deleted() { (None, changed_at) } else { (changed_at, None) };
        let attachments = message.attachments.iter().map(AttachmentLine::from).collect();
        let quoted = message.references.quoted.as_ref();
        let quoted = quoted.map(|quoted| QuotedLine { seq: quoted.seq, message: quoted.id });
        let forwarded = message.references.forwarded.as_ref().map(|first| first.user.clone());
        let pinned = message.state.pinned.clone().map(|Pin { by, at }| PinLine { at, by });
        let reply_to = message.references.reply();
        let reply_to =
            reply_to.map(|reply| ReplyLine { seq: reply.seq, message: reply.root, in_room: reply.in_room });
        let mentions = message.references.mentions.as_deref().cloned().unwrap_or_default();
        let Mentions { users: mentions, all: mentions_all } = mentions;
        let Message { id, room, seq, sender, client_id, origin, created_at, n, own_n, custom, .. } = message;
        let sender = sender.user;
        Self {
            room,
            seq,
            id,
            sender,
            r#type,
            system,
            content,
            image_url,
            client_id,
            body_hash,
            origin,
            created_at,
            edited_at,
            deleted_at,
            n,
            own_n,
            attachments,
            quoted,
            pinned,
            forwarded,
            mentions,
            mentions_all,
            reply_to,
            custom,
        }
    }
}

impl From<&Attachment> for AttachmentLine {
    fn from(attachment: &Attachment) -> Self {
        let Attachment { id, name, media_type, size, dimensions, has_thumbnail, created_at, .. } =
            attachment.clone();
        let (width, height) = dimensions.map(|sides| (sides.width, sides.height)).unzip();
        Self { id, name, media_type, size, width, height, has_thumbnail, created_at }
    }
}

impl AttachmentLine {
    pub(super) fn attachment(self, room: RoomId, uploader: &UserId) -> Result<Attachment, FieldError> {
        let Self { id, name, media_type, size, width, height, has_thumbnail, created_at } = self;
        check_texts(&[("name", Some(&name)), ("mediaType", Some(&media_type))])?;
        check_numbers(&[("size", size)])?;
        let dimensions = match (width, height) {
            (Some(width), Some(height)) => Some(Dimensions { width, height }),
            (None, None) => None,
            _ => return Err(FieldError::Unfit("width")),
        };
        let uploader = uploader.clone();
        Ok(Attachment { id, room, uploader, name, media_type, size, dimensions, has_thumbnail, created_at })
    }
}

impl MessageLine {
    pub(in crate::transfer) fn record(self) -> Result<(Message, Option<BodyHash>), FieldError> {
        let Self { room, seq, id, sender, client_id, origin, created_at, n, own_n, .. } = self;
        check_texts(&[("content", self.content.as_deref()), ("imageUrl", self.image_url.as_deref())])?;
        check_numbers(&[("seq", seq), ("n", n), ("ownN", own_n)])?;
        let body = match (self.r#type, self.system, self.content, self.image_url) {
            (was @ (MessageType::Text | MessageType::Image), None, None, None)
                if self.deleted_at.is_some() =>
            {
                Body::Deleted(was)
            }
            _ if self.deleted_at.is_some() => return Err(FieldError::Unfit("deletedAt")),
            (MessageType::Text, None, Some(text), None) => Body::Text(text),
            (MessageType::Image, None, caption, Some(url)) => Body::Image { url, caption },
            (MessageType::System, Some(kind), Some(text), None) => Body::System { kind, text },
            _ => return Err(FieldError::Unfit("type")),
        };
        let hash = self.body_hash.as_deref().map(hash_of).transpose()?;
        if hash.is_some() != client_id.is_some() {
            return Err(FieldError::Unfit("bodyHash"));
        }
        let attachments = self.attachments.into_iter().map(|line| line.attachment(room, &sender));
        let attachments = attachments.collect::<Result<_, _>>()?;
        let quoted = self.quoted.map(|line| line.quoted(seq, &sender)).transpose()?;
        let forwarded = self.forwarded.map(|first| Arc::new(Profile::unknown(first)));
        let mentions = Mentions { users: self.mentions, all: self.mentions_all };
        let mentions = Some(mentions).filter(|mentions| !mentions.is_empty()).map(Arc::new);
        if mentions.is_some() && !matches!(body, Body::Text(_) | Body::Image { .. }) {
            return Err(FieldError::Unfit("mentions"));
        }
        let thread = self.reply_to.map(|line| line.thread(seq)).transpose()?;
        if thread.is_some() && matches!(body, Body::System { .. }) {
            return Err(FieldError::Unfit("replyTo"));
        }
        let custom = self.custom;
        if !custom.is_empty() && !matches!(body, Body::Text(_) | Body::Image { .. }) {
            return Err(FieldError::Unfit("custom"));
        }
        let (sender, pos) = (Profile::unknown(sender), 0);
        let pinned = self.pinned.map(|PinLine { at, by }| Pin { by, at });
        if pinned.is_some() && !matches!(body, Body::Text(_) | Body::Image { .. }) {
            return Err(FieldError::Unfit("pinned"));
        }
        let edited_at = self.deleted_at.or(self.edited_at);
        let state = MessageState { edited_at, pinned, ..MessageState::default() };
        let message = Message {
            id,
            room,
            seq,
            sender,
            body,
            client_id,
            origin,
            created_at,
            pos,
            n,
            own_n,
            state,
            attachments,
            references: References { quoted, forwarded, mentions, thread },
            custom,
        };
        Ok((message, hash))
    }
}

pub(super) fn hash_text(BodyHash(bytes): BodyHash) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn hash_of(text: &str) -> Result<BodyHash, FieldError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(BodyHash).ok_or(FieldError::Unfit("bodyHash"))
}

impl ReplyLine {
    /// The root was there before it.
    fn thread(self, by: u64) -> Result<Arc<Thread>, FieldError> {
        let Self { seq, message: root, in_room } = self;
        if !(1..by).contains(&seq) {
            return Err(FieldError::Unfit("replyTo"));
        }
        Ok(Arc::new(Thread::Reply(ReplyTo { root, seq, in_room })))
    }
}

impl QuotedLine {
    /// It answers one that was there before it. What that one says a store reads where it is.
    fn quoted(self, by: u64, sender: &UserId) -> Result<Arc<Quoted>, FieldError> {
        let Self { seq, message: id } = self;
        if !(1..by).contains(&seq) {
            return Err(FieldError::Unfit("quoted"));
        }
        let (sender, body) = (Profile::unknown(sender.clone()), Body::Deleted(MessageType::Text));
        Ok(Arc::new(Quoted { id, seq, sender, body, edited_at: None, changed_pos: 0 }))
    }
}
