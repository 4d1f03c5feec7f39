//! That what waits in a room has changed, as JSON.

use serde::Serialize;

use crate::id::RoomId;
use crate::names::names;

names! {
    /// What waits.
    pub(crate) enum WaitingType {
        HeldMessages = "heldMessagesChanged",
        JoinRequests = "joinRequestsChanged",
        Reports = "reportsChanged",
    }
}

/// What waits in a room has changed, for those who may answer it. Which messages are held: one was held, approved, rejected,
/// taken back, or let go after a time; also for its sender, but where somebody has answered. Who waits to come in: somebody
/// has asked to, has taken that back, was answered, or let go after a time; also for whoever asks or takes it back. Which
/// reports wait: one was made or settled. What waits, the lists tell.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WaitingChanged))]
pub(crate) struct WaitingChangedJson {
    /// What waits.
    pub(crate) r#type: WaitingType,
    /// The room.
    pub(crate) room_uuid: RoomId,
}
