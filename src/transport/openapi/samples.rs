//! The people, rooms and messages of the examples. What the documents show of them is written by the same types
//! that write answers and events.

mod messages;
mod moderation;
mod rooms;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::error::{Contradiction, ErrorCode, ErrorKind, LimitName};
use crate::event::{Amended, Called, Event, EventKind, Notification, Ready, ReadyRoom, RoomChange, View};
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{
    Amendment, Epoch, FriendNotice, Mark, Position, Profile, RelationKind, RelationPage, RelationView, Role,
    Room, Settings, SettingsUpdate, Token,
};
use crate::transport::wire::RoomJson;

pub(super) use messages::{
    amended, answer, attachment, begun_message, deleted, delta, edited, edits, forwarded, history_page,
    history_window, hits, left_thread, liked, liked_view, marked, mentioning, message, message_view,
    named_message, picture_message, pinned, pins, reactions, replies, reply, root, system_message,
    thread_state, threads, thumb, workout,
};
pub(super) use moderation::{
    audit, ban, bans, held, join_request, join_requests, own_held, own_join_requests, report, reports,
};
pub(super) use rooms::{
    deleted_room, feed, first_page, invitation, invitations, invite, invite_preview, kept, muted, new_room,
    participants, public_rooms, quiet, room, room_view, rooms,
};

/// 2026-03-02T09:00:00Z.
const MORNING: i64 = 1_772_442_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(MORNING + second * 1000)
}

pub(super) fn user(name: &str) -> UserId {
    name.parse().expect("the names of the examples are ids")
}

fn profile(name: &str, nickname: &str) -> Profile {
    Profile { user: user(name), nickname: nickname.into(), image: None }
}

pub(super) fn ana() -> Profile {
    Profile { image: Some("https://example.org/ana.png".into()), ..profile("ana", "Ana") }
}

pub(super) fn ben() -> Profile {
    profile("ben", "Ben")
}

pub(super) fn room_id() -> RoomId {
    RoomId::from_bytes(*b"\x01\x9c\xad\x8a\x21\x40Runners 01")
}

pub(super) fn message_id() -> MessageId {
    MessageId::from_bytes(*b"\x01\x9c\xad\x8a\x2d\xf8Message 01")
}

pub(super) fn token() -> Token {
    Token { epoch: Epoch(0x7a5c_1f09_83e2_b4d6), position: Position::single(42) }
}

pub(super) fn relation(kind: Option<RelationKind>) -> RelationView {
    let relation = kind.map(|kind| (kind, at(0)));
    RelationView { other: ben(), relation, online: kind == Some(RelationKind::Friend) }
}

pub(super) fn people(kind: RelationKind) -> RelationPage {
    RelationPage { people: vec![relation(Some(kind))], next: None }
}

pub(super) fn settings() -> Settings {
    let hidden = SettingsUpdate { invisible: Some(true), ..SettingsUpdate::default() };
    Settings::default().updated(hidden, at(0))
}

/// A call for a room to be made.
pub(super) fn call() -> Value {
    let room = json!({ "type": "GROUP", "name": "Morning runs", "participantUuids": ["ben"] });
    json!({ "method": "POST", "path": "/chat/rooms", "body": room })
}

/// What that comes to.
pub(super) fn called() -> Called {
    // These types always serialize.
    let body = serde_json::value::to_raw_value(&RoomJson::from(&room_view()))
        .unwrap_or_else(|_| RawValue::NULL.to_owned());
    Called { status: 201, body }
}

