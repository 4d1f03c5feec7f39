//! The rules by which the rows of another store are taken in. Pure, like those of rooms.
//!
//! Each can be done again and changes nothing then, so that an import which broke off is run once more from
//! its beginning. What is told of a row stays as it is; positions are the store's own and given anew.

use std::cmp::Ordering;
use std::sync::Arc;

use super::apply::{attach, close_room, done};
use super::govern::owner_of;
use super::thread;
use super::{BodyHash, Change, Held, KeptEdit, Outcome, ReactionKey, RoomRecord, Rows, Sent, What};
use crate::error::{Contradiction, ErrorKind, Result};
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, Body, Floor, Follow, Hidden, Invite, JoinRequest, Member, Message, MessageState, Pos,
    Report, Role, Room, RoomKind,
};

/// Decides on one row.
pub(super) fn import(record: RoomRecord, rows: &mut Rows) -> Result<Outcome> {
    match record {
        RoomRecord::Room(room) => import_room(room, rows),
        RoomRecord::Held(held) => import_held(held, rows),
        RoomRecord::JoinRequest(request) => import_join_request(request, rows),
        RoomRecord::Message(message, hash) => import_message(message, hash, rows),
        RoomRecord::Edit(state) => import_edit(state, rows),
        RoomRecord::Reaction(key, message) => import_reaction(key, message, rows),
        RoomRecord::Member(member) => import_member(member, rows),
        RoomRecord::Ban(ban) => import_ban(ban, rows),
        RoomRecord::Report(report) => import_report(report, rows),
        RoomRecord::Hidden(hidden) => import_hidden(hidden, rows),
        RoomRecord::Follow(follow) => import_follow(follow, rows),
        RoomRecord::Invite(invite) => import_invite(invite, rows),
        RoomRecord::Act(entry) => import_act(entry, rows),
    }
}

fn refused<T>(why: Contradiction) -> Result<T> {
    Err(ErrorKind::Contradiction(why).into())
}

fn standing(id: RoomId, rows: &Rows) -> Result<Room> {
    let room = rows.rooms.get(&id).filter(|room| !room.is_deleted());
    room.map(|room| Room::clone(room)).ok_or_else(|| ErrorKind::RoomNotFound(id).into())
}

fn imported(room: RoomId, at: (Pos, u64)) -> Result<Outcome> {
    all_imported(room, [at])
}

fn all_imported(room: RoomId, at: impl IntoIterator<Item = (Pos, u64)>) -> Result<Outcome> {
    let change = |(pos, prev)| Change { pos, prev, what: What::Imported(room) };
    done(at.into_iter().map(change).collect())
}

fn import_room(record: Room, rows: &mut Rows) -> Result<Outcome> {
    let Some(room) = rows.rooms.get(&record.id) else { return make_room(record, rows) };
    let mut room = Room::clone(room);
    if room.is_deleted() {
        return refused(Contradiction::Room { room: room.id });
    }
    if (&room.kind, room.created_at) != (&record.kind, record.created_at) {
        return refused(Contradiction::Room { room: room.id });
    }
    // A rename comes with a message, so the name of whoever has more of them is the later one, and so is what
    // else is said of the room. A closed room stays so: another
    // one may have its key.
    let said = |room: &Room| (room.name.clone(), room.permissions, room.about.clone(), room.slow_mode);
    let is_kept_otherwise = record.retention() != room.retention();
    let is_said_anew = record.seq > room.seq && (said(&record) != said(&room) || is_kept_otherwise);
    let closes = room.active && !record.active;
    // Nothing is there yet, and what comes begins above.
    let begins_above = room.seq < room.floor().seq && record.floor().seq > room.floor().seq;
    if !is_said_anew && !closes && !begins_above {
        return done(Vec::new());
    }
    if is_said_anew {
        (room.name, room.permissions, room.about, room.slow_mode) = said(&record);
        room.keep(|keeping| keeping.retention = record.retention());
    }
    if begins_above {
        begin_at_floor(&mut room, record.floor());
    }
    let change = if closes {
        let Change { pos, prev, .. } = close_room(&mut room, rows);
        (pos, prev)
    } else {
        let at = rows.next_pos(&mut room);
        room.changed_pos = at.0.at;
        at
    };
    let id = room.id;
    rows.put_room(room);
    imported(id, change)
}

