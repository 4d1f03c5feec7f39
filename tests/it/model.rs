//! A plain model of a chat beside the engine: after each of many random steps, what each device has gathered from
//! events is what a fresh look shows, and both are what the model says.
//!
//! What there is to do stands in [`step`], and what the model knows in [`room`], [`thread`](mod@thread), [`person`] and
//! [`news`]. The files of verbs ([`belong`], [`say`], [`amend`], [`follow`], [`choose`], [`feed`]) do each step to the
//! engine and to the model; [`connect`] lets devices come and go, [`take`] is what a device does with an event, and
//! [`look`] compares.

mod amend;
mod belong;
mod choose;
mod client;
mod connect;
mod feed;
mod follow;
mod invite;
mod look;
mod news;
mod person;
mod room;
mod say;
mod step;
mod take;
mod thread;
mod world;

use chat_core::UserId;
use chat_core::store::postgres::PostgresOptions;
use chat_core::store::{MemoryStore, PostgresStore, SqliteStore, Store};
use proptest::prelude::*;

use self::step::{Step, steps};
use self::world::World;
use crate::postgres::Database;

const USERS: [&str; 4] = ["ana", "ben", "cho", "dee"];
/// Each user has two.
const DEVICES: usize = 2 * USERS.len();
/// More than any room here ever has.
const ALL: u64 = 100;

fn id(user: usize) -> UserId {
    USERS[user].parse().unwrap()
}

/// Whose a device is.
fn owner(device: usize) -> usize {
    device % USERS.len()
}

fn run<S: Store>(steps: Vec<Step>, store: impl Future<Output = S>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { walk(steps, store.await).await });
}

async fn walk(steps: Vec<Step>, store: impl Store) {
    let mut world = World::new(store).await;
    // Without a room there is nothing to do.
    world.create(0, 1).await;
    for step in steps {
        world.step(step).await;
        world.check().await;
    }
    world.end().await;
}

/// So many cases, unless `PROPTEST_CASES` says otherwise.
fn cases(usual: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: usual, ..config },
    }
}

proptest! {
    #![proptest_config(cases(300))]
    #[test]
    fn clients_gather_what_a_fresh_look_shows_in_memory(steps in steps()) {
        run(steps, async { MemoryStore::new() });
    }

    #[test]
    fn clients_gather_what_a_fresh_look_shows_in_four_lanes(steps in steps()) {
        run(steps, async { MemoryStore::with_lanes(4) });
    }
}

proptest! {
    #![proptest_config(cases(10))]
    #[test]
    fn clients_gather_what_a_fresh_look_shows_on_sqlite(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chat.db");
        run(steps, async { SqliteStore::open(path).await.unwrap() });
    }
}

proptest! {
    #![proptest_config(cases(8))]
    #[test]
    fn clients_gather_what_a_fresh_look_shows_on_postgres(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let Some(database) = Database::fresh().await else { return };
            let mut options = PostgresOptions::default();
            options.lanes = 3;
            walk(steps, PostgresStore::connect_with(&database.url, options).await.unwrap()).await;
        });
    }
}
