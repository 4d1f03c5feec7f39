//! What a client of the native WebSocket sends, parsed. Pure: text in, a request out.

use serde::Deserialize;

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
    pub(in crate::transport) enum Op {
        Hello = "hello",
        Send = "send",
        StartStream = "startStream",
        AppendStream = "appendStream",
        StopStream = "stopStream",
        Forward = "forward",
        Edit = "edit",
        Delete = "delete",
        React = "react",
        Pin = "pin",
        Unpin = "unpin",
        Hide = "hide",
        Read = "read",
        Delivered = "delivered",
        Typing = "typing",
        Subscribe = "subscribe",
        Unsubscribe = "unsubscribe",
        Resume = "resume",
        History = "history",
        Ping = "ping",
        Call = "call",
        Search = "search",
        FollowThread = "followThread",
        UnfollowThread = "unfollowThread",
        ReadThread = "readThread",
        SetNotifications = "setNotifications",
        SetDoNotDisturb = "setDoNotDisturb",
        EndDoNotDisturb = "endDoNotDisturb",
        UpdateSettings = "updateSettings",
    }
}

/// All fields that any operation has.
///
/// What one operation alone has is behind a pointer, so that the others move little.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameJson<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    op: Word<'a>,
    token: Option<String>,
    since: Option<Word<'a>>,
    room: Option<Word<'a>>,
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
    page: Option<u64>,
    limit: Option<u64>,
    before: Option<PlaceJson>,
    after: Option<PlaceJson>,
    around: Option<PlaceJson>,
    query: Option<Box<SearchArgs>>,
    level: Option<Box<LevelArgs>>,
    quiet: Option<Box<QuietArgs>>,
    settings: Option<Box<SettingsArgs>>,
    call: Option<Box<Call>>,
}

/// Parses a frame.
pub(super) fn decode(text: &str) -> Request {
    match parse_text::<FrameJson<'_>>(text) {
        Ok(mut frame) => command(&mut frame).unwrap_or_else(|error| Request::Command(frame.id, Err(error))),
        Err(error) => Request::Command(id_of(text), Err(error)),
    }
}

/// The id of a frame that is wrong otherwise, so that its sender learns which one was.
fn id_of(text: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct IdJson {
        id: u64,
    }
    serde_json::from_str::<IdJson>(text).ok().map(|frame| frame.id)
}

