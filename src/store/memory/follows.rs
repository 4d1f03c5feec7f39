//! Who follows which threads.

use async_trait::async_trait;

use super::MemoryStore;
use super::state::{RoomData, State};
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{Follow, Message, ThreadCursor};
use crate::store::{FollowedThread, MoreRows, Needs, Rows, ThreadReads};

impl State {
    pub(super) fn load_follows(&self, needs: &Needs, rows: &mut Rows) {
        for key in needs.follows(&rows.more.messages) {
            let there = self.follow(key.0, key.1, &key.2).cloned();
            rows.more.follows.extend(there.map(|follow| (key, follow)));
        }
    }

    pub(super) fn write_follows(&mut self, rows: &mut MoreRows) {
        for key in std::mem::take(&mut rows.written_follows) {
            let Some(follow) = rows.follows.remove(&key) else { continue };
            let (room, root, user) = key;
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            self.follows_of.entry(user.clone()).or_default().insert((room, root));
            data.follows.insert((root, user), follow);
        }
        for (user, most) in std::mem::take(&mut rows.kept_follows) {
            let age = |follow: &Follow| std::cmp::Reverse((follow.since, follow.room, follow.root_seq));
            let mut all: Vec<Follow> = self.follows_of(&user).cloned().collect();
            all.sort_by_key(age);
            for Follow { room, root_seq, .. } in all.into_iter().skip(most as usize) {
                if let Some(data) = self.rooms.get_mut(&room) {
                    data.follows.remove(&(root_seq, user.clone()));
                }
                self.forget_follow(&user, room, root_seq);
            }
        }
    }

    /// Takes away those of threads whose roots are cut away.
    pub(super) fn cut_follows(&mut self, room: RoomId, upto: u64) {
        let Some(data) = self.rooms.get_mut(&room) else { return };
        let gone: Vec<_> = data.follows.keys().take_while(|(root, _)| *root <= upto).cloned().collect();
        data.follows.retain(|(root, _), _| *root > upto);
        for (root, user) in gone {
            self.forget_follow(&user, room, root);
        }
    }

    fn forget_follow(&mut self, user: &UserId, room: RoomId, root: u64) {
        if let Some(of) = self.follows_of.get_mut(user) {
            of.remove(&(room, root));
            if of.is_empty() {
                self.follows_of.remove(user);
            }
        }
    }

    pub(super) fn follow(&self, room: RoomId, root: u64, user: &UserId) -> Option<&Follow> {
        self.rooms.get(&room)?.follows.get(&(root, user.clone()))
    }

    /// In the order of the rooms and roots.
    pub(super) fn follows_of<'a>(&'a self, user: &'a UserId) -> impl Iterator<Item = &'a Follow> {
        let keys = self.follows_of.get(user).into_iter().flatten();
        keys.filter_map(|(room, root)| self.follow(*room, *root, user))
    }

    pub(super) fn followed(&self, user: &UserId, before: Option<ThreadCursor>) -> Vec<FollowedThread> {
        let thread = |follow: &Follow| {
            let data = self.rooms.get(&follow.room)?;
            let member = data.members.get(user)?;
            let is_shown = member.active && !data.is_hidden(user, follow.root_seq);
            let root = data.at(follow.root_seq).filter(|_| is_shown && follow.following)?;
            let newest = data.replies.get(&follow.root_seq).and_then(|replies| data.at(*replies.last()?));
            let active_at = newest.unwrap_or(root).created_at;
            let (follow, root, joined_seq) = (follow.clone(), self.shown(root), member.joined_seq);
            Some(FollowedThread { follow, root, active_at, joined_seq })
        };
        let place = |one: &FollowedThread| ThreadCursor {
            at: one.active_at,
            room: one.follow.room,
            root_seq: one.follow.root_seq,
        };
        let mut all: Vec<_> = self.follows_of(user).filter_map(thread).collect();
        all.retain(|one| before.is_none_or(|before| place(one) < before));
        all.sort_by_key(|one| std::cmp::Reverse(place(one)));
        all
    }
}

impl RoomData {
    /// How many replies to the root beyond a number the user has still to read.
    pub(super) fn unread_replies(&self, user: &UserId, root: u64, above: u64) -> u64 {
        let replies = self.replies.get(&root).map(Vec::as_slice).unwrap_or_default();
        let new = replies[replies.partition_point(|seq| *seq <= above)..].iter();
        let unread = new.filter_map(|seq| self.at(*seq)).filter(|reply| {
            reply.sender.user != *user && !reply.body.is_deleted() && !self.is_hidden(user, reply.seq)
        });
        unread.count() as u64
    }
}

#[async_trait]
impl ThreadReads for MemoryStore {
    async fn replies(
        &self,
        room: RoomId,
        root: u64,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let all = data.replies.get(&root).map(Vec::as_slice).unwrap_or_default();
        let below = all.iter().rev().filter(|seq| before.is_none_or(|before| **seq < before));
        let found = below.take(limit as usize).filter_map(|seq| data.at(*seq));
        Ok(found.map(|message| state.shown(message)).collect())
    }

    async fn follow(&self, room: RoomId, root: u64, user: &UserId) -> Result<Option<Follow>> {
        Ok(self.state.lock().follow(room, root, user).cloned())
    }

    async fn follows(&self, user: &UserId, after: Option<(RoomId, u64)>, limit: u32) -> Result<Vec<Follow>> {
        let state = self.state.lock();
        let all = state.follows_of(user);
        let beyond = all.filter(|one| after.is_none_or(|after| (one.room, one.root_seq) > after));
        Ok(beyond.take(limit as usize).cloned().collect())
    }

    async fn followers(&self, room: RoomId, roots: &[u64], users: &[UserId]) -> Result<Vec<Follow>> {
        let state = self.state.lock();
        let mut found = Vec::new();
        for root in roots {
            let there = users.iter().filter_map(|user| state.follow(room, *root, user));
            found.extend(there.filter(|follow| follow.following).cloned());
        }
        Ok(found)
    }

    async fn followed_threads(
        &self,
        user: &UserId,
        before: Option<ThreadCursor>,
        limit: u32,
    ) -> Result<Vec<FollowedThread>> {
        let mut threads = self.state.lock().followed(user, before);
        threads.truncate(limit as usize);
        Ok(threads)
    }

    async fn unread_replies(&self, user: &UserId, threads: &[(RoomId, u64, u64)]) -> Result<Vec<u64>> {
        let state = self.state.lock();
        let unread = |(room, root, above): &(RoomId, u64, u64)| {
            state.rooms.get(room).map_or(0, |data| data.unread_replies(user, *root, *above))
        };
        Ok(threads.iter().map(unread).collect())
    }
}
