//! A fresh look at everything, beside what the model says and what devices have gathered.

use std::collections::{BTreeMap, BTreeSet};

use chat_core::model::{HistoryQuery, Limit, MessageView, PageQuery, Participant, Role, ThreadView};
use chat_core::{MessageId, RoomId};

use super::client::{Gathered, Own, Shown, like};
use super::room::RoomModel;
use super::world::World;
use super::{ALL, DEVICES, USERS, id, owner};

impl World {
    pub(super) async fn look(&self, user: usize) {
        let own: Vec<_> = self.rooms.iter().filter(|(_, model)| model.has(user)).collect();
        let expected: BTreeSet<RoomId> = own.iter().map(|(room, _)| *room).collect();
        let query = PageQuery::new(1, Limit::new(ALL).unwrap()).unwrap();
        let listed = self.clients[user].actor.rooms(query).await.unwrap();
        let listed: BTreeSet<RoomId> = listed.items.iter().map(|view| view.room.id).collect();
        assert_eq!(listed, expected, "rooms of {user}");
        self.look_at_own(user).await;
        let threads = self.look_at_threads(user).await;
        for client in self.live_devices(user) {
            let gathered: BTreeSet<RoomId> = client.rooms.keys().copied().collect();
            assert_eq!(gathered, expected, "gathered rooms of {user}");
        }
        for (room, model) in own {
            self.look_into(user, *room, model, &threads).await;
        }
    }

    fn live_devices(&self, user: usize) -> impl Iterator<Item = &super::client::Client> {
        let devices = (0..DEVICES).filter(move |device| owner(*device) == user);
        devices.map(|device| &self.clients[device]).filter(|client| client.session.is_some())
    }

    async fn look_at_own(&self, user: usize) {
        let is_asked = |(room, model): &(RoomId, RoomModel)| Some((*room, model.asked.get(&user)?.0));
        let expected = Own {
            settings: self.people[user].settings,
            quiet: self.people[user].quiet,
            invitations: self.rooms.iter().filter(|(_, model)| !model.closed).filter_map(is_asked).collect(),
        };
        assert_eq!(self.fresh_own(user).await, expected);
        for client in self.live_devices(user) {
            let mut gathered = client.own.clone();
            // Nobody who is asked into a room is told that it closes.
            gathered.invitations.retain(|room, _| self.room(*room).is_some_and(|model| !model.closed));
            assert_eq!(gathered, expected, "gathered by {user}");
        }
    }

    /// The threads that the user follows, page by page.
    pub(super) async fn threads(&self, user: usize) -> Vec<ThreadView> {
        let (mut before, mut all) = (None, Vec::new());
        loop {
            let page = self.clients[user].actor.threads(before, Limit::new(3).unwrap()).await.unwrap();
            all.extend(page.threads);
            before = page.next;
            if before.is_none() {
                return all;
            }
        }
    }

