//! What the model knows of a person.

use chat_core::Timestamp;
use chat_core::model::{DoNotDisturb, LastSeen, Settings, SettingsUpdate};

/// What somebody has chosen for themselves, and when they were last here for others.
#[derive(Debug, Default, Clone)]
pub(super) struct Person {
    pub(super) settings: Settings,
    pub(super) quiet: DoNotDisturb,
    /// When they last went, as long as others may see that.
    went: Option<Timestamp>,
}

impl Person {
    /// Whether that changes anything.
    pub(super) fn settle(&mut self, update: SettingsUpdate, is_here: bool, now: Timestamp) -> bool {
        let before = self.settings;
        let after = &mut self.settings;
        after.last_seen = update.last_seen.unwrap_or(before.last_seen);
        after.invisible = update.invisible.unwrap_or(before.invisible);
        after.read_receipts = update.read_receipts.unwrap_or(before.read_receipts);
        if *after == before {
            return false;
        }
        after.changed_at = now.max(Timestamp::from_millis(before.changed_at.as_millis() + 1));
        let changed_at = after.changed_at;
        // Whoever becomes invisible goes at that moment.
        if is_here && after.invisible && !before.invisible {
            self.went = Some(changed_at);
        }
        true
    }

    /// The last of their devices has gone.
    pub(super) fn go(&mut self, now: Timestamp) {
        if !self.settings.invisible {
            self.went = Some(now);
        }
    }

    /// When they were last seen, as others see it: nobody here has friends.
    pub(super) fn last_seen(&self) -> Option<Timestamp> {
        self.went.filter(|_| self.settings.last_seen == LastSeen::Everyone)
    }

    /// The same, as they see it themselves.
    pub(super) fn own_last_seen(&self) -> Option<Timestamp> {
        self.went
    }
}
