//! Keeps the index of words behind what is committed, and never far behind where there is little.

use std::sync::Weak;
use std::time::Duration;

use super::Inner;
use super::background::put_off;
use crate::error::Result;

/// How often it is looked for what waits.
const PAUSE: Duration = Duration::from_millis(250);

/// So many messages at a time, for which a commit waits some milliseconds at most, and which take a MiB or some at most.
const PAGE: u32 = 64;

/// After each page as many times as long as it took belong to the commits.
const YIELDED: u32 = 4;

/// How long nothing is taken in after a failure.
const FAILED: Duration = Duration::from_secs(5);

/// How many pages a search takes in itself, if they are not yet.
const BEFORE_SEARCH: usize = 16;

/// Runs until the engine is gone.
pub(super) async fn follow(engine: Weak<Inner>) {
    let mut interval = tokio::time::interval(PAUSE);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let mut is_more = true;
        while is_more {
            // Held for one page only, so that it keeps no engine that everybody has let go.
            let Some(inner) = engine.upgrade() else { return };
            let begun = tokio::time::Instant::now();
            match inner.store.index(PAGE).await {
                Ok(more) => is_more = more,
                Err(error) => {
                    put_off(&error, "the index of words stands");
                    is_more = false;
                    interval.reset_after(FAILED);
                }
            }
            drop(inner);
            if is_more {
                tokio::time::sleep(begun.elapsed() * YIELDED).await;
            }
        }
    }
}

impl Inner {
    /// Takes in what waits, up to a bound, so that what was sent before is found where there is little.
    pub(super) async fn catch_up_index(&self) -> Result<()> {
        for _ in 0..BEFORE_SEARCH {
            if !self.store.index(PAGE).await? {
                break;
            }
        }
        Ok(())
    }
}
