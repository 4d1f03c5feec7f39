//! Invite links and invitations as JSON.

use serde::Serialize;

use super::{ErrorJson, UserJson};
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Invitation, InvitationPage, Invite, InviteCode, InvitePreview, Profile, RoomType};
use crate::names::names;

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
    /// Whom alone it lets in; null: whoever has its code.
    #[cfg_attr(feature = "openapi", schema(required))]
    user_uuid: Option<&'a UserId>,
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
            user_uuid: link.user.as_ref(),
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

/// An invitation to a room, as whoever is invited sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Invitation))]
pub(crate) struct InvitationJson<'a> {
    /// What it is accepted or declined by.
    code: InviteCode,
    /// The room that it leads into.
    room_uuid: RoomId,
    /// The room's kind.
    room_type: RoomType,
    /// The room's name, if it has one of its own.
    #[cfg_attr(feature = "openapi", schema(required))]
    name: Option<&'a str>,
    /// Who invites; null: the host.
    #[cfg_attr(feature = "openapi", schema(required))]
    invited_by: Option<UserJson<'a>>,
    /// Since when.
    created_at: Timestamp,
    /// From when on it does not hold any more.
    #[cfg_attr(feature = "openapi", schema(required))]
    expires_at: Option<Timestamp>,
}

impl<'a> From<&'a Invitation> for InvitationJson<'a> {
    fn from(invitation: &'a Invitation) -> Self {
        Self {
            code: invitation.code,
            room_uuid: invitation.room,
            room_type: invitation.room_type,
            name: invitation.room_name.as_deref(),
            invited_by: invitation.by.as_ref().map(Into::into),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}

/// What an invite link or an invitation leads to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = InvitePreview))]
pub(crate) struct InvitePreviewJson<'a> {
    /// What it is known by.
    code: InviteCode,
    /// The room that it leads into.
    room_uuid: RoomId,
    /// The room's kind.
    room_type: RoomType,
    /// The room's name, if it has one of its own.
    #[cfg_attr(feature = "openapi", schema(required))]
    name: Option<&'a str>,
    /// What the room is about.
    #[cfg_attr(feature = "openapi", schema(required))]
    topic: Option<&'a str>,
    /// The address of a picture of it.
    #[cfg_attr(feature = "openapi", schema(required))]
    picture: Option<&'a str>,
    /// How many participants it has.
    participant_count: u32,
    /// Who invites; null: the host.
    #[cfg_attr(feature = "openapi", schema(required))]
    invited_by: Option<UserJson<'a>>,
    /// From when on it does not hold any more.
    #[cfg_attr(feature = "openapi", schema(required))]
    expires_at: Option<Timestamp>,
    /// Whether the caller is in the room already.
    is_participant: bool,
    /// What coming in would be refused with now, as far as that can be told before; null: nothing is known that would.
    #[cfg_attr(feature = "openapi", schema(required))]
    refusal: Option<ErrorJson<'a>>,
}

impl<'a> From<&'a InvitePreview> for InvitePreviewJson<'a> {
    fn from(preview: &'a InvitePreview) -> Self {
        let room = &preview.room;
        Self {
            code: preview.code,
            room_uuid: room.id,
            room_type: room.kind.room_type(),
            name: room.name.as_deref(),
            topic: room.about.topic.as_deref(),
            picture: room.about.picture.as_deref(),
            participant_count: room.members,
            invited_by: preview.by.as_ref().map(Into::into),
            expires_at: preview.expires_at,
            is_participant: preview.is_participant,
            refusal: preview.refusal.as_ref().map(Into::into),
        }
    }
}

/// A page of invitations.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Invitations))]
pub(crate) struct InvitationsJson<'a> {
    /// Those that hold. A page may have fewer than were asked for, and yet others follow.
    invitations: Vec<InvitationJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<InviteCode>,
}

impl<'a> From<&'a InvitationPage> for InvitationsJson<'a> {
    fn from(page: &'a InvitationPage) -> Self {
        Self { invitations: page.invitations.iter().map(Into::into).collect(), next_cursor: page.next }
    }
}

names! {
    /// What an [`InvitedJson`] tells of.
    pub(crate) enum InvitedType {
        Invited = "invited",
    }
}

names! {
    /// What an [`InviteEndedJson`] tells of.
    pub(crate) enum InviteEndedType {
        Ended = "inviteEnded",
    }
}

names! {
    /// What an [`InviteDeclinedJson`] tells of.
    pub(crate) enum InviteDeclinedType {
        Declined = "inviteDeclined",
    }
}

/// The user is invited to a room.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Invited))]
pub(crate) struct InvitedJson<'a> {
    /// What it is.
    r#type: InvitedType,
    #[serde(flatten)]
    invitation: InvitationJson<'a>,
}

impl<'a> From<&'a Invitation> for InvitedJson<'a> {
    fn from(invitation: &'a Invitation) -> Self {
        Self { r#type: InvitedType::Invited, invitation: invitation.into() }
    }
}

/// An invitation of the user's was taken back, or declined by another device of theirs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = InviteEnded))]
pub(crate) struct InviteEndedJson {
    /// What it is.
    r#type: InviteEndedType,
    /// The room that it led into.
    room_uuid: RoomId,
    /// What it was known by.
    code: InviteCode,
}

impl InviteEndedJson {
    pub(crate) fn new(room_uuid: RoomId, code: InviteCode) -> Self {
        Self { r#type: InviteEndedType::Ended, room_uuid, code }
    }
}

/// Somebody has declined an invitation that the user had made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = InviteDeclined))]
pub(crate) struct InviteDeclinedJson<'a> {
    /// What it is.
    r#type: InviteDeclinedType,
    /// The room.
    room_uuid: RoomId,
    #[serde(flatten)]
    user: UserJson<'a>,
}

impl<'a> InviteDeclinedJson<'a> {
    pub(crate) fn new(room_uuid: RoomId, who: &'a Profile) -> Self {
        Self { r#type: InviteDeclinedType::Declined, room_uuid, user: who.into() }
    }
}
