//! What moderators see.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::id::{JoinRequestId, ReportId};
use crate::model::{
    Act, AuditEntry, AuditPage, Ban, BanPage, Body, HeldMessage, HeldPage, JoinRequest, JoinRequestPage,
    Mentions, OwnJoinRequest, OwnJoinRequestPage, Report, ReportOutcome, ReportPage, Role, Visibility,
};

use super::{ana, answer, at, attachment, ben, invite, message_id, room, room_id, user, workout};

pub(in crate::transport::openapi) fn ban() -> Ban {
    let reason = Some("Advertising".into());
    Ban { room: room_id(), user: user("ben"), by: Some(user("ana")), at: at(40), until: at(86_440), reason }
}

pub(in crate::transport::openapi) fn report() -> Report {
    Report {
        id: ReportId::from_bytes(*b"\x01\x9c\xad\x8a\x2d\xf8Report 001"),
        room: room_id(),
        message: message_id(),
        sender: user("ana"),
        by: user("ben"),
        at: at(35),
        reason: Some("Advertising".into()),
        resolution: None,
    }
}

pub(in crate::transport::openapi) fn reports() -> ReportPage {
    ReportPage { reports: vec![report()], next: None }
}

pub(in crate::transport::openapi) fn held() -> HeldPage {
    let held = HeldMessage {
        id: message_id(),
        room: room_id(),
        sender: ana(),
        body: Body::Text("Shoes, half price".into()),
        attachments: Arc::new([attachment()]),
        quoted: Some(answer().id),
        forwarded: Some(ben()),
        mentions: Some(Box::new(Mentions { users: vec![user("ben")], all: true })),
        parent: Some(answer().id),
        show_in_room: true,
        custom: workout().custom,
        reason: Some("Looks like advertising".into()),
        at: at(30),
    };
    HeldPage { held: vec![held], next: None }
}

/// The same, as its sender sees it.
pub(in crate::transport::openapi) fn own_held() -> HeldPage {
    let mut page = held();
    page.held.iter_mut().for_each(|held| held.reason = None);
    page
}

pub(in crate::transport::openapi) fn join_request() -> JoinRequest {
    JoinRequest {
        id: JoinRequestId::from_bytes(*b"\x01\x9c\xad\x8a\x2d\xf8Joining 01"),
        room: room_id(),
        user: user("ben"),
        invite: Some(invite().code),
        reason: Some("A new account".into()),
        at: at(30),
    }
}

pub(in crate::transport::openapi) fn join_requests() -> JoinRequestPage {
    JoinRequestPage { requests: vec![(join_request(), ben())], next: None }
}

/// The same, as who asks sees it.
pub(in crate::transport::openapi) fn own_join_requests() -> OwnJoinRequestPage {
    OwnJoinRequestPage { requests: vec![OwnJoinRequest::new(&join_request(), &room())], next: None }
}

/// One of each act.
pub(in crate::transport::openapi) fn audit() -> AuditPage {
    let acts = [
        Act::Mute(at(3600)),
        Act::Unmute,
        Act::Ban(Timestamp::NEVER),
        Act::Unban,
        Act::Remove,
        Act::Delete(message_id()),
        Act::SetRole(Role::Admin),
        Act::SlowMode(30),
        Act::Resolve(message_id(), ReportOutcome::MessageDeleted),
        Act::ApproveMessage(message_id()),
        Act::RejectMessage(message_id()),
        Act::ApproveJoin,
        Act::RejectJoin,
        Act::SetPermissions,
        Act::SetVisibility(Visibility::Public),
        Act::RevokeInvite,
        Act::Rename,
        Act::SetTopic,
        Act::SetPicture,
        Act::SetCustom,
        Act::Pin(message_id()),
        Act::Unpin(message_id()),
        Act::CloseRoom,
        Act::ReopenRoom,
    ];
    let entry = |(pos, act): (u64, Act)| {
        let by = Some(user("ana")).filter(|_| act != Act::Unban);
        let is_of_room = matches!(
            act,
            Act::SlowMode(_)
                | Act::SetPermissions
                | Act::SetVisibility(_)
                | Act::CloseRoom
                | Act::ReopenRoom
                | Act::Rename
                | Act::SetTopic
                | Act::SetPicture
                | Act::SetCustom
        );
        let whom = Some(user("ben")).filter(|_| !is_of_room);
        let reason = matches!(act, Act::Ban(_)).then(|| "Advertising".to_owned());
        AuditEntry { room: room_id(), pos, at: at(40), by, act, user: whom, reason }
    };
    AuditPage { entries: (7..).zip(acts).map(entry).collect(), next: Some(14) }
}

pub(in crate::transport::openapi) fn bans() -> BanPage {
    BanPage { bans: vec![(ban(), ben())], next: None }
}
