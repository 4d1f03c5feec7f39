//! Those who look after a room learn that what waits in it has changed: people at its door, messages that are held, and
//! reports.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;

use tokio::sync::mpsc;

use super::{ChatEngine, Inner};
use crate::error::{ErrorKind, Result};
use crate::event::Notification;
use crate::id::{JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{Member, Verb};
use crate::store::{Admission, Answer, Item, JoinSettlement, Op, RoomItem, Ruling, Settlement};

/// How many changes wait to be told. One beyond them is not: whoever looks after the room sees it when they look next.
const QUEUE: usize = 1024;

/// A change of what waits in a room, where its item comes to it.
#[derive(Debug)]
pub(super) struct WaitingChange {
    room: RoomId,
    what: What,
    /// Whose it is, where nothing else tells them.
    sender: Option<UserId>,
}

/// What begins to wait, if the answer says so, or does no more.
#[derive(Debug)]
enum What {
    Held(MessageId),
    Settled,
    Asked(JoinRequestId),
    Answered,
    Reported(ReportId),
    Resolved,
}

impl WaitingChange {
    /// What an item may change. Boxed, since hardly any does.
    pub(super) fn of(item: &Item) -> Option<Box<Self>> {
        let Item::Room(item) = item else { return None };
        let RoomItem { room, by, op, .. } = &**item;
        let (what, sender) = match op {
            Op::Send { id, sender, ruling: Ruling::Held(_), .. } => (What::Held(*id), Some(&sender.user)),
            // It is let go.
            Op::Settle { held, how: Settlement::Withdraw } if by.is_none() => {
                (What::Settled, Some(&held.sender.user))
            }
            // Whose it is, is told what became of it.
            Op::Settle { .. } => (What::Settled, None),
            Op::Enter { notice, admission: Admission::Held(hold), .. } => {
                (What::Asked(hold.id), Some(&notice.about.user))
            }
            // Whose request is let go after a time, is told that alone.
            Op::SettleJoin { how: JoinSettlement::Withdraw, .. } => (What::Answered, by.as_ref()),
            Op::SettleJoin { .. } => (What::Answered, None),
            // Whoever has reported has the answer, and whose message it is never learns of it.
            Op::Report { id, .. } => (What::Reported(*id), None),
            Op::Resolve { .. } => (What::Resolved, None),
            _ => return None,
        };
        Some(Box::new(Self { room: *room, what, sender: sender.cloned() }))
    }

    /// Whether it has. What is done once more is answered with what waits already, or with what came of it.
    pub(super) fn is_told_by(&self, answer: &Answer) -> bool {
        match (&self.what, answer) {
            (What::Held(new), Answer::Held(id)) => id == new,
            (What::Asked(new), Answer::JoinHeld(id)) => id == new,
            (What::Reported(new), Answer::Reported(report)) => report.id == *new,
            (What::Held(_) | What::Asked(_) | What::Reported(_), _) => false,
            (What::Settled | What::Answered | What::Resolved, _) => true,
        }
    }
}

/// What waits in a room, of which its changes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Queue {
    HeldMessages,
    JoinRequests,
    Reports,
}

impl What {
    fn queue(&self) -> Queue {
        match self {
            Self::Held(_) | Self::Settled => Queue::HeldMessages,
            Self::Asked(_) | Self::Answered => Queue::JoinRequests,
            Self::Reported(_) | Self::Resolved => Queue::Reports,
        }
    }
}

impl Queue {
    fn changed_in(self, room: RoomId) -> Notification {
        match self {
            Self::HeldMessages => Notification::HeldMessagesChanged(room),
            Self::JoinRequests => Notification::JoinRequestsChanged(room),
            Self::Reports => Notification::ReportsChanged(room),
        }
    }
}

/// Where changes wait to be told.
#[derive(Debug)]
pub(super) struct WaitingChanges(mpsc::Sender<Box<WaitingChange>>);

impl WaitingChanges {
    pub(super) fn new() -> (Self, mpsc::Receiver<Box<WaitingChange>>) {
        let (changes, told) = mpsc::channel(QUEUE);
        (Self(changes), told)
    }

    pub(super) fn put(&self, change: Box<WaitingChange>) {
        let _ = self.0.try_send(change);
    }
}

/// Runs until the engine is gone: tells of what has changed, of much in one room once.
pub(super) async fn tell(engine: Weak<Inner>, mut changes: mpsc::Receiver<Box<WaitingChange>>) {
    let mut gathered = Vec::new();
    while changes.recv_many(&mut gathered, QUEUE).await > 0 {
        let mut told: BTreeMap<(RoomId, Queue), BTreeSet<UserId>> = BTreeMap::new();
        for WaitingChange { room, what, sender } in gathered.drain(..).map(|change| *change) {
            told.entry((room, what.queue())).or_default().extend(sender);
        }
        for ((room, queue), senders) in told {
            // Held for one room only, so that it keeps no engine that everybody has let go.
            let Some(inner) = engine.upgrade() else { return };
            (ChatEngine { inner }).tell_of_waiting(room, senders, queue.changed_in(room)).await;
        }
    }
}

impl ChatEngine {
    /// Has those who look after a room know that what waits in it has changed, and these. What was done is done, also where
    /// they cannot be told.
    async fn tell_of_waiting(&self, room: RoomId, mut told: BTreeSet<UserId>, news: Notification) {
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

    /// Lets something go that waits, as the host. Gives whether it still waited: it may be answered meanwhile, or gone with
    /// its room.
    pub(super) async fn let_go(&self, room: RoomId, op: Op) -> Result<bool> {
        let item = RoomItem { room, at: self.now(), by: None, op };
        match self.inner.committer.commit(item.into()).await {
            Ok(_) => Ok(true),
            Err(error) => match error.kind() {
                ErrorKind::MessageNotFound(_)
                | ErrorKind::JoinRequestNotFound(_)
                | ErrorKind::RoomNotFound(_) => Ok(false),
                _ => Err(error),
            },
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
    use crate::clock::Timestamp;
    use crate::model::Report;

    #[test]
    fn what_is_reported_once_more_changes_nothing() {
        let (room, message, id) = (RoomId::generate(), MessageId::generate(), ReportId::generate());
        let (at, by): (_, UserId) = (Timestamp::from_millis(7), "cho".parse().unwrap());
        let item = RoomItem { room, at, by: Some(by.clone()), op: Op::Report { id, message, reason: None } };
        let change = WaitingChange::of(&item.into()).unwrap();
        let sender = "ben".parse().unwrap();
        let report = Report { id, room, message, sender, by, at, reason: None, resolution: None };
        assert!(change.is_told_by(&Answer::Reported(Box::new(report.clone()))));
        let first = Report { id: ReportId::generate(), ..report };
        assert!(!change.is_told_by(&Answer::Reported(Box::new(first))));
    }

    #[tokio::test]
    async fn beyond_the_bound_a_change_is_lost_and_those_before_it_are_not() {
        let (changes, mut told) = WaitingChanges::new();
        let room = RoomId::generate();
        for _ in 0..=QUEUE {
            changes.put(Box::new(WaitingChange { room, what: What::Settled, sender: None }));
        }
        drop(changes);
        let mut count = 0;
        while told.recv().await.is_some() {
            count += 1;
        }
        assert_eq!(count, QUEUE);
    }
}
