//! Nodes that reach each other over NATS.
//!
//! Topics lie in shards: what a node follows is at most one subscription a shard, for each one costs
//! kilobytes here and is told to every server of a cluster. A shard of which one topic is followed is that
//! topic's own subject; one with several is a wildcard, and what nobody asked for is dropped as it comes.

mod error;
mod following;
mod login;
mod options;
mod seldom;
mod subject;
mod subscriptions;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_nats::connection::State;
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc};
use tokio::task::AbortHandle;

use self::error::NatsError;
use self::following::Following;
use self::login::Servers;
use self::seldom::Seldom;
use self::subject::Subjects;
use self::subscriptions::Subscriptions;
use super::{Bus, Topic};
use crate::error::Result;

pub use self::options::NatsOptions;

/// How many packets wait for the node at most; what comes then is lost to it.
pub const MAX_WAITING: usize = 16_384;
/// How many packets wait to be written to the server at most; what is published then is lost.
pub const MAX_UNSENT: usize = 2048;

/// Packets of one subscription that wait to be sorted, which happens at once.
const MAX_UNSORTED: usize = 4096;
/// A connection that is silent for so long is asked whether it lives; after three such times it is given up:
/// before other nodes, unheard, are held for dead (10 s), so that a node knows that it is cut off.
const PING_EVERY: Duration = Duration::from_secs(2);
/// How long a server may take to let a node in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long closing waits for what is yet to be written.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest time between two attempts to connect.
const MAX_BACKOFF: Duration = Duration::from_secs(4);
/// The client goes on connecting for as long as its server is away, also when nobody holds it any more.
const NEVER: Duration = Duration::from_secs(30 * 86_400);

/// A bus over a NATS server or a cluster of them, version 2.9 or newer. Core NATS alone: no JetStream.
///
/// ```no_run
/// # async fn build() -> chat_core::Result<()> {
/// use chat_core::ChatEngine;
/// use chat_core::bus::NatsBus;
/// let bus = NatsBus::connect("nats://localhost").await?;
/// let engine = ChatEngine::builder().bus(bus).build().await?;
/// # Ok(())
/// # }
/// ```
///
/// **Bounds.** At most [`MAX_UNSENT`] packets wait for the server and
/// [`MAX_WAITING`] for [`next`](Bus::next); what comes beyond is lost, as is
/// everything that is published while there is no connection. A room is a subject of its own,
/// subscribed while it is followed. A node has at most 18,433 subscriptions, however many topics it follows:
/// with tens of thousands of rooms several share one, and what is not followed is dropped where it comes in.
///
/// **Away.** A bus whose server is away connects again for ever, with a random delay of up to 4 s, and then
/// follows what was followed. A connection that goes silent is given up after some 6 s.
///
/// Cheap to clone: clones are one bus, which ends with the last of them or by [`close`](Self::close).
#[derive(Clone)]
pub struct NatsBus(Arc<Shared>);

struct Shared {
    client: Client,
    subjects: Subjects,
    following: Arc<Mutex<Following>>,
    changed: Arc<Notify>,
    inbox: AsyncMutex<mpsc::Receiver<(Topic, Bytes)>>,
    lost: Seldom,
    closed: Arc<AtomicBool>,
    subscriptions: AbortHandle,
}

impl NatsBus {
    /// Connects to the server of a URL: `nats://HOST`, or `tls://HOST` where only TLS will do; with a login as
    /// in `nats://USER:PASSWORD@HOST` or `nats://TOKEN@HOST`, percent-encoded. The port is 4222 unless it is
    /// named.
    ///
    /// A server that is away is no error: the bus is down until it comes, so that nodes and servers may start in
    /// any order. One that lets nobody in within 3 s, or whose certificate is not trusted, counts as away.
    ///
    /// TLS trusts whom the platform trusts. An app in which rustls has several crypto providers has to name
    /// one as the default of its process first, as rustls itself demands.
    ///
    /// # Errors
    /// [`INVALID_INPUT`](crate::ErrorKind::Invalid) for a URL that does not do;
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when the server is there and refuses the login, or TLS
    /// cannot be set up here.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(NatsOptions::at([url])).await
    }

    /// Like [`connect`](Self::connect), with other options than the default ones.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect), and [`INVALID_INPUT`](crate::ErrorKind::Invalid) for a prefix
    /// that does not do, or for servers with different logins.
    pub async fn connect_with(options: NatsOptions) -> Result<Self> {
        let subjects = Subjects::new(&options.prefix)?;
        let servers = Servers::parse(&options.urls)?;
        let closed = Arc::new(AtomicBool::new(false));
        let client = client(&servers, &options.name, &closed).await?;
        let (following, changed) = (Arc::new(Mutex::new(Following::default())), Arc::new(Notify::new()));
        let (outbox, inbox) = mpsc::channel(MAX_WAITING);
        let subscriptions = Subscriptions::new(client.clone(), subjects.clone(), following.clone(), outbox);
        let subscriptions = tokio::spawn(subscriptions.keep(changed.clone())).abort_handle();
        let inbox = AsyncMutex::new(inbox);
        let lost = Seldom::default();
        Ok(Self(Arc::new(Shared {
            client,
            subjects,
            following,
            changed,
            inbox,
            lost,
            closed,
            subscriptions,
        })))
    }

    /// Ends the bus for all of its clones: what was published is written, within a second, and
    /// [`next`](Bus::next) gives `None` after what has come already.
    pub async fn close(&self) {
        let was_up = self.is_up();
        self.0.end();
        if was_up {
            let closing = async {
                let _ = self.0.client.flush().await;
                let _ = self.0.client.drain().await;
            };
            let _ = tokio::time::timeout(FLUSH_TIMEOUT, closing).await;
        }
    }
}

