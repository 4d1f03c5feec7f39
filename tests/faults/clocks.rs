//! The wall clock is stepped by an hour, either way: order and timeouts do not care, tokens do.

use std::time::Duration;

use chat_core::event::{Command, EventKind};
use chat_core::model::{Draft, HistoryQuery, Limit};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::testing::{ManualClock, NameTokens};
use chat_core::{ChatEngine, Clock, Config};

use super::kit::{Got, Node, Ws, id, new_file, seqs, soon};

const HOUR: Duration = Duration::from_secs(3600);

/// One step: an hour on, or back.
fn step(clock: &ManualClock, on: bool) {
    if on { clock.advance(HOUR) } else { clock.rewind(HOUR) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_and_idempotence_hold_over_steps_of_the_wall_clock_in_memory() {
    order_holds(MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_and_idempotence_hold_over_steps_of_the_wall_clock_on_sqlite() {
    let (_folder, db) = new_file();
    order_holds(SqliteStore::open(&db).await.unwrap()).await;
}

async fn order_holds(store: impl Store) {
    let clock = ManualClock::default();
    let engine = ChatEngine::builder().store(store).clock(clock.clone()).build().await.unwrap();
    let (ana, ben) = (engine.as_user(id("ana")), engine.as_user(id("ben")));
    let room = ana.create_room(chat_core::model::NewRoom::group("room").with(["ben"])).await.unwrap().id();
    let mut session = ben.connect().await.unwrap();
    let since = session.next().await.unwrap().token.unwrap();
    let mut sent = Vec::new();
    for number in 0..40 {
        if number % 10 == 5 {
            // On, back, back, on.
            step(&clock, matches!(number, 5 | 35));
        }
        let draft = || Draft::text(format!("m{number}")).with_client_id(format!("c{number}"));
        let message = ana.send(room, draft()).await.unwrap();
        assert_eq!(message.seq, number + 1);
        step(&clock, number % 2 == 0);
        assert_eq!(ana.send(room, draft()).await.unwrap().id, message.id, "a retry at another time of day");
        step(&clock, number % 2 == 1);
        sent.push((message.seq, message.id, message.created_at));
    }
    assert!(!sent.iter().map(|(_, _, at)| *at).is_sorted(), "createdAt went back");
    let mut catching_up = ben.connect_since(since).await.unwrap();
    for session in [&mut session, &mut catching_up] {
        let mut told = Vec::new();
        while told.len() < sent.len() {
            if let EventKind::Message(message) = &soon("a message", session.next()).await.unwrap().kind {
                told.push((message.seq, message.id, message.created_at));
            }
        }
        assert_eq!(told, sent, "live and caught up");
    }
    let history = ben.history(room, HistoryQuery::newest(Limit::new(100).unwrap())).await.unwrap();
    let history = history.messages.iter().rev().map(|seen| &seen.message);
    assert!(history.map(|message| (message.seq, message.id, message.created_at)).eq(sent));
    assert_eq!(ben.room(room).await.unwrap().unread, 40);
    assert_eq!(ben.mark_read(room, None).await.unwrap().unread, 0);
}

#[tokio::test(start_paused = true)]
async fn typing_ends_after_its_timeout_whatever_the_wall_clock_says() {
    for on in [true, false] {
        let clock = ManualClock::default();
        let engine = ChatEngine::builder().clock(clock.clone()).build().await.unwrap();
        let (ana, ben) = (engine.as_user(id("ana")), engine.as_user(id("ben")));
        let new = chat_core::model::NewRoom::group("room").with(["ben"]);
        let room = ana.create_room(new).await.unwrap().id();
        let typist = ana.connect().await.unwrap();
        let mut session = ben.connect().await.unwrap();
        typist.execute(Command::Typing(room, true)).await.unwrap();
        let began = tokio::time::Instant::now();
        step(&clock, on);
        let mut told = Vec::new();
        while told.len() < 2 {
            if let EventKind::Typing(_, is_typing) = session.next().await.unwrap().kind {
                told.push(is_typing);
            }
        }
        assert_eq!(told, [true, false]);
        let after = began.elapsed();
        assert!(after >= Duration::from_secs(6) && after < Duration::from_millis(6500), "{on} {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_let_go_after_the_hello_timeout_whatever_the_wall_clock_says() {
    for on in [true, false] {
        let clock = ManualClock::default();
        let builder = ChatEngine::builder().clock(clock.clone()).authenticator(NameTokens);
        let engine = builder.build().await.unwrap();
        let (mut client, transport) = chat_core::transport::channel(8);
        tokio::spawn(chat_core::transport::drive(engine, Box::new(transport)));
        let began = tokio::time::Instant::now();
        step(&clock, on);
        while client.next().await.is_some() {}
        let after = began.elapsed();
        // And up to two seconds for the client to hang up.
        assert!(after >= Duration::from_secs(9) && after < Duration::from_secs(12), "{on} {after:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_expire_by_the_wall_clock() {
    let clock = ManualClock::default();
    let node = Node::at(clock.clone(), Config::default()).await;
    let room = node.group(&["ana", "ben"]).await;
    let half_an_hour = clock.now().plus(HOUR / 2).as_millis();
    let token = format!("ben@{half_an_hour}");
    let (mut short, _) = Ws::connect(&node.addr, &token, None).await.unwrap();
    let (mut long, _) = Ws::connect(&node.addr, "ben", None).await.unwrap();

    // An hour back: nothing expires, and all goes on.
    step(&clock, false);
    let sent = node.user("ana").send(room, Draft::text("back")).await.unwrap();
    for client in [&mut short, &mut long] {
        assert_eq!(client.event("message").await["data"]["seq"], sent.seq);
    }
    // An hour on from where it was: at once.
    step(&clock, true);
    step(&clock, true);
    let (frames, end) = short.rest().await;
    assert!(matches!(end, Got::Closed(4003, _)), "{end:?}");
    assert!(seqs(&frames, room).is_empty());
    let (status, problem) = node.http().call("GET", "/chat/rooms", Some(&token), None).await.unwrap();
    assert_eq!((status, problem["code"].as_str()), (401, Some("TOKEN_EXPIRED")));
    let sent = node.user("ana").send(room, Draft::text("on")).await.unwrap();
    assert_eq!(long.event("message").await["data"]["seq"], sent.seq, "who has time left stays");
    // And back once more: it holds again.
    step(&clock, false);
    assert!(Ws::connect(&node.addr, &token, None).await.is_ok());
}
