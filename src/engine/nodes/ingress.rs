//! The order in which a node hands on what it and others have committed: each lane's commits one after
//! another, without a gap. So a session's token, which is how far the node has come in each lane, never
//! runs ahead of what the session was handed.
//!
//! Pure: what came goes in, what to do next comes out, and time is an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::bus::packet::{Affected, Digest, NodeId, RoomDigest};
use crate::hub::ConnectionId;
use crate::id::{RoomId, UserId};
use crate::model::{Pos, Position};
use crate::store::{Change, What};

/// How long a node waits for what is on its way before it reads the store.
pub(super) const PATIENCE: Duration = Duration::from_millis(25);

/// The most commits of a lane that wait for one before them. What comes then is read from the store later.
const MAX_WAITING: usize = 4096;

/// The most contents that wait for the commit that they belong to. What is dropped is read from the store.
const MAX_EARLY: usize = 4096;

/// A change to hand on.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Posted {
    pub(in crate::engine) change: Change,
    /// The connection that caused it and is answered otherwise.
    pub(in crate::engine) origin: Option<ConnectionId>,
}

impl From<Change> for Posted {
    fn from(change: Change) -> Self {
        Self { change, origin: None }
    }
}

impl Posted {
    fn at(&self) -> u64 {
        self.change.pos.at
    }

    fn is_mark(&self) -> bool {
        matches!(self.change.what, What::Marked { .. })
    }
}

/// What of a lane comes next: everything after one position and up to another.
#[derive(Debug)]
pub(in crate::engine) struct Stretch {
    pub(in crate::engine) upto: Pos,
    pub(in crate::engine) posts: Vec<Posted>,
}

/// Who is on this node.
pub(super) trait Here {
    /// Whether somebody listens to the room.
    fn is_followed(&self, room: RoomId) -> bool;
    /// Whether the user has a connection.
    fn is_connected(&self, user: &UserId) -> bool;
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Turn {
    /// Hand this on, and ask again.
    HandOn(Stretch),
    /// Read what changed in these rooms in `(after, upto]` of the lane, and [`Ingress::learn`] it.
    ReadRooms { commit: CommitKey, rooms: Vec<RoomId> },
    /// Read all that changed beyond what was handed on, and [`Ingress::catch_up`].
    ReadAll,
    /// Nothing before this moment, or before something comes.
    Wait(Option<Instant>),
}

/// A commit that waits, by what it moved its lane from and to. Several may have moved nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CommitKey {
    pub(super) after: u64,
    pub(super) upto: u64,
    /// This node's own have none.
    by: Option<(NodeId, u64)>,
    own: u64,
    pub(super) lane: u8,
}

#[derive(Debug)]
struct Commit {
    posts: Vec<Posted>,
    /// Rooms of it whose changes are not among the posts.
    absent: Vec<RoomDigest>,
    came: Instant,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: BTreeMap<CommitKey, Commit>,
    /// How far the lane has come, as far as this node has heard.
    known: u64,
    /// Since when nothing was handed on although more is known of.
    behind_since: Option<Instant>,
}

/// What waits to be handed on.
#[derive(Debug)]
pub(super) struct Ingress {
    lanes: Vec<Lane>,
    early: Early,
    own: u64,
    /// Something was lost of which no position tells.
    is_suspicious: bool,
    is_reading_all: bool,
}

impl Ingress {
    pub(super) fn new(position: &Position) -> Self {
        let lane = |pos: Pos| Lane { known: pos.at, ..Lane::default() };
        Self {
            lanes: position.iter().map(lane).collect(),
            early: Early::default(),
            own: 0,
            is_suspicious: false,
            is_reading_all: false,
        }
    }

    /// This node's own commit, with all its changes. `false`: too many wait, and it is dropped.
    pub(super) fn commit(
        &mut self,
        lane: u8,
        after: u64,
        upto: u64,
        posts: Vec<Posted>,
        now: Instant,
    ) -> bool {
        self.own += 1;
        let key = CommitKey { after, upto, by: None, own: self.own, lane };
        self.put(key, Commit { posts, absent: Vec::new(), came: now }, now)
    }

    /// Another node's commit.
    pub(super) fn digest(&mut self, by: (NodeId, u64), digest: Digest, now: Instant) {
        let Digest { lane, after, upto, rooms, .. } = digest;
        let mut told = self.early.take(by);
        let (mut posts, mut absent) = (Vec::new(), Vec::new());
        for room in rooms {
            match told.remove(&room.room) {
                Some(changes) => posts.extend(changes.into_iter().map(Posted::from)),
                None => absent.push(room),
            }
        }
        let key = CommitKey { after, upto, by: Some(by), own: 0, lane };
        self.put(key, Commit { posts, absent, came: now }, now);
    }

