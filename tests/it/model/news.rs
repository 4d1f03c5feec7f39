//! What a user's own devices are told of, and nobody else.

use chat_core::event::{Event, EventKind, Notification};
use chat_core::model::{DoNotDisturb, InviteCode, NotifySetting, Settings};
use chat_core::{MessageId, RoomId, UserId};

/// Something that all devices of one user are told of once.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum News {
    /// Where they stand in a thread: whether they follow it, and up to where they have read.
    Thread(RoomId, MessageId, bool, u64),
    Notify(RoomId, Option<NotifySetting>),
    Quiet(DoNotDisturb),
    Settings(Settings),
    Invited(RoomId, InviteCode),
    InviteEnded(RoomId, InviteCode),
    InviteDeclined(RoomId, UserId),
}

/// What it is about: of one subject, whoever was away learns only how it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Thread(MessageId),
    Notify(RoomId),
}

impl News {
    pub(super) fn of(event: &Event) -> Option<Self> {
        let notification = match (&event.kind, event.room) {
            (EventKind::Thread { root, following, read_seq }, Some(room)) => {
                return Some(Self::Thread(room, *root, *following, *read_seq));
            }
            (EventKind::Notification(notification), _) => notification,
            _ => return None,
        };
        match notification {
            Notification::Notifications(room, setting) => Some(Self::Notify(*room, *setting)),
            Notification::DoNotDisturb(quiet) => Some(Self::Quiet(*quiet)),
            Notification::Settings(settings) => Some(Self::Settings(*settings)),
            Notification::Invited(invitation) => Some(Self::Invited(invitation.room, invitation.code)),
            Notification::InviteEnded(room, code) => Some(Self::InviteEnded(*room, *code)),
            Notification::InviteDeclined(room, who) => Some(Self::InviteDeclined(*room, who.user.clone())),
            _ => None,
        }
    }

    /// The room whose participants alone are told; whoever left it is not.
    pub(super) fn room(&self) -> Option<RoomId> {
        match self {
            Self::Thread(room, ..) | Self::Notify(room, _) => Some(*room),
            _ => None,
        }
    }

    /// What a catch-up tells of; `None` for what is read anew.
    pub(super) fn subject(&self) -> Option<Subject> {
        match self {
            Self::Thread(_, root, ..) => Some(Subject::Thread(*root)),
            Self::Notify(room, _) => Some(Subject::Notify(*room)),
            _ => None,
        }
    }
}
