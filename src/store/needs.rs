//! What has to be locked and loaded before a batch is decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use super::{
    Admission, Amend, AttachOp, Batch, Blank, Erased, Few, Item, JoinSettlement, Keyed, Op, RoomRecord,
    Ruling, Seldom, Settlement,
};
use crate::clock::Timestamp;
use crate::id::{AttachmentId, ClientId, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{InviteCode, Mark, Member, Message, Reaction, Role, Room, RoomKey, RoomKind};

/// What has to be locked and loaded before a batch is decided. The sets are ordered, so that whoever
/// locks in their order never deadlocks with another.
#[derive(Debug, Default)]
pub struct Needs {
    /// Rooms. A room's members count is part of its row.
    pub rooms: Few<RoomId>,
    /// Memberships, past ones too.
    pub members: Few<(RoomId, UserId)>,
    /// Messages sent under a client id.
    pub sent: Few<(RoomId, UserId, ClientId)>,
    /// The counts at a `seq`, for a user: see [`ordinals_in`](Self::ordinals_in).
    pub ordinals: Few<(RoomId, UserId, u64)>,
    /// Rooms in which somebody sends, or moves a mark: what a block between the two of a direct room stops.
    pub spoken_in: Few<RoomId>,
    /// How users stand to others. Those of the direct rooms in [`spoken_in`](Self::spoken_in) are needed
    /// besides: see [`relations_with`](Self::relations_with).
    pub relations: Few<(UserId, UserId)>,
    /// Users of whom it must be known what they let others see.
    pub settings: Few<UserId>,
    /// What neither messages nor marks need.
    pub more: Seldom<MoreNeeds>,
}

/// Those of the [`Needs`] that neither messages nor marks have, but for some of those that bring or refer to something.
#[derive(Debug, Default)]
pub struct MoreNeeds {
    /// Messages of which it must be known whether they are there. The room is the one in which they are
    /// sought; a store whose ids are found without it may find them in another.
    pub places: Few<(RoomId, MessageId)>,
    /// Keys of open rooms.
    pub keys: Few<RoomKey>,
    /// Messages that are changed, or quoted.
    pub messages: Few<(RoomId, MessageId)>,
    /// Messages by their numbers, of which it must be known how many former states are kept.
    pub edited: Few<(RoomId, u64)>,
    /// Reactions of which it must be known whether they were left.
    pub reactions: Few<(RoomId, MessageId, Reaction, UserId)>,
    /// Members who leave or are taken out: see [`heirs`](Needs::heirs).
    pub parting: Few<(RoomId, UserId)>,
    /// Rooms that are given an owner: see [`heirs`](Needs::heirs).
    pub given_away: Few<RoomId>,
    /// Rooms of which all invite links are needed.
    pub invites: Few<RoomId>,
    /// Invite links that may be of whatever room.
    pub codes: Few<InviteCode>,
    /// Rooms of which it must be known how many messages are pinned.
    pub pins: Few<RoomId>,
    /// Users of whom it must be known how many bytes all their attachments have, in all rooms together. Among several lanes
    /// nobody else may change that before the commit.
    pub stored_bytes: Few<UserId>,
    /// Attachments.
    pub attachments: Few<(RoomId, AttachmentId)>,
    /// Reports of a message by a user.
    pub reported: Few<(RoomId, MessageId, UserId)>,
    /// Reports by their ids.
    pub reports: Few<(RoomId, ReportId)>,
    /// Users of whom it must be known whether they are banned.
    pub bans: Few<(RoomId, UserId)>,
    /// Acts of rooms' audit trails, by the moment.
    pub acts: Few<(RoomId, Timestamp)>,
    /// Messages by their numbers, of which it must be known whether the user has hidden them.
    pub hidden: Few<(RoomId, UserId, u64)>,
    /// Rooms of which the oldest messages are needed, and how many; and then the memberships of
    /// [`senders`](Needs::senders).
    pub oldest: BTreeMap<RoomId, u32>,
    /// Messages of which it must be known whether they wait, in whatever room.
    pub held: Few<(RoomId, MessageId)>,
    /// Messages that wait under a client id.
    pub held_as: Few<(RoomId, UserId, ClientId)>,
    /// Rooms of which it must be known how many messages wait, of whomever and of this user.
    pub holding: Few<(RoomId, UserId)>,
    /// Users of whom it must be known whether they wait to come in.
    pub join_requests: Few<(RoomId, UserId)>,
    /// Requests of which it must be known whether they wait, in whatever room.
    pub asked: Few<(RoomId, JoinRequestId)>,
    /// Rooms of which it must be known how many people wait to come in.
    pub join_counts: Few<RoomId>,
    /// Threads, by their roots, of which it must be known whether the user follows them: see [`follows`](Needs::follows).
    pub threads: Few<(RoomId, MessageId, UserId)>,
}

impl Blank for MoreNeeds {
    fn blank() -> &'static Self {
        static BLANK: LazyLock<MoreNeeds> = LazyLock::new(MoreNeeds::default);
        &BLANK
    }
}

