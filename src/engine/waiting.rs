//! Those who look after a room learn that what waits in it has changed: people at its door, and messages that are held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;

use tokio::sync::mpsc;

use super::{ChatEngine, Inner};
use crate::error::Result;
use crate::event::Notification;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{Member, Verb};
use crate::store::{Answer, Item, Op, RoomItem, Ruling, Settlement};

/// How many changes wait to be told. One beyond them is not: whoever looks after the room sees it when they look next.
const QUEUE: usize = 1024;

/// A change of what is held in a room, where its item comes to it.
#[derive(Debug)]
pub(super) struct HeldChange {
    room: RoomId,
    /// The message that is held, if the answer says so; `None` where one is settled.
    new: Option<MessageId>,
    /// Whose it is, where nothing else tells them.
    sender: Option<UserId>,
}

impl HeldChange {
    /// What an item may change. Boxed, since hardly any does.
    pub(super) fn of(item: &Item) -> Option<Box<Self>> {
        let Item::Room(RoomItem { room, op, .. }) = item else { return None };
        let (new, sender) = match op {
            Op::Send { id, sender, ruling: Ruling::Held(_), .. } => (Some(*id), Some(&sender.user)),
            Op::Settle { held, how: Settlement::Withdraw } => (None, Some(&held.sender.user)),
            // Whose it is, is told what became of it.
            Op::Settle { .. } => (None, None),
            _ => return None,
        };
        Some(Box::new(Self { room: *room, new, sender: sender.cloned() }))
    }

    /// Whether it has. What is sent once more is answered with what waits already, or with what was sent.
    pub(super) fn is_told_by(&self, answer: &Answer) -> bool {
        self.new.is_none_or(|new| matches!(answer, Answer::Held(id) if *id == new))
    }
}

/// Where changes wait to be told.
#[derive(Debug)]
pub(super) struct HeldChanges(mpsc::Sender<Box<HeldChange>>);

impl HeldChanges {
    pub(super) fn new() -> (Self, mpsc::Receiver<Box<HeldChange>>) {
        let (changes, told) = mpsc::channel(QUEUE);
        (Self(changes), told)
    }

    pub(super) fn put(&self, change: Box<HeldChange>) {
        let _ = self.0.try_send(change);
    }
}

/// Runs until the engine is gone: tells of what has changed, of much in one room once.
pub(super) async fn tell(engine: Weak<Inner>, mut changes: mpsc::Receiver<Box<HeldChange>>) {
    let mut gathered = Vec::new();
    while changes.recv_many(&mut gathered, QUEUE).await > 0 {
        let mut rooms: BTreeMap<RoomId, BTreeSet<UserId>> = BTreeMap::new();
        for HeldChange { room, sender, .. } in gathered.drain(..).map(|change| *change) {
            rooms.entry(room).or_default().extend(sender);
        }
        for (room, senders) in rooms {
            // Held for one room only, so that it keeps no engine that everybody has let go.
            let Some(inner) = engine.upgrade() else { return };
            let news = Notification::HeldMessagesChanged(room);
            (ChatEngine { inner }).tell_of_waiting(room, senders, news).await;
        }
    }
}

impl ChatEngine {
    /// Has those who look after a room know that what waits in it has changed, and these. What was done is done, also where
    /// they cannot be told.
    pub(super) async fn tell_of_waiting(&self, room: RoomId, mut told: BTreeSet<UserId>, news: Notification) {
        match self.moderators(room).await {
            Ok(moderators) => told.extend(moderators),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "moderators are not told what waits"
                );
            }
        }
        for user in &told {
            self.tell_of_held(user, news.clone());
        }
    }

    /// Those who may answer what waits, the first of them.
    async fn moderators(&self, room: RoomId) -> Result<Vec<UserId>> {
        let found = self.store().rooms(&[room]).await?.pop();
        let Some(found) = found.filter(|found| !found.is_deleted()) else { return Ok(Vec::new()) };
        let seniors = self.store().seniors(room, Member::MODERATORS_TOLD).await?;
        let moderators = seniors.into_iter().filter(|member| found.lets(member.role, Verb::Moderate));
        Ok(moderators.map(|member| member.user).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beyond_the_bound_a_change_is_lost_and_those_before_it_are_not() {
        let (changes, mut told) = HeldChanges::new();
        let room = RoomId::generate();
        for _ in 0..=QUEUE {
            changes.put(Box::new(HeldChange { room, new: None, sender: None }));
        }
        drop(changes);
        let mut count = 0;
        while told.recv().await.is_some() {
            count += 1;
        }
        assert_eq!(count, QUEUE);
    }
}
