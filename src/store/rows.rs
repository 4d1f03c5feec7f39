//! The rows that a batch is decided on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use super::{Alert, AlertTerms, Blank, BodyHash, Few, Held, Keyed, Mention, Seldom, StoredAttachment};
#[cfg(doc)]
use super::{MoreNeeds, Needs};
use crate::id::{AttachmentId, ClientId, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, Body, Edit, Follow, Hidden, Invite, InviteCode, JoinRequest, Member, Message, Pos,
    Position, Profile, Reaction, Relation, RelationKind, Report, Room, RoomKey, Settings,
};

/// A message sent under a client id.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The message, as it is now.
    pub message: Arc<Message>,
    /// The fingerprint of what was sent first.
    pub hash: BodyHash,
}

/// A reaction that somebody left on a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReactionKey {
    /// The room.
    pub room: RoomId,
    /// The message's number.
    pub seq: u64,
    /// What was left.
    pub reaction: Reaction,
    /// Who left it.
    pub user: UserId,
}

/// The counts of a room at a `seq`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ordinals {
    /// The `n` of the message with that `seq`.
    pub n: u64,
    /// The `own_n` of the user's newest message at or below that `seq`; 0 without one.
    pub own_n: u64,
}

/// The rows of a transaction: first as a store has loaded them, then as [`apply()`](super::apply()) has
/// changed them.
///
/// What every send looks into is [`Keyed`], which costs next to nothing for a batch's few rows.
#[derive(Debug)]
pub struct Rows {
    /// Where the store stands; moved on by each change.
    pub position: Position,
    /// The rooms that there are, of those in [`Needs::rooms`].
    pub rooms: Keyed<RoomId, Arc<Room>>,
    /// The memberships that there are, of those in [`Needs::members`], and then those of [`Needs::heirs`].
    pub members: Keyed<(RoomId, UserId), Arc<Member>>,
    /// The messages that there are, of those in [`Needs::sent`].
    pub sent: Keyed<(RoomId, UserId, ClientId), Sent>,
    /// The counts for those of [`Needs::ordinals_in`] whose `seq` a message has; the others are left out.
    pub ordinals: Keyed<(RoomId, UserId, u64), Ordinals>,
    /// The relations that there are, of those in [`Needs::relations_with`].
    pub relations: Keyed<(UserId, UserId), Relation>,
    /// What those of [`Needs::settings`] let others see who ever settled something.
    pub settings: Keyed<UserId, Settings>,

    /// Rooms to write, new or changed.
    pub written_rooms: Few<RoomId>,
    /// Memberships to write, new or changed.
    pub written_members: Few<(RoomId, UserId)>,
    /// Messages to add, in their order.
    pub new_messages: Vec<(Arc<Message>, Option<BodyHash>)>,
    /// The batch's.
    pub alert_terms: Option<AlertTerms>,
    /// What neither messages nor marks need.
    pub more: Seldom<MoreRows>,
}

/// Those of the [`Rows`] that neither messages nor marks need, but for some of those that bring or refer to something.
#[derive(Debug, Default)]
pub struct MoreRows {
    /// The room and number of the messages that there are, of those in [`MoreNeeds::places`].
    pub places: HashMap<MessageId, (RoomId, u64)>,
    /// Who holds the keys, of those in [`MoreNeeds::keys`].
    pub keys: HashMap<RoomKey, RoomId>,
    /// The messages that there are, of those in [`MoreNeeds::messages`], and then those of [`Needs::roots`].
    pub messages: HashMap<MessageId, Arc<Message>>,
    /// How many former states are kept of the messages in [`MoreNeeds::edited`]; one without any may be left out.
    pub edited: BTreeMap<(RoomId, u64), u64>,
    /// The reactions that were left, of those in [`MoreNeeds::reactions`].
    pub reactions: HashSet<ReactionKey>,
    /// The profiles of the members of [`Needs::heirs`], where they have one.
    pub profiles: HashMap<UserId, Profile>,
    /// The invite links of the rooms in [`MoreNeeds::invites`], and those that there are of [`MoreNeeds::codes`].
    pub invites: HashMap<InviteCode, Invite>,
    /// How many messages are pinned in the rooms in [`MoreNeeds::pins`].
    pub pins: HashMap<RoomId, u64>,
    /// How many bytes the attachments of each of [`MoreNeeds::stored_bytes`] have together, those that are
    /// [arriving](super::Stage::Arriving) too.
    pub stored_bytes: BTreeMap<UserId, u64>,
    /// The attachments that there are, of those in [`MoreNeeds::attachments`].
    pub attachments: HashMap<(RoomId, AttachmentId), StoredAttachment>,
    /// The bans that there are, of those in [`MoreNeeds::bans`], also those that are over.
    pub bans: HashMap<(RoomId, UserId), Ban>,
    /// The reports that there are, of those in [`MoreNeeds::reported`] and [`MoreNeeds::reports`].
    pub reports: HashMap<ReportId, Report>,
    /// All that there are of the moments in [`MoreNeeds::acts`].
    pub acts: Vec<AuditEntry>,
    /// Those of [`MoreNeeds::hidden`] that are hidden.
    pub hidden: BTreeSet<(RoomId, UserId, u64)>,
    /// The oldest messages that there are of the rooms in [`MoreNeeds::oldest`], in their order.
    pub oldest: HashMap<RoomId, Vec<Arc<Message>>>,
    /// Those that wait, of the messages in [`MoreNeeds::held`]: in which room, and whose.
    pub held: BTreeMap<MessageId, (RoomId, UserId)>,
    /// The ids and fingerprints of those that wait, of [`MoreNeeds::held_as`].
    pub held_as: BTreeMap<(RoomId, UserId, ClientId), (MessageId, BodyHash)>,
    /// How many wait in the room, and how many of those are the user's, for each of [`MoreNeeds::holding`].
    pub held_counts: BTreeMap<(RoomId, UserId), (u64, u64)>,
    /// Those that wait, of [`MoreNeeds::join_requests`].
    pub join_requests: BTreeMap<(RoomId, UserId), JoinRequest>,
    /// Those that wait, of the requests in [`MoreNeeds::asked`]: for which room, and whose.
    pub asked: BTreeMap<JoinRequestId, (RoomId, UserId)>,
    /// How many wait in each of [`MoreNeeds::join_counts`].
    pub join_counts: BTreeMap<RoomId, u64>,
    /// Those that there are, of [`Needs::follows`], by room, the root's number and user.
    pub follows: BTreeMap<(RoomId, u64, UserId), Follow>,

