//! What can go wrong with NATS, mapped once to the crate's error.

use std::io;

use async_nats::ConnectError;

use crate::error::{Error, ErrorKind};

/// None of it names a URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub(super) enum NatsError {
    #[error("no server is named")]
    NoServer,
    #[error("it is none of a NATS server")]
    Url(#[source] io::Error),
    #[error("the servers have different logins")]
    Logins,
    #[error("it has 1 to 64 letters, digits, - and _, in parts separated by dots")]
    Prefix,
    #[error("NATS refuses this node")]
    Refused(#[source] ConnectError),
}

impl From<NatsError> for Error {
    fn from(error: NatsError) -> Self {
        let invalid = |field: &'static str| ErrorKind::Invalid {
            field: field.into(),
            reason: format!("does not do: {error}").into(),
        };
        let kind = match error {
            NatsError::NoServer | NatsError::Url(_) | NatsError::Logins => invalid("url"),
            NatsError::Prefix => invalid("prefix"),
            NatsError::Refused(_) => ErrorKind::Unavailable,
        };
        Self::with_source(kind, error)
    }
}
