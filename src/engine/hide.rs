//! Messages that somebody takes out of their own sight.

use std::collections::BTreeSet;

use super::Actor;
use crate::error::Result;
use crate::id::{MessageId, RoomId};
use crate::model::{Cursor, Member, Message};
use crate::store::{Item, Op};

impl Actor {
    /// Takes a message out of the actor's own sight, on all their devices and for good; for everybody else it stays.
    /// Any message may be hidden by any participant, also one of the server's own, in a closed room, and one that is
    /// deleted. Once more changes nothing.
    ///
    /// It is left out of the actor's [history](Self::history), of [pins](Self::pins), [searches](Self::search) and the
    /// last messages of rooms, and is [`MessageNotFound`](crate::ErrorKind::MessageNotFound) by itself. Numbers stay as
    /// they are: a page of history may hold fewer messages than its limit, and its total counts what is hidden.
    /// What others quote of it is their own. Who hides a message has seen it: the read mark moves up to it, as by
    /// [`mark_read`](Self::mark_read), which is told to the others like any mark.
    ///
    /// The actor's other connections are told by [`EventKind::Hidden`](crate::event::EventKind::Hidden), and those that
    /// were away once they catch up. Changes of the message are told as before, for events are shared: a client passes
    /// over those of what it does not hold.
    ///
    /// # Errors
    /// [`MessageNotFound`](crate::ErrorKind::MessageNotFound); [`LimitReached`](crate::ErrorKind::LimitReached)
    /// beyond [`Config::max_hidden`](crate::Config::max_hidden).
    pub async fn hide(&self, room: RoomId, message: MessageId) -> Result<()> {
        let item = self.hide_item(room, message).await?;
        self.engine.inner.committer.commit(item).await.map(drop)
    }

    pub(super) async fn hide_item(&self, room: RoomId, message: MessageId) -> Result<Item> {
        self.engine.check_running()?;
        self.engine.inner.limits.change(&self.user)?;
        self.membership(room).await?;
        let seq = self.seq_of(room, Cursor::Message(message)).await?;
        let max_hidden = self.engine.config().max_hidden;
        Ok(self.item(room, Op::Hide { message, seq, max_hidden }))
    }

    /// Leaves those out that the actor has hidden. Who has hidden none pays nothing.
    pub(super) async fn leave_out_hidden(&self, member: &Member, messages: &mut Vec<Message>) -> Result<()> {
        let seqs = || messages.iter().map(|message| message.seq);
        let (Some(first), Some(last)) = (seqs().min(), seqs().max()) else { return Ok(()) };
        if member.hidden > 0 {
            let hidden = self.engine.store().hidden(member.room, &self.user, first..=last).await?;
            let hidden = BTreeSet::from_iter(hidden);
            messages.retain(|message| !hidden.contains(&message.seq));
        }
        Ok(())
    }
}
