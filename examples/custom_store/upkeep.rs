//! What the engine's own tasks ask.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chat_core::model::{Edit, Follow, Hidden, JoinRequest, Message, Report, Room};
use chat_core::store::{
    Alert, BodyHash, KeptEdit, OutboxRow, PushBatch, PushRetry, PushStore, ReactionKey, Record, RecordPage,
    RoomRecord, Stage, StoredAttachment, Upkeep,
};
use chat_core::{Result, RoomId, Timestamp, UserId};

use super::PlainStore;

#[async_trait]
impl Upkeep for PlainStore {
    async fn records(&self, page: RecordPage, limit: u32) -> Result<Vec<Record>> {
        let (tables, limit) = (self.tables(), limit as usize);
        // `WHERE key > after ORDER BY key LIMIT limit`, over the primary key of each table.
        let people = |users: BTreeSet<&UserId>, after: Option<UserId>| {
            let beyond = users.into_iter().filter(|user| after.as_ref().is_none_or(|after| *user > after));
            beyond.filter_map(|user| tables.person(user)).take(limit).collect()
        };
        let members = |room| tables.members.values().filter(move |member| member.room == room);
        Ok(match page {
            RecordPage::Profiles { after } => {
                let times = tables.last_seen.keys().chain(tables.logouts.keys());
                people(tables.profiles.keys().chain(times).collect(), after)
            }
            RecordPage::ProfilesIn { room, after } => {
                people(members(room).map(|member| &member.user).collect(), after)
            }
            RecordPage::ProfileOf(user) => tables.person(&user).into_iter().collect(),
            RecordPage::MessagesBy { room, user, after } => {
                let is_it = |message: &Message| {
                    (message.room, &message.sender.user) == (room, &user) && message.seq > after
                };
                let own = tables.messages.iter().filter(|(message, _)| is_it(message));
                let record = |(message, hash): &(Arc<Message>, Option<BodyHash>)| {
                    Record::Room(RoomRecord::Message(tables.shown(message), *hash))
                };
                own.map(record).take(limit).collect()
            }
            RecordPage::ReactionsBy { room, user, after } => {
                let own = tables.reactions.iter().filter(|key| key.room == room && key.user == user);
                let is_beyond = |key: &&ReactionKey| {
                    after.as_ref().is_none_or(|(seq, reaction)| (key.seq, &key.reaction) > (*seq, reaction))
                };
                let record = |key: &ReactionKey| {
                    let message = tables.messages_in(room).find(|message| message.seq == key.seq)?;
                    Some(Record::Room(RoomRecord::Reaction(key.clone(), message.id)))
                };
                own.filter(is_beyond).filter_map(record).take(limit).collect()
            }
            RecordPage::BansOf { user, after } => {
                let bans = tables.bans.values().filter(|ban| ban.user == user);
                let beyond = bans.filter(|ban| after.is_none_or(|after| ban.room > after));
                beyond.map(|ban| Record::Room(RoomRecord::Ban(ban.clone()))).take(limit).collect()
            }
            RecordPage::Relations { after } => {
                let beyond = tables
                    .relations
                    .iter()
                    .filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after));
                beyond.map(|(_, relation)| Record::Relation(relation.clone())).take(limit).collect()
            }
            RecordPage::Settings { after } => {
                let beyond = tables
                    .settings
                    .iter()
                    .filter(|(user, _)| after.as_ref().is_none_or(|after| *user > after));
                beyond.map(|(user, settings)| Record::Settings(user.clone(), *settings)).take(limit).collect()
            }
            RecordPage::DoNotDisturb { after } => {
                let beyond =
                    tables.quiet.iter().filter(|(user, _)| after.as_ref().is_none_or(|after| *user > after));
                beyond.map(|(user, quiet)| Record::DoNotDisturb(user.clone(), *quiet)).take(limit).collect()
            }
            RecordPage::Rooms { after } => {
                let beyond = tables.rooms.values().filter(|room| after.is_none_or(|after| room.id > after));
                beyond.map(|room| Record::Room(RoomRecord::Room(room.clone()))).take(limit).collect()
            }
            RecordPage::Room(room) => tables
                .rooms
                .get(&room)
                .map(|room| Record::Room(RoomRecord::Room(room.clone())))
                .into_iter()
                .collect(),
            RecordPage::Held { room, after } => {
                let held = tables.held.values().filter(|one| one.room == room);
                let beyond = held.filter(|one| after.is_none_or(|after| one.id > after)).take(limit);
                beyond.map(|one| Record::Room(RoomRecord::Held(tables.waiting(one)))).collect()
            }
            RecordPage::JoinRequests { room, after } => {
                let of_room = tables.join_requests.values().filter(|request| request.room == room);
                let mut requests: Vec<&JoinRequest> =
                    of_room.filter(|request| after.is_none_or(|after| request.id > after)).collect();
                requests.sort_by_key(|request| request.id);
                let record = |request: &JoinRequest| Record::Room(RoomRecord::JoinRequest(request.clone()));
                requests.into_iter().map(record).take(limit).collect()
            }
            RecordPage::Messages { room, after } => {
                let beyond =
                    tables.messages.iter().filter(|(message, _)| message.room == room && message.seq > after);
                let record = |(message, hash): &(Arc<Message>, Option<BodyHash>)| {
                    Record::Room(RoomRecord::Message(tables.shown(message), *hash))
                };
                beyond.map(record).take(limit).collect()
            }
            RecordPage::Edits { room, seq, after } => {
                let message = tables.messages_in(room).find(|message| message.seq == seq);
                let edited = message.and_then(|message| Some((message.id, message.state.edited_at?)));
                let Some((message, edited_at)) = edited else { return Ok(Vec::new()) };
                let edits = tables.edits.range((room, seq, 0)..=(room, seq, u64::MAX)).map(|(_, edit)| edit);
                let record = |(n, edit): (u64, &Edit)| {
                    let edit = edit.clone();
                    Record::Room(RoomRecord::Edit(KeptEdit { room, seq, message, edited_at, n, edit }))
                };
                let beyond =
                    (1..).zip(edits).filter(|(_, edit)| after.is_none_or(|after| edit.version > after));
                beyond.map(record).take(limit).collect()
            }
            RecordPage::Reactions { room, after } => {
                let keys = tables.reactions.iter().filter(|key| key.room == room);
                let place = |key: &ReactionKey| (key.seq, key.reaction.clone(), key.user.clone());
                let beyond = keys.filter(|key| after.as_ref().is_none_or(|after| place(key) > *after));
                let record = |key: &ReactionKey| {
                    let message = tables.messages_in(room).find(|message| message.seq == key.seq)?;
                    Some(Record::Room(RoomRecord::Reaction(key.clone(), message.id)))
                };
                beyond.filter_map(record).take(limit).collect()
            }
            RecordPage::Members { room, after } => {
                let beyond =
                    members(room).filter(|member| after.as_ref().is_none_or(|after| member.user > *after));
                beyond.map(|member| Record::Room(RoomRecord::Member(member.clone()))).take(limit).collect()
            }
            RecordPage::Bans { room, after } => {
                let beyond = tables.bans_in(room, after.as_ref());
                beyond.map(|ban| Record::Room(RoomRecord::Ban(ban.clone()))).take(limit).collect()
            }
            RecordPage::Reports { room, after } => {
                let key = |report: &Report| (report.message, report.by.clone());
                let of_room = tables.reports.values().filter(|report| report.room == room);
                let mut reports: Vec<&Report> = of_room
                    .filter(|report| after.as_ref().is_none_or(|after| key(report) > *after))
                    .collect();
                reports.sort_by_key(|report| key(report));
                let record = |report: &Report| Record::Room(RoomRecord::Report(report.clone()));
                reports.into_iter().map(record).take(limit).collect()
            }
            RecordPage::Hidden { room, after } => {
                let place = |hidden: &Hidden| (hidden.user.clone(), hidden.seq);
                let all = tables.hidden_in(room);
                let beyond = all.filter(|one| after.as_ref().is_none_or(|after| place(one) > *after));
                beyond.map(|one| Record::Room(RoomRecord::Hidden(one.clone()))).take(limit).collect()
            }
            RecordPage::Follows { room, after } => {
                let all = tables.follows.values().filter(|one| one.room == room);
                let place = |one: &Follow| (one.root_seq, one.user.clone());
                let beyond = all.filter(|one| after.as_ref().is_none_or(|after| place(one) > *after));
                beyond.map(|one| Record::Room(RoomRecord::Follow(one.clone()))).take(limit).collect()
            }
            RecordPage::Acts { room, after } => {
                let acts = tables.acts.iter().filter(|entry| entry.room == room);
                let beyond = acts.filter(|entry| after.is_none_or(|after| entry.pos > after));
                beyond.map(|entry| Record::Room(RoomRecord::Act(entry.clone()))).take(limit).collect()
            }
            RecordPage::Invites { room, after } => {
                let links = tables.invites.values().filter(|link| link.room == room);
                let beyond = links.filter(|link| after.is_none_or(|after| link.code > after));
                beyond.map(|link| Record::Room(RoomRecord::Invite(link.clone()))).take(limit).collect()
            }
        })
    }

    /// It searches without an index.
    async fn index(&self, _limit: u32) -> Result<bool> {
        Ok(false)
    }

    // An outbox is a table that the app's own transactions write to, which nobody can in these maps.

    fn outbox_table(&self) -> Option<&str> {
        None
    }

    async fn outbox(&self, _limit: u32) -> Result<Vec<OutboxRow>> {
        Ok(Vec::new())
    }

    async fn unsent_attachments(&self, before: Timestamp, limit: u32) -> Result<Vec<StoredAttachment>> {
        let tables = self.tables();
        let old = tables.attachments.values().filter(|stored| stored.attachment.created_at <= before);
        let mut unsent: Vec<_> =
            old.filter(|stored| !matches!(stored.stage, Stage::Held(_) | Stage::Sent(_))).cloned().collect();
        // In the map they are in the order of their rooms and ids; this keeps it within a moment.
        unsent.sort_by_key(|stored| stored.attachment.created_at);
        unsent.truncate(limit as usize);
        Ok(unsent)
    }

    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>> {
        Ok(self.tables().erasures.iter().take(limit as usize).cloned().collect())
    }

    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        let tables = self.tables();
        let beyond = tables.rooms.values().filter(|room| after.is_none_or(|after| room.id > after));
        Ok(beyond.filter(|room| room.keeping.is_some()).take(limit as usize).cloned().collect())
    }
}

