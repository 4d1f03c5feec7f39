//! The engine: what users and the host do, made durable first and told to everybody after.

mod actor;
mod admin;
mod amend;
#[cfg(feature = "blobs")]
mod attachments;
mod background;
mod builder;
mod catch_up;
#[cfg(feature = "blobs")]
mod collect;
mod commit;
#[cfg(feature = "blobs")]
mod copies;
mod deletion;
mod drafts;
mod edits;
mod erase;
mod feed;
mod follows;
mod forward;
mod friends;
mod govern;
mod held;
mod hide;
mod hooks;
#[cfg(feature = "transfer")]
mod import;
mod index;
mod invites;
mod joins;
mod last_seen;
mod limits;
#[cfg(feature = "blobs")]
mod links;
mod logins;
mod messages;
mod moderation;
mod nodes;
mod notify;
mod online;
mod outbox;
mod outlet;
mod personal;
mod pins;
mod profiles;
mod public;
mod publish;
mod push;
mod receipts;
mod reports;
mod retention;
mod rooms;
mod search;
mod session;
mod settings;
mod streams;
mod threads;
mod waiting;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::auth::{Authenticator, Identity};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::error::{ErrorKind, Result};
use crate::event::CloseReason;
use crate::hub::Hub;
use crate::id::UserId;
use crate::metrics;
use crate::policy::Policy;
use crate::store::{Batch, Store};

pub use actor::Actor;
pub use admin::Admin;
#[cfg(feature = "blobs")]
pub use attachments::Download;
pub use builder::ChatEngineBuilder;
pub use friends::FriendRequest;
#[cfg(feature = "blobs")]
pub use links::Link;
pub use outbox::{Outgoing, RefusedSend};
pub use personal::PersonalExport;
pub use rooms::CreatedRoom;
pub use session::Session;
pub(crate) use session::Start;

use commit::Committer;
use limits::Limits;
use outbox::Outbox;
use outlet::Outlet;
use profiles::Profiles;
use receipts::DeliveredMarks;

/// How often the engine looks for what time has ended.
const TICK: Duration = Duration::from_millis(250);

/// How long delivered marks and last-seen times wait to be written.
const WRITE_BEHIND: Duration = Duration::from_secs(1);

/// After so many ticks whoever was quiet is forgotten by the rate limits.
const LIMITS_SWEPT: u64 = 40;

/// After so many ticks it is looked how much waits for some connections.
const MAILBOXES_SAMPLED: u64 = 20;

/// For so many of them.
const MAILBOX_SAMPLE: usize = 64;

/// When the engine stops, commands that were on their way are refused for so long before connections are
/// closed: an answer is better than none.
const LAST_CALL: Duration = Duration::from_millis(100);

/// A chat engine. Cheap to clone; all clones are one engine, which stops with the last of them.
///
/// It runs on the tokio runtime on which it was built.
#[derive(Clone)]
pub struct ChatEngine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    authenticator: Arc<dyn Authenticator>,
    policy: Arc<dyn Policy>,
    asked: hooks::Asked,
    clock: Arc<dyn Clock>,
    config: Config,
    hub: Arc<Hub>,
    outlet: Arc<parking_lot::Mutex<Outlet>>,
    /// Among several nodes: tells whenever this one has handed on more.
    handed_on: Option<Arc<tokio::sync::Notify>>,
    committer: Committer,
    profiles: Arc<Profiles>,
    limits: Limits,
    delivered: DeliveredMarks,
    outbox: Outbox,
    pushing: push::Pushing,
    streams: streams::Streams,
    /// Somebody is to be erased.
    erasing: Arc<tokio::sync::Notify>,
    last_seen: last_seen::LastSeen,
    draining: AtomicBool,
    /// Held shared from a command's check until it is in the queue, so that a drain overlooks none.
    entering: tokio::sync::RwLock<()>,
    /// Cloned by each connection that has ended here and still takes its last frames.
    goodbyes: Arc<()>,
    #[cfg(feature = "blobs")]
    uploads: attachments::Uploads,
    /// When a token from the future last voided all tokens.
    rotated: parking_lot::Mutex<Option<tokio::time::Instant>>,
}

impl ChatEngine {
    /// Builds an engine from its parts.
    pub fn builder() -> ChatEngineBuilder {
        ChatEngineBuilder::default()
    }

    /// What a user does. Nothing is looked up yet.
    pub fn as_user(&self, user: UserId) -> Actor {
        Actor::new(self.clone(), user)
    }

    /// What the host does: no policy is asked and no room's rule binds it, but for what the room's kind
    /// makes impossible.
    pub fn admin(&self) -> Admin {
        Admin::new(self.clone())
    }

