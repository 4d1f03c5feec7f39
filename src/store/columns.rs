//! How a value is read back from columns, in which it [stands](written) the same in every SQL store. What makes no sense
//! is an error, never a guess.

mod alerts;
mod attachments;
mod held;
mod joins;
mod moderation;
mod people;
mod records;
mod written;

use super::{BodyHash, OutboxEntry, OutboxRow, PushRetry};
use crate::clock::Timestamp;
use crate::id::{ChallengeId, MessageId, RoomId, UserId};
use crate::model::{
    About, Attachment, Body, Custom, Edit, Follow, Hidden, Invite, InviteCode, Member, Mentions, Message,
    MessageState, MessageType, Pin, Profile, Quoted, Reaction, Reactions, References, Role, Room, RoomKind,
    SystemKind, Thread, Visibility,
};
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;

// Literals, so that `concat!` makes each statement one constant.

/// What [`ReadRow::room`] reads, of `rooms r`.
macro_rules! room_columns {
    () => {
        "r.id, r.kind, r.one, r.other, r.challenge, r.name, r.active, r.created_at, r.seq, r.countable, \
         r.members, r.last_message_at, r.created_pos, r.changed_pos, r.last_pos, r.marks_pos, \
         r.permissions, r.topic, r.picture, r.public, r.custom, r.slow_mode, r.keeping, r.threads_pos"
    };
}

/// What [`ReadRow::message`] reads, of `messages s`, with `profiles p` of its sender, `messages q` that it quotes,
/// `profiles t` of that one's, and `profiles f` of who sent it first.
macro_rules! message_columns {
    () => {
        "s.id, s.room, s.seq, s.sender, p.nickname, p.image, s.kind, s.content, s.image_url, s.client_id, \
         s.origin, s.created_at, s.pos, s.n, s.own_n, s.changed_pos, s.edited_at, s.reactions, \
         s.writing_until, s.pinned_at, s.pinned_by, s.attachments, s.quoted, q.id, q.sender, t.nickname, t.image, \
         q.kind, q.content, q.image_url, q.edited_at, q.changed_pos, s.forwarded, f.nickname, f.image, \
         s.mentioned, s.thread, s.custom"
    };
}

/// What [`ReadRow::invite`] reads, of `invites i`.
macro_rules! invite_columns {
    () => {
        "i.code, i.room, i.made_by, i.created_at, i.expires_at, i.max_uses, i.uses, i.invited"
    };
}

/// What [`ReadRow::outbox_row`] reads, of the outbox `o`.
macro_rules! outbox_columns {
    () => {
        "o.n, o.id, o.room, o.author, o.kind, o.content, o.image_url, o.client_id, o.created_at, o.custom"
    };
}

/// The order of [`Member::seniority`], of `members m`, but for the users' ids at its end.
macro_rules! seniority {
    () => {
        "CASE m.role WHEN 1 THEN 0 WHEN 3 THEN 1 WHEN 2 THEN 2 ELSE 3 END, m.joined_seq, m.joined_pos"
    };
}

pub(super) use alerts::{alert, alert_code, alert_payload};
pub(super) use attachments::{attachment_columns, stored_attachment};
pub(super) use held::{held_columns, held_of, refers_text};
pub(super) use joins::{join_request, join_request_of};
pub(super) use moderation::{
    act_columns, audit_columns, audit_entry, ban, ban_of, outcome_code, report, report_columns,
};
pub(super) use people::{
    do_not_disturb, last_seen_code, relation, relation_code, settings, settings_columns,
};
pub(super) use records::ReadRecord;
use written::{attachments_of, mentions_of, thread_of};
pub(super) use written::{
    below_pin, body_code, custom_text, first_sender, int, is_public, keeping_text, kept_attachments,
    kept_mentions, kept_thread, permissions_text, pin_of, quoted_seq, role_code, room_code, root_seq,
};

pub(super) use {invite_columns, message_columns, outbox_columns, room_columns, seniority};

