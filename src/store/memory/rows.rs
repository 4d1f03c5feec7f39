//! What a batch needs is loaded, and what it wrote is put in its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::state::{RoomData, State};
use crate::id::UserId;
use crate::model::{Message, Report};
use crate::store::search::{PLACES, first_place};
use crate::store::{Held, Needs, ReactionKey, Rows, Sent};

impl State {
    pub(super) fn load(&self, needs: &Needs) -> Rows {
        let mut rows = Rows::at(self.position);
        for id in &needs.rooms {
            if let Some(data) = self.rooms.get(id) {
                rows.rooms.insert(*id, data.room.clone());
            }
        }
        for (room, limit) in &needs.oldest {
            let Some(data) = self.rooms.get(room) else { continue };
            let oldest = data.messages.iter().take(*limit as usize).cloned().collect();
            rows.oldest.insert(*room, oldest);
        }
        for (room, user) in needs.members.iter().chain(&needs.senders(&rows.oldest)) {
            if let Some(member) = self.rooms.get(room).and_then(|data| data.members.get(user)) {
                rows.members.insert((*room, user.clone()), member.clone());
            }
        }
        for (room, count) in needs.heirs(&rows.members) {
            let Some(data) = self.rooms.get(&room) else { continue };
            for heir in data.seniors(count) {
                rows.add_heir(heir.clone(), self.profile(&heir.user));
            }
        }
        for key in &needs.sent {
            let (room, user, client) = key;
            let Some(data) = self.rooms.get(room) else { continue };
            if let Some((seq, hash)) = data.sent.get(&(user.clone(), client.clone()))
                && let Some(message) = data.at(*seq)
            {
                let message = Arc::new(self.shown(message));
                rows.sent.insert(key.clone(), Sent { message, hash: *hash });
            }
        }
        for (room, id) in &needs.places {
            if let Some(seq) = self.rooms.get(room).and_then(|data| data.by_id.get(id)) {
                rows.places.insert(*id, (*room, *seq));
            }
        }
        for key in &needs.keys {
            if let Some(room) = self.keys.get(key) {
                rows.keys.insert(key.clone(), *room);
            }
        }
        for key in &needs.ordinals {
            let (room, user, seq) = key;
            if let Some(at) = self.rooms.get(room).and_then(|data| data.ordinals(user, *seq)) {
                rows.ordinals.insert(key.clone(), at);
            }
        }
        for (room, id) in &needs.messages {
            let found = self.rooms.get(room).and_then(|data| data.at(*data.by_id.get(id)?));
            if let Some(message) = found {
                rows.messages.insert(*id, Arc::new(self.shown(message)));
            }
        }
        for (room, id) in needs.roots(&rows.messages) {
            let found = self.rooms.get(&room).and_then(|data| data.at(*data.by_id.get(&id)?));
            if let Some(root) = found {
                rows.messages.insert(id, Arc::new(self.shown(root)));
            }
        }
        for (room, seq) in &needs.edited {
            let edits = self.rooms.get(room).and_then(|data| data.edits.get(seq));
            rows.edited.extend(edits.map(|edits| ((*room, *seq), edits.len() as u64)));
        }
        for (room, id, reaction, user) in &needs.reactions {
            let Some(data) = self.rooms.get(room) else { continue };
            let Some(seq) = data.by_id.get(id) else { continue };
            let is_left = |on: &BTreeSet<_>| on.contains(&(reaction.clone(), user.clone()));
            if data.reactions.get(seq).is_some_and(is_left) {
                let (room, seq, reaction, user) = (*room, *seq, reaction.clone(), user.clone());
                rows.reactions.insert(ReactionKey { room, seq, reaction, user });
            }
        }
        for room in &needs.pins {
            let pins = self.rooms.get(room).map_or(0, |data| data.pins.len());
            rows.pins.insert(*room, pins as u64);
        }
        if !needs.invites.is_empty() {
            let links = self.invites.values().filter(|link| needs.invites.contains(&link.room));
            rows.invites = links.map(|link| (link.code, link.clone())).collect();
        }
        for code in &needs.codes {
            rows.invites.extend(self.invites.get(code).map(|link| (*code, link.clone())));
        }
        for (user, other) in needs.relations_with(&rows.rooms) {
            if let Some(relation) = self.relation(&user, &other) {
                rows.relations.insert((user, other), relation.clone());
            }
        }
        for user in &needs.stored_bytes {
            rows.stored_bytes.extend(self.stored_bytes.get(user).map(|bytes| (user.clone(), *bytes)));
        }
        for (room, id) in &needs.attachments {
            if let Some(stored) = self.rooms.get(room).and_then(|data| data.attachments.get(id)) {
                rows.attachments.insert((*room, *id), stored.clone());
            }
        }
        if !needs.reported.is_empty() {
            let key = |report: &Report| (report.room, report.message, report.by.clone());
            let made = self.reports.values().filter(|report| needs.reported.contains(&key(report)));
            rows.reports.extend(made.map(|report| (report.id, report.clone())));
        }
        for (room, id) in &needs.reports {
            if let Some(report) = self.reports.get(id).filter(|report| report.room == *room) {
                rows.reports.insert(*id, report.clone());
            }
        }
        for (room, at) in &needs.acts {
            let acts = self.rooms.get(room).into_iter().flat_map(|data| &data.acts);
            rows.acts.extend(acts.filter(|entry| entry.at == *at).cloned());
        }
        for key in &needs.hidden {
            if self.rooms.get(&key.0).is_some_and(|data| data.is_hidden(&key.1, key.2)) {
                rows.hidden.insert(key.clone());
            }
        }
        for (room, user) in &needs.bans {
            if let Some(ban) = self.rooms.get(room).and_then(|data| data.bans.get(user)) {
                rows.bans.insert((*room, user.clone()), ban.clone());
            }
        }
        for user in &needs.settings {
            rows.settings.extend(self.settings.get(user).map(|settings| (user.clone(), *settings)));
        }
        if !(needs.held.is_empty() && needs.held_as.is_empty() && needs.holding.is_empty()) {
            self.load_held(needs, &mut rows);
        }
        // Whoever asks for one of a request asks for the requests of its user too.
        if !(needs.join_requests.is_empty() && needs.join_counts.is_empty()) {
            self.load_joins(needs, &mut rows);
        }
        if !needs.threads.is_empty() {
            self.load_follows(needs, &mut rows);
        }
        rows
    }