/// Makes it empty: its messages and people come after it, and count themselves.
fn make_room(record: Room, rows: &mut Rows) -> Result<Outcome> {
    let key = record.kind.key().filter(|_| record.active);
    if let Some(other) = key.as_ref().and_then(|key| rows.more.keys.get(key)) {
        return refused(Contradiction::Key { room: record.id, other: *other });
    }
    let (seq, countable, members, last_message_at) = (0, 0, 0, None);
    let floor = record.floor();
    let mut room = Room {
        seq,
        countable,
        members,
        last_message_at,
        last_pos: 0,
        marks_pos: 0,
        threads_pos: 0,
        ..record
    };
    begin_at_floor(&mut room, floor);
    let at = rows.next_pos(&mut room);
    (room.created_pos, room.changed_pos) = (at.0.at, at.0.at);
    if let Some(key) = key {
        rows.more.keys.insert(key.clone(), room.id);
        rows.more.new_keys.insert(key, room.id);
    }
    let id = room.id;
    rows.put_room(room);
    imported(id, at)
}

/// Has its messages begin where the other store keeps them from. No position here has seen any below.
fn begin_at_floor(room: &mut Room, floor: Floor) {
    room.keep(|keeping| keeping.floor = Floor { pos: 0, oldest_at: None, ..floor });
    (room.seq, room.countable) = (floor.seq - 1, floor.n);
}

/// One that was sent since waits no more. As many as there were wait here too: those bounds are for what comes.
fn import_held(record: Held, rows: &mut Rows) -> Result<Outcome> {
    let room = standing(record.room, rows)?;
    let (id, sender) = (record.id, &record.sender.user);
    let contradiction = Contradiction::Held { room: room.id, id };
    if let Some(sent) = rows.message(room.id, id) {
        return if sent.sender.user == *sender { done(Vec::new()) } else { refused(contradiction) };
    }
    match rows.more.held.get(&id) {
        Some((there, by)) if (*there, by) == (room.id, sender) => return done(Vec::new()),
        Some(_) => return refused(contradiction),
        None => {}
    }
    let said_as = record.client_id.clone().map(|client| (room.id, sender.clone(), client));
    let is_another = said_as.is_some_and(|key| rows.more.held_as.contains_key(&key));
    let has_place = rows.more.places.contains_key(&id);
    if is_another || has_place || attach::is_taken(room.id, id, &record.attachments, rows) {
        return refused(contradiction);
    }
    attach::put_held(room.id, id, &record.attachments, rows);
    rows.put_held(record);
    done(Vec::new())
}

/// Whoever came in or was banned after it waits no more, and of two of one user the later one holds. Where the user is in
/// by a stay that began before it, that stay has ended there: their membership comes behind it and says so.
fn import_join_request(record: JoinRequest, rows: &mut Rows) -> Result<Outcome> {
    let room = standing(record.room, rows)?;
    let key = (room.id, record.user.clone());
    let is_anothers = rows.more.asked.get(&record.id).is_some_and(|there| *there != key);
    if is_anothers || matches!(room.kind, RoomKind::Direct(_)) {
        return refused(Contradiction::JoinRequest { room: room.id, id: record.id });
    }
    let moment = |request: &JoinRequest| (request.at, request.id);
    let came_in = rows.members.get(&key).is_some_and(|member| member.joined_at > record.at);
    let is_banned = rows.more.bans.get(&key).is_some_and(|ban| ban.at >= record.at);
    let is_later = |there: &JoinRequest| moment(there) >= moment(&record);
    if came_in || is_banned || rows.more.join_requests.get(&key).is_some_and(is_later) {
        return done(Vec::new());
    }
    rows.end_join_request(room.id, &record.user);
    rows.put_join_request(record);
    done(Vec::new())
}

