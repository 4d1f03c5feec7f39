//! Threads: replies to a message.

use super::Actor;
use crate::error::{ErrorKind, Result};
use crate::id::{MessageId, RoomId};
use crate::model::{Limit, MessageView, ReplyPage};

impl Actor {
    /// The [replies](crate::model::Draft::replying) in the thread of a message, the newest first, below the number
    /// `before`: at most `limit`, less what the actor has [hidden](Self::hide). Of a message without any there are none.
    ///
    /// They are messages of the room like any other, and stand in its history and its log too, so that pages and their
    /// totals are of one list, and whoever was away learns of them in their order. A client that shows threads leaves
    /// out of the room what is a reply and not [shown in it](crate::model::ReplyTo::in_room), which is what does not
    /// count as unread there.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound).
    pub async fn replies(
        &self,
        room: RoomId,
        root: MessageId,
        before: Option<u64>,
        limit: Limit,
    ) -> Result<ReplyPage> {
        let (found, member) = self.membership(room).await?;
        let store = self.engine.store();
        let root = store.message(room, root).await?.ok_or(ErrorKind::MessageNotFound(root))?;
        let replies = store.replies(room, root.seq, before, limit.count() + 1).await?;
        let (mut replies, next) = limit.page(replies, |reply| reply.seq);
        self.leave_out_hidden(&member, &mut replies).await?;
        let marks = store.read_marks(&[room]).await?.remove(&room).unwrap_or_default();
        let mut messages = Vec::with_capacity(replies.len());
        for reply in replies {
            // One by one, for there may be anything between them.
            let own_reactions = self.reactions_on(&reply).await?;
            messages.push(MessageView { own_reactions, ..self.message_view(&found, reply, &marks) });
        }
        let follow = store.follow(room, root.seq, &self.user).await?;
        let state = self.thread_state(&member, root.id, follow.as_ref()).await?;
        Ok(ReplyPage { messages, next, state })
    }
}
