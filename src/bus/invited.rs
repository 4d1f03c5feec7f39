//! What nodes tell each other of invitations.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::packet::ProfileDef;
use crate::clock::Timestamp;
use crate::event::Notification;
use crate::id::RoomId;
use crate::model::{Invitation, InviteCode, Profile, RoomType};

/// To a user: about an invitation, theirs or one that they have made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum InviteNews {
    Invited(Invited),
    Ended(RoomId, [u8; 16]),
    Declined(RoomId, Who),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Who(#[serde(with = "ProfileDef")] Profile);

/// An [`Invitation`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Invited {
    code: [u8; 16],
    room: RoomId,
    room_type: RoomType,
    room_name: Option<Arc<str>>,
    by: Option<Who>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl InviteNews {
    /// What the other nodes are told; `None` for what is of something else.
    pub(crate) fn of(notification: &Notification) -> Option<Self> {
        match notification {
            Notification::Invited(invitation) => Some(Self::Invited(invitation.clone().into())),
            Notification::InviteEnded(room, code) => Some(Self::Ended(*room, code.to_bytes())),
            Notification::InviteDeclined(room, who) => Some(Self::Declined(*room, Who(who.clone()))),
            _ => None,
        }
    }
}

impl From<InviteNews> for Notification {
    fn from(news: InviteNews) -> Self {
        match news {
            InviteNews::Invited(invited) => Self::Invited(invited.into()),
            InviteNews::Ended(room, code) => Self::InviteEnded(room, InviteCode::from_bytes(code)),
            InviteNews::Declined(room, Who(who)) => Self::InviteDeclined(room, who),
        }
    }
}

impl From<Invitation> for Invited {
    fn from(invitation: Invitation) -> Self {
        let Invitation { code, room, room_type, room_name, by, created_at, expires_at } = invitation;
        Self { code: code.to_bytes(), room, room_type, room_name, by: by.map(Who), created_at, expires_at }
    }
}

impl From<Invited> for Invitation {
    fn from(invited: Invited) -> Self {
        let Invited { code, room, room_type, room_name, by, created_at, expires_at } = invited;
        let (code, by) = (InviteCode::from_bytes(code), by.map(|Who(by)| by));
        Self { code, room, room_type, room_name, by, created_at, expires_at }
    }
}
