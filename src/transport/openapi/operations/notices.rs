//! What the operations of notices take and answer with.

use serde_json::json;

use super::{Description, IN_ROOM, NOTICES, Query};
use crate::model::Limit;
use crate::transport::openapi::bodies::Body;
use crate::transport::openapi::samples;
use crate::transport::rest::Operation;
use crate::transport::wire::{DoNotDisturbJson, FeedJson, RoomJson};

pub(super) fn of_notices(operation: Operation) -> Description {
    let (quiet, loud) = (samples::quiet(), Default::default());
    match operation {
        Operation::GetFeed => {
            let text = "What a badge and a list of rooms show, and nothing of what was said: of each room that has changed for \
                        the caller since a token, its counts as they are now; of each that they left since, that they are no \
                        member. What has not changed may be in it too. All pages are asked for with the same `since`.";
            Description::new(NOTICES, "Read the caller's feed", text)
                .query(&[Query::Since, Query::FeedCursor, Query::Limit(Limit::MESSAGES)])
                .answer(200, "A page of the feed.", &FeedJson::from(&samples::feed()))
        }
        Operation::SetNotifications => Description::new(
            NOTICES,
            "Choose of which messages of a room one wants notices",
            "For a time, or for good. Nobody else learns of it; the caller's other devices do.",
        )
        .body(
            Body::NewLevel,
            [
                ("example", json!({ "notifications": "mentions" })),
                ("for eight hours", json!({ "notifications": "none", "expiresIn": 28_800 })),
                ("back", json!({ "notifications": "default" })),
            ],
        )
        .answer(200, "The room.", &RoomJson::from(&samples::room_view()))
        .codes(IN_ROOM),
        Operation::GetDoNotDisturb => {
            Description::new(NOTICES, "Ask when one wants no notices", "A time that is over stands there too.")
                .answer(200, "When the caller wants none.", &DoNotDisturbJson::from(&quiet))
        }
        Operation::SetDoNotDisturb => Description::new(
            NOTICES,
            "Want no notices",
            "For a time, each day at some hours, both, or for good. It takes the place of what stood there. What comes \
             meanwhile is never sent; the counts of unread messages tell of it.",
        )
        .body(
            Body::NewQuiet,
            [
                ("example", json!({ "daily": { "from": "22:00", "to": "07:00", "utcOffset": 540 } })),
                ("for an hour", json!({ "expiresIn": 3600 })),
                ("for good", json!({})),
            ],
        )
        .answer(200, "When the caller wants none.", &DoNotDisturbJson::from(&quiet)),
        _ => Description::new(NOTICES, "Want notices again", "Whoever wants them already changes nothing.")
            .answer(200, "They come again.", &DoNotDisturbJson::from(&loud)),
    }
}
