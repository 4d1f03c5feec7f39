//! Waiting for other nodes.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Nodes;
use crate::engine::ChatEngine;
use crate::engine::publish::Publisher;
use crate::error::{Error, Result};
use crate::model::{Position, Token};

/// How long a call that revokes something waits for other nodes. One that cannot be reached hands nothing
/// on that comes later, but what it had in hand may still go out.
const REVOCATION_PATIENCE: Duration = Duration::from_secs(2);

/// After so long without an answer, nodes are asked again: the question may be lost.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// How long a connection waits until this node has come as far as the store. Then the store cannot be read.
const REACH_PATIENCE: Duration = Duration::from_secs(10);

impl ChatEngine {
    /// What concerns the other nodes. One that is alone takes no lock for it.
    pub(in crate::engine) fn among_nodes<T>(
        &self,
        act: impl FnOnce(&mut Nodes, &mut Publisher) -> T,
    ) -> Option<T> {
        self.inner.handed_on.as_ref()?;
        self.inner.outlet.lock().among_nodes(act)
    }

    /// A position up to which a catch-up may read: whatever is published from now on is beyond it, and so is
    /// its token. (Only the first of these holds with one lane and no other nodes, where the second
    /// follows from it.)
    pub(in crate::engine) async fn level(&self) -> Result<Token> {
        if self.inner.handed_on.is_some() {
            return Ok(self.inner.outlet.lock().token());
        }
        let at = self.store().position().await?;
        if at.position.lanes() == 1 {
            return Ok(at);
        }
        // What of it is this engine's own is published then. What is another's is told by nobody else.
        self.inner.committer.barrier().await;
        Ok(self.inner.outlet.lock().skip_to(&at.position))
    }

    /// Returns when this node has handed on everything up to here: a client that comes from another node may
    /// have seen more than this one has.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when the node does not come so far in time.
    pub(in crate::engine) async fn reach(&self, position: &Position) -> Result<()> {
        let Some(handed_on) = &self.inner.handed_on else { return Ok(()) };
        let deadline = Instant::now() + REACH_PATIENCE;
        loop {
            let mut more = std::pin::pin!(handed_on.notified());
            more.as_mut().enable();
            let has_reached = self.among_nodes(|nodes, publisher| nodes.has_reached(position, publisher));
            if has_reached.unwrap_or(true) {
                return Ok(());
            }
            if timeout_at(deadline, more).await.is_err() {
                return Err(Error::unavailable("this node is behind the others"));
            }
        }
    }

    /// The store stands here: other nodes may have brought it there.
    pub(in crate::engine) fn hear_of(&self, at: Token) {
        let now = Instant::now().into_std();
        self.among_nodes(|nodes, publisher| nodes.stands(at, publisher, now));
    }

    /// Returns when every other node that can be reached has handed on what this one has committed, or
    /// after a while: what was revoked here is revoked there.
    pub(in crate::engine) async fn level_others(&self) {
        let pending = self.among_nodes(|nodes, publisher| nodes.sync(publisher.token()));
        let Some(pending) = pending.flatten() else { return };
        let deadline = Instant::now() + REVOCATION_PATIENCE;
        let mut pause = Duration::from_millis(1);
        let mut ask = Instant::now();
        while Instant::now() < deadline {
            let is_synced = self.among_nodes(|nodes, _| {
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
        self.among_nodes(|nodes, _| nodes.give_up(&pending));
    }
}
