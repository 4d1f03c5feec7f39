//! What the model knows of a room.

use std::collections::{BTreeMap, BTreeSet};

use chat_core::model::{Custom, InviteCode, Message, NotifySetting, Role};
use chat_core::{MessageId, Timestamp, UserId};

use super::id;
use super::thread::{Following, Reply, Thread};

/// What the model knows of a room.
#[derive(Debug, Default, Clone)]
pub(super) struct RoomModel {
    pub(super) name: String,
    pub(super) closed: bool,
    /// How many stays have begun in it, those of its founders being one.
    pub(super) stays: usize,
    /// Who belongs to it.
    pub(super) members: BTreeMap<usize, Stay>,
    /// Who has sent each message; `None` for a SYSTEM message.
    pub(super) senders: Vec<Option<usize>>,
    /// Of each user's newest message: its client id, its `seq`.
    pub(super) newest: BTreeMap<usize, (String, u64)>,
    /// What each message says that somebody sent. `None`: nothing any more.
    pub(super) said: BTreeMap<u64, Option<Said>>,
    /// Which of them are pinned.
    pub(super) pinned: BTreeSet<u64>,
    /// Who has hidden which messages.
    pub(super) hidden: BTreeSet<(usize, u64)>,
    /// Whom those that are not deleted mention.
    pub(super) mentions: BTreeMap<u64, BTreeSet<usize>>,
    /// Their ids, and when they came.
    pub(super) ids: BTreeMap<u64, (MessageId, Timestamp)>,
    /// Which of them answer which.
    pub(super) answers: BTreeMap<u64, u64>,
    /// Who sent those first that were passed on.
    pub(super) first: BTreeMap<u64, usize>,
    /// Which of them are replies, to which root.
    pub(super) replies: BTreeMap<u64, Reply>,
    /// The threads that have begun, by their roots.
    pub(super) threads: BTreeMap<u64, Thread>,
    /// Who follows which, or does no longer. It outlasts the stay.
    pub(super) follows: BTreeMap<(usize, u64), Following>,
    /// Of what somebody wants notices. It outlasts the stay.
    pub(super) notify: BTreeMap<usize, NotifySetting>,
    /// Who is asked in, by which code, by whom.
    pub(super) asked: BTreeMap<usize, (InviteCode, usize)>,
}

/// What a message says, what an app keeps with it, and who likes it.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) words: String,
    pub(super) custom: Custom,
    pub(super) likes: BTreeSet<usize>,
}

/// A membership: where it began, and up to where the user has read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stay {
    pub(super) joined: u64,
    pub(super) read: u64,
    /// Up to where others may know it.
    pub(super) shown: u64,
    /// The step in which it moved.
    pub(super) moved: u32,
    pub(super) role: Role,
    /// How many stays had begun in the room before.
    nth: usize,
}

impl Stay {
    pub(super) fn at(seq: u64, role: Role, nth: usize) -> Self {
        Self { joined: seq, read: seq, shown: seq, moved: 0, role, nth }
    }

    /// Whether an event tells where it stands.
    pub(super) fn has_moved(&self) -> bool {
        self.read > self.joined
    }
}

impl RoomModel {
    pub(super) fn seq(&self) -> u64 {
        self.senders.len() as u64
    }

    pub(super) fn has(&self, user: usize) -> bool {
        self.members.contains_key(&user)
    }

    /// What somebody may do, who may not be in it.
    pub(super) fn role(&self, user: usize) -> Option<Role> {
        self.members.get(&user).map(|stay| stay.role)
    }

    pub(super) fn roles(&self) -> BTreeMap<UserId, Role> {
        self.members.iter().map(|(user, stay)| (id(*user), stay.role)).collect()
    }

    pub(super) fn may_write(&self, user: usize) -> bool {
        !self.closed && self.role(user) >= Some(Role::Member)
    }

    /// Whether it is somebody of a greater role's to govern them.
    pub(super) fn is_above(&self, by: usize, who: usize) -> bool {
        self.role(by) >= Some(Role::Admin) && self.role(who).is_some() && self.role(by) > self.role(who)
    }

