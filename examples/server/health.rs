//! Whether the process runs, and whether it can serve.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
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

/// `/healthz` for whoever restarts a process that hangs, `/readyz` for whoever sends clients to it, `/metrics`
/// for Prometheus.
pub(crate) fn router(store: Arc<dyn Store>, bus: Option<NatsBus>, number: u16) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Node { store, bus, number })
}

/// What Prometheus reads (its text format, version 0.0.4).
async fn metrics(State(node): State<Node>) -> ([(HeaderName, &'static str); 1], String) {
    let number = node.number;
    let mut page = format!(
        "# HELP chat_node_info The number of this node.\n# TYPE chat_node_info gauge\n\
         chat_node_info{{node=\"{number}\"}} 1\n"
    );
    if let Some(bus) = &node.bus {
        page +=
            "# HELP chat_bus_up Whether packets between the nodes get through.\n# TYPE chat_bus_up gauge\n";
        page += if bus.is_up() { "chat_bus_up 1\n" } else { "chat_bus_up 0\n" };
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], page)
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
