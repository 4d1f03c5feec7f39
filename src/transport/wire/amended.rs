//! What has become of a message, as JSON.

use serde::Serialize;

use super::UserJson;
use super::pins::PinJson;
use super::threads::ThreadJson;
use crate::clock::Timestamp;
use crate::event::Amended;
use crate::id::{MessageId, RoomId, UserId};
use crate::model::{Amendment, Custom, Message, MessageType, Profile, Reaction, ReactionPage, Reactions};

/// How often a reaction was left.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ReactionCount))]
pub(crate) struct ReactionCountJson<'a> {
    /// The reaction.
    reaction: &'a Reaction,
    /// How many have left it.
    count: u64,
}

pub(super) fn counts(reactions: &Reactions) -> Vec<ReactionCountJson<'_>> {
    reactions.iter().map(|(reaction, count)| ReactionCountJson { reaction, count }).collect()
}

/// When what a message says last changed: edited, or deleted.
pub(super) fn changed_at(message: &Message) -> (Option<Timestamp>, Option<Timestamp>) {
    let at = message.state.edited_at;
    if message.body.is_deleted() { (None, at) } else { (at, None) }
}

/// A message has changed: what it says, what the app keeps with it, the reactions on it, or whether it is pinned.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = MessageChange))]
pub(crate) struct MessageChangeJson<'a> {
    /// Its room.
    room_uuid: RoomId,
    /// Its id.
    message_uuid: MessageId,
    /// Its number in the room.
    seq: u64,
    /// Of two states of a message, the one with the greater version is the later one.
    version: u64,
    /// What it holds, or held.
    r#type: MessageType,
    /// The words now; null for an IMAGE without a caption, and for one that was deleted.
    #[cfg_attr(feature = "openapi", schema(required))]
    content: Option<&'a str>,
    /// The picture of an IMAGE.
    #[cfg_attr(feature = "openapi", schema(required))]
    image_url: Option<&'a str>,
    /// When it was last edited.
    #[cfg_attr(feature = "openapi", schema(required))]
    edited_at: Option<Timestamp>,
    /// When it was deleted.
    #[cfg_attr(feature = "openapi", schema(required))]
    deleted_at: Option<Timestamp>,
    /// The reactions on it, in the order in which they first were left.
    reactions: Vec<ReactionCountJson<'a>>,
    /// It is still being written, unless nothing more has come by then. Not there once it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    streaming_until: Option<Timestamp>,
    /// What the reader of this has left on it. Told in a catch-up, where frames are not shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    own_reactions: Option<&'a [Reaction]>,
    /// The reaction that has changed, where one has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    reaction: Option<ReactionChangeJson<'a>>,
    /// Who has changed it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    user_uuid: Option<&'a UserId>,
    /// By whom it is pinned, and since when. Not there where it is not pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pinned: Option<PinJson<'a>>,
    /// Its thread, where there are replies to it, or were.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    thread: Option<ThreadJson<'a>>,
    /// What the app keeps of its own with it now. Not there where it keeps nothing.
    #[serde(skip_serializing_if = "Custom::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    custom: &'a Custom,
}

/// A reaction was left, or taken back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ReactionChange))]
pub(crate) struct ReactionChangeJson<'a> {
    /// The reaction.
    reaction: &'a Reaction,
    /// Whether it was left; otherwise it was taken back.
    on: bool,
}

impl<'a> MessageChangeJson<'a> {
    /// The message as it is now.
    pub(crate) fn of(message: &'a Message) -> Self {
        let (edited_at, deleted_at) = changed_at(message);
        Self {
            room_uuid: message.room,
            message_uuid: message.id,
            seq: message.seq,
            version: message.state.changed_pos,
            r#type: message.body.message_type(),
            content: message.body.content(),
            image_url: message.body.image_url(),
            edited_at,
            deleted_at,
            reactions: counts(&message.state.reactions),
            streaming_until: message.state.writing_until,
            own_reactions: None,
            reaction: None,
            user_uuid: None,
            pinned: message.state.pinned.as_ref().map(Into::into),
            thread: message.references.summary().map(Into::into),
            custom: &message.custom,
        }
    }
}

impl<'a> From<&'a Amended> for MessageChangeJson<'a> {
    fn from(amended: &'a Amended) -> Self {
        let reaction = match &amended.how {
            Some(Amendment::Reacted(reaction, on)) => Some(ReactionChangeJson { reaction, on: *on }),
            _ => None,
        };
        Self {
            own_reactions: amended.own_reactions.as_deref(),
            reaction,
            user_uuid: amended.by.as_ref(),
            ..Self::of(&amended.message)
        }
    }
}

/// A page of those who left reactions on a message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Reactions))]
pub(crate) struct ReactionsJson<'a> {
    /// By reaction, and then by user.
    reactions: Vec<ReactionJson<'a>>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<String>,
}

/// A reaction of somebody's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = UserReaction))]
struct ReactionJson<'a> {
    /// The reaction.
    reaction: &'a Reaction,
    /// Who left it.
    user: UserJson<'a>,
}

impl<'a> From<&'a ReactionPage> for ReactionsJson<'a> {
    fn from(page: &'a ReactionPage) -> Self {
        let one =
            |(reaction, profile): &'a (Reaction, Profile)| ReactionJson { reaction, user: profile.into() };
        let next_cursor = page.next.as_ref().map(|(reaction, user)| format!("{reaction} {user}"));
        Self { reactions: page.reactions.iter().map(one).collect(), next_cursor }
    }
}
