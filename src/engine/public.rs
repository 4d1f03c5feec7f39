//! Public rooms: found, and joined without an invitation.

use super::Actor;
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Error, Result};
use crate::id::RoomId;
use crate::model::{Limit, PublicRooms, Room, RoomView};

/// How many rooms are looked at for one page of a search. A page may hold fewer than were asked for, and
/// none, and yet others may follow.
const LOOKED_AT: u32 = 500;

impl Actor {
    /// Open public rooms, the newest first, below `before`; those with `part` in their names alone, however
    /// it is capitalized, unless it is blank. A search looks at 500 rooms a page, so that one may hold fewer than
    /// `limit`, and none, and yet others may follow.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) where `part` is longer than
    /// [`Config::max_name_chars`](crate::Config::max_name_chars).
    pub async fn public_rooms(
        &self,
        part: &str,
        before: Option<RoomId>,
        limit: Limit,
    ) -> Result<PublicRooms> {
        let (part, most) = (part.trim().to_lowercase(), self.engine.config().max_name_chars);
        if part.chars().count() > most {
            return Err(Error::invalid("q", format!("must have at most {most} characters")));
        }
        let looked_at = if part.is_empty() { limit.count() } else { LOOKED_AT };
        let rooms = self.engine.store().public_rooms(before, looked_at).await?;
        let last = rooms.last().map(|room| room.id).filter(|_| rooms.len() == looked_at as usize);
        let is_meant = |room: &Room| {
            part.is_empty() || room.name.as_ref().is_some_and(|name| name.to_lowercase().contains(&part))
        };
        let mut found: Vec<Room> = rooms.into_iter().filter(is_meant).collect();
        let is_cut = found.len() > limit.count() as usize;
        found.truncate(limit.count() as usize);
        let next = if is_cut { found.last().map(|room| room.id) } else { last };
        Ok(PublicRooms { rooms: found, next })
    }

    /// Comes into a public room, with a SYSTEM message; who is in it already stays as they are.
    ///
    /// Where the host's [`Hooks`](crate::policy::Hooks) hold the actor they [wait](Self::own_join_requests): that is
    /// [`JoinHeld`](ErrorKind::JoinHeld), which is no refusal, and so is asking again while they wait, which changes
    /// nothing. Beyond [`Config::max_join_requests`](crate::Config::max_join_requests) of those it is
    /// [`RateLimited`](ErrorKind::RateLimited).
    ///
    /// # Errors
    /// [`NotAParticipant`](ErrorKind::NotAParticipant) of a private room; [`RoomClosed`](ErrorKind::RoomClosed);
    /// [`Banned`](ErrorKind::Banned); [`RoomFull`](ErrorKind::RoomFull) beyond [`Config::max_room_members`](crate::Config::max_room_members);
    /// the policy's.
    pub async fn join(&self, room: RoomId) -> Result<RoomView> {
        self.enter(room, None).await
    }
}
