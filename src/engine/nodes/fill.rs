//! What a node missed, read from the store: as states, each change once, like a catch-up.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::settings::private_among;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{Mark, Member, Pos, Position, RelationKind, Room, Settings, Token};
use crate::store::{Change, Store, What};

/// How many ids go into one read, and how many rows come out of one.
const ROWS: usize = 500;

/// The most changes that one read brings. Whoever listens to rooms beyond that resumes from the store.
const MAX_CHANGES: usize = 20_000;

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    /// What was handed on.
    pub(super) from: Position,
    /// Since when marks may be missing.
    pub(super) marks_from: Position,
}

/// What a read brought.
#[derive(Debug)]
pub(super) struct Found {
    /// Up to here it is all there is.
    pub(super) until: Token,
    /// Of these rooms.
    pub(super) rooms: BTreeSet<RoomId>,
    pub(super) changes: Vec<Change>,
    /// Rooms of which too much is missing.
    pub(super) overflowed: Vec<RoomId>,
    /// When these users last logged out.
    pub(super) logouts: Vec<(UserId, crate::Timestamp)>,
    /// What these users let others see.
    pub(super) settings: Vec<(UserId, Settings)>,
}

/// Who is on this node, as of the moment of the call.
pub(super) trait Residents: Send + Sync {
    fn rooms(&self) -> Vec<RoomId>;
    fn users(&self) -> Vec<UserId>;
}

/// All that changed since, for whoever is on this node.
pub(super) async fn read_all(store: &dyn Store, here: &dyn Residents, gap: &Gap) -> Result<Found> {
    let until = store.position().await?;
    let mut rooms: BTreeSet<RoomId> = here.rooms().into_iter().collect();
    let (mut logouts, mut settings) = (Vec::new(), Vec::new());
    for users in here.users().chunks(ROWS) {
        rooms.extend(store.stays_since(users, &gap.from).await?.into_iter().map(|(_, room)| room));
        logouts.extend(store.logouts(users).await?);
        settings.extend(store.settings(users).await?);
    }
    let (changes, overflowed) = (Vec::new(), Vec::new());
    let found = Found { until, rooms: BTreeSet::new(), changes, overflowed, logouts, settings };
    read_more(store, found, rooms.into_iter().collect(), gap).await
}

/// The same of more rooms: those to which somebody has come meanwhile.
pub(super) async fn read_more(
    store: &dyn Store,
    mut found: Found,
    rooms: Vec<RoomId>,
    gap: &Gap,
) -> Result<Found> {
    let (changes, overflowed) = read_rooms(store, &rooms, gap, &found.until.position).await?;
    found.rooms.extend(rooms);
    found.changes.extend(changes);
    found.overflowed.extend(overflowed);
    Ok(found)
}

/// What changed in these rooms, and the rooms of which there is too much.
pub(super) async fn read_rooms(
    store: &dyn Store,
    rooms: &[RoomId],
    gap: &Gap,
    until: &Position,
) -> Result<(Vec<Change>, Vec<RoomId>)> {
    let mut reader = Reader { store, gap, until, changes: Vec::new() };
    let mut overflowed = Vec::new();
    for ids in rooms.chunks(ROWS) {
        for room in store.rooms(ids).await? {
            let before = reader.changes.len();
            let id = room.id;
            if !reader.room(Arc::new(room)).await? {
                reader.changes.truncate(before);
                overflowed.push(id);
            }
        }
    }
    Ok((reader.changes, overflowed))
}

struct Reader<'a> {
    store: &'a dyn Store,
    gap: &'a Gap,
    until: &'a Position,
    changes: Vec<Change>,
}