    /// Keys to add.
    pub new_keys: HashMap<RoomKey, RoomId>,
    /// Keys to delete. A key may be freed and taken again in one batch: delete first.
    pub freed_keys: Vec<RoomKey>,
    /// Relations to write, new or changed; those that [`relations`](Rows::relations) does not have any
    /// more are to be deleted.
    pub written_relations: BTreeSet<(UserId, UserId)>,
    /// Messages to write over, by room and number, once those to add are there: what they say, and their
    /// [`state`](Message::state).
    pub amended: BTreeMap<(RoomId, u64), Arc<Message>>,
    /// Messages of which all reactions are to be deleted, before any is written.
    pub cleared: Vec<(RoomId, u64)>,
    /// Reactions to write; those that [`reactions`](Self::reactions) does not have any more are to be deleted.
    pub written_reactions: BTreeSet<ReactionKey>,
    /// Invite links to write, new or changed; those that [`invites`](Self::invites) does not have any more
    /// are to be deleted.
    pub written_invites: BTreeSet<InviteCode>,
    /// Attachments to write, new or changed; those that [`attachments`](Self::attachments) does not have any
    /// more are to be deleted.
    pub written_attachments: BTreeSet<(RoomId, AttachmentId)>,
    /// Bans to write, new or changed; those that [`bans`](Self::bans) does not have any more are to be deleted.
    pub written_bans: BTreeSet<(RoomId, UserId)>,
    /// Reports to write, new or changed; those that [`reports`](Self::reports) does not have any more are to be
    /// deleted.
    pub written_reports: BTreeSet<ReportId>,
    /// Acts to add, in their order.
    pub new_acts: Vec<AuditEntry>,
    /// What was hidden, to add.
    pub new_hidden: Vec<Hidden>,
    /// Of whom nothing is hidden in a room any more: those rows are to be deleted, before any is added.
    pub unhidden: Vec<(RoomId, UserId)>,
    /// Former states of messages to add, by room and number.
    pub new_edits: Vec<(RoomId, u64, Edit)>,
    /// Messages of which, once those are added, only so many of the newest former states stay.
    pub kept_edits: Vec<((RoomId, u64), u32)>,
    /// Rooms that were deleted, by the position: all memberships of them that are active end at it, and their invite
    /// links, bans, reports, join requests and alerts are to be deleted; before [`cut`](Self::cut), and after all else.
    pub deleted: Vec<(RoomId, u64)>,
    /// Rooms of which all messages up to this number are to be deleted at the end, with the reactions on them, their former
    /// states and what an index has of them.
    pub cut: Vec<(RoomId, u64)>,
    /// Mentions to delete, once [those to add](Rows::new_mentions) are there.
    pub ended_mentions: Vec<Mention>,
    /// Users whose settings are to be written, new or changed.
    pub written_settings: BTreeSet<UserId>,
    /// Messages that wait from now on, to add. One that is there already stays as it is.
    pub new_held: Vec<Held>,
    /// Messages that wait no more, to delete before [those to add](Self::new_held) are there: a client id may be free and
    /// taken again.
    pub ended_held: Vec<MessageId>,
    /// Requests to come in to write, new or changed; those that [`join_requests`](Self::join_requests) does not have any
    /// more are to be deleted.
    pub written_join_requests: BTreeSet<(RoomId, UserId)>,
    /// Of [`follows`](Self::follows), those to write, new or changed.
    pub written_follows: BTreeSet<(RoomId, u64, UserId)>,
    /// Users of whom, once those are written, only so many of the newest [`Follow`]s stay, of whatever rooms: by
    /// [`since`](Follow::since), then room and root.
    pub kept_follows: BTreeMap<UserId, u32>,
    /// Alerts to write over what stands under their [keys](Alert::key), each key once and in their order. Once they are
    /// there, of each of their users only [`AlertTerms::most`] of the newest stay: by [`at`](Alert::at), then key.
    pub new_alerts: Vec<Alert>,
}

