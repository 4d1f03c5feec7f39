//! Runs a session over a transport: the same for all of them.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;

use super::{Hangup, Request, Transport};
use crate::auth::Identity;
use crate::engine::{ChatEngine, Session, Start};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{CloseReason, Format, Frame};
use crate::metrics;

/// How many frames one write takes where they are pulled.
const PULL: usize = 64;

/// How often it is looked whether a closed connection is written to its end.
const TURN: Duration = Duration::from_millis(50);

/// How long a client has to hang up after it was told to.
const GOODBYE: Duration = Duration::from_secs(2);

/// Runs a connection from its first word to its end.
///
/// A client that has not said who it is within [`Config::hello_timeout`](crate::Config::hello_timeout) is refused
/// with [`Unauthenticated`](ErrorKind::Unauthenticated). One that is silent for
/// [`Config::heartbeat`](crate::Config::heartbeat) is pinged, and gone after as long again; in process nobody is.
/// At the end it has [`Config::write_timeout`](crate::Config::write_timeout) to take what waits for it, and 2 s to
/// hang up.
pub async fn drive(engine: ChatEngine, mut transport: Box<dyn Transport>) {
    let mut requests = Vec::new();
    // What is over soon is boxed, here and below, so that an idle connection keeps no room for it.
    match Box::pin(begin(&engine, &mut *transport, &mut requests)).await {
        Ok((session, start)) => Driver::new(&engine, session, transport).run(start, requests).await,
        Err(refusal) => Box::pin(refuse(&engine, &mut *transport, refusal)).await,
    }
}

async fn begin(
    engine: &ChatEngine,
    transport: &mut dyn Transport,
    requests: &mut Vec<Request>,
) -> Result<(Session, Start), Refusal> {
    let greeting = greet(engine, transport, requests);
    match timeout(engine.config().hello_timeout, greeting).await {
        Ok(Ok(hello)) => open(engine, transport.format(), hello).await,
        Ok(Err(refusal)) => Err(refusal),
        Err(_) => Err(Refusal::of(None, ErrorKind::Unauthenticated)),
    }
}

struct Hello {
    id: Option<u64>,
    identity: Identity,
    start: Start,
}

/// Why there is no session.
struct Refusal {
    id: Option<u64>,
    error: Error,
    reason: Option<CloseReason>,
}

impl Refusal {
    fn of(id: Option<u64>, error: impl Into<Error>) -> Self {
        let error = error.into();
        let reason = match error.kind() {
            ErrorKind::TokenExpired => CloseReason::TokenExpired,
            ErrorKind::Unavailable | ErrorKind::Corrupt(_) => CloseReason::Restarting(Duration::from_secs(1)),
            _ => CloseReason::Unauthenticated,
        };
        Self { id, error, reason: Some(reason) }
    }

    fn hangup(hangup: Hangup) -> Self {
        let reason = match hangup {
            Hangup::Closed => None,
            Hangup::TooLarge => Some(CloseReason::FrameTooLarge),
            Hangup::Protocol => Some(CloseReason::Protocol),
        };
        Self { id: None, error: ErrorKind::Unauthenticated.into(), reason }
    }
}

/// Finds out who it is: by the handshake's token, or by the first request. What came behind that stays in
/// `requests`.
async fn greet(
    engine: &ChatEngine,
    transport: &mut dyn Transport,
    requests: &mut Vec<Request>,
) -> Result<Hello, Refusal> {
    if let Some(token) = transport.credential() {
        let identity = engine.authenticate(&token).await.map_err(|error| Refusal::of(Some(0), error))?;
        return Ok(Hello { id: None, identity, start: Start::default() });
    }
    while requests.is_empty() {
        transport.receive(requests).await.map_err(Refusal::hangup)?;
    }
    match requests.remove(0) {
        Request::Hello { id, token, since, origin } => {
            let identity = engine.authenticate(&token).await.map_err(|error| Refusal::of(id, error))?;
            Ok(Hello { id, identity, start: Start { since, origin } })
        }
        Request::Command(id, Err(error)) => {
            let reason = Some(CloseReason::Unauthenticated);
            Err(Refusal { id, error, reason })
        }
        Request::Command(id, Ok(_)) | Request::Call(id, _) => {
            Err(Refusal::of(id, ErrorKind::Unauthenticated))
        }
    }
}

async fn open(engine: &ChatEngine, format: Format, hello: Hello) -> Result<(Session, Start), Refusal> {
    let session = engine.open(&hello.identity, format).await;
    Ok((session.map_err(|error| Refusal::of(hello.id, error))?, hello.start))
}

async fn refuse(engine: &ChatEngine, transport: &mut dyn Transport, refusal: Refusal) {
    let Some(reason) = refusal.reason else { return };
    metrics::failed(refusal.error.kind());
    metrics::closed(reason);
    tracing::debug!(code = refusal.error.kind().code(), ?reason, "a connection was refused");
    let format = transport.format();
    let mut frames = Vec::new();
    if !matches!(reason, CloseReason::FrameTooLarge | CloseReason::Protocol) {
        frames.push(format.reply(refusal.id.or(Some(0)), Err(refusal.error), None));
    }
    frames.push(format.close(reason));
    if let Ok(Ok(())) = timeout(engine.config().write_timeout, transport.send(&mut frames)).await {
        until_hangup(transport).await;
    }
}

