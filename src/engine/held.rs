//! Messages that the host's rules hold back: looked through, approved, rejected, withdrawn, and in time let go.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::background::put_off;
use super::messages::sent;
use super::moderation::check_reason;
use super::{Actor, Admin, ChatEngine, Inner};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Notification;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{HeldMessage, HeldPage, Limit, Message, Verb};
use crate::store::{Answer, Held, Op, Queue, Refers, Settlement};

/// How often it is looked for what has waited too long.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// How many are let go at once, and how many of these at a time at most.
pub(super) const PAGE: u32 = 100;
const PAGES: usize = 50;

impl Actor {
    /// The messages of a room that the host's [`Hooks`](crate::policy::Hooks) hold back, the oldest first, beyond
    /// `after`: at most `limit`. It takes [`Verb::Moderate`].
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden), in a direct room always.
    pub async fn held(&self, room: RoomId, after: Option<MessageId>, limit: Limit) -> Result<HeldPage> {
        self.check_moderator(room).await?;
        self.engine.held(Queue::Room(room), after, limit).await
    }

    /// The actor's own messages that are held back, in whatever room, the oldest first, beyond `after`: at most
    /// `limit`. Why, is not told.
    ///
    /// # Errors
    /// Only those of [every call](Actor).
    pub async fn own_held(&self, after: Option<MessageId>, limit: Limit) -> Result<HeldPage> {
        self.engine.check_running()?;
        let mut page = self.engine.held(Queue::Sender(self.user.clone()), after, limit).await?;
        page.held.iter_mut().for_each(|held| held.reason = None);
        Ok(page)
    }

    /// Has a message sent that is held back, which [`Verb::Moderate`] takes: as its sender, now, by every rule of a
    /// [`send`](Self::send) but the pace of a slow room and the host's hooks, which have had their say. Nobody approves
    /// their own. Its sender is told, and it is in the [audit trail](Self::audit).
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound) where it does not wait any more;
    /// [`Forbidden`](ErrorKind::Forbidden), in a direct room always, and where its sender may send nothing there now;
    /// [`RoomClosed`](ErrorKind::RoomClosed); [`MessageDeleted`](ErrorKind::MessageDeleted) of what it quotes; the
    /// policy's. It waits on then.
    pub async fn approve_held(&self, room: RoomId, id: MessageId) -> Result<Arc<Message>> {
        self.check_moderator(room).await?;
        self.check_policy(Verb::Moderate, room, &[]).await?;
        let held = self.engine.held_message(room, id).await?;
        self.engine.check_sender(&held).await?;
        let op = Op::Settle { held: Box::new(held.clone()), how: Settlement::Approve };
        self.engine.approved(&held, self.commit(room, op).await)
    }

    /// Has a message not sent that is held back, which [`Verb::Moderate`] takes. Its sender is told, with the reason
    /// where there is one, of at most [`Ban::MAX_REASON_BYTES`](crate::model::Ban::MAX_REASON_BYTES); and it is in the
    /// [audit trail](Self::audit).
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) for another reason; [`MessageNotFound`](ErrorKind::MessageNotFound) where it does
    /// not wait any more; [`Forbidden`](ErrorKind::Forbidden), in a direct room always; the policy's.
    pub async fn reject_held(&self, room: RoomId, id: MessageId, reason: Option<String>) -> Result<()> {
        let reason = reason.map(check_reason).transpose()?.flatten();
        self.check_moderator(room).await?;
        self.check_policy(Verb::Moderate, room, &[]).await?;
        let held = self.engine.held_message(room, id).await?;
        let how = Settlement::Reject(reason.clone());
        self.commit(room, Op::Settle { held: Box::new(held.clone()), how }).await?;
        self.engine.tell_rejected(&held, reason);
        Ok(())
    }

    /// Takes a message of the actor's own back that is held, before anybody has seen it. Their connections are told.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound) where it does not wait any more, and for somebody else's.
    pub async fn withdraw_held(&self, room: RoomId, id: MessageId) -> Result<()> {
        let held = Box::new(self.engine.held_message(room, id).await?);
        self.commit(room, Op::Settle { held, how: Settlement::Withdraw }).await?;
        self.engine.tell_of_held(&self.user, Notification::MessageWithdrawn(room, id));
        Ok(())
    }
}

impl Admin {
    /// Messages that are held back, of a room or of all, the oldest first, beyond `after`: at most `limit`.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub async fn held(
        &self,
        room: Option<RoomId>,
        after: Option<MessageId>,
        limit: Limit,
    ) -> Result<HeldPage> {
        self.engine.held(room.map_or(Queue::All, Queue::Room), after, limit).await
    }

    /// Has a message sent that is held back: see [`Actor::approve_held`](crate::Actor::approve_held). In a direct room
    /// too, where nobody else can.
    ///
    /// # Errors
    /// Those of [`Actor::approve_held`](crate::Actor::approve_held), but for what takes a permission.
    pub async fn approve_held(&self, room: RoomId, id: MessageId) -> Result<Arc<Message>> {
        let held = self.engine.held_message(room, id).await?;
        self.engine.check_sender(&held).await?;
        let op = Op::Settle { held: Box::new(held.clone()), how: Settlement::Approve };
        self.engine.approved(&held, self.commit(room, op).await)
    }

    /// Has a message not sent that is held back: see [`Actor::reject_held`](crate::Actor::reject_held).
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid); [`MessageNotFound`](ErrorKind::MessageNotFound).
    pub async fn reject_held(&self, room: RoomId, id: MessageId, reason: Option<String>) -> Result<()> {
        let reason = reason.map(check_reason).transpose()?.flatten();
        let held = self.engine.held_message(room, id).await?;
        let how = Settlement::Reject(reason.clone());
        self.commit(room, Op::Settle { held: Box::new(held.clone()), how }).await?;
        self.engine.tell_rejected(&held, reason);
        Ok(())
    }
}

