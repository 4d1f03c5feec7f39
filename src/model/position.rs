//! Where in the store's history something stands, and the token that clients resume with.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};

use crate::id::{RoomId, random_bytes};
use crate::plain;

/// The most commit lanes that a store may have.
pub const MAX_LANES: usize = 4;

const TOKEN_VERSION: u8 = 1;

/// Which history of a store this is. Rotated whenever positions given out before no longer hold:
/// after a restore, an import, or a token from the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

impl Epoch {
    /// A new one, unlike any other.
    ///
    /// # Panics
    /// When the operating system has no random bytes to give, on which nothing here could go on.
    pub fn random() -> Self {
        Self(u64::from_be_bytes(random_bytes()))
    }
}

/// One durable change's place: the `at`-th of its lane, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pos {
    /// The commit lane, below [`MAX_LANES`].
    pub lane: u8,
    /// The number of the change in that lane.
    pub at: u64,
}

/// How far each lane of a store has come: everything at or below it has happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    lanes: u8,
    at: [u64; MAX_LANES],
}

impl Position {
    /// The beginning of a store with so many lanes; the number is held within 1 and [`MAX_LANES`].
    pub fn start(lanes: usize) -> Self {
        let lanes = lanes.clamp(1, MAX_LANES);
        Self { lanes: u8::try_from(lanes).unwrap_or(1), at: [0; MAX_LANES] }
    }

    /// The position of a store with one lane.
    pub fn single(at: u64) -> Self {
        let mut position = Self::start(1);
        position.at[0] = at;
        position
    }

    /// How many lanes there are.
    pub fn lanes(&self) -> usize {
        self.lanes.into()
    }

    /// The lane in which all changes of a room stand.
    pub fn lane_of(&self, room: RoomId) -> u8 {
        // The last byte of a ULID is random.
        room.to_bytes()[15] % self.lanes
    }

    /// How far the room's lane has come; 0 before its first change.
    pub fn of_room(&self, room: RoomId) -> u64 {
        self.at[usize::from(self.lane_of(room))]
    }

    /// How far each lane has come, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Pos> + '_ {
        (0..).zip(&self.at[..self.lanes()]).map(|(lane, at)| Pos { lane, at: *at })
    }

    /// Moves one lane on; a lane never goes back, and one that is not there is passed over.
    pub fn advance(&mut self, pos: Pos) {
        if let Some(at) = self.at[..usize::from(self.lanes)].get_mut(usize::from(pos.lane)) {
            *at = pos.at.max(*at);
        }
    }

    /// Whether the change at `pos` has happened by this position.
    pub fn covers(&self, pos: Pos) -> bool {
        self.at.get(usize::from(pos.lane)).is_some_and(|at| pos.at <= *at)
    }

    /// Whether any lane of this position is beyond `other`, or the lanes differ in number.
    pub fn is_ahead_of(&self, other: &Self) -> bool {
        self.lanes != other.lanes || self.at.iter().zip(&other.at).any(|(mine, theirs)| mine > theirs)
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Position{:?}", &self.at[..self.lanes()])
    }
}

/// A client's place in the history of all its rooms. Opaque to clients; at most 64 characters.
///
/// Its text is the base64url ([RFC 4648, section 5](https://www.rfc-editor.org/rfc/rfc4648#section-5), without
/// padding) of a version byte, the epoch in 8 bytes, and 8 bytes a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    /// The history that the position belongs to.
    pub epoch: Epoch,
    /// How much of it the client has seen.
    pub position: Position,
}

/// A text that is no resume token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no position that this server gave out")]
pub struct TokenError;

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BYTES: usize = 9 + 8 * MAX_LANES;
        let mut bytes = [0; BYTES];
        bytes[0] = TOKEN_VERSION;
        bytes[1..9].copy_from_slice(&self.epoch.0.to_be_bytes());
        let lanes = self.position.lanes();
        for (chunk, at) in bytes[9..].chunks_exact_mut(8).zip(&self.position.at) {
            chunk.copy_from_slice(&at.to_be_bytes());
        }
        let mut text = [0; 64];
        let written =
            URL_SAFE_NO_PAD.encode_slice(&bytes[..9 + 8 * lanes], &mut text).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&text[..written]).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Token {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let mut bytes = [0; 64];
        let read = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| TokenError)?;
        let (head, lanes) = bytes[..read].split_at_checked(9).ok_or(TokenError)?;
        let (count, rest) = (lanes.len() / 8, lanes.len() % 8);
        if head[0] != TOKEN_VERSION || rest != 0 || !(1..=MAX_LANES).contains(&count) {
            return Err(TokenError);
        }
        let number = |chunk: &[u8]| chunk.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        let mut position = Position::start(count);
        for (at, chunk) in position.at.iter_mut().zip(lanes.chunks_exact(8)) {
            *at = number(chunk);
        }
        Ok(Self { epoch: Epoch(number(&head[1..])), position })
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        plain::serialize(&plain::Shown(self), s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_kept_inputs_make_it_panic_no_more() {
        for text in crate::corpus::inputs("tokens") {
            let _ = text.parse::<Token>();
        }
    }

    proptest! {
        #[test]
        fn a_token_survives_its_text(epoch: u64, lanes in 1usize..=MAX_LANES, at: [u64; MAX_LANES]) {
            let mut position = Position::start(lanes);
            for (lane, at) in at.iter().enumerate().take(lanes) {
                position.advance(Pos { lane: lane as u8, at: *at });
            }
            let token = Token { epoch: Epoch(epoch), position };
            let text = token.to_string();
            prop_assert!(text.len() <= 64);
            prop_assert_eq!(text.parse::<Token>(), Ok(token));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,80}") {
            let _ = text.parse::<Token>();
        }
    }

    #[test]
    fn a_position_covers_what_is_at_or_below_it() {
        let position = Position::single(5);
        assert!(position.covers(Pos { lane: 0, at: 5 }));
        assert!(!position.covers(Pos { lane: 0, at: 6 }));
        assert!(!position.covers(Pos { lane: 200, at: 1 }));
        assert!(Position::single(6).is_ahead_of(&position));
        assert!(!position.is_ahead_of(&position));
        assert!(Position::start(2).is_ahead_of(&position), "another number of lanes is another history");
    }
}
