//! What is kept of the caller, handed out.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::extract::Caller;
use super::problem::Problem;
use crate::error::Result;

/// The media type of lines of JSON.
pub(in crate::transport) const LINES: &str = "application/x-ndjson";

/// Written page by page as it is taken. A fault in the middle ends it without its last line.
pub(super) async fn export(Caller(caller): Caller) -> Result<Response, Problem> {
    let mut export = caller.export()?;
    // Before the status is told, so that a store that is not there is an error.
    let first = export.next().await?;
    let rest = stream::try_unfold((export, first), |(mut export, next)| async move {
        let Some(lines) = next else { return Ok::<_, crate::Error>(None) };
        let next = export.next().await?;
        Ok(Some((lines, (export, next))))
    });
    let name = "attachment; filename=\"chat-export.jsonl\"";
    let headers = [
        (header::CONTENT_TYPE, LINES),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(rest)).into_response())
}
