//! Errors.

use std::borrow::Cow;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode, ErrorKind, LimitName};
use crate::id::{MessageId, RoomId};

/// An error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Error))]
pub(crate) struct ErrorJson<'a> {
    /// What to act on; stable.
    code: ErrorCode,
    /// What went wrong, in words for people.
    message: Cow<'a, str>,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub(crate) field: Option<&'a str>,
    /// The room that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub(crate) room_uuid: Option<RoomId>,
    /// Until when somebody is muted or banned; `9999-12-31T23:59:59.999Z`: for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub(crate) until: Option<Timestamp>,
    /// The message that is held, and has this id once it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub(crate) held_uuid: Option<MessageId>,
    /// Of what there are as many as there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    limit: Option<LimitName>,
    /// How many of that there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    allowed: Option<u64>,
}

impl<'a> From<&'a Error> for ErrorJson<'a> {
    fn from(error: &'a Error) -> Self {
        error.kind().into()
    }
}

impl<'a> From<&'a ErrorKind> for ErrorJson<'a> {
    fn from(kind: &'a ErrorKind) -> Self {
        let plain = Self {
            code: kind.wire_code(),
            message: kind.public_message(),
            field: None,
            room_uuid: None,
            until: None,
            held_uuid: None,
            limit: None,
            allowed: None,
        };
        match kind {
            ErrorKind::Invalid { field, .. } => Self { field: Some(field), ..plain },
            ErrorKind::ChallengeRoomExists(room) => Self { room_uuid: Some(*room), ..plain },
            ErrorKind::Muted(until) | ErrorKind::Banned { until, .. } => {
                Self { until: Some(*until), ..plain }
            }
            ErrorKind::Held(id) => Self { held_uuid: Some(*id), ..plain },
            ErrorKind::LimitReached { limit, allowed } => {
                Self { limit: Some(*limit), allowed: Some(*allowed), ..plain }
            }
            _ => plain,
        }
    }
}
