//! How an attachment stands in columns.

use super::ReadRow;
use crate::id::{AttachmentId, MessageId};
use crate::model::{Attachment, Dimensions};
use crate::store::{Stage, StoredAttachment};

/// What [`stored_attachment`] reads, of `attachments a`.
macro_rules! attachment_columns {
    () => {
        "a.id, a.room, a.uploader, a.name, a.media_type, a.size, a.width, a.height, a.has_thumbnail, \
         a.created_at, a.whole, a.message"
    };
}

pub(in crate::store) use attachment_columns;

pub(in crate::store) fn stored_attachment<'r, R: ReadRow<'r>>(
    columns: &mut R,
) -> Result<StoredAttachment, R::Error> {
    let attachment = Attachment {
        id: AttachmentId::from_bytes(columns.bytes()?),
        room: columns.room_id()?,
        uploader: columns.parsed()?,
        name: columns.maybe_text()?.ok_or_else(|| columns.no_sense())?.into(),
        media_type: columns.maybe_text()?.ok_or_else(|| columns.no_sense())?.into(),
        size: columns.number()?,
        dimensions: match (maybe_pixels(columns)?, maybe_pixels(columns)?) {
            (Some(width), Some(height)) => Some(Dimensions { width, height }),
            (None, None) => None,
            _ => return Err(columns.no_sense()),
        },
        has_thumbnail: columns.flag()?,
        created_at: columns.time()?,
    };
    let stage = match (columns.flag()?, columns.maybe_id()?) {
        (false, None) => Stage::Arriving,
        (true, None) => Stage::Waiting,
        (true, Some(message)) => Stage::Sent(MessageId::from_bytes(message)),
        (false, Some(message)) => Stage::Held(MessageId::from_bytes(message)),
    };
    Ok(StoredAttachment { attachment, stage })
}

fn maybe_pixels<'r, R: ReadRow<'r>>(columns: &mut R) -> Result<Option<u32>, R::Error> {
    let pixels = columns.maybe_integer()?.map(u32::try_from).transpose();
    pixels.map_err(|_| columns.no_sense())
}
