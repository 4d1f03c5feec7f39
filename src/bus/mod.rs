//! What nodes tell each other: the [`Bus`] contract, and the buses that come with the crate.
//!
//! Several nodes share one store, in PostgreSQL, and one bus. Over NATS (feature `nats`):
//!
//! ```no_run
//! # #[cfg(all(feature = "nats", feature = "postgres"))]
//! # async fn build() -> chat_core::Result<()> {
//! use chat_core::ChatEngine;
//! use chat_core::bus::NatsBus;
//! use chat_core::store::PostgresStore;
//!
//! let store = PostgresStore::connect("postgres://chat@db.internal/chat").await?;
//! let bus = NatsBus::connect("nats://nats.internal").await?;
//! let engine = ChatEngine::builder().store(store).bus(bus.clone()).build().await?;
//! // For whoever operates the node; it serves its own clients meanwhile.
//! use chat_core::bus::Bus;
//! println!("the bus is {}", if bus.is_up() { "up" } else { "down" });
//! # Ok(())
//! # }
//! ```
#![doc = include_str!("nodes.md")]

pub(crate) mod held;
pub(crate) mod invited;
mod local;
#[cfg(feature = "nats")]
pub mod nats;
pub(crate) mod packet;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use crate::id::{RoomId, UserId};

pub use local::{LocalBus, MAX_WAITING};
#[cfg(feature = "nats")]
pub use nats::NatsBus;

/// The most bytes of a packet: 64 KiB. What would be longer is told by its position alone, and read from the
/// store.
pub const MAX_PACKET_BYTES: usize = 64 * 1024;

/// What a packet is about, and so which nodes want it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a bus names a subject for each")]
pub enum Topic {
    /// A room, followed by the nodes on which somebody listens to it.
    Room(RoomId),
    /// A user, followed by the nodes on which they are connected.
    User(UserId),
    /// The nodes themselves, followed by all of them.
    Nodes,
}

/// The contract of a bus: it carries packets from a node to the others.
///
/// **To others.** A packet goes to every OTHER node that follows its topic, and never back to the one that
/// published it: connections of that node had the event before.
///
/// **It is only a hint.** Packets may be lost, come twice, and come in another order than they were
/// published in, also those of one topic. Each packet says what was before it, so that a node sees what it
/// misses and reads it from the store. But none comes changed, in part, or under another topic.
///
/// **Following.** A node gets the packets of a topic that are published after [`follow`](Self::follow) has
/// taken effect, which it does within moments of the call, and none that are published after
/// [`unfollow`](Self::unfollow) has. Either one twice is as once. A node follows nothing at first.
///
/// **It never makes anybody wait.** `publish`, `follow` and `unfollow` are called in commit order, from
/// where connections are served, and return at once. Where a packet does not fit a bound of the bus, it is
/// lost. What waits for [`next`](Self::next) is bounded too, and the bus says by which bound.
///
/// **Down and up.** A bus without a connection loses what it is given, connects again by itself, without a
/// storm, and follows then what was followed. That it was away is told by
/// [`is_up`](Self::is_up), to whoever operates the node.
///
/// The cases are a suite: see [`testing::bus`](crate::testing::bus).
#[async_trait]
pub trait Bus: Send + Sync + fmt::Debug + 'static {
    /// Tells the other nodes that follow the topic. The engine's packets have at most
    /// [`MAX_PACKET_BYTES`]; a bus may lose longer ones.
    fn publish(&self, topic: &Topic, packet: Bytes);

    /// Asks for the packets of a topic.
    fn follow(&self, topic: &Topic);

    /// Asks for them no more.
    fn unfollow(&self, topic: &Topic);

    /// The next packet that came; `None` when none will come any more. Called by one task at a time; when
    /// the call is dropped, nothing is lost by it.
    async fn next(&self) -> Option<(Topic, Bytes)>;

    /// Whether packets get through now, as far as the bus knows.
    fn is_up(&self) -> bool;
}
