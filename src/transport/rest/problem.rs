//! Errors as problem details (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::metrics;
use crate::transport::status::http_status;
use crate::transport::wire::ErrorJson;

/// An error on its way to a client.
#[derive(Debug)]
pub(super) struct Problem(Error);

impl<E: Into<Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemJson<'a> {
    title: &'static str,
    status: u16,
    detail: &'a str,
    /// `code`, `message` (the text of `detail`, which existing clients show), and what is at fault.
    #[serde(flatten)]
    error: ErrorJson<'a>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = self.0.kind();
        metrics::failed(kind);
        if matches!(kind, ErrorKind::Unavailable | ErrorKind::Corrupt(_)) {
            tracing::error!(error = &self.0 as &dyn std::error::Error, "a request was not answered");
        }
        let status = StatusCode::from_u16(http_status(kind)).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let detail = kind.public_message();
        let body = ProblemJson {
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &detail,
            error: (&self.0).into(),
        };
        let mut response = (status, Json(body)).into_response();
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
        response
    }
}
