//! Sends notices to people who are away, behind what is committed.
//!
//! Each room has a number in the store up to which its messages were considered. A room with newer ones is due when the
//! delay is over; then somebody claims it, works out who is to be told, and moves the number on once all of it was taken,
//! or is kept to be tried again.
//!
//! What there is to tell of besides messages is left behind by the commits of it, and taken when it is due.

mod alerts;
mod queue;
mod telling;
mod wanted;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::background::put_off;
use super::{ChatEngine, Inner};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::error::Result;
use crate::id::{RoomId, UserId};
use crate::model::{DoNotDisturb, Limit, Member, Message, ReplyTo, Room};
use crate::push::{About, NewMessages, Notice, Push};
use crate::store::{AlertTerms, MemberEntry, PushBatch, PushRetry};

pub(super) use queue::Queue;
use telling::Came;
use wanted::{Wanted, is_told, wanted};

/// How often it is looked for what is due.
const PAUSE: Duration = Duration::from_millis(250);

/// How often it is looked for what is to be tried again, and for what there is to tell of besides messages.
const RETRIES: Duration = Duration::from_secs(1);

/// How long nothing is looked for after a failure of the store.
const FAILED: Duration = Duration::from_secs(5);

/// How many rooms are seen to at once.
const ROOMS: usize = 16;

/// How many rooms one look finds, and how many members are read at once.
const PAGE: u32 = 500;

/// How many messages of a room are one notice at most; more come after the next delay.
const MESSAGES: usize = 1_000;

/// For so long a room is claimed, and so often again while it is seen to: whoever dies holds it no longer.
const HELD: Duration = Duration::from_secs(30);
const RENEWED: Duration = Duration::from_secs(10);

/// What the host hands notices over by.
#[derive(Debug)]
pub(super) struct Pushing {
    push: Option<Arc<dyn Push>>,
    queue: Arc<Queue>,
    turns: Arc<Semaphore>,
}

impl Pushing {
    pub(super) fn new(push: Option<Arc<dyn Push>>, config: &Config) -> Self {
        let turns = config.pushes_at_once.clamp(1, Semaphore::MAX_PERMITS);
        let queue = Arc::new(Queue::new(config.push_delay));
        Self { push, queue, turns: Arc::new(Semaphore::new(turns)) }
    }

    /// Told of what is committed; `None`: nobody is sent anything.
    pub(super) fn queue(&self) -> Option<Arc<Queue>> {
        self.push.as_ref().map(|_| self.queue.clone())
    }

    /// How commits leave behind what there is to tell of besides messages; `None`: nobody is sent anything.
    pub(super) fn alerts(&self, config: &Config) -> Option<AlertTerms> {
        let terms = AlertTerms { delay: config.push_delay, most: config.push_alerts };
        self.push.as_ref().map(|_| terms)
    }
}

