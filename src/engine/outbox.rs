//! Messages sent in transactions of the host's own: a row of the outbox there, and the task that sends it
//! once it is committed.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::background::put_off;
use super::{Actor, ChatEngine, Inner};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ClientId, MessageId, RoomId, UserId};
use crate::model::{Body, Custom, Draft, Profile, Verb};
use crate::store::{Answer, Batch, HostTransaction, Op, OutboxEntry, OutboxRow, Refers, Ruling};

/// How often each node looks what waits, where nobody has said that there is something.
const POLL: Duration = Duration::from_secs(1);

/// How many rows are read and on their way at once.
const PAGE: u32 = 256;

impl Actor {
    /// Sends a message in a transaction of the host's own, in the database that holds the store too: it is
    /// sent for certain when that transaction commits, also if the process dies at once, and never when it
    /// does not. Say [`committed`](Outgoing::committed) then, and it is there in milliseconds.
    ///
    /// The draft and the policy are checked now, membership and blocks when the message is committed: what
    /// is refused there is told to the hook of
    /// [`on_refused_send`](super::ChatEngineBuilder::on_refused_send). The message gets its number and its
    /// time then too. Under a [client id](Draft::with_client_id), two transactions that commit send one
    /// message. The host's [`Hooks`](crate::policy::Hooks) are asked then as well: what they hold is out of the
    /// outbox and [waits](Self::own_held), and the hook of refusals hears nothing of it, whatever becomes of it. In a
    /// [slow](crate::model::Room::slow_mode) room it waits until its author's next message may come.
    ///
    /// Writing the row locks nothing that others wait for: on PostgreSQL the transaction may take its time.
    /// On SQLite any transaction that has written keeps all others from writing, the engine too, so keep it
    /// short.
    ///
    /// `examples/transactional.rs` shows it in a whole program.
    ///
    /// # Errors
    /// [`Invalid`](ErrorKind::Invalid) for what [`Draft`] does not allow, for attachments and for what quotes another
    /// message, mentions somebody or is a reply, also where the store has no outbox or the transaction is of another database; [`TooLarge`](ErrorKind::TooLarge) for words beyond
    /// [`Config::max_content_bytes`](crate::Config::max_content_bytes); the policy's. After one, the host decides
    /// whether its transaction goes on; PostgreSQL lets none go on in which a statement has failed.
    pub async fn send_in<T: HostTransaction>(
        &self,
        tx: &mut T,
        room: RoomId,
        mut draft: Draft,
    ) -> Result<Outgoing> {
        if !draft.attachments.is_empty() {
            return Err(Error::invalid("attachments", "cannot be sent in a transaction"));
        }
        let refers = draft.refers(self.engine.config())?;
        if refers.mentions.is_some() {
            return Err(Error::invalid("mentions", "cannot be sent in a transaction"));
        }
        if refers.thread.is_some() {
            return Err(Error::invalid("parentMessageUuid", "cannot be sent in a transaction"));
        }
        if refers != Refers::default() {
            return Err(Error::invalid("quotedMessageUuid", "cannot be sent in a transaction"));
        }
        let custom = draft.kept(self.engine.config())?;
        let (body, client_id) = self.check_draft(room, draft, false).await?;
        let Some(outbox) = self.engine.store().outbox_table() else {
            return Err(Error::invalid("transaction", "can hold no message: this store has no outbox"));
        };
        let id = MessageId::generate();
        let client_id = client_id.unwrap_or_else(|| id.into());
        let (author, at) = (self.user.clone(), self.engine.now());
        tx.put(outbox, &OutboxEntry { id, room, author, body, custom, client_id, at }).await?;
        Ok(Outgoing { id, room, wake: self.engine.inner.outbox.wake() })
    }
}

/// A message in a transaction that is still open. When that is rolled back, drop this.
#[derive(Debug)]
#[must_use = "say `committed` after the commit, else the message waits for up to a second"]
pub struct Outgoing {
    id: MessageId,
    room: RoomId,
    wake: Arc<Notify>,
}

impl Outgoing {
    /// The id that the message will have, unless another one was sent under its client id before.
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// The room that it is for.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// Has the engine send it now. Said before the commit, or not at all, the message follows the commit
    /// within a second.
    pub fn committed(self) {
        self.wake.notify_one();
    }
}

/// A message by [`send_in`](Actor::send_in) that was refused when it was to be sent. It will not be tried
/// again.
#[derive(Debug)]
#[non_exhaustive]
pub struct RefusedSend {
    /// The id that it would have had.
    pub message: MessageId,
    /// The room that it was for.
    pub room: RoomId,
    /// Whose it is.
    pub author: UserId,
    /// The name under which it was sent.
    pub client_id: ClientId,
    /// Why: what a [`send`](Actor::send) fails with, where no later try would mend it.
    pub error: Error,
}

/// Who is told of refusals.
#[derive(Clone)]
pub(super) struct Refusals(Arc<dyn Fn(RefusedSend) + Send + Sync>);

impl Refusals {
    pub(super) fn to(hook: impl Fn(RefusedSend) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }
}

impl Default for Refusals {
    fn default() -> Self {
        Self::to(|refused| {
            let RefusedSend { message, room, author, error, .. } = refused;
            let code = error.code();
            tracing::warn!(id = %message, %room, %author, code, "a message in a transaction was refused");
        })
    }
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refusals")
    }
}

