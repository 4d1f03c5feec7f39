//! The socket of a native WebSocket connection: frames become requests, and what goes out is whole frames
//! already.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;

use super::decode::decode;
use crate::error::{Error, Result};
use crate::event::{Format, Frame};
use crate::hub::Connection;
use crate::transport::flusher::{Attached, Flusher};
use crate::transport::frame::{Reader, Received, Socket, Writer};
use crate::transport::{Hangup, Request, Transport};

/// After so many frames the driver serves them before more are read.
const FRAMES_A_TURN: usize = 64;

pub(super) struct WsTransport {
    reader: Reader,
    /// Reading has ended so, which is told once what came before it is served.
    ended: Option<Hangup>,
    out: Out,
    token: Option<String>,
    format: Format,
}

/// Who writes.
enum Out {
    /// This transport, to a bare socket that a flusher may take over.
    Tcp(OwnedWriteHalf, Option<Arc<Flusher>>),
    /// The flusher.
    Attached { connection: Arc<Connection>, _place: Attached },
    /// This transport, through whatever layer there is.
    Layered(Box<dyn AsyncWrite + Send + Unpin>),
    /// Nobody: while it changes hands.
    None,
}

impl WsTransport {
    pub(super) fn new(
        socket: Socket,
        token: Option<String>,
        format: Format,
        flusher: Option<Arc<Flusher>>,
    ) -> Self {
        let out = match socket.writer {
            Writer::Tcp(writer) => Out::Tcp(writer, flusher),
            Writer::Layered(writer) => Out::Layered(writer),
        };
        Self { reader: socket.reader, ended: None, out, token, format }
    }

    /// Reads what is there. `Ready(Ok)` after at least one sign of life.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        requests: &mut Vec<Request>,
    ) -> Poll<Result<(), Hangup>> {
        if let Some(hangup) = self.ended.take() {
            return Poll::Ready(Err(hangup));
        }
        let mut frames = 0;
        while frames < FRAMES_A_TURN {
            match self.reader.poll(cx) {
                Poll::Pending => break,
                Poll::Ready(Ok(Received::Text(text))) => requests.push(decode(&text)),
                Poll::Ready(Ok(Received::Binary(_))) => {
                    let error = Error::invalid("body", "must be a text frame");
                    requests.push(Request::Command(None, Err(error)));
                }
                Poll::Ready(Ok(Received::Control)) => {}
                Poll::Ready(Err(hangup)) => {
                    self.ended = Some(hangup);
                    return Poll::Ready(Ok(()));
                }
            }
            frames += 1;
        }
        if frames == 0 { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    /// Sends the pongs, and the answer to a close, that reading has made.
    async fn send_control(&mut self) -> io::Result<()> {
        let Some(control) = self.reader.control() else { return Ok(()) };
        let mut frames = vec![Frame::Bytes(control)];
        match &self.out {
            Out::Attached { connection, .. } => {
                frames.drain(..).for_each(|frame| connection.push_control(frame));
                Ok(())
            }
            _ => self.send(&mut frames).await,
        }
    }
}

#[async_trait]
impl Transport for WsTransport {
    fn format(&self) -> Format {
        self.format.clone()
    }

    fn credential(&mut self) -> Option<String> {
        self.token.take()
    }

    async fn receive(&mut self, requests: &mut Vec<Request>) -> Result<(), Hangup> {
        let received = poll_fn(|cx| self.poll_receive(cx, requests)).await;
        self.send_control().await.map_err(|_| Hangup::Closed)?;
        received
    }

    fn attach(&mut self, connection: &Arc<Connection>) -> bool {
        match std::mem::replace(&mut self.out, Out::None) {
            Out::Tcp(writer, Some(flusher)) => {
                let place = flusher.attach(writer, connection);
                self.out = Out::Attached { connection: connection.clone(), _place: place };
                true
            }
            other => {
                self.out = other;
                false
            }
        }
    }

    async fn send(&mut self, frames: &mut Vec<Frame>) -> io::Result<()> {
        let mut bytes = Vec::new();
        for frame in frames.drain(..) {
            if let Frame::Bytes(frame) = frame {
                bytes.extend_from_slice(&frame);
            }
        }
        match &mut self.out {
            Out::Tcp(writer, _) => writer.write_all(&bytes).await,
            Out::Layered(writer) => {
                writer.write_all(&bytes).await?;
                writer.flush().await
            }
            Out::Attached { .. } | Out::None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}
