//! Where rooms, members and messages are kept: the [`Store`] contract and the stores that come with the
//! crate.
//!
//! A store loads and writes; it decides nothing. What a [`Batch`] changes is decided by [`apply()`], one
//! piece of pure code for all stores, on the [`Rows`] that the store has loaded inside its transaction.
//! So a new feature of the engine is no new method in every store.

mod alert;
mod amend;
mod apply;
mod attachment;
mod body_hash;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod cache;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod columns;
mod few;
mod follow;
mod govern;
mod held;
mod hide;
mod import;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod index;
mod invites;
mod item;
mod joins;
mod keyed;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod loaded;
mod memory;
mod mention;
mod moderate;
mod needs;
mod notify;
mod outbox;
mod outcome;
#[cfg(feature = "postgres")]
pub mod postgres;
mod push;
mod reads;
mod record;
mod relate;
mod report;
mod rows;
mod search;
mod seldom;
mod settings;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod thread;

use std::fmt;

use async_trait::async_trait;

use crate::error::Result;
use crate::model::{Epoch, Token};

pub use alert::{Alert, AlertKey, AlertKind, AlertTerms, Occasion};
pub use apply::apply;
pub use attachment::{Stage, StoredAttachment};
pub use body_hash::BodyHash;
pub use few::Few;
pub use follow::FollowedThread;
pub use held::{Held, Hold, Queue, Settlement};
pub use item::{
    Amend, AttachOp, Batch, Erased, Forward, Item, Notice, Op, Refers, RelationItem, RelationOp, Reply,
    RoomItem, Ruling, SettingsItem, SettingsOp, Update,
};
pub use joins::{Admission, JoinHold, JoinSettlement};
pub use keyed::Keyed;
pub use memory::MemoryStore;
pub use mention::Mention;
pub use needs::{MoreNeeds, Needs};
pub use outbox::{HostTransaction, OutboxEntry, OutboxRow};
pub use outcome::{Answer, Change, Outcome, RelationChange, What};
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use push::{PushBatch, PushRetry};
pub use reads::{
    ChangeReads, MemberEntry, Memberships, MessageReads, ModerationReads, PeopleReads, PushStore, RoomEntry,
    RoomReads, ThreadReads, Upkeep,
};
pub use record::{KeptEdit, Record, RecordPage, RoomRecord};
pub use rows::{MoreRows, Ordinals, ReactionKey, Rows, Sent};
pub use search::{Found, Search};
pub use seldom::{Blank, Seldom};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// The contract of a store.
///
/// **Writing.** [`commit`](Store::commit) is the only way in, and the engine calls it one batch at a time
/// a lane. It is atomic for the batch as a whole (a crash keeps all of it or nothing) and for each item
/// (an item that is refused leaves nothing behind). When it returns `Ok`, what it reports is as durable as
/// the store ever makes it. When it returns `Err`, nothing of the batch may show later, but for one case: where
/// the connection to a database is lost in the commit itself and none other can be had, it is
/// [`Unavailable`](crate::ErrorKind::Unavailable), and a retry under the same client id tells what became of
/// it. Ids of rooms and messages to make are new: whoever calls generates them. No text of users holds a NUL.
///
/// **Reading** is a trait a noun, so that a store's reads can stand where its rows do: [`RoomReads`],
/// [`MessageReads`], [`ThreadReads`], [`ChangeReads`], [`PeopleReads`], [`ModerationReads`]; and what the engine's own
/// tasks ask and note down: [`Upkeep`], [`PushStore`]. Each method reads one consistent state, and a read that starts after a commit returned
/// sees that commit.
///
/// **Numbers.** A `seq` counts the messages of a room, a position the changes in the lane of a room, both from
/// 1; 0 is before the first. Where a method takes two positions of a room, `after` itself is left out and
/// `until` is in.
///
/// **Pages.** A `limit` counts rows, and a page starts beyond `after` or below `before`, `None` being the
/// beginning. A page with fewer rows than its `limit` is the last one: the engine asks no further. Of
/// [`records`](Upkeep::records), only one without any is.
///
/// **Profiles.** A [`Message`](crate::model::Message) comes with its sender's profile of now; a user without a row is
/// [`Profile::unknown`](crate::model::Profile::unknown).
///
/// **Quotes.** A [`Message`](crate::model::Message) comes with what it [quotes](crate::model::References::quoted) as that is now, which
/// is read along with it and not copied: only the number of the other message is kept. One that was cut away is quoted
/// by none any more.
///
/// **Mentions.** Whom a [`Message`](crate::model::Message) [mentions](crate::model::References::mentions) stands with it, and besides in rows of
/// their own ([`Rows::new_mentions`], [`MoreRows::ended_mentions`]), by which [`RoomEntry::mentions`] is counted.
///
/// **Threads.** A [`Message`](crate::model::Message)'s place in a [thread](crate::model::References::thread) is kept with it: a root's changes
/// with the replies, and a reply's never, also when it is deleted. Who follows it stands in rows of their own
/// ([`MoreRows::written_follows`]), which go with a root that is cut away.
///
/// **Alerts.** What people who are away are told of besides messages is left behind by the commit of it
/// ([`MoreRows::new_alerts`]), and by none whose batch says nothing of them. Those of a user who is
/// [erased](Batch::erased) go, and so do those of a [room that is deleted](MoreRows::deleted).
///
/// **Outbox.** A store in a database may let transactions of the host's own leave messages in a table of it,
/// for the engine to send. One without answers [`outbox_table`](Upkeep::outbox_table) with `None`,
/// [`outbox`](Upkeep::outbox) with nothing, and passes over [`Batch::sent`].
///
/// **Errors.** Of every call: [`Unavailable`](crate::ErrorKind::Unavailable) when the same call may work later,
/// [`Corrupt`](crate::ErrorKind::Corrupt) when what is stored makes no sense. A room or member that is not
/// there is no error but an empty answer.
///
/// All cases of the contract are tests: see [`testing::store`](crate::testing::store).
#[async_trait]
pub trait Store:
    RoomReads
    + MessageReads
    + ThreadReads
    + ChangeReads
    + PeopleReads
    + ModerationReads
    + Upkeep
    + PushStore
    + Send
    + Sync
    + fmt::Debug
    + 'static
{
    /// The epoch and the position now.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn position(&self) -> Result<Token>;

    /// Starts another epoch and gives it, so that no token given out before holds any more. The position stays.
    ///
    /// # Errors
    /// Only those of [every call](Store).
    async fn rotate_epoch(&self) -> Result<Epoch>;

    /// Commits a batch in one transaction and reports for each item in its order. Items apply in order,
    /// each seeing those before it.
    ///
    /// An implementation locks and loads what [`Needs::of`] names into [`Rows`], and then what
    /// [`Needs::senders`], [`Needs::heirs`], [`Needs::relations_with`], [`Needs::roots`] and [`Needs::follows`] name, calls [`apply()`], writes
    /// what [`Rows`] says has changed, and commits.
    ///
    /// # Errors
    /// Of the batch, only those of [every call](Store). Of an item, what [`apply()`] refused it with.
    async fn commit(&self, batch: Batch) -> Result<Vec<Result<Outcome>>>;
}
