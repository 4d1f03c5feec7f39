//! What a case is given: a store in which nothing is yet.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use crate::store::Store;

type Opening = Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send>>;

/// A fresh store for one case, and what there is to know about it.
pub struct Fixture {
    pub(super) store: Arc<dyn Store>,
    reopen: Option<Arc<dyn Fn() -> Opening + Send + Sync>>,
    /// Dropped after the store.
    kept: Option<Box<dyn Any + Send + Sync>>,
    /// The time of the next item.
    pub(super) now: AtomicI64,
}

impl Fixture {
    /// A store in which nothing is yet.
    pub fn new(store: impl Store) -> Self {
        Self { store: Arc::new(store), reopen: None, kept: None, now: AtomicI64::new(1_700_000_000_000) }
    }

    /// How the same store is opened again when it was dropped. Without this, cases of durability check
    /// nothing.
    #[must_use]
    pub fn reopening<S, F>(mut self, open: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        S: Store,
        F: Future<Output = S> + Send + 'static,
    {
        self.reopen = Some(Arc::new(move || {
            let opening = open();
            Box::pin(async move { Arc::new(opening.await) as Arc<dyn Store> })
        }));
        self
    }

    /// Keeps something, such as the guard of a temporary directory, until the case is over. It is dropped after the
    /// store.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.kept = Some(Box::new(guard));
        self
    }

    /// Drops the store and opens it again; `None` for a store that forgets.
    pub(super) async fn reopened(self) -> Option<Self> {
        let Self { store, reopen, kept, now } = self;
        drop(store);
        let store = reopen.as_ref()?().await;
        Some(Self { store, reopen, kept, now })
    }
}

/// What a factory may yield.
pub trait IntoFixture {
    /// The fixture; `None` where the store cannot be had, for which each case passes without a check.
    fn into_fixture(self) -> Option<Fixture>;
}

impl<S: Store> IntoFixture for S {
    fn into_fixture(self) -> Option<Fixture> {
        Some(Fixture::new(self))
    }
}

impl IntoFixture for Fixture {
    fn into_fixture(self) -> Option<Fixture> {
        Some(self)
    }
}

impl IntoFixture for Option<Fixture> {
    fn into_fixture(self) -> Option<Fixture> {
        self
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("store", &self.store).finish_non_exhaustive()
    }
}