impl Needs {
    /// What the items of a batch need.
    pub fn of(batch: &Batch) -> Self {
        let mut needs = Self::default();
        for item in &batch.items {
            let item = match item {
                Item::Room(item) => item,
                Item::Relation(item) => {
                    needs.pair(&item.user.user, &item.other.user);
                    continue;
                }
                Item::Settings(item) => {
                    needs.settings.insert(item.user.clone());
                    continue;
                }
            };
            needs.rooms.insert(item.room);
            let mut member = |user: &UserId| {
                needs.members.insert((item.room, user.clone()));
            };
            if let Some(by) = &item.by {
                member(by);
            }
            match &item.op {
                Op::Create { kind, members, .. } => {
                    needs.more.keys.extend(kind.key());
                    needs.pairs(item.by.as_ref(), members);
                }
                Op::Send { sender, client_id, attachments, refers, ruling, .. } => {
                    member(&sender.user);
                    refers.mentions.iter().flat_map(|named| &named.users).for_each(&mut member);
                    needs.hold(item.room, &sender.user, client_id.as_ref(), ruling);
                    if let Some(id) = refers.quoted {
                        needs.more.messages.insert((item.room, id));
                    }
                    if let Some(reply) = &refers.thread {
                        needs.more.messages.insert((item.room, reply.root));
                        needs.more.threads.insert((item.room, reply.root, sender.user.clone()));
                    }
                    needs.spoken_in.insert(item.room);
                    for id in attachments {
                        needs.more.attachments.insert((item.room, *id));
                    }
                    if let Some(client) = client_id {
                        needs.sent.insert((item.room, sender.user.clone(), client.clone()));
                    }
                }
                Op::Join { users, .. } => {
                    users.iter().for_each(|new| member(&new.about.user));
                    let keys = || users.iter().map(|new| (item.room, new.about.user.clone()));
                    needs.more.bans.extend(keys());
                    needs.more.join_requests.extend(keys());
                    needs.pairs(item.by.as_ref(), users.iter().map(|new| &new.about.user));
                    needs.more.invites.insert(item.room);
                }
                Op::Enter { notice, admission, .. } => {
                    needs.enter(item.room, &notice.about.user);
                    if let Admission::Held(_) = admission {
                        needs.more.join_counts.insert(item.room);
                    }
                }
                Op::SettleJoin { request, how } => match how {
                    JoinSettlement::Approve { .. } => needs.enter(item.room, &request.user),
                    JoinSettlement::Reject(_) | JoinSettlement::Withdraw => {
                        needs.more.join_requests.insert((item.room, request.user.clone()));
                    }
                },
                Op::MakeInvite { invite, .. } => {
                    invite.user.iter().for_each(&mut member);
                    needs.pairs(item.by.as_ref(), &invite.user);
                    needs.more.invites.insert(item.room);
                }
                Op::RevokeInvite(_) => {
                    needs.more.invites.insert(item.room);
                }
                Op::Part { notice } => {
                    member(&notice.about.user);
                    needs.more.parting.insert((item.room, notice.about.user.clone()));
                }
                Op::Rename { notice, .. } => member(&notice.about.user),
                Op::Mute { about, .. } => member(&about.user),
                Op::Ban { ban, .. } => {
                    member(&ban.user);
                    needs.more.parting.insert((item.room, ban.user.clone()));
                    needs.more.bans.insert((item.room, ban.user.clone()));
                    needs.more.join_requests.insert((item.room, ban.user.clone()));
                }
                Op::Report { message, .. } => {
                    needs.more.messages.insert((item.room, *message));
                    if let Some(by) = &item.by {
                        needs.more.reported.insert((item.room, *message, by.clone()));
                    }
                }
                Op::Resolve { id, .. } => {
                    needs.more.reports.insert((item.room, *id));
                }
                Op::Unban(user) => {
                    needs.more.bans.insert((item.room, user.clone()));
                }
                Op::Close | Op::Delete | Op::SetNotify(_) => {}
                Op::Erase { user, what } => match what {
                    Erased::Message { id, .. } => {
                        needs.more.messages.insert((item.room, *id));
                        needs.more.pins.insert(item.room);
                    }
                    Erased::Reaction(id, reaction) => {
                        needs.more.messages.insert((item.room, *id));
                        needs.more.reactions.insert((item.room, *id, reaction.clone(), user.clone()));
                    }
                    Erased::Report(id) => drop(needs.more.reports.insert((item.room, *id))),
                    Erased::Stay => drop(needs.members.insert((item.room, user.clone()))),
                },
                Op::Cut { limit, .. } => {
                    let most = needs.more.oldest.entry(item.room).or_default();
                    *most = (*most).max(*limit);
                    needs.more.pins.insert(item.room);
                }
                Op::Reopen { kind } => needs.more.keys.extend(kind.key()),
                Op::SetRole { about, role } => {
                    member(&about.user);
                    if *role == Role::Owner {
                        needs.more.given_away.insert(item.room);
                    }
                }
                Op::Settle { held, how } => {
                    needs.more.held.insert((item.room, held.id));
                    needs.more.attachments.extend(held.attachments.iter().map(|one| (item.room, one.id)));
                    if *how == Settlement::Approve {
                        let (sender, refers) = (&held.sender.user, &held.refers);
                        let named = refers.mentions.iter().flat_map(|named| &named.users);
                        let people = named.chain([sender]).map(|user| (item.room, user.clone()));
                        needs.members.extend(people);
                        needs.more.messages.extend(refers.quoted.map(|id| (item.room, id)));
                        if let Some(reply) = &refers.thread {
                            needs.more.messages.insert((item.room, reply.root));
                            needs.more.threads.insert((item.room, reply.root, sender.clone()));
                        }
                        needs.spoken_in.insert(item.room);
                        if let Some(client) = &held.client_id {
                            needs.sent.insert((item.room, sender.clone(), client.clone()));
                        }
                    }
                }
                Op::Update(update) => {
                    if let Some((_, notice)) = &update.name {
                        member(&notice.about.user);
                    }
                }
                Op::Mark { mark, to } => {
                    needs.spoken_in.insert(item.room);
                    needs.settings.extend(item.by.clone());
                    if let (Mark::Read, Some(to), Some(by)) = (mark, to, &item.by) {
                        needs.ordinals.insert((item.room, by.clone(), *to));
                    }
                }
                Op::Amend { message, change } => {
                    needs.more.messages.insert((item.room, *message));
                    if !matches!(change, Amend::Delete { .. }) {
                        needs.spoken_in.insert(item.room);
                    }
                    if let Amend::Pin { .. } = change {
                        needs.more.pins.insert(item.room);
                    }
                    if let (Amend::React { reaction, .. }, Some(by)) = (change, &item.by) {
                        needs.more.reactions.insert((item.room, *message, reaction.clone(), by.clone()));
                    }
                }
                Op::Import(record) => match &**record {
                    RoomRecord::Room(room) => needs.more.keys.extend(room.kind.key()),
                    RoomRecord::Message(message, _) => {
                        let sender = &message.sender.user;
                        member(sender);
                        needs.more.places.insert((item.room, message.id));
                        needs.more.held.insert((item.room, message.id));
                        let root = message.references.reply().map(|reply| (item.room, reply.root));
                        needs.more.messages.extend(root);
                        needs
                            .more
                            .attachments
                            .extend(message.attachments.iter().map(|one| (item.room, one.id)));
                        if let Some(client) = &message.client_id {
                            needs.sent.insert((item.room, sender.clone(), client.clone()));
                        }
                    }
                    RoomRecord::Report(report) => {
                        needs.more.reported.insert((item.room, report.message, report.by.clone()));
                    }
                    RoomRecord::Ban(ban) => {
                        needs.more.bans.insert((item.room, ban.user.clone()));
                        needs.more.join_requests.insert((item.room, ban.user.clone()));
                    }
                    RoomRecord::Held(held) => {
                        needs.more.messages.insert((item.room, held.id));
                        needs.more.places.insert((item.room, held.id));
                        needs.more.held.insert((item.room, held.id));
                        needs.more.attachments.extend(held.attachments.iter().map(|one| (item.room, one.id)));
                        if let Some(client) = &held.client_id {
                            needs.more.held_as.insert((item.room, held.sender.user.clone(), client.clone()));
                        }
                    }
                    RoomRecord::JoinRequest(request) => {
                        let key = (item.room, request.user.clone());
                        member(&request.user);
                        needs.more.bans.insert(key.clone());
                        needs.more.join_requests.insert(key);
                        needs.more.asked.insert((item.room, request.id));
                    }
                    RoomRecord::Edit(state) => {
                        needs.more.messages.insert((item.room, state.message));
                        needs.more.edited.insert((item.room, state.seq));
                    }
                    RoomRecord::Act(entry) => drop(needs.more.acts.insert((item.room, entry.at))),
                    RoomRecord::Invite(invite) => {
                        invite.user.iter().for_each(&mut member);
                        needs.more.invites.insert(item.room);
                        needs.more.codes.insert(invite.code);
                    }
                    RoomRecord::Hidden(hidden) => {
                        member(&hidden.user);
                        needs.more.messages.insert((item.room, hidden.message));
                        needs.more.hidden.insert((item.room, hidden.user.clone(), hidden.seq));
                    }
                    RoomRecord::Follow(follow) => {
                        needs.more.messages.insert((item.room, follow.root));
                        needs.more.threads.insert((item.room, follow.root, follow.user.clone()));
                    }
                    RoomRecord::Reaction(key, message) => {
                        needs.more.messages.insert((item.room, *message));
                        let (reaction, user) = (key.reaction.clone(), key.user.clone());
                        needs.more.reactions.insert((item.room, *message, reaction, user));
                    }
                    RoomRecord::Member(of) => {
                        member(&of.user);
                        needs.more.invites.insert(item.room);
                        needs.more.join_requests.insert((item.room, of.user.clone()));
                        if of.role == Role::Owner {
                            needs.more.given_away.insert(item.room);
                        }
                    }
                },
                Op::Hide { message, seq, .. } => {
                    // The mark that moves along is told to whom a block does not keep from it.
                    needs.spoken_in.insert(item.room);
                    needs.settings.extend(item.by.clone());
                    needs.more.messages.insert((item.room, *message));
                    if let Some(by) = &item.by {
                        needs.ordinals.insert((item.room, by.clone(), *seq));
                        needs.more.hidden.insert((item.room, by.clone(), *seq));
                    }
                }
                Op::Follow { message, .. } | Op::ReadThread { message, .. } => {
                    needs.more.messages.insert((item.room, *message));
                    needs.more.threads.extend(item.by.clone().map(|by| (item.room, *message, by)));
                }
                Op::Attach(op) => {
                    needs.spoken_in.insert(item.room);
                    needs.more.attachments.insert((item.room, op.id()));
                    if let AttachOp::Finish { attachment, .. } = op {
                        needs.more.stored_bytes.insert(attachment.uploader.clone());
                    }
                }
            }
        }
        needs
    }

