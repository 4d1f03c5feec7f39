//! The suites that implementations of this crate's traits pass: those that come with it, and yours.
//!
//! Behind the feature `testing`, which belongs into `[dev-dependencies]`.

pub mod store;
