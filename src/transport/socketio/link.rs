//! What the task of a client's connection shares with its HTTP requests.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::engineio::{Payload, Posted};
use crate::clock::Clock;
use crate::event::{CloseReason, Encode, Event, Format, Frame, Reply, View};
use crate::hub::{Bounds, Connection, DirtyList, Mailbox, Pushed};
use crate::id::{UserId, random_bytes};
use crate::transport::flusher::{Attached, Flusher};
use crate::transport::frame::{Socket, push_close, push_text};
use crate::transport::line::{Bell, Line};

/// Names a session. Whoever knows it speaks for its client, so it cannot be guessed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Sid(Arc<str>);

impl Sid {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Sid {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// 144 random bits.
pub(super) fn random_id() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<18>())
}

/// One Engine.IO session. (No `Debug`: it holds a token.)
pub(super) struct Link {
    pub(super) sid: Sid,
    /// The token of the first request's `Authorization` header.
    pub(super) bearer: Option<Box<str>>,
    /// Engine.IO's own packets, and those of embedders' namespaces.
    own: Arc<Mailbox>,
    attached: Attached,
    dirty: Arc<DirtyList>,
    bell: Arc<Bell>,
    /// Everything posted was taken.
    drained: Notify,
    clock: Arc<dyn Clock>,
    // Nothing is awaited under it.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    carrier: Carrier,
    /// A GET waits.
    is_polled: bool,
    /// A POST is being taken.
    is_posted: bool,
    posted: std::collections::VecDeque<Posted>,
    upgraded: Option<Upgraded>,
}

/// A socket that takes over.
struct Upgraded(Box<Socket>);

impl std::fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upgraded")
    }
}

/// What carries the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Polling,
    /// A WebSocket is being tried.
    Probing,
    /// It was found good: polls are sent home, so that the client can go over to it.
    Probed,
    WebSocket,
    /// Nothing any more. A GET that waits is answered with this packet.
    Closed(&'static str),
}

/// What breaks the rules of polling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

/// The wire format of Engine.IO's own packets. It has no events.
#[derive(Debug)]
pub(super) struct OwnEncode;

impl Encode for OwnEncode {
    fn name(&self) -> &'static str {
        "socketio"
    }
    fn event(&self, _: &Event, _: View, _: &mut Vec<u8>) {}
    fn reply(&self, _: Option<u64>, _: &crate::Result<Reply>, _: Option<&UserId>, _: &mut Vec<u8>) {}
    fn ping(&self, _: &mut Vec<u8>) {}
    fn close(&self, reason: CloseReason, out: &mut Vec<u8>) {
        push_close(out, reason);
    }
}

/// Frames of packets that are always the same.
pub(super) fn text_frame(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    push_text(&mut out, |out| {
        out.extend_from_slice(text.as_bytes());
        Ok::<_, std::convert::Infallible>(())
    });
    out
}

impl Link {
    /// A session without a carrier yet: what is sent waits to be polled.
    pub(super) fn new(
        bearer: Option<Box<str>>,
        format: &Format,
        bounds: Bounds,
        flusher: &Arc<Flusher>,
        dirty: Arc<DirtyList>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let own = Arc::new(Mailbox::new(format.clone(), bounds));
        let bell = Arc::<Bell>::default();
        let attached = flusher.add(Line::bell(bell.clone(), own.clone()));
        let state = State {
            carrier: Carrier::Polling,
            is_polled: false,
            is_posted: false,
            posted: std::collections::VecDeque::new(),
            upgraded: None,
        };
        let (sid, drained, state) = (Sid(random_id().into()), Notify::new(), Mutex::new(state));
        Arc::new(Self { sid, bearer, own, attached, dirty, bell, drained, clock, state })
    }

    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    pub(super) fn line(&self) -> &Line {
        self.attached.line()
    }

    /// Sends packets that are no session's.
    pub(super) fn push(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut out = Vec::new();
        write(&mut out);
        self.push_frame(out.into());
    }

    pub(super) fn push_frame(&self, frames: Bytes) {
        self.wake(self.own.push_answer(Frame::Bytes(frames), None));
    }

    /// Writes what waits now, in a write of its own.
    pub(super) fn flush(&self) {
        self.attached.flush();
    }

    /// The last packet of all.
    pub(super) fn push_end(&self, reason: CloseReason) {
        self.wake(self.own.close(reason, false));
    }

    /// Why the last packet was sent, if it was.
    pub(super) fn end_reason(&self) -> Option<CloseReason> {
        self.own.close_reason()
    }

    /// Whether nothing comes in or goes out any more.
    pub(super) fn is_over(&self) -> bool {
        self.line().is_gone() || matches!(self.state.lock().carrier, Carrier::Closed(_))
    }

    fn wake(&self, pushed: Pushed) {
        if pushed == Pushed::Woke {
            self.dirty.push(self.attached.slot());
        }
    }

    /// From now on a session's frames go out here.
    pub(super) fn attach(&self, connection: &Arc<Connection>) {
        self.line().add(connection);
        connection.attach(self.attached.slot());
    }

