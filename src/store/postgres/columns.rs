//! A row of PostgreSQL, read from left to right, and the type of its ids.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{Column, Decode, Encode, Postgres, Row, Type, ValueRef};

use super::error::PostgresError;
use crate::id::{AttachmentId, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{InviteCode, MAX_LANES, Pos, Position, Profile};
use crate::store::BodyHash;
use crate::store::columns::{ReadRow, profile_of};

type Result<T, E = PostgresError> = std::result::Result<T, E>;

/// What [`ReadRow::member`] reads, of `members m`.
macro_rules! member_columns {
    () => {
        "m.room, m.user_id, m.role, m.active, m.joined_at, m.joined_seq, m.joined_pos, m.changed_pos, \
         m.marks_pos, m.marked_at, m.read_seq, m.delivered_seq, m.read_n, m.read_own_n, m.own_n, \
         m.muted_until, m.slowed_at, m.notify, m.hidden"
    };
}

/// What [`relation`](crate::store::columns::relation) reads, of `relations f`.
macro_rules! relation_columns {
    () => {
        "f.user_id, f.other, f.kind, f.since"
    };
}

/// What [`message_columns`](crate::store::columns::message_columns) needs beside `messages s`.
macro_rules! message_joins {
    () => {
        " LEFT JOIN chat.profiles p ON p.user_id = s.sender \
         LEFT JOIN chat.messages q ON q.room = s.room AND q.seq = s.quoted \
         LEFT JOIN chat.profiles t ON t.user_id = q.sender \
         LEFT JOIN chat.profiles f ON f.user_id = s.forwarded"
    };
}

/// What [`ban`](crate::store::columns::ban) reads, of `bans b`.
macro_rules! ban_columns {
    () => {
        "b.room, b.user_id, b.made_by, b.made_at, b.until, b.reason"
    };
}

/// What [`ReadRow::hidden`] reads, of `hidden h` and its `messages s`.
macro_rules! hidden_columns {
    () => {
        "h.room, h.user_id, h.seq, s.id, h.pos"
    };
}

/// What [`ReadRow::follow`] reads, of `follows g` and its `messages s`.
macro_rules! follow_columns {
    () => {
        "g.room, g.root, g.user_id, g.following, g.since, g.read_seq, g.pos, s.id"
    };
}

pub(super) use {
    ban_columns, follow_columns, hidden_columns, member_columns, message_joins, relation_columns,
};

/// 16 bytes as the type `uuid`. Not sqlx's own: that feature of it would hold rusqlite back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Uuid([u8; 16]);

impl From<RoomId> for Uuid {
    fn from(id: RoomId) -> Self {
        Self(id.to_bytes())
    }
}

impl From<AttachmentId> for Uuid {
    fn from(id: AttachmentId) -> Self {
        Self(id.to_bytes())
    }
}

impl From<MessageId> for Uuid {
    fn from(id: MessageId) -> Self {
        Self(id.to_bytes())
    }
}

impl From<ReportId> for Uuid {
    fn from(id: ReportId) -> Self {
        Self(id.to_bytes())
    }
}

impl From<JoinRequestId> for Uuid {
    fn from(id: JoinRequestId) -> Self {
        Self(id.to_bytes())
    }
}

impl From<InviteCode> for Uuid {
    fn from(code: InviteCode) -> Self {
        Self(code.to_bytes())
    }
}

impl Uuid {
    /// The least of all.
    pub(super) const NIL: Self = Self([0; 16]);

    /// The greatest of all, which no id is: a ULID of the year 10889.
    pub(super) const MAX: Self = Self([u8::MAX; 16]);

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

/// Reads the columns of a row from left to right.
pub(super) struct Columns<'r> {
    row: &'r PgRow,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r PgRow) -> Self {
        Self { row, next: 0 }
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

    /// Whether the row that the next column is of is not there: a left join has found none.
    pub(super) fn is_absent(&self) -> Result<bool> {
        Ok(self.row.try_get_raw(self.next)?.is_null())
    }

    pub(super) fn value<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> Result<T> {
        self.any()?.ok_or_else(|| self.no_sense())
    }

    fn any<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> Result<Option<T>> {
        let value = self.row.try_get(self.next)?;
        self.next += 1;
        Ok(value)
    }
}

impl<'r> ReadRow<'r> for Columns<'r> {
    type Error = PostgresError;

    fn bytes(&mut self) -> Result<[u8; 16]> {
        Ok(self.value::<Uuid>()?.0)
    }

    fn code(&mut self) -> Result<i16> {
        self.value()
    }

    fn flag(&mut self) -> Result<bool> {
        self.value()
    }

    fn maybe_integer(&mut self) -> Result<Option<i64>> {
        self.any()
    }

    fn maybe_text(&mut self) -> Result<Option<&'r str>> {
        self.any()
    }

    /// A hash is no uuid.
    fn maybe_hash(&mut self) -> Result<Option<BodyHash>> {
        let bytes = self.any::<&[u8]>()?.map(TryInto::try_into).transpose();
        Ok(bytes.map_err(|_| self.no_sense())?.map(BodyHash))
    }

    fn maybe_id(&mut self) -> Result<Option<[u8; 16]>> {
        Ok(self.any::<Uuid>()?.map(|Uuid(bytes)| bytes))
    }

    fn maybe_bytes(&mut self) -> Result<Option<&'r [u8]>> {
        self.any()
    }

    fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    fn no_sense(&self) -> PostgresError {
        let column = self.row.columns().get(self.next.saturating_sub(1));
        Self::no_match(column.map_or("?", Column::name))
    }

    fn no_match(column: &str) -> PostgresError {
        PostgresError::Value { column: column.to_owned() }
    }
}
