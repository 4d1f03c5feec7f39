//! Routes of rooms and their participants.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::extract::{Caller, InRoom, JsonBody, OfUser, Params};
use super::joins::entered;
use super::problem::Problem;
use crate::error::{Result, parse_field};
use crate::id::{RoomId, UserId};
use crate::model::{Limit, NewRoom, Role, RoomUpdate};
use crate::transport::wire::{ParticipantsJson, PublicRoomsJson, RoomJson, RoomsJson};

pub(super) async fn create(
    Caller(caller): Caller,
    JsonBody(new): JsonBody<NewRoom>,
) -> Result<Response, Problem> {
    let created = caller.create_room(new).await?;
    let status = if created.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(RoomJson::from(&created))).into_response())
}

pub(super) async fn list(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let page = caller.rooms(params.page(Limit::ROOMS)?).await?;
    Ok(Json(RoomsJson::from(&page)).into_response())
}

pub(super) async fn list_public(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let before = params.cursor()?;
    let part = params.get("q").unwrap_or_default();
    let page = caller.public_rooms(part, before, params.limit(Limit::ROOMS)?).await?;
    Ok(Json(PublicRoomsJson::from(&page)).into_response())
}

pub(super) async fn join(Caller(caller): Caller, InRoom(room): InRoom) -> Result<Response, Problem> {
    entered(caller.join(room).await)
}

pub(super) async fn get(Caller(caller): Caller, InRoom(room): InRoom) -> Result<Response, Problem> {
    let view = caller.room(room).await?;
    Ok(Json(RoomJson::from(&view)).into_response())
}

pub(super) async fn update(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    JsonBody(update): JsonBody<RoomUpdate>,
) -> Result<Response, Problem> {
    let view = caller.update_room(room, update).await?;
    Ok(Json(RoomJson::from(&view)).into_response())
}

/// The answer to what leaves nothing to show but the room's id.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Done))]
pub(in crate::transport) struct DoneJson {
    /// The room.
    pub(in crate::transport) room_uuid: RoomId,
}

pub(super) fn done(room: RoomId) -> Response {
    Json(DoneJson { room_uuid: room }).into_response()
}

pub(super) async fn leave(Caller(caller): Caller, InRoom(room): InRoom) -> Result<Response, Problem> {
    caller.leave(room).await?;
    Ok(done(room))
}

pub(super) async fn delete(Caller(caller): Caller, InRoom(room): InRoom) -> Result<Response, Problem> {
    caller.delete_room(room).await?;
    Ok(done(room))
}

pub(super) async fn close(Caller(caller): Caller, InRoom(room): InRoom) -> Result<Response, Problem> {
    caller.close(room).await?;
    Ok(done(room))
}

pub(super) async fn reopen(Caller(caller): Caller, InRoom(room): InRoom) -> Result<Response, Problem> {
    let view = caller.reopen(room).await?;
    Ok(Json(RoomJson::from(&view)).into_response())
}

pub(super) async fn participants(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    params: Params,
) -> Result<Response, Problem> {
    let (after, limit) = (params.cursor()?, params.limit(Limit::MESSAGES)?);
    let page = caller.participants(room, after.as_ref(), limit).await?;
    Ok(Json(ParticipantsJson::from(&page)).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InviteJson {
    user_uuids: Vec<String>,
}

pub(super) async fn invite(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    JsonBody(InviteJson { user_uuids }): JsonBody<InviteJson>,
) -> Result<Response, Problem> {
    let users = user_uuids.iter().map(|user| parse_field::<UserId>("userUuids", user));
    let view = caller.invite(room, &users.collect::<Result<Vec<_>>>()?).await?;
    Ok(Json(RoomJson::from(&view)).into_response())
}

pub(super) async fn remove(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfUser(user): OfUser,
) -> Result<Response, Problem> {
    caller.remove(room, &user).await?;
    Ok(done(room))
}

#[derive(Deserialize)]
pub(super) struct RoleJson {
    role: Role,
}

pub(super) async fn set_role(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfUser(user): OfUser,
    JsonBody(RoleJson { role }): JsonBody<RoleJson>,
) -> Result<Response, Problem> {
    caller.set_role(room, &user, role).await?;
    let view = caller.room(room).await?;
    Ok(Json(RoomJson::from(&view)).into_response())
}
