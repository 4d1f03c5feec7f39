//! Routes of attachments in a build without them.
#![allow(clippy::unused_async, reason = "a handler is async")]

use axum::response::Response;

use super::extract::{Caller, InRoom, OfAttachment};
use super::problem::Problem;
use crate::error::ErrorKind;

pub(super) async fn upload(_: Caller, _: InRoom) -> Result<Response, Problem> {
    Err(ErrorKind::NotFound.into())
}

pub(super) async fn download(_: Caller, _: InRoom, _: OfAttachment) -> Result<Response, Problem> {
    Err(ErrorKind::NotFound.into())
}

pub(super) async fn thumbnail(_: Caller, _: InRoom, _: OfAttachment) -> Result<Response, Problem> {
    Err(ErrorKind::NotFound.into())
}

pub(super) async fn discard(_: Caller, _: InRoom, _: OfAttachment) -> Result<Response, Problem> {
    Err(ErrorKind::NotFound.into())
}

pub(super) async fn link(_: Caller, _: InRoom, _: OfAttachment) -> Result<Response, Problem> {
    Err(ErrorKind::NotFound.into())
}
