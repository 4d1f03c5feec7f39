//! The rule of what a member wants notices of. Pure, like those of rooms.

use std::sync::Arc;

use super::apply::{Ctx, done};
use super::{Change, Outcome, Rows, What};
use crate::error::{ErrorKind, Result};
use crate::model::{Notify, NotifySetting};

/// Keeps the choice of `by`, in a closed room too. It takes a position like any change of the membership, so that the
/// member's other devices learn of it; to the others it is none.
pub(super) fn set(ctx: &Ctx, setting: Option<NotifySetting>, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    let user = ctx.by.as_ref().ok_or(ErrorKind::NotAParticipant(ctx.id))?;
    let mut member = ctx.active_member(user, rows)?;
    if member.notify.as_ref().and_then(|notify| notify.setting) == setting {
        return done(Vec::new());
    }
    let (pos, prev) = rows.next_pos(&mut room);
    let told_pos = member.told_pos();
    member.notify = Some(Box::new(Notify { setting, pos: pos.at, told_pos }));
    member.changed_pos = pos.at;
    rows.put_member(member.clone());
    rows.put_room(room);
    done(vec![Change { pos, prev, what: What::Notify(Arc::new(member)) }])
}
