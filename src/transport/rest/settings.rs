//! Routes of what a user lets others see.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Caller, JsonBody};
use super::problem::Problem;
use crate::error::Result;
use crate::model::{LastSeen, SettingsUpdate};
use crate::transport::wire::SettingsJson;

pub(super) async fn get(Caller(caller): Caller) -> Result<Response, Problem> {
    Ok(Json(SettingsJson::from(&caller.settings().await?)).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateJson {
    last_seen: Option<LastSeen>,
    invisible: Option<bool>,
    read_receipts: Option<bool>,
}

pub(super) async fn update(
    Caller(caller): Caller,
    JsonBody(UpdateJson { last_seen, invisible, read_receipts }): JsonBody<UpdateJson>,
) -> Result<Response, Problem> {
    let settings = caller.set_settings(SettingsUpdate { last_seen, invisible, read_receipts }).await?;
    Ok(Json(SettingsJson::from(&settings)).into_response())
}
