//! Who connects: the [`Authenticator`] contract, and the authenticators that come with the crate.

#[cfg(feature = "jwt")]
mod dev;
mod identity;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "jwt")]
mod key;

use std::fmt;

use async_trait::async_trait;

use crate::error::{ErrorKind, Result};

#[cfg(feature = "jwt")]
pub use dev::{DevTokens, IssuedToken};
pub use identity::{Identity, MAX_IMAGE_BYTES, MAX_NICKNAME_CHARS};
#[cfg(feature = "jwt")]
pub use jwt::{JwtAuth, MAX_TOKEN_BYTES};
#[cfg(feature = "jwt")]
pub use key::{JwtKey, KeyError, MIN_RSA_BITS, MIN_SECRET_BYTES};

/// The contract of an authenticator: it says who a token stands for.
///
/// **Who calls it, and when.** A transport does: for each HTTP request, and once for each connection, when
/// its token arrives and before it sees anything of a room. The answer then holds for the connection's
/// life, at most until [`Identity::expires`]. What runs in process calls `as_user` and asks nobody.
///
/// **What it gets.** The text that the client sent as its token, without `Bearer`: untrusted, perhaps
/// empty, and as long as the transport lets in. An implementation bounds what it parses.
///
/// **How it is called.** Many calls run at the same time, under no lock. A call is dropped halfway when the
/// client goes away, or a connection has no answer within
/// [`Config::hello_timeout`](crate::Config::hello_timeout), so nothing may break at an `.await`. Whoever asks
/// another server
/// sets a timeout of its own, and remembers answers where that costs too much.
///
/// **Errors.**
/// - [`Unauthenticated`](ErrorKind::Unauthenticated): the token is none, or holds no longer or not yet. The
///   client must not come back with it.
/// - [`TokenExpired`](ErrorKind::TokenExpired): nothing is wrong with the token but its age. Clients
///   answer it by fetching a fresh one, so it is never said of a token that would not have held before.
/// - [`Unavailable`](ErrorKind::Unavailable): it cannot be told now, for example since another server does
///   not answer. The client may come back with the same token.
///
/// Any other kind is a fault of the implementation. An error may keep its cause as its source, for the
/// operator's log; clients see the kind alone.
///
/// **Secrecy.** A token opens an account. No implementation writes it to a log, an error or a `Debug`.
///
/// ```
/// use chat_core::auth::{Authenticator, Identity};
/// use chat_core::{ErrorKind, Result, UserId};
///
/// #[derive(Debug)]
/// struct Sessions(std::collections::HashMap<String, UserId>);
///
/// #[async_trait::async_trait]
/// impl Authenticator for Sessions {
///     async fn authenticate(&self, token: &str) -> Result<Identity> {
///         let user = self.0.get(token).ok_or(ErrorKind::Unauthenticated)?;
///         Ok(Identity::new(user.clone()))
///     }
/// }
/// ```
#[async_trait]
pub trait Authenticator: Send + Sync + fmt::Debug + 'static {
    /// Who this token stands for.
    ///
    /// # Errors
    /// `Unauthenticated`, `TokenExpired` or `Unavailable`, as the [contract](Authenticator) tells them
    /// apart.
    async fn authenticate(&self, token: &str) -> Result<Identity>;
}

/// Lets no token in: for an engine that is used in process only, and the choice of one that was given no
/// other.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTokens;

#[async_trait]
impl Authenticator for NoTokens {
    async fn authenticate(&self, _token: &str) -> Result<Identity> {
        Err(ErrorKind::Unauthenticated.into())
    }
}

#[cfg(all(test, feature = "jwt"))]
pub(crate) mod testing {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use crate::clock::{Clock, Timestamp};

    /// A clock that stands still until it is set.
    #[derive(Debug)]
    pub(crate) struct SetClock(AtomicI64);

    impl SetClock {
        pub(crate) fn at_millis(millis: i64) -> Arc<Self> {
            Arc::new(Self(AtomicI64::new(millis)))
        }

        pub(crate) fn set_millis(&self, millis: i64) {
            self.0.store(millis, Ordering::Relaxed);
        }
    }

    impl Clock for SetClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_an_authenticator_no_token_gets_in() {
        let auth: std::sync::Arc<dyn Authenticator> = std::sync::Arc::new(NoTokens);
        for token in ["", "a.b.c"] {
            assert_eq!(auth.authenticate(token).await.unwrap_err().kind(), &ErrorKind::Unauthenticated);
        }
    }
}
