//! An authenticator for tests.

use async_trait::async_trait;

use crate::auth::{Authenticator, Identity};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};

/// Takes a token for the user's id. `id@millis` expires at that moment, `id+millis` was issued at it, both in
/// milliseconds since 1970. A token that is no id is [`Unauthenticated`](ErrorKind::Unauthenticated). It looks at
/// no clock, so that it takes a token of the past too. For tests alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NameTokens;

#[async_trait]
impl Authenticator for NameTokens {
    async fn authenticate(&self, token: &str) -> Result<Identity> {
        let (token, expires) = split(token, '@')?;
        let (name, issued) = split(token, '+')?;
        let mut identity = Identity::new(name.parse().map_err(refused)?);
        (identity.issued, identity.expires) = (issued, expires);
        Ok(identity)
    }
}

fn split(token: &str, mark: char) -> Result<(&str, Option<Timestamp>)> {
    let Some((rest, millis)) = token.split_once(mark) else { return Ok((token, None)) };
    Ok((rest, Some(Timestamp::from_millis(millis.parse().map_err(refused)?))))
}

fn refused(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with_source(ErrorKind::Unauthenticated, source)
}
