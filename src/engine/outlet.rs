//! Where a node's commits go out: to its own connections and, where there are others, to the other nodes.

use super::nodes::{Beside, Nodes, Posted};
use super::publish::Publisher;
use crate::hub::ConnectionId;
use crate::model::{Epoch, Position, Token};
use crate::store::{Change, RelationChange};

/// The one way out, so that all sessions of the node see one order.
pub(super) struct Outlet {
    publisher: Publisher,
    /// Without other nodes, what is committed is published at once.
    nodes: Option<Nodes>,
    /// What a batch has changed, until the end of it.
    gathered: Vec<Posted>,
}

impl Outlet {
    pub(super) fn new(publisher: Publisher, nodes: Option<Nodes>) -> Self {
        Self { publisher, nodes, gathered: Vec::new() }
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
