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
//! Each answer names its request in `x-request-id`: as the client or a proxy did, in at most 64 printable characters of
//! ASCII, or by a name of its own. The same name stands in the span `request`, with the method and the route.

mod auth;
mod extract;
mod friends;
mod messages;
mod observe;
mod problem;
mod rooms;

use axum::Router;
use axum::http::{Method, header};
use axum::middleware::from_fn;
use axum::routing::{delete, get, patch, post};
use tower_http::cors::CorsLayer;

use super::{Origins, origins};
use crate::engine::ChatEngine;
use crate::error::ErrorKind;
use problem::Problem;

/// How the REST routes are mounted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RestOptions {
    /// Which web pages may call them.
    pub origins: Origins,
    /// Whether people make friends here. An app with a table of friends of its own says `false`.
    pub friends: bool,
    /// Who makes development tokens. Without it `POST /auth/dev-token` is not there.
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

    /// Leaves out `/friends…` and `/blocks`.
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
    let mut router = Router::new().route("/chat/rooms", get(rooms::list).post(rooms::create));
    router = router.route("/chat/room", post(rooms::create));
    for (room, send) in [("/chat/rooms/{roomUuid}", "messages"), ("/chat/room/{roomUuid}", "message")] {
        let messages = format!("{room}/messages");
        let send = format!("{room}/{send}");
        router = router.route(room, get(rooms::get).patch(rooms::rename));
        router = if send == messages {
            router.route(&messages, get(messages::history).post(messages::send))
        } else {
            router.route(&messages, get(messages::history)).route(&send, post(messages::send))
        };
        router = router
            .route(&format!("{room}/read"), patch(messages::read))
            .route(&format!("{room}/leave"), delete(rooms::leave))
            .route(&format!("{room}/close"), post(rooms::close))
            .route(&format!("{room}/participants"), get(rooms::participants).post(rooms::invite))
            .route(&format!("{room}/participants/{{userUuid}}"), delete(rooms::remove));
    }
    if options.friends {
        router = router
            .route("/friends", get(friends::list))
            .route("/friends/requests", get(friends::requests).post(friends::request))
            .route("/friends/requests/{userUuid}", patch(friends::answer).delete(friends::withdraw))
            .route("/friends/{userUuid}", delete(friends::remove))
            .route("/friends/{userUuid}/block", post(friends::block).delete(friends::unblock))
            .route("/blocks", get(friends::blocks));
    }
    router
        .route("/auth/dev-token", post(auth::dev_token))
        .route("/auth/logout", post(auth::log_out))
        .fallback(|| async { Problem::from(ErrorKind::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::from(ErrorKind::MethodNotAllowed) })
        .layer(cors)
        .layer(from_fn(observe::observe))
        .with_state(Mounted { engine, options })
}

fn cors(origins: Origins) -> CorsLayer {
    origins::cors(origins)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, observe::REQUEST_ID])
        .expose_headers([header::RETRY_AFTER, observe::REQUEST_ID])
}
