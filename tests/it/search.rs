//! The search for words, in process and over REST.

use std::sync::Arc;

use chat_core::config::Rate;
use chat_core::model::{Draft, Hits, NewRoom, SearchQuery};
use chat_core::store::{SqliteStore, Store};
use chat_core::testing::NameTokens;
use chat_core::transport::rest;
use chat_core::{Actor, ChatEngine, Config, RoomId, UserId};
use serde_json::{Value, json};

use crate::served::serve;
use crate::socketio::client::http;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn code<T: std::fmt::Debug>(result: chat_core::Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

async fn engine(store: &Arc<dyn Store>, set: impl FnOnce(&mut Config)) -> ChatEngine {
    let mut config = Config::default();
    set(&mut config);
    let builder = ChatEngine::builder().shared_store(store.clone()).authenticator(NameTokens).config(config);
    builder.build().await.unwrap()
}

async fn sqlite() -> (Arc<dyn Store>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("chat.db")).await.unwrap();
    (Arc::new(store), dir)
}

async fn pair(engine: &ChatEngine) -> (Actor, Actor, RoomId) {
    let [ana, ben] = ["ana", "ben"].map(|name| engine.as_user(id(name)));
    let room = ana.create_room(NewRoom::direct("ben")).await.unwrap().id();
    (ana, ben, room)
}

fn words(hits: &Hits) -> Vec<&str> {
    hits.hits.iter().map(|hit| hit.view.message.body.content().unwrap()).collect()
}

async fn found(user: &Actor, q: &str) -> Vec<String> {
    words(&user.search(SearchQuery::new(q)).await.unwrap()).into_iter().map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn what_was_sent_is_found_at_once_and_what_was_taken_back_never() {
    let (store, _dir) = sqlite().await;
    let engine = engine(&store, |_| {}).await;
    let (ana, ben, room) = pair(&engine).await;
    for number in 0..50 {
        let words = format!("내일 {number}번째 회의");
        let message = ana.send(room, Draft::text(&words)).await.unwrap();
        assert_eq!(found(&ben, &format!("\"{number}번째 회의\"")).await, [words]);
        if number % 2 == 0 {
            ana.delete(room, message.id).await.unwrap();
        } else {
            ana.edit(room, message.id, Some("모레 회의")).await.unwrap();
        }
        assert!(found(&ben, "내일").await.is_empty());
    }
    assert_eq!(found(&ben, "모레").await.len(), 20, "a page");
}

#[tokio::test]
async fn what_was_there_before_is_found_as_well() {
    let (store, _dir) = sqlite().await;
    let without = engine(&store, |config| config.search = false).await;
    let (ana, _, room) = pair(&without).await;
    for number in 0..20 {
        ana.send(room, Draft::text(format!("needle {number}"))).await.unwrap();
    }
    assert_eq!(code(ana.search(SearchQuery::new("needle")).await), "NOT_FOUND");
    let with = engine(&store, |_| {}).await;
    assert_eq!(found(&with.as_user(id("ben")), "\"needle 7\"").await, ["needle 7"]);
}

#[tokio::test]
async fn the_index_follows_by_itself() {
    let (store, dir) = sqlite().await;
    let engine = engine(&store, |_| {}).await;
    let (ana, _, room) = pair(&engine).await;
    for number in 0..100 {
        ana.send(room, Draft::text(format!("needle {number}"))).await.unwrap();
    }
    let file = rusqlite::Connection::open(dir.path().join("chat.db")).unwrap();
    let count =
        || file.query_row("SELECT count(*) FROM search_places", (), |row| row.get::<_, i64>(0)).unwrap();
    let follows = async {
        while count() < 100 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), follows).await.unwrap();
    // What is dropped is gone, though the index was looked after.
    drop((engine, ana));
    drop(store);
}

#[tokio::test]
async fn a_hit_is_the_message_as_its_reader_sees_it() {
    let engine = engine(&(Arc::new(chat_core::store::MemoryStore::new()) as Arc<dyn Store>), |_| {}).await;
    let (ana, ben, room) = pair(&engine).await;
    let message = ana.send(room, Draft::text("Are you running today?")).await.unwrap();
    ben.react(room, message.id, "👍".parse().unwrap(), true).await.unwrap();
    ben.mark_read(room, None).await.unwrap();
    for (user, is_mine, own) in [(&ana, true, 0), (&ben, false, 1)] {
        let hits = user.search(SearchQuery::new("RUN")).await.unwrap();
        let [hit] = &hits.hits[..] else { panic!("one hit: {hits:?}") };
        assert_eq!((hit.view.is_mine, hit.view.own_reactions.len()), (is_mine, own));
        assert!(hit.view.receipt.is_read);
        let parts: Vec<_> = hit.snippet.iter().map(|part| (part.text.as_str(), part.is_match)).collect();
        assert_eq!(parts, [("Are you ", false), ("run", true), ("ning today?", false)]);
        assert_eq!(hits.next, None);
    }
}

