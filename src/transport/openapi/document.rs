//! The OpenAPI document.

use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, Paths, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ComponentsBuilder, Content, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi,
    OpenApiBuilder, RefOr, Required, Response, Schema, Server, Type,
};

use super::bodies::Body;
use super::operations::{Answer, Description, Query, TAGS, describe, file, value};
use super::samples;
use super::schemas::{Schemas, list, named, needed, number, object, or_null};
use crate::config::Config;
use crate::error::{Error, ErrorCode as Code};
use crate::id::{AttachmentId, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{InviteCode, Limit, Reaction, Token};
use crate::transport::rest::{DoneJson, LoggedOutJson, Operation, ProblemJson, RestOptions, TokenJson};
use crate::transport::status::http_status;
use crate::transport::wire::{
    AttachmentJson, AuditJson, BanJson, BansJson, DoNotDisturbJson, EditsJson, FeedJson, HeldAnswerJson,
    HeldPageJson, HistoryJson, HitsJson, InvitationsJson, InvitePreviewJson, InvitesJson, JoinHeldJson,
    JoinRequestsJson, LinkJson, MarkedJson, MessageChangeJson, MuteJson, OwnJoinRequestsJson,
    ParticipantsJson, PinsJson, PublicRoomsJson, ReactionsJson, RelationJson, RepliesJson, ReportsJson,
    RoomsJson, SettingsJson, ThreadStateJson, ThreadsJson,
};

const PROBLEM: &str = "application/problem+json";
const BEARER: &str = "bearer";

/// What is searched for is at most as long as a name may be by default.
const MAX_PART: usize = 200;

const ABOUT: &str = "\
Rooms, messages, read marks and friends. What happens live comes over a WebSocket or Socket.IO: see the document of \
the sockets beside this one.

Every call but the one for a development token needs a bearer token. Names are in camelCase, times in RFC 3339 with \
milliseconds in UTC. Fields that are not known are left alone; a client should do the same with answers.

**Errors** are problem details (RFC 9457). Match on `code`, which never changes its meaning; `detail` is for people. \
`RATE_LIMITED` and `UNAVAILABLE` may be tried again unchanged, after the seconds in `Retry-After`. Where nothing \
is, the answer is 404 `NOT_FOUND`; a method that a path does not have is answered with 405 `METHOD_NOT_ALLOWED` and \
`Allow`. No input gives a 500.";

/// The document of the REST routes, where they are mounted below `base`.
pub(super) fn document(config: &Config, options: &RestOptions, base: &str) -> OpenApi {
    let license = LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).build();
    let info = InfoBuilder::new()
        .title("chat-core")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license));
    let is_shown = |tag: &str| Operation::mounted(options).any(|operation| describe(operation).tag == tag);
    let tags = TAGS.into_iter().filter(|(name, _)| is_shown(name));
    let tags = tags.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build());
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new(if base.is_empty() { "/" } else { base })]))
        .paths(paths(options))
        .components(Some(components(config)))
        .security(Some([SecurityRequirement::new(BEARER, [""; 0])]))
        .tags(Some(tags))
        .build()
}

fn paths(options: &RestOptions) -> Paths {
    let mut paths = PathsBuilder::new();
    for operation in Operation::mounted(options) {
        for (index, path) in operation.paths().iter().enumerate() {
            let item = PathItem::new(method(operation), described(operation, path, index > 0));
            paths = paths.path(*path, item);
        }
    }
    paths.build()
}

