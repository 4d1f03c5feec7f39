//! People as JSON: a user, participants of a room, friends, requests, blocks.

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::clock::Timestamp;
use crate::event::Participants;
use crate::id::UserId;
use crate::model::{Participant, Profile, RelationKind, RelationPage, RelationView, Role};
use crate::names::names;

names! {
    /// What somebody is to the caller.
    pub(crate) enum RelationState {
        None = "NONE",
        Friend = "FRIEND",
        RequestSent = "REQUEST_SENT",
        RequestReceived = "REQUEST_RECEIVED",
        Blocked = "BLOCKED",
    }
}

/// A user as others see them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = User))]
pub(crate) struct UserJson<'a> {
    /// Whose it is.
    user_uuid: &'a UserId,
    /// The name that others see; the id of somebody who was never seen.
    nickname: &'a str,
    /// The address of a picture.
    #[cfg_attr(feature = "openapi", schema(required))]
    profile_image: Option<&'a str>,
}

impl<'a> From<&'a Profile> for UserJson<'a> {
    fn from(profile: &'a Profile) -> Self {
        Self {
            user_uuid: &profile.user,
            nickname: &profile.nickname,
            profile_image: profile.image.as_deref(),
        }
    }
}

/// A page of participants.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Participants))]
pub(crate) struct ParticipantsJson<'a> {
    /// The participants, in the order of their ids.
    participants: Vec<ParticipantJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<&'a UserId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Participant))]
struct ParticipantJson<'a> {
    #[serde(flatten)]
    user: UserJson<'a>,
    /// What they may do.
    role: Role,
    /// Whether a connection of theirs is open. Not of whoever is invisible.
    online: bool,
    /// When their last connection ended; null also where they do not let the caller see it.
    #[cfg_attr(feature = "openapi", schema(required))]
    last_seen_at: Option<Timestamp>,
    /// Until when they are muted; `9999-12-31T23:59:59.999Z`: for good. Only while they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    muted_until: Option<Timestamp>,
}

impl<'a> From<&'a Participants> for ParticipantsJson<'a> {
    fn from(page: &'a Participants) -> Self {
        let participant = |one: &'a Participant| ParticipantJson {
            user: (&one.profile).into(),
            role: one.role,
            online: one.online,
            last_seen_at: one.last_seen,
            muted_until: one.muted_until,
        };
        Self {
            participants: page.participants.iter().map(participant).collect(),
            next_cursor: page.next.as_ref(),
        }
    }
}

/// How somebody stands to the caller.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Relation))]
pub(crate) struct RelationJson<'a> {
    #[serde(flatten)]
    user: UserJson<'a>,
    /// What they are.
    state: RelationState,
    /// Since when; null for strangers.
    #[cfg_attr(feature = "openapi", schema(required))]
    since: Option<Timestamp>,
    /// Whether a connection of theirs is open. Of friends alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    online: Option<bool>,
}

impl<'a> From<&'a RelationView> for RelationJson<'a> {
    fn from(view: &'a RelationView) -> Self {
        let kind = view.relation.map(|(kind, _)| kind);
        Self {
            user: (&view.other).into(),
            state: match kind {
                None => RelationState::None,
                Some(RelationKind::Friend) => RelationState::Friend,
                Some(RelationKind::RequestSent) => RelationState::RequestSent,
                Some(RelationKind::RequestReceived) => RelationState::RequestReceived,
                Some(RelationKind::Blocked) => RelationState::Blocked,
            },
            since: view.relation.map(|(_, since)| since),
            online: (kind == Some(RelationKind::Friend)).then_some(view.online),
        }
    }
}

/// A page of people under the name of the list.
#[derive(Debug)]
pub(crate) struct PeopleJson<'a>(pub(crate) &'static str, pub(crate) &'a RelationPage);

impl Serialize for PeopleJson<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(name, page) = self;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(name, &page.people.iter().map(RelationJson::from).collect::<Vec<_>>())?;
        map.serialize_entry("nextCursor", &page.next)?;
        map.end()
    }
}
