//! What the operations of friends and blocks take and answer with.

use serde_json::json;
use utoipa::openapi::Ref;

use super::{Description, FRIENDS, PEOPLE};
use crate::error::ErrorCode as Code;
use crate::model::RelationKind;
use crate::transport::openapi::bodies::Body;
use crate::transport::openapi::samples;
use crate::transport::rest::Operation;
use crate::transport::wire::{PeopleJson, RelationJson};

pub(super) fn of_friends(operation: Operation) -> Description {
    let people = |description: Description, list: &'static str, kind: RelationKind| {
        let page = samples::people(kind);
        description.query(PEOPLE).answers(
            200,
            "A page of people.",
            list_of_people(list),
            [("example", &PeopleJson(list, &page))],
        )
    };
    let related = |description: Description, status: u16, text: &'static str, kind: Option<RelationKind>| {
        description.answer(status, text, &RelationJson::from(&samples::relation(kind)))
    };
    let (friend, sent) = (Some(RelationKind::Friend), Some(RelationKind::RequestSent));
    match operation {
        Operation::ListFriends => people(
            Description::new(FRIENDS, "List the caller's friends", "In the order of their ids."),
            "friends",
            RelationKind::Friend,
        ),
        Operation::ListRequests => people(
            Description::new(
                FRIENDS,
                "List requests for friendship",
                "Those that wait for an answer, received and sent.",
            ),
            "requests",
            RelationKind::RequestReceived,
        ),
        Operation::ListBlocks => people(
            Description::new(FRIENDS, "List whom the caller has blocked", "In the order of their ids."),
            "blocks",
            RelationKind::Blocked,
        ),
        Operation::RemoveFriend => {
            let text = "Both are strangers from then on. Their DIRECT room stays.";
            related(Description::new(FRIENDS, "End a friendship", text), 200, "What they are now.", None)
        }
        Operation::RequestFriend => {
            let text = "Two who ask each other are friends. To whoever has blocked the caller it goes as to anybody, and \
                        never arrives.";
            let asked = Description::new(FRIENDS, "Ask for friendship", text)
                .body(Body::FriendRequest, [("example", json!({ "userUuid": "ben" }))])
                .codes(&[Code::Forbidden]);
            let asked = related(asked, 201, "Asked; or friends now, where the other one had asked.", sent);
            related(asked, 200, "They were friends, or asked, already.", friend)
        }
        Operation::AnswerRequest => {
            let answered =
                Description::new(FRIENDS, "Answer a request for friendship", "Once more is no error.")
                    .body(
                        Body::FriendAnswer,
                        [("accept", json!({ "accept": true })), ("decline", json!({ "accept": false }))],
                    )
                    .codes(&[Code::FriendRequestNotFound]);
            related(answered, 200, "What they are now.", friend)
        }
        Operation::WithdrawRequest => {
            let withdrawn = Description::new(FRIENDS, "Take a request back", "The caller's own one.");
            related(withdrawn, 200, "What they are now.", None)
        }
        Operation::Block => {
            let text = "From its commit on neither of the two opens a DIRECT room with the other, sends in it, or adds the \
                        other to a room. Nobody is told.";
            let blocked = Description::new(FRIENDS, "Block somebody", text);
            related(blocked, 200, "What they are now.", Some(RelationKind::Blocked))
        }
        _ => {
            let unblocked = Description::new(FRIENDS, "Take a block back", "They stay strangers.");
            related(unblocked, 200, "What they are now.", None)
        }
    }
}

/// The schema of a list of people has the list's name.
fn list_of_people(list: &str) -> Ref {
    Ref::from_schema_name(match list {
        "friends" => "Friends",
        "requests" => "FriendRequests",
        _ => "Blocks",
    })
}
