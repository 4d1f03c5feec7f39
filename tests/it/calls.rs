//! Calls: whatever can be asked for over HTTP, over both sockets.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use chat_core::config::Rate;
use chat_core::event::Called;
use chat_core::model::{Limit, PageQuery};
use chat_core::testing::{ManualClock, NameTokens};
use chat_core::transport::rest::RestOptions;
use chat_core::transport::socketio::SocketIoOptions;
use chat_core::transport::ws::WsOptions;
use chat_core::transport::{Call, Callee, openapi, rest, socketio, ws};
use chat_core::{Actor, ChatEngine, Config, Result};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use crate::served::{Native, ask, serve};
use crate::socketio::client::Ws;

/// Its time stands still, so that the same is answered twice.
async fn engine() -> ChatEngine {
    ChatEngine::builder().authenticator(NameTokens).clock(ManualClock::default()).build().await.unwrap()
}

/// All that there is, and calls are taken by this one.
async fn serve_with(engine: &ChatEngine, callee: Option<Arc<dyn Callee>>) -> SocketAddr {
    let (mut native, mut io) = (WsOptions::default(), SocketIoOptions::default());
    if let Some(callee) = callee {
        (native, io) = (native.with_callee(callee.clone()), io.with_callee(callee));
    }
    let api = rest::router(engine.clone(), RestOptions::default()).merge(ws::router(engine.clone(), native));
    let api = api.merge(openapi::router(engine.clone(), RestOptions::default()));
    serve(Router::new().nest("/api", api).merge(socketio::router(engine.clone(), io))).await
}

async fn serve_all(engine: &ChatEngine) -> SocketAddr {
    serve_with(engine, Some(rest::callee(engine.clone(), RestOptions::default()))).await
}

/// One user's connections of both kinds.
struct Sockets {
    native: Native,
    io: Ws,
    id: u64,
}

impl Sockets {
    async fn connect(addr: SocketAddr, who: &str) -> Self {
        let (io, _) = Ws::chat(addr, who).await;
        Self { native: Native::connect(addr, "/api", who).await, io, id: 0 }
    }

    async fn over_native(&mut self, call: &Value) -> Value {
        self.id += 1;
        self.native.send(&json!({ "op": "call", "id": self.id, "call": call })).await;
        let mut answer = self.native.answer(self.id).await;
        answer.get_mut("ok").map(Value::take).unwrap_or(json!({ "error": answer["error"] }))
    }

    async fn over_socketio(&mut self, call: &Value) -> Value {
        self.id += 1;
        self.io.send(&format!("42/chat,{}{}", self.id, json!(["call", call]))).await;
        let mut answer = self.io.answer(self.id).await.1;
        let ok = answer.as_object_mut().unwrap().remove("ok").unwrap();
        assert_eq!(ok.as_bool().unwrap(), answer.get("error").is_none(), "{answer}");
        answer
    }

    /// What both answer, which is the same.
    async fn call(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let mut call = json!({ "method": method, "path": path });
        if !body.is_null() {
            call["body"] = body.clone();
        }
        let answer = self.over_native(&call).await;
        assert_eq!(self.over_socketio(&call).await, answer, "{method} {path}");
        answer
    }
}

#[tokio::test]
async fn a_room_is_made_looked_after_and_deleted_by_calls_and_its_events_come_as_ever() {
    let engine = engine().await;
    let addr = serve_all(&engine).await;
    let mut ana = Sockets::connect(addr, "ana").await;
    let mut ben = Sockets::connect(addr, "ben").await;

    let new = json!({ "type": "GROUP", "name": "runs", "participantUuids": ["ben"] });
    let made = ana.over_native(&json!({ "method": "POST", "path": "/chat/rooms", "body": new })).await;
    assert_eq!((&made["status"], &made["body"]["name"]), (&json!(201), &json!("runs")));
    let id = made["body"]["roomUuid"].as_str().unwrap();
    let (room, added) = (format!("/chat/rooms/{id}"), json!({ "type": "addedToRoom", "room": made["body"] }));
    let told = ben.io.event_named("notification").await;
    assert_eq!((&told["type"], &told["roomUuid"]), (&added["type"], &json!(id)), "{told}");

    let made_admin =
        ana.call("PATCH", &format!("{room}/participants/ben"), &json!({ "role": "ADMIN" })).await;
    assert_eq!(made_admin["status"], 200);
    assert_eq!(ben.io.event_named("participantChanged").await["role"], "ADMIN");
    let changed = json!({ "method": "PATCH", "path": room, "body": { "topic": "at six" } });
    assert_eq!(ben.over_socketio(&changed).await["body"]["topic"], "at six");
    let link = ben.over_native(&json!({ "method": "POST", "path": format!("{room}/invites") })).await;
    let accept = format!("/chat/invites/{}/accept", link["body"]["code"].as_str().unwrap());
    let mut cho = Sockets::connect(addr, "cho").await;
    assert_eq!(cho.over_socketio(&json!({ "method": "POST", "path": accept })).await["status"], 200);
    let banned = ben.call("PUT", &format!("{room}/bans/cho"), &json!({ "reason": "spam" })).await;
    assert_eq!((&banned["status"], &banned["body"]["userUuid"]), (&json!(200), &json!("cho")));
    let refused = cho.call("POST", &accept, &Value::Null).await;
    assert_eq!(refused["error"]["code"], "BANNED", "{refused}");
    let people = ana.call("GET", &format!("{room}/participants?limit=1"), &Value::Null).await;
    assert_eq!(people["body"]["participants"][0]["userUuid"], "ana");
    assert_eq!(people["body"]["nextCursor"], "ana");

    let deleted = ana.over_socketio(&json!({ "method": "DELETE", "path": room })).await;
    assert_eq!(deleted, json!({ "status": 200, "body": { "roomUuid": id } }));
    assert_eq!(ana.call("GET", &room, &Value::Null).await["error"]["code"], "ROOM_NOT_FOUND");
}

