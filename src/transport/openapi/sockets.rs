//! The AsyncAPI document: what is said over the sockets. Each protocol tells its own words in a [`Protocol`]; here they
//! become channels, operations and messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema, Type};

use super::bodies::Body;
use super::document::meaning;
use super::document::{moment, place, search_cursor, words};
use super::samples;
use super::schemas::{Field, Schemas, anything, flag, named, needed, number, optional, text};
use crate::config::Config;
use crate::error::{Error, ErrorCode, Result};
use crate::event::{Format, Frame, Reply};
use crate::id::{RoomId, UserId};
use crate::model::Limit;
use crate::transport::frame::split;
use crate::transport::wire::events as event;
use crate::transport::wire::{
    DoNotDisturbJson, ErrorJson, HeldNewsJson, HistoryJson, HitsJson, InviteDeclinedJson, InviteEndedJson,
    InvitedJson, JoinNewsJson, MarkedJson, MessageChangeJson, MessageJson, NotificationsJson, QuietJson,
    RoomJson, SettingsJson, SettledJson, ThreadReadJson, ThreadStateJson, WaitingChangedJson,
};

/// A socket's protocol, as a document tells of it.
pub(super) struct Protocol {
    /// What its parts are named by.
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) address: String,
    pub(super) about: String,
    /// How the handshake is made.
    pub(super) handshake: Value,
    /// What clients ask for.
    pub(super) asks: Vec<Ask>,
    /// How that is answered.
    pub(super) answers: Vec<Told>,
    /// What clients are told unasked.
    pub(super) events: Vec<Told>,
}

/// What a client may ask for.
pub(super) struct Ask {
    pub(super) word: &'static str,
    pub(super) summary: &'static str,
    pub(super) payload: RefOr<Schema>,
    pub(super) examples: Vec<Value>,
    /// The words of the answers.
    pub(super) answers: &'static [&'static str],
}

/// What a client is told.
pub(super) struct Told {
    pub(super) word: &'static str,
    pub(super) summary: &'static str,
    pub(super) payload: RefOr<Schema>,
    pub(super) examples: Vec<Value>,
}

const ABOUT: &str = "\
What is said live, by two protocols over one engine: JSON over a WebSocket, and Socket.IO. Both need a bearer token. A \
connection joins all rooms of its user by itself. What happens over REST reaches sockets like anything else. What is said \
and read live has words of its own here; and whatever else can be asked for over REST, from making a room to banning \
somebody from it, is asked for here by `call`, in the words of the OpenAPI document, if the host has calls taken.

`pos` is a place in all of a user's rooms: the last one seen, given back after a reconnect, brings what was missed, each \
state once, and then live events. Or the client is told to reload; never a part of it.";

/// The document of the sockets, where the REST routes are mounted below `base`.
pub(super) fn document(config: &Config, base: &str) -> Document {
    let protocols = protocols(config, base);
    let operations = protocols.iter().flat_map(|protocol| asks(protocol).chain(events(protocol)));
    Document {
        asyncapi: "3.0.0",
        info: json!({
            "title": "chat-core: sockets",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": env!("CARGO_PKG_LICENSE") },
        }),
        default_content_type: "application/json",
        servers: json!({
            "here": {
                "host": "{host}",
                "protocol": "ws",
                "description": "The server that this document came from.",
                "variables": { "host": { "default": "127.0.0.1:7777", "description": "Its name and port." } },
                "security": [{ "$ref": "#/components/securitySchemes/bearer" }],
            },
        }),
        operations: Ordered(operations.collect()),
        channels: Ordered(protocols.iter().map(|one| (one.key.to_owned(), channel(one))).collect()),
        components: Components {
            schemas: Ordered(schemas(config)),
            security_schemes: json!({
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            }),
        },
    }
}

/// An AsyncAPI document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    asyncapi: &'static str,
    info: Value,
    default_content_type: &'static str,
    servers: Value,
    channels: Ordered<Channel>,
    operations: Ordered<Value>,
    components: Components,
}

#[derive(Serialize)]
struct Channel {
    address: String,
    title: &'static str,
    description: String,
    messages: Ordered<Message>,
    bindings: Value,
}

