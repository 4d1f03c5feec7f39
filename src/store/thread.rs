//! The rules of threads. Pure, like those of rooms.

use std::sync::Arc;

use super::apply::Ctx;
use super::{Change, Reply, Rows, What};
use crate::error::{ErrorKind, Result};
use crate::id::UserId;
use crate::model::{Amendment, Body, Message, ReplyTo, Room, Thread, ThreadSummary};

/// The place of a reply, when there may be one.
pub(super) fn reply_to(ctx: &Ctx, asked: &Reply, rows: &Rows) -> Result<Arc<Thread>> {
    let id = asked.root;
    let root = rows.message(ctx.id, id).ok_or(ErrorKind::MessageNotFound(id))?;
    if matches!(root.body, Body::System { .. }) {
        return Err(ErrorKind::Forbidden("the server's own words are not answered".into()).into());
    }
    if root.references.reply().is_some() {
        return Err(ErrorKind::Forbidden("a reply begins no thread".into()).into());
    }
    // A thread goes on when its root is deleted, and none begins.
    if root.body.is_deleted() && root.references.summary().is_none() {
        return Err(ErrorKind::MessageDeleted(id).into());
    }
    Ok(Arc::new(Thread::Reply(ReplyTo { root: id, seq: root.seq, in_room: asked.in_room })))
}

/// Counts a reply that has come, where the message is one. The room is the caller's to put back.
pub(super) fn count_in(
    room: &mut Room,
    reply: &Message,
    by: Option<UserId>,
    rows: &mut Rows,
) -> Option<Change> {
    let root = rows.message(room.id, reply.references.reply()?.root)?;
    let begun = || ThreadSummary { replies: 0, last_reply_at: reply.created_at, participants: Vec::new() };
    let summary = root.references.summary().cloned().unwrap_or_else(begun).with(reply);
    Some(tell(room, &root, summary, (by, Amendment::Replied(true)), rows))
}

/// Likewise, one that is deleted.
pub(super) fn count_out(
    room: &mut Room,
    reply: &Message,
    by: Option<UserId>,
    rows: &mut Rows,
) -> Option<Change> {
    let root = rows.message(room.id, reply.references.reply()?.root)?;
    let summary = root.references.summary()?.clone().without_one();
    Some(tell(room, &root, summary, (by, Amendment::Replied(false)), rows))
}

/// The root changes with its thread, so that whoever was away learns of it as of any other change.
fn tell(
    room: &mut Room,
    root: &Message,
    summary: ThreadSummary,
    (by, how): (Option<UserId>, Amendment),
    rows: &mut Rows,
) -> Change {
    let (pos, prev) = rows.next_pos(room);
    let mut root = root.clone();
    root.references.thread = Some(Arc::new(Thread::Root(summary)));
    root.state.changed_pos = pos.at;
    let message = Arc::new(root);
    rows.put_message(message.clone());
    Change { pos, prev, what: What::Amended { message, by, how: Some(how) } }
}
