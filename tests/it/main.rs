//! The integration tests, in one binary.

mod custom_store;
mod engine;
mod examples;
mod friends;
mod postgres;
mod server;
mod store;
mod transport;
