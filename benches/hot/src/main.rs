//! Does one of the hot paths so many times: `hot PATH TIMES`.

use std::hint::black_box;

use chat_core::ChatEngine;
use chat_core::model::{Draft, NewRoom};
use chat_core::testing::fanout::Fanout;
use chat_core::testing::wire::Wire;

/// What a mailbox takes before it is emptied.
const ROUND: usize = 32;

fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_default();
    let times: usize = args.next().and_then(|times| times.parse().ok()).unwrap_or(0);
    match path.as_str() {
        "publish-1000" => publish(times),
        "encode-native" => repeat(times, Wire::native(), |wire| {
            black_box(wire.encode());
        }),
        "encode-socketio" => repeat(times, Wire::socketio(), |wire| {
            black_box(wire.encode());
        }),
        "decode-native" => repeat(times, Wire::native(), |wire| assert!(black_box(wire.decode()))),
        "decode-socketio" => repeat(times, Wire::socketio(), |wire| assert!(black_box(wire.decode()))),
        "send-memory" => send(times),
        other => {
            eprintln!("no path {other:?}");
            std::process::exit(2);
        }
    }
}

fn repeat<T>(times: usize, of: T, once: impl Fn(&T)) {
    for _ in 0..times {
        once(&of);
    }
}

/// One event to 1,000 mailboxes, and out of them as a socket would take it.
fn publish(times: usize) {
    let mut hub = Fanout::new(1_000, 300);
    for turn in 1..=times {
        hub.publish();
        if turn % ROUND == 0 {
            black_box(hub.drain());
        }
    }
}

/// A message through the engine into the store in memory, alone in its batch.
fn send(times: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let engine = ChatEngine::builder().build().await.expect("an engine");
        let ana = engine.as_user("ana".parse().expect("a good id"));
        let room = ana.create_room(NewRoom::group("Runners")).await.expect("a room").id();
        for _ in 0..times {
            ana.send(room, Draft::text("x".repeat(100))).await.expect("it is sent");
        }
    });
}
