//! The one write path. Changes gather while a batch commits; each batch is one transaction; what it
//! changed is published in commit order; and only then is whoever asked answered.

use std::sync::Arc;
use std::time::Instant;

use foldhash::HashMap;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;

use super::nodes::Beside;
use super::outlet::Outlet;
use super::waiting::WaitingChange;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::hub::ConnectionId;
use crate::id::{RoomId, UserId};
use crate::metrics;
use crate::model::{Body, Epoch, Position};
use crate::store::{AlertTerms, Amend, Answer, Batch, Item, Op, Outcome, RoomRecord, Store};

/// Called with the item's answer, after everything of its batch was published.
type Answered = Box<dyn FnOnce(Result<Answer>) + Send>;

/// Something to commit.
struct Job {
    item: Item,
    /// The connection that is answered, and so gets no event of it.
    origin: Option<ConnectionId>,
    answered: Answered,
}

enum Work {
    Job(Job),
    /// What rides along with items of the first lane: a batch without any.
    Beside(Box<Batch>, Option<oneshot::Sender<Result<()>>>),
    Epoch(Epoch),
    Barrier(oneshot::Sender<()>),
}

/// The way in: a bounded queue to the task that commits, one a lane of the store. The lanes' batches are
/// published one after another, each lane's in its order.
#[derive(Debug)]
pub(super) struct Committer {
    lanes: Vec<mpsc::Sender<Work>>,
    /// Tells the lane of a room.
    position: Position,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work")
    }
}

impl Committer {
    pub(super) fn start(
        store: Arc<dyn Store>,
        outlet: Arc<Mutex<Outlet>>,
        position: Position,
        alerts: Option<AlertTerms>,
        config: &Config,
    ) -> Self {
        // A batch that is published at once must leave room in the mailbox of whoever reads promptly.
        let bytes_max = config.mailbox_bytes / 4;
        let bounds = Bounds { items: config.commit_batch.max(1), bytes: bytes_max };
        let lane = |lane| {
            let (queue, work) = mpsc::channel(config.commit_queue.max(1));
            let (store, outlet) = (store.clone(), outlet.clone());
            tokio::spawn(run(lane, store, outlet, work, bounds, alerts));
            queue
        };
        Self { lanes: (0..position.lanes()).map(lane).collect(), position }
    }

    /// Where an item waits. What is about no room waits in the first lane.
    fn lane_of(&self, item: &Item) -> &mpsc::Sender<Work> {
        match item {
            Item::Room(item) => &self.lanes[usize::from(self.position.lane_of(item.room))],
            Item::Relation(_) | Item::Settings(_) => self.first(),
        }
    }

    /// There is at least one lane: a position has 1 to `MAX_LANES`.
    fn first(&self) -> &mpsc::Sender<Work> {
        &self.lanes[0]
    }

    /// Commits an item and waits for its answer.
    pub(super) async fn commit(&self, item: Item) -> Result<Answer> {
        let (tell, told) = oneshot::channel();
        let answered = move |answer| {
            // Whoever asked may have gone; the change stands all the same.
            let _ = tell.send(answer);
        };
        self.submit(item, None, answered).await;
        told.await.map_err(Error::unavailable)?
    }

    /// Puts an item in the queue, waiting for room in it, and returns. `answered` is called once, after
    /// the item's batch is committed and published; it must not block.
    pub(super) async fn submit(
        &self,
        item: Item,
        origin: Option<ConnectionId>,
        answered: impl FnOnce(Result<Answer>) + Send + 'static,
    ) {
        let queue = self.lane_of(&item);
        let job = Job { item, origin, answered: Box::new(answered) };
        if let Err(mpsc::error::SendError(Work::Job(job))) = queue.send(Work::Job(job)).await {
            (job.answered)(Err(stopped()));
        }
    }

    /// Commits what goes beside items: profiles, times, rows of the outbox that are done.
    pub(super) async fn commit_beside(&self, beside: Batch) -> Result<()> {
        let (tell, told) = oneshot::channel();
        self.submit_beside(beside, Some(tell)).await;
        told.await.map_err(Error::unavailable)?
    }

    /// The same, waiting for room in the queue alone. Who is told of it hears nothing when the engine has
    /// stopped.
    pub(super) async fn submit_beside(&self, beside: Batch, tell: Option<oneshot::Sender<Result<()>>>) {
        let _ = self.first().send(Work::Beside(Box::new(beside), tell)).await;
    }

    /// From here on, tokens are of this epoch.
    pub(super) async fn start_epoch(&self, epoch: Epoch) {
        let _ = self.first().send(Work::Epoch(epoch)).await;
    }