#[derive(Serialize)]
struct Message {
    name: &'static str,
    title: String,
    summary: &'static str,
    payload: RefOr<Schema>,
    examples: Vec<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Components {
    schemas: Ordered<RefOr<Schema>>,
    security_schemes: Value,
}

/// A map whose keys stand in this order.
struct Ordered<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[allow(unused_variables, reason = "each protocol is a feature")]
pub(super) fn protocols(config: &Config, base: &str) -> Vec<Protocol> {
    vec![
        #[cfg(feature = "ws")]
        super::native::protocol(config, base),
        #[cfg(feature = "socketio")]
        super::chat::protocol(config),
    ]
}

fn schemas(config: &Config) -> Vec<(String, RefOr<Schema>)> {
    let mut schemas = Schemas::default();
    schemas.add::<MessageJson<'_>>();
    schemas.add::<HistoryJson<'_>>();
    schemas.add::<HitsJson<'_>>();
    schemas.add::<MarkedJson>();
    schemas.add::<ThreadStateJson>();
    schemas.add::<RoomJson<'_>>();
    schemas.add::<DoNotDisturbJson>();
    schemas.add::<SettingsJson>();
    schemas.add::<MessageChangeJson<'_>>();
    schemas.add::<ErrorJson<'_>>();
    add_events_to(&mut schemas);
    #[cfg(feature = "ws")]
    super::native::add_to(&mut schemas);
    #[cfg(feature = "socketio")]
    super::chat::add_to(&mut schemas);
    let draft = (Body::Draft.name().to_owned(), Body::Draft.schema(config));
    let named: BTreeMap<_, _> = schemas.0.into_iter().chain([draft]).collect();
    named.into_iter().collect()
}

fn channel(protocol: &Protocol) -> Channel {
    let asks = protocol.asks.iter().map(|ask| {
        (format!("ask.{}", ask.word), message(protocol, ask.word, ask.summary, &ask.payload, &ask.examples))
    });
    let told = |kind: &'static str| {
        move |told: &Told| {
            let message = message(protocol, told.word, told.summary, &told.payload, &told.examples);
            (format!("{kind}.{}", told.word), message)
        }
    };
    let answers = protocol.answers.iter().map(told("answer"));
    let events = protocol.events.iter().map(told("event"));
    Channel {
        address: protocol.address.clone(),
        title: protocol.title,
        description: protocol.about.clone(),
        messages: Ordered(asks.chain(answers).chain(events).collect()),
        bindings: json!({ "ws": protocol.handshake }),
    }
}

fn message(
    protocol: &Protocol,
    word: &'static str,
    summary: &'static str,
    payload: &RefOr<Schema>,
    examples: &[Value],
) -> Message {
    Message {
        name: word,
        title: format!("{}: {word}", protocol.title),
        summary,
        payload: payload.clone(),
        examples: examples.iter().map(|example| json!({ "payload": example })).collect(),
    }
}

fn asks(protocol: &Protocol) -> impl Iterator<Item = (String, Value)> {
    protocol.asks.iter().map(|ask| {
        let is_event = |word: &str| protocol.events.iter().any(|event| event.word == word);
        let answers = ask
            .answers
            .iter()
            .map(|word| reference(protocol, if is_event(word) { "event" } else { "answer" }, word));
        let operation = json!({
            "action": "receive",
            "channel": { "$ref": format!("#/channels/{}", protocol.key) },
            "summary": ask.summary,
            "messages": [reference(protocol, "ask", ask.word)],
            "reply": {
                "channel": { "$ref": format!("#/channels/{}", protocol.key) },
                "messages": answers.collect::<Vec<_>>(),
            },
        });
        (format!("{}.{}", protocol.key, ask.word), operation)
    })
}

fn events(protocol: &Protocol) -> impl Iterator<Item = (String, Value)> {
    protocol.events.iter().map(|event| {
        let operation = json!({
            "action": "send",
            "channel": { "$ref": format!("#/channels/{}", protocol.key) },
            "summary": event.summary,
            "messages": [reference(protocol, "event", event.word)],
        });
        (format!("{}.on.{}", protocol.key, event.word), operation)
    })
}

fn reference(protocol: &Protocol, kind: &str, word: &str) -> Value {
    json!({ "$ref": format!("#/channels/{}/messages/{kind}.{word}", protocol.key) })
}

/// The codes of errors, as a list for people.
pub(super) fn codes() -> String {
    let line = |code: &ErrorCode| format!("\n- `{}`: {}", code.name(), meaning(*code));
    ErrorCode::ALL.iter().filter(|code| **code != ErrorCode::ImportConflict).map(line).collect()
}

/// What the format writes of the sample events, as texts.
pub(super) fn written_events(format: &Format) -> Vec<String> {
    samples::events()
        .into_iter()
        .map(|(event, view)| format.event(&Arc::new(event), view))
        .flat_map(texts)
        .collect()
}

/// What the format writes as an answer, as texts.
pub(super) fn written_reply(format: &Format, id: Option<u64>, reply: Result<Reply>) -> Vec<String> {
    texts(format.reply(id, reply, Some(&samples::user("ana"))))
}

/// What the format writes before it closes a connection, as texts.
#[cfg(feature = "socketio")]
pub(super) fn written_close(format: &Format, reason: crate::event::CloseReason) -> Vec<String> {
    texts(format.close(reason))
}

/// An error as it is written in examples.
pub(super) fn sample_error(code: ErrorCode) -> Error {
    samples::error(code).into()
}

fn texts(frame: Frame) -> Vec<String> {
    let Frame::Bytes(bytes) = frame else { return Vec::new() };
    let (mut rest, mut texts) = (&bytes[..], Vec::new());
    while let Some((_, payload, length)) = split(rest) {
        texts.push(String::from_utf8_lossy(payload).into_owned());
        rest = rest.get(length..).unwrap_or_default();
    }
    texts
}

