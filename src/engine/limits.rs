//! Rate limits, by user and by connection, as the [configuration](crate::config::RateLimits) says.

use std::hash::Hash;
use std::time::Instant;

use governor::clock::Clock;
use governor::state::keyed::HashMapStateStore;
use governor::{NotUntil, Quota, RateLimiter};

use crate::config::{Rate, RateLimits};
use crate::error::{ErrorKind, Result};
use crate::hub::ConnectionId;
use crate::id::UserId;

/// What of each user and connection is counted. Whoever was quiet long enough to have all of a rate again
/// is forgotten at the next [sweep](Self::sweep).
#[derive(Debug)]
pub(super) struct Limits {
    messages: Option<Buckets<UserId>>,
    changes: Option<Buckets<UserId>>,
    calls: Option<Buckets<UserId>>,
    commands: Option<Buckets<ConnectionId>>,
    refusals: Option<Buckets<ConnectionId>>,
    searches: Option<Buckets<UserId>>,
}

impl Limits {
    pub(super) fn new(rates: &RateLimits) -> Self {
        Self {
            messages: rates.messages.map(Buckets::new),
            changes: rates.changes.map(Buckets::new),
            calls: rates.calls.map(Buckets::new),
            commands: rates.commands.map(Buckets::new),
            refusals: rates.refusals.map(Buckets::new),
            searches: rates.searches.map(Buckets::new),
        }
    }

    pub(super) fn message(&self, user: &UserId) -> Result<()> {
        take(&self.messages, user)
    }

    pub(super) fn change(&self, user: &UserId) -> Result<()> {
        take(&self.changes, user)
    }

    pub(super) fn call(&self, user: &UserId) -> Result<()> {
        take(&self.calls, user)
    }

    pub(super) fn search(&self, user: &UserId) -> Result<()> {
        take(&self.searches, user)
    }

    pub(super) fn command(&self, connection: ConnectionId) -> Result<()> {
        take(&self.commands, &connection)
    }

    /// A connection was refused something for its rate. `false`: it does not stop.
    pub(super) fn bears_refusal(&self, connection: ConnectionId) -> bool {
        take(&self.refusals, &connection).is_ok()
    }

    /// Forgets whoever was quiet.
    pub(super) fn sweep(&self) {
        [&self.messages, &self.changes, &self.calls, &self.searches]
            .into_iter()
            .flatten()
            .for_each(Buckets::sweep);
        [&self.commands, &self.refusals].into_iter().flatten().for_each(Buckets::sweep);
    }
}

fn take<K: Clone + Eq + Hash>(buckets: &Option<Buckets<K>>, key: &K) -> Result<()> {
    buckets.as_ref().map_or(Ok(()), |buckets| buckets.take(key))
}

/// A bucket a key.
#[derive(Debug)]
struct Buckets<K: Clone + Eq + Hash>(RateLimiter<K, HashMapStateStore<K>, Steady>);

impl<K: Clone + Eq + Hash> Buckets<K> {
    fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self(RateLimiter::new(quota, HashMapStateStore::default(), Steady))
    }

    fn take(&self, key: &K) -> Result<()> {
        let wait = |until: NotUntil<Instant>| ErrorKind::RateLimited(until.wait_time_from(Steady.now()));
        self.0.check_key(key).map_err(|until| wait(until).into())
    }

    fn sweep(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}

/// Time that no change of the wall clock moves.
#[derive(Debug, Clone, Copy)]
struct Steady;

impl Clock for Steady {
    type Instant = Instant;

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}
