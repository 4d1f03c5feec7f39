//! Whether the process runs, and whether it can serve.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use chat_core::bus::{Bus, NatsBus};
use chat_core::store::Store;
use serde_json::{Value, json};

/// How long the store may take to answer.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Node {
    store: Arc<dyn Store>,
    bus: Option<NatsBus>,
    number: u16,
}

/// `/healthz` for whoever restarts a process that hangs, `/readyz` for whoever sends clients to it.
pub(crate) fn router(store: Arc<dyn Store>, bus: Option<NatsBus>, number: u16) -> Router {
    Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready)).with_state(Node {
        store,
        bus,
        number,
    })
}

async fn ready(State(node): State<Node>) -> (StatusCode, Json<Value>) {
    let answered = tokio::time::timeout(STORE_TIMEOUT, node.store.position()).await;
    let has_store = matches!(answered, Ok(Ok(_)));
    let bus = match &node.bus {
        None => "none",
        Some(bus) if bus.is_up() => "up",
        Some(_) => "down",
    };
    let (code, status) = match (has_store, bus) {
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        // It goes on serving its own clients.
        (true, "down") => (StatusCode::OK, "degraded"),
        (true, _) => (StatusCode::OK, "ready"),
    };
    let store = if has_store { "up" } else { "down" };
    (code, Json(json!({ "status": status, "store": store, "bus": bus, "node": node.number })))
}