    /// All relations that are needed, now that the rooms are loaded.
    pub fn relations_with(&self, rooms: &Keyed<RoomId, Arc<Room>>) -> Few<(UserId, UserId)> {
        let mut relations = self.relations.clone();
        for room in self.spoken_in.iter().filter_map(|id| rooms.get(id)) {
            if let RoomKind::Direct([one, other]) = &room.kind {
                relations.insert((one.clone(), other.clone()));
                relations.insert((other.clone(), one.clone()));
            }
        }
        relations
    }

    /// Those of the [`ordinals`](Self::ordinals) that have to be looked up, now that the rooms are loaded: at a room's newest
    /// message and beyond it, the room and the membership say what the counts are.
    pub fn ordinals_in(&self, rooms: &Keyed<RoomId, Arc<Room>>) -> Few<(RoomId, UserId, u64)> {
        let is_older =
            |(id, _, seq): &&(RoomId, UserId, u64)| rooms.get(id).is_some_and(|room| *seq < room.seq);
        self.ordinals.iter().filter(is_older).cloned().collect()
    }

    /// The memberships that are needed of who has sent the oldest messages, now that those are loaded.
    pub fn senders(&self, oldest: &HashMap<RoomId, Vec<Arc<Message>>>) -> Few<(RoomId, UserId)> {
        let messages = oldest.values().flatten();
        messages.map(|message| (message.room, message.sender.user.clone())).collect()
    }

