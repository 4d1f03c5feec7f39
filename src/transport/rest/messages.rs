//! Routes of messages and read marks.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Caller, InRoom, JsonBody, OptionalJsonBody, Params};
use super::problem::Problem;
use crate::error::{Error, Result, parse_field};
use crate::model::{Cursor, Draft, HistoryQuery, Limit};
use crate::transport::wire::{HistoryJson, MarkedJson, MessageJson, parse_place, whole};

pub(super) async fn send(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<Response, Problem> {
    let message = caller.send(room, draft).await?;
    Ok((StatusCode::CREATED, Json(MessageJson::own(&message))).into_response())
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
    let limit = || params.limit(Limit::MESSAGES);
    match (place("before")?, place("after")?, place("around")?) {
        (None, None, None) => Ok(HistoryQuery::Page(params.page(Limit::MESSAGES)?)),
        (Some(before), None, None) => Ok(HistoryQuery::Before(before, limit()?)),
        (None, Some(after), None) => Ok(HistoryQuery::After(after, limit()?)),
        (None, None, Some(around)) => Ok(HistoryQuery::Around(around, limit()?)),
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

pub(super) async fn read(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OptionalJsonBody(body): OptionalJsonBody<ReadJson>,
) -> Result<Response, Problem> {
    let to = match (&body.message_uuid, body.seq) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("seq", "must not be given beside messageUuid").into());
        }
        (Some(id), None) => Some(Cursor::Message(parse_field("messageUuid", id)?)),
        (None, seq) => seq.map(Cursor::Seq),
    };
    let marked = caller.mark_read(room, to).await?;
    Ok(Json(MarkedJson::from(&marked)).into_response())
}
