//! The integration tests, in one binary.

mod attachments;
mod authenticators;
mod buses;
mod custom_store;
mod deletion;
mod documents;
mod engine;
mod erasure;
mod examples;
#[path = "../faults/mod.rs"]
mod faults;
mod forwards;
mod friends;
mod hooks;
mod limits;
mod manners;
mod model;
mod moderation;
mod nats;
mod nodes;
mod outbox;
mod personal;
mod pins;
mod postgres;
mod quotes;
mod retention;
mod roles;
mod running;
mod search;
mod seen;
mod server;
mod socketio;
mod store;
mod streams;
mod transfer;
mod transport;
