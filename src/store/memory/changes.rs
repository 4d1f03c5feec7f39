//! What changed since a position.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;

use super::MemoryStore;
use super::state::beyond;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{Follow, Hidden, Member, Message, Position, Profile, Room};
use crate::store::ChangeReads;

#[async_trait]
impl ChangeReads for MemoryStore {
    async fn changed_rooms(
        &self,
        user: &UserId,
        since: &Position,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>> {
        let state = self.state.lock();
        let changed = state.of_user(user, after).filter(|(data, member)| {
            let since = since.of_room(data.room.id);
            data.room.last_pos > since || member.changed_pos > since || data.room.marks_pos >= since
        });
        Ok(changed
            .take(limit as usize)
            .map(|(data, member)| (Room::clone(&data.room), Member::clone(member)))
            .collect())
    }

    async fn stays_since(&self, users: &[UserId], since: &Position) -> Result<Vec<(UserId, RoomId)>> {
        let state = self.state.lock();
        let stays = BTreeSet::from_iter(users).into_iter().flat_map(|user| state.of_user(user, None));
        let is_new = |member: &Member| member.changed_pos > since.of_room(member.room);
        let new = stays.filter(|(_, member)| is_new(member));
        Ok(new.map(|(_, member)| (member.user.clone(), member.room)).collect())
    }

    async fn messages_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Message>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let from = data.messages.partition_point(|message| message.pos <= after);
        let new = data.messages[from..].iter().take_while(|message| message.pos <= until);
        Ok(new.take(limit as usize).map(|message| state.shown(message)).collect())
    }

    async fn amended_since(
        &self,
        room: RoomId,
        made_until: u64,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room).filter(|_| after < until) else { return Ok(Vec::new()) };
        let amended = data.amended.range((Bound::Excluded(after), Bound::Included(until)));
        let messages = amended.filter_map(|(_, seq)| data.at(*seq));
        let messages = messages.filter(|message| message.pos <= made_until).take(limit as usize);
        Ok(messages.map(|message| state.shown(message)).collect())
    }

    async fn hidden_since(
        &self,
        room: RoomId,
        user: Option<&UserId>,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Hidden>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room).filter(|_| after < until) else { return Ok(Vec::new()) };
        let since = data.hidden_at.range((Bound::Excluded(after), Bound::Included(until)));
        let meant = since.map(|(_, hidden)| hidden).filter(|one| user.is_none_or(|user| one.user == *user));
        Ok(meant.take(limit as usize).cloned().collect())
    }

    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let mut since: Vec<&Follow> =
            data.follows.values().filter(|one| one.pos > after && one.pos <= until).collect();
        since.sort_by_key(|one| one.pos);
        Ok(since.into_iter().take(limit as usize).cloned().collect())
    }

    async fn members_since(
        &self,
        room: RoomId,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(Member, Profile)>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let changed = |member: &&Arc<Member>| member.changed_pos > after && member.changed_pos <= until;
        let mut members: Vec<_> = data.members.values().filter(changed).collect();
        members.sort_by_key(|member| member.changed_pos);
        members.truncate(limit as usize);
        Ok(members.into_iter().map(|member| (Member::clone(member), state.profile(&member.user))).collect())
    }

    async fn marks_since(
        &self,
        room: RoomId,
        since: u64,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let moved = beyond(&data.members, after).filter(|member| member.active && member.marks_pos >= since);
        Ok(moved.take(limit as usize).map(|member| Member::clone(member)).collect())
    }
}
