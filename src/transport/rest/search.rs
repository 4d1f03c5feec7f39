//! The route of searches.

use axum::Json;
use axum::response::{IntoResponse, Response};

use super::extract::{Caller, Params};
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::transport::wire::{HitsJson, SearchArgs, parse_number};

pub(super) async fn search(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let page = caller.search(args(&params)?.parse()?).await?;
    Ok(Json(HitsJson::from(&page)).into_response())
}

fn args(params: &Params) -> Result<SearchArgs> {
    let text = |name: &str| params.get(name).map(ToOwned::to_owned);
    let has_attachment = match params.get("hasAttachment") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(Error::invalid("hasAttachment", "must be true or false")),
    };
    Ok(SearchArgs {
        q: text("q"),
        room_uuid: text("roomUuid"),
        sender_uuid: text("senderUuid"),
        after: text("after"),
        before: text("before"),
        has_attachment,
        cursor: text("cursor"),
        limit: params.get("limit").map(|text| parse_number("limit", text)).transpose()?,
    })
}
