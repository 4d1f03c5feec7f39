//! How a value stands in columns, and how it is read back. What makes no sense is an error, never a guess.

use std::str::FromStr;
use std::sync::Arc;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{Column, Decode, Encode, Postgres, Row, Type, ValueRef};

use super::error::PostgresError;
use crate::clock::Timestamp;
use crate::id::{ChallengeId, MessageId, RoomId, UserId};
use crate::model::{
    Body, MAX_LANES, Member, Message, Pos, Position, Profile, Relation, RelationKind, Role, Room, RoomKind,
    SystemKind,
};
use crate::store::BodyHash;

type Result<T, E = PostgresError> = std::result::Result<T, E>;

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
        "m.room, m.user_id, m.role, m.active, m.joined_at, m.joined_seq, m.joined_pos, m.changed_pos, \
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
        "f.user_id, f.other, f.kind, f.since"
    };
}

pub(super) use {member_columns, message_columns, relation_columns, room_columns};

/// 16 bytes as the type `uuid`. Not sqlx's own: that feature of it would hold rusqlite back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Uuid([u8; 16]);

impl From<RoomId> for Uuid {
    fn from(id: RoomId) -> Self {
        Self(id.to_bytes())
    }
}

impl From<MessageId> for Uuid {
    fn from(id: MessageId) -> Self {
        Self(id.to_bytes())
    }
}

impl Uuid {
    /// The least of all.
    pub(super) const NIL: Self = Self([0; 16]);

    /// The one after this, if this is not the greatest.
    pub(super) fn next(self) -> Option<Self> {
        u128::from_be_bytes(self.0).checked_add(1).map(|next| Self(next.to_be_bytes()))
    }
}

impl Type<Postgres> for Uuid {
    fn type_info() -> PgTypeInfo {
        const { PgTypeInfo::with_oid(Oid(2950)) }
    }
}

impl PgHasArrayType for Uuid {
    fn array_type_info() -> PgTypeInfo {
        const { PgTypeInfo::with_oid(Oid(2951)) }
    }
}

impl Encode<'_, Postgres> for Uuid {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Uuid {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(value.as_bytes()?.try_into()?))
    }
}

/// The number as PostgreSQL keeps it. None here comes near the bound; what a caller asks for may.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn role_code(role: Role) -> i16 {
    match role {
        Role::Owner => 1,
        Role::Member => 2,
    }
}

pub(super) fn relation_code(kind: RelationKind) -> i16 {
    match kind {
        RelationKind::Friend => 1,
        RelationKind::RequestSent => 2,
        RelationKind::RequestReceived => 3,
        RelationKind::Blocked => 4,
    }
}

pub(super) fn room_code(kind: &RoomKind) -> i16 {
    match kind {
        RoomKind::Direct(_) => 1,
        RoomKind::Group => 2,
        RoomKind::Challenge(_) => 3,
    }
}

