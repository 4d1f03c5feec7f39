//! How a message that waits stands in columns.

use serde::{Deserialize, Serialize};

use super::{ReadRow, profile_of};
use crate::id::{MessageId, UserId};
use crate::model::{Mentions, Profile};
use crate::store::{Forward, Held, Refers, Reply};

/// What [`held_of`] reads, of `held h`, with `profiles p` of its sender.
macro_rules! held_columns {
    () => {
        "h.id, h.room, h.sender, p.nickname, p.image, h.kind, h.content, h.image_url, h.client_id, \
         h.attachments, h.refers, h.body_hash, h.reason, h.at, h.custom"
    };
}

pub(in crate::store) use held_columns;

/// What it refers to, as JSON. What is not there is left out, and what an older version left out is not there.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct KeptRefers {
    #[serde(skip_serializing_if = "Option::is_none")]
    quoted: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mentions: Option<Box<Mentions>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<MessageId>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    in_room: bool,
}

/// As it is kept; NULL where it refers to nothing.
pub(in crate::store) fn refers_text(refers: &Refers) -> Option<String> {
    let Refers { quoted, forwarded, mentions, thread } = refers;
    let kept = KeptRefers {
        quoted: *quoted,
        forwarded: forwarded.as_ref().map(|forward| forward.message),
        first: forwarded.as_ref().map(|forward| forward.first.user.clone()),
        mentions: mentions.clone(),
        thread: thread.as_ref().map(|reply| reply.root),
        in_room: thread.as_ref().is_some_and(|reply| reply.in_room),
    };
    if *refers == Refers::default() { None } else { serde_json::to_string(&kept).ok() }
}

fn refers_of(text: &str) -> Option<Refers> {
    let KeptRefers { quoted, forwarded, first, mentions, thread, in_room } =
        serde_json::from_str(text).ok()?;
    let forwarded = match (forwarded, first) {
        (Some(message), Some(first)) => Some(Box::new(Forward { message, first: Profile::unknown(first) })),
        (None, None) => None,
        _ => return None,
    };
    let thread = thread.map(|root| Box::new(Reply { root, in_room, max_followed: 0 }));
    Some(Refers { quoted, forwarded, mentions, thread })
}

/// Reads a message that waits.
pub(in crate::store) fn held_of<'r, R: ReadRow<'r>>(columns: &mut R) -> Result<Held, R::Error> {
    Ok(Held {
        id: MessageId::from_bytes(columns.bytes()?),
        room: columns.room_id()?,
        sender: {
            let user: UserId = columns.parsed()?;
            let (nickname, image) = (columns.maybe_text()?, columns.maybe_text()?);
            profile_of(user, nickname, image)
        },
        body: columns.body()?,
        client_id: columns.maybe()?,
        attachments: columns.attachments()?,
        refers: match columns.maybe_text()? {
            Some(text) => refers_of(text).ok_or_else(|| columns.no_sense())?,
            None => Refers::default(),
        },
        hash: columns.hash()?,
        reason: columns.maybe_text()?.map(Into::into),
        at: columns.time()?,
        custom: columns.custom()?,
    })
}
