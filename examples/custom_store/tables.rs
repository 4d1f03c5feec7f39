//! The tables, and the rows that a batch loads and writes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chat_core::model::{
    AuditEntry, Ban, DoNotDisturb, Edit, Epoch, Follow, Hidden, Invite, InviteCode, JoinRequest, Member,
    Message, Position, Profile, Quoted, Relation, Report, Room, RoomKey, RoomKind, Settings, Token,
};
use chat_core::store::{
    Alert, AlertKey, BodyHash, Held, Needs, Ordinals, PushRetry, ReactionKey, Record, RoomEntry, Rows, Sent,
    StoredAttachment,
};
use chat_core::{AttachmentId, ClientId, MessageId, ReportId, RoomId, Timestamp, UserId};

/// Each field would be a table. All reads scan; the comments name the indexes that a database has instead.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    /// Outlives a restart: a new epoch voids all tokens of clients. The position's row is locked from the
    /// load until the commit, so that positions commit in their order.
    pub(super) token: Token,
    /// By id; those of which it is said how much is kept by id.
    pub(super) rooms: BTreeMap<RoomId, Room>,
    /// Past ones too. By room; by user; by room and `changed_pos`; by room and `marks_pos`.
    pub(super) members: BTreeMap<(RoomId, UserId), Member>,
    /// In the order of their commits. By id; by room and `seq`; by room and `pos`; by room, sender and
    /// `seq`; by room and the position that changed it; those that are pinned by room, time and `seq`; unique by room, sender and client id.
    pub(super) messages: Vec<(Arc<Message>, Option<BodyHash>)>,
    /// By room, `seq`, reaction and user; by room, user and `seq`.
    pub(super) reactions: BTreeSet<ReactionKey>,
    pub(super) keys: HashMap<RoomKey, RoomId>,
    pub(super) profiles: HashMap<UserId, Profile>,
    pub(super) last_seen: HashMap<UserId, Timestamp>,
    pub(super) logouts: HashMap<UserId, Timestamp>,
    /// By user.
    pub(super) quiet: BTreeMap<UserId, DoNotDisturb>,
    pub(super) pushed_since: Option<Timestamp>,
    /// Up to where a room's notices have come, and until when somebody holds it.
    pub(super) pushed: HashMap<RoomId, (u64, Timestamp)>,
    /// By room and user; by when they are due.
    pub(super) push_retries: HashMap<(RoomId, UserId), PushRetry>,
    /// By user, kind and subject; by when they are due; those of rooms by subject.
    pub(super) alerts: BTreeMap<AlertKey, Alert>,
    /// By user and other; by user, kind and other.
    pub(super) relations: BTreeMap<(UserId, UserId), Relation>,
    /// By code; by room and code; by user and code.
    pub(super) invites: BTreeMap<InviteCode, Invite>,
    /// By room and id; by uploader and size; those in no message by when they were begun.
    pub(super) attachments: BTreeMap<(RoomId, AttachmentId), StoredAttachment>,
    /// By room and user; by user and room.
    pub(super) bans: BTreeMap<(RoomId, UserId), Ban>,
    /// By room, user and number; and by room and position.
    pub(super) hidden: BTreeMap<(RoomId, UserId, u64), Hidden>,
    /// By id; those that wait by id, and by room and id; by room, message and who has made it; by who has made it and id.
    pub(super) reports: BTreeMap<ReportId, Report>,
    /// Messages that wait. By id; by room and id; by sender and id; unique by room, sender and client id.
    pub(super) held: BTreeMap<MessageId, Held>,
    /// People who wait to come in. By id; by room and id; by user and id; unique by room and user.
    pub(super) join_requests: BTreeMap<(RoomId, UserId), JoinRequest>,
    /// In the order of their commits. By room and `pos`; by room and time.
    pub(super) acts: Vec<AuditEntry>,
    /// By room, `seq` and version.
    pub(super) edits: BTreeMap<(RoomId, u64, u64), Edit>,
    /// Outlives a restart.
    pub(super) erasures: BTreeSet<UserId>,
    /// By user.
    pub(super) settings: BTreeMap<UserId, Settings>,
    /// By room, root and user; by user, room and root; by room and position.
    pub(super) follows: BTreeMap<(RoomId, u64, UserId), Follow>,
}

