//! Devices come, with what they have, and go.

use std::collections::HashSet;
use std::sync::Arc;

use chat_core::RoomId;
use chat_core::event::{Event, EventKind};

use super::news::{News, Subject};
use super::owner;
use super::world::World;

impl World {
    pub(super) fn disconnect(&mut self, by: usize) {
        if self.clients[by].session.take().is_some() && !self.is_here(owner(by)) {
            let now = self.now();
            self.people[owner(by)].go(now);
        }
    }

    /// Comes back with the token that it has, or for the first time with none.
    pub(super) async fn connect(&mut self, by: usize) {
        let client = &mut self.clients[by];
        if client.session.is_some() {
            return;
        }
        let since = client.token.map(|token| (token, client.as_of));
        let session = match since {
            Some((token, _)) => client.actor.connect_since(token).await.unwrap(),
            None => client.actor.connect().await.unwrap(),
        };
        client.session = Some(session);
        let events = self.first_events(by).await;
        match since {
            None => {
                let rooms: Vec<_> = self.rooms.iter().map(|(room, _)| *room).collect();
                for room in rooms {
                    self.reload(by, room).await;
                }
            }
            Some((_, as_of)) => {
                self.check_catch_up(by, &events, as_of);
                self.owe_missed(by, as_of);
            }
        }
        self.take_all(by, &events).await;
        self.clients[by].told.clear();
        // Of what no catch-up tells.
        self.reload_own(by).await;
        let rooms: Vec<_> = self.clients[by].rooms.keys().copied().collect();
        for room in rooms {
            self.see_who_is_here(by, room).await;
        }
    }

    /// What comes before live events.
    async fn first_events(&mut self, by: usize) -> Vec<Arc<Event>> {
        let client = &mut self.clients[by];
        let session = client.session.as_mut().expect("it is connected");
        let mut events = Vec::new();
        loop {
            let event = session.next().await.unwrap();
            let is_last = match &event.kind {
                EventKind::CaughtUp { recovered } => {
                    assert!(recovered, "nothing was ever rotated");
                    true
                }
                EventKind::Ready(_) => client.token.is_none(),
                _ => false,
            };
            events.push(event);
            if is_last {
                return events;
            }
        }
    }

    /// A catch-up tells of each subject once, and of none that has not changed since.
    fn check_catch_up(&self, by: usize, events: &[Arc<Event>], as_of: u32) {
        let mut told: HashSet<Subject> = HashSet::new();
        for news in events.iter().filter_map(|event| News::of(event)) {
            let subject = news.subject().expect("no catch-up tells of it");
            assert!(told.insert(subject), "twice: {news:?}");
            let changed = self.changed.get(&(owner(by), subject));
            assert!(changed.is_some_and(|changed| *changed >= as_of), "unchanged since {as_of}: {news:?}");
        }
    }

    /// Whoever comes back is told of marks that have moved meanwhile, of those who show them now.
    fn owe_missed(&mut self, by: usize, as_of: u32) {
        let Self { rooms, clients, people, .. } = self;
        let client = &mut clients[by];
        for (room, model) in rooms.iter().filter(|(room, _)| client.rooms.contains_key(room)) {
            for (user, stay) in &model.members {
                if stay.moved > as_of && people[*user].settings.read_receipts {
                    client.owed.insert((*room, *user), stay.read);
                }
            }
        }
    }

    pub(super) async fn see_who_is_here(&mut self, by: usize, room: RoomId) {
        let Some(people) = self.participants(by, room).await else { return };
        let own = self.clients[by].actor.user().clone();
        let online = people.iter().filter(|one| one.online && one.profile.user != own);
        let online = online.map(|one| one.profile.user.clone()).collect();
        if let Some(gathered) = self.clients[by].rooms.get_mut(&room) {
            gathered.online = online;
        }
    }
}