fn method(operation: Operation) -> HttpMethod {
    match operation.method().as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn described(operation: Operation, path: &str, is_alias: bool) -> OperationBuilder {
    let description = describe(operation);
    let is_open = operation == Operation::DevToken;
    let (id, text) = match (is_alias, operation.paths()) {
        (true, [other, ..]) => (
            format!("{}Alias", operation.name()),
            format!("{} The same as `{} {other}`.", description.description, operation.method()),
        ),
        (false, [_, alias, ..]) => (
            operation.name().to_owned(),
            format!("{} Also answers at `{} {alias}`.", description.description, operation.method()),
        ),
        _ => (operation.name().to_owned(), description.description.to_owned()),
    };
    let mut built = OperationBuilder::new()
        .tag(description.tag)
        .summary(Some(description.summary))
        .description(Some(text))
        .operation_id(Some(id));
    if is_open {
        built = built.securities(Some([]));
    }
    let parameters = [
        "roomUuid",
        "messageUuid",
        "attachmentUuid",
        "reaction",
        "userUuid",
        "code",
        "reportUuid",
        "heldUuid",
        "joinRequestUuid",
    ];
    for name in parameters.into_iter().filter(|name| path.contains(&format!("{{{name}}}"))) {
        built = built.parameter(path_parameter(name));
    }
    for query in description.query {
        built = built.parameter(query_parameter(*query));
    }
    if let Some((body, examples)) = &description.body {
        // A read mark moves without one, a link may hold for ever, and somebody may want no notices for good.
        let is_required = if matches!(
            body,
            Body::ReadTo
                | Body::NewInvite
                | Body::NewStream
                | Body::Sanction
                | Body::NewReport
                | Body::NewQuiet
                | Body::Rejection
        ) {
            Required::False
        } else {
            Required::True
        };
        let content = content(body.reference(), examples);
        let body = RequestBodyBuilder::new().content("application/json", content);
        built = built.request_body(Some(body.required(Some(is_required)).build()));
    }
    if description.takes_file {
        let content = content(file(), &[("example", json!("…"))]);
        let body = RequestBodyBuilder::new()
            .content("application/octet-stream", content)
            .required(Some(Required::True));
        built = built.request_body(Some(body.build()));
    }
    for answer in &description.answers {
        let links = if answer.status == 201 { links(operation) } else { Vec::new() };
        built = built.response(answer.status.to_string(), answered(answer, links));
    }
    let codes = codes(&description, path, is_open);
    let mut statuses: Vec<u16> = codes.iter().map(|code| http_status(*code)).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let codes: Vec<Code> = codes.iter().copied().filter(|code| http_status(*code) == status).collect();
        built = built.response(status.to_string(), refused(&codes));
    }
    built
}

/// All that it can be refused with: its own, and what comes with its parameters and its body.
fn codes(description: &Description, path: &str, is_open: bool) -> Vec<Code> {
    let mut codes = description.codes.clone();
    if !is_open {
        codes.extend([Code::Unauthenticated, Code::TokenExpired, Code::RateLimited]);
    }
    if path.contains('{') || !description.query.is_empty() || description.body.is_some() {
        codes.push(Code::InvalidInput);
    }
    if description.body.is_some() {
        codes.extend([Code::PayloadTooLarge, Code::UnsupportedMediaType]);
    }
    codes.push(Code::Unavailable);
    codes
}

fn path_parameter(name: &'static str) -> ParameterBuilder {
    let (schema, text, example) = match name {
        "roomUuid" => (named::<RoomId>(), "The room.", samples::room_id().to_string()),
        "messageUuid" => (named::<MessageId>(), "The message.", samples::message_id().to_string()),
        "heldUuid" => (named::<MessageId>(), "The held message.", samples::message_id().to_string()),
        "joinRequestUuid" => {
            (named::<JoinRequestId>(), "The request.", samples::join_request().id.to_string())
        }
        "reportUuid" => (named::<ReportId>(), "The report.", samples::report().id.to_string()),
        "reaction" => (named::<Reaction>(), "The reaction.", "👍".to_owned()),
        "code" => (named::<InviteCode>(), "The invite link's.", samples::invite().code.to_string()),
        "attachmentUuid" => (named::<AttachmentId>(), "The file.", samples::attachment().id.to_string()),
        _ => (named::<UserId>(), "The user.", samples::user("ben").to_string()),
    };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
    parameter
        .required(Required::True)
        .schema(Some(schema))
        .description(Some(text))
        .example(Some(example.into()))
}

