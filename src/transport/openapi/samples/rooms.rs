//! Rooms and what lets one in.

use std::sync::Arc;

use crate::error::ErrorKind;
use crate::event::Participants;
use crate::model::{
    About, Custom, DailyHours, DoNotDisturb, FeedPage, FeedRoom, Floor, Invitation, InvitationPage, Invite,
    InviteCode, InvitePreview, Limit, NotifyLevel, NotifySetting, Page, PageQuery, Participant, Permissions,
    PublicRooms, Retention, Role, Room, RoomKind, RoomView, Visibility,
};

use super::{ana, at, ben, message_view, room_id, token, user};

pub(in crate::transport::openapi) fn room() -> Room {
    Room {
        id: room_id(),
        kind: RoomKind::Group,
        name: Some("Runners".into()),
        active: true,
        created_at: at(0),
        seq: 2,
        countable: 2,
        members: 2,
        last_message_at: Some(at(30)),
        created_pos: 1,
        changed_pos: 1,
        last_pos: 3,
        marks_pos: 3,
        permissions: Permissions::default(),
        about: About {
            topic: Some("Tuesdays at seven".into()),
            picture: None,
            visibility: Visibility::Public,
            custom: Custom::from(&[("pace".to_owned(), "easy".into())].into_iter().collect()),
        },
        slow_mode: 0,
        keeping: None,
        threads_pos: 0,
    }
}

/// One with a rule of its own, of which the beginning was cut away.
pub(in crate::transport::openapi) fn kept() -> Room {
    let mut room = Room { seq: 52, countable: 52, ..room() };
    room.keep(|keeping| {
        keeping.retention = Retention::new(Some(90), Some(10_000)).ok();
        keeping.floor = Floor { seq: 12, pos: 12, n: 11, oldest_at: Some(at(20)) };
    });
    room
}

/// What is left of one that was deleted.
pub(in crate::transport::openapi) fn deleted_room() -> Room {
    let (name, about) = (None, About::default());
    let mut room = Room { name, about, active: false, members: 0, ..room() };
    room.keep(|keeping| keeping.deleted_at = Some(at(60)));
    room
}

pub(in crate::transport::openapi) fn room_view() -> RoomView {
    RoomView {
        room: Arc::new(room()),
        name: "Runners".into(),
        participants: vec![user("ana"), user("ben")],
        unread: 1,
        mentions: 1,
        last_message: Some(message_view()),
        role: Role::Owner,
        muted_until: None,
        notify: None,
        online: None,
    }
}

pub(in crate::transport::openapi) fn feed() -> FeedPage {
    let room = FeedRoom {
        room: room_id(),
        is_member: true,
        seq: 3,
        read_seq: 2,
        unread: 1,
        mentions: 1,
        notify: Some(muted()),
        version: 1042,
    };
    FeedPage {
        is_delta: true,
        rooms: vec![room],
        invitations: vec![invitation()],
        next: None,
        token: Some(token()),
    }
}

/// A choice of notices.
pub(in crate::transport::openapi) fn muted() -> NotifySetting {
    NotifySetting { level: NotifyLevel::None, until: Some(at(3600)) }
}

pub(in crate::transport::openapi) fn quiet() -> DoNotDisturb {
    DoNotDisturb { until: None, daily: DailyHours::new(22 * 60, 7 * 60, 9 * 60) }
}

/// A room that was made just now.
pub(in crate::transport::openapi) fn new_room() -> RoomView {
    let room = Room { seq: 0, countable: 0, last_message_at: None, ..room() };
    RoomView { room: Arc::new(room), unread: 0, mentions: 0, last_message: None, ..room_view() }
}

pub(in crate::transport::openapi) fn first_page(limit: Limit) -> PageQuery {
    PageQuery::new(1, limit).expect("pages are counted from 1")
}

pub(in crate::transport::openapi) fn rooms() -> Page<RoomView> {
    let query = first_page(Limit::ROOMS);
    Page { items: vec![room_view()], query, total: 1 }
}

pub(in crate::transport::openapi) fn invite() -> Invite {
    Invite {
        code: InviteCode::from_bytes(*b"An invite link 1"),
        room: room_id(),
        by: Some(user("ana")),
        created_at: at(5),
        expires_at: Some(at(3605)),
        max_uses: std::num::NonZeroU32::new(10),
        uses: 1,
        user: None,
    }
}

pub(in crate::transport::openapi) fn invitation() -> Invitation {
    let invite = Invite { code: InviteCode::from_bytes(*b"An invitation 01"), ..invite() };
    Invitation::new(&invite, &room(), Some(ana()))
}

pub(in crate::transport::openapi) fn invite_preview() -> InvitePreview {
    let Invite { code, expires_at, .. } = invite();
    let refusal = Some(ErrorKind::Banned { user: user("cho"), until: at(7200) });
    InvitePreview { code, room: room(), by: Some(ana()), expires_at, is_participant: false, refusal }
}

pub(in crate::transport::openapi) fn invitations() -> InvitationPage {
    InvitationPage { invitations: vec![invitation()], next: Some(invitation().code) }
}

pub(in crate::transport::openapi) fn public_rooms() -> PublicRooms {
    PublicRooms { rooms: vec![room()], next: Some(room_id()) }
}

pub(in crate::transport::openapi) fn participants() -> Participants {
    let ana =
        Participant { profile: ana(), role: Role::Owner, online: true, last_seen: None, muted_until: None };
    let ben = Participant {
        profile: ben(),
        role: Role::Member,
        online: false,
        last_seen: Some(at(10)),
        muted_until: Some(at(3600)),
    };
    Participants { participants: vec![ana, ben], next: None }
}
