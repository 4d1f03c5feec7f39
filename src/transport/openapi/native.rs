//! The words of the native WebSocket. Its decoder and its encoder match on the same [`Op`]s and [`EventName`]s.

use serde_json::{Value, json};
use utoipa::openapi::schema::AllOfBuilder;
use utoipa::openapi::{RefOr, Schema};

use super::bodies::{level, quiet, settings};
use super::samples;
use super::schemas::{
    Field, Schemas, flag, named, needed, nullable_text, number, object, optional, or_null, text, word,
};
use super::sockets::{
    Ask, CALL, CALLED, DELTA, HIDDEN, Protocol, THREAD, Told, call, called, codes, draft, history,
    notification, of, parsed, sample_error, search, written_events, written_reply,
};
use crate::config::Config;
use crate::error::{ErrorCode, Result};
use crate::event::{CloseReason, Reply};
use crate::id::{ClientId, MessageId, RoomId};
use crate::model::{Reaction, Token};
use crate::transport::status::close_code;
use crate::transport::wire::events as event;
use crate::transport::wire::{
    DoNotDisturbJson, ErrorJson, HistoryJson, HitsJson, MarkedJson, MessageChangeJson, MessageJson, RoomJson,
    SettingsJson, ThreadReadJson, ThreadStateJson,
};
use crate::transport::ws::{EventName, Op, format};

const CLOSES: [CloseReason; 7] = [
    CloseReason::Unauthenticated,
    CloseReason::TokenExpired,
    CloseReason::Lagged,
    CloseReason::TooManyRequests,
    CloseReason::Restarting(std::time::Duration::from_millis(1500)),
    CloseReason::FrameTooLarge,
    CloseReason::Protocol,
];

pub(super) fn protocol(config: &Config, base: &str) -> Protocol {
    Protocol {
        key: "native",
        title: "WebSocket",
        address: format!("{base}/chat/ws"),
        about: about(config),
        handshake: json!({
            "method": "GET",
            "bindingVersion": "0.1.0",
            "headers": {
                "type": "object",
                "properties": {
                    "Authorization": { "type": "string", "description": "`Bearer` and the token." },
                    "Sec-WebSocket-Protocol": {
                        "type": "string",
                        "description": "`chat.v1`; a browser adds its token as `bearer.<token>`.",
                    },
                },
            },
        }),
        asks: Op::ALL.iter().map(|op| ask(*op)).collect(),
        answers: answers(),
        events: EventName::ALL.iter().map(|name| told(*name)).collect(),
    }
}

pub(super) fn add_to(schemas: &mut Schemas) {
    schemas.add::<event::ReadyJson<'_>>();
    schemas.add::<event::CaughtUpJson>();
}

fn about(config: &Config) -> String {
    let closes = CLOSES.map(|reason| {
        let (code, words) = close_code(reason);
        format!("\n- {code}: {words}")
    });
    format!(
        "JSON in text frames. The token comes in the `Authorization` header, in a second subprotocol entry \
         `bearer.<token>`, or in a first `hello` frame; never in the URL. Frames of up to {} bytes are read.\n\n\
         A frame with an `id` is answered under it; one without is answered only where it fails, by the event `error`. \
         In the server's frames `event` or `id` is the first key.\n\n\
         With `since`, `ready` and all that was missed carry the client's own `pos`, and only `caughtUp` brings the new \
         one, so that a cut in the middle loses nothing.\n\n\
         Close codes say what to do:{}\n\nCodes of errors:{}",
        config.max_frame_bytes,
        closes.concat(),
        codes(),
    )
}

