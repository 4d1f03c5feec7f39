//! A network of buses that loses, doubles and delays, in time that a test controls, and the same each time
//! by its seed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chat_core::bus::{Bus, Topic};
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, mpsc};

/// Numbers that look random (SplitMix64).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }

    pub(super) fn one_in(&mut self, of: u64) -> bool {
        self.roll(of) == 0
    }
}

/// How bad a network is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    /// Of 100 packets, so many are lost.
    pub(super) lost: u64,
    /// So many come twice.
    pub(super) doubled: u64,
    /// Each takes up to so long, so that they overtake each other.
    pub(super) delay: Duration,
}

type Inbox = mpsc::UnboundedSender<(Topic, Bytes)>;

#[derive(Debug)]
pub(super) struct Network {
    ends: Mutex<BTreeMap<u64, (Inbox, HashSet<Topic>, Arc<AtomicBool>)>>,
    dice: Mutex<Dice>,
    faults: Mutex<Faults>,
}

impl Network {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self { ends: Mutex::default(), dice: Mutex::new(Dice::new(seed)), faults: Mutex::default() })
    }

    pub(super) fn set(&self, faults: Faults) {
        *self.faults.lock() = faults;
    }

    /// A node's end; the same name again is another node in its place.
    pub(super) fn join(self: &Arc<Self>, name: u64) -> NetBus {
        let (inbox, waiting) = mpsc::unbounded_channel();
        let is_cut = Arc::new(AtomicBool::new(false));
        self.ends.lock().insert(name, (inbox, HashSet::new(), is_cut.clone()));
        NetBus { network: self.clone(), name, inbox: AsyncMutex::new(waiting), is_cut }
    }

    /// Cuts a node off, or lets it in again.
    pub(super) fn cut(&self, name: u64, is_cut: bool) {
        if let Some((.., cut)) = self.ends.lock().get(&name) {
            cut.store(is_cut, Ordering::SeqCst);
        }
    }
}

#[derive(Debug)]
pub(super) struct NetBus {
    network: Arc<Network>,
    name: u64,
    inbox: AsyncMutex<mpsc::UnboundedReceiver<(Topic, Bytes)>>,
    is_cut: Arc<AtomicBool>,
}

#[async_trait]
impl Bus for NetBus {
    fn publish(&self, topic: &Topic, packet: Bytes) {
        if !self.is_up() {
            return;
        }
        let faults = *self.network.faults.lock();
        for (name, (inbox, follows, cut)) in &*self.network.ends.lock() {
            if *name == self.name || !follows.contains(topic) || cut.load(Ordering::SeqCst) {
                continue;
            }
            let mut dice = self.network.dice.lock();
            if dice.roll(100) < faults.lost {
                continue;
            }
            for _ in 0..if dice.roll(100) < faults.doubled { 2 } else { 1 } {
                let delay = faults.delay.mul_f64(dice.roll(1000) as f64 / 1000.0);
                let (inbox, topic, packet) = (inbox.clone(), topic.clone(), packet.clone());
                if delay.is_zero() {
                    let _ = inbox.send((topic, packet));
                    continue;
                }
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    let _ = inbox.send((topic, packet));
                });
            }
        }
    }

    fn follow(&self, topic: &Topic) {
        if let Some((_, follows, _)) = self.network.ends.lock().get_mut(&self.name) {
            follows.insert(topic.clone());
        }
    }

    fn unfollow(&self, topic: &Topic) {
        if let Some((_, follows, _)) = self.network.ends.lock().get_mut(&self.name) {
            follows.remove(topic);
        }
    }

    async fn next(&self) -> Option<(Topic, Bytes)> {
        self.inbox.lock().await.recv().await
    }

    fn is_up(&self) -> bool {
        !self.is_cut.load(Ordering::SeqCst)
    }
}
