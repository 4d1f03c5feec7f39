//! What an app keeps of its own with a message, over every way by which it comes and goes.

use std::net::SocketAddr;
use std::sync::Arc;

use chat_core::event::{Event, EventKind};
use chat_core::model::{Amendment, Custom, Draft, HistoryQuery, Limit, Message, NewRoom, Revision};
use chat_core::testing::NameTokens;
use chat_core::transport::{rest, socketio, ws};
use chat_core::{Actor, ChatEngine, Config, ErrorKind, Result, RoomId, Session};
use serde_json::{Value, json};

use crate::socketio::client::{Ws, http};

fn custom(object: &Value) -> Custom {
    object.to_string().parse().unwrap()
}

fn card() -> Value {
    json!({ "km": 8.5, "workout": "한강 🏃" })
}

fn field<T: std::fmt::Debug>(refused: Result<T>) -> String {
    match refused.unwrap_err().kind() {
        ErrorKind::Invalid { field, .. } => field.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A room of ana and ben, with whose messages an app may keep 64 bytes.
async fn chat() -> (ChatEngine, Actor, Actor, RoomId) {
    let mut config = Config::default();
    config.max_message_custom_bytes = 64;
    let engine = ChatEngine::builder().config(config).authenticator(NameTokens).build().await.unwrap();
    let [ana, ben] = ["ana", "ben"].map(|name| engine.as_user(name.parse().unwrap()));
    let room = ana.create_room(NewRoom::group("Runners").with(["ben"])).await.unwrap().id();
    (engine, ana, ben, room)
}

async fn next<T>(session: &mut Session, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = session.next().await.unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

fn message(event: &Event) -> Option<Arc<Message>> {
    match &event.kind {
        EventKind::Message(message) => Some(message.clone()),
        _ => None,
    }
}

fn amended(event: &Event) -> Option<(Arc<Message>, Option<Amendment>)> {
    match &event.kind {
        EventKind::Amended(amended) => Some((amended.message.clone(), amended.how.clone())),
        _ => None,
    }
}

#[tokio::test]
async fn it_is_told_live_read_back_caught_up_on_and_passed_on() {
    let (_engine, ana, ben, room) = chat().await;
    let mut live = ben.connect().await.unwrap();
    let plain = ana.send(room, Draft::text("hi")).await.unwrap();
    let token = next(&mut live, |event| message(event).and(event.token)).await;
    let card = custom(&card());
    let sent = ana.send(room, Draft::text("done").with_custom(card.clone())).await.unwrap();
    assert_eq!(sent.custom, card);
    let told = next(&mut live, |event| message(event).filter(|told| told.seq == 2)).await;
    assert_eq!(told.custom, card);
    // The first one is changed since, the second one is new.
    ana.revise(room, plain.id, Revision::custom(card.clone())).await.unwrap();
    let (changed, how) = next(&mut live, amended).await;
    assert_eq!((changed.id, &changed.custom, how), (plain.id, &card, Some(Amendment::Edited)));
    let mut back = ben.connect_since(token).await.unwrap();
    assert_eq!(next(&mut back, message).await.custom, card);
    assert_eq!(next(&mut back, amended).await.0.custom, card);
    let history = ben.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    assert!(history.messages.iter().all(|view| view.message.custom == card));
    let other = ben.create_room(NewRoom::group("Others")).await.unwrap().id();
    let passed = ben.forward(room, sent.id, other, None).await.unwrap();
    assert_eq!((passed.body.content(), &passed.custom), (Some("done"), &card));
    let gone = ana.delete(room, sent.id).await.unwrap();
    assert!(gone.custom.is_empty());
}

#[tokio::test]
async fn it_stands_beside_words_and_within_its_bound() {
    let (engine, ana, _, room) = chat().await;
    let alone = Draft { content: None, ..Draft::text("").with_custom(custom(&card())) };
    assert_eq!(field(ana.send(room, alone).await), "content");
    let most = custom(&json!({ "a": "x".repeat(64 - r#"{"a":""}"#.len()) }));
    let more = custom(&json!({ "a": "x".repeat(65 - r#"{"a":""}"#.len()) }));
    let draft = |custom: &Custom| Draft::text("hi").with_custom(custom.clone());
    let sent = ana.send(room, draft(&most)).await.unwrap();
    assert_eq!(field(ana.send(room, draft(&more)).await), "custom");
    assert_eq!(field(ana.start_stream(room, draft(&more)).await), "custom");
    let to = || Revision::custom(more.clone());
    assert_eq!(field(ana.revise(room, sent.id, to()).await), "custom");
    assert_eq!(field(engine.admin().revise(room, sent.id, to()).await), "custom");
    // A room's own has a bound of its own.
    ana.create_room(NewRoom::group("Others").with_custom(more)).await.unwrap();
    let begun = ana.start_stream(room, Draft::begun(None, None).with_custom(most.clone())).await.unwrap();
    ana.append_stream(room, begun.id, "and on").await.unwrap();
    let written = ana.stop_stream(room, begun.id).await.unwrap();
    assert_eq!((written.body.content(), &written.custom), (Some("and on"), &most));
}

/// The routes and both sockets.
async fn serve(engine: &ChatEngine) -> SocketAddr {
    let api = rest::router(engine.clone(), rest::RestOptions::default());
    let app = axum::Router::new()
        .nest("/api", api.merge(ws::router(engine.clone(), ws::WsOptions::default())))
        .merge(socketio::router(engine.clone(), socketio::SocketIoOptions::default()));
    crate::served::serve(app).await
}

#[tokio::test]
async fn over_rest_and_the_sockets_it_has_one_shape_and_is_absent_where_there_is_none() {
    let (engine, ana, _, room) = chat().await;
    let addr = serve(&engine).await;
    let ask = async |method: &str, path: String, body: Value| {
        let headers = "Authorization: Bearer ana\r\nContent-Type: application/json\r\n";
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let path = format!("/api/chat/rooms/{room}/messages{path}");
        let answer = http(addr, method, &path, headers, &body).await;
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap_or_default())
    };
    let (mut bens, _) = Ws::chat(addr, "ben").await;

    let (status, plain) = ask("POST", String::new(), json!({ "type": "TEXT", "content": "hi" })).await;
    assert_eq!((status, plain.get("custom")), (201, None));
    assert_eq!(bens.event_named("newMessage").await.get("custom"), None);
    let none = json!({ "type": "TEXT", "content": "hi", "custom": null });
    assert_eq!(ask("POST", String::new(), none).await.1.get("custom"), None);
    bens.event_named("newMessage").await;
    let draft = json!({ "type": "TEXT", "content": "done", "custom": card() });
    let (status, sent) = ask("POST", String::new(), draft.clone()).await;
    assert_eq!((status, &sent["custom"]), (201, &card()));
    assert_eq!(bens.event_named("newMessage").await["custom"], card());
    for wrong in [json!([]), json!("text"), json!(5)] {
        let wrong = json!({ "type": "TEXT", "content": "done", "custom": wrong });
        let (status, error) = ask("POST", String::new(), wrong).await;
        assert_eq!(
            (status, &error["code"], &error["field"]),
            (400, &json!("INVALID_INPUT"), &json!("custom"))
        );
    }

    let one = format!("/{}", sent["messageUuid"].as_str().unwrap());
    let (status, changed) = ask("PATCH", one.clone(), json!({ "custom": { "km": 9 } })).await;
    assert_eq!((status, &changed["custom"], &changed["content"]), (200, &json!({ "km": 9 }), &json!("done")));
    assert_eq!(changed["editedAt"], Value::Null);
    let told = bens.event_named("messageUpdated").await;
    assert_eq!((&told["custom"], &told["messageUuid"]), (&json!({ "km": 9 }), &sent["messageUuid"]));
    let (status, error) = ask("PATCH", one.clone(), json!({})).await;
    assert_eq!((status, &error["field"]), (400, &json!("content")));
    let (_, changed) = ask("PATCH", one.clone(), json!({ "content": "over", "custom": {} })).await;
    assert_eq!((changed.get("custom"), &changed["content"]), (None, &json!("over")));
    assert_eq!(bens.event_named("messageUpdated").await.get("custom"), None);

    let (mut anas, _) = Ws::chat(addr, "ana").await;
    let (_, answer) = anas.ask(1, "sendMessage", &json!({ "roomUuid": room, "message": draft })).await;
    assert_eq!(answer["message"]["custom"], card());
    let edit = json!({ "roomUuid": room, "messageUuid": sent["messageUuid"], "custom": card() });
    let (_, answer) = anas.ask(2, "editMessage", &edit).await;
    assert_eq!((&answer["message"]["custom"], &answer["message"]["content"]), (&card(), &json!("over")));
    let (_, answer) = anas.ask(3, "startStream", &json!({ "roomUuid": room, "custom": card() })).await;
    assert_eq!(answer["message"]["custom"], card());
    let (_, read) = ask("GET", one, Value::Null).await;
    assert_eq!(read["custom"], card());
    drop(ana);
}
