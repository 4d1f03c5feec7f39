//! A chat event of a client's, parsed. Pure: a JSON array in, a request out.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::engineio::Malformed;
use crate::error::{Error, Result, parse_field};
use crate::event::Command;
use crate::id::{MessageId, RoomId};
use crate::model::{Cursor, Custom, Draft, HistoryQuery, Mark, Token};
use crate::names::names;
use crate::transport::wire::{
    HistoryArgs, LevelArgs, PlaceJson, QuietArgs, SearchArgs, SettingsArgs, Word, given, missing, parse_mark,
    parse_message, parse_reaction, parse_since, parse_target, parse_text, revision, whole,
};
use crate::transport::{Call, Request};

names! {
    /// What a client may ask for.
    pub(in crate::transport) enum Verb {
        JoinRoom = "joinRoom",
        LeaveRoom = "leaveRoom",
        SendMessage = "sendMessage",
        StartStream = "startStream",
        AppendStream = "appendStream",
        StopStream = "stopStream",
        ForwardMessage = "forwardMessage",
        EditMessage = "editMessage",
        DeleteMessage = "deleteMessage",
        React = "react",
        Pin = "pin",
        Unpin = "unpin",
        HideMessage = "hideMessage",
        Typing = "typing",
        MarkAsRead = "markAsRead",
        MarkAsDelivered = "markAsDelivered",
        Resume = "resume",
        History = "history",
        Ping = "ping",
        Call = "call",
        Search = "search",
        FollowThread = "followThread",
        UnfollowThread = "unfollowThread",
        MarkThreadAsRead = "markThreadAsRead",
        SetNotifications = "setNotifications",
        SetDoNotDisturb = "setDoNotDisturb",
        EndDoNotDisturb = "endDoNotDisturb",
        UpdateSettings = "updateSettings",
    }
}

/// All fields that any event has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PayloadJson<'a> {
    #[serde(borrow)]
    room_uuid: Option<Word<'a>>,
    message: Option<Draft>,
    is_typing: Option<bool>,
    message_uuid: Option<Word<'a>>,
    #[serde(default, deserialize_with = "given")]
    content: Option<Option<String>>,
    custom: Option<Custom>,
    text: Option<String>,
    client_id: Option<String>,
    reaction: Option<Word<'a>>,
    on: Option<bool>,
    to_room_uuid: Option<Word<'a>>,
    #[serde(default, deserialize_with = "whole")]
    seq: Option<u64>,
    since: Option<Word<'a>>,
    page: Option<u64>,
    limit: Option<u64>,
    before: Option<PlaceJson>,
    after: Option<PlaceJson>,
    around: Option<PlaceJson>,
}

/// What an event's array asks for: `[name, payload]`. Further arguments are left alone. `id` is that of its ack.
///
/// # Errors
/// [`Malformed`] when it is no array of JSON, or an empty one.
pub(super) fn decode(id: Option<u64>, data: &str) -> Result<Request, Malformed> {
    let arguments: Vec<&RawValue> = serde_json::from_str(data).map_err(|_| Malformed)?;
    let name = arguments.first().ok_or(Malformed)?;
    let Ok(name) = serde_json::from_str::<Word<'_>>(name.get()) else {
        return Ok(Request::Command(id, Err(Error::invalid("event", "must be named by a text"))));
    };
    let payload = arguments.get(1).map_or("{}", |payload| payload.get());
    Ok(request(id, &name, payload).unwrap_or_else(|error| Request::Command(id, Err(error))))
}

/// An array would be read as the fields in their order.
fn read_as<'a, T: Deserialize<'a>>(payload: &'a str) -> Result<T> {
    match payload.starts_with('{') {
        true => parse_text(payload),
        false => Err(Error::invalid("body", "must be an object")),
    }
}

