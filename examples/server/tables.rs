//! The tables `[engine]` and `[limits]` of the file of settings.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use chat_core::Config;
use chat_core::config::{Rate, RateLimits};
use chat_core::model::Phrases;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

use crate::print::Page;

/// The longest time that can be set: a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest time for which messages may be changed: ten years.
const LONGEST_WINDOW: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// A value of a setting within its bounds, and the field of [`Config`] that it is for.
trait Bounded: Serialize + Copy {
    type Field;
    fn to_field(self) -> Self::Field;
    fn of_field(field: &Self::Field) -> Self;
}

/// Whole numbers up to a bound: queues of more would take the memory of a whole machine.
macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident, $least:literal to $most:literal, $field:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Serialize)]
        #[serde(transparent)]
        struct $name($field);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let value = u64::deserialize(from)?;
                if !($least..=$most).contains(&value) {
                    let expected = concat!("must be from ", $least, " to ", $most);
                    return Err(de::Error::custom(format!("{expected}, not {value}")));
                }
                <$field>::try_from(value).map(Self).map_err(de::Error::custom)
            }
        }

        impl Bounded for $name {
            type Field = $field;
            fn to_field(self) -> $field {
                self.0
            }
            fn of_field(field: &$field) -> Self {
                Self(*field)
            }
        }
    };
}

bounded!(
    /// How many of something wait or are kept.
    Count, 1 to 10_000_000, usize
);
bounded!(
    /// Bytes.
    Bytes, 1 to 1_073_741_824, usize
);
bounded!(
    /// Pixels of a picture.
    Pixels, 1 to 10_000_000_000, u64
);
bounded!(
    /// Bytes of all files of somebody.
    Quota, 1 to 1_000_000_000_000_000, u64
);
bounded!(
    /// How many participants.
    People, 0 to 100_000_000, u32
);

/// A time such as `30s` or `1m 30s`.
#[derive(Debug, Clone, Copy)]
struct Time(Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let time = humantime::parse_duration(&text).ok();
        let time = time.filter(|time| (Duration::from_millis(1)..=LONGEST).contains(time));
        let wrong = || de::Error::custom(format!("must be a time from \"1ms\" to \"24h\", not {text:?}"));
        time.map(Self).ok_or_else(wrong)
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&humantime::format_duration(self.0))
    }
}

impl Bounded for Time {
    type Field = Duration;
    fn to_field(self) -> Duration {
        self.0
    }
    fn of_field(field: &Duration) -> Self {
        Self(*field)
    }
}

/// For how long something may be done: a time such as `15m`, or `forever`.
#[derive(Debug, Clone, Copy)]
struct Window(Option<Duration>);

const FOREVER: &str = "forever";

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text == FOREVER {
            return Ok(Self(None));
        }
        let time =
            humantime::parse_duration(&text).ok().filter(|time| !time.is_zero() && *time <= LONGEST_WINDOW);
        let wrong =
            || de::Error::custom(format!("must be \"forever\" or a time of up to ten years, not {text:?}"));
        time.map(|time| Self(Some(time))).ok_or_else(wrong)
    }
}

impl Serialize for Window {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(time) => to.collect_str(&humantime::format_duration(time)),
            None => to.serialize_str(FOREVER),
        }
    }
}

impl Bounded for Window {
    type Field = Option<Duration>;
    fn to_field(self) -> Option<Duration> {
        self.0
    }
    fn of_field(field: &Option<Duration>) -> Self {
        Self(*field)
    }
}

/// Whether something is done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
struct Switch(bool);

impl Bounded for Switch {
    type Field = bool;
    fn to_field(self) -> bool {
        self.0
    }
    fn of_field(field: &bool) -> Self {
        Self(*field)
    }
}

/// What SYSTEM messages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Language {
    English,
    Korean,
}

impl Bounded for Language {
    type Field = Phrases;
    fn to_field(self) -> Phrases {
        match self {
            Self::English => Phrases::english(),
            Self::Korean => Phrases::korean(),
        }
    }
    fn of_field(field: &Phrases) -> Self {
        if field.joined == Phrases::korean().joined { Self::Korean } else { Self::English }
    }
}

