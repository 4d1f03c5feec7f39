//! Routes of threads: who follows them, and how far they are read.

use axum::Json;
use axum::response::{IntoResponse, Response};

use super::extract::{Caller, InRoom, OfMessage, OptionalJsonBody, Params};
use super::messages::ReadJson;
use super::problem::Problem;
use crate::model::Limit;
use crate::transport::wire::{ThreadStateJson, ThreadsJson};

pub(super) async fn follow(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(root): OfMessage,
) -> Result<Response, Problem> {
    let state = caller.follow_thread(room, root).await?;
    Ok(Json(ThreadStateJson::from(&state)).into_response())
}

pub(super) async fn unfollow(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(root): OfMessage,
) -> Result<Response, Problem> {
    let state = caller.unfollow_thread(room, root).await?;
    Ok(Json(ThreadStateJson::from(&state)).into_response())
}

pub(super) async fn read(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(root): OfMessage,
    OptionalJsonBody(body): OptionalJsonBody<ReadJson>,
) -> Result<Response, Problem> {
    let state = caller.mark_thread_read(room, root, body.place()?).await?;
    Ok(Json(ThreadStateJson::from(&state)).into_response())
}

pub(super) async fn list(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let page = caller.threads(params.thread_cursor()?, params.limit(Limit::ROOMS)?).await?;
    Ok(Json(ThreadsJson::from(&page)).into_response())
}
