//! Nodes of one process.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, mpsc};

use super::{Bus, Topic};

/// How many packets wait for a node at most; what comes then is lost to it.
pub const MAX_WAITING: usize = 16_384;

/// One node's end of a bus between several engines of one process: for tests, or for an engine a core. It
/// loses nothing but what does not fit.
#[derive(Debug)]
pub struct LocalBus {
    node: usize,
    network: Arc<Mutex<Network>>,
    inbox: AsyncMutex<mpsc::Receiver<(Topic, Bytes)>>,
}

/// A node that follows something.
type Outbox = mpsc::Sender<(Topic, Bytes)>;

#[derive(Debug, Default)]
struct Network {
    nodes: HashMap<usize, Outbox>,
    followers: HashMap<Topic, HashSet<usize>>,
}

impl LocalBus {
    /// Buses of so many nodes, which reach each other. A node is gone when its bus is dropped.
    pub fn between(nodes: usize) -> Vec<Self> {
        let network = Arc::new(Mutex::new(Network::default()));
        let end = |node| {
            let (outbox, inbox) = mpsc::channel(MAX_WAITING);
            network.lock().nodes.insert(node, outbox);
            Self { node, network: network.clone(), inbox: AsyncMutex::new(inbox) }
        };
        (0..nodes).map(end).collect()
    }
}

#[async_trait]
impl Bus for LocalBus {
    fn publish(&self, topic: &Topic, packet: Bytes) {
        let network = self.network.lock();
        let followers = network.followers.get(topic).into_iter().flatten();
        for outbox in followers.filter(|node| **node != self.node).filter_map(|node| network.nodes.get(node))
        {
            // What does not fit is lost, as the contract has it.
            let _ = outbox.try_send((topic.clone(), packet.clone()));
        }
    }

    fn follow(&self, topic: &Topic) {
        self.network.lock().followers.entry(topic.clone()).or_default().insert(self.node);
    }

    fn unfollow(&self, topic: &Topic) {
        let mut network = self.network.lock();
        let Some(followers) = network.followers.get_mut(topic) else { return };
        followers.remove(&self.node);
        if followers.is_empty() {
            network.followers.remove(topic);
        }
    }

    async fn next(&self) -> Option<(Topic, Bytes)> {
        self.inbox.lock().await.recv().await
    }

    fn is_up(&self) -> bool {
        true
    }
}

impl Drop for LocalBus {
    fn drop(&mut self) {
        let mut network = self.network.lock();
        network.nodes.remove(&self.node);
        network.followers.retain(|_, followers| {
            followers.remove(&self.node);
            !followers.is_empty()
        });
    }
}
