//! What a node follows, and which subscriptions that needs. No I/O.

use std::collections::{HashMap, HashSet};

use super::subject::{Shard, Subjects};
use crate::bus::Topic;

/// Changes that are told at once: few, for whoever follows something waits meanwhile.
const AT_ONCE: usize = 64;

/// What is followed now, by shard.
#[derive(Debug, Default)]
pub(super) struct Following {
    shards: HashMap<Shard, HashSet<Topic>>,
    /// Shards whose subscription may not be the right one any more.
    changed: HashSet<Shard>,
}

impl Following {
    /// Gives whether a subscription changes by it.
    pub(super) fn follow(&mut self, topic: &Topic) -> bool {
        let shard = Shard::of(topic);
        let topics = self.shards.entry(shard).or_default();
        // From two on it is the whole shard.
        topics.insert(topic.clone()) && topics.len() <= 2 && self.changed.insert(shard)
    }

    /// Gives whether a subscription changes by it.
    pub(super) fn unfollow(&mut self, topic: &Topic) -> bool {
        let shard = Shard::of(topic);
        let Some(topics) = self.shards.get_mut(&shard) else { return false };
        if !topics.remove(topic) {
            return false;
        }
        let left = topics.len();
        if left == 0 {
            self.shards.remove(&shard);
        }
        left < 2 && self.changed.insert(shard)
    }

    pub(super) fn contains(&self, topic: &Topic) -> bool {
        self.shards.get(&Shard::of(topic)).is_some_and(|topics| topics.contains(topic))
    }

    /// Some shards that have changed since, and the subject that each needs now, if any. Nothing when that is
    /// all.
    pub(super) fn changes(&mut self, subjects: &Subjects) -> Vec<(Shard, Option<String>)> {
        let changed: Vec<_> = self.changed.iter().copied().take(AT_ONCE).collect();
        changed.iter().for_each(|shard| {
            self.changed.remove(shard);
        });
        changed.into_iter().map(|shard| (shard, self.subject(shard, subjects))).collect()
    }

    fn subject(&self, shard: Shard, subjects: &Subjects) -> Option<String> {
        let mut topics = self.shards.get(&shard)?.iter();
        match (topics.next(), topics.next()) {
            (None, _) => None,
            (Some(only), None) => Some(subjects.of(only)),
            _ => Some(subjects.whole(shard)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RoomId;

    fn rooms_of_one_shard() -> [Topic; 3] {
        let mut shards = HashMap::<Shard, Vec<Topic>>::new();
        loop {
            let room = Topic::Room(RoomId::generate());
            let rooms = shards.entry(Shard::of(&room)).or_default();
            rooms.push(room);
            if let [a, b, c] = rooms.as_slice() {
                return [a.clone(), b.clone(), c.clone()];
            }
        }
    }

    #[test]
    fn one_topic_of_a_shard_is_subscribed_alone_and_several_as_the_whole_shard() {
        let (mut following, subjects) = (Following::default(), Subjects::new("chat").unwrap());
        let [a, b, c] = rooms_of_one_shard();
        let shard = Shard::of(&a);
        let mut after = |step: &mut dyn FnMut(&mut Following) -> bool| {
            let told = step(&mut following);
            let changes = following.changes(&subjects);
            assert_eq!(told, !changes.is_empty());
            changes
        };
        let alone = |topic: &Topic| vec![(shard, Some(subjects.of(topic)))];
        let whole = vec![(shard, Some(subjects.whole(shard)))];

        assert_eq!(after(&mut |f| f.follow(&a)), alone(&a));
        assert_eq!(after(&mut |f| f.follow(&a)), [], "twice is as once");
        assert_eq!(after(&mut |f| f.follow(&b)), whole);
        assert_eq!(after(&mut |f| f.follow(&c)), []);
        assert_eq!(after(&mut |f| f.unfollow(&a)), []);
        assert_eq!(after(&mut |f| f.unfollow(&a)), []);
        assert_eq!(after(&mut |f| f.unfollow(&b)), alone(&c));
        assert_eq!(after(&mut |f| f.unfollow(&c)), [(shard, None)]);
        assert_eq!(after(&mut |f| f.unfollow(&c)), []);
        assert!(following.shards.is_empty());
    }

    #[test]
    fn only_what_is_followed_is_wanted_also_of_a_whole_shard() {
        let mut following = Following::default();
        let [a, b, c] = rooms_of_one_shard();
        following.follow(&a);
        following.follow(&b);
        assert!(following.contains(&a) && following.contains(&b) && !following.contains(&c));
        following.unfollow(&a);
        assert!(!following.contains(&a));
    }

    #[test]
    fn many_changes_are_told_in_parts_and_each_once() {
        let (mut following, subjects) = (Following::default(), Subjects::new("chat").unwrap());
        (0..1000).for_each(|_| {
            following.follow(&Topic::Room(RoomId::generate()));
        });
        let mut told = HashSet::new();
        loop {
            let changes = following.changes(&subjects);
            assert!(changes.len() <= AT_ONCE);
            if changes.is_empty() {
                break;
            }
            assert!(changes.into_iter().all(|(shard, subject)| subject.is_some() && told.insert(shard)));
        }
        assert_eq!(told.len(), following.shards.len());
    }

    #[test]
    fn what_changes_and_changes_back_is_told_as_it_is_now() {
        let (mut following, subjects) = (Following::default(), Subjects::new("chat").unwrap());
        let [a, b, _] = rooms_of_one_shard();
        following.follow(&a);
        following.follow(&b);
        following.unfollow(&a);
        assert_eq!(following.changes(&subjects), [(Shard::of(&b), Some(subjects.of(&b)))]);
    }
}
