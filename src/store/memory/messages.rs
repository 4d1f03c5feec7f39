//! What was said.

use std::ops::{Bound, RangeInclusive};

use async_trait::async_trait;

use super::MemoryStore;
use crate::error::Result;
use crate::id::{AttachmentId, MessageId, RoomId, UserId};
use crate::model::{Edit, Message, PinCursor, Profile, Reaction};
use crate::store::search::Gathering;
use crate::store::{Found, MessageReads, Search, StoredAttachment};

#[async_trait]
impl MessageReads for MemoryStore {
    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
        let state = self.state.lock();
        let messages = state.rooms.get(&room).map(|data| data.range(&seqs)).unwrap_or_default();
        Ok(messages.iter().map(|message| state.shown(message)).collect())
    }

    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        let state = self.state.lock();
        let found = state.rooms.get(&room).and_then(|data| data.at(*data.by_id.get(&id)?));
        Ok(found.map(|message| state.shown(message)))
    }

    async fn reactions(
        &self,
        room: RoomId,
        seq: u64,
        after: Option<&(Reaction, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Reaction, Profile)>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let Some(on) = data.reactions.get(&seq) else { return Ok(Vec::new()) };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let beyond = on.range((from, Bound::Unbounded)).take(limit as usize);
        Ok(beyond.map(|(reaction, user)| (reaction.clone(), state.profile(user))).collect())
    }

    async fn reactions_of(
        &self,
        room: RoomId,
        user: &UserId,
        seqs: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Reaction)>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        // A range that ends before it begins would panic.
        if seqs.is_empty() {
            return Ok(Vec::new());
        }
        let on = data.reactions.range(seqs).flat_map(|(seq, on)| on.iter().map(move |one| (seq, one)));
        let own = on.filter(|(_, (_, by))| by == user);
        Ok(own.map(|(seq, (reaction, _))| (*seq, reaction.clone())).collect())
    }

    async fn edits(&self, room: RoomId, seq: u64, before: Option<u64>, limit: u32) -> Result<Vec<Edit>> {
        let state = self.state.lock();
        let kept = state.rooms.get(&room).and_then(|data| data.edits.get(&seq)).map(Vec::as_slice);
        let below = kept.unwrap_or_default().iter().rev();
        let below = below.filter(|edit| before.is_none_or(|before| edit.version < before));
        Ok(below.take(limit as usize).cloned().collect())
    }

    async fn pinned(&self, room: RoomId, before: Option<PinCursor>, limit: u32) -> Result<Vec<Message>> {
        let state = self.state.lock();
        let Some(data) = state.rooms.get(&room) else { return Ok(Vec::new()) };
        let until = before.map_or(Bound::Unbounded, Bound::Excluded);
        let below = data.pins.range((Bound::Unbounded, until)).rev().take(limit as usize);
        Ok(below.filter_map(|pin| data.at(pin.seq)).map(|message| state.shown(message)).collect())
    }

    async fn hidden(&self, room: RoomId, user: &UserId, seqs: RangeInclusive<u64>) -> Result<Vec<u64>> {
        let state = self.state.lock();
        let hidden = state.rooms.get(&room).and_then(|data| data.hidden.get(user));
        // A range that ends before it begins would panic.
        let hidden = hidden.filter(|_| !seqs.is_empty());
        Ok(hidden.map(|hidden| hidden.range(seqs).copied().collect()).unwrap_or_default())
    }

    async fn search(&self, search: Search) -> Result<Found> {
        let state = self.state.lock();
        let mut page = Gathering::new(&search);
        let (from, to) = search.places();
        for (place, (room, seq)) in state.places.range(from..to.max(from)).rev() {
            let Some(data) = state.rooms.get(room) else { continue };
            let is_own = data.members.get(&search.user).is_some_and(|member| member.active);
            if !is_own || search.room.is_some_and(|sought| sought != *room) {
                continue;
            }
            let seen = data.at(*seq).filter(|message| !data.is_hidden(&search.user, message.seq));
            let message = seen.map(|message| state.shown(message));
            if page.look_at(*place, message).is_break() {
                break;
            }
        }
        Ok(page.page())
    }

    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>> {
        let state = self.state.lock();
        Ok(state.rooms.get(&room).and_then(|data| data.attachments.get(&id)).cloned())
    }

    async fn stored_bytes(&self, user: &UserId) -> Result<u64> {
        Ok(self.state.lock().stored_bytes.get(user).copied().unwrap_or_default())
    }
}