    /// Rooms whose owners may change, and how many of each room's active members are needed besides those
    /// that are named, now that those are loaded: the first by [`seniority`](Member::seniority).
    ///
    /// They are its owner, and whoever may have to follow. Only an owner who leaves, or somebody who is made
    /// one, changes a room's owner; so when a member leaves a great room, nobody else is looked at.
    pub fn heirs(&self, members: &Keyed<(RoomId, UserId), Arc<Member>>) -> BTreeMap<RoomId, u32> {
        let owns = |key: &&(RoomId, UserId)| {
            members.get(key).is_some_and(|member| member.active && member.role == Role::Owner)
        };
        let left = self.more.parting.iter().filter(owns).map(|(room, _)| *room);
        let rooms: BTreeSet<RoomId> = left.chain(self.more.given_away.iter().copied()).collect();
        // Each of those who are named may leave, and then each that follows: the one after them is there too.
        let named = |room: &RoomId| self.members.iter().filter(|(of, _)| of == room).count();
        let needed = |room: RoomId| (room, u32::try_from(2 * named(&room) + 2).unwrap_or(u32::MAX));
        rooms.into_iter().map(needed).collect()
    }

    /// What waits under a message's client id, where the host was asked about it, and how many wait, where it is to be
    /// one of them.
    fn hold(&mut self, room: RoomId, sender: &UserId, client: Option<&ClientId>, ruling: &Ruling) {
        if let (Some(client), false) = (client, matches!(ruling, Ruling::AsSaid)) {
            self.more.held_as.insert((room, sender.clone(), client.clone()));
        }
        if let Ruling::Held(_) = ruling {
            self.more.holding.insert((room, sender.clone()));
        }
    }

