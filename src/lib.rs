#![doc = include_str!("../README.md")]

pub mod auth;
#[cfg(feature = "blobs")]
pub mod blob;
pub mod bus;
pub mod clock;
pub mod config;
#[cfg(test)]
mod corpus;
pub mod engine;
pub mod error;
pub mod event;
#[cfg_attr(
    not(all(feature = "ws", feature = "socketio")),
    allow(dead_code, unused_imports, reason = "each transport uses its part")
)]
pub mod hub;
#[doc = include_str!("guarantees.md")]
pub mod guarantees {}
#[doc = include_str!("guide.md")]
pub mod guide {}
pub mod id;
pub mod metrics;
pub mod model;
mod names;
mod plain;
pub mod policy;
pub mod push;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "transfer")]
pub mod transfer;
pub mod transport;

pub use clock::{Clock, SystemClock, Timestamp};
pub use config::Config;
pub use engine::{Actor, Admin, ChatEngine, Session};
pub use error::{Contradiction, Error, ErrorKind, LimitName, Result};
pub use id::{
    AttachmentId, ChallengeId, ClientId, JoinRequestId, MessageId, OriginId, ReportId, RoomId, UserId,
};
