//! Waiting until the other nodes have handed on what this one has committed: what is revoked is revoked
//! everywhere then.

use std::collections::{HashMap, HashSet};

use crate::bus::packet::NodeId;
use crate::model::{Position, Token};

/// The most questions of other nodes that wait. Whoever asks more asks again.
const MAX_ASKED: usize = 4096;

/// A question to the other nodes.
#[derive(Debug)]
pub(in crate::engine) struct Pending {
    pub(in crate::engine) id: u64,
    pub(in crate::engine) at: Token,
}

#[derive(Debug, Default)]
pub(super) struct Syncs {
    last: u64,
    /// Who has not answered this node's questions.
    pending: HashMap<u64, HashSet<NodeId>>,
    /// What others asked: after how many commits of theirs, and where the store stood then.
    asked: HashMap<(NodeId, u64), (u64, Position)>,
}

impl Syncs {
    pub(super) fn ask(&mut self, nodes: impl Iterator<Item = NodeId>, at: Token) -> Option<Pending> {
        let nodes: HashSet<NodeId> = nodes.collect();
        if nodes.is_empty() {
            return None;
        }
        self.last += 1;
        self.pending.insert(self.last, nodes);
        Some(Pending { id: self.last, at })
    }

    pub(super) fn answered(&mut self, by: NodeId, id: u64) {
        if let Some(nodes) = self.pending.get_mut(&id) {
            nodes.remove(&by);
        }
    }

    pub(super) fn is_done(&self, id: u64) -> bool {
        self.pending.get(&id).is_none_or(HashSet::is_empty)
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.pending.remove(&id);
    }

    pub(super) fn asked(&mut self, by: NodeId, id: u64, commits: u64, position: Position) {
        if self.asked.len() < MAX_ASKED {
            self.asked.insert((by, id), (commits, position));
        }
    }

    /// What can be answered when this much was handed on, and all commits of those who ask have come.
    pub(super) fn answers(
        &mut self,
        has_all: impl Fn(NodeId, u64) -> bool,
        handed_on: &Position,
    ) -> Vec<(NodeId, u64)> {
        let ready = self.asked.extract_if(|(by, _), (commits, position)| {
            has_all(*by, *commits) && !position.is_ahead_of(handed_on)
        });
        ready.map(|(asked, _)| asked).collect()
    }

    pub(super) fn forget(&mut self, node: NodeId) {
        for nodes in self.pending.values_mut() {
            nodes.remove(&node);
        }
        self.asked.retain(|(by, _), _| *by != node);
    }
}
