//! Changes of a room.

use std::sync::Arc;
use std::time::Duration;

use super::message::{Amend, AttachOp, Refers, Ruling};
use crate::clock::Timestamp;
use crate::id::{AttachmentId, ClientId, MessageId, OriginId, ReportId, RoomId, UserId};
use crate::model::{
    About, Ban, Body, Custom, Invite, InviteCode, JoinRequest, Mark, NotifySetting, Profile, Reaction,
    ReportOutcome, Retention, Role, RoomKind, Verb, Visibility,
};
use crate::store::{Admission, Held, JoinSettlement, RoomRecord, Settlement};

/// A change of one room.
#[derive(Debug, Clone)]
pub struct RoomItem {
    /// The room.
    pub room: RoomId,
    /// When.
    pub at: Timestamp,
    /// Who asks: `None` is the host, whom no rule of a room binds.
    pub by: Option<UserId>,
    /// What is asked.
    pub op: Op,
}

/// What a [`RoomItem`] asks for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Op {
    /// Make the room with these people in it. When its key is taken, the answer is the pair's room that has
    /// it; for a challenge it is an error that names the room:
    /// [`ChallengeRoomExists`](crate::ErrorKind::ChallengeRoomExists).
    Create {
        /// Its kind.
        kind: RoomKind,
        /// Its name; `None` has one made from nicknames.
        name: Option<Arc<str>>,
        /// Who takes part; whoever is named twice is in once. If `by` is among them, they own the room, and
        /// else nobody does.
        members: Vec<UserId>,
        /// What is said of it.
        about: About,
    },
    /// Add a message of an active member. Under a client id that the sender has used in the room before, the
    /// answer is the message that was sent then, also in a room that has closed since, or
    /// [`ClientIdConflict`](crate::ErrorKind::ClientIdConflict) where its [`BodyHash`](crate::store::BodyHash) is another one. Of whoever
    /// is muted it is [`Muted`](crate::ErrorKind::Muted), as an edit and a reaction, and too early in a slow room
    /// [`RateLimited`](crate::ErrorKind::RateLimited). Of its files: [`AttachmentNotFound`](crate::ErrorKind::AttachmentNotFound) and
    /// [`AttachmentUsed`](crate::ErrorKind::AttachmentUsed).
    ///
    /// Of what it quotes, and of the root of its thread: [`MessageNotFound`](crate::ErrorKind::MessageNotFound),
    /// [`MessageDeleted`](crate::ErrorKind::MessageDeleted), and [`Forbidden`](crate::ErrorKind::Forbidden) for a
    /// SYSTEM message; for a root that is a reply itself too. [`Forbidden`](crate::ErrorKind::Forbidden) where it mentions everybody, and its sender may not.
    ///
    /// One that is to be [held](Ruling::Held) keeps to all of that, and then waits: the answer is
    /// [`Held`](crate::store::Answer::Held), as to whatever comes under its client id while it waits.
    Send {
        /// The message's id.
        id: MessageId,
        /// Who sends it.
        sender: Profile,
        /// What it says; no SYSTEM.
        body: Body,
        /// The client's name for it.
        client_id: Option<ClientId>,
        /// The connection that sends it.
        origin: Option<OriginId>,
        /// Files of the sender's in the room that are in no message yet, each once; pictures alone in an IMAGE.
        attachments: Vec<AttachmentId>,
        /// For one that is yet to be written: what it is at its [`writing_until`](crate::model::MessageState::writing_until).
        writing_until: Option<Timestamp>,
        /// What it refers to.
        refers: Refers,
        /// What the app keeps of its own with it.
        custom: Custom,
        /// What the host has made of it.
        ruling: Ruling,
    },
    /// Add people, all or none. Who is in already stays as they are. Of somebody who is banned it is
    /// [`Banned`](crate::ErrorKind::Banned).
    Join {
        /// Who, with the words for it.
        users: Vec<Notice>,
        /// The most active members that the room may have then; with one more it is
        /// [`RoomFull`](crate::ErrorKind::RoomFull). The engine gives
        /// [`Config::max_room_members`](crate::Config::max_room_members).
        max_members: u32,
    },
    /// Come into a public room, or into any by an invite link that holds. Who is in already stays as they are,
    /// and uses up none of the link. Of whoever is banned it is [`Banned`](crate::ErrorKind::Banned), of a private room
    /// [`NotAParticipant`](crate::ErrorKind::NotAParticipant), of a link that does not hold, or is of another
    /// room, [`InviteNotFound`](crate::ErrorKind::InviteNotFound).
    ///
    /// Who is to be [held](Admission::Held) keeps to all of that, and then waits: the answer is
    /// [`JoinHeld`](crate::store::Answer::JoinHeld), as to whoever asks again while they wait.
    Enter {
        /// Who asks, with the words for it.
        notice: Notice,
        /// The most active members that the room may have then, as in [`Op::Join`].
        max_members: u32,
        /// The invite link that lets them into a room, public or not.
        by_invite: Option<InviteCode>,
        /// What the host has made of it.
        admission: Admission,
    },
    /// Say what becomes of a request to come in. Whoever moderates the room approves or rejects it; who asks withdraws it,
    /// and so does the host. One that does not wait any more is
    /// [`JoinRequestNotFound`](crate::ErrorKind::JoinRequestNotFound).
    ///
    /// Approved, they come in at this moment and by every rule of [`Op::Enter`], by the link that they have asked by: where
    /// they could not now it is what that would be, or [`Forbidden`](crate::ErrorKind::Forbidden) of a room that is
    /// private by now, and they wait on.
    SettleJoin {
        /// The request, as it was read. Whether it waits still, the commit tells.
        request: Box<JoinRequest>,
        /// What becomes of it.
        how: JoinSettlement,
    },
    /// Make an invite link. Those of the room that hold no more are gone with it; one whose code is there changes
    /// nothing. An invitation takes the place of an earlier one of the same person; of whoever is in the room it
    /// is [`Invalid`](crate::ErrorKind::Invalid).
    MakeInvite {
        /// The link, of this room.
        invite: Invite,
        /// The most links that the room may have then, and as many invitations; with one more it is
        /// [`LimitReached`](crate::ErrorKind::LimitReached). The engine gives
        /// [`Config::max_invites`](crate::Config::max_invites).
        most: u32,
    },
    /// Take an invite link back: whoever has made it, and whoever may take people out; whoever is invited by it
    /// declines it so. One that is not there is
    /// [`InviteNotFound`](crate::ErrorKind::InviteNotFound).
    RevokeInvite(InviteCode),
    /// Take a member out: they leave when they ask themselves. A direct room, and one that is left by its
    /// last member, closes. Elsewhere an owner is followed by the first of those who stay, by
    /// [`seniority`](crate::model::Member::seniority).
    Part {
        /// Who, with the words for it.
        notice: Notice,
    },
    /// Give the room another name.
    Rename {
        /// The name; `None` has one made from nicknames.
        name: Option<Arc<str>>,
        /// The words for it.
        notice: Notice,
    },
    /// Close the room, which frees its key. One that is closed stays as it is.
    Close,
    /// Open the room again, which takes its key. A direct room that somebody has left stays closed, and so
    /// does one in which nobody is: [`Forbidden`](crate::ErrorKind::Forbidden), as where the two of it have another
    /// room by now. Of a challenge that has one it is
    /// [`ChallengeRoomExists`](crate::ErrorKind::ChallengeRoomExists).
    Reopen {
        /// The room's kind, which never changes.
        kind: RoomKind,
    },
    /// Move a mark of `by` forward; it never goes back.
    Mark {
        /// Which.
        mark: Mark,
        /// Up to this `seq`, or up to the newest message; a number beyond that one counts as it.
        to: Option<u64>,
    },
    /// Change a message that is there. The answer is the message as it is then; what stands already changes
    /// nothing. One that is not there is [`MessageNotFound`](crate::ErrorKind::MessageNotFound), one that was
    /// deleted [`MessageDeleted`](crate::ErrorKind::MessageDeleted), unless it is deleted again. SYSTEM messages
    /// stay as they are: [`Forbidden`](crate::ErrorKind::Forbidden).
    Amend {
        /// Which.
        message: MessageId,
        /// How.
        change: Amend,
    },
    /// Give a member another role: one at most as great as one's own, to whoever has a lesser one. An admin may
    /// step down, an owner gives the room to somebody else instead, and is an admin from then on.
    SetRole {
        /// Whom.
        about: Profile,
        /// Which.
        role: Role,
    },
    /// Mute a member of a lesser role, or (`None`) let them speak again. Another time takes the place of the one
    /// before it.
    Mute {
        /// Whom.
        about: Profile,
        /// Until when.
        until: Option<Timestamp>,
        /// Why.
        reason: Option<String>,
    },
    /// Keep somebody out, and take them out as in [`Op::Part`] where they are in. Another ban takes the place of
    /// the one before it.
    Ban {
        /// The ban, of this room.
        ban: Ban,
        /// The words for who is taken out.
        notice: Notice,
    },
    /// Let somebody come back. Who is not banned stays so.
    Unban(UserId),
    /// Report a message of somebody else's. One user reports a message once: the answer is the report that was made
    /// first. One that is not there is [`MessageNotFound`](crate::ErrorKind::MessageNotFound), one that was deleted
    /// [`MessageDeleted`](crate::ErrorKind::MessageDeleted), one's own or the server's
    /// [`Forbidden`](crate::ErrorKind::Forbidden).
    Report {
        /// The report's id.
        id: ReportId,
        /// Which message.
        message: MessageId,
        /// Why.
        reason: Option<String>,
    },
    /// Say what came of a report. What was said first stands. One that is not there is
    /// [`ReportNotFound`](crate::ErrorKind::ReportNotFound).
    Resolve {
        /// Which report.
        id: ReportId,
        /// What was done.
        outcome: ReportOutcome,
    },
    /// Say what becomes of a message that waits. Whoever moderates the room approves it, but not their own, or
    /// rejects it; its sender withdraws it, and so does the host. One that does not wait any more is
    /// [`MessageNotFound`](crate::ErrorKind::MessageNotFound).
    ///
    /// Approved, it is sent at this moment and by every rule of a send but the pace of a slow room, with the answer of
    /// one: where its sender may not send now it is [`Forbidden`](crate::ErrorKind::Forbidden), and it waits on.
    Settle {
        /// The message, as it was read. Whether it waits still, the commit tells.
        held: Box<Held>,
        /// What becomes of it.
        how: Settlement,
    },
    /// Change what is said of the room, all of it or nothing.
    Update(Box<Update>),
    /// Take something away that a user has left in the room, whether they are in it or not, and whether it is open or
    /// not. What has gone already changes nothing. The host's alone.
    Erase {
        /// Whose it is.
        user: UserId,
        /// What.
        what: Erased,
    },
    /// Delete the room: it is there for nobody from then on, not even for the host. Its messages are left to
    /// [`Op::Cut`].
    Delete,
    /// Cut away the oldest messages that the room's [rule](crate::model::Room::retention) lets go, and of a deleted one any, with their
    /// reactions, pins and client ids; their files may be collected. The host's alone. The answer is
    /// [`Answer::Cut`](crate::store::Answer::Cut).
    Cut {
        /// The rule of a room that has none of its own.
        retention: Option<Retention>,
        /// What is younger stays.
        grace: Duration,
        /// The most messages that are cut away.
        limit: u32,
    },
    /// Take in a row of another store, with new positions. What is there already stays, but for what only
    /// grows: more messages, later marks, another stay, a room that has closed. What does not go with what is
    /// there is a [`Contradiction`](crate::ErrorKind::Contradiction).
    Import(Box<RoomRecord>),
    /// Take a message out of `by`'s own sight, for good, and move their read mark up to it. One that is hidden
    /// already changes nothing. One that is not there is [`MessageNotFound`](crate::ErrorKind::MessageNotFound).
    Hide {
        /// Which.
        message: MessageId,
        /// Its number.
        seq: u64,
        /// How many messages of the room the user may hide; with one more it is
        /// [`LimitReached`](crate::ErrorKind::LimitReached). The engine gives
        /// [`Config::max_hidden`](crate::Config::max_hidden).
        max_hidden: u32,
    },
    /// Begin, finish or end an attachment. Nobody is told: it shows with its message.
    Attach(AttachOp),
    /// Choose of what `by` wants notices; `None` is the default.
    SetNotify(Option<NotifySetting>),
    /// Follow the thread of a message, or no longer, as `by`. The answer is [`Answer::Thread`](crate::store::Answer::Thread); what
    /// stands already changes nothing. One that is not there is [`MessageNotFound`](crate::ErrorKind::MessageNotFound), one
    /// that can have no thread [`Forbidden`](crate::ErrorKind::Forbidden), and to follow one that was deleted before it had
    /// any is [`MessageDeleted`](crate::ErrorKind::MessageDeleted).
    Follow {
        /// The thread's root.
        message: MessageId,
        /// Whether it is followed.
        on: bool,
        /// Of how many threads at most it is kept whether the user follows them, in all rooms: beyond that those of the
        /// oldest choice are forgotten. The engine gives
        /// [`Config::max_followed_threads`](crate::Config::max_followed_threads).
        most: u32,
    },
    /// Move `by`'s mark in a thread forward; it never goes back. The answer is as in [`Op::Follow`], and so are the
    /// errors, but for a root that is deleted. Who does not follow it has no mark, and nothing changes.
    ReadThread {
        /// The thread's root.
        message: MessageId,
        /// Up to this `seq`, or up to the newest message of the room; a number beyond that one counts as it.
        to: Option<u64>,
    },
}

