//! Mounted in an embedder's app.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use chat_core::transport::Origins;
use chat_core::transport::socketio::{SocketIoOptions, router};

use super::client::{Echo, Polling, Server, Ws, engine, http};

#[tokio::test]
async fn beside_other_routes_under_a_path_and_namespace_of_its_own() {
    let engine = engine().await;
    let options = SocketIoOptions::default().with_path("/live/socket").with_chat(["/talk"]);
    let app = Router::new()
        .route("/hello", get(|| async { "hello" }))
        .merge(router(engine.clone(), options))
        .fallback(|| async { (axum::http::StatusCode::NOT_FOUND, "mine") });
    let server = Server::serve(engine, app, false).await;
    assert_eq!(http(server.addr, "GET", "/hello", "", "").await.body, "hello");
    assert_eq!(http(server.addr, "GET", "/socket.io/?EIO=4&transport=polling", "", "").await.body, "mine");
    for path in ["/live/socket/", "/live/socket"] {
        let mut ws = Ws::dial(server.addr, &format!("{path}?EIO=4&transport=websocket")).await.unwrap();
        assert!(ws.text().await.starts_with("0{"));
        ws.send(r#"40/talk,{"token":"ana"}"#).await;
        assert!(ws.text().await.starts_with("40/talk,"));
        assert!(ws.text().await.starts_with(r#"42/talk,["connected","#));
    }
}

#[tokio::test]
async fn origins_are_mirrored_with_credentials_and_others_get_403_before_the_upgrade() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let options = SocketIoOptions::default().with_origins(Origins::Only(vec!["https://good.example".into()]));
    let server = Server::start(options).await;
    let target = "/socket.io/?EIO=4&transport=polling";
    for (origin, status) in [
        ("Origin: https://good.example\r\n", 200),
        ("Origin: https://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
        ("", 200),
    ] {
        let answer = http(server.addr, "GET", target, origin, "").await;
        assert_eq!(answer.status, status, "{origin}");
        let is_good = origin.contains("good");
        assert_eq!(answer.head.contains("access-control-allow-origin: https://good.example"), is_good);
        assert!(!answer.head.contains("allow-origin: *"));
        if is_good {
            assert!(answer.head.contains("access-control-allow-credentials: true"));
        }
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", server.addr);
        let mut request = url.into_client_request().unwrap();
        if let Some(value) = origin.trim().strip_prefix("Origin: ") {
            request.headers_mut().insert("origin", value.parse().unwrap());
        }
        assert_eq!(tokio_tungstenite::connect_async(request).await.is_ok(), status == 200, "{origin}");
    }
    let preflight = "Origin: https://good.example\r\nAccess-Control-Request-Method: POST\r\n\
                     Access-Control-Request-Headers: authorization,content-type\r\n";
    let answer = http(server.addr, "OPTIONS", target, preflight, "").await;
    assert_eq!(answer.status, 200);
    for header in [
        "access-control-allow-origin: https://good.example",
        "access-control-allow-credentials: true",
        "access-control-allow-methods: get,post",
        "access-control-allow-headers: authorization,content-type",
    ] {
        assert!(answer.head.contains(header), "{header} in {}", answer.head);
    }
}

#[tokio::test]
async fn a_fault_is_readable_for_pages_too() {
    let server = Server::start(SocketIoOptions::default()).await;
    let target = "/socket.io/?EIO=4&transport=polling&sid=x";
    let answer = http(server.addr, "GET", target, "Origin: http://any.example\r\n", "").await;
    assert_eq!(answer.status, 400);
    assert!(answer.head.contains("access-control-allow-origin: http://any.example"));
}

#[tokio::test]
async fn sessions_are_bounded_and_those_that_end_make_room() {
    let mut options = SocketIoOptions::default().with_namespace("/", Echo);
    options.max_sessions = 2;
    let server = Server::start(options).await;
    let target = "/socket.io/?EIO=4&transport=polling";
    let polling = Polling::open(server.addr).await;
    let ws = Ws::open(server.addr).await;
    assert_eq!(http(server.addr, "GET", target, "", "").await.status, 503);
    assert!(Ws::dial(server.addr, "/socket.io/?EIO=4&transport=websocket").await.is_err());
    polling.post("1").await;
    drop(ws);
    let mut opened = 0;
    while opened < 2 {
        opened += u16::from(http(server.addr, "GET", target, "", "").await.status == 200);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
