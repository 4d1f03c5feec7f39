//! What it holds: loaded as rows, and written from them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::{Bound, RangeInclusive};
use std::sync::Arc;

use super::push::Pushes;
use crate::clock::Timestamp;
use crate::id::{AttachmentId, ClientId, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    AuditEntry, Ban, DoNotDisturb, Edit, Epoch, Follow, Hidden, Invite, InviteCode, JoinRequest, Member,
    Message, PinCursor, Position, Profile, Quoted, Reaction, Relation, Report, Room, RoomKey, RoomKind,
    Settings,
};
use crate::store::{BodyHash, Held, Mention, Ordinals, RoomEntry, StoredAttachment};

#[derive(Debug)]
pub(super) struct State {
    pub(super) epoch: Epoch,
    pub(super) position: Position,
    pub(super) rooms: BTreeMap<RoomId, RoomData>,
    pub(super) rooms_of: HashMap<UserId, BTreeSet<RoomId>>,
    pub(super) keys: HashMap<RoomKey, RoomId>,
    pub(super) people: BTreeMap<UserId, Person>,
    /// Each user's side.
    pub(super) relations: BTreeMap<UserId, BTreeMap<UserId, Relation>>,
    pub(super) invites: BTreeMap<InviteCode, Invite>,
    /// Messages in the order of time: at their moment, or at the first place behind it that is free.
    pub(super) places: BTreeMap<u64, (RoomId, u64)>,
    pub(super) reports: BTreeMap<ReportId, Report>,
    pub(super) pushes: Pushes,
    /// Whose data is being taken away.
    pub(super) erasures: BTreeSet<UserId>,
    pub(super) settings: BTreeMap<UserId, Settings>,
    /// Of those who have any attachments, how many bytes these have together.
    pub(super) stored_bytes: HashMap<UserId, u64>,
    pub(super) held: BTreeMap<MessageId, Held>,
    pub(super) join_requests: BTreeMap<JoinRequestId, JoinRequest>,
    /// Of which threads something stands in their rooms' [`RoomData::follows`].
    pub(super) follows_of: HashMap<UserId, BTreeSet<(RoomId, u64)>>,
}

/// What is known of a user: either may be there without the other.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub(super) profile: Option<Profile>,
    pub(super) last_seen: Option<Timestamp>,
    pub(super) logged_out: Option<Timestamp>,
    pub(super) do_not_disturb: Option<DoNotDisturb>,
}

#[derive(Debug)]
pub(super) struct RoomData {
    pub(super) room: Arc<Room>,
    pub(super) members: BTreeMap<UserId, Arc<Member>>,
    /// The message with `seq` stands at `seq - first`.
    pub(super) messages: Vec<Arc<Message>>,
    /// The number of the first one that is kept.
    pub(super) first: u64,
    pub(super) by_id: foldhash::HashMap<MessageId, u64>,
    /// The `seq`s of each sender's messages.
    pub(super) own: foldhash::HashMap<UserId, Vec<u64>>,
    /// By names that senders choose as they like, so with the hash that nobody can make collide.
    pub(super) sent: HashMap<(UserId, ClientId), (u64, BodyHash)>,
    /// The `seq` of the messages that were changed, by the position that last did.
    pub(super) amended: BTreeMap<u64, u64>,
    /// Those that are pinned.
    pub(super) pins: BTreeSet<PinCursor>,
    /// Who left what, by `seq`.
    pub(super) reactions: BTreeMap<u64, BTreeSet<(Reaction, UserId)>>,
    pub(super) attachments: BTreeMap<AttachmentId, StoredAttachment>,
    pub(super) bans: BTreeMap<UserId, Ban>,
    /// In the order of their positions.
    pub(super) acts: Vec<AuditEntry>,
    /// The `seq`s of what each user has hidden.
    pub(super) hidden: BTreeMap<UserId, BTreeSet<u64>>,
    /// The same by the position that hid it.
    pub(super) hidden_at: BTreeMap<u64, Hidden>,
    /// Former states by `seq`, the oldest first.
    pub(super) edits: BTreeMap<u64, Vec<Edit>>,
    /// The `seq`s of the messages that mention somebody, each with its sender; nobody is everybody.
    pub(super) mentions: HashMap<Option<UserId>, BTreeMap<u64, UserId>>,
    /// The `seq`s of the replies to each root, by its `seq`.
    pub(super) replies: HashMap<u64, Vec<u64>>,
    /// Who follows which thread, by its root's `seq`.
    pub(super) follows: BTreeMap<(u64, UserId), Follow>,
}

pub(super) fn keep_latest(time: &mut Option<Timestamp>, at: Timestamp) {
    *time = Some(at).max(*time);
}

