//! How long the messages of a room are kept, and where those begin that are.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::update::given_whole;
use super::{Message, Room};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The most days of a [`Retention`]: a hundred years.
pub const MAX_RETENTION_DAYS: u32 = 36_500;

/// The most messages of a [`Retention`].
pub const MAX_RETENTION_MESSAGES: u32 = 1_000_000_000;

/// How long messages are kept: by age, by count, or by both, when what either lets go is cut away. It has at least one
/// of the two.
///
/// ```
/// use chat_core::model::Retention;
/// let month = Retention::new(Some(30), None)?;
/// assert_eq!((month.days(), month.messages()), (Some(30), None));
/// assert!(Retention::new(None, None).is_err());
/// # Ok::<(), chat_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Given")]
pub struct Retention {
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<NonZeroU32>,
}

/// What is handed in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    #[serde(default, deserialize_with = "given_whole")]
    days: Option<u32>,
    #[serde(default, deserialize_with = "given_whole")]
    messages: Option<u32>,
}

impl TryFrom<Given> for Retention {
    type Error = Error;

    fn try_from(given: Given) -> Result<Self> {
        Self::new(given.days, given.messages)
    }
}

impl Retention {
    /// Keeps what is younger than so many days and among the newest so many messages.
    ///
    /// # Errors
    /// [`INVALID_INPUT`](crate::ErrorKind::Invalid) with the field `retention`: without either, for 0, and beyond
    /// [`MAX_RETENTION_DAYS`] or [`MAX_RETENTION_MESSAGES`].
    pub fn new(days: Option<u32>, messages: Option<u32>) -> Result<Self> {
        let bounded = |what: &str, number: Option<u32>, most| match number.map(NonZeroU32::new) {
            None => Ok(None),
            Some(Some(number)) if number.get() <= most => Ok(Some(number)),
            Some(_) => Err(Error::invalid("retention", format!("must be 1 to {most} {what}"))),
        };
        let days = bounded("days", days, MAX_RETENTION_DAYS)?;
        let messages = bounded("messages", messages, MAX_RETENTION_MESSAGES)?;
        if days.is_none() && messages.is_none() {
            return Err(Error::invalid("retention", "must say how many days, or how many messages"));
        }
        Ok(Self { days, messages })
    }

    /// For how many days of 24 hours a message is kept.
    pub fn days(&self) -> Option<u32> {
        self.days.map(NonZeroU32::get)
    }

    /// How many messages are kept, SYSTEM messages and deleted ones counted.
    pub fn messages(&self) -> Option<u32> {
        self.messages.map(NonZeroU32::get)
    }

    /// How old a message becomes.
    fn age(&self) -> Option<Duration> {
        self.days().map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60))
    }

    /// Whether it lets a message go in a room whose newest has this number.
    pub(crate) fn lets_go(&self, message: &Message, head: u64, now: Timestamp) -> bool {
        let is_old = self.age().is_some_and(|age| message.created_at.plus(age) <= now);
        let is_beyond = |most: u32| head.saturating_sub(message.seq) >= u64::from(most);
        is_old || self.messages().is_some_and(is_beyond)
    }

    /// Whether there may be something in the room that it lets go, and that is as old as `grace`.
    pub(crate) fn is_due(&self, room: &Room, grace: Duration, now: Timestamp) -> bool {
        let floor = room.floor();
        let oldest = floor.oldest_at.unwrap_or(room.created_at);
        let kept = (room.seq + 1).saturating_sub(floor.seq);
        let is_old = self.age().is_some_and(|age| oldest.plus(age) <= now);
        let are_many = self.messages().is_some_and(|most| kept > u64::from(most));
        kept > 0 && oldest.plus(grace) <= now && (is_old || are_many)
    }
}

/// Where the messages of a room begin that are kept. It never sinks, and no number below it is given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "it is nothing but its fields")]
pub struct Floor {
    /// The number of the first message that is kept, or that will be the next: 1 where nothing was cut away.
    pub seq: u64,
    /// The last position that made or changed a message below it; 0 for none. Whoever has seen everything up to there
    /// misses nothing.
    pub pos: u64,
    /// How many countable messages are below it.
    pub n: u64,
    /// No message that is kept is older; `None`: not even than the room.
    pub oldest_at: Option<Timestamp>,
}

impl Default for Floor {
    fn default() -> Self {
        Self { seq: 1, pos: 0, n: 0, oldest_at: None }
    }
}

/// How much of a room is kept, where that is not for everybody the same, or not all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Keeping {
    /// The room's own rule, instead of [`Config::retention`](crate::Config::retention).
    pub retention: Option<Retention>,
    /// Where what is kept begins.
    pub floor: Floor,
    /// When the room was deleted: nothing of it is kept then, but that it was there.
    pub deleted_at: Option<Timestamp>,
}

impl Room {
    /// The room's own rule of how long its messages are kept.
    pub fn retention(&self) -> Option<Retention> {
        self.keeping.as_ref().and_then(|keeping| keeping.retention)
    }

