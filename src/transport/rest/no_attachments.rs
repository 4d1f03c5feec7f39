//! Routes of attachments in a build without them.
#![allow(clippy::unused_async, reason = "a handler is async")]

use axum::response::Response;

use super::extract::Caller;
use super::problem::Problem;
use crate::error::ErrorKind;

pub(super) async fn upload(_: Caller) -> Result<Response, Problem> {
    Err(ErrorKind::NotFound.into())
}

pub(super) async fn download(_: Caller) -> Result<Response, Problem> {
    Err(ErrorKind::NotFound.into())
}

pub(super) async fn thumbnail(_: Caller) -> Result<Response, Problem> {
    Err(ErrorKind::NotFound.into())
}
