//! Moving: a store's rows as lines of JSON, out of one store and into another.
//!
//! [`Admin::export`](crate::Admin::export) writes a room or everything, [`Admin::import`](crate::Admin::import)
//! takes it in. Ids, numbers, times, roles and marks stay as they are, and a retry of what was sent before
//! the move still gets its first message. What a client has to resume from does not: it is told to reload.
//!
//! # From SQLite to PostgreSQL
//!
#![cfg_attr(all(feature = "sqlite", feature = "postgres"), doc = "```no_run")]
#![cfg_attr(not(all(feature = "sqlite", feature = "postgres")), doc = "```ignore")]
//! use chat_core::ChatEngine;
//! use chat_core::store::{PostgresStore, SqliteStore};
//! use chat_core::transfer::Scope;
//! use tokio::fs::File;
//! use tokio::io::BufReader;
//!
//! # async fn move_house() -> Result<(), Box<dyn std::error::Error>> {
//! // Once the server that uses the file has stopped.
//! let old = ChatEngine::builder().store(SqliteStore::open("chat.db").await?).build().await?;
//! let exported = old.admin().export(Scope::All, &mut File::create("chat.jsonl").await?).await?;
//!
//! let store = PostgresStore::connect("postgres://chat@localhost/chat").await?;
//! let new = ChatEngine::builder().store(store).build().await?;
//! let mut file = BufReader::new(File::open("chat.jsonl").await?);
//! let imported = new.admin().import(&mut file, |so_far| println!("{so_far}")).await?;
//! assert_eq!(imported, exported);
//! # Ok(())
//! # }
//! ```
//!
//! The example server does the same: `--export chat.jsonl`, then `--db postgres://… --import chat.jsonl`.
//!
//! # An import
//!
//! Import into a store that nobody uses yet. Nothing of it is told live: all positions given out before it
//! and during it are void, so that clients reload, but a connection that stays open meanwhile hears of the
//! new rooms only when it comes back.
//!
//! An import that broke off can be run again, from the beginning, and so can one that did not: what is there
//! already is skipped. Another export of the same store, made later, adds what is new in it: messages, marks,
//! stays, rooms that have closed, which open no more. Members have the roles and mutes, and users the
//! do-not-disturb, of the export that was imported last. Of two bans, and of two invitations of one person, the later
//! one holds; of two acts in an audit trail that are alike to the millisecond one is kept. A message that is there
//! goes on saying what it says, and keeps what it said before; one that was held and is sent by now waits no more,
//! nor does who has asked to come in and is in or banned by now. Of two requests of one person the later one holds too.
//!
//! An import takes away nothing: a friendship which has ended in between is still there, and an invite link that was
//! revoked, or a message or a request to come in that waited and was rejected, comes back. As many may wait then, and as
//! many links be there, as there were: the bounds of the [`Config`](crate::Config) are for what is new. What contradicts
//! the store is refused, with the number of its line, and what came before that line stays.
//!
//! [Notices](crate::push) that were not handed over yet stay behind.
//!
//! An export is as good as the store to whoever gets hold of it: it has what everybody has said, and the codes of
//! invite links, with which one comes in.
//!
//! # An export while people talk
//!
//! Each room is exported as it was when its own line was written: its messages up to that one's `seq`, and
//! marks no further. Only who has joined meanwhile is a member already, from that `seq` on, and waits no more if they
//! did.
//!
//! # The lines
//!
//! Each line is one JSON object with the field `record`, and every other field that is named here; those with
//! a `?` are left out where there is nothing. A line has [`MAX_LINE_BYTES`] at most and ends with `\n`. Times are
//! RFC 3339 with milliseconds, ids are texts, numbers are whole ones below 2⁶³.
//!
//! | `record` | fields |
//! | --- | --- |
//! | `header` | `format`: 1. The first line |
//! | `profile` | `user`, `nickname`?, `image`?, `lastSeen`?, `loggedOut`? |
//! | `relation` | `user`, `other`, `kind` (`friend`, `requestSent`, `requestReceived`, `blocked`), `since` |
//! | `settings` | `user`, `lastSeen` (`everyone`, `friends`, `nobody`), `invisible`, `readReceipts`, `changedAt` |
//! | `doNotDisturb` | `user`, `until`?, `daily`? (each day `from` this minute of it `to` that one, by a clock that is `utcOffset` minutes before UTC); one of the two at least |
//! | `room` | `id`, `type` (`DIRECT`, `GROUP`, `CHALLENGE`), `pair`? (of `DIRECT`), `challenge`?, `name`?, `active`, `createdAt`, `seq`, `countable`, `permissions`? (what was changed in them: `invite=admin,send=owner`), `topic`?, `picture`?, `visibility`? (`public`), `custom`? (an object), `slowMode`?, `retention`? (`days`?, `messages`?), `floor`? (of a room whose first messages were cut away: `seq` of the first that is kept, `n` countable ones below it) |
//! | `held` | `room`, `id`, `sender`, `type` (`TEXT`, `IMAGE`), `content`?, `imageUrl`?, `clientId`?, `bodyHash`, `at`, `reason`? (why it waits), `attachments`?, `quoted`? (the id of what it answers), `forwarded`? (`message`, the id of what it passes on, and `first`, who sent that first), `mentions`? (ids), `mentionsAll`?, `replyTo`? (`message`, the id of its thread's root, and `inRoom`), `custom`? (an object) |
//! | `joinRequest` | `room`, `id`, `user`, `invite`? (the code of the link that they have asked by), `at`, `reason`? (why they wait) |
//! | `message` | `room`, `seq`, `id`, `sender`, `type` (`TEXT`, `IMAGE`, `SYSTEM`), `system`? (`joined`, `left`, `removed`, `renamed`), `content`?, `imageUrl`?, `clientId`? and `bodyHash`?, `origin`?, `createdAt`, `editedAt`? or `deletedAt`?, `n`, `ownN`, `attachments`?, `quoted`? (`seq` and `message`, the id, of what it answers), `pinned`? (`at`, and `by`?), `forwarded`? (who sent it first), `mentions`? (ids), `mentionsAll`?, `replyTo`? (`seq` and `message`, the id, of its thread's root, and `inRoom`), `custom`? (an object) |
//! | `edit` | `room`, `seq` and `message` (its id), `editedAt` of that message, `n` (which of the former states that are kept, the oldest being 1), `content`? (an IMAGE may have had none), `since` |
//! | `reaction` | `room`, `seq` and `message` (its id), `reaction`, `user` |
//! | `member` | `room`, `user`, `role` (`owner`, `admin`, `member`, `readOnly`), `active`, `joinedAt`, `joinedSeq`, `markedAt`, `readSeq`, `deliveredSeq`, `readN`, `readOwnN`, `ownN`, `mutedUntil`?, `notifications`? (`level`, which is `all`, `mentions` or `none`, and `until`, or null) |
//! | `ban` | `room`, `user`, `by`? (the host without it), `at`, `until`, `reason`? |
//! | `report` | `room`, `id`, `message` (its id), `sender`, `by`, `at`, `reason`?, `resolvedAt`? and `outcome`? (`dismissed`, `messageDeleted`, `userMuted`, `userBanned`), `resolvedBy`? (the host without it) |
//! | `hidden` | `room`, `user`, `seq` and `message` (its id) |
//! | `follow` | `room`, `seq` and `message` (its id) of the thread's root, `user`, `following`, `since`, `readSeq` |
//! | `invite` | `room`, `code`, `by`? (the host without it), `createdAt`, `expiresAt`?, `maxUses`? (1 of an invitation), `uses`, `user`? (whom alone it invites) |
//! | `act` | `room`, `at`, `by`? (the host without it), `act` (an object: `kind`, and what goes with it: `mute` and `ban` `until`, `unmute`, `unban`, `remove`, `deleteMessage`, `approveMessage` and `rejectMessage` `message`, its id, `setRole` `role`, `slowMode` `seconds`, `resolveReport` `message` and `outcome`, `setRetention` `retention`?, `approveJoin`, `rejectJoin`), `user`? (to whom), `reason`? |
//! | `footer` | `profiles`, `relations`, `rooms`, `members`, `messages`, `reactions`, `bans`, `settings`, `reports`, `hidden`, `follows`, `invites`, `edits`, `doNotDisturb`, `acts`, `held`, `joinRequests`: how many of each. The last line |
//!
//! They come in this order. What is of a room comes behind it: what waits there, who waits, the messages, each with what it said
//! before, the reactions, the people, the bans, the reports, what people have hidden, which threads they follow, the
//! invite links, and the audit trail from its oldest act on.
//!
//! What has no end ends at `9999-12-31T23:59:59.999Z`. `n` of a room or a message is how many countable messages (TEXT
//! and IMAGE) the room had, `ownN` how many of them their sender, or the member, had sent;
//! `readN` and `readOwnN` are both at `readSeq`. `bodyHash` is the first 16 bytes, in base64url, of the SHA-256
//! that tells a retry under `clientId` from another message. Each of `attachments` has `id`, `name`, `mediaType`,
//! `size`, `width`? and `height`?, `hasThumbnail` and `createdAt`.
//!
//! The bytes of attachments are not in the lines: copy the folder, or the bucket, that they are in. A file that is in
//! no message yet, and in none that waits, is left behind.

