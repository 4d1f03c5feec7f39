//! Messages that a room holds up.

use std::sync::Arc;

use super::amend::amended;
use super::{Actor, Admin};
use crate::error::Result;
use crate::id::{MessageId, RoomId};
use crate::model::{Limit, Message, MessageView, PinCursor, PinPage, Verb};
use crate::store::{Amend, Item, Op};

impl Actor {
    /// Pins a message for everybody in the room (`on`), or takes the pin off, whoever has put it there. What stands
    /// already changes nothing. A message that is deleted is pinned no more.
    ///
    /// # Errors
    /// [`LimitReached`](crate::ErrorKind::LimitReached) beyond [`Config::max_pins`](crate::Config::max_pins);
    /// [`Forbidden`](crate::ErrorKind::Forbidden) for a message of the server's own, or for whoever may not [pin](Verb::Pin);
    /// [`Unreachable`](crate::ErrorKind::Unreachable) in a direct room of two of whom one has blocked the other;
    /// [`MessageNotFound`](crate::ErrorKind::MessageNotFound); [`MessageDeleted`](crate::ErrorKind::MessageDeleted);
    /// [`RoomClosed`](crate::ErrorKind::RoomClosed); the policy's.
    pub async fn pin(&self, room: RoomId, message: MessageId, on: bool) -> Result<Arc<Message>> {
        let item = self.pin_item(room, message, on).await?;
        amended(self.engine.inner.committer.commit(item).await)
    }

    /// A room's pinned messages, the newest pin first, below `before`: at most `limit`, without those that the actor
    /// has [hidden](Self::hide).
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn pins(&self, room: RoomId, before: Option<PinCursor>, limit: Limit) -> Result<PinPage> {
        let (found, member) = self.membership(room).await?;
        let pinned = self.engine.store().pinned(room, before, limit.count() + 1).await?;
        let (mut pinned, next) = limit.page(pinned, Message::pin_cursor);
        self.leave_out_hidden(&member, &mut pinned).await?;
        let marks = self.engine.store().read_marks(&[room]).await?.remove(&room).unwrap_or_default();
        let mut messages = Vec::with_capacity(pinned.len());
        for message in pinned {
            // One by one, for there may be anything between them.
            let own_reactions = self.reactions_on(&message).await?;
            messages.push(MessageView { own_reactions, ..self.message_view(&found, message, &marks) });
        }
        Ok(PinPage { messages, next: next.flatten() })
    }

    pub(super) async fn pin_item(&self, room: RoomId, message: MessageId, on: bool) -> Result<Item> {
        let max_pins = self.engine.config().max_pins;
        self.amend_item(Verb::Pin, room, message, Amend::Pin { on, max_pins }).await
    }
}

impl Admin {
    /// Pins a message (`on`), or takes the pin off. See [`Actor::pin`].
    ///
    /// # Errors
    /// [`LimitReached`](crate::ErrorKind::LimitReached) beyond [`Config::max_pins`](crate::Config::max_pins);
    /// [`Forbidden`](crate::ErrorKind::Forbidden) for a message of the server's own; [`MessageNotFound`](crate::ErrorKind::MessageNotFound);
    /// [`MessageDeleted`](crate::ErrorKind::MessageDeleted); [`RoomClosed`](crate::ErrorKind::RoomClosed).
    pub async fn pin(&self, room: RoomId, message: MessageId, on: bool) -> Result<Arc<Message>> {
        let change = Amend::Pin { on, max_pins: self.engine.config().max_pins };
        amended(self.commit(room, Op::Amend { message, change }).await)
    }
}
