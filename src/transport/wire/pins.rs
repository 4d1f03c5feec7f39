//! Pins as JSON.

use serde::Serialize;

use super::MessageJson;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::model::{Pin, PinPage};

/// By whom a message is pinned, and since when.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Pin))]
pub(crate) struct PinJson<'a> {
    /// Who has pinned it; null where the host has.
    #[cfg_attr(feature = "openapi", schema(required))]
    user_uuid: Option<&'a UserId>,
    /// Since when.
    pinned_at: Timestamp,
}

impl<'a> From<&'a Pin> for PinJson<'a> {
    fn from(pin: &'a Pin) -> Self {
        Self { user_uuid: pin.by.as_ref(), pinned_at: pin.at }
    }
}

/// A page of a room's pinned messages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Pins))]
pub(crate) struct PinsJson<'a> {
    /// The messages, the newest pin first.
    messages: Vec<MessageJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<String>,
}

impl<'a> From<&'a PinPage> for PinsJson<'a> {
    fn from(page: &'a PinPage) -> Self {
        Self {
            messages: page.messages.iter().map(Into::into).collect(),
            next_cursor: page.next.map(|next| next.to_string()),
        }
    }
}
