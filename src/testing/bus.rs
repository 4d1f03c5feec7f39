//! The suite that every [`Bus`] passes, and a bus that is as bad as one may be.
//!
//! The suite allows what the contract allows: packets that are lost, doubled or late. So it sends again
//! until one comes, and tells what must never come by what comes after it.
//!
//! ```
//! use chat_core::bus::LocalBus;
//! use chat_core::testing::bus::Fixture;
//!
//! chat_core::bus_suite!(local, || async { Some(Fixture::new(LocalBus::between(3))) });
//! # fn main() {}
//! ```
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use crate::bus::{Bus, MAX_PACKET_BYTES, Topic};
use crate::id::{RoomId, UserId};

/// How long a packet may take that is sent again and again.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is sent again.
const AGAIN: Duration = Duration::from_millis(20);

/// Makes a module of tests, one for each case of the contract of a [`Bus`](crate::bus::Bus).
///
/// The first argument names the module; the second is a closure whose future yields a
/// [`Fixture`](crate::testing::bus::Fixture), or `None` where the bus's server is missing. See
/// [`testing::bus`](crate::testing::bus).
#[macro_export]
macro_rules! bus_suite {
    (@cases $($case:ident)*) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(bus) = fresh().await {
                    $crate::testing::bus::$case(bus).await;
                }
            }
        )*
    };
    ($name:ident, $factory:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "whatever the factory names")]
            use super::*;

            #[allow(dead_code, reason = "without tests nothing calls it")]
            async fn fresh() -> ::std::option::Option<$crate::testing::bus::Fixture> {
                ($factory)().await
            }

            $crate::bus_suite! { @cases
                a_packet_reaches_every_other_node_that_follows_and_never_its_own
                each_topic_is_its_own_whatever_its_id
                a_node_that_follows_nothing_gets_nothing
                after_unfollowing_nothing_comes_even_when_it_was_followed_twice
                what_was_unfollowed_may_be_followed_again
                packets_come_whole_and_unchanged
                thousands_of_topics_are_followed_at_once
                nobody_waits_for_a_node_that_takes_nothing
                a_call_for_the_next_that_is_dropped_loses_nothing
                nodes_publish_at_once_from_many_tasks
                a_bus_whose_packets_get_through_is_up
            }
        }
    };
}

/// Three nodes that reach each other, with nothing followed.
pub struct Fixture {
    nodes: Vec<Arc<dyn Bus>>,
    _kept: Option<Box<dyn Send + Sync>>,
}

impl Fixture {
    /// The buses of three nodes.
    ///
    /// # Panics
    /// When there are not three.
    pub fn new<B: Bus>(nodes: impl IntoIterator<Item = B>) -> Self {
        let nodes: Vec<Arc<dyn Bus>> = nodes.into_iter().map(|node| Arc::new(node) as _).collect();
        assert_eq!(nodes.len(), 3, "the suite takes three nodes");
        Self { nodes, _kept: None }
    }

    /// Keeps something for as long as the nodes live, such as a server.
    #[must_use]
    pub fn keeping(mut self, kept: impl Send + Sync + 'static) -> Self {
        self._kept = Some(Box::new(kept));
        self
    }

    /// Publishes from one node until it has reached another; gives what came there before it.
    async fn reaches(&self, from: usize, to: usize, topic: &Topic, packet: &Bytes) -> Vec<(Topic, Bytes)> {
        let (deadline, mut before) = (Instant::now() + PATIENCE, Vec::new());
        loop {
            assert!(Instant::now() < deadline, "nothing of {topic:?} came from node {from} to node {to}");
            self.nodes[from].publish(topic, packet.clone());
            let again = Instant::now() + AGAIN;
            while let Ok(next) = timeout_at(again, self.nodes[to].next()).await {
                let (at, came) = next.expect("the bus goes on");
                if (&at, &came) == (topic, packet) {
                    return before;
                }
                before.push((at, came));
            }
        }
    }

