//! Rooms, who is in them and how far they have read, and what lets others in.

use std::collections::HashMap;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{Invite, InviteCode, Member, Message, Position, Profile, Room};

/// A room with what its list entry shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomEntry {
    /// The room.
    pub room: Room,
    /// The membership of whoever asked.
    pub member: Member,
    /// Its newest message that whoever asked has not [hidden](crate::store::MessageReads::hidden); `None` without any.
    pub last_message: Option<Message>,
    /// Its first active participants, in the order of their ids and at most as many as were asked for; in a
    /// direct room always both of the pair, also when one has left.
    pub participants: Vec<Profile>,
    /// How many messages beyond the member's read mark [mention](Message::mentions) them: a deleted one mentions
    /// nobody any more.
    pub mentions: u64,
}

/// Rooms of a user, read at one position.
#[derive(Debug, Clone)]
pub struct Memberships {
    /// The store's position when they were read.
    pub position: Position,
    /// The rooms, closed ones too, in the order of their ids, each with the user's membership.
    pub rooms: Vec<(Room, Member)>,
}

/// An active member with what a list of participants shows.
#[derive(Debug, Clone)]
pub struct MemberEntry {
    /// The membership.
    pub member: Member,
    /// The user's profile.
    pub profile: Profile,
    /// When the user's last connection ended, as far as that was written; `None`: it never was.
    pub last_seen: Option<Timestamp>,
}

/// Rooms, who is in them and how far they have read, and what lets others in.
#[async_trait]
pub trait RoomReads {
    /// A room, and a user's membership of it, past or present; `None` where there is no such room.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn membership(&self, room: RoomId, user: &UserId) -> Result<Option<(Room, Option<Member>)>>;

    /// The rooms with these ids, each once and in any order; one that is not there is passed over. The engine
    /// asks for some 500 at most, among which an id may stand twice.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn rooms(&self, ids: &[RoomId]) -> Result<Vec<Room>>;

    /// A room as an active member's list shows it, naming at most `listed` participants; `None` for whoever is no
    /// active member. The engine asks for [`Config::max_listed`](crate::Config::max_listed) at most.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn room_entry(&self, room: RoomId, user: &UserId, listed: usize) -> Result<Option<RoomEntry>>;

    /// The rooms in which the user is active, closed ones too, newest [activity](Room::activity_at) first (then by
    /// id, newest first), and how many there are in all. The first `skip` are left out; each names at most
    /// `listed` participants.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn rooms_of(
        &self,
        user: &UserId,
        skip: u64,
        limit: u32,
        listed: usize,
    ) -> Result<(Vec<RoomEntry>, u64)>;

    /// Open public rooms, the newest first: by falling ids, below `before`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn public_rooms(&self, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>>;

    /// The user's active memberships, in the order of the rooms' ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships>;

    /// A room's active members, in the order of their ids, beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>>;

    /// A room's first active members by [`seniority`](Member::seniority), at most `limit`, in that order.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn seniors(&self, room: RoomId, limit: u32) -> Result<Vec<Member>>;

    /// Each active member's `(user, joined_seq, read_seq)`, by room. A room without any may be left out. The
    /// engine asks for a page of rooms at most, which is [`Limit::MAX`](crate::model::Limit::MAX). Whoever
    /// [hides](crate::model::Settings::read_receipts) how far they have read stands where they came in.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>>;

    /// The invite link of this code, also one that holds no more.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn invite(&self, code: InviteCode) -> Result<Option<Invite>>;

    /// The invite links of a room, in any order. The engine keeps no more than
    /// [`Config::max_invites`](crate::Config::max_invites) of a room.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>>;

    /// The invitations of a user, also those that hold no more, with their rooms, in the order of their codes,
    /// beyond `after`.
    ///
    /// # Errors
    /// Only those of [every call](crate::store::Store).
    async fn invitations(
        &self,
        user: &UserId,
        after: Option<InviteCode>,
        limit: u32,
    ) -> Result<Vec<(Invite, Room)>>;
}
