//! A commit as other nodes are told of it, and back.

use std::collections::HashMap;

use super::{Beside, Posted};
use crate::bus::packet::{Affected, Digest, How, RoomDigest, Told};
use crate::id::{RoomId, UserId};
use crate::model::{Pos, Position};
use crate::store::{Change, What};

/// The most people who are named when they join a room or leave it.
const MAX_NAMED: usize = 16;

/// What a batch changed in a room.
struct Part {
    room: RoomId,
    /// `None`: it is to be read.
    told: Option<Vec<Told>>,
    moved: Affected,
}

/// Sums a commit up. `tell` is given what changed in each room and says whether it could be told.
pub(super) fn digest(
    posts: &[Posted],
    beside: Beside,
    mut tell: impl FnMut(RoomId, Vec<Told>) -> bool,
) -> Digest {
    let Beside { profiles, logouts, settings } = beside;
    let positions = posts.iter().filter(|post| !matches!(post.change.what, What::Marked { .. }));
    let mut positions = positions.map(|post| post.change.pos.at);
    let marks = || posts.iter().map(|post| post.change.pos.at).max().unwrap_or(0);
    // A batch has all positions of its lane from its first to its last.
    let (after, upto) = match positions.next() {
        Some(first) => (first.saturating_sub(1), positions.next_back().unwrap_or(first)),
        None => (marks(), marks()),
    };
    let tells = parts(posts).into_iter().map(|Part { room, told, moved }| {
        let is_told = told.is_some_and(|told| tell(room, told));
        RoomDigest { room, is_told, moved }
    });
    let rooms = tells.collect();
    let lane = posts.first().map_or(0, |post| post.change.pos.lane);
    Digest { lane, after, upto, rooms, profiles, logouts, settings }
}

/// By room, in the order in which they are first named.
fn parts(posts: &[Posted]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut places: HashMap<RoomId, usize> = HashMap::new();
    for Posted { change, .. } in posts {
        // Nobody is told of an import.
        let (What::Imported(_) | What::Untold(_)) = &change.what else {
            let room = change.what.room();
            let place = *places.entry(room).or_insert(parts.len());
            if place == parts.len() {
                parts.push(Part { room, told: Some(Vec::new()), moved: Affected::These(Vec::new()) });
            }
            parts[place].add(change);
            continue;
        };
    }
    parts
}

impl Part {
    fn add(&mut self, change: &Change) {
        let told = match &change.what {
            What::Message(message) => Some(Told::Message(message.clone())),
            What::Marked { member, mark, is_shared } => {
                let (pos, member) = (change.pos.at, member.clone());
                Some(Told::Marked { pos, member, mark: *mark, is_shared: *is_shared })
            }
            What::Amended { message, by, how } => {
                let how = how.as_ref().map(How::of);
                Some(Told::Amended { message: message.clone(), by: by.clone(), how })
            }
            What::Hidden(hidden) => Some(Told::Hidden(hidden.clone())),
            What::Thread { follow, .. } => Some(Told::Thread((**follow).clone())),
            What::Created(_, users) => {
                self.name(users);
                None
            }
            What::Joined(_, profile) | What::Parted(_, profile) => {
                self.name(std::slice::from_ref(&profile.user));
                None
            }
            What::Notify(member) => {
                self.name(std::slice::from_ref(&member.user));
                None
            }
            What::Deleted(_) => {
                self.moved = Affected::Many;
                None
            }
            What::Role(..) | What::Changed(_) | What::Imported(_) | What::Untold(_) => None,
        };
        match (told, &mut self.told) {
            (Some(told), Some(all)) => all.push(told),
            (None, all) => *all = None,
            (Some(_), None) => {}
        }
    }

    fn name(&mut self, users: &[UserId]) {
        match &mut self.moved {
            Affected::These(named) if named.len() + users.len() <= MAX_NAMED => {
                named.extend(users.iter().cloned());
            }
            moved => *moved = Affected::Many,
        }
    }
}

/// The changes of a room that were told. What is of another room is none of them.
pub(super) fn changes(told: Vec<Told>, room: RoomId, position: &Position) -> Vec<Change> {
    let lane = position.lane_of(room);
    let changes = told.into_iter().filter_map(|told| {
        let (at, what, of) = match told {
            Told::Amended { message, by, how } => {
                let (at, of) = (message.state.changed_pos, message.room);
                (at, What::Amended { message, by, how: how.map(Into::into) }, of)
            }
            Told::Hidden(hidden) => (hidden.pos, What::Hidden(hidden.clone()), hidden.room),
            Told::Thread(follow) => (follow.pos, What::thread(follow.clone()), follow.room),
            Told::Message(message) => (message.pos, What::Message(message.clone()), message.room),
            Told::Marked { pos, member, mark, is_shared } => {
                let of = member.room;
                (pos, What::Marked { member, mark, is_shared }, of)
            }
        };
        (of == room).then_some(Change { pos: Pos { lane, at }, prev: 0, what })
    });
    changes.collect()
}
