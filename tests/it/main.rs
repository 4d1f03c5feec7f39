//! The integration tests, in one binary.

mod attachments;
mod authenticators;
mod buses;
mod custom_store;
mod documents;
mod engine;
mod examples;
#[path = "../faults/mod.rs"]
mod faults;
mod friends;
mod hooks;
mod limits;
mod model;
mod moderation;
mod nats;
mod nodes;
mod outbox;
mod postgres;
mod roles;
mod running;
mod seen;
mod server;
mod socketio;
mod store;
mod transfer;
mod transport;
