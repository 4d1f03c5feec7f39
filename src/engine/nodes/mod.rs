//! Several nodes over one store.
//!
//! Each node tells the others of its commits and hands on theirs, every lane's in its order
//! ([`ingress`]). What does not come over the bus is read from the store ([`fill`]).

mod fill;
mod ingress;
mod level;
mod peers;
mod presence;
mod syncs;
mod task;
mod told;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

use super::profiles::Profiles;
use super::publish::Publisher;
use super::settings::{Appearance, settle};
use crate::bus::held::HeldNews;
use crate::bus::invited::InviteNews;
use crate::bus::packet::{Checksum, Digest, News, NodeId, Packet, Part};
use crate::bus::{Bus, Topic};
use crate::clock::Timestamp;
use crate::event::{Event, EventKind, Notification};
use crate::hub::{ConnectionId, Hub, OnlinePart};
use crate::id::{RoomId, UserId};
use crate::metrics::{self, Direction};
use crate::model::{Delta, DoNotDisturb, Position, Settings, Token};
use crate::store::{Change, RelationChange};

use fill::{Found, Gap};
use ingress::{CommitKey, Here, Ingress, PATIENCE, Turn};
use peers::Peers;
use presence::{Directory, Moved};
use syncs::Syncs;

pub(super) use ingress::{Posted, Stretch};
pub(super) use task::run;

/// The most people whose coming or going is looked up at once. Beyond that it is known, and not told live.
const MAX_MOVED: usize = 4096;

/// The most rooms that are named when somebody comes or goes.
const MAX_PRESENCE_ROOMS: usize = 1024;

/// This node among the others.
#[derive(Debug)]
pub(super) struct Nodes {
    bus: Arc<dyn Bus>,
    me: NodeId,
    /// How many commits the others were told of.
    commits: u64,
    ingress: Ingress,
    peers: Peers,
    syncs: Syncs,
    directory: Directory,
    /// Who is connected to this node, as far as the others were told, and their checksum.
    told_of: HashSet<UserId>,
    users: Checksum,
    lists: u64,
    /// Who came to other nodes or went, in rooms that are not known.
    moved: Moved,
    profiles: Arc<Profiles>,
    tells_presence: bool,
    is_leaving: bool,
    was_up: bool,
    /// What was handed on at the last beat, and at the last one at which nobody owed anything.
    at_beat: Position,
    sound: Position,
    /// Logouts from before this were read.
    logouts_read: Position,
    signals: Arc<Signals>,
}

/// What tasks wait for.
#[derive(Debug, Default)]
struct Signals {
    /// There is something to do.
    wake: Notify,
    /// More was handed on.
    handed_on: Arc<Notify>,
}

/// What goes beside changes of rooms.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) profiles: Vec<UserId>,
    pub(super) logouts: Vec<(UserId, Timestamp)>,
    pub(super) settings: Vec<(UserId, Settings)>,
}

impl Beside {
    pub(super) fn is_empty(&self) -> bool {
        self.profiles.is_empty() && self.logouts.is_empty() && self.settings.is_empty()
    }
}

impl Here for Hub {
    fn is_followed(&self, room: RoomId) -> bool {
        self.has_listeners(room)
    }

    fn is_connected(&self, user: &UserId) -> bool {
        self.is_online(user)
    }
}

impl Nodes {
    pub(super) fn new(
        bus: Arc<dyn Bus>,
        profiles: Arc<Profiles>,
        at: &Position,
        tells_presence: bool,
    ) -> Self {
        bus.follow(&Topic::Nodes);
        metrics::describe_nodes();
        Self {
            bus,
            me: NodeId::random(),
            commits: 0,
            ingress: Ingress::new(at),
            peers: Peers::default(),
            syncs: Syncs::default(),
            directory: Directory::default(),
            told_of: HashSet::new(),
            users: Checksum::default(),
            lists: 0,
            moved: Moved::default(),
            profiles,
            tells_presence,
            is_leaving: false,
            was_up: true,
            at_beat: *at,
            sound: *at,
            logouts_read: *at,
            signals: Arc::default(),
        }
    }

