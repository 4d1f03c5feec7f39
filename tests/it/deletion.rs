//! Rooms that are deleted: told live, on other nodes and to whoever was away, and gone with all that was in them.

use std::sync::Arc;
use std::time::Duration;

use chat_core::bus::LocalBus;
use chat_core::event::{Event, EventKind, Notification, RoomChange};
use chat_core::model::{Act, Draft, HistoryQuery, Limit, NewRoom, PageQuery};
use chat_core::store::{MemoryStore, Store};
use chat_core::testing::NameTokens;
use chat_core::{ChatEngine, Config, RoomId, Session, UserId};
use serde_json::{Value, json};

use crate::served::serve;
use crate::socketio::client::http;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

fn config() -> Config {
    let mut config = Config::default();
    config.retention_interval = Duration::from_millis(20);
    config
}

async fn next<T: Send>(session: &mut Session, wanted: impl Fn(&Event) -> Option<T> + Send + Sync) -> T {
    let sought = async {
        loop {
            let event = session.next().await.unwrap();
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sought).await.unwrap()
}

fn deleted(event: &Event) -> Option<RoomId> {
    match &event.kind {
        EventKind::Notification(Notification::RoomDeleted(room)) => Some(*room),
        _ => None,
    }
}

#[tokio::test]
async fn everybody_in_it_is_told_on_every_node_and_whoever_was_away() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut buses = LocalBus::between(2);
    let mut node =
        || ChatEngine::builder().config(config()).shared_store(store.clone()).bus(buses.remove(0)).build();
    let (here, there) = (node().await.unwrap(), node().await.unwrap());
    let (room, other) = (group(&here, &["ana", "ben", "cho"]).await, group(&here, &["ana", "ben"]).await);
    let ana = here.as_user(id("ana"));
    let mut away = there.as_user(id("cho")).connect().await.unwrap();
    let token = next(&mut away, |event| event.token).await;
    drop(away);
    let mut sessions = [ana.connect().await.unwrap(), there.as_user(id("ben")).connect().await.unwrap()];
    for _ in 0..300 {
        ana.send(room, Draft::text("words")).await.unwrap();
    }
    assert_eq!(there.as_user(id("ben")).delete_room(room).await.unwrap_err().code(), "FORBIDDEN");
    ana.delete_room(room).await.unwrap();
    for session in &mut sessions {
        assert_eq!(next(session, deleted).await, room);
    }
    ana.send(other, Draft::text("still here")).await.unwrap();
    for session in &mut sessions[1..] {
        let heard = next(session, |event| match &event.kind {
            EventKind::Message(message) => Some(message.room),
            _ => None,
        });
        assert_eq!(heard.await, other, "nothing of the deleted one comes after that");
    }
    let mut back = there.as_user(id("cho")).connect_since(token).await.unwrap();
    let told = next(&mut back, |event| match &event.kind {
        EventKind::Room(RoomChange::Left, room) => Some((room.id, room.is_deleted(), room.name.clone())),
        EventKind::Message(message) => panic!("{message:?}"),
        _ => None,
    });
    assert_eq!(told.await, (room, true, None));
    assert!(
        next(&mut back, |event| match event.kind {
            EventKind::CaughtUp { recovered } => Some(recovered),
            _ => None,
        })
        .await
    );

    for who in ["ana", "ben", "zoe"] {
        let actor = there.as_user(id(who));
        let history = actor.history(room, HistoryQuery::newest(Limit::MESSAGES)).await;
        assert_eq!(history.unwrap_err().code(), "ROOM_NOT_FOUND");
        let sent = actor.send(room, Draft::text("more")).await;
        assert!(matches!(sent.unwrap_err().code(), "ROOM_NOT_FOUND" | "NOT_A_PARTICIPANT"));
    }
    let page = PageQuery::new(1, Limit::ROOMS).unwrap();
    assert_eq!(ana.rooms(page).await.unwrap().total, 1);
    assert_eq!(here.admin().delete_room(room).await.unwrap_err().code(), "ROOM_NOT_FOUND");
    let trail = here.admin().audit(room, None, Limit::MESSAGES).await.unwrap();
    assert_eq!((trail.entries[0].act, trail.entries[0].by.clone()), (Act::DeleteRoom, Some(id("ana"))));
    // In the background all that was said goes.
    for _ in 0..500 {
        if store.messages(room, 1..=u64::MAX).await.unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("its messages stay");
}

#[tokio::test]
async fn over_rest_the_owner_deletes_a_room_and_then_there_is_none() {
    use chat_core::transport::rest;
    let engine = ChatEngine::builder().authenticator(NameTokens).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let direct = engine.as_user(id("ana")).create_room(NewRoom::direct("ben")).await.unwrap().id();
    let app = axum::Router::new().nest("/api", rest::router(engine.clone(), rest::RestOptions::default()));
    let addr = serve(app).await;
    let ask = async |who: &str, method: &str, path: String| {
        let answer = http(addr, method, &path, &format!("Authorization: Bearer {who}\r\n"), "").await;
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, json)
    };
    let path = |room| format!("/api/chat/rooms/{room}");
    for (who, of, status) in
        [("ben", room, 403), ("zoe", room, 403), ("ana", direct, 403), ("ana", room, 200)]
    {
        let (answered, json) = ask(who, "DELETE", path(of)).await;
        assert_eq!(answered, status, "{who}: {json}");
        assert!(status != 200 || json == json!({ "roomUuid": room }));
    }
    for (method, path) in [("DELETE", path(room)), ("GET", path(room)), ("GET", path(room) + "/messages")] {
        let (status, json) = ask("ana", method, path).await;
        assert_eq!((status, &json["code"]), (404, &json!("ROOM_NOT_FOUND")));
    }
    engine.admin().delete_room(direct).await.unwrap();
    let (status, anew) = ask("ana", "GET", "/api/chat/rooms".into()).await;
    assert_eq!((status, &anew["total"]), (200, &json!(0)));
    let again = engine.as_user(id("ana")).create_room(NewRoom::direct("ben")).await.unwrap();
    assert!(again.is_new && again.id() != direct);
}
