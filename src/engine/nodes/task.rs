//! What keeps a node level with the others: takes what comes over the bus, reads what does not.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::fill::{self, Found, Residents};
use super::ingress::{CommitKey, Turn};
use super::peers::BEAT;
use super::presence::Moved;
use crate::bus::packet::Packet;
use crate::engine::Inner;
use crate::engine::outlet::Outlet;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::id::{RoomId, UserId};
use crate::model::Position;
use crate::store::{Change, Store};

/// After a read failed, how long until the next.
const RETRY: Duration = Duration::from_millis(250);

/// How many memberships are read at once.
const MEMBERSHIPS: u32 = 500;

type Reading<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

/// What a read brought.
enum Read {
    Rooms(CommitKey, Vec<RoomId>, Result<(Vec<Change>, Vec<RoomId>)>),
    All(fill::Gap, Result<Found>),
}

impl Residents for Hub {
    fn rooms(&self) -> Vec<RoomId> {
        self.rooms_with_listeners()
    }

    fn users(&self) -> Vec<UserId> {
        Self::users(self)
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Ready when the read is, and never without one.
async fn done<T>(reading: &mut Reading<T>) -> T {
    match reading {
        Some(future) => {
            let found = future.await;
            *reading = None;
            found
        }
        None => std::future::pending().await,
    }
}

/// Runs until the engine is gone.
pub(in crate::engine) async fn run(engine: Weak<Inner>, outlet: Arc<Mutex<Outlet>>, store: Arc<dyn Store>) {
    let parts = outlet
        .lock()
        .among_nodes(|nodes, publisher| (nodes.bus.clone(), nodes.signals.clone(), publisher.hub().clone()));
    let Some((bus, signals, hub)) = parts else { return };
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut reading, mut standing, mut telling) = (None, None, None);
    let (mut resting, mut has_ended): (Option<Instant>, bool) = (None, false);
    loop {
        let may_read = reading.is_none() && resting.is_none();
        let is_telling = telling.is_some();
        let turn = outlet.lock().among_nodes(|nodes, publisher| {
            let turn = nodes.turn(publisher, now());
            if may_read {
                reading = read(&store, &hub, nodes.gap(publisher), &turn);
            }
            if matches!(turn, Turn::ReadAll) && may_read {
                nodes.ingress.reading_all();
            }
            if !is_telling && !nodes.moved.is_empty() {
                telling = tell_moved(store.clone(), hub.clone(), std::mem::take(&mut nodes.moved));
            }
            turn
        });
        let until = match turn {
            Some(Turn::Wait(until)) => until,
            // Until what is read has come.
            _ => resting,
        };
        tokio::select! {
            biased;
            _ = beats.tick() => {
                if engine.strong_count() == 0 {
                    return;
                }
                outlet.lock().among_nodes(|nodes, publisher| nodes.beat(publisher, now()));
                if standing.is_none() {
                    let store = store.clone();
                    standing = boxed(async move { store.position().await });
                }
            }
            read = done(&mut reading) => match take_in(&outlet, read) {
                Taken::In => {}
                Taken::Failed(until) => resting = Some(until),
                Taken::Lacks(rooms, gap, found) => {
                    let store = store.clone();
                    reading = boxed(async move {
                        Read::All(gap, fill::read_more(&*store, *found, rooms, &gap).await)
                    });
                }
            },
            at = done(&mut standing) => if let Ok(at) = at {
                outlet.lock().among_nodes(|nodes, publisher| nodes.stands(at, publisher, now()));
            },
            () = done(&mut telling) => {}
            next = bus.next(), if !has_ended => match next {
                Some((topic, bytes)) => if let Some(packet) = Packet::decode(&bytes) {
                    outlet.lock().among_nodes(|nodes, publisher| nodes.packet(topic, packet, publisher, now()));
                },
                None => has_ended = true,
            },
            () = signals.wake.notified() => {}
            () = sleep(until) => resting = None,
        }
    }
}

/// Until then, or without an end.
async fn sleep(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

fn boxed<T>(future: impl Future<Output = T> + Send + 'static) -> Reading<T> {
    Some(Box::pin(future))
}

/// Begins a read that a turn asks for.
fn read(store: &Arc<dyn Store>, hub: &Arc<Hub>, gap: fill::Gap, turn: &Turn) -> Reading<Read> {
    let (store, hub) = (store.clone(), hub.clone());
    match turn {
        Turn::ReadRooms { commit, rooms } => {
            let (commit, rooms) = (*commit, rooms.clone());
            boxed(async move {
                let (gap, until) = of_commit(gap, commit);
                let found = fill::read_rooms(&*store, &rooms, &gap, &until).await;
                Read::Rooms(commit, rooms, found)
            })
        }
        Turn::ReadAll => boxed(async move { Read::All(gap, fill::read_all(&*store, &*hub, &gap).await) }),
        _ => None,
    }
}

/// What of the lane one commit has changed, with its marks.
fn of_commit(gap: fill::Gap, commit: CommitKey) -> (fill::Gap, Position) {
    let at = |at| {
        let mut position = Position::start(gap.from.lanes());
        position.advance(crate::model::Pos { lane: commit.lane, at });
        position
    };
    let from = at(commit.after);
    (fill::Gap { from, marks_from: from }, at(commit.upto))
}

/// What became of what was read.
enum Taken {
    In,
    /// Nothing is to be read before this moment.
    Failed(Instant),
    /// Somebody has come to these rooms meanwhile, whose next changes are missing.
    Lacks(Vec<RoomId>, fill::Gap, Box<Found>),
}

fn take_in(outlet: &Mutex<Outlet>, read: Read) -> Taken {
    let taken = outlet.lock().among_nodes(|nodes, publisher| match read {
        Read::Rooms(commit, rooms, Ok((changes, overflowed))) => {
            nodes.learn(commit, &rooms, changes, overflowed, publisher);
            Ok(Taken::In)
        }
        Read::All(gap, Ok(found)) => {
            // Under the lock: who comes to a room after this starts beyond what was found.
            let mut rooms = publisher.hub().rooms_with_listeners();
            rooms.retain(|room| !found.rooms.contains(room));
            if !rooms.is_empty() {
                return Ok(Taken::Lacks(rooms, gap, Box::new(found)));
            }
            nodes.found(found, publisher, now());
            Ok(Taken::In)
        }
        Read::Rooms(.., Err(error)) => Err(error),
        Read::All(_, Err(error)) => {
            nodes.ingress.suspect();
            Err(error)
        }
    });
    match taken {
        None => Taken::In,
        Some(Ok(taken)) => taken,
        Some(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "what other nodes did could not be read");
            Taken::Failed(now() + RETRY)
        }
    }
}

/// Tells whoever is in the same rooms that people came to other nodes or went, of whom no packet told it.
fn tell_moved(store: Arc<dyn Store>, hub: Arc<Hub>, moved: Moved) -> Reading<()> {
    boxed(async move {
        let came = moved.came.into_iter().map(|user| (user, true));
        for (user, online) in came.chain(moved.went.into_iter().map(|user| (user, false))) {
            if hub.is_visible(&user) {
                continue;
            }
            match rooms_of(&*store, &user).await {
                Ok(rooms) => hub.presence(&user, &rooms, online, None),
                // Presence may be lost.
                Err(_) => return,
            }
        }
    })
}

async fn rooms_of(store: &dyn Store, user: &UserId) -> Result<Vec<RoomId>, Error> {
    let (mut rooms, mut after) = (Vec::new(), None);
    loop {
        let page = store.memberships(user, after, MEMBERSHIPS).await?;
        rooms.extend(page.rooms.iter().map(|(room, _)| room.id));
        if page.rooms.len() < MEMBERSHIPS as usize {
            return Ok(rooms);
        }
        after = rooms.last().copied();
    }
}
