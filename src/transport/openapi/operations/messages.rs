//! What the operations of messages, and of the files that go with them, take and answer with.

use serde_json::json;

use super::{ATTACHMENTS, Description, MESSAGES, Query};
use crate::error::ErrorCode as Code;
use crate::model::{Attachment, Limit, Message};
use crate::transport::openapi::bodies::Body;
use crate::transport::openapi::samples;
use crate::transport::openapi::schemas::named;
use crate::transport::rest::{DoneJson, Operation};
use crate::transport::wire::{
    AttachmentJson, EditsJson, HeldAnswerJson, HistoryJson, HitsJson, LinkJson, MarkedJson,
    MessageChangeJson, MessageJson, ReactionsJson, RepliesJson,
};

/// Why a message may not be changed.
const CHANGING: &[Code] = &[
    Code::RoomNotFound,
    Code::NotAParticipant,
    Code::MessageNotFound,
    Code::MessageDeleted,
    Code::Forbidden,
    Code::NotFriends,
    Code::Muted,
    Code::RoomClosed,
];

pub(super) fn send_message() -> Description {
    let text = "It is durable once this is answered. Under a `clientId`, a retry gives the first message back, however \
                late it comes. One that answers another (`quotedMessageUuid`) shows that one as it is whenever it is read; who is \
                live mends what it shows by the `messageUpdated` or `messageDeleted` of that other one. In a slow room, 429 \
                says when the next message may come. What the app knows of a message beside its words, a card that it shows, say, \
                goes into its `custom`.";
    Description::new(MESSAGES, "Send a message", text)
        .body(
            Body::Draft,
            [
                ("text", json!({ "type": "TEXT", "content": "Are you running today?", "clientId": "run-1" })),
                ("image", json!({ "type": "IMAGE", "imageUrl": "https://example.org/route.png", "content": "The route" })),
                ("attachment", json!({ "type": "IMAGE", "attachments": [samples::attachment().id] })),
                (
                    "answer",
                    json!({ "type": "TEXT", "content": "At seven", "quotedMessageUuid": samples::message_id() }),
                ),
                (
                    "custom",
                    json!({
                        "type": "TEXT",
                        "content": "Eight kilometres this morning",
                        "custom": { "workoutUuid": "w-17", "km": 8 },
                    }),
                ),
            ],
        )
        .answers(
            201,
            "The message.",
            named::<MessageJson<'_>>(),
            [
                ("example", &MessageJson::own(&samples::named_message())),
                ("answer", &MessageJson::own(&samples::answer())),
                ("custom", &MessageJson::own(&samples::workout())),
            ],
        )
        .answers(
            202,
            "The app's own rules hold it until somebody has looked at it. A retry under its `clientId` is answered so too, \
             until it is sent.",
            named::<HeldAnswerJson>(),
            [("held", &held_answer())],
        )
        .codes(&[
            Code::RoomNotFound,
            Code::NotAParticipant,
            Code::MessageNotFound,
            Code::MessageDeleted,
            Code::Forbidden,
            Code::NotFriends,
            Code::Muted,
            Code::RoomClosed,
            Code::ClientIdConflict,
            Code::AttachmentNotFound,
            Code::AttachmentUsed,
        ])
}

/// The answer to what is held.
fn held_answer() -> Option<HeldAnswerJson> {
    HeldAnswerJson::of(&samples::error(Code::Held).into())
}

pub(super) fn forward() -> Description {
    let text = "It is the caller's own in the other room, or in the same one, and names who sent it first. Its words, its picture, \
                its `custom` and copies of its files go with it; what it quotes and the reactions on it stay behind. Under a `clientId`, a \
                retry gives the first message back.";
    Description::new(MESSAGES, "Pass a message on", text)
        .body(Body::Forward, [("example", json!({ "roomUuid": samples::room_id(), "clientId": "run-2" }))])
        .answer(201, "The message in the other room.", &MessageJson::own(&samples::forwarded()))
        .answers(
            202,
            "The app's own rules hold it until somebody has looked at it. A retry under its `clientId` is answered so too, \
             until it is sent.",
            named::<HeldAnswerJson>(),
            [("held", &held_answer())],
        )
        .codes(&[
            Code::RoomNotFound,
            Code::NotAParticipant,
            Code::MessageNotFound,
            Code::MessageDeleted,
            Code::Forbidden,
            Code::NotFriends,
            Code::Muted,
            Code::RoomClosed,
            Code::ClientIdConflict,
            Code::AttachmentNotFound,
            Code::QuotaExceeded,
            Code::NotFound,
        ])
}

