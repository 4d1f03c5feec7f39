//! Topics as subjects: `chat.room.0f3.01J…`, `chat.user.a01.YW5h`, `chat.nodes`.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::error::NatsError;
use crate::bus::Topic;

/// The most characters of a prefix.
const MAX_PREFIX: usize = 64;

/// A part of all topics. Nodes of all versions must agree on which is whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shard {
    Rooms(u16),
    Users(u16),
    Nodes,
}

impl Shard {
    pub(super) fn of(topic: &Topic) -> Self {
        match topic {
            Topic::Room(room) => Self::Rooms(number(&room.to_bytes(), ROOM_SHARDS)),
            Topic::User(user) => Self::Users(number(user.as_str().as_bytes(), USER_SHARDS)),
            Topic::Nodes => Self::Nodes,
        }
    }
}

/// Up to some thousands of rooms, nearly each has a subscription of its own, which takes 5 KB of the client.
/// From there on, a node hears of more rooms than it follows instead: all of them take 80 MB at most.
const ROOM_SHARDS: u16 = 16_384;

/// Few: users are seldom told of anything.
const USER_SHARDS: u16 = 2048;

/// One of so many, which is a power of two.
fn number(id: &[u8], shards: u16) -> u16 {
    let hash = Sha256::digest(id);
    u16::from_be_bytes([hash[0], hash[1]]) % shards
}

/// The subjects under a prefix.
#[derive(Debug, Clone)]
pub(super) struct Subjects {
    prefix: Arc<str>,
}

impl Subjects {
    pub(super) fn new(prefix: &str) -> Result<Self, NatsError> {
        let is_part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        if prefix.len() > MAX_PREFIX || !prefix.split('.').all(is_part) {
            return Err(NatsError::Prefix);
        }
        Ok(Self { prefix: prefix.into() })
    }

    /// The subject of a topic.
    pub(super) fn of(&self, topic: &Topic) -> String {
        match topic {
            Topic::Room(room) => self.within(Shard::of(topic), room),
            // An id may hold what means something in a subject.
            Topic::User(user) => self.within(Shard::of(topic), &URL_SAFE_NO_PAD.encode(user.as_str())),
            Topic::Nodes => self.whole(Shard::Nodes),
        }
    }

    /// The subject of all topics of a shard.
    pub(super) fn whole(&self, shard: Shard) -> String {
        self.within(shard, &'*')
    }

    fn within(&self, shard: Shard, id: &dyn std::fmt::Display) -> String {
        match shard {
            Shard::Rooms(number) => format!("{}.room.{number:04x}.{id}", self.prefix),
            Shard::Users(number) => format!("{}.user.{number:04x}.{id}", self.prefix),
            Shard::Nodes => format!("{}.nodes", self.prefix),
        }
    }

    /// The topic of a subject; `None` when it is none of ours.
    pub(super) fn topic(&self, subject: &str) -> Option<Topic> {
        let mut parts = subject.strip_prefix(&*self.prefix)?.strip_prefix('.')?.split('.');
        let topic = match (parts.next()?, parts.next(), parts.next(), parts.next()) {
            ("nodes", None, None, None) => Topic::Nodes,
            ("room", Some(_), Some(id), None) => Topic::Room(id.parse().ok()?),
            ("user", Some(_), Some(id), None) => {
                let id = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
                Topic::User(id.parse().ok()?)
            }
            _ => return None,
        };
        // Not the right shard, or not how we write it.
        (self.of(&topic) == subject).then_some(topic)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::id::RoomId;

    fn subjects() -> Subjects {
        Subjects::new("chat").unwrap()
    }

    fn user(name: &str) -> Topic {
        Topic::User(name.parse().unwrap())
    }

    #[test]
    fn every_topic_comes_back_from_its_subject_whatever_its_id() {
        let long = "\u{1F98A}".repeat(128);
        let names = ["ana", "Ana", "a.b", "*", ">", "a.*", "a b", " a", "$SYS", "nodes", "김철수", &long];
        let mut topics: Vec<_> = names.into_iter().map(user).collect();
        topics.extend([Topic::Room(RoomId::generate()), Topic::Nodes]);
        for topic in topics {
            let subject = subjects().of(&topic);
            let is_plain = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            assert!(subject.split('.').all(|part| !part.is_empty() && is_plain(part)), "{subject}");
            assert_eq!(subjects().topic(&subject), Some(topic));
        }
    }

    /// Nodes of all versions agree on them.
    #[test]
    fn subjects_are_these_and_stay_so() {
        let room = Topic::Room("01J9ZQ5W1H8Y3V6K2M4N7P0QRS".parse().unwrap());
        assert_eq!(subjects().of(&room), "chat.room.2f3f.01J9ZQ5W1H8Y3V6K2M4N7P0QRS");
        assert_eq!(subjects().of(&user("ana")), "chat.user.04d4.YW5h");
        assert_eq!(subjects().of(&Topic::Nodes), "chat.nodes");
        assert_eq!(subjects().whole(Shard::Rooms(10)), "chat.room.000a.*");
    }

    #[test]
    fn a_subject_that_is_none_of_ours_is_no_topic() {
        let ana = subjects().of(&user("ana"));
        let shard = ana.split('.').nth(2).unwrap();
        let others = [
            "",
            "chat",
            "chat.",
            "chat.nodes.x",
            "chatnodes",
            "other.nodes",
            "chat.room.0000.x",
            "chat.room",
            "chat.thing.0000.YW5h",
            "chat.user.0000.YW5h",
        ];
        for subject in others {
            assert_eq!(subjects().topic(subject), None, "{subject}");
        }
        for id in ["YW5h=", "YW5", "YW5i", "", "!", "YW5h.x", "_w"] {
            assert_eq!(subjects().topic(&format!("chat.user.{shard}.{id}")), None, "{id}");
        }
    }

    #[test]
    fn rooms_spread_over_the_shards() {
        let mut rooms = HashMap::<_, usize>::new();
        for _ in 0..100_000 {
            *rooms.entry(Shard::of(&Topic::Room(RoomId::generate()))).or_default() += 1;
        }
        // Where chance leaves some out: e^-6 of them.
        assert!(rooms.len() > 16_000);
        assert!(rooms.values().all(|rooms| *rooms < 40));
    }

    #[test]
    fn a_prefix_is_plain_parts_between_dots() {
        let long = "x".repeat(64);
        for good in ["chat", "a.b", "eu-west_1.chat", &long] {
            let subjects = Subjects::new(good).unwrap();
            assert_eq!(subjects.topic(&subjects.of(&user("ana"))), Some(user("ana")));
        }
        for bad in ["", ".", "a.", ".a", "a..b", "*", "a.>", "a b", "ä", &"x".repeat(65)] {
            assert!(matches!(Subjects::new(bad), Err(NatsError::Prefix)), "{bad}");
        }
    }
}
