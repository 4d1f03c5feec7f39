//! The rules of who governs a room: roles, what takes which, and who owns it. Pure, like those of [`apply`].
//!
//! A room that has an owner has one for as long as anybody is in it: who gives it away is an admin from then
//! on, and when the owner leaves, somebody follows in the same transaction. DIRECT rooms know nothing of it.
//!
//! [`apply`]: super::apply()

use std::sync::Arc;

use super::apply::{Ctx, add_notice, change_room, done};
use super::moderate;
use super::{Change, Outcome, Rows, Update, What};
use crate::error::{Error, ErrorKind, Result};
use crate::id::RoomId;
use crate::model::{Act, MAX_SLOW_MODE, Member, Profile, Role, Room, RoomKind, Verb};

/// Why it may not be done, where it takes this role at least.
pub(super) fn refusal(least: Role) -> &'static str {
    match least {
        Role::Owner => "only the room's owner may do this",
        Role::Admin => "only the room's owner and admins may do this",
        Role::Member | Role::ReadOnly => "you may only read in this room",
    }
}

pub(super) fn forbidden<T>(reason: &'static str) -> Result<T> {
    Err(ErrorKind::Forbidden(reason.into()).into())
}

impl Ctx {
    /// Nobody does anything to whoever has as great a role as themselves; the host to everybody.
    pub(super) fn check_below(&self, target: &Member, rows: &Rows) -> Result<()> {
        let Some(by) = &self.by else { return Ok(()) };
        if target.role < self.active_member(by, rows)?.role {
            return Ok(());
        }
        forbidden("this takes a greater role than theirs")
    }
}

/// Gives a member another role.
pub(super) fn set_role(ctx: &Ctx, about: Profile, role: Role, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    if matches!(room.kind, RoomKind::Direct(_)) {
        return forbidden("the two of a direct room are equals");
    }
    ctx.check_may(Verb::SetRole, &room, rows)?;
    ctx.check_open(&room)?;
    let no_participant = |_| Error::invalid("userUuid", "is no participant of the room");
    let member = ctx.active_member(&about.user, rows).map_err(no_participant)?;
    if let Some(by) = &ctx.by {
        let own = ctx.active_member(by, rows)?.role;
        if role > own {
            return forbidden("nobody can be given a greater role than your own");
        }
        // Whoever is an admin may be one no more.
        let steps_down = *by == member.user && role < own;
        if !steps_down && role != member.role {
            ctx.check_below(&member, rows)?;
        }
    }
    if role == member.role {
        return done(Vec::new());
    }
    if member.role == Role::Owner {
        return forbidden("give the room to somebody else instead");
    }
    let mut changes = Vec::new();
    if role == Role::Owner
        && let Some(owner) = owner_of(room.id, rows)
    {
        changes.push(give(owner, Role::Admin, &mut room, rows));
    }
    let user = about.user.clone();
    rows.more.profiles.insert(user.clone(), about);
    let change = give(member, role, &mut room, rows);
    moderate::note(ctx, &change, Act::SetRole(role), Some(user), None, rows);
    changes.push(change);
    rows.put_room(room);
    done(changes)
}

/// The owner of a room has left it: whoever is first of the others follows, if anybody is there.
pub(super) fn pass_on(room: &mut Room, rows: &mut Rows) -> Option<Change> {
    if matches!(room.kind, RoomKind::Direct(_)) {
        return None;
    }
    let members = rows.members.values().filter(|member| member.room == room.id && member.active);
    let heir = members.min_by(|one, other| one.seniority().cmp(&other.seniority()))?;
    let heir = Member::clone(heir);
    Some(give(heir, Role::Owner, room, rows))
}

/// The owner of a room, among those who are loaded: whoever names one needs [`heirs`](super::Needs::heirs).
pub(super) fn owner_of(room: RoomId, rows: &Rows) -> Option<Member> {
    let is_owner = |member: &&Arc<Member>| member.room == room && member.active && member.role == Role::Owner;
    rows.members.values().find(is_owner).map(|owner| Member::clone(owner))
}

/// Gives a member a role, and tells of how they stand then. Nobody could let an owner speak again.
pub(super) fn give(mut member: Member, role: Role, room: &mut Room, rows: &mut Rows) -> Change {
    let (pos, prev) = rows.next_pos(room);
    (member.role, member.changed_pos) = (role, pos.at);
    let muted_until = member.muted_until.filter(|_| role != Role::Owner);
    member.muted_until = muted_until;
    let profile = rows.more.profiles.get(&member.user).cloned();
    let profile = profile.unwrap_or_else(|| Profile::unknown(member.user.clone()));
    rows.put_member(member);
    Change { pos, prev, what: What::Role(Arc::new(room.clone()), profile, role, muted_until) }
}

