//! How a value stands in columns, and how it is read back. What makes no sense is an error, never a guess.

use std::str::FromStr;
use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::error::SqliteError;
use crate::clock::Timestamp;
use crate::id::{ChallengeId, RoomId, UserId};
use crate::model::{
    Body, Member, Message, Profile, Relation, RelationKind, Role, Room, RoomKind, SystemKind,
};
use crate::store::BodyHash;

// Literals, so that `concat!` makes each statement one constant.

/// What [`Columns::room`] reads, of `rooms r`.
macro_rules! room_columns {
    () => {
        "r.id, r.kind, r.one, r.other, r.challenge, r.name, r.active, r.created_at, r.seq, r.countable, \
         r.members, r.last_message_at, r.created_pos, r.changed_pos, r.last_pos, r.marks_pos"
    };
}

/// What [`Columns::member`] reads, of `members m`.
macro_rules! member_columns {
    () => {
        "m.room, m.user, m.role, m.active, m.joined_at, m.joined_seq, m.joined_pos, m.changed_pos, \
         m.marks_pos, m.marked_at, m.read_seq, m.delivered_seq, m.read_n, m.read_own_n, m.own_n"
    };
}

/// What [`Columns::message`] reads, of `messages s` and `profiles p`.
macro_rules! message_columns {
    () => {
        "s.id, s.room, s.seq, s.sender, p.nickname, p.image, s.kind, s.content, s.image_url, s.client_id, \
         s.origin, s.created_at, s.pos, s.n, s.own_n"
    };
}

/// What [`Columns::relation`] reads, of `relations f`.
macro_rules! relation_columns {
    () => {
        "f.user, f.other, f.kind, f.since"
    };
}

pub(super) use {member_columns, message_columns, relation_columns, room_columns};

/// The number as SQLite keeps it. None here comes near the bound; what a caller asks for may.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn role_code(role: Role) -> i64 {
    match role {
        Role::Owner => 1,
        Role::Member => 2,
    }
}

pub(super) fn relation_code(kind: RelationKind) -> i64 {
    match kind {
        RelationKind::Friend => 1,
        RelationKind::RequestSent => 2,
        RelationKind::RequestReceived => 3,
        RelationKind::Blocked => 4,
    }
}

pub(super) fn room_code(kind: &RoomKind) -> i64 {
    match kind {
        RoomKind::Direct(_) => 1,
        RoomKind::Group => 2,
        RoomKind::Challenge(_) => 3,
    }
}

pub(super) fn body_code(body: &Body) -> i64 {
    match body {
        Body::Text(_) => 1,
        Body::Image { .. } => 2,
        Body::System { kind, .. } => match kind {
            SystemKind::Joined => 11,
            SystemKind::Left => 12,
            SystemKind::Removed => 13,
            SystemKind::Renamed => 14,
        },
    }
}