/// The settings of `[engine]`: a field of [`Config`] each.
macro_rules! engine {
    ($($name:ident: $type:ident,)*) => {
        /// The bounds and times of the engine, where the file gives them.
        #[derive(Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct EngineTable {
            $($name: Option<$type>,)*
            language: Option<Language>,
        }

        impl EngineTable {
            pub(crate) fn apply(&self, config: &mut Config) {
                $(if let Some(value) = self.$name { config.$name = value.to_field(); })*
                if let Some(language) = self.language { config.phrases = language.to_field(); }
            }

            pub(crate) fn show(&self, page: &mut Page) {
                let mut config = Config::default();
                self.apply(&mut config);
                page.table("engine");
                $(show(page, stringify!($name), self.$name, &config.$name);)*
                show(page, "language", self.language, &config.phrases);
            }
        }
    };
}

engine! {
    max_content_bytes: Bytes,
    max_name_chars: Count,
    max_topic_chars: Count,
    max_custom_bytes: Bytes,
    max_message_custom_bytes: Bytes,
    max_participants: Count,
    max_room_members: People,
    edit_window: Window,
    delete_window: Window,
    max_reaction_kinds: Count,
    max_invites: People,
    max_listed: Count,
    max_frame_bytes: Bytes,
    max_body_bytes: Bytes,
    mailbox_events: Count,
    mailbox_bytes: Bytes,
    commit_queue: Count,
    commit_batch: Count,
    max_in_flight: Count,
    delivered_waiting: Count,
    profile_cache: Count,
    hello_timeout: Time,
    write_timeout: Time,
    heartbeat: Time,
    typing_timeout: Time,
    stream_interval: Time,
    stream_save: Time,
    stream_timeout: Time,
    max_streams: Count,
    presence_max_members: People,
    reconnect_spread: Time,
    max_attachment_bytes: Bytes,
    max_attachment_bytes_per_user: Quota,
    max_attachments: Count,
    max_image_pixels: Pixels,
    max_uploads: Count,
    max_uploads_per_user: Count,
    upload_timeout: Time,
    upload_pause: Time,
    attachment_keep: Time,
    link_time: Time,
    search: Switch,
    max_search_chars: Count,
}

fn show<T: Bounded>(page: &mut Page, name: &str, given: Option<T>, holds: &T::Field) {
    let source = if given.is_some() { "file" } else { "default" };
    page.setting(&name.replace('_', "-"), &T::of_field(holds), source);
}

/// How often something may happen; 0 a second sets no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Limit {
    per_second: u32,
    burst: Option<NonZeroU32>,
}

impl Limit {
    fn rate(self) -> Option<Rate> {
        let per_second = NonZeroU32::new(self.per_second)?;
        Some(Rate::per_second(per_second.get()).with_burst(self.burst.unwrap_or(per_second).get()))
    }
}

/// A rate as [`Limit`] reads it.
struct Shown(Option<Rate>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rate) => write!(f, "{{ per-second = {}, burst = {} }}", rate.per_second, rate.burst),
            None => f.write_str("{ per-second = 0 }"),
        }
    }
}

/// The settings of `[limits]`: a field of [`RateLimits`] each.
macro_rules! limits {
    ($($name:ident,)*) => {
        /// The rate limits, where the file gives them.
        #[derive(Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct LimitsTable {
            $($name: Option<Limit>,)*
        }

        impl LimitsTable {
            /// In development mode there are none but those that the file gives.
            pub(crate) fn rates(&self, is_dev: bool) -> RateLimits {
                let mut rates = if is_dev { RateLimits::default() } else { RateLimits::for_people() };
                $(if let Some(limit) = self.$name { rates.$name = limit.rate(); })*
                rates
            }

            pub(crate) fn show(&self, page: &mut Page, is_dev: bool) {
                let rates = self.rates(is_dev);
                page.table("limits");
                $(show_limit(page, stringify!($name), self.$name.is_some(), Shown(rates.$name), is_dev);)*
            }
        }
    };
}

limits! { messages, changes, calls, commands, refusals, searches, }

fn show_limit(page: &mut Page, name: &str, is_given: bool, rate: Shown, is_dev: bool) {
    match (is_given, is_dev) {
        (true, _) => page.line(name, rate, "file"),
        (false, false) => page.line(name, rate, "default"),
        // Written out it would hold on when development is over.
        (false, true) => page.comment(name, &rate.to_string(), "default in development mode"),
    }
}
