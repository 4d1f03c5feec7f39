//! What each REST operation takes and answers with. The router is built of the same [`Operation`]s, so none is missing
//! here and none is described that is not there.

mod held;
mod messages;
mod moderation;
mod notices;
mod threads;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{Ref, RefOr, Schema};

use super::bodies::Body;
use super::samples;
use super::schemas::{named, text};
use crate::error::ErrorCode as Code;
use crate::model::{Limit, RelationKind};
use crate::transport::rest::{DoneJson, LINES, LoggedOutJson, Operation, TokenJson};
use crate::transport::wire::{
    InvitationsJson, InviteJson, InvitesJson, ParticipantsJson, PeopleJson, PinsJson, PublicRoomsJson,
    RelationJson, RoomJson, RoomsJson, SettingsJson,
};

/// The groups that operations stand in: their name and what they are about.
pub(super) const TAGS: [(&str, &str); 8] = [
    (ROOMS, "Rooms of two people, of a group, or of a challenge, and who takes part in them."),
    (MESSAGES, "What is said in a room, and up to where it was read."),
    (ATTACHMENTS, "Files that go with messages."),
    (MODERATION, "How a room is kept in order."),
    (NOTICES, "Of what somebody wants notices while they are away."),
    (FRIENDS, "Friends, requests for friendship, and blocks."),
    (SETTINGS, "What others see of the caller, and all that is kept of them."),
    (TOKENS, "Tokens for development, and the end of tokens."),
];
const ROOMS: &str = "Rooms";
const MESSAGES: &str = "Messages";
const ATTACHMENTS: &str = "Attachments";
const MODERATION: &str = "Moderation";
const NOTICES: &str = "Notices";
const FRIENDS: &str = "Friends";
const TOKENS: &str = "Tokens";
const SETTINGS: &str = "Settings";

/// A parameter of the query.
#[derive(Debug, Clone, Copy)]
pub(super) enum Query {
    Page,
    Limit(Limit),
    /// A page of people begins after this one.
    Cursor,
    /// A page of reactions begins after this one.
    ReactionCursor,
    /// A page of pins begins below this one.
    PinCursor,
    /// A page of public rooms begins below this one.
    RoomCursor,
    InviteCursor,
    /// A page of reports begins after this one.
    ReportCursor,
    /// A page of held messages begins after this one.
    HeldCursor,
    /// A page of an audit trail begins below this one.
    ActCursor,
    /// A page of replies begins below this one.
    ReplyCursor,
    /// A page of threads begins below this one.
    ThreadCursor,
    /// A part of a room's name.
    Part,
    /// What changed since this place.
    Since,
    /// A page of the feed begins here.
    FeedCursor,
    /// What a search looks for.
    Words,
    /// In one room alone.
    InRoom,
    /// Of one sender alone.
    BySender,
    /// Before or after a moment.
    Moment(&'static str, &'static str),
    HasAttachment,
    /// A page of a search begins below this one.
    SearchCursor,
    /// A place in a room's history.
    Place(&'static str, &'static str),
    /// The name of a file.
    FileName,
    /// The token of a link.
    LinkToken,
}

/// An answer that is no error.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    pub(super) media_type: &'static str,
    pub(super) schema: RefOr<Schema>,
    pub(super) examples: Vec<(&'static str, Value)>,
}

