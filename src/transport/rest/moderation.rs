//! Routes of who keeps a room in order: mutes and bans.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Caller, InRoom, OfUser, OptionalJsonBody, Params};
use super::problem::Problem;
use super::rooms::done;
use crate::error::Result;
use crate::model::{Limit, Sanction};
use crate::transport::wire::{AuditJson, BanJson, BansJson, MuteJson, parse_number, whole};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SanctionJson {
    #[serde(deserialize_with = "whole")]
    expires_in: Option<u64>,
    reason: Option<String>,
}

pub(super) async fn mute(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfUser(user): OfUser,
    OptionalJsonBody(SanctionJson { expires_in, reason }): OptionalJsonBody<SanctionJson>,
) -> Result<Response, Problem> {
    let muted_until = caller.mute(room, &user, Sanction { expires_in, reason }).await?;
    Ok(Json(MuteJson { room_uuid: room, user_uuid: &user, muted_until }).into_response())
}

pub(super) async fn unmute(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfUser(user): OfUser,
) -> Result<Response, Problem> {
    caller.unmute(room, &user).await?;
    Ok(done(room))
}

pub(super) async fn bans(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    params: Params,
) -> Result<Response, Problem> {
    let (after, limit) = (params.cursor()?, params.limit(Limit::MESSAGES)?);
    let page = caller.bans(room, after.as_ref(), limit).await?;
    Ok(Json(BansJson::from(&page)).into_response())
}

pub(super) async fn ban(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfUser(user): OfUser,
    OptionalJsonBody(SanctionJson { expires_in, reason }): OptionalJsonBody<SanctionJson>,
) -> Result<Response, Problem> {
    let ban = caller.ban(room, &user, Sanction { expires_in, reason }).await?;
    Ok(Json(BanJson::from(&ban)).into_response())
}

pub(super) async fn audit(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    params: Params,
) -> Result<Response, Problem> {
    let before = params.get("cursor").map(|text| parse_number("cursor", text)).transpose()?;
    let page = caller.audit(room, before, params.limit(Limit::MESSAGES)?).await?;
    Ok(Json(AuditJson::from(&page)).into_response())
}

pub(super) async fn unban(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfUser(user): OfUser,
) -> Result<Response, Problem> {
    caller.unban(room, &user).await?;
    Ok(done(room))
}
