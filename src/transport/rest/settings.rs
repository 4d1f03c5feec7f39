//! Routes of what a user lets others see.

use axum::Json;
use axum::response::{IntoResponse, Response};

use super::extract::{Caller, JsonBody};
use super::problem::Problem;
use crate::error::Result;
use crate::transport::wire::{SettingsArgs, SettingsJson};

pub(super) async fn get(Caller(caller): Caller) -> Result<Response, Problem> {
    Ok(Json(SettingsJson::from(&caller.settings().await?)).into_response())
}

pub(super) async fn update(
    Caller(caller): Caller,
    JsonBody(args): JsonBody<SettingsArgs>,
) -> Result<Response, Problem> {
    let settings = caller.set_settings(args.into()).await?;
    Ok(Json(SettingsJson::from(&settings)).into_response())
}
