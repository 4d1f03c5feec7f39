//! What becomes of a message after it was sent: edited, deleted, reacted to.

use std::sync::Arc;

use super::{Actor, Admin, ChatEngine};
use crate::error::{ErrorKind, Result};
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{Limit, Message, MessageView, Profile, Reaction, ReactionPage, Revision, Verb};
use crate::store::{Amend, Answer, Item, Op};

impl Actor {
    /// Says something else in a message of the actor's own: a TEXT without attachments needs words, an IMAGE gets
    /// another caption or, with `None`, none. Words that stand already change nothing.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) for control characters or blank words;
    /// [`TooLarge`](ErrorKind::TooLarge) beyond [`Config::max_content_bytes`](crate::Config::max_content_bytes);
    /// [`Forbidden`](ErrorKind::Forbidden) for `None` in a TEXT without attachments, another's message, one of the
    /// server's own, whoever may not [send](crate::model::Verb::Send), or after [`Config::edit_window`](crate::Config::edit_window);
    /// [`Unreachable`](ErrorKind::Unreachable) in a direct room of two of whom one has blocked the other;
    /// [`Muted`](ErrorKind::Muted); [`MessageNotFound`](ErrorKind::MessageNotFound); [`MessageDeleted`](ErrorKind::MessageDeleted);
    /// [`RoomClosed`](ErrorKind::RoomClosed); the policy's, and those of the host's [`Hooks`](crate::policy::Hooks) as in
    /// [`send`](Self::send).
    pub async fn edit(
        &self,
        room: RoomId,
        message: MessageId,
        content: Option<&str>,
    ) -> Result<Arc<Message>> {
        self.revise(room, message, Revision::words(content)).await
    }

    /// Edits a message of the actor's own: what it says, as [`edit`](Self::edit) does, what the app
    /// [keeps](Message::custom) with it, or both at once. What stands already changes nothing, and only other words show as
    /// [edited](crate::model::MessageState::edited_at).
    ///
    /// # Errors
    /// Those of [`edit`](Self::edit); [`Invalid`](ErrorKind::Invalid) beyond
    /// [`Config::max_message_custom_bytes`](crate::Config::max_message_custom_bytes).
    pub async fn revise(&self, room: RoomId, message: MessageId, to: Revision) -> Result<Arc<Message>> {
        let item = self.edit_item(room, message, to).await?;
        amended(self.engine.inner.committer.commit(item).await)
    }

