//! Accepts connections until the process is told to stop, then drains.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use chat_core::ChatEngine;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};

use crate::tls::Tls;

/// How long a client may take for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(9);
/// How long clients of sockets have to go when the server stops.
const DRAIN: Duration = Duration::from_secs(6);
/// How long requests in flight have to end after that.
const GRACE: Duration = Duration::from_secs(2);
/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;

pub(crate) fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart finds its port though old connections linger.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    tls: Option<Tls>,
    engine: &ChatEngine,
) -> io::Result<()> {
    let http = Http { builder: builder(), service: TowerToHyperService::new(app) };
    // Each connection holds `open`; `stopping` tells them all.
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    let (stop, stopping) = watch::channel(());
    let mut signal = pin!(stop_signal());
    let mut renewals = pin!(renewals(tls.clone()));
    loop {
        let stream = tokio::select! {
            stream = accept(&listener) => stream,
            signal = &mut signal => {
                signal?;
                break;
            }
            ended = &mut renewals => match ended? {},
        };
        let (http, tls) = (http.clone(), tls.clone());
        let (open, mut stopping) = (open.clone(), stopping.clone());
        tokio::spawn(async move {
            match tls {
                None => http.serve(stream, &mut stopping).await,
                Some(tls) => {
                    // Nobody waits for a handshake when the server stops.
                    let stream = tokio::select! {
                        stream = tls.accept(stream) => stream,
                        _ = stopping.changed() => None,
                    };
                    if let Some(stream) = stream {
                        http.serve(stream, &mut stopping).await;
                    }
                }
            }
            drop(open);
        });
    }
    drop((listener, open));
    engine.drain(DRAIN).await;
    let _ = stop.send(());
    let _ = tokio::time::timeout(GRACE, all_closed.recv()).await;
    Ok(())
}

/// How requests are read and answered.
#[derive(Clone)]
struct Http {
    builder: http1::Builder,
    service: TowerToHyperService<Router>,
}

impl Http {
    /// Serves a connection to its end, or until the server stops.
    async fn serve<S>(self, stream: S, stopping: &mut watch::Receiver<()>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let connection = self.builder.serve_connection(TokioIo::new(stream), self.service).with_upgrades();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            _ = stopping.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended");
        }
    }
}

/// Reads certificates again on SIGHUP. Without any, a hangup ends the server, as it ends others.
async fn renewals(tls: Option<Tls>) -> io::Result<std::convert::Infallible> {
    #[cfg(unix)]
    if let Some(tls) = tls {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())?;
        while hangup.recv().await.is_some() {
            tls.renew().await;
        }
    }
    #[cfg(not(unix))]
    drop(tls);
    std::future::pending().await
}

/// Serves what nobody waits for when the process stops.
pub(crate) async fn serve_aside(listener: TcpListener, app: Router) {
    let builder = builder();
    let service = TowerToHyperService::new(app);
    loop {
        let stream = accept(&listener).await;
        tokio::spawn(builder.serve_connection(TokioIo::new(stream), service.clone()));
    }
}

fn builder() -> http1::Builder {
    // Not the builder that first finds out the protocol: it waits for a silent client without an end.
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) => {
                // Out of file handles, for example: others may end meanwhile.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

#[cfg(unix)]
async fn stop_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn stop_signal() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
