//! What the operations on the caller's own take and answer with: settings, what is kept of them, tokens.

use serde_json::json;

use super::{Description, SETTINGS, TOKENS};
use crate::transport::openapi::bodies::Body;
use crate::transport::openapi::samples;
use crate::transport::rest::Operation;
use crate::transport::rest::{LoggedOutJson, TokenJson};
use crate::transport::wire::SettingsJson;

pub(super) fn of_settings(operation: Operation) -> Description {
    match operation {
        Operation::LogOut => Description::new(
            TOKENS,
            "Log out everywhere",
            "Tokens that were issued before hold no more, and connections opened with them end.",
        )
        .answer(200, "Logged out.", &LoggedOutJson { user_uuid: samples::user("ana") }),
        Operation::ExportMe => Description::new(
            SETTINGS,
            "Export all that is kept of the caller",
            "Lines of JSON, written as they are taken: a `header`; the `profile`; `settings`; each `relation`, `invitation`, `ban` and \
             `report` of the caller's; of each room a `membership`, and the caller's own `message`s with the names of their \
             files, and `reaction`s; and a `footer` with the number of lines before it, without which something is missing. \
             Nothing that others have said.",
        )
        .answers_with_lines(200, "All of it."),
        Operation::GetSettings => {
            Description::new(SETTINGS, "Get what others see of the caller", "By default all of it.").answer(
                200,
                "What others see.",
                &SettingsJson::from(&samples::settings()),
            )
        }
        _ => Description::new(
            SETTINGS,
            "Change what others see of the caller",
            "What is left out stays. It holds at once: whoever is invisible has gone for everybody, and no mark of whoever \
             hides theirs is told any more. Hiding something takes nothing away: the caller sees of others what those \
             show. Other devices of the caller's get a `notification`.",
        )
        .body(
            Body::SettingsUpdate,
            [
                ("invisible", json!({ "invisible": true })),
                ("private read receipts", json!({ "readReceipts": false })),
                ("lastSeen", json!({ "lastSeen": "friends" })),
            ],
        )
        .answer(200, "What others see from now on.", &SettingsJson::from(&samples::settings())),
    }
}

pub(super) fn dev_token() -> Description {
    let token = TokenJson { access_token: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln".into(), expires_in: 86_400 };
    Description::new(
        TOKENS,
        "Get a token for development",
        "There only in development: anybody gets a token of anybody.",
    )
    .body(Body::TokenRequest, [("example", json!({ "userUuid": "ana", "nickname": "Ana" }))])
    .answer(201, "A token.", &token)
}
