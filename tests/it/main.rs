//! The integration tests, in one binary.

mod custom_store;
mod engine;
mod examples;
mod friends;
mod limits;
mod model;
mod server;
mod socketio;
mod store;
mod transport;
