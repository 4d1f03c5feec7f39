//! What an operator sees of the example server: metrics, the dashboard, request ids, and a log without secrets.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_core::metrics::{self, MetricKind};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::Server;
use crate::socketio::client::{Answer, Ws, http};

/// There with other nodes alone.
const OF_NODES: [&str; 4] =
    ["chat_bus_up", "chat_bus_packets_total", "chat_bus_gaps_filled_total", "chat_nodes"];

const TEXT: &str = "the-text-that-nobody-logs";
const KEY: &str = "the-key-of-all-tokens-that-nobody-logs-either";
const BAD_TOKEN: &str = "a-bad-token-that-nobody-logs";

fn folder() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

fn addr(server: &Server) -> SocketAddr {
    server.addr.parse().unwrap()
}

async fn page(addr: SocketAddr) -> String {
    let page = http(addr, "GET", "/metrics", "", "").await;
    assert_eq!(page.status, 200);
    page.body
}

/// The value of a series by the start of its line.
fn value(page: &str, series: &str) -> Option<f64> {
    let line =
        page.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')))?;
    line.rsplit(' ').next()?.parse().ok()
}

async fn rest(server: &Server, method: &str, path: &str, token: &str, body: &str) -> Answer {
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    http(addr(server), method, path, &headers, body).await
}

async fn token(server: &Server, user: &str) -> String {
    let asked =
        rest(server, "POST", "/api/auth/dev-token", "", &json!({ "userUuid": user }).to_string()).await;
    let token: Value = serde_json::from_str(&asked.body).unwrap();
    token["accessToken"].as_str().unwrap().to_owned()
}

