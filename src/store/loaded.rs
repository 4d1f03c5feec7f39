//! Rows as they were before a batch, which tell how little of them it has changed.

use std::sync::Arc;

use super::{Keyed, Rows};
use crate::id::RoomId;
#[cfg(feature = "postgres")]
use crate::id::UserId;
#[cfg(feature = "postgres")]
use crate::model::Member;
use crate::model::Room;

/// Rooms and memberships as they were loaded.
pub(super) struct Loaded {
    rooms: Keyed<RoomId, Arc<Room>>,
    #[cfg(feature = "postgres")]
    members: Keyed<(RoomId, UserId), Arc<Member>>,
}

impl Loaded {
    pub(super) fn of(rows: &Rows) -> Self {
        Self {
            rooms: rows.rooms.clone(),
            #[cfg(feature = "postgres")]
            members: rows.members.clone(),
        }
    }

    /// Whether nothing of a room is new but what messages and marks change: `seq`, `countable`, `last_message_at`,
    /// `last_pos` and `marks_pos`.
    pub(super) fn is_counted(&self, room: &Room) -> bool {
        self.rooms.get(&room.id).is_some_and(|was| {
            let Room { seq, countable, last_message_at, last_pos, marks_pos, .. } = *room;
            Room { seq, countable, last_message_at, last_pos, marks_pos, ..(**was).clone() } == *room
        })
    }

    /// The same of a membership: `marks_pos`, `marked_at`, `read_seq`, `delivered_seq`, `read_n`, `read_own_n`, `own_n` and
    /// `slowed_at`.
    #[cfg(feature = "postgres")]
    pub(super) fn has_marked(&self, member: &Member) -> bool {
        self.members.get(&(member.room, member.user.clone())).is_some_and(|was| {
            let Member { marks_pos, marked_at, read_seq, delivered_seq, .. } = *member;
            let Member { read_n, read_own_n, own_n, slowed_at, .. } = *member;
            let was = Member { marks_pos, marked_at, read_seq, delivered_seq, ..(**was).clone() };
            Member { read_n, read_own_n, own_n, slowed_at, ..was } == *member
        })
    }
}
