//! The engine in process, on every store: rooms, messages, marks, races.

use std::sync::Arc;

use chat_core::event::{EventKind, RoomChange};
use chat_core::model::{Cursor, Draft, HistoryQuery, Limit, Mark, NewRoom, PageQuery, Profile, Span};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::{Actor, ChatEngine, ErrorKind, RoomId, UserId};

/// Runs each case on each store.
macro_rules! on_every_store {
    ($($case:ident)*) => {
        mod memory { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            super::$case(super::engine(chat_core::store::MemoryStore::new()).await).await;
        })* }
        mod memory_of_four_lanes { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            super::$case(super::engine(chat_core::store::MemoryStore::with_lanes(4)).await).await;
        })* }
        mod sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            let dir = tempfile::tempdir().unwrap();
            let store = chat_core::store::SqliteStore::open(dir.path().join("chat.db")).await.unwrap();
            super::$case(super::engine(store).await).await;
        })* }
        mod postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $case() {
            let Some(database) = crate::postgres::Database::fresh().await else { return };
            super::$case(super::engine(database.store().await).await).await;
        })* }
    };
}

on_every_store! {
    one_hundred_creations_of_a_direct_room_at_once_make_one_room
    somebody_who_leaves_in_the_middle_of_a_stream_stays_out
    three_senders_at_once_make_one_order_in_history
    one_hundred_racing_retries_store_one_message_and_tell_it_once
    pages_and_cursors_walk_105_messages_without_loss_or_repeat
    unread_counts_hold_over_a_mixed_history_of_several_people
    a_room_is_named_after_the_others_as_each_sees_it
    rules_of_rooms_bind_users_and_not_the_host
    a_closed_room_can_be_read_and_not_written
    a_client_away_gets_each_state_once_then_the_live
    leaves_and_rejoins_are_learnt_while_away
    a_catch_up_goes_on_while_its_rooms_change
    a_user_of_250_rooms_joins_them_all
    delivered_marks_are_told_once_a_second_however_often_they_move
}

async fn engine(store: impl Store) -> ChatEngine {
    ChatEngine::builder().store(store).build().await.unwrap()
}

fn id(name: &str) -> UserId {
    name.parse().unwrap()
}

fn user(engine: &ChatEngine, name: &str) -> Actor {
    engine.as_user(id(name))
}

async fn group(engine: &ChatEngine, users: &[&str]) -> RoomId {
    let new = NewRoom::group("room").with(users[1..].iter().copied());
    user(engine, users[0]).create_room(new).await.unwrap().id()
}

fn code<T: std::fmt::Debug>(result: chat_core::Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}

async fn seqs(actor: &Actor, room: RoomId, query: HistoryQuery) -> (Vec<u64>, Span) {
    let history = actor.history(room, query).await.unwrap();
    (history.messages.iter().map(|seen| seen.message.seq).collect(), history.span)
}

async fn one_hundred_creations_of_a_direct_room_at_once_make_one_room(engine: ChatEngine) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100 {
        let (me, other) = if number % 2 == 0 { ("ana", "ben") } else { ("ben", "ana") };
        let actor = user(&engine, me);
        tasks.spawn(async move { actor.create_room(NewRoom::direct(other)).await.unwrap() });
    }
    let created = tasks.join_all().await;
    assert_eq!(created.iter().filter(|one| one.is_new).count(), 1);
    assert!(created.iter().all(|one| one.id() == created[0].id()));
}

async fn somebody_who_leaves_in_the_middle_of_a_stream_stays_out(engine: ChatEngine) {
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    let ben = user(&engine, "ben");
    let mut session = ben.connect().await.unwrap();
    let ana = user(&engine, "ana");
    let stream = tokio::spawn(async move {
        for number in 0..200 {
            ana.send(room, Draft::text(format!("m{number}"))).await.unwrap();
        }
    });
    while let Some(event) = session.next().await {
        if matches!(&event.kind, EventKind::Message(message) if message.seq >= 20) {
            break;
        }
    }
    ben.leave(room).await.unwrap();
    let left_at = user(&engine, "cho").room(room).await.unwrap().room.seq;
    stream.await.unwrap();
    assert_eq!(code(ben.send(room, Draft::text("still here?")).await), "NOT_A_PARTICIPANT");
    assert_eq!(code(ben.history(room, HistoryQuery::newest(Limit::MESSAGES)).await), "NOT_A_PARTICIPANT");
    // Whatever still waits in the session was committed before the leave was answered.
    while let Ok(Some(event)) =
        tokio::time::timeout(std::time::Duration::from_millis(200), session.next()).await
    {
        if let EventKind::Message(message) = &event.kind {
            assert!(message.seq < left_at, "{} came after the leave at {left_at}", message.seq);
        }
    }
}

