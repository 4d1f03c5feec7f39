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
struct LoggedOutJson {
    user_uuid: UserId,
}

pub(super) async fn log_out(Caller(caller): Caller) -> Result<Response, Problem> {
    caller.log_out().await?;
    Ok(Json(LoggedOutJson { user_uuid: caller.user().clone() }).into_response())
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

    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct TokenJson {
        access_token: String,
        expires_in: u64,
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