/// What is told of an operation.
pub(super) struct Description {
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) query: &'static [Query],
    pub(super) body: Option<(Body, Vec<(&'static str, Value)>)>,
    /// The body is a file instead.
    pub(super) takes_file: bool,
    pub(super) answers: Vec<Answer>,
    /// What it can be refused with, beside what every operation of its shape can.
    pub(super) codes: &'static [Code],
}

/// A file of any type.
const FILE: &str = "*/*";
const JSON: &str = "application/json";

/// Bytes, whatever they are.
pub(super) fn file() -> RefOr<Schema> {
    text("The file.").min_length(Some(1)).content_media_type("application/octet-stream").into()
}

const IN_ROOM: &[Code] = &[Code::RoomNotFound, Code::NotAParticipant];
const PEOPLE: &[Query] = &[Query::Cursor, Query::Limit(Limit::MESSAGES)];

impl Description {
    fn new(tag: &'static str, summary: &'static str, description: &'static str) -> Self {
        Self {
            tag,
            summary,
            description,
            query: &[],
            body: None,
            takes_file: false,
            answers: Vec::new(),
            codes: &[],
        }
    }

    fn query(self, query: &'static [Query]) -> Self {
        Self { query, ..self }
    }

    fn codes(self, codes: &'static [Code]) -> Self {
        Self { codes, ..self }
    }

    fn body<const N: usize>(self, body: Body, examples: [(&'static str, Value); N]) -> Self {
        Self { body: Some((body, examples.into())), ..self }
    }

    fn answer<T: ToSchema + Serialize>(self, status: u16, description: &'static str, example: &T) -> Self {
        self.answers(status, description, named::<T>(), [("example", example)])
    }

    fn answers<T: Serialize, const N: usize>(
        mut self,
        status: u16,
        description: &'static str,
        schema: Ref,
        examples: [(&'static str, &T); N],
    ) -> Self {
        let examples = examples.map(|(name, example)| (name, value(example))).into();
        let schema = schema.into();
        self.answers.push(Answer { status, description, media_type: JSON, schema, examples });
        self
    }

    /// Its body is a file.
    fn file(self) -> Self {
        Self { takes_file: true, ..self }
    }

    fn answers_with_lines(mut self, status: u16, description: &'static str) -> Self {
        let schema = text("Lines of JSON, each an object with its `record`.").min_length(Some(1)).into();
        let example = concat!(
            r#"{"record":"header","format":1,"userUuid":"ana","exportedAt":"2026-03-02T09:00:00.000Z"}"#,
            "\n",
            r#"{"record":"footer","lines":1}"#,
            "\n"
        );
        let (media_type, examples) = (LINES, vec![("example", json!(example))]);
        self.answers.push(Answer { status, description, media_type, schema, examples });
        self
    }

    fn answers_with_file(mut self, status: u16, description: &'static str) -> Self {
        let (media_type, schema, examples) = (FILE, file(), vec![("example", json!("…"))]);
        self.answers.push(Answer { status, description, media_type, schema, examples });
        self
    }
}

/// These types always serialize.
pub(super) fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// What is told of an operation.
pub(super) fn describe(operation: Operation) -> Description {
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
        .codes(&[
            Code::RoomNotFound,
            Code::NotAParticipant,
            Code::Forbidden,
            Code::Banned,
            Code::RoomClosed,
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
        ]),
        Operation::RemoveParticipant => Description::new(
            ROOMS,
            "Take somebody out of a room",
            "It takes the permission `remove`, and a greater role than theirs. Nothing committed after it is handed to \
             them. They may come back as anybody may; a ban keeps them out.",
        )
        .answer(200, "Taken out.", &done)
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::RoomClosed]),
        Operation::SetRole => {
            let text = "It takes the permission `setRole`, and a greater role than theirs; nobody gives a greater one than \
                        their own. Who makes somebody else the owner is an admin from then on.";
            Description::new(ROOMS, "Give somebody another role", text)
                .body(Body::NewRole, [("example", json!({ "role": "ADMIN" }))])
                .answer(200, "The room.", &RoomJson::from(&room))
                .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::RoomClosed])
        }
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
        .codes(&[Code::RoomNotFound, Code::NotAParticipant, Code::Forbidden, Code::RoomClosed]),
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
        Operation::DeclineInvite => Description::new(
            ROOMS,
            "Decline an invitation",
            "Whoever has made it is told by a `notification`.",
        )
        .answer(200, "Declined.", &done)
        .codes(&[Code::InviteNotFound]),
        Operation::AcceptInvite => Description::new(
            ROOMS,
            "Join a room by an invite link or an invitation",
            "Whoever is in it already stays as they are, and uses none up.",
        )
        .answer(200, "The room.", &RoomJson::from(&room))
        .codes(&[Code::InviteNotFound, Code::Forbidden, Code::Banned, Code::RoomClosed]),
        Operation::Mute
        | Operation::Unmute
        | Operation::ListBans
        | Operation::Ban
        | Operation::Unban
        | Operation::Report
        | Operation::ListReports
        | Operation::ResolveReport
        | Operation::ListAudit => moderation::of_moderators(operation),
        Operation::GetFeed
        | Operation::SetNotifications
        | Operation::GetDoNotDisturb
        | Operation::SetDoNotDisturb
        | Operation::EndDoNotDisturb => notices::of_notices(operation),
        Operation::ListHeld
        | Operation::ListOwnHeld
        | Operation::ApproveHeld
        | Operation::RejectHeld
        | Operation::WithdrawHeld => held::of_held(operation),
        Operation::SendMessage => messages::send_message(),
        Operation::ListMessages => messages::list_messages(),
        Operation::GetMessage
        | Operation::EditMessage
        | Operation::DeleteMessage
        | Operation::ListReactions
        | Operation::ListEdits
        | Operation::ListReplies
        | Operation::React
        | Operation::TakeReactionBack
        | Operation::Pin
        | Operation::Unpin
        | Operation::HideMessage => messages::of_message(operation),
        Operation::FollowThread
        | Operation::UnfollowThread
        | Operation::MarkThreadRead
        | Operation::ListThreads => threads::of_threads(operation),
        Operation::StartStream | Operation::AppendStream | Operation::StopStream => messages::of_stream(operation),
        Operation::SearchMessages => messages::search_messages(),
        Operation::Forward => messages::forward(),
        Operation::ListPins => Description::new(MESSAGES, "List pinned messages", "The newest pin first.")
            .query(&[Query::PinCursor, Query::Limit(Limit::MESSAGES)])
            .answer(200, "A page of pinned messages.", &PinsJson::from(&samples::pins()))
            .codes(IN_ROOM),
        Operation::MarkRead => messages::mark_read(),
        Operation::UploadAttachment => messages::upload_attachment(),
        Operation::GetAttachment => messages::get_attachment(),
        Operation::GetThumbnail => messages::get_thumbnail(),
        Operation::LinkAttachment => messages::link_attachment(),
        Operation::DevToken => dev_token(),
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
        Operation::UpdateSettings => Description::new(
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
        Operation::ListFriends
        | Operation::RemoveFriend
        | Operation::ListRequests
        | Operation::RequestFriend
        | Operation::AnswerRequest
        | Operation::WithdrawRequest
        | Operation::Block
        | Operation::Unblock
        | Operation::ListBlocks => of_friends(operation),
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

fn dev_token() -> Description {
    let token = TokenJson { access_token: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln".into(), expires_in: 86_400 };
    Description::new(
        TOKENS,
        "Get a token for development",
        "There only in development: anybody gets a token of anybody.",
    )
    .body(Body::TokenRequest, [("example", json!({ "userUuid": "ana", "nickname": "Ana" }))])
    .answer(201, "A token.", &token)
}

fn of_friends(operation: Operation) -> Description {
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