/// Reads the columns of a row from left to right.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r Row<'_>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn room(&mut self) -> Result<Room, SqliteError> {
        let id = self.room_id()?;
        let code = self.integer()?;
        let pair = (self.maybe::<UserId>()?, self.maybe::<UserId>()?);
        let challenge = self.maybe::<ChallengeId>()?;
        let kind = match (code, pair, challenge) {
            (1, (Some(one), Some(other)), None) => RoomKind::Direct([one, other]),
            (2, (None, None), None) => RoomKind::Group,
            (3, (None, None), Some(challenge)) => RoomKind::Challenge(challenge),
            _ => return Err(SqliteError::Value { column: "rooms.kind".into() }),
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
        })
    }

    pub(super) fn member(&mut self) -> Result<Member, SqliteError> {
        Ok(Member {
            room: self.room_id()?,
            user: self.parsed()?,
            role: match self.integer()? {
                1 => Role::Owner,
                2 => Role::Member,
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
        })
    }

    pub(super) fn message(&mut self) -> Result<Message, SqliteError> {
        Ok(Message {
            id: crate::MessageId::from_bytes(self.bytes()?),
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
        })
    }

    pub(super) fn relation(&mut self) -> Result<Relation, SqliteError> {
        Ok(Relation {
            user: self.parsed()?,
            other: self.parsed()?,
            kind: match self.integer()? {
                1 => RelationKind::Friend,
                2 => RelationKind::RequestSent,
                3 => RelationKind::RequestReceived,
                4 => RelationKind::Blocked,
                _ => return Err(self.no_sense()),
            },
            since: self.time()?,
        })
    }

    /// Reads a nickname and an image. A nickname is there when the profile is known.
    pub(super) fn profile(&mut self, user: UserId) -> Result<Profile, SqliteError> {
        let nickname = self.maybe_text()?;
        let image = self.maybe_text()?.map(Arc::from);
        Ok(match nickname {
            Some(nickname) => Profile { user, nickname: nickname.into(), image },
            None => Profile::unknown(user),
        })
    }

    fn body(&mut self) -> Result<Body, SqliteError> {
        let code = self.integer()?;
        let content = self.maybe_text()?.map(Arc::<str>::from);
        let url = self.maybe_text()?.map(Arc::<str>::from);
        let system = |kind, text| Body::System { kind, text };
        Ok(match (code, content, url) {
            (1, Some(text), None) => Body::Text(text),
            (2, caption, Some(url)) => Body::Image { url, caption },
            (11, Some(text), None) => system(SystemKind::Joined, text),
            (12, Some(text), None) => system(SystemKind::Left, text),
            (13, Some(text), None) => system(SystemKind::Removed, text),
            (14, Some(text), None) => system(SystemKind::Renamed, text),
            _ => return Err(SqliteError::Value { column: "messages.kind".into() }),
        })
    }

    pub(super) fn hash(&mut self) -> Result<BodyHash, SqliteError> {
        Ok(BodyHash(self.bytes()?))
    }

    pub(super) fn room_id(&mut self) -> Result<RoomId, SqliteError> {
        Ok(RoomId::from_bytes(self.bytes()?))
    }

    pub(super) fn integer(&mut self) -> Result<i64, SqliteError> {
        match self.value()? {
            ValueRef::Integer(value) => Ok(value),
            _ => Err(self.no_sense()),
        }
    }

    pub(super) fn number(&mut self) -> Result<u64, SqliteError> {
        let value = self.integer()?;
        u64::try_from(value).map_err(|_| self.no_sense())
    }

    pub(super) fn parsed<T: FromStr>(&mut self) -> Result<T, SqliteError> {
        self.maybe()?.ok_or_else(|| self.no_sense())
    }

    pub(super) fn maybe_time(&mut self) -> Result<Option<Timestamp>, SqliteError> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(millis) => Ok(Some(Timestamp::from_millis(millis))),
            _ => Err(self.no_sense()),
        }
    }

    fn time(&mut self) -> Result<Timestamp, SqliteError> {
        self.maybe_time()?.ok_or_else(|| self.no_sense())
    }

    fn flag(&mut self) -> Result<bool, SqliteError> {
        match self.integer()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.no_sense()),
        }
    }

    fn bytes(&mut self) -> Result<[u8; 16], SqliteError> {
        match self.value()? {
            ValueRef::Blob(bytes) => bytes.try_into().map_err(|_| self.no_sense()),
            _ => Err(self.no_sense()),
        }
    }

    fn maybe<T: FromStr>(&mut self) -> Result<Option<T>, SqliteError> {
        let parsed = self.maybe_text()?.map(str::parse).transpose();
        parsed.map_err(|_| self.no_sense())
    }

    fn maybe_text(&mut self) -> Result<Option<&'r str>, SqliteError> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).map(Some).map_err(|_| self.no_sense()),
            _ => Err(self.no_sense()),
        }
    }

    fn value(&mut self) -> Result<ValueRef<'r>, SqliteError> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// The column read last holds what no version of this code wrote.
    fn no_sense(&self) -> SqliteError {
        let name = self.row.as_ref().column_name(self.next.saturating_sub(1));
        SqliteError::Value { column: name.unwrap_or("?").to_owned() }
    }
}
