//! The fingerprint by which a retry is known.

use sha2::{Digest, Sha256};

use super::Refers;
use crate::id::AttachmentId;
use crate::model::{Body, Custom};

/// A fingerprint of what was sent under a client id, so that a retry can be told from another message: the first
/// 16 bytes of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyHash(pub [u8; 16]);

impl BodyHash {
    /// The fingerprint of a message as it is sent first, without attachments.
    pub fn of(body: &Body) -> Self {
        Self::with(body, &[])
    }

    /// The fingerprint of a message as it is sent first, with its attachments in their order.
    pub fn with(body: &Body, attachments: &[AttachmentId]) -> Self {
        Self::sent(body, attachments, &Refers::default(), &Custom::default())
    }

    /// The fingerprint of a message as it is sent first, with its attachments in their order, what it refers to, and what
    /// the app keeps with it.
    pub fn sent(body: &Body, attachments: &[AttachmentId], refers: &Refers, custom: &Custom) -> Self {
        let mut hash = Sha256::new();
        if let Some(forward) = &refers.forwarded {
            // No type of a message is this byte.
            hash.update(b"f");
            hash.update(forward.message.to_bytes());
            return Self::short(hash);
        }
        let parts = [body.content(), body.image_url()];
        hash.update([body.message_type() as u8]);
        for part in parts {
            // Length first, so that no two bodies are written alike.
            hash.update(part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
            hash.update(part.unwrap_or_default());
        }
        // Behind the body, whose end is known; without any, as before there were attachments.
        attachments.iter().for_each(|id| hash.update(id.to_bytes()));
        // Likewise. An id of an attachment has 16 bytes, and this one more.
        if let Some(quoted) = refers.quoted {
            hash.update(b"q");
            hash.update(quoted.to_bytes());
        }
        if let Some(reply) = &refers.thread {
            hash.update([b't', u8::from(reply.in_room)]);
            hash.update(reply.root.to_bytes());
        }
        if let Some(mentions) = &refers.mentions {
            hash.update([b'm', u8::from(mentions.all)]);
            for user in &mentions.users {
                hash.update((user.as_str().len() as u64).to_be_bytes());
                hash.update(user.as_str());
            }
        }
        if !custom.is_empty() {
            hash.update(b"c");
            hash.update((custom.as_str().len() as u64).to_be_bytes());
            hash.update(custom.as_str());
        }
        Self::short(hash)
    }

    fn short(hash: Sha256) -> Self {
        let mut short = [0; 16];
        short.copy_from_slice(&hash.finalize()[..16]);
        Self(short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;
    use crate::model::Mentions;
    use crate::store::Reply;

    #[test]
    fn a_fingerprint_tells_bodies_apart() {
        let text = |text: &str| BodyHash::of(&Body::Text(text.into()));
        let image = |url: &str, caption: Option<&str>| {
            BodyHash::of(&Body::Image { url: url.into(), caption: caption.map(Into::into) })
        };
        assert_eq!(text("hi"), text("hi"));
        assert_ne!(text("hi"), text("ho"));
        assert_ne!(image("https://a", None), image("https://a", Some("")));
        assert_ne!(image("bc", Some("a")), image("c", Some("ab")));
        let (body, one, other) =
            (Body::Text("hi".into()), AttachmentId::generate(), AttachmentId::generate());
        assert_eq!(BodyHash::with(&body, &[]), text("hi"));
        assert_ne!(BodyHash::with(&body, &[one]), text("hi"));
        assert_ne!(BodyHash::with(&body, &[one, other]), BodyHash::with(&body, &[other, one]));
        let sent = |files: &[AttachmentId], refers: &Refers| {
            BodyHash::sent(&body, files, refers, &Custom::default())
        };
        let quoting = |id| sent(&[one], &Refers { quoted: Some(id), ..Refers::default() });
        let (first, second) = (MessageId::generate(), MessageId::generate());
        assert_ne!(quoting(first), BodyHash::with(&body, &[one]));
        assert_ne!(quoting(first), quoting(second));
        assert_eq!(sent(&[one], &Refers::default()), BodyHash::with(&body, &[one]));
        let replying = |root, in_room| {
            let thread = Some(Box::new(Reply { root, in_room, max_followed: 0 }));
            sent(&[], &Refers { thread, ..Refers::default() })
        };
        assert_ne!(replying(first, false), text("hi"));
        assert_ne!(replying(first, false), replying(second, false));
        assert_ne!(replying(first, false), replying(first, true));
        let mentioning = |users: &[&str], all| {
            let users = users.iter().map(|user| user.parse().unwrap()).collect();
            let mentions = Some(Box::new(Mentions { users, all }));
            sent(&[], &Refers { mentions, ..Refers::default() })
        };
        assert_ne!(mentioning(&["ana"], false), text("hi"));
        assert_ne!(mentioning(&["ana"], false), mentioning(&["ana"], true));
        assert_ne!(mentioning(&["a", "na"], false), mentioning(&["ana"], false));
        let keeping = |custom: &str| BodyHash::sent(&body, &[], &Refers::default(), &custom.parse().unwrap());
        assert_eq!(keeping("{}"), text("hi"));
        assert_ne!(keeping("{\"pace\":5}"), text("hi"));
        assert_ne!(keeping("{\"pace\":5}"), keeping("{\"pace\":6}"));
        assert_eq!(keeping("{\"pace\":5}"), keeping("{ \"pace\" : 5 }"));
    }

    #[test]
    fn what_was_sent_before_messages_had_more_to_them_is_known_still() {
        let hex = |hash: BodyHash| hash.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let file = AttachmentId::from_bytes([7; 16]);
        let quoted = Some(MessageId::from_bytes([9; 16]));
        let refers = Refers { quoted, ..Refers::default() };
        let body = Body::Text("안녕 🦊".into());
        assert_eq!(hex(BodyHash::of(&body)), "584a15baa678603f8574b6cd6b6ee9ad");
        assert_eq!(
            hex(BodyHash::sent(&body, &[file], &refers, &Custom::default())),
            "454d355d7e14ec3a749aee273fc21af6"
        );
    }
}
