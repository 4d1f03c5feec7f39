//! The rules of attachments.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Ctx, done};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AttachmentId, MessageId, RoomId, UserId};
use crate::model::{Attachment, Body, Verb};
use crate::store::{AttachOp, Outcome, Rows, Stage, StoredAttachment};

pub(super) fn attach(ctx: &Ctx, op: AttachOp, rows: &mut Rows) -> Result<Outcome> {
    match op {
        AttachOp::Begin(attachment) => begin(ctx, *attachment, rows),
        AttachOp::Finish { attachment, quota } => finish(ctx, *attachment, quota, rows),
        AttachOp::Discard(id) => discard(ctx, id, rows),
        AttachOp::Forget(id) => forget(ctx, id, rows),
    }
}

fn begin(ctx: &Ctx, attachment: Attachment, rows: &mut Rows) -> Result<Outcome> {
    check_uploader(ctx, &attachment, rows)?;
    // One that comes late takes nothing back.
    if !rows.more.attachments.contains_key(&(ctx.id, attachment.id)) {
        rows.put_attachment(StoredAttachment { attachment, stage: Stage::Arriving });
    }
    done(Vec::new())
}

fn finish(ctx: &Ctx, attachment: Attachment, quota: u64, rows: &mut Rows) -> Result<Outcome> {
    check_uploader(ctx, &attachment, rows)?;
    // Discarded since.
    let there = rows.more.attachments.get(&(ctx.id, attachment.id));
    let there = there.ok_or(ErrorKind::AttachmentNotFound(attachment.id))?;
    // Once more.
    if there.stage != Stage::Arriving {
        return done(Vec::new());
    }
    let stored = rows.more.stored_bytes.get(&attachment.uploader).copied().unwrap_or_default();
    let stored = stored.saturating_sub(there.attachment.size).saturating_add(attachment.size);
    if stored > quota {
        return Err(ErrorKind::QuotaExceeded(quota).into());
    }
    rows.more.stored_bytes.insert(attachment.uploader.clone(), stored);
    rows.put_attachment(StoredAttachment { attachment, stage: Stage::Waiting });
    done(Vec::new())
}

/// Whoever uploads may send: what keeps a message out keeps a file out too, at its beginning and its end.
fn check_uploader(ctx: &Ctx, attachment: &Attachment, rows: &Rows) -> Result<()> {
    if attachment.room != ctx.id || ctx.by.as_ref() != Some(&attachment.uploader) {
        return Err(Error::invalid("attachment", "is of another room or uploader"));
    }
    let room = ctx.room(rows)?;
    ctx.active_member(&attachment.uploader, rows)?;
    ctx.check_open(&room)?;
    ctx.check_may(Verb::Send, &room, rows)?;
    ctx.check_heard(rows)?;
    ctx.check_reachable(room.kind.peer_of(&attachment.uploader), rows)
}

fn discard(ctx: &Ctx, id: AttachmentId, rows: &mut Rows) -> Result<Outcome> {
    let Some(mut there) = rows.more.attachments.get(&(ctx.id, id)).cloned() else { return done(Vec::new()) };
    match there.stage {
        Stage::Arriving => {}
        Stage::Waiting => {
            there.stage = Stage::Arriving;
            rows.put_attachment(there);
        }
        Stage::Sent(_) | Stage::Held(_) => return Err(ErrorKind::AttachmentUsed(id).into()),
    }
    done(Vec::new())
}

fn forget(ctx: &Ctx, id: AttachmentId, rows: &mut Rows) -> Result<Outcome> {
    match rows.more.attachments.get(&(ctx.id, id)).map(|there| there.stage) {
        None => {}
        Some(Stage::Arriving) => rows.end_attachment(ctx.id, id),
        Some(Stage::Waiting | Stage::Held(_) | Stage::Sent(_)) => {
            return Err(ErrorKind::AttachmentUsed(id).into());
        }
    }
    done(Vec::new())
}

/// The attachments, when the sender may send each of them in this body. A stranger's is not told from none.
pub(super) fn sendable(
    ctx: &Ctx,
    (sender, message): (&UserId, MessageId),
    body: &Body,
    ids: &[AttachmentId],
    rows: &Rows,
) -> Result<Arc<[Attachment]>> {
    let mut named = HashSet::new();
    let one = |id: &AttachmentId| {
        let there =
            rows.more.attachments.get(&(ctx.id, *id)).filter(|there| there.attachment.uploader == *sender);
        let attachment = match there.map(|there| (there.stage, &there.attachment)) {
            Some((Stage::Waiting, attachment)) => attachment.clone(),
            // Held once before, by a commit whose answer was lost.
            Some((Stage::Held(by), attachment)) if by == message => attachment.clone(),
            Some((Stage::Sent(_) | Stage::Held(_), _)) => return Err(ErrorKind::AttachmentUsed(*id).into()),
            Some((Stage::Arriving, _)) | None => return Err(ErrorKind::AttachmentNotFound(*id).into()),
        };
        if !named.insert(*id) {
            return Err(Error::invalid("attachments", "must name each file once"));
        }
        if matches!(body, Body::Image { .. }) && !attachment.is_image() {
            return Err(Error::invalid("attachments", "must be pictures in an IMAGE message"));
        }
        Ok(attachment)
    };
    ids.iter().map(one).collect()
}

/// From now on the message has them.
pub(in crate::store) fn put_sent(
    room: RoomId,
    message: MessageId,
    attachments: &[Attachment],
    rows: &mut Rows,
) {
    keep(room, Stage::Sent(message), attachments, rows);
}

/// They go with a message that waits.
pub(in crate::store) fn put_held(
    room: RoomId,
    message: MessageId,
    attachments: &[Attachment],
    rows: &mut Rows,
) {
    keep(room, Stage::Held(message), attachments, rows);
}

fn keep(room: RoomId, stage: Stage, attachments: &[Attachment], rows: &mut Rows) {
    for attachment in attachments {
        let attachment = Attachment { room, ..attachment.clone() };
        rows.put_attachment(StoredAttachment { attachment, stage });
    }
}

/// Their message is deleted: nobody reads them any more, and their bytes are collected.
pub(in crate::store) fn end(attachments: &[Attachment], rows: &mut Rows) {
    for attachment in attachments {
        rows.put_attachment(StoredAttachment { attachment: attachment.clone(), stage: Stage::Arriving });
    }
}

/// Whether another message has one of a message's attachments.
pub(in crate::store) fn is_taken(
    room: RoomId,
    message: MessageId,
    attachments: &[Attachment],
    rows: &Rows,
) -> bool {
    let stage = |one: &Attachment| rows.more.attachments.get(&(room, one.id)).map(|there| there.stage);
    attachments.iter().any(|one| match stage(one) {
        Some(Stage::Held(by) | Stage::Sent(by)) => by != message,
        Some(Stage::Arriving | Stage::Waiting) | None => false,
    })
}

impl Rows {
    /// Puts an attachment, to be written.
    pub(super) fn put_attachment(&mut self, stored: StoredAttachment) {
        let key = (stored.attachment.room, stored.attachment.id);
        self.more.written_attachments.insert(key);
        self.more.attachments.insert(key, stored);
    }

    /// Takes an attachment out, to be deleted.
    fn end_attachment(&mut self, room: RoomId, id: AttachmentId) {
        if let Some(gone) = self.more.attachments.remove(&(room, id)) {
            if let Some(stored) = self.more.stored_bytes.get_mut(&gone.attachment.uploader) {
                *stored = stored.saturating_sub(gone.attachment.size);
            }
            self.more.written_attachments.insert((room, id));
        }
    }
}
