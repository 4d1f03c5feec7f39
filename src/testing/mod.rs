//! The suites that implementations of this crate's traits pass: those that come with it, and yours.
//!
//! Behind the feature `testing`, which belongs into `[dev-dependencies]`.

mod auth;
mod clock;
pub mod fanout;
pub mod store;
pub mod transport;

pub use auth::NameTokens;
pub use clock::ManualClock;
