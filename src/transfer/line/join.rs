//! The line of a request to come in.

use serde::{Deserialize, Serialize};

use super::{FieldError, check_texts};
use crate::clock::Timestamp;
use crate::id::{JoinRequestId, RoomId, UserId};
use crate::model::{InviteCode, JoinRequest};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct JoinRequestLine {
    room: RoomId,
    id: JoinRequestId,
    user: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite: Option<InviteCode>,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl JoinRequestLine {
    pub(in crate::transfer) fn record(self) -> Result<JoinRequest, FieldError> {
        let Self { room, id, user, invite, at, reason } = self;
        check_texts(&[("reason", reason.as_deref())])?;
        Ok(JoinRequest { id, room, user, invite, reason, at })
    }
}

impl From<JoinRequest> for JoinRequestLine {
    fn from(request: JoinRequest) -> Self {
        let JoinRequest { id, room, user, invite, reason, at } = request;
        Self { room, id, user, invite, at, reason }
    }
}
