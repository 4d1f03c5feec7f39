//! Tokens for development.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;

use super::KeyError;
use super::identity::tidy_nickname;
use super::key::{checked_secret, install_provider};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::id::UserId;

const DEFAULT_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Issues tokens to whoever asks, **for development only**: it verifies nobody, so a server that offers it
/// lets everybody be anybody.
///
/// The tokens are HS256, with the claims that [`JwtAuth`](super::JwtAuth) looks for by default and neither
/// issuer nor audience: one made with the same secret takes them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use chat_core::auth::{Authenticator, DevTokens, JwtAuth};
///
/// let secret = b"an example secret of over 32 bytes";
/// let issued = DevTokens::new(secret)?.issue(&"ana".parse()?, Some("Ana"))?;
///
/// let identity = JwtAuth::hs256(secret)?.authenticate(&issued.access_token).await?;
/// assert_eq!(identity.user.as_str(), "ana");
/// # Ok(())
/// # }
/// ```
pub struct DevTokens {
    key: EncodingKey,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
}

/// A token, and how long it holds.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuedToken {
    /// The token, in the compact form of RFC 7515. It opens the account: `Debug` does not show it.
    pub access_token: String,
    /// How long it holds from now, in whole seconds.
    pub expires_in: Duration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
    user_uuid: &'a UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<Arc<str>>,
    /// With a fraction (RFC 7519, NumericDate), so that who logs in right after a logout is in.
    iat: f64,
    exp: u64,
}

impl DevTokens {
    /// Signs with this secret.
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`] and [`KeyError::PublicSecret`], as
    /// [`JwtKey::hs256`](super::JwtKey::hs256) has them.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let key = EncodingKey::from_secret(checked_secret(secret.as_ref())?);
        install_provider();
        Ok(Self { key, lifetime: DEFAULT_LIFETIME, clock: Arc::new(SystemClock) })
    }

    /// How long tokens hold, in whole seconds: what is less than one is cut off. Default 7 days.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Duration::from_secs(lifetime.as_secs());
        self
    }

    /// Where the time comes from. Default [`SystemClock`].
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// A token that says it is this user's. The nickname is tidied as
    /// [`Identity::with_nickname`](super::Identity::with_nickname) does it.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when the crypto provider that the app has installed
    /// cannot sign with HS256.
    pub fn issue(&self, user: &UserId, nickname: Option<&str>) -> Result<IssuedToken> {
        let now = self.clock.now().as_millis().unsigned_abs();
        let claims = Claims {
            user_uuid: user,
            nickname: nickname.and_then(tidy_nickname),
            iat: now as f64 / 1000.0,
            exp: (now / 1000).saturating_add(self.lifetime.as_secs()),
        };
        let access_token =
            encode(&Header::new(Algorithm::HS256), &claims, &self.key).map_err(Error::unavailable)?;
        Ok(IssuedToken { access_token, expires_in: self.lifetime })
    }
}

impl fmt::Debug for DevTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevTokens").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::SetClock;
    use crate::auth::{Authenticator, Identity, JwtAuth};
    use crate::error::ErrorKind;

    const SECRET: [u8; 32] = [7; 32];
    /// In the middle of a second.
    const NOW: i64 = 1_700_000_000_500;

    fn ana() -> UserId {
        "ana".parse().unwrap()
    }

    async fn identity(clock: &Arc<SetClock>, issued: &IssuedToken) -> Result<Identity> {
        let auth = JwtAuth::hs256(SECRET).unwrap().with_clock(clock.clone());
        auth.authenticate(&issued.access_token).await
    }

    #[tokio::test]
    async fn an_issued_token_is_taken_until_its_lifetime_is_over() {
        let clock = SetClock::at_millis(NOW);
        let tokens = DevTokens::new(SECRET).unwrap().with_clock(clock.clone());
        let issued = tokens.issue(&ana(), Some("Ana")).unwrap();
        assert_eq!(issued.expires_in, Duration::from_secs(604_800));

        let who = identity(&clock, &issued).await.unwrap();
        assert_eq!(who.user, ana());
        assert_eq!(who.nickname.as_deref(), Some("Ana"));
        assert_eq!(who.issued.unwrap().as_millis(), NOW, "to the millisecond, for a logout just before");
        assert_eq!(who.expires.unwrap().as_millis(), 1_700_604_800_000);

        clock.set_millis(1_700_604_799_999);
        assert!(identity(&clock, &issued).await.is_ok());
        clock.set_millis(1_700_604_800_000);
        assert_eq!(identity(&clock, &issued).await.unwrap_err().kind(), &ErrorKind::TokenExpired);
    }

    #[tokio::test]
    async fn the_lifetime_is_configurable_to_any_length() {
        let clock = SetClock::at_millis(NOW);
        for (lifetime, holds) in [(0, false), (60, true), (u64::MAX, true)] {
            let tokens = DevTokens::new(SECRET).unwrap().with_clock(clock.clone());
            let tokens = tokens.with_lifetime(Duration::from_secs(lifetime));
            let issued = tokens.issue(&ana(), None).unwrap();
            assert_eq!(issued.expires_in.as_secs(), lifetime);
            assert_eq!(identity(&clock, &issued).await.is_ok(), holds, "{lifetime}");
        }
    }

    #[tokio::test]
    async fn the_longest_id_and_nickname_make_a_token_that_is_taken() {
        let clock = SetClock::at_millis(NOW);
        let tokens = DevTokens::new(SECRET).unwrap().with_clock(clock.clone());
        let user: UserId = "🦊".repeat(128).parse().unwrap();
        let issued = tokens.issue(&user, Some(&"\"🦊".repeat(100_000))).unwrap();
        let who = identity(&clock, &issued).await.unwrap();
        assert_eq!(who.user, user);
        assert_eq!(who.nickname.unwrap().chars().count(), 200);

        let blank = tokens.issue(&ana(), Some(" \n")).unwrap();
        assert_eq!(identity(&clock, &blank).await.unwrap().nickname, None);
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(matches!(DevTokens::new([7; 31]), Err(KeyError::SecretTooShort { bytes: 31 })));
    }

    #[test]
    fn neither_secret_nor_token_is_shown_by_debug() {
        let tokens = DevTokens::new("0123456789abcdef0123456789abcdef").unwrap();
        assert_eq!(format!("{tokens:?}"), "DevTokens { lifetime: 604800s, .. }");
        let issued = tokens.issue(&ana(), None).unwrap();
        assert_eq!(format!("{issued:?}"), "IssuedToken { expires_in: 604800s, .. }");
    }
}