    /// Tells whenever more was handed on.
    pub(super) fn handed_on(&self) -> Arc<Notify> {
        self.signals.handed_on.clone()
    }

    fn publish(&self, topic: &Topic, news: News) {
        // What does not fit is read from the store.
        if let Some(packet) = (Packet { from: self.me, news }).encode() {
            self.send(topic, packet);
        }
    }

    fn send(&self, topic: &Topic, packet: Bytes) {
        self.bus.publish(topic, packet);
        metrics::bus_packets(Direction::Out, 1);
    }

    /// This node has committed a batch: tells the others of it, and hands on what comes next.
    pub(super) fn commit(&mut self, posts: Vec<Posted>, beside: Beside, publisher: &mut Publisher) {
        let now = tokio::time::Instant::now().into_std();
        self.commits += 1;
        let digest = told::digest(&posts, beside, |room, told| {
            let news = News::Told(self.commits, told);
            let packet = (Packet { from: self.me, news }).encode();
            packet.map(|packet| self.send(&Topic::Room(room), packet)).is_some()
        });
        let Digest { lane, after, upto, .. } = digest;
        let commit = Packet { from: self.me, news: News::Commit(self.commits, digest) };
        // Without it the number is missing, and the others read the store.
        if let Some(packet) = commit.encode() {
            self.send(&Topic::Nodes, packet);
        }
        if posts.is_empty() {
            return;
        }
        self.ingress.commit(lane, after, upto, posts, now);
        if !matches!(self.hand_on(publisher, now), Turn::Wait(None)) {
            self.signals.wake.notify_one();
        }
    }

    /// Hands on whatever may be; gives what is to be done next.
    fn hand_on(&mut self, publisher: &mut Publisher, now: Instant) -> Turn {
        let is_up = self.bus.is_up();
        let patience = if is_up { PATIENCE } else { Duration::ZERO };
        // A logout takes no position: where others cannot tell of it, it is looked for before anything is handed on.
        let is_cut_off = !is_up || self.peers.is_anybody_silent(now);
        let limit = is_cut_off.then_some(self.logouts_read);
        let mut has_moved = false;
        let turn = loop {
            let hub = publisher.hub().clone();
            match self.ingress.turn(&publisher.token().position, &*hub, now, patience, limit.as_ref()) {
                Turn::HandOn(stretch) => {
                    publisher.hand_on(stretch);
                    has_moved = true;
                }
                turn => break turn,
            }
        };
        if has_moved {
            self.signals.handed_on.notify_waiters();
        }
        turn
    }

    /// What is to be done now.
    fn turn(&mut self, publisher: &mut Publisher, now: Instant) -> Turn {
        if self.peers.is_anything_lost(now) {
            self.ingress.suspect();
        }
        let turn = self.hand_on(publisher, now);
        if self.ingress.is_sound() {
            let (peers, at) = (&self.peers, publisher.token().position);
            for (node, id) in self.syncs.answers(|node, commits| peers.has_all(node, commits), &at) {
                self.publish(&Topic::Nodes, News::Synced { to: node, id });
            }
        }
        match turn {
            Turn::Wait(until) => Turn::Wait(until.into_iter().chain(self.peers.deadline()).min()),
            turn => turn,
        }
    }

    fn gap(&self, publisher: &Publisher) -> Gap {
        Gap { from: publisher.token().position, marks_from: self.sound }
    }