    /// Deletes a message, the actor's own or, which [`Verb::Moderate`] takes, somebody else's. Its place in the
    /// room stays, with its `seq`; what it said, its attachments and the reactions on it are gone. It goes on
    /// counting as unread until it is passed. Deleting it again changes nothing. It can be done in a closed room
    /// too.
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden) for another's message, one of the server's own, or after
    /// [`Config::delete_window`](crate::Config::delete_window), which binds nobody who deletes another's;
    /// [`MessageNotFound`](ErrorKind::MessageNotFound); the policy's.
    pub async fn delete(&self, room: RoomId, message: MessageId) -> Result<Arc<Message>> {
        let item = self.delete_item(room, message).await?;
        self.engine.amended(self.engine.inner.committer.commit(item).await)
    }

    /// Leaves a reaction on a message (`on`), or takes it back. One of each kind a user; what stands already
    /// changes nothing.
    ///
    /// # Errors
    /// [`LimitReached`](ErrorKind::LimitReached) beyond
    /// [`Config::max_reaction_kinds`](crate::Config::max_reaction_kinds); [`Forbidden`](ErrorKind::Forbidden) for a
    /// message of the server's own, or for whoever may not [react](crate::model::Verb::React);
    /// [`Unreachable`](ErrorKind::Unreachable) in a direct room of two of whom one has blocked the other;
    /// [`Muted`](ErrorKind::Muted); [`MessageNotFound`](ErrorKind::MessageNotFound);
    /// [`MessageDeleted`](ErrorKind::MessageDeleted); [`RoomClosed`](ErrorKind::RoomClosed); the policy's.
    pub async fn react(
        &self,
        room: RoomId,
        message: MessageId,
        reaction: Reaction,
        on: bool,
    ) -> Result<Arc<Message>> {
        let item = self.reaction_item(room, message, reaction, on).await?;
        amended(self.engine.inner.committer.commit(item).await)
    }

    /// One message as the actor sees it.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound), also for one that the actor has [hidden](Self::hide).
    pub async fn message(&self, room: RoomId, message: MessageId) -> Result<MessageView> {
        let (found, member) = self.membership(room).await?;
        let mut stored = Vec::from_iter(self.engine.store().message(room, message).await?);
        self.leave_out_hidden(&member, &mut stored).await?;
        let view = self.views(&found, stored).await?.pop();
        view.ok_or_else(|| ErrorKind::MessageNotFound(message).into())
    }

    /// Who left which reactions on a message, by reaction and then by user, beyond `after`: at most `limit`.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound).
    pub async fn reactions(
        &self,
        room: RoomId,
        message: MessageId,
        after: Option<&(Reaction, UserId)>,
        limit: Limit,
    ) -> Result<ReactionPage> {
        self.membership(room).await?;
        let seq = self.seq_of(room, crate::model::Cursor::Message(message)).await?;
        let reactions = self.engine.store().reactions(room, seq, after, limit.count() + 1).await?;
        let key = |(reaction, profile): &(Reaction, Profile)| (reaction.clone(), profile.user.clone());
        let (reactions, next) = limit.page(reactions, key);
        Ok(ReactionPage { reactions, next })
    }

    /// What the actor has left on a message.
    pub(super) async fn reactions_on(&self, message: &Message) -> Result<Vec<Reaction>> {
        if message.state.reactions.is_empty() {
            return Ok(Vec::new());
        }
        let seqs = message.seq..=message.seq;
        let own = self.engine.store().reactions_of(message.room, &self.user, seqs).await?;
        Ok(own.into_iter().map(|(_, reaction)| reaction).collect())
    }

    pub(super) async fn edit_item(&self, room: RoomId, message: MessageId, to: Revision) -> Result<Item> {
        let to = self.engine.check_revision(to)?;
        self.check_amend(Verb::Edit, room).await?;
        let to = self.rule_on_edit(room, message, to).await?;
        let (within, keep) = (self.engine.config().edit_window, self.engine.config().kept_edits);
        Ok(self.item(room, Op::Amend { message, change: Amend::Edit { to, within, keep } }))
    }

    pub(super) async fn delete_item(&self, room: RoomId, message: MessageId) -> Result<Item> {
        let within = self.engine.config().delete_window;
        self.amend_item(Verb::Delete, room, message, Amend::Delete { within }).await
    }

    pub(super) async fn reaction_item(
        &self,
        room: RoomId,
        message: MessageId,
        reaction: Reaction,
        on: bool,
    ) -> Result<Item> {
        let max_kinds = self.engine.config().max_reaction_kinds;
        self.amend_item(Verb::React, room, message, Amend::React { reaction, on, max_kinds }).await
    }

    pub(super) async fn amend_item(
        &self,
        verb: Verb,
        room: RoomId,
        message: MessageId,
        change: Amend,
    ) -> Result<Item> {
        self.check_amend(verb, room).await?;
        Ok(self.item(room, Op::Amend { message, change }))
    }

    async fn check_amend(&self, verb: Verb, room: RoomId) -> Result<()> {
        self.engine.check_running()?;
        self.engine.inner.limits.message(&self.user)?;
        self.check_policy(verb, room, &[]).await
    }
}

impl ChatEngine {
    /// The message in the answer to an amendment. One that was deleted is written no more.
    pub(super) fn amended(&self, answer: Result<Answer>) -> Result<Arc<Message>> {
        let message = amended(answer)?;
        if message.body.is_deleted() {
            self.inner.streams.forget(message.id);
        }
        Ok(message)
    }
}

/// The message in the answer to an amendment.
pub(super) fn amended(answer: Result<Answer>) -> Result<Arc<Message>> {
    match answer? {
        Answer::Amended(message) => Ok(message),
        other => Err(ErrorKind::Corrupt(format!("an amendment was answered with {other:?}").into()).into()),
    }
}

impl Admin {
    /// Says something else in anybody's message, at any time. See [`Actor::edit`].
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid), [`TooLarge`](ErrorKind::TooLarge),
    /// [`MessageNotFound`](ErrorKind::MessageNotFound), [`MessageDeleted`](ErrorKind::MessageDeleted),
    /// [`RoomClosed`](ErrorKind::RoomClosed), as for [`Actor::edit`]; [`Forbidden`](ErrorKind::Forbidden) for one
    /// of the server's own, or `None` in a TEXT without attachments.
    pub async fn edit(
        &self,
        room: RoomId,
        message: MessageId,
        content: Option<&str>,
    ) -> Result<Arc<Message>> {
        self.revise(room, message, Revision::words(content)).await
    }

    /// Edits anybody's message, at any time: what it says, what the app keeps with it, or both. See [`Actor::revise`].
    ///
    /// # Errors
    /// Those of [`edit`](Self::edit); [`Invalid`](ErrorKind::Invalid), as for [`Actor::revise`].
    pub async fn revise(&self, room: RoomId, message: MessageId, to: Revision) -> Result<Arc<Message>> {
        let to = self.engine.check_revision(to)?;
        let change = Amend::Edit { to, within: None, keep: self.engine.config().kept_edits };
        amended(self.commit(room, Op::Amend { message, change }).await)
    }

    /// Deletes anybody's message, at any time. See [`Actor::delete`].
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound); [`Forbidden`](ErrorKind::Forbidden) for one of the
    /// server's own.
    pub async fn delete(&self, room: RoomId, message: MessageId) -> Result<Arc<Message>> {
        let change = Amend::Delete { within: None };
        self.engine.amended(self.commit(room, Op::Amend { message, change }).await)
    }
}
