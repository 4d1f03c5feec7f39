//! Routes of invite links and invitations.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{ByCode, Caller, InRoom, OptionalJsonBody, Params};
use super::joins::entered;
use super::problem::Problem;
use super::rooms::done;
use crate::error::{Error, Result, parse_field};
use crate::model::{Limit, NewInvite};
use crate::transport::wire::{InvitationsJson, InviteJson, InvitePreviewJson, InvitesJson, whole};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct NewInviteJson {
    #[serde(deserialize_with = "whole")]
    expires_in: Option<u64>,
    #[serde(deserialize_with = "whole")]
    max_uses: Option<u64>,
    user_uuid: Option<String>,
}

impl NewInviteJson {
    fn parse(self) -> Result<NewInvite> {
        let uses = |most: u64| most.try_into().map_err(|_| Error::invalid("maxUses", "is too large"));
        let user = self.user_uuid.map(|user| parse_field("userUuid", &user)).transpose()?;
        Ok(NewInvite { expires_in: self.expires_in, max_uses: self.max_uses.map(uses).transpose()?, user })
    }
}

pub(super) async fn create(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OptionalJsonBody(new): OptionalJsonBody<NewInviteJson>,
) -> Result<Response, Problem> {
    let link = caller.create_invite(room, new.parse()?).await?;
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

pub(super) async fn preview(Caller(caller): Caller, ByCode(code): ByCode) -> Result<Response, Problem> {
    let preview = caller.invite_preview(code).await?;
    Ok(Json(InvitePreviewJson::from(&preview)).into_response())
}

pub(super) async fn accept(Caller(caller): Caller, ByCode(code): ByCode) -> Result<Response, Problem> {
    entered(caller.accept_invite(code).await)
}

pub(super) async fn decline(Caller(caller): Caller, ByCode(code): ByCode) -> Result<Response, Problem> {
    let room = caller.decline_invite(code).await?;
    Ok(done(room))
}

pub(super) async fn invitations(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let after = params.cursor()?;
    let page = caller.invitations(after, params.limit(Limit::MESSAGES)?).await?;
    Ok(Json(InvitationsJson::from(&page)).into_response())
}