pub(super) fn upload_attachment() -> Description {
    let text = "The body is the file as it is, whatever its `Content-Type`: what it is, its bytes tell. It is to be sent with \
                a message, by its id in the message's `attachments`; what is in no message after a day is deleted. 404 \
                `NOT_FOUND` where the server keeps no files.";
    Description::new(ATTACHMENTS, "Upload a file", text)
        .query(&[Query::FileName])
        .file()
        .answer(201, "The in no message yet.", &AttachmentJson::from(&samples::attachment()))
        .codes(&[
            Code::InvalidInput,
            Code::RoomNotFound,
            Code::NotAParticipant,
            Code::NotFound,
            Code::Forbidden,
            Code::NotFriends,
            Code::Muted,
            Code::RoomClosed,
            Code::PayloadTooLarge,
            Code::QuotaExceeded,
            Code::TypeNotAllowed,
        ])
}

pub(super) fn get_attachment() -> Description {
    let text = "The file as it was uploaded. One that is in no message yet is its uploader's alone. `Range` brings a part of \
                it, as 206; `If-None-Match` with its `ETag` nothing new, as 304. Pictures are to be shown, everything else to \
                be saved. Also answers `HEAD`.";
    Description::new(ATTACHMENTS, "Get a file", text)
        .query(&[Query::LinkToken])
        .answers_with_file(200, "The file.")
        .answers_with_file(206, "A part of the file.")
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::AttachmentNotFound, Code::NotFound])
}

pub(super) fn delete_attachment() -> Description {
    let text = "The caller's own, which is in no message: it is not to be sent after all, or its message is deleted. Its bytes \
                are gone then, and count no more among those that a user may keep.";
    Description::new(ATTACHMENTS, "Delete a file that is in no message", text)
        .answer(200, "Deleted.", &DoneJson { room_uuid: samples::room_id() })
        .codes(&[Code::AttachmentNotFound, Code::AttachmentUsed, Code::NotFound])
}

pub(super) fn link_attachment() -> Description {
    let text = "For whatever can send no header, such as an `<img>`. Whoever has the link reads the file as the caller does: \
                for a short time, while the caller is in the room, and until they log out. It holds of this file alone.";
    let path =
        format!("/api{}?token=AAABnK2KLfg", Attachment::path(samples::room_id(), samples::attachment().id));
    let link = LinkJson { url: &path, thumbnail_url: None, expires_at: samples::attachment().created_at };
    Description::new(ATTACHMENTS, "Get a link to a file", text).answer(201, "The link.", &link).codes(&[
        Code::RoomNotFound,
        Code::NotAParticipant,
        Code::AttachmentNotFound,
        Code::NotFound,
    ])
}

pub(super) fn get_thumbnail() -> Description {
    let text = "A JPEG of at most 320 pixels a side. `thumbnailUrl` tells whether there is one. Also answers `HEAD`.";
    Description::new(ATTACHMENTS, "Get a small picture of a file", text)
        .query(&[Query::LinkToken])
        .answers_with_file(200, "The picture.")
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::AttachmentNotFound, Code::NotFound])
}

