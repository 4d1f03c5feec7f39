#![doc = include_str!("../README.md")]

pub mod clock;
pub mod config;
pub mod error;
pub mod id;
pub mod model;
pub mod store;

pub use clock::{Clock, SystemClock, Timestamp};
pub use config::Config;
pub use error::{Error, ErrorKind, Result};
pub use id::{ChallengeId, ClientId, MessageId, RoomId, UserId};
