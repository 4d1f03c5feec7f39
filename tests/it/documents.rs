//! The API documents as they are served, against the router beside them.

use std::collections::BTreeSet;

use axum::Router;
use chat_core::ChatEngine;
use chat_core::transport::openapi;
use chat_core::transport::rest::{self, RestOptions};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The routes and their documents below `base`, on a port of their own.
async fn serve(base: &str) -> String {
    let engine = ChatEngine::builder().build().await.unwrap();
    let options = RestOptions::default();
    let api = rest::router(engine.clone(), options.clone()).merge(openapi::router(engine, options));
    let app = Router::new().nest(base, api);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });
    addr
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn ask(addr: &str, method: &str, path: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

#[tokio::test]
async fn documents_say_where_they_are_mounted() {
    for base in ["/api", "/a/b"] {
        let addr = serve(base).await;
        let openapi = ask(&addr, "GET", &format!("{base}/openapi.json")).await;
        assert_eq!(openapi.header("content-type"), Some("application/json"));
        assert_eq!(openapi.json()["openapi"], "3.1.0");
        assert_eq!(openapi.json()["servers"][0]["url"], base);
        let asyncapi = ask(&addr, "GET", &format!("{base}/asyncapi.json")).await;
        assert_eq!(asyncapi.json()["asyncapi"], "3.0.0");
        assert_eq!(asyncapi.json()["channels"]["native"]["address"], format!("{base}/chat/ws"));
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let addr = serve("/api").await;
    let page = ask(&addr, "GET", "/api/docs").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.body.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn each_path_has_the_methods_that_are_described_and_no_others() {
    let addr = serve("/api").await;
    let document = ask(&addr, "GET", "/api/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        let described: BTreeSet<String> =
            item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        let room = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        let path = format!("/api{}", path.replace("{roomUuid}", room).replace("{userUuid}", "ben"))
            .replace("{attachmentUuid}", room);
        for method in ["GET", "POST", "PATCH", "DELETE", "PUT"] {
            let answer = ask(&addr, method, &path).await;
            if described.contains(method) {
                // Without a token, and without a maker of development tokens.
                let refused = if path.ends_with("/dev-token") { 404 } else { 401 };
                assert_eq!(answer.status, refused, "{method} {path}");
                continue;
            }
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.json()["code"], "METHOD_NOT_ALLOWED", "{method} {path}");
            let allowed = answer.header("allow").unwrap().split(',').map(str::trim);
            let allowed: BTreeSet<String> =
                allowed.filter(|method| *method != "HEAD").map(str::to_owned).collect();
            assert_eq!(allowed, described, "{path}");
        }
    }
    assert_eq!(ask(&addr, "GET", "/api/nothing").await.json()["code"], "NOT_FOUND");
}
