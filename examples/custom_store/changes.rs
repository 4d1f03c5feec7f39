//! What changed since a position.

use async_trait::async_trait;
use chat_core::model::{Follow, Hidden, Member, Message, Position, Profile, Room};
use chat_core::store::ChangeReads;
use chat_core::{Result, RoomId, UserId};

use super::PlainStore;

#[async_trait]
impl ChangeReads for PlainStore {
    async fn changed_rooms(
        &self,
        user: &UserId,
        since: &Position,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>> {
        // `>=` for marks: they have no position of their own. `last_pos` counts memberships in.
        let is_changed = |room: &Room, since: u64| room.last_pos > since || room.marks_pos >= since;
        let tables = self.tables();
        let rooms = tables.rooms_of(user, after).filter(|(room, _)| is_changed(room, since.of_room(room.id)));
        Ok(rooms.take(limit as usize).collect())
    }

    async fn stays_since(&self, users: &[UserId], since: &Position) -> Result<Vec<(UserId, RoomId)>> {
        let is_new = |member: &&Member| member.changed_pos > since.of_room(member.room);
        let tables = self.tables();
        let new = tables.members.values().filter(|member| users.contains(&member.user)).filter(is_new);
        Ok(new.map(|member| (member.user.clone(), member.room)).collect())
    }

    async fn messages_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Message>> {
        let is_new = |message: &Message| message.pos > after && message.pos <= until;
        Ok(self.tables().messages_in(room).filter(is_new).take(limit as usize).collect())
    }

    async fn amended_since(
        &self,
        room: RoomId,
        made_until: u64,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let is_it = |message: &Message| {
            let changed = message.state.changed_pos;
            message.pos <= made_until && changed > after && changed <= until
        };
        let mut amended: Vec<_> = self.tables().messages_in(room).filter(is_it).collect();
        amended.sort_by_key(|message| message.state.changed_pos);
        amended.truncate(limit as usize);
        Ok(amended)
    }

    async fn hidden_since(
        &self,
        room: RoomId,
        user: Option<&UserId>,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Hidden>> {
        let tables = self.tables();
        let is_new = |hidden: &&Hidden| hidden.pos > after && hidden.pos <= until;
        let is_theirs = |hidden: &&Hidden| user.is_none_or(|user| hidden.user == *user);
        let mut hidden: Vec<_> = tables.hidden_in(room).filter(is_new).filter(is_theirs).cloned().collect();
        hidden.sort_by_key(|hidden| hidden.pos);
        hidden.truncate(limit as usize);
        Ok(hidden)
    }

    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>> {
        let tables = self.tables();
        let is_new = |one: &&Follow| one.room == room && one.pos > after && one.pos <= until;
        let mut since: Vec<_> = tables.follows.values().filter(is_new).cloned().collect();
        since.sort_by_key(|one| one.pos);
        since.truncate(limit as usize);
        Ok(since)
    }

    async fn members_since(
        &self,
        room: RoomId,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(Member, Profile)>> {
        let tables = self.tables();
        let is_changed = |member: &&Member| member.changed_pos > after && member.changed_pos <= until;
        let members = tables.members.values().filter(|member| member.room == room).filter(is_changed);
        let mut changed: Vec<_> = members.map(|m| (m.clone(), tables.profile(&m.user))).collect();
        changed.sort_by_key(|(member, _)| member.changed_pos);
        changed.truncate(limit as usize);
        Ok(changed)
    }

    async fn marks_since(
        &self,
        room: RoomId,
        since: u64,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        let tables = self.tables();
        let moved = tables.active_in(room, after).filter(|member| member.marks_pos >= since);
        Ok(moved.take(limit as usize).cloned().collect())
    }
}
