//! What a message costs in each wire format: encoded once for all who listen in it, and parsed when it is sent.

use std::hint::black_box;

use chat_core::testing::wire::Wire;
use criterion::{Criterion, criterion_group, criterion_main};

fn wire(c: &mut Criterion) {
    let mut group = c.benchmark_group("wire");
    for (name, wire) in [("native", Wire::native()), ("socketio", Wire::socketio())] {
        group.bench_function(format!("encode {name}"), |b| b.iter(|| black_box(wire.encode())));
        group.bench_function(format!("decode {name}"), |b| b.iter(|| black_box(wire.decode())));
    }
    group.finish();
}

criterion_group!(benches, wire);
criterion_main!(benches);
