//! A transport in process: the driver's whole way without a socket.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{Hangup, Request, Transport};
use crate::error::Result;
use crate::event::{Command, Format, Frame};
use crate::hub::Connection;
use crate::model::Token;

/// The engine's end of an in-process connection: hand it to [`drive`](super::drive).
#[derive(Debug)]
pub struct ChannelTransport {
    requests: mpsc::Receiver<Request>,
    frames: mpsc::Sender<Frame>,
}

/// The client's end of an in-process connection.
#[derive(Debug)]
pub struct ChannelClient {
    requests: mpsc::Sender<Request>,
    frames: mpsc::Receiver<Frame>,
}

/// A connection in process that holds at most `bound` requests on their way in, and as many frames on their way
/// out, at least 1. Whoever sends one more waits until one was taken.
///
/// A client that does not take its frames within [`Config::write_timeout`](crate::Config::write_timeout) is gone.
pub fn channel(bound: usize) -> (ChannelClient, ChannelTransport) {
    let (requests, received) = mpsc::channel(bound.max(1));
    let (sent, frames) = mpsc::channel(bound.max(1));
    (ChannelClient { requests, frames }, ChannelTransport { requests: received, frames: sent })
}

impl ChannelClient {
    /// Says who it is, and the position that it has seen everything up to. The answer is named by `id`. After the
    /// end it does nothing: [`next`](Self::next) tells.
    pub async fn hello(&self, id: u64, token: impl Into<String>, since: Option<Token>) {
        self.request(Request::Hello { id: Some(id), token: token.into(), since, origin: None }).await;
    }

    /// Asks for something. The answer is named by `id`. After the end it does nothing, likewise.
    pub async fn command(&self, id: u64, command: Command) {
        self.request(Request::Command(Some(id), Ok(command))).await;
    }

    async fn request(&self, request: Request) {
        // After the end nobody listens: `next` tells.
        let _ = self.requests.send(request).await;
    }

    /// The next frame: an event, an answer, or the close; `None` at the end.
    pub async fn next(&mut self) -> Option<Frame> {
        self.frames.recv().await
    }
}

#[async_trait]
impl Transport for ChannelTransport {
    fn format(&self) -> Format {
        Format::InProcess
    }

    fn credential(&mut self) -> Option<String> {
        None
    }

    async fn receive(&mut self, requests: &mut Vec<Request>) -> Result<(), Hangup> {
        requests.push(self.requests.recv().await.ok_or(Hangup::Closed)?);
        Ok(())
    }

    fn attach(&mut self, _connection: &Arc<Connection>) -> bool {
        false
    }

    async fn send(&mut self, frames: &mut Vec<Frame>) -> io::Result<()> {
        for frame in frames.drain(..) {
            self.frames.send(frame).await.map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        Ok(())
    }
}
