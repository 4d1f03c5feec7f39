//! Read and delivered marks.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::{Actor, Inner};
use crate::error::{ErrorKind, Result};
use crate::event::Marked;
use crate::id::{RoomId, UserId};
use crate::model::{Cursor, Mark};
use crate::store::{Answer, Op};

/// Delivered marks that wait to be written, each once a second however often it moves. They may be lost
/// in a crash: the next one makes up for it.
#[derive(Debug)]
pub(super) struct DeliveredMarks {
    bound: usize,
    waiting: Mutex<HashMap<(UserId, RoomId), u64>>,
}

impl DeliveredMarks {
    pub(super) fn new(bound: usize) -> Self {
        Self { bound, waiting: Mutex::default() }
    }

    /// Has a mark moved up to `seq`. `false`: too many wait already.
    fn put(&self, user: &UserId, room: RoomId, seq: u64) -> bool {
        let mut waiting = self.waiting.lock();
        let is_full = waiting.len() >= self.bound;
        match waiting.get_mut(&(user.clone(), room)) {
            Some(known) => *known = seq.max(*known),
            None if is_full => return false,
            None => drop(waiting.insert((user.clone(), room), seq)),
        }
        true
    }
}

impl Inner {
    /// Writes the delivered marks that wait.
    pub(super) async fn write_delivered(&self) {
        let waiting = std::mem::take(&mut *self.delivered.waiting.lock());
        for ((user, room), seq) in waiting {
            let op = Op::Mark { mark: Mark::Delivered, to: Some(seq) };
            let item = crate::store::RoomItem { room, at: self.clock.now(), by: Some(user), op };
            // Whoever has left the room meanwhile is refused, and nobody minds.
            self.committer.submit(item.into(), None, drop).await;
        }
    }
}

impl Actor {
    /// Moves the actor's read mark up to a message, or with `None` to the newest one, and the delivered mark with
    /// it. It never moves back, nor beyond the newest message.
    ///
    /// # Errors
    /// [`MessageNotFound`](ErrorKind::MessageNotFound) for a message of another room or of none.
    pub async fn mark_read(&self, room: RoomId, to: Option<Cursor>) -> Result<Marked> {
        self.mark(room, Mark::Read, to).await
    }

    /// Moves the actor's delivered mark, likewise. It is written, and told to others, within a second,
    /// however many come until then, and may be lost in a crash of the server. Where
    /// [`Config::delivered_waiting`](crate::Config::delivered_waiting) others wait, it is written at once.
    ///
    /// # Errors
    /// As for [`Self::mark_read`].
    pub async fn mark_delivered(&self, room: RoomId, to: Option<Cursor>) -> Result<Marked> {
        self.engine.check_running()?;
        let (found, member) = self.membership(room).await?;
        let to = match to {
            Some(to) => self.seq_of(room, to).await?.min(found.seq),
            None => found.seq,
        };
        let now = super::publish::marked(&member, Some(&found));
        if to <= member.delivered_seq {
            return Ok(now);
        }
        if !self.engine.inner.delivered.put(&self.user, room, to) {
            return self.mark(room, Mark::Delivered, Some(Cursor::Seq(to))).await;
        }
        Ok(Marked { delivered_seq: to, at: self.engine.now(), ..now })
    }

    async fn mark(&self, room: RoomId, mark: Mark, to: Option<Cursor>) -> Result<Marked> {
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
