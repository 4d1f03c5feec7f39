//! HTTP long-polling: a GET waits for packets, a POST brings some.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::Mounted;
use super::engineio::packets;
use super::query::Fault;
use super::serve::Serving;

fn text(body: impl Into<axum::body::Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=UTF-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, body.into()).into_response()
}

/// Opens a session.
pub(super) fn open(mounted: &Arc<Mounted>, request: &Request) -> Result<Response, Fault> {
    let (link, listed) = mounted.begin(request)?;
    let opening = mounted.opening(link.sid.as_str(), &["websocket"]);
    let serving = Box::new(Serving::new(mounted.clone(), link));
    tokio::spawn(async move {
        serving.run().await;
        drop(listed);
    });
    Ok(text(opening))
}

pub(super) async fn poll(mounted: &Mounted, sid: &str) -> Result<Response, Fault> {
    let link = mounted.sessions.find(sid).ok_or(Fault::UnknownSid)?;
    let payload = link.poll().await.map_err(|_| Fault::BadRequest)?;
    Ok(text(payload.into_bytes()))
}

pub(super) async fn post(mounted: &Mounted, sid: &str, request: Request) -> Result<Response, Fault> {
    let link = mounted.sessions.find(sid).ok_or(Fault::UnknownSid)?;
    let options = &mounted.options;
    let body = axum::body::to_bytes(request.into_body(), options.max_packet.max(options.max_payload));
    let read = match timeout(options.ping_interval + options.ping_timeout, body).await {
        Ok(Ok(body)) => match std::str::from_utf8(&body).map(packets) {
            // Clients cut payloads by the announced bound; one packet they cannot cut.
            Ok(Ok(packets)) if packets.len() > 1 && body.len() > options.max_payload => Err(Fault::TooLarge),
            Ok(Ok(packets)) => Ok(packets),
            _ => Err(Fault::BadRequest),
        },
        Ok(Err(_)) => Err(Fault::TooLarge),
        Err(_) => Err(Fault::BadRequest),
    };
    match read {
        Ok(packets) => link.post(packets).await.map_err(|_| Fault::BadRequest)?,
        Err(fault) => {
            link.shut("1");
            return Err(fault);
        }
    }
    Ok(text("ok"))
}
