//! Routes of invite links.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::extract::{ByCode, Caller, InRoom, OptionalJsonBody};
use super::problem::Problem;
use super::rooms::done;
use crate::error::Result;
use crate::model::NewInvite;
use crate::transport::wire::{InviteJson, InvitesJson, RoomJson};

pub(super) async fn create(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OptionalJsonBody(new): OptionalJsonBody<NewInvite>,
) -> Result<Response, Problem> {
    let link = caller.create_invite(room, new).await?;
    Ok((StatusCode::CREATED, Json(InviteJson::from(&link))).into_response())
}

pub(super) async fn list(Caller(caller): Caller, InRoom(room): InRoom) -> Result<Response, Problem> {
    let links = caller.invites(room).await?;
    Ok(Json(InvitesJson::from(&links[..])).into_response())
}

pub(super) async fn revoke(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    ByCode(code): ByCode,
) -> Result<Response, Problem> {
    caller.revoke_invite(room, code).await?;
    Ok(done(room))
}

pub(super) async fn accept(Caller(caller): Caller, ByCode(code): ByCode) -> Result<Response, Problem> {
    let view = caller.accept_invite(code).await?;
    Ok(Json(RoomJson::from(&view)).into_response())
}
