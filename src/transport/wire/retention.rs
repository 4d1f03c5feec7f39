//! How much of a room is kept, as JSON.

use serde::Serialize;

use crate::model::{Retention, Room};

/// How long the messages of a room are kept: by age, by count, or by both.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Retention))]
pub(crate) struct RetentionJson {
    /// For how many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, minimum = 1, maximum = 36_500))]
    days: Option<u32>,
    /// How many of them, SYSTEM messages and deleted ones counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, minimum = 1, maximum = 1_000_000_000))]
    messages: Option<u32>,
}

impl From<Retention> for RetentionJson {
    fn from(rule: Retention) -> Self {
        Self { days: rule.days(), messages: rule.messages() }
    }
}

/// The number of the first message that a room keeps; nothing where that is its first.
pub(super) fn first_seq(room: &Room) -> Option<u64> {
    Some(room.floor().seq).filter(|seq| *seq > 1)
}
