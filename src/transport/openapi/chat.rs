//! The words of the chat over Socket.IO. Its decoder and its encoder match on the same [`Verb`]s and [`EventName`]s.

use serde_json::{Value, json};
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use super::bodies::{level, quiet, settings};
use super::samples;
use super::schemas::{
    Field, Schemas, flag, named, needed, nullable_text, number, object, optional, or_null, text,
};
use super::sockets::{
    Ask, CALL, CALLED, DELTA, HIDDEN, Protocol, THREAD, Told, call, called, codes, draft, history,
    notification, of, parsed, sample_error, search, written_close, written_events, written_reply,
};
use crate::config::Config;
use crate::error::{ErrorCode, Result};
use crate::event::{CloseReason, Reply};
use crate::id::{ClientId, MessageId, RoomId};
use crate::model::{Reaction, Token};
use crate::transport::socketio::{
    CaughtUpJson, ClosingJson, ConnectedJson, EventName, RoomIdJson, Verb, format,
};
use crate::transport::wire::events as event;
use crate::transport::wire::{
    DoNotDisturbJson, ErrorJson, HistoryJson, HitsJson, MarkedJson, MessageChangeJson, MessageJson, RoomJson,
    SettingsJson, ThreadReadJson, ThreadStateJson,
};

const NAMESPACE: &str = "chat";

const ABOUT: &str = "\
Socket.IO, protocol 5 over Engine.IO 4, by polling and WebSocket; namespace `/chat`. The payloads here are an event's \
first argument, and an ack's.

The token comes in the CONNECT packet's `auth: {token}`, or in an `Authorization` header; where both are there, that of \
`auth` counts. Who is refused gets a CONNECT_ERROR with the error in its `data`. Every event takes an ack: \
`{ok: true, …}`, or `{ok: false, error}`. An event that fails without an ack is answered by the event `error`; it never \
ends a connection. The sending connection does not get its own `newMessage`; the sender's other devices do.

The `pos` of the last `connected` or `caughtUp` is the place to `resume` from. With `auth: {token, recovery: true}` the \
answer to CONNECT brings a `pid`, and each durable event its offset as one more argument: the connection state recovery \
of stock clients, which outlives the server.";

pub(super) fn protocol(_: &Config) -> Protocol {
    Protocol {
        key: "socketio",
        title: "Socket.IO",
        address: "/socket.io/".into(),
        about: format!("{ABOUT}\n\nCodes of errors:{}", codes()),
        handshake: json!({
            "method": "GET",
            "bindingVersion": "0.1.0",
            "query": {
                "type": "object",
                "required": ["EIO", "transport"],
                "properties": {
                    "EIO": { "const": "4" },
                    "transport": { "enum": ["polling", "websocket"] },
                    "sid": { "type": "string", "description": "That of the session, once it is open." },
                },
            },
        }),
        asks: Verb::ALL.iter().map(|verb| ask(*verb)).collect(),
        answers: answers(),
        events: EventName::ALL.iter().map(|name| told(*name)).collect(),
    }
}

pub(super) fn add_to(schemas: &mut Schemas) {
    schemas.add::<ConnectedJson<'_>>();
    schemas.add::<CaughtUpJson>();
    schemas.add::<RoomIdJson>();
    schemas.add::<ClosingJson<'_>>();
}

