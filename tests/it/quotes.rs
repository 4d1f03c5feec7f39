//! Answers that quote, over every way by which somebody reads them.

use std::sync::Arc;

use chat_core::event::{Command, EventKind, Reply};
use chat_core::model::{Body, Draft, HistoryQuery, Limit, Message, NewRoom};
use chat_core::store::{MemoryStore, SqliteStore};
use chat_core::testing::NameTokens;
use chat_core::{Actor, ChatEngine, Config, RoomId, Session};
use serde_json::{Value, json};

use crate::served::serve;
use crate::socketio::client::http;

/// A room of ana and ben, of whose messages ten characters are quoted.
async fn chat() -> (ChatEngine, Actor, Actor, RoomId) {
    let mut config = Config::default();
    config.max_quoted_chars = 10;
    let engine = ChatEngine::builder().store(MemoryStore::new()).config(config).authenticator(NameTokens);
    let engine = engine.build().await.unwrap();
    let [ana, ben] = ["ana", "ben"].map(|name| engine.as_user(name.parse().unwrap()));
    let room = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
    (engine, ana, ben, room)
}

fn shown(message: &Message) -> Option<&str> {
    message.references.quoted.as_ref().and_then(|quoted| quoted.body.content())
}

async fn message(session: &mut Session, seq: u64) -> Arc<Message> {
    loop {
        if let EventKind::Message(message) = &session.next().await.unwrap().kind
            && message.seq == seq
        {
            return message.clone();
        }
    }
}

#[tokio::test]
async fn a_quote_is_cut_wherever_it_is_told_and_shows_what_became_of_its_message() {
    let (engine, ana, ben, room) = chat().await;
    let mut live = ana.connect().await.unwrap();
    let away = ana.connect().await.unwrap();
    let first = ana.send(room, Draft::text("안녕하세요 여러분 모두")).await.unwrap();
    let token = live.next().await.unwrap().token.unwrap();
    drop(away);
    let draft = || Draft::text("hello").quoting(first.id).with_client_id("c1");
    let cut = Some("안녕하세요 여러분 ");
    let session = ben.connect().await.unwrap();
    let Reply::Message(answer) = session.execute(Command::Send(room, draft())).await.unwrap() else {
        panic!("a send is answered with its message")
    };
    assert_eq!(shown(&answer), cut);
    let retry = ben.send(room, draft()).await.unwrap();
    assert_eq!(shown(&retry), cut, "a retry");
    let told = message(&mut live, 2).await;
    assert_eq!(shown(&told), cut);
    let mut back = ana.connect_since(token).await.unwrap();
    let told = message(&mut back, 2).await;
    assert_eq!(shown(&told), cut);
    let query = || HistoryQuery::newest(Limit::MESSAGES);
    assert_eq!(shown(&ana.history(room, query()).await.unwrap().messages[0].message), cut);
    assert_eq!(shown(&ana.message(room, answer.id).await.unwrap().message), cut);
    assert_eq!(shown(&ana.room(room).await.unwrap().last_message.unwrap().message), cut);

    ana.edit(room, first.id, Some("hi")).await.unwrap();
    // Whoever is live is told of the message that was edited, and mends what it shows of it.
    let edited = loop {
        if let EventKind::Amended(amended) = &live.next().await.unwrap().kind {
            break amended.message.clone();
        }
    };
    assert_eq!((edited.id, edited.body.content()), (first.id, Some("hi")));
    let mut back = ana.connect_since(token).await.unwrap();
    let told = message(&mut back, 2).await;
    let quoted = told.references.quoted.as_ref().unwrap();
    assert_eq!((quoted.body.content(), quoted.changed_pos), (Some("hi"), edited.state.changed_pos));
    ana.delete(room, first.id).await.unwrap();
    let history = ben.history(room, query()).await.unwrap();
    let quoted = history.messages[0].message.references.quoted.clone().unwrap();
    assert!(matches!(quoted.body, Body::Deleted(_)));
    assert_eq!(
        ben.send(room, Draft::text("?").quoting(first.id)).await.unwrap_err().code(),
        "MESSAGE_DELETED"
    );
    let bad = Draft { quoted_message_uuid: Some("1".into()), ..Draft::text("?") };
    assert_eq!(ben.send(room, bad).await.unwrap_err().code(), "INVALID_INPUT");
    drop(engine);
}

#[tokio::test]
async fn nothing_is_quoted_in_a_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let engine = ChatEngine::builder().store(store).build().await.unwrap();
    let ana = engine.as_user("ana".parse().unwrap());
    let room = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
    let first = ana.send(room, Draft::text("hi")).await.unwrap();
    let mut conn = rusqlite::Connection::open(&path).unwrap();
    let mut tx = conn.transaction().unwrap();
    let refused = ana.send_in(&mut tx, room, Draft::text("ho").quoting(first.id)).await;
    assert_eq!(refused.unwrap_err().code(), "INVALID_INPUT");
}

#[tokio::test]
async fn over_rest_and_the_sockets_a_quote_has_one_shape() {
    use chat_core::transport::{rest, socketio, ws};
    let (engine, ana, _, room) = chat().await;
    let api = rest::router(engine.clone(), rest::RestOptions::default());
    let app = axum::Router::new()
        .nest("/api", api.merge(ws::router(engine.clone(), ws::WsOptions::default())))
        .merge(socketio::router(engine.clone(), socketio::SocketIoOptions::default()));
    let addr = serve(app).await;
    let first = ana.send(room, Draft::image("https://example.org/a.png")).await.unwrap();
    let headers = "Authorization: Bearer ben\r\nContent-Type: application/json\r\n";
    let body = json!({ "type": "TEXT", "content": "nice", "quotedMessageUuid": first.id });
    let path = format!("/api/chat/rooms/{room}/messages");
    let sent = http(addr, "POST", &path, headers, &body.to_string()).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    let sent: Value = serde_json::from_str(&sent.body).unwrap();
    let quoted = json!({
        "messageUuid": first.id, "seq": 1, "type": "IMAGE", "content": null,
        "imageUrl": "https://example.org/a.png",
        "sender": { "userUuid": "ana", "nickname": "ana", "profileImage": null },
    });
    assert_eq!(sent["quotedMessage"], quoted);
    ana.delete(room, first.id).await.unwrap();
    let read = http(addr, "GET", &path, headers, "").await;
    let read: Value = serde_json::from_str(&read.body).unwrap();
    let left = &read["messages"][0]["quotedMessage"];
    assert!(left["deletedAt"].is_string() && left["version"].is_u64(), "{left}");
    assert_eq!((&left["content"], &left["imageUrl"]), (&Value::Null, &Value::Null));
    assert_eq!(read["messages"][1].get("quotedMessage"), None, "absent where nothing is quoted");
}
