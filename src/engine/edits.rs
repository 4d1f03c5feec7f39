//! What edited messages said before.

use super::{Actor, Admin, ChatEngine};
use crate::error::{ErrorKind, Result};
use crate::id::{MessageId, RoomId};
use crate::model::{EditPage, Limit};

impl Actor {
    /// What a message said before it was edited, the newest first, below the version `before`: at most `limit`. As many
    /// states as [`Config::kept_edits`](crate::Config::kept_edits) said at its last edit, and none once it is deleted.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound).
    pub async fn edits(
        &self,
        room: RoomId,
        message: MessageId,
        before: Option<u64>,
        limit: Limit,
    ) -> Result<EditPage> {
        self.membership(room).await?;
        self.engine.edits(room, message, before, limit).await
    }
}

impl Admin {
    /// What a message said before it was edited: see [`Actor::edits`].
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound).
    pub async fn edits(
        &self,
        room: RoomId,
        message: MessageId,
        before: Option<u64>,
        limit: Limit,
    ) -> Result<EditPage> {
        self.engine.edits(room, message, before, limit).await
    }
}

impl ChatEngine {
    async fn edits(
        &self,
        room: RoomId,
        message: MessageId,
        before: Option<u64>,
        limit: Limit,
    ) -> Result<EditPage> {
        let found = self.store().message(room, message).await?;
        let seq = found.ok_or(ErrorKind::MessageNotFound(message))?.seq;
        let edits = self.store().edits(room, seq, before, limit.count() + 1).await?;
        let (edits, next) = limit.page(edits, |edit| edit.version);
        Ok(EditPage { edits, next })
    }
}
