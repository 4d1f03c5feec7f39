//! An authenticator for tests.

use async_trait::async_trait;

use crate::auth::{Authenticator, Identity};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};

/// Takes a token for the user's id. `id@millis` expires at that moment; a token that is no id is refused.
/// For tests alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NameTokens;

#[async_trait]
impl Authenticator for NameTokens {
    async fn authenticate(&self, token: &str) -> Result<Identity> {
        let (name, expires) = match token.split_once('@') {
            Some((name, millis)) => (name, Some(millis.parse().map_err(refused)?)),
            None => (token, None),
        };
        let identity = Identity::new(name.parse().map_err(refused)?);
        Ok(match expires {
            Some(millis) => identity.with_expires(Timestamp::from_millis(millis)),
            None => identity,
        })
    }
}

fn refused(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with_source(ErrorKind::Unauthenticated, source)
}
