//! What nodes tell each other of messages that were held.

use serde::{Deserialize, Serialize};

use crate::event::Notification;
use crate::id::{MessageId, RoomId};

/// To whoever sent one: what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum HeldNews {
    Approved(RoomId, MessageId),
    Rejected(RoomId, MessageId, Option<String>),
}

impl HeldNews {
    /// What the other nodes are told; `None` for what is of something else.
    pub(crate) fn of(notification: &Notification) -> Option<Self> {
        match notification {
            Notification::MessageApproved(room, id) => Some(Self::Approved(*room, *id)),
            Notification::MessageRejected(room, id, reason) => {
                Some(Self::Rejected(*room, *id, reason.clone()))
            }
            _ => None,
        }
    }
}

impl From<HeldNews> for Notification {
    fn from(news: HeldNews) -> Self {
        match news {
            HeldNews::Approved(room, id) => Self::MessageApproved(room, id),
            HeldNews::Rejected(room, id, reason) => Self::MessageRejected(room, id, reason),
        }
    }
}