    /// Who comes in by themselves, or waits to.
    fn enter(&mut self, room: RoomId, user: &UserId) {
        let key = (room, user.clone());
        self.members.insert(key.clone());
        self.more.bans.insert(key.clone());
        self.more.join_requests.insert(key);
        self.more.invites.insert(room);
    }

    /// Messages that are needed besides, now that those in [`messages`](MoreNeeds::messages) are loaded: the roots of the
    /// threads in which they are replies. One that is deleted is counted no more.
    pub fn roots(&self, messages: &HashMap<MessageId, Arc<Message>>) -> Few<(RoomId, MessageId)> {
        let replies =
            messages.values().filter_map(|message| Some((message.room, message.references.reply()?)));
        let roots = replies.map(|(room, reply)| (room, reply.root));
        roots.filter(|root| !self.more.messages.contains(root)).collect()
    }

    /// Of whom it is needed whether they follow which thread, by its root's number, now that the messages are loaded: those
    /// in [`threads`](MoreNeeds::threads), and who has sent a root that has no replies yet.
    pub fn follows(&self, messages: &HashMap<MessageId, Arc<Message>>) -> BTreeSet<(RoomId, u64, UserId)> {
        let mut follows = BTreeSet::new();
        for (room, root, user) in &self.more.threads {
            let Some(root) = messages.get(root).filter(|root| root.room == *room) else { continue };
            follows.insert((*room, root.seq, user.clone()));
            if root.references.summary().is_none() {
                follows.insert((*room, root.seq, root.sender.user.clone()));
            }
        }
        follows
    }

    fn pairs<'a>(&mut self, by: Option<&UserId>, others: impl IntoIterator<Item = &'a UserId>) {
        if let Some(by) = by {
            others.into_iter().for_each(|other| self.pair(by, other));
        }
    }

    fn pair(&mut self, one: &UserId, other: &UserId) {
        self.relations.insert((one.clone(), other.clone()));
        self.relations.insert((other.clone(), one.clone()));
    }
}
