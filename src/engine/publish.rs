//! Turns committed changes into events, in commit order.

use std::sync::Arc;

use super::nodes::{Posted, Stretch};
use crate::event::{Amended, Event, EventKind, Marked, Notification, RoomChange};
use crate::hub::{Audience, Class, ConnectionId, Hub, Post};
use crate::id::{RoomId, UserId};
use crate::model::{Amendment, Body, Epoch, Follow, Hidden, Member, Message, Pos, Position, Room, Token};
use crate::store::{Change, RelationChange, What};

/// Publishes for one node. There is one, so that all its sessions see one order, and a frame's token
/// covers all that was published before it.
pub(super) struct Publisher {
    hub: Arc<Hub>,
    /// How far the node has come: all up to there is published.
    token: Token,
    /// Durable events of one room, which go out together.
    room: Option<RoomId>,
    posts: Vec<Post>,
    /// How much of what a message quotes is told with it.
    quoted_chars: usize,
}

impl Publisher {
    pub(super) fn new(hub: Arc<Hub>, token: Token, quoted_chars: usize) -> Self {
        Self { hub, token, room: None, posts: Vec::new(), quoted_chars }
    }

    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub(super) fn token(&self) -> Token {
        self.token
    }

    pub(super) fn start_epoch(&mut self, epoch: Epoch) {
        self.token.epoch = epoch;
    }

    pub(super) fn skip_to(&mut self, position: &Position) {
        position.iter().for_each(|pos| self.token.position.advance(pos));
    }

    /// Publishes all that comes next of a lane. The last of it may wait for [`Self::flush`].
    pub(super) fn hand_on(&mut self, stretch: Stretch) {
        for Posted { change, origin } in stretch.posts {
            self.publish(change, origin);
        }
        self.token.position.advance(stretch.upto);
    }

    /// Publishes a change. It may wait for [`Self::flush`].
    pub(super) fn publish(&mut self, change: Change, origin: Option<ConnectionId>) {
        let Change { pos, what, .. } = change;
        if !matches!(what, What::Marked { .. }) {
            self.token.position.advance(pos);
        }
        self.publish_one(pos, what, origin);
    }

    fn publish_one(&mut self, pos: Pos, what: What, origin: Option<ConnectionId>) {
        match what {
            What::Message(message) => {
                self.hub.stop_typing(message.room, &message.sender.user);
                self.add_message(message, pos, origin);
            }
            What::Created(room, users) => {
                self.flush();
                for user in users.iter() {
                    self.hub.join(user, room.id, room.members);
                    self.notify(user, room.id, pos, origin, Notification::AddedToRoom(room.clone()));
                }
            }
            What::Joined(room, profile) => {
                self.flush();
                let user = profile.user.clone();
                self.hub.join(&user, room.id, room.members);
                self.notify(&user, room.id, pos, None, Notification::AddedToRoom(room.clone()));
                self.add(room.id, EventKind::Participant(profile, true), pos);
            }
            What::Parted(room, profile) => {
                self.flush();
                let user = profile.user.clone();
                self.hub.part(&user, room.id, room.members, pos);
                self.notify(&user, room.id, pos, None, Notification::RemovedFromRoom(room.id));
                self.add(room.id, EventKind::Participant(profile, false), pos);
            }
            What::Amended { message, by, how } => {
                let room = message.room;
                // Whoever replies, or deletes a reply, is answered with that, and not with what its root tells then.
                let origin = origin.filter(|_| !matches!(how, Some(Amendment::Replied(_))));
                let kind = EventKind::Amended(Amended { message, by, how, own_reactions: None });
                let event = Event { room: Some(room), token: Some(self.token), kind };
                let post = self.hub.post(event, Some(pos), origin, None);
                self.push(room, post);
            }
            What::Hidden(Hidden { room, user, message, seq, .. }) => {
                let kind = EventKind::Hidden { message, seq };
                let event = Event { room: Some(room), token: Some(self.token), kind };
                let post = self.hub.post(event, Some(pos), origin, Some(&user)).to(Audience::OwnDevices);
                self.push(room, post);
            }
            What::Thread { follow, by_reply } => {
                // Whoever replies is answered with the reply, and not with that they follow the thread by it.
                let origin = origin.filter(|_| !by_reply);
                let (room, user) = (follow.room, follow.user.clone());
                let event = Event { room: Some(room), token: Some(self.token), kind: thread_event(&follow) };
                let post = self.hub.post(event, Some(pos), origin, Some(&user)).to(Audience::OwnDevices);
                self.push(room, post);
            }
            What::Role(room, profile, role, muted_until) => {
                self.add(room.id, EventKind::Role(profile, role, muted_until), pos);
            }
            What::Deleted(room) => {
                self.flush();
                for user in self.hub.end(room.id, pos) {
                    self.notify(&user, room.id, pos, None, Notification::RoomDeleted(room.id));
                }
            }
            What::Changed(room) => {
                let id = room.id;
                self.add(id, EventKind::Room(RoomChange::Updated, room), pos);
            }
            What::Notify(member) => {
                self.flush();
                let setting = member.notify.as_ref().and_then(|notify| notify.setting);
                let notification = Notification::Notifications(member.room, setting);
                self.notify(&member.user, member.room, pos, None, notification);
            }
            // Nobody listens to an import.
            What::Imported(_) | What::Untold(_) => {}
            What::Marked { member, mark, is_shared } => {
                self.flush();
                let (room, user) = (member.room, &member.user);
                let kind = EventKind::Marked(user.clone(), mark, marked(&member, None));
                let event = Event { room: Some(room), token: None, kind };
                let post = if is_shared && self.hub.tells_receipts(room) {
                    self.hub.post(event, Some(pos), None, None)
                } else {
                    self.hub.post(event, Some(pos), None, Some(user)).to(Audience::OwnDevices)
                };
                self.hub.publish(room, &[post], &Class::Mark(user.clone(), mark));
            }
        }
    }

    /// Tells the other one of a change between two people, and the devices of whoever made it.
    pub(super) fn tell(&mut self, RelationChange { user, other, notice }: RelationChange) {
        if let Some(notice) = notice {
            self.notify_alone(&other.user, Notification::Friend(notice, user.clone()));
        }
        self.notify_alone(&user.user, Notification::FriendsChanged(other));
    }

    /// Tells a user, behind all that was published before, what is of no room's log.
    pub(super) fn notify_alone(&mut self, user: &UserId, notification: Notification) {
        self.flush();
        let kind = EventKind::Notification(notification);
        self.hub.notify(user, Event { room: None, token: None, kind }, None, None);
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
        let event = message_event(message.clone(), self.token, self.quoted_chars);
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
pub(super) fn message_event(message: Arc<Message>, token: Token, quoted_chars: usize) -> Event {
    let room = Some(message.room);
    let kind = match message.body {
        Body::System { .. } => EventKind::System(message),
        _ => EventKind::Message(message.quoting(quoted_chars)),
    };
    Event { room, token: Some(token), kind }
}

/// What a user's connections are told of where they stand in a thread.
pub(super) fn thread_event(follow: &Follow) -> EventKind {
    EventKind::Thread { root: follow.root, following: follow.following, read_seq: follow.read_seq }
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
