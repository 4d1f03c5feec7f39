//! People as JSON: participants of a room, friends, requests, blocks.

use serde::Serialize;
use serde::ser::SerializeMap;

use super::UserJson;
use crate::clock::Timestamp;
use crate::event::Participants;
use crate::id::UserId;
use crate::model::{Participant, RelationKind, RelationPage, RelationView, Role};

/// A page of participants.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParticipantsJson<'a> {
    participants: Vec<ParticipantJson<'a>>,
    next_cursor: Option<&'a UserId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParticipantJson<'a> {
    #[serde(flatten)]
    user: UserJson<'a>,
    role: &'static str,
    online: bool,
    last_seen_at: Option<Timestamp>,
}

impl<'a> From<&'a Participants> for ParticipantsJson<'a> {
    fn from(page: &'a Participants) -> Self {
        let participant = |one: &'a Participant| ParticipantJson {
            user: (&one.profile).into(),
            role: match one.role {
                Role::Owner => "OWNER",
                Role::Member => "MEMBER",
            },
            online: one.online,
            last_seen_at: one.last_seen,
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
pub(crate) struct RelationJson<'a> {
    #[serde(flatten)]
    user: UserJson<'a>,
    state: &'static str,
    since: Option<Timestamp>,
    /// Of friends alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    online: Option<bool>,
}

impl<'a> From<&'a RelationView> for RelationJson<'a> {
    fn from(view: &'a RelationView) -> Self {
        let kind = view.relation.map(|(kind, _)| kind);
        Self {
            user: (&view.other).into(),
            state: match kind {
                None => "NONE",
                Some(RelationKind::Friend) => "FRIEND",
                Some(RelationKind::RequestSent) => "REQUEST_SENT",
                Some(RelationKind::RequestReceived) => "REQUEST_RECEIVED",
                Some(RelationKind::Blocked) => "BLOCKED",
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