    /// What a commit of another node changed in a room.
    pub(super) fn told(&mut self, by: (NodeId, u64), room: RoomId, changes: Vec<Change>) {
        let waiting = self.lanes.iter_mut().flat_map(|lane| &mut lane.waiting);
        match waiting.into_iter().find(|(key, _)| key.by == Some(by)) {
            Some((_, commit)) => commit.add(room, changes),
            None => self.early.put(by, room, changes),
        }
    }

    fn put(&mut self, key: CommitKey, commit: Commit, now: Instant) -> bool {
        let Some(lane) = self.lanes.get_mut(usize::from(key.lane)) else { return false };
        lane.hear_of(key.upto, now);
        let fits = lane.waiting.len() < MAX_WAITING;
        if fits {
            lane.waiting.entry(key).or_insert(commit);
        }
        fits
    }

    /// How far the store has come, as far as this node has heard: its own commits among it, also those that
    /// wait to be handed on.
    pub(super) fn known(&self, handed_on: &Position) -> Position {
        let mut known = *handed_on;
        for (lane, Pos { lane: number, .. }) in self.lanes.iter().zip(handed_on.iter()) {
            known.advance(Pos { lane: number, at: lane.known });
        }
        known
    }

    /// The store has come this far.
    pub(super) fn hear_of(&mut self, position: &Position, now: Instant) {
        for (lane, pos) in self.lanes.iter_mut().zip(position.iter()) {
            lane.hear_of(pos.at, now);
        }
    }

    /// Something may have been lost: everything is to be read.
    pub(super) fn suspect(&mut self) {
        self.is_suspicious = true;
    }

    /// Everything is being read from now on, up to [`Self::catch_up`].
    pub(super) fn reading_all(&mut self) {
        (self.is_suspicious, self.is_reading_all) = (false, true);
    }

    /// Whether nothing is missing but what positions tell of.
    pub(super) fn is_sound(&self) -> bool {
        !self.is_suspicious && !self.is_reading_all
    }

    /// What comes next, where this much was handed on. Nothing beyond `limit` is, before all was read.
    pub(super) fn turn(
        &mut self,
        handed_on: &Position,
        here: &impl Here,
        now: Instant,
        patience: Duration,
        limit: Option<&Position>,
    ) -> Turn {
        let mut soonest: Option<Instant> = None;
        let mut read = self.is_suspicious.then_some(Turn::ReadAll);
        let mut limits = limit.map(Position::iter);
        for (lane, at) in self.lanes.iter_mut().zip(handed_on.iter()) {
            let limit = limits.as_mut().and_then(Iterator::next).map_or(u64::MAX, |limit| limit.at);
            match lane.turn(at, here, now, patience, limit) {
                Turn::HandOn(stretch) => return Turn::HandOn(stretch),
                Turn::Wait(until) => soonest = soonest.into_iter().chain(until).min(),
                Turn::ReadAll => read = Some(Turn::ReadAll),
                rooms => read = read.or(Some(rooms)),
            }
        }
        read.unwrap_or(Turn::Wait(soonest))
    }

    /// What was read of rooms of a commit. Those that were read are no longer absent.
    pub(super) fn learn(&mut self, commit: CommitKey, rooms: &[RoomId], mut changes: Vec<Change>) {
        let Some(lane) = self.lanes.get_mut(usize::from(commit.lane)) else { return };
        // Otherwise a larger read was quicker.
        let Some(waiting) = lane.waiting.get_mut(&commit) else { return };
        // What was told meanwhile is there already.
        changes.retain(|change| waiting.lacks(change.what.room()));
        waiting.absent.retain(|absent| !rooms.contains(&absent.room));
        waiting.posts.extend(changes.into_iter().map(Posted::from));
    }

