//! Rooms, their members, and what lets others in.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use async_trait::async_trait;

use super::MemoryStore;
use super::state::beyond;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{Invite, InviteCode, Member, Room, Visibility};
use crate::store::{MemberEntry, Memberships, RoomEntry, RoomReads};

#[async_trait]
impl RoomReads for MemoryStore {
    async fn membership(&self, room: RoomId, user: &UserId) -> Result<Option<(Room, Option<Member>)>> {
        let state = self.state.lock();
        let data = state.rooms.get(&room);
        Ok(data.map(|data| {
            let member = data.members.get(user).map(|member| Member::clone(member));
            (Room::clone(&data.room), member)
        }))
    }

    async fn rooms(&self, ids: &[RoomId]) -> Result<Vec<Room>> {
        let state = self.state.lock();
        let found = BTreeSet::from_iter(ids).into_iter().filter_map(|id| state.rooms.get(id));
        Ok(found.map(|data| Room::clone(&data.room)).collect())
    }

    async fn room_entry(&self, room: RoomId, user: &UserId, listed: usize) -> Result<Option<RoomEntry>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(None) };
        let member = data.members.get(user).filter(|member| member.active);
        Ok(member.map(|member| state.entry(data, member, listed)))
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        skip: u64,
        limit: u32,
        listed: usize,
    ) -> Result<(Vec<RoomEntry>, u64)> {
        let state = self.state.lock();
        let mut rooms: Vec<_> = state.of_user(user, None).filter(|(_, member)| member.active).collect();
        rooms.sort_by_key(|(data, _)| std::cmp::Reverse((data.room.activity_at(), data.room.id)));
        let total = rooms.len() as u64;
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let page = rooms.into_iter().skip(skip).take(limit as usize);
        Ok((page.map(|(data, member)| state.entry(data, member, listed)).collect(), total))
    }

    async fn public_rooms(&self, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        let state = self.state.lock();
        let until = before.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = state.rooms.range((Bound::Unbounded, until)).rev().map(|(_, data)| &*data.room);
        let public = rooms.filter(|room| room.active && room.about.visibility == Visibility::Public);
        Ok(public.take(limit as usize).cloned().collect())
    }

    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships> {
        let state = self.state.lock();
        let rooms = state.of_user(user, after).filter(|(_, member)| member.active);
        let rooms =
            rooms.take(limit as usize).map(|(data, member)| (Room::clone(&data.room), member.clone()));
        Ok(Memberships { position: state.position, rooms: rooms.collect() })
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let active = beyond(&data.members, after).filter(|member| member.active);
        let entry = |member: &Member| MemberEntry {
            member: member.clone(),
            profile: state.profile(&member.user),
            last_seen: state.people.get(&member.user).and_then(|person| person.last_seen),
        };
        Ok(active.take(limit as usize).map(|member| entry(member)).collect())
    }

    async fn seniors(&self, room: RoomId, limit: u32) -> Result<Vec<Member>> {
        let state = self.state.lock();
        let seniors = state.rooms.get(&room).map(|data| data.seniors(limit)).unwrap_or_default();
        Ok(seniors.into_iter().cloned().collect())
    }

    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>> {
        let state = self.state.lock();
        let mark = |member: &Member| (member.user.clone(), member.joined_seq, state.shown_mark(member));
        let marks = |room: &RoomId| Some((*room, state.rooms.get(room)?.active().map(mark).collect()));
        Ok(rooms.iter().filter_map(marks).collect())
    }

    async fn invite(&self, code: InviteCode) -> Result<Option<Invite>> {
        Ok(self.state.lock().invites.get(&code).cloned())
    }

    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>> {
        let state = self.state.lock();
        Ok(state.invites.values().filter(|link| link.room == room).cloned().collect())
    }

    async fn invitations(
        &self,
        user: &UserId,
        after: Option<InviteCode>,
        limit: u32,
    ) -> Result<Vec<(Invite, Room)>> {
        let state = self.state.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let all = state.invites.range((from, Bound::Unbounded)).map(|(_, invite)| invite);
        let theirs = all.filter(|invite| invite.user.as_ref() == Some(user));
        let with_room =
            |invite: &Invite| Some((invite.clone(), Room::clone(&state.rooms.get(&invite.room)?.room)));
        Ok(theirs.filter_map(with_room).take(limit as usize).collect())
    }
}