impl Blank for MoreRows {
    fn blank() -> &'static Self {
        static BLANK: LazyLock<MoreRows> = LazyLock::new(MoreRows::default);
        &BLANK
    }
}

impl Rows {
    /// Nothing loaded yet.
    pub fn at(position: Position) -> Self {
        Self {
            position,
            rooms: Keyed::new(),
            members: Keyed::new(),
            sent: Keyed::new(),
            ordinals: Keyed::new(),
            relations: Keyed::new(),
            settings: Keyed::new(),
            written_rooms: Few::default(),
            written_members: Few::default(),
            new_messages: Vec::new(),
            alert_terms: None,
            more: Seldom::default(),
        }
    }

    /// The next position of the room's lane, and the room's change before it.
    pub(super) fn next_pos(&mut self, room: &mut Room) -> (Pos, u64) {
        let lane = self.position.lane_of(room.id);
        let pos = Pos { lane, at: self.position.of_room(room.id) + 1 };
        self.position.advance(pos);
        (pos, std::mem::replace(&mut room.last_pos, pos.at))
    }

    /// Puts a room back, to be written.
    pub(super) fn put_room(&mut self, room: Room) {
        self.written_rooms.insert(room.id);
        self.rooms.insert(room.id, Arc::new(room));
    }

    /// Puts a membership back, to be written.
    pub(super) fn put_member(&mut self, member: Member) {
        let key = (member.room, member.user.clone());
        self.written_members.insert(key.clone());
        self.members.insert(key, Arc::new(member));
    }

    /// A message of the room.
    pub(super) fn message(&self, room: RoomId, id: MessageId) -> Option<Arc<Message>> {
        let of_batch = || self.new_messages.iter().map(|(message, _)| message).find(|new| new.id == id);
        self.more.messages.get(&id).or_else(of_batch).filter(|message| message.room == room).cloned()
    }

    /// Puts a message back, to be written.
    pub(super) fn put_message(&mut self, message: Arc<Message>) {
        let sent_as = message.client_id.clone().map(|id| (message.room, message.sender.user.clone(), id));
        if let Some(sent) = sent_as.and_then(|key| self.sent.get_mut(&key)) {
            sent.message = message.clone();
        }
        self.more.amended.insert((message.room, message.seq), message.clone());
        self.more.messages.insert(message.id, message);
    }

    /// Leaves a reaction, or takes it back.
    pub(super) fn put_reaction(&mut self, key: ReactionKey, on: bool) {
        self.more.written_reactions.insert(key.clone());
        if on {
            self.more.reactions.insert(key);
        } else {
            self.more.reactions.remove(&key);
        }
    }

    /// Takes back all reactions on a message.
    pub(super) fn clear_reactions(&mut self, message: &Message) {
        let is_of = |key: &ReactionKey| (key.room, key.seq) == (message.room, message.seq);
        self.more.reactions.retain(|key| !is_of(key));
        self.more.written_reactions.retain(|key| !is_of(key));
        self.more.cleared.push((message.room, message.seq));
    }

    /// What `other` is to `user`.
    pub(super) fn relation(&self, user: &UserId, other: &UserId) -> Option<RelationKind> {
        self.relations.get(&(user.clone(), other.clone())).map(|relation| relation.kind)
    }

    /// Whether one of the two has blocked the other.
    pub(super) fn is_blocked(&self, one: &UserId, other: &UserId) -> bool {
        let blocked = Some(RelationKind::Blocked);
        self.relation(one, other) == blocked || self.relation(other, one) == blocked
    }

    /// Puts a relation, to be written.
    pub(super) fn put_relation(&mut self, relation: Relation) {
        let key = (relation.user.clone(), relation.other.clone());
        self.more.written_relations.insert(key.clone());
        self.relations.insert(key, relation);
    }