    /// Returns when everything that was submitted before is answered.
    pub(super) async fn barrier(&self) {
        let mut waits = Vec::with_capacity(self.lanes.len());
        for lane in &self.lanes {
            let (tell, told) = oneshot::channel();
            if lane.send(Work::Barrier(tell)).await.is_ok() {
                waits.push(told);
            }
        }
        for told in waits {
            let _ = told.await;
        }
    }
}

fn stopped() -> Error {
    Error::unavailable("the engine has stopped")
}

/// How much is committed at once.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    items: usize,
    bytes: usize,
}

async fn run(
    lane: usize,
    store: Arc<dyn Store>,
    outlet: Arc<Mutex<Outlet>>,
    mut queue: mpsc::Receiver<Work>,
    most: Bounds,
    alerts: Option<AlertTerms>,
) {
    let mut gathered = Vec::with_capacity(most.items);
    while queue.recv_many(&mut gathered, most.items).await > 0 {
        let mut work = gathered.drain(..).peekable();
        while work.peek().is_some() {
            let mut bytes = 0;
            let fitting = std::iter::from_fn(|| {
                let next = work.next_if(|_| bytes < most.bytes)?;
                bytes += next.weight();
                Some(next)
            });
            let mut batch = Gathered::sort(fitting);
            let outcomes = if batch.is_empty() {
                Ok(Vec::new())
            } else {
                commit(&*store, lane, Batch { alerts, ..batch.take() }).await
            };
            batch.conclude(outcomes, &mut outlet.lock());
            // A store that never waits must not keep the flusher from writing what was published.
            tokio::task::yield_now().await;
        }
    }
}

async fn commit(store: &dyn Store, lane: usize, batch: Batch) -> Result<Vec<Result<Outcome>>> {
    let items = batch.items.len();
    let (span, began) = (tracing::debug_span!("commit", lane, items), Instant::now());
    let outcomes = store.commit(batch).instrument(span.clone()).await;
    let took = began.elapsed();
    if outcomes.is_ok() {
        metrics::committed(items, took);
    }
    span.in_scope(|| tracing::debug!(is_ok = outcomes.is_ok(), ?took, "committed"));
    outcomes
}

impl Work {
    /// About how many bytes its event has.
    fn weight(&self) -> usize {
        const ENVELOPE: usize = 512;
        match self {
            Self::Job(Job { item: Item::Room(item), .. }) => {
                let op = &item.op;
                let (body, attachments, custom) = match op {
                    Op::Send { body, attachments, custom, .. } => {
                        (Some(body), attachments.len(), Some(custom))
                    }
                    Op::Settle { held, .. } => (Some(&held.body), held.attachments.len(), Some(&held.custom)),
                    Op::Amend { change: Amend::Edit { to, .. }, .. } => (None, 0, to.custom.as_ref()),
                    Op::Import(record) => match &**record {
                        RoomRecord::Message(message, _) => {
                            (Some(&message.body), message.attachments.len(), Some(&message.custom))
                        }
                        _ => (None, 0, None),
                    },
                    _ => (None, 0, None),
                };
                let words = match op {
                    Op::Amend { change: Amend::Edit { to, .. }, .. } => {
                        to.content.as_ref().and_then(Option::as_deref)
                    }
                    Op::Amend { change: Amend::Write { content: words, .. }, .. }
                    | Op::Amend { change: Amend::Append { text: words, .. }, .. } => Some(&**words),
                    _ => body.and_then(Body::content),
                };
                let custom = custom.map_or(0, |custom| custom.as_str().len());
                ENVELOPE * (1 + attachments) + words.map_or(0, str::len) + custom
            }
            _ => ENVELOPE,
        }
    }
}

/// Whoever waits for an item.
struct Waiting {
    origin: Option<ConnectionId>,
    /// What the item changes of what waits in its room, where it comes to it.
    change: Option<Box<WaitingChange>>,
    answered: Answered,
}

/// A batch, with whoever waits for its parts.
struct Gathered {
    batch: Batch,
    /// What other nodes are told of what goes beside items.
    beside: Beside,
    waiting: Vec<Waiting>,
    /// Those who wait for the batch itself, and not for an item of it.
    whole: Vec<oneshot::Sender<Result<()>>>,
    epoch: Option<Epoch>,
    barriers: Vec<oneshot::Sender<()>>,
}

