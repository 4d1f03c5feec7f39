//! The user's own feed: counts of all rooms as they are now, and which of them have changed.

use super::Actor;
use crate::error::{Error, Result};
use crate::id::RoomId;
use crate::model::{FeedCursor, FeedPage, FeedQuery, FeedRoom, Member, Position, Room};

impl Actor {
    /// What a badge and a list of rooms show, and nothing of what was said: of each room that has changed for the actor
    /// since a token, its counts as they are now; of each that they left since, that they are no member. Without a token,
    /// of all rooms they are in. The last page has the token for the next feed.
    ///
    /// A [resume](crate::Actor::connect_since) tells everything that happened; this tells where it ended up, at the cost
    /// of one row a room, however much was said. What has not changed since may be in it too.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for a cursor from before the store began another history: begin anew.
    pub async fn feed(&self, query: FeedQuery) -> Result<FeedPage> {
        self.engine.check_running()?;
        let FeedQuery { since, cursor, limit } = query;
        let is_delta = match since {
            Some(since) => self.engine.can_recover(since).await?,
            None => false,
        };
        // Before anything is read, so that nothing is missing from there on.
        let now = self.engine.store().position().await?;
        let (until, after) = match cursor {
            Some(FeedCursor { until, .. }) if until.epoch != now.epoch => {
                return Err(Error::invalid("cursor", "is of another history: begin anew"));
            }
            Some(FeedCursor { until, after }) => (until, Some(after)),
            None => (now, None),
        };
        let from = since.filter(|_| is_delta).map(|since| since.position);
        let found = self.feed_rooms(from.as_ref(), after, limit.count()).await?;
        let is_last = found.len() < limit.count() as usize;
        let next = found.last().filter(|_| !is_last).map(|(room, _)| FeedCursor { until, after: room.id });
        let at = self.engine.now();
        let has_changed = |(room, member): &&(Room, Member)| {
            from.is_none_or(|from| {
                let from = from.of_room(room.id);
                // A mark has the position of the change before it.
                room.last_pos > from || member.changed_pos > from || member.marks_pos >= from
            })
        };
        let mut rooms = Vec::new();
        for (room, member) in found.iter().filter(has_changed) {
            // As they are together, where they are still in it.
            let entry = match member.active {
                true => self.engine.store().room_entry(room.id, &self.user, 0).await?,
                false => None,
            };
            rooms.push(match entry {
                Some(entry) => FeedRoom::new(&entry.room, &entry.member, entry.mentions, at),
                None => FeedRoom::new(room, &Member { active: false, ..member.clone() }, 0, at),
            });
        }
        let invitations = match cursor {
            None => self.invitations(None, limit).await?.invitations,
            Some(_) => Vec::new(),
        };
        Ok(FeedPage { is_delta, rooms, invitations, next, token: is_last.then_some(until) })
    }

    async fn feed_rooms(
        &self,
        from: Option<&Position>,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>> {
        let store = self.engine.store();
        match from {
            Some(from) => store.changed_rooms(&self.user, from, after, limit).await,
            None => Ok(store.memberships(&self.user, after, limit).await?.rooms),
        }
    }
}
