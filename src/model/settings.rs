//! What a user lets others see of themselves.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// What a user lets others see of themselves. Hiding something takes nothing away from whoever hides it: they see
/// of others what those let them see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Settings {
    /// Who sees when they were last seen. Whether they are here now is another matter:
    /// [`invisible`](Self::invisible).
    pub last_seen: LastSeen,
    /// Whether they look as if they were not here: nobody sees them come, go or type, and when they were last seen
    /// stays at where this began.
    pub invisible: bool,
    /// Whether others see how far they have read, and what has arrived. If not, they look like one to whom nothing has
    /// come; the marks move all the same, for the unread counts and other devices of their own.
    pub read_receipts: bool,
    /// When this was settled; of two, the later one holds. 1970 where nothing ever was.
    pub changed_at: Timestamp,
}

/// Who sees when a user was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LastSeen {
    /// Whoever is in a room with them.
    #[default]
    Everyone,
    /// Their [friends](super::RelationKind::Friend) among those.
    Friends,
    /// Nobody but they.
    Nobody,
}

/// What of [`Settings`] shall be another way; what is `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store hands it to `apply`, whatever is in it")]
pub struct SettingsUpdate {
    /// Who sees when they were last seen.
    pub last_seen: Option<LastSeen>,
    /// Whether they look as if they were not here.
    pub invisible: Option<bool>,
    /// Whether others see how far they have read.
    pub read_receipts: Option<bool>,
}

impl Default for Settings {
    fn default() -> Self {
        let (last_seen, changed_at) = (LastSeen::Everyone, Timestamp::from_millis(0));
        Self { last_seen, invisible: false, read_receipts: true, changed_at }
    }
}

impl Settings {
    /// What it is after that, at this moment; the same where nothing is another way. No two states of a user's are of
    /// one moment.
    pub(crate) fn updated(self, update: SettingsUpdate, at: Timestamp) -> Self {
        let SettingsUpdate { last_seen, invisible, read_receipts } = update;
        let next = Self {
            last_seen: last_seen.unwrap_or(self.last_seen),
            invisible: invisible.unwrap_or(self.invisible),
            read_receipts: read_receipts.unwrap_or(self.read_receipts),
            ..self
        };
        if next == self {
            return self;
        }
        Self {
            changed_at: at.max(Timestamp::from_millis(self.changed_at.as_millis().saturating_add(1))),
            ..next
        }
    }

    /// When they were last seen, as everybody may know it.
    pub(crate) fn last_seen_to_all(&self, at: Timestamp) -> Option<Timestamp> {
        (self.last_seen == LastSeen::Everyone).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_is_of_a_moment_of_its_own_and_what_stands_stays() {
        let at = Timestamp::from_millis(5);
        let hidden = SettingsUpdate { invisible: Some(true), ..SettingsUpdate::default() };
        let one = Settings::default().updated(hidden, at);
        assert_eq!((one.invisible, one.changed_at), (true, at));
        assert_eq!(one.updated(hidden, Timestamp::from_millis(9)), one);
        let seen = SettingsUpdate { invisible: Some(false), ..SettingsUpdate::default() };
        assert!(one.updated(seen, at).changed_at > one.changed_at);
    }
}