    pub(super) fn may_set_role(&self, by: usize, who: usize, role: Role) -> bool {
        let is_theirs = self.role(by) >= Some(Role::Admin) && Some(role) <= self.role(by);
        let steps_down = by == who && Some(role) < self.role(by) && self.role(by) == Some(Role::Admin);
        let is_no_change = self.role(who) == Some(role);
        !self.closed && is_theirs && (self.is_above(by, who) || steps_down || is_no_change)
    }

    pub(super) fn set_role(&mut self, who: usize, role: Role) {
        if role == Role::Owner {
            let owner = self.members.values_mut().find(|stay| stay.role == Role::Owner);
            owner.expect("a user gives what is theirs").role = Role::Admin;
        }
        self.members.get_mut(&who).unwrap().role = role;
    }

    /// Whoever joins starts at the head, before the message that tells of it, and is asked in no more.
    pub(super) fn join(&mut self, user: usize) {
        self.members.insert(user, Stay::at(self.seq(), Role::Member, self.stays));
        self.stays += 1;
        self.senders.push(None);
        self.asked.remove(&user);
    }

    pub(super) fn part(&mut self, user: usize) {
        let gone = self.members.remove(&user).unwrap();
        self.senders.push(None);
        self.closed = self.members.is_empty();
        if gone.role == Role::Owner {
            let first = |(user, stay): &(&usize, &mut Stay)| (std::cmp::Reverse(stay.role), stay.nth, **user);
            if let Some((_, heir)) = self.members.iter_mut().min_by_key(first) {
                heir.role = Role::Owner;
            }
        }
    }

    /// A message has come.
    pub(super) fn take(&mut self, message: &Message, by: usize) {
        self.senders.push(Some(by));
        assert_eq!(message.seq, self.seq());
        let words = message.body.content().unwrap_or_default().to_owned();
        let said = Said { words, custom: message.custom.clone(), likes: BTreeSet::new() };
        self.said.insert(message.seq, Some(said));
        self.ids.insert(message.seq, (message.id, message.created_at));
    }

    /// A message says nothing any more, and nothing of what it referred to is told but its place in a thread.
    pub(super) fn delete(&mut self, seq: u64) {
        let had_words = self.said.insert(seq, None).flatten().is_some();
        self.pinned.remove(&seq);
        self.mentions.remove(&seq);
        self.answers.remove(&seq);
        self.first.remove(&seq);
        if let Some(reply) = self.replies.get(&seq).filter(|_| had_words) {
            self.threads.get_mut(&reply.root).expect("it has begun").replies -= 1;
        }
    }

    pub(super) fn sender(&self, seq: u64) -> Option<usize> {
        self.senders[usize::try_from(seq - 1).unwrap()]
    }

    /// What a message answers, as that is now.
    pub(super) fn quoted(&self, seq: u64) -> Option<(u64, Option<String>)> {
        let of = self.answers.get(&seq)?;
        Some((*of, self.said[of].as_ref().map(|said| said.words.clone())))
    }

    /// Deleted ones too; what is meant for a thread alone is not counted here.
    pub(super) fn unread(&self, user: usize) -> u64 {
        let is_counted = |seq: &u64| {
            let is_aside = self.replies.get(seq).is_some_and(|reply| !reply.in_room);
            !is_aside && self.sender(*seq).is_some_and(|sender| sender != user)
        };
        (self.members[&user].read + 1..=self.seq()).filter(is_counted).count() as u64
    }

    pub(super) fn unread_mentions(&self, user: usize) -> u64 {
        let unread = self.mentions.range(self.members[&user].read + 1..);
        unread.filter(|(_, of)| of.contains(&user)).count() as u64
    }

    /// Who has read a message, its sender first, as those marks are that others see.
    pub(super) fn readers(&self, seq: u64, hides: impl Fn(usize) -> bool) -> Vec<UserId> {
        let sender = self.sender(seq).expect("somebody has sent it");
        let has_read = |(user, stay): &(&usize, &Stay)| {
            **user != sender && stay.joined < seq && seq <= stay.read && !hides(**user)
        };
        let others = self.members.iter().filter(has_read).map(|(user, _)| *user);
        std::iter::once(sender).chain(others).map(id).collect()
    }
}