async fn three_senders_at_once_make_one_order_in_history(engine: ChatEngine) {
    const EACH: usize = 40;
    let room = group(&engine, &["ana", "ben", "cho", "dee"]).await;
    let mut session = user(&engine, "dee").connect().await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for name in ["ana", "ben", "cho"] {
        let actor = user(&engine, name);
        tasks.spawn(async move {
            for number in 0..EACH {
                actor.send(room, Draft::text(format!("{name} {number}"))).await.unwrap();
            }
        });
    }
    let mut live = Vec::new();
    while live.len() < 3 * EACH {
        if let EventKind::Message(message) = &session.next().await.unwrap().kind {
            live.push((message.seq, message.body.content().unwrap().to_owned()));
        }
    }
    tasks.join_all().await;
    let limit = Limit::new(100).unwrap();
    let mut stored = Vec::new();
    for page in 1..=2 {
        let query = HistoryQuery::Page(PageQuery::new(page, limit).unwrap());
        for seen in user(&engine, "ana").history(room, query).await.unwrap().messages {
            stored.push((seen.message.seq, seen.message.body.content().unwrap().to_owned()));
        }
    }
    stored.reverse();
    assert_eq!(live, stored);
    for name in ["ana", "ben", "cho"] {
        let own = live.iter().filter_map(|(_, text)| text.strip_prefix(name));
        assert!(
            own.map(|number| number.trim().parse::<usize>().unwrap()).eq(0..EACH),
            "each sender's own order"
        );
    }
}

async fn one_hundred_racing_retries_store_one_message_and_tell_it_once(engine: ChatEngine) {
    let room = group(&engine, &["ana", "ben"]).await;
    let mut session = user(&engine, "ben").connect().await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let ana = user(&engine, "ana");
        tasks.spawn(async move { ana.send(room, Draft::text("hi").with_client_id("c1")).await.unwrap().id });
    }
    let ids = tasks.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]));
    let ana = user(&engine, "ana");
    assert_eq!(code(ana.send(room, Draft::text("ho").with_client_id("c1")).await), "CLIENT_ID_CONFLICT");
    ana.send(room, Draft::text("end")).await.unwrap();
    let mut told = 0;
    loop {
        match &session.next().await.unwrap().kind {
            EventKind::Message(message) if message.body.content() == Some("end") => break,
            EventKind::Message(_) => told += 1,
            _ => {}
        }
    }
    assert_eq!(told, 1);
    assert_eq!(ana.room(room).await.unwrap().room.seq, 2);
}

async fn pages_and_cursors_walk_105_messages_without_loss_or_repeat(engine: ChatEngine) {
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = user(&engine, "ana");
    let mut ids = Vec::new();
    for number in 1..=105 {
        ids.push(ana.send(room, Draft::text(format!("m{number}"))).await.unwrap().id);
    }
    let limit = Limit::new(20).unwrap();
    let all: Vec<u64> = (1..=105).rev().collect();

    let mut walked = Vec::new();
    for page in 1..=6 {
        let (page, span) = seqs(&ana, room, HistoryQuery::Page(PageQuery::new(page, limit).unwrap())).await;
        walked.extend(page);
        let Span::Page { query, total } = span else { panic!("{span:?}") };
        assert_eq!((total, query.has_more(total)), (105, walked.len() < 105));
    }
    assert_eq!(walked, all);
    let (beyond, _) = seqs(&ana, room, HistoryQuery::Page(PageQuery::new(7, limit).unwrap())).await;
    assert!(beyond.is_empty());

    let mut walked: Vec<u64> = Vec::new();
    let mut cursor = Cursor::Seq(u64::MAX);
    loop {
        let (window, span) = seqs(&ana, room, HistoryQuery::Before(cursor, limit)).await;
        let Some(last) = window.last() else { break };
        cursor = Cursor::Message(ids[*last as usize - 1]);
        walked.extend(&window);
        let Span::Window { has_more_before, .. } = span else { panic!("{span:?}") };
        assert_eq!(has_more_before, walked.len() < 105);
    }
    assert_eq!(walked, all);

    let mut walked: Vec<u64> = Vec::new();
    let mut cursor = Cursor::Seq(0);
    loop {
        let (window, span) = seqs(&ana, room, HistoryQuery::After(cursor, limit)).await;
        let Some(first) = window.first() else { break };
        cursor = Cursor::Seq(*first);
        walked.splice(0..0, window.iter().copied());
        let Span::Window { has_more_after, .. } = span else { panic!("{span:?}") };
        assert_eq!(has_more_after, walked.len() < 105);
    }
    assert_eq!(walked, all);

    for (at, expected) in [(1, 1..=20), (50, 41..=60), (105, 86..=105)] {
        let (window, _) = seqs(&ana, room, HistoryQuery::Around(Cursor::Message(ids[at - 1]), limit)).await;
        assert!(window.contains(&(at as u64)), "the message itself is there");
        assert!(window.len() <= 20 && window.iter().all(|seq| expected.contains(seq)), "{window:?}");
    }
    let other = group(&engine, &["ana"]).await;
    let foreign = HistoryQuery::Before(Cursor::Message(ids[0]), limit);
    assert_eq!(code(ana.history(other, foreign).await), "MESSAGE_NOT_FOUND");
}