fn import_message(mut message: Message, hash: Option<BodyHash>, rows: &mut Rows) -> Result<Outcome> {
    let mut room = standing(message.room, rows)?;
    let place = (message.room, message.seq);
    let contradiction = Contradiction::Message { room: message.room, seq: message.seq };
    let there = rows.more.places.get(&message.id);
    if (1..room.floor().seq).contains(&message.seq) {
        return done(Vec::new());
    }
    if message.seq <= room.seq {
        return if there == Some(&place) { done(Vec::new()) } else { refused(contradiction) };
    }
    let sender = message.sender.user.clone();
    let sent_as = message.client_id.clone().map(|client| (room.id, sender.clone(), client));
    if there.is_some() || sent_as.as_ref().is_some_and(|key| rows.sent.contains_key(key)) {
        return refused(contradiction);
    }
    if attach::is_taken(room.id, message.id, &message.attachments, rows) {
        return refused(contradiction);
    }
    let is_its = |(there, by): &(RoomId, UserId)| (*there, by) == (room.id, &sender);
    if rows.more.held.get(&message.id).is_some_and(|there| !is_its(there)) {
        return refused(contradiction);
    }
    if message.seq - 1 != room.seq {
        return refused(Contradiction::Gap { room: room.id, seq: message.seq, there: room.seq });
    }
    // A root counts its replies as they come.
    if message.references.summary().is_some() {
        message.references.thread = None;
    }
    if let Some(reply) = message.references.reply() {
        let root = rows.message(room.id, reply.root).filter(|root| root.seq == reply.seq);
        if root.is_none_or(|root| root.references.reply().is_some()) {
            return refused(contradiction);
        }
    }
    let countable = room.countable + u64::from(message.is_countable());
    if message.n != countable || message.own_n > countable || hash.is_some() != message.client_id.is_some() {
        return refused(Contradiction::Counts { room: room.id, seq: message.seq });
    }
    let at = rows.next_pos(&mut room);
    (room.seq, room.countable, room.last_message_at) = (message.seq, countable, Some(message.created_at));
    message.pos = at.0.at;
    let MessageState { edited_at, pinned, .. } = message.state;
    let is_changed = edited_at.is_some() || pinned.is_some();
    message.state = MessageState { edited_at, pinned, ..MessageState::default() };
    let message = Arc::new(message);
    if is_changed {
        rows.put_message(message.clone());
    }
    // It waits no more.
    rows.end_held(message.id);
    attach::put_sent(message.room, message.id, &message.attachments, rows);
    rows.more.places.insert(message.id, place);
    if let (Some(key), Some(hash)) = (sent_as, hash) {
        rows.sent.insert(key, Sent { message: message.clone(), hash });
    }
    // Whoever is in already, after an earlier import, counts their own as in a send.
    if let Some(member) = rows.members.get(&(room.id, sender)).filter(|member| member.own_n < message.own_n) {
        rows.put_member(Member { own_n: message.own_n, ..Member::clone(member) });
    }
    rows.new_messages.push((message.clone(), hash));
    let counted = thread::count_in(&mut room, &message, None, rows);
    let id = room.id;
    rows.put_room(room);
    all_imported(id, std::iter::once(at).chain(counted.map(|counted| (counted.pos, counted.prev))))
}

