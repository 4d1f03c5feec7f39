//! Messages, and who has read them.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Attachment, Custom, Pin, PinCursor, Profile, Reaction, Reactions, References, RoomType};
use crate::clock::Timestamp;
use crate::id::{ClientId, MessageId, OriginId, RoomId, UserId};

/// The word for a message's kind on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
#[allow(clippy::exhaustive_enums, reason = "the wire contract names exactly these")]
pub enum MessageType {
    /// Words.
    Text,
    /// A picture by its address.
    Image,
    /// The server's own words.
    System,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// Words, at most [`Config::max_content_bytes`](crate::Config::max_content_bytes) when they were sent; blank
    /// only beside attachments, and while they are yet to be [written](crate::Actor::start_stream).
    Text(Arc<str>),
    /// A picture by its address, with or without a caption.
    Image {
        /// An http or https address of at most 2,048 bytes; or, where it was sent with attachments and no
        /// address, [where](super::Attachment::path) the first of them is, behind
        /// [`Config::public_url`](crate::Config::public_url).
        url: Arc<str>,
        /// Words under it, within the same bound as those of a TEXT.
        caption: Option<Arc<str>>,
    },
    /// The server's own words.
    System {
        /// What happened.
        kind: SystemKind,
        /// The words for it, in the language that was configured then.
        text: Arc<str>,
    },
    /// Nothing any more: its place is left, with the kind that it had.
    Deleted(MessageType),
}

impl Body {
    /// The word for its kind.
    pub fn message_type(&self) -> MessageType {
        match self {
            Self::Text(_) => MessageType::Text,
            Self::Image { .. } => MessageType::Image,
            Self::System { .. } => MessageType::System,
            Self::Deleted(was) => *was,
        }
    }

    /// The words in it.
    pub fn content(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::System { text, .. } => Some(text),
            Self::Image { caption, .. } => caption.as_deref(),
            Self::Deleted(_) => None,
        }
    }

    /// The address of the picture in it.
    pub fn image_url(&self) -> Option<&str> {
        match self {
            Self::Image { url, .. } => Some(url),
            _ => None,
        }
    }

    /// Whether it counts as unread for those who have not read it. One that was deleted counts until it is passed.
    pub fn is_countable(&self) -> bool {
        self.message_type() != MessageType::System
    }

    /// Whether it was deleted.
    pub fn is_deleted(&self) -> bool {
        matches!(self, Self::Deleted(_))
    }
}

/// What a SYSTEM message tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum SystemKind {
    /// Somebody was added.
    Joined,
    /// Somebody left.
    Left,
    /// Somebody was taken out.
    Removed,
    /// The room has another name.
    Renamed,
}

/// The words of SYSTEM messages. `{name}` stands for the nickname of whom it is about, `{room}` for the
/// room's new name, which is empty where it has none any more. Neither has to stand in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrases {
    /// Somebody was added.
    pub joined: Cow<'static, str>,
    /// Somebody left.
    pub left: Cow<'static, str>,
    /// Somebody was taken out.
    pub removed: Cow<'static, str>,
    /// The room has another name.
    pub renamed: Cow<'static, str>,
}

impl Phrases {
    /// English.
    pub const fn english() -> Self {
        Self {
            joined: Cow::Borrowed("{name} joined"),
            left: Cow::Borrowed("{name} left"),
            removed: Cow::Borrowed("{name} was removed"),
            renamed: Cow::Borrowed("{name} renamed the room to {room}"),
        }
    }

    /// Korean.
    pub const fn korean() -> Self {
        Self {
            joined: Cow::Borrowed("{name}님이 들어왔습니다"),
            left: Cow::Borrowed("{name}님이 나갔습니다"),
            removed: Cow::Borrowed("{name}님을 내보냈습니다"),
            renamed: Cow::Borrowed("{name}님이 채팅방 이름을 {room}(으)로 바꿨습니다"),
        }
    }

    /// The body of a SYSTEM message about somebody.
    pub(crate) fn about(&self, kind: SystemKind, name: &str, room: &str) -> Body {
        let phrase = match kind {
            SystemKind::Joined => &self.joined,
            SystemKind::Left => &self.left,
            SystemKind::Removed => &self.removed,
            SystemKind::Renamed => &self.renamed,
        };
        // Split, not replaced twice: a nickname may hold "{room}".
        let mut text = String::with_capacity(phrase.len() + name.len() + room.len());
        for (index, part) in phrase.split("{name}").enumerate() {
            if index > 0 {
                text.push_str(name);
            }
            text.push_str(&part.replace("{room}", room));
        }
        Body::System { kind, text: text.into() }
    }
}

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its room.
    pub room: RoomId,
    /// Its number in the room: 1, 2, 3 … without a gap.
    pub seq: u64,
    /// Who sent it; for a SYSTEM message, whom it is about.
    pub sender: Profile,
    /// What it says.
    pub body: Body,
    /// The name that the sender's client gave it; `None` where it gave none, and for a SYSTEM message.
    pub client_id: Option<ClientId>,
    /// The connection that sent it, where it has a name that outlives it.
    pub origin: Option<OriginId>,
    /// When it was sent, by the engine's [`Clock`](crate::Clock).
    pub created_at: Timestamp,
    /// The position that made it, in the lane of its room.
    pub pos: u64,
    /// How many [countable](Body::is_countable) messages the room had, this one counted where it is one.
    pub n: u64,
    /// How many countable messages its sender had in the room, likewise.
    pub own_n: u64,
    /// What has become of it since it was sent.
    pub state: MessageState,
    /// The files that go with it, in the sender's order; none once it is deleted.
    pub attachments: Arc<[Attachment]>,
    /// What it refers to.
    pub references: References,
    /// What the app keeps of its own with it: at most
    /// [`Config::max_message_custom_bytes`](crate::Config::max_message_custom_bytes) when it was given, and nothing once it
    /// is deleted.
    pub custom: Custom,
}

