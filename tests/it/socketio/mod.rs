//! The Socket.IO transport, over real sockets, with small raw clients.

mod chat;
pub(crate) mod client;
mod engineio;
mod faults;
mod load;
mod mount;
mod protocol;
mod suite;
