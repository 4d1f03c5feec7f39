//! A store of one's own, in as few lines as the contract allows: copy it, and put your database where the
//! maps are. `tests/it/custom_store.rs` runs the suite on it that yours has to pass too.
#![allow(clippy::print_stdout, reason = "a demo prints")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chat_core::model::{
    AuditEntry, Ban, DoNotDisturb, Draft, Edit, Epoch, Follow, Hidden, HistoryQuery, Invite, InviteCode,
    Limit, Member, Message, NewRoom, PinCursor, Position, Profile, Quoted, Reaction, Relation, RelationKind,
    Report, Room, RoomKey, RoomKind, SearchCursor, Settings, ThreadCursor, Token, Visibility,
};
use chat_core::store::{
    Batch, BodyHash, FollowedThread, Found, Held, MemberEntry, Memberships, Needs, Ordinals, OutboxRow,
    Outcome, PushBatch, PushRetry, Queue, ReactionKey, Record, RecordPage, RoomEntry, RoomRecord, Rows,
    Search, Sent, Stage, Store, StoredAttachment, apply,
};
use chat_core::{
    AttachmentId, ChatEngine, ClientId, MessageId, ReportId, Result, RoomId, Timestamp, UserId,
    event::EventKind,
};

/// One lock makes each read consistent. This is a std Mutex since nothing is awaited under it.
#[derive(Debug)]
pub(crate) struct PlainStore(Mutex<Tables>);

/// Each field would be a table. All reads scan; the comments name the indexes that a database has instead.
#[derive(Debug, Clone)]
struct Tables {
    /// Outlives a restart: a new epoch voids all tokens of clients. The position's row is locked from the
    /// load until the commit, so that positions commit in their order.
    token: Token,
    /// By id; those of which it is said how much is kept by id.
    rooms: BTreeMap<RoomId, Room>,
    /// Past ones too. By room; by user; by room and `changed_pos`; by room and `marks_pos`.
    members: BTreeMap<(RoomId, UserId), Member>,
    /// In the order of their commits. By id; by room and `seq`; by room and `pos`; by room, sender and
    /// `seq`; by room and the position that changed it; those that are pinned by room, time and `seq`; unique by room, sender and client id.
    messages: Vec<(Arc<Message>, Option<BodyHash>)>,
    /// By room, `seq`, reaction and user; by room, user and `seq`.
    reactions: BTreeSet<ReactionKey>,
    keys: HashMap<RoomKey, RoomId>,
    profiles: HashMap<UserId, Profile>,
    last_seen: HashMap<UserId, Timestamp>,
    logouts: HashMap<UserId, Timestamp>,
    quiet: HashMap<UserId, DoNotDisturb>,
    pushed_since: Option<Timestamp>,
    /// Up to where a room's notices have come, and until when somebody holds it.
    pushed: HashMap<RoomId, (u64, Timestamp)>,
    /// By room and user; by when they are due.
    push_retries: HashMap<(RoomId, UserId), PushRetry>,
    /// By user and other; by user, kind and other.
    relations: BTreeMap<(UserId, UserId), Relation>,
    /// By code; by room; by user and code.
    invites: BTreeMap<InviteCode, Invite>,
    /// Those in no message by when they were begun.
    attachments: BTreeMap<(RoomId, AttachmentId), StoredAttachment>,
    /// By room and user; by user and room.
    bans: BTreeMap<(RoomId, UserId), Ban>,
    /// By room, user and number; and by room and position.
    hidden: BTreeMap<(RoomId, UserId, u64), Hidden>,
    /// By id; those that wait by id, and by room and id; by room, message and who has made it; by who has made it and id.
    reports: BTreeMap<ReportId, Report>,
    /// Messages that wait. By id; by room and id; by sender and id; unique by room, sender and client id.
    held: BTreeMap<MessageId, Held>,
    /// In the order of their commits. By room and `pos`.
    acts: Vec<AuditEntry>,
    /// By room, `seq` and version.
    edits: BTreeMap<(RoomId, u64, u64), Edit>,
    /// Outlives a restart.
    erasures: BTreeSet<UserId>,
    /// By user.
    settings: BTreeMap<UserId, Settings>,
    /// By room, root and user; by user, room and root; by room and position.
    follows: BTreeMap<(RoomId, u64, UserId), Follow>,
}

impl PlainStore {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Tables {
            token: Token { epoch: Epoch::random(), position: Position::start(1) },
            rooms: BTreeMap::new(),
            members: BTreeMap::new(),
            messages: Vec::new(),
            reactions: BTreeSet::new(),
            keys: HashMap::new(),
            profiles: HashMap::new(),
            last_seen: HashMap::new(),
            logouts: HashMap::new(),
            quiet: HashMap::new(),
            pushed_since: None,
            pushed: HashMap::new(),
            push_retries: HashMap::new(),
            relations: BTreeMap::new(),
            invites: BTreeMap::new(),
            attachments: BTreeMap::new(),
            bans: BTreeMap::new(),
            hidden: BTreeMap::new(),
            reports: BTreeMap::new(),
            held: BTreeMap::new(),
            acts: Vec::new(),
            edits: BTreeMap::new(),
            erasures: BTreeSet::new(),
            settings: BTreeMap::new(),
            follows: BTreeMap::new(),
        }))
    }

    /// A commit puts whole tables in place, so those behind a poisoned lock are whole.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a commit loads and writes.
