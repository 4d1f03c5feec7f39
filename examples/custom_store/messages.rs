//! What was said, and threads of it.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use chat_core::model::{
    Edit, Follow, Hidden, Message, PinCursor, Profile, Reaction, SearchCursor, ThreadCursor,
};
use chat_core::store::{
    FollowedThread, Found, MessageReads, ReactionKey, Search, StoredAttachment, ThreadReads,
};
use chat_core::{AttachmentId, MessageId, Result, RoomId, UserId};

use super::PlainStore;

#[async_trait]
impl MessageReads for PlainStore {
    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
        Ok(self.tables().messages_in(room).filter(|message| seqs.contains(&message.seq)).collect())
    }

    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        Ok(self.tables().messages_in(room).find(|message| message.id == id))
    }

    async fn reactions(
        &self,
        room: RoomId,
        seq: u64,
        after: Option<&(Reaction, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Reaction, Profile)>> {
        let tables = self.tables();
        let on = tables.reactions.iter().filter(|key| (key.room, key.seq) == (room, seq));
        let on = on.map(|key| (key.reaction.clone(), key.user.clone()));
        let beyond = on.filter(|one| after.is_none_or(|after| one > after)).take(limit as usize);
        Ok(beyond.map(|(reaction, user)| (reaction, tables.profile(&user))).collect())
    }

    async fn reactions_of(
        &self,
        room: RoomId,
        user: &UserId,
        seqs: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Reaction)>> {
        let tables = self.tables();
        let is_own = |key: &&ReactionKey| key.room == room && key.user == *user && seqs.contains(&key.seq);
        Ok(tables.reactions.iter().filter(is_own).map(|key| (key.seq, key.reaction.clone())).collect())
    }

    async fn edits(&self, room: RoomId, seq: u64, before: Option<u64>, limit: u32) -> Result<Vec<Edit>> {
        let tables = self.tables();
        let below = tables.edits.range((room, seq, 0)..(room, seq, before.unwrap_or(u64::MAX))).rev();
        Ok(below.map(|(_, edit)| edit.clone()).take(limit as usize).collect())
    }

    async fn pinned(&self, room: RoomId, before: Option<PinCursor>, limit: u32) -> Result<Vec<Message>> {
        let place = |message: &Message| message.pin_cursor();
        let is_it = |message: &Message| place(message).is_some_and(|at| before.is_none_or(|end| at < end));
        let mut pinned: Vec<_> = self.tables().messages_in(room).filter(is_it).collect();
        pinned.sort_by_key(|message| Reverse(place(message)));
        pinned.truncate(limit as usize);
        Ok(pinned)
    }

    async fn hidden(&self, room: RoomId, user: &UserId, seqs: RangeInclusive<u64>) -> Result<Vec<u64>> {
        let tables = self.tables();
        let is_meant = |hidden: &&Hidden| hidden.user == *user && seqs.contains(&hidden.seq);
        Ok(tables.hidden_in(room).filter(is_meant).map(|hidden| hidden.seq).collect())
    }

    async fn search(&self, search: Search) -> Result<Found> {
        let tables = self.tables();
        let is_own = |room: RoomId| {
            let member = tables.members.get(&(room, search.user.clone()));
            search.room.is_none_or(|sought| sought == room) && member.is_some_and(|member| member.active)
        };
        let mut all: Vec<Message> = tables.rooms.keys().flat_map(|room| tables.messages_in(*room)).collect();
        all.sort_by_key(|message| message.created_at);
        // A page goes on below the place, among all messages, at which the one before it ended.
        let mut found: Vec<(u64, Message)> = (0..).zip(all).collect();
        found.retain(|(place, message)| {
            let is_beyond = search.cursor.is_none_or(|cursor| *place < cursor.0);
            let is_seen = !tables.is_hidden(&search.user, message);
            is_beyond && is_seen && is_own(message.room) && search.means(message)
        });
        found.reverse();
        let is_cut = found.len() > search.limit as usize;
        found.truncate(search.limit as usize);
        let next = found.last().filter(|_| is_cut).map(|(place, _)| SearchCursor(*place));
        Ok(Found { messages: found.into_iter().map(|(_, message)| message).collect(), next })
    }

    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>> {
        Ok(self.tables().attachments.get(&(room, id)).cloned())
    }

    async fn stored_bytes(&self, user: &UserId) -> Result<u64> {
        Ok(self.tables().bytes_of(user))
    }
}

