//! The chat beside an app's own routes, let in by the app's own login.
//!
//! `cargo run --example own_login`; then
//! `curl --json '{"name": "ana", "password": "run"}' http://127.0.0.1:7778/login` answers a token for `/api`, `/socket.io` and
//! `/api/chat/ws`. With `--demo` it asks itself and ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use chat_core::auth::{Authenticator, Identity};
use chat_core::transport::{rest, socketio, ws};
use chat_core::{ChatEngine, ErrorKind, Timestamp, UserId};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// The app's sessions: who has logged in, and when. A real app has them in its database.
#[derive(Debug, Default, Clone)]
struct Sessions(Arc<Mutex<HashMap<String, (UserId, Timestamp)>>>);

#[async_trait::async_trait]
impl Authenticator for Sessions {
    async fn authenticate(&self, token: &str) -> chat_core::Result<Identity> {
        let sessions = self.0.lock().map_err(|_| ErrorKind::Unavailable)?;
        let (user, since) = sessions.get(token).ok_or(ErrorKind::Unauthenticated)?;
        // When it was issued, so that `log_out` voids it.
        Ok(Identity::new(user.clone()).with_issued(*since).with_nickname(format!("{user} of the app")))
    }
}

async fn log_in(
    State(sessions): State<Sessions>,
    Json(given): Json<HashMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    let (Some(name), Some(password)) = (given.get("name"), given.get("password")) else {
        return Err(StatusCode::BAD_REQUEST);
    };
    // The app's own check comes here.
    let user: UserId = name.parse().map_err(|_| StatusCode::BAD_REQUEST)?;
    if password != "run" {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let now = Timestamp::from(std::time::SystemTime::now());
    let mut all = sessions.0.lock().map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    all.insert(token.clone(), (user, now));
    Ok(Json(json!({ "token": token })))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let sessions = Sessions::default();
    let engine = ChatEngine::builder().authenticator(sessions.clone()).build().await?;

    let api = rest::router(engine.clone(), rest::RestOptions::default())
        .merge(ws::router(engine.clone(), ws::WsOptions::default()));
    let app = Router::new()
        .route("/", get(|| async { "the app's own page" }))
        .route("/login", post(log_in).with_state(sessions))
        .nest("/api", api)
        .merge(socketio::router(engine.clone(), socketio::SocketIoOptions::default()));

    let is_demo = std::env::args().any(|arg| arg == "--demo");
    let listener =
        tokio::net::TcpListener::bind(if is_demo { "127.0.0.1:0" } else { "127.0.0.1:7778" }).await?;
    let addr = listener.local_addr()?;
    // The example `server` shows an accept loop with a header timeout, which `axum::serve` has not.
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    if !is_demo {
        println!("the app is at http://{addr}");
        serving.await??;
        return Ok(());
    }
    let refused = http(addr, "GET /api/chat/rooms", "", "").await?;
    println!("without a login: {}", refused.lines().next().unwrap_or_default());
    let answer = http(addr, "POST /login", "", r#"{"name": "ana", "password": "run"}"#).await?;
    let token =
        answer.rsplit(r#""token":""#).next().and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let rooms = http(addr, "GET /api/chat/rooms", token, "").await?;
    println!("with one:        {}", rooms.lines().next().unwrap_or_default());
    Ok(())
}

/// A request of the demo's own.
async fn http(addr: std::net::SocketAddr, what: &str, token: &str, body: &str) -> Result<String, Failure> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(addr).await?;
    let request = format!(
        "{what} HTTP/1.1\r\nhost: app\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
