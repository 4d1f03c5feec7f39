//! Bans: who is kept out of a room.

use super::Profile;
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};

/// A user who is kept out of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// Who has banned them; `None` is the host.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// Until when; [`NEVER`](Timestamp::NEVER): for good.
    pub until: Timestamp,
    /// Why, in the words of whoever did.
    pub reason: Option<String>,
}

impl Ban {
    /// The longest reason, in bytes.
    pub const MAX_REASON_BYTES: usize = 1000;

    /// Whether it keeps them out at this moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// How long somebody is muted or banned, and why.
#[derive(Debug, Clone, Default)]
#[allow(clippy::exhaustive_structs, reason = "it is nothing but its fields")]
pub struct Sanction {
    /// After how many seconds it is over: 1 to 31,536,000, a year. `None`: never.
    pub expires_in: Option<u64>,
    /// Why, in one line or more of at most [`Ban::MAX_REASON_BYTES`]; a blank one is none. It is for other
    /// moderators.
    pub reason: Option<String>,
}

impl Sanction {
    /// For so many seconds.
    pub fn seconds(seconds: u64) -> Self {
        Self { expires_in: Some(seconds), reason: None }
    }

    /// For good.
    pub fn for_good() -> Self {
        Self::default()
    }

    /// For this reason.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// A page of bans, in the order of the users' ids.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BanPage {
    /// The bans that hold, at most as many as were asked for, each with what is shown of the user.
    pub bans: Vec<(Ban, Profile)>,
    /// The last of them, behind whom the next page begins, if there is one.
    pub next: Option<UserId>,
}