/// Lets the client read what it was sent last: a close with unread input would take it away again.
async fn until_hangup(transport: &mut dyn Transport) {
    let deadline = Instant::now() + GOODBYE;
    let mut ignored = Vec::new();
    while let Ok(Ok(())) = timeout_at(deadline, transport.receive(&mut ignored)).await {
        ignored.clear();
    }
}

struct Driver<'a> {
    engine: &'a ChatEngine,
    session: Session,
    transport: Box<dyn Transport>,
    /// Frames are written from the mailbox by somebody else.
    is_attached: bool,
    /// The client was asked for a sign of life.
    is_pinged: bool,
}

enum Turn {
    Received(Result<(), Hangup>),
    Silent,
    Pulled(bool),
    Closed,
}

impl<'a> Driver<'a> {
    fn new(engine: &'a ChatEngine, session: Session, mut transport: Box<dyn Transport>) -> Self {
        let is_attached = transport.attach(session.connection());
        Self { engine, session, transport, is_attached, is_pinged: false }
    }

    async fn run(mut self, start: Start, mut requests: Vec<Request>) {
        let span = self.session.connection().span();
        if let Err(error) = Box::pin(self.session.begin(start).instrument(span)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a session could not begin");
            self.session.connection().close(CloseReason::Lagged, true);
        }
        let mut frames = Vec::new();
        loop {
            // Taken whole: an idle connection keeps no room for requests.
            for request in std::mem::take(&mut requests) {
                // Once a request, and not for all of the connection: an idle one keeps no room for it.
                let span = self.session.connection().span();
                Box::pin(self.serve(request).instrument(span)).await;
            }
            match self.turn(&mut requests, &mut frames).await {
                Turn::Received(Ok(())) => self.is_pinged = false,
                Turn::Received(Err(Hangup::Closed)) => return,
                Turn::Received(Err(Hangup::TooLarge)) => self.close(CloseReason::FrameTooLarge),
                Turn::Received(Err(Hangup::Protocol)) => self.close(CloseReason::Protocol),
                Turn::Silent => self.ask_for_life(),
                Turn::Pulled(true) => {
                    if self.session.connection().close_if_expired(self.engine.clock().now()) {
                        frames.clear();
                    }
                    let sent = self.transport.send(&mut frames);
                    if !matches!(timeout(self.engine.config().write_timeout, sent).await, Ok(Ok(()))) {
                        return;
                    }
                }
                Turn::Pulled(false) | Turn::Closed => break,
            }
        }
        Box::pin(self.end()).await;
    }

    async fn end(mut self) {
        // Out of the rooms at once; the flusher still writes what waits.
        let _goodbye = self.engine.goodbye();
        let connection = self.session.connection().clone();
        drop(self.session);
        let deadline = Instant::now() + self.engine.config().write_timeout;
        while !connection.mailbox.is_empty() && Instant::now() < deadline {
            let mut ignored = Vec::new();
            if let Ok(Err(_)) = timeout(TURN, self.transport.receive(&mut ignored)).await {
                return;
            }
        }
        until_hangup(&mut *self.transport).await;
    }

    async fn turn(&mut self, requests: &mut Vec<Request>, frames: &mut Vec<Frame>) -> Turn {
        let mailbox = &self.session.connection().mailbox;
        let received = timeout(self.engine.config().heartbeat, self.transport.receive(requests));
        if self.is_attached {
            tokio::select! {
                biased;
                _ = mailbox.closed() => Turn::Closed,
                received = received => received.map_or(Turn::Silent, Turn::Received),
            }
        } else {
            tokio::select! {
                more = mailbox.pull(PULL, frames) => Turn::Pulled(more),
                received = received => received.map_or(Turn::Silent, Turn::Received),
            }
        }
    }

    async fn serve(&mut self, request: Request) {
        let session = &self.session;
        match request {
            Request::Command(id, command) => session.dispatch(id, command).await,
            Request::Call(id, call) => {
                let callee = self.transport.callee().cloned();
                let calling = async {
                    let callee = callee.ok_or_else(|| Error::invalid("call", "is not taken here"))?;
                    callee.call(session.actor(), call).await
                };
                session.dispatch_call(id, calling).await;
            }
            Request::Hello { id, .. } => {
                let error = Error::invalid("op", "must not be hello once more");
                session.dispatch(id, Err(error)).await;
            }
        }
    }

    fn ask_for_life(&mut self) {
        let connection = self.session.connection();
        if std::mem::replace(&mut self.is_pinged, true) {
            connection.close(CloseReason::Ended, true);
        } else if let Some(ping) = connection.mailbox.format().ping() {
            connection.push_control(ping);
        } else {
            // Nobody in process goes away silently.
            self.is_pinged = false;
        }
    }

    fn close(&self, reason: CloseReason) {
        self.session.connection().close(reason, false);
    }
}
