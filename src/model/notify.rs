//! Of what somebody wants notices while they are away: a level a room, and times of quiet.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Of which messages of a room somebody wants notices. It says nothing of what is told over connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums, reason = "the wire contract names exactly these")]
pub enum NotifyLevel {
    /// Of all.
    All,
    /// Of those that mention them.
    Mentions,
    /// Of none.
    None,
}

impl NotifyLevel {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::All, Self::Mentions, Self::None];

    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::None => "none",
        }
    }
}

/// What a member has chosen for a room, instead of the [default](crate::config::NotifyDefaults).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "it is nothing but its fields")]
pub struct NotifySetting {
    /// The level.
    pub level: NotifyLevel,
    /// From when on the default holds again; `None`: never.
    pub until: Option<Timestamp>,
}

impl NotifySetting {
    /// Whether it holds at this moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A member's choice, and when it was made.
///
/// A choice is a change of the membership that nobody else is told of. So the membership keeps the position of its last
/// change that others are told of: see [`Member::told_pos`](super::Member::told_pos).
///
/// Its text is what a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store keeps it, whatever is in it")]
pub struct Notify {
    /// What was chosen; `None` is the default again.
    pub setting: Option<NotifySetting>,
    /// The position of the choice, in the lane of the room; 0 for one that was imported.
    pub pos: u64,
    /// The position of the change before it that others are told of.
    pub told_pos: u64,
}

/// A text that is no choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no choice of notices")]
pub struct NotifyError;

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.setting.map_or("-", |setting| setting.level.name());
        write!(f, "{level} {} {}", self.pos, self.told_pos)?;
        match self.setting.and_then(|setting| setting.until) {
            Some(until) => write!(f, " {}", until.as_millis()),
            None => Ok(()),
        }
    }
}

impl FromStr for Notify {
    type Err = NotifyError;

    fn from_str(text: &str) -> Result<Self, NotifyError> {
        let mut parts = text.split(' ');
        let mut next = || parts.next().ok_or(NotifyError);
        let number = |text: &str| text.parse::<u64>().map_err(|_| NotifyError);
        let (word, pos, told_pos) = (next()?, number(next()?)?, number(next()?)?);
        let until = parts.next().map(|millis| millis.parse().map_err(|_| NotifyError)).transpose()?;
        let setting = match NotifyLevel::ALL.into_iter().find(|level| level.name() == word) {
            Some(level) => Some(NotifySetting { level, until: until.map(Timestamp::from_millis) }),
            None if word == "-" && until.is_none() => None,
            None => return Err(NotifyError),
        };
        if parts.next().is_some() {
            return Err(NotifyError);
        }
        Ok(Self { setting, pos, told_pos })
    }
}

/// When somebody wants no notices at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "it is nothing but its fields")]
pub struct DoNotDisturb {
    /// Until then; [`NEVER`](Timestamp::NEVER): for good.
    pub until: Option<Timestamp>,
    /// Each day at these hours, besides.
    pub daily: Option<DailyHours>,
}

impl DoNotDisturb {
    /// Whether they want none at this moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until) || self.daily.is_some_and(|daily| daily.holds(now))
    }
}

/// Hours of each day, by a clock that stands so many minutes before UTC, or behind. They may go over midnight. A zone
/// that has summer time is two of them: the app sets the other one when it is time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyHours {
    from: u16,
    to: u16,
    utc_offset: i16,
}

/// The minutes of a day.
const DAY: i64 = 24 * 60;

impl DailyHours {
    /// The clocks of the world: from 12 hours behind UTC to 14 before it, in minutes.
    pub const UTC_OFFSETS: std::ops::RangeInclusive<i16> = -12 * 60..=14 * 60;

    /// From this minute of the day on and up to that one, which is not in it: each below 1,440, and not the same.
    /// `utc_offset` is how many minutes the clock is before UTC, within [`UTC_OFFSETS`](Self::UTC_OFFSETS). `None` for
    /// anything else.
    pub fn new(from: u16, to: u16, utc_offset: i16) -> Option<Self> {
        let is_of_day = |minute| i64::from(minute) < DAY;
        let is_good = is_of_day(from) && is_of_day(to) && from != to;
        (is_good && Self::UTC_OFFSETS.contains(&utc_offset)).then_some(Self { from, to, utc_offset })
    }

