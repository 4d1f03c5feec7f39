//! Puts an engine together.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::nodes::{self, Nodes};
use super::outbox::{self, Outbox, Refusals, RefusedSend};
use super::outlet::{MessageHook, Outlet};
use super::publish::Publisher;
use super::{ChatEngine, Committer, DeliveredMarks, Inner, Limits, Profiles, tick, write_behind};
use crate::auth::{Authenticator, NoTokens};
use crate::bus::Bus;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::error::Result;
use crate::hub::Hub;
use crate::metrics;
use crate::model::Message;
use crate::policy::{Hooks, Open, Policy};
use crate::push::Push;
use crate::store::{MemoryStore, Store};

/// Puts an engine together. Whatever is not given has a default: a store in memory, no tokens (in
/// process nobody needs one), a policy by which everybody may chat with everybody, no other nodes.
#[derive(Debug)]
#[must_use]
pub struct ChatEngineBuilder {
    store: Arc<dyn Store>,
    authenticator: Arc<dyn Authenticator>,
    policy: Arc<dyn Policy>,
    hooks: Option<Arc<dyn Hooks>>,
    bus: Option<Arc<dyn Bus>>,
    clock: Arc<dyn Clock>,
    config: Config,
    refusals: Refusals,
    message_hook: MessageHook,
    push: Option<Arc<dyn Push>>,
    #[cfg(feature = "blobs")]
    blobs: Option<Arc<dyn crate::blob::BlobStore>>,
    #[cfg(feature = "blobs")]
    link_key: Option<super::links::LinkKey>,
}

impl Default for ChatEngineBuilder {
    fn default() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            authenticator: Arc::new(NoTokens),
            policy: Arc::new(Open),
            hooks: None,
            bus: None,
            clock: Arc::new(SystemClock),
            config: Config::default(),
            refusals: Refusals::default(),
            message_hook: MessageHook::default(),
            push: None,
            #[cfg(feature = "blobs")]
            blobs: None,
            #[cfg(feature = "blobs")]
            link_key: None,
        }
    }
}

impl ChatEngineBuilder {
    /// Where everything is kept. By default in memory, and gone with the engine.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Where everything is kept, when others share it.
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// Who tells whose token one is.
    pub fn authenticator(mut self, authenticator: impl Authenticator) -> Self {
        self.authenticator = Arc::new(authenticator);
        self
    }

    /// Who tells who may do what.
    pub fn policy(mut self, policy: impl Policy) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    /// The host's own rules about what is said and who comes in. By default there are none, and nobody waits for an
    /// answer.
    pub fn hooks(mut self, hooks: impl Hooks) -> Self {
        self.hooks = Some(Arc::new(hooks));
        self
    }

    /// What tells other nodes.
    pub fn bus(mut self, bus: impl Bus) -> Self {
        self.bus = Some(Arc::new(bus));
        self
    }

    /// Where the time of day is read.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Bounds and times, taken as they are: nothing is checked.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Who is told of messages by [`send_in`](crate::Actor::send_in) that could not be sent after all: the
    /// author had left the room meanwhile, say. By default a line in the log tells of it.
    ///
    /// It is told of each at least once: again after a crash at the wrong moment, by two nodes that find one
    /// out at once, or when it panics. It may block, on a thread for that; what waits in the outbox behind it
    /// waits then too.
    pub fn on_refused_send(mut self, hook: impl Fn(RefusedSend) + Send + Sync + 'static) -> Self {
        self.refusals = Refusals::to(hook);
        self
    }

    /// Is told of each message, SYSTEM messages too, once it is committed, and before it is answered: to
    /// count, to archive. Among several nodes, the one that has committed the message tells of it. For notices to
    /// people who are away there is [`push`](Self::push).
    ///
    /// It is told in the order of the commits, from where they are published: so it must return at once, and
    /// may not call the engine. Hand the message to a channel. What was told and
    /// not yet done is lost with the process; what must not be lost is found in the history.
    pub fn on_message(mut self, hook: impl Fn(&Arc<Message>) + Send + Sync + 'static) -> Self {
        self.message_hook = MessageHook::to(hook);
        self
    }

    /// What brings notices to people who are away. Without it nobody is sent any, and a message pays nothing for it.
    pub fn push(mut self, push: impl Push) -> Self {
        self.push = Some(Arc::new(push));
        self
    }

    /// Where the bytes of attachments are kept. Without it there are none, and an
    /// [upload](crate::Actor::upload) is [`NotFound`](crate::ErrorKind::NotFound).
    #[cfg(feature = "blobs")]
    pub fn blobs(self, blobs: impl crate::blob::BlobStore) -> Self {
        self.shared_blobs(Arc::new(blobs))
    }

