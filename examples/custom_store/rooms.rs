//! Rooms, their members, and what lets others in.

use std::cmp::Reverse;
use std::collections::HashMap;

use async_trait::async_trait;
use chat_core::model::{Invite, InviteCode, Member, Room, Visibility};
use chat_core::store::{MemberEntry, Memberships, RoomEntry, RoomReads};
use chat_core::{Result, RoomId, UserId};

use super::PlainStore;

#[async_trait]
impl RoomReads for PlainStore {
    async fn membership(&self, room: RoomId, user: &UserId) -> Result<Option<(Room, Option<Member>)>> {
        let tables = self.tables();
        let member = tables.members.get(&(room, user.clone())).cloned();
        Ok(tables.rooms.get(&room).map(|room| (room.clone(), member)))
    }

    async fn rooms(&self, ids: &[RoomId]) -> Result<Vec<Room>> {
        Ok(self.tables().rooms.values().filter(|room| ids.contains(&room.id)).cloned().collect())
    }

    async fn room_entry(&self, room: RoomId, user: &UserId, listed: usize) -> Result<Option<RoomEntry>> {
        let tables = self.tables();
        let found = tables.rooms_of(user, None).find(|(found, member)| found.id == room && member.active);
        Ok(found.map(|(room, member)| tables.entry(room, member, listed)))
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        skip: u64,
        limit: u32,
        listed: usize,
    ) -> Result<(Vec<RoomEntry>, u64)> {
        let tables = self.tables();
        let mut rooms: Vec<_> = tables.rooms_of(user, None).filter(|(_, member)| member.active).collect();
        rooms.sort_by_key(|(room, _)| Reverse((room.activity_at(), room.id)));
        let total = rooms.len() as u64;
        let page = rooms.into_iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(limit as usize);
        Ok((page.map(|(room, member)| tables.entry(room, member, listed)).collect(), total))
    }

    async fn public_rooms(&self, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        let is_found = |room: &&Room| room.active && room.about.visibility == Visibility::Public;
        let is_older = |room: &&Room| before.is_none_or(|before| room.id < before);
        let tables = self.tables();
        let rooms = tables.rooms.values().rev().filter(is_found).filter(is_older);
        Ok(rooms.take(limit as usize).cloned().collect())
    }

    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships> {
        let tables = self.tables();
        let rooms = tables.rooms_of(user, after).filter(|(_, member)| member.active);
        Ok(Memberships { position: tables.token.position, rooms: rooms.take(limit as usize).collect() })
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>> {
        let tables = self.tables();
        let entry = |member: &Member| MemberEntry {
            member: member.clone(),
            profile: tables.profile(&member.user),
            last_seen: tables.last_seen.get(&member.user).copied(),
        };
        Ok(tables.active_in(room, after).take(limit as usize).map(entry).collect())
    }

    async fn seniors(&self, room: RoomId, limit: u32) -> Result<Vec<Member>> {
        let tables = self.tables();
        let mut seniors: Vec<Member> = tables.active_in(room, None).cloned().collect();
        seniors.sort_by(|one, other| one.seniority().cmp(&other.seniority()));
        seniors.truncate(limit as usize);
        Ok(seniors)
    }

    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>> {
        let tables = self.tables();
        let hides = |user: &UserId| tables.settings.get(user).is_some_and(|settings| !settings.read_receipts);
        let read = |member: &Member| if hides(&member.user) { member.joined_seq } else { member.read_seq };
        let mark = |member: &Member| (member.user.clone(), member.joined_seq, read(member));
        let marks = |room: &RoomId| (*room, tables.active_in(*room, None).map(mark).collect());
        Ok(rooms.iter().map(marks).collect())
    }

    async fn invite(&self, code: InviteCode) -> Result<Option<Invite>> {
        Ok(self.tables().invites.get(&code).cloned())
    }

    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>> {
        Ok(self.tables().invites.values().filter(|link| link.room == room).cloned().collect())
    }

    async fn invitations(
        &self,
        user: &UserId,
        after: Option<InviteCode>,
        limit: u32,
    ) -> Result<Vec<(Invite, Room)>> {
        let tables = self.tables();
        let theirs = tables.invites.values().filter(|link| link.user.as_ref() == Some(user));
        let beyond = theirs.filter(|link| after.is_none_or(|after| link.code > after));
        let with_room = beyond.filter_map(|link| Some((link.clone(), tables.rooms.get(&link.room)?.clone())));
        Ok(with_room.take(limit as usize).collect())
    }
}
