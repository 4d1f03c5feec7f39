//! Public rooms: found, and joined without an invitation.

use super::Actor;
use crate::error::{Error, ErrorKind, Result};
use crate::id::RoomId;
use crate::model::{Limit, PublicRooms, Room, RoomView, SystemKind, Verb};
use crate::policy::Question;
use crate::store::Op;

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
    /// # Errors
    /// [`NotAParticipant`](ErrorKind::NotAParticipant) of a private room; [`RoomClosed`](ErrorKind::RoomClosed);
    /// [`Banned`](ErrorKind::Banned); [`Forbidden`](ErrorKind::Forbidden) beyond [`Config::max_room_members`](crate::Config::max_room_members);
    /// the policy's.
    pub async fn join(&self, room: RoomId) -> Result<RoomView> {
        self.check_join(room).await?;
        let notice = self.engine.notice(SystemKind::Joined, &self.user, "").await?;
        let max_members = self.engine.config().max_room_members;
        self.commit(room, Op::Enter { notice, max_members, by_invite: None }).await?;
        self.room(room).await
    }

    /// Asks the policy and the host's hooks about a room to which the actor does not belong yet.
    pub(super) async fn check_join(&self, room: RoomId) -> Result<()> {
        let policy = &self.engine.inner.policy;
        if policy.asks_about(Verb::Join) {
            let found = self.engine.store().rooms(&[room]).await?.pop();
            let found = found.ok_or(ErrorKind::RoomNotFound(room))?;
            let question = Question { actor: &self.user, verb: Verb::Join, room: &found.kind, others: &[] };
            policy.check(question).await?;
        }
        self.rule_on_join(room).await
    }
}
