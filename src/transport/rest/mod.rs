//! The REST routes, to be nested in an axum app.
//!
//! ```
//! use chat_core::{ChatEngine, transport::rest};
//! # async fn app() -> chat_core::Result<()> {
//! let engine = ChatEngine::builder().build().await?;
//! let app: axum::Router = axum::Router::new()
//!     .route("/login", axum::routing::post(|| async { "your own" }))
//!     .nest("/api", rest::router(engine, rest::RestOptions::default()));
//! # Ok(()) }
//! ```
//!
//! Who calls is told by `Authorization: Bearer TOKEN` (RFC 6750). Errors are problem details (RFC 9457) with the
//! [code](crate::ErrorKind::code) beside them, and with `Retry-After` (RFC 9110) where the same call may succeed
//! later. A JSON body of more than [`Config::max_body_bytes`](crate::Config::max_body_bytes) is 413, one that has not
//! arrived within [`Config::hello_timeout`](crate::Config::hello_timeout) 400, a call beyond
//! [`RateLimits::calls`](crate::config::RateLimits::calls) 429.
//!
//! Each answer names its request in `x-request-id`: as the client or a proxy did, in 1 to 64 printable characters
//! of ASCII, or by a name of its own. The same name stands in the span `request`, with the method and the route.

#[cfg_attr(not(feature = "blobs"), path = "no_attachments.rs")]
mod attachments;
mod auth;
mod calls;
mod extract;
mod feed;
mod friends;
mod held;
mod invites;
mod joins;
mod messages;
mod moderation;
mod notify;
mod observe;
mod personal;
mod problem;
mod reports;
mod rooms;
mod routes;
mod search;
mod settings;
mod streams;
mod threads;

use axum::Router;
use axum::http::{Method, header};
use axum::middleware::from_fn;
use tower_http::cors::CorsLayer;

use super::{Origins, origins};
use crate::engine::ChatEngine;
#[cfg(feature = "openapi")]
pub(super) use auth::{LoggedOutJson, TokenJson};
pub use calls::callee;
#[cfg(feature = "openapi")]
pub(super) use personal::LINES;
#[cfg(feature = "openapi")]
pub(super) use problem::ProblemJson;
#[cfg(feature = "openapi")]
pub(super) use rooms::DoneJson;
#[cfg(feature = "openapi")]
pub(super) use routes::Operation;

/// How the REST routes are mounted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RestOptions {
    /// Which web pages may call them. Default [`Origins::Any`].
    pub origins: Origins,
    /// Whether people make friends here. An app with a table of friends of its own says `false`. Default `true`.
    pub friends: bool,
    /// Who makes development tokens. Without it `POST /auth/dev-token` is 404. Default `None`.
    #[cfg(feature = "jwt")]
    pub dev_tokens: Option<std::sync::Arc<crate::auth::DevTokens>>,
}

impl Default for RestOptions {
    fn default() -> Self {
        Self {
            origins: Origins::default(),
            friends: true,
            #[cfg(feature = "jwt")]
            dev_tokens: None,
        }
    }
}

impl RestOptions {
    /// Lets pages of these origins in.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// Leaves out `/friends…` and `/blocks`, which are 404 then.
    #[must_use]
    pub fn without_friends(mut self) -> Self {
        self.friends = false;
        self
    }

    /// Gives a token to whoever asks: for development only.
    #[cfg(feature = "jwt")]
    #[must_use]
    pub fn with_dev_tokens(mut self, tokens: crate::auth::DevTokens) -> Self {
        self.dev_tokens = Some(std::sync::Arc::new(tokens));
        self
    }
}

#[derive(Debug, Clone)]
struct Mounted {
    engine: ChatEngine,
    #[cfg_attr(
        not(feature = "jwt"),
        allow(dead_code, reason = "who makes tokens is all that is asked later")
    )]
    options: RestOptions,
}

/// The routes `/chat/…` (by both names that clients in the field use), `/friends…`, `/blocks` and `/auth/…`.
pub fn router(engine: ChatEngine, options: RestOptions) -> Router {
    let cors = cors(options.origins.clone());
    routes::routes(&options)
        .layer(cors)
        .layer(from_fn(observe::observe))
        .with_state(Mounted { engine, options })
}

fn cors(origins: Origins) -> CorsLayer {
    origins::cors(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::RANGE,
            header::IF_NONE_MATCH,
            observe::REQUEST_ID,
        ])
        .expose_headers([
            header::RETRY_AFTER,
            header::ACCEPT_RANGES,
            header::CONTENT_RANGE,
            header::CONTENT_DISPOSITION,
            header::ETAG,
            observe::REQUEST_ID,
        ])
}
