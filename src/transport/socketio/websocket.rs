//! WebSocket: from the start, or as an upgrade that is tried first.

use std::future::poll_fn;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use tokio::time::timeout;

use super::Mounted;
use super::engineio::Packet;
use super::link::{Link, text_frame};
use super::query::Fault;
use super::serve::Serving;
use crate::event::CloseReason;
use crate::transport::frame::{Received, Socket, accept, push_close};

/// Opens a session.
pub(super) fn open(mounted: &Arc<Mounted>, mut request: Request) -> Result<Response, Fault> {
    let (on_upgrade, response) = accept(&mut request).ok_or(Fault::BadRequest)?;
    let (link, listed) = mounted.begin(&request)?;
    let mounted = mounted.clone();
    tokio::spawn(async move {
        let Ok(upgraded) = on_upgrade.await else { return };
        link.is_websocket();
        link.push_frame(text_frame(&mounted.opening(link.sid.as_str(), &[])).into());
        let socket = Socket::new(upgraded, mounted.options.max_packet);
        let mut serving = Box::new(Serving::new(mounted, link));
        serving.carry_on(socket);
        // A task of its own, so that the upgrade's is freed.
        tokio::spawn(async move {
            serving.run().await;
            drop(listed);
        });
    });
    Ok(response)
}

/// Tries a WebSocket for a session that polls.
pub(super) fn upgrade(mounted: &Arc<Mounted>, sid: &str, mut request: Request) -> Result<Response, Fault> {
    let link = mounted.sessions.find(sid).ok_or(Fault::UnknownSid)?;
    let (on_upgrade, response) = accept(&mut request).ok_or(Fault::BadRequest)?;
    let probing = link.begin_probe().ok().map(|()| Probing(link));
    let mounted = mounted.clone();
    tokio::spawn(async move {
        let Ok(upgraded) = on_upgrade.await else { return };
        let mut socket = Socket::new(upgraded, mounted.options.max_packet);
        let Some(probing) = probing else {
            // There is one already. Clients learn it by the close, as from other servers.
            let mut close = Vec::new();
            push_close(&mut close, CloseReason::Protocol);
            let _ = timeout(mounted.options.upgrade_timeout, socket.writer.write_all(&close)).await;
            return;
        };
        let probed = timeout(mounted.options.upgrade_timeout, probe(&probing.0, &mut socket)).await;
        if probed == Ok(Some(())) {
            probing.0.upgrade(socket);
        }
    });
    Ok(response)
}

/// Ends the try, unless it came to an upgrade.
struct Probing(Arc<Link>);

impl Drop for Probing {
    fn drop(&mut self) {
        self.0.end_probe();
    }
}

/// The client's probe and its word that it goes over.
async fn probe(link: &Link, socket: &mut Socket) -> Option<()> {
    let probe = text(socket).await?;
    if Packet::parse(&probe) != Ok(Packet::Ping("probe")) {
        return None;
    }
    socket.writer.write_all(&text_frame("3probe")).await.ok()?;
    link.probed();
    let upgrade = text(socket).await?;
    (Packet::parse(&upgrade) == Ok(Packet::Upgrade)).then_some(())
}

/// The next text.
async fn text(socket: &mut Socket) -> Option<tungstenite::Utf8Bytes> {
    loop {
        let received = poll_fn(|cx| socket.reader.poll(cx)).await;
        if let Some(control) = socket.reader.control() {
            socket.writer.write_all(&control).await.ok()?;
        }
        match received {
            Ok(Received::Text(text)) => return Some(text),
            Ok(Received::Control) => {}
            _ => return None,
        }
    }
}
