//! The task of one client: reads packets, runs its sessions, keeps the heartbeat, ends it all.

mod incoming;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::time::{Instant, Sleep, timeout};

use incoming::Greeting;

use super::Mounted;
use super::encode::is_final;
use super::engineio::Posted;
use super::link::{Link, text_frame};
use super::namespace::Peer;
use super::session::{Assembly, Beat, Heartbeat};
use super::space::Space;
use crate::event::CloseReason;
use crate::hub::Written;
use crate::transport::frame::{Reader, Received, Socket, Writer};

/// After so many packets others have their turn.
const PACKETS_A_TURN: usize = 64;

/// How long a client has to hang up after it was told to.
const GOODBYE: Duration = Duration::from_secs(2);

/// How one client's connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client closed it.
    Client,
    /// This side does, for this reason.
    Server(CloseReason),
    /// It is gone.
    Lost,
}

pub(super) struct Serving {
    mounted: Arc<Mounted>,
    link: Arc<Link>,
    /// Once there is a WebSocket.
    reader: Option<Reader>,
    /// Where no flusher writes.
    writer: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    assembly: Assembly,
    spaces: Vec<Space>,
    peers: Vec<(usize, Peer)>,
    greeting: Option<Greeting>,
    /// The namespaces that were ever asked for.
    asked: Vec<bool>,
    heartbeat: Heartbeat,
    /// When it has to be in a namespace.
    connect_by: Option<Instant>,
    /// How much was taken when something began to wait, and when more must be.
    stalled: Option<(u64, Instant)>,
    timer: Pin<Box<Sleep>>,
}

impl Serving {
    pub(super) fn new(mounted: Arc<Mounted>, link: Arc<Link>) -> Self {
        let now = Instant::now();
        let options = &mounted.options;
        let heartbeat = Heartbeat::new(options.ping_interval, options.ping_timeout, now);
        let timer = Box::pin(tokio::time::sleep_until(heartbeat.due()));
        Self {
            reader: None,
            writer: None,
            assembly: Assembly::default(),
            spaces: Vec::new(),
            peers: Vec::new(),
            greeting: None,
            asked: vec![false; mounted.namespaces.len()],
            heartbeat,
            connect_by: Some(now + options.connect_timeout),
            stalled: None,
            timer,
            mounted,
            link,
        }
    }

    /// Serves the client to its end.
    pub(super) async fn run(mut self: Box<Self>) {
        let end = poll_fn(|cx| self.poll(cx)).await;
        tracing::debug!(?end, "a Socket.IO connection ends");
        // Boxed, so that nobody keeps room for the end all the time.
        Box::pin(self.finish(end)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.link.bell().wakes(cx.waker());
        match self.turns(cx) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }

    fn turns(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        for _ in 0..4 {
            if let Some(socket) = self.link.take_upgraded() {
                self.carry_on(socket);
            }
            self.poll_sessions(cx)?;
            let is_busy = self.poll_input(cx)?;
            if self.link.is_over() {
                return Err(End::Lost);
            }
            if let Some(reason) = self.link.end_reason() {
                return Err(End::Server(reason));
            }
            self.poll_writer(cx)?;
            if !is_busy {
                return self.poll_timer(cx);
            }
        }
        cx.waker().wake_by_ref();
        self.poll_timer(cx)
    }

    /// From now on a WebSocket carries the packets.
    pub(super) fn carry_on(&mut self, socket: Socket) {
        self.reader = Some(socket.reader);
        match socket.writer {
            Writer::Tcp(io) => self.link.write_to(io),
            Writer::Layered(writer) => self.writer = Some(writer),
        }
    }
}

/// What comes in.
impl Serving {
    /// `true`: there may be more.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        for count in 0..PACKETS_A_TURN {
            if self.greeting.is_some() {
                return Ok(false);
            }
            // As many that were left may take their time to end.
            let is_crowded = self.spaces.len() > 2 * self.mounted.namespaces.len();
            if is_crowded || self.spaces.iter().any(Space::is_full) {
                // Its pong may wait among what is not read now.
                self.heartbeat.pong(Instant::now());
                return Ok(count > 0);
            }
            match self.link.take_posted() {
                Some(Posted::Text(text)) => self.packet(&text)?,
                Some(Posted::Binary(bytes)) => self.binary(bytes)?,
                None => {
                    let Some(reader) = &mut self.reader else { return Ok(count > 0) };
                    let received = reader.poll(cx);
                    if let Some(control) = reader.control() {
                        self.link.push_frame(control);
                    }
                    match received {
                        Poll::Ready(Ok(Received::Text(text))) => self.packet(&text)?,
                        Poll::Ready(Ok(Received::Binary(bytes))) => self.binary(bytes)?,
                        Poll::Ready(Ok(Received::Control)) => {}
                        Poll::Ready(Err(hangup)) => return Err(hangup.into()),
                        Poll::Pending => return Ok(count > 0),
                    }
                }
            }
        }
        Ok(true)
    }
}

const PROTOCOL: End = End::Server(CloseReason::Protocol);

impl From<crate::transport::Hangup> for End {
    fn from(hangup: crate::transport::Hangup) -> Self {
        match hangup {
            crate::transport::Hangup::Closed => Self::Client,
            crate::transport::Hangup::TooLarge => Self::Server(CloseReason::FrameTooLarge),
            crate::transport::Hangup::Protocol => PROTOCOL,
        }
    }
}

