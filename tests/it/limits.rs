//! Rate limits: by user, by connection, and what happens to whoever does not stop. Time is paused.

use std::time::Duration;

use chat_core::config::{Rate, RateLimits};
use chat_core::event::{CloseReason, Command, Frame};
use chat_core::model::{Draft, NewRoom};
use chat_core::transport::{channel, drive};
use chat_core::{Actor, ChatEngine, Config, Error, RoomId, Session};

async fn engine(limits: impl FnOnce(&mut RateLimits)) -> ChatEngine {
    let mut config = Config::default();
    limits(&mut config.rate_limits);
    let tokens = chat_core::testing::NameTokens;
    ChatEngine::builder().config(config).authenticator(tokens).build().await.unwrap()
}

fn user(engine: &ChatEngine, name: &str) -> Actor {
    engine.as_user(name.parse().unwrap())
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    engine.admin().create_room(NewRoom::group("room").with(users.iter().copied())).await.unwrap()
}

/// When the refused may come back.
fn wait(error: &Error) -> Duration {
    assert_eq!(error.code(), "RATE_LIMITED");
    error.kind().retry_after().expect("it says when")
}

async fn send(session: &Session, room: RoomId) -> chat_core::Result<()> {
    session.send(room, Draft::text("hello")).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn nothing_is_limited_by_default() {
    let engine = engine(|_| {}).await;
    let room = group(&engine, &["ana"]).await;
    let ana = user(&engine, "ana");
    for _ in 0..1000 {
        ana.send(room, Draft::text("hello")).await.unwrap();
    }
    for _ in 0..200 {
        ana.block(&"ben".parse().unwrap()).await.unwrap();
        ana.unblock(&"ben".parse().unwrap()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_users_devices_share_one_rate_of_messages_and_others_keep_theirs() {
    let engine = engine(|limits| limits.messages = Some(Rate::per_second(2).with_burst(4))).await;
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = user(&engine, "ana");
    let devices = [ana.connect().await.unwrap(), ana.connect().await.unwrap()];
    for _ in 0..2 {
        for device in &devices {
            send(device, room).await.unwrap();
        }
    }
    let refused = ana.send(room, Draft::text("hello")).await.unwrap_err();
    assert!(wait(&refused) <= Duration::from_millis(500), "{refused:?}");
    assert!(send(&devices[0], room).await.is_err());
    user(&engine, "ben").send(room, Draft::text("hello")).await.unwrap();

    tokio::time::advance(wait(&refused)).await;
    ana.send(room, Draft::text("hello")).await.unwrap();
    assert!(ana.send(room, Draft::text("hello")).await.is_err(), "one has come back, not two");
    assert_eq!(ana.room(room).await.unwrap().room.seq, 6, "what was refused was not stored");
    tokio::time::advance(Duration::from_secs(60)).await;
    for _ in 0..4 {
        ana.send(room, Draft::text("hello")).await.unwrap();
    }
    assert!(ana.send(room, Draft::text("hello")).await.is_err(), "quiet saves up no more than the burst");
}

#[tokio::test(start_paused = true)]
async fn joining_and_leaving_in_turns_is_limited_and_the_host_never_is() {
    let engine = engine(|limits| limits.changes = Some(Rate::per_second(1).with_burst(6))).await;
    let room = group(&engine, &["ana", "ben"]).await;
    let (ana, ben) = (user(&engine, "ana"), user(&engine, "ben"));
    let mut turns = 0;
    let refused = loop {
        if let Err(error) = ben.leave(room).await {
            break error;
        }
        if let Err(error) = ana.invite(room, &["ben".parse().unwrap()]).await {
            break error;
        }
        turns += 1;
        assert!(turns < 100, "the churn goes on");
    };
    wait(&refused);
    assert_eq!(turns, 6);
    for _ in 0..50 {
        engine.admin().invite(room, &["cho".parse().unwrap()]).await.unwrap();
        engine.admin().remove(room, &"cho".parse().unwrap()).await.unwrap();
        engine.admin().set_blocked(&"dan".parse().unwrap(), &"eve".parse().unwrap(), true).await.unwrap();
        engine.admin().set_blocked(&"dan".parse().unwrap(), &"eve".parse().unwrap(), false).await.unwrap();
    }
    // Reading, marking and sending are no changes.
    ana.rooms(chat_core::model::PageQuery::new(1, chat_core::model::Limit::ROOMS).unwrap()).await.unwrap();
    ana.mark_read(room, None).await.unwrap();
    ana.send(room, Draft::text("hello")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_refused_and_goes_on_is_closed_and_the_users_other_one_stays() {
    let engine = engine(|limits| {
        limits.commands = Some(Rate::per_second(10).with_burst(20));
        limits.refusals = Some(Rate::per_second(1).with_burst(30));
    })
    .await;
    let quiet = user(&engine, "ana").connect().await.unwrap();
    let (mut client, transport) = channel(256);
    tokio::spawn(drive(engine.clone(), Box::new(transport)));
    client.hello(0, "ana", None).await;
    for id in 1..=200 {
        client.command(id, Command::Ping).await;
    }
    let (mut done, mut refused) = (0, 0);
    let reason = loop {
        match client.next().await.expect("the end is told") {
            Frame::Reply(_, reply) => match &*reply {
                Ok(_) => done += 1,
                Err(error) => {
                    wait(error);
                    refused += 1;
                }
            },
            Frame::Close(reason) => break reason,
            _ => {}
        }
    };
    assert_eq!((done, refused, reason), (20, 31, CloseReason::TooManyRequests));
    assert_eq!(quiet.close_reason(), None);
}

/// Ten thousand messages a second on one connection, most of them refused, beside fifty people who write
/// ten a second each: those get through as they do alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_on_one_connection_leaves_the_others_nine_tenths_of_their_throughput() {
    let engine = engine(|limits| limits.messages = Some(Rate::per_second(20).with_burst(60))).await;
    let alone = others_throughput(&engine).await;
    let flood = tokio::spawn(flood(engine.clone()));
    let beside = others_throughput(&engine).await;
    flood.abort();
    assert!(beside >= 0.9 * alone, "{beside:.0} a second beside the flood, {alone:.0} alone");
}

const SPAN: Duration = Duration::from_secs(2);

/// How many messages a second fifty people get through, each offering ten.
async fn others_throughput(engine: &ChatEngine) -> f64 {
    let room = group(engine, &["listener"]).await;
    let started = tokio::time::Instant::now();
    let mut people = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (engine, name) = (engine.clone(), format!("person{number}-{room}"));
        people.spawn(async move {
            engine.admin().invite(room, &[name.parse().unwrap()]).await.unwrap();
            let session = user(&engine, &name).connect().await.unwrap();
            let mut turns = tokio::time::interval(Duration::from_millis(100));
            let mut sent = 0;
            while started.elapsed() < SPAN {
                turns.tick().await;
                send(&session, room).await.unwrap();
                sent += 1;
            }
            sent
        });
    }
    let sent: u32 = people.join_all().await.into_iter().sum();
    f64::from(sent) / started.elapsed().as_secs_f64()
}

async fn flood(engine: ChatEngine) {
    let room = group(&engine, &["flooder"]).await;
    let (mut client, transport) = channel(1024);
    tokio::spawn(drive(engine, Box::new(transport)));
    client.hello(0, "flooder", None).await;
    let mut turns = tokio::time::interval(Duration::from_millis(10));
    for id in 1.. {
        if id % 100 == 1 {
            turns.tick().await;
        }
        client.command(id, Command::Send(room, Draft::text("flood"))).await;
        client.next().await.expect("it is refused, not closed");
    }
}
