//! A store of one's own, in as few lines as the contract allows: copy it, and put your database where the
//! maps are. `tests/it/custom_store.rs` runs the suite on it that yours has to pass.
//!
//! `cargo run --example custom_store`
#![allow(clippy::print_stdout, reason = "a demo prints")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chat_core::event::EventKind;
use chat_core::model::{Draft, Epoch, HistoryQuery, Limit, Member, Message, NewRoom, Position, Profile};
use chat_core::model::{Room, RoomKey, RoomKind, Token};
use chat_core::store::{Batch, BodyHash, MemberEntry, Memberships, Needs, Ordinals, Outcome, RoomEntry};
use chat_core::store::{Rows, Sent, Store, apply};
use chat_core::{ChatEngine, MessageId, Result, RoomId, Timestamp, UserId};

/// One lock makes each read consistent and each batch a transaction. This is a std Mutex since nothing is
/// awaited under it.
#[derive(Debug)]
pub(crate) struct PlainStore {
    tables: Mutex<Tables>,
}

/// Each field would be a table. Reads scan it, where a database has an index.
#[derive(Debug)]
struct Tables {
    /// One row. It must outlive a restart: an epoch that is made anew voids all clients' tokens.
    epoch: Epoch,
    /// One row a lane, locked from the load until the commit: so positions commit in their order.
    position: Position,
    rooms: BTreeMap<RoomId, Room>,
    /// Past memberships stay. Indexes: by room (the key), by user, by room and `changed_pos`.
    members: BTreeMap<(RoomId, UserId), Member>,
    /// In the order of their commit. Indexes: by id, by room and `seq`, by room and `pos`, by room, sender
    /// and `seq`; unique by room, sender and client id.
    messages: Vec<(Arc<Message>, Option<BodyHash>)>,
    keys: HashMap<RoomKey, RoomId>,
    profiles: HashMap<UserId, Profile>,
    /// Apart from the profiles: having been seen gives nobody a profile.
    last_seen: HashMap<UserId, Timestamp>,
}

impl PlainStore {
    pub(crate) fn new() -> Self {
        Self {
            tables: Mutex::new(Tables {
                epoch: Epoch::random(),
                position: Position::start(1),
                rooms: BTreeMap::new(),
                members: BTreeMap::new(),
                messages: Vec::new(),
                keys: HashMap::new(),
                profiles: HashMap::new(),
                last_seen: HashMap::new(),
            }),
        }
    }

    /// What can panic under the lock, `apply`, runs before the first of its rows is written, so a poisoned
    /// lock guards whole items.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    /// What is not there is left out. A database locks each row that it loads, in the order of the sets, so
    /// that two transactions never wait for each other (`SELECT … ORDER BY … FOR UPDATE`).
    fn load(&self, needs: Needs) -> Rows {
        let mut rows = Rows::at(self.position);
        rows.rooms.extend(needs.rooms.iter().filter_map(|id| self.rooms.get_key_value(id)).map(cloned));
        rows.members.extend(needs.members.iter().filter_map(|key| self.members.get_key_value(key)).map(cloned));
        rows.keys.extend(needs.keys.iter().filter_map(|key| self.keys.get_key_value(key)).map(cloned));
        rows.sent.extend(needs.sent.into_iter().filter_map(|key| {
            let (room, user, client) = &key;
            let (message, hash) = self.messages.iter().find(|(message, _)| {
                message.room == *room
                    && message.sender.user == *user
                    && message.client_id.as_ref() == Some(client)
            })?;
            let sent = Sent { message: Arc::new(self.shown(message)), hash: (*hash)? };
            Some((key, sent))
        }));
        rows.ordinals.extend(needs.ordinals.into_iter().filter_map(|key| {
            let (room, user, seq) = &key;
            let n = self.messages_of(*room).find(|message| message.seq == *seq)?.n;
            let own = self.messages_of(*room).filter(|message| message.sender.user == *user);
            let newest = own.take_while(|message| message.seq <= *seq).last();
            Some((key.clone(), Ordinals { n, own_n: newest.map_or(0, |message| message.own_n) }))
        }));
        rows
    }
}