    /// Something came from another node.
    fn packet(&mut self, topic: Topic, packet: Packet, publisher: &mut Publisher, now: Instant) {
        let Packet { from, news } = packet;
        if from == self.me {
            return;
        }
        metrics::bus_packets(Direction::In, 1);
        match (news, topic) {
            (News::Commit(number, digest), _) => self.take_commit((from, number), digest, publisher, now),
            (News::Told(number, told), Topic::Room(room)) => {
                let changes = told::changes(told, room, &publisher.token().position);
                self.ingress.told((from, number), room, changes);
            }
            (News::Alive { commits, at, users }, _) => {
                if self.peers.counts(from, commits, now) {
                    // It would ask: who comes before that seems new to it.
                    self.list_users(now);
                }
                self.hear_of(at.into(), now);
                if self.directory.check(from, users) {
                    self.publish(&Topic::Nodes, News::Who { of: from });
                }
            }
            (News::Leaving, _) => self.peers.leaves(from, now),
            (News::Sync { id, commits, at }, _) => {
                self.peers.counts(from, commits, now);
                let at = Token::from(at);
                self.hear_of(at, now);
                self.syncs.asked(from, id, commits, at.position);
            }
            (News::Synced { to, id }, _) if to == self.me => self.syncs.answered(from, id),
            (News::Presence { user, online, last_seen, rooms }, _) => {
                self.peers.hear(from, now);
                let is_news = match online {
                    true => self.directory.came(from, &user),
                    false => self.directory.went(from, &user),
                };
                if is_news && !publisher.hub().is_visible(&user) {
                    publisher.hub().presence(&user, &rooms, online, last_seen);
                } else {
                    // Another node may be the one to count them now.
                    publisher.hub().recount(&rooms);
                }
            }
            (News::Who { of }, _) if of == self.me => self.list_users(now),
            (News::Users(part), _) => self.learn_users(from, part),
            (News::UsersOf { node, left_ago, part }, _) if node != self.me => {
                self.peers.left(node, Duration::from_millis(left_ago), now);
                self.directory.inherit(node, part);
            }
            (News::Typing(profile, is_typing), Topic::Room(room)) => {
                let typist = ConnectionId::elsewhere(from.number());
                publisher.hub().typing(typist, room, &profile, is_typing, now);
            }
            (News::Friend(notice, profile), Topic::User(user)) => {
                notify(publisher.hub(), &user, Notification::Friend(notice, profile));
            }
            (News::FriendsChanged(profile), Topic::User(user)) => {
                notify(publisher.hub(), &user, Notification::FriendsChanged(profile));
            }
            (News::Online { count, asks }, Topic::Room(room)) => {
                publisher.hub().online_elsewhere(room, from.number(), OnlinePart { count, asks });
            }
            (News::Delta(delta), Topic::Room(room)) => publisher.hub().delta(room, delta),
            (News::DoNotDisturb(now), Topic::User(user)) => {
                notify(publisher.hub(), &user, Notification::DoNotDisturb(now));
            }
            (News::Invite(news), Topic::User(user)) => notify(publisher.hub(), &user, news.into()),
            (News::Held(news), Topic::User(user)) => notify(publisher.hub(), &user, news.into()),
            // For another node, or under a topic where nobody tells it.
            _ => {}
        }
    }

    fn take_commit(&mut self, by: (NodeId, u64), digest: Digest, publisher: &Publisher, now: Instant) {
        if !self.peers.commit(by.0, by.1, now) {
            return;
        }
        digest.profiles.iter().for_each(|user| self.profiles.forget_one(user));
        for (user, at) in &digest.logouts {
            publisher.hub().log_out(user, *at);
        }
        for (user, settings) in &digest.settings {
            self.settle(user, *settings, publisher);
        }
        if !digest.rooms.is_empty() || digest.upto > 0 {
            self.ingress.digest(by, digest, now);
        }
    }

    /// Another node tells what a user lets others see, or it was read.
    fn settle(&mut self, user: &UserId, settings: Settings, publisher: &Publisher) {
        let hub = publisher.hub();
        let is_news = hub.settings(user).is_some_and(|known| known.changed_at < settings.changed_at);
        if is_news {
            notify(hub, user, Notification::Settings(settings));
        }
        if let Some(appearance) = settle(hub, user, settings)
            && self.presence(user, &appearance, hub)
        {
            hub.presence(user, &appearance.rooms, appearance.online, appearance.last_seen);
        }
    }

    fn hear_of(&mut self, at: Token, now: Instant) {
        if at.position.lanes() == self.at_beat.lanes() {
            self.ingress.hear_of(&at.position, now);
        }
    }

    /// Tells who is on this node, and who is on the way from others that stop.
    fn list_users(&mut self, now: Instant) {
        self.lists += 1;
        let users: Vec<UserId> = self.told_of.iter().cloned().collect();
        for part in presence::parts(self.lists, &users) {
            self.publish(&Topic::Nodes, News::Users(part));
        }
        for (node, ago) in self.peers.leaving(now) {
            let left_ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
            for part in self.directory.legacy(node) {
                self.publish(&Topic::Nodes, News::UsersOf { node, left_ago, part });
            }
        }
    }

