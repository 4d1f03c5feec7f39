//! JSON Web Tokens (RFC 7519), signed as RFC 7515 has it.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jsonwebtoken::errors::ErrorKind as JwtErrorKind;
use jsonwebtoken::{Header, decode, decode_header};
use serde_json::{Map, Value};

use super::{Authenticator, Identity, JwtKey, KeyError};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdError, UserId};

/// The most bytes of a token; a longer one is refused unread, as
/// [`Unauthenticated`](ErrorKind::Unauthenticated).
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Lets in whoever holds a signed JSON Web Token (RFC 7519).
///
/// ```
/// use chat_core::auth::JwtAuth;
/// # let public_pem = include_str!("../../tests/keys/rsa_public.pem");
///
/// // A secret that the issuer shares with this server.
/// let auth = JwtAuth::hs256(b"an example secret of over 32 bytes")?;
///
/// // The public key of an identity provider, and the claims that it uses.
/// let auth = JwtAuth::public_pem(public_pem)?
///     .with_user_claim("sub")
///     .with_nickname_claim("name")
///     .with_image_claim("picture")
///     .with_issuer("https://id.example.com/")
///     .with_audience("chat");
/// # Ok::<(), chat_core::auth::KeyError>(())
/// ```
///
/// # What a token needs
///
/// - **A signature** by one of the keys, with the one algorithm that this key is for. What the header calls
///   its algorithm chooses nothing (RFC 8725, 3.1): `none`, or HS256 with a public key as the secret, is
///   refused. So is a token with a critical header extension (`crit`, RFC 7515, 4.1.11), of which none is known
///   here, and one of more than [`MAX_TOKEN_BYTES`].
/// - **A user**, in the claim `userUuid` or [another](Self::with_user_claim): a text of 1 to 128 printable
///   characters. A whole number is taken as its decimal digits, since many issuers number their users: `42`
///   and `"42"` are the same user.
/// - **`exp`**, from which on it holds no more; and when it has `nbf`, not before that. Both are numbers of
///   seconds since 1970, fractions allowed and cut to milliseconds (NumericDate, RFC 7519, 2), and go by the
///   [clock](Self::with_clock) without any
///   [leeway](Self::with_leeway) unless given one.
/// - **`iat`**, when users [log out](crate::Actor::log_out): it tells the tokens from before.
/// - **`iss` and `aud`**, when [issuers](Self::with_issuer) or [audiences](Self::with_audience) are set.
///   With none set, these claims are not looked at.
///
/// `nickname` and `profileImage` (or [other](Self::with_nickname_claim) [claims](Self::with_image_claim))
/// are taken when they are fit to be shown, and ignored otherwise. A claim that is `null` counts as absent.
///
/// # Which key
///
/// Keys may have a name, the `kid`. A token that names a `kid` is verified with that key and no other; when
/// no key has that name, it is refused. A token that names none is verified with the keys that have none,
/// or with the sole key there is. As long as no key has a `kid`, those in tokens mean nothing and are
/// ignored, so that a provider's key works as it comes.
///
/// # Errors
///
/// [`TokenExpired`](ErrorKind::TokenExpired) when nothing but its age is wrong with a token, else
/// [`Unauthenticated`](ErrorKind::Unauthenticated); the source says what was wrong, never the token.
#[derive(Debug)]
pub struct JwtAuth {
    keys: Vec<JwtKey>,
    user_claim: String,
    nickname_claim: String,
    image_claim: String,
    issuers: Vec<String>,
    audiences: Vec<String>,
    leeway: Duration,
    clock: Arc<dyn Clock>,
}

