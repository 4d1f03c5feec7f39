//! Routes of messages that are held back.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Caller, InRoom, OfHeld, OptionalJsonBody, Params};
use super::problem::Problem;
use super::rooms::done;
use crate::error::{Error, Result};
use crate::event::View;
use crate::model::Limit;
use crate::transport::wire::{HeldAnswerJson, HeldPageJson, MessageJson};

/// What was to be sent is held: 202, for it was taken. Anything else is refused.
pub(super) fn held_or_refused(error: Error) -> Result<Response, Problem> {
    let answer = HeldAnswerJson::of(&error).ok_or(error)?;
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

pub(super) async fn list(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    params: Params,
) -> Result<Response, Problem> {
    let after = params.cursor()?;
    let page = caller.held(room, after, params.limit(Limit::MESSAGES)?).await?;
    Ok(Json(HeldPageJson::from(&page)).into_response())
}

pub(super) async fn own(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let after = params.cursor()?;
    let page = caller.own_held(after, params.limit(Limit::MESSAGES)?).await?;
    Ok(Json(HeldPageJson::from(&page)).into_response())
}

pub(super) async fn approve(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfHeld(held): OfHeld,
) -> Result<Response, Problem> {
    let message = caller.approve_held(room, held).await?;
    Ok(Json(MessageJson::fresh(&message, View::Others)).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RejectionJson {
    pub(super) reason: Option<String>,
}

pub(super) async fn reject(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfHeld(held): OfHeld,
    OptionalJsonBody(RejectionJson { reason }): OptionalJsonBody<RejectionJson>,
) -> Result<Response, Problem> {
    caller.reject_held(room, held, reason).await?;
    Ok(done(room))
}

pub(super) async fn withdraw(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfHeld(held): OfHeld,
) -> Result<Response, Problem> {
    caller.withdraw_held(room, held).await?;
    Ok(done(room))
}
