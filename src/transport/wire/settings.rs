//! What a user lets others see, as JSON.

use serde::{Deserialize, Serialize};

use crate::model::{LastSeen, Settings, SettingsUpdate};
use crate::names::names;

/// What others see of the caller.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Settings))]
pub(crate) struct SettingsJson {
    /// Who sees when they were last seen, of those who are in a room with them.
    last_seen: LastSeen,
    /// Whether they look as if they were not here: nobody sees them come, go or type, and when they were last seen stays
    /// at where this began.
    invisible: bool,
    /// Whether others see how far they have read, and what has arrived. If not, their marks are told to nobody, and
    /// `readByUuids`, `readCount` and `isRead` do not count them.
    read_receipts: bool,
}

impl From<&Settings> for SettingsJson {
    fn from(settings: &Settings) -> Self {
        let Settings { last_seen, invisible, read_receipts, .. } = *settings;
        Self { last_seen, invisible, read_receipts }
    }
}

/// What others shall see of the caller.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsArgs {
    last_seen: Option<LastSeen>,
    invisible: Option<bool>,
    read_receipts: Option<bool>,
}

impl From<SettingsArgs> for SettingsUpdate {
    fn from(args: SettingsArgs) -> Self {
        let SettingsArgs { last_seen, invisible, read_receipts } = args;
        Self { last_seen, invisible, read_receipts }
    }
}

names! {
    /// What a [`SettledJson`] tells of.
    pub(crate) enum SettledType {
        Settled = "settings",
    }
}

/// The user has changed what others see of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SettingsChange))]
pub(crate) struct SettledJson {
    /// What it is.
    r#type: SettledType,
    #[serde(flatten)]
    settings: SettingsJson,
}

impl From<&Settings> for SettledJson {
    fn from(settings: &Settings) -> Self {
        Self { r#type: SettledType::Settled, settings: settings.into() }
    }
}
