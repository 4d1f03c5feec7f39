//! The engine and its model, and the steps done to both.

use std::collections::HashMap;
use std::time::Duration;

use chat_core::event::{Command, Event, Reply};
use chat_core::store::Store;
use chat_core::testing::ManualClock;
use chat_core::{Admin, ChatEngine, Clock, MessageId, RoomId, Timestamp};

use super::client::Client;
use super::news::{News, Subject};
use super::person::Person;
use super::room::RoomModel;
use super::step::Step;
use super::{DEVICES, USERS, id, owner};

pub(super) struct World {
    pub(super) admin: Admin,
    pub(super) clock: ManualClock,
    pub(super) rooms: Vec<(RoomId, RoomModel)>,
    pub(super) people: Vec<Person>,
    /// Each user's devices, of all users the first ones first.
    pub(super) clients: Vec<Client>,
    pub(super) sends: u32,
    /// How many steps there were.
    pub(super) steps: u32,
    /// What the step has for the devices of a user; the one that is answered with it is not told.
    pub(super) news: Vec<(usize, Option<usize>, News)>,
    /// In which step that changed last of which a catch-up tells somebody.
    pub(super) changed: HashMap<(usize, Subject), u32>,
}

impl World {
    pub(super) async fn new(store: impl Store) -> Self {
        let clock = ManualClock::default();
        let engine = ChatEngine::builder().store(store).clock(clock.clone()).build().await.unwrap();
        let clients = (0..DEVICES).map(|device| Client::of(engine.as_user(id(owner(device)))));
        Self {
            admin: engine.admin(),
            clock,
            rooms: Vec::new(),
            people: vec![Person::default(); USERS.len()],
            clients: clients.collect(),
            sends: 0,
            steps: 0,
            news: Vec::new(),
            changed: HashMap::new(),
        }
    }

    pub(super) async fn step(&mut self, step: Step) {
        self.steps += 1;
        // Some things are of one moment.
        if !self.steps.is_multiple_of(3) {
            self.clock.advance(Duration::from_secs(1));
        }
        let count = self.rooms.len().max(1);
        match step {
            Step::Create(by, other) => self.create(by, other).await,
            Step::Connect(by) => self.connect(by).await,
            Step::Drop(by) => self.disconnect(by),
            Step::Quiet(by, quiet) => self.quiet(by, quiet).await,
            Step::Settle(by, update) => self.settle(by, update).await,
            Step::Feed(by, limit, pages) => self.read_feed(by, limit, pages).await,
            _ if self.rooms.is_empty() => {}
            Step::Send(by, room) => self.send(by, room % count).await,
            Step::Reply(by, room, of, in_room) => self.reply(by, room % count, of, in_room).await,
            Step::Answer(by, room, of) => self.answer(by, room % count, of).await,
            Step::Forward(by, from, of, to) => self.forward(by, (from % count, of), to % count).await,
            Step::Retry(by, room) => self.retry(by, room % count).await,
            Step::Amend(by, room, seq, how) => self.amend(by, room % count, seq, how).await,
            Step::Read(by, room, to) => self.read(by, room % count, to).await,
            Step::Deliver(by, room, to) => self.deliver(by, room % count, to).await,
            Step::Follow(by, room, of, on) => self.follow(by, room % count, of, on).await,
            Step::ReadThread(by, room, of, to) => self.read_thread(by, room % count, of, to).await,
            Step::Invite(by, room, who) => self.invite(by, room % count, who).await,
            Step::Leave(by, room) => self.leave(by, room % count).await,
            Step::Remove(by, room, who) => self.remove(by, room % count, who).await,
            Step::Rename(by, room, name) => self.rename(by, room % count, name).await,
            Step::SetRole(by, room, who, role) => self.set_role(by, room % count, who, role).await,
            Step::Ask(by, room, who) => self.ask_in(by, room % count, who).await,
            Step::Accept(by, nth) => self.accept(by, nth).await,
            Step::Decline(by, nth) => self.decline(by, nth).await,
            Step::TakeBack(by, room, who) => self.take_back(by, room % count, who).await,
            Step::Expel(room, who) => self.expel(room % count, who).await,
            Step::Appoint(room, who, role) => self.appoint(room % count, who, role).await,
            Step::Notify(by, room, level, time) => self.notify(by, room % count, level, time).await,
        }
    }

