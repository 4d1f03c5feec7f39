//! The socket of a native WebSocket connection: frames become requests, and what goes out is whole frames
//! already.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;

use super::decode::decode;
use crate::error::{Error, Result};
use crate::event::{Format, Frame};
use crate::hub::Connection;
use crate::transport::flusher::{Attached, Flusher};
use crate::transport::frame::{Reader, Received, Socket, Writer};
use crate::transport::{Callee, Hangup, Request, Transport};

/// After so many frames the driver serves them before more are read.
const FRAMES_A_TURN: usize = 64;

pub(super) struct WsTransport {
    reader: Reader,
    /// Reading has ended so, which is told once what came before it is served.
    ended: Option<Hangup>,
    /// Pongs, and the answer to a close, that are not written yet: what is left comes before all else.
    owed: Vec<u8>,
    out: Out,
    token: Option<String>,
    format: Format,
    callee: Option<Arc<dyn Callee>>,
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
        callee: Option<Arc<dyn Callee>>,
    ) -> Self {
        let out = match socket.writer {
            Writer::Tcp(writer) => Out::Tcp(writer, flusher),
            Writer::Layered(writer) => Out::Layered(writer),
        };
        Self { reader: socket.reader, ended: None, owed: Vec::new(), out, token, format, callee }
    }

    /// Reads what is there, once nothing is owed. `Ready(Ok)` after at least one sign of life.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        requests: &mut Vec<Request>,
    ) -> Poll<Result<(), Hangup>> {
        if ready!(self.poll_owed(cx)).is_err() {
            return Poll::Ready(Err(Hangup::Closed));
        }
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
                Poll::Ready(Err(hangup)) => self.ended = Some(hangup),
            }
            frames += 1;
            if self.ended.is_some() {
                break;
            }
        }
        if let Some(control) = self.reader.control() {
            match &self.out {
                Out::Attached { connection, .. } => connection.push_control(Frame::Bytes(control)),
                _ => {
                    self.owed.extend_from_slice(&control);
                    if let Poll::Ready(Err(_)) = self.poll_owed(cx) {
                        return Poll::Ready(Err(Hangup::Closed));
                    }
                }
            }
        }
        if frames == 0 { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    /// Writes what is owed, through all layers. Whoever drops the future that polls this, to send frames
    /// instead, loses no byte of it.
    fn poll_owed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(mut writer) = self.out.writer() else { return Poll::Ready(Ok(())) };
        while !self.owed.is_empty() {
            let written = ready!(writer.as_mut().poll_write(cx, &self.owed))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.owed.drain(..written);
        }
        writer.poll_flush(cx)
    }
}

impl Out {
    /// What this transport writes to.
    fn writer(&mut self) -> Option<Pin<&mut (dyn AsyncWrite + Send + Unpin)>> {
        match self {
            Self::Tcp(writer, _) => Some(Pin::new(writer)),
            Self::Layered(writer) => Some(Pin::new(&mut **writer)),
            Self::Attached { .. } | Self::None => None,
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

    fn callee(&self) -> Option<&Arc<dyn Callee>> {
        self.callee.as_ref()
    }

    async fn receive(&mut self, requests: &mut Vec<Request>) -> Result<(), Hangup> {
        poll_fn(|cx| self.poll_receive(cx, requests)).await
    }

    fn attach(&mut self, connection: &Arc<Connection>) -> bool {
        match std::mem::replace(&mut self.out, Out::None) {
            Out::Tcp(writer, Some(flusher)) => {
                if !self.owed.is_empty() {
                    connection.push_control(Frame::Bytes(std::mem::take(&mut self.owed).into()));
                }
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
        let mut bytes = std::mem::take(&mut self.owed);
        for frame in frames.drain(..) {
            if let Frame::Bytes(frame) = frame {
                bytes.extend_from_slice(&frame);
            }
        }
        let mut writer = self.out.writer().ok_or(io::ErrorKind::NotConnected)?;
        writer.write_all(&bytes).await?;
        writer.flush().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncReadExt;
    use tokio::time::timeout;

    use super::*;
    use crate::transport::ws::format;

    /// A ping of four bytes, masked with zeros, and the pong to it.
    const PING: &[u8] = b"\x89\x84\0\0\0\0ping";
    const PONG: &[u8] = b"\x8a\x04ping";

    #[tokio::test(start_paused = true)]
    async fn a_pong_that_is_half_written_through_a_layer_is_ended_before_the_next_frame() {
        // Four bytes fit until the client reads.
        let (mut client, server) = tokio::io::duplex(4);
        let socket = Socket::layered(server, 1024);
        let mut transport = WsTransport::new(socket, None, format(), None, None);
        let mut requests = Vec::new();
        let send = async {
            client.write_all(PING).await.unwrap();
            client
        };
        let receive = timeout(Duration::from_secs(1), async {
            loop {
                transport.receive(&mut requests).await.unwrap();
            }
        });
        let (mut client, broken_off) = tokio::join!(send, receive);
        assert!(broken_off.is_err(), "the pong waits for the client");

        let mut frames = vec![Frame::Bytes(bytes::Bytes::from_static(b"\x81\x02hi"))];
        let mut read = vec![0; PONG.len() + 4];
        let (sent, read_all) = tokio::join!(transport.send(&mut frames), client.read_exact(&mut read));
        sent.unwrap();
        read_all.unwrap();
        assert_eq!(read, [PONG, b"\x81\x02hi"].concat());
    }
}
