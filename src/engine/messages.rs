//! Messages: sent, and read back.

use std::collections::HashMap;
use std::sync::Arc;

use super::Actor;
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Result};
use crate::id::{ClientId, MessageId, OriginId, RoomId, UserId};
use crate::model::{
    Attachment, Body, Cursor, Draft, History, HistoryQuery, Message, MessageView, Profile, Reaction, Receipt,
    Room, Span, Verb,
};
use crate::store::{Answer, Item, Op, Ruling};

impl Actor {
    /// Sends a message. When it returns, the message is as durable as the store makes it, and was handed
    /// to everybody who listens.
    ///
    /// With a [client id](Draft::with_client_id), sending again gives the first message back and sends
    /// nothing.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) for what [`Draft`] does not allow; [`TooLarge`](ErrorKind::TooLarge) for
    /// words beyond [`Config::max_content_bytes`](crate::Config::max_content_bytes);
    /// [`Forbidden`](ErrorKind::Forbidden) for whoever may only read; [`Unreachable`](ErrorKind::Unreachable) in a
    /// direct room of two of whom one has blocked the other; [`Muted`](ErrorKind::Muted);
    /// [`RateLimited`](ErrorKind::RateLimited) in a [slow](Room::slow_mode) room, until the next message may come;
    /// [`RoomClosed`](ErrorKind::RoomClosed);
    /// [`ClientIdConflict`](ErrorKind::ClientIdConflict) when the client id was used for another message;
    /// [`AttachmentNotFound`](ErrorKind::AttachmentNotFound), also for one that somebody else has uploaded;
    /// [`AttachmentUsed`](ErrorKind::AttachmentUsed). Of what it [quotes](Draft::quoting) or
    /// [replies to](Draft::replying):
    /// [`MessageNotFound`](ErrorKind::MessageNotFound), [`MessageDeleted`](ErrorKind::MessageDeleted), and
    /// [`Forbidden`](ErrorKind::Forbidden) for the server's own words. [`Forbidden`](ErrorKind::Forbidden) where it
    /// [mentions everybody](Draft::mentioning_all) and the sender may not. The policy's; [`Forbidden`](ErrorKind::Forbidden)
    /// by the host's [`Hooks`](crate::policy::Hooks), or [`Unavailable`](ErrorKind::Unavailable) where they cannot tell.
    /// [`Held`](ErrorKind::Held) where they hold it, which is no refusal: it [waits](Self::own_held). Beyond
    /// [`Config::max_held`](crate::Config::max_held) of those it is [`RateLimited`](ErrorKind::RateLimited).
    ///
    /// After [`Unavailable`](ErrorKind::Unavailable) it may have been sent all the same: try again under the same
    /// client id.
    pub async fn send(&self, room: RoomId, draft: Draft) -> Result<Arc<Message>> {
        let item = self.draft_item(room, draft, None, None).await?;
        sent(self.engine.inner.committer.commit(item).await, self.engine.config().max_quoted_chars)
    }

    /// Checks a draft, up to where only the commit can tell.
    pub(super) async fn draft_item(
        &self,
        room: RoomId,
        mut draft: Draft,
        origin: Option<OriginId>,
        writing_until: Option<Timestamp>,
    ) -> Result<Item> {
        let (attachments, refers) =
            (draft.attached(self.engine.config())?, draft.refers(self.engine.config())?);
        let custom = draft.kept(self.engine.config())?;
        let (body, client_id) = self.check_draft(room, draft, writing_until.is_some()).await?;
        if refers.mentions.as_ref().is_some_and(|mentions| mentions.all) {
            self.check_policy(Verb::MentionAll, room, &[]).await?;
        }
        let (body, custom, mut ruling) = self.rule_on(room, (body, custom), &attachments, &refers).await?;
        if let (Ruling::Held(_), Some(_)) = (&ruling, writing_until) {
            let kind = ErrorKind::Forbidden("what is seen while it is written is not held".into());
            ruling = Ruling::Refused(Box::new(kind));
        }
        let sender = Profile::clone(&*self.profile().await?);
        let id = MessageId::generate();
        let op = Op::Send {
            id,
            sender,
            body,
            client_id,
            origin,
            attachments,
            writing_until,
            refers,
            custom,
            ruling,
        };
        Ok(self.item(room, op))
    }

    /// What it says and its client id, when the actor may send it now. One that is yet to be written may say nothing.
    pub(super) async fn check_draft(
        &self,
        room: RoomId,
        draft: Draft,
        is_begun: bool,
    ) -> Result<(Body, Option<ClientId>)> {
        self.engine.check_running()?;
        let config = self.engine.config();
        let picture = draft.attached(config)?.first().map(|id| {
            let path = Attachment::path(room, *id);
            format!("{}{path}", config.public_url)
        });
        let checked = draft.check(picture, is_begun, config)?;
        self.engine.inner.limits.message(&self.user)?;
        self.check_policy(Verb::Send, room, &[]).await?;
        Ok(checked)
    }