    /// Adds a member of [`Needs::heirs`] as it was loaded.
    pub fn add_heir(&mut self, member: Member, profile: Profile) {
        self.more.profiles.insert(member.user.clone(), profile);
        self.members.insert((member.room, member.user.clone()), Arc::new(member));
    }

    /// Puts an invite link, to be written.
    pub(super) fn put_invite(&mut self, invite: Invite) {
        self.more.written_invites.insert(invite.code);
        self.more.invites.insert(invite.code, invite);
    }

    /// Whoever is in a room is invited to it no more.
    pub(super) fn end_invitations(&mut self, room: RoomId, user: &UserId) {
        let is_theirs = |invite: &&Invite| invite.room == room && invite.user.as_ref() == Some(user);
        let theirs: Vec<InviteCode> =
            self.more.invites.values().filter(is_theirs).map(|invite| invite.code).collect();
        theirs.into_iter().for_each(|code| self.end_invite(code));
    }

    /// Takes an invite link out, to be deleted.
    pub(super) fn end_invite(&mut self, code: InviteCode) {
        if self.more.invites.remove(&code).is_some() {
            self.more.written_invites.insert(code);
        }
    }

    /// Puts a report, to be written.
    pub(super) fn put_report(&mut self, report: Report) {
        self.more.written_reports.insert(report.id);
        self.more.reports.insert(report.id, report);
    }

    /// Has nothing of a room hidden from a user any more.
    pub(super) fn unhide(&mut self, room: RoomId, user: &UserId) {
        self.more.hidden.retain(|(of, whose, _)| (*of, whose) != (room, user));
        self.more.new_hidden.retain(|hidden| (hidden.room, &hidden.user) != (room, user));
        self.more.unhidden.push((room, user.clone()));
    }

    /// Hides a message from a user, to be written.
    pub(super) fn put_hidden(&mut self, hidden: Hidden) {
        self.more.hidden.insert((hidden.room, hidden.user.clone(), hidden.seq));
        self.more.new_hidden.push(hidden);
    }

    /// Puts a ban, to be written.
    pub(super) fn put_ban(&mut self, ban: Ban) {
        let key = (ban.room, ban.user.clone());
        self.more.written_bans.insert(key.clone());
        self.more.bans.insert(key, ban);
    }

    /// Keeps what a message says before it is edited, and so many former states of it in all.
    pub(super) fn keep_edit(&mut self, message: &Message, keep: u32) {
        if keep > 0 {
            let content = match &message.body {
                Body::Text(words) => Some(words.clone()),
                Body::Image { caption, .. } => caption.clone(),
                Body::System { .. } | Body::Deleted(_) => None,
            };
            let since = message.state.edited_at.unwrap_or(message.created_at);
            let edit = Edit { version: message.state.changed_pos, content, since };
            self.more.new_edits.push((message.room, message.seq, edit));
        }
        self.more.kept_edits.push(((message.room, message.seq), keep));
    }

    /// Keeps no former state of a message.
    pub(super) fn drop_edits(&mut self, message: &Message) {
        self.more.kept_edits.push(((message.room, message.seq), 0));
    }

    /// What the user lets others see.
    pub(super) fn settings_of(&self, user: &UserId) -> Settings {
        self.settings.get(user).copied().unwrap_or_default()
    }

    /// Puts what the user lets others see, to be written.
    pub(super) fn put_settings(&mut self, user: UserId, settings: Settings) {
        self.more.written_settings.insert(user.clone());
        self.settings.insert(user, settings);
    }

    /// Takes a ban out, to be deleted.
    pub(super) fn end_ban(&mut self, room: RoomId, user: &UserId) {
        let key = (room, user.clone());
        if self.more.bans.remove(&key).is_some() {
            self.more.written_bans.insert(key);
        }
    }

    /// Takes a relation out, to be deleted.
    pub(super) fn end_relation(&mut self, user: &UserId, other: &UserId) {
        let key = (user.clone(), other.clone());
        if self.relations.remove(&key).is_some() {
            self.more.written_relations.insert(key);
        }
    }

    /// The counts of a room at `seq`, which is at most the room's own.
    pub(super) fn ordinals_at(&self, room: &Room, member: &Member, seq: u64) -> Ordinals {
        if let Some(at) = self.ordinals.get(&(room.id, member.user.clone(), seq)) {
            return *at;
        }
        // No message had that number before this batch, or the newest one did, so all that came after it are in the batch:
        // count back from what the counts are now.
        let mut at = Ordinals { n: room.countable, own_n: member.own_n };
        for (message, _) in self.new_messages.iter().filter(|(new, _)| new.room == room.id && new.seq > seq) {
            if message.is_countable() {
                at.n -= 1;
                at.own_n -= u64::from(message.sender.user == member.user);
            }
        }
        at
    }
}