fn request(id: Option<u64>, name: &str, payload: &str) -> Result<Request> {
    let read = || read_as::<PayloadJson<'_>>(payload);
    let verb = Verb::parse(name).ok_or_else(|| Error::invalid("event", "is unknown"))?;
    let command = match verb {
        Verb::JoinRoom => {
            let payload = read()?;
            Command::Subscribe(payload.room()?, payload.since()?)
        }
        Verb::LeaveRoom => Command::Unsubscribe(read()?.room()?),
        Verb::SendMessage => {
            let payload = read()?;
            Command::Send(payload.room()?, payload.message.ok_or_else(|| missing("message"))?)
        }
        Verb::StartStream => {
            let payload = read()?;
            let room = payload.room()?;
            let draft = Draft::begun(payload.content.flatten(), payload.client_id);
            Command::StartStream(room, draft.with_custom(payload.custom.unwrap_or_default()))
        }
        Verb::AppendStream => {
            let payload = read()?;
            let (room, message) = (payload.room()?, payload.message_id()?);
            Command::AppendStream(room, message, payload.text.ok_or_else(|| missing("text"))?)
        }
        Verb::StopStream => {
            let payload = read()?;
            Command::StopStream(payload.room()?, payload.message_id()?)
        }
        Verb::ForwardMessage => {
            let payload = read()?;
            Command::Forward {
                from: payload.room()?,
                message: payload.message_id()?,
                to: parse_target(payload.to_room_uuid.as_deref())?,
                client_id: payload.client_id,
            }
        }
        Verb::EditMessage => {
            let payload = read()?;
            let (room, message) = (payload.room()?, payload.message_id()?);
            Command::Edit(room, message, revision(payload.content, payload.custom))
        }
        Verb::DeleteMessage => {
            let payload = read()?;
            Command::Delete(payload.room()?, payload.message_id()?)
        }
        Verb::React => {
            let payload = read()?;
            let reaction = parse_reaction(payload.reaction.as_deref())?;
            Command::React(payload.room()?, payload.message_id()?, reaction, payload.on.unwrap_or(true))
        }
        Verb::Pin | Verb::Unpin => {
            let payload = read()?;
            Command::Pin(payload.room()?, payload.message_id()?, verb == Verb::Pin)
        }
        Verb::HideMessage => {
            let payload = read()?;
            Command::Hide(payload.room()?, payload.message_id()?)
        }
        Verb::Typing => {
            let payload = read()?;
            Command::Typing(payload.room()?, payload.is_typing.ok_or_else(|| missing("isTyping"))?)
        }
        Verb::MarkAsRead => {
            let payload = read()?;
            Command::Mark(payload.room()?, Mark::Read, payload.place()?)
        }
        Verb::MarkAsDelivered => {
            let payload = read()?;
            Command::Mark(payload.room()?, Mark::Delivered, payload.place()?)
        }
        Verb::Resume => Command::Resume(read()?.since()?.ok_or_else(|| missing("since"))?),
        Verb::History => {
            let payload = read()?;
            Command::History(payload.room()?, payload.history()?)
        }
        Verb::Ping => Command::Ping,
        Verb::Call => return Ok(Request::Call(id, read_as::<Call>(payload)?)),
        Verb::FollowThread | Verb::UnfollowThread => {
            let payload = read()?;
            Command::FollowThread(payload.room()?, payload.message_id()?, verb == Verb::FollowThread)
        }
        Verb::MarkThreadAsRead => {
            let payload = read()?;
            Command::ReadThread(payload.room()?, payload.message_id()?, payload.seq.map(Cursor::Seq))
        }
        Verb::SetNotifications => {
            let (level, expires_in) = read_as::<LevelArgs>(payload)?.parse()?;
            Command::SetNotifications(read()?.room()?, level, expires_in)
        }
        Verb::SetDoNotDisturb => Command::SetDoNotDisturb(Some(read_as::<QuietArgs>(payload)?.parse()?)),
        Verb::EndDoNotDisturb => Command::SetDoNotDisturb(None),
        Verb::UpdateSettings => Command::SetSettings(read_as::<SettingsArgs>(payload)?.into()),
        Verb::Search => Command::Search(Box::new(read_as::<SearchArgs>(payload)?.parse()?)),
    };
    Ok(Request::Command(id, Ok(command)))
}

