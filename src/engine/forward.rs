//! Messages that are passed on to another room.

use std::sync::Arc;

use super::Actor;
use super::messages::sent;
use crate::error::{ErrorKind, Result, parse_field};
use crate::id::{AttachmentId, ClientId, MessageId, OriginId, RoomId};
use crate::model::{Attachment, Body, Message, Profile, Verb};
use crate::store::{Forward, Item, Op, Refers};

impl Actor {
    /// Passes a message on from a room that the actor is in to another one, or to the same. It is the actor's own
    /// there, says who [sent it first](crate::model::References::forwarded), and has its words, its picture, what the app
    /// [keeps](Message::custom) with it and copies of its files; what it quotes and the reactions on it stay behind.
    ///
    /// Under a client id, which is one of the target room's, passing the same message on again gives the first one
    /// back, whatever has become of either. The files that were copied for that are collected like any that are never
    /// sent.
    ///
    /// # Errors
    /// Of the room that it is in: [`MessageNotFound`](ErrorKind::MessageNotFound);
    /// [`MessageDeleted`](ErrorKind::MessageDeleted); [`Forbidden`](ErrorKind::Forbidden) for the server's own words. Of
    /// the target, as for a [`send`](Actor::send). Where it has files:
    /// [`AttachmentNotFound`](ErrorKind::AttachmentNotFound) when their bytes are gone, [`NotFound`](ErrorKind::NotFound)
    /// where the engine keeps none, and [`RateLimited`](ErrorKind::RateLimited) and
    /// [`QuotaExceeded`](ErrorKind::QuotaExceeded) as for an upload.
    pub async fn forward(
        &self,
        from: RoomId,
        message: MessageId,
        to: RoomId,
        client_id: Option<&str>,
    ) -> Result<Arc<Message>> {
        let item = self.forward_item((from, message), to, client_id, None).await?;
        let answer = self.engine.inner.committer.commit(item).await;
        sent(answer, self.engine.config().max_quoted_chars)
    }

    /// What sends a copy of the message, when the actor may see it and send there now.
    pub(super) async fn forward_item(
        &self,
        (from, id): (RoomId, MessageId),
        to: RoomId,
        client_id: Option<&str>,
        origin: Option<OriginId>,
    ) -> Result<Item> {
        self.engine.check_running()?;
        let client_id: Option<ClientId> = client_id.map(|id| parse_field("clientId", id)).transpose()?;
        self.engine.inner.limits.message(&self.user)?;
        self.membership(from).await?;
        let found = self.engine.store().message(from, id).await?;
        let source = found.ok_or(ErrorKind::MessageNotFound(id))?;
        match &source.body {
            Body::System { .. } => {
                return Err(ErrorKind::Forbidden("the server's own words are not passed on".into()).into());
            }
            Body::Deleted(_) => return Err(ErrorKind::MessageDeleted(id).into()),
            _ => {}
        }
        // Once more at the commit; but nothing is copied in vain for whoever may not send there.
        self.membership(to).await?;
        self.check_policy(Verb::Send, to, &[]).await?;
        let copies = self.copy_files(&source.attachments, to).await?;
        let body = self.body_in(&source, to, copies.first());
        let first = source.references.forwarded.as_deref().unwrap_or(&source.sender).clone();
        let refers =
            Refers { forwarded: Some(Box::new(Forward { message: id, first })), ..Refers::default() };
        let said = (body, source.custom.clone());
        let (body, custom, ruling) = self.rule_on(to, said, &copies, &refers).await?;
        let (sender, id) = (Profile::clone(&*self.profile().await?), MessageId::generate());
        Ok(self.item(
            to,
            Op::Send {
                id,
                sender,
                body,
                client_id,
                origin,
                attachments: copies,
                refers,
                writing_until: None,
                custom,
                ruling,
            },
        ))
    }

    /// What it says, with the address of its first file's copy where it has that of the file.
    fn body_in(&self, source: &Message, to: RoomId, copy: Option<&AttachmentId>) -> Body {
        if let (Body::Image { url, caption }, Some(file), Some(copy)) =
            (&source.body, source.attachments.first(), copy)
            && url.ends_with(&Attachment::path(source.room, file.id))
        {
            let url = format!("{}{}", self.engine.config().public_url, Attachment::path(to, *copy)).into();
            return Body::Image { url, caption: caption.clone() };
        }
        source.body.clone()
    }

    #[cfg(not(feature = "blobs"))]
    #[allow(clippy::unused_async, reason = "with blobs it waits")]
    async fn copy_files(&self, files: &[Attachment], _to: RoomId) -> Result<Vec<AttachmentId>> {
        if files.is_empty() { Ok(Vec::new()) } else { Err(ErrorKind::NotFound.into()) }
    }
}
