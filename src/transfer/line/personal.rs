//! Lines of what somebody has done with a message of a room.

use serde::{Deserialize, Serialize};

use super::{FieldError, check_numbers};
use crate::clock::Timestamp;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{Follow, Hidden, Reaction};
use crate::store::ReactionKey;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct ReactionLine {
    room: RoomId,
    seq: u64,
    message: MessageId,
    reaction: Reaction,
    user: UserId,
}

impl ReactionLine {
    pub(in crate::transfer) fn record(self) -> Result<(ReactionKey, MessageId), FieldError> {
        let Self { room, seq, message, reaction, user } = self;
        check_numbers(&[("seq", seq)])?;
        Ok((ReactionKey { room, seq, reaction, user }, message))
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct HiddenLine {
    room: RoomId,
    user: UserId,
    seq: u64,
    message: MessageId,
}

impl HiddenLine {
    pub(in crate::transfer) fn record(self) -> Result<Hidden, FieldError> {
        let Self { room, user, seq, message } = self;
        check_numbers(&[("seq", seq)])?;
        Ok(Hidden { room, user, seq, message, pos: 0 })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct FollowLine {
    room: RoomId,
    seq: u64,
    message: MessageId,
    user: UserId,
    following: bool,
    since: Timestamp,
    read_seq: u64,
}

impl FollowLine {
    pub(in crate::transfer) fn record(self) -> Result<Follow, FieldError> {
        let Self { room, seq, message, user, following, since, read_seq } = self;
        check_numbers(&[("seq", seq), ("readSeq", read_seq)])?;
        Ok(Follow { room, user, root: message, root_seq: seq, following, since, read_seq, pos: 0 })
    }
}

impl ReactionLine {
    pub(in crate::transfer) fn of(key: ReactionKey, message: MessageId) -> Self {
        let ReactionKey { room, seq, reaction, user } = key;
        Self { room, seq, message, reaction, user }
    }
}

impl From<Hidden> for HiddenLine {
    fn from(Hidden { room, user, seq, message, .. }: Hidden) -> Self {
        Self { room, user, seq, message }
    }
}

impl From<Follow> for FollowLine {
    fn from(follow: Follow) -> Self {
        let Follow { room, user, root, root_seq, following, since, read_seq, pos: _ } = follow;
        Self { room, seq: root_seq, message: root, user, following, since, read_seq }
    }
}
