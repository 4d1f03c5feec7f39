//! What the operations of threads take and answer with.

use serde_json::json;

use super::{Description, MESSAGES, Query};
use crate::error::ErrorCode as Code;
use crate::model::Limit;
use crate::transport::openapi::bodies::Body;
use crate::transport::openapi::samples;
use crate::transport::rest::Operation;
use crate::transport::wire::{ThreadStateJson, ThreadsJson};

const OF_ROOT: &[Code] = &[Code::RoomNotFound, Code::NotAParticipant, Code::MessageNotFound, Code::Forbidden];

pub(super) fn of_threads(operation: Operation) -> Description {
    let now = ThreadStateJson::from(&samples::thread_state());
    match operation {
        Operation::FollowThread => {
            let text = "Also one without replies yet. It is listed then, and its replies are notices to the caller. What is \
                        there already counts as read. Whoever replies in a thread follows it by that, and so does who has sent \
                        its root. Of too many, those that were followed first are forgotten.";
            Description::new(MESSAGES, "Follow a thread", text)
                .answer(200, "Where the caller stands in the thread now.", &now)
                .codes(&[
                    Code::RoomNotFound,
                    Code::NotAParticipant,
                    Code::MessageNotFound,
                    Code::MessageDeleted,
                    Code::Forbidden,
                ])
        }
        Operation::UnfollowThread => {
            let text = "Replies of others make the caller follow it no more; a reply of their own does.";
            Description::new(MESSAGES, "Follow a thread no longer", text)
                .answer(
                    200,
                    "Where the caller stands in the thread now.",
                    &ThreadStateJson::from(&samples::left_thread()),
                )
                .codes(OF_ROOT)
        }
        Operation::MarkThreadRead => {
            let text = "Up to a message, or without a body up to the newest one. A mark never moves back, and the room's own \
                        stays where it is. Nobody else is told. Who does not follow the thread has no mark in it, and nothing \
                        changes.";
            Description::new(MESSAGES, "Mark a thread as read", text)
                .body(
                    Body::ReadTo,
                    [
                        ("newest", json!({})),
                        ("byId", json!({ "messageUuid": samples::message_id() })),
                        ("byNumber", json!({ "seq": 2 })),
                    ],
                )
                .answer(200, "Where the caller stands in the thread now.", &now)
                .codes(OF_ROOT)
        }
        _ => {
            let text = "The newest activity first, in all rooms in which the caller takes part. Threads whose root the caller \
                        has hidden are left out.";
            Description::new(MESSAGES, "List followed threads", text)
                .query(&[Query::ThreadCursor, Query::Limit(Limit::ROOMS)])
                .answer(200, "A page of threads.", &ThreadsJson::from(&samples::threads()))
        }
    }
}