fn ask(op: Op) -> Ask {
    const DONE: &[&str] = &["done", "refused"];
    const THREAD_ANSWERS: &[&str] = &["thread", "refused"];
    const QUIET: &[&str] = &["doNotDisturb", "refused"];
    let room = || needed("room", named::<RoomId>());
    let message = || needed("messageUuid", named::<MessageId>());
    let on = || optional("on", flag("Whether it is left. Default true."));
    let upto = || {
        let seq = number("The number of a message. Without it and `messageUuid`, the newest one.");
        [room(), optional("messageUuid", named::<MessageId>()), optional("seq", seq)]
    };
    let since = |text: &str| AllOfBuilder::new().item(named::<Token>()).description(Some(text));
    let kept = || or_null(object("What the app keeps of its own with it.", []));
    let id = samples::room_id();
    let (summary, fields, example, answers): (_, Vec<Field>, Value, &'static [&'static str]) = match op {
        Op::Hello => (
            "Say who it is, where no header and no subprotocol did; or with the place to resume from.",
            vec![
                needed("token", text("The bearer token.")),
                optional("since", since("The last `pos` that was seen.")),
            ],
            json!({ "token": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "since": samples::token() }),
            &["ready", "refused"],
        ),
        Op::Send => (
            "Send a message. It is durable once this is answered.",
            vec![room(), needed("message", draft())],
            json!({
                "room": id,
                "message": { "type": "TEXT", "content": "Are you running today?", "clientId": "run-1" },
            }),
            &["message", "refused"],
        ),
        Op::StartStream => (
            "Begin a TEXT that others see while it is written. It is a message like any other, at once.",
            vec![
                room(),
                optional("content", nullable_text("The first words, if there are any yet.")),
                optional("clientId", or_null(named::<ClientId>())),
                optional("custom", kept()),
            ],
            json!({ "room": id, "clientId": "answer-1" }),
            &["message", "refused"],
        ),
        Op::AppendStream => (
            "Write more of it. Who is connected sees it at once, as `messageDelta`; it is kept within seconds.",
            vec![room(), message(), needed("text", text("The words."))],
            json!({ "room": id, "messageUuid": samples::message_id(), "text": " at the map" }),
            &["done", "refused"],
        ),
        Op::StopStream => (
            "End the writing of it. To give it up, delete it.",
            vec![room(), message()],
            json!({ "room": id, "messageUuid": samples::message_id() }),
            &["changed", "refused"],
        ),
        Op::Forward => (
            "Pass a message on to another room. It is durable once this is answered.",
            vec![
                room(),
                message(),
                needed("toRoomUuid", named::<RoomId>()),
                optional("clientId", named::<ClientId>()),
            ],
            json!({ "room": id, "messageUuid": samples::message_id(), "toRoomUuid": id }),
            &["message", "refused"],
        ),
        Op::Edit => (
            "Edit a message of one's own. A TEXT needs words. Beside a `custom`, `content` may be left out and stays.",
            vec![
                room(),
                message(),
                optional("content", nullable_text("The words now.")),
                optional("custom", kept()),
            ],
            json!({ "room": id, "messageUuid": samples::message_id(), "content": "Are you running tomorrow?" }),
            &["changed", "refused"],
        ),
        Op::Delete => (
            "Delete a message. Its place stays.",
            vec![room(), message()],
            json!({ "room": id, "messageUuid": samples::message_id() }),
            &["changed", "refused"],
        ),
        Op::React => (
            "Leave a reaction on a message, or take it back.",
            vec![room(), message(), needed("reaction", named::<Reaction>()), on()],
            json!({ "room": id, "messageUuid": samples::message_id(), "reaction": "👍" }),
            &["changed", "refused"],
        ),
        Op::Pin => (
            "Pin a message for everybody in the room.",
            vec![room(), message()],
            json!({ "room": id, "messageUuid": samples::message_id() }),
            &["changed", "refused"],
        ),
        Op::Unpin => (
            "Take a pin off a message.",
            vec![room(), message()],
            json!({ "room": id, "messageUuid": samples::message_id() }),
            &["changed", "refused"],
        ),
        Op::Hide => (
            "Take a message out of one's own sight, on all devices and for good. The read mark moves up to it.",
            vec![room(), message()],
            json!({ "room": id, "messageUuid": samples::message_id() }),
            DONE,
        ),
        Op::Read => (
            "Move the read mark up to a message, or to the newest one.",
            upto().into(),
            json!({ "room": id, "seq": 2 }),
            &["marks", "refused"],
        ),
        Op::Delivered => (
            "Move the delivered mark up to a message, or to the newest one.",
            upto().into(),
            json!({ "room": id, "messageUuid": samples::message_id() }),
            &["marks", "refused"],
        ),
        Op::Typing => (
            "Tell that the user types, or has stopped.",
            vec![room(), needed("isTyping", flag("Whether they type now."))],
            json!({ "room": id, "isTyping": true }),
            DONE,
        ),
        Op::Subscribe => (
            "Have a room's live events again, and first what was missed since.",
            vec![room(), optional("since", since("The last `pos` at the `unsubscribe`."))],
            json!({ "room": id, "since": samples::token() }),
            DONE,
        ),
        Op::Unsubscribe => (
            "Stop a room's live events on this connection. The membership stays.",
            vec![room()],
            json!({ "room": id }),
            DONE,
        ),
        Op::Resume => (
            "Catch up on all rooms since a place.",
            vec![needed("since", since("The last `pos` that was seen."))],
            json!({ "since": samples::token() }),
            DONE,
        ),
        Op::History => (
            "Read a part of a room's history: a page, or `before`, `after` or `around` a message.",
            [room()].into_iter().chain(history()).collect(),
            json!({ "room": id, "before": 120, "limit": 20 }),
            &["history", "refused"],
        ),
        Op::FollowThread => (
            "Follow the thread of a message. It is listed then, and its replies are notices.",
            vec![room(), message()],
            json!({ "room": id, "messageUuid": samples::message_id() }),
            THREAD_ANSWERS,
        ),
        Op::UnfollowThread => (
            "Follow a thread no longer.",
            vec![room(), message()],
            json!({ "room": id, "messageUuid": samples::message_id() }),
            THREAD_ANSWERS,
        ),
        Op::ReadThread => (
            "Move the mark in a followed thread up to a number, or to the newest message. Nobody else is told.",
            vec![room(), message(), optional("seq", number("Up to here."))],
            json!({ "room": id, "messageUuid": samples::message_id(), "seq": 2 }),
            THREAD_ANSWERS,
        ),
        Op::SetNotifications => (
            "Choose of which messages of a room one wants notices while away.",
            vec![room(), needed("level", object("Of which messages, and for how long.", level()))],
            json!({ "room": id, "level": { "notifications": "mentions", "expiresIn": 28_800 } }),
            &["room", "refused"],
        ),
        Op::SetDoNotDisturb => (
            "Want no notices, for a time, each day at some hours, or for good.",
            vec![optional("quiet", object("When; for good, where it says nothing.", quiet()))],
            json!({ "quiet": { "expiresIn": 3600 } }),
            QUIET,
        ),
        Op::EndDoNotDisturb => ("Want notices again.", Vec::new(), json!({}), QUIET),
        Op::UpdateSettings => (
            "Change what others see of the user. What is left out stays.",
            vec![needed("settings", object("What others shall see.", settings()))],
            json!({ "settings": { "invisible": true } }),
            &["settings", "refused"],
        ),
        Op::Search => (
            "Look for messages by their words, newest first.",
            vec![needed("query", object("What is looked for.", search()))],
            json!({ "query": { "q": "running \"every day\"", "limit": 20 } }),
            &["found", "refused"],
        ),
        Op::Ping => ("Nothing but an answer.", Vec::new(), json!({}), DONE),
        Op::Call => (
            CALL,
            vec![needed("call", object("What is called for.", call()))],
            json!({ "call": samples::call() }),
            &["called", "refused"],
        ),
    };
    let head = [optional("id", number("What its answer is named by.")), needed("op", word(op.name()))];
    let mut example = example;
    (example["id"], example["op"]) = (7.into(), op.name().into());
    let payload = object(summary, head.into_iter().chain(fields)).into();
    Ask { word: op.name(), summary, payload, examples: vec![example], answers }
}