/// Changes what is said of a room: each thing that is another one takes what it takes.
pub(super) fn update(ctx: &Ctx, update: Update, rows: &mut Rows) -> Result<Outcome> {
    let Update { name, topic, picture, permissions, visibility, custom, slow_mode, retention } = update;
    let before = ctx.room(rows)?;
    let mut room = before.clone();
    if name.is_some() || topic.is_some() || picture.is_some() || custom.is_some() {
        ctx.check_may(Verb::Rename, &before, rows)?;
    }
    let taken = [
        (!permissions.is_empty(), Verb::SetPermissions),
        (visibility.is_some(), Verb::SetVisibility),
        (slow_mode.is_some(), Verb::Moderate),
    ];
    for (_, verb) in taken.into_iter().filter(|(is_asked, _)| *is_asked) {
        ctx.check_may(verb, &before, rows)?;
        if matches!(room.kind, RoomKind::Direct(_)) {
            return forbidden("the two of a direct room are equals, and by themselves");
        }
    }
    if let Some(retention) = retention {
        ctx.check_may(Verb::SetRetention, &before, rows)?;
        room.keep(|keeping| keeping.retention = retention);
    }
    ctx.check_open(&before)?;
    for (verb, least) in permissions {
        if !room.permissions.set(verb, least) {
            return Err(Error::invalid("permissions", "names what cannot be given"));
        }
    }
    if let Some(seconds) = slow_mode {
        if seconds > MAX_SLOW_MODE {
            return Err(Error::invalid("slowMode", format!("must be at most {MAX_SLOW_MODE} seconds")));
        }
        room.slow_mode = seconds;
    }
    if let Some(topic) = topic {
        room.about.topic = topic;
    }
    if let Some(picture) = picture {
        room.about.picture = picture;
    }
    if let Some(visibility) = visibility {
        room.about.visibility = visibility;
    }
    if let Some(custom) = custom {
        room.about.custom = custom;
    }
    let mut notice = None;
    if let Some((name, words)) = name
        && room.name != name
    {
        room.name = name;
        notice = Some(words);
    }
    if room == before {
        return done(Vec::new());
    }
    let mut changes = vec![change_room(&mut room, rows)];
    let named = (room.name != before.name).then_some(Act::Rename);
    let about = (room.about.topic != before.about.topic).then_some(Act::SetTopic);
    let pictured = (room.about.picture != before.about.picture).then_some(Act::SetPicture);
    // The app's own business, where it is the app that does it, and perhaps each minute.
    let is_act = ctx.by.is_some() && room.about.custom != before.about.custom;
    let kept_with = is_act.then_some(Act::SetCustom);
    let slowed = (room.slow_mode != before.slow_mode).then_some(Act::SlowMode(room.slow_mode));
    let kept = (room.retention() != before.retention()).then(|| Act::SetRetention(room.retention()));
    let shown = (room.about.visibility != before.about.visibility)
        .then_some(Act::SetVisibility(room.about.visibility));
    let allowed = (room.permissions != before.permissions).then_some(Act::SetPermissions);
    let acts = [named, about, pictured, kept_with, slowed, kept, shown, allowed];
    for (nth, act) in acts.into_iter().flatten().enumerate() {
        // A position stands in the trail once.
        if nth > 0 {
            changes.push(moderate::untold(&mut room, rows));
        }
        moderate::note(ctx, &changes[nth], act, None, None, rows);
    }
    changes.extend(notice.map(|notice| add_notice(ctx, &mut room, notice, rows)));
    rows.put_room(room);
    done(changes)
}

/// Opens a closed room again.
pub(super) fn reopen(ctx: &Ctx, kind: &RoomKind, rows: &mut Rows) -> Result<Outcome> {
    let mut room = ctx.room(rows)?;
    if room.kind != *kind {
        return Err(Error::invalid("type", "is not the room's"));
    }
    ctx.check_may(Verb::Reopen, &room, rows)?;
    if room.active {
        return done(Vec::new());
    }
    match (&room.kind, room.members) {
        (RoomKind::Direct(_), 0 | 1) => return forbidden("one of the two has left it"),
        (_, 0) => return forbidden("nobody is in it any more"),
        _ => {}
    }
    if let Some(key) = room.kind.key() {
        match (rows.more.keys.get(&key), &room.kind) {
            (Some(other), RoomKind::Challenge(_)) => {
                return Err(ErrorKind::ChallengeRoomExists(*other).into());
            }
            (Some(_), _) => return forbidden("the two have another room by now"),
            (None, _) => {}
        }
        rows.more.keys.insert(key.clone(), room.id);
        rows.more.new_keys.insert(key, room.id);
    }
    room.active = true;
    let change = change_room(&mut room, rows);
    moderate::note(ctx, &change, Act::ReopenRoom, None, None, rows);
    rows.put_room(room);
    done(vec![change])
}
