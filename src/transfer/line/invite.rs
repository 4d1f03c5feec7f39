//! The line of an invite link.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::FieldError;
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Invite, InviteCode};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct InviteLine {
    room: RoomId,
    code: InviteCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<UserId>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_uses: Option<NonZeroU32>,
    uses: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserId>,
}

impl InviteLine {
    pub(in crate::transfer) fn record(self) -> Result<Invite, FieldError> {
        let Self { room, code, by, created_at, expires_at, max_uses, uses, user } = self;
        if expires_at.is_some_and(|end| end < created_at) {
            return Err(FieldError::Unfit("expiresAt"));
        }
        if max_uses.is_some_and(|most| uses > most.get()) {
            return Err(FieldError::Unfit("uses"));
        }
        // Whoever is invited comes in once.
        if user.is_some() && max_uses != Some(NonZeroU32::MIN) {
            return Err(FieldError::Unfit("maxUses"));
        }
        Ok(Invite { code, room, by, created_at, expires_at, max_uses, uses, user })
    }
}

impl From<Invite> for InviteLine {
    fn from(invite: Invite) -> Self {
        let Invite { code, room, by, created_at, expires_at, max_uses, uses, user } = invite;
        Self { room, code, by, created_at, expires_at, max_uses, uses, user }
    }
}