impl Tables {
    pub(super) fn new() -> Self {
        Self {
            token: Token { epoch: Epoch::random(), position: Position::start(1) },
            rooms: BTreeMap::new(),
            members: BTreeMap::new(),
            messages: Vec::new(),
            reactions: BTreeSet::new(),
            keys: HashMap::new(),
            profiles: HashMap::new(),
            last_seen: HashMap::new(),
            logouts: HashMap::new(),
            quiet: BTreeMap::new(),
            pushed_since: None,
            pushed: HashMap::new(),
            push_retries: HashMap::new(),
            alerts: BTreeMap::new(),
            relations: BTreeMap::new(),
            invites: BTreeMap::new(),
            attachments: BTreeMap::new(),
            bans: BTreeMap::new(),
            hidden: BTreeMap::new(),
            reports: BTreeMap::new(),
            held: BTreeMap::new(),
            join_requests: BTreeMap::new(),
            acts: Vec::new(),
            edits: BTreeMap::new(),
            erasures: BTreeSet::new(),
            settings: BTreeMap::new(),
            follows: BTreeMap::new(),
        }
    }

    /// The rows that there are. A database locks them too, in the order of the sets, so that no two
    /// transactions wait for each other: `SELECT … ORDER BY … FOR UPDATE`.
    pub(super) fn load(&self, needs: &Needs) -> Rows {
        let mut rows = Rows::at(self.token.position);
        rows.rooms = found(&needs.rooms, |id| self.rooms.get(id).cloned().map(Arc::new));
        let oldest = |room: &RoomId, limit: &u32| {
            self.messages_in(*room).take(*limit as usize).map(Arc::new).collect::<Vec<_>>()
        };
        rows.more.oldest =
            needs.more.oldest.iter().map(|(room, limit)| (*room, oldest(room, limit))).collect();
        let senders = needs.senders(&rows.more.oldest);
        let members = needs.members.iter().chain(&senders);
        rows.members = found(members, |key| self.members.get(key).cloned().map(Arc::new));
        for (room, count) in needs.heirs(&rows.members) {
            let mut heirs: Vec<&Member> = self.active_in(room, None).collect();
            heirs.sort_by(|one, other| one.seniority().cmp(&other.seniority()));
            for heir in heirs.into_iter().take(count as usize) {
                rows.add_heir(heir.clone(), self.profile(&heir.user));
            }
        }
        rows.sent = found(&needs.sent, |key| self.sent(key));
        let places = needs.more.places.iter().filter_map(|(_, id)| Some((*id, self.place(*id)?)));
        rows.more.places = places.collect();
        rows.more.keys = found(&needs.more.keys, |key| self.keys.get(key).copied());
        rows.ordinals = found(&needs.ordinals, |key| self.ordinals(key));
        let messages = needs.more.messages.iter().filter_map(|(room, id)| self.message(*room, *id));
        rows.more.messages = messages.map(|message| (message.id, Arc::new(message))).collect();
        for (room, id) in needs.roots(&rows.more.messages) {
            rows.more.messages.extend(self.message(room, id).map(|root| (id, Arc::new(root))));
        }
        let kept = |room, seq| self.edits.range((room, seq, 0)..=(room, seq, u64::MAX)).count() as u64;
        rows.more.edited =
            needs.more.edited.iter().map(|(room, seq)| ((*room, *seq), kept(*room, *seq))).collect();
        let reactions = needs.more.reactions.iter().filter_map(|(room, id, reaction, user)| {
            let seq = rows.more.messages.get(id)?.seq;
            Some(ReactionKey { room: *room, seq, reaction: reaction.clone(), user: user.clone() })
        });
        rows.more.reactions = reactions.filter(|key| self.reactions.contains(key)).collect();
        let pins =
            |room: &RoomId| self.messages_in(*room).filter(|it| it.state.pinned.is_some()).count() as u64;
        rows.more.pins = needs.more.pins.iter().map(|room| (*room, pins(room))).collect();
        let is_needed =
            |link: &&Invite| needs.more.invites.contains(&link.room) || needs.more.codes.contains(&link.code);
        let links = self.invites.values().filter(is_needed);
        rows.more.invites = links.map(|link| (link.code, link.clone())).collect();
        rows.relations = found(&needs.relations_with(&rows.rooms), |key| self.relations.get(key).cloned());
        // No two transactions count the same user's at once: `pg_advisory_xact_lock`, say.
        rows.more.stored_bytes = found(&needs.more.stored_bytes, |user| Some(self.bytes_of(user)));
        rows.more.attachments = found(&needs.more.attachments, |key| self.attachments.get(key).cloned());
        rows.settings = needs
            .settings
            .iter()
            .filter_map(|user| Some((user.clone(), *self.settings.get(user)?)))
            .collect();
        rows.more.bans = found(&needs.more.bans, |key| self.bans.get(key).cloned());
        let acts = self.acts.iter().filter(|entry| needs.more.acts.contains(&(entry.room, entry.at)));
        rows.more.acts = acts.cloned().collect();
        let hidden = needs.more.hidden.iter().filter(|key| self.hidden.contains_key(*key));
        rows.more.hidden = hidden.cloned().collect();
        let is_needed = |report: &&Report| {
            needs.more.reports.contains(&(report.room, report.id))
                || needs.more.reported.contains(&(report.room, report.message, report.by.clone()))
        };
        let reports = self.reports.values().filter(is_needed);
        rows.more.reports = reports.map(|report| (report.id, report.clone())).collect();
        rows.more.follows = found(&needs.follows(&rows.more.messages), |key| self.follows.get(key).cloned());
        self.load_held(needs, &mut rows);
        rows.more.join_requests =
            found(&needs.more.join_requests, |key| self.join_requests.get(key).cloned());
        let is_asked = |request: &&JoinRequest| needs.more.asked.iter().any(|(_, id)| *id == request.id);
        let asked = self.join_requests.values().filter(is_asked);
        rows.more.asked = asked.map(|request| (request.id, (request.room, request.user.clone()))).collect();
        let waiting = |room: &RoomId| self.join_requests.keys().filter(|(of, _)| of == room).count() as u64;
        rows.more.join_counts = needs.more.join_counts.iter().map(|room| (*room, waiting(room))).collect();
        rows
    }

