//! The other nodes: which of them live, and whether all that they told has come.
//!
//! Pure: time is an argument.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::ingress::PATIENCE;
use crate::bus::packet::NodeId;

/// How often a node tells that it lives.
pub(super) const BEAT: Duration = Duration::from_secs(1);

/// A node that tells nothing for so long is dead. Longer than a bus may seem up with its link cut (`NatsBus`: 6 s).
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

    /// It has told of so many commits. `true`: nothing was heard of it before.
    pub(super) fn counts(&mut self, node: NodeId, commits: u64, now: Instant) -> bool {
        let is_first = self.hear(node, now);
        let Some(peer) = self.peers.get_mut(&node) else { return false };
        if is_first {
            (peer.upto, self.is_suspicious) = (commits, true);
        } else {
            peer.told = commits.max(peer.told);
            peer.close_up(now);
        }
        is_first
    }

    /// It stops.
    pub(super) fn leaves(&mut self, node: NodeId, now: Instant) {
        self.left(node, Duration::ZERO, now);
    }

    /// It has stopped so long ago.
    pub(super) fn left(&mut self, node: NodeId, ago: Duration, now: Instant) {
        let Some(left) = now.checked_sub(ago).filter(|_| ago < FAREWELL) else { return };
        self.hear(node, now);
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.left.get_or_insert(left);
        }
    }

    /// Those that have stopped and are not forgotten yet, and how long ago that was.
    pub(super) fn leaving(&self, now: Instant) -> impl Iterator<Item = (NodeId, Duration)> {
        let left =
            move |(node, peer): (&NodeId, &Peer)| Some((*node, now.saturating_duration_since(peer.left?)));
        self.peers.iter().filter_map(left)
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

    /// Whether a node that should tell that it lives has not: this one may be cut off. Sooner than anybody gives
    /// up on waiting for an answer from here.
    pub(super) fn is_anybody_silent(&self, now: Instant) -> bool {
        self.peers.values().any(|peer| peer.left.is_none() && now >= peer.heard + BEAT + BEAT / 2)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_should_have_told_that_it_lives_is_silent_and_who_said_goodbye_is_not() {
        let (start, one, other) = (Instant::now(), NodeId::random(), NodeId::random());
        let mut peers = Peers::default();
        peers.hear(one, start);
        peers.hear(other, start);
        peers.leaves(other, start);
        assert!(!peers.is_anybody_silent(start + BEAT));
        assert!(peers.is_anybody_silent(start + 2 * BEAT));
        peers.hear(one, start + 2 * BEAT);
        assert!(!peers.is_anybody_silent(start + 3 * BEAT));
    }

    fn known(node: NodeId, commits: u64, now: Instant) -> Peers {
        let mut peers = Peers::default();
        peers.counts(node, commits, now);
        assert!(peers.is_anything_lost(now), "what it told before was not heard");
        assert!(!peers.is_anything_lost(now));
        peers
    }

    #[test]
    fn commits_that_come_out_of_order_are_no_loss_and_each_counts_once() {
        let (node, now) = (NodeId::random(), Instant::now());
        let mut peers = known(node, 4, now);
        for number in [6, 7, 5] {
            assert!(peers.commit(node, number, now));
            assert!(!peers.commit(node, number, now), "it came twice");
        }
        assert!(!peers.commit(node, 3, now));
        assert!(!peers.is_anything_lost(now + PATIENCE));
        assert!(peers.has_all(node, 7) && !peers.has_all(node, 8));
    }

    #[test]
    fn a_missing_commit_is_lost_after_a_while_and_then_counts_as_come() {
        let (node, now) = (NodeId::random(), Instant::now());
        let mut peers = known(node, 4, now);
        peers.commit(node, 6, now);
        assert_eq!(peers.deadline(), Some(now + PATIENCE));
        assert!(!peers.has_all(node, 6));
        assert!(!peers.is_anything_lost(now));
        assert!(peers.is_anything_lost(now + PATIENCE));
        assert!(!peers.is_anything_lost(now + PATIENCE), "once");
        assert!(peers.has_all(node, 6));
    }

    #[test]
    fn the_last_commit_is_missed_by_the_beat_after_it() {
        let (node, now) = (NodeId::random(), Instant::now());
        let mut peers = known(node, 4, now);
        peers.counts(node, 5, now);
        assert!(peers.is_anything_lost(now + PATIENCE));
        peers.counts(node, 5, now + BEAT);
        assert!(!peers.is_anything_lost(now + BEAT + PATIENCE));
    }

    #[test]
    fn a_silent_node_is_gone_and_one_that_said_goodbye_later() {
        let (one, two, now) = (NodeId::random(), NodeId::random(), Instant::now());
        let mut peers = known(one, 0, now);
        peers.leaves(two, now);
        assert!(peers.beat(now + BEAT).is_sound);
        assert!(!peers.beat(now + 2 * BEAT).is_sound, "it may have told something");
        for after in 1..60 {
            peers.hear(two, now + after * BEAT / 2);
        }
        assert_eq!(peers.beat(now + SILENCE).gone, [one]);
        assert!(peers.is_anything_lost(now + SILENCE));
        assert_eq!(peers.beat(now + FAREWELL).gone, [two]);
        assert!(FAREWELL < Duration::from_secs(30) && SILENCE < Duration::from_secs(30));
    }

    #[test]
    fn answers_are_expected_from_those_who_live() {
        let (one, two, now) = (NodeId::random(), NodeId::random(), Instant::now());
        let mut peers = known(one, 0, now);
        peers.counts(two, 0, now);
        peers.leaves(two, now);
        assert_eq!(peers.live(now + BEAT).count(), 2);
        assert_eq!(peers.live(now + 2 * BEAT).collect::<Vec<_>>(), [one]);
        assert_eq!(peers.live(now + 3 * BEAT).count(), 0);
    }
}
