//! The route of the user's own feed.

use axum::Json;
use axum::response::{IntoResponse, Response};

use super::extract::{Caller, Params};
use super::problem::Problem;
use crate::error::Result;
use crate::model::{FeedQuery, Limit};
use crate::transport::wire::{FeedJson, parse_since};

pub(super) async fn feed(Caller(caller): Caller, params: Params) -> Result<Response, Problem> {
    let since = params.get("since").map(parse_since).transpose()?;
    let cursor = params.feed_cursor()?;
    let page = caller.feed(FeedQuery { since, cursor, limit: params.limit(Limit::MESSAGES)? }).await?;
    Ok(Json(FeedJson::from(&page)).into_response())
}
