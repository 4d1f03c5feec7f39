//! A store of one's own, in as few lines as the contract allows: copy it, and put your database where the
//! maps are. `tests/it/custom_store.rs` runs the suite on it that yours has to pass too.
#![allow(clippy::print_stdout, reason = "a demo prints")]

mod changes;
mod messages;
mod people;
mod rooms;
mod tables;
mod upkeep;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chat_core::event::EventKind;
use chat_core::model::{Draft, Epoch, HistoryQuery, Limit, NewRoom, Token};
use chat_core::store::{Batch, Needs, Outcome, Store, apply};
use chat_core::{ChatEngine, Result};

use tables::Tables;

/// What it writes is here, in `commit`; what it answers is in the other files, a trait each of the contract.
///
/// One lock makes each read consistent. This is a std Mutex since nothing is awaited under it.
#[derive(Debug)]
pub(crate) struct PlainStore(Mutex<Tables>);

impl PlainStore {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Tables::new()))
    }

    /// A commit puts whole tables in place, so those behind a poisoned lock are whole.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for PlainStore {
    async fn position(&self) -> Result<Token> {
        Ok(self.tables().token)
    }

    async fn rotate_epoch(&self) -> Result<Epoch> {
        let epoch = Epoch::random();
        self.tables().token.epoch = epoch;
        Ok(epoch)
    }

    async fn commit(&self, batch: Batch) -> Result<Vec<Result<Outcome>>> {
        let mut tables = self.tables();
        // The plainest transaction, all or nothing: work on a copy. A database has BEGIN here.
        let mut next = tables.clone();
        // Profiles first, since loaded messages show them.
        next.profiles.extend(batch.profiles.iter().map(|profile| (profile.user.clone(), profile.clone())));
        for (times, new) in [(&mut next.last_seen, &batch.last_seen), (&mut next.logouts, &batch.logouts)] {
            for (user, at) in new {
                let latest = times.entry(user.clone()).or_insert(*at);
                *latest = (*latest).max(*at);
            }
        }
        for (user, quiet) in &batch.do_not_disturb {
            match quiet {
                Some(quiet) => next.quiet.insert(user.clone(), *quiet),
                None => next.quiet.remove(user),
            };
        }
        for (user, is_begun) in &batch.erased {
            next.profiles.remove(user);
            next.last_seen.remove(user);
            next.alerts.retain(|key, _| key.user != *user);
            match is_begun {
                true => next.erasures.insert(user.clone()),
                false => next.erasures.remove(user),
            };
        }
        let mut rows = next.load(&Needs::of(&batch));
        let outcomes = apply(batch, &mut rows);
        next.write(rows);
        // And COMMIT here, also when `apply` has refused items: it left nothing of them in the rows.
        *tables = next;
        Ok(outcomes)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = ChatEngine::builder().store(PlainStore::new()).build().await?;
    let (ana, ben) = (engine.as_user("ana".parse()?), engine.as_user("ben".parse()?));
    let room = ana.create_room(NewRoom::direct("ben")).await?.id();

    let mut session = ben.connect().await?;
    // Sent twice under one name, kept once.
    for _ in 0..2 {
        ana.send(room, Draft::text("Does it keep this once?").with_client_id("1")).await?;
    }
    while let Some(event) = session.next().await {
        if let EventKind::Message(message) = &event.kind {
            println!("ben hears {}: {}", message.sender.user, message.body.content().unwrap_or_default());
            break;
        }
    }
    ben.mark_read(room, None).await?;
    ben.send(room, Draft::text("It does")).await?;

    println!("ana has {} unread in:", ana.room(room).await?.unread);
    for seen in ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await?.messages.iter().rev() {
        let (message, read) = (&seen.message, if seen.receipt.is_read { "read" } else { "not read" });
        let words = message.body.content().unwrap_or_default();
        println!("{:>3} {}: {words} ({read})", message.seq, message.sender.user);
    }
    Ok(())
}
