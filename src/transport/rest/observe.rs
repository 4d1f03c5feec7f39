//! What is seen of each request from outside: a name, a span, how often and how fast.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, Level, Span, field};

use super::problem::Cause;
use crate::error::{Error, ErrorKind};
use crate::id::UserId;
use crate::metrics;

/// The name of a request, there and back.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A name longer than this is not kept.
const MAX_REQUEST_ID: usize = 64;

/// Runs a request in its span.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(request.headers().get(REQUEST_ID));
    // The route and never the path: there are few of them, and they hold nobody's id.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let method = method_name(request.method());
    let name = id.to_str().unwrap_or_default();
    let span = tracing::info_span!("request", id = name, method, route, user = field::Empty);
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    span.in_scope(|| {
        if let Some(Cause(error)) = response.extensions().get() {
            failed(error);
        }
        tracing::debug!(status, ?took, "answered");
    });
    metrics::answered(route, method, status, took);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn failed(error: &Error) {
    metrics::failed(error.kind());
    if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Corrupt(_)) {
        tracing::error!(error = error as &dyn std::error::Error, "a request was not answered");
    }
}

/// The request is this user's, for whoever looks that close.
pub(super) fn is_by(user: &UserId) {
    if tracing::enabled!(Level::DEBUG) {
        Span::current().record("user", field::display(user));
    }
}

/// The name that it came with, where that may stand in a log, or a new one.
fn request_id(given: Option<&HeaderValue>) -> HeaderValue {
    let is_sane = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=MAX_REQUEST_ID).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    };
    let new = || HeaderValue::from_str(&ulid::Ulid::generate().to_string()).ok();
    given.filter(is_sane).cloned().or_else(new).unwrap_or(HeaderValue::from_static("none"))
}

/// Clients make methods up.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::PUT => "PUT",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_only_where_it_may_stand_in_a_log() {
        let kept = |text: &str| request_id(HeaderValue::from_str(text).ok().as_ref()) == text;
        assert!(kept("a") && kept("7f3e-42/ab:c") && kept(&"x".repeat(64)));
        assert!(!kept("") && !kept("a b") && !kept("a\tb") && !kept(&"x".repeat(65)));
        let bytes = HeaderValue::from_bytes(b"caf\xc3\xa9").unwrap();
        let made = request_id(Some(&bytes));
        assert_eq!(made.len(), 26);
        assert_ne!(made, request_id(Some(&bytes)), "each request has a name of its own");
    }

    #[test]
    fn a_method_that_a_client_made_up_is_no_label_of_its_own() {
        assert_eq!(method_name(&Method::from_bytes(b"BREW").unwrap()), "other");
    }
}
