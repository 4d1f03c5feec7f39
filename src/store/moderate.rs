//! The rules of who keeps a room in order: mutes, bans, slow mode. Pure, like those of rooms.
//!
//! Each act takes a position, at which it stands in the room's audit trail. Of a ban nobody is told: who is in the room
//! learns of it by being taken out, and who is not when they come.

use std::time::Duration;

use super::apply::{Ctx, done, take_out};
use super::govern::{forbidden, give};
use super::{Change, Notice, Outcome, Rows, What};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::id::UserId;
use crate::model::{Act, AuditEntry, Ban, Member, Profile, Role, Room, RoomKind, Verb};

impl Ctx {
    /// Nobody who is muted says anything. The host is bound by no mute, in whosever name it speaks.
    pub(super) fn check_unmuted(&self, member: &Member) -> Result<()> {
        match member.muted_at(self.at) {
            Some(until) if self.by.is_some() => Err(ErrorKind::Muted(until).into()),
            _ => Ok(()),
        }
    }

    /// The same, of whoever asks.
    pub(super) fn check_heard(&self, rows: &Rows) -> Result<()> {
        match &self.by {
            Some(by) => self.check_unmuted(&self.active_member(by, rows)?),
            None => Ok(()),
        }
    }

    /// In a slow room a member waits between two messages. Those who look after it do not.
    pub(super) fn check_pace(&self, room: &Room, member: &Member) -> Result<()> {
        let Some(last) = member.slowed_at.filter(|_| room.slow_mode > 0 && member.role < Role::Admin) else {
            return Ok(());
        };
        let next = last.plus(Duration::from_secs(room.slow_mode.into()));
        let left = u64::try_from(next.as_millis() - self.at.as_millis()).unwrap_or_default();
        if left == 0 { Ok(()) } else { Err(ErrorKind::RateLimited(Duration::from_millis(left)).into()) }
    }

    pub(super) fn check_welcome<'a>(
        &self,
        users: impl IntoIterator<Item = &'a UserId>,
        rows: &Rows,
    ) -> Result<()> {
        let ban =
            |user: &UserId| rows.more.bans.get(&(self.id, user.clone())).filter(|ban| ban.holds(self.at));
        match users.into_iter().find_map(ban) {
            Some(ban) => Err(ErrorKind::Banned { user: ban.user.clone(), until: ban.until }.into()),
            None => Ok(()),
        }
    }
}

/// Mutes a member, or lets them speak again.
pub(super) fn mute(
    ctx: &Ctx,
    about: Profile,
    until: Option<Timestamp>,
    reason: Option<String>,
    rows: &mut Rows,
) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    ctx.check_may(Verb::Moderate, &room, rows)?;
    ctx.check_open(&room)?;
    let no_participant = |_| Error::invalid("userUuid", "is no participant of the room");
    let member = ctx.active_member(&about.user, rows).map_err(no_participant)?;
    ctx.check_below(&member, rows)?;
    if member.muted_until == until {
        return done(Vec::new());
    }
    rows.more.profiles.insert(about.user.clone(), about);
    let (role, user) = (member.role, member.user.clone());
    let change = give(Member { muted_until: until, ..member }, role, &mut room, rows);
    note(ctx, &change, until.map_or(Act::Unmute, Act::Mute), Some(user), reason, rows);
    rows.put_room(room);
    done(vec![change])
}

/// Notes what was done at a change.
pub(super) fn note(
    ctx: &Ctx,
    change: &Change,
    act: Act,
    user: Option<UserId>,
    reason: Option<String>,
    rows: &mut Rows,
) {
    let (room, pos, at, by) = (ctx.id, change.pos.at, ctx.at, ctx.by.clone());
    rows.more.new_acts.push(AuditEntry { room, pos, at, by, act, user, reason });
}

/// A change that nobody is told of.
pub(super) fn untold(room: &mut Room, rows: &mut Rows) -> Change {
    let (pos, prev) = rows.next_pos(room);
    Change { pos, prev, what: What::Untold(room.id) }
}

/// Keeps somebody out, whether they are in or not.
pub(super) fn ban(ctx: &Ctx, ban: Ban, notice: Notice, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    if ban.room != room.id || ban.user != notice.about.user {
        return Err(Error::invalid("userUuid", "is not the ban's"));
    }
    if matches!(room.kind, RoomKind::Direct(_)) {
        return forbidden("the two of a direct room are equals");
    }
    ctx.check_may(Verb::Moderate, &room, rows)?;
    if ctx.by.as_ref() == Some(&ban.user) {
        return Err(Error::invalid("userUuid", "is the caller's own: leave instead"));
    }
    let member = ctx.active_member(&ban.user, rows).ok();
    if let Some(member) = &member {
        ctx.check_below(member, rows)?;
    }
    let (act, user, reason) = (Act::Ban(ban.until), ban.user.clone(), ban.reason.clone());
    // Whoever is banned waits to come in no more.
    rows.end_join_request(room.id, &ban.user);
    rows.put_ban(ban);
    let changes = match member {
        Some(member) => take_out(ctx, &mut room, member, notice, rows),
        None => vec![untold(&mut room, rows)],
    };
    note(ctx, &changes[0], act, Some(user), reason, rows);
    rows.put_room(room);
    done(changes)
}

/// Lets somebody come back.
pub(super) fn unban(ctx: &Ctx, user: &UserId, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    ctx.check_may(Verb::Moderate, &room, rows)?;
    if !rows.more.bans.contains_key(&(room.id, user.clone())) {
        return done(Vec::new());
    }
    rows.end_ban(room.id, user);
    let change = untold(&mut room, rows);
    note(ctx, &change, Act::Unban, Some(user.clone()), None, rows);
    rows.put_room(room);
    done(vec![change])
}
