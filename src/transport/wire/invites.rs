//! Invite links as JSON.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Invite, InviteCode};

/// An invite link.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Invite))]
pub(crate) struct InviteJson<'a> {
    /// What it is known by.
    code: InviteCode,
    /// The room that it leads into.
    room_uuid: RoomId,
    /// Who has made it; null: the host.
    #[cfg_attr(feature = "openapi", schema(required))]
    created_by: Option<&'a UserId>,
    /// When it was made.
    created_at: Timestamp,
    /// From when on it does not hold any more.
    #[cfg_attr(feature = "openapi", schema(required))]
    expires_at: Option<Timestamp>,
    /// How many may come in by it.
    #[cfg_attr(feature = "openapi", schema(required))]
    max_uses: Option<u32>,
    /// How many have come in by it.
    uses: u32,
}

impl<'a> From<&'a Invite> for InviteJson<'a> {
    fn from(link: &'a Invite) -> Self {
        Self {
            code: link.code,
            room_uuid: link.room,
            created_by: link.by.as_ref(),
            created_at: link.created_at,
            expires_at: link.expires_at,
            max_uses: link.max_uses.map(std::num::NonZeroU32::get),
            uses: link.uses,
        }
    }
}

/// The invite links of a room.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Invites))]
pub(crate) struct InvitesJson<'a> {
    /// Those that hold, the newest first.
    invites: Vec<InviteJson<'a>>,
}

impl<'a> From<&'a [Invite]> for InvitesJson<'a> {
    fn from(links: &'a [Invite]) -> Self {
        Self { invites: links.iter().map(Into::into).collect() }
    }
}