pub(super) fn list_messages() -> Description {
    let text = "By page, or better by cursor: `before`, `after` or `around` a message, one of them at most. Newest first.";
    let (page, window) = (samples::history_page(), samples::history_window());
    let (page, window) = (HistoryJson::from(&page), HistoryJson::from(&window));
    Description::new(MESSAGES, "Read a room's history", text)
        .query(&[
            Query::Page,
            Query::Limit(Limit::MESSAGES),
            Query::Place("before", "The newest messages older than this one."),
            Query::Place("after", "The oldest messages newer than this one."),
            Query::Place("around", "This message, with about as many on both sides."),
        ])
        .answers(200, "Messages.", named::<HistoryJson<'_>>(), [("page", &page), ("cursor", &window)])
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::MessageNotFound])
}

pub(super) fn of_stream(operation: Operation) -> Description {
    match operation {
        Operation::AppendStream => {
            let text = "Each call is a change of the message, durable once it is answered: append sentences, not letters. \
                        Over a socket what is appended is gathered, and seen at once as `messageDelta`.";
            Description::new(MESSAGES, "Write more of a message", text)
                .body(Body::MoreText, [("words", json!({ "text": " at seven" }))])
                .answer(200, "The message as it is now.", &MessageChangeJson::of(&samples::begun_message()))
                .codes(CHANGING)
        }
        Operation::StopStream => Description::new(
            MESSAGES,
            "End the writing of a message",
            "It needs words by then; to give it up, delete it.",
        )
        .answer(200, "The message as it is now.", &MessageChangeJson::of(&samples::message()))
        .codes(CHANGING),
        _ => {
            let text = "A TEXT that others see while it is written, as bots and agents write them. It is a message like any \
                        other, at once; its `streamingUntil` says that more may come. It is written once it is stopped, or \
                        after some time without a word more.";
            Description::new(MESSAGES, "Begin a message that is written bit by bit", text)
                .body(
                    Body::NewStream,
                    [
                        ("empty", json!({})),
                        ("words", json!({ "content": "Let me see", "clientId": "answer-1" })),
                    ],
                )
                .answer(201, "The message.", &MessageJson::own(&samples::begun_message()))
                .codes(&[
                    Code::RoomNotFound,
                    Code::NotAParticipant,
                    Code::Forbidden,
                    Code::NotFriends,
                    Code::Muted,
                    Code::RoomClosed,
                    Code::ClientIdConflict,
                ])
        }
    }
}