/// As an edit keeps it: the position that changed the message last is its version, and another one comes after it.
fn import_edit(state: KeptEdit, rows: &mut Rows) -> Result<Outcome> {
    let KeptEdit { room, seq, message, edited_at, n, mut edit } = state;
    let mut room = standing(room, rows)?;
    if (1..room.floor().seq).contains(&seq) {
        return done(Vec::new());
    }
    let Some(message) = rows.message(room.id, message).filter(|message| message.seq == seq) else {
        return refused(Contradiction::Message { room: room.id, seq });
    };
    // It says something else by now, and what is kept of it goes with that.
    if message.body.is_deleted() || message.state.edited_at != Some(edited_at) {
        return done(Vec::new());
    }
    let there = rows.more.edited.get(&(room.id, seq)).copied().unwrap_or(0);
    if (1..=there).contains(&n) {
        return done(Vec::new());
    }
    let fits = match &message.body {
        Body::Text(_) => edit.content.is_some(),
        Body::Image { .. } => true,
        Body::System { .. } | Body::Deleted(_) => false,
    };
    if n != there + 1 || !fits {
        return refused(Contradiction::Edit { room: room.id, seq, n, there });
    }
    let at = rows.next_pos(&mut room);
    edit.version = message.state.changed_pos;
    rows.more.new_edits.push((room.id, seq, edit));
    rows.more.edited.insert((room.id, seq), n);
    let mut message = Message::clone(&message);
    message.state.changed_pos = at.0.at;
    rows.put_message(Arc::new(message));
    let id = room.id;
    rows.put_room(room);
    imported(id, at)
}

fn import_reaction(key: ReactionKey, id: MessageId, rows: &mut Rows) -> Result<Outcome> {
    let mut room = standing(key.room, rows)?;
    if (1..room.floor().seq).contains(&key.seq) {
        return done(Vec::new());
    }
    let found = rows.message(room.id, id).filter(|message| message.seq == key.seq);
    let Some(message) = found else {
        return refused(Contradiction::Message { room: room.id, seq: key.seq });
    };
    // One that was deleted here bears none any more.
    if rows.more.reactions.contains(&key) || message.body.is_deleted() {
        return done(Vec::new());
    }
    let at = rows.next_pos(&mut room);
    let mut message = Message::clone(&message);
    message.state.reactions.add(&key.reaction);
    message.state.changed_pos = at.0.at;
    rows.put_message(Arc::new(message));
    rows.put_reaction(key, true);
    let id = room.id;
    rows.put_room(room);
    imported(id, at)
}

fn import_member(record: Member, rows: &mut Rows) -> Result<Outcome> {
    let room = standing(record.room, rows)?;
    let marks = [record.read_seq, record.delivered_seq, room.seq];
    let counts = [record.read_own_n, record.own_n, room.countable];
    let fits = marks.is_sorted() && counts.is_sorted();
    if !fits || record.joined_seq > room.seq || record.read_n > room.countable {
        return refused(Contradiction::Marks { room: room.id, user: record.user });
    }
    let key = (room.id, record.user.clone());
    let outcome = take_stay(room, record, rows)?;
    // Who is in, or came in since they asked, waits no more.
    let waits = |asked: &JoinRequest| {
        rows.members.get(&key).is_some_and(|member| !member.active && member.joined_at <= asked.at)
    };
    if rows.more.join_requests.get(&key).is_some_and(|asked| !waits(asked)) {
        rows.end_join_request(key.0, &key.1);
    }
    Ok(outcome)
}

fn take_stay(room: Room, record: Member, rows: &mut Rows) -> Result<Outcome> {
    let Some(there) = rows.members.get(&(room.id, record.user.clone())) else {
        return begin_stay(room, None, record, rows);
    };
    let there = Member::clone(there);
    let began = |member: &Member| (member.joined_seq, member.joined_at);
    match began(&record).cmp(&began(&there)) {
        Ordering::Greater => begin_stay(room, Some(there), record, rows),
        Ordering::Equal => merge_stay(room, there, record, rows),
        // Another stay has begun here since.
        Ordering::Less => done(Vec::new()),
    }
}