/// What goes on by itself.
impl Serving {
    fn poll_sessions(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        let mut index = 0;
        while let Some(space) = self.spaces.get_mut(index) {
            let has_ended = space.poll(cx).is_ready();
            let reason = space.close_reason().filter(|reason| *reason != CloseReason::Ended);
            if let Some(reason) = reason
                && !is_final(reason)
            {
                return Err(End::Server(reason));
            }
            if !space.is_left && (reason.is_some() || space.is_refused()) {
                space.dismiss();
                self.await_connect(GOODBYE);
            } else if has_ended {
                self.spaces.remove(index);
            } else {
                index += 1;
            }
        }
        if self.peers.iter().any(|(_, peer)| peer.is_gone()) {
            let (gone, here) =
                std::mem::take(&mut self.peers).into_iter().partition(|(_, peer)| peer.is_gone());
            self.peers = here;
            self.bid_farewell(gone);
            self.await_connect(GOODBYE);
        }
        Ok(())
    }

    fn poll_writer(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let now = self.mounted.engine.clock().now();
        match self.link.line().poll_write(cx, Pin::new(&mut **writer), now) {
            Ok(Written::Closed) | Err(_) => Err(End::Lost),
            Ok(_) => Ok(()),
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        loop {
            let now = Instant::now();
            match self.heartbeat.beat(now) {
                Some(Beat::Ping) => self.link.push_frame(self.mounted.ping.clone()),
                Some(Beat::End) => return Err(End::Lost),
                None => {}
            }
            if self.connect_by.is_some_and(|by| by <= now) {
                return Err(End::Server(CloseReason::Unauthenticated));
            }
            if self.greeting.as_ref().is_some_and(|greeting| greeting.at <= now) {
                self.greet();
                // What was not read meanwhile.
                cx.waker().wake_by_ref();
            }
            self.watch_stall(now)?;
            let greet_at = self.greeting.as_ref().map(|greeting| greeting.at);
            let stalled_by = self.stalled.map(|(_, by)| by);
            let due = [Some(self.heartbeat.due()), self.connect_by, stalled_by, greet_at];
            let due = due.into_iter().flatten().min().unwrap_or(now);
            if self.timer.deadline() != due {
                self.timer.as_mut().reset(due);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
        }
    }

    /// Where no flusher writes: whoever takes nothing of what waits for too long is gone.
    fn watch_stall(&mut self, now: Instant) -> Result<(), End> {
        if self.reader.is_some() && self.writer.is_none() {
            self.stalled = None;
            return Ok(());
        }
        self.stalled = match (self.link.line().waiting(), self.stalled) {
            (None, _) => None,
            (Some(taken), Some((before, by))) if taken == before => {
                if by <= now {
                    return Err(End::Lost);
                }
                Some((before, by))
            }
            (Some(taken), _) => Some((taken, now + self.mounted.engine.config().write_timeout)),
        };
        Ok(())
    }
}

/// The end.
impl Serving {
    async fn finish(mut self: Box<Self>, end: End) {
        // A drain waits for the last frames.
        let _goodbye = self.mounted.engine.goodbye();
        let patience = self.mounted.engine.config().write_timeout;
        self.greet();
        let peers = std::mem::take(&mut self.peers);
        self.bid_farewell(peers);
        match end {
            End::Client => self.link.shut("6"),
            End::Lost => {
                self.link.shut("1");
                self.link.line().give_up();
            }
            End::Server(_) => {}
        }
        // What came before the end is done.
        self.spaces.iter().for_each(Space::end);
        let sessions_ended = poll_fn(|cx| {
            self.spaces.retain_mut(|space| space.poll(cx).is_pending());
            if self.spaces.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        });
        let sessions_ended = timeout(patience, sessions_ended).await;
        if sessions_ended.is_err() {
            tracing::warn!("a session outlasted its connection");
            self.spaces.clear();
        }
        let reason = match end {
            End::Server(reason) => reason,
            End::Client => CloseReason::Ended,
            End::Lost => return,
        };
        // Of a client that said goodbye while polling no poll will come.
        let listens = self.reader.is_some() || end != End::Client;
        let last_words = poll_fn(|cx| self.poll_last_words(cx, reason));
        if listens && timeout(patience, last_words).await == Ok(true) {
            self.until_hangup().await;
        }
        self.link.shut("1");
        self.link.line().give_up();
    }

    /// Writes what sessions have left, and then the close. `true`: all is written.
    fn poll_last_words(&mut self, cx: &mut Context<'_>, reason: CloseReason) -> Poll<bool> {
        self.link.bell().wakes(cx.waker());
        if let Some(socket) = self.link.take_upgraded() {
            self.carry_on(socket);
        }
        for _ in 0..2 {
            let is_lost = self.poll_writer(cx).is_err();
            if self.link.line().is_done() {
                return Poll::Ready(true);
            }
            if is_lost || self.link.line().is_gone() {
                return Poll::Ready(false);
            }
            if !self.link.line().has_sessions() {
                self.link.push_end(reason);
            }
        }
        Poll::Pending
    }

    /// Lets the client read what it was sent last: a close with unread input would take it away again.
    async fn until_hangup(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        if let Some(writer) = &mut self.writer {
            let _ = timeout(GOODBYE, tokio::io::AsyncWriteExt::shutdown(writer)).await;
        }
        let hung_up = async { while poll_fn(|cx| reader.poll(cx)).await.is_ok() {} };
        let _ = timeout(GOODBYE, pin!(hung_up)).await;
    }
}

/// The ping of Engine.IO.
pub(super) fn ping() -> Bytes {
    text_frame("2").into()
}
