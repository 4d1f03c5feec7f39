//! The suites that implementations of this crate's traits pass: those that come with it, and yours.
//!
//! Behind the feature `testing`, which belongs into `[dev-dependencies]`.

mod auth;
pub mod authenticator;
#[cfg(feature = "blobs")]
pub mod blob;
pub mod bus;
mod clock;
pub mod fanout;
mod faulty;
pub mod store;
pub mod transport;
#[cfg(all(feature = "ws", feature = "socketio"))]
pub mod wire;

pub use auth::NameTokens;
pub use bus::BadBus;
pub use clock::ManualClock;
pub use faulty::FaultyStore;
