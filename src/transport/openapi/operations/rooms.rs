//! What the operations of rooms and of who is in them take and answer with.

use serde_json::json;

use super::{Description, IN_ROOM, PEOPLE, Query, ROOMS};
use crate::error::ErrorCode as Code;
use crate::model::Limit;
use crate::transport::openapi::bodies::Body;
use crate::transport::openapi::samples;
use crate::transport::rest::{DoneJson, Operation};
use crate::transport::wire::{ParticipantsJson, PublicRoomsJson, RoomJson, RoomsJson};

pub(super) fn of_rooms(operation: Operation) -> Description {
    let room = samples::room_view();
    let done = DoneJson { room_uuid: samples::room_id() };
    match operation {
        Operation::ListRooms => Description::new(
            ROOMS,
            "List the caller's rooms",
            "Newest activity first; a room without a message by its creation.",
        )
        .query(&[Query::Page, Query::Limit(Limit::ROOMS)])
        .answer(200, "A page of rooms.", &RoomsJson::from(&samples::rooms())),
        Operation::CreateRoom => create_room(),
        Operation::ListPublicRooms => Description::new(
            ROOMS,
            "Find public rooms",
            "The newest first; with `q`, those that have it in their names, however it is capitalized. A page of such a \
             search may hold fewer rooms than were asked for, and others follow all the same while there is a `nextCursor`.",
        )
        .query(&[Query::Part, Query::RoomCursor, Query::Limit(Limit::ROOMS)])
        .answer(200, "A page of public rooms.", &PublicRoomsJson::from(&samples::public_rooms())),
        Operation::JoinRoom => Description::new(
            ROOMS,
            "Join a public room",
            "Whoever is in it already stays as they are. Of a private room the answer is `NOT_A_PARTICIPANT`.",
        )
        .answer(200, "The room.", &RoomJson::from(&room))
        .or_waits()
        .codes(&[
            Code::RoomNotFound,
            Code::NotAParticipant,
            Code::Forbidden,
            Code::Banned,
            Code::RoomClosed,
            Code::RoomFull,
        ]),
        Operation::GetRoom => Description::new(
            ROOMS,
            "Get a room",
            "With its first participants; the rest come by `participants`.",
        )
        .answer(200, "The room.", &RoomJson::from(&room))
        .codes(IN_ROOM),
        Operation::RenameRoom => {
            let text = "What is left out stays. Name, topic, picture and `custom` take the permission `rename`, and a SYSTEM \
                        message tells of another name; the slow mode takes `moderate`; permissions, visibility and \
                        `retention` are the owner's to change. What is older than its `days`, or beyond its newest \
                        `messages`, is cut away for good, pinned or not. Refused is all of it or nothing.";
            Description::new(ROOMS, "Change a room", text)
                .body(
                    Body::RoomUpdate,
                    [
                        ("name", json!({ "name": "Runners", "topic": "Tuesdays at seven" })),
                        ("picture", json!({ "picture": "https://example.org/runners.png" })),
                        ("visibility", json!({ "visibility": "public" })),
                        ("custom", json!({ "custom": { "pace": "easy" } })),
                        ("slowMode", json!({ "slowMode": 30 })),
                        ("retention", json!({ "retention": { "days": 90, "messages": 10_000 } })),
                        ("permissions", json!({ "permissions": { "invite": "ADMIN", "send": "READ_ONLY" } })),
                    ],
                )
                .answer(200, "The room.", &RoomJson::from(&room))
                .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::RoomClosed])
        }
        Operation::LeaveRoom => Description::new(
            ROOMS,
            "Leave a room for good",
            "A DIRECT room is closed by it, and so is any room that its last participant leaves. When the owner leaves, \
             an admin owns the room from then on, or else a member: who has been in longest.",
        )
        .answer(200, "Left.", &done)
        .codes(IN_ROOM),
        Operation::CloseRoom => Description::new(
            ROOMS,
            "Close a room",
            "It takes the permission `close`. The room can be read from then on, not written.",
        )
        .answer(200, "Closed.", &done)
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden]),
        Operation::DeleteRoom => Description::new(
            ROOMS,
            "Delete a room for everybody",
            "Its owner's alone, and for good: its messages, files and all else of it go, and nothing of it can be read from \
             the answer on. Whoever was in it is told by `removedFromRoom` with `isDeleted`.",
        )
        .answer(200, "Deleted.", &done)
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden]),
        Operation::ReopenRoom => Description::new(
            ROOMS,
            "Open a closed room again",
            "It takes the permission `close`. Where the challenge has another room by now, `roomUuid` names it. A DIRECT \
             room is not opened again: make it anew.",
        )
        .answer(200, "The room.", &RoomJson::from(&room))
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::ChallengeRoomExists]),
        Operation::ListParticipants => {
            Description::new(ROOMS, "List a room's participants", "In the order of their ids.")
                .query(PEOPLE)
                .answer(200, "A page of participants.", &ParticipantsJson::from(&samples::participants()))
                .codes(IN_ROOM)
        }
        Operation::Invite => Description::new(
            ROOMS,
            "Add people to a room",
            "They see its whole history. Whoever is in it already stays as they are.",
        )
        .body(Body::NewParticipants, [("example", json!({ "userUuids": ["ben"] }))])
        .answer(200, "The room.", &RoomJson::from(&room))
        .codes(&[
            Code::RoomNotFound,
            Code::NotAParticipant,
            Code::Forbidden,
            Code::Banned,
            Code::RoomClosed,
            Code::RoomFull,
        ]),
        Operation::RemoveParticipant => Description::new(
            ROOMS,
            "Take somebody out of a room",
            "It takes the permission `remove`, and a greater role than theirs. Nothing committed after it is handed to \
             them. They may come back as anybody may; a ban keeps them out.",
        )
        .answer(200, "Taken out.", &done)
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::RoomClosed]),
        _ => {
            let text = "It takes the permission `setRole`, and a greater role than theirs; nobody gives a greater one than \
                        their own. Who makes somebody else the owner is an admin from then on.";
            Description::new(ROOMS, "Give somebody another role", text)
                .body(Body::NewRole, [("example", json!({ "role": "ADMIN" }))])
                .answer(200, "The room.", &RoomJson::from(&room))
                .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::RoomClosed])
        }
    }
}

fn create_room() -> Description {
    let made = samples::new_room();
    let text = "The caller always takes part. The same two people always get the same DIRECT room; a challenge has one \
                open room at a time, which `roomUuid` names in the refusal.";
    Description::new(ROOMS, "Make a room", text)
        .body(
            Body::NewRoom,
            [
                ("direct", json!({ "type": "DIRECT", "participantUuids": ["ben"] })),
                ("group", json!({ "type": "GROUP", "name": "Runners", "participantUuids": ["ben", "cho"] })),
                (
                    "challenge",
                    json!({
                        "type": "CHALLENGE",
                        "name": "Ten kilometres",
                        "challengeUuid": "ten-k",
                        "participantUuids": ["ben"],
                    }),
                ),
            ],
        )
        .answer(201, "The room, made now.", &RoomJson::from(&made))
        .answer(200, "The two people's standing DIRECT room.", &RoomJson::from(&samples::room_view()))
        .codes(&[Code::Forbidden, Code::NotFriends, Code::ChallengeRoomExists])
}
