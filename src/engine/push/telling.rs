//! Hands notices over to the host, some at a time.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::clock::Timestamp;
use crate::engine::ChatEngine;
use crate::error::{Error, Result};
use crate::metrics;
use crate::push::Notice;

/// The first pause before something is tried again, and the longest; each is twice the one before it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(10 * 60);

/// What came of a notice.
#[derive(Debug, Clone, Copy)]
pub(super) enum Came {
    /// It was taken, or is dropped after so many tries.
    Ended,
    /// It is tried again then.
    Failed { tries: u32, due: Timestamp },
}

impl ChatEngine {
    /// Hands notices over, each with what it is of.
    pub(super) async fn tell_all<T: Send + 'static>(&self, notices: Vec<(T, Notice)>) -> Vec<(T, Came)> {
        let mut tasks = JoinSet::new();
        for (of, notice) in notices {
            // Never closed.
            let Ok(turn) = self.inner.pushing.turns.clone().acquire_owned().await else { break };
            let engine = self.clone();
            tasks.spawn(async move {
                let done = engine.tell_one(notice.clone()).await;
                drop(turn);
                (of, engine.came(&notice, done))
            });
        }
        let mut told = Vec::with_capacity(tasks.len());
        while let Some(done) = tasks.join_next().await {
            told.extend(done);
        }
        told
    }

    fn came(&self, notice: &Notice, done: Result<()>) -> Came {
        let Err(error) = done else {
            metrics::pushed(metrics::PushOutcome::Taken);
            return Came::Ended;
        };
        let (user, kind, tries) = (&notice.user, notice.about.kind(), notice.tries + 1);
        let error = &error as &dyn std::error::Error;
        if tries >= self.config().push_tries {
            metrics::pushed(metrics::PushOutcome::Dropped);
            tracing::warn!(error, %user, kind, "a notice is dropped");
            return Came::Ended;
        }
        metrics::pushed(metrics::PushOutcome::Failed);
        tracing::debug!(error, %user, kind, tries, "a notice failed");
        Came::Failed { tries, due: self.now().plus(pause(tries)) }
    }

    async fn tell_one(&self, notice: Notice) -> Result<()> {
        let Some(push) = self.inner.pushing.push.clone() else { return Ok(()) };
        // A task of its own, so that a panic of the host's is a failure of this one alone.
        let telling = tokio::spawn(async move { push.notify(notice).await });
        let abort = telling.abort_handle();
        match timeout(self.config().push_timeout, telling).await {
            Ok(told) => told.map_err(Error::unavailable)?,
            Err(elapsed) => {
                abort.abort();
                Err(Error::unavailable(elapsed))
            }
        }
    }
}

/// How long nothing is tried after so many tries.
fn pause(tries: u32) -> Duration {
    let factor = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        let seconds = [1, 2, 3, 7, 8, 32, 33, u32::MAX].map(|tries| pause(tries).as_secs());
        assert_eq!(seconds, [5, 10, 20, 320, 600, 600, 600, 600]);
    }
}
