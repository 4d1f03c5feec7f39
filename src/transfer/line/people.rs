//! Lines of people: who they are, how they stand to each other, what they chose.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FieldError, check_texts};
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::model::{DailyHours, DoNotDisturb, LastSeen, Profile, Relation, RelationKind, Settings};
use crate::store::Record;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct ProfileLine {
    user: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logged_out: Option<Timestamp>,
}

impl ProfileLine {
    pub(in crate::transfer) fn record(self) -> Result<Record, FieldError> {
        let Self { user, nickname, image, last_seen, logged_out } = self;
        check_texts(&[("nickname", nickname.as_deref()), ("image", image.as_deref())])?;
        let profile = match (nickname, image) {
            (Some(nickname), image) => Some(Profile { user: user.clone(), nickname, image }),
            (None, None) => None,
            (None, Some(_)) => return Err(FieldError::Unfit("nickname")),
        };
        Ok(Record::Profile { user, profile, last_seen, logged_out })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct RelationLine {
    user: UserId,
    other: UserId,
    kind: KindLine,
    since: Timestamp,
}

impl RelationLine {
    pub(in crate::transfer) fn record(self) -> Result<Relation, FieldError> {
        let Self { user, other, kind, since } = self;
        if user == other {
            return Err(FieldError::Unfit("other"));
        }
        let kind = match kind {
            KindLine::Friend => RelationKind::Friend,
            KindLine::RequestSent => RelationKind::RequestSent,
            KindLine::RequestReceived => RelationKind::RequestReceived,
            KindLine::Blocked => RelationKind::Blocked,
        };
        Ok(Relation { user, other, kind, since })
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum KindLine {
    Friend,
    RequestSent,
    RequestReceived,
    Blocked,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct SettingsLine {
    user: UserId,
    last_seen: LastSeen,
    invisible: bool,
    read_receipts: bool,
    changed_at: Timestamp,
}

impl SettingsLine {
    pub(in crate::transfer) fn record(self) -> Record {
        let Self { user, last_seen, invisible, read_receipts, changed_at } = self;
        Record::Settings(user, Settings { last_seen, invisible, read_receipts, changed_at })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct QuietLine {
    user: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    daily: Option<DailyLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DailyLine {
    from: u16,
    to: u16,
    utc_offset: i16,
}

impl QuietLine {
    pub(in crate::transfer) fn record(self) -> Result<Record, FieldError> {
        let Self { user, until, daily } = self;
        if until.is_none() && daily.is_none() {
            return Err(FieldError::Unfit("until"));
        }
        let hours = |DailyLine { from, to, utc_offset }| DailyHours::new(from, to, utc_offset);
        let daily = daily.map(|line| hours(line).ok_or(FieldError::Unfit("daily"))).transpose()?;
        Ok(Record::DoNotDisturb(user, DoNotDisturb { until, daily }))
    }

    pub(in crate::transfer) fn of(user: UserId, quiet: DoNotDisturb) -> Self {
        let line = |hours: DailyHours| DailyLine {
            from: hours.from(),
            to: hours.to(),
            utc_offset: hours.utc_offset(),
        };
        Self { user, until: quiet.until, daily: quiet.daily.map(line) }
    }
}

impl From<Relation> for RelationLine {
    fn from(Relation { user, other, kind, since }: Relation) -> Self {
        let kind = match kind {
            RelationKind::Friend => KindLine::Friend,
            RelationKind::RequestSent => KindLine::RequestSent,
            RelationKind::RequestReceived => KindLine::RequestReceived,
            RelationKind::Blocked => KindLine::Blocked,
        };
        Self { user, other, kind, since }
    }
}

impl SettingsLine {
    pub(in crate::transfer) fn of(user: UserId, settings: Settings) -> Self {
        let Settings { last_seen, invisible, read_receipts, changed_at } = settings;
        Self { user, last_seen, invisible, read_receipts, changed_at }
    }
}

impl ProfileLine {
    pub(in crate::transfer) fn of(
        user: UserId,
        profile: Option<Profile>,
        last_seen: Option<Timestamp>,
        logged_out: Option<Timestamp>,
    ) -> Self {
        let (nickname, image) = profile.map_or((None, None), |shown| (Some(shown.nickname), shown.image));
        Self { user, nickname, image, last_seen, logged_out }
    }
}