/// What the document says of this route, with ids of nothing in its path.
fn somewhere(path: &str) -> String {
    let ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    path.split('/').fold(String::new(), |path, part| {
        path + "/"
            + match part {
                "{userUuid}" => "nobody",
                "{reaction}" => "like",
                "{code}" => "AAAAAAAAAAAAAAAAAAAAAA",
                part if part.starts_with('{') => ulid,
                part => part,
            }
    })[1..]
        .to_owned()
}

#[tokio::test]
async fn every_route_of_the_document_answers_calls_as_it_answers_requests() {
    let engine = engine().await;
    let addr = serve_all(&engine).await;
    let (_, document) = ask(addr, "ana", "GET", "/api/openapi.json", &Value::Null).await;
    let (mut routes, mut for_http) = (0, Vec::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            let below = somewhere(path);
            let operation = operation["operationId"].as_str().unwrap();
            if below == "/auth/logout" {
                continue;
            }
            routes += 1;
            // A body of nothing, and a query without which a search is none.
            let below = if below == "/chat/search" { below + "?q=runs" } else { below };
            let body = if method == "GET" { Value::Null } else { json!({}) };
            let mut ana = Sockets::connect(addr, "ana").await;
            let called = ana.call(&method, &below, &body).await;
            if called["error"]["field"] == "path" {
                for_http.push(operation.to_owned());
                continue;
            }
            let (status, answer) = ask(addr, "ana", &method, &format!("/api{below}"), &body).await;
            match called.get("error") {
                None => assert_eq!(called, json!({ "status": status, "body": answer }), "{operation}"),
                Some(error) => {
                    assert!(status >= 400, "{operation}: {error}");
                    for (name, value) in error.as_object().unwrap() {
                        assert_eq!(&answer[name], value, "{operation}: {name}");
                    }
                }
            }
        }
    }
    for_http.sort_unstable();
    let expected = ["devToken", "exportMe", "getAttachment", "getThumbnail", "uploadAttachment"];
    assert_eq!(for_http, expected);
    assert!(routes > 100, "{routes}");
}

#[tokio::test]
async fn a_call_that_is_none_names_the_part_at_fault() {
    let engine = engine().await;
    let addr = serve_all(&engine).await;
    let mut ana = Sockets::connect(addr, "ana").await;
    for (method, path, code, field) in [
        ("GET", "chat/rooms", "INVALID_INPUT", json!("path")),
        ("GET", "http://example.org/chat/rooms", "INVALID_INPUT", json!("path")),
        ("GET", "/chat/rooms with a space", "INVALID_INPUT", json!("path")),
        ("G E T", "/chat/rooms", "INVALID_INPUT", json!("method")),
        ("", "/chat/rooms", "INVALID_INPUT", json!("method")),
        ("get", "/chat/rooms", "METHOD_NOT_ALLOWED", Value::Null),
        ("PUT", "/chat/rooms", "METHOD_NOT_ALLOWED", Value::Null),
        ("GET", "/chat/nowhere", "NOT_FOUND", Value::Null),
        ("GET", "/api/chat/rooms", "NOT_FOUND", Value::Null),
        ("GET", "/chat/rooms?limit=0", "INVALID_INPUT", json!("limit")),
        ("GET", "/chat/rooms/x", "INVALID_INPUT", json!("roomUuid")),
        ("POST", "/chat/rooms", "INVALID_INPUT", json!("body")),
    ] {
        let error = &ana.call(method, path, &Value::Null).await["error"];
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &field), "{method} {path}");
    }
    let error = &ana.call("POST", "/chat/rooms", &json!([1])).await["error"];
    assert_eq!(error["field"], "body");
    let wrong = json!({ "type": "GROUP", "participantUuids": [5] });
    let error = &ana.call("POST", "/chat/rooms", &wrong).await["error"];
    assert_eq!(error["field"], "participantUuids[0]");

    ana.native.send(&json!({ "op": "call", "id": 70 })).await;
    assert_eq!(ana.native.answer(70).await["error"]["field"], "call");
    ana.native.send(&json!({ "op": "call", "id": 71, "call": { "method": "GET" } })).await;
    assert_eq!(ana.native.answer(71).await["error"]["field"], "call.path");
}

