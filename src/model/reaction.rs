//! Reactions: a mark that somebody leaves on a message, an emoji mostly.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Profile;

/// The most bytes of a reaction in UTF-8: emoji of several parts have some 35.
pub const MAX_REACTION_BYTES: usize = 64;

/// A text that is no reaction, or no list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an emoji or a word of at most {MAX_REACTION_BYTES} bytes, without white space")]
pub struct ReactionError;

/// What a reaction shows: an emoji, or a word such as `like`. 1 to [`MAX_REACTION_BYTES`] bytes without white
/// space and control characters, compared byte by byte.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reaction(Arc<str>);

impl Reaction {
    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reaction {
    type Err = ReactionError;
    fn from_str(text: &str) -> Result<Self, ReactionError> {
        let is_good = !text.is_empty()
            && text.len() <= MAX_REACTION_BYTES
            && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        is_good.then(|| Self(text.into())).ok_or(ReactionError)
    }
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reaction({:?})", &*self.0)
    }
}

impl Serialize for Reaction {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Reaction {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How often each reaction was left on a message, in the order in which they first were. None stands at zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reactions(Vec<(Reaction, u64)>);

impl Reactions {
    /// Each with its count.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Reaction, u64)> {
        self.0.iter().map(|(reaction, count)| (reaction, *count))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many kinds there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How often one was left; 0 where it was not.
    pub fn count(&self, reaction: &Reaction) -> u64 {
        self.0.iter().find(|(kind, _)| kind == reaction).map_or(0, |(_, count)| *count)
    }

    /// Counts one more.
    pub(crate) fn add(&mut self, reaction: &Reaction) {
        match self.0.iter_mut().find(|(kind, _)| kind == reaction) {
            Some((_, count)) => *count += 1,
            None => self.0.push((reaction.clone(), 1)),
        }
    }

    /// Counts one less.
    pub(crate) fn take(&mut self, reaction: &Reaction) {
        if let Some((_, count)) = self.0.iter_mut().find(|(kind, _)| kind == reaction) {
            *count = count.saturating_sub(1);
        }
        self.0.retain(|(_, count)| *count > 0);
    }
}

/// As a column keeps them: a line for each, the reaction and its count.
impl fmt::Display for Reactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (reaction, count) in self.iter() {
            writeln!(f, "{reaction} {count}")?;
        }
        Ok(())
    }
}

impl FromStr for Reactions {
    type Err = ReactionError;
    fn from_str(text: &str) -> Result<Self, ReactionError> {
        let line = |line: &str| {
            let (reaction, count) = line.split_once(' ')?;
            let count = count.parse().ok().filter(|count| *count > 0)?;
            Some((reaction.parse().ok()?, count))
        };
        text.lines().map(|text| line(text).ok_or(ReactionError)).collect::<Result<_, _>>().map(Self)
    }
}

/// A page of those who left reactions on a message, by reaction and then by user.
#[derive(Debug, Clone)]
pub struct ReactionPage {
    /// Each with what they left, at most as many as were asked for.
    pub reactions: Vec<(Reaction, Profile)>,
    /// The last of them, behind which the next page begins, if there is one.
    pub next: Option<(Reaction, crate::id::UserId)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_is_an_emoji_or_a_word() {
        for good in ["👍", "👩‍👩‍👧‍👦", "❤️", "like", "+1", "ㅋㅋ", "a/b"] {
            assert_eq!(good.parse::<Reaction>().unwrap().as_str(), good);
        }
        for bad in ["", " ", "a b", "a\n", "a\u{a0}b", "\0", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Reaction>(), Err(ReactionError), "{bad:?}");
        }
    }

    #[test]
    fn counts_survive_their_column_and_never_stand_at_zero() {
        let kind = |text: &str| text.parse::<Reaction>().unwrap();
        let mut reactions = Reactions::default();
        for text in ["👍", "like", "👍"] {
            reactions.add(&kind(text));
        }
        assert_eq!(reactions.to_string(), "👍 2\nlike 1\n");
        assert_eq!(reactions.to_string().parse(), Ok(reactions.clone()));
        reactions.take(&kind("like"));
        reactions.take(&kind("never"));
        assert_eq!(reactions.iter().collect::<Vec<_>>(), [(&kind("👍"), 2)]);
        assert_eq!("".parse(), Ok(Reactions::default()));
        for bad in ["👍", "👍 0", "👍 -1", " 3", "👍 2\n\n"] {
            assert!(bad.parse::<Reactions>().is_err(), "{bad:?}");
        }
    }
}
