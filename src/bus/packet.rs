//! What nodes tell each other, and its bytes ([postcard](https://postcard.jamesmunns.com)).

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::MAX_PACKET_BYTES;
use super::held::HeldNews;
use super::invited::InviteNews;
use crate::clock::Timestamp;
use crate::id::{ClientId, MessageId, OriginId, RoomId, UserId};
use crate::model::{
    Amendment, Attachment, Body, Custom, Delta, DoNotDisturb, Epoch, Follow, FriendNotice, Hidden, MAX_LANES,
    Mark, Member, Mentions, Message, MessageState, MessageType, Notify, Position, Profile, Quoted, Reaction,
    References, Role, Settings, SystemKind, Thread, Token,
};

/// The first byte of a packet. A node passes over packets of another version: what it misses by that it
/// reads from the store, so that nodes of two versions can run beside each other.
const VERSION: u8 = 8;

/// A node for as long as its engine runs; random, so that a restart is another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct NodeId(u64);

impl NodeId {
    /// A new one, unlike any other.
    pub(crate) fn random() -> Self {
        // Random bytes by the same way.
        Self(Epoch::random().0)
    }
}

impl NodeId {
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({:016x})", self.0)
    }
}

/// What a node tells.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Packet {
    pub(crate) from: NodeId,
    pub(crate) news: News,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum News {
    /// To all nodes: a batch was committed. Numbered 1, 2, 3 … by each node, so that a lost one is noticed.
    Commit(u64, Digest),
    /// To all nodes, each second: the node lives, has told of so many commits, and has these users.
    Alive { commits: u64, at: Standing, users: Checksum },
    /// To all nodes: the node stops, and those who are connected to it will come to others.
    Leaving,
    /// To all nodes: asks each to say when it has handed on everything up to here.
    Sync { id: u64, commits: u64, at: Standing },
    /// To all nodes, for one of them.
    Synced { to: NodeId, id: u64 },
    /// To all nodes: a user has come, or gone, who is in these rooms.
    Presence { user: UserId, online: bool, last_seen: Option<Timestamp>, rooms: Vec<RoomId> },
    /// To all nodes, for one of them: asks who is connected to it.
    Who { of: NodeId },
    /// To all nodes: some of those who are connected to this one.
    Users(Part),
    /// To a room: what the node's commit of this number changed in it.
    Told(u64, Vec<Told>),
    /// To a room: somebody types, or has stopped.
    Typing(#[serde(with = "ProfileDef")] Profile, bool),
    /// To a user: somebody's friendship with them.
    Friend(#[serde(with = "NoticeDef")] FriendNotice, #[serde(with = "ProfileDef")] Profile),
    /// To a user: how they stand to this one has changed.
    FriendsChanged(#[serde(with = "ProfileDef")] Profile),
    /// To all nodes: some of those who were connected to a node that said goodbye so many milliseconds ago.
    /// They are on their way, and a node that has begun since does not know of them.
    UsersOf { node: NodeId, left_ago: u64, part: Part },
    /// To a user: of an invitation.
    Invite(InviteNews),
    /// To a room: a message that is being written says more.
    Delta(Delta),
    /// To a user: when they want no notices.
    DoNotDisturb(DoNotDisturb),
    /// To a room: so many of those who are connected to this node are here, who are this node's to count. One that asks knows
    /// of no other node's count.
    Online { count: u32, asks: bool },
    /// To a user: of a message of theirs that was held, or of a room that they waited to come into.
    Held(HeldNews),
}

/// What a batch changed, without what it says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Digest {
    pub(crate) lane: u8,
    /// The lane's position before it and after it: the same where only marks moved, or less.
    pub(crate) after: u64,
    pub(crate) upto: u64,
    pub(crate) rooms: Vec<RoomDigest>,
    /// Those whose names or pictures are others now.
    pub(crate) profiles: Vec<UserId>,
    /// Those who have logged out.
    pub(crate) logouts: Vec<(UserId, Timestamp)>,
    /// What these let others see now.
    pub(crate) settings: Vec<(UserId, Settings)>,
}

/// What a batch changed in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoomDigest {
    pub(crate) room: RoomId,
    /// Whether the changes are told to the room. If not, they are to be read from the store.
    pub(crate) is_told: bool,
    pub(crate) moved: Affected,
}

/// Whose membership of a room a batch changed: they may not listen to it, and are told all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Affected {
    These(Vec<UserId>),
    /// More than are named.
    Many,
}

