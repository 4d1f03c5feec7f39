//! Messages that somebody takes out of their own sight: told to their own devices alone, and read no more by them.

use std::sync::Arc;

use chat_core::bus::LocalBus;
use chat_core::event::{Command, Event, EventKind, Reply};
use chat_core::model::{
    Cursor, Draft, HistoryQuery, Limit, Mark, NewRoom, PageQuery, SearchQuery, Span, Token,
};
use chat_core::store::{MemoryStore, Store};
use chat_core::testing::NameTokens;
use chat_core::{Actor, ChatEngine, Config, MessageId, RoomId, Session, UserId};
use serde_json::Value;

use crate::served::serve;
use crate::socketio::client::http;

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    engine.as_user(id(users[0])).create_room(new).await.unwrap().id()
}

async fn send(actor: &Actor, room: RoomId, words: &str) -> MessageId {
    actor.send(room, Draft::text(words)).await.unwrap().id
}

async fn next<T>(session: &mut Session, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = session.next().await.unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

fn token(event: &Event) -> Option<Token> {
    event.token.filter(|_| matches!(event.kind, EventKind::Message(_)))
}

fn hidden(event: &Event) -> Option<(RoomId, MessageId, u64)> {
    match event.kind {
        EventKind::Hidden { message, seq } => Some((event.room?, message, seq)),
        _ => None,
    }
}

/// What was hidden, of all up to a message of these words.
async fn hidden_up_to(session: &mut Session, words: &str) -> Vec<(RoomId, MessageId, u64)> {
    let mut all = Vec::new();
    loop {
        let event = session.next().await.unwrap();
        all.extend(hidden(&event));
        if let EventKind::Message(message) = &event.kind
            && message.body.content() == Some(words)
        {
            return all;
        }
    }
}

/// The same of a catch-up.
async fn hidden_since(actor: &Actor, since: Token) -> Vec<(RoomId, MessageId, u64)> {
    let (mut session, mut all) = (actor.connect_since(since).await.unwrap(), Vec::new());
    loop {
        let event = session.next().await.unwrap();
        all.extend(hidden(&event));
        if let EventKind::CaughtUp { recovered } = event.kind {
            assert!(recovered);
            return all;
        }
    }
}

#[tokio::test]
async fn it_is_told_once_to_each_other_device_of_the_user_and_to_nobody_else() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut buses = LocalBus::between(2);
    let mut node = || ChatEngine::builder().shared_store(store.clone()).bus(buses.remove(0)).build();
    let (here, there) = (node().await.unwrap(), node().await.unwrap());
    let room = group(&here, &["ana", "ben"]).await;
    let (ana, ben) = (here.as_user(id("ana")), here.as_user(id("ben")));
    let mut phone = ana.connect().await.unwrap();
    let mut laptop = ana.connect().await.unwrap();
    let mut tablet = there.as_user(id("ana")).connect().await.unwrap();
    let mut others = [ben.connect().await.unwrap(), there.as_user(id("ben")).connect().await.unwrap()];
    let first = send(&ben, room, "first").await;
    let second = send(&ben, room, "second").await;
    let since = next(&mut phone, token).await;
    let replied = phone.execute(Command::Hide(room, second)).await.unwrap();
    assert!(matches!(replied, Reply::Done));
    // Another one from elsewhere, and once more, which tells nothing.
    there.as_user(id("ana")).hide(room, first).await.unwrap();
    ana.hide(room, second).await.unwrap();
    send(&ben, room, "end").await;
    let told = [(room, second, 2), (room, first, 1)];
    assert_eq!(hidden_up_to(&mut laptop, "end").await, told);
    assert_eq!(hidden_up_to(&mut tablet, "end").await, told);
    assert_eq!(hidden_up_to(&mut phone, "end").await, told[1..], "what it has asked for itself is answered");
    for session in &mut others {
        assert_eq!(hidden_up_to(session, "end").await, []);
    }
    for engine in [&here, &there] {
        assert_eq!(hidden_since(&engine.as_user(id("ana")), since).await, told);
        assert_eq!(hidden_since(&engine.as_user(id("ben")), since).await, []);
    }
    let now = next(&mut laptop_after(&ana, &ben, room).await, token).await;
    assert_eq!(hidden_since(&ana, now).await, [], "and no second time");
}