/// One event of each kind, and of each shape that a kind has.
pub(super) fn events() -> Vec<(Event, View)> {
    let room = Arc::new(room());
    let (here, now) = (Some(room_id()), Some(token()));
    let event = |room, token, kind| (Event { room, token, kind }, View::Others);
    let durable = |kind| event(here, now, kind);
    let fleeting = |kind| event(here, None, kind);
    let of_user = |notification| event(None, None, EventKind::Notification(notification));
    let friend = |notice| of_user(Notification::Friend(notice, ana()));
    let ready_room = ReadyRoom { room: room.clone(), unread: 1, mentions: 1 };
    let ready = Ready { user: user("ben"), recovered: true, rooms: vec![ready_room] };
    // On another device of its sender's.
    let own = (durable(EventKind::Message(Arc::new(named_message()))).0, View::Sender);
    let gone = EventKind::Presence { user: user("ben"), online: false, last_seen: Some(at(60)) };
    vec![
        event(None, now, EventKind::Ready(ready)),
        event(None, now, EventKind::CaughtUp { recovered: true }),
        durable(EventKind::Message(Arc::new(message()))),
        durable(EventKind::Message(Arc::new(picture_message()))),
        durable(EventKind::Message(Arc::new(answer()))),
        durable(EventKind::Message(Arc::new(forwarded()))),
        durable(EventKind::Message(Arc::new(mentioning()))),
        durable(EventKind::Message(Arc::new(workout()))),
        durable(EventKind::Message(Arc::new(reply()))),
        durable(EventKind::Amended(amended(root(), Amendment::Replied(true)))),
        own,
        durable(EventKind::System(Arc::new(system_message()))),
        durable(EventKind::Amended(amended(edited(), Amendment::Edited))),
        durable(EventKind::Amended(amended(deleted(), Amendment::Deleted))),
        durable(EventKind::Amended(amended(liked(), Amendment::Reacted(thumb(), true)))),
        durable(EventKind::Amended(amended(pinned(), Amendment::Pinned(true)))),
        durable(EventKind::Amended(Amended {
            message: Arc::new(liked()),
            by: None,
            how: None,
            own_reactions: Some(vec![thumb()]),
        })),
        fleeting(EventKind::Delta(delta())),
        durable(EventKind::Hidden { message: message_id(), seq: 2 }),
        durable(EventKind::Thread { root: message_id(), following: true, read_seq: 12 }),
        durable(EventKind::Thread { root: message_id(), following: false, read_seq: 12 }),
        fleeting(EventKind::Typing(ana(), true)),
        durable(EventKind::Marked(user("ben"), Mark::Read, marked())),
        durable(EventKind::Marked(user("ben"), Mark::Delivered, marked())),
        fleeting(gone),
        fleeting(EventKind::TypingCount(3)),
        fleeting(EventKind::OnlineCount(250)),
        durable(EventKind::Room(RoomChange::Updated, room.clone())),
        durable(EventKind::Room(RoomChange::Updated, Arc::new(Room { slow_mode: 30, ..Room::clone(&room) }))),
        durable(EventKind::Room(RoomChange::Updated, Arc::new(kept()))),
        durable(EventKind::Room(RoomChange::Reset, room.clone())),
        durable(EventKind::Room(RoomChange::Left, room.clone())),
        durable(EventKind::Room(RoomChange::Left, Arc::new(deleted_room()))),
        durable(EventKind::Participant(ben(), true)),
        durable(EventKind::Participant(ben(), false)),
        durable(EventKind::Role(ben(), Role::Admin, None)),
        durable(EventKind::Role(ben(), Role::Member, Some(at(3600)))),
        fleeting(EventKind::Notification(Notification::AddedToRoom(room))),
        fleeting(EventKind::Notification(Notification::RemovedFromRoom(room_id()))),
        fleeting(EventKind::Notification(Notification::RoomDeleted(room_id()))),
        friend(FriendNotice::Requested),
        friend(FriendNotice::Withdrawn),
        friend(FriendNotice::Accepted),
        friend(FriendNotice::Declined),
        of_user(Notification::FriendsChanged(ben())),
        of_user(Notification::Invited(invitation())),
        of_user(Notification::InviteEnded(room_id(), invitation().code)),
        of_user(Notification::InviteDeclined(room_id(), ben())),
        durable(EventKind::Notification(Notification::Notifications(room_id(), Some(muted())))),
        of_user(Notification::DoNotDisturb(quiet())),
        of_user(Notification::Settings(settings())),
        of_user(Notification::MessageApproved(room_id(), message_id())),
        of_user(Notification::MessageRejected(room_id(), message_id(), Some("Advertising".into()))),
        of_user(Notification::MessageExpired(room_id(), message_id())),
        of_user(Notification::MessageWithdrawn(room_id(), message_id())),
        of_user(Notification::HeldMessagesChanged(room_id())),
        of_user(Notification::ReportsChanged(room_id())),
        of_user(Notification::JoinRequestsChanged(room_id())),
        of_user(Notification::JoinApproved(room_id(), join_request().id)),
        of_user(Notification::JoinRejected(room_id(), join_request().id, Some("Members only".into()))),
        of_user(Notification::JoinExpired(room_id(), join_request().id)),
    ]
}