    /// The same, when others share it.
    #[cfg(feature = "blobs")]
    pub fn shared_blobs(mut self, blobs: Arc<dyn crate::blob::BlobStore>) -> Self {
        self.blobs = Some(blobs);
        self
    }

    /// 32 random bytes with which [links](crate::Actor::link) to files are signed, by HMAC-SHA256
    /// ([RFC 2104](https://www.rfc-editor.org/rfc/rfc2104)): the same on all nodes. Without them each engine makes
    /// its own, so that a link holds on the node that gave it, until that restarts.
    #[cfg(feature = "blobs")]
    pub fn link_key(mut self, key: [u8; 32]) -> Self {
        self.link_key = Some(super::links::LinkKey::new(key));
        self
    }

    /// Starts the engine on the tokio runtime of the caller, which it needs with time enabled.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), when the store cannot tell where it stands, or the operating
    /// system has no random bytes to give.
    ///
    /// # Panics
    /// Outside of a tokio runtime, as [`tokio::spawn`] does.
    pub async fn build(self) -> Result<ChatEngine> {
        metrics::describe();
        let token = self.store.position().await?;
        let hub = Arc::new(Hub::new(&self.config, self.bus.clone()));
        let profiles = Arc::new(Profiles::new(self.config.profile_cache));
        let has_nodes = self.bus.is_some();
        let nodes = self.bus.map(|bus| {
            Nodes::new(bus, profiles.clone(), &token.position, self.config.presence_max_members > 0)
        });
        let handed_on = nodes.as_ref().map(Nodes::handed_on);
        // Before anything can be said.
        let pushed_since = match &self.push {
            Some(_) => Some(self.store.pushed_since(self.clock.now()).await?),
            None => None,
        };
        let pushing = super::push::Pushing::new(self.push, &self.config);
        let (waiting_changes, to_tell) = super::waiting::WaitingChanges::new();
        let outlet = Outlet::new(
            Publisher::new(hub.clone(), token, self.config.max_quoted_chars),
            nodes,
            self.message_hook,
            pushing.queue(),
            waiting_changes,
        );
        let outlet = Arc::new(parking_lot::Mutex::new(outlet));
        let committer = Committer::start(
            self.store.clone(),
            outlet.clone(),
            token.position,
            pushing.alerts(&self.config),
            &self.config,
        );
        #[cfg(feature = "blobs")]
        let link_key = self.link_key.map_or_else(super::links::LinkKey::random, Ok)?;
        #[cfg(feature = "blobs")]
        let uploads = super::attachments::Uploads::new(self.blobs, link_key, &self.config);
        let inner = Arc::new(Inner {
            store: self.store,
            authenticator: self.authenticator,
            policy: self.policy,
            asked: super::hooks::Asked::new(self.hooks, &self.config),
            clock: self.clock,
            profiles,
            limits: Limits::new(&self.config.rate_limits),
            delivered: DeliveredMarks::new(self.config.delivered_waiting),
            outbox: Outbox::new(self.refusals),
            pushing,
            streams: super::streams::Streams::default(),
            erasing: Arc::default(),
            config: self.config,
            hub,
            outlet,
            handed_on,
            committer,
            last_seen: super::last_seen::LastSeen::default(),
            draining: AtomicBool::new(false),
            entering: tokio::sync::RwLock::new(()),
            goodbyes: Arc::new(()),
            #[cfg(feature = "blobs")]
            uploads,
            rotated: parking_lot::Mutex::new(None),
        });
        tokio::spawn(tick(Arc::downgrade(&inner)));
        tokio::spawn(write_behind(Arc::downgrade(&inner)));
        tokio::spawn(super::held::expire(Arc::downgrade(&inner)));
        tokio::spawn(super::waiting::tell(Arc::downgrade(&inner), to_tell));
        tokio::spawn(super::streams::run(Arc::downgrade(&inner), inner.config.stream_interval));
        #[cfg(feature = "blobs")]
        if inner.uploads.has_blobs() {
            tokio::spawn(super::collect::collect(Arc::downgrade(&inner)));
        }
        tokio::spawn(super::erase::run(Arc::downgrade(&inner), inner.erasing.clone()));
        tokio::spawn(super::retention::keep(Arc::downgrade(&inner), inner.config.retention_interval));
        if inner.config.search {
            tokio::spawn(super::index::follow(Arc::downgrade(&inner)));
        }
        if let Some(since) = pushed_since {
            let delay = inner.config.push_delay;
            tokio::spawn(super::push::run(Arc::downgrade(&inner), since, delay));
        }
        if has_nodes {
            tokio::spawn(nodes::run(Arc::downgrade(&inner), inner.outlet.clone(), inner.store.clone()));
        }
        if inner.store.outbox_table().is_some() {
            tokio::spawn(outbox::send_what_waits(Arc::downgrade(&inner), inner.outbox.wake()));
        }
        Ok(ChatEngine { inner })
    }
}
