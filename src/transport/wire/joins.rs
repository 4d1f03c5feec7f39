//! People who wait to come into a room, as JSON.

use serde::Serialize;

use super::UserJson;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::id::{JoinRequestId, RoomId};
use crate::model::{
    InviteCode, JoinRequest, JoinRequestPage, OwnJoinRequest, OwnJoinRequestPage, Profile, RoomType,
};
use crate::names::names;

/// Somebody who waits to come into a room.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = JoinRequest))]
pub(crate) struct JoinRequestJson<'a> {
    /// Its id.
    join_request_uuid: JoinRequestId,
    /// The room.
    room_uuid: RoomId,
    /// Who wants to come in.
    user: UserJson<'a>,
    /// The code of the invite link or invitation by which they want to: with the permission `remove`. Not there where it is
    /// by none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    code: Option<InviteCode>,
    /// Why they wait, where the app says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    reason: Option<&'a str>,
    /// Since when.
    created_at: Timestamp,
}

impl<'a> From<&'a (JoinRequest, Profile)> for JoinRequestJson<'a> {
    fn from((request, user): &'a (JoinRequest, Profile)) -> Self {
        Self {
            join_request_uuid: request.id,
            room_uuid: request.room,
            user: user.into(),
            code: request.invite,
            reason: request.reason.as_deref(),
            created_at: request.at,
        }
    }
}

/// A page of people who wait to come into a room.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = JoinRequests))]
pub(crate) struct JoinRequestsJson<'a> {
    /// The requests, the oldest first.
    join_requests: Vec<JoinRequestJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<JoinRequestId>,
}

impl<'a> From<&'a JoinRequestPage> for JoinRequestsJson<'a> {
    fn from(page: &'a JoinRequestPage) -> Self {
        Self { join_requests: page.requests.iter().map(Into::into).collect(), next_cursor: page.next }
    }
}

/// A request to come into a room, as who asks sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OwnJoinRequest))]
pub(crate) struct OwnJoinRequestJson<'a> {
    /// Its id.
    join_request_uuid: JoinRequestId,
    /// The room.
    room_uuid: RoomId,
    /// The room's kind.
    room_type: RoomType,
    /// The room's name, if it has one of its own.
    #[cfg_attr(feature = "openapi", schema(required))]
    name: Option<&'a str>,
    /// The code of the invite link or invitation by which they want to. Not there where it is by none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    code: Option<InviteCode>,
    /// Since when.
    created_at: Timestamp,
}

impl<'a> From<&'a OwnJoinRequest> for OwnJoinRequestJson<'a> {
    fn from(request: &'a OwnJoinRequest) -> Self {
        Self {
            join_request_uuid: request.id,
            room_uuid: request.room,
            room_type: request.room_type,
            name: request.room_name.as_deref(),
            code: request.invite,
            created_at: request.at,
        }
    }
}

/// A page of one's own requests.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OwnJoinRequests))]
pub(crate) struct OwnJoinRequestsJson<'a> {
    /// The requests, the oldest first. A page may have fewer than were asked for, and yet others follow.
    join_requests: Vec<OwnJoinRequestJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<JoinRequestId>,
}

impl<'a> From<&'a OwnJoinRequestPage> for OwnJoinRequestsJson<'a> {
    fn from(page: &'a OwnJoinRequestPage) -> Self {
        Self { join_requests: page.requests.iter().map(Into::into).collect(), next_cursor: page.next }
    }
}

/// The answer to whoever has to wait: they have asked, and are not in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = JoinHeld))]
pub(crate) struct JoinHeldJson {
    /// `JOIN_HELD`.
    code: ErrorCode,
    /// What it means, in words for people.
    message: String,
    /// The request.
    join_request_uuid: JoinRequestId,
}

impl JoinHeldJson {
    /// `None` of any other error.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        let ErrorKind::JoinHeld(join_request_uuid) = *error.kind() else { return None };
        let (code, message) = (error.kind().wire_code(), error.kind().public_message().into_owned());
        Some(Self { code, message, join_request_uuid })
    }
}

names! {
    /// What a [`JoinNewsJson`] tells of.
    pub(crate) enum JoinNewsType {
        Approved = "joinApproved",
        Rejected = "joinRejected",
        Expired = "joinExpired",
    }
}

/// What became of the user's request to come into a room: expired, nobody has answered in time. One who is let in is told of
/// the room as any participant is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = JoinNews))]
pub(crate) struct JoinNewsJson<'a> {
    /// What it is.
    r#type: JoinNewsType,
    /// The room.
    room_uuid: RoomId,
    /// Which request.
    join_request_uuid: JoinRequestId,
    /// Why they are not let in, in a moderator's words, if they gave any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    reason: Option<&'a str>,
}

impl<'a> JoinNewsJson<'a> {
    pub(crate) fn approved(room_uuid: RoomId, join_request_uuid: JoinRequestId) -> Self {
        Self { r#type: JoinNewsType::Approved, room_uuid, join_request_uuid, reason: None }
    }

    pub(crate) fn expired(room_uuid: RoomId, join_request_uuid: JoinRequestId) -> Self {
        Self { r#type: JoinNewsType::Expired, room_uuid, join_request_uuid, reason: None }
    }

    pub(crate) fn rejected(
        room_uuid: RoomId,
        join_request_uuid: JoinRequestId,
        reason: Option<&'a str>,
    ) -> Self {
        Self { r#type: JoinNewsType::Rejected, room_uuid, join_request_uuid, reason }
    }
}
