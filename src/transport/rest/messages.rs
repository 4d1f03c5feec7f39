//! Routes of messages and read marks.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Caller, InRoom, JsonBody, OfMessage, OptionalJsonBody, Params, WithReaction};
use super::held::held_or_refused;
use super::problem::Problem;
use super::rooms::done;
use crate::engine::Actor;
use crate::error::{Error, Result, parse_field};
use crate::id::{MessageId, RoomId};
use crate::model::{Cursor, Custom, Draft, HistoryQuery, Limit};
use crate::transport::wire::{
    EditsJson, HistoryJson, MarkedJson, MessageChangeJson, MessageJson, PinsJson, ReactionsJson, RepliesJson,
    given, missing, parse_number, parse_place, revision, whole,
};

pub(super) async fn send(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<Response, Problem> {
    match caller.send(room, draft).await {
        Ok(message) => Ok((StatusCode::CREATED, Json(MessageJson::own(&message))).into_response()),
        Err(error) => held_or_refused(error),
    }
}

pub(super) async fn history(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    params: Params,
) -> Result<Response, Problem> {
    let history = caller.history(room, query(&params)?).await?;
    Ok(Json(HistoryJson::from(&history)).into_response())
}

fn query(params: &Params) -> Result<HistoryQuery> {
    let place = |field: &'static str| params.get(field).map(|text| parse_place(field, text)).transpose();
    // Also where it is not needed, it must be one.
    let page = params.page(Limit::MESSAGES)?;
    let limit = page.limit();
    match (place("before")?, place("after")?, place("around")?) {
        (None, None, None) => Ok(HistoryQuery::Page(page)),
        (Some(before), None, None) => Ok(HistoryQuery::Before(before, limit)),
        (None, Some(after), None) => Ok(HistoryQuery::After(after, limit)),
        (None, None, Some(around)) => Ok(HistoryQuery::Around(around, limit)),
        _ => Err(Error::invalid("before", "must not be given beside after or around")),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadJson {
    message_uuid: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    seq: Option<u64>,
}

impl ReadJson {
    /// Up to where; `None` is the newest message.
    pub(super) fn place(&self) -> Result<Option<Cursor>> {
        match (&self.message_uuid, self.seq) {
            (Some(_), Some(_)) => Err(Error::invalid("seq", "must not be given beside messageUuid")),
            (Some(id), None) => Ok(Some(Cursor::Message(parse_field("messageUuid", id)?))),
            (None, seq) => Ok(seq.map(Cursor::Seq)),
        }
    }
}

pub(super) async fn read(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OptionalJsonBody(body): OptionalJsonBody<ReadJson>,
) -> Result<Response, Problem> {
    let marked = caller.mark_read(room, body.place()?).await?;
    Ok(Json(MarkedJson::from(&marked)).into_response())
}

pub(super) async fn get(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
) -> Result<Response, Problem> {
    let view = caller.message(room, message).await?;
    Ok(Json(MessageJson::from(&view)).into_response())
}

#[derive(Deserialize)]
pub(super) struct EditJson {
    /// Null takes a caption away.
    #[serde(default, deserialize_with = "given")]
    content: Option<Option<String>>,
    custom: Option<Custom>,
}

pub(super) async fn edit(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
    JsonBody(EditJson { content, custom }): JsonBody<EditJson>,
) -> Result<Response, Problem> {
    if content.is_none() && custom.is_none() {
        return Err(missing("content").into());
    }
    let edited = caller.revise(room, message, revision(content, custom)).await?;
    Ok(Json(MessageChangeJson::of(&edited)).into_response())
}

pub(super) async fn delete(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
) -> Result<Response, Problem> {
    let deleted = caller.delete(room, message).await?;
    Ok(Json(MessageChangeJson::of(&deleted)).into_response())
}

pub(super) async fn reactions(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
    params: Params,
) -> Result<Response, Problem> {
    let (after, limit) = (params.reaction_cursor()?, params.limit(Limit::MESSAGES)?);
    let page = caller.reactions(room, message, after.as_ref(), limit).await?;
    Ok(Json(ReactionsJson::from(&page)).into_response())
}

pub(super) async fn edits(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
    params: Params,
) -> Result<Response, Problem> {
    let before = params.get("cursor").map(|text| parse_number("cursor", text)).transpose()?;
    let page = caller.edits(room, message, before, params.limit(Limit::MESSAGES)?).await?;
    Ok(Json(EditsJson::from(&page)).into_response())
}

pub(super) async fn react(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
    reaction: WithReaction,
) -> Result<Response, Problem> {
    put_reaction(&caller, room, message, reaction, true).await
}

pub(super) async fn take_reaction_back(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
    reaction: WithReaction,
) -> Result<Response, Problem> {
    put_reaction(&caller, room, message, reaction, false).await
}

async fn put_reaction(
    caller: &Actor,
    room: RoomId,
    message: MessageId,
    WithReaction(reaction): WithReaction,
    on: bool,
) -> Result<Response, Problem> {
    let message = caller.react(room, message, reaction, on).await?;
    Ok(Json(MessageChangeJson::of(&message)).into_response())
}

pub(super) async fn pin(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
) -> Result<Response, Problem> {
    let pinned = caller.pin(room, message, true).await?;
    Ok(Json(MessageChangeJson::of(&pinned)).into_response())
}

pub(super) async fn unpin(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
) -> Result<Response, Problem> {
    let unpinned = caller.pin(room, message, false).await?;
    Ok(Json(MessageChangeJson::of(&unpinned)).into_response())
}

pub(super) async fn hide(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
) -> Result<Response, Problem> {
    caller.hide(room, message).await?;
    Ok(done(room))
}

pub(super) async fn pins(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    params: Params,
) -> Result<Response, Problem> {
    let (before, limit) = (params.pin_cursor()?, params.limit(Limit::MESSAGES)?);
    let page = caller.pins(room, before, limit).await?;
    Ok(Json(PinsJson::from(&page)).into_response())
}

pub(super) async fn replies(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(root): OfMessage,
    params: Params,
) -> Result<Response, Problem> {
    let before = params.get("cursor").map(|text| parse_number("cursor", text)).transpose()?;
    let page = caller.replies(room, root, before, params.limit(Limit::MESSAGES)?).await?;
    Ok(Json(RepliesJson::from(&page)).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ForwardJson {
    room_uuid: String,
    #[serde(default)]
    client_id: Option<String>,
}

pub(super) async fn forward(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
    JsonBody(body): JsonBody<ForwardJson>,
) -> Result<Response, Problem> {
    let to = parse_field("roomUuid", &body.room_uuid)?;
    match caller.forward(room, message, to, body.client_id.as_deref()).await {
        Ok(sent) => Ok((StatusCode::CREATED, Json(MessageJson::own(&sent))).into_response()),
        Err(error) => held_or_refused(error),
    }
}
