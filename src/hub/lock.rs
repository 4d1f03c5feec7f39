//! The hub's locks: plain ones, and in tests that want them those of a scheduler that tries many interleavings of
//! threads.

#[cfg(not(test))]
pub(super) use parking_lot::{Mutex, RwLock};

#[cfg(test)]
pub(super) use either::{Mutex, RwLock, in_many_orders};

#[cfg(test)]
mod either {
    use std::cell::Cell;
    use std::ops::{Deref, DerefMut};
    use std::sync::PoisonError;

    use shuttle::sync as scheduled;

    thread_local! {
        /// Whether the locks that this thread makes are the scheduler's, all of whose threads are this one.
        static IS_SCHEDULED: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs it so many times, its threads in another order each time.
    pub(crate) fn in_many_orders(times: usize, run: impl Fn() + Send + Sync + 'static) {
        struct Scheduled;
        impl Drop for Scheduled {
            fn drop(&mut self) {
                IS_SCHEDULED.set(false);
            }
        }
        IS_SCHEDULED.set(true);
        let _scheduled = Scheduled;
        shuttle::check_random(run, times);
    }

    #[derive(Debug)]
    pub(crate) enum Mutex<T> {
        Plain(parking_lot::Mutex<T>),
        Scheduled(scheduled::Mutex<T>),
    }

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            if IS_SCHEDULED.get() {
                Self::Scheduled(scheduled::Mutex::new(value))
            } else {
                Self::Plain(parking_lot::Mutex::new(value))
            }
        }

        pub(crate) fn lock(&self) -> impl DerefMut<Target = T> {
            match self {
                Self::Plain(lock) => Guard::Plain(lock.lock()),
                Self::Scheduled(lock) => {
                    Guard::Scheduled(lock.lock().unwrap_or_else(PoisonError::into_inner))
                }
            }
        }
    }

    impl<T: Default> Default for Mutex<T> {
        fn default() -> Self {
            Self::new(T::default())
        }
    }

    #[derive(Debug)]
    pub(crate) enum RwLock<T> {
        Plain(parking_lot::RwLock<T>),
        Scheduled(scheduled::RwLock<T>),
    }

    impl<T> RwLock<T> {
        pub(crate) fn read(&self) -> impl Deref<Target = T> {
            match self {
                Self::Plain(lock) => Guard::Plain(lock.read()),
                Self::Scheduled(lock) => {
                    Guard::Scheduled(lock.read().unwrap_or_else(PoisonError::into_inner))
                }
            }
        }

        pub(crate) fn write(&self) -> impl DerefMut<Target = T> {
            match self {
                Self::Plain(lock) => Guard::Plain(lock.write()),
                Self::Scheduled(lock) => {
                    Guard::Scheduled(lock.write().unwrap_or_else(PoisonError::into_inner))
                }
            }
        }
    }

    impl<T: Default> Default for RwLock<T> {
        fn default() -> Self {
            if IS_SCHEDULED.get() {
                Self::Scheduled(Default::default())
            } else {
                Self::Plain(Default::default())
            }
        }
    }

    enum Guard<P, S> {
        Plain(P),
        Scheduled(S),
    }

    impl<T, P: Deref<Target = T>, S: Deref<Target = T>> Deref for Guard<P, S> {
        type Target = T;

        fn deref(&self) -> &T {
            match self {
                Self::Plain(guard) => guard,
                Self::Scheduled(guard) => guard,
            }
        }
    }

    impl<T, P: DerefMut<Target = T>, S: DerefMut<Target = T>> DerefMut for Guard<P, S> {
        fn deref_mut(&mut self) -> &mut T {
            match self {
                Self::Plain(guard) => guard,
                Self::Scheduled(guard) => guard,
            }
        }
    }
}