/// A change, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Told {
    Message(#[serde(with = "shared_message")] Arc<Message>),
    Marked {
        pos: u64,
        #[serde(with = "shared_member")]
        member: Arc<Member>,
        #[serde(with = "MarkDef")]
        mark: Mark,
        is_shared: bool,
    },
    Amended {
        #[serde(with = "shared_message")]
        message: Arc<Message>,
        by: Option<UserId>,
        how: Option<How>,
    },
    Hidden(Hidden),
    Thread(Follow),
}

/// An [`Amendment`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum How {
    Edited,
    Deleted,
    Reacted(Reaction, bool),
    Written,
    Pinned(bool),
    Replied(bool),
}

impl How {
    pub(crate) fn of(amendment: &Amendment) -> Self {
        match amendment {
            Amendment::Edited => Self::Edited,
            Amendment::Deleted => Self::Deleted,
            Amendment::Reacted(reaction, on) => Self::Reacted(reaction.clone(), *on),
            Amendment::Written => Self::Written,
            Amendment::Pinned(on) => Self::Pinned(*on),
            Amendment::Replied(came) => Self::Replied(*came),
        }
    }
}

impl From<How> for Amendment {
    fn from(how: How) -> Self {
        match how {
            How::Edited => Self::Edited,
            How::Deleted => Self::Deleted,
            How::Reacted(reaction, on) => Self::Reacted(reaction, on),
            How::Written => Self::Written,
            How::Pinned(on) => Self::Pinned(on),
            How::Replied(came) => Self::Replied(came),
        }
    }
}

/// A checksum of users, whatever their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum(u64);

impl Checksum {
    /// Adds a user, or takes one out.
    pub(crate) fn toggle(&mut self, user: &UserId) {
        let hash = Sha256::digest(user.as_str());
        let mut short = [0; 8];
        short.copy_from_slice(&hash[..8]);
        self.0 ^= u64::from_be_bytes(short);
    }

    pub(crate) fn of<'a>(users: impl IntoIterator<Item = &'a UserId>) -> Self {
        let mut sum = Self::default();
        users.into_iter().for_each(|user| sum.toggle(user));
        sum
    }
}

/// A part of a list of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Names the list.
    pub(crate) list: u64,
    /// How many parts it has.
    pub(crate) parts: u32,
    /// Which one this is, from 0.
    pub(crate) part: u32,
    pub(crate) users: Vec<UserId>,
}

/// A [`Token`], in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    epoch: u64,
    lanes: Vec<u64>,
}

impl From<Token> for Standing {
    fn from(token: Token) -> Self {
        Self { epoch: token.epoch.0, lanes: token.position.iter().map(|pos| pos.at).collect() }
    }
}

impl From<Standing> for Token {
    fn from(Standing { epoch, lanes }: Standing) -> Self {
        let mut position = Position::start(lanes.len());
        for (lane, at) in (0..).zip(lanes.into_iter().take(MAX_LANES)) {
            position.advance(crate::model::Pos { lane, at });
        }
        Self { epoch: Epoch(epoch), position }
    }
}

impl Packet {
    /// Its bytes; `None` where they are more than a packet may have.
    pub(crate) fn encode(&self) -> Option<Bytes> {
        let encoded = postcard::to_extend(self, vec![VERSION]).ok()?;
        (encoded.len() <= MAX_PACKET_BYTES).then(|| encoded.into())
    }

    /// `None` for what no node of this version tells.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => postcard::from_bytes(rest).ok(),
            _ => None,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Profile")]
pub(super) struct ProfileDef {
    user: UserId,
    nickname: Arc<str>,
    image: Option<Arc<str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "FriendNotice")]
