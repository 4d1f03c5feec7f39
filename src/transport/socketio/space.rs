//! One chat session on a client's connection: its driver, and what the driver speaks to.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::Mounted;
use super::link::Link;
use super::namespace::Prefix;
use crate::error::Result;
use crate::event::{CloseReason, Format, Frame};
use crate::hub::Connection;
use crate::id::OriginId;
use crate::model::Token;
use crate::transport::{Callee, Hangup, Request, Transport, drive};

/// The most requests that wait for a session; the client is not read from meanwhile.
const INBOX: usize = 64;

/// A chat session of a client.
pub(super) struct Space {
    /// Which of the mounted namespaces it is.
    pub(super) namespace: usize,
    inbox: Arc<Inbox>,
    /// Until it has ended.
    driving: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// The client has left it; what it asked for before is still done.
    pub(super) is_left: bool,
}

/// What its driver reads. Only the task that polls the driver fills it, so nobody has to be woken.
#[derive(Debug, Default)]
struct Inbox(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    requests: Vec<Request>,
    has_ended: bool,
    /// The client has left, and wants nothing more of it.
    is_left: bool,
    is_refused: bool,
    connection: Option<Arc<Connection>>,
}

struct SpaceTransport {
    inbox: Arc<Inbox>,
    link: Arc<Link>,
    format: Format,
    prefix: Prefix,
    callee: Option<Arc<dyn Callee>>,
    /// CONNECT is answered here; with recovery, the session's first event is the answer.
    is_answered: bool,
}

/// What CONNECT brought.
pub(super) struct Connect {
    pub(super) token: String,
    pub(super) since: Option<Token>,
    pub(super) origin: Option<OriginId>,
}

impl Space {
    /// Begins a session with what CONNECT brought.
    pub(super) fn begin(
        mounted: &Mounted,
        link: &Arc<Link>,
        (namespace, format, prefix): (usize, Format, Prefix),
        Connect { token, since, origin }: Connect,
    ) -> Self {
        let inbox = Arc::<Inbox>::default();
        let is_answered = origin.is_none();
        let hello = Request::Hello { id: None, token, since, origin };
        inbox.0.lock().requests.push(hello);
        let callee = mounted.options.callee.clone();
        let transport =
            SpaceTransport { inbox: inbox.clone(), link: link.clone(), format, prefix, callee, is_answered };
        let driving: Pin<Box<dyn Future<Output = ()> + Send>> =
            Box::pin(drive(mounted.engine.clone(), Box::new(transport)));
        let driving = Some(driving);
        Self { namespace, inbox, driving, is_left: false }
    }

    /// Hands a request over. Those that come before the session is open wait in their order.
    pub(super) fn request(&self, request: Request) {
        self.inbox.0.lock().requests.push(request);
    }

    pub(super) fn is_full(&self) -> bool {
        self.inbox.0.lock().requests.len() >= INBOX
    }

    /// Nothing comes any more. What came is still done.
    pub(super) fn end(&self) {
        self.inbox.0.lock().has_ended = true;
    }

    /// The client has left: what waits for it is not wanted any more.
    pub(super) fn leave(&mut self) {
        self.dismiss();
        self.inbox.0.lock().is_left = true;
        if let Some(connection) = self.connection() {
            connection.close(CloseReason::Ended, true);
        }
    }

    /// The session has ended, or there is none; the client may ask for another.
    pub(super) fn dismiss(&mut self) {
        self.is_left = true;
        self.end();
    }

    /// Whether there is no session, and never will be.
    pub(super) fn is_refused(&self) -> bool {
        self.inbox.0.lock().is_refused
    }

    /// Why the session was closed, if it was.
    pub(super) fn close_reason(&self) -> Option<CloseReason> {
        self.connection()?.mailbox.close_reason()
    }

    fn connection(&self) -> Option<Arc<Connection>> {
        self.inbox.0.lock().connection.clone()
    }

    /// Goes on. Ready at the session's end.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(driving) = &mut self.driving else { return Poll::Ready(()) };
        let ended = driving.as_mut().poll(cx);
        if ended.is_ready() {
            self.driving = None;
        }
        ended
    }
}

#[async_trait]
impl Transport for SpaceTransport {
    fn format(&self) -> Format {
        self.format.clone()
    }

    fn credential(&mut self) -> Option<String> {
        // It comes with the first request.
        None
    }

    fn callee(&self) -> Option<&Arc<dyn Callee>> {
        self.callee.as_ref()
    }

    async fn receive(&mut self, requests: &mut Vec<Request>) -> Result<(), Hangup> {
        poll_fn(|_| {
            let mut waiting = self.inbox.0.lock();
            if !waiting.requests.is_empty() {
                // An idle connection keeps no room for them.
                requests.append(&mut std::mem::take(&mut waiting.requests));
                Poll::Ready(Ok(()))
            } else if waiting.has_ended {
                Poll::Ready(Err(Hangup::Closed))
            } else {
                Poll::Pending
            }
        })
        .await
    }

    fn attach(&mut self, connection: &Arc<Connection>) -> bool {
        if self.inbox.0.lock().is_left {
            // Before it was open: what it asked for is done, and told to nobody.
            return true;
        }
        // Before anything of the session itself.
        if self.is_answered {
            let mut connected = Vec::new();
            self.prefix.connect(None, &mut connected);
            connection.push_control(Frame::Bytes(connected.into()));
        }
        self.inbox.0.lock().connection = Some(connection.clone());
        self.link.attach(connection);
        true
    }

    /// Only a refusal: the first frame says it. The close behind it is for who was let in.
    async fn send(&mut self, frames: &mut Vec<Frame>) -> io::Result<()> {
        match frames.drain(..).next() {
            Some(Frame::Bytes(refusal)) if !refusal.is_empty() => self.link.push_frame(refusal),
            // It may pass: without an answer, and without a connection, stock clients come back.
            _ => self.link.push_end(CloseReason::Restarting(Duration::from_secs(1))),
        }
        let mut waiting = self.inbox.0.lock();
        (waiting.is_refused, waiting.has_ended) = (true, true);
        Ok(())
    }
}