/// Why a token is refused. For logs: it quotes nothing of what nobody has signed.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the token has more than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    #[error("the token has no header that can be read, or no algorithm that is known")]
    Header,
    #[error("the token has critical header extensions")]
    Critical,
    #[error("there is no key for the token's kid")]
    Kid,
    #[error("the token's algorithm is not the one of its key")]
    Algorithm,
    #[error("the token does not hold")]
    Token(#[source] jsonwebtoken::errors::Error),
    #[error("the claim `{0}` is missing")]
    Missing(String),
    #[error("the claim `{0}` has a value that makes no sense")]
    Senseless(String),
    #[error("the claim `{claim}` is no user id")]
    User {
        claim: String,
        #[source]
        source: IdError,
    },
    #[error("the token is of another issuer")]
    Issuer,
    #[error("the token is for another audience")]
    Audience,
    #[error("the token holds only later")]
    Early,
    #[error("the token has expired")]
    Expired,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Expired => ErrorKind::TokenExpired,
            _ => ErrorKind::Unauthenticated,
        };
        Self::with_source(kind, refusal)
    }
}

#[async_trait]
impl Authenticator for JwtAuth {
    async fn authenticate(&self, token: &str) -> Result<Identity> {
        Ok(self.verify(token)?)
    }
}

impl JwtAuth {
    /// Takes tokens that are signed with this key. More keys may be [added](Self::with_key).
    pub fn new(key: JwtKey) -> Self {
        Self {
            keys: vec![key],
            user_claim: "userUuid".into(),
            nickname_claim: "nickname".into(),
            image_claim: "profileImage".into(),
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway: Duration::ZERO,
            clock: Arc::new(SystemClock),
        }
    }

    /// Takes tokens that are signed with this secret (HS256).
    ///
    /// # Errors
    /// As [`JwtKey::hs256`].
    pub fn hs256(secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Ok(Self::new(JwtKey::hs256(secret)?))
    }

    /// Takes tokens that are signed with the private half of this public key, RSA, EC on P-256 or Ed25519.
    ///
    /// # Errors
    /// As [`JwtKey::public_pem`].
    pub fn public_pem(pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Ok(Self::new(JwtKey::public_pem(pem)?))
    }

    /// Takes tokens of one more key too.
    ///
    /// # Errors
    /// [`KeyError::DuplicateKid`] when there is a key with its `kid` already.
    pub fn with_key(mut self, key: JwtKey) -> Result<Self, KeyError> {
        if let Some(kid) = &key.kid
            && self.keys.iter().any(|other| other.kid.as_ref() == Some(kid))
        {
            return Err(KeyError::DuplicateKid(kid.clone()));
        }
        self.keys.push(key);
        Ok(self)
    }

    /// The claim that holds the user's id. Default `userUuid`; `sub` is the usual other choice.
    #[must_use]
    pub fn with_user_claim(mut self, claim: impl Into<String>) -> Self {
        self.user_claim = claim.into();
        self
    }

    /// The claim that holds the nickname. Default `nickname`.
    #[must_use]
    pub fn with_nickname_claim(mut self, claim: impl Into<String>) -> Self {
        self.nickname_claim = claim.into();
        self
    }

    /// The claim that holds the address of a picture. Default `profileImage`.
    #[must_use]
    pub fn with_image_claim(mut self, claim: impl Into<String>) -> Self {
        self.image_claim = claim.into();
        self
    }

