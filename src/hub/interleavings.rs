//! What holds however threads take turns: a scheduler tries many thousands of their interleavings.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::thread;

use super::lock::in_many_orders;
use super::{Bounds, Class, Connection, DirtyList, Entry, Hub, Mailbox, Written};
use crate::config::Config;
use crate::event::{Event, EventKind, Format, Frame};
use crate::id::{RoomId, UserId};
use crate::model::{Pos, Position};

const TRIES: usize = 5000;

fn bytes(text: &str) -> Frame {
    Frame::Bytes(Bytes::copy_from_slice(text.as_bytes()))
}

/// A mailbox that went from empty to filled is on the dirty list, or somebody is writing it: whatever is
/// pushed while a socket is written or blocks is written in the end, each pusher's in its order.
#[test]
fn whatever_is_pushed_is_written() {
    in_many_orders(TRIES, || {
        let format = Format::InProcess;
        let mailbox = Arc::new(Mailbox::new(format, Bounds { events: 100, bytes: 10_000 }));
        let dirty = Arc::new(DirtyList::default());
        let left = Arc::new(AtomicUsize::new(2));
        for name in ["a", "b"] {
            let (mailbox, dirty, left) = (mailbox.clone(), dirty.clone(), left.clone());
            thread::spawn(move || {
                for turn in 0..3 {
                    let frame = bytes(&format!("{name}{turn} "));
                    let pushed = mailbox.push(Entry::new(frame, None, Class::Durable), None);
                    if pushed == super::mailbox::Pushed::Woke {
                        dirty.push(0);
                    }
                }
                left.fetch_sub(1, Ordering::SeqCst);
            });
        }
        let (mut out, mut is_blocked) = (Vec::new(), false);
        loop {
            let pushers = left.load(Ordering::SeqCst);
            let mut slots = Vec::new();
            dirty.take(&mut slots);
            if !slots.is_empty() || is_blocked {
                let written = mailbox.write(|slices| match thread_rng().gen_range(0..3) {
                    0 => Err(io::ErrorKind::WouldBlock.into()),
                    // A part of a frame.
                    1 => {
                        out.push(slices[0][0]);
                        Ok(1)
                    }
                    _ => {
                        slices.iter().for_each(|slice| out.extend_from_slice(slice));
                        Ok(slices.iter().map(|slice| slice.len()).sum())
                    }
                });
                is_blocked = matches!(written, Ok(Written::Blocked));
            } else if pushers == 0 {
                break;
            }
            thread::yield_now();
        }
        let out = String::from_utf8(out).unwrap();
        for name in ["a", "b"] {
            let own: Vec<_> = out.split_whitespace().filter(|word| word.starts_with(name)).collect();
            assert_eq!(own, [0, 1, 2].map(|turn| format!("{name}{turn}")), "{out}");
        }
    });
}

struct Stage {
    hub: Hub,
    room: RoomId,
}

impl Stage {
    fn new() -> Arc<Self> {
        Arc::new(Self { hub: Hub::new(&Config::default(), None), room: RoomId::generate() })
    }

    fn connect(&self, name: &str) -> Arc<Connection> {
        let user: UserId = name.parse().unwrap();
        let (connection, _) = self.hub.connect(&user, Format::InProcess, None, None);
        self.hub.end_joining(&connection);
        connection.release(&Position::start(1), None, None);
        connection
    }

    fn join(&self, connection: &Connection) {
        self.hub.join(connection.user(), self.room, 2);
    }

    fn publish(&self, at: u64) {
        let kind = EventKind::CaughtUp { recovered: true };
        let event = Event { room: Some(self.room), token: None, kind };
        let post = self.hub.post(event, Some(Pos { lane: 0, at }), None, None);
        self.hub.publish(self.room, &[post], &Class::Durable);
    }
}

/// What waits in the mailbox of a connection.
fn waiting(connection: &Connection) -> usize {
    let mut frames = Vec::new();
    while futures_util::FutureExt::now_or_never(connection.mailbox.pull(100, &mut frames)) == Some(true) {}
    frames.len()
}

/// After somebody has left, nothing of the room waits for them, and nothing comes.
#[test]
fn whoever_has_left_is_handed_nothing() {
    in_many_orders(TRIES, || {
        let stage = Stage::new();
        let (ana, ben) = (stage.connect("ana"), stage.connect("ben"));
        stage.join(&ana);
        stage.join(&ben);
        let publisher = {
            let stage = stage.clone();
            thread::spawn(move || (1..=4).for_each(|at| stage.publish(at)))
        };
        stage.hub.part(ana.user(), stage.room, 1, Pos { lane: 0, at: 2 });
        assert_eq!(waiting(&ana), 0);
        publisher.join().unwrap();
        assert_eq!((waiting(&ana), waiting(&ben)), (0, 4));
    });
}

/// Whoever has joined gets all that is published from then on, also where the room's last listener goes
/// in that moment, and the room with it.
#[test]
fn whoever_has_joined_misses_nothing() {
    in_many_orders(TRIES, || {
        let stage = Stage::new();
        let (ana, ben) = (stage.connect("ana"), stage.connect("ben"));
        stage.join(&ben);
        let has_joined = Arc::new(AtomicBool::new(false));
        let publisher = {
            let (stage, has_joined) = (stage.clone(), has_joined.clone());
            thread::spawn(move || {
                (1..=4)
                    .filter(|at| {
                        let is_due = has_joined.load(Ordering::SeqCst);
                        stage.publish(*at);
                        is_due
                    })
                    .count()
            })
        };
        let leaver = {
            let (stage, ben) = (stage.clone(), ben.clone());
            thread::spawn(move || drop(stage.hub.disconnect(&ben)))
        };
        stage.join(&ana);
        has_joined.store(true, Ordering::SeqCst);
        let due = publisher.join().unwrap();
        leaver.join().unwrap();
        assert!(waiting(&ana) >= due, "{due} were published after the join");
    });
}