impl Reader<'_> {
    /// `false`: there is too much.
    async fn room(&mut self, room: Arc<Room>) -> Result<bool> {
        let from = self.gap.from.of_room(room.id);
        if room.is_deleted() {
            self.add(&room, room.changed_pos, What::Deleted(room.clone()));
            return Ok(true);
        }
        // Some of it was cut away: whoever listens is told so when they resume.
        if room.floor().pos > from {
            return Ok(false);
        }
        let rows = room.last_pos > from;
        if rows
            && !(self.members(&room).await?
                && self.messages(&room).await?
                && self.amended(&room).await?
                && self.hidden(&room).await?
                && (room.threads_pos <= from || self.threads(&room).await?))
        {
            return Ok(false);
        }
        if room.changed_pos != room.created_pos {
            self.add(&room, room.changed_pos, What::Changed(room.clone()));
        }
        if room.marks_pos >= self.gap.marks_from.of_room(room.id) && !self.marks(&room).await? {
            return Ok(false);
        }
        Ok(true)
    }

    /// Adds a change, where it is one of those that are missing.
    fn add(&mut self, room: &Room, at: u64, what: What) {
        if at > self.gap.from.of_room(room.id) && at <= self.until.of_room(room.id) {
            let pos = Pos { lane: self.until.lane_of(room.id), at };
            self.changes.push(Change { pos, prev: 0, what });
        }
    }

    fn is_full(&self) -> bool {
        self.changes.len() >= MAX_CHANGES
    }

    async fn messages(&mut self, room: &Arc<Room>) -> Result<bool> {
        let (mut from, until) = (self.gap.from.of_room(room.id), self.until.of_room(room.id));
        loop {
            let messages = self.store.messages_since(room.id, from, until, ROWS as u32).await?;
            let is_last = messages.len() < ROWS;
            for message in messages {
                from = message.pos;
                self.add(room, message.pos, What::Message(Arc::new(message)));
            }
            if is_last || self.is_full() {
                return Ok(!self.is_full());
            }
        }
    }

    /// Those made since then too, though they were read as they are now: what was told of them may be known better
    /// and as they were, and who has joined meanwhile is told of no message from before.
    async fn amended(&mut self, room: &Arc<Room>) -> Result<bool> {
        let (mut from, until) = (self.gap.from.of_room(room.id), self.until.of_room(room.id));
        loop {
            let messages = self.store.amended_since(room.id, until, from, until, ROWS as u32).await?;
            let is_last = messages.len() < ROWS;
            for message in messages {
                from = message.state.changed_pos;
                self.add(room, from, What::Amended { message: Arc::new(message), by: None, how: None });
            }
            if is_last || self.is_full() {
                return Ok(!self.is_full());
            }
        }
    }

    async fn hidden(&mut self, room: &Arc<Room>) -> Result<bool> {
        let (mut from, until) = (self.gap.from.of_room(room.id), self.until.of_room(room.id));
        loop {
            let hidden = self.store.hidden_since(room.id, None, from, until, ROWS as u32).await?;
            let is_last = hidden.len() < ROWS;
            for one in hidden {
                from = one.pos;
                self.add(room, from, What::Hidden(one));
            }
            if is_last || self.is_full() {
                return Ok(!self.is_full());
            }
        }
    }

    async fn threads(&mut self, room: &Arc<Room>) -> Result<bool> {
        let (mut from, until) = (self.gap.from.of_room(room.id), self.until.of_room(room.id));
        loop {
            let follows = self.store.follows_since(room.id, from, until, ROWS as u32).await?;
            let is_last = follows.len() < ROWS;
            for follow in follows {
                from = follow.pos;
                self.add(room, from, What::thread(follow));
            }
            if is_last || self.is_full() {
                return Ok(!self.is_full());
            }
        }
    }

    async fn members(&mut self, room: &Arc<Room>) -> Result<bool> {
        let from = self.gap.from.of_room(room.id);
        // In one read, since a room is made with many at one position. And without an end: who has come before
        // it may have got another role after it.
        let members = self.store.members_since(room.id, from, u64::MAX, MAX_CHANGES as u32).await?;
        let mut founders = Vec::new();
        for (member, profile) in members {
            let (told_pos, chosen) = (member.told_pos(), member.notify.as_ref().map(|notify| notify.pos));
            if let Some(at) = chosen.filter(|_| member.active) {
                self.add(room, at, What::Notify(Arc::new(member.clone())));
            }
            let Member { user, active, role, joined_pos, changed_pos, muted_until, .. } = member;
            if !active {
                self.add(room, changed_pos, What::Parted(room.clone(), profile));
                continue;
            }
            match joined_pos == room.created_pos {
                true => founders.push(user),
                false => self.add(room, joined_pos, What::Joined(room.clone(), profile.clone())),
            }
            if told_pos != joined_pos {
                self.add(room, told_pos, What::Role(room.clone(), profile, role, muted_until));
            }
        }
        if !founders.is_empty() {
            self.add(room, room.created_pos, What::Created(room.clone(), founders.into()));
        }
        Ok(!self.is_full())
    }

    async fn marks(&mut self, room: &Arc<Room>) -> Result<bool> {
        let from = self.gap.marks_from.of_room(room.id);
        let is_shared = !self.is_cut(room).await?;
        let mut after: Option<UserId> = None;
        loop {
            let members = self.store.marks_since(room.id, from, after.as_ref(), ROWS as u32).await?;
            let is_last = members.len() < ROWS;
            after = members.last().map(|member| member.user.clone());
            let private = private_among(self.store, members.iter().map(|member| &member.user)).await?;
            for member in members {
                let is_shared = is_shared && !private.contains(&member.user);
                self.mark(room, Arc::new(member), is_shared);
            }
            if is_last || self.is_full() {
                return Ok(!self.is_full());
            }
        }
    }

    fn mark(&mut self, room: &Room, member: Arc<Member>, is_shared: bool) {
        let pos = Pos { lane: self.until.lane_of(room.id), at: member.marks_pos };
        let mut add = |mark| {
            let what = What::Marked { member: member.clone(), mark, is_shared };
            self.changes.push(Change { pos, prev: 0, what });
        };
        if member.read_seq > member.joined_seq {
            add(Mark::Read);
        }
        if member.delivered_seq > member.read_seq {
            add(Mark::Delivered);
        }
    }

    /// Whether it is a direct room of two of whom one has blocked the other.
    async fn is_cut(&self, room: &Room) -> Result<bool> {
        let crate::model::RoomKind::Direct([one, other]) = &room.kind else { return Ok(false) };
        for (user, other) in [(one, other), (other, one)] {
            let relation = self.store.relation(user, other).await?;
            if relation.is_some_and(|relation| relation.kind == RelationKind::Blocked) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