    fn load_held(&self, needs: &Needs, rows: &mut Rows) {
        for (_, id) in &needs.held {
            rows.held.extend(self.held.get(id).map(|held| (*id, (held.room, held.sender.user.clone()))));
        }
        for key in &needs.held_as {
            let (room, user, client) = key;
            let is_it = |held: &&Held| {
                (held.room, &held.sender.user, held.client_id.as_ref()) == (*room, user, Some(client))
            };
            if let Some(held) = self.held.values().find(is_it) {
                rows.held_as.insert(key.clone(), (held.id, held.hash));
            }
        }
        for (room, user) in &needs.holding {
            let in_room = || self.held.values().filter(|held| held.room == *room);
            let of_user = in_room().filter(|held| held.sender.user == *user).count() as u64;
            rows.held_counts.insert((*room, user.clone()), (in_room().count() as u64, of_user));
        }
    }

    /// Counts an attachment that has come, and no longer the one that stood in its place.
    fn count_bytes(&mut self, come: Option<(UserId, u64)>, gone: Option<(UserId, u64)>) {
        if let Some((user, size)) = come {
            *self.stored_bytes.entry(user).or_default() += size;
        }
        if let Some((user, size)) = gone
            && let Some(stored) = self.stored_bytes.get_mut(&user)
        {
            *stored = stored.saturating_sub(size);
            if *stored == 0 {
                self.stored_bytes.remove(&user);
            }
        }
    }

