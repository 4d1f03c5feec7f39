//! What the routes take from a request, each fault with its field.

use std::collections::HashMap;
use std::str::FromStr;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::Mounted;
use super::problem::Problem;
use crate::config::Config;
use crate::engine::Actor;
use crate::error::{Error, ErrorKind, Result, parse_field};
use crate::id::{AttachmentId, IdError, JoinRequestId, MessageId, ReportId, RoomId, UserId};
use crate::model::{
    FeedCursor, FeedCursorError, InviteCode, Limit, PageQuery, PinCursor, PinCursorError, Reaction,
    ThreadCursor, ThreadCursorError,
};
use crate::transport::bearer;
use crate::transport::wire::{parse, parse_limit, parse_number, parse_reaction};

/// Who makes a call over a connection of theirs. Nothing from outside makes one.
#[derive(Clone)]
pub(super) struct Known(pub(super) Actor);

/// The caller: known by their connection, or else by their bearer token.
pub(super) struct Caller(pub(super) Actor);

impl FromRequestParts<Mounted> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, mounted: &Mounted) -> Result<Self, Problem> {
        if let Some(Known(actor)) = parts.extensions.remove() {
            mounted.engine.check_call(actor.user())?;
            return Ok(Self(actor));
        }
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(bearer).ok_or(ErrorKind::Unauthenticated)?;
        let identity = mounted.engine.authenticate(token).await?;
        super::observe::is_by(&identity.user);
        mounted.engine.check_call(&identity.user)?;
        Ok(Self(mounted.engine.as_user(identity.user)))
    }
}

/// The parts of the path that have names.
struct PathParts(HashMap<String, String>);

impl PathParts {
    async fn of(parts: &mut Parts) -> Result<Self> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, &()).await;
        path.map(|Path(path)| Self(path)).map_err(|error| {
            let kind = ErrorKind::Invalid { field: "path".into(), reason: "is not valid UTF-8".into() };
            Error::with_source(kind, error)
        })
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// The room in the path.
pub(super) struct InRoom(pub(super) RoomId);

impl<S: Send + Sync> FromRequestParts<S> for InRoom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let path = PathParts::of(parts).await?;
        Ok(Self(parse_field("roomUuid", path.get("roomUuid"))?))
    }
}

/// The user in the path.
pub(super) struct OfUser(pub(super) UserId);

impl<S: Send + Sync> FromRequestParts<S> for OfUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let path = PathParts::of(parts).await?;
        Ok(Self(parse_field("userUuid", path.get("userUuid"))?))
    }
}

/// The message in the path.
pub(super) struct OfMessage(pub(super) MessageId);

impl<S: Send + Sync> FromRequestParts<S> for OfMessage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let path = PathParts::of(parts).await?;
        Ok(Self(parse_field("messageUuid", path.get("messageUuid"))?))
    }
}

/// The report in the path.
pub(super) struct OfReport(pub(super) ReportId);

impl<S: Send + Sync> FromRequestParts<S> for OfReport {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let path = PathParts::of(parts).await?;
        Ok(Self(parse_field("reportUuid", path.get("reportUuid"))?))
    }
}

/// The held message in the path.
pub(super) struct OfHeld(pub(super) MessageId);

impl<S: Send + Sync> FromRequestParts<S> for OfHeld {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let path = PathParts::of(parts).await?;
        Ok(Self(parse_field("heldUuid", path.get("heldUuid"))?))
    }
}

/// The request to join in the path.
pub(super) struct OfJoinRequest(pub(super) JoinRequestId);

impl<S: Send + Sync> FromRequestParts<S> for OfJoinRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let path = PathParts::of(parts).await?;
        Ok(Self(parse_field("joinRequestUuid", path.get("joinRequestUuid"))?))
    }
}

/// The reaction in the path.
pub(super) struct WithReaction(pub(super) Reaction);

impl<S: Send + Sync> FromRequestParts<S> for WithReaction {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let path = PathParts::of(parts).await?;
        Ok(Self(parse_reaction(Some(path.get("reaction")))?))
    }
}

/// The code of an invite link in the path.
pub(super) struct ByCode(pub(super) InviteCode);

impl<S: Send + Sync> FromRequestParts<S> for ByCode {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let path = PathParts::of(parts).await?;
        Ok(Self(parse_field("code", path.get("code"))?))
    }
}

