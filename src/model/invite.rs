//! Invite links: whoever has one comes into a room, for as long as it holds; and invitations, which are links for
//! one person alone.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Profile, Room, RoomType};
use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::id::{IdError, RoomId, UserId, random_bytes};

/// What an invite link is known by: 128 random bits, so that nobody guesses one. Its text is their base64url
/// ([RFC 4648, section 5](https://www.rfc-editor.org/rfc/rfc4648#section-5)) without padding, 22 characters. Any
/// other text is [`IdError::NotACode`].
///
/// It is as good as a key, so `{:?}` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InviteCode([u8; 16]);

impl InviteCode {
    /// A new one, unlike any other.
    ///
    /// # Panics
    /// When the operating system has no random bytes to give, on which nothing here could go on.
    pub fn generate() -> Self {
        Self(random_bytes())
    }

    /// The 16 bytes that a store keeps.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The code that [`Self::to_bytes`] gave.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteCode(…)")
    }
}

impl FromStr for InviteCode {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| IdError::NotACode)?;
        bytes.try_into().map(Self).map_err(|_| IdError::NotACode)
    }
}

impl Serialize for InviteCode {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InviteCode {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(value)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An invite link. It holds until it has expired, was used as often as it may be, or is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// What it is known by.
    pub code: InviteCode,
    /// The room that it leads into.
    pub room: RoomId,
    /// Who has made it; `None` is the host.
    pub by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it does not hold any more; `None`: it never expires.
    pub expires_at: Option<Timestamp>,
    /// How many may come in by it; `None`: any number.
    pub max_uses: Option<NonZeroU32>,
    /// How many have come in by it; who was in the room already is not counted.
    pub uses: u32,
    /// Whom alone it lets in: it is an invitation, which ends once they have accepted or declined it. `None`:
    /// whoever has its code.
    pub user: Option<UserId>,
}

impl Invite {
    /// Whether it has neither expired nor been used up at this moment. A revoked one is in the store no more.
    pub fn holds(&self, now: Timestamp) -> bool {
        let is_used_up = self.max_uses.is_some_and(|most| self.uses >= most.get());
        !is_used_up && self.expires_at.is_none_or(|end| now < end)
    }
}

/// An invite link to make.
#[derive(Debug, Clone, Default)]
#[allow(clippy::exhaustive_structs, reason = "it is nothing but its fields")]
pub struct NewInvite {
    /// After how many seconds it does not hold any more: 1 to 31,536,000, a year. `None`: never.
    pub expires_in: Option<u64>,
    /// How many may come in by it, at least 1. `None`: any number.
    pub max_uses: Option<u32>,
    /// Whom alone it invites; it may come in by it once.
    pub user: Option<UserId>,
}

impl NewInvite {
    /// An invitation of this person alone, which never expires.
    pub fn of(user: UserId) -> Self {
        Self { user: Some(user), ..Self::default() }
    }
}

/// An invitation, as whoever is invited sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invitation {
    /// What it is accepted or declined by.
    pub code: InviteCode,
    /// The room that it leads into.
    pub room: RoomId,
    /// The room's kind.
    pub room_type: RoomType,
    /// The room's name, if it has one of its own.
    pub room_name: Option<Arc<str>>,
    /// Who invites; `None` is the host.
    pub by: Option<Profile>,
    /// Since when.
    pub created_at: Timestamp,
    /// From when on it does not hold any more; `None`: it never expires.
    pub expires_at: Option<Timestamp>,
}

impl Invitation {
    pub(crate) fn new(invite: &Invite, room: &Room, by: Option<Profile>) -> Self {
        Self {
            code: invite.code,
            room: room.id,
            room_type: room.kind.room_type(),
            room_name: room.name.clone(),
            by,
            created_at: invite.created_at,
            expires_at: invite.expires_at,
        }
    }
}

/// What an invite link or an invitation leads to, as whoever may come in by it sees it before they do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvitePreview {
    /// The code that it was asked for by.
    pub code: InviteCode,
    /// The room as it is now.
    pub room: Room,
    /// Who invites; `None` is the host.
    pub by: Option<Profile>,
    /// From when on it does not hold any more; `None`: it never expires.
    pub expires_at: Option<Timestamp>,
    /// Whether whoever asks is in the room already.
    pub is_participant: bool,
    /// What coming in would be refused with now, as far as that can be told before. `None` of who is in it.
    pub refusal: Option<ErrorKind>,
}

/// A page of invitations, in the order of their codes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InvitationPage {
    /// Those that hold, at most as many as were asked for; it may be fewer, and yet others follow.
    pub invitations: Vec<Invitation>,
    /// The one behind which the next page begins, if there may be one.
    pub next: Option<InviteCode>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_its_text_and_bytes_and_shows_in_no_log() {
        let code = InviteCode::generate();
        let text = code.to_string();
        assert_eq!((text.len(), text.parse()), (22, Ok(code)));
        assert_eq!(InviteCode::from_bytes(code.to_bytes()), code);
        assert!(!format!("{code:?}").contains(&text[..4]));
        assert_ne!(InviteCode::generate(), code);
        for bad in ["", "x", &text[1..], &format!("{text}A"), &format!("{}!", &text[1..]), "..", "%"] {
            assert_eq!(bad.parse::<InviteCode>(), Err(IdError::NotACode), "{bad}");
        }
    }

    #[test]
    fn a_link_holds_until_its_time_or_its_uses_have_run_out() {
        let at = Timestamp::from_millis;
        let room = RoomId::generate();
        let code = InviteCode::generate();
        let link = Invite {
            code,
            room,
            by: None,
            created_at: at(0),
            expires_at: None,
            max_uses: None,
            uses: 7,
            user: None,
        };
        assert!(link.holds(at(i64::MAX)));
        let until = Invite { expires_at: Some(at(10)), ..link.clone() };
        assert_eq!([9, 10, 11].map(|now| until.holds(at(now))), [true, false, false]);
        let used = |uses| Invite { max_uses: NonZeroU32::new(8), uses, ..link.clone() }.holds(at(0));
        assert_eq!([7, 8, 9].map(used), [true, false, false]);
    }
}