#[tokio::test]
async fn a_search_that_may_not_be_made_is_refused() {
    let store: Arc<dyn Store> = Arc::new(chat_core::store::MemoryStore::new());
    let engine = engine(&store, |config| {
        config.max_search_chars = 10;
        config.rate_limits.searches = Some(Rate::per_second(1).with_burst(2));
    });
    let engine = engine.await;
    let (ana, _, room) = pair(&engine).await;
    let cho = engine.as_user(id("cho"));
    for bad in ["", "a", "eleven chars"] {
        assert_eq!(code(ana.search(SearchQuery::new(bad)).await), "INVALID_INPUT", "{bad}");
    }
    let mut query = SearchQuery::new("needle");
    query.room = Some(room);
    assert_eq!(code(cho.search(query.clone()).await), "NOT_A_PARTICIPANT");
    query.room = Some(RoomId::generate());
    assert_eq!(code(cho.search(query.clone()).await), "ROOM_NOT_FOUND");
    assert_eq!(code(cho.search(query).await), "RATE_LIMITED");
    assert_eq!(code(ana.search(SearchQuery::new("needle")).await), "OK");
}

#[tokio::test]
async fn over_rest_a_search_goes_page_by_page() {
    let (store, _dir) = sqlite().await;
    let engine = engine(&store, |_| {}).await;
    let (ana, _, room) = pair(&engine).await;
    let mut sent = Vec::new();
    for number in 0..5 {
        sent.push(ana.send(room, Draft::text(format!("회의 {number}"))).await.unwrap());
    }
    let app = axum::Router::new().nest("/api", rest::router(engine, rest::RestOptions::default()));
    let addr = serve(app).await;
    let search = async |query: String| {
        let path = format!("/api/chat/search?{query}");
        let answer = http(addr, "GET", &path, "Authorization: Bearer ben\r\n", "").await;
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, body)
    };
    let q = "q=%ED%9A%8C%EC%9D%98&limit=2";
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..3 {
        let (status, page) = search(format!("{q}{cursor}")).await;
        assert_eq!(status, 200, "{page}");
        for result in page["results"].as_array().unwrap() {
            assert_eq!(result["snippet"][0], json!({ "text": "회의", "isMatch": true }));
            assert_eq!(result["message"]["isMyMessage"], false);
            found.push(result["message"]["content"].as_str().unwrap().to_owned());
        }
        cursor = format!("&cursor={}", page["nextCursor"].as_str().unwrap_or_default());
    }
    assert_eq!(
        (found.join(","), cursor.as_str()),
        ("회의 4,회의 3,회의 2,회의 1,회의 0".to_owned(), "&cursor=")
    );

    let (first, last) = (sent[0].created_at, sent[4].created_at);
    let count = |page: &Value| page["results"].as_array().unwrap().len();
    for (filter, expected) in [
        (format!("&roomUuid={room}"), 2),
        ("&senderUuid=ben".to_owned(), 0),
        (format!("&after={last}"), 0),
        (format!("&before={first}"), 0),
        ("&hasAttachment=true".to_owned(), 0),
        ("&hasAttachment=false&senderUuid=ana".to_owned(), 2),
    ] {
        let (status, page) = search(format!("{q}{filter}")).await;
        assert_eq!((status, count(&page)), (200, expected), "{filter}: {page}");
    }
    for (wrong, field) in [
        ("", "q"),
        ("q=a", "q"),
        ("q=ab&limit=0", "limit"),
        ("q=ab&cursor=x", "cursor"),
        ("q=ab&after=yesterday", "after"),
        ("q=ab&before=5", "before"),
        ("q=ab&hasAttachment=1", "hasAttachment"),
        ("q=ab&roomUuid=x", "roomUuid"),
    ] {
        let (status, body) = search(wrong.to_owned()).await;
        assert_eq!((status, body["field"].as_str()), (400, Some(field)), "{wrong}: {body}");
    }
}
