//! The rule of what a member wants notices of. Pure, like those of rooms.

use std::sync::Arc;

use super::apply::{Ctx, done};
use super::{Change, Outcome, Rows, What};
use crate::error::{ErrorKind, Result};
use crate::model::{Member, Notify, NotifySetting, Room};

/// Keeps the choice of `by`, in a closed room too. It takes a position like any change of the membership, so that the
/// member's other devices learn of it; to the others it is none.
pub(super) fn set(ctx: &Ctx, setting: Option<NotifySetting>, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    let user = ctx.by.as_ref().ok_or(ErrorKind::NotAParticipant(ctx.id))?;
    let mut member = ctx.active_member(user, rows)?;
    if member.notify.as_ref().and_then(|notify| notify.setting) == setting {
        return done(Vec::new());
    }
    let change = put(&mut room, &mut member, setting, rows);
    rows.put_room(room);
    done(vec![change])
}

/// The room is the caller's to put back.
pub(super) fn put(
    room: &mut Room,
    member: &mut Member,
    setting: Option<NotifySetting>,
    rows: &mut Rows,
) -> Change {
    let (pos, prev) = rows.next_pos(room);
    let told_pos = member.told_pos();
    member.notify = Some(Box::new(Notify { setting, pos: pos.at, told_pos }));
    member.changed_pos = pos.at;
    rows.put_member(member.clone());
    Change { pos, prev, what: What::Notify(Arc::new(member.clone())) }
}
