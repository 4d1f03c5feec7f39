//! What the operations of invite links and invitations take and answer with.

use serde_json::json;

use super::{Description, IN_ROOM, Query, ROOMS};
use crate::error::ErrorCode as Code;
use crate::model::Limit;
use crate::transport::openapi::bodies::Body;
use crate::transport::openapi::samples;
use crate::transport::rest::{DoneJson, Operation};
use crate::transport::wire::{InvitationsJson, InviteJson, InvitePreviewJson, InvitesJson, RoomJson};

pub(super) fn of_invites(operation: Operation) -> Description {
    let room = samples::room_view();
    let done = DoneJson { room_uuid: samples::room_id() };
    match operation {
        Operation::CreateInvite => Description::new(
            ROOMS,
            "Make an invite link, or an invitation",
            "It takes the permission `invite`. Whoever has the code comes in for as long as the link holds; keep it like a \
             key. With `userUuid` it lets in nobody else, takes the place of an earlier one of theirs, and they are told of \
             it by a `notification`.",
        )
        .body(
            Body::NewInvite,
            [
                ("example", json!({ "expiresIn": 3600, "maxUses": 10 })),
                ("for ever", json!({})),
                ("invitation", json!({ "userUuid": "ben" })),
            ],
        )
        .answer(201, "The link.", &InviteJson::from(&samples::invite()))
        .codes(&[
            Code::RoomNotFound,
            Code::NotAParticipant,
            Code::Forbidden,
            Code::RoomClosed,
            Code::LimitReached,
        ]),
        Operation::ListInvites => Description::new(
            ROOMS,
            "List a room's invite links",
            "Those that hold: all of them with the permission `remove`, one's own without it.",
        )
        .answer(200, "The links.", &InvitesJson::from(&[samples::invite()][..]))
        .codes(IN_ROOM),
        Operation::RevokeInvite => Description::new(
            ROOMS,
            "Revoke an invite link, or an invitation",
            "One's own; any, with the permission `remove`. Nobody comes in by it after that.",
        )
        .answer(200, "Revoked.", &done)
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::InviteNotFound]),
        Operation::ListInvitations => Description::new(
            ROOMS,
            "List the caller's invitations",
            "Those that hold and were not answered yet, in the order of their codes.",
        )
        .query(&[Query::InviteCursor, Query::Limit(Limit::MESSAGES)])
        .answer(200, "A page of invitations.", &InvitationsJson::from(&samples::invitations())),
        Operation::GetInvite => Description::new(
            ROOMS,
            "See what an invite link or an invitation leads to",
            "Before one comes in by it: the room as it is now, who invites, and in `refusal` what would keep the caller out \
             now. Of one that holds no more, or invites somebody else, nothing is told but that.",
        )
        .answer(200, "What it leads to.", &InvitePreviewJson::from(&samples::invite_preview()))
        .codes(&[Code::InviteNotFound]),
        Operation::DeclineInvite => Description::new(
            ROOMS,
            "Decline an invitation",
            "Whoever has made it is told by a `notification`.",
        )
        .answer(200, "Declined.", &done)
        .codes(&[Code::InviteNotFound]),
        _ => Description::new(
            ROOMS,
            "Join a room by an invite link or an invitation",
            "Whoever is in it already stays as they are, and uses none up.",
        )
        .answer(200, "The room.", &RoomJson::from(&room))
        .or_waits()
        .codes(&[Code::InviteNotFound, Code::Forbidden, Code::Banned, Code::RoomClosed, Code::RoomFull]),
    }
}