    /// The session has ended: a GET that waits is answered with this packet, and nothing comes in any more.
    pub(super) fn shut(&self, farewell: &'static str) {
        {
            let mut state = self.state.lock();
            if !matches!(state.carrier, Carrier::Closed(_)) {
                state.carrier = Carrier::Closed(farewell);
            }
            state.upgraded = None;
        }
        self.drained.notify_waiters();
        self.bell.ring();
    }
}

/// Polling.
impl Link {
    /// Waits for packets.
    ///
    /// # Errors
    /// When another GET waits already, which ends the session, or when polling is over.
    pub(super) async fn poll(&self) -> Result<Payload, Refused> {
        {
            let mut state = self.state.lock();
            match state.carrier {
                Carrier::Polling | Carrier::Probing | Carrier::Probed if !state.is_polled => {}
                Carrier::WebSocket | Carrier::Closed(_) => return Err(Refused),
                _ => {
                    drop(state);
                    self.shut("1");
                    return Err(Refused);
                }
            }
            state.is_polled = true;
        }
        let _polled = Polled(self);
        loop {
            let rung = self.bell.rung.notified();
            let carrier = self.state.lock().carrier;
            if let Carrier::Closed(farewell) = carrier {
                return Ok(Payload::of(farewell));
            }
            if carrier != Carrier::WebSocket {
                let mut payload = Payload::default();
                self.line().take(self.clock.now(), |frames| payload.fill(frames));
                if payload.is_last {
                    self.shut("1");
                }
                if !payload.is_empty() {
                    return Ok(payload);
                }
            }
            if matches!(carrier, Carrier::Probed | Carrier::WebSocket) {
                return Ok(Payload::of("6"));
            }
            rung.await;
        }
    }

    /// Hands packets over, and waits until they are taken.
    ///
    /// # Errors
    /// When another POST is being taken, which ends the session, or when polling is over.
    pub(super) async fn post(&self, packets: Vec<Posted>) -> Result<(), Refused> {
        {
            let mut state = self.state.lock();
            match state.carrier {
                Carrier::WebSocket | Carrier::Closed(_) => return Err(Refused),
                _ if state.is_posted => {
                    drop(state);
                    self.shut("1");
                    return Err(Refused);
                }
                _ => {}
            }
            let closes = packets
                .iter()
                .position(|packet| matches!(packet, Posted::Text(text) if text.starts_with('1')));
            state.posted.extend(packets);
            state.is_posted = true;
            if closes.is_some() {
                // Its GET is answered at once, and there will be no other.
                state.carrier = Carrier::Closed("6");
            }
        }
        self.bell.ring();
        let _posted = PostedGuard(self);
        loop {
            let drained = self.drained.notified();
            {
                let state = self.state.lock();
                if state.posted.is_empty() || matches!(state.carrier, Carrier::Closed(_)) {
                    return Ok(());
                }
            }
            drained.await;
        }
    }

    /// The next packet that was posted.
    pub(super) fn take_posted(&self) -> Option<Posted> {
        let mut state = self.state.lock();
        let packet = state.posted.pop_front();
        if state.posted.is_empty() && state.is_posted {
            self.drained.notify_waiters();
        }
        packet
    }
}

/// A GET that waits, until it is dropped.
struct Polled<'a>(&'a Link);

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        self.0.state.lock().is_polled = false;
    }
}

/// A POST that is being taken, until it is dropped.
struct PostedGuard<'a>(&'a Link);

impl Drop for PostedGuard<'_> {
    fn drop(&mut self) {
        self.0.state.lock().is_posted = false;
    }
}

/// The upgrade.
impl Link {
    /// A WebSocket is to be tried. One at a time, and only before the upgrade.
    pub(super) fn begin_probe(&self) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.carrier != Carrier::Polling {
            return Err(Refused);
        }
        state.carrier = Carrier::Probing;
        Ok(())
    }

    /// It is good: a GET that waits is sent home.
    pub(super) fn probed(&self) {
        self.step(Carrier::Probing, Carrier::Probed);
    }

    /// It came to nothing: polling goes on.
    pub(super) fn end_probe(&self) {
        self.step(Carrier::Probing, Carrier::Polling);
        self.step(Carrier::Probed, Carrier::Polling);
    }

    fn step(&self, from: Carrier, to: Carrier) {
        {
            let mut state = self.state.lock();
            if state.carrier != from {
                return;
            }
            state.carrier = to;
        }
        self.bell.ring();
    }

    /// There never was any polling.
    pub(super) fn is_websocket(&self) {
        self.step(Carrier::Polling, Carrier::WebSocket);
    }

    /// From now on this socket carries everything.
    pub(super) fn upgrade(&self, socket: Socket) {
        {
            let mut state = self.state.lock();
            if matches!(state.carrier, Carrier::Closed(_)) {
                return;
            }
            state.carrier = Carrier::WebSocket;
            state.upgraded = Some(Upgraded(Box::new(socket)));
        }
        self.bell.ring();
    }

    /// The socket that has taken over, once.
    pub(super) fn take_upgraded(&self) -> Option<Socket> {
        self.state.lock().upgraded.take().map(|upgraded| *upgraded.0)
    }

    /// A bare socket is written by the flusher from now on.
    pub(super) fn write_to(&self, io: tokio::net::tcp::OwnedWriteHalf) {
        self.line().upgrade(io);
        self.dirty.push(self.attached.slot());
    }
}
