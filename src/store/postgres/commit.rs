//! The commit of a batch, and what to do when it cannot be told whether it went through.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, Postgres};
use tokio::time::timeout;

use super::connections::{Connections, give_up};
use super::error::PostgresError;
use super::lanes::Lanes;
use super::optimistic::{self, Optimism};
use super::{load, notify, write};
use crate::error::Result as StoreResult;
use crate::id::{MessageId, RoomId};
use crate::store::loaded::Loaded;
use crate::store::{Batch, Item, Needs, Op, Outcome, RelationOp, Rows, What, apply};

pub(super) type Outcomes = Vec<StoreResult<Outcome>>;

/// Why a batch was not committed, as far as is known.
pub(super) struct Failure {
    pub(super) error: PostgresError,
    /// The connection was lost in the commit itself.
    pub(super) lost: Option<Lost>,
}

/// A commit of which the answer was lost: it may have gone through.
pub(super) struct Lost {
    pub(super) outcomes: Outcomes,
    pub(super) proof: Proof,
}

/// What tells whether a lost commit has gone through.
pub(super) enum Proof {
    /// It has if this room is there, or this message in it: their ids are the batch's own.
    Row(RoomId, Option<MessageId>),
    /// It does not matter: done again, it changes nothing.
    Idempotent,
    None,
}

impl From<PostgresError> for Failure {
    fn from(error: PostgresError) -> Self {
        Self { error, lost: None }
    }
}

/// Commits a batch, and once more where that is safe: where the server has undone it, where the connection
/// was lost before the commit, and where it can be found out what became of a lost commit. The first time it locks nothing
/// where it need not; in a transaction if that comes to nothing.
pub(super) async fn commit(
    db: &Connections,
    optimism: &Optimism,
    lanes: usize,
    batch: Batch,
) -> Result<Outcomes, PostgresError> {
    let Failure { error, lost } = match first_attempt(db, optimism, lanes, &batch).await {
        Ok(outcomes) => return Ok(outcomes),
        Err(failure) => failure,
    };
    let is_safe = match &lost {
        None => error.is_conflict() || error.is_lost(),
        Some(lost) => !matches!(lost.proof, Proof::None),
    };
    if !is_safe {
        return Err(error);
    }
    tracing::warn!(error = &error as &dyn std::error::Error, "a batch is tried once more");
    attempt(db, lanes, &batch, error.is_lost(), lost).await.map_err(|failure| failure.error)
}

async fn first_attempt(
    db: &Connections,
    optimism: &Optimism,
    lanes: usize,
    batch: &Batch,
) -> Result<Outcomes, Failure> {
    let mut conn = db.acquire(false).await?;
    let done = match optimistic::commit(&mut conn, db.patience(), lanes, batch, optimism).await {
        Ok(Some(outcomes)) => Ok(outcomes),
        Ok(None) => transact(&mut conn, db.patience(), lanes, batch, None).await,
        Err(failure) => Err(failure),
    };
    give_back(conn, &done);
    done
}

/// Commits a batch in a transaction; the second time it looks first whether the lost commit of the first time went through.
async fn attempt(
    db: &Connections,
    lanes: usize,
    batch: &Batch,
    is_after_loss: bool,
    lost: Option<Lost>,
) -> Result<Outcomes, Failure> {
    let mut conn = db.acquire(is_after_loss).await?;
    let done = transact(&mut conn, db.patience(), lanes, batch, lost).await;
    give_back(conn, &done);
    done
}

fn give_back(conn: PoolConnection<Postgres>, done: &Result<Outcomes, Failure>) {
    if done.as_ref().is_err_and(|failure| failure.error.is_lost()) {
        give_up(conn);
    }
}

async fn transact(
    conn: &mut PgConnection,
    patience: Duration,
    lanes: usize,
    batch: &Batch,
    lost: Option<Lost>,
) -> Result<Outcomes, Failure> {
    let work = async {
        let mut tx = conn.begin().await?;
        let worked = work(&mut tx, lanes, batch, lost).await?;
        Ok::<_, PostgresError>((tx, worked))
    };
    let worked = timeout(patience, work).await.map_err(|_| PostgresError::TimedOut)?;
    let (tx, Worked { outcomes, proof, is_earlier }) = worked?;
    if is_earlier {
        return Ok(outcomes);
    }
    let error = match timeout(patience, tx.commit()).await {
        Ok(Ok(())) => return Ok(outcomes),
        Ok(Err(error)) => error.into(),
        Err(_) => PostgresError::TimedOut,
    };
    let lost = PostgresError::is_lost(&error).then_some(Lost { outcomes, proof });
    Err(Failure { error, lost })
}

/// What has been done in a transaction.
struct Worked {
    outcomes: Outcomes,
    proof: Proof,
    /// The lost commit has gone through; this transaction has changed nothing.
    is_earlier: bool,
}

async fn work(
    conn: &mut PgConnection,
    lanes: usize,
    batch: &Batch,
    lost: Option<Lost>,
) -> Result<Worked, PostgresError> {
    let before = Lanes::lock(conn, lanes, batch).await?;
    // Under the lock, which a transaction that still goes on would hold.
    if let Some(Lost { outcomes, proof }) = lost
        && let Proof::Row(room, message) = proof
        && load::is_there(conn, room, message).await?
    {
        return Ok(Worked { outcomes, proof, is_earlier: true });
    }
    let mut rows = load::load(conn, before.position, &Needs::of(batch), batch).await?;
    let loaded = Loaded::of(&rows);
    let items = Batch { items: batch.items.clone(), alerts: batch.alerts, ..Batch::default() };
    let outcomes = apply(items, &mut rows);
    write::write(conn, &rows, &before, &loaded).await?;
    notify::write_quiet(conn, &batch.do_not_disturb).await?;
    write::end_outbox_rows(conn, &batch.sent).await?;
    let proof = Proof::of(batch, &outcomes, &rows);
    Ok(Worked { outcomes, proof, is_earlier: false })
}

impl Proof {
    pub(super) fn of(batch: &Batch, outcomes: &Outcomes, rows: &Rows) -> Self {
        if let Some((message, _)) = rows.new_messages.first() {
            return Self::Row(message.room, Some(message.id));
        }
        let made = outcomes.iter().flatten().flat_map(|outcome| &outcome.changes);
        let mut made = made.filter_map(|change| match &change.what {
            What::Created(room, _) => Some(room.id),
            _ => None,
        });
        if let Some(room) = made.next() {
            return Self::Row(room, None);
        }
        let is_same_again = |(item, outcome): (&Item, &StoreResult<Outcome>)| match outcome {
            Ok(outcome) if !outcome.changes.is_empty() || outcome.relation.is_some() => match item {
                Item::Room(item) => matches!(
                    item.op,
                    Op::Mark { .. }
                        | Op::Hide { .. }
                        | Op::Follow { .. }
                        | Op::ReadThread { .. }
                        | Op::Close
                        | Op::Cut { .. }
                        | Op::Erase { .. }
                        | Op::Reopen { .. }
                        | Op::Import(_)
                        | Op::Update(_)
                        | Op::SetNotify(_)
                ),
                Item::Relation(item) => item.op != RelationOp::Decline,
                Item::Settings(_) => true,
            },
            _ => true,
        };
        match batch.items.iter().zip(outcomes).all(is_same_again) {
            true => Self::Idempotent,
            false => Self::None,
        }
    }
}
