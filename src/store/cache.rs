//! Rows that a store still has from the batches before.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::{Keyed, Needs, Rows};
use crate::id::{RoomId, UserId};
use crate::model::{Member, Position, Relation, Room, Settings};

/// How many rows are kept at most. With one more, all are forgotten, and those of the newest batch kept.
const MOST_ROWS: usize = 16_384;

/// What messages and marks are decided on, as the batches since the cache was empty have read and left it; `None` for what
/// is not there. Whoever decides on it has to find out whether anybody else has changed anything since.
#[derive(Debug, Default)]
pub(super) struct RowCache {
    rooms: HashMap<RoomId, Option<Arc<Room>>>,
    members: HashMap<(RoomId, UserId), Option<Arc<Member>>>,
    relations: HashMap<(UserId, UserId), Option<Relation>>,
    settings: HashMap<UserId, Option<Settings>>,
}

impl RowCache {
    /// All that a batch needs but for what was [`sent`](Needs::sent) before, which is not kept. Nothing: some of it is not
    /// known.
    pub(super) fn rows(&self, needs: &Needs, position: Position) -> Option<Rows> {
        if needs.more.is_there() {
            return None;
        }
        let rooms = known(&self.rooms, &needs.rooms)?;
        if !needs.ordinals_in(&rooms).is_empty() {
            return None;
        }
        let relations = known(&self.relations, &needs.relations_with(&rooms))?;
        let members = known(&self.members, &needs.members)?;
        let settings = known(&self.settings, &needs.settings)?;
        Some(Rows { rooms, members, relations, settings, ..Rows::at(position) })
    }

    /// Keeps what a batch has read, as it has left it. It is not for one that changes more than it needs, as whatever is
    /// [rare](Rows::more) may.
    pub(super) fn keep(&mut self, needs: &Needs, rows: &Rows) {
        let relations = needs.relations_with(&rows.rooms);
        let more = needs.rooms.len() + needs.members.len() + relations.len() + needs.settings.len();
        if self.len() + more > MOST_ROWS {
            *self = Self::default();
        }
        keep(&mut self.rooms, &needs.rooms, &rows.rooms);
        keep(&mut self.members, &needs.members, &rows.members);
        keep(&mut self.relations, &relations, &rows.relations);
        keep(&mut self.settings, &needs.settings, &rows.settings);
    }

    fn len(&self) -> usize {
        self.rooms.len() + self.members.len() + self.relations.len() + self.settings.len()
    }
}

fn known<K: Hash + Ord + Clone, V: Clone>(kept: &HashMap<K, Option<V>>, keys: &[K]) -> Option<Keyed<K, V>> {
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        rows.extend(kept.get(key)?.clone().map(|row| (key.clone(), row)));
    }
    Some(rows.into_iter().collect())
}

fn keep<K: Hash + Ord + Clone, V: Clone>(kept: &mut HashMap<K, Option<V>>, keys: &[K], rows: &Keyed<K, V>) {
    for key in keys {
        kept.insert(key.clone(), rows.get(key).cloned());
    }
}