async fn unread_counts_hold_over_a_mixed_history_of_several_people(engine: ChatEngine) {
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    let [ana, ben, cho] = ["ana", "ben", "cho"].map(|name| user(&engine, name));
    let unread = async |actor: &Actor| actor.room(room).await.unwrap().unread;
    for actor in [&ana, &ben, &ana, &cho] {
        actor.send(room, Draft::text("hi")).await.unwrap();
    }
    ana.invite(room, &[id("dee")]).await.unwrap();
    let dee = user(&engine, "dee");
    assert_eq!(unread(&ana).await, 2);
    assert_eq!(unread(&ben).await, 3);
    assert_eq!(
        unread(&dee).await,
        0,
        "a newcomer starts at the head, and a SYSTEM message counts for nobody"
    );
    let marked = ben.mark_read(room, Some(Cursor::Seq(3))).await.unwrap();
    assert_eq!((marked.read_seq, marked.unread), (3, 1));
    assert_eq!(
        ben.mark_read(room, Some(Cursor::Seq(1))).await.unwrap().read_seq,
        3,
        "a mark never goes back"
    );
    ben.send(room, Draft::image("https://example.org/a.png")).await.unwrap();
    assert_eq!(unread(&ben).await, 1, "one's own is never unread, and moves no mark");
    assert_eq!(unread(&dee).await, 1);
    assert_eq!(ben.mark_read(room, None).await.unwrap().unread, 0);
    let history = ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    let third = history.messages.iter().find(|seen| seen.message.seq == 3).unwrap();
    assert_eq!((third.receipt.read_count, third.receipt.is_read), (2, false));
    assert_eq!(third.receipt.read_by, [id("ana"), id("ben")]);
    cho.mark_read(room, None).await.unwrap();
    let history = ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap();
    let third = history.messages.iter().find(|seen| seen.message.seq == 3).unwrap();
    assert!(third.receipt.is_read, "dee came later and is not waited for");
}

async fn a_room_is_named_after_the_others_as_each_sees_it(engine: ChatEngine) {
    let profile = |name: &str, shown: &str| Profile { user: id(name), nickname: shown.into(), image: None };
    engine.admin().set_profile(profile("ana", "Ana")).await.unwrap();
    engine.admin().set_profile(profile("ben", "벤")).await.unwrap();
    let room = user(&engine, "ana").create_room(NewRoom::direct("ben")).await.unwrap();
    assert_eq!(&*room.view.name, "벤");
    assert_eq!(&*user(&engine, "ben").room(room.id()).await.unwrap().name, "Ana");
    user(&engine, "ben").leave(room.id()).await.unwrap();
    let left = user(&engine, "ana").room(room.id()).await.unwrap();
    assert_eq!((&*left.name, left.room.members, left.participants), ("벤", 1, vec![id("ana")]));
}

