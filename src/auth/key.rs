//! Keys that tokens are verified with, each bound to one algorithm.

use std::fmt;

use jsonwebtoken::crypto::{self, rust_crypto};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};

/// The fewest bytes of a shared secret: as many as the hash that it keys has (RFC 7518, 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// The fewest bits of an RSA key (RFC 7518, 3.3).
pub const MIN_RSA_BITS: usize = 2048;

/// Why a key is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A secret shorter than [`MIN_SECRET_BYTES`].
    #[error("the secret has {bytes} bytes, and {MIN_SECRET_BYTES} are the least")]
    SecretTooShort {
        /// The bytes that it has.
        bytes: usize,
    },
    /// A public key or a certificate as the secret: whoever reads it could sign.
    #[error("the secret is a public key or a certificate, which is no secret")]
    PublicSecret,
    /// A private key where its public half belongs.
    #[error("this is a private key; give its public half (openssl pkey -in FILE -pubout)")]
    PrivateKey,
    /// Not one PEM block that is a public key. Of a certificate, take its key first.
    #[error(
        "this is not one PEM block of a public key (of a certificate: openssl x509 -in FILE -pubkey -noout)"
    )]
    NotAPublicKey,
    /// A public key of a kind or curve for which there is no algorithm here, or one that is damaged.
    #[error("the public key is none of RSA, EC on P-256 and Ed25519, or it is damaged")]
    Unsupported(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An RSA key below [`MIN_RSA_BITS`].
    #[error("the RSA key has {bits} bits, and {MIN_RSA_BITS} are the least")]
    WeakRsa {
        /// The bits that it has.
        bits: usize,
    },
    /// A public key of another kind than was asked for.
    #[error("the key is for {found}, not for {wanted}")]
    WrongKind {
        /// The algorithm asked for.
        wanted: &'static str,
        /// The algorithm that the key is for.
        found: &'static str,
    },
    /// Two keys with the same `kid`.
    #[error("there are two keys with the kid {0:?}")]
    DuplicateKid(String),
}

/// A key and the one algorithm that it verifies. Public keys are read from PEM (RFC 7468), as
/// `openssl pkey -pubout` writes it.
///
/// The first key gives `jsonwebtoken` its cryptography, for the whole process, unless the app has given it some
/// before.
///
/// ```
/// use chat_core::auth::JwtKey;
/// let key = JwtKey::hs256(b"an example secret of over 32 bytes")?.with_kid("2026-01");
/// assert!(!format!("{key:?}").contains("example"));
/// # Ok::<(), chat_core::auth::KeyError>(())
/// ```
#[derive(Clone)]
pub struct JwtKey {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
    pub(super) validation: Validation,
}

