//! The rules of who comes into a room by themselves, at once or after somebody has said so.
//!
//! A request takes no position: nobody is told of it but whoever asks, and who may answer. What coming in has to keep to it keeps when it is
//! made, and once more when it is approved. Whoever is in a room, or banned from it, waits no more.

use super::held::FULL;
use super::members::{admit, newcomers};
use super::{Ctx, answered, done};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{JoinRequestId, RoomId, UserId};
use crate::model::{Act, InviteCode, JoinRequest, Verb, Visibility};
use crate::store::invites;
use crate::store::moderate::{note, untold};
use crate::store::{Admission, Answer, JoinHold, JoinSettlement, Notice, Occasion, Outcome, Rows};

/// Who comes in, and by what.
pub(super) struct Entry {
    pub(super) notice: Notice,
    pub(super) max_members: u32,
    pub(super) by_invite: Option<InviteCode>,
}

/// Lets somebody in, or has them wait.
pub(super) fn enter(ctx: &Ctx, entry: Entry, admission: Admission, rows: &mut Rows) -> Result<Outcome> {
    let room = ctx.room(rows)?;
    let user = &entry.notice.about.user;
    let waiting = rows.more.join_requests.get(&(room.id, user.clone())).map(|request| request.id);
    match (admission, waiting) {
        (Admission::Unasked, _) | (Admission::Allowed, None) => come_in(ctx, entry, rows),
        (_, Some(id)) => answered(Vec::new(), Answer::JoinHeld(id)),
        (Admission::Refused(kind), None) => Err((*kind).into()),
        (Admission::Held(_), None) if ctx.active_member(user, rows).is_ok() => come_in(ctx, entry, rows),
        (Admission::Held(hold), None) => ask(ctx, entry, *hold, rows),
    }
}

/// Nobody has to let somebody into a public room.
fn come_in(ctx: &Ctx, entry: Entry, rows: &mut Rows) -> Result<Outcome> {
    let Entry { notice, max_members, by_invite } = entry;
    if let Some(code) = by_invite {
        return invites::accept(ctx, code, notice, max_members, rows);
    }
    let room = ctx.room(rows)?;
    if room.about.visibility != Visibility::Public {
        ctx.active_member(&notice.about.user, rows)?;
        return done(Vec::new());
    }
    ctx.check_open(&room)?;
    admit(ctx, room, vec![notice], max_members, rows)
}

/// Has somebody wait who could come in now.
#[cold]
fn ask(ctx: &Ctx, entry: Entry, hold: JoinHold, rows: &mut Rows) -> Result<Outcome> {
    let Entry { notice, max_members, by_invite } = entry;
    let (room, user) = (ctx.room(rows)?, notice.about.user.clone());
    match by_invite {
        Some(code) => drop(invites::holding(ctx, code, &user, rows)?),
        None if room.about.visibility == Visibility::Public => {}
        None => return Err(ErrorKind::NotAParticipant(room.id).into()),
    }
    ctx.check_open(&room)?;
    newcomers(ctx, &room, vec![notice], max_members, rows)?;
    let waiting = rows.more.join_counts.get(&room.id).copied().unwrap_or_default();
    if waiting >= u64::from(hold.most) {
        return Err(ErrorKind::RateLimited(FULL).into());
    }
    let JoinHold { id, reason, .. } = hold;
    let (room, invite, at) = (room.id, by_invite, ctx.at);
    rows.put_join_request(JoinRequest { id, room, user, invite, reason, at });
    answered(Vec::new(), Answer::JoinHeld(id))
}

/// Says what becomes of a request.
pub(super) fn settle(
    ctx: &Ctx,
    request: JoinRequest,
    how: JoinSettlement,
    rows: &mut Rows,
) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    let not_found = |id: JoinRequestId| Error::from(ErrorKind::JoinRequestNotFound(id));
    match how {
        JoinSettlement::Approve { .. } | JoinSettlement::Reject(_) => {
            ctx.check_may(Verb::Moderate, &room, rows)?;
        }
        JoinSettlement::Withdraw if ctx.by.as_ref().is_none_or(|by| *by == request.user) => {}
        // What waits of somebody else's is not told from nothing.
        JoinSettlement::Withdraw => return Err(not_found(request.id)),
    }
    let standing = rows.more.join_requests.get(&(room.id, request.user.clone()));
    if standing.is_none_or(|standing| standing.id != request.id) {
        return Err(not_found(request.id));
    }
    match how {
        JoinSettlement::Approve { notice, .. } if notice.about.user != request.user => {
            Err(Error::invalid("userUuid", "is not the request's"))
        }
        JoinSettlement::Approve { notice, max_members } => {
            let entry = Entry { notice, max_members, by_invite: request.invite };
            approve(ctx, request.user, entry, rows)
        }
        JoinSettlement::Reject(reason) => {
            let change = untold(&mut room, rows);
            rows.end_join_request(room.id, &request.user);
            note(ctx, &change, Act::RejectJoin, Some(request.user), reason, rows);
            rows.put_room(room);
            done(vec![change])
        }
        JoinSettlement::Withdraw => {
            rows.end_join_request(room.id, &request.user);
            done(Vec::new())
        }
    }
}

/// They come in as they would now by themselves, and by what they have asked by.
fn approve(ctx: &Ctx, user: UserId, entry: Entry, rows: &mut Rows) -> Result<Outcome> {
    let theirs = Ctx { id: ctx.id, at: ctx.at, by: Some(user.clone()) };
    let outcome = come_in(&theirs, entry, rows).map_err(|error| match error.kind() {
        // The room is public no more. It is not whoever approves who does not belong to it.
        ErrorKind::NotAParticipant(_) => {
            ErrorKind::Forbidden("they may not come into this room by themselves now".into()).into()
        }
        _ => error,
    })?;
    // Also of who is in already: an import may leave it so.
    rows.end_join_request(ctx.id, &user);
    if let Some(change) = outcome.changes.first() {
        rows.alert(&user, Occasion::JoinApproved(ctx.id), ctx.at);
        note(ctx, change, Act::ApproveJoin, Some(user), None, rows);
    }
    Ok(outcome)
}

impl Rows {
    /// Puts a request to come in, to be written.
    pub(in crate::store) fn put_join_request(&mut self, request: JoinRequest) {
        let key = (request.room, request.user.clone());
        self.more.asked.insert(request.id, key.clone());
        *self.more.join_counts.entry(request.room).or_default() += 1;
        self.more.written_join_requests.insert(key.clone());
        self.more.join_requests.insert(key, request);
    }

    /// Takes a request to come in out, to be deleted.
    pub(in crate::store) fn end_join_request(&mut self, room: RoomId, user: &UserId) {
        let key = (room, user.clone());
        if self.more.join_requests.remove(&key).is_some() {
            if let Some(waiting) = self.more.join_counts.get_mut(&room) {
                *waiting = waiting.saturating_sub(1);
            }
            self.more.written_join_requests.insert(key);
        }
    }
}
