//! Waiting for other nodes.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::engine::ChatEngine;
use crate::error::{Error, Result};
use crate::model::Position;

/// How long a call that revokes something waits for other nodes. One that cannot be reached hands nothing
/// on that comes later, but what it had in hand may still go out.
const REVOCATION_PATIENCE: Duration = Duration::from_secs(2);

/// After so long without an answer, nodes are asked again: the question may be lost.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// How long a connection waits until this node has come as far as the store. Then the store cannot be read.
const REACH_PATIENCE: Duration = Duration::from_secs(10);

impl ChatEngine {
    /// Returns when this node has handed on everything up to here. What is read at a position of the store
    /// and told to a connection must not be told to it again, or with an older token.
    ///
    /// Without other nodes it is at once: what is published later is dropped by position.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when the node does not come so far in time.
    pub(in crate::engine) async fn reach(&self, position: &Position) -> Result<()> {
        let Some(handed_on) = &self.inner.handed_on else { return Ok(()) };
        let deadline = Instant::now() + REACH_PATIENCE;
        loop {
            let mut more = std::pin::pin!(handed_on.notified());
            more.as_mut().enable();
            let has_reached = |outlet: &mut super::Outlet| {
                outlet.among_nodes(|nodes, publisher| nodes.has_reached(position, publisher))
            };
            if has_reached(&mut self.inner.outlet.lock()).unwrap_or(true) {
                return Ok(());
            }
            if timeout_at(deadline, more).await.is_err() {
                return Err(Error::unavailable("this node is behind the others"));
            }
        }
    }

    /// Returns when every other node that can be reached has handed on what this one has committed, or
    /// after a while: what was revoked here is revoked there.
    pub(in crate::engine) async fn level_others(&self) {
        if self.inner.handed_on.is_none() {
            return;
        }
        let start = |outlet: &mut super::Outlet| {
            outlet.among_nodes(|nodes, publisher| nodes.sync(publisher.token())).flatten()
        };
        let Some(pending) = start(&mut self.inner.outlet.lock()) else { return };
        let deadline = Instant::now() + REVOCATION_PATIENCE;
        let mut pause = Duration::from_millis(1);
        let mut ask = Instant::now();
        while Instant::now() < deadline {
            let is_synced = self.inner.outlet.lock().among_nodes(|nodes, _| {
                if Instant::now() >= ask {
                    nodes.ask_again(&pending);
                    ask = Instant::now() + ASK_AGAIN;
                }
                nodes.is_synced(&pending)
            });
            if is_synced.unwrap_or(true) {
                break;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        self.inner.outlet.lock().among_nodes(|nodes, _| nodes.give_up(&pending));
    }
}