fn query_parameter(query: Query) -> ParameterBuilder {
    let at_least_one = |text: &str, most: usize, default: u32| {
        let number = number(text).minimum(Some(1_usize)).maximum(Some(most));
        RefOr::from(number.description(None::<&str>).default(Some(default.into())))
    };
    let (name, text, schema): (_, _, RefOr<Schema>) = match query {
        Query::Page => ("page", "Which page, from 1.", at_least_one("", usize::MAX, 1)),
        Query::Limit(default) => {
            ("limit", "How many a page holds.", at_least_one("", Limit::MAX as usize, default.count()))
        }
        Query::Cursor => ("cursor", "The `nextCursor` of the page before it.", named::<UserId>().into()),
        Query::ReactionCursor => {
            let pair = ObjectBuilder::new().schema_type(Type::String).pattern(Some(PAIR));
            ("cursor", "The `nextCursor` of the page before it.", pair.into())
        }
        Query::PinCursor => {
            let place = ObjectBuilder::new().schema_type(Type::String).pattern(Some(PIN_PLACE));
            ("cursor", "The `nextCursor` of the page before it.", place.into())
        }
        Query::RoomCursor => ("cursor", "The `nextCursor` of the page before it.", named::<RoomId>().into()),
        Query::InviteCursor => {
            ("cursor", "The `nextCursor` of the page before it.", named::<InviteCode>().into())
        }
        Query::ReportCursor => {
            ("cursor", "The `nextCursor` of the page before it.", named::<ReportId>().into())
        }
        Query::HeldCursor => {
            ("cursor", "The `nextCursor` of the page before it.", named::<MessageId>().into())
        }
        Query::JoinRequestCursor => {
            ("cursor", "The `nextCursor` of the page before it.", named::<JoinRequestId>().into())
        }
        Query::ActCursor | Query::ReplyCursor => {
            ("cursor", "The `nextCursor` of the page before it.", number("").description(None::<&str>).into())
        }
        Query::ThreadCursor => {
            let place = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{64}$"));
            ("cursor", "The `nextCursor` of the page before it.", place.into())
        }
        Query::Since => {
            ("since", "The `token` of an earlier feed. Without it, all of it.", named::<Token>().into())
        }
        Query::FeedCursor => ("cursor", "The `nextCursor` of the page before it.", feed_cursor()),
        Query::Part => ("q", "A part of the names.", part()),
        Query::Words => ("q", "Words and phrases, at most 16.", words()),
        Query::InRoom => ("roomUuid", "In this room alone.", named::<RoomId>().into()),
        Query::BySender => ("senderUuid", "Of this sender alone.", named::<UserId>().into()),
        Query::Moment(name, text) => (name, text, moment()),
        Query::HasAttachment => {
            let has = ObjectBuilder::new().schema_type(Type::Boolean);
            ("hasAttachment", "With a file or a picture, or without any.", has.into())
        }
        Query::SearchCursor => ("cursor", "The `nextCursor` of the page before it.", search_cursor()),
        Query::Place(name, text) => (name, text, place()),
        Query::LinkToken => {
            let token = super::schemas::text("").description(None::<&str>);
            ("token", "That of a link, in place of the bearer token.", token.into())
        }
        Query::FileName => {
            let name = super::schemas::text("").description(None::<&str>);
            ("name", "The file's name, to be shown; a long one is cut.", name.into())
        }
    };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
    let required = if matches!(query, Query::Words) { Required::True } else { Required::False };
    parameter.required(required).schema(Some(schema)).description(Some(text))
}

/// White space around it is cut off, and a longer one refused.
fn part() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX_PART)).into()
}

pub(super) fn search_cursor() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{16}$")).into()
}

/// What is looked for in messages.
pub(super) fn words() -> RefOr<Schema> {
    let longest = Config::default().max_search_chars;
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(longest)).into()
}

/// A moment, as the parser takes it: in UTC and from 1970 on.
pub(super) fn moment() -> RefOr<Schema> {
    const DAY: &str = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])";
    const YEAR: &str = "(19[789][0-9]|[2-9][0-9]{3})";
    let pattern = format!("^{YEAR}-({DAY})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{{1,9}})?Z$");
    let moment = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    moment.description(Some("RFC 3339, in UTC.")).into()
}

