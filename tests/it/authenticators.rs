//! The suite of the `Authenticator` contract on those that come with the crate.

use std::sync::Arc;
use std::time::Duration;

use chat_core::auth::{Authenticator, DevTokens, Identity, JwtAuth};
use chat_core::testing::ManualClock;
use chat_core::testing::authenticator::Fixture;
use chat_core::{ErrorKind, Result};

const SECRET: &[u8] = b"a secret of at least thirty-two bytes";

chat_core::authenticator_suite!(jwt, || async {
    let tokens = || DevTokens::new(SECRET).unwrap();
    let token = |tokens: DevTokens| tokens.issue(&"ana".parse().unwrap(), Some("Ana")).unwrap().access_token;
    let long_ago = ManualClock::default();
    long_ago.rewind(Duration::from_secs(10 * 365 * 24 * 60 * 60));
    let expired = token(tokens().with_clock(Arc::new(long_ago)));
    Fixture::new(JwtAuth::hs256(SECRET).unwrap(), token(tokens()), "ana").with_expired(expired)
});

/// As in the documents: a table of sessions.
#[derive(Debug)]
struct Sessions;

#[async_trait::async_trait]
impl Authenticator for Sessions {
    async fn authenticate(&self, token: &str) -> Result<Identity> {
        tokio::task::yield_now().await;
        if token != "the-session-of-ana" {
            return Err(ErrorKind::Unauthenticated.into());
        }
        Ok(Identity::new("ana".parse().expect("a good id")))
    }
}

chat_core::authenticator_suite!(sessions, || async { Fixture::new(Sessions, "the-session-of-ana", "ana") });