/// Runs until the engine is gone. There are notices since that moment.
pub(super) async fn run(engine: Weak<Inner>, since: Timestamp, delay: Duration) {
    let mut ticks = interval(PAUSE.min(delay / 4).max(Duration::from_millis(10)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let now = Instant::now();
    let mut round = Round { since, tasks: JoinSet::new(), retried: now, alerted: now, alerting: None };
    loop {
        ticks.tick().await;
        while round.tasks.try_join_next().is_some() {}
        let Some(inner) = engine.upgrade() else { return };
        let engine = ChatEngine { inner };
        if engine.check_running().is_ok()
            && let Err(error) = round.look(&engine).await
        {
            put_off(&error, "no notices are sent");
            ticks.reset_after(FAILED);
        }
    }
}

struct Round {
    /// Since when there are notices.
    since: Timestamp,
    tasks: JoinSet<()>,
    /// When it was last looked for what is to be tried again.
    retried: Instant,
    /// When it was last looked for what there is to tell of besides messages, and who is at it.
    alerted: Instant,
    alerting: Option<AbortHandle>,
}

impl Round {
    async fn look(&mut self, engine: &ChatEngine) -> Result<()> {
        let (store, queue) = (engine.store(), &engine.inner.pushing.queue);
        let now = engine.now();
        // What is older is told to nobody any more.
        let since = self.since.max(now.minus(engine.config().push_keep));
        if let Some(after) = queue.look(Instant::now().into_std()) {
            let found = store.unpushed_rooms(since, after, PAGE).await?;
            let last = found.last().copied().filter(|_| found.len() == PAGE as usize);
            queue.looked(&found, last, Instant::now().into_std());
        }
        let free = ROOMS.saturating_sub(self.tasks.len());
        let rooms = queue.take(free, Instant::now().into_std());
        if !rooms.is_empty() {
            self.begin(engine, rooms, since).await?;
        }
        if self.retried.elapsed() >= RETRIES && self.tasks.len() < ROOMS {
            self.retried = Instant::now();
            let until = now.plus(HELD + engine.config().push_timeout * 2);
            let due = store.due_pushes(now, until, Limit::MAX).await?;
            if !due.is_empty() {
                let engine = engine.clone();
                self.tasks.spawn(async move { engine.try_again(due).await });
            }
        }
        self.look_for_alerts(engine, now).await
    }

    /// As many at a time as are handed over at once: nobody else takes one before it is done with.
    async fn look_for_alerts(&mut self, engine: &ChatEngine, now: Timestamp) -> Result<()> {
        let is_busy = self.alerting.as_ref().is_some_and(|at_it| !at_it.is_finished());
        if is_busy || self.alerted.elapsed() < RETRIES {
            return Ok(());
        }
        let until = now.plus(HELD + engine.config().push_timeout * 2);
        let at_once = u32::try_from(engine.config().pushes_at_once).unwrap_or(u32::MAX);
        let due = engine.store().due_alerts(now, until, at_once.clamp(1, Limit::MAX)).await?;
        // Where some were due, more may be: it is looked again with the next tick.
        if due.is_empty() {
            self.alerted = Instant::now();
        } else {
            let engine = engine.clone();
            self.alerting = Some(self.tasks.spawn(async move { engine.tell_alerts(due).await }));
        }
        Ok(())
    }

    async fn begin(&mut self, engine: &ChatEngine, rooms: Vec<RoomId>, since: Timestamp) -> Result<()> {
        let now = engine.now();
        let claimed = match engine.store().claim_pushes(&rooms, now, now.plus(HELD)).await {
            Ok(claimed) => claimed,
            Err(error) => {
                engine.push_later(rooms, FAILED);
                return Err(error);
            }
        };
        let held: HashSet<RoomId> = claimed.iter().map(|(room, _)| *room).collect();
        // Another node is at it, and may not know of the newest.
        engine.push_later(rooms.into_iter().filter(|room| !held.contains(room)), engine.config().push_delay);
        for (room, seq) in claimed {
            let engine = engine.clone();
            self.tasks.spawn(async move { engine.push_held(room, seq, since).await });
        }
        Ok(())
    }
}

impl ChatEngine {
    fn push_later(&self, rooms: impl IntoIterator<Item = RoomId>, after: Duration) {
        let at = (Instant::now() + after).into_std();
        rooms.into_iter().for_each(|room| self.inner.pushing.queue.add(room, at));
    }

    /// Sees to a room that is claimed, and goes on to claim it meanwhile.
    async fn push_held(&self, room: RoomId, seq: u64, since: Timestamp) {
        let work = self.push_room(room, seq, since);
        tokio::pin!(work);
        let mut renewals = interval(RENEWED);
        renewals.tick().await;
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = renewals.tick() => {
                    let held = vec![(room, self.now().plus(HELD))];
                    let held = PushBatch { held, ..PushBatch::default() };
                    // At worst another node begins with it too.
                    let _ = self.store().write_pushes(held).await;
                }
            }
        };
        match done {
            Ok(true) => self.push_later([room], self.config().push_delay),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, %room, "a room's notices wait");
                self.push_later([room], FAILED);
            }
        }
    }

    /// Tells of what came beyond `seq` and is old enough. `true`: more has come since.
    async fn push_room(&self, id: RoomId, seq: u64, since: Timestamp) -> Result<bool> {
        let Some(room) = self.store().rooms(&[id]).await?.pop() else { return Ok(false) };
        let room = Arc::new(room);
        let (messages, upto) = self.ripe_messages(&room, seq).await?;
        let told: Vec<Arc<Message>> =
            messages.into_iter().filter(|one| is_told(one) && one.created_at >= since).collect();
        let mut after: Option<UserId> = None;
        while !told.is_empty() {
            let members = self.store().members(id, after.as_ref(), PAGE).await?;
            let is_last = members.len() < PAGE as usize;
            after = members.last().map(|entry| entry.member.user.clone());
            let notices = self.notices(&room, members, &told).await?;
            let batch = concluded(self.tell_all(notices).await);
            self.write_pushes(batch).await?;
            if is_last {
                break;
            }
        }
        self.write_pushes(PushBatch { considered: vec![(id, upto)], ..PushBatch::default() }).await?;
        Ok(room.seq > upto)
    }

    /// Those beyond `seq` for which the delay is over, and up to where they are.
    async fn ripe_messages(&self, room: &Room, seq: u64) -> Result<(Vec<Arc<Message>>, u64)> {
        let ripe = self.now().minus(self.config().push_delay);
        let (mut messages, mut upto) = (Vec::new(), seq);
        while messages.len() < MESSAGES && upto < room.seq {
            let to = upto.saturating_add(Limit::MAX.into()).min(room.seq);
            let page = self.store().messages(room.id, upto + 1..=to).await?;
            for message in page {
                if message.created_at > ripe {
                    return Ok((messages, upto));
                }
                upto = message.seq;
                messages.push(Arc::new(message));
            }
            upto = to;
        }
        Ok((messages, upto))
    }

    /// What these members are to be told, each with what is kept of it if it fails.
    async fn notices(
        &self,
        room: &Arc<Room>,
        members: Vec<MemberEntry>,
        messages: &[Arc<Message>],
    ) -> Result<Vec<(PushRetry, Notice)>> {
        let (now, default) = (self.now(), self.config().notify.of(&room.kind));
        let follows = self.threads_followed(room, &members, messages).await?;
        let follows_it = |user: &UserId| {
            let marks = follows.get(user);
            move |reply: &ReplyTo, seq: u64| {
                marks.and_then(|marks| marks.get(&reply.seq)).is_some_and(|read_seq| seq > *read_seq)
            }
        };
        let members = members.into_iter().map(|entry| entry.member);
        let is_wanted = |member: &Member| {
            let wanted = wanted(member, messages, default, now, |_| true, follows_it(&member.user))?;
            Some((member.clone(), wanted)).filter(|(member, wanted)| !self.has_it(member, wanted))
        };
        let candidates: Vec<(Member, Wanted)> = members.filter_map(|member| is_wanted(&member)).collect();
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let users: Vec<UserId> = candidates.iter().map(|(member, _)| member.user.clone()).collect();
        let quiet: HashMap<UserId, DoNotDisturb> =
            self.store().do_not_disturb(&users).await?.into_iter().collect();
        let senders: HashSet<&UserId> = messages.iter().map(|message| &message.sender.user).collect();
        let mut blocked: HashSet<(UserId, UserId)> = HashSet::new();
        for sender in senders {
            let pairs: Vec<(UserId, UserId)> = users
                .iter()
                .filter(|user| *user != sender)
                .map(|user| (user.clone(), sender.clone()))
                .collect();
            if !pairs.is_empty() {
                blocked.extend(self.store().blocks(&pairs).await?);
            }
        }
        let mut notices = Vec::with_capacity(candidates.len());
        for (member, _) in candidates {
            if quiet.get(&member.user).is_some_and(|quiet| quiet.holds(now)) {
                continue;
            }
            let is_heard =
                |message: &Message| !blocked.contains(&(member.user.clone(), message.sender.user.clone()));
            let is_followed = follows_it(&member.user);
            if let Some(wanted) = wanted(&member, messages, default, now, is_heard, is_followed) {
                notices.extend(self.counted(&member.user, room, wanted).await?);
            }
        }
        Ok(notices)
    }

    /// How far those of these members have read who follow threads for which alone some of these messages are meant.
    async fn threads_followed(
        &self,
        room: &Room,
        members: &[MemberEntry],
        messages: &[Arc<Message>],
    ) -> Result<HashMap<UserId, HashMap<u64, u64>>> {
        let asides = messages.iter().filter(|message| message.references.is_aside());
        let roots: HashSet<u64> = asides.filter_map(|it| Some(it.references.reply()?.seq)).collect();
        let mut follows: HashMap<UserId, HashMap<u64, u64>> = HashMap::new();
        if roots.is_empty() || members.is_empty() {
            return Ok(follows);
        }
        let roots: Vec<u64> = roots.into_iter().collect();
        let users: Vec<UserId> = members.iter().map(|entry| entry.member.user.clone()).collect();
        for follow in self.store().followers(room.id, &roots, &users).await? {
            follows.entry(follow.user).or_default().insert(follow.root_seq, follow.read_seq);
        }
        Ok(follows)
    }

    /// The notice, with the counts of now; `None` for whoever has left or read it meanwhile.
    async fn counted(
        &self,
        user: &UserId,
        room: &Arc<Room>,
        wanted: Wanted,
    ) -> Result<Option<(PushRetry, Notice)>> {
        let Some(entry) = self.store().room_entry(room.id, user, 0).await? else { return Ok(None) };
        if entry.member.read_seq >= wanted.message.seq {
            return Ok(None);
        }
        let (user, room, Wanted { message, is_mention }) = (user.clone(), room.clone(), wanted);
        let (unread, mention_count) = (entry.member.unread_in(&entry.room), entry.mentions);
        let at = message.created_at;
        let retry = PushRetry { room: room.id, user: user.clone(), seq: message.seq, tries: 0, due: at };
        let about = About::Messages(NewMessages { room, message, unread, mention_count, is_mention });
        Ok(Some((retry, Notice { user, about, at, tries: 0 })))
    }

    /// Whether a device that is connected has said that it has the message.
    fn has_it(&self, member: &Member, wanted: &Wanted) -> bool {
        member.delivered_seq >= wanted.message.seq && self.is_connected(&member.user)
    }

    /// Whether they have a connection. On which other nodes they have any is not known where presence is told to nobody, nor
    /// of who is invisible.
    fn is_connected(&self, user: &UserId) -> bool {
        self.hub().is_online(user) || self.is_online(user)
    }

    /// Tries again what is due.
    async fn try_again(&self, due: Vec<PushRetry>) {
        let (mut ended, mut notices) = (Vec::new(), Vec::new());
        for retry in due {
            match self.renewed(&retry).await {
                Ok(Some(notice)) => notices.push((retry, notice)),
                Ok(None) => ended.push((retry.room, retry.user)),
                // It is taken up again when it is due the next time.
                Err(error) => put_off(&error, "a notice waits"),
            }
        }
        let mut batch = concluded(self.tell_all(notices).await);
        batch.ended.extend(ended);
        if let Err(error) = self.write_pushes(batch).await {
            put_off(&error, "notices are sent once more");
        }
    }

    /// What is to be tried again, as it is now; `None` where it is needed no more.
    async fn renewed(&self, retry: &PushRetry) -> Result<Option<Notice>> {
        let PushRetry { room, user, seq, tries, .. } = retry;
        let Some((room, Some(member))) = self.store().membership(*room, user).await? else { return Ok(None) };
        let message = self.store().messages(room.id, *seq..=*seq).await?.pop();
        let Some(message) = message.map(Arc::new) else { return Ok(None) };
        if message.created_at < self.now().minus(self.config().push_keep) {
            return Ok(None);
        }
        // All that is asked of a member of a room is asked again.
        let profile = crate::model::Profile::unknown(user.clone());
        let entry = MemberEntry { member, profile, last_seen: None };
        let notice = self.notices(&Arc::new(room), vec![entry], &[message]).await?.pop();
        Ok(notice.map(|(_, notice)| Notice { tries: *tries, ..notice }))
    }

    async fn write_pushes(&self, batch: PushBatch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let most = self.config().push_retries;
        self.store().write_pushes(PushBatch { most, ..batch }).await
    }
}

/// What has come of messages' notices.
fn concluded(told: Vec<(PushRetry, Came)>) -> PushBatch {
    let mut batch = PushBatch::default();
    for (retry, came) in told {
        match came {
            Came::Ended => batch.ended.push((retry.room, retry.user)),
            Came::Failed { tries, due } => batch.failed.push(PushRetry { tries, due, ..retry }),
        }
    }
    batch
}