    fn load_held(&self, needs: &Needs, rows: &mut Rows) {
        let named = needs.more.held.iter().filter_map(|(_, id)| self.held.get(id));
        rows.more.held = named.map(|one| (one.id, (one.room, one.sender.user.clone()))).collect();
        let key = |one: &Held| Some((one.room, one.sender.user.clone(), one.client_id.clone()?));
        let named = self.held.values().filter_map(|one| Some((key(one)?, (one.id, one.hash))));
        rows.more.held_as = named.filter(|(key, _)| needs.more.held_as.contains(key)).collect();
        let count = |(room, user): &(RoomId, UserId)| {
            let in_room = || self.held.values().filter(|one| one.room == *room);
            let of_user = in_room().filter(|one| one.sender.user == *user);
            ((*room, user.clone()), (in_room().count() as u64, of_user.count() as u64))
        };
        rows.more.held_counts = needs.more.holding.iter().map(count).collect();
    }

    fn sent(&self, (room, user, client): &(RoomId, UserId, ClientId)) -> Option<Sent> {
        let key = (*room, user, Some(client));
        let is_it = |sent: &Message| (sent.room, &sent.sender.user, sent.client_id.as_ref()) == key;
        let (message, hash) = self.messages.iter().find(|(message, _)| is_it(message))?;
        Some(Sent { message: Arc::new(self.shown(message)), hash: (*hash)? })
    }