/// Reads the columns of a row from left to right.
pub(super) trait ReadRow<'r> {
    type Error;

    fn bytes(&mut self) -> Result<[u8; 16], Self::Error>;
    fn code(&mut self) -> Result<i16, Self::Error>;
    fn flag(&mut self) -> Result<bool, Self::Error>;
    fn maybe_integer(&mut self) -> Result<Option<i64>, Self::Error>;
    fn maybe_text(&mut self) -> Result<Option<&'r str>, Self::Error>;
    fn maybe_hash(&mut self) -> Result<Option<BodyHash>, Self::Error>;
    fn maybe_id(&mut self) -> Result<Option<[u8; 16]>, Self::Error>;
    fn maybe_bytes(&mut self) -> Result<Option<&'r [u8]>, Self::Error>;
    /// Passes over so many columns.
    fn skip(&mut self, columns: usize);
    /// The column read last holds what no version of this code wrote.
    fn no_sense(&self) -> Self::Error;
    /// The columns around this one do not belong together.
    fn no_match(column: &str) -> Self::Error;

    fn room(&mut self) -> Result<Room, Self::Error> {
        let id = self.room_id()?;
        let code = self.code()?;
        let pair = (self.maybe::<UserId>()?, self.maybe::<UserId>()?);
        let challenge = self.maybe::<ChallengeId>()?;
        let kind = match (code, pair, challenge) {
            (1, (Some(one), Some(other)), None) => RoomKind::Direct([one, other]),
            (2, (None, None), None) => RoomKind::Group,
            (3, (None, None), Some(challenge)) => RoomKind::Challenge(challenge),
            _ => return Err(Self::no_match("rooms.kind")),
        };
        Ok(Room {
            id,
            kind,
            name: self.maybe_text()?.map(Into::into),
            active: self.flag()?,
            created_at: self.time()?,
            seq: self.number()?,
            countable: self.number()?,
            members: self.number()?.try_into().map_err(|_| self.no_sense())?,
            last_message_at: self.maybe_time()?,
            created_pos: self.number()?,
            changed_pos: self.number()?,
            last_pos: self.number()?,
            marks_pos: self.number()?,
            permissions: self.maybe()?.unwrap_or_default(),
            about: About {
                topic: self.maybe_text()?.map(Into::into),
                picture: self.maybe_text()?.map(Into::into),
                visibility: if self.flag()? { Visibility::Public } else { Visibility::Private },
                custom: self.custom()?,
            },
            slow_mode: self.number()?.try_into().map_err(|_| self.no_sense())?,
            keeping: self.maybe()?.map(Box::new),
            threads_pos: self.number()?,
        })
    }

    fn member(&mut self) -> Result<Member, Self::Error> {
        Ok(Member {
            room: self.room_id()?,
            user: self.parsed()?,
            role: match self.code()? {
                1 => Role::Owner,
                2 => Role::Member,
                3 => Role::Admin,
                4 => Role::ReadOnly,
                _ => return Err(self.no_sense()),
            },
            active: self.flag()?,
            joined_at: self.time()?,
            joined_seq: self.number()?,
            joined_pos: self.number()?,
            changed_pos: self.number()?,
            marks_pos: self.number()?,
            marked_at: self.time()?,
            read_seq: self.number()?,
            delivered_seq: self.number()?,
            read_n: self.number()?,
            read_own_n: self.number()?,
            own_n: self.number()?,
            muted_until: self.maybe_time()?,
            slowed_at: self.maybe_time()?,
            notify: self.maybe()?.map(Box::new),
            hidden: self.number()?.try_into().map_err(|_| self.no_sense())?,
        })
    }

    fn room_and_member(&mut self) -> Result<(Room, Member), Self::Error> {
        Ok((self.room()?, self.member()?))
    }

    fn message(&mut self) -> Result<Message, Self::Error> {
        Ok(Message {
            id: MessageId::from_bytes(self.bytes()?),
            room: self.room_id()?,
            seq: self.number()?,
            sender: {
                let user = self.parsed()?;
                self.profile(user)?
            },
            body: self.body()?,
            client_id: self.maybe()?,
            origin: self.maybe()?,
            created_at: self.time()?,
            pos: self.number()?,
            n: self.number()?,
            own_n: self.number()?,
            state: self.state()?,
            attachments: self.attachments()?,
            references: References {
                quoted: self.quoted()?,
                forwarded: self.forwarded()?,
                mentions: self.mentions()?,
                thread: self.thread()?,
            },
            custom: self.custom()?,
        })
    }

    fn quoted(&mut self) -> Result<Option<Arc<Quoted>>, Self::Error> {
        let Some(seq) = self.maybe_integer()? else {
            self.skip(9);
            return Ok(None);
        };
        // One that was cut away is quoted by none any more.
        let Some(id) = self.maybe_id()?.map(MessageId::from_bytes) else {
            self.skip(8);
            return Ok(None);
        };
        let quoted = Quoted {
            seq: u64::try_from(seq).map_err(|_| self.no_sense())?,
            id,
            sender: {
                let user = self.parsed()?;
                self.profile(user)?
            },
            body: self.body()?,
            edited_at: self.maybe_time()?,
            changed_pos: self.changed_pos()?,
        };
        Ok(Some(Arc::new(quoted)))
    }

    fn forwarded(&mut self) -> Result<Option<Arc<Profile>>, Self::Error> {
        let Some(first) = self.maybe()? else {
            self.skip(2);
            return Ok(None);
        };
        Ok(Some(Arc::new(self.profile(first)?)))
    }

    fn mentions(&mut self) -> Result<Option<Arc<Mentions>>, Self::Error> {
        let Some(bytes) = self.maybe_bytes()? else { return Ok(None) };
        mentions_of(bytes).map(Some).ok_or_else(|| self.no_sense())
    }

    fn thread(&mut self) -> Result<Option<Arc<Thread>>, Self::Error> {
        let Some(bytes) = self.maybe_bytes()? else { return Ok(None) };
        thread_of(bytes).map(Some).ok_or_else(|| self.no_sense())
    }

    /// NULL where the app keeps nothing.
    fn custom(&mut self) -> Result<Custom, Self::Error> {
        Ok(self.maybe()?.unwrap_or_default())
    }

    /// NULL where nothing has changed it.
    fn changed_pos(&mut self) -> Result<u64, Self::Error> {
        let pos = self.maybe_integer()?.unwrap_or(0);
        u64::try_from(pos).map_err(|_| self.no_sense())
    }

    fn state(&mut self) -> Result<MessageState, Self::Error> {
        let changed_pos = self.changed_pos()?;
        let (edited_at, reactions) = (self.maybe_time()?, self.reactions()?);
        let writing_until = self.maybe_time()?;
        Ok(MessageState { changed_pos, edited_at, reactions, writing_until, pinned: self.pinned()? })
    }

    fn pinned(&mut self) -> Result<Option<Pin>, Self::Error> {
        let (at, by) = (self.maybe_time()?, self.maybe()?);
        Ok(at.map(|at| Pin { by, at }))
    }

    fn reaction(&mut self) -> Result<Reaction, Self::Error> {
        let parsed = self.maybe_text()?.and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| self.no_sense())
    }

    fn reactions(&mut self) -> Result<Reactions, Self::Error> {
        let parsed = self.maybe_text()?.map(str::parse).transpose();
        parsed.map(Option::unwrap_or_default).map_err(|_| self.no_sense())
    }

    fn attachments(&mut self) -> Result<Arc<[Attachment]>, Self::Error> {
        let Some(bytes) = self.maybe_bytes()? else { return Ok(Arc::default()) };
        attachments_of(bytes).ok_or_else(|| self.no_sense())
    }

    fn body(&mut self) -> Result<Body, Self::Error> {
        let code = self.code()?;
        let content = self.maybe_text()?.map(Arc::<str>::from);
        let url = self.maybe_text()?.map(Arc::<str>::from);
        let system = |kind, text| Body::System { kind, text };
        Ok(match (code, content, url) {
            (1, Some(text), None) => Body::Text(text),
            (2, caption, Some(url)) => Body::Image { url, caption },
            (3, None, None) => Body::Deleted(MessageType::Text),
            (4, None, None) => Body::Deleted(MessageType::Image),
            (11, Some(text), None) => system(SystemKind::Joined, text),
            (12, Some(text), None) => system(SystemKind::Left, text),
            (13, Some(text), None) => system(SystemKind::Removed, text),
            (14, Some(text), None) => system(SystemKind::Renamed, text),
            _ => return Err(Self::no_match("messages.kind")),
        })
    }

    fn outbox_row(&mut self) -> Result<OutboxRow, Self::Error> {
        let number = self.number()?;
        let entry = OutboxEntry {
            id: MessageId::from_bytes(self.bytes()?),
            room: self.room_id()?,
            author: self.parsed()?,
            body: match self.body()? {
                // The server's own words come from no host.
                Body::System { .. } | Body::Deleted(_) => return Err(Self::no_match("outbox.kind")),
                body => body,
            },
            client_id: self.parsed()?,
            at: self.time()?,
            custom: self.custom()?,
        };
        Ok(OutboxRow { number, entry })
    }

    /// Reads a notice that is to be tried again.
    fn push_retry(&mut self) -> Result<PushRetry, Self::Error> {
        Ok(PushRetry {
            room: self.room_id()?,
            user: self.parsed()?,
            seq: self.number()?,
            tries: self.number()?.try_into().map_err(|_| self.no_sense())?,
            due: self.time()?,
        })
    }

    fn invite(&mut self) -> Result<Invite, Self::Error> {
        Ok(Invite {
            code: InviteCode::from_bytes(self.bytes()?),
            room: self.room_id()?,
            by: self.maybe()?,
            created_at: self.time()?,
            expires_at: self.maybe_time()?,
            max_uses: match self.maybe_integer()? {
                Some(most) => {
                    let most = u32::try_from(most).ok().and_then(NonZeroU32::new);
                    Some(most.ok_or_else(|| self.no_sense())?)
                }
                None => None,
            },
            uses: self.number()?.try_into().map_err(|_| self.no_sense())?,
            user: self.maybe()?,
        })
    }

    fn edit(&mut self) -> Result<Edit, Self::Error> {
        let (version, content) = (self.number()?, self.maybe_text()?.map(Into::into));
        Ok(Edit { version, content, since: self.time()? })
    }

    /// Reads a nickname and an image. A nickname is there when the profile is known.
    fn profile(&mut self, user: UserId) -> Result<Profile, Self::Error> {
        let nickname = self.maybe_text()?;
        let image = self.maybe_text()?;
        Ok(profile_of(user, nickname, image))
    }

    fn hash(&mut self) -> Result<BodyHash, Self::Error> {
        self.maybe_hash()?.ok_or_else(|| self.no_sense())
    }

    fn hidden(&mut self) -> Result<Hidden, Self::Error> {
        Ok(Hidden {
            room: self.room_id()?,
            user: self.parsed()?,
            seq: self.number()?,
            message: MessageId::from_bytes(self.bytes()?),
            pos: self.number()?,
        })
    }

    fn follow(&mut self) -> Result<Follow, Self::Error> {
        Ok(Follow {
            room: self.room_id()?,
            root_seq: self.number()?,
            user: self.parsed()?,
            following: self.flag()?,
            since: self.time()?,
            read_seq: self.number()?,
            pos: self.number()?,
            root: MessageId::from_bytes(self.bytes()?),
        })
    }

    fn room_id(&mut self) -> Result<RoomId, Self::Error> {
        Ok(RoomId::from_bytes(self.bytes()?))
    }

    fn number(&mut self) -> Result<u64, Self::Error> {
        let value = self.maybe_integer()?.and_then(|value| u64::try_from(value).ok());
        value.ok_or_else(|| self.no_sense())
    }

    fn parsed<T: FromStr>(&mut self) -> Result<T, Self::Error> {
        self.maybe()?.ok_or_else(|| self.no_sense())
    }

    fn maybe<T: FromStr>(&mut self) -> Result<Option<T>, Self::Error> {
        let parsed = self.maybe_text()?.map(str::parse).transpose();
        parsed.map_err(|_| self.no_sense())
    }

    fn time(&mut self) -> Result<Timestamp, Self::Error> {
        self.maybe_time()?.ok_or_else(|| self.no_sense())
    }

    fn maybe_time(&mut self) -> Result<Option<Timestamp>, Self::Error> {
        Ok(self.maybe_integer()?.map(Timestamp::from_millis))
    }
}

/// A nickname is there when the profile is known.
pub(super) fn profile_of(user: UserId, nickname: Option<&str>, image: Option<&str>) -> Profile {
    match nickname {
        Some(nickname) => Profile { user, nickname: nickname.into(), image: image.map(Into::into) },
        None => Profile::unknown(user),
    }
}
