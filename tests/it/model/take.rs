//! What a device does with an event.

use chat_core::RoomId;
use chat_core::event::{Event, EventKind, Notification, RoomChange};
use chat_core::model::{HistoryQuery, Limit, Mark, Participant, Role};

use super::client::{Gathered, Own, Shown, like};
use super::news::News;
use super::world::World;
use super::{ALL, USERS, owner};

fn all() -> Limit {
    Limit::new(ALL).unwrap()
}

impl World {
    pub(super) async fn take(&mut self, device: usize, event: &Event) {
        let user = owner(device);
        let client = &mut self.clients[device];
        if event.token.is_some() {
            (client.token, client.as_of) = (event.token, self.steps);
        }
        if let Some(news) = News::of(event) {
            client.take_news(&news);
            client.told.push(news);
            return;
        }
        let known = event.room.and_then(|room| client.rooms.get_mut(&room));
        match (&event.kind, event.room) {
            (EventKind::Message(message) | EventKind::System(message), _) => client.put(message),
            (EventKind::Amended(amended), _) => {
                client.amend(&amended.message);
                if let Some(own) = &amended.own_reactions {
                    let model = self.room(amended.message.room).unwrap();
                    let said = model.said[&amended.message.seq].as_ref();
                    let likes = said.is_some_and(|said| said.likes.contains(&user));
                    assert_eq!(own.contains(&like()), likes, "as it is now: {amended:?}");
                }
            }
            (EventKind::Hidden { seq, .. }, Some(room)) => {
                client.hide(room, *seq);
                let model = self.room(room).unwrap();
                assert!(model.hidden.contains(&(user, *seq)), "{seq} is hidden from {user}");
            }
            (EventKind::Participant(profile, has_come), Some(room)) => {
                let Some(known) = known else { return };
                match has_come {
                    true => drop(known.members.insert(profile.user.clone(), Role::Member)),
                    false => drop(known.members.remove(&profile.user)),
                }
                self.see_who_is_here(device, room).await;
            }
            (EventKind::Role(profile, role, _), _) => {
                let Some(known) = known else { return };
                known.members.insert(profile.user.clone(), *role);
            }
            (EventKind::Presence { user, online, last_seen }, _) => {
                let Some(known) = known else { return };
                match online {
                    true => known.online.insert(user.clone()),
                    false => known.online.remove(user),
                };
                let of = USERS.iter().position(|name| *name == user.as_str()).unwrap();
                let expected = self.people[of].last_seen().filter(|_| !online);
                assert_eq!(*last_seen, expected, "when {user} was last seen");
            }
            (EventKind::Room(RoomChange::Updated, room), _) => {
                let Some(known) = known else { return };
                known.name = room.name.as_deref().unwrap_or_default().to_owned();
            }
            (EventKind::Room(RoomChange::Left, room), _) => drop(client.rooms.remove(&room.id)),
            (EventKind::Notification(Notification::RemovedFromRoom(room)), _) => {
                client.rooms.remove(room);
            }
            (EventKind::Room(RoomChange::Reset, room), _)
            | (EventKind::Notification(Notification::AddedToRoom(room)), _) => {
                client.own.invitations.remove(&room.id);
                self.reload(device, room.id).await;
            }
            (EventKind::Marked(by, Mark::Read, at), _) => {
                let Some(known) = known else { return };
                let read = known.read.entry(by.clone()).or_default();
                *read = at.read_seq.max(*read);
            }
            _ => {}
        }
    }

    /// A device loads a room anew. Read marks, which no call lists, are taken from the model.
    pub(super) async fn reload(&mut self, device: usize, room: RoomId) {
        let user = owner(device);
        let actor = &self.clients[device].actor;
        let Ok(view) = actor.room(room).await else { return };
        let history = actor.history(room, HistoryQuery::newest(all())).await.unwrap();
        let messages =
            history.messages.iter().map(|seen| (seen.message.seq, Shown::of(&seen.message))).collect();
        let people = self.participants(device, room).await.unwrap();
        let online = people.iter().filter(|one| one.online && one.profile.user != *actor.user());
        let online = online.map(|one| one.profile.user.clone()).collect();
        let members = people.iter().map(|one| (one.profile.user.clone(), one.role)).collect();
        let threads = self.threads(user).await.into_iter().filter(|thread| thread.state.room == room);
        let threads =
            threads.filter_map(|thread| Some((thread.state.root, thread.state.read_seq?))).collect();
        let marks = self.marks(user, room);
        let client = &mut self.clients[device];
        client.owed.retain(|(of, _), _| *of != room);
        client.owed.extend(marks.iter().map(|(of, read)| ((room, *of), *read)));
        let read = marks.into_iter().map(|(of, read)| (super::id(of), read)).collect();
        let (name, notify) = (view.name.to_string(), view.notify);
        client.rooms.insert(room, Gathered { name, messages, members, online, threads, notify, read });
    }

    /// Of the user alone.
    pub(super) async fn reload_own(&mut self, device: usize) {
        self.clients[device].own = self.fresh_own(owner(device)).await;
    }

    /// The marks in a room that have moved, as far as a user may know them.
    fn marks(&self, user: usize, room: RoomId) -> Vec<(usize, u64)> {
        let model = self.room(room).unwrap();
        let may_know = |of: usize| of == user || self.people[of].settings.read_receipts;
        let moved = model.members.iter().filter(|(of, stay)| stay.has_moved() && may_know(**of));
        moved.map(|(of, stay)| (*of, stay.read)).collect()
    }

    pub(super) async fn participants(&self, device: usize, room: RoomId) -> Option<Vec<Participant>> {
        let listed = self.clients[device].actor.participants(room, None, all()).await;
        listed.ok().map(|page| page.participants)
    }

    /// What the user has settled for themselves and where they are asked in, as it is listed.
    pub(super) async fn fresh_own(&self, user: usize) -> Own {
        let actor = &self.clients[user].actor;
        let invitations = actor.invitations(None, all()).await.unwrap().invitations;
        Own {
            settings: actor.settings().await.unwrap(),
            quiet: actor.do_not_disturb().await.unwrap(),
            invitations: invitations.iter().map(|one| (one.room, one.code)).collect(),
        }
    }
}

impl super::client::Client {
    fn take_news(&mut self, news: &News) {
        match news {
            News::Thread(room, root, on, read) => {
                if let Some(room) = self.rooms.get_mut(room) {
                    room.stand_in_thread(*root, on.then_some(*read));
                }
            }
            News::Notify(room, setting) => {
                if let Some(room) = self.rooms.get_mut(room) {
                    room.notify = *setting;
                }
            }
            News::Quiet(quiet) => self.own.quiet = *quiet,
            News::Settings(settings) => self.own.settings = *settings,
            News::Invited(room, code) => drop(self.own.invitations.insert(*room, *code)),
            News::InviteEnded(room, code) => {
                if self.own.invitations.get(room) == Some(code) {
                    self.own.invitations.remove(room);
                }
            }
            News::InviteDeclined(..) => {}
        }
    }
}
