//! Collects attachments that no message has: what was uploaded and never sent, and what broke off.

use std::sync::Weak;
use std::time::Duration;

use super::background::put_off;
use super::{ChatEngine, Inner};
use crate::error::Result;
use crate::store::StoredAttachment;

/// How often they are looked for.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// How many are deleted at once, and how many of these at a time at most.
const PAGE: u32 = 100;
const PAGES: usize = 50;

/// Runs until the engine is gone.
pub(super) async fn collect(engine: Weak<Inner>) {
    let mut interval = tokio::time::interval(PAUSE);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        for _ in 0..PAGES {
            // Held for one page only, so that it keeps no engine that everybody has let go.
            let Some(inner) = engine.upgrade() else { return };
            match (ChatEngine { inner }).collect_page().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    put_off(&error, "nothing is collected");
                    break;
                }
            }
        }
    }
}

impl ChatEngine {
    /// Deletes the oldest. `true` when there may be more that can be deleted.
    async fn collect_page(&self) -> Result<bool> {
        if self.check_running().is_err() {
            return Ok(false);
        }
        let before = self.now().minus(self.config().attachment_keep);
        let old = self.store().unsent_attachments(before, PAGE).await?;
        let is_page = old.len() == PAGE as usize;
        let mut is_all = true;
        for StoredAttachment { attachment, .. } in old {
            is_all &= self.drop_attachment(attachment.room, attachment.id).await;
        }
        Ok(is_page && is_all)
    }
}
