//! Read and delivered marks.

use super::Actor;
use crate::error::{ErrorKind, Result};
use crate::event::Marked;
use crate::id::RoomId;
use crate::model::{Cursor, Mark};
use crate::store::{Answer, Op};

impl Actor {
    /// Moves the actor's read mark up to a message, or to the newest one. It never moves back.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound) for a message of another room or of none.
    pub async fn mark_read(&self, room: RoomId, to: Option<Cursor>) -> Result<Marked> {
        self.mark(room, Mark::Read, to).await
    }

    /// Moves the actor's delivered mark, likewise.
    ///
    /// # Errors
    /// As for [`Self::mark_read`].
    pub async fn mark_delivered(&self, room: RoomId, to: Option<Cursor>) -> Result<Marked> {
        self.mark(room, Mark::Delivered, to).await
    }

    pub(super) async fn mark(&self, room: RoomId, mark: Mark, to: Option<Cursor>) -> Result<Marked> {
        let op = self.mark_op(room, mark, to).await?;
        marked_answer(self.commit(room, op).await)
    }

    pub(super) async fn mark_op(&self, room: RoomId, mark: Mark, to: Option<Cursor>) -> Result<Op> {
        let to = match to {
            None => None,
            Some(Cursor::Seq(seq)) => Some(seq),
            Some(cursor) => {
                self.membership(room).await?;
                Some(self.seq_of(room, cursor).await?)
            }
        };
        Ok(Op::Mark { mark, to })
    }
}

/// Where the marks stand, from the answer to a mark.
pub(super) fn marked_answer(answer: Result<Answer>) -> Result<Marked> {
    match answer? {
        Answer::Marked { member, unread } => Ok(Marked { unread, ..super::publish::marked(&member, None) }),
        other => Err(ErrorKind::Corrupt(format!("a mark was answered with {other:?}").into()).into()),
    }
}