enum NoticeDef {
    Requested,
    Withdrawn,
    Accepted,
    Declined,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Mark")]
enum MarkDef {
    Read,
    Delivered,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Role")]
enum RoleDef {
    Owner,
    Member,
    Admin,
    ReadOnly,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Body")]
enum BodyDef {
    Text(Arc<str>),
    Image { url: Arc<str>, caption: Option<Arc<str>> },
    System { kind: SystemKind, text: Arc<str> },
    Deleted(MessageType),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Message")]
struct MessageDef {
    id: MessageId,
    room: RoomId,
    seq: u64,
    #[serde(with = "ProfileDef")]
    sender: Profile,
    #[serde(with = "BodyDef")]
    body: Body,
    client_id: Option<ClientId>,
    origin: Option<OriginId>,
    created_at: Timestamp,
    pos: u64,
    n: u64,
    own_n: u64,
    state: MessageState,
    attachments: Arc<[Attachment]>,
    #[serde(with = "ReferencesDef")]
    references: References,
    #[serde(with = "maybe_custom")]
    custom: Custom,
}

/// Its text: what JSON is made of needs JSON.
mod maybe_custom {
    use super::{Custom, Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Custom, s: S) -> Result<S::Ok, S::Error> {
        (!value.is_empty()).then(|| value.as_str()).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Custom, D::Error> {
        let text = Option::<&str>::deserialize(d)?;
        text.map_or(Ok(Custom::default()), |text| text.parse().map_err(serde::de::Error::custom))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "References")]
struct ReferencesDef {
    #[serde(with = "maybe_quoted")]
    quoted: Option<Arc<Quoted>>,
    #[serde(with = "maybe_profile")]
    forwarded: Option<Arc<Profile>>,
    mentions: Option<Arc<Mentions>>,
    thread: Option<Arc<Thread>>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Quoted")]
struct QuotedDef {
    id: MessageId,
    seq: u64,
    #[serde(with = "ProfileDef")]
    sender: Profile,
    #[serde(with = "BodyDef")]
    body: Body,
    edited_at: Option<Timestamp>,
    changed_pos: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Member")]
struct MemberDef {
    room: RoomId,
    user: UserId,
    #[serde(with = "RoleDef")]
    role: Role,
    active: bool,
    joined_at: Timestamp,
    joined_seq: u64,
    joined_pos: u64,
    changed_pos: u64,
    marks_pos: u64,
    marked_at: Timestamp,
    read_seq: u64,
    delivered_seq: u64,
    read_n: u64,
    read_own_n: u64,
    own_n: u64,
    // A member is told with their marks, which are all that is taken of it.
    #[serde(skip)]
    muted_until: Option<Timestamp>,
    #[serde(skip)]
    slowed_at: Option<Timestamp>,
    #[serde(skip)]
    notify: Option<Box<Notify>>,
    hidden: u32,
}

/// A remote derive is for the thing itself, not for an `Arc` of it.
macro_rules! shared {
    ($module:ident, $of:ident, $def:ident) => {
        mod $module {
            use super::{Arc, Deserializer, Serializer, $def, $of};

            pub(super) fn serialize<S: Serializer>(value: &Arc<$of>, s: S) -> Result<S::Ok, S::Error> {
                $def::serialize(value, s)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Arc<$of>, D::Error> {
                $def::deserialize(d).map(Arc::new)
            }
        }
    };
}
shared!(shared_message, Message, MessageDef);
shared!(shared_member, Member, MemberDef);
shared!(shared_quoted, Quoted, QuotedDef);

shared!(shared_profile, Profile, ProfileDef);

/// Nor for an `Option` of it.
macro_rules! maybe {
    ($module:ident, $of:ident, $shared:literal, $($used:ident)?) => {
        mod $module {
            use super::{Arc, Deserialize, Deserializer, Serialize, Serializer, $of, $($used)?};

            #[derive(Serialize, Deserialize)]
            struct One(#[serde(with = $shared)] Arc<$of>);

            pub(super) fn serialize<S: Serializer>(value: &Option<Arc<$of>>, s: S) -> Result<S::Ok, S::Error> {
                value.clone().map(One).serialize(s)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Arc<$of>>, D::Error> {
                Ok(Option::<One>::deserialize(d)?.map(|One(one)| one))
            }
        }
    };
}
maybe!(maybe_quoted, Quoted, "shared_quoted", shared_quoted);
maybe!(maybe_profile, Profile, "shared_profile", shared_profile);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AttachmentId;
    use proptest::prelude::*;

    fn message(text: &str) -> Message {
        let sender = Profile { image: Some("https://example.org/a.png".into()), ..profile("김철수") };
        Message {
            id: MessageId::generate(),
            room: RoomId::generate(),
            seq: 7,
            sender,
            body: Body::Text(text.into()),
            client_id: Some("c1".parse().unwrap()),
            origin: None,
            created_at: Timestamp::from_millis(1_700_000_000_005),
            pos: 9,
            n: 6,
            own_n: 3,
            state: MessageState::default(),
            attachments: Arc::default(),
            references: References::default(),
            custom: Custom::default(),
        }
    }

    fn profile(user: &str) -> Profile {
        Profile::unknown(user.parse().unwrap())
    }

    fn survives(news: News) {
        let packet = Packet { from: NodeId::random(), news };
        let bytes = packet.encode().unwrap();
        assert_eq!(format!("{packet:?}"), format!("{:?}", Packet::decode(&bytes).unwrap()));
    }

    #[test]
    fn a_packet_survives_its_bytes() {
        let told = |message| News::Told(3, vec![Told::Message(Arc::new(message))]);
        survives(told(message("hello")));
        let body = Body::Image { url: "https://a".into(), caption: None };
        survives(told(Message { body, ..message("") }));
        let body = Body::System { kind: SystemKind::Left, text: "ana left".into() };
        survives(told(Message { body, ..message("") }));
        let mut file = message("");
        file.attachments = Arc::new([Attachment {
            id: AttachmentId::generate(),
            room: file.room,
            uploader: "ana".parse().unwrap(),
            name: "사진.png".into(),
            media_type: "image/png".into(),
            size: u64::MAX,
            dimensions: Some(crate::model::Dimensions { width: 1, height: 2 }),
            has_thumbnail: true,
            created_at: Timestamp::from_millis(5),
        }]);
        survives(told(file));
        let mut answer = message("");
        answer.references.quoted = Some(Arc::new(Quoted::from(&message("안녕"))));
        answer.references.forwarded = Some(Arc::new(profile("cho")));
        let reply = crate::model::ReplyTo { root: MessageId::generate(), seq: 3, in_room: true };
        answer.references.thread = Some(Arc::new(Thread::Reply(reply)));
        answer.references.mentions =
            Some(Arc::new(Mentions { users: vec!["dan".parse().unwrap()], all: true }));
        survives(told(answer));
        let custom = "{\"km\":8.5,\"한강\":[null,{}]}".parse().unwrap();
        survives(told(Message { custom, ..message("a card") }));
        let (room, message) = (RoomId::generate(), MessageId::generate());
        let hidden = Hidden { room, user: "ana".parse().unwrap(), seq: 7, message, pos: 9 };
        survives(News::Told(4, vec![Told::Hidden(hidden)]));
        let (root, since) = (MessageId::generate(), Timestamp::from_millis(5));
        let user = "ana".parse().unwrap();
        let follow = Follow { room, user, root, root_seq: 7, following: true, since, read_seq: 8, pos: 9 };
        survives(News::Told(4, vec![Told::Thread(follow)]));
        let token = Token { epoch: Epoch(7), position: Position::start(3) };
        survives(News::Sync { id: 1, commits: 2, at: token.into() });
        survives(News::Friend(FriendNotice::Declined, profile("a b.*>")));
        let moved = Affected::These(vec!["ana".parse().unwrap()]);
        let rooms = vec![RoomDigest { room: RoomId::generate(), is_told: true, moved }];
        let logouts = vec![("ana".parse().unwrap(), Timestamp::from_millis(5))];
        let settings = vec![("ana".parse().unwrap(), Settings::default())];
        let digest = Digest { lane: 2, after: 3, upto: 9, rooms, profiles: Vec::new(), logouts, settings };
        survives(News::Commit(1, digest));
    }

    #[test]
    fn a_message_takes_few_bytes_beyond_its_text() {
        let told = Told::Message(Arc::new(message(&"x".repeat(100))));
        let packet = Packet { from: NodeId::random(), news: News::Told(1, vec![told]) };
        assert!(packet.encode().unwrap().len() < 250);
    }

    #[test]
    fn what_is_too_long_or_of_another_version_is_told_otherwise() {
        let told = Told::Message(Arc::new(message(&"x".repeat(MAX_PACKET_BYTES))));
        assert!(Packet { from: NodeId::random(), news: News::Told(1, vec![told]) }.encode().is_none());
        let mut bytes = Packet { from: NodeId::random(), news: News::Leaving }.encode().unwrap().to_vec();
        assert!(Packet::decode(&bytes).is_some());
        bytes[0] += 1;
        assert!(Packet::decode(&bytes).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(bytes: Vec<u8>) {
            let _ = Packet::decode(&bytes);
            let _ = Packet::decode(&[&[VERSION], &bytes[..]].concat());
        }
    }
}
