//! What the model knows of threads, and of who follows them.

use chat_core::{MessageId, Timestamp};

use super::room::RoomModel;

/// A message's place in a thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply {
    pub(super) root: u64,
    pub(super) in_room: bool,
}

/// A thread that has begun.
#[derive(Debug, Clone, Default)]
pub(super) struct Thread {
    /// Those that are not deleted.
    pub(super) replies: u64,
    /// Who has replied, in the order of their first replies.
    pub(super) participants: Vec<usize>,
    last_reply_at: Option<Timestamp>,
}

/// That somebody follows a thread, or does no longer; and up to where they have read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Following {
    pub(super) on: bool,
    pub(super) read: u64,
}

impl RoomModel {
    /// The root to which a message belongs; its own, where it is no reply.
    pub(super) fn root_of(&self, seq: u64) -> u64 {
        self.replies.get(&seq).map_or(seq, |reply| reply.root)
    }

    /// Whether there may be a thread of it: of none of the server's own, of no reply.
    pub(super) fn may_be_root(&self, seq: u64) -> bool {
        self.said.contains_key(&seq) && !self.replies.contains_key(&seq)
    }

    /// Whether a reply may come, or somebody follow: a thread goes on when its root is deleted, and none begins.
    pub(super) fn may_go_on(&self, seq: u64) -> bool {
        self.may_be_root(seq) && (self.said[&seq].is_some() || self.threads.contains_key(&seq))
    }

    /// A reply has come. Whoever has sent it follows the thread by that, and with the first one so does who has sent the
    /// root, unless they have chosen otherwise. Gives who came to follow it.
    pub(super) fn reply(&mut self, seq: u64, reply: Reply, by: usize) -> Vec<usize> {
        let at = self.ids[&seq].1;
        let author = self.sender(reply.root).expect("somebody has sent it");
        let is_first = !self.threads.contains_key(&reply.root);
        let thread = self.threads.entry(reply.root).or_default();
        thread.replies += 1;
        thread.last_reply_at = Some(at);
        if !thread.participants.contains(&by) {
            thread.participants.push(by);
        }
        self.replies.insert(seq, reply);
        let mut come = Vec::new();
        if self.follows.get(&(by, reply.root)).is_none_or(|there| !there.on) {
            self.follows.insert((by, reply.root), Following { on: true, read: seq });
            come.push(by);
        }
        if is_first && author != by && !self.follows.contains_key(&(author, reply.root)) {
            self.follows.insert((author, reply.root), Following { on: true, read: reply.root });
            come.push(author);
        }
        come
    }

    /// Somebody follows a thread, or does no longer. `false`: it stands so already.
    pub(super) fn set_followed(&mut self, user: usize, root: u64, on: bool) -> bool {
        let would_come = self.sender(root) == Some(user) && !self.threads.contains_key(&root);
        let read = match self.follows.get(&(user, root)) {
            Some(there) if there.on == on => return false,
            None if !on && !would_come => return false,
            // Nobody has still to read what was there when they came.
            _ if on => self.seq(),
            there => there.map_or(0, |there| there.read),
        };
        self.follows.insert((user, root), Following { on, read });
        true
    }

    /// A mark never moves back, and who does not follow the thread has none. `false`: it stands so already.
    pub(super) fn read_thread(&mut self, user: usize, root: u64, to: u64) -> bool {
        let to = to.min(self.seq());
        let there = self.follows.get_mut(&(user, root)).filter(|there| there.on && there.read < to);
        there.is_some_and(|there| {
            there.read = to;
            true
        })
    }

    /// How many replies of others somebody who follows a thread has still to read.
    pub(super) fn unread_replies(&self, user: usize, root: u64) -> u64 {
        let Some(Following { on: true, read }) = self.follows.get(&(user, root)) else { return 0 };
        let above = self.members[&user].joined.max(*read);
        let is_unread = |(seq, reply): &(&u64, &Reply)| {
            reply.root == root
                && self.sender(**seq) != Some(user)
                && self.said[*seq].is_some()
                && !self.hidden.contains(&(user, **seq))
        };
        self.replies.range(above + 1..).filter(is_unread).count() as u64
    }

    /// The threads that somebody sees in their list: the root, when something came last, the mark, and what is unread.
    pub(super) fn followed(
        &self,
        user: usize,
    ) -> impl Iterator<Item = (MessageId, Timestamp, Option<u64>, u64)> {
        let follows = self.follows.iter().filter(move |((who, root), there)| {
            *who == user && there.on && !self.hidden.contains(&(user, *root))
        });
        follows.map(move |((_, root), there)| {
            let (root_id, sent_at) = self.ids[root];
            let active_at = self.threads.get(root).and_then(|thread| thread.last_reply_at);
            (root_id, active_at.unwrap_or(sent_at), Some(there.read), self.unread_replies(user, *root))
        })
    }
}
