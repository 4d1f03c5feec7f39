//! Rooms.

use serde::Serialize;

use super::{MessageJson, PermissionsJson, RetentionJson, retention};
use crate::clock::Timestamp;
use crate::engine::CreatedRoom;
use crate::id::{ChallengeId, RoomId, UserId};
use crate::model::{Custom, NotifyLevel, Page, Role, RoomType, RoomView, Visibility};

/// A room as one of its participants sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Room))]
pub(crate) struct RoomJson<'a> {
    /// Its id.
    room_uuid: RoomId,
    /// Its kind.
    r#type: RoomType,
    /// Its name; where it has none, one made of the others' nicknames.
    name: &'a str,
    /// The first of its participants.
    participant_uuids: &'a [UserId],
    /// How many participants it has. Exact.
    participant_count: u32,
    /// The challenge of a CHALLENGE room.
    #[cfg_attr(feature = "openapi", schema(required))]
    challenge_uuid: Option<&'a ChallengeId>,
    /// Whether it is open: nothing is sent in a closed one.
    is_active: bool,
    /// When the newest message was sent.
    #[cfg_attr(feature = "openapi", schema(required))]
    last_message_at: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// How many messages the caller has not read.
    unread_count: u64,
    /// The newest message.
    #[cfg_attr(feature = "openapi", schema(required))]
    last_message: Option<MessageJson<'a>>,
    /// What the caller is in it.
    role: Role,
    /// What takes which role in it.
    permissions: PermissionsJson,
    /// What it is about.
    #[cfg_attr(feature = "openapi", schema(required))]
    topic: Option<&'a str>,
    /// The address of a picture.
    #[cfg_attr(feature = "openapi", schema(required))]
    picture: Option<&'a str>,
    /// Who may find it and join it, beside whoever is invited.
    visibility: Visibility,
    /// What the app keeps of its own with it; empty where it keeps nothing.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    custom: &'a Custom,
    /// How many seconds have to pass between two messages of a member who is no admin. Only in a slow room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    slow_mode: Option<u32>,
    /// Until when the caller is muted in it; `9999-12-31T23:59:59.999Z`: for good. Only while they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    muted_until: Option<Timestamp>,
    /// Of which messages the caller has chosen to have notices. Not there: the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    notifications: Option<NotifyLevel>,
    /// From when on the default holds again. Not there: it never does by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    notify_until: Option<Timestamp>,
    /// How many of its participants are here, as it was last counted. Only of a great room that is asked for alone, and only
    /// where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    online_count: Option<u32>,
    /// How long its messages are kept. Only in a room that has a rule of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    retention: Option<RetentionJson>,
    /// The `seq` of the first message that is kept. Only where those before it were cut away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    first_seq: Option<u64>,
    /// How many of the unread messages mention the caller. Exact; deleted ones do not count.
    mention_count: u64,
}

impl<'a> From<&'a RoomView> for RoomJson<'a> {
    fn from(view: &'a RoomView) -> Self {
        let room = &view.room;
        Self {
            room_uuid: room.id,
            r#type: room.kind.room_type(),
            name: &view.name,
            participant_uuids: &view.participants,
            participant_count: room.members,
            challenge_uuid: room.kind.challenge(),
            is_active: room.active,
            last_message_at: room.last_message_at,
            created_at: room.created_at,
            unread_count: view.unread,
            last_message: view.last_message.as_ref().map(Into::into),
            role: view.role,
            permissions: PermissionsJson(room.permissions),
            topic: room.about.topic.as_deref(),
            picture: room.about.picture.as_deref(),
            visibility: room.about.visibility,
            custom: &room.about.custom,
            slow_mode: Some(room.slow_mode).filter(|seconds| *seconds > 0),
            muted_until: view.muted_until,
            notifications: view.notify.map(|setting| setting.level),
            notify_until: view.notify.and_then(|setting| setting.until),
            online_count: view.online,
            retention: room.retention().map(Into::into),
            first_seq: retention::first_seq(room),
            mention_count: view.mentions,
        }
    }
}

impl<'a> From<&'a CreatedRoom> for RoomJson<'a> {
    fn from(created: &'a CreatedRoom) -> Self {
        (&created.view).into()
    }
}

/// A page of rooms.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Rooms))]
pub(crate) struct RoomsJson<'a> {
    /// The rooms, newest activity first.
    rooms: Vec<RoomJson<'a>>,
    /// Which page it is, from 1.
    page: u64,
    /// How many a page holds.
    limit: u32,
    /// How many rooms there are on all pages.
    total: u64,
    /// Whether another page follows.
    has_more: bool,
}

impl<'a> From<&'a Page<RoomView>> for RoomsJson<'a> {
    fn from(page: &'a Page<RoomView>) -> Self {
        Self {
            rooms: page.items.iter().map(Into::into).collect(),
            page: page.query.page(),
            limit: page.query.limit().count(),
            total: page.total,
            has_more: page.query.has_more(page.total),
        }
    }
}
