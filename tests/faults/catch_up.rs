//! Catching up over a socket: every state after the client's place once, then the live ones; or none of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chat_core::event::EventKind;
use chat_core::model::{Draft, NewRoom, Position, Token};
use chat_core::store::{MemoryStore, SqliteStore};
use chat_core::testing::FaultyStore;
use chat_core::{Config, RoomId};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::kit::{Got, Node, Place, Ws, id, new_file, random, seqs, soon, text};

/// Talks in rooms until it is told to stop; gives the `seq` of each room's last message.
fn talk(
    node: &Arc<Node>,
    rooms: &[RoomId],
    until: &Arc<AtomicBool>,
    said: &Arc<AtomicU64>,
) -> JoinSet<(RoomId, u64)> {
    let mut talking = JoinSet::new();
    for room in rooms.iter().copied() {
        let (ana, until, said) = (node.user("ana"), until.clone(), said.clone());
        talking.spawn(async move {
            let mut last = 0;
            for number in 0.. {
                last = ana.send(room, Draft::text(format!("m{number}"))).await.unwrap().seq;
                said.fetch_add(1, Ordering::SeqCst);
                if until.load(Ordering::SeqCst) {
                    break;
                }
                if number % 16 == 9 {
                    ana.rename(room, &format!("name {number}")).await.unwrap();
                }
                // A pace that a slow machine can keep up with.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            (room, last)
        });
    }
    talking
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_cut_at_any_moment_hears_each_state_once_while_its_rooms_go_on_changing() {
    let (_folder, db) = new_file();
    let node = Arc::new(Node::on(Arc::new(SqliteStore::open(&db).await.unwrap())).await);
    let mut rooms = Vec::new();
    for _ in 0..5 {
        rooms.push(node.group(&["ana", "ben"]).await);
    }
    let mut place = Place::default();
    drop(place.connect(&node.addr, "ben").await.unwrap());
    let (stop, said) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let talking = talk(&node, &rooms, &stop, &said);
    let mut told: BTreeMap<RoomId, u64> = BTreeMap::new();
    let mut cut_short = 0;
    for turn in 0..40 {
        // Away for at least so many messages.
        let enough = said.load(Ordering::SeqCst) + 30;
        while said.load(Ordering::SeqCst) < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut client = place.connect(&node.addr, "ben").await.unwrap();
        // In the middle of a catch-up as a rule, or right after it and some way into the live events.
        let (to_the_end, mut stay) = (turn % 2 == 1, 1 + random(20));
        let mut is_caught_up = false;
        while stay > 0 {
            let frame = soon("a frame", client.next()).await.frame();
            is_caught_up |= frame["event"] == "caughtUp";
            stay -= u64::from(is_caught_up || !to_the_end);
            for event in place.take(frame) {
                note(&mut told, &event);
            }
        }
        cut_short += u32::from(!is_caught_up);
    }
    stop.store(true, Ordering::SeqCst);
    let last: BTreeMap<RoomId, u64> = soon("the end", talking.join_all()).await.into_iter().collect();
    let mut client = place.connect(&node.addr, "ben").await.unwrap();
    while told.iter().ne(&last) {
        let frame = soon("the rest", client.next()).await.frame();
        for event in place.take(frame) {
            note(&mut told, &event);
        }
    }
    assert!(cut_short >= 10, "{cut_short} cuts in the middle of a catch-up");
}

/// Takes a message in: the next one of its room.
fn note(told: &mut BTreeMap<RoomId, u64>, event: &Value) {
    if event["event"] == "message" || event["event"] == "system" {
        let last = told.entry(text(&event["room"]).parse().unwrap()).or_default();
        assert_eq!(event["data"]["seq"], *last + 1, "each once, in order, without a gap: {event}");
        *last += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_thousand_rooms_only_the_five_that_changed_are_read() {
    let store = FaultyStore::on(MemoryStore::new());
    let node = Node::on(store.shared()).await;
    let mut rooms = Vec::new();
    for _ in 0..1000 {
        rooms.push(node.engine.admin().create_room(NewRoom::group("r").with(["ana", "ben"])).await.unwrap());
    }
    let since = Ws::connect(&node.addr, "ben", None).await.unwrap().1["pos"].clone();
    let changed: Vec<RoomId> = rooms.iter().copied().step_by(200).collect();
    for room in &changed {
        for _ in 0..3 {
            node.user("ana").send(*room, Draft::text("hi")).await.unwrap();
        }
    }
    store.calls();
    let (mut client, ready) = Ws::connect(&node.addr, "ben", since.as_str()).await.unwrap();
    assert_eq!(ready["recovered"], true);
    let mut told = Vec::new();
    while told.last().is_none_or(|frame: &Value| frame["event"] != "caughtUp") {
        told.push(soon("the catch-up", client.next()).await.frame());
    }
    let calls = store.calls();
    for room in &changed {
        assert_eq!(seqs(&told, *room), [1, 2, 3]);
    }
    assert_eq!(told.len(), 5 * 3 + 1, "and nothing else");
    assert_eq!(calls["messages_since"], 5, "{calls:?}");
    assert_eq!(calls["changed_rooms"], 1, "{calls:?}");
    // Two pages of memberships and an end, the rooms' list, the position a few times; each changed room's
    // messages and members.
    assert!(calls.values().sum::<usize>() <= 24, "{calls:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_for_a_month_reads_page_by_page_while_the_traffic_goes_on() {
    const AWAY: u64 = 4000;
    // What is held back overflows again and again: the catch-up has to read on and on.
    let mut config = Config::default();
    config.mailbox_events = 64;
    let node = Arc::new(Node::with(Arc::new(MemoryStore::new()), config).await);
    let rooms = [node.group(&["ana", "ben"]).await, node.group(&["ana", "ben"]).await];
    let mut place = Place::default();
    drop(place.connect(&node.addr, "ben").await.unwrap());
    for number in 0..AWAY {
        let room = rooms[usize::from(number % 4 == 0)];
        node.user("ana").send(room, Draft::text("x".repeat(200))).await.unwrap();
    }
    let (stop, said) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let talking = talk(&node, &rooms, &stop, &said);
    let mut client = place.connect(&node.addr, "ben").await.unwrap();
    let mut told: BTreeMap<RoomId, u64> = BTreeMap::new();
    let mut heard = 0;
    let until_live = async {
        loop {
            let Got::Frame(frame) = client.next().await else { panic!("a prompt reader is not closed") };
            let is_caught_up = frame["event"] == "caughtUp";
            heard += 1;
            for event in place.take(frame) {
                note(&mut told, &event);
            }
            if heard == AWAY / 2 {
                // Half-way through is enough of a storm: a debug build may never catch up with it.
                stop.store(true, Ordering::SeqCst);
            }
            if is_caught_up {
                return;
            }
        }
    };
    soon("the catch-up", until_live).await;
    let last: BTreeMap<RoomId, u64> = talking.join_all().await.into_iter().collect();
    node.user("ana").send(rooms[0], Draft::text("live")).await.unwrap();
    while told[&rooms[0]] <= last[&rooms[0]] || told[&rooms[1]] < last[&rooms[1]] {
        for event in place.take(soon("the live ones", client.next()).await.frame()) {
            note(&mut told, &event);
        }
    }
    assert!(told.values().sum::<u64>() > AWAY, "the rooms went on changing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_added_to_thousands_of_rooms_while_away_catches_up_however_slowly_they_read() {
    const ROOMS: usize = 3000;
    let node = Node::on(Arc::new(MemoryStore::new())).await;
    let ben = node.user("ben");
    let before = node.group(&["ana", "ben"]).await;
    let since = ready_token(&mut ben.connect().await.unwrap()).await;
    for _ in 0..ROOMS {
        node.engine.admin().create_room(NewRoom::group("r").with(["ben"])).await.unwrap();
    }
    // A session that takes nothing: the catch-up has to wait for it.
    let mut session = ben.connect_since(since).await.unwrap();
    for _ in 0..100 {
        node.user("ana").send(before, Draft::text("meanwhile")).await.unwrap();
    }
    let mut resets = 0;
    let heard = soon("the catch-up", async {
        let mut heard = Vec::new();
        loop {
            match &session.next().await.expect("it is not closed").kind {
                EventKind::Room(..) => resets += 1,
                EventKind::Message(message) => heard.push(message.seq),
                EventKind::CaughtUp { recovered } => assert!(recovered),
                _ => {}
            }
            if resets == ROOMS && heard.len() == 100 {
                return heard;
            }
        }
    });
    assert!(heard.await.into_iter().eq(1..=100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_mailbox_is_half_full_when_the_catch_up_ends_is_not_closed_by_the_live_ones_that_were_held_back()
 {
    // Of 64 entries, `ready` and what was missed take half, and what is held back more than the rest.
    const AWAY: u64 = 31;
    const MEANWHILE: u64 = 50;
    let mut config = Config::default();
    config.mailbox_events = 64;
    let store = FaultyStore::on(MemoryStore::new());
    let node = Node::with(store.shared(), config).await;
    let room = node.group(&["ana", "ben"]).await;
    let since = ready_token(&mut node.user("ben").connect().await.unwrap()).await;
    let say = async |count: u64| {
        for _ in 0..count {
            node.user("ana").send(room, Draft::text("hi")).await.unwrap();
        }
    };
    say(AWAY).await;
    let reading = store.hang_reads().await;
    store.calls();
    let mut session = node.user("ben").connect_since(since).await.unwrap();
    soon("messages_since", store.called("messages_since")).await;
    say(MEANWHILE).await;
    drop(reading);
    soon("members_since", store.called("members_since")).await;
    say(1).await;
    let mut heard = Vec::new();
    while heard.len() as u64 <= AWAY + MEANWHILE {
        let event = soon("the rest", session.next()).await;
        if let EventKind::Message(message) = &event.expect("it is not closed").kind {
            heard.push(message.seq);
        }
    }
    assert!(heard.into_iter().eq(1..=AWAY + MEANWHILE + 1), "each once");
}

/// The token that a fresh session begins with.
async fn ready_token(session: &mut chat_core::Session) -> Token {
    session.next().await.unwrap().token.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_room_that_was_lost_while_away_nothing_is_told_but_that_it_is_lost() {
    let (_folder, db) = new_file();
    let node = Node::on(Arc::new(SqliteStore::open(&db).await.unwrap())).await;
    let (lost, kept) = (node.group(&["ana", "ben"]).await, node.group(&["ana", "ben"]).await);
    let since = text(&Ws::connect(&node.addr, "ben", None).await.unwrap().1["pos"]);
    let ana = node.user("ana");
    for room in [lost, kept] {
        ana.send(room, Draft::text("before")).await.unwrap();
    }
    ana.remove(lost, &id("ben")).await.unwrap();
    for room in [lost, kept] {
        ana.send(room, Draft::text("after")).await.unwrap();
        ana.rename(room, "another name").await.unwrap();
    }
    let (mut client, _) = Ws::connect(&node.addr, "ben", Some(&since)).await.unwrap();
    let mut told = Vec::new();
    while told.last().is_none_or(|frame: &Value| frame["event"] != "caughtUp") {
        told.push(soon("the catch-up", client.next()).await.frame());
    }
    let of_lost: Vec<_> = told.iter().filter(|frame| frame["room"] == *lost.to_string()).collect();
    assert_eq!(of_lost.len(), 1, "{of_lost:?}");
    assert_eq!((&of_lost[0]["event"], &of_lost[0]["data"]["change"]), (&json!("room"), &json!("left")));
    assert_eq!(seqs(&told, kept), [1, 2, 3]);
    ana.send(lost, Draft::text("and later")).await.unwrap();
    ana.send(kept, Draft::text("live")).await.unwrap();
    assert_eq!(client.event("message").await["room"], *kept.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_another_epoch_recovers_nothing_and_tells_nothing_old() {
    let node = Node::on(Arc::new(MemoryStore::new())).await;
    let room = node.group(&["ana", "ben"]).await;
    let (mut live, ready) = Ws::connect(&node.addr, "ben", None).await.unwrap();
    node.user("ana").send(room, Draft::text("one")).await.unwrap();
    live.event("message").await;
    // A restore.
    node.engine.admin().rotate_epoch().await.unwrap();
    nothing_is_recovered(&node, room, &text(&ready["pos"])).await;
    // Live connections go on, with tokens of the new epoch, which are good.
    let event = live.event("message").await;
    let (_, ready) = Ws::connect(&node.addr, "ben", event["pos"].as_str()).await.unwrap();
    assert_eq!(ready["recovered"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_ahead_of_the_store_recovers_nothing_and_voids_all_tokens_at_once() {
    let node = Node::on(Arc::new(MemoryStore::new())).await;
    let room = node.group(&["ana", "ben"]).await;
    let ready = Ws::connect(&node.addr, "ben", None).await.unwrap().1;
    let good = text(&ready["pos"]);
    node.user("ana").send(room, Draft::text("one")).await.unwrap();
    let (mut live, _) = Ws::connect(&node.addr, "ben", Some(&good)).await.unwrap();
    live.event("caughtUp").await;
    let ahead = Token { position: Position::single(1 << 40), ..good.parse().unwrap() };
    nothing_is_recovered(&node, room, &ahead.to_string()).await;
    // The others' tokens are of a history that is no more.
    nothing_is_recovered(&node, room, &good).await;
    let event = live.event("message").await;
    assert_ne!(event["pos"].as_str().unwrap().parse::<Token>().unwrap().epoch, ahead.epoch);
}

/// Connects with a token that is void; sends one live message.
async fn nothing_is_recovered(node: &Node, room: RoomId, since: &str) {
    let (mut client, ready) = Ws::connect(&node.addr, "ben", Some(since)).await.unwrap();
    assert_eq!(ready["recovered"], false);
    let told = soon("the end of the catch-up", client.next()).await.frame();
    assert_eq!((&told["event"], &told["data"]["recovered"]), (&json!("caughtUp"), &json!(false)), "{told}");
    let new: Token = text(&told["pos"]).parse().unwrap();
    assert_ne!(new.epoch, since.parse::<Token>().unwrap().epoch);
    let sent = node.user("ana").send(room, Draft::text("live")).await.unwrap();
    let event = client.event("message").await;
    assert_eq!(event["data"]["seq"], sent.seq, "live events go on");
    let (_, ready) = Ws::connect(&node.addr, "ben", event["pos"].as_str()).await.unwrap();
    assert_eq!(ready["recovered"], true, "and the new token is good");
}
