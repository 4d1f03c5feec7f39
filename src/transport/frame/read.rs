//! The reading half: a kept crate parses what comes in.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, Utf8Bytes, WebSocket};

use crate::transport::Hangup;

/// What is read at once. It is kept for as long as the connection lasts, so it is small.
const READ_BUFFER: usize = 512;

/// Reads the messages of a client.
pub(crate) struct Reader {
    socket: WebSocket<Inbox>,
    input: Input,
}

/// A message, or another sign of life.
#[derive(Debug)]
pub(crate) enum Received {
    Text(Utf8Bytes),
    Binary(Bytes),
    /// A ping, a pong, a close: answered already, see [`Reader::control`].
    Control,
}

/// What reading has come to. The parser must not be asked again after its first error.
#[derive(Debug, Clone, Copy)]
enum Input {
    Open,
    /// It ended, which was told once: what still comes is thrown away, until the client hangs up.
    Ended,
}

impl Reader {
    pub(super) fn new(
        reader: Box<dyn AsyncRead + Send + Unpin>,
        read_already: &[u8],
        max_message: usize,
    ) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(READ_BUFFER)
            .max_message_size(Some(max_message))
            .max_frame_size(Some(max_message));
        let inbox = Inbox { reader, waker: Waker::noop().clone(), control: Vec::new() };
        let socket = WebSocket::from_partially_read(inbox, read_already.to_vec(), Role::Server, Some(config));
        Self { socket, input: Input::Open }
    }

    /// The next message. After the end was told, ready once the client has hung up.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Received, Hangup>> {
        let waker = &mut self.socket.get_mut().waker;
        waker.clone_from(cx.waker());
        if matches!(self.input, Input::Ended) {
            return self.socket.get_mut().poll_end().map(|()| Err(Hangup::Closed));
        }
        match self.socket.read() {
            Ok(Message::Text(text)) => Poll::Ready(Ok(Received::Text(text))),
            Ok(Message::Binary(bytes)) => Poll::Ready(Ok(Received::Binary(bytes))),
            Ok(_) => Poll::Ready(Ok(Received::Control)),
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => {
                self.input = Input::Ended;
                Poll::Ready(Err(hangup(&error)))
            }
        }
    }

    /// The pongs, and the answer to a close, that reading has made: to be sent.
    pub(crate) fn control(&mut self) -> Option<Bytes> {
        let control = std::mem::take(&mut self.socket.get_mut().control);
        (!control.is_empty()).then(|| Bytes::from(control))
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