impl ChatEngine {
    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: Limit) -> Result<HeldPage> {
        let held = self.store().held(queue, after, limit.count() + 1).await?;
        let (held, next) = limit.page(held, |held| held.id);
        let mut shown = Vec::with_capacity(held.len());
        for held in held {
            shown.push(self.shown(held).await?);
        }
        Ok(HeldPage { held: shown, next })
    }

    /// As it is seen.
    async fn shown(&self, mut held: Held) -> Result<HeldMessage> {
        self.name_first(&mut held).await?;
        let Held { id, room, sender, body, attachments, refers, custom, reason, at, .. } = held;
        let Refers { quoted, forwarded, mentions, thread } = refers;
        let show_in_room = thread.as_ref().is_some_and(|reply| reply.in_room);
        let parent = thread.map(|reply| reply.root);
        let forwarded = forwarded.map(|forward| forward.first);
        Ok(HeldMessage {
            id,
            room,
            sender,
            body,
            attachments,
            quoted,
            forwarded,
            mentions,
            parent,
            show_in_room,
            custom,
            reason,
            at,
        })
    }

    /// Who sent it first, as they are shown now: a store keeps no more than who it is.
    async fn name_first(&self, held: &mut Held) -> Result<()> {
        if let Some(forward) = &mut held.refers.forwarded {
            forward.first = (*self.profile(&forward.first.user).await?).clone();
        }
        Ok(())
    }

    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Held> {
        self.check_running()?;
        let held = self.store().held_message(room, id).await?;
        let mut held = held.ok_or(ErrorKind::MessageNotFound(id))?;
        self.name_first(&mut held).await?;
        // As it is now, and not when it was said.
        if let Some(reply) = &mut held.refers.thread {
            reply.max_followed = self.config().max_followed_threads;
        }
        Ok(held)
    }

    /// What the policy says of its sender now.
    async fn check_sender(&self, held: &Held) -> Result<()> {
        let sender = self.as_user(held.sender.user.clone());
        let may_not = |error: Error| match error.kind().is_retryable() {
            true => error,
            false => {
                let kind = ErrorKind::Forbidden("its sender may send nothing in this room now".into());
                Error::with_source(kind, error)
            }
        };
        sender.check_policy(Verb::Send, held.room, &[]).await.map_err(may_not)?;
        if held.refers.mentions.as_ref().is_some_and(|mentions| mentions.all) {
            sender.check_policy(Verb::MentionAll, held.room, &[]).await.map_err(may_not)?;
        }
        Ok(())
    }

    /// The message in the answer to an approval, of which its sender is told.
    fn approved(&self, held: &Held, answer: Result<Answer>) -> Result<Arc<Message>> {
        let message = sent(answer, self.config().max_quoted_chars)?;
        self.tell_of_held(&held.sender.user, Notification::MessageApproved(held.room, held.id));
        Ok(message)
    }

    fn tell_rejected(&self, held: &Held, reason: Option<String>) {
        self.tell_of_held(&held.sender.user, Notification::MessageRejected(held.room, held.id, reason));
    }

    /// Tells somebody what became of what waited.
    pub(super) fn tell_of_held(&self, user: &UserId, notification: Notification) {
        self.inner.outlet.lock().tell_of_held(user, notification);
    }

    /// Lets the oldest go that have waited too long, messages and people. `true` when there may be more.
    async fn expire_page(&self) -> Result<bool> {
        if self.check_running().is_err() {
            return Ok(false);
        }
        Ok(self.expire_messages().await? | self.expire_joins().await?)
    }

    async fn expire_messages(&self) -> Result<bool> {
        let before = self.now().minus(self.config().held_keep);
        let mut held = self.store().held(Queue::All, None, PAGE).await?;
        let is_page = held.len() == PAGE as usize;
        held.retain(|held| held.at <= before);
        let is_all = held.len() == PAGE as usize;
        for held in held {
            let (user, expired) =
                (held.sender.user.clone(), Notification::MessageExpired(held.room, held.id));
            if self.let_held_go(held).await? {
                self.tell_of_held(&user, expired);
            }
        }
        Ok(is_page && is_all)
    }

    /// Lets a page of those that wait go, whatever waits of them. `true` when there may be more.
    pub(super) async fn let_go_page(&self, queue: Queue) -> Result<bool> {
        let held = self.store().held(queue, None, PAGE).await?;
        let is_page = held.len() == PAGE as usize;
        for held in held {
            self.let_held_go(held).await?;
        }
        Ok(is_page)
    }

    async fn let_held_go(&self, held: Held) -> Result<bool> {
        let room = held.room;
        self.let_go(room, Op::Settle { held: Box::new(held), how: Settlement::Withdraw }).await
    }
}

/// Runs until the engine is gone.
pub(super) async fn expire(engine: Weak<Inner>) {
    let mut interval = tokio::time::interval(PAUSE);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        for _ in 0..PAGES {
            // Held for one page only, so that it keeps no engine that everybody has let go.
            let Some(inner) = engine.upgrade() else { return };
            match (ChatEngine { inner }).expire_page().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    put_off(&error, "nothing that waits is let go");
                    break;
                }
            }
        }
    }
}