impl Gathered {
    fn sort(work: impl Iterator<Item = Work>) -> Self {
        let mut this = Self {
            batch: Batch::default(),
            beside: Beside::default(),
            waiting: Vec::new(),
            whole: Vec::new(),
            epoch: None,
            barriers: Vec::new(),
        };
        let mut jobs = Vec::new();
        for work in work {
            match work {
                Work::Job(job) => jobs.push(job),
                Work::Beside(beside, tell) => {
                    this.add(*beside);
                    this.whole.extend(tell);
                }
                Work::Epoch(epoch) => this.epoch = Some(epoch),
                Work::Barrier(tell) => this.barriers.push(tell),
            }
        }
        group_by_room(&mut jobs);
        for Job { item, origin, answered } in jobs {
            this.waiting.push(Waiting { origin, change: WaitingChange::of(&item), answered });
            this.batch.items.push(item);
        }
        this
    }

    fn add(&mut self, beside: Batch) {
        let Batch { items: _, profiles, last_seen, logouts, erased, sent, do_not_disturb, alerts: _ } =
            beside;
        let shown = profiles.iter().map(|profile| &profile.user).chain(erased.iter().map(|(user, _)| user));
        self.beside.profiles.extend(shown.cloned());
        self.beside.logouts.extend(logouts.iter().cloned());
        self.batch.profiles.extend(profiles);
        self.batch.last_seen.extend(last_seen);
        self.batch.logouts.extend(logouts);
        self.batch.erased.extend(erased);
        self.batch.sent.extend(sent);
        self.batch.do_not_disturb.extend(do_not_disturb);
    }

    fn is_empty(&self) -> bool {
        let Batch { items, profiles, last_seen, logouts, erased, sent, do_not_disturb, alerts: _ } =
            &self.batch;
        let nothing_besides =
            profiles.is_empty() && last_seen.is_empty() && logouts.is_empty() && sent.is_empty();
        items.is_empty() && nothing_besides && erased.is_empty() && do_not_disturb.is_empty()
    }

    fn take(&mut self) -> Batch {
        std::mem::take(&mut self.batch)
    }

    fn conclude(mut self, outcomes: Result<Vec<Result<Outcome>>>, outlet: &mut Outlet) {
        if let Some(epoch) = self.epoch {
            outlet.start_epoch(epoch);
        }
        match outcomes {
            Ok(outcomes) => {
                let (mut answers, mut beside) = (Vec::with_capacity(outcomes.len()), self.beside);
                for (outcome, waiting) in outcomes.into_iter().zip(&mut self.waiting) {
                    answers.push(outcome.map(|outcome| {
                        outlet.publish(outcome.changes, waiting.origin);
                        if let Some(change) = outcome.relation {
                            outlet.tell(*change);
                        }
                        if let Answer::Settings { user, now, is_new: true } = &outcome.answer {
                            outlet.settle(user, *now);
                            beside.settings.push((user.clone(), *now));
                        }
                        if let Some(change) =
                            waiting.change.take_if(|change| change.is_told_by(&outcome.answer))
                        {
                            outlet.waiting_changed(change);
                        }
                        outcome.answer
                    }));
                }
                outlet.end_batch(beside);
                metrics::sent(
                    answers.iter().filter(|answer| matches!(answer, Ok(Answer::Message(_)))).count() as u64,
                );
                for (answer, waiting) in answers.into_iter().zip(self.waiting) {
                    (waiting.answered)(answer);
                }
                self.whole.into_iter().for_each(|tell| drop(tell.send(Ok(()))));
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a batch was not committed");
                let error = Arc::new(error);
                let copy = || Error::with_source(error.kind().clone(), error.clone());
                self.waiting.into_iter().for_each(|waiting| (waiting.answered)(Err(copy())));
                self.whole.into_iter().for_each(|tell| drop(tell.send(Err(copy()))));
            }
        }
        for tell in self.barriers {
            let _ = tell.send(());
        }
    }
}

/// Brings the items of each room together, so that what they publish is one frame for its listeners.
/// Left as it is where somebody's own items of different rooms would change their order, or where any of
/// them is about no room.
fn group_by_room(jobs: &mut [Job]) {
    if jobs.len() < 3 {
        return;
    }
    let mut room_of: HashMap<Option<&UserId>, RoomId> = HashMap::default();
    for Job { item, .. } in jobs.iter() {
        let Item::Room(item) = item else { return };
        if *room_of.entry(item.by.as_ref()).or_insert(item.room) != item.room {
            return;
        }
    }
    // Stable: the items of a room keep their order.
    jobs.sort_by_key(|job| match &job.item {
        Item::Room(item) => Some(item.room),
        Item::Relation(_) | Item::Settings(_) => None,
    });
}
