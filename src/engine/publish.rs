//! Turns committed changes into events, in commit order.

use std::sync::Arc;

use crate::bus::{Bus, Hint, Topic};
use crate::event::{Event, EventKind, Marked, Notification, RoomChange};
use crate::hub::{Audience, Class, ConnectionId, Hub, Post};
use crate::id::{RoomId, UserId};
use crate::model::{Body, Epoch, Member, Message, Pos, Room, Token};
use crate::store::{Change, RelationChange, What};

/// Publishes for one node. There is one, so that all its sessions see one order, and a frame's token
/// covers all that was published before it.
pub(super) struct Publisher {
    hub: Arc<Hub>,
    bus: Option<Arc<dyn Bus>>,
    token: Token,
    /// Durable events of one room, which go out together.
    room: Option<RoomId>,
    posts: Vec<Post>,
}

impl Publisher {
    pub(super) fn new(hub: Arc<Hub>, bus: Option<Arc<dyn Bus>>, token: Token) -> Self {
        Self { hub, bus, token, room: None, posts: Vec::new() }
    }

    pub(super) fn start_epoch(&mut self, epoch: Epoch) {
        self.token.epoch = epoch;
    }

    /// Publishes the changes of an item. The last of them may wait for [`Self::flush`].
    pub(super) fn publish(&mut self, changes: Vec<Change>, origin: Option<ConnectionId>) {
        for Change { pos, prev, what } in changes {
            let advances = !matches!(what, What::Marked { .. });
            if advances {
                self.token.position.advance(pos);
            }
            // Where the store stands has changed, and nobody listens to an import.
            let is_quiet = matches!(what, What::Imported(_));
            let room = self.publish_one(pos, what, origin);
            if let (true, false, Some(bus)) = (advances, is_quiet, &self.bus) {
                bus.publish(&Topic::Room(room), Hint { pos, prev }.encode());
            }
        }
    }

    fn publish_one(&mut self, pos: Pos, what: What, origin: Option<ConnectionId>) -> RoomId {
        match what {
            What::Message(message) => {
                let room = message.room;
                self.hub.stop_typing(room, &message.sender.user);
                self.add_message(message, pos, origin);
                room
            }
            What::Created(room, users) => {
                self.flush();
                for user in users.iter() {
                    self.hub.join(user, room.id, room.members);
                    self.notify(user, room.id, pos, origin, Notification::AddedToRoom(room.clone()));
                }
                room.id
            }
            What::Joined(room, profile) => {
                self.flush();
                let user = profile.user.clone();
                self.hub.join(&user, room.id, room.members);
                self.notify(&user, room.id, pos, None, Notification::AddedToRoom(room.clone()));
                self.add(room.id, EventKind::Participant(profile, true), pos);
                room.id
            }
            What::Parted(room, profile) => {
                self.flush();
                let user = profile.user.clone();
                self.hub.part(&user, room.id, room.members, pos);
                self.notify(&user, room.id, pos, None, Notification::RemovedFromRoom(room.id));
                self.add(room.id, EventKind::Participant(profile, false), pos);
                room.id
            }
            What::Changed(room) => {
                let id = room.id;
                self.add(id, EventKind::Room(RoomChange::Updated, room), pos);
                id
            }
            What::Imported(room) => room,
            What::Marked { member, mark, is_shared } => {
                self.flush();
                let (room, user) = (member.room, &member.user);
                let kind = EventKind::Marked(user.clone(), mark, marked(&member, None));
                let event = Event { room: Some(room), token: None, kind };
                let post = if is_shared {
                    self.hub.post(event, Some(pos), None, None)
                } else {
                    self.hub.post(event, Some(pos), None, Some(user)).to(Audience::OwnDevices)
                };
                self.hub.publish(room, &[post], &Class::Mark(user.clone(), mark));
                room
            }
        }
    }

    /// Tells the other one of a change between two people, and the devices of whoever made it.
    pub(super) fn tell(&mut self, RelationChange { user, other, notice }: RelationChange) {
        self.flush();
        let tell = |to: &UserId, notification| {
            let kind = EventKind::Notification(notification);
            self.hub.notify(to, Event { room: None, token: None, kind }, None, None);
        };
        if let Some(notice) = notice {
            tell(&other.user, Notification::Friend(notice, user.clone()));
        }
        tell(&user.user, Notification::FriendsChanged(other));
    }

    /// Hands out what waits to go out together.
    pub(super) fn flush(&mut self) {
        if let Some(room) = self.room.take() {
            self.hub.publish(room, &self.posts, &Class::Durable);
            self.posts.clear();
        }
    }

    fn add_message(&mut self, message: Arc<Message>, pos: Pos, origin: Option<ConnectionId>) {
        let room = message.room;
        let event = message_event(&message, self.token);
        let sender = message.body.is_countable().then_some(&message.sender.user);
        let post = self.hub.post(event, Some(pos), origin, sender);
        self.push(room, post);
    }

    fn add(&mut self, room: RoomId, kind: EventKind, pos: Pos) {
        let event = Event { room: Some(room), token: Some(self.token), kind };
        let post = self.hub.post(event, Some(pos), None, None);
        self.push(room, post);
    }

    fn push(&mut self, room: RoomId, post: Post) {
        if self.room != Some(room) {
            self.flush();
            self.room = Some(room);
        }
        self.posts.push(post);
    }

    fn notify(
        &self,
        user: &UserId,
        room: RoomId,
        pos: Pos,
        but: Option<ConnectionId>,
        notification: Notification,
    ) {
        let kind = EventKind::Notification(notification);
        let event = Event { room: Some(room), token: Some(self.token), kind };
        self.hub.notify(user, event, Some(pos), but);
    }
}

/// The event that tells of a message.
pub(super) fn message_event(message: &Arc<Message>, token: Token) -> Event {
    let kind = match message.body {
        Body::System { .. } => EventKind::System(message.clone()),
        _ => EventKind::Message(message.clone()),
    };
    Event { room: Some(message.room), token: Some(token), kind }
}

/// Where a member's marks stand; without the room, how many are unread is not told.
pub(super) fn marked(member: &Member, room: Option<&Room>) -> Marked {
    Marked {
        room: member.room,
        read_seq: member.read_seq,
        delivered_seq: member.delivered_seq,
        unread: room.map_or(0, |room| member.unread_in(room)),
        at: member.marked_at,
    }
}
