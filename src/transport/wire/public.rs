//! Public rooms as JSON, for whoever is not in them.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::RoomId;
use crate::model::{PublicRooms, Room, RoomType};

/// A page of public rooms.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PublicRooms))]
pub(crate) struct PublicRoomsJson<'a> {
    /// The rooms, the newest first. A page of a search may hold fewer than were asked for, and yet others follow.
    rooms: Vec<PublicRoomJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<RoomId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PublicRoom))]
struct PublicRoomJson<'a> {
    /// Its id.
    room_uuid: RoomId,
    /// Its kind.
    r#type: RoomType,
    /// Its name, if it has one of its own.
    #[cfg_attr(feature = "openapi", schema(required))]
    name: Option<&'a str>,
    /// What it is about.
    #[cfg_attr(feature = "openapi", schema(required))]
    topic: Option<&'a str>,
    /// The address of a picture.
    #[cfg_attr(feature = "openapi", schema(required))]
    picture: Option<&'a str>,
    /// How many participants it has.
    participant_count: u32,
    /// When the newest message was sent.
    #[cfg_attr(feature = "openapi", schema(required))]
    last_message_at: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
}

impl<'a> From<&'a PublicRooms> for PublicRoomsJson<'a> {
    fn from(page: &'a PublicRooms) -> Self {
        let room = |room: &'a Room| PublicRoomJson {
            room_uuid: room.id,
            r#type: room.kind.room_type(),
            name: room.name.as_deref(),
            topic: room.about.topic.as_deref(),
            picture: room.about.picture.as_deref(),
            participant_count: room.members,
            last_message_at: room.last_message_at,
            created_at: room.created_at,
        };
        Self { rooms: page.rooms.iter().map(room).collect(), next_cursor: page.next }
    }
}