impl RoomData {
    pub(super) fn new(room: Arc<Room>) -> Self {
        Self {
            first: room.floor().seq,
            room,
            members: BTreeMap::new(),
            messages: Vec::new(),
            by_id: Default::default(),
            own: Default::default(),
            sent: HashMap::new(),
            amended: BTreeMap::new(),
            pins: BTreeSet::new(),
            reactions: BTreeMap::new(),
            attachments: BTreeMap::new(),
            bans: BTreeMap::new(),
            acts: Vec::new(),
            hidden: BTreeMap::new(),
            hidden_at: BTreeMap::new(),
            edits: BTreeMap::new(),
            mentions: HashMap::new(),
            replies: HashMap::new(),
            follows: BTreeMap::new(),
        }
    }

    pub(super) fn range(&self, seqs: &RangeInclusive<u64>) -> &[Arc<Message>] {
        let index = |seq: u64| usize::try_from(seq).unwrap_or(usize::MAX).min(self.messages.len());
        let from = index(seqs.start().saturating_sub(self.first));
        let to = index(seqs.end().saturating_add(1).saturating_sub(self.first));
        self.messages.get(from..to).unwrap_or_default()
    }

    pub(super) fn at(&self, seq: u64) -> Option<&Arc<Message>> {
        self.range(&(seq.max(1)..=seq)).first()
    }

    pub(super) fn ordinals(&self, user: &UserId, seq: u64) -> Option<Ordinals> {
        let n = self.at(seq)?.n;
        let own = self.own.get(user).map(Vec::as_slice).unwrap_or_default();
        let below = own.partition_point(|own| *own <= seq);
        let last = below.checked_sub(1).and_then(|index| self.at(own[index]));
        Some(Ordinals { n, own_n: last.map_or(0, |message| message.own_n) })
    }

    pub(super) fn hash_of(&self, message: &Message) -> Option<BodyHash> {
        let sent_as = (message.sender.user.clone(), message.client_id.clone()?);
        self.sent.get(&sent_as).map(|(_, hash)| *hash)
    }

    /// Puts a message in the place of what it was before.
    pub(super) fn amend(&mut self, message: Arc<Message>) {
        let index = message.seq.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let place = index.and_then(|index| self.messages.get_mut(index));
        let Some(place) = place else { return };
        self.amended.remove(&place.state.changed_pos);
        if message.state.changed_pos > 0 {
            self.amended.insert(message.state.changed_pos, message.seq);
        }
        if let Some(pin) = place.pin_cursor() {
            self.pins.remove(&pin);
        }
        self.pins.extend(message.pin_cursor());
        *place = message;
    }

    /// Takes away all up to this number, and gives them.
    pub(super) fn cut(&mut self, upto: u64) -> Vec<Arc<Message>> {
        let gone = self.range(&(1..=upto)).len();
        let cut: Vec<_> = self.messages.drain(..gone).collect();
        self.first = self.first.max(upto + 1);
        for message in &cut {
            self.by_id.remove(&message.id);
            if let Some(client) = &message.client_id {
                self.sent.remove(&(message.sender.user.clone(), client.clone()));
            }
            if let Some(own) = self.own.get_mut(&message.sender.user) {
                own.retain(|seq| *seq > upto);
            }
        }
        self.amended.retain(|_, seq| *seq > upto);
        self.pins.retain(|pin| pin.seq > upto);
        self.reactions.retain(|seq, _| *seq > upto);
        self.edits.retain(|seq, _| *seq > upto);
        self.replies.retain(|_, replies| {
            replies.retain(|seq| *seq > upto);
            !replies.is_empty()
        });
        self.hidden_at.retain(|_, hidden| hidden.seq > upto);
        for (user, hidden) in &mut self.hidden {
            hidden.retain(|seq| *seq > upto);
            if let Some(member) = self.members.get_mut(user).map(Arc::make_mut) {
                member.hidden = u32::try_from(hidden.len()).unwrap_or(u32::MAX);
            }
        }
        self.hidden.retain(|_, hidden| !hidden.is_empty());
        cut
    }

    pub(super) fn push(&mut self, message: Arc<Message>, hash: Option<BodyHash>) {
        if message.references.mentions.is_some() {
            for mention in Mention::of(&message) {
                self.mentions.entry(mention.user).or_default().insert(mention.seq, mention.sender);
            }
        }
        if let Some(reply) = message.references.reply() {
            self.replies.entry(reply.seq).or_default().push(message.seq);
        }
        let user = message.sender.user.clone();
        self.by_id.insert(message.id, message.seq);
        if let (Some(client), Some(hash)) = (message.client_id.clone(), hash) {
            self.sent.insert((user.clone(), client), (message.seq, hash));
        }
        self.own.entry(user).or_default().push(message.seq);
        self.messages.push(message);
    }

    pub(super) fn is_hidden(&self, user: &UserId, seq: u64) -> bool {
        self.hidden.get(user).is_some_and(|hidden| hidden.contains(&seq))
    }

