//! Rows as they are moved, page by page.

use std::ops::Bound;

use super::state::{Person, RoomData, State, beyond};
use crate::id::UserId;
use crate::model::{Edit, Hidden, Member, Reaction, Report, Room};
use crate::store::{KeptEdit, Queue, ReactionKey, Record, RecordPage, RoomRecord};

pub(super) fn records(state: &State, page: RecordPage, limit: u32) -> Vec<Record> {
    let limit = limit as usize;
    match page {
        RecordPage::Profiles { after } => {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let users = state.people.range((from, Bound::Unbounded)).map(|(user, _)| user);
            users.filter_map(|user| profile(state, user)).take(limit).collect()
        }
        RecordPage::ProfilesIn { room, after } => {
            let members = state.rooms.get(&room).into_iter();
            let members = members.flat_map(|data| beyond(&data.members, after.as_ref()));
            members.filter_map(|member| profile(state, &member.user)).take(limit).collect()
        }
        RecordPage::ProfileOf(user) => profile(state, &user).into_iter().collect(),
        RecordPage::MessagesBy { room, user, after } => {
            let Some(data) = state.rooms.get(&room) else { return Vec::new() };
            let own = data.own.get(&user).map(Vec::as_slice).unwrap_or_default();
            let own = own[own.partition_point(|seq| *seq <= after)..].iter().filter_map(|seq| data.at(*seq));
            let record = |message| RoomRecord::Message(state.shown(message), data.hash_of(message));
            own.take(limit).map(|message| Record::Room(record(message))).collect()
        }
        RecordPage::ReactionsBy { room, user, after } => {
            let Some(data) = state.rooms.get(&room) else { return Vec::new() };
            let from = after.as_ref().map_or(0, |(seq, _)| *seq);
            let on = data.reactions.range(from..).flat_map(|(seq, on)| on.iter().map(move |one| (*seq, one)));
            let own =
                on.filter(|(_, (_, by))| *by == user).map(|(seq, (reaction, _))| (seq, reaction.clone()));
            let beyond = own.filter(|one| after.as_ref().is_none_or(|after| one > after)).take(limit);
            let record = |(seq, reaction): (u64, Reaction)| {
                let key = ReactionKey { room, seq, reaction, user: user.clone() };
                Some(Record::Room(RoomRecord::Reaction(key, data.at(seq)?.id)))
            };
            beyond.filter_map(record).collect()
        }
        RecordPage::BansOf { user, after } => {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let rooms = state.rooms.range((from, Bound::Unbounded));
            let bans = rooms.filter_map(|(_, data)| data.bans.get(&user)).take(limit);
            bans.map(|ban| Record::Room(RoomRecord::Ban(ban.clone()))).collect()
        }
        RecordPage::Relations { after } => {
            let (from, other) = after.map_or((Bound::Unbounded, None), |(user, other)| {
                (Bound::Included(user.clone()), Some((user, other)))
            });
            let sides = state.relations.range((from, Bound::Unbounded));
            let found = sides.flat_map(|(user, side)| {
                let after = other.as_ref().filter(|(of, _)| of == user).map(|(_, other)| other);
                beyond(side, after)
            });
            found.take(limit).map(|relation| Record::Relation(relation.clone())).collect()
        }
        RecordPage::Settings { after } => {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let settled = state.settings.range((from, Bound::Unbounded)).take(limit);
            settled.map(|(user, settings)| Record::Settings(user.clone(), *settings)).collect()
        }
        RecordPage::DoNotDisturb { after } => {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let people = state.people.range((from, Bound::Unbounded));
            let quiet = people.filter_map(|(user, person)| Some((user.clone(), person.do_not_disturb?)));
            quiet.take(limit).map(|(user, quiet)| Record::DoNotDisturb(user, quiet)).collect()
        }
        RecordPage::Rooms { after } => {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let rooms = state.rooms.range((from, Bound::Unbounded)).take(limit);
            rooms.map(|(_, data)| room(data)).collect()
        }
        RecordPage::Room(id) => state.rooms.get(&id).map(room).into_iter().collect(),
        RecordPage::Held { room, after } => {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let beyond = state.held.range((from, Bound::Unbounded)).map(|(_, held)| held);
            let held = beyond.filter(|held| held.room == room).take(limit);
            held.map(|held| Record::Room(RoomRecord::Held(state.waiting(held)))).collect()
        }
        RecordPage::JoinRequests { room, after } => {
            let queue = Queue::Room(room);
            let requests = state.joins(&queue, after).take(limit);
            requests.map(|request| Record::Room(RoomRecord::JoinRequest(request.clone()))).collect()
        }
        RecordPage::Messages { room, after } => {
            let Some(data) = state.rooms.get(&room) else { return Vec::new() };
            let beyond = data.range(&(after.saturating_add(1)..=u64::MAX)).iter().take(limit);
            let record = |message| RoomRecord::Message(state.shown(message), data.hash_of(message));
            beyond.map(|message| Record::Room(record(message))).collect()
        }
        RecordPage::Edits { room, seq, after } => {
            let found = state.rooms.get(&room).and_then(|data| data.edits.get(&seq).zip(data.at(seq)));
            let Some((edits, message)) = found else { return Vec::new() };
            let Some(edited_at) = message.state.edited_at else { return Vec::new() };
            let beyond = (1..).zip(edits).filter(|(_, edit)| after.is_none_or(|after| edit.version > after));
            let record = |(n, edit): (u64, &Edit)| {
                let (message, edit) = (message.id, edit.clone());
                Record::Room(RoomRecord::Edit(KeptEdit { room, seq, message, edited_at, n, edit }))
            };
            beyond.take(limit).map(record).collect()
        }
        RecordPage::Reactions { room, after } => {
            let Some(data) = state.rooms.get(&room) else { return Vec::new() };
            let from = after.as_ref().map_or(0, |(seq, ..)| *seq);
            let reactions = data.reactions.range(from..).flat_map(|(seq, on)| {
                let after = after.as_ref().filter(|(of, ..)| of == seq);
                let after = after.map(|(_, reaction, user)| (reaction.clone(), user.clone()));
                let from = after.map_or(Bound::Unbounded, Bound::Excluded);
                on.range((from, Bound::Unbounded)).map(move |(reaction, user)| (*seq, reaction, user))
            });
            let record = |(seq, reaction, user): (u64, &Reaction, &UserId)| {
                let (reaction, user) = (reaction.clone(), user.clone());
                let message = data.at(seq)?.id;
                Some(RoomRecord::Reaction(ReactionKey { room, seq, reaction, user }, message))
            };
            reactions.take(limit).filter_map(record).map(Record::Room).collect()
        }
        RecordPage::Members { room, after } => {
            let Some(data) = state.rooms.get(&room) else { return Vec::new() };
            let members = beyond(&data.members, after.as_ref()).take(limit);
            members.map(|member| Record::Room(RoomRecord::Member(Member::clone(member)))).collect()
        }
        RecordPage::Bans { room, after } => {
            let Some(data) = state.rooms.get(&room) else { return Vec::new() };
            let bans = beyond(&data.bans, after.as_ref()).take(limit);
            bans.map(|ban| Record::Room(RoomRecord::Ban(ban.clone()))).collect()
        }
        RecordPage::Reports { room, after } => {
            let key = |report: &Report| (report.message, report.by.clone());
            let of_room = state.reports.values().filter(|report| report.room == room);
            let beyond = of_room.filter(|report| after.as_ref().is_none_or(|after| key(report) > *after));
            let mut reports: Vec<&Report> = beyond.collect();
            reports.sort_by_key(|report| key(report));
            let page = reports.into_iter().take(limit);
            page.map(|report| Record::Room(RoomRecord::Report(report.clone()))).collect()
        }
        RecordPage::Hidden { room, after } => {
            let Some(data) = state.rooms.get(&room) else { return Vec::new() };
            let place = |hidden: &&Hidden| (hidden.user.clone(), hidden.seq);
            let all = data.hidden_at.values();
            let beyond = all.filter(|one| after.as_ref().is_none_or(|after| place(one) > *after));
            let mut hidden: Vec<&Hidden> = beyond.collect();
            hidden.sort_by_key(place);
            hidden.into_iter().take(limit).map(|one| Record::Room(RoomRecord::Hidden(one.clone()))).collect()
        }
        RecordPage::Follows { room, after } => {
            let Some(data) = state.rooms.get(&room) else { return Vec::new() };
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let beyond = data.follows.range((from, Bound::Unbounded)).take(limit);
            beyond.map(|(_, one)| Record::Room(RoomRecord::Follow(one.clone()))).collect()
        }
        RecordPage::Acts { room, after } => {
            let Some(data) = state.rooms.get(&room) else { return Vec::new() };
            let first = data.acts.partition_point(|entry| after.is_some_and(|after| entry.pos <= after));
            let acts = data.acts[first..].iter().take(limit);
            acts.map(|entry| Record::Room(RoomRecord::Act(entry.clone()))).collect()
        }
        RecordPage::Invites { room, after } => {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let beyond = state.invites.range((from, Bound::Unbounded)).map(|(_, link)| link);
            let links = beyond.filter(|link| link.room == room).take(limit);
            links.map(|link| Record::Room(RoomRecord::Invite(link.clone()))).collect()
        }
    }
}

fn profile(state: &State, user: &UserId) -> Option<Record> {
    let person = state.people.get(user)?;
    let Person { profile, last_seen, logged_out, do_not_disturb: _ } = person;
    // An erasure leaves no more than that there was somebody.
    let is_known = profile.is_some() || last_seen.is_some() || logged_out.is_some();
    is_known.then(|| Record::Profile {
        user: user.clone(),
        profile: profile.clone(),
        last_seen: *last_seen,
        logged_out: *logged_out,
    })
}

fn room(data: &RoomData) -> Record {
    Record::Room(RoomRecord::Room(Room::clone(&data.room)))
}
