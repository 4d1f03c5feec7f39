//! What the operations of those who keep a room in order take and answer with.

use serde_json::json;

use super::{Description, MODERATION, PEOPLE, Query};
use crate::error::ErrorCode as Code;
use crate::model::Limit;
use crate::transport::openapi::bodies::Body;
use crate::transport::openapi::samples;
use crate::transport::rest::{DoneJson, Operation};
use crate::transport::wire::{AuditJson, BanJson, BansJson, MuteJson, ReportJson, ReportsJson};

pub(super) fn of_moderators(operation: Operation) -> Description {
    let done = DoneJson { room_uuid: samples::room_id() };
    let (ban, bans) = (samples::ban(), samples::bans());
    let codes = &[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden];
    let in_open = &[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::RoomClosed];
    match operation {
        Operation::Mute => {
            let text = "It takes the permission `moderate`, and a greater role than theirs. They neither send, edit, react nor \
                        upload, and nobody sees them type. Another mute takes the place of the one before it; leaving and coming \
                        back ends none.";
            let (user, muted_until) = (samples::user("ben"), ban.until);
            let muted = MuteJson { room_uuid: samples::room_id(), user_uuid: &user, muted_until };
            Description::new(MODERATION, "Mute somebody", text)
                .body(
                    Body::Sanction,
                    [
                        ("example", json!({ "expiresIn": 3600, "reason": "Shouting" })),
                        ("for good", json!({})),
                    ],
                )
                .answer(200, "Muted.", &muted)
                .codes(in_open)
        }
        Operation::Unmute => Description::new(
            MODERATION,
            "Let somebody speak again",
            "It takes the permission `moderate`, and a greater role than theirs. Who is not muted stays so.",
        )
        .answer(200, "They speak again.", &done)
        .codes(in_open),
        Operation::Ban => {
            let text = "It takes the permission `moderate`, and a greater role than theirs where they are in the room: they are \
                        taken out of it. Nobody who is banned comes in, neither by themselves nor by an invite link nor added by \
                        somebody. Another ban takes the place of the one before it.";
            Description::new(MODERATION, "Ban somebody", text)
                .body(
                    Body::Sanction,
                    [
                        ("example", json!({ "expiresIn": 86_400, "reason": "Advertising" })),
                        ("for good", json!({})),
                    ],
                )
                .answer(200, "The ban.", &BanJson::from(&ban))
                .codes(codes)
        }
        Operation::Unban => Description::new(
            MODERATION,
            "Take a ban back",
            "It takes the permission `moderate`. Who is not banned stays so.",
        )
        .answer(200, "They may come back.", &done)
        .codes(codes),
        Operation::Report => {
            let text = "Those who look after the room see it, and whoever sent the message never learns of it. One user reports a \
                        message once: again gives the first report back.";
            Description::new(MODERATION, "Report a message", text)
                .body(Body::NewReport, [("example", json!({ "reason": "Advertising" })), ("none", json!({}))])
                .answer(201, "The report.", &ReportJson::from(&samples::report()))
                .codes(&[
                    Code::RoomNotFound,
                    Code::NotAParticipant,
                    Code::Forbidden,
                    Code::MessageNotFound,
                    Code::MessageDeleted,
                ])
        }
        Operation::ListReports => Description::new(
            MODERATION,
            "List a room's reports",
            "It takes the permission `moderate`. Those that wait, the oldest first. A `notification` `reportsChanged` tells of a change.",
        )
        .query(&[Query::ReportCursor, Query::Limit(Limit::MESSAGES)])
        .answer(200, "A page of reports.", &ReportsJson::from(&samples::reports()))
        .codes(codes),
        Operation::ResolveReport => {
            let text = "It takes the permission `moderate`. The report waits no more; what was said first stands. It is a word \
                        for what was done, and does nothing by itself.";
            Description::new(MODERATION, "Say what came of a report", text)
                .body(Body::NewResolution, [("example", json!({ "outcome": "messageDeleted" }))])
                .answer(200, "Resolved.", &done)
                .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::ReportNotFound])
        }
        Operation::ListAudit => {
            let text = "It takes the permission `moderate`. Mutes, bans and their ends, who was taken out, whose message was \
                        deleted by somebody else, whose pinned, roles, slow mode, and what else was changed of the room, the newest \
                        first.";
            Description::new(MODERATION, "Read a room's audit trail", text)
                .query(&[Query::ActCursor, Query::Limit(Limit::MESSAGES)])
                .answer(200, "A page of what was done.", &AuditJson::from(&samples::audit()))
                .codes(codes)
        }
        _ => Description::new(
            MODERATION,
            "List a room's bans",
            "It takes the permission `moderate`. Those that hold, in the order of the users' ids.",
        )
        .query(PEOPLE)
        .answer(200, "A page of bans.", &BansJson::from(&bans))
        .codes(codes),
    }
}