    /// Finds out whose token this is, and keeps the nickname and picture in it.
    ///
    /// # Errors
    /// The authenticator's: [`Unauthenticated`](ErrorKind::Unauthenticated),
    /// [`TokenExpired`](ErrorKind::TokenExpired) or [`Unavailable`](ErrorKind::Unavailable). A token from before
    /// the user's last [logout](Actor::log_out) is [`Unauthenticated`](ErrorKind::Unauthenticated) too, and so is,
    /// once there was one, a token that does not say when it was [issued](Identity::issued).
    pub async fn authenticate(&self, token: &str) -> Result<Identity> {
        let identity = self.inner.authenticator.authenticate(token).await?;
        if identity.expires.is_some_and(|expires| expires <= self.inner.clock.now()) {
            return Err(ErrorKind::TokenExpired.into());
        }
        self.check_logged_in(&identity).await?;
        self.remember(&identity).await?;
        Ok(identity)
    }

    /// The bounds and times that hold.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Stops: from now on changes, new sessions, and what a session does beyond reading are refused as
    /// [`Unavailable`](ErrorKind::Unavailable); what is only read is still answered. What was accepted before is
    /// committed and answered; then every connection is told to come back after a random delay of at most
    /// [`Config::reconnect_spread`]. Returns when all of them are gone, or after `at_most`, when some of it may
    /// not be done; but not before 100 ms are over, in which a command still gets its refusal.
    pub async fn drain(&self, at_most: Duration) {
        let deadline = tokio::time::Instant::now() + at_most;
        self.inner.draining.store(true, Ordering::SeqCst);
        self.among_nodes(|nodes, _| nodes.leave());
        let committed = tokio::time::timeout_at(deadline, async {
            drop(self.inner.entering.write().await);
            self.keep_streams().await;
            self.inner.write_delivered().await;
            self.inner.committer.barrier().await;
        });
        let committed = committed.await;
        tokio::time::sleep(LAST_CALL).await;
        let spread = self.inner.config.reconnect_spread.as_millis();
        let connections = self.inner.hub.close_all(|| {
            let mut bytes = [0; 4];
            // Without random bytes everybody comes back at once, which is no reason not to stop.
            let _ = getrandom::fill(&mut bytes);
            let delay = u128::from(u32::from_be_bytes(bytes)) % (spread + 1);
            CloseReason::Restarting(Duration::from_millis(u64::try_from(delay).unwrap_or(0)))
        });
        tracing::info!(connections, committed = committed.is_ok(), "draining");
        let is_anybody_left =
            || self.inner.hub.connections() > 0 || Arc::strong_count(&self.inner.goodbyes) > 1;
        while is_anybody_left() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.inner.write_last_seen().await;
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.inner.hub
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Held while a connection takes its last frames: a drain waits for it.
    pub(crate) fn goodbye(&self) -> Arc<()> {
        self.inner.goodbyes.clone()
    }

    /// Counts a call of a user's over a transport without a session.
    #[cfg_attr(not(feature = "rest"), allow(dead_code, reason = "only REST has no session"))]
    pub(crate) fn check_call(&self, user: &UserId) -> Result<()> {
        self.inner.limits.call(user)
    }

    fn store(&self) -> &dyn Store {
        &*self.inner.store
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    fn check_running(&self) -> Result<()> {
        if self.inner.draining.load(Ordering::SeqCst) {
            return Err(ErrorKind::Unavailable.into());
        }
        Ok(())
    }
}

impl Inner {
    /// Writes when users were last seen. It may be lost in a crash, and is never worth an error.
    async fn write_last_seen(&self) {
        let last_seen = self.last_seen.take();
        if !last_seen.is_empty() {
            self.committer.submit_beside(Batch { last_seen, ..Batch::default() }, None).await;
        }
    }
}

impl fmt::Debug for ChatEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatEngine")
            .field("store", &self.inner.store)
            .field("policy", &self.inner.policy)
            .finish_non_exhaustive()
    }
}

/// Runs until the engine is gone: writes what may wait. A task of its own, since it waits for room in the
/// queue of commits.
async fn write_behind(engine: std::sync::Weak<Inner>) {
    let mut interval = tokio::time::interval(WRITE_BEHIND);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let Some(inner) = engine.upgrade() else { return };
        inner.write_delivered().await;
        inner.write_last_seen().await;
    }
}

/// Runs until the engine is gone: ends typing and expired connections, forgets what has ended, and
/// looks at some mailboxes.
async fn tick(engine: std::sync::Weak<Inner>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for turn in 0u64.. {
        interval.tick().await;
        let Some(inner) = engine.upgrade() else { return };
        let now = tokio::time::Instant::now().into_std();
        inner.hub.tick(now, inner.clock.now());
        inner.count_online(now);
        if turn % LIMITS_SWEPT == 0 {
            inner.limits.sweep();
        }
        if metrics::ARE_COUNTED && turn % MAILBOXES_SAMPLED == 0 {
            let sample = usize::try_from(turn / MAILBOXES_SAMPLED).unwrap_or(0);
            inner.hub.sample_mailboxes(sample, MAILBOX_SAMPLE).into_iter().for_each(metrics::mailbox);
        }
    }
}
