//! Commits that lock nothing before they write. Most batches are messages and marks alone: what they are decided on is read,
//! and what they change is written in one statement, which writes nothing where anybody else has changed the lane meanwhile.
//! That is two ways to the server and back, where a transaction with its locks takes six.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::{PgConnection, query};
use tokio::time::timeout;

use super::columns::{Uuid, member_columns};
use super::commit::{Failure, Lost, Outcomes, Proof};
use super::connections::fetch;
use super::error::PostgresError;
use super::lanes::{self, Lanes, Turn};
use super::load::{self, SentKeys, is_any_sent};
use super::write::{Changed, Loaded, write_counts};
use crate::store::columns::{ReadRow, room_columns};
use crate::store::{Batch, Item, Needs, Op, Rows, apply};

/// So many commits lock their lane once one was overtaken: where other nodes write too, whoever waits for the lock has it
/// cheaper than whoever does the work again.
const CAUTIOUS_COMMITS: u32 = 64;

/// Whether other nodes have been in the way of late.
#[derive(Debug, Default)]
pub(super) struct Contention(AtomicU32);

impl Contention {
    /// Counts one commit.
    fn is_over(&self) -> bool {
        let left = |left: u32| left.checked_sub(1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_err()
    }

    fn note(&self) {
        self.0.store(CAUTIOUS_COMMITS, Ordering::Relaxed);
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
    is_any_sent!(),
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
    contention: &Contention,
) -> Result<Option<Outcomes>, Failure> {
    if !is_plain(batch) || !contention.is_over() {
        return Ok(None);
    }
    let needs = Needs::of(batch);
    let [lane] = lanes::needed(lanes, batch).into_iter().collect::<Vec<_>>()[..] else { return Ok(None) };
    // Among several lanes what is of no room has locks of its own.
    if needs.more.is_there() || lanes > 1 && !(needs.relations.is_empty() && needs.settings.is_empty()) {
        return Ok(None);
    }
    let read = timeout(patience, read(conn, lanes, lane, &needs)).await;
    let Some((before, mut rows)) = read.map_err(|_| PostgresError::TimedOut)?? else { return Ok(None) };
    let loaded = Loaded::of(&rows);
    let items = Batch { items: batch.items.clone(), alerts: batch.alerts, ..Batch::default() };
    let outcomes = apply(items, &mut rows);
    let changed = Changed::of(&rows, &loaded);
    if !changed.is_counts_alone() {
        return Ok(None);
    }
    let written = timeout(patience, write_counts(conn, &changed, &before)).await;
    match written.unwrap_or(Err(PostgresError::TimedOut)) {
        Ok(true) => Ok(Some(outcomes)),
        Ok(false) => {
            contention.note();
            Ok(None)
        }
        Err(error) => {
            // Should the server come to it later still, it either finds that the lane has moved on, or is found by the
            // next attempt.
            let proof = Proof::of(batch, &outcomes, &rows);
            let lost = error.is_lost().then_some(Lost { outcomes, proof });
            Err(Failure { error, lost })
        }
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
) -> Result<Option<(Lanes, Rows)>, PostgresError> {
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
    let before = Lanes::of(lanes, vec![turn])?;
    let mut rows = Rows::at(before.position);
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
    Ok(Some((before, rows)))
}