impl Shared {
    fn end(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.subscriptions.abort();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.end();
    }
}

#[async_trait]
impl Bus for NatsBus {
    fn publish(&self, topic: &Topic, packet: Bytes) {
        // The client would keep it for when the server is back.
        if !self.is_up() {
            return;
        }
        let sending = self.0.client.publish(self.0.subjects.of(topic), packet);
        // What does not fit now never will. Unconstrained: else tokio makes a long turn of a task wait, full
        // or not.
        if !matches!(tokio::task::unconstrained(sending).now_or_never(), Some(Ok(())))
            && let Some(lost) = self.0.lost.once_more(Instant::now())
        {
            tracing::warn!(lost, "NATS takes less than is published: packets to other nodes are lost");
        }
    }

    fn follow(&self, topic: &Topic) {
        if self.0.following.lock().follow(topic) {
            self.0.changed.notify_one();
        }
    }

    fn unfollow(&self, topic: &Topic) {
        if self.0.following.lock().unfollow(topic) {
            self.0.changed.notify_one();
        }
    }

    async fn next(&self) -> Option<(Topic, Bytes)> {
        self.0.inbox.lock().await.recv().await
    }

    fn is_up(&self) -> bool {
        !self.0.closed.load(Ordering::Relaxed) && self.0.client.connection_state() == State::Connected
    }
}

impl fmt::Debug for NatsBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("NatsBus");
        debug.field("subjects", &self.0.subjects).field("is_up", &self.is_up()).finish_non_exhaustive()
    }
}

async fn client(servers: &Servers, name: &str, closed: &Arc<AtomicBool>) -> Result<Client, NatsError> {
    let options = || {
        let (closed, complaints) = (closed.clone(), Arc::new(Seldom::default()));
        let options = ConnectOptions::new()
            .name(name)
            .no_echo()
            .client_capacity(MAX_UNSENT)
            .subscription_capacity(MAX_UNSORTED)
            .ping_interval(PING_EVERY)
            .connection_timeout(CONNECT_TIMEOUT)
            .reconnect_delay_callback(move |attempt| match closed.load(Ordering::Relaxed) {
                true => NEVER,
                false => backoff(attempt, dice()),
            })
            .event_callback(move |event| {
                tell(&event, &complaints);
                std::future::ready(())
            });
        servers.login(options)
    };
    match options().connect(servers.addrs()).await {
        Ok(client) => Ok(client),
        Err(error) => match error.kind() {
            ConnectErrorKind::Dns | ConnectErrorKind::Io | ConnectErrorKind::TimedOut => {
                tracing::warn!(%error, "NATS is away: the bus is down until it comes");
                let waiting = options().retry_on_initial_connect().connect(servers.addrs()).await;
                waiting.map_err(NatsError::Refused)
            }
            _ => Err(NatsError::Refused(error)),
        },
    }
}

fn tell(event: &Event, complaints: &Seldom) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("NATS is away: the bus is down"),
        // Perhaps at each packet, such as where the login has no right to publish.
        Event::ServerError(error) => {
            if let Some(times) = complaints.once_more(Instant::now()) {
                tracing::warn!(%error, times, "NATS complains");
            }
        }
        _ => {}
    }
}

/// How long to wait before an attempt to connect, the first one being 1: at random, so that nodes do not come
/// back all at once.
fn backoff(attempt: usize, dice: u32) -> Duration {
    let doublings = u32::try_from(attempt).unwrap_or(u32::MAX).min(10);
    let longest = MAX_BACKOFF.min(Duration::from_millis(25) * 2u32.pow(doublings));
    longest.mul_f64(f64::from(dice) / f64::from(u32::MAX))
}

fn dice() -> u32 {
    // Without randomness it waits for half of the time.
    getrandom::u32().unwrap_or(u32::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_to_connect_become_rarer_up_to_a_bound_and_are_spread_at_random() {
        let longest: Vec<_> = (1..=9).map(|attempt| backoff(attempt, u32::MAX).as_millis()).collect();
        assert_eq!(longest, [50, 100, 200, 400, 800, 1600, 3200, 4000, 4000]);
        assert_eq!(backoff(usize::MAX, u32::MAX), MAX_BACKOFF);
        assert_eq!(backoff(9, 0), Duration::ZERO);
        assert!(backoff(9, u32::MAX / 2).abs_diff(MAX_BACKOFF / 2) < Duration::from_millis(1));
    }
}