impl PayloadJson<'_> {
    fn room(&self) -> Result<RoomId> {
        parse_field("roomUuid", self.room_uuid.as_deref().ok_or_else(|| missing("roomUuid"))?)
    }

    fn since(&self) -> Result<Option<Token>> {
        self.since.as_deref().map(parse_since).transpose()
    }

    fn message_id(&self) -> Result<MessageId> {
        parse_message(self.message_uuid.as_deref())
    }

    fn place(&self) -> Result<Option<Cursor>> {
        parse_mark(self.message_uuid.as_deref(), self.seq)
    }

    fn history(self) -> Result<HistoryQuery> {
        let Self { page, limit, before, after, around, .. } = self;
        HistoryArgs { page, limit, before, after, around }.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(data: &str) -> String {
        match decode(None, data) {
            Err(Malformed) => "malformed".into(),
            Ok(Request::Command(_, Err(error))) => match error.kind() {
                crate::ErrorKind::Invalid { field, .. } => field.to_string(),
                other => format!("{other:?}"),
            },
            Ok(Request::Command(_, Ok(command))) => format!("{command:?}"),
            Ok(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn a_fault_names_the_field_and_only_broken_json_is_malformed() {
        for (data, expected) in [
            ("", "malformed"),
            ("{}", "malformed"),
            ("[]", "malformed"),
            (r#"["joinRoom","#, "malformed"),
            ("[5]", "event"),
            (r#"["dance",{}]"#, "event"),
            (r#"["disconnect"]"#, "event"),
            (r#"["joinRoom"]"#, "roomUuid"),
            (r#"["joinRoom",null]"#, "body"),
            (r#"["joinRoom","x"]"#, "body"),
            (r#"["joinRoom", ["01ARZ3NDEKTSV4RRFFQ69G5FAV"]]"#, "body"),
            (r#"["joinRoom" , {"roomUuid":"x"} ]"#, "roomUuid"),
            (r#"["joinRoom",{"roomUuid":5}]"#, "roomUuid"),
            (r#"["joinRoom",{"roomUuid":"x"}]"#, "roomUuid"),
            (r#"["resume",{"since":"x"}]"#, "since"),
            (r#"["\u0070ing",{}]"#, "Ping"),
        ] {
            assert_eq!(fault(data), expected, "{data}");
        }
        let room = RoomId::generate();
        let of = |name: &str, rest: &str| fault(&format!(r#"["{name}",{{"roomUuid":"{room}"{rest}}}]"#));
        assert_eq!(of("sendMessage", ""), "message");
        assert_eq!(of("sendMessage", r#","message":{"content":"x"}"#), "message.type");
        assert_eq!(of("sendMessage", r#","message":{"type":"TEXT","content":5}"#), "message.content");
        assert_eq!(of("typing", ""), "isTyping");
        assert_eq!(of("history", r#","limit":0"#), "limit");
        assert_eq!(of("setNotifications", ""), "notifications");
        assert_eq!(fault(r#"["setNotifications",{"notifications":"none"}]"#), "roomUuid");
        assert_eq!(of("setDoNotDisturb", r#","daily":{"from":"22:00"}"#), "daily.to");
        assert_eq!(fault(r#"["setDoNotDisturb",[]]"#), "body");
        assert_eq!(of("updateSettings", r#","invisible":5"#), "invisible");
        assert_eq!(of("call", ""), "method");
        assert_eq!(fault(r#"["call",{"method":"GET"}]"#), "path");
        assert_eq!(fault(r#"["call",[]]"#), "body");
        assert_eq!(of("search", ""), "q");
        assert_eq!(fault(r#"["search","ab"]"#), "body");
        assert_eq!(of("search", r#","q":"ab","hasAttachment":"yes""#), "hasAttachment");
        assert_eq!(of("leaveRoom", ""), format!("Unsubscribe({room:?})"));
    }

    #[test]
    fn nesting_has_an_end() {
        assert_eq!(fault(&format!(r#"["joinRoom",{}"#, "[".repeat(60_000))), "malformed");
        let deep = format!(r#"["joinRoom",{}{}]"#, "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(fault(&deep), "body");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(data in ".{0,200}|\\[\"[a-zA-Z]{2,11}\",[\\[\\]{}\":0-9a-z,]{0,40}\\]") {
            let _ = decode(None, &data);
        }
    }
}
