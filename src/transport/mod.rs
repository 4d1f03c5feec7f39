//! How clients reach the engine. REST calls [`Actor`](crate::Actor); whatever is live is a [`Transport`]
//! around a [`Session`](crate::Session).

mod call;
mod channel;
mod driver;
#[cfg(any(feature = "ws", feature = "socketio"))]
#[cfg_attr(
    not(all(feature = "ws", feature = "socketio")),
    allow(dead_code, unused_imports, reason = "each transport uses its part")
)]
mod flusher;
#[cfg(any(feature = "ws", feature = "socketio"))]
#[cfg_attr(
    not(all(feature = "ws", feature = "socketio")),
    allow(dead_code, unused_imports, reason = "each transport uses its part")
)]
mod frame;
#[cfg(any(feature = "ws", feature = "socketio"))]
#[cfg_attr(
    not(all(feature = "ws", feature = "socketio")),
    allow(dead_code, unused_imports, reason = "each transport uses its part")
)]
mod line;
#[cfg(feature = "openapi")]
pub mod openapi;
#[cfg(any(feature = "rest", feature = "ws", feature = "socketio"))]
mod origins;
#[cfg(feature = "rest")]
pub mod rest;
#[cfg(feature = "socketio")]
pub mod socketio;
#[cfg(any(feature = "rest", feature = "ws", feature = "socketio"))]
#[cfg_attr(not(feature = "rest"), allow(dead_code, reason = "each transport uses its part"))]
mod status;
#[cfg(any(feature = "rest", feature = "ws", feature = "socketio"))]
#[cfg_attr(
    not(all(feature = "rest", feature = "ws", feature = "socketio")),
    allow(dead_code, unused_imports, reason = "each transport uses its part")
)]
mod wire;
#[cfg(feature = "ws")]
pub mod ws;

use std::io;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::event::{Command, Format, Frame};
use crate::hub::Connection;
use crate::id::OriginId;
use crate::model::Token;

pub use call::{Call, Callee};
pub use channel::{ChannelClient, ChannelTransport, channel};
pub use driver::drive;
#[cfg(any(feature = "rest", feature = "ws", feature = "socketio"))]
pub use origins::Origins;

/// What a client sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Request {
    /// It says who it is.
    Hello {
        /// What its answer is named by, a number of the client's own.
        id: Option<u64>,
        /// Its token.
        token: String,
        /// The position that it has seen everything up to.
        since: Option<Token>,
        /// The name that its connection had before, or should have: what it sent under it is not told it
        /// again.
        origin: Option<OriginId>,
    },
    /// It asks for something, or for nothing that can be understood. The number is what its answer is named by.
    Command(Option<u64>, Result<Command>),
    /// It calls whoever takes calls, and names the answer so.
    Call(Option<u64>, Call),
}

/// Why a client sends nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hangup {
    /// It closed the connection, or lost it.
    Closed,
    /// It sent a frame larger than the bound: [`Config::max_frame_bytes`](crate::Config::max_frame_bytes) on the
    /// native WebSocket, `SocketIoOptions::max_packet` on Socket.IO.
    TooLarge,
    /// It broke the protocol.
    Protocol,
}

/// ONE live connection. Only [`drive`] knows it: it receives requests, takes batches of frames, and ends.
///
/// The driver calls one method at a time. It receives until the connection ends, also while frames wait,
/// so [`receive`](Self::receive) must lose nothing when its future is dropped half-way.
#[async_trait]
pub trait Transport: Send {
    /// How its frames are made. One `Arc` for all connections of a wire format, so that each event is
    /// encoded once for all of them.
    fn format(&self) -> Format;

    /// The token that its handshake brought, if any. Called once, first.
    fn credential(&mut self) -> Option<String>;

    /// Who takes the calls that it makes; `None`, and without this method: nobody, and they are refused.
    fn callee(&self) -> Option<&Arc<dyn Callee>> {
        None
    }

    /// Waits for what the client sends and adds all that is there, in its order. A sign of life without a
    /// request, such as a pong, returns too and adds nothing. Cancel-safe. All that it added is served before
    /// the next call, so it adds a bounded number.
    ///
    /// # Errors
    /// Why nothing comes any more, once all that came before is handed on.
    async fn receive(&mut self, requests: &mut Vec<Request>) -> Result<(), Hangup>;

    /// The session begins: frames of this connection are in its mailbox from now on. `true`: they are
    /// written from there by somebody else, and [`send`](Self::send) is not called any more. `false`: the
    /// driver pulls them and calls `send`.
    fn attach(&mut self, connection: &Arc<Connection>) -> bool;

    /// Writes the frames, 64 at most, emptying the list. A call that takes longer than
    /// [`Config::write_timeout`](crate::Config::write_timeout) is dropped, and the connection ended.
    ///
    /// # Errors
    /// When the connection is lost. The driver ends it then.
    async fn send(&mut self, frames: &mut Vec<Frame>) -> io::Result<()>;
}

/// The token in the value of an `Authorization` header.
#[cfg(any(feature = "rest", feature = "ws", feature = "socketio"))]
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
