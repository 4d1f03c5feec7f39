//! What somebody wants notices of, as JSON.

use serde::{Deserialize, Serialize};

use super::{missing, whole, whole_signed};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::RoomId;
use crate::model::{DailyHours, DoNotDisturb, NotifyLevel, NotifySetting, Quiet};
use crate::names::names;

/// When the caller wants no notices.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = DoNotDisturb))]
pub(crate) struct DoNotDisturbJson {
    /// Until then; `9999-12-31T23:59:59.999Z`: for good. Null, or over: not for a time.
    #[cfg_attr(feature = "openapi", schema(required))]
    until: Option<Timestamp>,
    /// Each day at these hours, besides.
    #[cfg_attr(feature = "openapi", schema(required))]
    daily: Option<DailyHoursJson>,
}

/// Hours of each day. They may go over midnight.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = DailyHours))]
struct DailyHoursJson {
    /// When they begin, as `22:00`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    from: String,
    /// When they are over.
    #[cfg_attr(feature = "openapi", schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    to: String,
    /// How many minutes their clock is before UTC.
    #[cfg_attr(feature = "openapi", schema(minimum = -720, maximum = 840))]
    utc_offset: i16,
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

impl From<&DailyHours> for DailyHoursJson {
    fn from(hours: &DailyHours) -> Self {
        Self { from: clock(hours.from()), to: clock(hours.to()), utc_offset: hours.utc_offset() }
    }
}

impl From<&DoNotDisturb> for DoNotDisturbJson {
    fn from(now: &DoNotDisturb) -> Self {
        Self { until: now.until, daily: now.daily.as_ref().map(Into::into) }
    }
}

/// Of which messages of a room the caller wants notices, and for how long.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LevelArgs {
    notifications: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    expires_in: Option<u64>,
}

impl LevelArgs {
    pub(crate) fn parse(&self) -> Result<(Option<NotifyLevel>, Option<u64>)> {
        let word = self.notifications.as_deref().ok_or_else(|| missing("notifications"))?;
        match NotifyLevel::ALL.into_iter().find(|level| level.name() == word) {
            None if word != "default" => Err(Error::invalid("notifications", "is unknown")),
            level => Ok((level, self.expires_in)),
        }
    }
}

/// When the caller wants no notices.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct QuietArgs {
    #[serde(deserialize_with = "whole")]
    expires_in: Option<u64>,
    daily: Option<DailyArgs>,
}

impl QuietArgs {
    pub(crate) fn parse(&self) -> Result<Quiet> {
        let daily = self.daily.as_ref().map(DailyArgs::parse).transpose()?;
        Ok(Quiet { expires_in: self.expires_in, daily })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DailyArgs {
    from: Option<String>,
    to: Option<String>,
    #[serde(deserialize_with = "whole_signed")]
    utc_offset: Option<i64>,
}

impl DailyArgs {
    fn parse(&self) -> Result<DailyHours> {
        let from = parse_minute("daily.from", self.from.as_deref())?;
        let to = parse_minute("daily.to", self.to.as_deref())?;
        if from == to {
            return Err(Error::invalid("daily.to", "is when they begin"));
        }
        let offset = i16::try_from(self.utc_offset.unwrap_or(0)).ok();
        let hours = offset.and_then(|offset| DailyHours::new(from, to, offset));
        hours.ok_or_else(|| Error::invalid("daily.utcOffset", "must be between -720 and 840 minutes"))
    }
}

/// The minute of the day in a text such as `22:00`.
fn parse_minute(field: &'static str, text: Option<&str>) -> Result<u16> {
    let text = text.ok_or_else(|| missing(field))?;
    let two = |text: &str| match text.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
        }
        _ => None,
    };
    let minute = text.split_once(':').and_then(|(hours, minutes)| {
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    });
    minute.ok_or_else(|| Error::invalid(field, "must be a time of the day such as 22:00"))
}

names! {
    /// What a [`NotificationsJson`] tells of.
    pub(crate) enum NotificationsType {
        Changed = "notificationsChanged",
    }
}

names! {
    /// What a [`QuietJson`] tells of.
    pub(crate) enum QuietType {
        Changed = "doNotDisturbChanged",
    }
}

/// Another device of the user's has chosen of which messages of a room they want notices.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = NotificationsChanged))]
pub(crate) struct NotificationsJson {
    /// What it is.
    r#type: NotificationsType,
    /// The room.
    room_uuid: RoomId,
    /// The level. Not there: the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    notifications: Option<NotifyLevel>,
    /// From when on the default holds again. Not there: it never does by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    notify_until: Option<Timestamp>,
}

impl NotificationsJson {
    pub(crate) fn new(room_uuid: RoomId, setting: Option<NotifySetting>) -> Self {
        Self {
            r#type: NotificationsType::Changed,
            room_uuid,
            notifications: setting.map(|setting| setting.level),
            notify_until: setting.and_then(|setting| setting.until),
        }
    }
}

/// Another device of the user's has changed when they want no notices.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = DoNotDisturbChanged))]
pub(crate) struct QuietJson {
    /// What it is.
    r#type: QuietType,
    #[serde(flatten)]
    now: DoNotDisturbJson,
}

impl QuietJson {
    pub(crate) fn new(now: &DoNotDisturb) -> Self {
        Self { r#type: QuietType::Changed, now: now.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_day_is_read_as_it_is_written() {
        for minute in [0, 59, 60, 7 * 60, 1439] {
            assert_eq!(parse_minute("from", Some(&clock(minute))).unwrap(), minute);
        }
        for bad in ["", "24:00", "7:00", "07:60", "07:0", "+7:00", "07-00", "07:00:00", "٠٧:٠٠"] {
            assert!(parse_minute("from", Some(bad)).is_err(), "{bad}");
        }
        assert!(parse_minute("from", None).is_err());
    }
}
