//! The other nodes: which of them live, and whether all that they told has come.
//!
//! Pure: time is an argument.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::ingress::PATIENCE;
use crate::bus::packet::NodeId;

/// How often a node tells that it lives.
pub(super) const BEAT: Duration = Duration::from_secs(1);

/// A node that tells nothing for so long is dead.
pub(super) const SILENCE: Duration = Duration::from_secs(10);

/// A node that has said goodbye is forgotten after so long: its people are on their way to others.
pub(super) const FAREWELL: Duration = Duration::from_secs(15);

/// The most commits of a node that may have come out of order; beyond that some are lost.
const MAX_BEYOND: usize = 1024;

/// The most nodes that are known at once.
const MAX_PEERS: usize = 1024;

#[derive(Debug)]
struct Peer {
    heard: Instant,
    /// It has said that it stops.
    left: Option<Instant>,
    /// All of its commits up to here have come, or are counted as lost.
    upto: u64,
    /// Those that have come beyond it.
    beyond: BTreeSet<u64>,
    /// How many it has told of.
    told: u64,
    gap_since: Option<Instant>,
}

/// All nodes that were heard of.
#[derive(Debug, Default)]
pub(super) struct Peers {
    peers: HashMap<NodeId, Peer>,
    is_suspicious: bool,
}

/// What a beat has shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Beat {
    /// Nodes that are no more.
    pub(super) gone: Vec<NodeId>,
    /// Nobody owes anything: all nodes were heard since the last beat but one, without a gap.
    pub(super) is_sound: bool,
}

impl Peers {
    /// Something came from this node. `true`: for the first time.
    pub(super) fn hear(&mut self, node: NodeId, now: Instant) -> bool {
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.heard = now;
            return false;
        }
        if self.peers.len() >= MAX_PEERS {
            return false;
        }
        let peer =
            Peer { heard: now, left: None, upto: 0, beyond: BTreeSet::new(), told: 0, gap_since: None };
        self.peers.insert(node, peer);
        true
    }

    /// Its commit of this number came. `false`: it had come before.
    pub(super) fn commit(&mut self, node: NodeId, number: u64, now: Instant) -> bool {
        let is_first = self.hear(node, now);
        let Some(peer) = self.peers.get_mut(&node) else { return true };
        if is_first {
            // What was before it concerned nobody here, or is read now.
            (peer.upto, self.is_suspicious) = (number, true);
            return true;
        }
        if number <= peer.upto || !peer.beyond.insert(number) {
            return false;
        }
        if peer.beyond.len() > MAX_BEYOND {
            peer.give_up();
            self.is_suspicious = true;
        }
        peer.close_up(now);
        true
    }

    /// It has told of so many commits.
    pub(super) fn counts(&mut self, node: NodeId, commits: u64, now: Instant) {
        let is_first = self.hear(node, now);
        let Some(peer) = self.peers.get_mut(&node) else { return };
        if is_first {
            (peer.upto, self.is_suspicious) = (commits, true);
        } else {
            peer.told = commits.max(peer.told);
            peer.close_up(now);
        }
    }

    /// It stops.
    pub(super) fn leaves(&mut self, node: NodeId, now: Instant) {
        self.hear(node, now);
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.left.get_or_insert(now);
        }
    }

    /// Whether all that was told has come, or some of it is lost: then everything is to be read, and counts
    /// as come.
    pub(super) fn is_anything_lost(&mut self, now: Instant) -> bool {
        for peer in self.peers.values_mut() {
            if peer.gap_since.is_some_and(|since| now >= since + PATIENCE) {
                peer.give_up();
                self.is_suspicious = true;
            }
        }
        std::mem::take(&mut self.is_suspicious)
    }

    /// When [`Self::is_anything_lost`] is to be asked again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.peers.values().filter_map(|peer| Some(peer.gap_since? + PATIENCE)).min()
    }

    pub(super) fn beat(&mut self, now: Instant) -> Beat {
        let gone = self.peers.extract_if(|_, peer| peer.is_gone(now));
        let gone: Vec<NodeId> = gone.map(|(node, _)| node).collect();
        // Whoever died may have told nothing of its last commits.
        self.is_suspicious |= !gone.is_empty();
        let is_sound =
            |peer: &Peer| peer.left.is_some() || (now < peer.heard + 2 * BEAT && peer.gap_since.is_none());
        Beat { is_sound: gone.is_empty() && self.peers.values().all(is_sound), gone }
    }

    /// Nodes that an answer can be expected from.
    pub(super) fn live(&self, now: Instant) -> impl Iterator<Item = NodeId> {
        let is_live = move |peer: &Peer| {
            let patience = if peer.left.is_some() { BEAT + BEAT / 2 } else { 3 * BEAT };
            now < peer.heard + patience
        };
        self.peers.iter().filter(move |(_, peer)| is_live(peer)).map(|(node, _)| *node)
    }

    /// Whether so many commits of the node have come.
    pub(super) fn has_all(&self, node: NodeId, commits: u64) -> bool {
        !self.is_suspicious && self.peers.get(&node).is_none_or(|peer| peer.upto >= commits)
    }
}

impl Peer {
    /// Takes what follows on without a gap.
    fn close_up(&mut self, now: Instant) {
        let before = self.upto;
        while self.beyond.remove(&(self.upto + 1)) {
            self.upto += 1;
        }
        if self.beyond.is_empty() && self.upto >= self.told {
            self.gap_since = None;
        } else if self.upto > before {
            self.gap_since = Some(now);
        } else {
            self.gap_since.get_or_insert(now);
        }
    }

    /// What is missing is lost.
    fn give_up(&mut self) {
        self.upto = self.beyond.last().copied().unwrap_or(0).max(self.told).max(self.upto);
        self.beyond.clear();
        self.gap_since = None;
    }

    fn is_gone(&self, now: Instant) -> bool {
        now >= self.heard + SILENCE || self.left.is_some_and(|left| now >= left + FAREWELL)
    }
}
