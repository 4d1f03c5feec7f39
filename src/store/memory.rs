//! A store in memory: for tests, demos, and chats that may be forgotten.

mod changes;
mod follows;
mod joins;
mod messages;
mod moderation;
mod people;
mod push;
mod records;
mod rooms;
mod rows;
mod state;
mod upkeep;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{Batch, Needs, Outcome, Store, apply};
use crate::error::{Error, Result};
use crate::model::{Epoch, Token};
use state::{State, keep_latest};

/// Keeps everything in memory, behind one lock that is held for no longer than a batch takes.
///
/// A restart forgets all of it, and it grows for as long as people talk, without a bound. None of its calls fails.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store with an epoch of its own and one commit lane.
    ///
    /// # Panics
    /// As [`Epoch::random`].
    pub fn new() -> Self {
        Self::with_lanes(1)
    }

    /// An empty store with so many commit lanes, the number being held within 1 and
    /// [`MAX_LANES`](crate::model::MAX_LANES): for tests of what holds for any number of them. It is no faster
    /// for them.
    ///
    /// # Panics
    /// As [`Epoch::random`].
    pub fn with_lanes(lanes: usize) -> Self {
        Self { state: Mutex::new(State::new(lanes)) }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn position(&self) -> Result<Token> {
        let state = self.state.lock();
        Ok(Token { epoch: state.epoch, position: state.position })
    }

    async fn rotate_epoch(&self) -> Result<Epoch> {
        let mut state = self.state.lock();
        state.epoch = Epoch::random();
        Ok(state.epoch)
    }

    async fn commit(&self, mut batch: Batch) -> Result<Vec<Result<Outcome, Error>>> {
        let needs = Needs::of(&batch);
        let profiles = std::mem::take(&mut batch.profiles);
        let (last_seen, logouts) = (std::mem::take(&mut batch.last_seen), std::mem::take(&mut batch.logouts));
        let erased = std::mem::take(&mut batch.erased);
        let mut state = self.state.lock();
        for profile in profiles {
            let person = state.people.entry(profile.user.clone()).or_default();
            person.profile = Some(profile);
        }
        for (user, at) in last_seen {
            keep_latest(&mut state.people.entry(user).or_default().last_seen, at);
        }
        for (user, quiet) in std::mem::take(&mut batch.do_not_disturb) {
            state.people.entry(user).or_default().do_not_disturb = quiet;
        }
        for (user, at) in logouts {
            keep_latest(&mut state.people.entry(user).or_default().logged_out, at);
        }
        for (user, is_begun) in erased {
            if let Some(person) = state.people.get_mut(&user) {
                (person.profile, person.last_seen) = (None, None);
            }
            state.pushes.end_alerts_of(&user);
            match is_begun {
                true => state.erasures.insert(user),
                false => state.erasures.remove(&user),
            };
        }
        let mut rows = state.load(&needs);
        let outcomes = apply(batch, &mut rows);
        state.write(rows);
        Ok(outcomes)
    }
}
