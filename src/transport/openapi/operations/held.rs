//! What the operations of messages that are held back take and answer with.

use serde_json::json;

use super::{Description, MODERATION, Query};
use crate::error::ErrorCode as Code;
use crate::event::View;
use crate::model::Limit;
use crate::transport::openapi::bodies::Body;
use crate::transport::openapi::samples;
use crate::transport::rest::{DoneJson, Operation};
use crate::transport::wire::{HeldPageJson, MessageJson};

pub(super) fn of_held(operation: Operation) -> Description {
    let done = DoneJson { room_uuid: samples::room_id() };
    let pages: &[Query] = &[Query::HeldCursor, Query::Limit(Limit::MESSAGES)];
    match operation {
        Operation::ListOwnHeld => Description::new(
            MODERATION,
            "List the caller's held messages",
            "Those that the app's own rules hold back, in whatever room, the oldest first. A `notification` \
             `heldMessagesChanged` tells of a change, `messageApproved`, `messageRejected` or `messageExpired` what became of \
             one. Why they are held, is not told.",
        )
        .query(pages)
        .answer(200, "A page of held messages.", &HeldPageJson::from(&samples::own_held())),
        Operation::ApproveHeld => {
            let text = "It takes the permission `moderate`. The message is sent now, as its sender, who is told by a \
                        `notification`; it keeps its `heldUuid` as its id. Nobody approves their own, and what its sender may \
                        not send now waits on.";
            Description::new(MODERATION, "Approve a held message", text)
                .answer(200, "The message.", &MessageJson::fresh(&samples::message(), View::Others))
                .codes(&[
                    Code::RoomNotFound,
                    Code::NotAParticipant,
                    Code::Forbidden,
                    Code::MessageNotFound,
                    Code::MessageDeleted,
                    Code::AttachmentNotFound,
                    Code::RoomClosed,
                ])
        }
        Operation::RejectHeld => {
            let text = "It takes the permission `moderate`. The message is not sent; its sender is told by a `notification`, \
                        with the reason if there is one.";
            Description::new(MODERATION, "Reject a held message", text)
                .body(Body::Rejection, [("example", json!({ "reason": "Advertising" })), ("none", json!({}))])
                .answer(200, "Rejected.", &done)
                .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::MessageNotFound])
        }
        Operation::WithdrawHeld => Description::new(
            MODERATION,
            "Withdraw a held message",
            "The caller's own, before it is sent. Their connections are told by a `notification`. No participant learns of it but \
             those who moderate the room.",
        )
        .answer(200, "Withdrawn.", &done)
        .codes(&[Code::RoomNotFound, Code::MessageNotFound]),
        _ => Description::new(
            MODERATION,
            "List a room's held messages",
            "It takes the permission `moderate`. Those that the app's own rules hold back, the oldest first. A `notification` \
             `heldMessagesChanged` tells of a change.",
        )
        .query(pages)
        .answer(200, "A page of held messages.", &HeldPageJson::from(&samples::held()))
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden]),
    }
}
