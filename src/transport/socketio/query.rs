//! What a request asks for, by its query; and how one is refused that asks for nothing.

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Open { is_websocket: bool },
    Poll(String),
    Post(String),
    Upgrade(String),
}

/// Why a request is refused, with the codes that clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    UnknownTransport,
    UnknownSid,
    BadMethod,
    BadRequest,
    Forbidden,
    BadVersion,
    TooLarge,
    Full,
}

impl Asked {
    pub(super) fn parse(query: &str, method: &Method, is_upgrade: bool) -> Result<Self, Fault> {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let is_websocket = match value("transport") {
            Some("polling") => false,
            Some("websocket") => true,
            _ => return Err(Fault::UnknownTransport),
        };
        if value("EIO") != Some("4") {
            return Err(Fault::BadVersion);
        }
        if is_websocket != is_upgrade {
            return Err(Fault::BadRequest);
        }
        let sid = value("sid").map(str::to_owned);
        match (sid, method.as_str(), is_websocket) {
            (None, "GET", is_websocket) => Ok(Self::Open { is_websocket }),
            (Some(sid), "GET", true) => Ok(Self::Upgrade(sid)),
            (Some(sid), "GET", false) => Ok(Self::Poll(sid)),
            (Some(sid), "POST", false) => Ok(Self::Post(sid)),
            _ => Err(Fault::BadMethod),
        }
    }
}

impl From<Fault> for Response {
    fn from(fault: Fault) -> Self {
        let (status, code, message) = match fault {
            Fault::UnknownTransport => (StatusCode::BAD_REQUEST, 0, "Transport unknown"),
            Fault::UnknownSid => (StatusCode::BAD_REQUEST, 1, "Session ID unknown"),
            Fault::BadMethod => (StatusCode::BAD_REQUEST, 2, "Bad handshake method"),
            Fault::BadRequest => (StatusCode::BAD_REQUEST, 3, "Bad request"),
            Fault::Forbidden => (StatusCode::FORBIDDEN, 4, "Forbidden"),
            Fault::BadVersion => (StatusCode::BAD_REQUEST, 5, "Unsupported protocol version"),
            Fault::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 3, "Payload too large"),
            Fault::Full => (StatusCode::SERVICE_UNAVAILABLE, 3, "Too many connections"),
        };
        let body = format!(r#"{{"code":{code},"message":"{message}"}}"#);
        (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_request_asks_for() {
        let ask = |query: &str, method: Method, is_upgrade| Asked::parse(query, &method, is_upgrade);
        let open = |is_websocket| Ok(Asked::Open { is_websocket });
        assert_eq!(ask("EIO=4&transport=polling&t=x", Method::GET, false), open(false));
        assert_eq!(ask("EIO=4&transport=websocket", Method::GET, true), open(true));
        assert_eq!(ask("EIO=4&transport=polling&sid=a", Method::POST, false), Ok(Asked::Post("a".into())));
        assert_eq!(ask("EIO=4&transport=websocket&sid=a", Method::GET, true), Ok(Asked::Upgrade("a".into())));
        for (query, method, is_upgrade, fault) in [
            ("transport=polling", Method::GET, false, Fault::BadVersion),
            ("EIO=3&transport=polling", Method::GET, false, Fault::BadVersion),
            ("EIO=abc&transport=websocket", Method::GET, true, Fault::BadVersion),
            ("EIO=4", Method::GET, false, Fault::UnknownTransport),
            ("EIO=4&transport=abc", Method::GET, false, Fault::UnknownTransport),
            ("EIO=4&transport=polling", Method::POST, false, Fault::BadMethod),
            ("EIO=4&transport=polling&sid=a", Method::PUT, false, Fault::BadMethod),
            ("EIO=4&transport=websocket", Method::GET, false, Fault::BadRequest),
            ("EIO=4&transport=polling", Method::GET, true, Fault::BadRequest),
        ] {
            assert_eq!(ask(query, method, is_upgrade), Err(fault), "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "[EIOsid=&4a%]{0,30}|.{0,60}", is_upgrade: bool) {
            let _ = Asked::parse(&query, &Method::GET, is_upgrade);
        }
    }
}
