//! Routes of friends, requests and blocks.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Caller, JsonBody, OfUser, Params};
use super::problem::Problem;
use crate::error::{Result, parse_field};
use crate::id::UserId;
use crate::model::{Limit, RelationPage, RelationView};
use crate::transport::wire::{PeopleJson, RelationJson};

fn page(name: &'static str, page: &RelationPage) -> Response {
    Json(PeopleJson(name, page)).into_response()
}

fn relation(view: &RelationView) -> Response {
    Json(RelationJson::from(view)).into_response()
}

pub(super) async fn list(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let (after, limit) = (params.cursor()?, params.limit(Limit::MESSAGES)?);
    Ok(page("friends", &caller.friends(after.as_ref(), limit).await?))
}

pub(super) async fn requests(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let (after, limit) = (params.cursor()?, params.limit(Limit::MESSAGES)?);
    Ok(page("requests", &caller.friend_requests(after.as_ref(), limit).await?))
}

pub(super) async fn blocks(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let (after, limit) = (params.cursor()?, params.limit(Limit::MESSAGES)?);
    Ok(page("blocks", &caller.blocked(after.as_ref(), limit).await?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestJson {
    user_uuid: String,
}

pub(super) async fn request(
    Caller(caller): Caller,
    JsonBody(RequestJson { user_uuid }): JsonBody<RequestJson>,
) -> Result<Response, Problem> {
    let made = caller.request_friend(&parse_field::<UserId>("userUuid", &user_uuid)?).await?;
    let status = if made.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, relation(&made.view)).into_response())
}

#[derive(Deserialize)]
pub(super) struct AnswerJson {
    accept: bool,
}

pub(super) async fn answer(
    Caller(caller): Caller,
    OfUser(user): OfUser,
    JsonBody(AnswerJson { accept }): JsonBody<AnswerJson>,
) -> Result<Response, Problem> {
    let view = if accept { caller.accept_friend(&user).await? } else { caller.decline_friend(&user).await? };
    Ok(relation(&view))
}

pub(super) async fn withdraw(Caller(caller): Caller, OfUser(user): OfUser) -> Result<Response, Problem> {
    Ok(relation(&caller.withdraw_request(&user).await?))
}

pub(super) async fn remove(Caller(caller): Caller, OfUser(user): OfUser) -> Result<Response, Problem> {
    Ok(relation(&caller.remove_friend(&user).await?))
}

pub(super) async fn block(Caller(caller): Caller, OfUser(user): OfUser) -> Result<Response, Problem> {
    Ok(relation(&caller.block(&user).await?))
}

pub(super) async fn unblock(Caller(caller): Caller, OfUser(user): OfUser) -> Result<Response, Problem> {
    Ok(relation(&caller.unblock(&user).await?))
}