async fn rules_of_rooms_bind_users_and_not_the_host(engine: ChatEngine) {
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    let [ana, ben] = ["ana", "ben"].map(|name| user(&engine, name));
    assert_eq!(code(ben.remove(room, &id("cho")).await), "FORBIDDEN");
    assert_eq!(code(ben.rename(room, "mine").await), "FORBIDDEN");
    assert_eq!(code(ben.close(room).await), "FORBIDDEN");
    assert_eq!(code(user(&engine, "dee").invite(room, &[id("dee")]).await), "NOT_A_PARTICIPANT");
    assert_eq!(code(ana.remove(room, &id("nobody")).await), "INVALID_INPUT");
    assert_eq!(&*ana.rename(room, " Runners ").await.unwrap().name, "Runners");
    ana.remove(room, &id("cho")).await.unwrap();
    engine.admin().remove(room, &id("ana")).await.unwrap();
    engine.admin().close(room).await.unwrap();
    let direct = ben.create_room(NewRoom::direct("cho")).await.unwrap().id();
    assert_eq!(code(ben.invite(direct, &[id("dee")]).await), "FORBIDDEN");
    assert_eq!(code(engine.admin().invite(direct, &[id("dee")]).await), "FORBIDDEN");
    assert_eq!(code(ben.room(RoomId::generate()).await), "ROOM_NOT_FOUND");
}

async fn a_closed_room_can_be_read_and_not_written(engine: ChatEngine) {
    let [ana, ben] = ["ana", "ben"].map(|name| user(&engine, name));
    let challenge = || NewRoom::challenge("c-1", "Ten days").with(["ben"]);
    let room = ana.create_room(challenge()).await.unwrap().id();
    let standing = ben.create_room(challenge()).await.unwrap_err();
    assert_eq!(*standing.kind(), ErrorKind::ChallengeRoomExists(room));
    ana.send(room, Draft::text("hi")).await.unwrap();
    ana.close(room).await.unwrap();
    assert_eq!(code(ben.send(room, Draft::text("hi")).await), "ROOM_CLOSED");
    assert_eq!(code(ana.invite(room, &[id("cho")]).await), "ROOM_CLOSED");
    assert_eq!(ben.room(room).await.unwrap().last_message.unwrap().message.seq, 1);
    assert!(ben.create_room(challenge()).await.unwrap().is_new, "its key is free again");
    ben.leave(room).await.unwrap();
    assert_eq!(code(ben.room(room).await), "NOT_A_PARTICIPANT");
}

/// Everything until the catch-up has ended, as short texts.
async fn missed(session: &mut chat_core::Session) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        let event = session.next().await.unwrap();
        match &event.kind {
            EventKind::Ready(ready) => assert!(ready.recovered),
            EventKind::CaughtUp { recovered } => {
                assert!(recovered);
                return told;
            }
            EventKind::Message(message) | EventKind::System(message) => {
                told.push(format!("{} {}", message.seq, message.body.content().unwrap()));
            }
            EventKind::Participant(profile, joined) => told.push(format!("{} {joined}", profile.user)),
            EventKind::Room(change, room) => {
                told.push(format!("{change:?} {}", room.name.as_deref().unwrap_or("-")))
            }
            EventKind::Marked(user, mark, at) => told.push(format!("{user} {mark:?} {}", at.read_seq)),
            _ => {}
        }
    }
}

async fn position(engine: &ChatEngine, name: &str) -> chat_core::model::Token {
    user(engine, name).connect().await.unwrap().next().await.unwrap().token.unwrap()
}

async fn a_client_away_gets_each_state_once_then_the_live(engine: ChatEngine) {
    let room = group(&engine, &["ana", "ben", "cho"]).await;
    let [ana, cho] = ["ana", "cho"].map(|name| user(&engine, name));
    ana.send(room, Draft::text("before")).await.unwrap();
    let since = position(&engine, "ben").await;
    ana.send(room, Draft::text("one")).await.unwrap();
    ana.rename(room, "First").await.unwrap();
    ana.rename(room, "Second").await.unwrap();
    cho.leave(room).await.unwrap();
    ana.invite(room, &[id("dee")]).await.unwrap();
    ana.mark_read(room, None).await.unwrap();
    let mut session = user(&engine, "ben").connect_since(since).await.unwrap();
    assert_eq!(
        missed(&mut session).await,
        [
            "2 one",
            "3 ana renamed the room to First",
            "4 ana renamed the room to Second",
            "5 cho left",
            "6 dee joined",
            "cho false",
            "dee true",
            "Updated Second",
            "ana Read 6",
        ]
    );
    ana.send(room, Draft::text("live")).await.unwrap();
    let event = session.next().await.unwrap();
    assert!(matches!(&event.kind, EventKind::Message(message) if message.seq == 7));
}

