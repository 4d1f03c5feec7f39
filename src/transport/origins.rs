//! Which web pages may talk to the server.

#[cfg(any(feature = "ws", feature = "socketio"))]
use axum::http::{HeaderMap, header};

/// Which web pages may talk to the server. What sends no `Origin`, such as an app or another server, is
/// always let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origins {
    /// Pages of any origin: for development.
    #[default]
    Any,
    /// Pages of these origins (RFC 6454), such as `https://example.org` or `http://localhost:3000`, and no others:
    /// scheme, host and, where it is not the usual one, port, and nothing behind them. The case of letters does
    /// not count.
    Only(Vec<String>),
}

impl Origins {
    /// Whether a request with this `Origin` is let in.
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(list) => list.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)),
        }
    }

    /// Whether a request with these headers is let in.
    #[cfg(any(feature = "ws", feature = "socketio"))]
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        origin.to_str().is_ok_and(|origin| self.allows(origin))
    }
}

/// CORS for these origins. Mirrored: an answer with credentials may not say `*`.
#[cfg(any(feature = "rest", feature = "socketio"))]
pub(super) fn cors(origins: Origins) -> tower_http::cors::CorsLayer {
    use axum::http::{HeaderValue, request::Parts};
    use tower_http::cors::{AllowOrigin, CorsLayer};
    let allowed =
        move |origin: &HeaderValue, _: &Parts| origin.to_str().is_ok_and(|origin| origins.allows(origin));
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_credentials(true)
        .max_age(std::time::Duration::from_secs(600))
}