impl JwtKey {
    /// A shared secret for HS256: these very bytes, of which there must be at least [`MIN_SECRET_BYTES`].
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`], or [`KeyError::PublicSecret`] for the PEM of a public key or a certificate,
    /// the usual slip that lets everybody sign; [`KeyError::Unsupported`] where the cryptography that the app has
    /// given `jsonwebtoken` knows no HS256.
    pub fn hs256(secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let secret = checked_secret(secret.as_ref())?;
        Self::new(Algorithm::HS256, DecodingKey::from_secret(secret))
    }

    /// A public key, whose algorithm follows from its kind: RS256 for RSA, ES256 for EC on P-256, EdDSA for
    /// Ed25519 (RFC 7518, 3.1 and RFC 8037).
    ///
    /// # Errors
    /// [`KeyError::PrivateKey`] and [`KeyError::NotAPublicKey`] for other PEM or none,
    /// [`KeyError::Unsupported`] for other kinds of key, one that is damaged, or one that the app's own
    /// cryptography cannot use, [`KeyError::WeakRsa`] for RSA below [`MIN_RSA_BITS`].
    pub fn public_pem(pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let pem = pem.as_ref();
        check_label(pem)?;
        // Each refuses the other kinds, by the identifier that stands in the key.
        if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
            check_rsa(&key)?;
            return Self::new(Algorithm::RS256, key);
        }
        if let Ok(key) = DecodingKey::from_ec_pem(pem) {
            return Self::new(Algorithm::ES256, key);
        }
        let key = DecodingKey::from_ed_pem(pem).map_err(unsupported)?;
        check_ed25519(&key)?;
        Self::new(Algorithm::EdDSA, key)
    }

    /// A public RSA key for RS256.
    ///
    /// # Errors
    /// As [`Self::public_pem`], and [`KeyError::WrongKind`] for a key of another kind.
    pub fn rs256(pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::public_pem(pem)?.wanted(Algorithm::RS256)
    }

    /// A public EC key on P-256 for ES256.
    ///
    /// # Errors
    /// As [`Self::public_pem`], and [`KeyError::WrongKind`] for a key of another kind.
    pub fn es256(pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::public_pem(pem)?.wanted(Algorithm::ES256)
    }

    /// A public Ed25519 key for EdDSA.
    ///
    /// # Errors
    /// As [`Self::public_pem`], and [`KeyError::WrongKind`] for a key of another kind.
    pub fn eddsa(pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::public_pem(pem)?.wanted(Algorithm::EdDSA)
    }

    /// The key's name, with which tokens ask for it in their header (RFC 7515, 4.1.4): any text, compared byte by
    /// byte.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    fn new(algorithm: Algorithm, decoding: DecodingKey) -> Result<Self, KeyError> {
        // The first use of a key that is damaged, or that the provider cannot use, is here and not at the
        // first token.
        (rust_crypto::DEFAULT_PROVIDER.verifier_factory)(&algorithm, &decoding).map_err(unsupported)?;
        install_provider();
        crypto::verify("", &[], &decoding, algorithm).map_err(unsupported)?;

        let mut validation = Validation::new(algorithm);
        // The claims are JwtAuth's: the library would ask the machine's clock, and accept an issuer list.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        Ok(Self { kid: None, algorithm, decoding, validation })
    }

    fn wanted(self, wanted: Algorithm) -> Result<Self, KeyError> {
        if self.algorithm == wanted {
            return Ok(self);
        }
        Err(KeyError::WrongKind { wanted: name(wanted), found: name(self.algorithm) })
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// The secret, when it may be one.
pub(super) fn checked_secret(secret: &[u8]) -> Result<&[u8], KeyError> {
    if secret.len() < MIN_SECRET_BYTES {
        return Err(KeyError::SecretTooShort { bytes: secret.len() });
    }
    let text = String::from_utf8_lossy(secret);
    if labels(&text).any(|label| label.ends_with("PUBLIC KEY") || label.ends_with("CERTIFICATE")) {
        return Err(KeyError::PublicSecret);
    }
    Ok(secret)
}

/// Sees to it that the library has its crypto. It would choose by its own features, and panic when another
/// crate of the app has switched on a second one; what the app itself has installed is good as it is.
pub(super) fn install_provider() {
    rust_crypto::DEFAULT_PROVIDER.install_default().ok();
}

/// Exactly one block, since of several only the first would count.
fn check_label(pem: &[u8]) -> Result<(), KeyError> {
    let text = String::from_utf8_lossy(pem);
    let mut labels = labels(&text);
    match (labels.next(), labels.next()) {
        (Some("PUBLIC KEY" | "RSA PUBLIC KEY"), None) => Ok(()),
        (first, second) => {
            let mut all = first.into_iter().chain(second).chain(labels);
            let private = all.any(|label| label.ends_with("PRIVATE KEY"));
            Err(if private { KeyError::PrivateKey } else { KeyError::NotAPublicKey })
        }
    }
}

fn labels(text: &str) -> impl Iterator<Item = &str> {
    text.split("-----BEGIN ").skip(1).filter_map(|rest| rest.split("-----").next())
}

fn check_rsa(key: &DecodingKey) -> Result<(), KeyError> {
    let der = key.try_get_as_bytes().map_err(unsupported)?;
    let components = rust_crypto::DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key;
    let (modulus, _) = components(der).map_err(unsupported)?;
    let bits = match modulus.first() {
        Some(first) => modulus.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    };
    if bits < MIN_RSA_BITS {
        return Err(KeyError::WeakRsa { bits });
    }
    Ok(())
}

/// The library takes the first 32 bytes of whatever there is, and panics when there are fewer.
fn check_ed25519(key: &DecodingKey) -> Result<(), KeyError> {
    let bytes = key.try_get_as_bytes().map_err(unsupported)?.len();
    if bytes != 32 {
        return Err(unsupported(format!("an Ed25519 key has 32 bytes, not {bytes}")));
    }
    Ok(())
}

fn unsupported(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> KeyError {
    KeyError::Unsupported(source.into())
}

fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::ES256 => "ES256",
        Algorithm::EdDSA => "EdDSA",
        _ => "HS256",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = include_str!("../../tests/keys/rsa_public.pem");
    const RSA_PKCS1: &str = include_str!("../../tests/keys/rsa_public_pkcs1.pem");
    const EC: &str = include_str!("../../tests/keys/ec_public.pem");
    const ED: &str = include_str!("../../tests/keys/ed_public.pem");

    #[test]
    fn the_algorithm_follows_from_the_public_key() {
        for (pem, algorithm) in [
            (RSA, Algorithm::RS256),
            (RSA_PKCS1, Algorithm::RS256),
            (EC, Algorithm::ES256),
            (ED, Algorithm::EdDSA),
        ] {
            assert_eq!(JwtKey::public_pem(pem).unwrap().algorithm, algorithm);
            let commented = format!("made by hand\n{}\n", pem.replace('\n', "\r\n"));
            assert_eq!(JwtKey::public_pem(commented).unwrap().algorithm, algorithm);
        }
    }

    #[test]
    fn a_public_key_of_another_kind_than_asked_for_is_refused() {
        assert!(JwtKey::rs256(RSA).is_ok() && JwtKey::es256(EC).is_ok() && JwtKey::eddsa(ED).is_ok());
        for wrong in [JwtKey::rs256(EC), JwtKey::es256(ED), JwtKey::eddsa(RSA)] {
            assert!(matches!(wrong, Err(KeyError::WrongKind { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn other_curves_and_weak_keys_are_refused() {
        for pem in [
            include_str!("../../tests/keys/p384_public.pem"),
            include_str!("../../tests/keys/x25519_public.pem"),
        ] {
            assert!(matches!(JwtKey::public_pem(pem), Err(KeyError::Unsupported(_))));
        }
        let weak = JwtKey::public_pem(include_str!("../../tests/keys/rsa1024_public.pem"));
        assert!(matches!(weak, Err(KeyError::WeakRsa { bits: 1024 })), "{weak:?}");
    }

    #[test]
    fn what_is_no_public_key_is_refused_and_named() {
        let private = include_str!("../../tests/keys/rsa_private.pem");
        assert!(matches!(JwtKey::public_pem(private), Err(KeyError::PrivateKey)));
        assert!(matches!(JwtKey::public_pem(format!("{RSA}{private}")), Err(KeyError::PrivateKey)));
        let certificate = include_str!("../../tests/keys/ec_certificate.pem");
        let none = [certificate, "", "secret", &format!("{EC}{RSA}"), "-----BEGIN ", "-----BEGIN -----"];
        for pem in none {
            assert!(matches!(JwtKey::public_pem(pem), Err(KeyError::NotAPublicKey)), "{pem}");
        }
    }

    #[test]
    fn a_damaged_public_key_is_refused_without_a_panic() {
        // Well-formed, but an Ed25519 key of 3 bytes.
        let short = "-----BEGIN PUBLIC KEY-----\nMA0wBQYDK2VwAwQAAQID\n-----END PUBLIC KEY-----\n";
        let Err(KeyError::Unsupported(why)) = JwtKey::public_pem(short) else { panic!("{short}") };
        assert_eq!(why.to_string(), "an Ed25519 key has 32 bytes, not 3");
        for pem in [RSA, RSA_PKCS1, EC, ED] {
            for at in 27..pem.len() {
                let (mut flipped, mut cut) = (pem.as_bytes().to_vec(), pem.as_bytes().to_vec());
                flipped[at] ^= 1;
                cut.remove(at);
                let _ = (JwtKey::public_pem(flipped), JwtKey::public_pem(cut));
            }
        }
    }

    #[test]
    fn a_secret_needs_32_bytes() {
        assert!(JwtKey::hs256([7; 32]).is_ok());
        let short = JwtKey::hs256([7; 31]);
        assert!(matches!(short, Err(KeyError::SecretTooShort { bytes: 31 })), "{short:?}");
    }

    #[test]
    fn a_public_key_is_no_secret() {
        for public in [RSA, RSA_PKCS1, EC, ED, include_str!("../../tests/keys/ec_certificate.pem")] {
            assert!(matches!(JwtKey::hs256(public), Err(KeyError::PublicSecret)));
        }
    }

    #[test]
    fn no_key_is_shown_by_debug() {
        let secret = "0123456789abcdef0123456789abcdef";
        let shown = format!("{:?}", JwtKey::hs256(secret).unwrap().with_kid("a"));
        assert_eq!(shown, r#"JwtKey { kid: Some("a"), algorithm: HS256, .. }"#);
    }
}