    pub(super) fn write(&mut self, mut rows: Rows) {
        self.position = rows.position;
        for id in &rows.written_rooms {
            let Some(room) = rows.rooms.remove(id) else { continue };
            match self.rooms.get_mut(id) {
                Some(data) => data.room = room,
                None => {
                    self.rooms.insert(*id, RoomData::new(room));
                }
            }
        }
        for key in &rows.written_members {
            let Some(member) = rows.members.remove(key) else { continue };
            let (room, user) = key;
            if let Some(data) = self.rooms.get_mut(room)
                && data.members.insert(user.clone(), member).is_none()
            {
                self.rooms_of.entry(user.clone()).or_default().insert(*room);
            }
        }
        if !rows.written_follows.is_empty() || !rows.kept_follows.is_empty() {
            self.write_follows(&mut rows);
        }
        for (message, hash) in rows.new_messages {
            self.place(&message);
            if let Some(data) = self.rooms.get_mut(&message.room) {
                data.push(message, hash);
            }
        }
        for mention in rows.ended_mentions {
            let Some(data) = self.rooms.get_mut(&mention.room) else { continue };
            if let Some(of) = data.mentions.get_mut(&mention.user) {
                of.remove(&mention.seq);
            }
        }
        for ((room, _), message) in rows.amended {
            if let Some(data) = self.rooms.get_mut(&room) {
                data.amend(message);
            }
        }
        for (room, seq, edit) in rows.new_edits {
            if let Some(data) = self.rooms.get_mut(&room) {
                data.edits.entry(seq).or_default().push(edit);
            }
        }
        for ((room, seq), keep) in &rows.kept_edits {
            let Some(data) = self.rooms.get_mut(room) else { continue };
            let Some(edits) = data.edits.get_mut(seq) else { continue };
            edits.drain(..edits.len().saturating_sub(*keep as usize));
            if edits.is_empty() {
                data.edits.remove(seq);
            }
        }
        for (room, seq) in &rows.cleared {
            if let Some(data) = self.rooms.get_mut(room) {
                data.reactions.remove(seq);
            }
        }
        for key in rows.written_reactions {
            let is_left = rows.reactions.contains(&key);
            let ReactionKey { room, seq, reaction, user } = key;
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            let on = data.reactions.entry(seq).or_default();
            match is_left {
                true => on.insert((reaction, user)),
                false => on.remove(&(reaction, user)),
            };
            if on.is_empty() {
                data.reactions.remove(&seq);
            }
        }
        for key in &rows.freed_keys {
            self.keys.remove(key);
        }
        self.keys.extend(rows.new_keys);
        for code in rows.written_invites {
            match rows.invites.remove(&code) {
                Some(link) => self.invites.insert(code, link),
                None => self.invites.remove(&code),
            };
        }
        for key in rows.written_relations {
            let relation = rows.relations.remove(&key);
            let (user, other) = key;
            let side = self.relations.entry(user).or_default();
            match relation {
                Some(relation) => side.insert(other, relation),
                None => side.remove(&other),
            };
        }
        for (room, id) in rows.written_attachments {
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            let now = rows.attachments.remove(&(room, id));
            let come = now.as_ref().map(|now| (now.attachment.uploader.clone(), now.attachment.size));
            let before = match now {
                Some(now) => data.attachments.insert(id, now),
                None => data.attachments.remove(&id),
            };
            self.count_bytes(come, before.map(|before| (before.attachment.uploader, before.attachment.size)));
        }
        for id in rows.written_reports {
            match rows.reports.remove(&id) {
                Some(report) => self.reports.insert(id, report),
                None => self.reports.remove(&id),
            };
        }
        for user in rows.written_settings {
            self.settings.extend(rows.settings.remove(&user).map(|settings| (user, settings)));
        }
        for id in &rows.ended_held {
            self.held.remove(id);
        }
        for held in rows.new_held {
            self.held.entry(held.id).or_insert(held);
        }
        if !rows.written_join_requests.is_empty() {
            self.write_joins(rows.written_join_requests, rows.join_requests);
        }
        for entry in rows.new_acts {
            if let Some(data) = self.rooms.get_mut(&entry.room) {
                data.acts.push(entry);
            }
        }
        for (room, user) in rows.unhidden {
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            data.hidden.remove(&user);
            data.hidden_at.retain(|_, hidden| hidden.user != user);
        }
        for hidden in rows.new_hidden {
            let Some(data) = self.rooms.get_mut(&hidden.room) else { continue };
            data.hidden.entry(hidden.user.clone()).or_default().insert(hidden.seq);
            data.hidden_at.insert(hidden.pos, hidden);
        }
        if let Some(terms) = rows.alert_terms.filter(|_| !rows.new_alerts.is_empty()) {
            self.pushes.add_alerts(rows.new_alerts, terms);
        }
        for (room, pos) in rows.deleted {
            self.pushes.end_alerts_in(room);
            self.invites.retain(|_, invite| invite.room != room);
            self.reports.retain(|_, report| report.room != room);
            self.join_requests.retain(|_, request| request.room != room);
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            data.bans.clear();
            for member in data.members.values_mut().filter(|member| member.active) {
                (member.active, member.changed_pos) = (false, pos);
            }
        }
        for (room, upto) in rows.cut {
            self.cut_follows(room, upto);
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            for message in data.cut(upto) {
                self.unplace(&message);
            }
        }
        for key in rows.written_bans {
            let Some(data) = self.rooms.get_mut(&key.0) else { continue };
            match rows.bans.remove(&key) {
                Some(ban) => data.bans.insert(key.1, ban),
                None => data.bans.remove(&key.1),
            };
        }
    }

    fn place(&mut self, message: &Message) {
        let mut first = first_place(message.created_at);
        loop {
            let last = self.places.range(first..first + PLACES).next_back().map(|(place, _)| *place);
            let place = last.map_or(first, |last| last + 1);
            if place < first + PLACES {
                self.places.insert(place, (message.room, message.seq));
                return;
            }
            first += PLACES;
        }
    }

    /// It stands at its moment, or at the first place behind it that was free.
    fn unplace(&mut self, message: &Message) {
        let mut behind = self.places.range(first_place(message.created_at)..);
        let place = behind.find(|(_, at)| **at == (message.room, message.seq)).map(|(place, _)| *place);
        if let Some(place) = place {
            self.places.remove(&place);
        }
    }
}
