//! The line of what a message said before.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FieldError, check_numbers, check_texts};
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId};
use crate::model::Edit;
use crate::store::KeptEdit;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct EditLine {
    room: RoomId,
    seq: u64,
    message: MessageId,
    edited_at: Timestamp,
    n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Arc<str>>,
    since: Timestamp,
}

impl EditLine {
    pub(in crate::transfer) fn record(self) -> Result<KeptEdit, FieldError> {
        let Self { room, seq, message, edited_at, n, content, since } = self;
        check_texts(&[("content", content.as_deref())])?;
        check_numbers(&[("seq", seq), ("n", n)])?;
        if n == 0 {
            return Err(FieldError::Unfit("n"));
        }
        let edit = Edit { version: 0, content, since };
        Ok(KeptEdit { room, seq, message, edited_at, n, edit })
    }
}

impl From<KeptEdit> for EditLine {
    fn from(state: KeptEdit) -> Self {
        let KeptEdit { room, seq, message, edited_at, n, edit } = state;
        let Edit { version: _, content, since } = edit;
        Self { room, seq, message, edited_at, n, content, since }
    }
}
