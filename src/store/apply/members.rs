//! Who is in a room: let in, taken out, and where a stay begins.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Ctx, add_notice, close_room, done};
use crate::error::{Error, ErrorKind, Result};
use crate::id::UserId;
use crate::model::{Act, Member, Pos, Role, Room, RoomKind, Verb};
use crate::store::{Change, Notice, Occasion, Outcome, Rows, What};
use crate::store::{govern, moderate};

pub(super) fn join(ctx: &Ctx, users: Vec<Notice>, max_members: u32, rows: &mut Rows) -> Result<Outcome> {
    let room = ctx.room(rows)?;
    ctx.check_may(Verb::Invite, &room, rows)?;
    ctx.check_open(&room)?;
    let outcome = admit(ctx, room, users, max_members, rows)?;
    for change in &outcome.changes {
        if let What::Joined(_, profile) = &change.what {
            alert_added(ctx, &profile.user, rows);
        }
    }
    Ok(outcome)
}

/// Nobody is told of what they have done themselves.
pub(super) fn alert_added(ctx: &Ctx, user: &UserId, rows: &mut Rows) {
    if ctx.by.as_ref() != Some(user) {
        rows.alert(user, Occasion::Added { room: ctx.id, by: ctx.by.clone() }, ctx.at);
    }
}

/// Those who are not in already, where all of them may come in.
pub(super) fn newcomers(
    ctx: &Ctx,
    room: &Room,
    users: Vec<Notice>,
    max_members: u32,
    rows: &Rows,
) -> Result<Vec<Notice>> {
    let is_active = |user: &UserId| rows.members.get(&(ctx.id, user.clone())).is_some_and(|m| m.active);
    let mut named = HashSet::new();
    let mut is_new = |user: &UserId| !is_active(user) && named.insert(user.clone());
    let news: Vec<Notice> = users.into_iter().filter(|new| is_new(&new.about.user)).collect();
    if news.is_empty() {
        return Ok(news);
    }
    ctx.check_reachable(news.iter().map(|new| &new.about.user), rows)?;
    ctx.check_welcome(news.iter().map(|new| &new.about.user), rows)?;
    if u64::from(room.members) + news.len() as u64 > u64::from(max_members) {
        return Err(ErrorKind::RoomFull(max_members).into());
    }
    Ok(news)
}

/// Lets people in, those who are not in already.
pub(in crate::store) fn admit(
    ctx: &Ctx,
    mut room: Room,
    users: Vec<Notice>,
    max_members: u32,
    rows: &mut Rows,
) -> Result<Outcome> {
    let news = newcomers(ctx, &room, users, max_members, rows)?;
    if news.is_empty() {
        return done(Vec::new());
    }
    let mut changes = Vec::with_capacity(news.len() * 2);
    for notice in news {
        let (pos, prev) = rows.next_pos(&mut room);
        let earlier = rows.members.get(&(ctx.id, notice.about.user.clone()));
        let member =
            begin_stay(ctx, earlier.map(|earlier| &**earlier), &notice.about.user, Role::Member, &room, pos);
        let is_muted = member.muted_until.is_some();
        rows.put_member(member.clone());
        rows.end_ban(ctx.id, &notice.about.user);
        rows.end_invitations(ctx.id, &notice.about.user);
        rows.end_join_request(ctx.id, &notice.about.user);
        // Who has just come may have to follow an owner who leaves.
        rows.more.profiles.insert(notice.about.user.clone(), notice.about.clone());
        room.members += 1;
        let what = What::Joined(Arc::new(room.clone()), notice.about.clone());
        changes.push(Change { pos, prev, what });
        changes.push(add_notice(ctx, &mut room, notice, rows));
        if is_muted {
            let role = member.role;
            changes.push(govern::give(member, role, &mut room, rows));
        }
    }
    rows.put_room(room);
    done(changes)
}

pub(super) fn part(ctx: &Ctx, notice: Notice, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    let target = notice.about.clone();
    let leaves_alone = ctx.by.as_ref() == Some(&target.user);
    if !leaves_alone {
        ctx.check_may(Verb::Remove, &room, rows)?;
    }
    let member = ctx.active_member(&target.user, rows).map_err(|error| {
        if leaves_alone { error } else { Error::invalid("userUuid", "is no participant of the room") }
    })?;
    if !leaves_alone {
        ctx.check_below(&member, rows)?;
    }
    let user = member.user.clone();
    let changes = take_out(ctx, &mut room, member, notice, rows);
    if !leaves_alone && let Some(change) = changes.first() {
        moderate::note(ctx, change, Act::Remove, Some(user), None, rows);
    }
    rows.put_room(room);
    done(changes)
}

/// Ends a stay, with all that follows from it. The room is the caller's to put back.
pub(in crate::store) fn take_out(
    ctx: &Ctx,
    room: &mut Room,
    mut member: Member,
    notice: Notice,
    rows: &mut Rows,
) -> Vec<Change> {
    let (pos, prev) = rows.next_pos(room);
    member.active = false;
    member.changed_pos = pos.at;
    rows.put_member(member.clone());
    room.members = room.members.saturating_sub(1);
    let what = What::Parted(Arc::new(room.clone()), notice.about.clone());
    let mut changes = vec![Change { pos, prev, what }];
    if room.active {
        changes.push(add_notice(ctx, room, notice, rows));
        if room.members == 0 || matches!(room.kind, RoomKind::Direct(_)) {
            changes.push(close_room(room, rows));
        }
    }
    if member.role == Role::Owner {
        changes.extend(govern::pass_on(room, rows));
    }
    changes
}

/// Whoever joins, or joins again, starts at the room's head: nothing before counts as unread. Nobody is heard
/// again, or sooner, by coming anew.
pub(super) fn begin_stay(
    ctx: &Ctx,
    earlier: Option<&Member>,
    user: &UserId,
    role: Role,
    room: &Room,
    pos: Pos,
) -> Member {
    let own_n = earlier.map_or(0, |member| member.own_n);
    Member {
        room: ctx.id,
        user: user.clone(),
        role,
        active: true,
        joined_at: ctx.at,
        joined_seq: room.seq,
        joined_pos: pos.at,
        changed_pos: pos.at,
        marks_pos: pos.at,
        marked_at: ctx.at,
        read_seq: room.seq,
        delivered_seq: room.seq,
        read_n: room.countable,
        read_own_n: own_n,
        own_n,
        muted_until: earlier.and_then(|member| member.muted_at(ctx.at)),
        slowed_at: earlier.and_then(|member| member.slowed_at),
        notify: earlier.and_then(|member| member.notify.clone()),
        hidden: earlier.map_or(0, |member| member.hidden),
    }
}