impl Tables {
    /// The rows that there are. A database locks them too, in the order of the sets, so that no two
    /// transactions wait for each other: `SELECT … ORDER BY … FOR UPDATE`.
    fn load(&self, needs: &Needs) -> Rows {
        let mut rows = Rows::at(self.token.position);
        rows.rooms = found(&needs.rooms, |id| self.rooms.get(id).cloned());
        let oldest = |room: &RoomId, limit: &u32| {
            self.messages_in(*room).take(*limit as usize).map(Arc::new).collect::<Vec<_>>()
        };
        rows.oldest = needs.oldest.iter().map(|(room, limit)| (*room, oldest(room, limit))).collect();
        let members = needs.members.union(&needs.senders(&rows.oldest)).cloned().collect();
        rows.members = found(&members, |key| self.members.get(key).cloned());
        for (room, count) in needs.heirs(&rows.members) {
            let mut heirs: Vec<&Member> = self.active_in(room, None).collect();
            heirs.sort_by(|one, other| one.seniority().cmp(&other.seniority()));
            for heir in heirs.into_iter().take(count as usize) {
                rows.add_heir(heir.clone(), self.profile(&heir.user));
            }
        }
        rows.sent = found(&needs.sent, |key| self.sent(key));
        let places = needs.places.iter().filter_map(|(_, id)| Some((*id, self.place(*id)?)));
        rows.places = places.collect();
        rows.keys = found(&needs.keys, |key| self.keys.get(key).copied());
        rows.ordinals = found(&needs.ordinals, |key| self.ordinals(key));
        let messages = needs.messages.iter().filter_map(|(room, id)| self.message(*room, *id));
        rows.messages = messages.map(|message| (message.id, Arc::new(message))).collect();
        for (room, id) in needs.roots(&rows.messages) {
            rows.messages.extend(self.message(room, id).map(|root| (id, Arc::new(root))));
        }
        let reactions = needs.reactions.iter().filter_map(|(room, id, reaction, user)| {
            let seq = rows.messages.get(id)?.seq;
            Some(ReactionKey { room: *room, seq, reaction: reaction.clone(), user: user.clone() })
        });
        rows.reactions = reactions.filter(|key| self.reactions.contains(key)).collect();
        let pins =
            |room: &RoomId| self.messages_in(*room).filter(|it| it.state.pinned.is_some()).count() as u64;
        rows.pins = needs.pins.iter().map(|room| (*room, pins(room))).collect();
        let links = self.invites.values().filter(|link| needs.invites.contains(&link.room));
        rows.invites = links.map(|link| (link.code, link.clone())).collect();
        rows.relations = found(&needs.relations_with(&rows.rooms), |key| self.relations.get(key).cloned());
        rows.attachments = found(&needs.attachments, |key| self.attachments.get(key).cloned());
        rows.settings = needs
            .settings
            .iter()
            .filter_map(|user| Some((user.clone(), *self.settings.get(user)?)))
            .collect();
        rows.bans = found(&needs.bans, |key| self.bans.get(key).cloned());
        let hidden = needs.hidden.iter().filter(|key| self.hidden.contains_key(*key));
        rows.hidden = hidden.cloned().collect();
        let is_needed = |report: &&Report| {
            needs.reports.contains(&(report.room, report.id))
                || needs.reported.contains(&(report.room, report.message, report.by.clone()))
        };
        let reports = self.reports.values().filter(is_needed);
        rows.reports = reports.map(|report| (report.id, report.clone())).collect();
        rows.follows = found(&needs.follows(&rows.messages), |key| self.follows.get(key).cloned());
        self.load_held(needs, &mut rows);
        rows
    }

    fn load_held(&self, needs: &Needs, rows: &mut Rows) {
        let is_there =
            |(room, id): &&(RoomId, MessageId)| self.held.get(id).is_some_and(|one| one.room == *room);
        rows.held = needs.held.iter().filter(is_there).map(|(_, id)| *id).collect();
        let key = |one: &Held| Some((one.room, one.sender.user.clone(), one.client_id.clone()?));
        let named = self.held.values().filter_map(|one| Some((key(one)?, (one.id, one.hash))));
        rows.held_as = named.filter(|(key, _)| needs.held_as.contains(key)).collect();
        let count = |(room, user): &(RoomId, UserId)| {
            let in_room = || self.held.values().filter(|one| one.room == *room);
            let of_user = in_room().filter(|one| one.sender.user == *user);
            ((*room, user.clone()), (in_room().count() as u64, of_user.count() as u64))
        };
        rows.held_counts = needs.holding.iter().map(count).collect();
    }

    fn sent(&self, (room, user, client): &(RoomId, UserId, ClientId)) -> Option<Sent> {
        let key = (*room, user, Some(client));
        let is_it = |sent: &Message| (sent.room, &sent.sender.user, sent.client_id.as_ref()) == key;
        let (message, hash) = self.messages.iter().find(|(message, _)| is_it(message))?;
        Some(Sent { message: Arc::new(self.shown(message)), hash: (*hash)? })
    }

    fn message(&self, room: RoomId, id: MessageId) -> Option<Message> {
        self.messages_in(room).find(|message| message.id == id)
    }

    fn place(&self, id: MessageId) -> Option<(RoomId, u64)> {
        let (message, _) = self.messages.iter().find(|(message, _)| message.id == id)?;
        Some((message.room, message.seq))
    }

