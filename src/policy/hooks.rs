//! What a host makes of what people say, and of who comes in.

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;

use crate::error::Result;
use crate::id::{AttachmentId, MessageId, UserId};
use crate::model::{Body, Custom, Room, Verb};

/// A message that somebody in the room wants to send.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Sending<'a> {
    /// Who.
    pub actor: &'a UserId,
    /// Where.
    pub room: &'a Room,
    /// What, within the engine's bounds.
    pub body: &'a Body,
    /// The files that go with it.
    pub attachments: &'a [AttachmentId],
    /// What the app would keep of its own with it.
    pub custom: &'a Custom,
}

/// What somebody in the room wants a message of their own to say.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Editing<'a> {
    /// Who.
    pub actor: &'a UserId,
    /// Where.
    pub room: &'a Room,
    /// Which message, if it is there and theirs.
    pub message: MessageId,
    /// The words, within the engine's bounds; `None` takes a caption away, or, beside a `custom`, may leave what it says.
    pub content: Option<&'a str>,
    /// What the app would keep of its own with it from now on; `None` leaves that as it is.
    pub custom: Option<&'a Custom>,
}

/// Somebody who wants to come into a room by themselves: a public one, or by an invite link.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Joining<'a> {
    /// Who.
    pub actor: &'a UserId,
    /// Where.
    pub room: &'a Room,
}

/// What becomes of what somebody wants to say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is said.
    Allow,
    /// These words are said instead: the text of a TEXT, the caption of an IMAGE. They keep the engine's bounds, and
    /// are not blank; others count as a [failure](Hooks).
    Rewrite(String),
    /// This is kept with it instead of what the app would keep of its own with it, and with words, these are said, as in
    /// [`Rewrite`](Self::Rewrite). Beyond the engine's bound it counts as a [failure](Hooks).
    Recast {
        /// The words; `None`: as it was said.
        words: Option<String>,
        /// What is kept.
        custom: Custom,
    },
    /// It is not said: [`Forbidden`](crate::ErrorKind::Forbidden), with these words for whoever wanted it.
    Reject(Cow<'static, str>),
    /// It is not said yet: it [waits](crate::Actor::held) until somebody who moderates the room says whether it is, and
    /// nobody else sees it meanwhile. With these words for them, of at most
    /// [`Ban::MAX_REASON_BYTES`](crate::model::Ban::MAX_REASON_BYTES), others count as a [failure](Hooks); blank ones are
    /// none. Its sender is told [`Held`](crate::ErrorKind::Held), and nothing of why. In a direct room only the
    /// [host](crate::Admin::approve_held) can approve it.
    ///
    /// An edit is not held, nor what is seen while it is written: there it is
    /// [`Forbidden`](crate::ErrorKind::Forbidden).
    Hold(Cow<'static, str>),
}

/// Whether somebody comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Welcome {
    /// They do.
    Allow,
    /// They do not: [`Forbidden`](crate::ErrorKind::Forbidden), with these words for them.
    Reject(Cow<'static, str>),
    /// Not yet: they [wait](crate::Actor::join_requests) until somebody who moderates the room says whether they do, and
    /// nobody else learns of it meanwhile. With these words for moderators, of at most
    /// [`Ban::MAX_REASON_BYTES`](crate::model::Ban::MAX_REASON_BYTES), others count as a [failure](Hooks); blank ones are
    /// none. Who asks is told [`JoinHeld`](crate::ErrorKind::JoinHeld), and nothing of why.
    Hold(Option<Cow<'static, str>>),
}

/// Rules of the host's own, about what is said and who comes in: a filter of words, a classifier, a look at an
/// account. The engine asks behind the [`Policy`](super::Policy) and before it commits, outside of any transaction;
/// the room's own rules are checked in the commit, whatever is answered here. What
/// [`admin`](crate::ChatEngine::admin) does is not asked about.
///
/// At most [`Config::hooks_at_once`](crate::Config::hooks_at_once) questions are asked at the same time. A question
/// that is not answered within [`Config::hook_timeout`](crate::Config::hook_timeout), waiting for its turn included, or
/// answered with an error, is a failure, and [`Config::hook_failure`](crate::Config::hook_failure) says what becomes of it. A call may
/// be dropped halfway: at the timeout, or when its asker goes away.
///
/// A retry under a client id is asked about again, and gets the message that was sent first, whatever is answered then;
/// while that waits, held, the answer is the same. So it is for whoever asks again to come in while they wait.
/// A message by [`send_in`](crate::Actor::send_in) is asked about when it is sent, not when it is written. One that is
/// seen while it is written is asked about when it is begun, and with each append, as an edit to all that it says then:
/// where that shall be said in other words, it is refused.
#[async_trait]
pub trait Hooks: Send + Sync + fmt::Debug + 'static {
    /// Whether this is worth a question: [`Send`](Verb::Send), [`Edit`](Verb::Edit) or [`Join`](Verb::Join), and nothing
    /// else. `false` lets it through and spares the engine the look at the room.
    fn asks_about(&self, verb: Verb) -> bool;

    /// Somebody wants to send a message.
    ///
    /// # Errors
    /// Any: it could not be told.
    async fn before_send(&self, sending: Sending<'_>) -> Result<Verdict>;

    /// Somebody wants to say something else in a message.
    ///
    /// # Errors
    /// Any: it could not be told.
    async fn before_edit(&self, editing: Editing<'_>) -> Result<Verdict>;

    /// Somebody wants to come in by themselves. Whom others add is a question to the [`Policy`](super::Policy).
    ///
    /// # Errors
    /// Any: it could not be told.
    async fn before_join(&self, joining: Joining<'_>) -> Result<Welcome>;
}