fn answers() -> Vec<Told> {
    let format = format();
    let answer = |word, summary, ok: RefOr<Schema>, reply: Result<Reply>| {
        let fields = [needed("id", number("That of the question.")), needed("ok", ok)];
        let examples = parsed(&written_reply(&format, Some(7), reply));
        Told { word, summary, payload: object(summary, fields).into(), examples }
    };
    let refused = [needed("id", number("That of the question.")), needed("error", named::<ErrorJson<'_>>())];
    let message = object("What was sent.", [needed("message", named::<MessageJson<'_>>())]).into();
    let sent = Reply::Message(samples::named_message().into());
    vec![
        answer("done", "Done.", object("Nothing.", []).into(), Ok(Reply::Done)),
        answer(
            "message",
            "The message that was sent, or that was sent first under its `clientId`.",
            message,
            Ok(sent),
        ),
        answer(
            "changed",
            "The message as it is now.",
            object("What has changed.", [needed("message", named::<MessageChangeJson<'_>>())]).into(),
            Ok(Reply::Amended(samples::edited().into())),
        ),
        answer(
            "marks",
            "Where the marks stand now.",
            named::<MarkedJson>().into(),
            Ok(Reply::Marked(samples::marked())),
        ),
        answer(
            "history",
            "A part of a room's history.",
            of::<HistoryJson<'_>>(),
            Ok(Reply::History(samples::history_window())),
        ),
        answer(
            "thread",
            "Where the user stands in the thread now.",
            of::<ThreadStateJson>(),
            Ok(Reply::Thread(samples::thread_state())),
        ),
        answer(
            "room",
            "The room, as the user sees it now.",
            of::<RoomJson<'_>>(),
            Ok(Reply::Room(samples::room_view().into())),
        ),
        answer(
            "doNotDisturb",
            "When the user wants no notices now.",
            of::<DoNotDisturbJson>(),
            Ok(Reply::DoNotDisturb(samples::quiet())),
        ),
        answer(
            "settings",
            "What others see of the user now.",
            of::<SettingsJson>(),
            Ok(Reply::Settings(samples::settings())),
        ),
        answer("called", CALLED, object(CALLED, called()).into(), Ok(Reply::Called(samples::called()))),
        answer("found", "A page of what was found.", of::<HitsJson<'_>>(), Ok(Reply::Found(samples::hits()))),
        Told {
            word: "refused",
            summary: "It was refused.",
            payload: object("It was refused.", refused).into(),
            examples: parsed(&written_reply(&format, Some(7), Err(sample_error(ErrorCode::RoomClosed)))),
        },
    ]
}

fn told(name: EventName) -> Told {
    let format = format();
    let (summary, data): (_, RefOr<Schema>) = match name {
        EventName::Ready => ("All rooms are joined. The newest 100 are named.", ready()),
        EventName::CaughtUp => ("All that was missed has been told.", of::<event::CaughtUpJson>()),
        EventName::Message => {
            ("A TEXT or IMAGE came; to the sender's other devices too.", of::<MessageJson<'_>>())
        }
        EventName::System => ("A SYSTEM message came.", of::<event::SystemJson<'_>>()),
        EventName::MessageUpdated => (
            "A message was edited, the reactions on it changed, or it was pinned or is pinned no more.",
            of::<MessageChangeJson<'_>>(),
        ),
        EventName::MessageDeleted => ("A message was deleted.", of::<MessageChangeJson<'_>>()),
        EventName::MessageDelta => (DELTA, of::<event::DeltaJson<'_>>()),
        EventName::MessageHidden => (HIDDEN, of::<event::HiddenJson>()),
        EventName::ThreadRead => (THREAD, of::<ThreadReadJson>()),
        EventName::Typing => ("Somebody types, or has stopped.", of::<event::TypingJson<'_>>()),
        EventName::Read => ("Somebody has read up to a message.", of::<event::ReadJson<'_>>()),
        EventName::Delivered => {
            ("Messages have arrived at somebody's device.", of::<event::DeliveredJson<'_>>())
        }
        EventName::Presence => ("Somebody came online or went.", of::<event::PresenceJson<'_>>()),
        EventName::TypingCount => ("So many type in a great room.", of::<event::TypingCountJson>()),
        EventName::OnlineCount => {
            ("So many of a great room's participants are here.", of::<event::OnlineCountJson>())
        }
        EventName::Room => ("A room changed.", of::<event::RoomChangeJson<'_>>()),
        EventName::Participant => {
            ("Somebody joined or left, or has another role.", of::<event::ParticipantChangeJson<'_>>())
        }
        EventName::Notification => ("Something about this user alone.", notification()),
        EventName::Error => ("A frame without an `id` was refused.", of::<ErrorJson<'_>>()),
    };
    let examples = match name {
        EventName::Error => parsed(&written_reply(&format, None, Err(sample_error(ErrorCode::InvalidInput)))),
        _ => {
            let mut of_name = parsed(&written_events(&format));
            of_name.retain(|frame| frame["event"] == name.name());
            of_name
        }
    };
    let payload = object(
        summary,
        [
            needed("event", word(name.name())),
            optional("room", named::<RoomId>()),
            optional("pos", named::<Token>()),
            needed("data", data),
        ],
    );
    Told { word: name.name(), summary, payload: payload.into(), examples }
}

/// `ready` carries its position within its data.
fn ready() -> RefOr<Schema> {
    let pos = object("Its place.", [optional("pos", named::<Token>())]);
    AllOfBuilder::new().item(named::<event::ReadyJson<'_>>()).item(pos).into()
}
