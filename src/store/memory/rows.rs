//! What a batch needs is loaded, and what it wrote is put in its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::state::{RoomData, State};
use crate::id::UserId;
use crate::model::{Message, Report};
use crate::store::search::{PLACES, first_place};
use crate::store::{Held, MoreRows, Needs, ReactionKey, Rows, Sent};

impl State {
    pub(super) fn load(&self, needs: &Needs) -> Rows {
        let mut rows = Rows::at(self.position);
        for id in &needs.rooms {
            if let Some(data) = self.rooms.get(id) {
                rows.rooms.insert(*id, data.room.clone());
            }
        }
        for (room, user) in &needs.members {
            if let Some(member) = self.rooms.get(room).and_then(|data| data.members.get(user)) {
                rows.members.insert((*room, user.clone()), member.clone());
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
        for key in &needs.ordinals_in(&rows.rooms) {
            let (room, user, seq) = key;
            if let Some(at) = self.rooms.get(room).and_then(|data| data.ordinals(user, *seq)) {
                rows.ordinals.insert(key.clone(), at);
            }
        }
        for (user, other) in needs.relations_with(&rows.rooms) {
            if let Some(relation) = self.relation(&user, &other) {
                rows.relations.insert((user, other), relation.clone());
            }
        }
        for user in &needs.settings {
            rows.settings.extend(self.settings.get(user).map(|settings| (user.clone(), *settings)));
        }
        if needs.more.is_there() {
            self.load_more(needs, &mut rows);
        }
        rows
    }

    fn load_more(&self, needs: &Needs, rows: &mut Rows) {
        for (room, limit) in &needs.more.oldest {
            let Some(data) = self.rooms.get(room) else { continue };
            let oldest = data.messages.iter().take(*limit as usize).cloned().collect();
            rows.more.oldest.insert(*room, oldest);
        }
        for (room, user) in needs.senders(&rows.more.oldest) {
            if let Some(member) = self.rooms.get(&room).and_then(|data| data.members.get(&user)) {
                rows.members.insert((room, user), member.clone());
            }
        }
        for (room, count) in needs.heirs(&rows.members) {
            let Some(data) = self.rooms.get(&room) else { continue };
            for heir in data.seniors(count) {
                rows.add_heir(heir.clone(), self.profile(&heir.user));
            }
        }
        for (room, id) in &needs.more.places {
            if let Some(seq) = self.rooms.get(room).and_then(|data| data.by_id.get(id)) {
                rows.more.places.insert(*id, (*room, *seq));
            }
        }
        for key in &needs.more.keys {
            if let Some(room) = self.keys.get(key) {
                rows.more.keys.insert(key.clone(), *room);
            }
        }
        for (room, id) in &needs.more.messages {
            let found = self.rooms.get(room).and_then(|data| data.at(*data.by_id.get(id)?));
            if let Some(message) = found {
                rows.more.messages.insert(*id, Arc::new(self.shown(message)));
            }
        }
        for (room, id) in needs.roots(&rows.more.messages) {
            let found = self.rooms.get(&room).and_then(|data| data.at(*data.by_id.get(&id)?));
            if let Some(root) = found {
                rows.more.messages.insert(id, Arc::new(self.shown(root)));
            }
        }
        for (room, seq) in &needs.more.edited {
            let edits = self.rooms.get(room).and_then(|data| data.edits.get(seq));
            rows.more.edited.extend(edits.map(|edits| ((*room, *seq), edits.len() as u64)));
        }
        for (room, id, reaction, user) in &needs.more.reactions {
            let Some(data) = self.rooms.get(room) else { continue };
            let Some(seq) = data.by_id.get(id) else { continue };
            let is_left = |on: &BTreeSet<_>| on.contains(&(reaction.clone(), user.clone()));
            if data.reactions.get(seq).is_some_and(is_left) {
                let (room, seq, reaction, user) = (*room, *seq, reaction.clone(), user.clone());
                rows.more.reactions.insert(ReactionKey { room, seq, reaction, user });
            }
        }
        for room in &needs.more.pins {
            let pins = self.rooms.get(room).map_or(0, |data| data.pins.len());
            rows.more.pins.insert(*room, pins as u64);
        }
        if !needs.more.invites.is_empty() {
            let links = self.invites.values().filter(|link| needs.more.invites.contains(&link.room));
            rows.more.invites = links.map(|link| (link.code, link.clone())).collect();
        }
        for code in &needs.more.codes {
            rows.more.invites.extend(self.invites.get(code).map(|link| (*code, link.clone())));
        }
        for user in &needs.more.stored_bytes {
            rows.more.stored_bytes.extend(self.stored_bytes.get(user).map(|bytes| (user.clone(), *bytes)));
        }
        for (room, id) in &needs.more.attachments {
            if let Some(stored) = self.rooms.get(room).and_then(|data| data.attachments.get(id)) {
                rows.more.attachments.insert((*room, *id), stored.clone());
            }
        }
        if !needs.more.reported.is_empty() {
            let key = |report: &Report| (report.room, report.message, report.by.clone());
            let made = self.reports.values().filter(|report| needs.more.reported.contains(&key(report)));
            rows.more.reports.extend(made.map(|report| (report.id, report.clone())));
        }
        for (room, id) in &needs.more.reports {
            if let Some(report) = self.reports.get(id).filter(|report| report.room == *room) {
                rows.more.reports.insert(*id, report.clone());
            }
        }
        for (room, at) in &needs.more.acts {
            let acts = self.rooms.get(room).into_iter().flat_map(|data| &data.acts);
            rows.more.acts.extend(acts.filter(|entry| entry.at == *at).cloned());
        }
        for key in &needs.more.hidden {
            if self.rooms.get(&key.0).is_some_and(|data| data.is_hidden(&key.1, key.2)) {
                rows.more.hidden.insert(key.clone());
            }
        }
        for (room, user) in &needs.more.bans {
            if let Some(ban) = self.rooms.get(room).and_then(|data| data.bans.get(user)) {
                rows.more.bans.insert((*room, user.clone()), ban.clone());
            }
        }
        if !(needs.more.held.is_empty() && needs.more.held_as.is_empty() && needs.more.holding.is_empty()) {
            self.load_held(needs, rows);
        }
        // Whoever asks for one of a request asks for the requests of its user too.
        if !(needs.more.join_requests.is_empty() && needs.more.join_counts.is_empty()) {
            self.load_joins(needs, rows);
        }
        if !needs.more.threads.is_empty() {
            self.load_follows(needs, rows);
        }
    }

    fn load_held(&self, needs: &Needs, rows: &mut Rows) {
        for (_, id) in &needs.more.held {
            rows.more.held.extend(self.held.get(id).map(|held| (*id, (held.room, held.sender.user.clone()))));
        }
        for key in &needs.more.held_as {
            let (room, user, client) = key;
            let is_it = |held: &&Held| {
                (held.room, &held.sender.user, held.client_id.as_ref()) == (*room, user, Some(client))
            };
            if let Some(held) = self.held.values().find(is_it) {
                rows.more.held_as.insert(key.clone(), (held.id, held.hash));
            }
        }
        for (room, user) in &needs.more.holding {
            let in_room = || self.held.values().filter(|held| held.room == *room);
            let of_user = in_room().filter(|held| held.sender.user == *user).count() as u64;
            rows.more.held_counts.insert((*room, user.clone()), (in_room().count() as u64, of_user));
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
        for (key, member) in std::mem::take(&mut rows.members) {
            if !rows.written_members.contains(&key) {
                continue;
            }
            let (room, user) = key;
            if let Some(data) = self.rooms.get_mut(&room)
                && data.members.insert(user.clone(), member).is_none()
            {
                self.rooms_of.entry(user).or_default().insert(room);
            }
        }
        for (message, hash) in std::mem::take(&mut rows.new_messages) {
            self.place(&message);
            if let Some(data) = self.rooms.get_mut(&message.room) {
                data.push(message, hash);
            }
        }
        if let Some(more) = rows.more.take() {
            self.write_more(*more, &mut rows);
        }
    }

    fn write_more(&mut self, mut more: MoreRows, rows: &mut Rows) {
        self.write_follows(&mut more);
        for mention in more.ended_mentions {
            let Some(data) = self.rooms.get_mut(&mention.room) else { continue };
            if let Some(of) = data.mentions.get_mut(&mention.user) {
                of.remove(&mention.seq);
            }
        }
        for ((room, _), message) in more.amended {
            if let Some(data) = self.rooms.get_mut(&room) {
                data.amend(message);
            }
        }
        for (room, seq, edit) in more.new_edits {
            if let Some(data) = self.rooms.get_mut(&room) {
                data.edits.entry(seq).or_default().push(edit);
            }
        }
        for ((room, seq), keep) in &more.kept_edits {
            let Some(data) = self.rooms.get_mut(room) else { continue };
            let Some(edits) = data.edits.get_mut(seq) else { continue };
            edits.drain(..edits.len().saturating_sub(*keep as usize));
            if edits.is_empty() {
                data.edits.remove(seq);
            }
        }
        for (room, seq) in &more.cleared {
            if let Some(data) = self.rooms.get_mut(room) {
                data.reactions.remove(seq);
            }
        }
        for key in more.written_reactions {
            let is_left = more.reactions.contains(&key);
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
        for key in &more.freed_keys {
            self.keys.remove(key);
        }
        self.keys.extend(more.new_keys);
        for code in more.written_invites {
            match more.invites.remove(&code) {
                Some(link) => self.invites.insert(code, link),
                None => self.invites.remove(&code),
            };
        }
        for key in more.written_relations {
            let relation = rows.relations.remove(&key);
            let (user, other) = key;
            let side = self.relations.entry(user).or_default();
            match relation {
                Some(relation) => side.insert(other, relation),
                None => side.remove(&other),
            };
        }
        for (room, id) in more.written_attachments {
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            let now = more.attachments.remove(&(room, id));
            let come = now.as_ref().map(|now| (now.attachment.uploader.clone(), now.attachment.size));
            let before = match now {
                Some(now) => data.attachments.insert(id, now),
                None => data.attachments.remove(&id),
            };
            self.count_bytes(come, before.map(|before| (before.attachment.uploader, before.attachment.size)));
        }
        for id in more.written_reports {
            match more.reports.remove(&id) {
                Some(report) => self.reports.insert(id, report),
                None => self.reports.remove(&id),
            };
        }
        for user in more.written_settings {
            self.settings.extend(rows.settings.remove(&user).map(|settings| (user, settings)));
        }
        for id in &more.ended_held {
            self.held.remove(id);
        }
        for held in more.new_held {
            self.held.entry(held.id).or_insert(held);
        }
        if !more.written_join_requests.is_empty() {
            self.write_joins(more.written_join_requests, more.join_requests);
        }
        for entry in more.new_acts {
            if let Some(data) = self.rooms.get_mut(&entry.room) {
                data.acts.push(entry);
            }
        }
        for (room, user) in more.unhidden {
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            data.hidden.remove(&user);
            data.hidden_at.retain(|_, hidden| hidden.user != user);
        }
        for hidden in more.new_hidden {
            let Some(data) = self.rooms.get_mut(&hidden.room) else { continue };
            data.hidden.entry(hidden.user.clone()).or_default().insert(hidden.seq);
            data.hidden_at.insert(hidden.pos, hidden);
        }
        if let Some(terms) = rows.alert_terms.filter(|_| !more.new_alerts.is_empty()) {
            self.pushes.add_alerts(more.new_alerts, terms);
        }
        for (room, pos) in more.deleted {
            self.pushes.end_alerts_in(room);
            self.invites.retain(|_, invite| invite.room != room);
            self.reports.retain(|_, report| report.room != room);
            self.join_requests.retain(|_, request| request.room != room);
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            data.bans.clear();
            for member in data.members.values_mut().filter(|member| member.active).map(Arc::make_mut) {
                (member.active, member.changed_pos) = (false, pos);
            }
        }
        for (room, upto) in more.cut {
            self.cut_follows(room, upto);
            let Some(data) = self.rooms.get_mut(&room) else { continue };
            for message in data.cut(upto) {
                self.unplace(&message);
            }
        }
        for key in more.written_bans {
            let Some(data) = self.rooms.get_mut(&key.0) else { continue };
            match more.bans.remove(&key) {
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

#[cfg(test)]
mod tests {
    use super::super::MemoryStore;
    use super::*;
    use crate::clock::Timestamp;
    use crate::id::{MessageId, RoomId};
    use crate::model::{About, Body, Custom, Mark, Profile, RoomKind};
    use crate::store::{Batch, Op, Refers, RoomItem, Ruling, Store as _, apply};

    #[tokio::test]
    async fn a_message_and_a_mark_make_nothing_of_what_only_others_need() {
        let (store, room, ana) = (MemoryStore::new(), RoomId::generate(), "ana".parse::<UserId>().unwrap());
        let batch =
            |op| Batch::of([RoomItem { room, at: Timestamp::from_millis(1), by: Some(ana.clone()), op }]);
        let (kind, members) = (RoomKind::Group, vec![ana.clone()]);
        let create = Op::Create { kind, name: None, members, about: About::default() };
        store.commit(batch(create)).await.unwrap().remove(0).unwrap();
        let send = Op::Send {
            id: MessageId::generate(),
            sender: Profile::unknown(ana.clone()),
            body: Body::Text("hello".into()),
            client_id: Some("c1".parse().unwrap()),
            origin: None,
            attachments: Vec::new(),
            writing_until: None,
            refers: Refers::default(),
            custom: Custom::default(),
            ruling: Ruling::AsSaid,
        };
        for op in [send, Op::Mark { mark: Mark::Read, to: None }] {
            let batch = batch(op);
            let needs = Needs::of(&batch);
            let mut rows = store.state.lock().load(&needs);
            apply(batch, &mut rows).remove(0).unwrap();
            assert!(!needs.more.is_there() && !rows.more.is_there());
            store.state.lock().write(rows);
        }
    }
}
