//! Hub fan-out to 1 … 10,000 mailboxes, beside `tokio::sync::broadcast` with a task for each receiver and one
//! bounded mpsc a subscriber, in the same run. Each iteration publishes one event of 300 bytes to all
//! subscribers. What waits in mailboxes and channels is taken out between the iterations, outside of the
//! measured time; a broadcast has no such place, so each of its iterations ends when every task has the event,
//! which is where the flusher of the hub begins.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chat_core::testing::fanout::Fanout;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::sync::{broadcast, mpsc};

const FRAME: usize = 300;
/// Events between two drains; below every bound.
const ROUND: u64 = 64;

/// Measures `publish` alone, in rounds, with `drain` between them.
fn rounds<T>(iterations: u64, state: &mut T, publish: fn(&mut T), drain: fn(&mut T)) -> Duration {
    let mut spent = Duration::ZERO;
    let mut left = iterations;
    while left > 0 {
        let round = left.min(ROUND);
        let start = Instant::now();
        for _ in 0..round {
            publish(state);
        }
        spent += start.elapsed();
        drain(state);
        left -= round;
    }
    spent
}

/// From the send until each receiver has it, in the task that would write its socket.
fn broadcast_to_tasks(iterations: u64, subscribers: usize) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let (sender, _) = broadcast::channel::<bytes::Bytes>(128);
        let (tell, mut told) = mpsc::unbounded_channel();
        let missing = Arc::new(AtomicUsize::new(0));
        for _ in 0..subscribers {
            let (mut receiver, tell, missing) = (sender.subscribe(), tell.clone(), missing.clone());
            tokio::spawn(async move {
                while let Ok(frame) = receiver.recv().await {
                    black_box(frame);
                    if missing.fetch_sub(1, Ordering::Relaxed) == 1 {
                        let _ = tell.send(());
                    }
                }
            });
        }
        let frame = bytes::Bytes::from(vec![b'x'; FRAME]);
        let start = Instant::now();
        for _ in 0..iterations {
            missing.store(subscribers, Ordering::Relaxed);
            let _ = sender.send(frame.clone());
            told.recv().await;
        }
        start.elapsed()
    })
}

fn fanout(c: &mut Criterion) {
    let mut group = c.benchmark_group("fanout");
    group.sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    for subscribers in [1, 10, 100, 1_000, 10_000] {
        group.throughput(Throughput::Elements(subscribers as u64));

        group.bench_function(BenchmarkId::new("hub", subscribers), |b| {
            let mut hub = Fanout::new(subscribers, FRAME);
            b.iter_custom(|n| {
                rounds(n, &mut hub, Fanout::publish, |hub| {
                    black_box(hub.drain());
                })
            });
        });

        group.bench_function(BenchmarkId::new("broadcast", subscribers), |b| {
            b.iter_custom(|n| broadcast_to_tasks(n, subscribers));
        });

        group.bench_function(BenchmarkId::new("mpsc", subscribers), |b| {
            let channels: Vec<_> = (0..subscribers).map(|_| mpsc::channel::<bytes::Bytes>(128)).collect();
            let mut state = (channels, bytes::Bytes::from(vec![b'x'; FRAME]));
            type Channels = Vec<(mpsc::Sender<bytes::Bytes>, mpsc::Receiver<bytes::Bytes>)>;
            let publish = |(channels, frame): &mut (Channels, bytes::Bytes)| {
                for (sender, _) in channels {
                    let _ = sender.try_send(frame.clone());
                }
            };
            let drain = |(channels, _): &mut (Channels, bytes::Bytes)| {
                for (_, receiver) in channels {
                    while receiver.try_recv().is_ok() {}
                }
            };
            b.iter_custom(|n| rounds(n, &mut state, publish, drain));
        });
    }
    group.finish();
}

criterion_group!(benches, fanout);
criterion_main!(benches);
