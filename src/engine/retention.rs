//! Cuts away what rooms no longer keep, a few messages at a time, for which a send waits some milliseconds at most.

use std::collections::VecDeque;
use std::sync::Weak;
use std::time::Duration;

use super::background::put_off;
use super::{ChatEngine, Inner};
use crate::error::{Error, ErrorKind, Result};
use crate::id::RoomId;
use crate::model::Room;
use crate::store::{Answer, Op, Record, RecordPage, RoomRecord};

/// How many messages are cut away at once.
const CUT: u32 = 200;

/// How many rooms are looked at in one read.
const ROOMS: u32 = 500;

/// After each step as many times as long as it took belong to the others.
const YIELDED: u32 = 4;

/// A walk over the rooms, in the order of their ids.
#[derive(Debug, Default)]
struct Walk {
    after: Option<RoomId>,
    is_over: bool,
    /// Rooms that were found to be due.
    due: VecDeque<RoomId>,
}

/// Runs until the engine is gone.
pub(super) async fn keep(engine: Weak<Inner>, every: Duration) {
    let every = every.max(Duration::from_millis(10));
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let mut walk = Walk::default();
        while !(walk.is_over && walk.due.is_empty()) {
            // Held for one step only, so that it keeps no engine that everybody has let go.
            let Some(inner) = engine.upgrade() else { return };
            let begun = tokio::time::Instant::now();
            let step = (ChatEngine { inner }).keep_step(&mut walk).await;
            if let Err(error) = step {
                put_off(&error, "nothing more is cut away for now");
                break;
            }
            tokio::time::sleep(begun.elapsed() * YIELDED).await;
        }
    }
}

impl ChatEngine {
    /// Cuts once in a room that is due, or looks for more of them.
    async fn keep_step(&self, walk: &mut Walk) -> Result<()> {
        self.check_running()?;
        if let Some(room) = walk.due.front() {
            if !self.cut(*room).await? {
                walk.due.pop_front();
            }
            return Ok(());
        }
        let rooms = self.kept_rooms(walk.after).await?;
        walk.is_over = rooms.len() < ROOMS as usize;
        walk.after = rooms.last().map(|room| room.id);
        let due = rooms.into_iter().filter(|room| self.is_due(room)).map(|room| room.id);
        walk.due = due.collect();
        Ok(())
    }

    /// Those that may have a rule: all where there is one for all.
    async fn kept_rooms(&self, after: Option<RoomId>) -> Result<Vec<Room>> {
        if self.config().retention.is_none() {
            return self.store().keeping_rooms(after, ROOMS).await;
        }
        let records = self.store().records(RecordPage::Rooms { after }, ROOMS).await?;
        let room = |record| match record {
            Record::Room(RoomRecord::Room(room)) => Some(room),
            _ => None,
        };
        Ok(records.into_iter().filter_map(room).collect())
    }

    fn is_due(&self, room: &Room) -> bool {
        if room.is_deleted() {
            return room.floor().seq <= room.seq;
        }
        let rule = room.retention().or(self.config().retention);
        rule.is_some_and(|rule| rule.is_due(room, self.config().retention_grace, self.now()))
    }

    /// `true` where more may have to go.
    async fn cut(&self, room: RoomId) -> Result<bool> {
        let config = self.config();
        let op = Op::Cut { retention: config.retention, grace: config.retention_grace, limit: CUT };
        match self.admin().commit(room, op).await? {
            Answer::Cut { is_more } => Ok(is_more),
            other => {
                Err(Error::from(ErrorKind::Corrupt(format!("a cut was answered with {other:?}").into())))
            }
        }
    }
}