/// An error of this code.
pub(super) fn error(code: ErrorCode) -> ErrorKind {
    let room = room_id();
    match code {
        ErrorCode::InvalidInput => {
            ErrorKind::Invalid { field: "limit".into(), reason: "must be between 1 and 100".into() }
        }
        ErrorCode::PayloadTooLarge => ErrorKind::TooLarge { what: Cow::Borrowed("body"), limit: 1024 * 1024 },
        ErrorCode::UnsupportedMediaType => ErrorKind::UnsupportedMediaType,
        ErrorCode::Unauthenticated => ErrorKind::Unauthenticated,
        ErrorCode::TokenExpired => ErrorKind::TokenExpired,
        ErrorCode::Forbidden => ErrorKind::Forbidden("only the room's owner may do this".into()),
        ErrorCode::NotFriends => ErrorKind::NotFriends(user("ben")),
        ErrorCode::FriendRequestNotFound => ErrorKind::FriendRequestNotFound(user("ben")),
        ErrorCode::InviteNotFound => ErrorKind::InviteNotFound,
        ErrorCode::NotAParticipant => ErrorKind::NotAParticipant(room),
        ErrorCode::Muted => ErrorKind::Muted(at(3600)),
        ErrorCode::Banned => ErrorKind::Banned { user: user("ben"), until: Timestamp::NEVER },
        ErrorCode::RoomNotFound => ErrorKind::RoomNotFound(room),
        ErrorCode::MessageNotFound => ErrorKind::MessageNotFound(message_id()),
        ErrorCode::MessageDeleted => ErrorKind::MessageDeleted(message_id()),
        ErrorCode::Held => ErrorKind::Held(message_id()),
        ErrorCode::JoinHeld => ErrorKind::JoinHeld(join_request().id),
        ErrorCode::JoinRequestNotFound => ErrorKind::JoinRequestNotFound(join_request().id),
        ErrorCode::ReportNotFound => ErrorKind::ReportNotFound(report().id),
        ErrorCode::AttachmentNotFound => ErrorKind::AttachmentNotFound(attachment().id),
        ErrorCode::AttachmentUsed => ErrorKind::AttachmentUsed(attachment().id),
        ErrorCode::QuotaExceeded => ErrorKind::QuotaExceeded(10 * 1024 * 1024 * 1024),
        ErrorCode::TypeNotAllowed => ErrorKind::TypeNotAllowed("text/html".into()),
        ErrorCode::NotFound => ErrorKind::NotFound,
        ErrorCode::MethodNotAllowed => ErrorKind::MethodNotAllowed,
        ErrorCode::RoomClosed => ErrorKind::RoomClosed(room),
        ErrorCode::RoomFull => ErrorKind::RoomFull(100_000),
        ErrorCode::LimitReached => ErrorKind::LimitReached { limit: LimitName::Pins, allowed: 100 },
        ErrorCode::ChallengeRoomExists => ErrorKind::ChallengeRoomExists(room),
        ErrorCode::ClientIdConflict => ErrorKind::ClientIdConflict,
        ErrorCode::ImportConflict => ErrorKind::Contradiction(Contradiction::Room { room }),
        ErrorCode::RateLimited => ErrorKind::RateLimited(Duration::from_secs(2)),
        ErrorCode::Unavailable => ErrorKind::Unavailable,
    }
}
