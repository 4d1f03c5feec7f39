//! Identifiers, each a type of its own: parsed once at the edge, trusted from there on.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most characters (Unicode scalar values) that an opaque id may have; in UTF-8, four times as many bytes.
pub const MAX_ID_CHARS: usize = 128;

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Empty, or nothing but white space.
    #[error("must not be blank")]
    Blank,
    /// Longer than [`MAX_ID_CHARS`] characters.
    #[error("must have at most {MAX_ID_CHARS} characters")]
    TooLong,
    /// Holds a control character or a line separator.
    #[error("must hold printable characters only")]
    NotPrintable,
    /// Not a ULID of 26 letters and digits.
    #[error("must be a ULID")]
    NotUlid,
    /// Not the code of an invite link: see [`InviteCode`](crate::model::InviteCode).
    #[error("must be the code of an invite link")]
    NotACode,
}

/// Bytes that nobody can guess.
///
/// # Panics
/// When the operating system has none to give, on which nothing here could go on.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Opaque: 1 to [`MAX_ID_CHARS`] printable characters, not all of them white space, compared byte by
        /// byte. What is none of these is an [`IdError`]. Cheap to clone.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                check_opaque(text)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<&str> for $name {
            type Error = IdError;
            fn try_from(text: &str) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A [ULID](https://github.com/ulid/spec): 26 characters on the wire, 16 bytes in a store. Its first 6
        /// bytes are the milliseconds since 1970 at which it was made, the others are random.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(ulid::Ulid);

        impl $name {
            /// A new id, unlike any before it.
            ///
            /// # Panics
            /// When the operating system has no random bytes to give, on which nothing here could go on.
            pub fn generate() -> Self {
                Self(ulid::Ulid::generate())
            }

            /// The 16 bytes that a store keeps.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_bytes()
            }

            /// The id that [`Self::to_bytes`] gave. Any 16 bytes are one.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(ulid::Ulid::from_bytes(bytes))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                ulid::Ulid::from_string(text).map(Self).map_err(|_| IdError::NotUlid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; ulid::ULID_LEN];
                f.write_str(self.0.array_to_str(&mut text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        /// Its text; its bytes in formats that no human reads.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if !s.is_human_readable() {
                    return self.to_bytes().serialize(s);
                }
                let mut text = [0; ulid::ULID_LEN];
                crate::plain::serialize(self.0.array_to_str(&mut text), s)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                if !d.is_human_readable() {
                    return Ok(Self::from_bytes(<[u8; 16]>::deserialize(d)?));
                }
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

opaque_id! {
    /// A user, named by the embedding app.
    UserId
}
opaque_id! {
    /// The name that a client gives one of its messages, so that a retry is no second message.
    ClientId
}
impl From<MessageId> for ClientId {
    /// The name of a message that its sender has given none.
    fn from(id: MessageId) -> Self {
        Self(id.to_string().into())
    }
}

opaque_id! {
    /// A client's connection over all its reconnects, so that what it sent itself is not told it again.
    OriginId
}
impl OriginId {
    /// A new one, the text of a ULID.
    ///
    /// # Panics
    /// As [`RoomId::generate`].
    pub fn generate() -> Self {
        Self(ulid::Ulid::generate().to_string().into())
    }
}

opaque_id! {
    /// A challenge of the embedding app, which has at most one open room.
    ChallengeId
}
ulid_id! {
    /// A room.
    RoomId
}
ulid_id! {
    /// A message.
    MessageId
}
ulid_id! {
    /// A file that goes with a message.
    AttachmentId
}

ulid_id! {
    /// A report of a message.
    ReportId
}

ulid_id! {
    /// A request to come into a room.
    JoinRequestId
}

fn check_opaque(text: &str) -> Result<(), IdError> {
    if text.trim().is_empty() {
        return Err(IdError::Blank);
    }
    // Bytes first, so that a huge text is not walked.
    if text.len() > MAX_ID_CHARS * 4 || text.chars().count() > MAX_ID_CHARS {
        return Err(IdError::TooLong);
    }
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(IdError::NotPrintable);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opaque_id_takes_what_the_field_uses() {
        for good in ["01HUSER0000000000000000001", "ana", "김철수", "a b", "🦊", &"x".repeat(128)] {
            assert_eq!(good.parse::<UserId>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn an_opaque_id_refuses_blank_long_and_unprintable_text() {
        assert_eq!("".parse::<UserId>(), Err(IdError::Blank));
        assert_eq!("  ".parse::<UserId>(), Err(IdError::Blank));
        assert_eq!("x".repeat(129).parse::<UserId>(), Err(IdError::TooLong));
        for bad in ["a\0b", "a\nb", "\u{7f}", "a\u{85}", "a\u{2028}b"] {
            assert_eq!(bad.parse::<UserId>(), Err(IdError::NotPrintable), "{bad:?}");
        }
    }

    #[test]
    fn a_ulid_survives_text_and_bytes() {
        let id = RoomId::generate();
        assert_eq!(id.to_string().parse::<RoomId>(), Ok(id));
        assert_eq!(RoomId::from_bytes(id.to_bytes()), id);
        assert_eq!("..".parse::<RoomId>(), Err(IdError::NotUlid));
    }
}