mod export;
mod import;
mod line;

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::RoomId;

/// The most bytes of a line, its end counted: 8 MiB. A message of a text of 1 MiB fits, however it has to be
/// escaped.
pub const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Everything in the store.
    All,
    /// One room, its messages, its people, past ones too, and what is shown of them; and who waits to come in, of whom
    /// nothing is shown then but their ids, until the new store knows them.
    Room(RoomId),
}

/// How many rows of each kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Counts {
    /// Users of whom something is known.
    pub profiles: u64,
    /// Relations: a friendship is two of them.
    pub relations: u64,
    /// Rooms, closed ones too.
    pub rooms: u64,
    /// Memberships, past ones too.
    pub members: u64,
    /// Messages.
    pub messages: u64,
    /// Reactions on them. An older export says nothing of these, nor of what comes next.
    #[serde(default)]
    pub reactions: u64,
    /// Bans, also those that are over.
    #[serde(default)]
    pub bans: u64,
    /// Messages that somebody has hidden from themselves, each counted once a user.
    #[serde(default)]
    pub hidden: u64,
    /// Users who have settled what others see of them.
    #[serde(default)]
    pub settings: u64,
    /// Reports, also those that do not wait any more.
    #[serde(default)]
    pub reports: u64,
    /// Threads that somebody follows, or does no longer, each counted once a user.
    #[serde(default)]
    pub follows: u64,
    /// Invite links and invitations, also those that hold no more.
    #[serde(default)]
    pub invites: u64,
    /// What edited messages said before.
    #[serde(default)]
    pub edits: u64,
    /// Users who want no notices for some time, or at some hours.
    #[serde(default)]
    pub do_not_disturb: u64,
    /// Acts of audit trails.
    #[serde(default)]
    pub acts: u64,
    /// Messages that wait until somebody says whether they are said.
    #[serde(default)]
    pub held: u64,
    /// People who wait to come into a room.
    #[serde(default)]
    pub join_requests: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            profiles,
            relations,
            rooms,
            members,
            messages,
            reactions,
            bans,
            settings,
            reports,
            hidden,
            follows,
            invites,
            edits,
            do_not_disturb,
            acts,
            held,
            join_requests,
        } = self;
        write!(f, "{rooms} rooms, {messages} messages, {reactions} reactions, {members} members, ")?;
        write!(
            f,
            "{bans} bans, {profiles} profiles, {relations} relations, {settings} settings, {reports} reports, {hidden} hidden, {follows} follows, {invites} invites, {edits} edits, {do_not_disturb} do-not-disturb, {acts} acts, {held} held, {join_requests} join requests"
        )
    }
}

