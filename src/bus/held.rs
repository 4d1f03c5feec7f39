//! What nodes tell each other of messages that were held, of people who waited to come in, and of reports.

use serde::{Deserialize, Serialize};

use crate::event::Notification;
use crate::id::{JoinRequestId, MessageId, RoomId};

/// To whoever sent one, or asked: what became of it. That others wait than before, also to who looks after the room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum HeldNews {
    Approved(RoomId, MessageId),
    Rejected(RoomId, MessageId, Option<String>),
    JoinApproved(RoomId, JoinRequestId),
    JoinRejected(RoomId, JoinRequestId, Option<String>),
    JoinRequestsChanged(RoomId),
    HeldMessagesChanged(RoomId),
    ReportsChanged(RoomId),
    Expired(RoomId, MessageId),
    JoinExpired(RoomId, JoinRequestId),
    Withdrawn(RoomId, MessageId),
}

impl HeldNews {
    /// What the other nodes are told; `None` for what is of something else.
    pub(crate) fn of(notification: &Notification) -> Option<Self> {
        match notification {
            Notification::MessageApproved(room, id) => Some(Self::Approved(*room, *id)),
            Notification::MessageRejected(room, id, reason) => {
                Some(Self::Rejected(*room, *id, reason.clone()))
            }
            Notification::MessageWithdrawn(room, id) => Some(Self::Withdrawn(*room, *id)),
            Notification::JoinApproved(room, id) => Some(Self::JoinApproved(*room, *id)),
            Notification::JoinRejected(room, id, reason) => {
                Some(Self::JoinRejected(*room, *id, reason.clone()))
            }
            Notification::JoinRequestsChanged(room) => Some(Self::JoinRequestsChanged(*room)),
            Notification::HeldMessagesChanged(room) => Some(Self::HeldMessagesChanged(*room)),
            Notification::ReportsChanged(room) => Some(Self::ReportsChanged(*room)),
            Notification::MessageExpired(room, id) => Some(Self::Expired(*room, *id)),
            Notification::JoinExpired(room, id) => Some(Self::JoinExpired(*room, *id)),
            _ => None,
        }
    }
}

impl From<HeldNews> for Notification {
    fn from(news: HeldNews) -> Self {
        match news {
            HeldNews::Approved(room, id) => Self::MessageApproved(room, id),
            HeldNews::Rejected(room, id, reason) => Self::MessageRejected(room, id, reason),
            HeldNews::Withdrawn(room, id) => Self::MessageWithdrawn(room, id),
            HeldNews::JoinApproved(room, id) => Self::JoinApproved(room, id),
            HeldNews::JoinRejected(room, id, reason) => Self::JoinRejected(room, id, reason),
            HeldNews::JoinRequestsChanged(room) => Self::JoinRequestsChanged(room),
            HeldNews::HeldMessagesChanged(room) => Self::HeldMessagesChanged(room),
            HeldNews::ReportsChanged(room) => Self::ReportsChanged(room),
            HeldNews::Expired(room, id) => Self::MessageExpired(room, id),
            HeldNews::JoinExpired(room, id) => Self::JoinExpired(room, id),
        }
    }
}
