//! Who is connected to which other node.
//!
//! Each node tells who came and who went, and with each beat a checksum of all who are there, so that a
//! lost packet is noticed: then it is asked for the whole list.
//!
//! Pure: what came goes in, what it changes comes out.

use std::collections::{HashMap, HashSet};

use crate::bus::packet::{Checksum, NodeId, Part};
use crate::id::UserId;

/// How many users a part of a list names.
pub(super) const PART: usize = 100;

#[derive(Debug, Default)]
struct Residents {
    users: HashSet<UserId>,
    sum: Checksum,
    /// Its checksum was another one at the last beat.
    is_doubtful: bool,
    /// A list was taken in before.
    is_known: bool,
    list: u64,
    parts: HashMap<u32, Vec<UserId>>,
}

/// Who is connected elsewhere.
#[derive(Debug, Default)]
pub(super) struct Directory {
    nodes: HashMap<NodeId, Residents>,
}

/// Who is there now and was not, or the other way round.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) came: Vec<UserId>,
    pub(super) went: Vec<UserId>,
}

impl Moved {
    pub(super) fn is_empty(&self) -> bool {
        self.came.is_empty() && self.went.is_empty()
    }
}

impl Directory {
    /// Whether the user is connected to any other node.
    pub(super) fn is_online(&self, user: &UserId) -> bool {
        self.nodes.values().any(|node| node.users.contains(user))
    }

    /// Whether the user is connected to a node whose number is smaller.
    pub(super) fn is_before(&self, me: NodeId, user: &UserId) -> bool {
        self.nodes.iter().any(|(node, residents)| *node < me && residents.users.contains(user))
    }

    /// A user came to a node. `true`: they were on none of the others.
    pub(super) fn came(&mut self, node: NodeId, user: &UserId) -> bool {
        let was_online = self.is_online(user);
        let residents = self.nodes.entry(node).or_default();
        if residents.users.insert(user.clone()) {
            residents.sum.toggle(user);
        }
        !was_online
    }

    /// A user went from a node. `true`: they are on none of the others.
    pub(super) fn went(&mut self, node: NodeId, user: &UserId) -> bool {
        let Some(residents) = self.nodes.get_mut(&node) else { return false };
        if !residents.users.remove(user) {
            return false;
        }
        residents.sum.toggle(user);
        !self.is_online(user)
    }

    /// A node tells the checksum of its users. `true`: it is to be asked for all of them. A packet may be
    /// behind the beat, so the first difference is let pass, but for a node of which nothing is known.
    pub(super) fn check(&mut self, node: NodeId, sum: Checksum) -> bool {
        let residents = self.nodes.entry(node).or_default();
        if residents.sum == sum {
            (residents.is_doubtful, residents.is_known) = (false, true);
            return false;
        }
        std::mem::replace(&mut residents.is_doubtful, true) || !residents.is_known
    }

    /// A part of a node's list came. With the last one, it tells what was not known.
    pub(super) fn part(&mut self, node: NodeId, part: Part) -> Moved {
        let residents = self.nodes.entry(node).or_default();
        if residents.list != part.list {
            (residents.list, residents.parts) = (part.list, HashMap::new());
        }
        residents.parts.insert(part.part, part.users);
        if residents.parts.len() < part.parts as usize {
            return Moved::default();
        }
        let users: HashSet<UserId> = std::mem::take(&mut residents.parts).into_values().flatten().collect();
        // Of a node that was not known all came long ago.
        let is_news = std::mem::replace(&mut residents.is_known, true);
        residents.sum = Checksum::of(&users);
        let before = std::mem::replace(&mut residents.users, users.clone());
        let came = users.difference(&before).filter(|_| is_news).cloned().collect();
        let went = before.difference(&users).filter(|user| !self.is_online(user)).cloned().collect();
        Moved { came, went }
    }

    /// A part of the list of a node that stops, as another one tells it: news only where nothing is known of
    /// that node.
    pub(super) fn inherit(&mut self, node: NodeId, part: Part) {
        if !self.nodes.get(&node).is_some_and(|residents| residents.is_known) {
            // Of a node that was not known all came long ago.
            let _ = self.part(node, part);
        }
    }

    /// The list of a node's users for those who do not know it: the same by whoever tells it.
    pub(super) fn legacy(&self, node: NodeId) -> Vec<Part> {
        let users = self.nodes.get(&node).map(|residents| residents.users.iter().cloned());
        let mut users: Vec<UserId> = users.into_iter().flatten().collect();
        users.sort();
        parts(node.number(), &users)
    }

