//! People who wait to come into a room: what is asked of that.

use super::Notice;
use crate::error::ErrorKind;
use crate::id::JoinRequestId;

/// What the host's [`Hooks`](crate::policy::Hooks) have made of somebody who wants to come in. While they wait already the
/// answer is [`JoinHeld`](super::Answer::JoinHeld), whatever this is, but for [`Unasked`](Self::Unasked).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Admission {
    /// Nobody was asked: they come in, and wait no more.
    #[default]
    Unasked,
    /// They come in.
    Allowed,
    /// They do not, for this reason.
    Refused(Box<ErrorKind>),
    /// They wait until somebody says whether they do.
    Held(Box<JoinHold>),
}

/// Why somebody waits, and how many may.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store hands it to `apply`, whatever is in it")]
pub struct JoinHold {
    /// The id of the request.
    pub id: JoinRequestId,
    /// Why.
    pub reason: Option<String>,
    /// The most people who may wait to come into the room; with one more it is
    /// [`RateLimited`](crate::ErrorKind::RateLimited). The engine gives
    /// [`Config::max_join_requests`](crate::Config::max_join_requests).
    pub most: u32,
}

/// What becomes of a request to come in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum JoinSettlement {
    /// They come in, now.
    Approve {
        /// Who asks, with the words for it.
        notice: Notice,
        /// As in [`Op::Join`](super::Op::Join).
        max_members: u32,
    },
    /// They do not, for this reason.
    Reject(Option<String>),
    /// It waits no more: whoever asks has thought better of it, or the host of keeping it.
    Withdraw,
}
