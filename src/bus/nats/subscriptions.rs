//! Keeps the subscriptions that are needed, and sorts what comes by them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use async_nats::client::SubscribeError;
use async_nats::{Client, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;

use super::following::Following;
use super::seldom::Seldom;
use super::subject::{Shard, Subjects};
use crate::bus::{MAX_PACKET_BYTES, Topic};

/// All subscriptions of a node, which end with this.
pub(super) struct Subscriptions {
    client: Client,
    sorter: Sorter,
    held: HashMap<Shard, Subscription>,
}

struct Subscription {
    subject: String,
    sorting: AbortHandle,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.sorting.abort();
    }
}

impl Subscriptions {
    pub(super) fn new(
        client: Client,
        subjects: Subjects,
        following: Arc<Mutex<Following>>,
        outbox: mpsc::Sender<(Topic, Bytes)>,
    ) -> Self {
        let sorter = Sorter { subjects, following, outbox, lost: Arc::default() };
        Self { client, sorter, held: HashMap::new() }
    }

    /// Subscribes to what is followed, until the client is closed. While the server is away it waits with
    /// what does not fit: nothing of it is lost.
    pub(super) async fn keep(mut self, changed: Arc<Notify>) {
        loop {
            let changes = self.sorter.following.lock().changes(&self.sorter.subjects);
            if changes.is_empty() {
                changed.notified().await;
            }
            for (shard, subject) in changes {
                if self.subscribe(shard, subject).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn subscribe(&mut self, shard: Shard, subject: Option<String>) -> Result<(), SubscribeError> {
        let Some(subject) = subject else {
            self.held.remove(&shard);
            return Ok(());
        };
        if self.held.get(&shard).is_some_and(|held| held.subject == subject) {
            return Ok(());
        }
        let subscriber = self.client.subscribe(subject.clone()).await?;
        let sorting = tokio::spawn(self.sorter.clone().sort(subscriber)).abort_handle();
        // The old one ends after the new one began, so that nothing is missed between the two.
        self.held.insert(shard, Subscription { subject, sorting });
        Ok(())
    }
}

/// Hands on what is followed.
#[derive(Clone)]
struct Sorter {
    subjects: Subjects,
    following: Arc<Mutex<Following>>,
    outbox: mpsc::Sender<(Topic, Bytes)>,
    lost: Arc<Seldom>,
}

impl Sorter {
    async fn sort(self, mut subscriber: Subscriber) {
        while let Some(message) = subscriber.next().await {
            let Some(topic) = self.subjects.topic(&message.subject) else { continue };
            // A longer one is no node's.
            if message.payload.len() > MAX_PACKET_BYTES || !self.following.lock().contains(&topic) {
                continue;
            }
            if self.outbox.try_send((topic, message.payload)).is_err()
                && let Some(lost) = self.lost.once_more(Instant::now())
            {
                tracing::warn!(lost, "more packets of other nodes come than are taken: they are lost");
            }
        }
    }
}
