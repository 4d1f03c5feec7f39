//! What users hand in. The engine checks it before anything is made of it.

use serde::{Deserialize, Serialize};

use super::{Custom, MessageType, RoomType, Visibility};
use crate::id::{AttachmentId, MessageId};

/// A message to send.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// TEXT or IMAGE.
    pub r#type: MessageType,
    /// The words: needed in a TEXT, a caption in an IMAGE. At most
    /// [`Config::max_content_bytes`](crate::Config::max_content_bytes), without control characters but tabs and
    /// line breaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The picture of an IMAGE, an http or https address of at most 2,048 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// A name of the client's own for it, a [`ClientId`](crate::ClientId): sending twice under one name sends
    /// once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Ids of files that the sender has uploaded into the room, at most
    /// [`Config::max_attachments`](crate::Config::max_attachments) and each for one message. Beside them a TEXT
    /// needs no words; an IMAGE needs no address, and all of them are pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<String>,
    /// The id of the message that it answers: one of the same room, and none of the server's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quoted_message_uuid: Option<String>,
    /// Ids of the people whom it mentions, at most [`Config::max_mentions`](crate::Config::max_mentions). Whoever is
    /// not in the room is left out, and so is the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[allow(clippy::box_collection, reason = "most mention nobody, and a draft is moved often")]
    pub mentions: Option<Box<Vec<String>>>,
    /// Whether it mentions everybody in the room, which takes [`Verb::MentionAll`](super::Verb::MentionAll).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mentions_all: bool,
    /// The id of the message in whose thread it is a reply: one of the same room, none of the server's own, and no
    /// reply itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[allow(clippy::box_collection, reason = "most are no replies, and a draft is moved often")]
    pub parent_message_uuid: Option<Box<String>>,
    /// Whether a reply is meant for the whole room too, and counts as unread there; it means nothing for any other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub show_in_room: bool,
    /// What the app keeps of its own with it, an object of at most
    /// [`Config::max_message_custom_bytes`](crate::Config::max_message_custom_bytes): beside what it says, not instead.
    #[serde(default, deserialize_with = "Custom::or_none", skip_serializing_if = "Custom::is_empty")]
    pub custom: Custom,
}

impl Draft {
    /// Words.
    pub fn text(content: impl Into<String>) -> Self {
        Self { content: Some(content.into()), ..Self::empty(MessageType::Text) }
    }

    /// A TEXT that [`start_stream`](crate::Actor::start_stream) begins: with its first words, or none yet.
    pub fn begun(content: Option<String>, client_id: Option<String>) -> Self {
        Self { content, client_id, ..Self::empty(MessageType::Text) }
    }

    /// A picture by its address, an http or https one of at most 2,048 bytes.
    pub fn image(url: impl Into<String>) -> Self {
        Self { image_url: Some(url.into()), ..Self::empty(MessageType::Image) }
    }

    /// A file and nothing else.
    pub fn attachment(id: AttachmentId) -> Self {
        Self::empty(MessageType::Text).with_attachment(id)
    }

    fn empty(r#type: MessageType) -> Self {
        Self {
            r#type,
            content: None,
            image_url: None,
            client_id: None,
            attachments: Vec::new(),
            quoted_message_uuid: None,
            mentions: None,
            mentions_all: false,
            parent_message_uuid: None,
            show_in_room: false,
            custom: Custom::default(),
        }
    }

    /// With a file that its sender has uploaded into the room.
    #[must_use]
    pub fn with_attachment(mut self, id: AttachmentId) -> Self {
        self.attachments.push(id.to_string());
        self
    }

    /// As an answer to a message of the same room, which it quotes.
    #[must_use]
    pub fn quoting(mut self, message: MessageId) -> Self {
        self.quoted_message_uuid = Some(message.to_string());
        self
    }

    /// As a reply in the thread of a message of the same room.
    #[must_use]
    pub fn replying(mut self, root: MessageId) -> Self {
        self.parent_message_uuid = Some(Box::new(root.to_string()));
        self
    }

    /// As a reply that is meant for the whole room too.
    #[must_use]
    pub fn shown_in_room(mut self) -> Self {
        self.show_in_room = true;
        self
    }

    /// With something of the app's own.
    #[must_use]
    pub fn with_custom(mut self, custom: Custom) -> Self {
        self.custom = custom;
        self
    }

    /// With somebody whom it mentions, besides those who are named already.
    #[must_use]
    pub fn mentioning(mut self, user: impl Into<String>) -> Self {
        self.mentions.get_or_insert_default().push(user.into());
        self
    }

    /// As one that mentions everybody in the room.
    #[must_use]
    pub fn mentioning_all(mut self) -> Self {
        self.mentions_all = true;
        self
    }

    /// With a client id of 1 to [`MAX_ID_CHARS`](crate::id::MAX_ID_CHARS) characters, so that a retry is no
    /// second message.
    #[must_use]
    pub fn with_client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }
}

/// A room to make.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewRoom {
    /// DIRECT, GROUP or CHALLENGE.
    pub r#type: RoomType,
    /// Its name, one line of at most [`Config::max_name_chars`](crate::Config::max_name_chars); without one, one
    /// is made from the others' nicknames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who takes part: at most [`Config::max_participants`](crate::Config::max_participants) ids, in a DIRECT
    /// room one besides the creator's. The creator always does; the host, who takes no part, names everybody.
    pub participant_uuids: Vec<String>,
    /// The challenge, for a CHALLENGE room and no other: a [`ChallengeId`](crate::ChallengeId).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_uuid: Option<String>,
    /// What it is about, in at most [`Config::max_topic_chars`](crate::Config::max_topic_chars).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The address of a picture, http or https and at most 2,048 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Who may find it and join it; private by default, and a DIRECT room always.
    #[serde(default)]
    pub visibility: Visibility,
    /// What the app keeps of its own with it, an object of at most
    /// [`Config::max_custom_bytes`](crate::Config::max_custom_bytes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
}

impl NewRoom {
    /// The room of the creator and one other person. The same two always get the same room.
    pub fn direct(other: impl Into<String>) -> Self {
        Self { r#type: RoomType::Direct, ..Self::group("").with([other]) }
    }

    /// A room of any number of people; a blank name is none.
    pub fn group(name: impl Into<String>) -> Self {
        Self {
            r#type: RoomType::Group,
            name: Some(name.into()),
            participant_uuids: Vec::new(),
            challenge_uuid: None,
            topic: None,
            picture: None,
            visibility: Visibility::Private,
            custom: None,
        }
    }

    /// The room of a challenge, which has one at a time.
    pub fn challenge(challenge: impl Into<String>, name: impl Into<String>) -> Self {
        Self { r#type: RoomType::Challenge, challenge_uuid: Some(challenge.into()), ..Self::group(name) }
    }

    /// For everybody to find and join.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.visibility = Visibility::Public;
        self
    }

    /// With a topic; a blank one is none.
    #[must_use]
    pub fn with_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// With a picture, by its address; an empty one is none.
    #[must_use]
    pub fn with_picture(mut self, address: impl Into<String>) -> Self {
        self.picture = Some(address.into());
        self
    }

    /// With something of the app's own.
    #[must_use]
    pub fn with_custom(mut self, custom: Custom) -> Self {
        self.custom = Some(custom);
        self
    }

    /// With these people in it, besides those who are named already.
    #[must_use]
    pub fn with<I: Into<String>>(mut self, users: impl IntoIterator<Item = I>) -> Self {
        self.participant_uuids.extend(users.into_iter().map(Into::into));
        self
    }
}