/// The schema of a message to send.
pub(super) fn draft() -> Ref {
    Body::Draft.reference()
}

/// The schema of a type that goes over the wire.
pub(super) fn of<T: ToSchema>() -> RefOr<Schema> {
    named::<T>().into()
}

/// The fields that name a part of a room's history.
pub(super) fn history() -> [Field; 5] {
    let page = number("Which page, from 1.").minimum(Some(1_usize));
    let limit = number("How many. Default 50.").minimum(Some(1_usize)).maximum(Some(Limit::MAX));
    [
        optional("page", page),
        optional("limit", limit),
        optional("before", place()),
        optional("after", place()),
        optional("around", place()),
    ]
}

/// What `call` asks for.
pub(super) const CALL: &str = "Ask for what the REST routes do, all but files, the export of one's own data and development tokens. The next question waits for the answer.";

/// What a call came to.
pub(super) const CALLED: &str = "What the route answers. What it refuses is refused here too.";

/// The parts of a call.
pub(super) fn call() -> [Field; 3] {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let path =
        text("As in the OpenAPI document, with the query. Without what comes before it, such as `/api`.");
    [
        needed("method", ObjectBuilder::new().schema_type(Type::String).enum_values(Some(methods))),
        needed("path", path.pattern(Some("^/"))),
        optional("body", anything("As in the OpenAPI document.")),
    ]
}

/// The parts of what a call came to.
pub(super) fn called() -> [Field; 2] {
    let status = number("As of HTTP: 200, 201, or 202 for what has to wait.");
    [needed("status", status), needed("body", anything("As in the OpenAPI document."))]
}

/// What `messageHidden` tells.
pub(super) const HIDDEN: &str = "The user has taken a message out of their own sight, on another connection. A catch-up may tell of the message first; later changes of it are told as before, and concern who does not hold it no more.";

/// What `threadRead` tells.
pub(super) const THREAD: &str = "Where the user stands in a thread has changed on another connection: they have read more of it, follow it, or do no longer. A reply of their own, and the first one to a message of theirs, have them follow it too, which is told on the connection that sends it as well, before its answer. What is told last holds.";

/// What `messageDelta` tells.
pub(super) const DELTA: &str = "A message that is being written says more. Any of these may be lost; the next `messageUpdated` has all of it.";
pub(super) fn search() -> [Field; 8] {
    let limit = number("How many. Default 20.").minimum(Some(1_usize)).maximum(Some(Limit::MAX));
    [
        needed("q", words()),
        optional("roomUuid", named::<RoomId>()),
        optional("senderUuid", named::<UserId>()),
        optional("after", moment()),
        optional("before", moment()),
        optional("hasAttachment", flag("With a file or a picture, or without any.")),
        optional("cursor", search_cursor()),
        optional("limit", limit),
    ]
}

/// What a notification says: one of these, by its `type`.
pub(super) fn notification() -> RefOr<Schema> {
    OneOfBuilder::new()
        .item(named::<event::AddedJson<'_>>())
        .item(named::<event::RemovedJson>())
        .item(named::<event::FriendJson<'_>>())
        .item(named::<InvitedJson<'_>>())
        .item(named::<InviteEndedJson>())
        .item(named::<InviteDeclinedJson<'_>>())
        .item(named::<NotificationsJson>())
        .item(named::<QuietJson>())
        .item(named::<SettledJson>())
        .item(named::<HeldNewsJson<'_>>())
        .item(named::<JoinNewsJson<'_>>())
        .item(named::<WaitingChangedJson>())
        .into()
}

/// The events whose data is the same over every protocol.
pub(super) fn add_events_to(schemas: &mut Schemas) {
    schemas.add::<event::SystemJson<'_>>();
    schemas.add::<event::TypingJson<'_>>();
    schemas.add::<event::DeltaJson<'_>>();
    schemas.add::<event::HiddenJson>();
    schemas.add::<ThreadReadJson>();
    schemas.add::<event::ReadJson<'_>>();
    schemas.add::<event::DeliveredJson<'_>>();
    schemas.add::<event::PresenceJson<'_>>();
    schemas.add::<event::TypingCountJson>();
    schemas.add::<event::OnlineCountJson>();
    schemas.add::<event::RoomChangeJson<'_>>();
    schemas.add::<event::ParticipantChangeJson<'_>>();
    schemas.add::<event::AddedJson<'_>>();
    schemas.add::<event::RemovedJson>();
    schemas.add::<event::FriendJson<'_>>();
    schemas.add::<InvitedJson<'_>>();
    schemas.add::<InviteEndedJson>();
    schemas.add::<NotificationsJson>();
    schemas.add::<QuietJson>();
    schemas.add::<InviteDeclinedJson<'_>>();
    schemas.add::<SettledJson>();
    schemas.add::<HeldNewsJson<'_>>();
    schemas.add::<JoinNewsJson<'_>>();
    schemas.add::<WaitingChangedJson>();
}

/// Texts as JSON.
pub(super) fn parsed(texts: &[String]) -> Vec<Value> {
    texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
}