    fn ordinals(&self, (room, user, seq): &(RoomId, UserId, u64)) -> Option<Ordinals> {
        let n = self.messages_in(*room).find(|message| message.seq == *seq)?.n;
        let is_own = |message: &Message| message.sender.user == *user && message.seq <= *seq;
        let newest = self.messages_in(*room).filter(is_own).last();
        Some(Ordinals { n, own_n: newest.map_or(0, |message| message.own_n) })
    }

    /// A database need not write all rows back, but those in `written_rooms` and `written_members`.
    fn write(&mut self, rows: Rows) {
        self.token.position = rows.position;
        self.rooms.extend(rows.rooms);
        self.members.extend(rows.members);
        self.messages.extend(rows.new_messages);
        for (message, _) in &mut self.messages {
            if let Some(amended) = rows.amended.get(&(message.room, message.seq)) {
                *message = amended.clone();
            }
        }
        self.reactions.retain(|key| !rows.cleared.contains(&(key.room, key.seq)));
        let (left, taken): (Vec<_>, Vec<_>) =
            rows.written_reactions.into_iter().partition(|key| rows.reactions.contains(key));
        self.reactions.retain(|key| !taken.contains(key));
        self.reactions.extend(left);
        // Deleted first: a key may be freed and taken again in one batch.
        self.keys.retain(|key, _| !rows.freed_keys.contains(key));
        self.keys.extend(rows.new_keys);
        // What was written and is not there any more is to be deleted.
        self.relations.retain(|key, _| !rows.written_relations.contains(key));
        self.relations.extend(rows.relations);
        self.invites.retain(|code, _| !rows.written_invites.contains(code));
        self.invites.extend(rows.invites);
        self.attachments.retain(|key, _| !rows.written_attachments.contains(key));
        self.attachments.extend(rows.attachments);
        self.bans.retain(|key, _| !rows.written_bans.contains(key));
        self.bans.extend(rows.bans);
        let key = |hidden: &Hidden| (hidden.room, hidden.user.clone(), hidden.seq);
        self.hidden.retain(|(room, user, _), _| !rows.unhidden.contains(&(*room, user.clone())));
        self.hidden.extend(rows.new_hidden.into_iter().map(|hidden| (key(&hidden), hidden)));
        self.reports.retain(|id, _| !rows.written_reports.contains(id));
        self.reports.extend(rows.reports);
        self.settings.extend(rows.settings);
        for (room, seq, edit) in rows.new_edits {
            self.edits.insert((room, seq, edit.version), edit);
        }
        for ((room, seq), keep) in rows.kept_edits {
            let of_it = self.edits.range((room, seq, 0)..=(room, seq, u64::MAX)).map(|(key, _)| *key);
            let old: Vec<_> = of_it.rev().skip(keep as usize).collect();
            old.iter().for_each(|key| drop(self.edits.remove(key)));
        }
        self.acts.extend(rows.new_acts);
        for (room, pos) in rows.deleted {
            for member in self.members.values_mut().filter(|member| member.room == room && member.active) {
                (member.active, member.changed_pos) = (false, pos);
            }
            self.invites.retain(|_, invite| invite.room != room);
            self.bans.retain(|(of, _), _| *of != room);
            self.reports.retain(|_, report| report.room != room);
        }
        let is_cut = |room: &RoomId, seq: u64| rows.cut.iter().any(|(of, upto)| of == room && seq <= *upto);
        self.messages.retain(|(message, _)| !is_cut(&message.room, message.seq));
        self.reactions.retain(|key| !is_cut(&key.room, key.seq));
        self.edits.retain(|(room, seq, _), _| !is_cut(room, *seq));
        self.held.extend(rows.new_held.into_iter().map(|one| (one.id, one)));
        self.held.retain(|id, _| !rows.ended_held.contains(id));
        for hidden in self.hidden.values().filter(|hidden| is_cut(&hidden.room, hidden.seq)) {
            if let Some(member) = self.members.get_mut(&(hidden.room, hidden.user.clone())) {
                member.hidden -= 1;
            }
        }
        self.hidden.retain(|_, hidden| !is_cut(&hidden.room, hidden.seq));
        self.follows.extend(rows.follows);
        for (user, most) in &rows.kept_follows {
            let mut of_user: Vec<_> =
                self.follows.values().filter(|one| one.user == *user).cloned().collect();
            of_user.sort_by_key(|one| Reverse((one.since, one.room, one.root_seq)));
            for Follow { room, root_seq, user, .. } in of_user.into_iter().skip(*most as usize) {
                self.follows.remove(&(room, root_seq, user));
            }
        }
        self.follows.retain(|(room, root, _), _| !is_cut(room, *root));
    }
}

fn found<K: Clone, V, M: FromIterator<(K, V)>>(keys: &BTreeSet<K>, row: impl Fn(&K) -> Option<V>) -> M {
    keys.iter().filter_map(|key| Some((key.clone(), row(key)?))).collect()
}

/// What several reads share: queries with a `WHERE`, a `JOIN` and an `ORDER BY`.
impl Tables {
    fn profile(&self, user: &UserId) -> Profile {
        self.profiles.get(user).cloned().unwrap_or_else(|| Profile::unknown(user.clone()))
    }

