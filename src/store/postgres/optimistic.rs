//! Commits that lock nothing before they write. Most batches are messages and marks alone: what they are decided on is read,
//! and what they change is written in one statement, which writes nothing where anybody else has changed the lane meanwhile.
//! That is two ways to the server and back, where a transaction with its locks takes six; and one where the last batches have
//! left behind all that it is decided on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{PgConnection, query};
use tokio::time::timeout;

use super::cache::{Cached, Caches};
use super::columns::{Uuid, member_columns};
use super::commit::{Failure, Lost, Outcomes, Proof};
use super::connections::fetch;
use super::error::PostgresError;
use super::lanes::{self, Lanes, Turn};
use super::load::{self, SentKeys, is_any_sent};
use super::write::{Changed, write_counts};
use crate::id::{ClientId, RoomId, UserId};
use crate::store::columns::{ReadRow, room_columns};
use crate::store::loaded::Loaded;
use crate::store::{Batch, Item, Needs, Op, Rows, apply};

/// So many commits lock their lane once one was overtaken: where other nodes write too, whoever waits for the lock has it
/// cheaper than whoever does the work again.
const CAUTIOUS_COMMITS: u32 = 64;

/// So many commits read what they are decided on once what was kept had been changed by another node.
const READ_COMMITS: u32 = 16;

/// What commits without a lock go by: what is kept of lanes, and whether other nodes have been in the way of late.
#[derive(Debug, Default)]
pub(super) struct Optimism {
    caches: Caches,
    /// Since a commit was overtaken by another node.
    contention: Countdown,
    /// Since what was kept was no longer so.
    staleness: Countdown,
}

/// A number of commits.
#[derive(Debug, Default)]
struct Countdown(AtomicU32);

impl Countdown {
    /// Counts one commit.
    fn is_over(&self) -> bool {
        let left = |left: u32| left.checked_sub(1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_err()
    }

    fn start(&self, commits: u32) {
        self.0.store(commits, Ordering::Relaxed);
    }
}

/// How many columns a membership has.
const MEMBER_COLUMNS: usize = {
    let (columns, mut at, mut count) = (member_columns!().as_bytes(), 0, 1);
    while at < columns.len() {
        if columns[at] == b',' {
            count += 1;
        }
        at += 1;
    }
    count
};

/// The lane, and the rooms and memberships of a batch in it, as they are at one moment.
pub(super) const READ: &str = concat!(
    "SELECT l.lane, l.pos, l.turn, ",
    is_any_sent!("$3", "$4", "$5"),
    ", ",
    member_columns!(),
    ", ",
    room_columns!(),
    " FROM chat.lanes l CROSS JOIN UNNEST($1::uuid[], $2::text[]) AS k (room, user_id) \
     LEFT JOIN chat.rooms r ON r.id = k.room \
     LEFT JOIN chat.members m ON m.room = k.room AND m.user_id = k.user_id WHERE l.lane = $6"
);

/// Commits a batch of messages and marks. Nothing: it is left to a transaction, and has changed nothing.
pub(super) async fn commit(
    conn: &mut PgConnection,
    patience: Duration,
    lanes: usize,
    batch: &Batch,
    optimism: &Optimism,
) -> Result<Option<Outcomes>, Failure> {
    let [lane] = lanes::needed(lanes, batch).into_iter().collect::<Vec<_>>()[..] else { return Ok(None) };
    // Whatever becomes of the batch, this is how the lane stood before it.
    let now = Instant::now();
    let cached = optimism.caches.take(lane, now);
    if !is_plain(batch) || !optimism.contention.is_over() {
        return Ok(None);
    }
    let needs = Needs::of(batch);
    // Among several lanes what is of no room has locks of its own.
    if needs.more.is_there() || lanes > 1 && !(needs.relations.is_empty() && needs.settings.is_empty()) {
        return Ok(None);
    }
    let attempt = Attempt { patience, lanes, batch };
    let known = match &cached {
        Some(cached) if optimism.staleness.is_over() => cached
            .rows
            .rows(&needs, Lanes::of(lanes, vec![cached.turn])?.position)
            .map(|rows| (cached.turn, rows)),
        _ => None,
    };
    let cached_at = |turn| cached.filter(|kept| kept.turn == turn).unwrap_or_else(|| Cached::at(turn, now));
    if let Some((turn, rows)) = known {
        match attempt.decide(conn, turn, rows, &needs.sent).await? {
            Decided::Written(done) => return Ok(Some(optimism.keep(cached_at(turn), done, &needs))),
            // It may be refused or answered by what is so no longer.
            Decided::Nothing(_) => {}
            Decided::Overtaken => optimism.staleness.start(READ_COMMITS),
            Decided::Rare => return Ok(None),
        }
    }
    let read = timeout(patience, read(conn, lanes, lane, &needs)).await;
    let Some((turn, rows)) = read.map_err(|_| PostgresError::TimedOut)?? else { return Ok(None) };
    match attempt.decide(conn, turn, rows, &[]).await? {
        Decided::Written(done) | Decided::Nothing(done) => {
            Ok(Some(optimism.keep(cached_at(turn), done, &needs)))
        }
        Decided::Overtaken => {
            optimism.contention.start(CAUTIOUS_COMMITS);
            Ok(None)
        }
        Decided::Rare => Ok(None),
    }
}

impl Optimism {
    /// Keeps how a batch has left its lane, and gives its outcomes.
    fn keep(&self, mut cached: Cached, done: Done, needs: &Needs) -> Outcomes {
        let Done { outcomes, rows, turn } = done;
        cached.turn = turn;
        cached.rows.keep(needs, &rows);
        self.caches.put(cached);
        outcomes
    }
}

/// A batch of one lane.
struct Attempt<'a> {
    patience: Duration,
    lanes: usize,
    batch: &'a Batch,
}

