//! The line of a membership.

use serde::{Deserialize, Serialize};

use super::{FieldError, check_numbers};
use crate::clock::Timestamp;
use crate::id::{RoomId, UserId};
use crate::model::{Member, Notify, NotifySetting, Role};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::transfer) struct MemberLine {
    room: RoomId,
    user: UserId,
    role: RoleLine,
    active: bool,
    joined_at: Timestamp,
    joined_seq: u64,
    marked_at: Timestamp,
    read_seq: u64,
    delivered_seq: u64,
    read_n: u64,
    read_own_n: u64,
    own_n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<NotifySetting>,
}

impl From<Member> for MemberLine {
    fn from(member: Member) -> Self {
        let Member { room, user, active, joined_at, joined_seq, marked_at, .. } = member;
        let Member { read_seq, delivered_seq, read_n, read_own_n, own_n, muted_until, .. } = member;
        Self {
            room,
            user,
            role: member.role.into(),
            active,
            joined_at,
            joined_seq,
            marked_at,
            read_seq,
            delivered_seq,
            read_n,
            read_own_n,
            own_n,
            muted_until,
            notifications: member.notify.and_then(|notify| notify.setting),
        }
    }
}

impl MemberLine {
    pub(in crate::transfer) fn record(self) -> Result<Member, FieldError> {
        let Self { room, user, role, active, joined_at, joined_seq, marked_at, notifications, .. } = self;
        let Self { read_seq, delivered_seq, read_n, read_own_n, own_n, muted_until, .. } = self;
        // The others are smaller, or the store refuses them.
        check_numbers(&[("deliveredSeq", delivered_seq), ("joinedSeq", joined_seq), ("ownN", own_n)])?;
        let (joined_pos, changed_pos, marks_pos) = (0, 0, 0);
        Ok(Member {
            room,
            user,
            role: role.into(),
            active,
            joined_at,
            joined_seq,
            joined_pos,
            changed_pos,
            marks_pos,
            marked_at,
            read_seq,
            delivered_seq,
            read_n,
            read_own_n,
            own_n,
            muted_until,
            // Of seconds ago, if at all.
            slowed_at: None,
            notify: notifications
                .map(|setting| Box::new(Notify { setting: Some(setting), pos: 0, told_pos: 0 })),
            // It is counted as it comes.
            hidden: 0,
        })
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum RoleLine {
    Owner,
    Member,
    Admin,
    ReadOnly,
}

impl From<Role> for RoleLine {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Member => Self::Member,
            Role::ReadOnly => Self::ReadOnly,
        }
    }
}

impl From<RoleLine> for Role {
    fn from(role: RoleLine) -> Self {
        match role {
            RoleLine::Owner => Self::Owner,
            RoleLine::Admin => Self::Admin,
            RoleLine::Member => Self::Member,
            RoleLine::ReadOnly => Self::ReadOnly,
        }
    }
}