    /// The message with its sender's profile of now, not with the one that it was sent under; and with what it quotes
    /// as that is now. A database keeps the number of that one, and joins.
    fn shown(&self, message: &Message) -> Message {
        let mut shown = Message { sender: self.profile(&message.sender.user), ..message.clone() };
        if let Some(quoted) = &shown.references.quoted {
            let is_it = |of: &Message| (of.room, of.seq) == (message.room, quoted.seq);
            let now = self.messages.iter().find(|(message, _)| is_it(message));
            let now =
                now.map(|(now, _)| Quoted { sender: self.profile(&now.sender.user), ..(&**now).into() });
            shown.references.quoted = now.map(Arc::new);
        }
        if let Some(first) = &mut shown.references.forwarded {
            *first = Arc::new(self.profile(&first.user));
        }
        shown
    }

    /// In the order of `seq`, which is that of `pos` too.
    fn messages_in(&self, room: RoomId) -> impl Iterator<Item = Message> {
        let messages = self.messages.iter().filter(move |(message, _)| message.room == room);
        messages.map(|(message, _)| self.shown(message))
    }

    /// Active members, in the order of their ids.
    fn active_in(&self, room: RoomId, after: Option<&UserId>) -> impl Iterator<Item = &Member> {
        let active = self.members.values().filter(move |member| member.room == room && member.active);
        active.filter(move |member| after.is_none_or(|after| member.user > *after))
    }

    fn is_hidden(&self, user: &UserId, message: &Message) -> bool {
        self.hidden.contains_key(&(message.room, user.clone(), message.seq))
    }

    /// By users and numbers.
    fn hidden_in(&self, room: RoomId) -> impl Iterator<Item = &Hidden> {
        self.hidden.values().filter(move |hidden| hidden.room == room)
    }

    /// In the order of the users' ids, those that are over too.
    fn bans_in(&self, room: RoomId, after: Option<&UserId>) -> impl Iterator<Item = &Ban> {
        let bans = self.bans.values().filter(move |ban| ban.room == room);
        bans.filter(move |ban| after.is_none_or(|after| ban.user > *after))
    }

    /// In the order of the rooms' ids, those that the user has left too.
    fn rooms_of(&self, user: &UserId, after: Option<RoomId>) -> impl Iterator<Item = (Room, Member)> {
        let members = self.members.values().filter(move |member| member.user == *user);
        let members = members.filter(move |member| after.is_none_or(|after| member.room > after));
        members.filter_map(|member| Some((self.rooms.get(&member.room)?.clone(), member.clone())))
    }

    /// A profile and the last time seen may be there one without the other.
    fn person(&self, user: &UserId) -> Option<Record> {
        let profile = self.profiles.get(user).cloned();
        let (last_seen, logged_out) = (self.last_seen.get(user).copied(), self.logouts.get(user).copied());
        let is_known = profile.is_some() || last_seen.is_some() || logged_out.is_some();
        is_known.then(|| Record::Profile { user: user.clone(), profile, last_seen, logged_out })
    }

    fn entry(&self, room: Room, member: Member, listed: usize) -> RoomEntry {
        let participants = match &room.kind {
            RoomKind::Direct(pair) => pair.iter().map(|user| self.profile(user)).collect(),
            _ => {
                self.active_in(room.id, None).take(listed).map(|member| self.profile(&member.user)).collect()
            }
        };
        let is_seen = |message: &Message| !self.is_hidden(&member.user, message);
        let last_message = self.messages_in(room.id).filter(is_seen).last();
        // A database counts the rows of an index.
        let is_unread = |message: &Message| message.seq > member.read_seq && message.mentions(&member.user);
        let mentions = self.messages_in(room.id).filter(is_unread).count() as u64;
        RoomEntry { last_message, room, member, participants, mentions }
    }
}

#[async_trait]
impl Store for PlainStore {
    async fn position(&self) -> Result<Token> {
        Ok(self.tables().token)
    }