    /// Reads a part of a room's history, newest first: at most [`Limit::MAX`](crate::model::Limit::MAX) messages.
    /// A page, however deep, costs what the first does. What the actor has [hidden](Self::hide) is left out of it.
    /// [Replies](Self::replies) stand in it too.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound) for a cursor of another room or of none.
    pub async fn history(&self, room: RoomId, query: HistoryQuery) -> Result<History> {
        let (found, member) = self.membership(room).await?;
        let (first, head) = (found.floor().seq, found.seq);
        // `from..=to`, empty where `from` is beyond `to`.
        let (from, to) = match query {
            HistoryQuery::Page(page) => {
                page.seqs(first, head).map_or((1, 0), |seqs| (*seqs.start(), *seqs.end()))
            }
            HistoryQuery::Before(cursor, limit) => {
                let to = self.seq_of(room, cursor).await?.saturating_sub(1).min(head);
                (to.saturating_sub(u64::from(limit.count()) - 1).max(first), to)
            }
            HistoryQuery::After(cursor, limit) => {
                let from = self.seq_of(room, cursor).await?.saturating_add(1).max(first);
                (from, from.saturating_add(u64::from(limit.count()) - 1).min(head))
            }
            HistoryQuery::Around(cursor, limit) => {
                let (at, limit) =
                    (self.seq_of(room, cursor).await?.clamp(first, head.max(first)), limit.count());
                let last = at.saturating_add(u64::from(limit / 2)).min(head);
                let from = (last + 1).saturating_sub(u64::from(limit)).max(first);
                (from, from.saturating_add(u64::from(limit) - 1).min(head))
            }
        };
        let mut stored =
            if from > to { Vec::new() } else { self.engine.store().messages(room, from..=to).await? };
        self.leave_out_hidden(&member, &mut stored).await?;
        let mut messages = self.views(&found, stored).await?;
        messages.reverse();
        let span = match query {
            HistoryQuery::Page(query) => Span::Page { query, total: (head + 1).saturating_sub(first) },
            _ => Span::Window { has_more_before: from > first && head > 0, has_more_after: to < head },
        };
        Ok(History { messages, span })
    }

    /// The `seq` that a cursor stands for.
    pub(super) async fn seq_of(&self, room: RoomId, cursor: Cursor) -> Result<u64> {
        match cursor {
            Cursor::Seq(seq) => Ok(seq),
            Cursor::Message(id) => {
                let message = self.engine.store().message(room, id).await?;
                Ok(message.ok_or(ErrorKind::MessageNotFound(id))?.seq)
            }
        }
    }

    /// Messages of one room as the actor sees them.
    pub(super) async fn views(&self, room: &Room, messages: Vec<Message>) -> Result<Vec<MessageView>> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let marks = self.engine.store().read_marks(&[room.id]).await?.remove(&room.id).unwrap_or_default();
        let mut own = self.own_reactions(room.id, &messages).await?;
        let view = |message: Message| {
            let own = own.remove(&message.seq).unwrap_or_default();
            MessageView { own_reactions: own, ..self.message_view(room, message, &marks) }
        };
        Ok(messages.into_iter().map(view).collect())
    }

    /// What the actor has left on messages of one room, by their numbers.
    pub(super) async fn own_reactions(
        &self,
        room: RoomId,
        messages: &[Message],
    ) -> Result<HashMap<u64, Vec<Reaction>>> {
        let mut own: HashMap<u64, Vec<Reaction>> = HashMap::new();
        let bearing = || messages.iter().filter(|message| !message.state.reactions.is_empty());
        let seqs = || bearing().map(|message| message.seq);
        if let (Some(first), Some(last)) = (seqs().min(), seqs().max()) {
            for (seq, reaction) in self.engine.store().reactions_of(room, &self.user, first..=last).await? {
                own.entry(seq).or_default().push(reaction);
            }
        }
        Ok(own)
    }

    /// A message as the actor sees it, but for what they have left on it, with the
    /// [marks](crate::store::RoomReads::read_marks) of its room.
    pub(super) fn message_view(
        &self,
        room: &Room,
        message: Message,
        marks: &[(UserId, u64, u64)],
    ) -> MessageView {
        let (kind, listed) = (room.kind.room_type(), self.engine.config().max_listed);
        MessageView {
            receipt: Receipt::derive(&message, kind, marks, listed),
            is_mine: message.body.is_countable() && message.sender.user == self.user,
            message: Arc::new(message).quoting(self.engine.config().max_quoted_chars),
            own_reactions: Vec::new(),
        }
    }
}

/// The message in the answer to a send, with so much of what it quotes.
pub(super) fn sent(answer: Result<Answer>, quoted_chars: usize) -> Result<Arc<Message>> {
    match answer? {
        Answer::Message(message) => Ok(message.quoting(quoted_chars)),
        Answer::Held(id) => Err(ErrorKind::Held(id).into()),
        other => Err(ErrorKind::Corrupt(format!("a send was answered with {other:?}").into()).into()),
    }
}
