//! The lanes of a batch: a row each, which is locked, or looked at, before anything is decided.

use std::collections::BTreeSet;

use sqlx::{PgConnection, query};

use super::connections::fetch;
use super::error::PostgresError;
use crate::id::RoomId;
use crate::model::{Pos, Position};
use crate::store::columns::int;
use crate::store::{Batch, Item};

/// The lanes of a batch as they stood when it was decided. The others stand at their beginning here, and are neither read
/// nor written.
#[derive(Debug)]
pub(super) struct Lanes {
    pub(super) position: Position,
    pub(super) turns: Vec<Turn>,
}

/// A lane, and how many commits have changed anything in it: each of this version or a newer one counts, also where it takes
/// no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) lane: i16,
    pub(super) pos: i64,
    pub(super) turn: i64,
}

pub(super) const LOCK: &str =
    "SELECT lane, pos, turn FROM chat.lanes WHERE lane = ANY($1) ORDER BY lane FOR UPDATE";

impl Lanes {
    /// Locks the lanes of the batch, in their order.
    pub(super) async fn lock(
        conn: &mut PgConnection,
        lanes: usize,
        batch: &Batch,
    ) -> Result<Self, PostgresError> {
        let needed: Vec<i16> = needed(lanes, batch).into_iter().collect();
        if needed.is_empty() {
            return Ok(Self { position: Position::start(lanes), turns: Vec::new() });
        }
        let locked = fetch(conn, query(LOCK).bind(&needed), |columns| {
            Ok(Turn { lane: columns.value()?, pos: columns.value()?, turn: columns.value()? })
        });
        let turns = locked.await?;
        if turns.len() != needed.len() {
            return Err(PostgresError::Lanes(turns.len()));
        }
        Self::of(lanes, turns)
    }

    pub(super) fn of(lanes: usize, turns: Vec<Turn>) -> Result<Self, PostgresError> {
        let mut position = Position::start(lanes);
        for turn in &turns {
            let no_sense = |_| PostgresError::Value { column: "pos".into() };
            let at = u64::try_from(turn.pos).map_err(no_sense)?;
            position.advance(Pos { lane: u8::try_from(turn.lane).unwrap_or(u8::MAX), at });
        }
        Ok(Self { position, turns })
    }
}

/// Where a lane stands in a position, as its row says it.
pub(super) fn stands_at(lane: i16, position: Position) -> Option<i64> {
    position.iter().find(|pos| i16::from(pos.lane) == lane).map(|pos| int(pos.at))
}

/// The lanes of what is in a batch.
pub(super) fn needed(lanes: usize, batch: &Batch) -> BTreeSet<i16> {
    match lanes {
        // Everything of one lane happens one after another, so that nothing else needs a lock.
        1 => batch.items.first().map(|_| 0).into_iter().collect(),
        _ => {
            let position = Position::start(lanes);
            batch.items.iter().filter_map(room_of).map(|room| position.lane_of(room).into()).collect()
        }
    }
}

fn room_of(item: &Item) -> Option<RoomId> {
    match item {
        Item::Room(item) => Some(item.room),
        Item::Relation(_) | Item::Settings(_) => None,
    }
}