/// The attachment in the path.
pub(super) struct OfAttachment(
    #[cfg_attr(not(feature = "blobs"), allow(dead_code, reason = "it is checked, and there is none"))]
    pub(super) AttachmentId,
);

impl<S: Send + Sync> FromRequestParts<S> for OfAttachment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let path = PathParts::of(parts).await?;
        Ok(Self(parse_field("attachmentUuid", path.get("attachmentUuid"))?))
    }
}

/// The query, as texts.
pub(super) struct Params(HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<HashMap<String, String>>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => {
                let kind = ErrorKind::Invalid { field: "query".into(), reason: "is malformed".into() };
                Err(Error::with_source(kind, error).into())
            }
        }
    }
}

impl Params {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn limit(&self, default: Limit) -> Result<Limit> {
        parse_limit(self.get("limit"), default)
    }

    /// What the page before it ended with: a user, a room, or whatever else an id names.
    pub(super) fn cursor<T: FromStr<Err = IdError>>(&self) -> Result<Option<T>> {
        self.get("cursor").map(|text| parse_field("cursor", text)).transpose()
    }

    /// The reaction and the user whom the page before it ended with.
    pub(super) fn reaction_cursor(&self) -> Result<Option<(Reaction, UserId)>> {
        let Some(text) = self.get("cursor") else { return Ok(None) };
        let wrong = || Error::invalid("cursor", "is not one that a page has ended with");
        let (reaction, user) = text.split_once(' ').ok_or_else(wrong)?;
        Ok(Some((reaction.parse().map_err(|_| wrong())?, parse_field("cursor", user)?)))
    }

    /// The place among pins that the page before it ended at.
    pub(super) fn pin_cursor(&self) -> Result<Option<PinCursor>> {
        let parse = |text: &str| {
            text.parse().map_err(|error: PinCursorError| {
                let kind = ErrorKind::Invalid { field: "cursor".into(), reason: format!("{error}").into() };
                Error::with_source(kind, error)
            })
        };
        self.get("cursor").map(parse).transpose()
    }

    /// The place among threads that the page before it ended at.
    pub(super) fn thread_cursor(&self) -> Result<Option<ThreadCursor>> {
        let parse = |text: &str| {
            text.parse().map_err(|error: ThreadCursorError| {
                let kind = ErrorKind::Invalid { field: "cursor".into(), reason: format!("{error}").into() };
                Error::with_source(kind, error)
            })
        };
        self.get("cursor").map(parse).transpose()
    }

    /// The place in the feed that the page before it ended at.
    pub(super) fn feed_cursor(&self) -> Result<Option<FeedCursor>> {
        let parse = |text: &str| {
            text.parse().map_err(|error: FeedCursorError| {
                let kind = ErrorKind::Invalid { field: "cursor".into(), reason: format!("{error}").into() };
                Error::with_source(kind, error)
            })
        };
        self.get("cursor").map(parse).transpose()
    }

    /// `page` and `limit`.
    pub(super) fn page(&self, default: Limit) -> Result<PageQuery> {
        let page = self.get("page").map_or(Ok(1), |text| parse_number("page", text))?;
        PageQuery::new(page, self.limit(default)?)
    }
}

/// A JSON body.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Mounted> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, mounted: &Mounted) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(ErrorKind::UnsupportedMediaType.into());
        }
        Ok(Self(parse(&read(body, mounted.engine.config()).await?)?))
    }
}

/// A JSON body that may be left out.
pub(super) struct OptionalJsonBody<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<Mounted> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, mounted: &Mounted) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, mounted.engine.config()).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if !is_json(&parts.headers) {
            return Err(ErrorKind::UnsupportedMediaType.into());
        }
        Ok(Self(parse(&bytes)?))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

async fn read(body: Body, config: &Config) -> Result<bytes::Bytes> {
    let limit = config.max_body_bytes;
    let failed = |reason: &'static str, source: axum::BoxError| {
        Error::with_source(ErrorKind::Invalid { field: "body".into(), reason: reason.into() }, source)
    };
    match timeout(config.hello_timeout, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(ErrorKind::TooLarge { what: "body".into(), limit }.into())
        }
        Ok(Err(error)) => Err(failed("could not be read", error)),
        Err(elapsed) => Err(failed("did not arrive in time", elapsed.into())),
    }
}
