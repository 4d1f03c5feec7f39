//! An attachment as it is stored.

use super::AttachOp;
use crate::id::{AttachmentId, MessageId};
use crate::model::Attachment;

/// An attachment, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store makes them of its rows")]
pub struct StoredAttachment {
    /// What it is. While it is [`Arriving`](Stage::Arriving) its sizes and thumbnail say nothing.
    pub attachment: Attachment,
    /// How far it has come.
    pub stage: Stage,
}

/// How far an attachment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a store has to keep each of them")]
pub enum Stage {
    /// Its bytes are not all there yet, or not any more.
    Arriving,
    /// Its bytes are there, and no message has it.
    Waiting,
    /// A message has it that [waits](super::Held), and may yet be sent.
    Held(MessageId),
    /// This message has it, for good.
    Sent(MessageId),
}

impl AttachOp {
    /// Which attachment it is about.
    pub fn id(&self) -> AttachmentId {
        match self {
            Self::Begin(attachment) | Self::Finish { attachment, .. } => attachment.id,
            Self::Discard(id) | Self::Forget(id) => *id,
        }
    }
}