pub(super) fn of_message(operation: Operation) -> Description {
    let (edited, deleted, liked) = (samples::edited(), samples::deleted(), samples::liked());
    let changed = |description: Description, message: &Message| {
        let now = MessageChangeJson::of(message);
        description.answer(200, "The message as it is now.", &now).codes(CHANGING)
    };
    match operation {
        Operation::EditMessage => {
            let text = "Its sender may, within the time that the server is configured with. What is left out stays. Other \
                        words alone move `editedAt`.";
            let edit = Description::new(MESSAGES, "Edit a message", text).body(
                Body::Edit,
                [
                    ("words", json!({ "content": "Are you running tomorrow?" })),
                    ("noCaption", json!({ "content": null })),
                    ("custom", json!({ "custom": { "workoutUuid": "w-17", "km": 9 } })),
                ],
            );
            changed(edit, &edited)
        }
        Operation::DeleteMessage => {
            let text = "Its sender may, within the time that the server is configured with, and so may the room's \
                        owner. Its place and its `seq` stay; what it said and the reactions on it are gone.";
            Description::new(MESSAGES, "Delete a message", text)
                .answer(200, "What is left of it.", &MessageChangeJson::of(&deleted))
                .codes(&[
                    Code::RoomNotFound,
                    Code::NotAParticipant,
                    Code::MessageNotFound,
                    Code::Forbidden,
                    Code::NotFriends,
                ])
        }
        Operation::React => {
            let text =
                "One of each kind a user; a message bears so many kinds as the server is configured with.";
            changed(Description::new(MESSAGES, "Leave a reaction", text), &liked).codes(&[Code::LimitReached])
        }
        Operation::TakeReactionBack => {
            changed(Description::new(MESSAGES, "Take a reaction back", "The caller's own one."), &edited)
        }
        Operation::Pin => {
            let text = "It takes the permission `pin`. It is pinned for everybody, until somebody takes the pin off or the \
                        message is deleted; a room has so many pinned messages as the server is configured with.";
            changed(Description::new(MESSAGES, "Pin a message", text), &samples::pinned())
                .codes(&[Code::LimitReached])
        }
        Operation::Unpin => {
            let text = "It takes the permission `pin`, whoever has pinned it.";
            changed(Description::new(MESSAGES, "Take a pin off", text), &edited)
        }
        Operation::HideMessage => {
            let text = "For the caller alone, on all their devices and for good: it is left out of their history, of pins, \
                        searches and last messages, and not found by itself. Pages of history keep their numbers, and may \
                        hold fewer messages than their limit. The caller's read mark moves up to it. A participant hides so \
                        many messages of a room as the server is configured with.";
            Description::new(MESSAGES, "Hide a message from oneself", text)
                .answer(200, "Hidden.", &DoneJson { room_uuid: samples::room_id() })
                .codes(&[
                    Code::RoomNotFound,
                    Code::NotAParticipant,
                    Code::MessageNotFound,
                    Code::LimitReached,
                ])
        }
        Operation::ListEdits => {
            let text = "The newest first. Only what the server keeps, which is nothing by default; and nothing once the message \
                        is deleted.";
            Description::new(MESSAGES, "List what a message said before", text)
                .query(&[Query::ActCursor, Query::Limit(Limit::MESSAGES)])
                .answer(200, "A page of former states.", &EditsJson::from(&samples::edits()))
                .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::MessageNotFound])
        }
        Operation::ListReactions => {
            let page = samples::reactions();
            Description::new(MESSAGES, "List who left which reactions", "By reaction, and then by user.")
                .query(&[Query::ReactionCursor, Query::Limit(Limit::MESSAGES)])
                .answer(200, "A page of reactions.", &ReactionsJson::from(&page))
                .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::MessageNotFound])
        }
        Operation::ListReplies => {
            let text = "The newest first. Replies stand in the room's history too; whoever shows threads leaves out of it \
                        what has a `parentMessageUuid` and no `showInRoom`, which does not count as unread either.";
            Description::new(MESSAGES, "List the replies in a thread", text)
                .query(&[Query::ReplyCursor, Query::Limit(Limit::MESSAGES)])
                .answer(200, "A page of replies.", &RepliesJson::from(&samples::replies()))
                .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::MessageNotFound])
        }
        _ => Description::new(MESSAGES, "Get a message", "As the caller sees it.")
            .answer(200, "The message.", &MessageJson::from(&samples::liked_view()))
            .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::MessageNotFound]),
    }
}

pub(super) fn search_messages() -> Description {
    let text = "Newest first, in the caller's rooms as they are now. Each of the words must be in a message, anywhere and also \
                within a longer word; so must what stands between quotation marks, as one phrase. A word of one character \
                alone does not do, unless it stands for itself, as a syllable of Korean or an emoji. A page may hold \
                fewer messages than were asked for, and others follow all the same while there is a `nextCursor`. What was \
                sent is found soon, and mostly at once. A server that keeps no index answers 404.";
    Description::new(MESSAGES, "Search for messages", text)
        .query(&[
            Query::Words,
            Query::InRoom,
            Query::BySender,
            Query::Moment("after", "Sent after this moment."),
            Query::Moment("before", "Sent before this moment."),
            Query::HasAttachment,
            Query::SearchCursor,
            Query::Limit(Limit::ROOMS),
        ])
        .answer(200, "A page of messages.", &HitsJson::from(&samples::hits()))
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::NotFound])
}

pub(super) fn mark_read() -> Description {
    Description::new(
        MESSAGES,
        "Mark as read",
        "Up to a message, or without a body up to the newest one. A mark never moves back.",
    )
    .body(
        Body::ReadTo,
        [
            ("newest", json!({})),
            ("byId", json!({ "messageUuid": samples::message_id() })),
            ("byNumber", json!({ "seq": 2 })),
        ],
    )
    .answer(200, "Where the caller's marks stand now.", &MarkedJson::from(&samples::marked()))
    .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::MessageNotFound])
}
