//! What can go wrong with the file, mapped once to the crate's error.

use rusqlite::ErrorCode;

use crate::error::{Error, ErrorKind};

#[derive(Debug, thiserror::Error)]
pub(super) enum SqliteError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the column {column} holds what makes no sense")]
    Value { column: String },
    #[error("there are {0} lanes")]
    Lanes(usize),
    #[error("the database has version {found}, and this code knows versions up to {known}")]
    Newer { found: i64, known: usize },
    #[error("the file is a SQLite database of another program")]
    Foreign,
    #[error("SQLite {found} is linked, and it must be {needed} or newer")]
    OldLibrary { found: &'static str, needed: &'static str },
    #[error("SQLite keeps its journal there in the mode {0:?} and not in a write-ahead log")]
    NoWal(String),
    #[error("the transaction is of a database without this outbox")]
    NoOutbox(#[source] rusqlite::Error),
    #[error("no connection came free in time")]
    NoConnection,
    #[error("the thread that writes could not be started")]
    NoThread(#[source] std::io::Error),
    #[error("the thread that writes has ended")]
    WriterGone,
    #[error("a task was cut short")]
    Cut(#[from] tokio::task::JoinError),
}

impl From<SqliteError> for Error {
    fn from(error: SqliteError) -> Self {
        let kind = match &error {
            SqliteError::Sqlite(sqlite) if !is_damage(sqlite) => ErrorKind::Unavailable,
            SqliteError::Sqlite(_)
            | SqliteError::Value { .. }
            | SqliteError::Lanes(_)
            | SqliteError::Newer { .. }
            | SqliteError::Foreign => ErrorKind::Corrupt(error.to_string().into()),
            SqliteError::OldLibrary { .. } => {
                ErrorKind::Invalid { field: "sqlite".into(), reason: format!("is too old: {error}").into() }
            }
            SqliteError::NoWal(_) => {
                ErrorKind::Invalid { field: "path".into(), reason: format!("does not do: {error}").into() }
            }
            SqliteError::NoOutbox(_) => ErrorKind::Invalid {
                field: "transaction".into(),
                reason: format!("does not do: {error}").into(),
            },
            SqliteError::NoConnection
            | SqliteError::NoThread(_)
            | SqliteError::WriterGone
            | SqliteError::Cut(_) => ErrorKind::Unavailable,
        };
        Self::with_source(kind, error)
    }
}

/// Whether trying again is of no use, for what the file holds is not what this code wrote.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => matches!(
            failure.code,
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::SchemaChanged
                // No such table or column: each statement here fits the schema that the version names.
                | ErrorCode::Unknown
        ),
        // The same, found while the statement was prepared.
        rusqlite::Error::SqlInputError { .. } => true,
        rusqlite::Error::QueryReturnedNoRows
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::FromSqlConversionFailure(..) => true,
        _ => false,
    }
}