    fn learn_users(&mut self, from: NodeId, part: Part) {
        let Moved { came, went } = self.directory.part(from, part);
        self.have_moved(came, went);
    }

    fn have_moved(&mut self, came: Vec<UserId>, went: Vec<UserId>) {
        self.moved.came.extend(came);
        self.moved.went.extend(went);
        self.moved.came.truncate(MAX_MOVED);
        self.moved.went.truncate(MAX_MOVED);
    }

    /// Each second.
    fn beat(&mut self, publisher: &mut Publisher, now: Instant) {
        let beat = self.peers.beat(now);
        for node in beat.gone {
            tracing::info!(?node, "a node is gone");
            self.syncs.forget(node);
            publisher.hub().forget_counts_of(node.number());
            let went = self.directory.forget(node);
            self.have_moved(Vec::new(), went);
        }
        let is_up = self.bus.is_up();
        metrics::bus_is(is_up);
        metrics::nodes(self.peers.live(now).count());
        // Without a bus nobody tells of marks and logouts; when it comes back, some are missing.
        if !is_up || !self.was_up {
            self.ingress.suspect();
        }
        if std::mem::replace(&mut self.was_up, is_up) != is_up {
            tracing::warn!(is_up, "the bus between the nodes");
        }
        let at = publisher.token();
        if beat.is_sound && is_up {
            self.sound = self.at_beat;
        }
        self.at_beat = at.position;
        self.publish(&Topic::Nodes, News::Alive { commits: self.commits, at: at.into(), users: self.users });
    }

    /// The store stands here.
    fn stands(&mut self, at: Token, publisher: &mut Publisher, now: Instant) {
        if at.epoch != publisher.token().epoch {
            publisher.start_epoch(at.epoch);
        }
        self.ingress.hear_of(&at.position, now);
    }

    /// What one commit changed in rooms was read.
    fn learn(
        &mut self,
        commit: CommitKey,
        rooms: &[RoomId],
        changes: Vec<Change>,
        overflowed: Vec<RoomId>,
        publisher: &Publisher,
    ) {
        metrics::bus_gaps_filled(metrics::Gap::Rooms, 1);
        overflowed.into_iter().for_each(|room| lag(publisher.hub(), room));
        self.ingress.learn(commit, rooms, changes);
    }

    /// All that this node missed was read.
    fn found(&mut self, found: Found, publisher: &mut Publisher, now: Instant) {
        metrics::bus_gaps_filled(metrics::Gap::All, 1);
        self.stands(found.until, publisher, now);
        for (user, at) in found.logouts {
            publisher.hub().log_out(&user, at);
        }
        publisher.hub().forget_settled();
        for (user, settings) in found.settings {
            self.settle(&user, settings, publisher);
        }
        self.logouts_read = found.until.position;
        found.overflowed.into_iter().for_each(|room| lag(publisher.hub(), room));
        self.profiles.forget();
        let handed_on = publisher.token().position;
        self.ingress.catch_up(&handed_on, &found.until.position, found.changes, now);
    }

    /// Whether all up to here was handed on. Until then somebody waits for it.
    fn has_reached(&mut self, position: &Position, publisher: &Publisher) -> bool {
        let has = !position.is_ahead_of(&publisher.token().position);
        if !has {
            self.ingress.hear_of(position, tokio::time::Instant::now().into_std());
            self.signals.wake.notify_one();
        }
        has
    }

    /// Tells of a change between two people.
    pub(super) fn tell(&self, change: &RelationChange) {
        let RelationChange { user, other, notice } = change;
        if let Some(notice) = notice {
            self.publish(&Topic::User(other.user.clone()), News::Friend(*notice, user.clone()));
        }
        self.publish(&Topic::User(user.user.clone()), News::FriendsChanged(other.clone()));
    }

