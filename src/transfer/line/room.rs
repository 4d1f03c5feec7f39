//! The line of a room.

use std::num::NonZeroU32;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FieldError, check_numbers, check_texts};
use crate::clock::Timestamp;
use crate::id::{ChallengeId, RoomId, UserId};
use crate::model::{About, Custom, Floor, MAX_SLOW_MODE, Retention, Room, RoomKind, RoomType, Visibility};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct RoomLine {
    id: RoomId,
    r#type: RoomType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pair: Option<[UserId; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<ChallengeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Arc<str>>,
    active: bool,
    created_at: Timestamp,
    seq: u64,
    countable: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "is_private")]
    visibility: Visibility,
    #[serde(default, skip_serializing_if = "Custom::is_empty")]
    custom: Custom,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_mode: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention: Option<Retention>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<FloorLine>,
}

impl From<Room> for RoomLine {
    fn from(room: Room) -> Self {
        let (id, r#type, challenge) = (room.id, room.kind.room_type(), room.kind.challenge().cloned());
        let (retention, floor) = (room.retention(), room.floor());
        let pair = match room.kind {
            RoomKind::Direct(pair) => Some(pair),
            _ => None,
        };
        let permissions = (!room.permissions.is_default()).then(|| room.permissions.to_string());
        let floor = (floor.seq > 1).then_some(FloorLine { seq: floor.seq, n: floor.n });
        let Room { name, active, created_at, seq, countable, about, slow_mode, .. } = room;
        let About { topic, picture, visibility, custom } = about;
        Self {
            id,
            r#type,
            pair,
            challenge,
            name,
            active,
            created_at,
            seq,
            countable,
            permissions,
            topic,
            picture,
            visibility,
            custom,
            slow_mode: NonZeroU32::new(slow_mode),
            retention,
            floor,
        }
    }
}

impl RoomLine {
    pub(in crate::transfer) fn record(self) -> Result<Room, FieldError> {
        let Self { id, r#type, pair, challenge, name, active, created_at, seq, countable, .. } = self;
        let Self { permissions, topic, picture, visibility, custom, slow_mode, retention, floor, .. } = self;
        let texts = [("name", &name), ("topic", &topic), ("picture", &picture)];
        check_texts(&texts.map(|(field, text)| (field, text.as_deref())))?;
        check_numbers(&[("seq", seq), ("countable", countable)])?;
        let kind = match (r#type, pair, challenge) {
            (RoomType::Direct, Some([one, other]), None) => RoomKind::direct(one, other),
            (RoomType::Group, None, None) => RoomKind::Group,
            (RoomType::Challenge, None, Some(challenge)) => RoomKind::Challenge(challenge),
            _ => return Err(FieldError::Unfit("type")),
        };
        if matches!(kind, RoomKind::Direct(_)) && visibility == Visibility::Public {
            return Err(FieldError::Unfit("visibility"));
        }
        let slow_mode = slow_mode.map_or(0, NonZeroU32::get);
        let is_direct = matches!(kind, RoomKind::Direct(_));
        if slow_mode > MAX_SLOW_MODE || is_direct && slow_mode > 0 {
            return Err(FieldError::Unfit("slowMode"));
        }
        let floor = match floor {
            None => Floor::default(),
            Some(FloorLine { seq: first, n }) if first > 1 && first - 1 <= seq && n <= countable => {
                Floor { seq: first, n, ..Floor::default() }
            }
            Some(_) => return Err(FieldError::Unfit("floor")),
        };
        let permissions = permissions.map(|text| text.parse()).transpose();
        let permissions = permissions.map_err(|_| FieldError::Unfit("permissions"))?.unwrap_or_default();
        // What is counted in it comes with its rows.
        let (members, last_message_at) = (0, None);
        let (created_pos, changed_pos, last_pos, marks_pos) = (0, 0, 0, 0);
        let mut room = Room {
            id,
            kind,
            name,
            active,
            created_at,
            seq,
            countable,
            members,
            last_message_at,
            created_pos,
            changed_pos,
            last_pos,
            marks_pos,
            permissions,
            about: About { topic, picture, visibility, custom },
            slow_mode,
            keeping: None,
            threads_pos: 0,
        };
        room.keep(|keeping| (keeping.retention, keeping.floor) = (retention, floor));
        Ok(room)
    }
}

/// Where the messages of a room begin that are kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FloorLine {
    seq: u64,
    n: u64,
}

fn is_private(visibility: &Visibility) -> bool {
    *visibility == Visibility::Private
}
