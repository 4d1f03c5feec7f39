//! The rules of what somebody takes out of their own sight. Pure, like those of rooms.

use super::apply::{Ctx, done, move_mark};
use super::{Change, Outcome, Rows, What};
use crate::error::{ErrorKind, LimitName, Result};
use crate::id::MessageId;
use crate::model::{Hidden, Mark};

/// Whoever hides a message has seen it, so their read mark comes along: unread counts never count what is hidden.
pub(super) fn hide(
    ctx: &Ctx,
    message: MessageId,
    seq: u64,
    max_hidden: u32,
    rows: &mut Rows,
) -> Result<Outcome> {
    ctx.room(rows)?;
    let user = ctx.by.clone().ok_or(ErrorKind::NotAParticipant(ctx.id))?;
    let member = ctx.active_member(&user, rows)?;
    if rows.message(ctx.id, message).is_none_or(|found| found.seq != seq) {
        return Err(ErrorKind::MessageNotFound(message).into());
    }
    if rows.more.hidden.contains(&(ctx.id, user.clone(), seq)) {
        return done(Vec::new());
    }
    if member.hidden >= max_hidden {
        let limit = LimitName::Hidden;
        return Err(ErrorKind::LimitReached { limit, allowed: max_hidden.into() }.into());
    }
    let mut changes = move_mark(ctx, Mark::Read, Some(seq), rows)?.changes;
    let (mut room, mut member) = (ctx.room(rows)?, ctx.active_member(&user, rows)?);
    let (pos, prev) = rows.next_pos(&mut room);
    member.hidden += 1;
    rows.put_member(member);
    rows.put_room(room);
    let hidden = Hidden { room: ctx.id, user, seq, message, pos: pos.at };
    rows.put_hidden(hidden.clone());
    changes.push(Change { pos, prev, what: What::Hidden(hidden) });
    done(changes)
}
