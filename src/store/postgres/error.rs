//! What can go wrong with the database, mapped once to the crate's error.

use crate::error::{Error, ErrorKind};

#[derive(Debug, thiserror::Error)]
pub(super) enum PostgresError {
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
    #[error("the transaction is of a database without this outbox")]
    NoOutbox(#[source] sqlx::Error),
    #[error("the database does not answer in time")]
    TimedOut,
    #[error("the column {column} holds what makes no sense")]
    Value { column: String },
    #[error("the database has {0} lanes")]
    Lanes(usize),
    #[error("a lane was changed although it was locked")]
    Overtaken,
    #[error("the database was begun with {found} lanes")]
    OtherLanes { found: usize },
    #[error("a store has 1 to {0} lanes")]
    NoSuchLanes(usize),
    #[error("the database has version {found}, and this code knows versions up to {known}")]
    Newer { found: i32, known: usize },
    #[error("the database has version {found} and waits to be migrated to {known}")]
    Older { found: usize, known: usize },
    #[error("the schema `chat` of the database is another program's")]
    Foreign,
    #[error("the server has version {found}, and it must have {needed} or a newer one")]
    OldServer { found: i32, needed: i32 },
    #[error("the database keeps its text in {0} and not in UTF8")]
    NoUnicode(String),
    #[error("the server is a standby, which lags behind and takes no commits")]
    Standby,
}

impl PostgresError {
    /// Whether the server has undone the transaction for the sake of others, which says nothing against
    /// trying it once more.
    pub(super) fn is_conflict(&self) -> bool {
        self.code().is_some_and(|code| matches!(&*code, "40001" | "40P01"))
    }

    /// Whether the connection is gone or of no more use, and with it what is known of a commit under way.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::TimedOut => true,
            Self::Sqlx(sqlx::Error::Database(_)) => self.code().is_some_and(|code| {
                // The server shuts down, or was told to end this connection; or what was prepared on it no
                // longer fits, since a newer node has migrated.
                let ends = ["57P01", "57P02", "57P03", "25P03", "0A000", "26000"];
                code.starts_with("08") || ends.contains(&&*code)
            }),
            Self::Sqlx(error) => {
                matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_))
            }
            _ => false,
        }
    }

    pub(super) fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        match self {
            Self::Sqlx(sqlx::Error::Database(error)) => error.code(),
            _ => None,
        }
    }

    /// Whether trying again is of no use, for what the database holds is not what this code wrote.
    fn is_damage(&self) -> bool {
        match self {
            // Values that do not fit, a broken constraint, no such table or column, damaged pages: each
            // statement here fits the schema that the version names.
            Self::Sqlx(sqlx::Error::Database(_)) => self.code().is_some_and(|code| {
                let is_refusal = &*code == "42501";
                !is_refusal && ["22", "23", "42", "XX"].iter().any(|class| code.starts_with(class))
            }),
            Self::Sqlx(error) => matches!(
                error,
                sqlx::Error::RowNotFound
                    | sqlx::Error::ColumnDecode { .. }
                    | sqlx::Error::Decode(_)
                    | sqlx::Error::ColumnNotFound(_)
                    | sqlx::Error::ColumnIndexOutOfBounds { .. }
                    | sqlx::Error::TypeNotFound { .. }
            ),
            Self::Value { .. } | Self::Lanes(_) | Self::Newer { .. } | Self::Foreign => true,
            _ => false,
        }
    }
}

impl From<PostgresError> for Error {
    fn from(error: PostgresError) -> Self {
        use PostgresError::{NoOutbox, NoSuchLanes, NoUnicode, OldServer, OtherLanes, Sqlx};
        let invalid = |field: &'static str, reason: String| ErrorKind::Invalid {
            field: field.into(),
            reason: reason.into(),
        };
        let kind = match &error {
            error if error.is_damage() => ErrorKind::Corrupt(error.to_string().into()),
            OtherLanes { .. } | NoSuchLanes(_) => invalid("lanes", format!("do not do: {error}")),
            NoOutbox(_) => invalid("transaction", format!("does not do: {error}")),
            OldServer { .. } | NoUnicode(_) | Sqlx(sqlx::Error::Configuration(_)) => {
                invalid("url", format!("does not do: {error}"))
            }
            _ => ErrorKind::Unavailable,
        };
        Self::with_source(kind, error)
    }
}