    /// The minute of the day at which they begin.
    pub fn from(&self) -> u16 {
        self.from
    }

    /// The minute of the day at which they are over.
    pub fn to(&self) -> u16 {
        self.to
    }

    /// How many minutes their clock is before UTC.
    pub fn utc_offset(&self) -> i16 {
        self.utc_offset
    }

    /// Whether this moment is in them.
    pub fn holds(&self, now: Timestamp) -> bool {
        let minute = (now.as_millis() / 60_000 + i64::from(self.utc_offset)).rem_euclid(DAY);
        let (from, to) = (i64::from(self.from), i64::from(self.to));
        match from < to {
            true => (from..to).contains(&minute),
            false => minute >= from || minute < to,
        }
    }
}

/// A time of quiet to begin.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs, reason = "it is nothing but its fields")]
pub struct Quiet {
    /// For how many seconds from now on: 1 to 31,536,000, a year. `None`: for good, unless there are daily hours.
    pub expires_in: Option<u64>,
    /// Each day at these hours.
    pub daily: Option<DailyHours>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64, hour: i64, minute: i64) -> Timestamp {
        Timestamp::from_millis((((day * 24) + hour) * 60 + minute) * 60_000)
    }

    #[test]
    fn a_choice_survives_its_text_and_other_texts_are_refused() {
        let setting = |level, until: Option<i64>| {
            Some(NotifySetting { level, until: until.map(Timestamp::from_millis) })
        };
        for setting in [
            None,
            setting(NotifyLevel::All, None),
            setting(NotifyLevel::Mentions, Some(7)),
            setting(NotifyLevel::None, Some(1_700_000_000_000)),
        ] {
            let notify = Notify { setting, pos: 9, told_pos: 4 };
            assert_eq!(notify.to_string().parse(), Ok(notify));
        }
        for bad in
            ["", "all", "all 1", "all x 1", "loud 1 1", "- 1 1 5", "all 1 1 x", "all 1 1 5 6", "all  1 1"]
        {
            assert_eq!(bad.parse::<Notify>(), Err(NotifyError), "{bad}");
        }
    }

    #[test]
    fn daily_hours_go_over_midnight_and_by_their_own_clock() {
        let night = DailyHours::new(22 * 60, 7 * 60, 0).unwrap();
        let held = [(21, 59), (22, 0), (23, 59), (0, 0), (6, 59), (7, 0), (12, 0)];
        let held = held.map(|(hour, minute)| night.holds(at(20_000, hour, minute)));
        assert_eq!(held, [false, true, true, true, true, false, false]);
        // Nine hours before UTC: ten at night there is one in the afternoon here.
        let seoul = DailyHours::new(22 * 60, 7 * 60, 9 * 60).unwrap();
        assert_eq!(
            [12, 13, 21, 22].map(|hour| seoul.holds(at(20_000, hour, 30))),
            [false, true, true, false]
        );
        let noon = DailyHours::new(12 * 60, 13 * 60, -5 * 60).unwrap();
        assert_eq!([11, 12, 17, 18].map(|hour| noon.holds(at(1, hour, 0))), [false, false, true, false]);
    }

    #[test]
    fn hours_that_are_none_are_refused() {
        for (from, to, offset) in
            [(0, 0, 0), (60, 60, 0), (1440, 0, 0), (0, 1440, 0), (0, 1, 841), (0, 1, -721)]
        {
            assert_eq!(DailyHours::new(from, to, offset), None, "{from} {to} {offset}");
        }
        assert!(DailyHours::new(0, 1439, 840).is_some() && DailyHours::new(1439, 0, -720).is_some());
    }

    #[test]
    fn a_time_of_quiet_ends_but_its_daily_hours_do_not() {
        let night = DailyHours::new(22 * 60, 7 * 60, 0);
        let quiet = DoNotDisturb { until: Some(at(5, 12, 0)), daily: night };
        let held = [at(5, 11, 59), at(5, 12, 0), at(5, 23, 0), at(900, 3, 0), at(900, 9, 0)];
        assert_eq!(held.map(|now| quiet.holds(now)), [true, false, true, true, false]);
        assert!(!DoNotDisturb::default().holds(at(5, 0, 0)));
        assert!(DoNotDisturb { until: Some(Timestamp::NEVER), daily: None }.holds(at(5, 0, 0)));
    }
}
