//! What is committed.

mod message;
mod people;
mod room;

pub use message::{Amend, AttachOp, Forward, Refers, Reply, Ruling};
pub use people::{RelationItem, RelationOp, SettingsItem, SettingsOp};
pub use room::{Erased, Notice, Op, RoomItem, Update};

use super::AlertTerms;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::model::{DoNotDisturb, Profile};

/// What is committed together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Changes, in their order. The engine gives [`Config::commit_batch`](crate::Config::commit_batch) at most.
    pub items: Vec<Item>,
    /// Profiles to keep, each replacing the one before it.
    pub profiles: Vec<Profile>,
    /// When users were last seen. A time older than the stored one changes nothing.
    pub last_seen: Vec<(UserId, Timestamp)>,
    /// When users logged out. A time older than the stored one changes nothing.
    pub logouts: Vec<(UserId, Timestamp)>,
    /// Users whose data is being taken away: `true` from now on, `false` no more. Either forgets what is shown of them
    /// and when they were last seen, after [`profiles`](Self::profiles) and [`last_seen`](Self::last_seen), and the
    /// [alerts](super::Alert) that wait for them.
    pub erased: Vec<(UserId, bool)>,
    /// Numbers of [outbox rows](super::OutboxRow) to delete: their messages are sent, or refused. One that is
    /// not there any more is no error.
    pub sent: Vec<u64>,
    /// When users want no notices, each replacing what stood before it; `None` ends it.
    pub do_not_disturb: Vec<(UserId, Option<DoNotDisturb>)>,
    /// How the items leave [alerts](super::Alert) behind for people who are away; `None`: they leave none.
    pub alerts: Option<AlertTerms>,
}

impl Batch {
    /// These changes, and nothing else.
    pub fn of<T: Into<Item>>(items: impl IntoIterator<Item = T>) -> Self {
        Self { items: items.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// A change, all or nothing. Boxed, since it goes through many hands on its way to the store.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_enums, reason = "a store hands them to `apply`, whatever they are")]
pub enum Item {
    /// Of one room.
    Room(Box<RoomItem>),
    /// Of how two people stand to each other.
    Relation(Box<RelationItem>),
    /// Of what a user lets others see.
    Settings(SettingsItem),
}

impl From<RoomItem> for Item {
    fn from(item: RoomItem) -> Self {
        Self::Room(Box::new(item))
    }
}

impl From<RelationItem> for Item {
    fn from(item: RelationItem) -> Self {
        Self::Relation(Box::new(item))
    }
}

impl From<SettingsItem> for Item {
    fn from(item: SettingsItem) -> Self {
        Self::Settings(item)
    }
}
