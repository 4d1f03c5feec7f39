//! Wall-clock time, which comes in from outside so that rules about time are tested without waiting.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::plain;

/// A moment, in whole milliseconds since 1970 (UTC), up to the end of the year 9999. On the wire it is
/// [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) with milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last moment that there is, 9999-12-31T23:59:59.999Z: when what has no end ends.
    pub const NEVER: Self = Self(253_402_300_799_999);

    /// The moment so many milliseconds after 1970 began; times before it count as its beginning, and times
    /// after 9999-12-31T23:59:59.999Z as that.
    pub fn from_millis(millis: i64) -> Self {
        // 9999-12-31T23:59:59.999Z is the last moment that RFC 3339 can write.
        Self(millis.clamp(0, Self::NEVER.0))
    }

    /// Milliseconds since 1970 began.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment moved on by `by`, in whole milliseconds and to the end of the year 9999 at most.
    pub fn plus(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(by))
    }

    /// This moment moved back by `by`, in whole milliseconds and to the beginning of 1970 at most.
    pub fn minus(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(by))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(at: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_millis(at.0.unsigned_abs())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_millis((*self).into()).fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

/// RFC 3339; its milliseconds in formats that no human reads.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if !s.is_human_readable() {
            return self.0.serialize(s);
        }
        plain::serialize(&plain::Shown(self), s)
    }
}

/// A text that is no moment, or none from 1970 on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("must be a time in RFC 3339, in UTC and from 1970 on")]
pub struct TimestampError(#[source] humantime::TimestampError);

impl FromStr for Timestamp {
    type Err = TimestampError;
    /// What is finer than a millisecond is cut off.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        humantime::parse_rfc3339(text).map(Self::from).map_err(TimestampError)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if !d.is_human_readable() {
            return i64::deserialize(d).map(Self::from_millis);
        }
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the engine reads the time of day: what is stored and told, when tokens and links end. Time-outs and
/// rate limits run by a clock of their own, which nobody sets.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The time now. It is asked often, and where nothing may block.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_with_milliseconds_in_utc() {
        assert_eq!(Timestamp::from_millis(1_700_000_000_005).to_string(), "2023-11-14T22:13:20.005Z");
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_millis(-5).as_millis(), 0);
    }

    #[test]
    fn a_timestamp_survives_its_text_and_other_texts_are_refused() {
        for millis in [0, 1_700_000_000_005, 253_402_300_799_999] {
            let at = Timestamp::from_millis(millis);
            assert_eq!(at.to_string().parse(), Ok(at));
        }
        for bad in ["", "1700000000", "1969-12-31T23:59:59Z", "2023-02-30T00:00:00Z", "2023-11-14 22:13:20"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }
}
