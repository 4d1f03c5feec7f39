//! The page for Prometheus.

use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{Failure, failed};

/// How often what was recorded is put into its buckets, where nobody asks for the page.
const UPKEEP: Duration = Duration::from_secs(5);

const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const ENTRIES: &[f64] = &[0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// From here on, what is built counts.
pub(crate) fn install() -> Result<PrometheusHandle, Failure> {
    let recorder = PrometheusBuilder::new()
        .set_buckets(ENTRIES)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS))
        .and_then(PrometheusBuilder::install_recorder);
    let page = recorder.map_err(|error| failed("the metrics", error))?;
    let kept = page.clone();
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(UPKEEP);
        loop {
            interval.tick().await;
            kept.run_upkeep();
        }
    });
    Ok(page)
}

/// `/metrics`.
pub(crate) fn router(page: PrometheusHandle) -> Router {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Router::new().route("/metrics", get(move || std::future::ready((kind, page.render()))))
}