fn command(frame: &mut FrameJson<'_>) -> Result<Request> {
    let op = Op::parse(&frame.op).ok_or_else(|| Error::invalid("op", "is unknown"))?;
    let command = match op {
        Op::Hello => return frame.hello(),
        Op::Send => Command::Send(frame.room()?, frame.message.take().ok_or_else(|| missing("message"))?),
        Op::StartStream => {
            let draft = Draft::begun(frame.content.take().flatten(), frame.client_id.take());
            let custom = frame.custom.take().unwrap_or_default();
            Command::StartStream(frame.room()?, draft.with_custom(custom))
        }
        Op::AppendStream => {
            let (room, message) = (frame.room()?, frame.message_id()?);
            Command::AppendStream(room, message, frame.text.take().ok_or_else(|| missing("text"))?)
        }
        Op::StopStream => Command::StopStream(frame.room()?, frame.message_id()?),
        Op::Forward => Command::Forward {
            from: frame.room()?,
            message: frame.message_id()?,
            to: parse_target(frame.to_room_uuid.as_deref())?,
            client_id: frame.client_id.take(),
        },
        Op::Edit => {
            let to = revision(frame.content.take(), frame.custom.take());
            Command::Edit(frame.room()?, frame.message_id()?, to)
        }
        Op::Delete => Command::Delete(frame.room()?, frame.message_id()?),
        Op::React => {
            let reaction = parse_reaction(frame.reaction.as_deref())?;
            Command::React(frame.room()?, frame.message_id()?, reaction, frame.on.unwrap_or(true))
        }
        Op::Pin | Op::Unpin => Command::Pin(frame.room()?, frame.message_id()?, op == Op::Pin),
        Op::Hide => Command::Hide(frame.room()?, frame.message_id()?),
        Op::Read => Command::Mark(frame.room()?, Mark::Read, frame.place()?),
        Op::Delivered => Command::Mark(frame.room()?, Mark::Delivered, frame.place()?),
        Op::Typing => Command::Typing(frame.room()?, frame.is_typing.ok_or_else(|| missing("isTyping"))?),
        Op::Subscribe => Command::Subscribe(frame.room()?, frame.since()?),
        Op::Unsubscribe => Command::Unsubscribe(frame.room()?),
        Op::Resume => Command::Resume(frame.since()?.ok_or_else(|| missing("since"))?),
        Op::History => Command::History(frame.room()?, frame.history()?),
        Op::Ping => Command::Ping,
        Op::Call => {
            let call = frame.call.take().ok_or_else(|| missing("call"))?;
            return Ok(Request::Call(frame.id, *call));
        }
        Op::FollowThread | Op::UnfollowThread => {
            Command::FollowThread(frame.room()?, frame.message_id()?, op == Op::FollowThread)
        }
        Op::ReadThread => Command::ReadThread(frame.room()?, frame.message_id()?, frame.seq.map(Cursor::Seq)),
        Op::SetNotifications => {
            let (level, expires_in) = frame.level.take().ok_or_else(|| missing("level"))?.parse()?;
            Command::SetNotifications(frame.room()?, level, expires_in)
        }
        Op::SetDoNotDisturb => {
            Command::SetDoNotDisturb(Some(frame.quiet.take().unwrap_or_default().parse()?))
        }
        Op::EndDoNotDisturb => Command::SetDoNotDisturb(None),
        Op::UpdateSettings => {
            let settings = frame.settings.take().ok_or_else(|| missing("settings"))?;
            Command::SetSettings((*settings).into())
        }
        Op::Search => {
            let query = frame.query.take().ok_or_else(|| missing("query"))?;
            Command::Search(Box::new(query.parse()?))
        }
    };
    Ok(Request::Command(frame.id, Ok(command)))
}

