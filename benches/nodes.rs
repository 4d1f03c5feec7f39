//! What the bus costs: one, two and three nodes over one store in memory, in one process, with the listeners
//! of a room spread over them. In one process, so that its processor time is that of all nodes.
//!
//! `CHAT_BENCH_NATS` names a NATS server; without it the nodes meet in memory.
#![allow(clippy::print_stdout, reason = "a bench prints")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chat_core::bus::nats::NatsOptions;
use chat_core::bus::{Bus, LocalBus, NatsBus};
use chat_core::event::EventKind;
use chat_core::model::{Draft, NewRoom};
use chat_core::store::{MemoryStore, Store};
use chat_core::{ChatEngine, RoomId};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

const LISTENERS: usize = 96;

/// What a run has shown.
struct Figures {
    messages: f64,
    /// Microseconds of processor time a message.
    cpu: f64,
    /// From a send on the first node to its arrival on the last.
    lag: [Duration; 2],
}

/// Processor time of the process so far.
fn cpu() -> Duration {
    // Fields 14 and 15 of /proc/self/stat, in ticks of 10 ms; behind the name, which may hold spaces.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

async fn engines(nodes: usize) -> Vec<ChatEngine> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut engines = Vec::new();
    let mut local = LocalBus::between(nodes).into_iter();
    let prefix = format!("bench-{}", RoomId::generate());
    for _ in 0..nodes {
        let builder = ChatEngine::builder().shared_store(store.clone());
        let builder = match std::env::var("CHAT_BENCH_NATS") {
            _ if nodes == 1 => builder,
            Ok(url) => {
                let mut options = NatsOptions::at([url]);
                options.prefix.clone_from(&prefix);
                let bus = NatsBus::connect_with(options).await.expect("NATS is there");
                while !bus.is_up() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                builder.bus(bus)
            }
            Err(_) => builder.bus(local.next().expect("a bus for each")),
        };
        engines.push(builder.build().await.expect("the engine starts"));
    }
    engines
}

async fn run(nodes: usize, listeners: usize, messages: usize, in_flight: usize) -> Figures {
    let engines = engines(nodes).await;
    let people: Vec<String> = (0..listeners).map(|n| format!("u{n}")).collect();
    let ana = engines[0].as_user("ana".parse().expect("a good id"));
    let new = NewRoom::group("bench").with(people.iter().cloned());
    let room = ana.create_room(new).await.expect("a room").id();
    let heard = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let (tell, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = Vec::new();
    for (n, name) in people.iter().enumerate() {
        let user = engines[n % nodes].as_user(name.parse().expect("a good id"));
        let mut session = user.connect().await.expect("a session");
        let (heard, tell) = (heard.clone(), (n == nodes - 1).then(|| tell.clone()));
        tasks.push(tokio::spawn(async move {
            while let Some(event) = session.next().await {
                if let EventKind::Message(message) = &event.kind {
                    heard.fetch_add(1, Ordering::Relaxed);
                    if let Some(tell) = &tell {
                        let _ = tell.send((message.seq, began.elapsed()));
                    }
                }
            }
        }));
    }
    // The nodes have heard of each other, and follow the room.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let (start, used) = (Instant::now(), cpu());
    let (mut sent, mut waiting) = (vec![Duration::ZERO; messages + 1], FuturesUnordered::new());
    for _ in 0..messages {
        if waiting.len() == in_flight {
            waiting.next().await;
        }
        let (ana, at) = (ana.clone(), began.elapsed());
        let send = async move { (ana.send(room, Draft::text("x".repeat(100))).await, at) };
        waiting.push(send);
        if in_flight == 1
            && let Some((Ok(message), at)) = waiting.next().await
        {
            sent[message.seq as usize] = at;
        }
    }
    while waiting.next().await.is_some() {}
    while heard.load(Ordering::Relaxed) < messages * listeners {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (took, used) = (start.elapsed(), cpu() - used);
    tasks.into_iter().for_each(|task| task.abort());
    let mut lags = Vec::new();
    while let Ok((seq, at)) = arrivals.try_recv() {
        lags.push(at.saturating_sub(sent[seq as usize]));
    }
    lags.sort();
    let lag = |part: f64| lags[((lags.len() - 1) as f64 * part) as usize];
    Figures {
        messages: messages as f64 / took.as_secs_f64(),
        cpu: used.as_micros() as f64 / messages as f64,
        lag: [lag(0.5), lag(0.99)],
    }
}

fn main() {
    // Once and unmeasured as a test.
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let (messages, rounds) = if is_bench { (20_000, 3) } else { (100, 1) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        println!("in flight  listeners  nodes  messages/s  µs a message  lag p50  p99");
        for (in_flight, listeners) in [(8, LISTENERS), (8, 3), (1, 3)] {
            for round in 0..rounds {
                for nodes in 1..=3 {
                    let Figures { messages, cpu, lag: [p50, p99] } =
                        run(nodes, listeners, messages, in_flight).await;
                    let lag = if in_flight == 1 { format!("{p50:?} {p99:?}") } else { "-".into() };
                    println!("{in_flight:9}  {listeners:9}  {nodes:5}  {messages:10.0}  {cpu:12.1}  {lag}  ({round})");
                }
            }
        }
    });
}
