//! A store that counts its calls, and fails or hangs when it is told to.

mod reads;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::{ErrorKind, Result};
use crate::model::{Epoch, Token};
use crate::store::{Batch, Outcome, Store};
use async_trait::async_trait;
use parking_lot::Mutex;

/// Hands on to another store, and fails on demand. Its clones are one store.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> chat_core::Result<()> {
/// use chat_core::{ChatEngine, model::{Draft, NewRoom}, store::MemoryStore, testing::FaultyStore};
///
/// let store = FaultyStore::on(MemoryStore::new());
/// let engine = ChatEngine::builder().store(store.clone()).build().await?;
/// let ana = engine.as_user("ana".parse().unwrap());
/// let room = ana.create_room(NewRoom::group("Runners").with(["ben"])).await?.id();
///
/// store.refuse(true);
/// let refused = ana.send(room, Draft::text("hello")).await.unwrap_err();
/// assert!(refused.kind().is_retryable());
/// store.refuse(false);
/// ana.send(room, Draft::text("hello")).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct FaultyStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    refuses: AtomicBool,
    /// Held by whoever wants commits to hang after they are made and before they are reported.
    reporting: tokio::sync::RwLock<()>,
    /// Held by whoever wants a catch-up to hang before it reads messages.
    reading: tokio::sync::RwLock<()>,
    commits: tokio::sync::watch::Sender<usize>,
    calls: Mutex<BTreeMap<&'static str, usize>>,
    delays: Mutex<Option<Delays>>,
}

/// How long the next call takes.
struct Delays(Box<dyn FnMut() -> Duration + Send>);

impl fmt::Debug for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delays")
    }
}

impl FaultyStore {
    /// On this store.
    pub fn on(store: impl Store) -> Self {
        let inner = Inner {
            store: Arc::new(store),
            refuses: AtomicBool::new(false),
            reporting: tokio::sync::RwLock::new(()),
            reading: tokio::sync::RwLock::new(()),
            commits: tokio::sync::watch::Sender::new(0),
            calls: Mutex::default(),
            delays: Mutex::default(),
        };
        Self(Arc::new(inner))
    }

    /// The same store, for an engine that shares it.
    pub fn shared(&self) -> Arc<dyn Store> {
        Arc::new(self.clone())
    }

    /// From now on commits are refused with [`Unavailable`](ErrorKind::Unavailable), as on a full disk, or no more.
    /// Nothing of a refused one is written.
    pub fn refuse(&self, refuses: bool) {
        self.0.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Until this is dropped, what is committed is not reported. It waits for those that are reported just now.
    pub async fn hang(&self) -> tokio::sync::RwLockWriteGuard<'_, ()> {
        self.0.reporting.write().await
    }

    /// Until this is dropped, no catch-up reads messages.
    pub async fn hang_reads(&self) -> tokio::sync::RwLockWriteGuard<'_, ()> {
        self.0.reading.write().await
    }

    /// How many batches were committed, whether reported or not.
    pub fn commits(&self) -> tokio::sync::watch::Receiver<usize> {
        self.0.commits.subscribe()
    }

    /// How often each method was called since this was asked last, by its name; one that was not is left out.
    pub fn calls(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut *self.0.calls.lock())
    }

    /// Returns when the method is called, or was since [`Self::calls`]; never, where nobody calls it.
    pub async fn called(&self, method: &str) {
        while !self.0.calls.lock().contains_key(method) {
            tokio::task::yield_now().await;
        }
    }

    /// From now on each call waits for so long before it is made, and again, for what this gives then, before it
    /// is answered.
    pub fn delay(&self, delays: impl FnMut() -> Duration + Send + 'static) {
        *self.0.delays.lock() = Some(Delays(Box::new(delays)));
    }

    async fn pause(&self) {
        let delay = self.0.delays.lock().as_mut().map(|delays| (delays.0)());
        if let Some(delay) = delay.filter(|delay| !delay.is_zero()) {
            tokio::time::sleep(delay).await;
        }
    }

    fn store(&self, method: &'static str) -> &dyn Store {
        *self.0.calls.lock().entry(method).or_default() += 1;
        &*self.0.store
    }

    /// A call, with its delays.
    async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.pause().await;
        let answer = call.await;
        self.pause().await;
        answer
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for FaultyStore {
    async fn position(&self) -> Result<Token> {
        self.around(self.store("position").position()).await
    }

    async fn rotate_epoch(&self) -> Result<Epoch> {
        self.around(self.store("rotate_epoch").rotate_epoch()).await
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<Result<Outcome>>> {
        if self.0.refuses.load(Ordering::SeqCst) {
            return Err(ErrorKind::Unavailable.into());
        }
        self.pause().await;
        let outcomes = self.store("commit").commit(batch).await;
        self.0.commits.send_modify(|commits| *commits += 1);
        self.pause().await;
        drop(self.0.reporting.read().await);
        outcomes
    }
}
