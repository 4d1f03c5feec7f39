//! What goes on without being asked for: each such task tries again later, and tells what it failed of.

use std::error::Error as StdError;

use tokio::task::JoinError;

use crate::error::Error;

/// Tells that something in the background has to wait. Not where the runtime ends under it: nobody waits for it then, and
/// what had begun is taken up when the next engine starts.
pub(super) fn put_off(error: &Error, what: &'static str) {
    if !is_of_an_ending(error) {
        tracing::warn!(error = error as &dyn StdError, "{what}");
    }
}

/// Whether it came of a task that was cut short, as a runtime does with all of them when it ends.
fn is_of_an_ending(error: &Error) -> bool {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.filter_map(|cause| cause.downcast_ref::<JoinError>()).any(JoinError::is_cancelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("a task was cut short")]
    struct Cut(#[from] JoinError);

    #[test]
    fn what_a_runtime_cuts_short_is_of_its_ending_and_a_panic_is_not() {
        let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (ended, running) = (runtime(), runtime());
        let handle = ended.handle().clone();
        ended.shutdown_background();
        let cut = running.block_on(handle.spawn_blocking(|| {})).unwrap_err();
        let panicked = running.block_on(running.spawn(async { panic!("oh") })).unwrap_err();
        assert!(is_of_an_ending(&Error::unavailable(Cut(cut))));
        assert!(!is_of_an_ending(&Error::unavailable(Cut(panicked))));
        assert!(!is_of_an_ending(&Error::unavailable("away")));
    }
}
