//! Retention: what is older than its rule says goes, and whoever missed some of it is told so.

use std::sync::Arc;
use std::time::Duration;

use chat_core::bus::LocalBus;
use chat_core::event::{Event, EventKind, RoomChange};
use chat_core::model::{
    Cursor, Draft, History, HistoryQuery, Limit, NewRoom, PageQuery, Retention, RoomUpdate, Span, Token,
};
use chat_core::store::{MemoryStore, Store};
use chat_core::testing::{ManualClock, NameTokens};
use chat_core::{ChatEngine, Config, RoomId, Session, UserId};
use serde_json::{Value, json};

use crate::served::serve;
use crate::socketio::client::http;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn days(days: u32) -> Retention {
    Retention::new(Some(days), None).unwrap()
}

fn newest(messages: u32) -> Retention {
    Retention::new(None, Some(messages)).unwrap()
}

/// Looks for what is to be cut away all the time.
fn config(retention: Option<Retention>) -> Config {
    let mut config = Config::default();
    config.retention = retention;
    config.retention_grace = Duration::ZERO;
    config.retention_interval = Duration::from_millis(20);
    config
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

async fn send(engine: &ChatEngine, room: RoomId, who: &str, count: usize) {
    for n in 0..count {
        engine.as_user(id(who)).send(room, Draft::text(format!("{n}"))).await.unwrap();
    }
}

async fn history(engine: &ChatEngine, room: RoomId, query: HistoryQuery) -> (Vec<u64>, Span) {
    let History { messages, span } = engine.as_user(id("ana")).history(room, query).await.unwrap();
    (messages.iter().map(|view| view.message.seq).collect(), span)
}

/// Waits until the room's messages begin there.
async fn until_first(engine: &ChatEngine, room: RoomId, first: u64) {
    for _ in 0..500 {
        if engine.as_user(id("ana")).room(room).await.unwrap().room.floor().seq == first {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing is cut away");
}

async fn next<T>(session: &mut Session, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = session.next().await.unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

/// All that a catch-up tells: what came of each room, and whether it was all.
async fn caught_up(engine: &ChatEngine, who: &str, since: Token) -> (Vec<(RoomId, String)>, bool) {
    let mut session = engine.as_user(id(who)).connect_since(since).await.unwrap();
    let mut told = Vec::new();
    loop {
        let event = session.next().await.unwrap();
        let what = match &event.kind {
            EventKind::CaughtUp { recovered } => return (told, *recovered),
            EventKind::Message(message) => message.seq.to_string(),
            EventKind::Room(change, _) => format!("{change:?}"),
            _ => continue,
        };
        told.push((event.room.unwrap(), what));
    }
}

async fn token(engine: &ChatEngine, who: &str) -> Token {
    let mut session = engine.as_user(id(who)).connect().await.unwrap();
    next(&mut session, |event| event.token).await
}

#[tokio::test]
async fn what_is_older_goes_in_every_room_and_what_is_not_stays() {
    let clock = ManualClock::default();
    let engine =
        ChatEngine::builder().clock(clock.clone()).config(config(Some(days(2)))).build().await.unwrap();
    let (room, other) = (group(&engine, &["ana", "ben"]).await, group(&engine, &["ana"]).await);
    // More than go at once.
    send(&engine, room, "ana", 450).await;
    clock.advance(DAY);
    send(&engine, room, "ana", 5).await;
    send(&engine, other, "ana", 3).await;
    clock.advance(DAY);
    until_first(&engine, room, 451).await;
    let page = |page| HistoryQuery::Page(PageQuery::new(page, Limit::new(2).unwrap()).unwrap());
    let (seqs, span) = history(&engine, room, page(3)).await;
    assert_eq!(seqs, [451]);
    let Span::Page { query, total } = span else { panic!("{span:?}") };
    assert!(total == 5 && !query.has_more(total), "{span:?}");
    assert_eq!(history(&engine, room, page(4)).await.0, [0; 0], "below the floor is nothing");
    let limit = Limit::new(3).unwrap();
    let window = |before, after| Span::Window { has_more_before: before, has_more_after: after };
    for (query, seqs, span) in [
        (HistoryQuery::Before(Cursor::Seq(453), limit), vec![452, 451], window(false, true)),
        (HistoryQuery::After(Cursor::Seq(3), limit), vec![453, 452, 451], window(false, true)),
        (HistoryQuery::Around(Cursor::Seq(3), limit), vec![453, 452, 451], window(false, true)),
        (HistoryQuery::Before(Cursor::Seq(455), limit), vec![454, 453, 452], window(true, true)),
    ] {
        assert_eq!(history(&engine, room, query).await, (seqs, span), "{query:?}");
    }
    assert_eq!(history(&engine, other, page(1)).await.0, [3, 2]);
    let ben = engine.as_user(id("ben")).room(room).await.unwrap();
    assert_eq!((ben.unread, ben.last_message.unwrap().message.seq), (5, 455));
    clock.advance(DAY);
    until_first(&engine, room, 456).await;
    let ben = engine.as_user(id("ben")).room(room).await.unwrap();
    assert_eq!((ben.unread, ben.last_message.is_none(), ben.room.seq), (0, true, 455));
    assert_eq!(
        history(&engine, room, HistoryQuery::Around(Cursor::Seq(3), limit)).await,
        (vec![], window(false, false))
    );
    let next = engine.as_user(id("ana")).send(room, Draft::text("next")).await.unwrap();
    assert_eq!(next.seq, 456, "no number is given again");
}

#[tokio::test]
async fn who_missed_what_was_cut_away_is_told_that_the_room_begins_anew_and_of_the_others_all() {
    let clock = ManualClock::default();
    let engine = ChatEngine::builder().clock(clock.clone()).config(config(None)).build().await.unwrap();
    let (cut, other) = (group(&engine, &["ana", "ben"]).await, group(&engine, &["ana", "ben"]).await);
    let ana = engine.as_user(id("ana"));
    send(&engine, cut, "ana", 3).await;
    let seen = token(&engine, "ben").await;
    send(&engine, cut, "ana", 4).await;
    send(&engine, other, "ana", 2).await;
    ana.update_room(cut, RoomUpdate::new().with_retention(Some(newest(4)))).await.unwrap();
    until_first(&engine, cut, 4).await;
    // Only what ben has seen is gone: nothing is missing.
    let (told, recovered) = caught_up(&engine, "ben", seen).await;
    let of = |room, told: &[(RoomId, String)]| -> Vec<String> {
        told.iter().filter(|(of, _)| *of == room).map(|(_, what)| what.clone()).collect()
    };
    assert!(recovered);
    assert_eq!(of(cut, &told), ["4", "5", "6", "7", "Updated"]);
    ana.update_room(cut, RoomUpdate::new().with_retention(Some(newest(3)))).await.unwrap();
    until_first(&engine, cut, 5).await;
    let (told, recovered) = caught_up(&engine, "ben", seen).await;
    assert!(!recovered, "the fourth is missing");
    assert_eq!(of(cut, &told), ["Reset"]);
    assert_eq!(of(other, &told), ["1", "2"]);
    let (_, recovered) = caught_up(&engine, "ben", token(&engine, "ben").await).await;
    assert!(recovered);
}

#[tokio::test]
async fn a_node_that_missed_what_was_cut_away_has_its_clients_come_back() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut buses = LocalBus::between(2);
    let mut node = || {
        ChatEngine::builder().config(config(None)).shared_store(store.clone()).bus(buses.remove(0)).build()
    };
    let (here, there) = (node().await.unwrap(), node().await.unwrap());
    let room = group(&here, &["ana", "ben"]).await;
    let mut session = there.as_user(id("ben")).connect().await.unwrap();
    next(&mut session, |event| matches!(event.kind, EventKind::Ready(_)).then_some(())).await;
    let one = newest(1);
    here.as_user(id("ana")).update_room(room, RoomUpdate::new().with_retention(Some(one))).await.unwrap();
    let is_kept = |event: &Event| match &event.kind {
        EventKind::Room(RoomChange::Updated, room) => room.retention(),
        _ => None,
    };
    assert_eq!(next(&mut session, is_kept).await, one, "other nodes hear of the rule");
    // What is cut away while a node listens was told before, or is gone with the rest: the last one always comes.
    send(&here, room, "ana", 20).await;
    until_first(&here, room, 20).await;
    let last = next(&mut session, |event| match &event.kind {
        EventKind::Message(message) if message.seq == 20 => Some(()),
        _ => None,
    });
    last.await;
}

#[tokio::test]
async fn over_rest_the_owner_sets_a_rule_and_sees_where_a_room_begins() {
    use chat_core::transport::rest;
    let builder = ChatEngine::builder().authenticator(NameTokens).config(config(None));
    let engine = builder.build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    send(&engine, room, "ana", 4).await;
    let app = axum::Router::new().nest("/api", rest::router(engine.clone(), rest::RestOptions::default()));
    let addr = serve(app).await;
    let path = format!("/api/chat/rooms/{room}");
    let ask = async |who: &str, method: &str, path: &str, body: &str| {
        let headers = format!("Authorization: Bearer {who}\r\nContent-Type: application/json\r\n");
        let answer = http(addr, method, path, &headers, body).await;
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, json)
    };
    let (_, before) = ask("ana", "GET", &path, "").await;
    assert!(before.get("retention").is_none() && before.get("firstSeq").is_none(), "{before}");
    let rule = r#"{"retention": {"messages": 3}}"#;
    let (status, refused) = ask("ben", "PATCH", &path, rule).await;
    assert_eq!((status, &refused["code"]), (403, &json!("FORBIDDEN")));
    for bad in [r#"{"retention": {}}"#, r#"{"retention": {"days": 0}}"#, r#"{"retention": {"weeks": 1}}"#] {
        let (status, refused) = ask("ana", "PATCH", &path, bad).await;
        assert_eq!((status, &refused["code"]), (400, &json!("INVALID_INPUT")), "{bad}");
    }
    let (status, set) = ask("ana", "PATCH", &path, rule).await;
    assert_eq!((status, &set["retention"]), (200, &json!({ "messages": 3 })));
    until_first(&engine, room, 2).await;
    let (_, now) = ask("ben", "GET", &path, "").await;
    assert_eq!((&now["firstSeq"], &now["unreadCount"]), (&json!(2), &json!(3)));
    let (_, page) = ask("ben", "GET", &format!("{path}/messages?page=2&limit=2"), "").await;
    assert_eq!(
        (&page["total"], &page["hasMore"], &page["messages"][0]["seq"]),
        (&json!(3), &json!(false), &json!(2))
    );
    let (_, beyond) = ask("ben", "GET", &format!("{path}/messages?page=3&limit=2"), "").await;
    assert_eq!((&beyond["messages"], &beyond["hasMore"]), (&json!([]), &json!(false)));
    let (_, audit) = ask("ana", "GET", &format!("{path}/audit"), "").await;
    assert_eq!(audit["audit"][0]["act"], json!("setRetention"));
    assert_eq!(audit["audit"][0]["retention"], json!({ "messages": 3 }));
    let (_, unset) = ask("ana", "PATCH", &path, r#"{"retention": null}"#).await;
    assert!(unset.get("retention").is_none() && unset["firstSeq"] == json!(2), "{unset}");
}
