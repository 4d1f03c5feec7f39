//! Routes of people who wait to come into a room.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::extract::{Caller, InRoom, OfJoinRequest, OptionalJsonBody, Params};
use super::held::RejectionJson;
use super::problem::Problem;
use super::rooms::done;
use crate::error::Result;
use crate::model::{Limit, RoomView};
use crate::transport::wire::{JoinHeldJson, JoinRequestsJson, OwnJoinRequestsJson, RoomJson};

/// The room, where they are in it. Who has to wait: 202, for they have asked. Anything else is refused.
pub(super) fn entered(answer: Result<RoomView>) -> Result<Response, Problem> {
    match answer {
        Ok(view) => Ok(Json(RoomJson::from(&view)).into_response()),
        Err(error) => {
            let answer = JoinHeldJson::of(&error).ok_or(error)?;
            Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
        }
    }
}

pub(super) async fn list(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    params: Params,
) -> Result<Response, Problem> {
    let after = params.cursor()?;
    let page = caller.join_requests(room, after, params.limit(Limit::MESSAGES)?).await?;
    Ok(Json(JoinRequestsJson::from(&page)).into_response())
}

pub(super) async fn own(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let after = params.cursor()?;
    let page = caller.own_join_requests(after, params.limit(Limit::MESSAGES)?).await?;
    Ok(Json(OwnJoinRequestsJson::from(&page)).into_response())
}

pub(super) async fn approve(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfJoinRequest(request): OfJoinRequest,
) -> Result<Response, Problem> {
    caller.approve_join(room, request).await?;
    Ok(done(room))
}

pub(super) async fn reject(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfJoinRequest(request): OfJoinRequest,
    OptionalJsonBody(RejectionJson { reason }): OptionalJsonBody<RejectionJson>,
) -> Result<Response, Problem> {
    caller.reject_join(room, request, reason).await?;
    Ok(done(room))
}

pub(super) async fn withdraw(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfJoinRequest(request): OfJoinRequest,
) -> Result<Response, Problem> {
    caller.withdraw_join(room, request).await?;
    Ok(done(room))
}
