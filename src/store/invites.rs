//! The rules of invite links and invitations: who makes them, who comes in by them. Pure, like those of rooms.
//!
//! A link takes no position, and only its end by somebody else does, in the audit trail: nobody is told of it but whoever asks.

use super::apply::{Ctx, admit, done};
use super::moderate::{note, untold};
use super::{Notice, Occasion, Outcome, Rows};
use crate::error::{Error, ErrorKind, LimitName, Result};
use crate::id::{RoomId, UserId};
use crate::model::{Act, Invite, InviteCode, Verb};

fn of_room(room: RoomId, code: InviteCode, rows: &Rows) -> Result<Invite> {
    let link = rows.more.invites.get(&code).filter(|link| link.room == room);
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
    if rows.more.invites.contains_key(&invite.code) {
        return done(Vec::new());
    }
    if let Some(user) = &invite.user {
        ctx.check_reachable([user], rows)?;
        if rows.members.get(&(room.id, user.clone())).is_some_and(|member| member.active) {
            return Err(Error::invalid("userUuid", "is a participant of the room already"));
        }
    }
    let is_over = |link: &&Invite| !link.holds(ctx.at) || (link.user.is_some() && link.user == invite.user);
    let links = || rows.more.invites.values().filter(|link| link.room == room.id);
    let over: Vec<InviteCode> = links().filter(is_over).map(|link| link.code).collect();
    let is_alike = |link: &&Invite| link.user.is_some() == invite.user.is_some();
    if links().filter(|link| !is_over(link)).filter(is_alike).count() >= most as usize {
        let limit = if invite.user.is_some() { LimitName::Invitations } else { LimitName::Invites };
        return Err(ErrorKind::LimitReached { limit, allowed: most.into() }.into());
    }
    over.into_iter().for_each(|code| rows.end_invite(code));
    if let Some(user) = &invite.user {
        rows.alert(user, Occasion::Invited { room: room.id, code: invite.code }, ctx.at);
    }
    rows.put_invite(invite);
    done(Vec::new())
}

/// Whoever has made a link takes it back, and so does whoever may take people out; whoever is invited declines.
pub(super) fn revoke(ctx: &Ctx, code: InviteCode, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    if ctx.by.is_some() && of_room(room.id, code, rows).is_ok_and(|link| link.user == ctx.by) {
        rows.end_invite(code);
        return done(Vec::new());
    }
    let role = match &ctx.by {
        Some(user) => Some(ctx.active_member(user, rows)?.role),
        None => None,
    };
    let link = of_room(room.id, code, rows)?;
    if link.by != ctx.by && role.is_some_and(|role| !room.lets(role, Verb::Remove)) {
        return Err(ErrorKind::Forbidden("this link is somebody else's".into()).into());
    }
    rows.end_invite(code);
    // The host's is no moderator's act: so go the links of whoever is erased.
    if ctx.by.is_none() || link.by == ctx.by {
        return done(Vec::new());
    }
    let change = untold(&mut room, rows);
    note(ctx, &change, Act::RevokeInvite, link.by, None, rows);
    rows.put_room(room);
    done(vec![change])
}

/// The link, where it holds and lets this user in.
pub(super) fn holding(ctx: &Ctx, code: InviteCode, user: &UserId, rows: &Rows) -> Result<Invite> {
    let link = of_room(ctx.id, code, rows)?;
    let is_theirs = link.user.as_ref().is_none_or(|invited| invited == user);
    if link.holds(ctx.at) && is_theirs { Ok(link) } else { Err(ErrorKind::InviteNotFound.into()) }
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
    let mut link = holding(ctx, code, &notice.about.user, rows)?;
    ctx.check_open(&room)?;
    let outcome = admit(ctx, room, vec![notice], max_members, rows)?;
    if link.user.is_some() {
        rows.end_invite(code);
    } else if !outcome.changes.is_empty() {
        link.uses = link.uses.saturating_add(1);
        rows.put_invite(link);
    }
    Ok(outcome)
}