fn begin_stay(mut room: Room, earlier: Option<Member>, record: Member, rows: &mut Rows) -> Result<Outcome> {
    let deposed = depose(&mut room, &record, rows);
    let at = rows.next_pos(&mut room);
    let was_active = earlier.as_ref().is_some_and(|member| member.active);
    let own_n = earlier.as_ref().map_or(0, |member| member.own_n).max(record.own_n);
    // What they have hidden comes behind it, and counts itself.
    let hidden = earlier.map_or(0, |member| member.hidden);
    count_member(&mut room, was_active, record.active);
    let (joined_pos, changed_pos, marks_pos) = (at.0.at, at.0.at, at.0.at);
    // Whoever has come in since has answered; what they were sent after that comes behind it.
    rows.end_invitations(room.id, &record.user);
    rows.put_member(Member { joined_pos, changed_pos, marks_pos, own_n, hidden, ..record });
    let id = room.id;
    rows.put_room(room);
    all_imported(id, deposed.into_iter().chain([at]))
}

/// Whoever is taken in as a room's owner is its only one: who owned it here is an admin then, as when the
/// room is given away.
fn depose(room: &mut Room, record: &Member, rows: &mut Rows) -> Option<(Pos, u64)> {
    let owner = owner_of(room.id, rows).filter(|owner| owner.user != record.user)?;
    if !record.active || record.role != Role::Owner {
        return None;
    }
    let at = rows.next_pos(room);
    rows.put_member(Member { role: Role::Admin, changed_pos: at.0.at, ..owner });
    Some(at)
}

/// The same stay: its marks and counts only grow, it may have ended, and its role and its mute are others by now.
fn merge_stay(mut room: Room, there: Member, record: Member, rows: &mut Rows) -> Result<Outcome> {
    let mut member = there.clone();
    let ended = there.active && !record.active;
    let has_other_role = there.active && record.role != there.role;
    let deposed = if has_other_role { depose(&mut room, &record, rows) } else { None };
    let is_heard_otherwise = there.active && record.muted_until != there.muted_until;
    let at = (ended || has_other_role || is_heard_otherwise).then(|| rows.next_pos(&mut room));
    if let Some((pos, _)) = at {
        (member.role, member.muted_until, member.changed_pos) = (record.role, record.muted_until, pos.at);
    }
    if ended {
        member.active = false;
        count_member(&mut room, true, false);
    }
    member.own_n = there.own_n.max(record.own_n);
    if record.read_seq > there.read_seq {
        (member.read_seq, member.read_n, member.read_own_n) =
            (record.read_seq, record.read_n, record.read_own_n);
    }
    member.delivered_seq = there.delivered_seq.max(record.delivered_seq);
    if (member.read_seq, member.delivered_seq) != (there.read_seq, there.delivered_seq) {
        member.marked_at = there.marked_at.max(record.marked_at);
        member.marks_pos = rows.position.of_room(room.id);
        room.marks_pos = member.marks_pos;
    }
    if member == there {
        return done(Vec::new());
    }
    rows.put_member(member);
    let id = room.id;
    rows.put_room(room);
    all_imported(id, deposed.into_iter().chain(at))
}

/// Of two, the later one holds. Nobody is told, as in a ban. Who has asked to come in once it was over waits on.
fn import_ban(ban: Ban, rows: &mut Rows) -> Result<Outcome> {
    standing(ban.room, rows)?;
    let key = (ban.room, ban.user.clone());
    if rows.more.bans.get(&key).is_none_or(|there| there.at < ban.at) {
        if rows.more.join_requests.get(&key).is_some_and(|asked| asked.at <= ban.at) {
            rows.end_join_request(key.0, &key.1);
        }
        rows.put_ban(ban);
    }
    done(Vec::new())
}

/// One user reports a message once: of two the one that is there stays, and what came of it is known from either.
fn import_report(report: Report, rows: &mut Rows) -> Result<Outcome> {
    standing(report.room, rows)?;
    let key = |one: &Report| (one.room, one.message, one.by.clone());
    let there = rows.more.reports.values().find(|there| key(there) == key(&report)).cloned();
    match there {
        None => rows.put_report(report),
        Some(there) if there.resolution.is_none() && report.resolution.is_some() => {
            rows.put_report(Report { resolution: report.resolution, ..there });
        }
        Some(_) => {}
    }
    done(Vec::new())
}

