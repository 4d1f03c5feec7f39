//! The rules of a room's deletion.

use std::sync::Arc;

use super::{Ctx, done, free_key};
use crate::error::Result;
use crate::model::{About, Act, Permissions, Verb};
use crate::store::{Change, Outcome, Rows, What, moderate};

/// Deletes a room: from now on it is there for nobody. Its row stays without whatever was said of it, and so do the
/// memberships, from which whoever was away learns of it; its messages are cut away afterwards.
pub(super) fn delete(ctx: &Ctx, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    ctx.check_may(Verb::DeleteRoom, &room, rows)?;
    if room.active {
        free_key(&room, rows);
    }
    let (pos, prev) = rows.next_pos(&mut room);
    (room.active, room.members, room.changed_pos) = (false, 0, pos.at);
    (room.name, room.about, room.permissions, room.slow_mode) =
        (None, About::default(), Permissions::default(), 0);
    room.keep(|keeping| (keeping.retention, keeping.deleted_at) = (None, Some(ctx.at)));
    // Those that the batch knows; the store ends all others.
    let members = rows.members.values_mut().filter(|member| member.room == room.id && member.active);
    for member in members.map(Arc::make_mut) {
        (member.active, member.changed_pos) = (false, pos.at);
    }
    rows.more.invites.retain(|_, invite| invite.room != room.id);
    rows.more.bans.retain(|(of, _), _| *of != room.id);
    rows.more.reports.retain(|_, report| report.room != room.id);
    rows.more.join_requests.retain(|(of, _), _| *of != room.id);
    rows.more.deleted.push((room.id, pos.at));
    let change = Change { pos, prev, what: What::Deleted(Arc::new(room.clone())) };
    moderate::note(ctx, &change, Act::DeleteRoom, None, None, rows);
    rows.put_room(room);
    done(vec![change])
}
