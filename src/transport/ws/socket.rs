//! The socket of a native WebSocket connection. A kept crate parses what comes in; what goes out is whole
//! frames already.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use super::decode::decode;
use crate::error::{Error, Result};
use crate::event::{Format, Frame};
use crate::hub::Connection;
use crate::transport::flusher::{Attached, Flusher};
use crate::transport::{Hangup, Request, Transport};

/// What is read at once. It is kept for as long as the connection lasts, so it is small.
const READ_BUFFER: usize = 1024;

/// After so many frames the driver serves them before more are read.
const FRAMES_A_TURN: usize = 64;

pub(super) struct WsTransport {
    socket: WebSocket<Inbox>,
    out: Out,
    token: Option<String>,
    format: Format,
    input: Input,
}

/// What reading has come to. The parser must not be asked again after its first error.
#[derive(Debug, Clone, Copy)]
enum Input {
    Open,
    /// It ended so, which is told once what came before it is served.
    Ended(Hangup),
    /// That was told: what still comes is thrown away, until the client hangs up.
    Told,
}

/// Who writes.
enum Out {
    /// This transport, to a bare socket that a flusher may take over.
    Tcp(OwnedWriteHalf, Option<Arc<Flusher>>),
    /// The flusher.
    Attached { connection: Arc<Connection>, _place: Attached },
    /// This transport, through whatever layer there is.
    Stream(Box<dyn AsyncWrite + Send + Unpin>),
    /// Nobody: while it changes hands.
    None,
}

impl WsTransport {
    pub(super) fn tcp(
        stream: TcpStream,
        read_already: &[u8],
        max_frame: usize,
        token: Option<String>,
        format: Format,
        flusher: Option<Arc<Flusher>>,
    ) -> Self {
        let (reader, writer) = stream.into_split();
        let socket = socket(Box::new(reader), read_already, max_frame);
        Self { socket, out: Out::Tcp(writer, flusher), token, format, input: Input::Open }
    }

    pub(super) fn stream(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        max_frame: usize,
        token: Option<String>,
        format: Format,
    ) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        let socket = socket(Box::new(reader), &[], max_frame);
        Self { socket, out: Out::Stream(Box::new(writer)), token, format, input: Input::Open }
    }

    /// Reads what is there. `Ready(Ok)` after at least one sign of life.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        requests: &mut Vec<Request>,
    ) -> Poll<Result<(), Hangup>> {
        self.socket.get_mut().waker = cx.waker().clone();
        match self.input {
            Input::Open => {}
            Input::Ended(hangup) => {
                self.input = Input::Told;
                return Poll::Ready(Err(hangup));
            }
            Input::Told => return self.socket.get_mut().poll_end().map(|()| Err(Hangup::Closed)),
        }
        let mut frames = 0;
        while frames < FRAMES_A_TURN {
            match self.socket.read() {
                Ok(Message::Text(text)) => requests.push(decode(&text)),
                Ok(Message::Binary(_)) => {
                    let error = Error::invalid("body", "must be a text frame");
                    requests.push(Request::Command(None, Err(error)));
                }
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.input = Input::Ended(hangup(&error));
                    return Poll::Ready(Ok(()));
                }
            }
            frames += 1;
        }
        if frames == 0 { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    /// Sends the pongs, and the answer to a close, that reading has made.
    async fn send_control(&mut self) -> io::Result<()> {
        let control = std::mem::take(&mut self.socket.get_mut().control);
        if control.is_empty() {
            return Ok(());
        }
        let mut frames = vec![Frame::Bytes(Bytes::from(control))];
        match &self.out {
            Out::Attached { connection, .. } => {
                frames.drain(..).for_each(|frame| connection.push_control(frame));
                Ok(())
            }
            _ => self.send(&mut frames).await,
        }
    }
}

fn hangup(error: &tungstenite::Error) -> Hangup {
    match error {
        tungstenite::Error::Capacity(_) => Hangup::TooLarge,
        tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
            Hangup::Closed
        }
        tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_) => Hangup::Protocol,
        _ => Hangup::Closed,
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
            Out::Stream(writer) => {
                writer.write_all(&bytes).await?;
                writer.flush().await
            }
            Out::Attached { .. } | Out::None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

fn socket(
    reader: Box<dyn AsyncRead + Send + Unpin>,
    read_already: &[u8],
    max_frame: usize,
) -> WebSocket<Inbox> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(READ_BUFFER)
        .max_message_size(Some(max_frame))
        .max_frame_size(Some(max_frame));
    let inbox = Inbox { reader, waker: Waker::noop().clone(), control: Vec::new() };
    WebSocket::from_partially_read(inbox, read_already.to_vec(), Role::Server, Some(config))
}

/// What the parser reads from and answers into.
struct Inbox {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    /// Whoever waits for the next byte.
    waker: Waker,
    /// Pongs, and the answer to a close: at most one of each between two reads.
    control: Vec<u8>,
}

impl Inbox {
    /// Reads to the end and keeps nothing.
    fn poll_end(&mut self) -> Poll<()> {
        let mut nowhere = [0; READ_BUFFER];
        loop {
            match self.read(&mut nowhere) {
                Ok(0) => return Poll::Ready(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl Read for Inbox {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut into = ReadBuf::new(into);
        match Pin::new(&mut self.reader).poll_read(&mut Context::from_waker(&self.waker), &mut into) {
            Poll::Ready(Ok(())) => Ok(into.filled().len()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Inbox {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.control.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
