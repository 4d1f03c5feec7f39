//! What each REST operation takes and answers with. The router is built of the same [`Operation`]s, so none is missing
//! here and none is described that is not there.

mod friends;
mod held;
mod invites;
mod joins;
mod messages;
mod moderation;
mod notices;
mod rooms;
mod settings;
mod threads;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{Ref, RefOr, Schema};

use super::bodies::Body;
use super::samples;
use super::schemas::{named, text};
use crate::error::ErrorCode as Code;
use crate::model::Limit;
use crate::transport::rest::{LINES, Operation};
use crate::transport::wire::PinsJson;

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
    /// A page of requests to join begins after this one.
    JoinRequestCursor,
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
    pub(super) codes: Vec<Code>,
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
            codes: Vec::new(),
        }
    }

    fn query(self, query: &'static [Query]) -> Self {
        Self { query, ..self }
    }

    fn codes(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
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
    match operation {
        Operation::ListRooms
        | Operation::CreateRoom
        | Operation::ListPublicRooms
        | Operation::JoinRoom
        | Operation::GetRoom
        | Operation::RenameRoom
        | Operation::LeaveRoom
        | Operation::CloseRoom
        | Operation::DeleteRoom
        | Operation::ReopenRoom
        | Operation::ListParticipants
        | Operation::Invite
        | Operation::RemoveParticipant
        | Operation::SetRole => rooms::of_rooms(operation),
        Operation::CreateInvite
        | Operation::ListInvites
        | Operation::RevokeInvite
        | Operation::ListInvitations
        | Operation::GetInvite
        | Operation::DeclineInvite
        | Operation::AcceptInvite => invites::of_invites(operation),
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
        Operation::ListJoinRequests
        | Operation::ListOwnJoinRequests
        | Operation::ApproveJoin
        | Operation::RejectJoin
        | Operation::WithdrawJoin => joins::of_joins(operation),
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
        Operation::StartStream | Operation::AppendStream | Operation::StopStream => {
            messages::of_stream(operation)
        }
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
        Operation::DeleteAttachment => messages::delete_attachment(),
        Operation::LinkAttachment => messages::link_attachment(),
        Operation::DevToken => settings::dev_token(),
        Operation::LogOut | Operation::ExportMe | Operation::GetSettings | Operation::UpdateSettings => {
            settings::of_settings(operation)
        }
        Operation::ListFriends
        | Operation::RemoveFriend
        | Operation::ListRequests
        | Operation::RequestFriend
        | Operation::AnswerRequest
        | Operation::WithdrawRequest
        | Operation::Block
        | Operation::Unblock
        | Operation::ListBlocks => friends::of_friends(operation),
    }
}
