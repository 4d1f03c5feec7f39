//! Who is here and who types, as JSON.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};

/// Somebody types, or has stopped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Typing))]
pub(crate) struct TypingJson<'a> {
    /// The room.
    #[cfg_attr(feature = "openapi", schema(required, nullable = false))]
    pub(super) room_uuid: Option<RoomId>,
    /// Who.
    pub(super) user_uuid: &'a UserId,
    /// The name that others see.
    pub(super) nickname: &'a str,
    /// Whether they type now.
    pub(super) is_typing: bool,
}

/// So many type in a great room, the reader counted if they do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TypingCount))]
pub(crate) struct TypingCountJson {
    /// The room.
    #[cfg_attr(feature = "openapi", schema(required, nullable = false))]
    pub(super) room_uuid: Option<RoomId>,
    /// How many.
    pub(super) typing_count: u32,
}

/// Somebody came online or went. Told in small rooms only.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Presence))]
pub(crate) struct PresenceJson<'a> {
    /// The room.
    #[cfg_attr(feature = "openapi", schema(required, nullable = false))]
    pub(super) room_uuid: Option<RoomId>,
    /// Who.
    pub(super) user_uuid: &'a UserId,
    /// Whether a connection of theirs is open.
    pub(super) online: bool,
    /// When their last connection ended; null where not everybody may see it.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub(super) last_seen_at: Option<Timestamp>,
}

/// So many of a great room's participants are here, the reader counted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OnlineCount))]
pub(crate) struct OnlineCountJson {
    /// The room.
    #[cfg_attr(feature = "openapi", schema(required, nullable = false))]
    pub(super) room_uuid: Option<RoomId>,
    /// How many.
    pub(super) online_count: u32,
}