/// Traffic over every transport, good and bad, with [`TEXT`] in it. Gives the tokens that it used, and a connection that is
/// still there.
async fn traffic(server: &Server) -> (Vec<String>, Ws) {
    let (ana, ben) = (token(server, "ana").await, token(server, "ben").await);
    let room = json!({ "type": "GROUP", "name": TEXT, "participantUuids": ["ben"] }).to_string();
    let room: Value =
        serde_json::from_str(&rest(server, "POST", "/api/chat/rooms", &ana, &room).await.body).unwrap();
    let room = room["roomUuid"].as_str().unwrap().to_owned();

    // Native, by a hello, and by a subprotocol.
    let mut native = Ws::dial(addr(server), "/api/chat/ws").await.unwrap();
    native.send(&json!({ "id": 1, "op": "hello", "token": ben }).to_string()).await;
    assert!(native.text().await.contains("ready"));
    let send = json!({ "id": 2, "op": "send", "room": room, "message": { "type": "TEXT", "content": TEXT } });
    native.send(&send.to_string()).await;
    native.send(&format!(r#"{{"id":3,"op":"{TEXT}"}}"#)).await;
    native
        .send(&format!(r#"{{"id":4,"op":"send","room":"{TEXT}","message":{{"type":"TEXT","content":7}}}}"#))
        .await;
    native.send(&format!("{TEXT} is no JSON")).await;
    let mut refused = Ws::dial(addr(server), "/api/chat/ws").await.unwrap();
    refused.send(&json!({ "id": 1, "op": "hello", "token": BAD_TOKEN }).to_string()).await;
    refused.closed().await;

    // Socket.IO.
    let mut socketio = Ws::open(addr(server)).await;
    socketio.send(&format!(r#"40/chat,{{"token":"{ana}"}}"#)).await;
    assert!(socketio.text().await.starts_with(r#"40/chat,{"sid":""#));
    let pos = socketio.event_named("connected").await["pos"].as_str().unwrap().to_owned();
    let send = json!(["sendMessage", { "roomUuid": room, "message": { "type": "TEXT", "content": TEXT } }]);
    socketio.send(&format!("42/chat,7{send}")).await;
    socketio.send(&format!(r#"42/chat,8["{TEXT}",{{"x":"{TEXT}"}}]"#)).await;
    socketio.send(&format!(r#"42/chat,9["resume",{{"since":"{pos}"}}]"#)).await;
    socketio.event_named("caughtUp").await;
    socketio.send(TEXT).await;
    socketio.closed().await;
    let mut refused = Ws::open(addr(server)).await;
    refused.send(&format!(r#"40/chat,{{"token":"{BAD_TOKEN}"}}"#)).await;
    assert!(refused.text().await.starts_with("44/chat,"));

    // REST.
    let messages = format!("/api/chat/rooms/{room}/messages");
    let message = json!({ "type": "TEXT", "content": TEXT, "clientId": "one" }).to_string();
    assert_eq!(rest(server, "POST", &messages, &ana, &message).await.status, 201);
    assert_eq!(rest(server, "POST", &messages, &ana, &message.replace(TEXT, "else")).await.status, 409);
    assert_eq!(rest(server, "POST", &messages, BAD_TOKEN, &message).await.status, 401);
    assert_eq!(rest(server, "POST", &messages, &ana, &format!("{TEXT} is no JSON")).await.status, 400);
    let wrong = format!(r#"{{"type":"TEXT","content":{{"x":"{TEXT}"}}}}"#);
    assert_eq!(rest(server, "POST", &messages, &ana, &wrong).await.status, 400);
    assert_eq!(rest(server, "GET", &messages, &ana, "").await.status, 200);
    let missing = format!("/api/{TEXT}?token={ana}&q={TEXT}");
    assert_eq!(rest(server, "GET", &missing, &ana, "").await.status, 404);
    let beside = "/api/chat/rooms/00000000000000000000000000/messages?limit=none";
    assert_eq!(rest(server, "GET", beside, &ben, "").await.status, 400);
    (vec![ana, ben], native)
}

/// The metrics that an expression of the dashboard names.
fn named(expression: &str, names: &mut BTreeSet<String>) {
    for word in expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if word.starts_with("chat_") {
            let parts = ["_bucket", "_sum", "_count"];
            let whole = parts.iter().find_map(|part| word.strip_suffix(part)).unwrap_or(word);
            names.insert(whole.to_owned());
        }
    }
}

fn dashboard() -> BTreeSet<String> {
    let dashboard: Value = serde_json::from_str(include_str!("../../examples/server/grafana.json")).unwrap();
    let mut names = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            named(target["expr"].as_str().unwrap(), &mut names);
        }
    }
    names
}

/// Waits until the page shows all of these.
async fn until_shown(addr: SocketAddr, names: &[String]) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let page = page(addr).await;
        let is_shown = |name: &&String| page.contains(&format!("# TYPE {name} "));
        let missing: Vec<_> = names.iter().filter(|name| !is_shown(name)).collect();
        if missing.is_empty() {
            return page;
        }
        assert!(Instant::now() < deadline, "/metrics lacks {missing:?}:\n{page}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let described: BTreeSet<_> = metrics::ALL.iter().map(|metric| metric.name.to_owned()).collect();
    assert_eq!(dashboard(), described);
    let docs = include_str!("../../src/metrics.rs");
    for name in described {
        assert!(docs.contains(&format!("//! | `{name}` | ")), "{name} is not in the table of the docs");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_of_the_dashboard_is_on_the_page_and_counts() {
    let server = Server::start_in(folder(), &["--db", "memory"]);
    let (_, _connected) = traffic(&server).await;
    let names: Vec<_> = dashboard().into_iter().filter(|name| !OF_NODES.contains(&&**name)).collect();
    let page = until_shown(addr(&server), &names).await;
    for metric in metrics::ALL.iter().filter(|metric| !OF_NODES.contains(&metric.name)) {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        assert!(page.contains(&format!("# TYPE {} {kind}\n", metric.name)), "{page}");
        assert!(page.contains(&format!("# HELP {} {}", metric.name, metric.help)), "{page}");
    }
    let is = |series: &str, least: f64, most: f64| {
        let found = value(&page, series);
        assert!(found.is_some_and(|found| (least..=most).contains(&found)), "{series} is {found:?}:\n{page}");
    };
    is("chat_messages_sent_total", 3.0, 3.0);
    is(r#"chat_connections{transport="ws"}"#, 1.0, 1.0);
    is(r#"chat_closes_total{reason="unauthenticated"}"#, 2.0, 2.0);
    is(r#"chat_closes_total{reason="lagged"}"#, 0.0, 0.0);
    is(r#"chat_catch_ups_total{recovered="true"}"#, 1.0, 1.0);
    is(r#"chat_errors_total{code="UNAUTHENTICATED"}"#, 3.0, 3.0);
    is(r#"chat_errors_total{code="CLIENT_ID_CONFLICT"}"#, 1.0, 1.0);
    let sends = r#"{route="/api/chat/rooms/{roomUuid}/messages",method="POST",status="201"}"#;
    is(&format!("chat_requests_total{sends}"), 1.0, 1.0);
    is(r#"chat_requests_total{route="unmatched",method="GET",status="404"}"#, 1.0, 1.0);
    is("chat_deliveries_total", 3.0, 30.0);
    let commits = value(&page, "chat_commit_seconds_count").unwrap();
    assert!(commits >= 4.0 && value(&page, "chat_commit_seconds_sum").unwrap() > 0.0, "{page}");
    for secret in ["ana", "ben", TEXT, BAD_TOKEN] {
        assert!(!page.contains(&format!("\"{secret}")), "a label says {secret}:\n{page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_show_each_other_and_a_bus_that_is_away() {
    let Some(database) = crate::postgres::Database::fresh().await else { return };
    let Some(nats) = crate::nats::Server::start(&[]).await else { return };
    let node = || Server::start_in(folder(), &["--db", &database.url, "--nats", &nats.url]);
    let (server, _other) = (node(), node());
    until_shown(addr(&server), &OF_NODES.map(str::to_owned)).await;
    let until = async |series: &str, least: f64, most: f64| {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let page = page(addr(&server)).await;
            match value(&page, series) {
                Some(found) if (least..=most).contains(&found) => return,
                found => assert!(Instant::now() < deadline, "{series} is {found:?}:\n{page}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    until("chat_bus_up", 1.0, 1.0).await;
    until("chat_nodes", 1.0, 1.0).await;
    until(r#"chat_bus_packets_total{direction="in"}"#, 1.0, f64::MAX).await;
    nats.crash();
    until("chat_bus_up", 0.0, 0.0).await;
    until("chat_nodes", 0.0, 0.0).await;
    until(r#"chat_bus_gaps_filled_total{kind="all"}"#, 1.0, f64::MAX).await;
    nats.start_again();
    until("chat_bus_up", 1.0, 1.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_of_its_own_takes_the_page_from_the_clients() {
    let folder = folder();
    let server = Server::start_in(folder, &["--db", "memory", "--metrics-addr", "127.0.0.1:0"]);
    let aside = server.metrics.clone().expect("it says where");
    assert!(page(aside.parse().unwrap()).await.contains("# TYPE chat_messages_sent_total counter"));
    assert_eq!(http(addr(&server), "GET", "/metrics", "", "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_keeps_a_sane_name_and_gets_one_where_it_has_none() {
    let server = Server::start_in(folder(), &["--db", "memory"]);
    let named = async |headers: &str| {
        let answer = http(addr(&server), "GET", "/api/chat/rooms", headers, "").await;
        assert_eq!(answer.status, 401);
        let mut lines = answer.head.lines();
        lines.find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().to_owned()
    };
    assert_eq!(named("X-Request-Id: 7f3e-42\r\n").await, "7f3e-42");
    for bad in ["", "X-Request-Id: a b\r\n", &format!("X-Request-Id: {}\r\n", "x".repeat(65))] {
        assert_eq!(named(bad).await.len(), 26, "{bad}");
    }
    let asked = http(addr(&server), "GET", "/api/chat/rooms", "Origin: https://x.org\r\n", "").await;
    let exposed =
        asked.head.lines().find(|line| line.starts_with("access-control-expose-headers: ")).unwrap();
    assert!(exposed.contains("x-request-id"), "{exposed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_at_its_loudest_tells_no_text_no_token_and_no_key() {
    let folder = folder();
    let key = folder.path().join("key");
    std::fs::write(&key, KEY).unwrap();
    let log = folder.path().join("log");
    let args = ["--dev", "--jwt-secret-file", key.to_str().unwrap()];
    let server = Server::start_logging(folder.clone(), &args, File::create(&log).unwrap());
    let (mut secrets, _) = traffic(&server).await;
    let answer = http(addr(&server), "GET", "/api/chat/rooms", "X-Request-Id: the-name\r\n", "").await;
    assert_eq!(answer.status, 401);
    drop(server);
    // The signature is what a token is worth; its other parts must not stand there either.
    let parts: Vec<_> =
        secrets.iter().flat_map(|token| token.split('.').skip(1)).map(str::to_owned).collect();
    secrets.extend(parts);
    secrets.extend([TEXT, KEY, BAD_TOKEN].map(str::to_owned));
    let log = std::fs::read(&log).unwrap();
    let log = String::from_utf8_lossy(&log);
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "the log tells {secret}");
    }
    // It is a loud one, and has what people filter by.
    for told in [
        "TRACE",
        r#"request{id="the-name" method="GET" route="/api/chat/rooms"}"#,
        "connection{id=",
        r#"transport="socketio" user=ana}"#,
        r#"transport="ws" user=ben}"#,
        "user=ana}: chat_core::transport::rest::observe: answered",
        "commit{lane=0 items=1}",
        "publish{room=",
        "deliveries=1}",
    ] {
        assert!(log.contains(told), "the log lacks {told}");
    }
}
