//! The routes for whoever has a live connection: a call of theirs is a request of which it is known whose it is.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, Request, Uri};
use tower::ServiceExt as _;

use super::extract::Known;
use super::problem::Cause;
use super::{Mounted, RestOptions, routes};
use crate::engine::{Actor, ChatEngine};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Called;
use crate::transport::{Call, Callee};

/// What answers whoever calls the routes over a socket: paths, bodies, answers and refusals are those of
/// [`router`](super::router) as it stands by itself, not nested. Who calls is known by the connection.
///
/// Files, an export of one's own data and development tokens are for HTTP: calls for them are
/// [`Invalid`](ErrorKind::Invalid). A call counts to [`RateLimits::calls`](crate::config::RateLimits::calls) of its user, and to
/// [`RateLimits::commands`](crate::config::RateLimits::commands) of its connection.
///
/// ```
/// use chat_core::{ChatEngine, transport::{rest, ws}};
/// # async fn app() -> chat_core::Result<()> {
/// let engine = ChatEngine::builder().build().await?;
/// let options = ws::WsOptions::default().with_callee(rest::callee(engine.clone(), rest::RestOptions::default()));
/// let app: axum::Router = ws::router(engine, options);
/// # Ok(()) }
/// ```
pub fn callee(engine: ChatEngine, options: RestOptions) -> Arc<dyn Callee> {
    let router = routes::callable(&options);
    Arc::new(Routes(router.with_state(Mounted { engine, options })))
}

#[derive(Debug)]
struct Routes(Router);

#[async_trait]
impl Callee for Routes {
    async fn call(&self, caller: &Actor, call: Call) -> Result<Called> {
        let mut request = request(call)?;
        request.extensions_mut().insert(Known(caller.clone()));
        let mut response = match self.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if let Some(Cause(error)) = response.extensions_mut().remove() {
            return Err(Arc::try_unwrap(error).unwrap_or_else(|error| error.kind().clone().into()));
        }
        let status = response.status().as_u16();
        // The handlers have made it whole already.
        let body = to_bytes(response.into_body(), usize::MAX).await.map_err(Error::unavailable)?;
        let body = serde_json::from_slice(&body).map_err(Error::unavailable)?;
        Ok(Called { status, body })
    }
}

fn request(Call { method, path, body }: Call) -> Result<Request<Body>> {
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|error| invalid("method", "must be one of HTTP", error))?;
    if !path.starts_with('/') {
        return Err(Error::invalid("path", "must begin with /"));
    }
    let uri: Uri = path.parse().map_err(|error| invalid("path", "must be a path as in a URL", error))?;
    let body = body.map(|body| String::from(Box::<str>::from(body)));
    let mut request = Request::new(body.map_or_else(Body::empty, Body::from));
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (*request.method_mut(), *request.uri_mut()) = (method, uri);
    Ok(request)
}

fn invalid(
    field: &'static str,
    reason: &'static str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::with_source(ErrorKind::Invalid { field: field.into(), reason: reason.into() }, source)
}