#[async_trait]
impl PushStore for PlainStore {
    async fn pushed_since(&self, now: Timestamp) -> Result<Timestamp> {
        Ok(*self.tables().pushed_since.get_or_insert(now))
    }

    async fn unpushed_rooms(
        &self,
        since: Timestamp,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<RoomId>> {
        let tables = self.tables();
        let waits = |room: &&Room| {
            let considered = tables.pushed.get(&room.id).map_or(0, |(seq, _)| *seq);
            room.last_message_at.is_some_and(|at| at >= since) && room.seq > considered
        };
        let rooms = tables.rooms.values().filter(|room| after.is_none_or(|after| room.id > after));
        Ok(rooms.filter(waits).map(|room| room.id).take(limit as usize).collect())
    }

    async fn claim_pushes(
        &self,
        rooms: &[RoomId],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(RoomId, u64)>> {
        let mut tables = self.tables();
        let mut claimed = Vec::new();
        for room in rooms {
            let (seq, held) = tables.pushed.entry(*room).or_insert((0, Timestamp::from_millis(0)));
            if *held <= now {
                *held = until;
                claimed.push((*room, *seq));
            }
        }
        Ok(claimed)
    }

    async fn due_pushes(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<PushRetry>> {
        let mut tables = self.tables();
        let mut due: Vec<_> = tables.push_retries.values().filter(|one| one.due <= now).cloned().collect();
        due.sort_by_key(|one| (one.due, one.room, one.user.clone()));
        due.truncate(limit as usize);
        for one in &due {
            let taken = PushRetry { due: until, ..one.clone() };
            tables.push_retries.insert((one.room, one.user.clone()), taken);
        }
        Ok(due)
    }

    async fn due_alerts(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Alert>> {
        let mut tables = self.tables();
        let mut due: Vec<_> = tables.alerts.values().filter(|alert| alert.due <= now).cloned().collect();
        due.sort_by_key(|alert| (alert.due, alert.key()));
        due.truncate(limit as usize);
        for alert in &due {
            tables.alerts.insert(alert.key(), Alert { due: until, ..alert.clone() });
        }
        Ok(due)
    }

    async fn write_pushes(&self, batch: PushBatch) -> Result<()> {
        let mut tables = self.tables();
        for (room, until) in batch.held {
            tables.pushed.entry(room).and_modify(|(_, held)| *held = until);
        }
        for (room, seq) in batch.considered {
            let before = tables.pushed.get(&room).map_or(0, |(seq, _)| *seq);
            tables.pushed.insert(room, (seq.max(before), Timestamp::from_millis(0)));
        }
        for key in &batch.ended {
            tables.push_retries.remove(key);
        }
        for one in batch.failed {
            let key = (one.room, one.user.clone());
            let waits = tables.push_retries.contains_key(&key);
            if waits || (tables.push_retries.len() as u64) < batch.most {
                tables.push_retries.insert(key, one);
            }
        }
        // One that another has taken the place of has another time.
        for alert in batch.told {
            if tables.alerts.get(&alert.key()).is_some_and(|kept| kept.at == alert.at) {
                tables.alerts.remove(&alert.key());
            }
        }
        for alert in batch.put_off {
            if tables.alerts.get(&alert.key()).is_some_and(|kept| kept.at == alert.at) {
                tables.alerts.insert(alert.key(), alert);
            }
        }
        Ok(())
    }
}
