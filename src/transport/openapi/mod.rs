//! Documents of what clients speak, made of the code that speaks it.

mod bodies;
mod document;
mod operations;
mod samples;
mod schemas;

use axum::Router;
use axum::extract::{MatchedPath, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Arc;

use super::rest::RestOptions;
use crate::config::Config;
use crate::engine::ChatEngine;

/// The OpenAPI document, as JSON text.
pub fn openapi(config: &Config, options: &RestOptions, base: &str) -> String {
    document::document(config, options, base).to_json().unwrap_or_default()
}

#[derive(Debug, Clone)]
struct Mounted {
    engine: ChatEngine,
    options: Arc<RestOptions>,
}

/// Router.
pub fn router(engine: ChatEngine, options: RestOptions) -> Router {
    Router::new()
        .route("/openapi.json", get(serve))
        .with_state(Mounted { engine, options: Arc::new(options) })
}

async fn serve(State(mounted): State<Mounted>, path: MatchedPath) -> impl IntoResponse {
    let base = path.as_str().trim_end_matches("/openapi.json");
    let text = openapi(mounted.engine.config(), &mounted.options, base);
    ([(header::CONTENT_TYPE, "application/json")], text)
}
