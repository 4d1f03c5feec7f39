//! Answers to commands.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    DoNotDisturbJson, HistoryJson, HitsJson, MessageChangeJson, MessageJson, RoomJson, SettingsJson,
    ThreadStateJson,
};
use crate::event::{Marked, Reply};
use crate::id::RoomId;

/// The answer to a command.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ReplyJson<'a> {
    Done {},
    Message { message: Box<MessageJson<'a>> },
    Amended { message: Box<MessageChangeJson<'a>> },
    Marked(MarkedJson),
    History(HistoryJson<'a>),
    Found(HitsJson<'a>),
    Thread(ThreadStateJson),
    Room(Box<RoomJson<'a>>),
    DoNotDisturb(DoNotDisturbJson),
    Settings(SettingsJson),
    Called { status: u16, body: &'a RawValue },
}

impl<'a> From<&'a Reply> for ReplyJson<'a> {
    fn from(reply: &'a Reply) -> Self {
        match reply {
            Reply::Done | Reply::Subscribed(_) | Reply::Unsubscribed(_) => Self::Done {},
            Reply::Message(message) => Self::Message { message: Box::new(MessageJson::own(message)) },
            Reply::Amended(message) => Self::Amended { message: Box::new(MessageChangeJson::of(message)) },
            Reply::Marked(marked) => Self::Marked(marked.into()),
            Reply::History(history) => Self::History(history.into()),
            Reply::Found(page) => Self::Found(page.into()),
            Reply::Thread(state) => Self::Thread(state.into()),
            Reply::Room(view) => Self::Room(Box::new((&**view).into())),
            Reply::DoNotDisturb(now) => Self::DoNotDisturb(now.into()),
            Reply::Settings(settings) => Self::Settings(settings.into()),
            Reply::Called(called) => Self::Called { status: called.status, body: &called.body },
        }
    }
}

/// Where a member's marks stand.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Marks))]
pub(crate) struct MarkedJson {
    /// The room.
    room_uuid: RoomId,
    /// Everything up to this `seq` is read.
    read_seq: u64,
    /// Everything up to this `seq` has arrived.
    delivered_seq: u64,
    /// How many messages are unread.
    unread_count: u64,
}

impl From<&Marked> for MarkedJson {
    fn from(marked: &Marked) -> Self {
        Self {
            room_uuid: marked.room,
            read_seq: marked.read_seq,
            delivered_seq: marked.delivered_seq,
            unread_count: marked.unread,
        }
    }
}
