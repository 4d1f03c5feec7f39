//! Rooms that are deleted.

use super::{Actor, Admin, ChatEngine};
use crate::error::Result;
use crate::id::RoomId;
use crate::model::Verb;
use crate::store::{Op, Queue};

impl Actor {
    /// Deletes a room for everybody and for good, which takes its owner. When it returns nothing of it can be read any
    /// more; its messages and files are taken away after that, a few at a time. Whoever was in it is told, and whoever
    /// was away learns of it as of a leave.
    ///
    /// # Errors
    /// [`Forbidden`](crate::ErrorKind::Forbidden), in a direct room always; the policy's.
    pub async fn delete_room(&self, room: RoomId) -> Result<()> {
        self.check_policy(Verb::DeleteRoom, room, &[]).await?;
        self.commit(room, Op::Delete).await?;
        self.engine.room_deleted(room).await;
        Ok(())
    }
}

impl Admin {
    /// Deletes a room for everybody and for good, a direct one too: see [`Actor::delete_room`]. Its
    /// [audit trail](Self::audit) stays.
    ///
    /// # Errors
    /// [`RoomNotFound`](crate::ErrorKind::RoomNotFound), also for one that is deleted already.
    pub async fn delete_room(&self, room: RoomId) -> Result<()> {
        self.commit(room, Op::Delete).await?;
        self.engine.room_deleted(room).await;
        Ok(())
    }
}

impl ChatEngine {
    async fn room_deleted(&self, room: RoomId) {
        self.level_others().await;
        loop {
            match self.let_go_page(Queue::Room(room)).await {
                Ok(true) => {}
                Ok(false) => return,
                // The room is deleted. What still waits in it goes as all that nobody has looked at in time.
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    return tracing::warn!(%room, error, "what was held in a deleted room waits");
                }
            }
        }
    }
}
