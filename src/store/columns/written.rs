//! How a value stands in columns.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::model::{
    Attachment, Body, Custom, Mentions, Message, MessageType, PinCursor, Role, Room, RoomKind, SystemKind,
    Thread, Visibility,
};

/// The number as a database keeps it. None here comes near the bound; what a caller asks for may.
pub(in crate::store) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(in crate::store) fn role_code(role: Role) -> i16 {
    match role {
        Role::Owner => 1,
        Role::Member => 2,
        Role::Admin => 3,
        Role::ReadOnly => 4,
    }
}

/// What a room's owner has changed; nothing where nothing was.
pub(in crate::store) fn permissions_text(room: &Room) -> Option<String> {
    (!room.permissions.is_default()).then(|| room.permissions.to_string())
}

/// What the app keeps of its own; nothing where it is empty.
pub(in crate::store) fn custom_text(custom: &Custom) -> Option<&str> {
    (!custom.is_empty()).then(|| custom.as_str())
}

/// How much of the room is kept; nothing where that is all, and said nowhere.
pub(in crate::store) fn keeping_text(room: &Room) -> Option<String> {
    room.keeping.as_ref().map(|keeping| keeping.to_string())
}

/// Whether everybody may find the room.
pub(in crate::store) fn is_public(room: &Room) -> bool {
    room.about.visibility == Visibility::Public
}

pub(in crate::store) fn room_code(kind: &RoomKind) -> i16 {
    match kind {
        RoomKind::Direct(_) => 1,
        RoomKind::Group => 2,
        RoomKind::Challenge(_) => 3,
    }
}

pub(in crate::store) fn body_code(body: &Body) -> i16 {
    match body {
        Body::Text(_) => 1,
        Body::Image { .. } => 2,
        Body::Deleted(MessageType::Image) => 4,
        Body::Deleted(_) => 3,
        Body::System { kind, .. } => match kind {
            SystemKind::Joined => 11,
            SystemKind::Left => 12,
            SystemKind::Removed => 13,
            SystemKind::Renamed => 14,
        },
    }
}

/// A message's attachments in one column, so that whoever reads the message reads nothing besides. They
/// never change. Another shape of [`Attachment`] is another variant, and what was written stays readable.
#[derive(Serialize, Deserialize)]
enum Kept<'a> {
    First(Cow<'a, [Attachment]>),
}

/// Who sent it first, as it is kept.
pub(in crate::store) fn first_sender(message: &Message) -> Option<&str> {
    message.references.forwarded.as_ref().map(|first| first.user.as_str())
}

/// When it was pinned, and by whom, as it is kept.
pub(in crate::store) fn pin_of(message: &Message) -> (Option<i64>, Option<&str>) {
    let pin = message.state.pinned.as_ref();
    (pin.map(|pin| pin.at.as_millis()), pin.and_then(|pin| pin.by.as_ref()).map(UserId::as_str))
}

/// A place among pins as it is compared; without one, beyond all.
pub(in crate::store) fn below_pin(before: Option<PinCursor>) -> (i64, i64) {
    before.map_or((i64::MAX, i64::MAX), |cursor| (cursor.at.as_millis(), int(cursor.seq)))
}

/// Which message it answers, as it is kept.
pub(in crate::store) fn quoted_seq(message: &Message) -> Option<i64> {
    message.references.quoted.as_ref().map(|quoted| int(quoted.seq))
}

/// As they are kept; NULL without any.
pub(in crate::store) fn kept_attachments(attachments: &[Attachment]) -> Option<Vec<u8>> {
    if attachments.is_empty() {
        return None;
    }
    // Into a vector it always fits.
    postcard::to_extend(&Kept::First(attachments.into()), Vec::new()).ok()
}

pub(super) fn attachments_of(bytes: &[u8]) -> Option<Arc<[Attachment]>> {
    match postcard::from_bytes(bytes).ok()? {
        Kept::First(attachments) => Some(attachments.into_owned().into()),
    }
}

/// Likewise, whom a message mentions.
#[derive(Serialize, Deserialize)]
enum KeptMentions<'a> {
    First(Cow<'a, Mentions>),
}

/// Whom it mentions, as it is kept; NULL where it mentions nobody.
pub(in crate::store) fn kept_mentions(message: &Message) -> Option<Vec<u8>> {
    let mentions = message.references.mentions.as_deref()?;
    // Into a vector it always fits.
    postcard::to_extend(&KeptMentions::First(Cow::Borrowed(mentions)), Vec::new()).ok()
}

pub(super) fn mentions_of(bytes: &[u8]) -> Option<Arc<Mentions>> {
    match postcard::from_bytes(bytes).ok()? {
        KeptMentions::First(mentions) => Some(Arc::new(mentions.into_owned())),
    }
}

/// Likewise, its place in a thread.
#[derive(Serialize, Deserialize)]
enum KeptThread<'a> {
    First(Cow<'a, Thread>),
}

/// Its place in a thread, as it is kept; NULL where it has none.
pub(in crate::store) fn kept_thread(message: &Message) -> Option<Vec<u8>> {
    let thread = message.references.thread.as_deref()?;
    // Into a vector it always fits.
    postcard::to_extend(&KeptThread::First(Cow::Borrowed(thread)), Vec::new()).ok()
}

/// The number of the root that it is a reply to, by which replies are found.
pub(in crate::store) fn root_seq(message: &Message) -> Option<i64> {
    message.references.reply().map(|reply| int(reply.seq))
}

pub(super) fn thread_of(bytes: &[u8]) -> Option<Arc<Thread>> {
    match postcard::from_bytes(bytes).ok()? {
        KeptThread::First(thread) => Some(Arc::new(thread.into_owned())),
    }
}