    /// Tells a user's devices when the user wants no notices.
    pub(super) fn tell_do_not_disturb(&self, user: &UserId, now: DoNotDisturb) {
        self.publish(&Topic::User(user.clone()), News::DoNotDisturb(now));
    }

    /// Tells a user of an invitation.
    pub(super) fn tell_of_invite(&self, user: &UserId, notification: &Notification) {
        if let Some(news) = InviteNews::of(notification) {
            self.publish(&Topic::User(user.clone()), News::Invite(news));
        }
    }

    /// Tells a user what became of a message of theirs that was held, or of their wish to come in.
    pub(super) fn tell_of_held(&self, user: &UserId, notification: &Notification) {
        if let Some(news) = HeldNews::of(notification) {
            self.publish(&Topic::User(user.clone()), News::Held(news));
        }
    }

    /// A user came to this node, or went. `true`: those in the same rooms are to be told.
    pub(super) fn presence(&mut self, user: &UserId, appearance: &Appearance, hub: &Hub) -> bool {
        let Appearance { rooms, online, last_seen } = appearance;
        let (online, last_seen) = (*online, *last_seen);
        // When this node stops, whoever was connected to it is on the way to another one.
        if self.is_leaving || !self.tells_presence {
            return false;
        }
        // They may have come again before it was told that they went.
        let is_news = match online {
            true => self.told_of.insert(user.clone()),
            false => !hub.is_visible(user) && self.told_of.remove(user),
        };
        if !is_news {
            return false;
        }
        self.users.toggle(user);
        let rooms = rooms.iter().take(MAX_PRESENCE_ROOMS).copied().collect();
        self.publish(&Topic::Nodes, News::Presence { user: user.clone(), online, last_seen, rooms });
        !self.directory.is_online(user)
    }

    pub(super) fn is_online(&self, user: &UserId) -> bool {
        self.directory.is_online(user)
    }

    /// Somebody on this node types.
    pub(super) fn typing(&self, room: RoomId, profile: &crate::model::Profile, is_typing: bool) {
        self.publish(&Topic::Room(room), News::Typing(profile.clone(), is_typing));
    }

    /// Whether a user of this node is this one's to count.
    pub(super) fn counts(&self, user: &UserId) -> bool {
        !self.directory.is_before(self.me, user)
    }

    /// Tells how many this node counts in a room.
    pub(super) fn tell_count(&self, room: RoomId, OnlinePart { count, asks }: OnlinePart) {
        self.publish(&Topic::Room(room), News::Online { count, asks });
    }

    /// Somebody on this node writes.
    pub(super) fn tell_delta(&self, room: RoomId, delta: Delta) {
        self.publish(&Topic::Room(room), News::Delta(delta));
    }

    /// This node stops.
    pub(super) fn leave(&mut self) {
        self.is_leaving = true;
        self.publish(&Topic::Nodes, News::Leaving);
    }

    /// Asks the others to say when they have handed on what this node has committed. `None`: there is nobody
    /// to ask.
    fn sync(&mut self, at: Token) -> Option<syncs::Pending> {
        if !self.bus.is_up() {
            return None;
        }
        // What is to be handed on there may still wait here for another node's commit.
        let at = Token { position: self.ingress.known(&at.position), ..at };
        self.syncs.ask(self.peers.live(tokio::time::Instant::now().into_std()), at)
    }

    /// Asks once more.
    fn ask_again(&self, pending: &syncs::Pending) {
        let news = News::Sync { id: pending.id, commits: self.commits, at: pending.at.into() };
        self.publish(&Topic::Nodes, news);
    }

    /// Whether all have answered who can.
    fn is_synced(&self, pending: &syncs::Pending) -> bool {
        self.syncs.is_done(pending.id)
    }

    fn give_up(&mut self, pending: &syncs::Pending) {
        self.syncs.remove(pending.id);
    }
}

fn lag(hub: &Hub, room: RoomId) {
    tracing::warn!(%room, "too much of the room was missed: its listeners resume");
    hub.lag(room);
}

fn notify(hub: &Hub, user: &UserId, notification: Notification) {
    let kind = EventKind::Notification(notification);
    hub.notify(user, Event { room: None, token: None, kind }, None, None);
}