async fn leaves_and_rejoins_are_learnt_while_away(engine: ChatEngine) {
    let [left, again, new] = [
        group(&engine, &["ana", "ben"]).await,
        group(&engine, &["ana", "ben"]).await,
        group(&engine, &["ana"]).await,
    ];
    let (ana, ben) = (user(&engine, "ana"), user(&engine, "ben"));
    let since = position(&engine, "ben").await;
    for room in [left, again] {
        ana.send(room, Draft::text("secret")).await.unwrap();
        ana.remove(room, ben.user()).await.unwrap();
    }
    ana.invite(again, &[id("ben")]).await.unwrap();
    ana.invite(new, &[id("ben")]).await.unwrap();
    let mut session = ben.connect_since(since).await.unwrap();
    let mut told = Vec::new();
    loop {
        let event = session.next().await.unwrap();
        match &event.kind {
            EventKind::Room(change, room) => told.push((room.id, *change)),
            EventKind::Message(message) => panic!("{message:?} is of a stay that has ended"),
            EventKind::CaughtUp { recovered } => break assert!(recovered),
            _ => {}
        }
    }
    told.sort();
    let mut expected = [(left, RoomChange::Left), (again, RoomChange::Reset), (new, RoomChange::Reset)];
    expected.sort();
    assert_eq!(told, expected);
}

async fn a_catch_up_goes_on_while_its_rooms_change(engine: ChatEngine) {
    const BEFORE: u64 = 1500;
    const AFTER: u64 = 500;
    let room = group(&engine, &["ana", "ben"]).await;
    let since = position(&engine, "ben").await;
    let ana = Arc::new(user(&engine, "ana"));
    let burst = async |from: u64, to: u64| {
        let mut tasks = tokio::task::JoinSet::new();
        for number in from..=to {
            let ana = ana.clone();
            tasks.spawn(async move { ana.send(room, Draft::text(format!("{number}"))).await.unwrap() });
        }
        tasks.join_all().await;
    };
    burst(1, BEFORE).await;
    let mut session = user(&engine, "ben").connect_since(since).await.unwrap();
    let hear = async {
        let mut heard = Vec::new();
        let mut caught_up = false;
        while !caught_up || heard.len() < (BEFORE + AFTER) as usize {
            match &session.next().await.expect("the session goes on").kind {
                EventKind::Message(message) => heard.push(message.seq),
                EventKind::CaughtUp { recovered } => caught_up = *recovered,
                _ => {}
            }
        }
        heard
    };
    let (heard, ()) = tokio::join!(hear, burst(BEFORE + 1, BEFORE + AFTER));
    assert!(heard.into_iter().eq(1..=BEFORE + AFTER), "each once, in order, without a seam");
}

async fn a_user_of_250_rooms_joins_them_all(engine: ChatEngine) {
    let ana = user(&engine, "ana");
    let mut rooms = Vec::new();
    for _ in 0..250 {
        rooms.push(ana.create_room(NewRoom::group("room").with(["ben"])).await.unwrap().id());
    }
    let mut session = user(&engine, "ben").connect().await.unwrap();
    for room in &rooms {
        ana.send(*room, Draft::text("hi")).await.unwrap();
    }
    let mut heard = Vec::new();
    while heard.len() < rooms.len() {
        if let EventKind::Message(message) = &session.next().await.unwrap().kind {
            heard.push(message.room);
        }
    }
    assert_eq!(heard, rooms);
}

async fn delivered_marks_are_told_once_a_second_however_often_they_move(engine: ChatEngine) {
    let room = group(&engine, &["ana", "ben"]).await;
    let (ana, ben) = (user(&engine, "ana"), user(&engine, "ben"));
    let mut session = ana.connect().await.unwrap();
    for seq in 1..=50 {
        ana.send(room, Draft::text(format!("m{seq}"))).await.unwrap();
        let marked = ben.mark_delivered(room, Some(Cursor::Seq(seq))).await.unwrap();
        assert_eq!((marked.delivered_seq, marked.read_seq), (seq, 0), "the answer tells it at once");
    }
    let mut told = Vec::new();
    while told.last() != Some(&50) {
        let event = session.next().await.expect("open");
        if let EventKind::Marked(_, Mark::Delivered, at) = &event.kind {
            told.push(at.delivered_seq);
        }
    }
    assert!(told.len() <= 5 && told.is_sorted(), "{told:?}");
    // Less than what stands moves nothing, and reading moves it along at once.
    assert_eq!(ben.mark_delivered(room, Some(Cursor::Seq(3))).await.unwrap().delivered_seq, 50);
    ana.send(room, Draft::text("one more")).await.unwrap();
    assert_eq!(ben.mark_read(room, None).await.unwrap().delivered_seq, 51);
}

