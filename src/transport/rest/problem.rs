//! Errors as problem details (RFC 9457).

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::transport::status::http_status;
use crate::transport::wire::ErrorJson;

/// An error on its way to a client.
#[derive(Debug)]
pub(super) struct Problem(Error);

/// What a response that tells of a problem was made of, for whoever hands the response on.
#[derive(Debug, Clone)]
pub(super) struct Cause(pub(super) Arc<Error>);

impl<E: Into<Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// What went wrong, as problem details (RFC 9457).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Problem))]
pub(in crate::transport) struct ProblemJson<'a> {
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong, in words for people.
    detail: Cow<'a, str>,
    /// `code`, `message` (the text of `detail`, which existing clients show), and what is at fault.
    #[serde(flatten)]
    error: ErrorJson<'a>,
}

fn status(kind: &ErrorKind) -> StatusCode {
    StatusCode::from_u16(http_status(kind.wire_code())).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

impl<'a> From<&'a Error> for ProblemJson<'a> {
    fn from(error: &'a Error) -> Self {
        let status = status(error.kind());
        Self {
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: error.kind().public_message(),
            error: error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = self.0.kind();
        let status = status(kind);
        let mut response = (status, Json(ProblemJson::from(&self.0))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = kind.retry_after() {
            // In whole seconds (RFC 9110, 10.2.3), never too early.
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of the body is not read.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(Cause(Arc::new(self.0)));
        response
    }
}