    async fn rotate_epoch(&self) -> Result<Epoch> {
        let epoch = Epoch::random();
        self.tables().token.epoch = epoch;
        Ok(epoch)
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<Result<Outcome>>> {
        let mut tables = self.tables();
        // The plainest transaction, all or nothing: work on a copy. A database has BEGIN here.
        let mut next = tables.clone();
        // Profiles first, since loaded messages show them.
        next.profiles.extend(batch.profiles.iter().map(|profile| (profile.user.clone(), profile.clone())));
        for (times, new) in [(&mut next.last_seen, &batch.last_seen), (&mut next.logouts, &batch.logouts)] {
            for (user, at) in new {
                let latest = times.entry(user.clone()).or_insert(*at);
                *latest = (*latest).max(*at);
            }
        }
        for (user, quiet) in &batch.do_not_disturb {
            match quiet {
                Some(quiet) => next.quiet.insert(user.clone(), *quiet),
                None => next.quiet.remove(user),
            };
        }
        for (user, is_begun) in &batch.erased {
            next.profiles.remove(user);
            next.last_seen.remove(user);
            match is_begun {
                true => next.erasures.insert(user.clone()),
                false => next.erasures.remove(user),
            };
        }
        let mut rows = next.load(&Needs::of(&batch));
        let outcomes = apply(batch, &mut rows);
        next.write(rows);
        // And COMMIT here, also when `apply` has refused items: it left nothing of them in the rows.
        *tables = next;
        Ok(outcomes)
    }

    async fn membership(&self, room: RoomId, user: &UserId) -> Result<Option<(Room, Option<Member>)>> {
        let tables = self.tables();
        let member = tables.members.get(&(room, user.clone())).cloned();
        Ok(tables.rooms.get(&room).map(|room| (room.clone(), member)))
    }

    async fn rooms(&self, ids: &[RoomId]) -> Result<Vec<Room>> {
        Ok(self.tables().rooms.values().filter(|room| ids.contains(&room.id)).cloned().collect())
    }

    async fn room_entry(&self, room: RoomId, user: &UserId, listed: usize) -> Result<Option<RoomEntry>> {
        let tables = self.tables();
        let found = tables.rooms_of(user, None).find(|(found, member)| found.id == room && member.active);
        Ok(found.map(|(room, member)| tables.entry(room, member, listed)))
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        skip: u64,
        limit: u32,
        listed: usize,
    ) -> Result<(Vec<RoomEntry>, u64)> {
        let tables = self.tables();
        let mut rooms: Vec<_> = tables.rooms_of(user, None).filter(|(_, member)| member.active).collect();
        rooms.sort_by_key(|(room, _)| Reverse((room.activity_at(), room.id)));
        let total = rooms.len() as u64;
        let page = rooms.into_iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(limit as usize);
        Ok((page.map(|(room, member)| tables.entry(room, member, listed)).collect(), total))
    }

    async fn public_rooms(&self, before: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        let is_found = |room: &&Room| room.active && room.about.visibility == Visibility::Public;
        let is_older = |room: &&Room| before.is_none_or(|before| room.id < before);
        let tables = self.tables();
        let rooms = tables.rooms.values().rev().filter(is_found).filter(is_older);
        Ok(rooms.take(limit as usize).cloned().collect())
    }

    async fn invite(&self, code: InviteCode) -> Result<Option<Invite>> {
        Ok(self.tables().invites.get(&code).cloned())
    }

    async fn invites(&self, room: RoomId) -> Result<Vec<Invite>> {
        Ok(self.tables().invites.values().filter(|link| link.room == room).cloned().collect())
    }

    async fn invitations(
        &self,
        user: &UserId,
        after: Option<InviteCode>,
        limit: u32,
    ) -> Result<Vec<(Invite, Room)>> {
        let tables = self.tables();
        let theirs = tables.invites.values().filter(|link| link.user.as_ref() == Some(user));
        let beyond = theirs.filter(|link| after.is_none_or(|after| link.code > after));
        let with_room = beyond.filter_map(|link| Some((link.clone(), tables.rooms.get(&link.room)?.clone())));
        Ok(with_room.take(limit as usize).collect())
    }

    async fn bans(
        &self,
        room: RoomId,
        now: Timestamp,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Ban, Profile)>> {
        let tables = self.tables();
        let bans = tables.bans_in(room, after).filter(|ban| ban.holds(now)).take(limit as usize);
        Ok(bans.map(|ban| (ban.clone(), tables.profile(&ban.user))).collect())
    }

    async fn audit(&self, room: RoomId, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>> {
        let tables = self.tables();
        let acts = tables.acts.iter().rev().filter(|entry| entry.room == room);
        let below = acts.filter(|entry| before.is_none_or(|before| entry.pos < before));
        Ok(below.take(limit as usize).cloned().collect())
    }

    async fn reports(
        &self,
        room: Option<RoomId>,
        after: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<Report>> {
        let tables = self.tables();
        let waiting = tables.reports.values().filter(|report| report.resolution.is_none());
        let beyond = waiting.filter(|report| after.is_none_or(|after| report.id > after));
        let meant = beyond.filter(|report| room.is_none_or(|room| report.room == room));
        Ok(meant.take(limit as usize).cloned().collect())
    }

    async fn held(&self, queue: Queue, after: Option<MessageId>, limit: u32) -> Result<Vec<Held>> {
        let tables = self.tables();
        let is_meant = |one: &&Held| match &queue {
            Queue::All => true,
            Queue::Room(room) => one.room == *room,
            Queue::Sender(user) => one.sender.user == *user,
        };
        let beyond = tables.held.values().filter(|one| after.is_none_or(|after| one.id > after));
        let page = beyond.filter(is_meant).take(limit as usize);
        Ok(page.map(|one| Held { sender: tables.profile(&one.sender.user), ..one.clone() }).collect())
    }

    async fn held_message(&self, room: RoomId, id: MessageId) -> Result<Option<Held>> {
        let tables = self.tables();
        let found = tables.held.get(&id).filter(|one| one.room == room);
        Ok(found.map(|one| Held { sender: tables.profile(&one.sender.user), ..one.clone() }))
    }

    async fn memberships(&self, user: &UserId, after: Option<RoomId>, limit: u32) -> Result<Memberships> {
        let tables = self.tables();
        let rooms = tables.rooms_of(user, after).filter(|(_, member)| member.active);
        Ok(Memberships { position: tables.token.position, rooms: rooms.take(limit as usize).collect() })
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: u32) -> Result<Vec<MemberEntry>> {
        let tables = self.tables();
        let entry = |member: &Member| MemberEntry {
            member: member.clone(),
            profile: tables.profile(&member.user),
            last_seen: tables.last_seen.get(&member.user).copied(),
        };
        Ok(tables.active_in(room, after).take(limit as usize).map(entry).collect())
    }

    async fn read_marks(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Vec<(UserId, u64, u64)>>> {
        let tables = self.tables();
        let hides = |user: &UserId| tables.settings.get(user).is_some_and(|settings| !settings.read_receipts);
        let read = |member: &Member| if hides(&member.user) { member.joined_seq } else { member.read_seq };
        let mark = |member: &Member| (member.user.clone(), member.joined_seq, read(member));
        let marks = |room: &RoomId| (*room, tables.active_in(*room, None).map(mark).collect());
        Ok(rooms.iter().map(marks).collect())
    }

    async fn messages(&self, room: RoomId, seqs: RangeInclusive<u64>) -> Result<Vec<Message>> {
        Ok(self.tables().messages_in(room).filter(|message| seqs.contains(&message.seq)).collect())
    }

    async fn message(&self, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        Ok(self.tables().messages_in(room).find(|message| message.id == id))
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>> {
        let tables = self.tables();
        Ok(users.iter().filter_map(|user| tables.profiles.get(user).cloned()).collect())
    }

    async fn changed_rooms(
        &self,
        user: &UserId,
        since: &Position,
        after: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<(Room, Member)>> {
        // `>=` for marks: they have no position of their own. `last_pos` counts memberships in.
        let is_changed = |room: &Room, since: u64| room.last_pos > since || room.marks_pos >= since;
        let tables = self.tables();
        let rooms = tables.rooms_of(user, after).filter(|(room, _)| is_changed(room, since.of_room(room.id)));
        Ok(rooms.take(limit as usize).collect())
    }

    async fn stays_since(&self, users: &[UserId], since: &Position) -> Result<Vec<(UserId, RoomId)>> {
        let is_new = |member: &&Member| member.changed_pos > since.of_room(member.room);
        let tables = self.tables();
        let new = tables.members.values().filter(|member| users.contains(&member.user)).filter(is_new);
        Ok(new.map(|member| (member.user.clone(), member.room)).collect())
    }

    async fn messages_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Message>> {
        let is_new = |message: &Message| message.pos > after && message.pos <= until;
        Ok(self.tables().messages_in(room).filter(is_new).take(limit as usize).collect())
    }

    async fn amended_since(
        &self,
        room: RoomId,
        made_until: u64,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let is_it = |message: &Message| {
            let changed = message.state.changed_pos;
            message.pos <= made_until && changed > after && changed <= until
        };
        let mut amended: Vec<_> = self.tables().messages_in(room).filter(is_it).collect();
        amended.sort_by_key(|message| message.state.changed_pos);
        amended.truncate(limit as usize);
        Ok(amended)
    }

    async fn reactions(
        &self,
        room: RoomId,
        seq: u64,
        after: Option<&(Reaction, UserId)>,
        limit: u32,
    ) -> Result<Vec<(Reaction, Profile)>> {
        let tables = self.tables();
        let on = tables.reactions.iter().filter(|key| (key.room, key.seq) == (room, seq));
        let on = on.map(|key| (key.reaction.clone(), key.user.clone()));
        let beyond = on.filter(|one| after.is_none_or(|after| one > after)).take(limit as usize);
        Ok(beyond.map(|(reaction, user)| (reaction, tables.profile(&user))).collect())
    }

    async fn reactions_of(
        &self,
        room: RoomId,
        user: &UserId,
        seqs: RangeInclusive<u64>,
    ) -> Result<Vec<(u64, Reaction)>> {
        let tables = self.tables();
        let is_own = |key: &&ReactionKey| key.room == room && key.user == *user && seqs.contains(&key.seq);
        Ok(tables.reactions.iter().filter(is_own).map(|key| (key.seq, key.reaction.clone())).collect())
    }

    async fn edits(&self, room: RoomId, seq: u64, before: Option<u64>, limit: u32) -> Result<Vec<Edit>> {
        let tables = self.tables();
        let below = tables.edits.range((room, seq, 0)..(room, seq, before.unwrap_or(u64::MAX))).rev();
        Ok(below.map(|(_, edit)| edit.clone()).take(limit as usize).collect())
    }

    async fn pinned(&self, room: RoomId, before: Option<PinCursor>, limit: u32) -> Result<Vec<Message>> {
        let place = |message: &Message| message.pin_cursor();
        let is_it = |message: &Message| place(message).is_some_and(|at| before.is_none_or(|end| at < end));
        let mut pinned: Vec<_> = self.tables().messages_in(room).filter(is_it).collect();
        pinned.sort_by_key(|message| Reverse(place(message)));
        pinned.truncate(limit as usize);
        Ok(pinned)
    }

    async fn hidden(&self, room: RoomId, user: &UserId, seqs: RangeInclusive<u64>) -> Result<Vec<u64>> {
        let tables = self.tables();
        let is_meant = |hidden: &&Hidden| hidden.user == *user && seqs.contains(&hidden.seq);
        Ok(tables.hidden_in(room).filter(is_meant).map(|hidden| hidden.seq).collect())
    }

    async fn hidden_since(
        &self,
        room: RoomId,
        user: Option<&UserId>,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<Hidden>> {
        let tables = self.tables();
        let is_new = |hidden: &&Hidden| hidden.pos > after && hidden.pos <= until;
        let is_theirs = |hidden: &&Hidden| user.is_none_or(|user| hidden.user == *user);
        let mut hidden: Vec<_> = tables.hidden_in(room).filter(is_new).filter(is_theirs).cloned().collect();
        hidden.sort_by_key(|hidden| hidden.pos);
        hidden.truncate(limit as usize);
        Ok(hidden)
    }

    async fn replies(
        &self,
        room: RoomId,
        root: u64,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let is_reply = |message: &Message| message.references.reply().is_some_and(|reply| reply.seq == root);
        let is_it = |message: &Message| is_reply(message) && before.is_none_or(|end| message.seq < end);
        let mut replies: Vec<_> = self.tables().messages_in(room).filter(is_it).collect();
        replies.reverse();
        replies.truncate(limit as usize);
        Ok(replies)
    }

    async fn follow(&self, room: RoomId, root: u64, user: &UserId) -> Result<Option<Follow>> {
        Ok(self.tables().follows.get(&(room, root, user.clone())).cloned())
    }

    async fn follows(&self, user: &UserId, after: Option<(RoomId, u64)>, limit: u32) -> Result<Vec<Follow>> {
        let tables = self.tables();
        let is_meant =
            |one: &&Follow| one.user == *user && after.is_none_or(|after| (one.room, one.root_seq) > after);
        Ok(tables.follows.values().filter(is_meant).take(limit as usize).cloned().collect())
    }

    async fn follows_since(&self, room: RoomId, after: u64, until: u64, limit: u32) -> Result<Vec<Follow>> {
        let tables = self.tables();
        let is_new = |one: &&Follow| one.room == room && one.pos > after && one.pos <= until;
        let mut since: Vec<_> = tables.follows.values().filter(is_new).cloned().collect();
        since.sort_by_key(|one| one.pos);
        since.truncate(limit as usize);
        Ok(since)
    }

    async fn followers(&self, room: RoomId, roots: &[u64], users: &[UserId]) -> Result<Vec<Follow>> {
        let tables = self.tables();
        let is_meant = |one: &&Follow| {
            one.room == room && one.following && roots.contains(&one.root_seq) && users.contains(&one.user)
        };
        Ok(tables.follows.values().filter(is_meant).cloned().collect())
    }

    async fn followed_threads(
        &self,
        user: &UserId,
        before: Option<ThreadCursor>,
        limit: u32,
    ) -> Result<Vec<FollowedThread>> {
        let tables = self.tables();
        let thread = |follow: &Follow| {
            let (room, root_seq) = (follow.room, follow.root_seq);
            let member = tables.members.get(&(room, user.clone())).filter(|member| member.active)?;
            let is_hidden = tables.hidden.contains_key(&(room, user.clone(), root_seq));
            let root = tables.messages_in(room).find(|one| one.seq == root_seq && !is_hidden)?;
            let is_reply = |one: &Message| one.references.reply().is_some_and(|reply| reply.seq == root_seq);
            let newest = tables.messages_in(room).filter(is_reply).last();
            let active_at = newest.map_or(root.created_at, |reply| reply.created_at);
            Some(FollowedThread { follow: follow.clone(), root, active_at, joined_seq: member.joined_seq })
        };
        let place = |one: &FollowedThread| ThreadCursor {
            at: one.active_at,
            room: one.follow.room,
            root_seq: one.follow.root_seq,
        };
        let followed = tables.follows.values().filter(|one| one.user == *user && one.following);
        let mut threads: Vec<_> = followed.filter_map(thread).collect();
        threads.retain(|one| before.is_none_or(|before| place(one) < before));
        threads.sort_by_key(|one| Reverse(place(one)));
        threads.truncate(limit as usize);
        Ok(threads)
    }

    async fn unread_replies(&self, user: &UserId, threads: &[(RoomId, u64, u64)]) -> Result<Vec<u64>> {
        let tables = self.tables();
        let unread = |(room, root, above): &(RoomId, u64, u64)| {
            let is_unread = |one: &Message| {
                one.references.reply().is_some_and(|reply| reply.seq == *root)
                    && one.seq > *above
                    && one.sender.user != *user
                    && !one.body.is_deleted()
                    && !tables.hidden.contains_key(&(*room, user.clone(), one.seq))
            };
            tables.messages_in(*room).filter(is_unread).count() as u64
        };
        Ok(threads.iter().map(unread).collect())
    }

    async fn members_since(
        &self,
        room: RoomId,
        after: u64,
        until: u64,
        limit: u32,
    ) -> Result<Vec<(Member, Profile)>> {
        let tables = self.tables();
        let is_changed = |member: &&Member| member.changed_pos > after && member.changed_pos <= until;
        let members = tables.members.values().filter(|member| member.room == room).filter(is_changed);
        let mut changed: Vec<_> = members.map(|m| (m.clone(), tables.profile(&m.user))).collect();
        changed.sort_by_key(|(member, _)| member.changed_pos);
        changed.truncate(limit as usize);
        Ok(changed)
    }

    async fn marks_since(
        &self,
        room: RoomId,
        since: u64,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        let tables = self.tables();
        let moved = tables.active_in(room, after).filter(|member| member.marks_pos >= since);
        Ok(moved.take(limit as usize).cloned().collect())
    }

    async fn settings(&self, users: &[UserId]) -> Result<Vec<(UserId, Settings)>> {
        let tables = self.tables();
        let settled = tables.settings.iter().filter(|(user, _)| users.contains(user));
        Ok(settled.map(|(user, settings)| (user.clone(), *settings)).collect())
    }

    async fn logouts(&self, users: &[UserId]) -> Result<Vec<(UserId, Timestamp)>> {
        let tables = self.tables();
        let logouts = tables.logouts.iter().filter(|(user, _)| users.contains(user));
        Ok(logouts.map(|(user, at)| (user.clone(), *at)).collect())
    }

    async fn do_not_disturb(&self, users: &[UserId]) -> Result<Vec<(UserId, DoNotDisturb)>> {
        let tables = self.tables();
        let quiet = tables.quiet.iter().filter(|(user, _)| users.contains(user));
        Ok(quiet.map(|(user, quiet)| (user.clone(), *quiet)).collect())
    }

    async fn relation(&self, user: &UserId, other: &UserId) -> Result<Option<Relation>> {
        Ok(self.tables().relations.get(&(user.clone(), other.clone())).cloned())
    }

    async fn relations(
        &self,
        user: &UserId,
        kind: RelationKind,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<(Relation, Profile)>> {
        let tables = self.tables();
        let of_kind = tables.relations.values().filter(|found| found.user == *user && found.kind == kind);
        let beyond = of_kind.filter(|found| after.is_none_or(|after| found.other > *after));
        let page = beyond.take(limit as usize);
        Ok(page.map(|found| (found.clone(), tables.profile(&found.other))).collect())
    }

    // An outbox is a table that the app's own transactions write to, which nobody can in these maps.

    fn outbox_table(&self) -> Option<&str> {
        None
    }

    async fn outbox(&self, _limit: u32) -> Result<Vec<OutboxRow>> {
        Ok(Vec::new())
    }

    async fn attachment(&self, room: RoomId, id: AttachmentId) -> Result<Option<StoredAttachment>> {
        Ok(self.tables().attachments.get(&(room, id)).cloned())
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
            RecordPage::Messages { room, after } => {
                let beyond =
                    tables.messages.iter().filter(|(message, _)| message.room == room && message.seq > after);
                let record = |(message, hash): &(Arc<Message>, Option<BodyHash>)| {
                    Record::Room(RoomRecord::Message(tables.shown(message), *hash))
                };
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
        })
    }

    /// It searches without an index.
    async fn index(&self, _limit: u32) -> Result<bool> {
        Ok(false)
    }

    async fn reports_by(&self, user: &UserId, after: Option<ReportId>, limit: u32) -> Result<Vec<Report>> {
        let tables = self.tables();
        let made = tables.reports.values().filter(|report| report.by == *user);
        let beyond = made.filter(|report| after.is_none_or(|after| report.id > after));
        Ok(beyond.take(limit as usize).cloned().collect())
    }

    async fn erasures(&self, limit: u32) -> Result<Vec<UserId>> {
        Ok(self.tables().erasures.iter().take(limit as usize).cloned().collect())
    }

    async fn keeping_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        let tables = self.tables();
        let beyond = tables.rooms.values().filter(|room| after.is_none_or(|after| room.id > after));
        Ok(beyond.filter(|room| room.keeping.is_some()).take(limit as usize).cloned().collect())
    }

    async fn search(&self, search: Search) -> Result<Found> {
        let tables = self.tables();
        let is_own = |room: RoomId| {
            let member = tables.members.get(&(room, search.user.clone()));
            search.room.is_none_or(|sought| sought == room) && member.is_some_and(|member| member.active)
        };
        let mut all: Vec<Message> = tables.rooms.keys().flat_map(|room| tables.messages_in(*room)).collect();
        all.sort_by_key(|message| message.created_at);
        // A page goes on below the place, among all messages, at which the one before it ended.
        let mut found: Vec<(u64, Message)> = (0..).zip(all).collect();
        found.retain(|(place, message)| {
            let is_beyond = search.cursor.is_none_or(|cursor| *place < cursor.0);
            let is_seen = !tables.is_hidden(&search.user, message);
            is_beyond && is_seen && is_own(message.room) && search.means(message)
        });
        found.reverse();
        let is_cut = found.len() > search.limit as usize;
        found.truncate(search.limit as usize);
        let next = found.last().filter(|_| is_cut).map(|(place, _)| SearchCursor(*place));
        Ok(Found { messages: found.into_iter().map(|(_, message)| message).collect(), next })
    }

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
        Ok(())
    }

    async fn blocks(&self, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>> {
        let tables = self.tables();
        let is_block = |pair: &&(UserId, UserId)| {
            tables.relations.get(*pair).is_some_and(|relation| relation.kind == RelationKind::Blocked)
        };
        Ok(pairs.iter().filter(is_block).cloned().collect())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = ChatEngine::builder().store(PlainStore::new()).build().await?;
    let (ana, ben) = (engine.as_user("ana".parse()?), engine.as_user("ben".parse()?));
    let room = ana.create_room(NewRoom::direct("ben")).await?.id();

    let mut session = ben.connect().await?;
    // Sent twice under one name, kept once.
    for _ in 0..2 {
        ana.send(room, Draft::text("Does it keep this once?").with_client_id("1")).await?;
    }
    while let Some(event) = session.next().await {
        if let EventKind::Message(message) = &event.kind {
            println!("ben hears {}: {}", message.sender.user, message.body.content().unwrap_or_default());
            break;
        }
    }
    ben.mark_read(room, None).await?;
    ben.send(room, Draft::text("It does")).await?;

    println!("ana has {} unread in:", ana.room(room).await?.unread);
    for seen in ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await?.messages.iter().rev() {
        let (message, read) = (&seen.message, if seen.receipt.is_read { "read" } else { "not read" });
        let words = message.body.content().unwrap_or_default();
        println!("{:>3} {}: {words} ({read})", message.seq, message.sender.user);
    }
    Ok(())
}