/// What an [`Op::Erase`] takes away.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Erased {
    /// What a message says, as [`Amend::Delete`] does and noted nowhere. Of a SYSTEM message about the user, the words.
    Message {
        /// Which.
        id: MessageId,
        /// What a SYSTEM message says instead.
        words: Option<Arc<str>>,
    },
    /// A reaction on a message.
    Reaction(MessageId, Reaction),
    /// A report that the user has made.
    Report(ReportId),
    /// What stands beside a membership that has ended: what the user has [hidden](Op::Hide) and of what they want
    /// notices; and of all rooms which threads they follow.
    Stay,
}

/// What is changed about a room; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
#[allow(clippy::exhaustive_structs, reason = "a store hands it to `apply`, whatever is in it")]
pub struct Update {
    /// The name, with the words for it; `None` has one made from nicknames.
    pub name: Option<(Option<Arc<str>>, Notice)>,
    /// What it is about; `Some(None)` takes it away.
    pub topic: Option<Option<Arc<str>>>,
    /// The address of a picture; `Some(None)` takes it away.
    pub picture: Option<Option<Arc<str>>>,
    /// The least roles that may do something.
    pub permissions: Vec<(Verb, Role)>,
    /// Who may find it and join it.
    pub visibility: Option<Visibility>,
    /// What the app keeps of its own with it.
    pub custom: Option<Custom>,
    /// Its [slow mode](crate::model::Room::slow_mode), in seconds.
    pub slow_mode: Option<u32>,
    /// How long its messages are kept; `Some(None)`: as long as those of any room.
    pub retention: Option<Option<Retention>>,
}

/// A SYSTEM message to add.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Its id.
    pub id: MessageId,
    /// Whom it is about.
    pub about: Profile,
    /// Its words.
    pub body: Body,
}
