//! The integration tests, in one binary.

mod engine;
mod examples;
mod store;
mod transport;