/// Why an export or an import broke off. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// What is read gave an error.
    #[error("reading failed")]
    Read(#[source] io::Error),
    /// What is written to gave an error.
    #[error("writing failed")]
    Write(#[source] io::Error),
    /// The store cannot be read or written: [`Unavailable`](crate::ErrorKind::Unavailable) now,
    /// [`Corrupt`](crate::ErrorKind::Corrupt) at all. Or the room to export is not there:
    /// [`RoomNotFound`](crate::ErrorKind::RoomNotFound).
    #[error(transparent)]
    Store(#[from] Error),
    /// A line is no record, or a field of it holds what it cannot.
    #[error("line {line} is no record")]
    Malformed {
        /// The line.
        line: u64,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A line has more than [`MAX_LINE_BYTES`].
    #[error("line {line} has more than {MAX_LINE_BYTES} bytes")]
    TooLong {
        /// The line.
        line: u64,
    },
    /// A line stands where it cannot: the first is no header, another one is, or something follows the footer.
    #[error("line {line} {what}")]
    Misplaced {
        /// The line.
        line: u64,
        /// What is wrong, to be read after it.
        what: &'static str,
    },
    /// The lines are of a format that this version does not know.
    #[error("line 1 names format {found}, and this version knows format 1")]
    Format {
        /// The format.
        found: u64,
    },
    /// The end comes before the footer.
    #[error("cut off after line {line}: the footer is missing")]
    Cut {
        /// The last line that is there.
        line: u64,
    },
    /// The footer counts other lines than those before it.
    #[error("line {line} counts {footer}, and there were {read}")]
    Counts {
        /// The line of the footer.
        line: u64,
        /// What it counts.
        footer: Box<Counts>,
        /// What came before it.
        read: Box<Counts>,
    },
    /// The store has refused a record.
    #[error("line {line} was refused")]
    Refused {
        /// The line.
        line: u64,
        /// Why: [`Contradiction`](crate::ErrorKind::Contradiction) where the record does not go with what is there,
        /// [`Unavailable`](crate::ErrorKind::Unavailable) where the same import may succeed later.
        #[source]
        source: Error,
    },
    /// After all of its records a room is not what its own says.
    #[error("room {room} of line {line} has {there} there, and not {expected}")]
    Incomplete {
        /// The room.
        room: RoomId,
        /// The line of the room.
        line: u64,
        /// What was exported.
        expected: RoomCounts,
        /// What is there.
        there: RoomCounts,
    },
}

/// What a room counts, as its own line and those of its members say it, or the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomCounts {
    /// The number of its newest message.
    pub seq: u64,
    /// How many of its messages are TEXT or IMAGE.
    pub countable: u64,
    /// How many active members it has.
    pub members: u64,
}

impl fmt::Display for RoomCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, countable, members } = self;
        write!(f, "{seq} messages ({countable} of them countable) and {members} active members")
    }
}
