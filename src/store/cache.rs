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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user: &str) -> (Needs, Rows) {
        let mut needs = Needs::default();
        needs.settings.insert(user.parse().unwrap());
        (needs, Rows::at(Position::start(1)))
    }

    fn knows(cache: &RowCache, needs: &Needs) -> bool {
        cache.rows(needs, Position::start(1)).is_some()
    }

    #[test]
    fn what_is_not_there_is_known_as_well_as_what_is() {
        let mut cache = RowCache::default();
        let (ana, mut rows) = of("ana");
        assert!(!knows(&cache, &ana));
        rows.settings
            .insert("ana".parse().unwrap(), Settings { read_receipts: false, ..Settings::default() });
        cache.keep(&ana, &rows);
        assert!(!cache.rows(&ana, rows.position).unwrap().settings_of(&"ana".parse().unwrap()).read_receipts);
        let (mut both, rows) = of("ben");
        cache.keep(&both, &rows);
        both.settings.extend(["ana".parse().unwrap()]);
        assert_eq!(cache.rows(&both, rows.position).unwrap().settings.values().count(), 1, "ben has none");
        both.settings.extend(["cyn".parse().unwrap()]);
        assert!(!knows(&cache, &both), "all or nothing");
    }

    #[test]
    fn one_row_too_many_and_only_the_newest_batch_is_kept() {
        let mut cache = RowCache::default();
        let keep = |cache: &mut RowCache, number| {
            let (needs, rows) = of(&format!("user{number}"));
            cache.keep(&needs, &rows);
            needs
        };
        let first = keep(&mut cache, 0);
        (1..MOST_ROWS).for_each(|number| drop(keep(&mut cache, number)));
        assert!(knows(&cache, &first));
        let last = keep(&mut cache, MOST_ROWS);
        assert!(knows(&cache, &last) && !knows(&cache, &first));
    }
}