    async fn look_at_threads(&self, user: usize) -> Vec<ThreadView> {
        let threads = self.threads(user).await;
        assert!(threads.is_sorted_by(|one, other| one.active_at >= other.active_at), "{threads:?}");
        let own = self.rooms.iter().filter(|(_, model)| model.has(user));
        let mut expected: Vec<_> = own.flat_map(|(_, model)| model.followed(user)).collect();
        let listed = threads.iter().map(|ThreadView { state, active_at, .. }| {
            (state.root, *active_at, state.read_seq, state.unread)
        });
        let mut listed: Vec<_> = listed.collect();
        expected.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, expected, "threads of {user}");
        threads
    }

    async fn look_into(&self, user: usize, room: RoomId, model: &RoomModel, threads: &[ThreadView]) {
        let actor = &self.clients[user].actor;
        let view = actor.room(room).await.unwrap();
        let members = model.roles();
        let owners = members.values().filter(|role| **role == Role::Owner).count();
        assert_eq!((owners, view.role), (1, model.members[&user].role), "{model:?}");
        assert_eq!((view.room.seq, view.unread), (model.seq(), model.unread(user)), "{model:?}");
        assert_eq!(view.mentions, model.unread_mentions(user), "{model:?}");
        assert_eq!((&*view.name, view.room.active), (&*model.name, !model.closed));
        let notify = model.notify.get(&user).copied().filter(|setting| setting.holds(self.now()));
        assert_eq!(view.notify, notify);
        assert!(view.participants.iter().eq(members.keys()));
        let people = self.participants(user, room).await.unwrap();
        self.look_at_people(user, model, &people);
        let history = actor.history(room, HistoryQuery::newest(Limit::new(ALL).unwrap())).await.unwrap();
        let history = history.messages;
        let last = view.last_message.map(|seen| seen.message.seq);
        assert_eq!(last, history.first().map(|seen| seen.message.seq), "{model:?}");
        self.look_at_history(user, model, &history);
        let pins = actor.pins(room, None, Limit::new(ALL).unwrap()).await.unwrap();
        let pins = pins.messages.iter().map(|seen| seen.message.seq).collect::<BTreeSet<_>>();
        let shown = model.pinned.iter().copied().filter(|seq| !model.hidden.contains(&(user, *seq)));
        assert!(pins.into_iter().eq(shown), "{model:?}");
        let threads = threads.iter().map(|thread| thread.state).filter(|state| state.room == room);
        let own = id(user);
        let online = people.iter().filter(|one| one.online && one.profile.user != own);
        let fresh = Gathered {
            name: model.name.clone(),
            messages: history.iter().map(|seen| (seen.message.seq, Shown::of(&seen.message))).collect(),
            members,
            online: online.map(|one| one.profile.user.clone()).collect(),
            threads: threads.filter_map(|state| Some((state.root, state.read_seq?))).collect(),
            notify,
            read: BTreeMap::new(),
        };
        for client in self.live_devices(user) {
            let mut gathered = client.rooms[&room].clone();
            let read = std::mem::take(&mut gathered.read);
            self.look_at_marks(user, (room, model), &read, &client.owed);
            // What is over is no choice any more, and a thread without its root is not shown.
            gathered.notify = gathered.notify.filter(|setting| setting.holds(self.now()));
            let hidden =
                model.hidden.iter().filter(|(by, _)| *by == user).filter_map(|(_, seq)| model.ids.get(seq));
            let hidden: BTreeSet<MessageId> = hidden.map(|(id, _)| *id).collect();
            gathered.threads.retain(|root, _| !hidden.contains(root));
            assert_eq!(gathered, fresh, "what user {user} has gathered, and what there is");
        }
    }

    /// Whoever is invisible looks as if they were not here.
    fn look_at_people(&self, user: usize, model: &RoomModel, people: &[Participant]) {
        let seen = people.iter().map(|one| (one.profile.user.clone(), one.role, one.online, one.last_seen));
        let expected = model.members.iter().map(|(of, stay)| {
            let person = &self.people[*of];
            let last_seen = if *of == user { person.own_last_seen() } else { person.last_seen() };
            (id(*of), stay.role, self.is_online(*of), last_seen)
        });
        assert!(seen.clone().eq(expected.clone()), "{:?} instead of {:?}", seen.collect::<Vec<_>>(), {
            expected.collect::<Vec<_>>()
        });
    }

    fn look_at_history(&self, user: usize, model: &RoomModel, history: &[MessageView]) {
        let senders = history.iter().rev().map(|seen| {
            let message = &seen.message;
            (message.seq, message.body.is_countable().then(|| message.sender.user.clone()))
        });
        let shown = (1..).zip(model.senders.iter().map(|sender| sender.map(id)));
        let shown = shown.filter(|(seq, _)| !model.hidden.contains(&(user, *seq)));
        assert!(senders.eq(shown), "{model:?}");
        let hides = |of: usize| !self.people[of].settings.read_receipts;
        for seen in history.iter().filter(|seen| seen.message.body.is_countable()) {
            let (shown, seq) = (Shown::of(&seen.message), seen.message.seq);
            let said = &model.said[&seq];
            let expected = said.as_ref().map(|said| (said.words.clone(), said.likes.len() as u64));
            assert_eq!(shown.words.zip(Some(shown.likes)), expected, "{seen:?}");
            let custom = said.as_ref().map(|said| said.custom.clone()).unwrap_or_default();
            assert_eq!(shown.custom, custom, "{seen:?}");
            assert_eq!(shown.pinned, model.pinned.contains(&seq), "{seen:?}");
            let quoted = shown.quoted.map(|(seq, words, _)| (seq, words));
            assert_eq!(quoted, model.quoted(seq), "as it is now: {seen:?}");
            assert_eq!(shown.first, model.first.get(&seq).map(|first| id(*first)), "{seen:?}");
            let thread = model.threads.get(&seq);
            let people = |users: &[usize]| users.iter().copied().map(id).collect();
            let thread = thread.map(|thread| (thread.replies, people(&thread.participants)));
            assert_eq!(shown.thread, thread, "{seen:?}");
            let reply = model.replies.get(&seq).map(|reply| (reply.root, reply.in_room));
            assert_eq!(shown.reply, reply, "{seen:?}");
            let own = said.as_ref().is_some_and(|said| said.likes.contains(&user));
            assert_eq!(seen.own_reactions.contains(&like()), own, "{seen:?}");
            let readers = model.readers(seq, hides);
            assert_eq!((seen.receipt.read_count, &seen.receipt.read_by), (readers.len() as u64, &readers));
        }
    }

    /// A user knows their own mark, and of another's at least what they were told since it could be seen, and at most
    /// where it ever stood for others. Of whoever has left or joined again, the mark means nothing any more.
    fn look_at_marks(
        &self,
        user: usize,
        (room, model): (RoomId, &RoomModel),
        gathered: &BTreeMap<chat_core::UserId, u64>,
        owed: &BTreeMap<(RoomId, usize), u64>,
    ) {
        for (of, stay) in &model.members {
            let known = gathered.get(&id(*of)).copied().unwrap_or(0).max(stay.joined);
            let owed = owed.get(&(room, *of)).copied().unwrap_or(0);
            let (least, most) = if *of == user { (stay.read, stay.read) } else { (owed, stay.shown) };
            assert!(
                (least..=most).contains(&known),
                "{} knows the mark of {} as {known}, which is between {least} and {most}",
                USERS[user],
                USERS[*of]
            );
        }
    }
}