fn ask(verb: Verb) -> Ask {
    const DONE: &[&str] = &["done", "refused"];
    const CHANGED: &[&str] = &["changed", "refused"];
    const MARKS: &[&str] = &["marks", "refused"];
    const THREAD_ANSWERS: &[&str] = &["thread", "refused"];
    const QUIET: &[&str] = &["doNotDisturb", "refused"];
    let room = || needed("roomUuid", named::<RoomId>());
    let message = || needed("messageUuid", named::<MessageId>());
    let upto = || {
        let seq = number("The number of a message. Without it and `messageUuid`, the newest one.");
        vec![room(), optional("messageUuid", named::<MessageId>()), optional("seq", seq)]
    };
    let kept = || or_null(object("What the app keeps of its own with it.", []));
    let id = samples::room_id();
    let (summary, fields, example, answers): (_, Vec<Field>, Value, &'static [&'static str]) = match verb {
        Verb::JoinRoom => (
            "Have a room's live events again, and first what was missed since.",
            vec![room(), optional("since", named::<Token>())],
            json!({ "roomUuid": id }),
            &["done", "refused", "joinedRoom"],
        ),
        Verb::LeaveRoom => (
            "Stop a room's live events on this connection. The membership stays.",
            vec![room()],
            json!({ "roomUuid": id }),
            &["done", "refused", "leftRoom"],
        ),
        Verb::SendMessage => (
            "Send a message. It is durable once this is answered.",
            vec![room(), needed("message", draft())],
            json!({
                "roomUuid": id,
                "message": { "type": "TEXT", "content": "Are you running today?", "clientId": "run-1" },
            }),
            &["message", "refused"],
        ),
        Verb::StartStream => (
            "Begin a TEXT that others see while it is written. It is a message like any other, at once.",
            vec![
                room(),
                optional("content", nullable_text("The first words, if there are any yet.")),
                optional("clientId", or_null(named::<ClientId>())),
                optional("custom", kept()),
            ],
            json!({ "roomUuid": id, "clientId": "answer-1" }),
            &["message", "refused"],
        ),
        Verb::AppendStream => (
            "Write more of it. Who is connected sees it at once, as `messageDelta`; it is kept within seconds.",
            vec![room(), message(), needed("text", text("The words."))],
            json!({ "roomUuid": id, "messageUuid": samples::message_id(), "text": " at the map" }),
            &["done", "refused"],
        ),
        Verb::StopStream => (
            "End the writing of it. To give it up, delete it.",
            vec![room(), message()],
            json!({ "roomUuid": id, "messageUuid": samples::message_id() }),
            CHANGED,
        ),
        Verb::ForwardMessage => (
            "Pass a message on to another room. It is durable once this is answered.",
            vec![
                room(),
                message(),
                needed("toRoomUuid", named::<RoomId>()),
                optional("clientId", named::<ClientId>()),
            ],
            json!({ "roomUuid": id, "messageUuid": samples::message_id(), "toRoomUuid": id }),
            &["message", "refused"],
        ),
        Verb::EditMessage => (
            "Edit a message of one's own. A TEXT needs words. Beside a `custom`, `content` may be left out and stays.",
            vec![
                room(),
                message(),
                optional("content", nullable_text("The words now.")),
                optional("custom", kept()),
            ],
            json!({ "roomUuid": id, "messageUuid": samples::message_id(), "content": "Are you running tomorrow?" }),
            CHANGED,
        ),
        Verb::DeleteMessage => (
            "Delete a message. Its place stays.",
            vec![room(), message()],
            json!({ "roomUuid": id, "messageUuid": samples::message_id() }),
            CHANGED,
        ),
        Verb::React => (
            "Leave a reaction on a message, or take it back.",
            vec![
                room(),
                message(),
                needed("reaction", named::<Reaction>()),
                optional("on", flag("Whether it is left. Default true.")),
            ],
            json!({ "roomUuid": id, "messageUuid": samples::message_id(), "reaction": "👍", "on": false }),
            CHANGED,
        ),
        Verb::Pin => (
            "Pin a message for everybody in the room.",
            vec![room(), message()],
            json!({ "roomUuid": id, "messageUuid": samples::message_id() }),
            CHANGED,
        ),
        Verb::Unpin => (
            "Take a pin off a message.",
            vec![room(), message()],
            json!({ "roomUuid": id, "messageUuid": samples::message_id() }),
            CHANGED,
        ),
        Verb::HideMessage => (
            "Take a message out of one's own sight, on all devices and for good. The read mark moves up to it.",
            vec![room(), message()],
            json!({ "roomUuid": id, "messageUuid": samples::message_id() }),
            DONE,
        ),
        Verb::Typing => (
            "Tell that the user types, or has stopped.",
            vec![room(), needed("isTyping", flag("Whether they type now."))],
            json!({ "roomUuid": id, "isTyping": true }),
            DONE,
        ),
        Verb::MarkAsRead => (
            "Move the read mark up to a message, or to the newest one.",
            upto(),
            json!({ "roomUuid": id }),
            MARKS,
        ),
        Verb::MarkAsDelivered => (
            "Move the delivered mark up to a message, or to the newest one.",
            upto(),
            json!({ "roomUuid": id, "seq": 2 }),
            MARKS,
        ),
        Verb::Resume => (
            "Catch up on all rooms since a place.",
            vec![needed("since", named::<Token>())],
            json!({ "since": samples::token() }),
            &["done", "refused", "caughtUp"],
        ),
        Verb::History => (
            "Read a part of a room's history: a page, or `before`, `after` or `around` a message.",
            [room()].into_iter().chain(history()).collect(),
            json!({ "roomUuid": id, "before": 120, "limit": 20 }),
            &["history", "refused"],
        ),
        Verb::FollowThread => (
            "Follow the thread of a message. It is listed then, and its replies are notices.",
            vec![room(), message()],
            json!({ "roomUuid": id, "messageUuid": samples::message_id() }),
            THREAD_ANSWERS,
        ),
        Verb::UnfollowThread => (
            "Follow a thread no longer.",
            vec![room(), message()],
            json!({ "roomUuid": id, "messageUuid": samples::message_id() }),
            THREAD_ANSWERS,
        ),
        Verb::MarkThreadAsRead => (
            "Move the mark in a followed thread up to a number, or to the newest message. Nobody else is told.",
            vec![room(), message(), optional("seq", number("Up to here."))],
            json!({ "roomUuid": id, "messageUuid": samples::message_id(), "seq": 2 }),
            THREAD_ANSWERS,
        ),
        Verb::SetNotifications => (
            "Choose of which messages of a room one wants notices while away.",
            [room()].into_iter().chain(level()).collect(),
            json!({ "roomUuid": id, "notifications": "mentions", "expiresIn": 28_800 }),
            &["room", "refused"],
        ),
        Verb::SetDoNotDisturb => (
            "Want no notices, for a time, each day at some hours, or for good.",
            quiet().into(),
            json!({ "expiresIn": 3600 }),
            QUIET,
        ),
        Verb::EndDoNotDisturb => ("Want notices again.", Vec::new(), json!({}), QUIET),
        Verb::UpdateSettings => (
            "Change what others see of the user. What is left out stays.",
            settings().into(),
            json!({ "invisible": true }),
            &["settings", "refused"],
        ),
        Verb::Search => (
            "Look for messages by their words, newest first.",
            search().into(),
            json!({ "q": "running \"every day\"", "roomUuid": id, "limit": 20 }),
            &["found", "refused"],
        ),
        Verb::Ping => ("Nothing but an answer.", Vec::new(), json!({}), DONE),
        Verb::Call => (CALL, call().into(), samples::call(), &["called", "refused"]),
    };
    let payload = object(summary, fields).into();
    Ask { word: verb.name(), summary, payload, examples: vec![example], answers }
}

