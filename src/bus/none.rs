//! A node by itself.

use super::{Bus, Hint};

/// There are no other nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBus;

impl Bus for NoBus {
    fn announce(&self, _hint: Hint) {}
}