impl FrameJson<'_> {
    fn hello(&mut self) -> Result<Request> {
        let token = self.token.take().ok_or_else(|| missing("token"))?;
        Ok(Request::Hello { id: self.id, token, since: self.since()?, origin: None })
    }

    fn since(&self) -> Result<Option<Token>> {
        self.since.as_deref().map(parse_since).transpose()
    }

    fn room(&self) -> Result<RoomId> {
        parse_field("room", self.room.as_deref().ok_or_else(|| missing("room"))?)
    }

    fn message_id(&self) -> Result<MessageId> {
        parse_message(self.message_uuid.as_deref())
    }

    fn place(&self) -> Result<Option<Cursor>> {
        parse_mark(self.message_uuid.as_deref(), self.seq)
    }

    fn history(&mut self) -> Result<HistoryQuery> {
        let (before, after, around) = (self.before.take(), self.after.take(), self.around.take());
        HistoryArgs { page: self.page, limit: self.limit, before, after, around }.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Revision;
    use proptest::prelude::*;

    fn code_and_field(text: &str) -> String {
        match decode(text) {
            Request::Command(id, Err(error)) => match error.kind() {
                crate::ErrorKind::Invalid { field, .. } => format!("{id:?} {field}"),
                other => format!("{other:?}"),
            },
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_fault_names_the_frame_and_the_field() {
        let room = RoomId::generate();
        for (text, expected) in [
            ("", "None body"),
            ("5", "None body"),
            ("[]", "None body"),
            (r#"{"id":1}"#, "Some(1) op"),
            (r#"{"id":1,"op":"dance"}"#, "Some(1) op"),
            (r#"{"id":-1,"op":"ping"}"#, "None id"),
            (r#"{"id":2,"op":"send"}"#, "Some(2) room"),
            (r#"{"id":2,"op":"send","room":5}"#, "Some(2) room"),
            (r#"{"id":2,"op":"send","room":".."}"#, "Some(2) room"),
            (r#"{"id":3,"op":"resume","since":"x"}"#, "Some(3) since"),
            (r#"{"id":4,"op":"hello"}"#, "Some(4) token"),
        ] {
            assert_eq!(code_and_field(text), expected, "{text}");
        }
        let with_room = |rest: &str| code_and_field(&format!(r#"{{"id":1,"room":"{room}",{rest}}}"#));
        assert_eq!(with_room(r#""op":"send""#), "Some(1) message");
        assert_eq!(
            with_room(r#""op":"send","message":{"type":"TEXT","content":5}"#),
            "Some(1) message.content"
        );
        assert_eq!(with_room(r#""op":"send","message":{"content":"x"}"#), "Some(1) message.type");
        assert_eq!(
            with_room(r#""op":"send","message":{"type":"TEXT","content":"x","custom":[]}"#),
            "Some(1) message.custom"
        );
        assert_eq!(with_room(r#""op":"typing""#), "Some(1) isTyping");
        assert_eq!(with_room(r#""op":"history","limit":0"#), "Some(1) limit");
        assert_eq!(with_room(r#""op":"history","before":"x""#), "Some(1) before");
        assert_eq!(with_room(r#""op":"setNotifications""#), "Some(1) level");
        assert_eq!(
            with_room(r#""op":"setNotifications","level":{"notifications":"some"}"#),
            "Some(1) notifications"
        );
        assert_eq!(
            with_room(r#""op":"setDoNotDisturb","quiet":{"daily":{"from":"22:00"}}"#),
            "Some(1) daily.to"
        );
        assert_eq!(with_room(r#""op":"updateSettings""#), "Some(1) settings");
        assert_eq!(
            with_room(r#""op":"updateSettings","settings":{"invisible":5}"#),
            "Some(1) settings.invisible"
        );
        assert_eq!(with_room(r#""op":"search""#), "Some(1) query");
        assert_eq!(with_room(r#""op":"search","query":{}"#), "Some(1) q");
        assert_eq!(with_room(r#""op":"search","query":{"q":"ab","after":"x"}"#), "Some(1) after");
        assert_eq!(with_room(r#""op":"search","query":{"q":"ab","limit":0}"#), "Some(1) limit");
    }

    #[test]
    fn a_text_may_be_written_with_escapes() {
        let room = RoomId::generate();
        let escaped =
            |text: &str| text.chars().map(|one| format!("\\u{:04x}", u32::from(one))).collect::<String>();
        let (op, id) = (escaped("typing"), escaped(&room.to_string()));
        let text = format!(r#"{{"id":1,"op":"{op}","room":"{id}","isTyping":true}}"#);
        let read = decode(&text);
        assert!(
            matches!(read, Request::Command(Some(1), Ok(Command::Typing(of, true))) if of == room),
            "{text}: {read:?}"
        );
    }

    #[test]
    fn an_edit_of_what_the_app_keeps_leaves_the_words() {
        let (room, message) = (RoomId::generate(), MessageId::generate());
        let edit = |rest: &str| {
            let text = format!(r#"{{"op":"edit","room":"{room}","messageUuid":"{message}"{rest}}}"#);
            match decode(&text) {
                Request::Command(None, Ok(Command::Edit(_, _, to))) => to,
                other => panic!("{other:?}"),
            }
        };
        let custom: Custom = r#"{"km":8}"#.parse().unwrap();
        let none = Revision::words(None::<&str>);
        assert_eq!(edit(""), none);
        assert_eq!(edit(r#","content":null,"custom":null"#), none);
        assert_eq!(edit(r#","content":"x""#), Revision::words(Some("x")));
        assert_eq!(edit(r#","custom":{"km":8}"#), Revision::custom(custom.clone()));
        assert_eq!(edit(r#","content":null,"custom":{"km":8}"#), none.with_custom(custom));
    }

    #[test]
    fn nesting_has_an_end() {
        let bomb = format!(r#"{{"op":"ping","x":{}"#, "[".repeat(60_000));
        assert_eq!(code_and_field(&bomb), "None body");
    }

    #[test]
    fn the_kept_inputs_make_it_panic_no_more() {
        for text in crate::corpus::inputs("native") {
            let _ = decode(&text);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = decode(&text);
        }

        #[test]
        fn no_frame_makes_it_panic(op in "[a-z]{2,11}", field in "[a-zA-Z]{2,12}", value in "[\\[\\]{}\":0-9a-z]{0,20}") {
            let _ = decode(&format!(r#"{{"op":"{op}","{field}":{value}}}"#));
        }
    }
}