/// What has become of a message since it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageState {
    /// The position that last changed it; 0 where nothing has.
    pub changed_pos: u64,
    /// When what it says last changed: edited, or deleted.
    pub edited_at: Option<Timestamp>,
    /// What was left on it, of at most [`Config::max_reaction_kinds`](crate::Config::max_reaction_kinds) kinds.
    pub reactions: Reactions,
    /// It is still being [written](crate::Actor::start_stream), unless nothing more has come by then: whoever wrote
    /// it is gone. `None`: it is written.
    pub writing_until: Option<Timestamp>,
    /// By whom it is pinned, if it is.
    pub pinned: Option<Pin>,
}

impl Message {
    /// Its place among the pins of its room, if it is pinned.
    pub fn pin_cursor(&self) -> Option<PinCursor> {
        Some(PinCursor { at: self.state.pinned.as_ref()?.at, seq: self.seq })
    }
}

/// How a message was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Amendment {
    /// It says something else, or what the app keeps with it is something else.
    Edited,
    /// It says nothing any more.
    Deleted,
    /// A reaction was left (`true`) or taken back.
    Reacted(Reaction, bool),
    /// More of it is written, or all of it.
    Written,
    /// It was pinned (`true`), or is pinned no more.
    Pinned(bool),
    /// A reply in its thread came (`true`), or was deleted.
    Replied(bool),
}

/// Who has read a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// In a direct room, the other one has; elsewhere, everybody else has.
    pub is_read: bool,
    /// How many have, the sender counted; of the others, those who are in the room now and were when it was
    /// sent. Exact.
    pub read_count: u64,
    /// The first of them, the sender first; at most [`Config::max_listed`](crate::Config::max_listed), and the
    /// sender always.
    pub read_by: Vec<UserId>,
}

impl Receipt {
    /// The receipt of a message that nobody but its sender has seen yet.
    pub fn fresh(message: &Message) -> Self {
        Self { is_read: false, read_count: 1, read_by: vec![message.sender.user.clone()] }
    }

    /// Derives the receipt from the marks of the room's active members: `(user, joined_seq, read_seq)`. It names
    /// at most `listed` users, and the sender always.
    pub fn derive(message: &Message, room: RoomType, marks: &[(UserId, u64, u64)], listed: usize) -> Self {
        let mut receipt = Self::fresh(message);
        let mut eligible = 0;
        for (user, joined, read) in marks {
            if *user == message.sender.user || *joined >= message.seq {
                continue;
            }
            eligible += 1;
            if *read >= message.seq {
                receipt.read_count += 1;
                if receipt.read_by.len() < listed {
                    receipt.read_by.push(user.clone());
                }
            }
        }
        let others = receipt.read_count - 1;
        receipt.is_read = match room {
            RoomType::Direct => others > 0,
            RoomType::Group | RoomType::Challenge => eligible > 0 && others == eligible,
        };
        receipt
    }
}

/// A message as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageView {
    /// The message.
    pub message: Arc<Message>,
    /// Who has read it.
    pub receipt: Receipt,
    /// Whether the viewer sent it.
    pub is_mine: bool,
    /// What the viewer has left on it.
    pub own_reactions: Vec<Reaction>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(seq: u64) -> Message {
        Message {
            id: MessageId::generate(),
            room: RoomId::generate(),
            seq,
            sender: Profile::unknown("ana".parse().unwrap()),
            body: Body::Text("hi".into()),
            client_id: None,
            origin: None,
            created_at: Timestamp::from_millis(0),
            pos: 1,
            n: 1,
            own_n: 1,
            state: MessageState::default(),
            attachments: Arc::default(),
            references: References::default(),
            custom: Custom::default(),
        }
    }

    #[test]
    fn whoever_joined_later_is_not_waited_for() {
        let mark = |user: &str, joined, read| (user.parse().unwrap(), joined, read);
        let marks = [mark("ana", 0, 0), mark("ben", 0, 5), mark("cho", 5, 5)];
        let receipt = Receipt::derive(&message(5), RoomType::Group, &marks, 100);
        assert!(receipt.is_read);
        assert_eq!(receipt.read_count, 2);
        let receipt = Receipt::derive(&message(6), RoomType::Group, &marks, 100);
        assert!(!receipt.is_read);
        assert_eq!(receipt.read_count, 1);
    }

    #[test]
    fn the_list_of_readers_is_bounded_and_their_count_is_not() {
        let marks: Vec<_> = (0..300).map(|n| (format!("u{n}").parse().unwrap(), 0, 9)).collect();
        let receipt = Receipt::derive(&message(5), RoomType::Group, &marks, 100);
        assert_eq!((receipt.read_by.len(), receipt.read_count), (100, 301));
    }

    #[test]
    fn a_nickname_is_never_taken_for_a_placeholder() {
        let body = Phrases::english().about(SystemKind::Renamed, "{room}{name}", "Runners");
        assert_eq!(body.content(), Some("{room}{name} renamed the room to Runners"));
    }
}
