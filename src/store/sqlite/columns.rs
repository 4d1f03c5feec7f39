//! A row of SQLite, read from left to right.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::error::SqliteError;
use crate::store::BodyHash;
use crate::store::columns::ReadRow;

/// What [`ReadRow::member`] reads, of `members m`.
macro_rules! member_columns {
    () => {
        "m.room, m.user, m.role, m.active, m.joined_at, m.joined_seq, m.joined_pos, m.changed_pos, \
         m.marks_pos, m.marked_at, m.read_seq, m.delivered_seq, m.read_n, m.read_own_n, m.own_n, \
         m.muted_until, m.slowed_at, m.notify, m.hidden"
    };
}

/// What [`relation`](crate::store::columns::relation) reads, of `relations f`.
macro_rules! relation_columns {
    () => {
        "f.user, f.other, f.kind, f.since"
    };
}

/// What [`message_columns`](crate::store::columns::message_columns) needs beside `messages s`.
macro_rules! message_joins {
    () => {
        " LEFT JOIN profiles p ON p.user = s.sender \
         LEFT JOIN messages q ON q.room = s.room AND q.seq = s.quoted \
         LEFT JOIN profiles t ON t.user = q.sender \
         LEFT JOIN profiles f ON f.user = s.forwarded"
    };
}

/// What [`ban`](crate::store::columns::ban) reads, of `bans b`.
macro_rules! ban_columns {
    () => {
        "b.room, b.user, b.made_by, b.made_at, b.until, b.reason"
    };
}

/// What [`ReadRow::hidden`] reads, of `hidden h` and its `messages s`.
macro_rules! hidden_columns {
    () => {
        "h.room, h.user, h.seq, s.id, h.pos"
    };
}

/// What [`ReadRow::follow`] reads, of `follows g` and its `messages s`.
macro_rules! follow_columns {
    () => {
        "g.room, g.root, g.user, g.following, g.since, g.read_seq, g.pos, s.id"
    };
}

pub(super) use {
    ban_columns, follow_columns, hidden_columns, member_columns, message_joins, relation_columns,
};

/// Reads the columns of a row from left to right.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r Row<'_>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn integer(&mut self) -> Result<i64, SqliteError> {
        self.maybe_integer()?.ok_or_else(|| self.no_sense())
    }

    fn value(&mut self) -> Result<ValueRef<'r>, SqliteError> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(value)
    }
}

impl<'r> ReadRow<'r> for Columns<'r> {
    type Error = SqliteError;

    fn bytes(&mut self) -> Result<[u8; 16], SqliteError> {
        match self.value()? {
            ValueRef::Blob(bytes) => bytes.try_into().map_err(|_| self.no_sense()),
            _ => Err(self.no_sense()),
        }
    }

    fn code(&mut self) -> Result<i16, SqliteError> {
        self.integer()?.try_into().map_err(|_| self.no_sense())
    }

    fn flag(&mut self) -> Result<bool, SqliteError> {
        match self.integer()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.no_sense()),
        }
    }

    fn maybe_integer(&mut self) -> Result<Option<i64>, SqliteError> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(value) => Ok(Some(value)),
            _ => Err(self.no_sense()),
        }
    }

    fn maybe_text(&mut self) -> Result<Option<&'r str>, SqliteError> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).map(Some).map_err(|_| self.no_sense()),
            _ => Err(self.no_sense()),
        }
    }

    fn maybe_hash(&mut self) -> Result<Option<BodyHash>, SqliteError> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(BodyHash(bytes.try_into().map_err(|_| self.no_sense())?))),
            _ => Err(self.no_sense()),
        }
    }

    fn maybe_id(&mut self) -> Result<Option<[u8; 16]>, SqliteError> {
        let id = self.maybe_bytes()?.map(TryInto::try_into).transpose();
        id.map_err(|_| self.no_sense())
    }

    fn maybe_bytes(&mut self) -> Result<Option<&'r [u8]>, SqliteError> {
        match self.value()? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            _ => Err(self.no_sense()),
        }
    }

    fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    fn no_sense(&self) -> SqliteError {
        let name = self.row.as_ref().column_name(self.next.saturating_sub(1));
        Self::no_match(name.unwrap_or("?"))
    }

    fn no_match(column: &str) -> SqliteError {
        SqliteError::Value { column: column.to_owned() }
    }
}