/// What an engine keeps for its outbox.
#[derive(Debug)]
pub(super) struct Outbox {
    refusals: Refusals,
    wake: Arc<Notify>,
}

impl Outbox {
    pub(super) fn new(refusals: Refusals) -> Self {
        Self { refusals, wake: Arc::default() }
    }

    pub(super) fn wake(&self) -> Arc<Notify> {
        self.wake.clone()
    }
}

/// Runs until the engine is gone: sends what waits in the outbox.
pub(super) async fn send_what_waits(engine: Weak<Inner>, wake: Arc<Notify>) {
    // Held for one page only, so that a long outbox keeps no engine that everybody has let go.
    while let Some(inner) = engine.upgrade() {
        let is_more = ChatEngine { inner }.send_page().await.unwrap_or_else(|error| {
            put_off(&error, "the outbox was not sent");
            false
        });
        if !is_more {
            let _ = timeout(POLL, wake.notified()).await;
        }
    }
}

type Answered = oneshot::Receiver<Result<Answer>>;

impl ChatEngine {
    /// Sends the oldest rows that wait. `true` when all of them are done with and there may be more.
    async fn send_page(&self) -> Result<bool> {
        if self.check_running().is_err() {
            return Ok(false);
        }
        let rows = self.store().outbox(PAGE).await?;
        let is_page = rows.len() == PAGE as usize;
        let mut is_all = true;
        let mut done = Vec::with_capacity(rows.len());
        for (number, entry, answered) in self.submit_rows(rows).await? {
            match self.is_done(entry, answered).await {
                true => done.push(number),
                false => is_all = false,
            }
        }
        if !done.is_empty() {
            // A crash before this has them sent once more, which their client ids make nothing of.
            self.inner.committer.commit_beside(Batch { sent: done, ..Batch::default() }).await?;
        }
        Ok(is_page && is_all)
    }

    async fn submit_rows(&self, rows: Vec<OutboxRow>) -> Result<Vec<(u64, OutboxEntry, Answered)>> {
        let rulings = self.rule_on_rows(&rows).await;
        let _entering = self.inner.entering.read().await;
        self.check_running()?;
        let mut submitted = Vec::with_capacity(rows.len());
        for (OutboxRow { number, entry }, ruling) in rows.into_iter().zip(rulings) {
            let actor = self.as_user(entry.author.clone());
            let (body, custom, ruling) = match ruling {
                Ok(ruled) => ruled,
                Err(error) => {
                    let refused = Ruling::Refused(Box::new(error.kind().clone()));
                    (entry.body.clone(), entry.custom.clone(), refused)
                }
            };
            let op = Op::Send {
                id: entry.id,
                sender: Profile::clone(&*actor.profile().await?),
                body,
                client_id: Some(entry.client_id.clone()),
                origin: None,
                attachments: Vec::new(),
                writing_until: None,
                refers: Refers::default(),
                custom,
                ruling,
            };
            let (tell, answered) = oneshot::channel();
            let tell = |answer| drop(tell.send(answer));
            self.inner.committer.submit(actor.item(entry.room, op), None, tell).await;
            submitted.push((number, entry, answered));
        }
        Ok(submitted)
    }

    /// What the host makes of each row, all being asked at once. They stand in no transaction of anybody's any more.
    async fn rule_on_rows(&self, rows: &[OutboxRow]) -> Vec<Result<(Body, Custom, Ruling)>> {
        let mut rulings = Vec::with_capacity(rows.len());
        let mut asked = JoinSet::new();
        for (index, OutboxRow { entry, .. }) in rows.iter().enumerate() {
            let (actor, room) = (self.as_user(entry.author.clone()), entry.room);
            let (body, custom) = (entry.body.clone(), entry.custom.clone());
            if self.hooks(Verb::Send).is_some() {
                asked.spawn(async move {
                    (index, actor.rule_on(room, (body, custom), &[], &Refers::default()).await)
                });
                rulings.push(Err(ErrorKind::Unavailable.into()));
            } else {
                rulings.push(Ok((body, custom, Ruling::AsSaid)));
            }
        }
        while let Some(done) = asked.join_next().await {
            if let Ok((index, ruling)) = done {
                rulings[index] = ruling;
            }
        }
        rulings
    }

    /// Whether the row has served its purpose: it is sent, or was refused and the hook knows.
    async fn is_done(&self, entry: OutboxEntry, answered: Answered) -> bool {
        let error = match answered.await {
            Ok(Ok(_)) => return true,
            Ok(Err(error)) => error,
            Err(_) => return false,
        };
        // Damage says nothing against the message, so that it stays until somebody has mended the store.
        if error.kind().is_retryable() || matches!(error.kind(), ErrorKind::Corrupt(_)) {
            return false;
        }
        let OutboxEntry { id, room, author, client_id, .. } = entry;
        // Sent before, by another node or by one that died then; and only after that did the author leave.
        match self.store().message(room, id).await {
            Ok(None) => {}
            Ok(Some(_)) => return true,
            Err(_) => return false,
        }
        let refused = RefusedSend { message: id, room, author, client_id, error };
        let Refusals(hook) = self.inner.outbox.refusals.clone();
        tokio::task::spawn_blocking(move || hook(refused)).await.is_ok()
    }
}