#[async_trait]
impl ThreadReads for PlainStore {
    async fn replies(
        &self,
        room: RoomId,
        root: u64,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let is_reply = |message: &Message| message.references.reply().is_some_and(|reply| reply.seq == root);
        let is_it = |message: &Message| is_reply(message) && before.is_none_or(|end| message.seq < end);
        let mut replies: Vec<_> = self.tables().messages_in(room).filter(is_it).collect();
        replies.reverse();
        replies.truncate(limit as usize);
        Ok(replies)
    }

    async fn follow(&self, room: RoomId, root: u64, user: &UserId) -> Result<Option<Follow>> {
        Ok(self.tables().follows.get(&(room, root, user.clone())).cloned())
    }

    async fn follows(&self, user: &UserId, after: Option<(RoomId, u64)>, limit: u32) -> Result<Vec<Follow>> {
        let tables = self.tables();
        let is_meant =
            |one: &&Follow| one.user == *user && after.is_none_or(|after| (one.room, one.root_seq) > after);
        Ok(tables.follows.values().filter(is_meant).take(limit as usize).cloned().collect())
    }

    async fn followers(&self, room: RoomId, roots: &[u64], users: &[UserId]) -> Result<Vec<Follow>> {
        let tables = self.tables();
        let is_meant = |one: &&Follow| {
            one.room == room && one.following && roots.contains(&one.root_seq) && users.contains(&one.user)
        };
        Ok(tables.follows.values().filter(is_meant).cloned().collect())
    }

    async fn followed_threads(
        &self,
        user: &UserId,
        before: Option<ThreadCursor>,
        limit: u32,
    ) -> Result<Vec<FollowedThread>> {
        let tables = self.tables();
        let thread = |follow: &Follow| {
            let (room, root_seq) = (follow.room, follow.root_seq);
            let member = tables.members.get(&(room, user.clone())).filter(|member| member.active)?;
            let is_hidden = tables.hidden.contains_key(&(room, user.clone(), root_seq));
            let root = tables.messages_in(room).find(|one| one.seq == root_seq && !is_hidden)?;
            let is_reply = |one: &Message| one.references.reply().is_some_and(|reply| reply.seq == root_seq);
            let newest = tables.messages_in(room).filter(is_reply).last();
            let active_at = newest.map_or(root.created_at, |reply| reply.created_at);
            Some(FollowedThread { follow: follow.clone(), root, active_at, joined_seq: member.joined_seq })
        };
        let place = |one: &FollowedThread| ThreadCursor {
            at: one.active_at,
            room: one.follow.room,
            root_seq: one.follow.root_seq,
        };
        let followed = tables.follows.values().filter(|one| one.user == *user && one.following);
        let mut threads: Vec<_> = followed.filter_map(thread).collect();
        threads.retain(|one| before.is_none_or(|before| place(one) < before));
        threads.sort_by_key(|one| Reverse(place(one)));
        threads.truncate(limit as usize);
        Ok(threads)
    }

    async fn unread_replies(&self, user: &UserId, threads: &[(RoomId, u64, u64)]) -> Result<Vec<u64>> {
        let tables = self.tables();
        let unread = |(room, root, above): &(RoomId, u64, u64)| {
            let is_unread = |one: &Message| {
                one.references.reply().is_some_and(|reply| reply.seq == *root)
                    && one.seq > *above
                    && one.sender.user != *user
                    && !one.body.is_deleted()
                    && !tables.hidden.contains_key(&(*room, user.clone(), one.seq))
            };
            tables.messages_in(*room).filter(is_unread).count() as u64
        };
        Ok(threads.iter().map(unread).collect())
    }
}