/// A place in a room's history.
pub(super) fn place() -> RefOr<Schema> {
    let seq = number("The number of a message.");
    AnyOfBuilder::new().item(named::<MessageId>()).item(seq).into()
}

fn content(schema: impl Into<RefOr<Schema>>, examples: &[(&'static str, Value)]) -> Content {
    let content = ContentBuilder::new().schema(Some(schema.into()));
    let examples = examples
        .iter()
        .map(|(name, value)| (*name, ExampleBuilder::new().value(Some(value.clone())).build()));
    content.examples_from_iter(examples).build()
}

fn answered(answer: &Answer, links: Vec<(&'static str, Link)>) -> Response {
    let content = content(answer.schema.clone(), &answer.examples);
    let response = ResponseBuilder::new().description(answer.description).content(answer.media_type, content);
    links.into_iter().fold(response, |response, (name, link)| response.link(name, link)).build()
}

/// What can be done with that which was made.
fn links(made_by: Operation) -> Vec<(&'static str, Link)> {
    let link = |to: Operation, parameter: &str| {
        let value = format!("$response.body#/{parameter}");
        LinkBuilder::new().operation_id(to.name()).parameter(parameter, value)
    };
    let named = |link: LinkBuilder, to: Operation| (to.name(), link.build());
    match made_by {
        Operation::CreateRoom => {
            let others = [
                "{messageUuid}",
                "{attachmentUuid}",
                "{code}",
                "{reportUuid}",
                "{heldUuid}",
                "{joinRequestUuid}",
            ];
            let is_of_room = |to: &&Operation| {
                let is_of_it = |path: &&str| {
                    path.contains("{roomUuid}") && !others.iter().any(|other| path.contains(other))
                };
                to.paths().iter().all(is_of_it)
            };
            let of_room = Operation::ALL.iter().filter(is_of_room).map(|to| match to {
                Operation::RemoveParticipant
                | Operation::SetRole
                | Operation::Mute
                | Operation::Unmute
                | Operation::Ban
                | Operation::Unban => {
                    let invited =
                        link(*to, "roomUuid").parameter("userUuid", "$request.body#/participantUuids/0");
                    named(invited, *to)
                }
                to => named(link(*to, "roomUuid"), *to),
            });
            of_room.collect()
        }
        Operation::CreateInvite => {
            let accept = LinkBuilder::new().operation_id(Operation::AcceptInvite.name());
            let accept = accept.parameter("code", "$response.body#/code");
            let revoke = LinkBuilder::new().operation_id(Operation::RevokeInvite.name());
            let revoke = revoke.parameter("code", "$response.body#/code");
            let revoke = revoke.parameter("roomUuid", "$response.body#/roomUuid");
            let preview = LinkBuilder::new().operation_id(Operation::GetInvite.name());
            let preview = preview.parameter("code", "$response.body#/code");
            vec![
                named(preview, Operation::GetInvite),
                named(accept, Operation::AcceptInvite),
                named(revoke, Operation::RevokeInvite),
            ]
        }
        Operation::SendMessage => {
            let around = link(Operation::ListMessages, "roomUuid").parameter("around", MADE_MESSAGE);
            let body = json!({ "messageUuid": MADE_MESSAGE });
            let read = link(Operation::MarkRead, "roomUuid").request_body(Some(body));
            let of_message = |to: &&Operation| to.paths().iter().all(|path| path.contains("{messageUuid}"));
            let of_message = Operation::ALL
                .iter()
                .filter(of_message)
                .map(|to| named(link(*to, "roomUuid").parameter("messageUuid", MADE_MESSAGE), *to));
            let others = [named(around, Operation::ListMessages), named(read, Operation::MarkRead)];
            others.into_iter().chain(of_message).collect()
        }
        Operation::UploadAttachment => {
            let of_it = [
                Operation::GetAttachment,
                Operation::GetThumbnail,
                Operation::LinkAttachment,
                Operation::DeleteAttachment,
            ];
            let file = ("attachmentUuid", "$response.body#/attachmentUuid");
            of_it.map(|to| named(link(to, "roomUuid").parameter(file.0, file.1), to)).into()
        }
        Operation::RequestFriend => {
            [Operation::WithdrawRequest, Operation::RemoveFriend, Operation::Block, Operation::Unblock]
                .map(|to| named(link(to, "userUuid"), to))
                .into()
        }
        _ => Vec::new(),
    }
}

/// A reaction and a user, with a space between them.
const PAIR: &str = r"^[^\s\u0000-\u001f\u007f-\u009f]{1,16} [^\u0000-\u001f\u007f-\u009f\u2028\u2029]{0,60}[^\s\u0000-\u001f\u007f-\u009f\u2028\u2029][^\u0000-\u001f\u007f-\u009f\u2028\u2029]{0,60}$";

/// A time and the number of a message.
const PIN_PLACE: &str = "^[0-9]{1,15}-[0-9]{1,19}$";

const MADE_MESSAGE: &str = "$response.body#/messageUuid";

/// A refusal with one of these codes, which have one status.
fn refused(codes: &[Code]) -> Response {
    let code = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(codes.iter().map(|code| code.name())));
    let schema = AllOfBuilder::new()
        .item(named::<ProblemJson<'_>>())
        .item(ObjectBuilder::new().schema_type(Type::Object).property("code", code));
    let examples: Vec<_> = codes.iter().map(|code| (code.name(), problem(*code))).collect();
    let words: Vec<_> = codes.iter().map(|code| meaning(*code)).collect();
    let response =
        ResponseBuilder::new().description(words.join(" ")).content(PROBLEM, content(schema, &examples));
    let header = |text: &str, schema: ObjectBuilder| {
        HeaderBuilder::new().schema(Some(schema)).description(Some(text)).build()
    };
    let string = || ObjectBuilder::new().schema_type(Type::String);
    match codes {
        [Code::Unauthenticated, ..] => response.header("WWW-Authenticate", header("`Bearer`.", string())),
        [Code::RateLimited | Code::Unavailable, ..] => {
            let seconds = number("").description(None::<&str>).minimum(Some(1_usize));
            response.header("Retry-After", header("After how many seconds to try again.", seconds))
        }
        [Code::MethodNotAllowed, ..] => {
            response.header("Allow", header("The methods of the path.", string()))
        }
        _ => response,
    }
    .build()
}

fn feed_cursor() -> RefOr<Schema> {
    let cursor = super::schemas::text("").description(None::<&str>).max_length(Some(91));
    cursor.pattern(Some("^[A-Za-z0-9_-]+\\.[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}$")).into()
}

fn problem(code: Code) -> Value {
    let error = Error::from(samples::error(code));
    value(&ProblemJson::from(&error))
}

/// What a code means to a client.
pub(super) fn meaning(code: Code) -> &'static str {
    match code {
        Code::InvalidInput => "A value breaks a rule: `field` names it.",
        Code::PayloadTooLarge => "More bytes than the bound for it.",
        Code::UnsupportedMediaType => "The body is not `application/json`.",
        Code::Unauthenticated => "No token, or one that does not hold.",
        Code::TokenExpired => "The token held once.",
        Code::Forbidden => "The caller may not do this.",
        Code::NotFriends => "A DIRECT room needs friendship here.",
        Code::FriendRequestNotFound => "They have not asked.",
        Code::InviteNotFound => "There is no such invite link, or it holds no more.",
        Code::NotAParticipant => "The caller is not in the room.",
        Code::Muted => "The caller is muted in the room: `until` says how long.",
        Code::Banned => "They are banned from the room: `until` says how long.",
        Code::RoomNotFound => "There is no such room.",
        Code::MessageNotFound => "There is no such message in the room.",
        Code::MessageDeleted => "The message was deleted.",
        Code::Held => "The message was taken and waits for a moderator: `heldUuid` names it.",
        Code::JoinHeld => {
            "The caller has asked to come in, and waits for a moderator: `joinRequestUuid` names the request."
        }
        Code::JoinRequestNotFound => {
            "There is no such request to join the room, or it does not wait any more."
        }
        Code::ReportNotFound => "There is no such report in the room.",
        Code::AttachmentNotFound => "There is no such attachment in the room, or not for the caller.",
        Code::AttachmentUsed => "The attachment is in a message already.",
        Code::QuotaExceeded => "The caller's files take as many bytes as they may together.",
        Code::TypeNotAllowed => "Files of this type are not taken.",
        Code::NotFound => "There is nothing at this path.",
        Code::MethodNotAllowed => "The path does not have this method.",
        Code::RoomClosed => "The room is closed.",
        Code::RoomFull => "The room has as many participants as it may.",
        Code::LimitReached => "There are as many as there may be: `limit` says of what, `allowed` how many.",
        Code::ChallengeRoomExists => "The challenge has an open room: `roomUuid` names it.",
        Code::ClientIdConflict => "The `clientId` was used for another message.",
        Code::ImportConflict => "A row does not go with what is there.",
        Code::RateLimited => "Too many requests.",
        Code::Unavailable => "The server cannot answer now.",
    }
}

fn components(config: &Config) -> Components {
    let people = |list_name: &'static str| {
        let next = or_null(named::<UserId>());
        object(
            "A page of people, in the order of their ids.",
            [needed(list_name, list(named::<RelationJson<'_>>())), needed("nextCursor", next)],
        )
    };
    let mut schemas = Schemas::default();
    schemas.add::<RoomsJson<'_>>();
    schemas.add::<PublicRoomsJson<'_>>();
    schemas.add::<InvitesJson<'_>>();
    schemas.add::<InvitationsJson<'_>>();
    schemas.add::<InvitePreviewJson<'_>>();
    schemas.add::<MuteJson<'_>>();
    schemas.add::<DoNotDisturbJson>();
    schemas.add::<FeedJson<'_>>();
    schemas.add::<BanJson<'_>>();
    schemas.add::<BansJson<'_>>();
    schemas.add::<AuditJson<'_>>();
    schemas.add::<ReportsJson<'_>>();
    schemas.add::<HeldPageJson<'_>>();
    schemas.add::<HeldAnswerJson>();
    schemas.add::<JoinRequestsJson<'_>>();
    schemas.add::<OwnJoinRequestsJson<'_>>();
    schemas.add::<JoinHeldJson>();
    schemas.add::<AttachmentJson<'_>>();
    schemas.add::<AttachmentId>();
    schemas.add::<LinkJson<'_>>();
    schemas.add::<HistoryJson<'_>>();
    schemas.add::<HitsJson<'_>>();
    schemas.add::<MarkedJson>();
    schemas.add::<MessageChangeJson<'_>>();
    schemas.add::<ReactionsJson<'_>>();
    schemas.add::<PinsJson<'_>>();
    schemas.add::<RepliesJson<'_>>();
    schemas.add::<ThreadStateJson>();
    schemas.add::<ThreadsJson<'_>>();
    schemas.add::<ParticipantsJson<'_>>();
    schemas.add::<RelationJson<'_>>();
    schemas.add::<DoneJson>();
    schemas.add::<LoggedOutJson>();
    schemas.add::<TokenJson>();
    schemas.add::<SettingsJson>();
    schemas.add::<EditsJson<'_>>();
    schemas.add::<ProblemJson<'_>>();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas.0)
        .schema("Friends", people("friends"))
        .schema("FriendRequests", people("requests"))
        .schema("Blocks", people("blocks"));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("A token that the app has issued."));
    Body::add_to(components, config)
        .response("NotFound", RefOr::T(refused(&[Code::NotFound])))
        .response("MethodNotAllowed", RefOr::T(refused(&[Code::MethodNotAllowed])))
        .security_scheme(BEARER, SecurityScheme::Http(bearer.build()))
        .build()
}