    /// All that changed beyond what was handed on, up to `until`, was read. What waits of it is known better:
    /// it names the connections that have caused it.
    pub(super) fn catch_up(
        &mut self,
        handed_on: &Position,
        until: &Position,
        changes: Vec<Change>,
        now: Instant,
    ) {
        self.is_reading_all = false;
        self.hear_of(until, now);
        let mut read: Vec<Vec<Change>> = self.lanes.iter().map(|_| Vec::new()).collect();
        for change in changes {
            if let Some(lane) = read.get_mut(usize::from(change.pos.lane)) {
                lane.push(change);
            }
        }
        for ((lane, read), (from, upto)) in
            self.lanes.iter_mut().zip(read).zip(handed_on.iter().zip(until.iter()))
        {
            let mut known = Vec::new();
            lane.waiting.retain(|key, commit| {
                let is_covered = key.after < key.upto && key.upto <= upto.at;
                if is_covered {
                    known.append(&mut commit.posts);
                }
                !is_covered
            });
            known.retain(|post| post.at() > from.at || post.is_mark());
            let at: BTreeSet<u64> = known.iter().filter(|post| !post.is_mark()).map(Posted::at).collect();
            let is_news =
                |change: &Change| matches!(change.what, What::Marked { .. }) || !at.contains(&change.pos.at);
            known.extend(read.into_iter().filter(is_news).map(Posted::from));
            if known.is_empty() && upto.at <= from.at {
                continue;
            }
            self.own += 1;
            let (after, upto) = (from.at, upto.at.max(from.at));
            let key = CommitKey { after, upto, by: None, own: self.own, lane: from.lane };
            lane.waiting.insert(key, Commit { posts: known, absent: Vec::new(), came: now });
        }
    }
}

impl Lane {
    fn hear_of(&mut self, at: u64, now: Instant) {
        if at > self.known {
            self.known = at;
            self.behind_since.get_or_insert(now);
        }
    }

    fn turn(&mut self, at: Pos, here: &impl Here, now: Instant, patience: Duration, limit: u64) -> Turn {
        let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().after <= at.at) else {
            if self.known <= at.at {
                self.behind_since = None;
                return Turn::Wait(None);
            }
            let since = *self.behind_since.get_or_insert(now);
            return if now >= since + patience { Turn::ReadAll } else { Turn::Wait(Some(since + patience)) };
        };
        let (key, commit) = (*entry.key(), entry.get());
        if key.upto > at.at.max(limit) {
            return Turn::ReadAll;
        }
        let is_new = key.upto > at.at || key.after == key.upto;
        let concerns = |absent: &&RoomDigest| here.is_followed(absent.room) || absent.moved.any_of(here);
        let absent: Vec<&RoomDigest> = commit.absent.iter().filter(concerns).collect();
        if is_new && !absent.is_empty() {
            let may_come = |absent: &&RoomDigest| absent.is_told && here.is_followed(absent.room);
            let until = commit.came + patience;
            if absent.iter().all(may_come) && now < until {
                return Turn::Wait(Some(until));
            }
            return Turn::ReadRooms {
                commit: key,
                rooms: absent.into_iter().map(|room| room.room).collect(),
            };
        }
        let mut posts = entry.remove().posts;
        posts.retain(|post| post.at() > at.at || post.is_mark());
        // By position; a mark stands behind the change that it came after.
        posts.sort_by_key(|post| (post.at(), post.is_mark()));
        let upto = Pos { lane: at.lane, at: key.upto.max(at.at) };
        self.behind_since = (self.known > upto.at).then_some(now);
        Turn::HandOn(Stretch { upto, posts })
    }
}

impl Commit {
    fn lacks(&self, room: RoomId) -> bool {
        self.absent.iter().any(|absent| absent.room == room)
    }

    fn add(&mut self, room: RoomId, changes: Vec<Change>) {
        // Told twice, it is added once.
        if let Some(index) = self.absent.iter().position(|absent| absent.room == room) {
            self.absent.swap_remove(index);
            self.posts.extend(changes.into_iter().map(Posted::from));
        }
    }
}

impl Affected {
    fn any_of(&self, here: &impl Here) -> bool {
        match self {
            Self::These(users) => users.iter().any(|user| here.is_connected(user)),
            Self::Many => true,
        }
    }
}

/// Contents that came before the commit that they belong to.
#[derive(Debug, Default)]
struct Early {
    contents: HashMap<(NodeId, u64), HashMap<RoomId, Vec<Change>>>,
    order: VecDeque<(NodeId, u64)>,
}

impl Early {
    fn put(&mut self, by: (NodeId, u64), room: RoomId, changes: Vec<Change>) {
        if self.order.len() >= MAX_EARLY
            && let Some(oldest) = self.order.pop_front()
        {
            self.contents.remove(&oldest);
        }
        self.contents.entry(by).or_default().insert(room, changes);
        self.order.push_back(by);
    }

    fn take(&mut self, by: (NodeId, u64)) -> HashMap<RoomId, Vec<Change>> {
        let taken = self.contents.remove(&by).unwrap_or_default();
        if !taken.is_empty() {
            self.order.retain(|other| *other != by);
        }
        taken
    }
}

#[cfg(test)]
mod tests;
