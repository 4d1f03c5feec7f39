//! What is asked of a message: what it refers to as it is sent and what the host makes of it, how it is amended, and what
//! becomes of its files.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::id::{AttachmentId, MessageId};
use crate::model::{Attachment, Mentions, Profile, Reaction, Revision};
use crate::store::{BodyHash, Hold};

/// What a message that is sent refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store hands it to `apply`, whatever is in it")]
pub struct Refers {
    /// The message that it answers.
    pub quoted: Option<MessageId>,
    /// The message that is passed on by it.
    pub forwarded: Option<Box<Forward>>,
    /// Whom it mentions, as it was asked for: whoever is no active member is left out, and so is the sender. All of
    /// them take [`Verb::MentionAll`](crate::model::Verb::MentionAll).
    pub mentions: Option<Box<Mentions>>,
    /// The thread that it is a reply in.
    pub thread: Option<Box<Reply>>,
}

/// A reply in a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store hands it to `apply`, whatever is in it")]
pub struct Reply {
    /// The thread's root: one of the same room, and no reply itself. One that is deleted has replies already.
    pub root: MessageId,
    /// Whether it is meant for the whole room too.
    pub in_room: bool,
    /// As [`Op::Follow`](super::Op::Follow)'s `most`, for who comes to follow the thread by it; 0: nobody does.
    pub max_followed: u32,
}

/// What a message passes on. Under a client id it is known by this alone, whatever it says and brings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a store hands it to `apply`, whatever is in it")]
pub struct Forward {
    /// The message, of whatever room.
    pub message: MessageId,
    /// Who sent it first.
    pub first: Profile,
}

/// What the host's [`Hooks`](crate::policy::Hooks) have made of a message. A retry gets the message that was sent first,
/// whatever this is.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Ruling {
    /// It is sent as it was said.
    #[default]
    AsSaid,
    /// It is sent as it was said, and the host was asked. What waits under its client id is looked for.
    Allowed,
    /// It is sent with other words, or something else is kept with it. What was said has this fingerprint, by which a retry is known.
    Rewritten(BodyHash),
    /// It is not sent, for this reason.
    Refused(Box<ErrorKind>),
    /// It waits until somebody says whether it is said.
    Held(Box<Hold>),
}

/// What an [`Op::Amend`](super::Op::Amend) asks for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Amend {
    /// Say something else: a TEXT needs words, unless it has files, an IMAGE may lose its caption; or keep something else
    /// with it. The sender's alone. Other words alone move [`edited_at`](crate::model::MessageState::edited_at) and leave a
    /// former state.
    Edit {
        /// What it shall be.
        to: Revision,
        /// For so long after it was sent, that moment included; `None` is for ever. Later it is
        /// [`Forbidden`](crate::ErrorKind::Forbidden), but to the host. The engine gives
        /// [`Config::edit_window`](crate::Config::edit_window).
        within: Option<Duration>,
        /// How many of its former states are kept, the newest ones. The engine gives
        /// [`Config::kept_edits`](crate::Config::kept_edits).
        keep: u32,
    },
    /// Say what is written so far, in a message that is being written: of its sender alone. One that is written
    /// already is [`Forbidden`](crate::ErrorKind::Forbidden), and so is the end of one without words, or what does
    /// not begin with the words that stand there: somebody else has appended to it.
    Write {
        /// All of the words so far.
        content: Arc<str>,
        /// Until when it is being written, unless more comes; `None` is the end.
        until: Option<Timestamp>,
    },
    /// The same, behind the words that stand there.
    Append {
        /// What comes next, if anything.
        text: Arc<str>,
        /// The most bytes of the whole; with more it is [`TooLarge`](crate::ErrorKind::TooLarge). The engine gives
        /// [`Config::max_content_bytes`](crate::Config::max_content_bytes).
        max_bytes: usize,
        /// As in [`Amend::Write`].
        until: Option<Timestamp>,
    },
    /// Say nothing any more, bear no reactions, and be pinned no more. The place in the room stays.
    Delete {
        /// As in [`Amend::Edit`]; the engine gives [`Config::delete_window`](crate::Config::delete_window). Who
        /// may delete what others sent is not bound by it.
        within: Option<Duration>,
    },
    /// Leave a reaction of `by`, or take it back.
    React {
        /// Which.
        reaction: Reaction,
        /// Whether it is left.
        on: bool,
        /// How many different ones a message may bear; with one more it is
        /// [`LimitReached`](crate::ErrorKind::LimitReached). The engine gives
        /// [`Config::max_reaction_kinds`](crate::Config::max_reaction_kinds).
        max_kinds: usize,
    },
    /// Pin it for everybody, or take the pin off, whoever has put it there.
    Pin {
        /// Whether it is pinned.
        on: bool,
        /// How many messages of the room may be pinned; with one more it is
        /// [`LimitReached`](crate::ErrorKind::LimitReached). The engine gives
        /// [`Config::max_pins`](crate::Config::max_pins).
        max_pins: u32,
    },
}

/// What is asked of an attachment. Done again, each changes nothing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AttachOp {
    /// Its upload begins: `by` is its uploader, who may send in the room. How large it is, is not known yet, and is 0
    /// here; nor is for certain how large the picture is as it is shown, and whether it has a thumbnail.
    Begin(Box<Attachment>),
    /// All its bytes are there, so that it may be sent. One that is not there any more is
    /// [`AttachmentNotFound`](crate::ErrorKind::AttachmentNotFound).
    Finish {
        /// The attachment, as large as it is.
        attachment: Box<Attachment>,
        /// The most bytes that all attachments of its uploader may have then, in all rooms together; with more it is
        /// [`QuotaExceeded`](crate::ErrorKind::QuotaExceeded). The engine gives
        /// [`Config::max_attachment_bytes_per_user`](crate::Config::max_attachment_bytes_per_user).
        quota: u64,
    },
    /// It may be sent no more, for its bytes are deleted next. Refused once it is in a message:
    /// [`AttachmentUsed`](crate::ErrorKind::AttachmentUsed).
    Discard(AttachmentId),
    /// Its bytes are gone. Refused unless it was discarded, or its upload never finished:
    /// [`AttachmentUsed`](crate::ErrorKind::AttachmentUsed).
    Forget(AttachmentId),
}
