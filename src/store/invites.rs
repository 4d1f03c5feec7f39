//! The rules of invite links: who makes them, who comes in by them. Pure, like those of rooms.
//!
//! A link takes no position: nobody is told of it but whoever asks.

use super::apply::{Ctx, admit, done};
use super::{Notice, Outcome, Rows};
use crate::error::{Error, ErrorKind, Result};
use crate::id::RoomId;
use crate::model::{Invite, InviteCode, Verb};

fn of_room(room: RoomId, code: InviteCode, rows: &Rows) -> Result<Invite> {
    let link = rows.invites.get(&code).filter(|link| link.room == room);
    link.cloned().ok_or_else(|| ErrorKind::InviteNotFound.into())
}

/// Whoever may invite may make a link.
pub(super) fn make(ctx: &Ctx, invite: Invite, most: u32, rows: &mut Rows) -> Result<Outcome> {
    let room = ctx.room(rows)?;
    ctx.check_may(Verb::Invite, &room, rows)?;
    ctx.check_open(&room)?;
    if invite.room != room.id {
        return Err(Error::invalid("room", "is not the link's"));
    }
    // Done again after a commit whose answer was lost.
    if rows.invites.contains_key(&invite.code) {
        return done(Vec::new());
    }
    let links = || rows.invites.values().filter(|link| link.room == room.id);
    let dead: Vec<InviteCode> = links().filter(|link| !link.holds(ctx.at)).map(|link| link.code).collect();
    if links().count() - dead.len() >= most as usize {
        let reason = format!("a room has at most {most} invite links: revoke one first");
        return Err(ErrorKind::Forbidden(reason.into()).into());
    }
    dead.into_iter().for_each(|code| rows.end_invite(code));
    rows.put_invite(invite);
    done(Vec::new())
}

/// Whoever has made a link takes it back, and so does whoever may take people out.
pub(super) fn revoke(ctx: &Ctx, code: InviteCode, rows: &mut Rows) -> Result<Outcome> {
    let room = ctx.room(rows)?;
    let role = match &ctx.by {
        Some(user) => Some(ctx.active_member(user, rows)?.role),
        None => None,
    };
    let link = of_room(room.id, code, rows)?;
    if link.by != ctx.by && role.is_some_and(|role| !room.lets(role, Verb::Remove)) {
        return Err(ErrorKind::Forbidden("this link is somebody else's".into()).into());
    }
    rows.end_invite(code);
    done(Vec::new())
}

/// Comes in by a link. Who is in already uses none up.
pub(super) fn accept(
    ctx: &Ctx,
    code: InviteCode,
    notice: Notice,
    max_members: u32,
    rows: &mut Rows,
) -> Result<Outcome> {
    let room = ctx.room(rows)?;
    let mut link = of_room(room.id, code, rows)?;
    if !link.holds(ctx.at) {
        return Err(ErrorKind::InviteNotFound.into());
    }
    ctx.check_open(&room)?;
    let outcome = admit(ctx, room, vec![notice], max_members, rows)?;
    if !outcome.changes.is_empty() {
        link.uses = link.uses.saturating_add(1);
        rows.put_invite(link);
    }
    Ok(outcome)
}