    pub(super) fn message(&self, room: RoomId, id: MessageId) -> Option<Message> {
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
    pub(super) fn write(&mut self, mut rows: Rows) {
        let more = rows.more.take().unwrap_or_default();
        self.token.position = rows.position;
        let rooms = rows.rooms.into_iter().map(|(id, room)| (id, Arc::unwrap_or_clone(room)));
        self.rooms.extend(rooms);
        let members = rows.members.into_iter().map(|(key, member)| (key, Arc::unwrap_or_clone(member)));
        self.members.extend(members);
        self.messages.extend(rows.new_messages);
        for (message, _) in &mut self.messages {
            if let Some(amended) = more.amended.get(&(message.room, message.seq)) {
                *message = amended.clone();
            }
        }
        self.reactions.retain(|key| !more.cleared.contains(&(key.room, key.seq)));
        let (left, taken): (Vec<_>, Vec<_>) =
            more.written_reactions.into_iter().partition(|key| more.reactions.contains(key));
        self.reactions.retain(|key| !taken.contains(key));
        self.reactions.extend(left);
        // Deleted first: a key may be freed and taken again in one batch.
        self.keys.retain(|key, _| !more.freed_keys.contains(key));
        self.keys.extend(more.new_keys);
        // What was written and is not there any more is to be deleted.
        self.relations.retain(|key, _| !more.written_relations.contains(key));
        self.relations.extend(rows.relations);
        self.invites.retain(|code, _| !more.written_invites.contains(code));
        self.invites.extend(more.invites);
        self.attachments.retain(|key, _| !more.written_attachments.contains(key));
        self.attachments.extend(more.attachments);
        self.bans.retain(|key, _| !more.written_bans.contains(key));
        self.bans.extend(more.bans);
        let key = |hidden: &Hidden| (hidden.room, hidden.user.clone(), hidden.seq);
        self.hidden.retain(|(room, user, _), _| !more.unhidden.contains(&(*room, user.clone())));
        self.hidden.extend(more.new_hidden.into_iter().map(|hidden| (key(&hidden), hidden)));
        self.reports.retain(|id, _| !more.written_reports.contains(id));
        self.reports.extend(more.reports);
        self.join_requests.retain(|key, _| !more.written_join_requests.contains(key));
        self.join_requests.extend(more.join_requests);
        self.settings.extend(rows.settings);
        for (room, seq, edit) in more.new_edits {
            self.edits.insert((room, seq, edit.version), edit);
        }
        for ((room, seq), keep) in more.kept_edits {
            let of_it = self.edits.range((room, seq, 0)..=(room, seq, u64::MAX)).map(|(key, _)| *key);
            let old: Vec<_> = of_it.rev().skip(keep as usize).collect();
            old.iter().for_each(|key| drop(self.edits.remove(key)));
        }
        self.acts.extend(more.new_acts);
        if let Some(terms) = rows.alert_terms {
            let users: BTreeSet<UserId> = more.new_alerts.iter().map(|alert| alert.user.clone()).collect();
            self.alerts.extend(more.new_alerts.into_iter().map(|alert| (alert.key(), alert)));
            for user in users {
                let of_user = self.alerts.iter().filter(|(key, _)| key.user == user);
                let mut newest: Vec<_> =
                    of_user.map(|(key, alert)| Reverse((alert.at, key.clone()))).collect();
                newest.sort();
                for Reverse((_, key)) in newest.into_iter().skip(terms.most as usize) {
                    self.alerts.remove(&key);
                }
            }
        }
        for (room, pos) in more.deleted {
            self.alerts.retain(|_, alert| alert.occasion.room() != Some(room));
            for member in self.members.values_mut().filter(|member| member.room == room && member.active) {
                (member.active, member.changed_pos) = (false, pos);
            }
            self.invites.retain(|_, invite| invite.room != room);
            self.bans.retain(|(of, _), _| *of != room);
            self.reports.retain(|_, report| report.room != room);
            self.join_requests.retain(|(of, _), _| *of != room);
        }
        let is_cut = |room: &RoomId, seq: u64| more.cut.iter().any(|(of, upto)| of == room && seq <= *upto);
        self.messages.retain(|(message, _)| !is_cut(&message.room, message.seq));
        self.reactions.retain(|key| !is_cut(&key.room, key.seq));
        self.edits.retain(|(room, seq, _), _| !is_cut(room, *seq));
        // Ended first: a client id may be free and taken again in one batch.
        self.held.retain(|id, _| !more.ended_held.contains(id));
        self.held.extend(more.new_held.into_iter().map(|one| (one.id, one)));
        for hidden in self.hidden.values().filter(|hidden| is_cut(&hidden.room, hidden.seq)) {
            if let Some(member) = self.members.get_mut(&(hidden.room, hidden.user.clone())) {
                member.hidden -= 1;
            }
        }
        self.hidden.retain(|_, hidden| !is_cut(&hidden.room, hidden.seq));
        self.follows.extend(more.follows);
        for (user, most) in &more.kept_follows {
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

fn found<'a, K: Clone + 'a, V, M: FromIterator<(K, V)>>(
    keys: impl IntoIterator<Item = &'a K>,
    row: impl Fn(&K) -> Option<V>,
) -> M {
    keys.into_iter().filter_map(|key| Some((key.clone(), row(key)?))).collect()
}

/// What several reads share: queries with a `WHERE`, a `JOIN` and an `ORDER BY`.
impl Tables {
    pub(super) fn profile(&self, user: &UserId) -> Profile {
        self.profiles.get(user).cloned().unwrap_or_else(|| Profile::unknown(user.clone()))
    }

    /// The message with its sender's profile of now, not with the one that it was sent under; and with what it quotes
    /// as that is now. A database keeps the number of that one, and joins.
    pub(super) fn shown(&self, message: &Message) -> Message {
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

    /// One that waits, likewise.
    pub(super) fn waiting(&self, held: &Held) -> Held {
        Held { sender: self.profile(&held.sender.user), ..held.clone() }
    }

    /// In the order of `seq`, which is that of `pos` too.
    pub(super) fn messages_in(&self, room: RoomId) -> impl Iterator<Item = Message> {
        let messages = self.messages.iter().filter(move |(message, _)| message.room == room);
        messages.map(|(message, _)| self.shown(message))
    }

    /// Active members, in the order of their ids.
    pub(super) fn active_in(&self, room: RoomId, after: Option<&UserId>) -> impl Iterator<Item = &Member> {
        let active = self.members.values().filter(move |member| member.room == room && member.active);
        active.filter(move |member| after.is_none_or(|after| member.user > *after))
    }

    /// Of an index alone: `sum(size) WHERE uploader = user`.
    pub(super) fn bytes_of(&self, user: &UserId) -> u64 {
        let own = self.attachments.values().filter(|stored| stored.attachment.uploader == *user);
        own.map(|stored| stored.attachment.size).sum()
    }

    pub(super) fn is_hidden(&self, user: &UserId, message: &Message) -> bool {
        self.hidden.contains_key(&(message.room, user.clone(), message.seq))
    }

    /// By users and numbers.
    pub(super) fn hidden_in(&self, room: RoomId) -> impl Iterator<Item = &Hidden> {
        self.hidden.values().filter(move |hidden| hidden.room == room)
    }

    /// In the order of the users' ids, those that are over too.
    pub(super) fn bans_in(&self, room: RoomId, after: Option<&UserId>) -> impl Iterator<Item = &Ban> {
        let bans = self.bans.values().filter(move |ban| ban.room == room);
        bans.filter(move |ban| after.is_none_or(|after| ban.user > *after))
    }

    /// In the order of the rooms' ids, those that the user has left too.
    pub(super) fn rooms_of(
        &self,
        user: &UserId,
        after: Option<RoomId>,
    ) -> impl Iterator<Item = (Room, Member)> {
        let members = self.members.values().filter(move |member| member.user == *user);
        let members = members.filter(move |member| after.is_none_or(|after| member.room > after));
        members.filter_map(|member| Some((self.rooms.get(&member.room)?.clone(), member.clone())))
    }

    /// A profile and the last time seen may be there one without the other.
    pub(super) fn person(&self, user: &UserId) -> Option<Record> {
        let profile = self.profiles.get(user).cloned();
        let (last_seen, logged_out) = (self.last_seen.get(user).copied(), self.logouts.get(user).copied());
        let is_known = profile.is_some() || last_seen.is_some() || logged_out.is_some();
        is_known.then(|| Record::Profile { user: user.clone(), profile, last_seen, logged_out })
    }

    pub(super) fn entry(&self, room: Room, member: Member, listed: usize) -> RoomEntry {
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