    /// Whatever else has come to a node by now: that of a fresh topic comes behind it.
    async fn up_to_now(&self, node: usize) -> Vec<(Topic, Bytes)> {
        let (topic, packet) = (Topic::Room(RoomId::generate()), Bytes::from_static(b"now"));
        self.nodes[node].follow(&topic);
        let from = (node + 1) % self.nodes.len();
        let mut before = self.reaches(from, node, &topic, &packet).await;
        // Late ones too.
        before.extend(self.reaches(from, node, &topic, &packet).await);
        self.nodes[node].unfollow(&topic);
        before.retain(|(at, _)| *at != topic);
        before
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

fn room() -> Topic {
    Topic::Room(RoomId::generate())
}

fn user(name: &str) -> Topic {
    Topic::User(name.parse::<UserId>().expect("a good user id"))
}

fn packet(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub async fn a_packet_reaches_every_other_node_that_follows_and_never_its_own(bus: Fixture) {
    let topic = room();
    bus.nodes.iter().for_each(|node| node.follow(&topic));
    for from in 0..3 {
        for to in (0..3).filter(|to| *to != from) {
            bus.reaches(from, to, &topic, &packet(&format!("{from}"))).await;
        }
    }
    for node in 0..3 {
        let own = (topic.clone(), packet(&format!("{node}")));
        assert!(!bus.up_to_now(node).await.contains(&own), "node {node} has told itself");
    }
}

pub async fn each_topic_is_its_own_whatever_its_id(bus: Fixture) {
    let long = "\u{1F98A}".repeat(128);
    let names = [
        "ana",
        "Ana",
        "a.b",
        "a",
        "*",
        ">",
        "a.*",
        "a b",
        "$SYS",
        "nodes",
        "\u{d55c}\u{ae00}",
        "a%2eb",
        &long,
    ];
    let mut topics: Vec<Topic> = names.into_iter().map(user).collect();
    topics.extend([room(), room(), Topic::Nodes]);
    for (turn, followed) in topics.iter().enumerate() {
        let any = packet(&format!("{turn}"));
        bus.nodes[1].follow(followed);
        for topic in &topics {
            bus.nodes[0].publish(topic, any.clone());
        }
        let mut came = bus.reaches(0, 1, followed, &packet("end")).await;
        bus.nodes[1].unfollow(followed);
        came.extend(bus.up_to_now(1).await);
        // Doubles from the turns before may still come.
        let mut of_turn = came.iter().filter(|(_, packet)| *packet == any);
        assert!(of_turn.all(|(topic, _)| topic == followed), "{followed:?} brought {came:?}");
    }
}

pub async fn a_node_that_follows_nothing_gets_nothing(bus: Fixture) {
    let topic = room();
    bus.nodes[1].follow(&topic);
    bus.reaches(0, 1, &topic, &packet("hi")).await;
    assert_eq!(bus.up_to_now(2).await, []);
}

pub async fn after_unfollowing_nothing_comes_even_when_it_was_followed_twice(bus: Fixture) {
    let topic = room();
    for _ in 0..3 {
        bus.nodes[1].follow(&topic);
    }
    bus.nodes[2].follow(&topic);
    bus.reaches(0, 1, &topic, &packet("before")).await;
    bus.nodes[1].unfollow(&topic);
    bus.nodes[1].unfollow(&topic);
    // It has taken effect within moments.
    bus.up_to_now(1).await;
    bus.reaches(0, 2, &topic, &packet("after")).await;
    let came = bus.up_to_now(1).await;
    assert!(!came.contains(&(topic, packet("after"))), "{came:?}");
}

pub async fn what_was_unfollowed_may_be_followed_again(bus: Fixture) {
    let topic = user("ana");
    for turn in 0..20 {
        bus.nodes[1].follow(&topic);
        bus.reaches(0, 1, &topic, &packet(&format!("{turn}"))).await;
        bus.nodes[1].unfollow(&topic);
    }
}

pub async fn packets_come_whole_and_unchanged(bus: Fixture) {
    let topic = room();
    bus.nodes[1].follow(&topic);
    let all: Vec<u8> = (0..=255).cycle().take(MAX_PACKET_BYTES).collect();
    for size in [0, 1, 255, 4096, MAX_PACKET_BYTES] {
        bus.reaches(0, 1, &topic, &Bytes::copy_from_slice(&all[..size])).await;
    }
}

pub async fn thousands_of_topics_are_followed_at_once(bus: Fixture) {
    let topics: Vec<Topic> = (0..3000).map(|_| room()).collect();
    topics.iter().for_each(|topic| bus.nodes[1].follow(topic));
    let mut missing: HashSet<Topic> = topics.iter().cloned().collect();
    let deadline = Instant::now() + PATIENCE;
    while !missing.is_empty() {
        assert!(Instant::now() < deadline, "{} topics brought nothing", missing.len());
        missing.iter().for_each(|topic| bus.nodes[0].publish(topic, packet("hi")));
        let again = Instant::now() + AGAIN * 5;
        while let Ok(Some((topic, _))) = timeout_at(again, bus.nodes[1].next()).await {
            missing.remove(&topic);
            if missing.is_empty() {
                break;
            }
        }
    }
    let (gone, kept) = topics.split_at(1500);
    gone.iter().for_each(|topic| bus.nodes[1].unfollow(topic));
    bus.up_to_now(1).await;
    for topic in &topics {
        bus.nodes[0].publish(topic, packet("again"));
    }
    let came = bus.up_to_now(1).await;
    let mut again = came.iter().filter(|(_, came)| *came == packet("again"));
    assert!(again.all(|(topic, _)| kept.contains(topic)));
}

pub async fn nobody_waits_for_a_node_that_takes_nothing(bus: Fixture) {
    let (slow, quick) = (room(), room());
    bus.nodes[1].follow(&slow);
    bus.nodes[2].follow(&quick);
    bus.reaches(0, 2, &quick, &packet("before")).await;
    let full = Bytes::from(vec![7; 1024]);
    let began = Instant::now();
    for _ in 0..100_000 {
        bus.nodes[0].publish(&slow, full.clone());
    }
    assert!(began.elapsed() < PATIENCE, "publishing took {:?}", began.elapsed());
    bus.reaches(0, 2, &quick, &packet("beside")).await;
    // And it comes back to life when it takes what is left.
    bus.reaches(0, 1, &slow, &packet("after")).await;
}

pub async fn a_call_for_the_next_that_is_dropped_loses_nothing(bus: Fixture) {
    let topic = room();
    bus.nodes[1].follow(&topic);
    for turn in 0..20 {
        let dropped = timeout(Duration::from_millis(1), bus.nodes[1].next()).await;
        drop(dropped);
        bus.reaches(0, 1, &topic, &packet(&format!("{turn}"))).await;
    }
}

pub async fn nodes_publish_at_once_from_many_tasks(bus: Fixture) {
    let topic = room();
    bus.nodes[1].follow(&topic);
    bus.reaches(0, 1, &topic, &packet("ready")).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (node, topic) = (bus.nodes[if number % 2 == 0 { 0 } else { 2 }].clone(), topic.clone());
        tasks.spawn(async move {
            for turn in 0..20 {
                node.publish(&topic, packet(&format!("{number} {turn}")));
                tokio::task::yield_now().await;
            }
        });
    }
    tasks.join_all().await;
    let came = bus.reaches(0, 1, &topic, &packet("end")).await;
    let sent: HashSet<Bytes> =
        (0..50).flat_map(|n| (0..20).map(move |t| packet(&format!("{n} {t}")))).collect();
    let is_known = |packet: &Bytes| {
        sent.contains(packet) || ["ready", "end"].contains(&&*String::from_utf8_lossy(packet))
    };
    assert!(came.iter().all(|(at, packet)| *at == topic && is_known(packet)), "nothing was made up");
    let told: HashSet<_> = came.iter().filter(|(_, packet)| sent.contains(packet)).map(|(_, p)| p).collect();
    assert!(told.len() > 100, "most come: {}", told.len());
}

pub async fn a_bus_whose_packets_get_through_is_up(bus: Fixture) {
    let topic = room();
    bus.nodes[1].follow(&topic);
    bus.reaches(0, 1, &topic, &packet("hi")).await;
    assert!(bus.nodes[0].is_up() && bus.nodes[1].is_up());
}

/// Loses some of what it is told, hands some of it on twice, and some of it late and out of order: all that
/// the contract of a [`Bus`] allows. The same each time, by its seed.
#[derive(Debug)]
pub struct BadBus<B> {
    bus: B,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    dice: u64,
    /// What is handed on behind the one after it.
    late: Option<(Topic, Bytes)>,
}

impl<B: Bus> BadBus<B> {
    /// Hands on to another bus, badly. The lowest bit of the seed does not count.
    pub fn new(bus: B, seed: u64) -> Self {
        Self { bus, state: Mutex::new(State { dice: seed | 1, late: None }) }
    }
}

#[async_trait]
impl<B: Bus> Bus for BadBus<B> {
    fn publish(&self, topic: &Topic, packet: Bytes) {
        let (times, late) = {
            let mut state = self.state.lock();
            // Xorshift (Marsaglia, 2003): enough for tests, and the same everywhere.
            for (left, shift) in [(true, 13), (false, 7), (true, 17)] {
                state.dice ^= if left { state.dice << shift } else { state.dice >> shift };
            }
            match state.dice % 4 {
                0 => return,
                1 => {
                    // With one that was late already: that is lost.
                    state.late = Some((topic.clone(), packet));
                    return;
                }
                2 => (2, state.late.take()),
                _ => (1, state.late.take()),
            }
        };
        (0..times).for_each(|_| self.bus.publish(topic, packet.clone()));
        if let Some((topic, packet)) = late {
            self.bus.publish(&topic, packet);
        }
    }

    fn follow(&self, topic: &Topic) {
        self.bus.follow(topic);
    }

    fn unfollow(&self, topic: &Topic) {
        self.bus.unfollow(topic);
    }

    async fn next(&self) -> Option<(Topic, Bytes)> {
        self.bus.next().await
    }

    fn is_up(&self) -> bool {
        self.bus.is_up()
    }
}
