//! What one node tells the others.

mod none;

use std::fmt;

use crate::id::RoomId;
use crate::model::Pos;

pub use none::NoBus;

/// A hint that a room changed on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hint {
    /// The room.
    pub room: RoomId,
    /// The position of its newest change.
    pub pos: Pos,
    /// The position of the room's change before it: who does not know that one has missed something.
    pub prev: u64,
}

/// Speaks to OTHER nodes, never to this one: connections of this node have an event before a bus does.
///
/// A bus is only a hint. It may lose, double and reorder: `prev` shows it, and the store fills it.
/// This version of the engine announces; handing on what other nodes announce comes with its first
/// network bus.
pub trait Bus: Send + Sync + fmt::Debug + 'static {
    /// Tells the others. Called in commit order, after the event was handed to this node's connections;
    /// must not block.
    fn announce(&self, hint: Hint);
}