#[tokio::test]
async fn where_nobody_takes_calls_they_are_refused_and_all_else_goes_on() {
    let engine = engine().await;
    let addr = serve_with(&engine, None).await;
    let mut ana = Sockets::connect(addr, "ana").await;
    let error = &ana.call("GET", "/chat/rooms", &Value::Null).await["error"];
    assert_eq!((&error["code"], &error["field"]), (&json!("INVALID_INPUT"), &json!("call")));
    ana.native.send(&json!({ "op": "ping", "id": 50 })).await;
    assert_eq!(ana.native.answer(50).await["ok"], json!({}));
}

#[tokio::test]
async fn nobody_calls_before_they_have_said_who_they_are() {
    let engine = engine().await;
    let addr = serve_all(&engine).await;
    let mut socket = Native::begin(addr, "/api").await;
    let call = json!({ "method": "GET", "path": "/chat/rooms" });
    socket.send(&json!({ "op": "call", "id": 3, "call": call })).await;
    let refused = socket.answer(3).await;
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(3), &json!("UNAUTHENTICATED")));
}

#[tokio::test]
async fn whoever_logs_out_by_a_call_calls_nothing_more() {
    let engine = engine().await;
    let addr = serve_all(&engine).await;
    let mut ana = Sockets::connect(addr, "ana").await;
    let out = json!({ "op": "call", "id": 1, "call": { "method": "POST", "path": "/auth/logout" } });
    let made = json!({ "type": "GROUP", "participantUuids": ["ben"] });
    let call = json!({ "method": "POST", "path": "/chat/rooms", "body": made });
    ana.native.send_together(&[out, json!({ "op": "call", "id": 2, "call": call })]).await;
    ana.native.until_closed().await;
    let first = PageQuery::new(1, Limit::ROOMS).unwrap();
    assert_eq!(engine.as_user("ana".parse().unwrap()).rooms(first).await.unwrap().total, 0);
}

#[tokio::test]
async fn calls_count_to_what_their_user_and_their_connection_may_ask() {
    let mut config = Config::default();
    config.rate_limits.calls = Some(Rate::per_second(1).with_burst(3));
    let engine = ChatEngine::builder().authenticator(NameTokens).config(config).build().await.unwrap();
    let addr = serve_all(&engine).await;
    let mut ana = Sockets::connect(addr, "ana").await;
    let call = json!({ "method": "GET", "path": "/chat/rooms" });
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(ana.over_native(&call).await["error"]["code"].clone());
    }
    assert_eq!(codes, [Value::Null, Value::Null, Value::Null, json!("RATE_LIMITED")]);
    assert_eq!(ask(addr, "ana", "GET", "/api/chat/rooms", &Value::Null).await.0, 429, "one bucket");
}

/// The host's own calls, before those of the chat.
#[derive(Debug)]
struct Host(Arc<dyn Callee>);

#[async_trait]
impl Callee for Host {
    async fn call(&self, caller: &Actor, call: Call) -> Result<Called> {
        match call.path.as_str() {
            "/workouts/today" => {
                let body = to_raw_value(&json!({ "of": caller.user(), "sent": call.body })).unwrap();
                Ok(Called { status: 200, body })
            }
            _ => self.0.call(caller, call).await,
        }
    }
}

#[tokio::test]
async fn a_host_takes_calls_of_its_own_and_hands_on_the_rest() {
    let engine = engine().await;
    let host = Host(rest::callee(engine.clone(), RestOptions::default()));
    let addr = serve_with(&engine, Some(Arc::new(host))).await;
    let mut ana = Sockets::connect(addr, "ana").await;
    let answer = ana.call("GET", "/workouts/today", &json!({ "a": [1, "é"] })).await;
    assert_eq!(answer, json!({ "status": 200, "body": { "of": "ana", "sent": { "a": [1, "é"] } } }));
    assert_eq!(ana.call("GET", "/chat/rooms", &Value::Null).await["body"]["total"], 0);
}