fn import_hidden(record: Hidden, rows: &mut Rows) -> Result<Outcome> {
    let mut room = standing(record.room, rows)?;
    if rows.message(room.id, record.message).is_none_or(|message| message.seq != record.seq) {
        return refused(Contradiction::Message { room: room.id, seq: record.seq });
    }
    let is_hidden = rows.more.hidden.contains(&(room.id, record.user.clone(), record.seq));
    let member = rows.members.get(&(room.id, record.user.clone())).filter(|_| !is_hidden);
    let Some(mut member) = member.map(|member| Member::clone(member)) else { return done(Vec::new()) };
    let at = rows.next_pos(&mut room);
    member.hidden += 1;
    rows.put_member(member);
    rows.put_hidden(Hidden { pos: at.0.at, ..record });
    let id = room.id;
    rows.put_room(room);
    imported(id, at)
}

/// The later choice holds, and of one choice the mark only grows.
fn import_follow(record: Follow, rows: &mut Rows) -> Result<Outcome> {
    let mut room = standing(record.room, rows)?;
    let root = rows.message(room.id, record.root);
    if root.is_none_or(|root| root.seq != record.root_seq || root.references.reply().is_some()) {
        return refused(Contradiction::Message { room: room.id, seq: record.root_seq });
    }
    if record.read_seq > room.seq {
        return refused(Contradiction::Marks { room: room.id, user: record.user });
    }
    let there = rows.more.follows.get(&(room.id, record.root_seq, record.user.clone()));
    let reads = |follow: &Follow| (follow.since, follow.read_seq);
    if there.is_some_and(|there| reads(there) >= reads(&record)) {
        return done(Vec::new());
    }
    let at = rows.next_pos(&mut room);
    room.threads_pos = at.0.at;
    rows.put_follow(Follow { pos: at.0.at, ..record });
    let id = room.id;
    rows.put_room(room);
    imported(id, at)
}

/// A link that is there has been used as often as either says. Of two invitations of one person the later one holds,
/// and who is in the room is invited no more.
fn import_invite(record: Invite, rows: &mut Rows) -> Result<Outcome> {
    let room = standing(record.room, rows)?;
    if matches!(room.kind, RoomKind::Direct(_)) {
        return refused(Contradiction::Invite { room: room.id });
    }
    if let Some(there) = rows.more.invites.get(&record.code) {
        let uses = there.uses.max(record.uses);
        if (Invite { uses, ..there.clone() }) != (Invite { uses, ..record.clone() }) {
            return refused(Contradiction::Invite { room: room.id });
        }
        if uses > there.uses {
            rows.put_invite(record);
        }
        return done(Vec::new());
    }
    if let Some(user) = &record.user {
        let is_in = rows.members.get(&(room.id, user.clone())).is_some_and(|member| member.active);
        let is_later = |link: &Invite| {
            (link.room, link.user.as_ref()) == (room.id, Some(user)) && link.created_at > record.created_at
        };
        if is_in || rows.more.invites.values().any(is_later) {
            return done(Vec::new());
        }
        rows.end_invitations(room.id, user);
    }
    rows.put_invite(record);
    done(Vec::new())
}

/// It stands behind those that are there.
fn import_act(record: AuditEntry, rows: &mut Rows) -> Result<Outcome> {
    let mut room = standing(record.room, rows)?;
    let is_it = |there: &AuditEntry| AuditEntry { pos: record.pos, ..there.clone() } == record;
    if rows.more.acts.iter().chain(&rows.more.new_acts).any(is_it) {
        return done(Vec::new());
    }
    let at = rows.next_pos(&mut room);
    rows.more.new_acts.push(AuditEntry { pos: at.0.at, ..record });
    let id = room.id;
    rows.put_room(room);
    imported(id, at)
}

fn count_member(room: &mut Room, was_active: bool, is_active: bool) {
    room.members = room.members.saturating_sub(u32::from(was_active)).saturating_add(u32::from(is_active));
}
