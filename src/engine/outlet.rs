//! Where a node's commits go out: to its own connections and, where there are others, to the other nodes.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::nodes::{Beside, Nodes, Posted};
use super::publish::Publisher;
use super::push::Queue;
use super::settings::{Appearance, settle};
use super::waiting::{WaitingChange, WaitingChanges};
use crate::event::Notification;
use crate::hub::ConnectionId;
use crate::id::{RoomId, UserId};
use crate::model::{Delta, DoNotDisturb, Epoch, Message, Position, Settings, Token};
use crate::store::{Change, RelationChange, What};

/// The one way out, so that all sessions of the node see one order.
pub(super) struct Outlet {
    publisher: Publisher,
    /// Without other nodes, what is committed is published at once.
    nodes: Option<Nodes>,
    /// What a batch has changed, until the end of it.
    gathered: Vec<Posted>,
    /// Told of each message that this engine has committed.
    hook: MessageHook,
    /// The rooms that have something to tell people who are away; `None`: nobody is told.
    pushes: Option<Arc<Queue>>,
    /// What has changed of what waits in rooms, which is told once it is known to whom.
    waiting_changes: WaitingChanges,
}

type Hook = dyn Fn(&Arc<Message>) + Send + Sync;

/// What a host does with each message.
#[derive(Clone, Default)]
pub(super) struct MessageHook(Option<Arc<Hook>>);

impl MessageHook {
    pub(super) fn to(hook: impl Fn(&Arc<Message>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    fn call(&self, changes: &[Change]) {
        let Some(hook) = &self.0 else { return };
        for change in changes {
            if let What::Message(message) = &change.what
                && catch_unwind(AssertUnwindSafe(|| hook(message))).is_err()
            {
                tracing::error!(message = %message.id, "the host's hook for messages has panicked");
            }
        }
    }
}

impl fmt::Debug for MessageHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MessageHook").field(&self.0.is_some()).finish()
    }
}

impl Outlet {
    pub(super) fn new(
        publisher: Publisher,
        nodes: Option<Nodes>,
        hook: MessageHook,
        pushes: Option<Arc<Queue>>,
        waiting_changes: WaitingChanges,
    ) -> Self {
        Self { publisher, nodes, gathered: Vec::new(), hook, pushes, waiting_changes }
    }

    pub(super) fn start_epoch(&mut self, epoch: Epoch) {
        self.publisher.start_epoch(epoch);
    }

    /// Up to here all is published.
    pub(super) fn token(&self) -> Token {
        self.publisher.token()
    }

    /// The same, counting as published what is not this engine's to publish.
    pub(super) fn skip_to(&mut self, position: &Position) -> Token {
        self.publisher.skip_to(position);
        self.publisher.token()
    }

    /// Takes the changes of an item. They may wait for [`Self::end_batch`].
    pub(super) fn publish(&mut self, changes: Vec<Change>, origin: Option<ConnectionId>) {
        self.hook.call(&changes);
        if let Some(pushes) = &self.pushes {
            pushes.heard(&changes, tokio::time::Instant::now().into_std());
        }
        if self.nodes.is_some() {
            self.gathered.extend(changes.into_iter().map(|change| Posted { change, origin }));
            return;
        }
        for change in changes {
            self.publisher.publish(change, origin);
        }
    }

    /// Tells of a change between two people.
    pub(super) fn tell(&mut self, change: RelationChange) {
        if let Some(nodes) = &self.nodes {
            nodes.tell(&change);
        }
        self.publisher.tell(change);
    }

    /// Tells a user of an invitation.
    pub(super) fn tell_of_invite(&mut self, user: &UserId, notification: Notification) {
        if let Some(nodes) = &self.nodes {
            nodes.tell_of_invite(user, &notification);
        }
        self.publisher.notify_alone(user, notification);
    }

    /// Tells a user's devices when the user wants no notices.
    pub(super) fn tell_do_not_disturb(&mut self, user: &UserId, now: DoNotDisturb) {
        if let Some(nodes) = &self.nodes {
            nodes.tell_do_not_disturb(user, now);
        }
        self.publisher.notify_alone(user, Notification::DoNotDisturb(now));
    }

    /// Has everybody know what a user lets others see: this node, the user's devices on it, whoever sees them come or
    /// go by it, and with the end of the batch the other nodes.
    pub(super) fn settle(&mut self, user: &UserId, settings: Settings) {
        self.publisher.notify_alone(user, Notification::Settings(settings));
        if let Some(appearance) = settle(self.publisher.hub(), user, settings) {
            self.appear(user, &appearance);
        }
    }

    /// Tells those in the same rooms, and the other nodes, that the user came to this node or went, as far as others may
    /// know.
    pub(super) fn appear(&mut self, user: &UserId, appearance: &Appearance) {
        let hub = self.publisher.hub().clone();
        let is_news = self.nodes.as_mut().is_none_or(|nodes| nodes.presence(user, appearance, &hub));
        match is_news {
            true => hub.presence(user, &appearance.rooms, appearance.online, appearance.last_seen),
            // Another node may be the one to count them now.
            false => hub.recount(&appearance.rooms),
        }
    }

    /// Tells a user what became of a message of theirs that was held, or of their wish to come in.
    pub(super) fn tell_of_held(&mut self, user: &UserId, notification: Notification) {
        if let Some(nodes) = &self.nodes {
            nodes.tell_of_held(user, &notification);
        }
        self.publisher.notify_alone(user, notification);
    }

    /// What waits in some room has changed.
    pub(super) fn waiting_changed(&self, change: Box<WaitingChange>) {
        self.waiting_changes.put(change);
    }

    /// Tells a room what is written.
    pub(super) fn tell_delta(&mut self, room: RoomId, delta: Delta) {
        if let Some(nodes) = &self.nodes {
            nodes.tell_delta(room, delta.clone());
        }
        self.publisher.hub().delta(room, delta);
    }

    /// All of a batch was taken.
    pub(super) fn end_batch(&mut self, beside: Beside) {
        let gathered = std::mem::take(&mut self.gathered);
        let is_news = !(gathered.is_empty() && beside.is_empty());
        self.among_nodes(|nodes, publisher| {
            if is_news {
                nodes.commit(gathered, beside, publisher)
            }
        });
        self.publisher.flush();
    }

    /// What concerns the other nodes, with the way to this one's connections; nothing where there are none.
    pub(super) fn among_nodes<T>(&mut self, act: impl FnOnce(&mut Nodes, &mut Publisher) -> T) -> Option<T> {
        let done = act(self.nodes.as_mut()?, &mut self.publisher);
        self.publisher.flush();
        Some(done)
    }
}