    /// Whether it was deleted: it is there for nobody any more.
    pub fn is_deleted(&self) -> bool {
        self.keeping.as_ref().is_some_and(|keeping| keeping.deleted_at.is_some())
    }

    /// Where its messages begin.
    pub fn floor(&self) -> Floor {
        self.keeping.as_ref().map_or_else(Floor::default, |keeping| keeping.floor)
    }

    /// Changes how much of it is kept.
    pub(crate) fn keep(&mut self, change: impl FnOnce(&mut Keeping)) {
        let mut keeping = self.keeping.as_deref().copied().unwrap_or_default();
        change(&mut keeping);
        self.keeping = (keeping != Keeping::default()).then(|| Box::new(keeping));
    }
}

/// As a store keeps it: `days=30,messages=1000,seq=51,pos=204,n=48,oldest=1790000000000,deleted=1790000000000`, of which what says nothing is
/// left out.
impl fmt::Display for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { retention, floor, deleted_at } = self;
        let millis = |at: Timestamp| at.as_millis().unsigned_abs();
        let number = |number: u64, none: u64| Some(number).filter(|number| *number != none);
        let parts = [
            ("days", retention.and_then(|rule| rule.days()).map(u64::from)),
            ("messages", retention.and_then(|rule| rule.messages()).map(u64::from)),
            ("seq", number(floor.seq, 1)),
            ("pos", number(floor.pos, 0)),
            ("n", number(floor.n, 0)),
            ("oldest", floor.oldest_at.map(millis)),
            ("deleted", deleted_at.map(millis)),
        ];
        let said = parts.into_iter().filter_map(|(word, number)| Some((word, number?)));
        for (index, (word, number)) in said.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{word}={number}")?;
        }
        Ok(())
    }
}

/// A text that does not say how much of a room is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("does not say how much of a room is kept")]
pub struct KeepingError;

impl FromStr for Keeping {
    type Err = KeepingError;

    fn from_str(text: &str) -> Result<Self, KeepingError> {
        let (mut days, mut messages, mut floor, mut deleted_at) = (None, None, Floor::default(), None);
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let (word, number) = part.split_once('=').ok_or(KeepingError)?;
            let number: u64 = number.parse().map_err(|_| KeepingError)?;
            let time =
                || i64::try_from(number).map(Timestamp::from_millis).map(Some).map_err(|_| KeepingError);
            let short = || u32::try_from(number).map(Some).map_err(|_| KeepingError);
            match word {
                "days" => days = short()?,
                "messages" => messages = short()?,
                "seq" if number > 1 => floor.seq = number,
                "pos" => floor.pos = number,
                "n" => floor.n = number,
                "oldest" => floor.oldest_at = time()?,
                "deleted" => deleted_at = time()?,
                _ => return Err(KeepingError),
            }
        }
        let retention = match (days, messages) {
            (None, None) => None,
            _ => Some(Retention::new(days, messages).map_err(|_| KeepingError)?),
        };
        Ok(Self { retention, floor, deleted_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_is_kept_comes_back_from_its_text_and_nothing_else_says_it() {
        let rules = [None, Some((Some(30), None)), Some((None, Some(5))), Some((Some(1), Some(1)))];
        let floors = [
            Floor::default(),
            Floor { seq: 51, pos: 204, n: 48, oldest_at: Some(Timestamp::from_millis(1_790_000_000_000)) },
        ];
        for (rule, floor) in rules.into_iter().flat_map(|rule| floors.map(|floor| (rule, floor))) {
            let retention = rule.map(|(days, messages)| Retention::new(days, messages).unwrap());
            for deleted_at in [None, Some(Timestamp::from_millis(1_790_000_000_001))] {
                let keeping = Keeping { retention, floor, deleted_at };
                assert_eq!(keeping.to_string().parse(), Ok(keeping));
                assert_eq!(keeping.to_string().is_empty(), keeping == Keeping::default());
            }
        }
        for text in
            ["days", "days=", "days=0", "days=36501", "days=-1", "seq=0", "seq=1", "dance=1", ",", "n=1,"]
        {
            assert_eq!(text.parse::<Keeping>(), Err(KeepingError), "{text}");
        }
    }

    #[test]
    fn a_rule_is_read_from_whole_numbers_within_its_bounds() {
        let read =
            |text: &str| serde_json::from_str::<Retention>(text).ok().map(|r| (r.days(), r.messages()));
        assert_eq!(read(r#"{"days":30}"#), Some((Some(30), None)));
        assert_eq!(read(r#"{"days":1.0,"messages":1000000000}"#), Some((Some(1), Some(1_000_000_000))));
        for text in [
            "{}",
            r#"{"days":0}"#,
            r#"{"days":null}"#,
            r#"{"days":1.5}"#,
            r#"{"days":36501}"#,
            r#"{"messages":1000000001}"#,
            r#"{"days":1,"weeks":2}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