pub(super) fn body_code(body: &Body) -> i16 {
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
    row: &'r PgRow,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r PgRow) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn room(&mut self) -> Result<Room> {
        let id = self.room_id()?;
        let code = self.code()?;
        let pair = (self.maybe::<UserId>()?, self.maybe::<UserId>()?);
        let challenge = self.maybe::<ChallengeId>()?;
        let kind = match (code, pair, challenge) {
            (1, (Some(one), Some(other)), None) => RoomKind::Direct([one, other]),
            (2, (None, None), None) => RoomKind::Group,
            (3, (None, None), Some(challenge)) => RoomKind::Challenge(challenge),
            _ => return Err(PostgresError::Value { column: "rooms.kind".into() }),
        };
        Ok(Room {
            id,
            kind,
            name: self.maybe_text()?.map(Into::into),
            active: self.value()?,
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

    pub(super) fn member(&mut self) -> Result<Member> {
        Ok(Member {
            room: self.room_id()?,
            user: self.parsed()?,
            role: match self.code()? {
                1 => Role::Owner,
                2 => Role::Member,
                _ => return Err(self.no_sense()),
            },
            active: self.value()?,
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

    pub(super) fn room_and_member(&mut self) -> Result<(Room, Member)> {
        Ok((self.room()?, self.member()?))
    }

    pub(super) fn message(&mut self) -> Result<Message> {
        Ok(Message {
            id: MessageId::from_bytes(self.value::<Uuid>()?.0),
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

    pub(super) fn relation(&mut self) -> Result<Relation> {
        Ok(Relation {
            user: self.parsed()?,
            other: self.parsed()?,
            kind: match self.code()? {
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
    pub(super) fn profile(&mut self, user: UserId) -> Result<Profile> {
        let nickname = self.maybe_text()?;
        let image = self.maybe_text()?;
        Ok(profile_of(user, nickname, image))
    }

    /// Reads profiles that stand in three arrays: ids, nicknames, images.
    pub(super) fn profiles(&mut self) -> Result<Vec<Profile>> {
        let users = self.any::<Vec<String>>()?.unwrap_or_default();
        let users: std::result::Result<Vec<UserId>, _> = users.into_iter().map(|user| user.parse()).collect();
        let users = users.map_err(|_| self.no_sense())?;
        let nicknames = self.any::<Vec<Option<String>>>()?.unwrap_or_default();
        let images = self.any::<Vec<Option<String>>>()?.unwrap_or_default();
        let profiles = users.into_iter().zip(nicknames).zip(images);
        Ok(profiles
            .map(|((user, nickname), image)| profile_of(user, nickname.as_deref(), image.as_deref()))
            .collect())
    }

    /// Reads the positions of all lanes, in their order.
    pub(super) fn position(&mut self) -> Result<Position> {
        let lanes = self.any::<Vec<i64>>()?.unwrap_or_default();
        if !(1..=MAX_LANES).contains(&lanes.len()) {
            return Err(PostgresError::Lanes(lanes.len()));
        }
        let mut position = Position::start(lanes.len());
        for (lane, at) in (0..).zip(lanes) {
            position.advance(Pos { lane, at: u64::try_from(at).map_err(|_| self.no_sense())? });
        }
        Ok(position)
    }

    fn body(&mut self) -> Result<Body> {
        let code = self.code()?;
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
            _ => return Err(PostgresError::Value { column: "messages.kind".into() }),
        })
    }

    pub(super) fn hash(&mut self) -> Result<BodyHash> {
        let bytes: &[u8] = self.value()?;
        Ok(BodyHash(bytes.try_into().map_err(|_| self.no_sense())?))
    }

    pub(super) fn room_id(&mut self) -> Result<RoomId> {
        Ok(RoomId::from_bytes(self.value::<Uuid>()?.0))
    }

    pub(super) fn number(&mut self) -> Result<u64> {
        let value: i64 = self.value()?;
        u64::try_from(value).map_err(|_| self.no_sense())
    }

    pub(super) fn parsed<T: FromStr>(&mut self) -> Result<T> {
        self.maybe()?.ok_or_else(|| self.no_sense())
    }

    pub(super) fn maybe_time(&mut self) -> Result<Option<Timestamp>> {
        Ok(self.any()?.map(Timestamp::from_millis))
    }

    /// Whether the row that the next column is of is not there: a left join has found none.
    pub(super) fn is_absent(&self) -> Result<bool> {
        Ok(self.row.try_get_raw(self.next)?.is_null())
    }

    pub(super) fn value<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> Result<T> {
        self.any()?.ok_or_else(|| self.no_sense())
    }

    fn code(&mut self) -> Result<i16> {
        self.value()
    }

    fn time(&mut self) -> Result<Timestamp> {
        self.maybe_time()?.ok_or_else(|| self.no_sense())
    }

    fn maybe<T: FromStr>(&mut self) -> Result<Option<T>> {
        let parsed = self.maybe_text()?.map(str::parse).transpose();
        parsed.map_err(|_| self.no_sense())
    }

    fn maybe_text(&mut self) -> Result<Option<&'r str>> {
        self.any()
    }

    fn any<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> Result<Option<T>> {
        let value = self.row.try_get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// The column read last holds what no version of this code wrote.
    fn no_sense(&self) -> PostgresError {
        let column = self.row.columns().get(self.next.saturating_sub(1));
        PostgresError::Value { column: column.map_or("?", Column::name).to_owned() }
    }
}

fn profile_of(user: UserId, nickname: Option<&str>, image: Option<&str>) -> Profile {
    match nickname {
        Some(nickname) => Profile { user, nickname: nickname.into(), image: image.map(Into::into) },
        None => Profile::unknown(user),
    }
}