async fn laptop_after(ana: &Actor, ben: &Actor, room: RoomId) -> Session {
    let session = ana.connect().await.unwrap();
    send(ben, room, "after all that").await;
    session
}

#[tokio::test]
async fn whoever_hides_a_message_reads_it_no_more_and_everybody_else_does() {
    let engine = ChatEngine::builder().build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let [ana, ben] = ["ana", "ben"].map(|name| engine.as_user(id(name)));
    let mut ids = Vec::new();
    for words in ["a walk at one", "a walk at two", "a walk at three", "a walk at four"] {
        ids.push(send(&ben, room, words).await);
    }
    for message in [ids[1], ids[3]] {
        engine.admin().pin(room, message, true).await.unwrap();
    }
    let quoting = ben.send(room, Draft::text("the second one").quoting(ids[1])).await.unwrap();
    ana.mark_read(room, Some(Cursor::Seq(1))).await.unwrap();
    let mut bens = ben.connect().await.unwrap();
    ana.hide(room, ids[1]).await.unwrap();
    let read = next(&mut bens, |event| match &event.kind {
        EventKind::Marked(user, Mark::Read, at) => Some((user.clone(), at.read_seq)),
        _ => None,
    });
    assert_eq!(read.await, (id("ana"), 2), "who hides it has seen it");
    assert_eq!(ana.room(room).await.unwrap().unread, 3);

    let limit = |limit| Limit::new(limit).unwrap();
    let seqs = async |actor: &Actor, query| {
        let history = actor.history(room, query).await.unwrap();
        (history.messages.iter().map(|view| view.message.seq).collect::<Vec<_>>(), history.span)
    };
    let page = |page| HistoryQuery::Page(PageQuery::new(page, limit(2)).unwrap());
    let mut pages = Vec::new();
    for number in 1..=3 {
        let (seqs, span) = seqs(&ana, page(number)).await;
        assert!(matches!(span, Span::Page { total: 5, .. }), "numbers stay as they are: {span:?}");
        pages.push(seqs);
    }
    assert_eq!(pages, [vec![5, 4], vec![3], vec![1]]);
    // The place of what is hidden stays a place.
    for cursor in [Cursor::Seq(2), Cursor::Message(ids[1])] {
        let (around, span) = seqs(&ana, HistoryQuery::Around(cursor, limit(3))).await;
        assert_eq!(around, [3, 1]);
        assert_eq!(span, Span::Window { has_more_before: false, has_more_after: true });
        assert_eq!(seqs(&ana, HistoryQuery::Before(cursor, limit(5))).await.0, [1]);
        assert_eq!(seqs(&ana, HistoryQuery::After(cursor, limit(1))).await.0, [3]);
    }
    assert_eq!(seqs(&ben, HistoryQuery::newest(limit(10))).await.0, [5, 4, 3, 2, 1]);

    let gone = ana.message(room, ids[1]).await.unwrap_err();
    assert_eq!(gone.code(), "MESSAGE_NOT_FOUND");
    assert_eq!(ana.message(room, ids[0]).await.unwrap().message.seq, 1);
    assert_eq!(ben.message(room, ids[1]).await.unwrap().message.seq, 2);
    let pins = async |actor: &Actor| {
        let page = actor.pins(room, None, limit(10)).await.unwrap();
        page.messages.iter().map(|view| view.message.seq).collect::<Vec<_>>()
    };
    assert_eq!((pins(&ana).await, pins(&ben).await), (vec![4], vec![4, 2]));
    let finds = async |actor: &Actor| {
        let hits = actor.search(SearchQuery::new("walk")).await.unwrap().hits;
        hits.iter().map(|hit| hit.view.message.seq).collect::<Vec<_>>()
    };
    assert_eq!((finds(&ana).await, finds(&ben).await), (vec![4, 3, 1], vec![4, 3, 2, 1]));
    // What others quote of it is their own.
    let answer = ana.message(room, quoting.id).await.unwrap().message;
    assert_eq!(answer.references.quoted.as_ref().map(|quoted| quoted.seq), Some(2));

    for message in [quoting.id, ids[3]] {
        ana.hide(room, message).await.unwrap();
    }
    let last = async |actor: &Actor| {
        let view = actor.room(room).await.unwrap();
        let listed = actor.rooms(PageQuery::new(1, limit(10)).unwrap()).await.unwrap().items.remove(0);
        let seq = |last: Option<chat_core::model::MessageView>| last.map(|view| view.message.seq);
        assert_eq!(seq(listed.last_message), seq(view.last_message.clone()));
        (seq(view.last_message), view.unread)
    };
    assert_eq!((last(&ana).await, last(&ben).await), ((Some(3), 0), (Some(5), 0)));
    // A change of it is told as before, and brings nothing back.
    ben.edit(room, ids[1], Some("another walk")).await.unwrap();
    assert_eq!(finds(&ana).await, [3, 1]);
    assert_eq!(seqs(&ana, HistoryQuery::newest(limit(10))).await.0, [3, 1]);
}