    /// The newest message that the user has not hidden.
    fn last_seen_by(&self, user: &UserId) -> Option<&Arc<Message>> {
        self.messages.iter().rev().find(|message| !self.is_hidden(user, message.seq))
    }

    /// How many messages beyond the read mark mention the member.
    fn unread_mentions(&self, member: &Member) -> u64 {
        let of = [Some(member.user.clone()), None].map(|user| self.mentions.get(&user));
        let beyond = (Bound::Excluded(member.read_seq), Bound::Unbounded);
        let unread = of.into_iter().flatten().flat_map(|of| of.range(beyond));
        unread.filter(|(_, sender)| **sender != member.user).count() as u64
    }

    pub(super) fn active(&self) -> impl Iterator<Item = &Member> {
        self.members.values().map(|member| &**member).filter(|member| member.active)
    }

    /// The first of them by seniority.
    pub(super) fn seniors(&self, limit: u32) -> Vec<&Member> {
        let mut seniors: Vec<&Member> = self.active().collect();
        seniors.sort_by(|one, other| one.seniority().cmp(&other.seniority()));
        seniors.truncate(limit as usize);
        seniors
    }
}

impl State {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            epoch: Epoch::random(),
            position: Position::start(lanes),
            rooms: BTreeMap::new(),
            rooms_of: HashMap::new(),
            keys: HashMap::new(),
            people: BTreeMap::new(),
            relations: BTreeMap::new(),
            invites: BTreeMap::new(),
            places: BTreeMap::new(),
            reports: BTreeMap::new(),
            pushes: Pushes::default(),
            erasures: BTreeSet::new(),
            settings: BTreeMap::new(),
            stored_bytes: HashMap::new(),
            held: BTreeMap::new(),
            join_requests: BTreeMap::new(),
            follows_of: HashMap::new(),
        }
    }

    /// A message that waits, with its sender's profile of now.
    pub(super) fn waiting(&self, held: &Held) -> Held {
        Held { sender: self.profile(&held.sender.user), ..held.clone() }
    }

    /// How far the member has read, as others may know it.
    pub(super) fn shown_mark(&self, member: &Member) -> u64 {
        let is_shown = self.settings.get(&member.user).is_none_or(|settings| settings.read_receipts);
        if is_shown { member.read_seq } else { member.joined_seq }
    }

    pub(super) fn relation(&self, user: &UserId, other: &UserId) -> Option<&Relation> {
        self.relations.get(user)?.get(other)
    }

    pub(super) fn known(&self, user: &UserId) -> Option<Profile> {
        self.people.get(user)?.profile.clone()
    }

    pub(super) fn profile(&self, user: &UserId) -> Profile {
        self.known(user).unwrap_or_else(|| Profile::unknown(user.clone()))
    }

    /// The message with its sender's profile of now, and what it quotes as that is now.
    pub(super) fn shown(&self, message: &Message) -> Message {
        let mut shown = Message { sender: self.profile(&message.sender.user), ..message.clone() };
        if let Some(quoted) = shown.references.quoted.take()
            && let Some(now) = self.rooms.get(&message.room).and_then(|data| data.at(quoted.seq))
        {
            let now = Quoted { sender: self.profile(&now.sender.user), ..Quoted::from(&**now) };
            shown.references.quoted = Some(Arc::new(now));
        }
        if let Some(first) = &mut shown.references.forwarded {
            *first = Arc::new(self.profile(&first.user));
        }
        shown
    }

    pub(super) fn entry(&self, data: &RoomData, member: &Member, listed: usize) -> RoomEntry {
        let profile = |user: &UserId| self.profile(user);
        let participants = match &data.room.kind {
            RoomKind::Direct(pair) => pair.iter().map(profile).collect(),
            _ => data.active().take(listed).map(|member| profile(&member.user)).collect(),
        };
        RoomEntry {
            room: Room::clone(&data.room),
            member: member.clone(),
            last_message: data.last_seen_by(&member.user).map(|message| self.shown(message)),
            participants,
            mentions: data.unread_mentions(member),
        }
    }

    /// The user's rooms and memberships, in the order of the rooms' ids, beyond `after`.
    pub(super) fn of_user<'a>(
        &'a self,
        user: &'a UserId,
        after: Option<RoomId>,
    ) -> impl Iterator<Item = (&'a RoomData, &'a Member)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = self.rooms_of.get(user);
        let rooms = rooms.into_iter().flat_map(move |rooms| rooms.range((from, Bound::Unbounded)));
        rooms.filter_map(move |room| {
            let data = self.rooms.get(room)?;
            Some((data, &**data.members.get(user)?))
        })
    }
}

pub(super) fn beyond<'a, T>(
    people: &'a BTreeMap<UserId, T>,
    after: Option<&UserId>,
) -> impl Iterator<Item = &'a T> {
    let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.clone()));
    people.range((from, Bound::Unbounded)).map(|(_, one)| one)
}
