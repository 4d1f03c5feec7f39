//! The rules by which what somebody has left in a room is taken away.

use std::sync::Arc;

use super::{Ctx, done};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{MessageId, ReportId, UserId};
use crate::model::{Amendment, Body, Member, Message, Reaction};
use crate::store::amend::{put, take_back, unchanged};
use crate::store::govern::forbidden;
use crate::store::{Erased, Outcome, ReactionKey, Rows, notify};

/// Takes something of somebody's away. No membership is asked for, and no room is too closed for it.
pub(super) fn erase(ctx: &Ctx, user: &UserId, what: Erased, rows: &mut Rows) -> Result<Outcome> {
    if ctx.by.is_some() {
        return forbidden("only the host may do this");
    }
    ctx.room(rows)?;
    match what {
        Erased::Message { id, words } => erase_message(ctx, user, id, words, rows),
        Erased::Reaction(id, reaction) => erase_reaction(ctx, user, id, reaction, rows),
        Erased::Report(id) => erase_report(user, id, rows),
        Erased::Stay => erase_stay(ctx, user, rows),
    }
}

fn erase_message(
    ctx: &Ctx,
    user: &UserId,
    id: MessageId,
    words: Option<Arc<str>>,
    rows: &mut Rows,
) -> Result<Outcome> {
    let room = ctx.room(rows)?;
    let message = rows.message(ctx.id, id).ok_or(ErrorKind::MessageNotFound(id))?;
    if message.sender.user != *user {
        return Err(Error::invalid("messageUuid", "is somebody else's"));
    }
    match (&message.body, words) {
        (Body::Deleted(_), _) => unchanged(&message),
        (Body::System { kind, text }, Some(words)) if *text != words => {
            let body = Body::System { kind: *kind, text: words };
            put(ctx, room, Message { body, ..Message::clone(&message) }, Amendment::Edited, rows)
        }
        (Body::System { .. }, _) => unchanged(&message),
        _ => take_back(ctx, room, &message, rows),
    }
}

fn erase_reaction(
    ctx: &Ctx,
    user: &UserId,
    id: MessageId,
    reaction: Reaction,
    rows: &mut Rows,
) -> Result<Outcome> {
    let room = ctx.room(rows)?;
    let message = rows.message(ctx.id, id).ok_or(ErrorKind::MessageNotFound(id))?;
    let key = ReactionKey { room: ctx.id, seq: message.seq, reaction, user: user.clone() };
    if !rows.more.reactions.contains(&key) {
        return unchanged(&message);
    }
    let mut state = message.state.clone();
    state.reactions.take(&key.reaction);
    let how = Amendment::Reacted(key.reaction.clone(), false);
    rows.put_reaction(key, false);
    put(ctx, room, Message { state, ..Message::clone(&message) }, how, rows)
}

fn erase_report(user: &UserId, id: ReportId, rows: &mut Rows) -> Result<Outcome> {
    if rows.more.reports.get(&id).is_some_and(|report| report.by == *user) {
        rows.more.reports.remove(&id);
        rows.more.written_reports.insert(id);
    }
    done(Vec::new())
}

/// Of a stay that goes on nothing is taken away: it is theirs again.
fn erase_stay(ctx: &Ctx, user: &UserId, rows: &mut Rows) -> Result<Outcome> {
    let stay = rows.members.get(&(ctx.id, user.clone())).filter(|member| !member.active);
    let Some(mut stay) = stay.map(|stay| Member::clone(stay)) else { return done(Vec::new()) };
    stay.hidden = 0;
    rows.unhide(ctx.id, user);
    rows.more.kept_follows.insert(user.clone(), 0);
    let mut changes = Vec::new();
    if stay.notify.as_ref().is_some_and(|chosen| chosen.setting.is_some()) {
        let mut room = ctx.room(rows)?;
        changes.push(notify::put(&mut room, &mut stay, None, rows));
        rows.put_room(room);
    }
    rows.put_member(stay);
    done(changes)
}
