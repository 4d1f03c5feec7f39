//! Routes of what somebody wants notices of.

use axum::Json;
use axum::response::{IntoResponse, Response};

use super::extract::{Caller, InRoom, JsonBody, OptionalJsonBody};
use super::problem::Problem;
use crate::error::Result;
use crate::transport::wire::{DoNotDisturbJson, LevelArgs, QuietArgs, RoomJson};

pub(super) async fn set_level(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    JsonBody(args): JsonBody<LevelArgs>,
) -> Result<Response, Problem> {
    let (level, expires_in) = args.parse()?;
    let view = caller.set_notifications(room, level, expires_in).await?;
    Ok(Json(RoomJson::from(&view)).into_response())
}

pub(super) async fn quiet(Caller(caller): Caller) -> Result<Response, Problem> {
    let now = caller.do_not_disturb().await?;
    Ok(Json(DoNotDisturbJson::from(&now)).into_response())
}

pub(super) async fn begin_quiet(
    Caller(caller): Caller,
    OptionalJsonBody(args): OptionalJsonBody<QuietArgs>,
) -> Result<Response, Problem> {
    let now = caller.set_do_not_disturb(Some(args.parse()?)).await?;
    Ok(Json(DoNotDisturbJson::from(&now)).into_response())
}

pub(super) async fn end_quiet(Caller(caller): Caller) -> Result<Response, Problem> {
    let now = caller.set_do_not_disturb(None).await?;
    Ok(Json(DoNotDisturbJson::from(&now)).into_response())
}