#[tokio::test]
async fn a_token_ahead_of_the_store_voids_all_tokens() {
    let (old, new) = (engine(MemoryStore::new()).await, engine(MemoryStore::new()).await);
    for _ in 0..3 {
        group(&old, &["ana"]).await;
    }
    // The same history, restored from an older copy: its epoch is the same, its position is behind.
    let ahead =
        chat_core::model::Token { epoch: position(&new, "ana").await.epoch, ..position(&old, "ana").await };
    let mut session = user(&new, "ana").connect_since(ahead).await.unwrap();
    loop {
        let event = session.next().await.unwrap();
        if let EventKind::CaughtUp { recovered } = event.kind {
            assert!(!recovered);
            assert_ne!(event.token.unwrap().epoch, ahead.epoch);
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn typing_ends_by_itself_after_six_seconds() {
    let engine = engine(MemoryStore::new()).await;
    let room = group(&engine, &["ana", "ben"]).await;
    let typist = user(&engine, "ana").connect().await.unwrap();
    let mut session = user(&engine, "ben").connect().await.unwrap();
    typist.execute(chat_core::event::Command::Typing(room, true)).await.unwrap();
    let began = tokio::time::Instant::now();
    let mut told = Vec::new();
    while told.len() < 2 {
        if let EventKind::Typing(_, is_typing) = session.next().await.unwrap().kind {
            told.push(is_typing);
        }
    }
    assert_eq!(told, [true, false]);
    let after = began.elapsed();
    assert!(
        after >= std::time::Duration::from_secs(6) && after < std::time::Duration::from_millis(6500),
        "{after:?}"
    );
}

#[tokio::test]
async fn history_and_unread_counts_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chat.db");
    let open = async || engine(SqliteStore::open(&path).await.unwrap()).await;
    let first = open().await;
    let room = group(&first, &["ana", "ben"]).await;
    user(&first, "ana").send(room, Draft::text("안녕 🦊")).await.unwrap();
    let since = position(&first, "ben").await;
    user(&first, "ana").send(room, Draft::text("two")).await.unwrap();
    drop(first);
    let second = open().await;
    let ben = user(&second, "ben");
    assert_eq!(ben.room(room).await.unwrap().unread, 2);
    let mut session = ben.connect_since(since).await.unwrap();
    assert_eq!(missed(&mut session).await, ["2 two"], "a token is good after a restart");
}

#[tokio::test]
async fn the_host_is_told_of_each_message_once_in_order_and_its_panic_harms_nobody() {
    let (tell, told) = std::sync::mpsc::channel();
    let engine = ChatEngine::builder()
        .on_message(move |message| {
            let _ = tell.send((message.seq, message.body.content().map(str::to_owned)));
            assert!(message.seq != 2, "a fault of the host's");
        })
        .build()
        .await
        .unwrap();
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = user(&engine, "ana");
    for number in 1..=3 {
        let draft = Draft::text(number.to_string()).with_client_id(format!("c{number}"));
        ana.send(room, draft.clone()).await.unwrap();
        ana.send(room, draft).await.unwrap();
    }
    user(&engine, "ben").leave(room).await.unwrap();
    let told: Vec<_> = told.try_iter().collect();
    let expected = ["1", "2", "3", "ben left"].map(|text| Some(text.to_owned()));
    assert_eq!(told, (1..).zip(expected).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_session_that_was_ended_does_nothing_more() {
    let engine = engine(MemoryStore::new()).await;
    let room = group(&engine, &["ana", "ben"]).await;
    let ana = user(&engine, "ana");
    for is_host in [true, false] {
        let session = ana.connect().await.unwrap();
        session.send(room, Draft::text("hello")).await.unwrap();
        if is_host {
            engine.admin().disconnect(ana.user())
        } else {
            ana.log_out().await.unwrap()
        }
        let refused = session.send(room, Draft::text("and another thing")).await.unwrap_err();
        assert_eq!(refused.code(), "UNAUTHENTICATED");
        let refused = session.execute(chat_core::event::Command::Ping).await.unwrap_err();
        assert_eq!(refused.code(), "UNAUTHENTICATED");
    }
    let said = ana.history(room, HistoryQuery::newest(Limit::MESSAGES)).await.unwrap().messages;
    assert_eq!(said.len(), 2);
}
