//! Documents of what clients speak, and a page that shows them: made of the code that speaks it.
//!
//! ```
//! use chat_core::{ChatEngine, transport::{openapi, rest}};
//! # async fn app() -> chat_core::Result<()> {
//! let engine = ChatEngine::builder().build().await?;
//! let options = rest::RestOptions::default();
//! let documents = openapi::router(engine.clone(), options.clone());
//! let app: axum::Router = axum::Router::new().nest("/api", rest::router(engine, options).merge(documents));
//! # Ok(()) }
//! ```
//!
//! The REST routes are described in OpenAPI 3.1, the sockets in AsyncAPI 3.0. Neither is written beside the code:
//! the router is built of the operations that are described, the decoders and encoders match on the words that are
//! described, answers and events are described by the types that write them, and their examples are written by them.

mod bodies;
#[cfg(feature = "socketio")]
mod chat;
mod document;
#[cfg(feature = "ws")]
mod native;
mod operations;
#[cfg_attr(
    not(any(feature = "ws", feature = "socketio")),
    allow(dead_code, reason = "some are of the sockets alone")
)]
mod samples;
mod schemas;
#[cfg(any(feature = "ws", feature = "socketio"))]
mod sockets;
#[cfg(all(test, feature = "ws", feature = "socketio"))]
mod tests;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{MatchedPath, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::origins;
use super::rest::RestOptions;
use crate::config::Config;
use crate::engine::ChatEngine;

const JSON: &str = "application/json";
const PAGE: &str = include_str!("docs.html");

#[derive(Debug)]
struct Mounted {
    engine: ChatEngine,
    options: RestOptions,
    policy: String,
    openapi: Text,
    #[cfg(any(feature = "ws", feature = "socketio"))]
    asyncapi: Text,
}

/// A document's text, made at the first request: only then is it known where it is mounted.
#[derive(Debug, Default)]
struct Text(OnceLock<(String, Bytes)>);

impl Text {
    fn at(&self, path: &MatchedPath, make: impl Fn(&str) -> String) -> Bytes {
        let base = path.as_str().rsplit_once('/').map_or("", |(base, _)| base);
        let (made_for, text) = self.0.get_or_init(|| (base.to_owned(), make(base).into()));
        // Mounted at another place too, which is rare.
        if made_for == base { text.clone() } else { make(base).into() }
    }
}

/// The routes `/openapi.json`, `/asyncapi.json` and `/docs`, to be mounted beside those of
/// [`rest::router`](super::rest::router) with the same options.
///
/// Nobody needs a token for them. The page needs nothing from anywhere else. `/asyncapi.json` is there with the
/// feature `ws` or `socketio`.
pub fn router(engine: ChatEngine, options: RestOptions) -> Router {
    let cors = origins::cors(options.origins.clone()).allow_methods([axum::http::Method::GET]);
    let router = Router::new().route("/openapi.json", get(serve_openapi)).route("/docs", get(serve_page));
    #[cfg(any(feature = "ws", feature = "socketio"))]
    let router = router.route("/asyncapi.json", get(serve_asyncapi));
    let mounted = Mounted {
        engine,
        options,
        policy: policy(),
        openapi: Text::default(),
        #[cfg(any(feature = "ws", feature = "socketio"))]
        asyncapi: Text::default(),
    };
    router.layer(cors).with_state(Arc::new(mounted))
}

/// The document of the REST routes as JSON: OpenAPI 3.1. `base` is the path below which they are mounted, such as
/// `/api`.
pub fn openapi(config: &Config, options: &RestOptions, base: &str) -> String {
    // These types always serialize.
    document::document(config, options, base).to_json().unwrap_or_default()
}

/// The document of the sockets as JSON: AsyncAPI 3.0. `base` is the path below which
/// [`ws::router`](super::ws::router) is mounted, such as `/api`; Socket.IO is described as
/// [`SocketIoOptions::default`](super::socketio::SocketIoOptions) mounts it.
#[cfg(any(feature = "ws", feature = "socketio"))]
pub fn asyncapi(config: &Config, base: &str) -> String {
    // These types always serialize.
    serde_json::to_string(&sockets::document(config, base)).unwrap_or_default()
}

async fn serve_openapi(State(mounted): State<Arc<Mounted>>, path: MatchedPath) -> impl IntoResponse {
    let make = |base: &str| openapi(mounted.engine.config(), &mounted.options, base);
    file(JSON, mounted.openapi.at(&path, make))
}

#[cfg(any(feature = "ws", feature = "socketio"))]
async fn serve_asyncapi(State(mounted): State<Arc<Mounted>>, path: MatchedPath) -> impl IntoResponse {
    file(JSON, mounted.asyncapi.at(&path, |base| asyncapi(mounted.engine.config(), base)))
}

async fn serve_page(State(mounted): State<Arc<Mounted>>) -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, mounted.policy.clone())], file("text/html; charset=utf-8", PAGE))
}

fn file(media_type: &'static str, text: impl IntoResponse) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}

/// Nothing but the page's own script and style runs on it, and it speaks to its own server alone.
fn policy() -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash("<script>", "</script>"),
        hash("<style>", "</style>"),
    )
}

/// The hash of what stands between two tags of the page.
fn hash(begin: &str, end: &str) -> String {
    let inside = PAGE.split_once(begin).and_then(|(_, rest)| rest.split_once(end));
    let inside = inside.map_or("", |(inside, _)| inside);
    format!("sha256-{}", STANDARD.encode(Sha256::digest(inside)))
}