    /// All devices take what has come, and have learnt of each thing once; then, for one user after another, everything
    /// is compared.
    pub(super) async fn check(&mut self) {
        for device in 0..DEVICES {
            while let Some(event) = self.clients[device].ready_event() {
                self.take(device, &event).await;
            }
            let told = std::mem::take(&mut self.clients[device].told);
            if self.clients[device].session.is_some() {
                let is_for = |(user, but, _): &&(usize, Option<usize>, News)| {
                    *user == owner(device) && *but != Some(device)
                };
                let news = self.news.iter().filter(is_for).map(|(.., news)| news);
                assert!(told.iter().eq(news.clone()), "{device} is told {told:?} of {:?}", self.news);
            }
        }
        self.news.clear();
        self.look(self.steps as usize % USERS.len()).await;
    }

    /// For all users everything is compared.
    pub(super) async fn end(&mut self) {
        for user in 0..USERS.len() {
            self.look(user).await;
        }
        self.check_feeds().await;
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn room(&self, id: RoomId) -> Option<&RoomModel> {
        self.rooms.iter().find(|(room, _)| *room == id).map(|(_, model)| model)
    }

    /// The message of this number, or one before it, that there is.
    pub(super) fn message_at(&self, room: usize, of: u64) -> Option<(u64, MessageId)> {
        let (_, model) = &self.rooms[room];
        let found = model.ids.range(..=of.min(model.seq())).next_back();
        found.map(|(seq, (id, _))| (*seq, *id))
    }

    /// Something changes for a user alone, and their devices are told: all but the one that is answered with it.
    pub(super) fn tell(&mut self, user: usize, but: Option<usize>, news: News) {
        if let Some(subject) = news.subject() {
            self.changed.insert((user, subject), self.steps);
        }
        let is_there = |room| self.room(room).is_some_and(|room| room.has(user));
        if news.room().is_none_or(is_there) {
            self.news.push((user, but, news));
        }
    }

    /// The device itself, where it has a connection that is answered.
    pub(super) fn answered(&self, by: usize) -> Option<usize> {
        self.clients[by].session.is_some().then_some(by)
    }

    /// Whether somebody has a connection.
    pub(super) fn is_here(&self, user: usize) -> bool {
        (0..DEVICES).any(|device| owner(device) == user && self.clients[device].session.is_some())
    }

    /// Whether others see that.
    pub(super) fn is_online(&self, user: usize) -> bool {
        self.is_here(user) && !self.people[user].settings.invisible
    }

    /// A user's read mark moves. Others are told where they may know it, and whoever hides a message reads up to it.
    pub(super) fn move_mark(&mut self, room: usize, user: usize, to: u64) {
        let is_shown = self.people[user].settings.read_receipts;
        let (id, model) = &mut self.rooms[room];
        let head = model.seq();
        let stay = model.members.get_mut(&user).unwrap();
        if to.min(head) <= stay.read {
            return;
        }
        (stay.read, stay.moved) = (to.min(head), self.steps);
        if is_shown {
            stay.shown = stay.read;
            for client in self.clients.iter_mut().filter(|client| client.session.is_some()) {
                client.owed.insert((*id, user), stay.read);
            }
        }
    }

    pub(super) async fn take_all(&mut self, device: usize, events: &[std::sync::Arc<Event>]) {
        for event in events {
            self.take(device, event).await;
        }
    }

    /// Does something over the device's connection, or over none.
    pub(super) async fn ask(&self, by: usize, command: Command) -> chat_core::Result<Reply> {
        self.clients[by].ask(command).await
    }
}
