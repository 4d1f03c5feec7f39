//! What edited messages said before, where the host keeps it.

use chat_core::model::{Draft, Limit, NewRoom};
use chat_core::testing::NameTokens;
use chat_core::transport::rest;
use chat_core::{ChatEngine, Config, UserId};
use serde_json::{Value, json};

use crate::served::serve;
use crate::socketio::client::http;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

#[tokio::test]
async fn members_and_the_host_read_what_a_message_said_before_and_nobody_once_it_is_deleted() {
    let mut config = Config::default();
    config.kept_edits = 2;
    let engine = ChatEngine::builder().config(config).authenticator(NameTokens).build().await.unwrap();
    let [ana, ben, zoe] = ["ana", "ben", "zoe"].map(|name| engine.as_user(id(name)));
    let room = ana.create_room(NewRoom::group("Runners").with(["ben"])).await.unwrap().id();
    let message = ana.send(room, Draft::text("one")).await.unwrap();
    for words in ["two", "three"] {
        ana.edit(room, message.id, Some(words)).await.unwrap();
    }
    engine.admin().edit(room, message.id, Some("four")).await.unwrap();

    let app = axum::Router::new().nest("/api", rest::router(engine.clone(), rest::RestOptions::default()));
    let addr = serve(app).await;
    let path = format!("/api/chat/rooms/{room}/messages/{}/edits", message.id);
    let ask = async |who: &str, query: &str| {
        let headers = format!("Authorization: Bearer {who}\r\n");
        let answer = http(addr, "GET", &format!("{path}{query}"), &headers, "").await;
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    let (status, page) = ask("ben", "?limit=1").await;
    assert_eq!((status, &page["edits"][0]["content"]), (200, &json!("three")));
    let cursor = page["nextCursor"].as_u64().expect("another follows");
    let (_, page) = ask("ben", &format!("?limit=1&cursor={cursor}")).await;
    assert_eq!((&page["edits"][0]["content"], &page["nextCursor"]), (&json!("two"), &Value::Null));
    assert!(page["edits"][0]["editedAt"].is_string() && page["edits"][0]["version"].is_u64());
    assert_eq!(ask("ben", "?cursor=x").await.1["field"], "cursor");
    assert_eq!(ask("zoe", "").await.1["code"], "NOT_A_PARTICIPANT");
    let refused = zoe.edits(room, message.id, None, Limit::MESSAGES).await;
    assert_eq!(refused.unwrap_err().code(), "NOT_A_PARTICIPANT");
    assert_eq!(engine.admin().edits(room, message.id, None, Limit::MESSAGES).await.unwrap().edits.len(), 2);

    ben.delete(room, message.id).await.unwrap_err();
    ana.delete(room, message.id).await.unwrap();
    assert_eq!(ask("ben", "").await, (200, json!({ "edits": [], "nextCursor": null })));
}

#[tokio::test]
async fn nothing_is_kept_by_default() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let ana = engine.as_user(id("ana"));
    let room = ana.create_room(NewRoom::group("Runners").with(["ben"])).await.unwrap().id();
    let message = ana.send(room, Draft::text("one")).await.unwrap();
    ana.edit(room, message.id, Some("two")).await.unwrap();
    assert!(ana.edits(room, message.id, None, Limit::MESSAGES).await.unwrap().edits.is_empty());
}