    /// A node is no more. Gives those who were on no other one.
    pub(super) fn forget(&mut self, node: NodeId) -> Vec<UserId> {
        let Some(residents) = self.nodes.remove(&node) else { return Vec::new() };
        residents.users.into_iter().filter(|user| !self.is_online(user)).collect()
    }
}

/// A node's users as the parts of a list.
pub(super) fn parts(list: u64, users: &[UserId]) -> Vec<Part> {
    let chunks = users.chunks(PART).map(<[UserId]>::to_vec);
    let mut chunks: Vec<_> = chunks.collect();
    if chunks.is_empty() {
        chunks.push(Vec::new());
    }
    let parts = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
    (0..).zip(chunks).map(|(part, users)| Part { list, parts, part, users }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(names: &[&str]) -> Vec<UserId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn take_in(directory: &mut Directory, node: NodeId, list: u64, names: &[&str]) -> Moved {
        let mut moved = Moved::default();
        for part in parts(list, &users(names)) {
            moved = directory.part(node, part);
        }
        moved
    }

    #[test]
    fn who_is_on_two_nodes_comes_once_and_goes_once() {
        let (mut directory, one, two) = (Directory::default(), NodeId::random(), NodeId::random());
        let ana = &users(&["ana"])[0];
        assert!(directory.came(one, ana));
        assert!(!directory.came(two, ana));
        assert!(!directory.went(one, ana));
        assert!(directory.is_online(ana));
        assert!(directory.went(two, ana));
        assert!(!directory.went(two, ana), "told twice");
        assert!(!directory.is_online(ana));
    }

    #[test]
    fn those_of_a_dead_node_who_have_come_elsewhere_are_still_there() {
        let (mut directory, one, two) = (Directory::default(), NodeId::random(), NodeId::random());
        for user in users(&["ana", "ben"]) {
            directory.came(one, &user);
        }
        directory.came(two, &users(&["ana"])[0]);
        assert_eq!(directory.forget(one), users(&["ben"]));
        assert!(directory.forget(one).is_empty());
    }

    #[test]
    fn a_node_that_begins_learns_from_all_others_who_is_on_the_way_from_one_that_stops() {
        let (mut directory, stopping) = (Directory::default(), NodeId::random());
        let names: Vec<UserId> = (0..250).map(|n| format!("u{n}").parse().unwrap()).collect();
        for user in &names {
            directory.came(stopping, user);
        }
        let mut new = Directory::default();
        for part in directory.legacy(stopping).into_iter().flat_map(|part| [part.clone(), part]) {
            new.inherit(stopping, part);
        }
        assert!(names.iter().all(|user| new.is_online(user)));
        assert!(!new.came(NodeId::random(), &names[7]), "they were there all the time");
        new.inherit(stopping, parts(stopping.number(), &names[..1]).remove(0));
        assert_eq!(new.forget(stopping).len(), names.len() - 1, "what is known stays");
    }

    #[test]
    fn a_lost_packet_is_noticed_at_the_second_beat_and_mended_by_the_list() {
        let (mut directory, node) = (Directory::default(), NodeId::random());
        let sum = |names: &[&str]| Checksum::of(&users(names));
        assert!(directory.check(node, sum(&["ana"])), "nothing is known of it");
        assert_eq!(take_in(&mut directory, node, 1, &["ana"]), Moved::default(), "she came long ago");
        assert!(!directory.check(node, sum(&["ana"])));
        assert!(!directory.check(node, sum(&["ben", "cho"])), "it may be under way");
        assert!(directory.check(node, sum(&["ben", "cho"])));
        let mut moved = take_in(&mut directory, node, 2, &["ben", "cho"]);
        moved.came.sort();
        assert_eq!(moved, Moved { came: users(&["ben", "cho"]), went: users(&["ana"]) });
        assert!(!directory.check(node, sum(&["cho", "ben"])));
    }

    #[test]
    fn a_list_counts_when_all_its_parts_are_there() {
        let (mut directory, node) = (Directory::default(), NodeId::random());
        let names: Vec<UserId> = (0..250).map(|n| format!("u{n}").parse().unwrap()).collect();
        let mut parts = parts(7, &names);
        assert_eq!(parts.len(), 3);
        directory.part(node, parts.pop().unwrap());
        directory.part(node, parts.pop().unwrap());
        assert!(!directory.is_online(&names[0]));
        directory.part(node, parts.pop().unwrap());
        assert!(names.iter().all(|user| directory.is_online(user)));
    }
}
