//! Development tokens, and logging out.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use super::Mounted;
use super::extract::Caller;
use super::problem::Problem;
use crate::error::{ErrorKind, Result};
use crate::id::UserId;

/// Whom it concerns.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = LoggedOut))]
pub(in crate::transport) struct LoggedOutJson {
    /// The caller.
    pub(in crate::transport) user_uuid: UserId,
}

pub(super) async fn log_out(Caller(caller): Caller) -> Result<Response, Problem> {
    caller.log_out().await?;
    Ok(Json(LoggedOutJson { user_uuid: caller.user().clone() }).into_response())
}

/// A token of a user.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AccessToken))]
#[cfg_attr(not(feature = "jwt"), allow(dead_code, reason = "nobody makes tokens"))]
pub(in crate::transport) struct TokenJson {
    /// What goes into the `Authorization` header.
    pub(in crate::transport) access_token: String,
    /// How long it holds, in seconds.
    pub(in crate::transport) expires_in: u64,
}

#[cfg(feature = "jwt")]
pub(super) async fn dev_token(State(mounted): State<Mounted>, request: Request) -> Result<Response, Problem> {
    use super::extract::JsonBody;
    use crate::error::{Error, parse_field};
    use axum::extract::FromRequest;
    use axum::http::StatusCode;

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct AskJson {
        user_uuid: String,
        nickname: Option<String>,
    }

    let Some(tokens) = &mounted.options.dev_tokens else { return Err(ErrorKind::NotFound.into()) };
    let JsonBody(ask) = JsonBody::<AskJson>::from_request(request, &mounted).await?;
    let user = parse_field("userUuid", &ask.user_uuid)?;
    let issued = tokens.issue(&user, ask.nickname.as_deref());
    let issued = issued.map_err(Error::unavailable)?;
    let token = TokenJson { access_token: issued.access_token, expires_in: issued.expires_in.as_secs() };
    Ok((StatusCode::CREATED, Json(token)).into_response())
}

#[cfg(not(feature = "jwt"))]
#[allow(clippy::unused_async, reason = "a handler is async")]
pub(super) async fn dev_token(State(_): State<Mounted>, _: Request) -> Result<Response, Problem> {
    Err(ErrorKind::NotFound.into())
}
