//! The suite that every [`Authenticator`] passes.
//!
//! ```
//! use chat_core::auth::JwtAuth;
//! use chat_core::testing::authenticator::Fixture;
//!
//! const SECRET: &[u8] = b"a secret of at least thirty-two bytes";
//!
//! chat_core::authenticator_suite!(jwt, || async {
//!     let tokens = chat_core::auth::DevTokens::new(SECRET.to_vec()).unwrap();
//!     let good = tokens.issue(&"ana".parse().unwrap(), Some("Ana")).unwrap().access_token;
//!     Fixture::new(JwtAuth::hs256(SECRET).unwrap(), good, "ana")
//! });
//! # fn main() {}
//! ```
#![allow(missing_docs, reason = "the name of a case says what it checks")]

use std::fmt;
use std::sync::Arc;

use crate::auth::Authenticator;
use crate::error::ErrorKind;
use crate::id::UserId;

/// Makes a module of tests, one for each case of the contract of an
/// [`Authenticator`](crate::auth::Authenticator).
///
/// The first argument names the module; the second is a closure whose future yields a
/// [`Fixture`](crate::testing::authenticator::Fixture). See
/// [`testing::authenticator`](crate::testing::authenticator).
#[macro_export]
macro_rules! authenticator_suite {
    (@cases $($case:ident)*) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::testing::authenticator::$case(fresh().await).await;
            }
        )*
    };
    ($name:ident, $factory:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "whatever the factory names")]
            use super::*;

            #[allow(dead_code, reason = "without tests nothing calls it")]
            async fn fresh() -> $crate::testing::authenticator::Fixture {
                ($factory)().await
            }

            $crate::authenticator_suite! { @cases
                a_good_token_names_its_user_each_time
                nonsense_is_refused_for_good
                a_changed_token_is_refused_for_good
                an_expired_token_is_told_from_a_bad_one
                calls_at_once_do_not_mix
                a_call_that_is_dropped_breaks_nothing
                no_token_shows_in_an_error
            }
        }
    };
}

/// An authenticator, and what there is to know about its tokens.
pub struct Fixture {
    authenticator: Arc<dyn Authenticator>,
    good: String,
    user: UserId,
    expired: Option<String>,
}

impl Fixture {
    /// An authenticator, and a token that it takes for this user.
    ///
    /// # Panics
    /// For a user that is no good id.
    pub fn new(authenticator: impl Authenticator, good: impl Into<String>, user: &str) -> Self {
        let user = user.parse().expect("the fixture names a good user id");
        Self { authenticator: Arc::new(authenticator), good: good.into(), user, expired: None }
    }

    /// A token in which nothing is wrong but its age. Without one, that is not checked.
    #[must_use]
    pub fn with_expired(mut self, token: impl Into<String>) -> Self {
        self.expired = Some(token.into());
        self
    }

    async fn kind(&self, token: &str) -> ErrorKind {
        let refused = self.authenticator.authenticate(token).await;
        refused.expect_err("the token is refused").kind().clone()
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Tokens are never shown.
        f.debug_struct("Fixture").field("user", &self.user).finish_non_exhaustive()
    }
}

pub async fn a_good_token_names_its_user_each_time(auth: Fixture) {
    for _ in 0..3 {
        let identity = auth.authenticator.authenticate(&auth.good).await.expect("the token is good");
        assert_eq!(identity.user, auth.user);
    }
}

pub async fn nonsense_is_refused_for_good(auth: Fixture) {
    let long = "x".repeat(1_000_000);
    let nonsense = [
        "",
        " ",
        ".",
        "..",
        "...",
        "null",
        "\0",
        "a\nb",
        "토큰",
        "eyJhbGciOiJub25lIn0.e30.",
        "\u{202e}",
        &long,
    ];
    for token in nonsense {
        let shown: String = token.chars().take(20).collect();
        assert_eq!(auth.kind(token).await, ErrorKind::Unauthenticated, "{shown:?}");
    }
}

pub async fn a_changed_token_is_refused_for_good(auth: Fixture) {
    let cut = &auth.good[..auth.good.len() / 2];
    for token in [cut, &format!("{}x", auth.good), &format!("x{}", auth.good), &auth.good.repeat(2)] {
        assert_eq!(auth.kind(token).await, ErrorKind::Unauthenticated);
    }
}

pub async fn an_expired_token_is_told_from_a_bad_one(auth: Fixture) {
    if let Some(expired) = &auth.expired {
        assert_eq!(auth.kind(expired).await, ErrorKind::TokenExpired);
        // Changed, it is a bad one first of all.
        assert_eq!(auth.kind(&format!("{expired}x")).await, ErrorKind::Unauthenticated);
    }
}

pub async fn calls_at_once_do_not_mix(auth: Fixture) {
    let auth = Arc::new(auth);
    let mut calls = tokio::task::JoinSet::new();
    for turn in 0..100 {
        let auth = auth.clone();
        calls.spawn(async move {
            let token = if turn % 2 == 0 { &auth.good } else { "nonsense" };
            let user = auth.authenticator.authenticate(token).await.ok().map(|identity| identity.user);
            assert_eq!(user, (turn % 2 == 0).then(|| auth.user.clone()));
        });
    }
    calls.join_all().await;
}

pub async fn a_call_that_is_dropped_breaks_nothing(auth: Fixture) {
    for _ in 0..20 {
        let mut call = auth.authenticator.authenticate(&auth.good);
        let _ = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx))).await;
    }
    a_good_token_names_its_user_each_time(auth).await;
}

pub async fn no_token_shows_in_an_error(auth: Fixture) {
    let secret = format!("{}-tail-of-a-secret", auth.good);
    let refused = auth.authenticator.authenticate(&secret).await.expect_err("the token is refused");
    for shown in [format!("{refused}"), format!("{refused:?}"), format!("{:?}", auth.authenticator)] {
        assert!(!shown.contains("tail-of-a-secret") && !shown.contains(&auth.good), "a token is shown");
    }
}