#[tokio::test]
async fn a_participant_hides_so_many_messages_of_a_room() {
    let mut config = Config::default();
    config.max_hidden = 1;
    let engine = ChatEngine::builder().config(config).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = engine.as_user(id("ana"));
    let (one, two) = (send(&ana, room, "1").await, send(&ana, room, "2").await);
    ana.hide(room, one).await.unwrap();
    let session = ana.connect().await.unwrap();
    let refused = session.execute(Command::Hide(room, two)).await;
    assert_eq!(refused.unwrap_err().code(), "LIMIT_REACHED");
    ana.hide(room, one).await.unwrap();
    let unknown = ana.hide(room, MessageId::generate()).await;
    assert_eq!(unknown.unwrap_err().code(), "MESSAGE_NOT_FOUND");
    let zoe = engine.as_user(id("zoe")).hide(room, two).await;
    assert_eq!(zoe.unwrap_err().code(), "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn over_rest_a_message_is_hidden_and_not_found_then() {
    use chat_core::transport::rest;
    let engine = ChatEngine::builder().authenticator(NameTokens).build().await.unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let message = send(&engine.as_user(id("ben")), room, "hi").await;
    let app = axum::Router::new().nest("/api", rest::router(engine.clone(), rest::RestOptions::default()));
    let addr = serve(app).await;
    let ask = async |who: &str, method: &str, path: String| {
        let path = format!("/api/chat/rooms/{room}/messages{path}");
        let answer = http(addr, method, &path, &format!("Authorization: Bearer {who}\r\n"), "").await;
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, json)
    };
    for _ in 0..2 {
        let (status, json) = ask("ana", "PUT", format!("/{message}/hidden")).await;
        assert_eq!((status, &json["roomUuid"]), (200, &Value::from(room.to_string())));
    }
    assert_eq!(ask("ana", "GET", format!("/{message}")).await.0, 404);
    assert_eq!(ask("ben", "GET", format!("/{message}")).await.0, 200);
    let (_, page) = ask("ana", "GET", String::new()).await;
    assert_eq!((page["messages"].as_array().unwrap().len(), &page["total"]), (0, &Value::from(1)));
    assert_eq!(ask("zoe", "PUT", format!("/{message}/hidden")).await.0, 403);
    assert_eq!(ask("ana", "PUT", format!("/{}/hidden", MessageId::generate())).await.0, 404);
}