/// What acks hold.
fn answers() -> Vec<Told> {
    let ok = |is_ok: bool| {
        needed("ok", ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([is_ok])))
    };
    let answer = |word, summary, payload: RefOr<Schema>, reply: Result<Reply>| Told {
        word,
        summary,
        payload,
        examples: arguments(&written_reply(&format(NAMESPACE), Some(7), reply)),
    };
    let with =
        |of: RefOr<Schema>| AllOfBuilder::new().item(object("It was done.", [ok(true)])).item(of).into();
    let message = object("What was sent.", [ok(true), needed("message", named::<MessageJson<'_>>())]).into();
    let fields = [ok(true), needed("message", named::<MessageChangeJson<'_>>())];
    let changed = object("What has changed.", fields).into();
    let refused = object("It was refused.", [ok(false), needed("error", named::<ErrorJson<'_>>())]).into();
    let sent = Reply::Message(samples::named_message().into());
    let (marked, history) = (Reply::Marked(samples::marked()), Reply::History(samples::history_window()));
    let closed = Err(sample_error(ErrorCode::RoomClosed));
    vec![
        answer("done", "Done.", object("It was done.", [ok(true)]).into(), Ok(Reply::Done)),
        answer(
            "message",
            "The message that was sent, or that was sent first under its `clientId`.",
            message,
            Ok(sent),
        ),
        answer("changed", "The message as it is now.", changed, Ok(Reply::Amended(samples::edited().into()))),
        answer("marks", "Where the marks stand now.", with(of::<MarkedJson>()), Ok(marked)),
        answer("history", "A part of a room's history.", with(of::<HistoryJson<'_>>()), Ok(history)),
        answer(
            "thread",
            "Where the user stands in the thread now.",
            with(of::<ThreadStateJson>()),
            Ok(Reply::Thread(samples::thread_state())),
        ),
        answer(
            "room",
            "The room, as the user sees it now.",
            with(of::<RoomJson<'_>>()),
            Ok(Reply::Room(samples::room_view().into())),
        ),
        answer(
            "doNotDisturb",
            "When the user wants no notices now.",
            with(of::<DoNotDisturbJson>()),
            Ok(Reply::DoNotDisturb(samples::quiet())),
        ),
        answer(
            "settings",
            "What others see of the user now.",
            with(of::<SettingsJson>()),
            Ok(Reply::Settings(samples::settings())),
        ),
        answer("called", CALLED, with(object(CALLED, called()).into()), Ok(Reply::Called(samples::called()))),
        answer(
            "found",
            "A page of what was found.",
            with(of::<HitsJson<'_>>()),
            Ok(Reply::Found(samples::hits())),
        ),
        answer("refused", "It was refused.", refused, closed),
    ]
}

fn told(name: EventName) -> Told {
    let (summary, payload): (_, RefOr<Schema>) = match name {
        EventName::Connected => ("All rooms are joined.", of::<ConnectedJson<'_>>()),
        EventName::CaughtUp => ("All that was missed has been told.", of::<CaughtUpJson>()),
        EventName::JoinedRoom => ("A room's live events come.", of::<RoomIdJson>()),
        EventName::LeftRoom => ("A room's live events come no more.", of::<RoomIdJson>()),
        EventName::NewMessage => {
            ("A TEXT or IMAGE came; to the sender's other devices too.", of::<MessageJson<'_>>())
        }
        EventName::SystemMessage => ("A SYSTEM message came.", of::<event::SystemJson<'_>>()),
        EventName::MessageUpdated => (
            "A message was edited, the reactions on it changed, or it was pinned or is pinned no more.",
            of::<MessageChangeJson<'_>>(),
        ),
        EventName::MessageDeleted => ("A message was deleted.", of::<MessageChangeJson<'_>>()),
        EventName::MessageDelta => (DELTA, of::<event::DeltaJson<'_>>()),
        EventName::MessageHidden => (HIDDEN, of::<event::HiddenJson>()),
        EventName::ThreadRead => (THREAD, of::<ThreadReadJson>()),
        EventName::UserTyping => ("Somebody types, or has stopped.", of::<event::TypingJson<'_>>()),
        EventName::MessagesRead => ("Somebody has read up to a message.", of::<event::ReadJson<'_>>()),
        EventName::MessagesDelivered => {
            ("Messages have arrived at somebody's device.", of::<event::DeliveredJson<'_>>())
        }
        EventName::Presence => ("Somebody came online or went.", of::<event::PresenceJson<'_>>()),
        EventName::TypingCount => ("So many type in a great room.", of::<event::TypingCountJson>()),
        EventName::OnlineCount => {
            ("So many of a great room's participants are here.", of::<event::OnlineCountJson>())
        }
        EventName::RoomUpdated => ("A room changed.", of::<event::RoomChangeJson<'_>>()),
        EventName::ParticipantChanged => {
            ("Somebody joined or left, or has another role.", of::<event::ParticipantChangeJson<'_>>())
        }
        EventName::Notification => ("Something about this user alone.", notification()),
        EventName::Error => (
            "An event without an ack was refused, or the connection will be closed.",
            AnyOfBuilder::new().item(named::<ErrorJson<'_>>()).item(named::<ClosingJson<'_>>()).into(),
        ),
    };
    Told { word: name.name(), summary, payload, examples: examples(name) }
}

fn examples(name: EventName) -> Vec<Value> {
    let (format, room) = (format(NAMESPACE), samples::room_id());
    let mut written = written_events(&format);
    written.extend(written_reply(&format, None, Ok(Reply::Subscribed(room))));
    written.extend(written_reply(&format, None, Ok(Reply::Unsubscribed(room))));
    written.extend(written_reply(&format, None, Err(sample_error(ErrorCode::InvalidInput))));
    written.extend(written_close(&format, CloseReason::Lagged));
    let arrays = written.iter().filter_map(|packet| array(packet));
    arrays.filter(|array| array[0] == name.name()).filter_map(|array| array.get(1).cloned()).collect()
}

/// The first argument of each ack.
fn arguments(packets: &[String]) -> Vec<Value> {
    packets.iter().filter_map(|packet| array(packet)?.get(0).cloned()).collect()
}

/// The array in a packet of an event or an ack.
fn array(packet: &str) -> Option<Value> {
    let begins = packet.find('[')?;
    parsed(&[packet.get(begins..)?.to_owned()]).pop()
}
