//! A line of what is kept of one person.

use std::sync::Arc;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{AttachmentId, ClientId, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    Attachment, Ban, Body, Custom, DailyHours, Edit, Follow, Hidden, Invite, JoinRequest, LastSeen, Member,
    Message, MessageType, Reaction, Relation, RelationKind, Report, ReportOutcome, Role, Room, RoomType,
};
use crate::store::Held;

/// A line.
#[derive(Debug, Serialize)]
#[serde(tag = "record", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Line {
    Header {
        format: u32,
        user_uuid: UserId,
        exported_at: Timestamp,
    },
    Profile {
        #[serde(skip_serializing_if = "Option::is_none")]
        nickname: Option<Arc<str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        profile_image: Option<Arc<str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        last_seen_at: Option<Timestamp>,
        #[serde(skip_serializing_if = "Option::is_none")]
        logged_out_at: Option<Timestamp>,
    },
    Settings {
        last_seen: LastSeen,
        invisible: bool,
        read_receipts: bool,
        changed_at: Timestamp,
    },
    DoNotDisturb {
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        #[serde(skip_serializing_if = "Option::is_none")]
        daily: Option<DailyLine>,
    },
    Relation {
        user_uuid: UserId,
        kind: &'static str,
        since: Timestamp,
    },
    Invitation {
        room_uuid: RoomId,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        created_at: Timestamp,
    },
    Ban {
        room_uuid: RoomId,
        created_at: Timestamp,
        until: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    Report {
        report_uuid: ReportId,
        room_uuid: RoomId,
        message_uuid: MessageId,
        created_at: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        outcome: Option<ReportOutcome>,
    },
    Held(Said),
    JoinRequest {
        join_request_uuid: JoinRequestId,
        room_uuid: RoomId,
        created_at: Timestamp,
    },
    Thread {
        room_uuid: RoomId,
        parent_message_uuid: MessageId,
        following: bool,
        since: Timestamp,
        read_seq: u64,
    },
    Membership {
        room_uuid: RoomId,
        r#type: RoomType,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Arc<str>>,
        role: Role,
        is_active: bool,
        joined_at: Timestamp,
        read_seq: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        muted_until: Option<Timestamp>,
        #[serde(skip_serializing_if = "Option::is_none")]
        notifications: Option<&'static str>,
    },
    Message(MessageLine),
    Edit {
        room_uuid: RoomId,
        message_uuid: MessageId,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Arc<str>>,
        since: Timestamp,
    },
    Reaction {
        room_uuid: RoomId,
        message_uuid: MessageId,
        reaction: Reaction,
    },
    Hidden {
        room_uuid: RoomId,
        message_uuid: MessageId,
    },
    Footer {
        lines: u64,
    },
}

/// Hours of each day.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DailyLine {
    from: String,
    to: String,
    utc_offset: i16,
}

/// What somebody says, or would.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Said {
    room_uuid: RoomId,
    message_uuid: MessageId,
    r#type: MessageType,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<Arc<str>>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileLine>,
    #[serde(skip_serializing_if = "Custom::is_empty")]
    custom: Custom,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageLine {
    #[serde(flatten)]
    said: Said,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_deleted: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileLine {
    attachment_uuid: AttachmentId,
    name: Arc<str>,
    media_type: Arc<str>,
    size: u64,
}

impl Line {
    pub(super) fn of_edit(room_uuid: RoomId, message_uuid: MessageId, edit: Edit) -> Self {
        let Edit { content, since, .. } = edit;
        Self::Edit { room_uuid, message_uuid, content, since }
    }

    pub(super) fn of_stay(room: Room, member: Member) -> Self {
        Self::Membership {
            room_uuid: room.id,
            r#type: room.kind.room_type(),
            name: room.name,
            role: member.role,
            is_active: member.active,
            joined_at: member.joined_at,
            read_seq: member.read_seq,
            muted_until: member.muted_until,
            notifications: member.notify.and_then(|chosen| chosen.setting).map(|chosen| chosen.level.name()),
        }
    }
}

impl From<DailyHours> for DailyLine {
    fn from(hours: DailyHours) -> Self {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        Self { from: clock(hours.from()), to: clock(hours.to()), utc_offset: hours.utc_offset() }
    }
}

impl From<Relation> for Line {
    fn from(Relation { other, kind, since, .. }: Relation) -> Self {
        let kind = match kind {
            RelationKind::Friend => "friend",
            RelationKind::RequestSent => "requestSent",
            RelationKind::RequestReceived => "requestReceived",
            RelationKind::Blocked => "blocked",
        };
        Self::Relation { user_uuid: other, kind, since }
    }
}

impl From<Invite> for Line {
    fn from(invite: Invite) -> Self {
        let Invite { room: room_uuid, expires_at, created_at, .. } = invite;
        Self::Invitation { room_uuid, expires_at, created_at }
    }
}

impl From<Ban> for Line {
    fn from(Ban { room, at, until, reason, .. }: Ban) -> Self {
        Self::Ban { room_uuid: room, created_at: at, until, reason }
    }
}

impl From<Report> for Line {
    fn from(report: Report) -> Self {
        let Report { id, room, message, at, reason, resolution, .. } = report;
        let outcome = resolution.map(|resolution| resolution.outcome);
        let (report_uuid, room_uuid, message_uuid) = (id, room, message);
        Self::Report { report_uuid, room_uuid, message_uuid, created_at: at, reason, outcome }
    }
}

impl From<Held> for Line {
    fn from(Held { id, room, body, attachments, client_id, custom, at, .. }: Held) -> Self {
        Self::Held(Said { custom, ..Said::new((room, id), body, at, client_id, &attachments) })
    }
}

impl From<JoinRequest> for Line {
    fn from(JoinRequest { id, room, at, .. }: JoinRequest) -> Self {
        Self::JoinRequest { join_request_uuid: id, room_uuid: room, created_at: at }
    }
}

impl From<Follow> for Line {
    fn from(Follow { room, root, following, since, read_seq, .. }: Follow) -> Self {
        let (room_uuid, parent_message_uuid) = (room, root);
        Self::Thread { room_uuid, parent_message_uuid, following, since, read_seq }
    }
}

impl From<Hidden> for Line {
    fn from(Hidden { room, message, .. }: Hidden) -> Self {
        Self::Hidden { room_uuid: room, message_uuid: message }
    }
}

impl Said {
    fn new(
        (room_uuid, message_uuid): (RoomId, MessageId),
        body: Body,
        created_at: Timestamp,
        client_id: Option<ClientId>,
        attachments: &[Attachment],
    ) -> Self {
        let r#type = body.message_type();
        let (content, image_url) = match body {
            Body::Text(words) => (Some(words), None),
            Body::Image { url, caption } => (caption, Some(url)),
            _ => (None, None),
        };
        let file = |file: &Attachment| FileLine {
            attachment_uuid: file.id,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
        };
        let files = attachments.iter().map(file).collect();
        let custom = Custom::default();
        Self { room_uuid, message_uuid, r#type, content, image_url, created_at, client_id, files, custom }
    }
}

impl From<Message> for MessageLine {
    fn from(message: Message) -> Self {
        let Message { id, room, seq, body, created_at, client_id, state, attachments, custom, .. } = message;
        let is_deleted = body.is_deleted();
        let said = Said { custom, ..Said::new((room, id), body, created_at, client_id, &attachments) };
        Self { said, seq, edited_at: state.edited_at, is_deleted }
    }
}
