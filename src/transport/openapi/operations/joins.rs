//! What the operations of people who wait to come into a room take and answer with.

use serde_json::json;

use super::{Description, MODERATION, Query};
use crate::error::ErrorCode as Code;
use crate::model::Limit;
use crate::transport::openapi::bodies::Body;
use crate::transport::openapi::samples;
use crate::transport::openapi::schemas::named;
use crate::transport::rest::{DoneJson, Operation};
use crate::transport::wire::{JoinHeldJson, JoinRequestsJson, OwnJoinRequestsJson};

impl Description {
    /// What whoever wants to come in is told when they have to wait.
    pub(super) fn or_waits(self) -> Self {
        let answer = JoinHeldJson::of(&samples::error(Code::JoinHeld).into());
        self.answers(
            202,
            "The app's own rules have them wait until somebody lets them in. Asking again meanwhile is answered so too, and \
             changes nothing.",
            named::<JoinHeldJson>(),
            [("held", &answer)],
        )
    }
}

pub(super) fn of_joins(operation: Operation) -> Description {
    let done = DoneJson { room_uuid: samples::room_id() };
    let pages: &[Query] = &[Query::JoinRequestCursor, Query::Limit(Limit::MESSAGES)];
    match operation {
        Operation::ListOwnJoinRequests => Description::new(
            MODERATION,
            "List the caller's requests to join",
            "Those that the app's own rules have wait, of whatever room, the oldest first. A `notification` `joinRequestsChanged` \
             tells of a change, `joinApproved`, `joinRejected` or `joinExpired` what became of one. Why they wait, is not told.",
        )
        .query(pages)
        .answer(200, "A page of requests.", &OwnJoinRequestsJson::from(&samples::own_join_requests())),
        Operation::ApproveJoin => {
            let text = "It takes the permission `moderate`. They come in now, the way they have asked to, and are told by a \
                        `notification`. Who could not come in now waits on: the room is private by now or full, say, or the \
                        invite link that they have asked by holds no more.";
            Description::new(MODERATION, "Let somebody in who waits", text)
                .answer(200, "They are in.", &done)
                .codes(&[
                    Code::RoomNotFound,
                    Code::NotAParticipant,
                    Code::Forbidden,
                    Code::JoinRequestNotFound,
                    Code::InviteNotFound,
                    Code::RoomClosed,
                    Code::RoomFull,
                ])
        }
        Operation::RejectJoin => {
            let text = "It takes the permission `moderate`. They do not come in, and are told by a `notification`, with the \
                        reason if there is one.";
            Description::new(MODERATION, "Reject a request to join", text)
                .body(Body::Rejection, [("example", json!({ "reason": "Members only" })), ("none", json!({}))])
                .answer(200, "Rejected.", &done)
                .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::JoinRequestNotFound])
        }
        Operation::WithdrawJoin => {
            Description::new(MODERATION, "Withdraw a request to join", "The caller's own.")
                .answer(200, "Withdrawn.", &done)
                .codes(&[Code::RoomNotFound, Code::JoinRequestNotFound])
        }
        _ => Description::new(
            MODERATION,
            "List who waits to join a room",
            "It takes the permission `moderate`. Those whom the app's own rules have wait, the oldest request first. A \
             `notification` `joinRequestsChanged` tells of a change.",
        )
        .query(pages)
        .answer(200, "A page of requests.", &JoinRequestsJson::from(&samples::join_requests()))
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden]),
    }
}
