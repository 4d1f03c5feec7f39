//! What the engine's own tasks ask.

use std::ops::Bound;

use async_trait::async_trait;

use super::{MemoryStore, records};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::Room;
use crate::store::{OutboxRow, Record, RecordPage, Stage, StoredAttachment, Upkeep};

#[async_trait]
impl Upkeep for MemoryStore {
    async fn records(&self, page: RecordPage, limit: u32) -> Result<Vec<Record>> {
        Ok(records::records(&self.state.lock(), page, limit))
    }

    /// It searches without an index.
    async fn index(&self, _limit: u32) -> Result<bool> {
        Ok(false)
    }

    /// No transaction of anybody's own reaches it.
    fn outbox_table(&self) -> Option<&str> {
        None
    }

    async fn outbox(&self, _limit: u32) -> Result<Vec<OutboxRow>> {
        Ok(Vec::new())
    }

    async fn unsent_attachments(&self, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>> {
        let state = self.state.lock();
        let all = state.rooms.values().flat_map(|data| data.attachments.values());
        let is_unsent = |stored: &&StoredAttachment| {
            !matches!(stored.stage, Stage::Held(_) | Stage::Sent(_)) && stored.attachment.created_at <= before
        };
        let mut unsent: Vec<_> = all.filter(is_unsent).cloned().collect();
        unsent.sort_by_key(|StoredAttachment { attachment: a, .. }| (a.created_at, a.room, a.id));
        unsent.truncate(limit as usize);
        Ok(unsent)
    }

    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>> {
        Ok(self.state.lock().erasures.iter().take(limit as usize).cloned().collect())
    }

    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        let state = self.state.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = state.rooms.range((from, Bound::Unbounded)).map(|(_, data)| &*data.room);
        Ok(rooms.filter(|room| room.keeping.is_some()).take(limit as usize).cloned().collect())
    }
}
