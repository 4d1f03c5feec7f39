//! Routes of what somebody wants notices of.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Caller, InRoom, JsonBody, OptionalJsonBody};
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::model::{DailyHours, NotifyLevel, Quiet};
use crate::transport::wire::{DoNotDisturbJson, RoomJson, missing, parse_minute, whole, whole_signed};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LevelJson {
    notifications: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    expires_in: Option<u64>,
}

impl LevelJson {
    fn level(&self) -> Result<Option<NotifyLevel>> {
        let word = self.notifications.as_deref().ok_or_else(|| missing("notifications"))?;
        match NotifyLevel::ALL.into_iter().find(|level| level.name() == word) {
            None if word != "default" => Err(Error::invalid("notifications", "is unknown")),
            level => Ok(level),
        }
    }
}

pub(super) async fn set_level(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    JsonBody(level): JsonBody<LevelJson>,
) -> Result<Response, Problem> {
    let view = caller.set_notifications(room, level.level()?, level.expires_in).await?;
    Ok(Json(RoomJson::from(&view)).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct QuietJson {
    #[serde(deserialize_with = "whole")]
    expires_in: Option<u64>,
    daily: Option<DailyJson>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DailyJson {
    from: Option<String>,
    to: Option<String>,
    #[serde(deserialize_with = "whole_signed")]
    utc_offset: Option<i64>,
}

impl DailyJson {
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

pub(super) async fn quiet(Caller(caller): Caller) -> Result<Response, Problem> {
    let now = caller.do_not_disturb().await?;
    Ok(Json(DoNotDisturbJson::from(&now)).into_response())
}

pub(super) async fn begin_quiet(
    Caller(caller): Caller,
    OptionalJsonBody(QuietJson { expires_in, daily }): OptionalJsonBody<QuietJson>,
) -> Result<Response, Problem> {
    let daily = daily.map(|daily| daily.parse()).transpose()?;
    let now = caller.set_do_not_disturb(Some(Quiet { expires_in, daily })).await?;
    Ok(Json(DoNotDisturbJson::from(&now)).into_response())
}

pub(super) async fn end_quiet(Caller(caller): Caller) -> Result<Response, Problem> {
    let now = caller.set_do_not_disturb(None).await?;
    Ok(Json(DoNotDisturbJson::from(&now)).into_response())
}
