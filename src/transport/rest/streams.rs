//! Routes of messages that are seen while they are written.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Caller, InRoom, JsonBody, OfMessage, OptionalJsonBody};
use super::problem::Problem;
use crate::error::Result;
use crate::model::{Custom, Draft};
use crate::transport::wire::{MessageChangeJson, MessageJson};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BegunJson {
    content: Option<String>,
    client_id: Option<String>,
    custom: Option<Custom>,
}

pub(super) async fn start(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OptionalJsonBody(BegunJson { content, client_id, custom }): OptionalJsonBody<BegunJson>,
) -> Result<Response, Problem> {
    let draft = Draft::begun(content, client_id).with_custom(custom.unwrap_or_default());
    let message = caller.start_stream_anywhere(room, draft).await?;
    Ok((StatusCode::CREATED, Json(MessageJson::own(&message))).into_response())
}

#[derive(Deserialize)]
pub(super) struct AppendJson {
    text: String,
}

pub(super) async fn append(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
    JsonBody(AppendJson { text }): JsonBody<AppendJson>,
) -> Result<Response, Problem> {
    let message = caller.append_anywhere(room, message, &text).await?;
    Ok(Json(MessageChangeJson::of(&message)).into_response())
}

pub(super) async fn stop(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
) -> Result<Response, Problem> {
    let written = caller.stop_stream(room, message).await?;
    Ok(Json(MessageChangeJson::of(&written)).into_response())
}
