//! What becomes of a room and of who is in it, as JSON.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::event::RoomChange;
use crate::id::{RoomId, UserId};
use crate::model::{Custom, Profile, Role, Room, RoomType, Visibility};
use crate::names::names;
use crate::transport::wire::retention::first_seq;
use crate::transport::wire::{PermissionsJson, RetentionJson};

names! {
    /// What happened to a room.
    pub(crate) enum RoomChangeType {
        Updated = "updated",
        Reset = "reset",
        Left = "left",
    }
}

/// A room changed: what is said of it, its permissions, or whether it is open (`updated`), it has to be loaded anew (`reset`), or the user does not belong to it any more (`left`).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = RoomChange))]
pub(crate) struct RoomChangeJson<'a> {
    /// The room.
    room_uuid: RoomId,
    /// What happened to it.
    change: RoomChangeType,
    /// Its name, if it has one of its own.
    #[cfg_attr(feature = "openapi", schema(required))]
    name: Option<&'a str>,
    /// Its kind.
    r#type: RoomType,
    /// Whether it is open.
    is_active: bool,
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
    /// How long its messages are kept. Only in a room that has a rule of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    retention: Option<RetentionJson>,
    /// The `seq` of the first message that is kept. Only where those before it were cut away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    first_seq: Option<u64>,
    /// That the room was deleted for everybody. Only then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    is_deleted: Option<bool>,
}

impl<'a> RoomChangeJson<'a> {
    pub(super) fn new(change: RoomChange, room: &'a Room) -> Self {
        Self {
            room_uuid: room.id,
            change: match change {
                RoomChange::Updated => RoomChangeType::Updated,
                RoomChange::Reset => RoomChangeType::Reset,
                RoomChange::Left => RoomChangeType::Left,
            },
            name: room.name.as_deref(),
            r#type: room.kind.room_type(),
            is_active: room.active,
            permissions: PermissionsJson(room.permissions),
            topic: room.about.topic.as_deref(),
            picture: room.about.picture.as_deref(),
            visibility: room.about.visibility,
            custom: &room.about.custom,
            slow_mode: Some(room.slow_mode).filter(|seconds| *seconds > 0),
            retention: room.retention().map(Into::into),
            first_seq: first_seq(room),
            is_deleted: room.is_deleted().then_some(true),
        }
    }
}

/// Somebody joined or left, has another role, or is muted or no more.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ParticipantChange))]
pub(crate) struct ParticipantChangeJson<'a> {
    /// The room.
    #[cfg_attr(feature = "openapi", schema(required, nullable = false))]
    room_uuid: Option<RoomId>,
    /// Who.
    user_uuid: &'a UserId,
    /// The name that others see.
    nickname: &'a str,
    /// Whether they are in the room: they joined, or stand otherwise in it; if not, they left.
    joined: bool,
    /// What they are in the room; null when they left.
    #[cfg_attr(feature = "openapi", schema(required))]
    role: Option<Role>,
    /// Until when they are muted, which nobody is any more at that time; `9999-12-31T23:59:59.999Z`: for good. Not
    /// there: they are not muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    muted_until: Option<Timestamp>,
}

impl<'a> ParticipantChangeJson<'a> {
    pub(super) fn new(
        room_uuid: Option<RoomId>,
        profile: &'a Profile,
        role: Option<Role>,
        muted_until: Option<Timestamp>,
    ) -> Self {
        let (user_uuid, nickname) = (&profile.user, &*profile.nickname);
        Self { room_uuid, user_uuid, nickname, joined: role.is_some(), role, muted_until }
    }
}

names! {
    /// What an [`AddedJson`] tells of.
    pub(crate) enum AddedType {
        Added = "addedToRoom",
    }
}

/// The user was added to a room.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AddedToRoom))]
pub(crate) struct AddedJson<'a> {
    /// What it is.
    pub(super) r#type: AddedType,
    /// The room.
    pub(super) room_uuid: RoomId,
    /// Its kind.
    pub(super) room_type: RoomType,
    /// Its name, if it has one of its own.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub(super) name: Option<&'a str>,
}

names! {
    /// What a [`RemovedJson`] tells of.
    pub(crate) enum RemovedType {
        Removed = "removedFromRoom",
    }
}

/// The user was taken out of a room, or left it from another connection, or the room was deleted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = RemovedFromRoom))]
pub(crate) struct RemovedJson {
    /// What it is.
    r#type: RemovedType,
    /// The room.
    room_uuid: RoomId,
    /// That the room was deleted for everybody. Only then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    is_deleted: Option<bool>,
}

impl RemovedJson {
    pub(super) fn new(room_uuid: RoomId, is_deleted: bool) -> Self {
        Self { r#type: RemovedType::Removed, room_uuid, is_deleted: is_deleted.then_some(true) }
    }
}