/// What became of a batch that was decided on some rows.
enum Decided {
    Written(Done),
    /// It changes nothing, and so nobody has looked whether the lane still stood there.
    Nothing(Done),
    /// The lane has moved, or something was sent before. Nothing is written.
    Overtaken,
    /// It takes a transaction. Nothing is written.
    Rare,
}

/// What was decided, the rows as it has left them, and where the lane stands with it.
struct Done {
    outcomes: Outcomes,
    rows: Rows,
    turn: Turn,
}

impl Attempt<'_> {
    /// Decides, and writes unless the lane has moved since it stood at the turn, or any of what was not looked for was sent.
    async fn decide(
        &self,
        conn: &mut PgConnection,
        turn: Turn,
        mut rows: Rows,
        not_looked_for: &[(RoomId, UserId, ClientId)],
    ) -> Result<Decided, Failure> {
        let loaded = Loaded::of(&rows);
        let Batch { items, alerts, .. } = self.batch;
        let outcomes = apply(Batch { items: items.clone(), alerts: *alerts, ..Batch::default() }, &mut rows);
        let changed = Changed::of(&rows, &loaded);
        if !changed.is_counts_alone() {
            return Ok(Decided::Rare);
        }
        if changed.is_nothing() {
            return Ok(Decided::Nothing(Done { outcomes, rows, turn }));
        }
        let before = Lanes::of(self.lanes, vec![turn])?;
        let write = write_counts(conn, &changed, &before, not_looked_for);
        let error = match timeout(self.patience, write).await {
            Ok(Ok(true)) => {
                let pos = lanes::stands_at(turn.lane, rows.position).unwrap_or(turn.pos);
                let turn = Turn { pos, turn: turn.turn + 1, ..turn };
                return Ok(Decided::Written(Done { outcomes, rows, turn }));
            }
            Ok(Ok(false)) => return Ok(Decided::Overtaken),
            Ok(Err(error)) => error,
            Err(_) => PostgresError::TimedOut,
        };
        // Should the server come to it later still, it either finds that the lane has moved on, or is found by the
        // next attempt.
        let proof = Proof::of(self.batch, &outcomes, &rows);
        let lost = error.is_lost().then_some(Lost { outcomes, proof });
        Err(Failure { error, lost })
    }
}

/// Whether there is nothing in it but messages and marks, each with whose it is, that bring nothing along.
fn is_plain(batch: &Batch) -> bool {
    let Batch { items, profiles, last_seen, logouts, erased, sent, do_not_disturb, alerts: _ } = batch;
    let is_alone = profiles.is_empty() && last_seen.is_empty() && logouts.is_empty() && erased.is_empty();
    is_alone
        && sent.is_empty()
        && do_not_disturb.is_empty()
        && items.iter().all(|item| match item {
            Item::Room(item) => match &item.op {
                Op::Send { refers, .. } => refers.mentions.is_none(),
                Op::Mark { .. } => item.by.is_some(),
                _ => false,
            },
            Item::Relation(_) | Item::Settings(_) => false,
        })
}

/// Reads what the batch is decided on. Nothing: it would have to be locked.
async fn read(
    conn: &mut PgConnection,
    lanes: usize,
    lane: i16,
    needs: &Needs,
) -> Result<Option<(Turn, Rows)>, PostgresError> {
    let (of, users): (Vec<Uuid>, Vec<&str>) =
        needs.members.iter().map(|(room, user)| (Uuid::from(*room), user.as_str())).unzip();
    let sent = SentKeys::of(&needs.sent);
    let mut known = BTreeSet::new();
    let read = fetch(conn, sent.bind(query(READ).bind(of).bind(users)).bind(lane), |columns| {
        let turn = Turn { lane: columns.value()?, pos: columns.value()?, turn: columns.value()? };
        let is_any_sent = columns.value::<bool>()?;
        let member = match columns.is_absent()? {
            true => {
                columns.skip(MEMBER_COLUMNS);
                None
            }
            false => Some(columns.member()?),
        };
        // Many may send into one room.
        let is_new = member.as_ref().is_none_or(|member| known.insert(member.room));
        let room = if is_new && !columns.is_absent()? { Some(columns.room()?) } else { None };
        Ok((turn, is_any_sent, member, room))
    });
    let read = read.await?;
    let Some((turn, is_any_sent, ..)) = read.first() else { return Err(PostgresError::Lanes(0)) };
    let (turn, is_any_sent) = (*turn, *is_any_sent);
    let mut rows = Rows::at(Lanes::of(lanes, vec![turn])?.position);
    let (members, rooms): (Vec<_>, Vec<_>) =
        read.into_iter().map(|(.., member, room)| (member, room)).unzip();
    let members = members.into_iter().flatten();
    rows.members = members.map(|member| ((member.room, member.user.clone()), Arc::new(member))).collect();
    rows.rooms = rooms.into_iter().flatten().map(|room| (room.id, Arc::new(room))).collect();
    let relations = needs.relations_with(&rows.rooms);
    if lanes > 1 && !relations.is_empty() {
        return Ok(None);
    }
    // Later than the rest, and yet of the same state if the lane stands as it did by the time of writing.
    load::load_rest(conn, needs, &relations, is_any_sent.then_some(&sent), &mut rows).await?;
    Ok(Some((turn, rows)))
}