    /// Takes tokens of this issuer (`iss`, compared byte by byte) only; called again, of this one too.
    #[must_use]
    pub fn with_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Takes tokens for this audience (`aud`, a text or a list with it, compared byte by byte) only; called
    /// again, for this one too.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// By how much the issuer's clock may differ, in whole milliseconds: tokens hold that much earlier and
    /// longer, and [`Identity::expires`] is that much later than `exp`. Default zero.
    #[must_use]
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Where the time comes from. Default [`SystemClock`].
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn verify(&self, token: &str) -> Result<Identity, Refusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::TooLong);
        }
        let header = decode_header(token).map_err(|_| Refusal::Header)?;
        if header.crit.is_some() {
            return Err(Refusal::Critical);
        }
        self.identity(&self.signed_claims(token, &header)?)
    }

    fn signed_claims(&self, token: &str, header: &Header) -> Result<Claims, Refusal> {
        let mut refusal = Refusal::Kid;
        for key in self.keys_for(header.kid.as_deref()) {
            // The header chooses among the keys that fit it, never how a key is used: the library is given
            // the key's own algorithm, and compares once more.
            if header.alg != key.algorithm {
                refusal = Refusal::Algorithm;
                continue;
            }
            match decode::<Map<String, Value>>(token, &key.decoding, &key.validation) {
                Ok(data) => return Ok(Claims(data.claims)),
                Err(error) if matches!(error.kind(), JwtErrorKind::InvalidSignature) => {
                    refusal = Refusal::Token(error);
                }
                Err(error) => return Err(Refusal::Token(error)),
            }
        }
        Err(refusal)
    }

    fn keys_for<'a>(&'a self, kid: Option<&'a str>) -> impl Iterator<Item = &'a JwtKey> {
        let nameless = self.keys.iter().all(|key| key.kid.is_none());
        let sole = self.keys.len() == 1;
        self.keys.iter().filter(move |key| match (kid, key.kid.as_deref()) {
            (Some(kid), Some(own)) => kid == own,
            (Some(_), None) => nameless,
            (None, None) => true,
            (None, Some(_)) => sole,
        })
    }

    /// Expiry comes last: a token that would not have held in time has not expired.
    fn identity(&self, claims: &Claims) -> Result<Identity, Refusal> {
        let leeway = i64::try_from(self.leeway.as_millis()).unwrap_or(i64::MAX);
        let now = self.clock.now().as_millis();

        if !self.issuers.is_empty() && !claims.issued_by(&self.issuers) {
            return Err(Refusal::Issuer);
        }
        if !self.audiences.is_empty() && !claims.meant_for(&self.audiences) {
            return Err(Refusal::Audience);
        }
        let mut identity = Identity::new(claims.user(&self.user_claim)?);
        if claims.moment("nbf")?.is_some_and(|nbf| now < nbf.saturating_sub(leeway)) {
            return Err(Refusal::Early);
        }
        let exp = claims.moment("exp")?.ok_or_else(|| Refusal::Missing("exp".into()))?;
        let end = exp.saturating_add(leeway);
        if now >= end {
            return Err(Refusal::Expired);
        }

        identity = identity.with_expires(Timestamp::from_millis(end));
        if let Some(iat) = claims.moment("iat")? {
            identity = identity.with_issued(Timestamp::from_millis(iat));
        }
        if let Some(nickname) = claims.text(&self.nickname_claim) {
            identity = identity.with_nickname(nickname);
        }
        if let Some(image) = claims.text(&self.image_claim) {
            identity = identity.with_image(image);
        }
        Ok(identity)
    }
}

/// Claims whose signature has been verified.
struct Claims(Map<String, Value>);

impl Claims {
    fn value(&self, claim: &str) -> Option<&Value> {
        self.0.get(claim).filter(|value| !value.is_null())
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.value(claim)?.as_str()
    }

    fn user(&self, claim: &str) -> Result<UserId, Refusal> {
        let id = match self.value(claim) {
            Some(Value::String(text)) => text.parse(),
            // A fraction, or more digits than are read exactly, could make one user of two.
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string().parse(),
            Some(_) => return Err(Refusal::Senseless(claim.into())),
            None => return Err(Refusal::Missing(claim.into())),
        };
        id.map_err(|source| Refusal::User { claim: claim.into(), source })
    }

    /// A moment in milliseconds since 1970, cut to what fits.
    fn moment(&self, claim: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.value(claim) else {
            return Ok(None);
        };
        if let Some(seconds) = value.as_i64() {
            return Ok(Some(seconds.saturating_mul(1000)));
        }
        let seconds = value.as_f64().filter(|seconds| seconds.is_finite());
        let seconds = seconds.ok_or_else(|| Refusal::Senseless(claim.into()))?;
        // From a float, `as` cuts to the bounds.
        Ok(Some((seconds * 1000.0).floor() as i64))
    }

    fn issued_by(&self, issuers: &[String]) -> bool {
        self.text("iss").is_some_and(|issuer| issuers.iter().any(|known| known == issuer))
    }

    fn meant_for(&self, audiences: &[String]) -> bool {
        let known = |value: &Value| value.as_str().is_some_and(|one| audiences.iter().any(|a| a == one));
        match self.value("aud") {
            Some(Value::Array(several)) => several.iter().any(known),
            Some(one) => known(one),
            None => false,
        }
    }
}
