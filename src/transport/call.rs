//! What a client asks for over its live connection that is no command of the chat's: a call, in the words of a request.

use std::fmt;

use async_trait::async_trait;
use serde_json::value::RawValue;

use crate::engine::Actor;
use crate::error::Result;
use crate::event::Called;

/// A call. Whoever takes it parses its parts; the frame that it came in bounds them.
#[derive(Debug, Clone)]
#[cfg_attr(any(feature = "ws", feature = "socketio"), derive(serde::Deserialize))]
#[non_exhaustive]
pub struct Call {
    /// Such as `POST`.
    pub method: String,
    /// Where it goes, with its query: `/chat/rooms?limit=20`.
    pub path: String,
    /// JSON.
    pub body: Option<Box<RawValue>>,
}

/// Takes calls: the [REST routes](super::rest::callee), or the host, which may hand on to those whatever is not its own.
#[async_trait]
pub trait Callee: fmt::Debug + Send + Sync + 'static {
    /// Answers a call of this user's. The connection's next command waits for the answer, and what it waits for should have
    /// a bound. A large answer counts to what may wait for the connection, as all that it is told does.
    ///
    /// # Errors
    /// Whatever the client is to be refused with.
    async fn call(&self, caller: &Actor, call: Call) -> Result<Called>;
}
