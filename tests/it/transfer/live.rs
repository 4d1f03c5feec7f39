//! Exports while people talk, imports on faulty stores.

use std::sync::Arc;

use chat_core::model::{Cursor, Draft, NewRoom, Sanction};
use chat_core::store::{MemoryStore, SqliteStore, Store};
use chat_core::testing::FaultyStore;
use chat_core::transfer::{Scope, TransferError};
use chat_core::{ChatEngine, ErrorKind};
use tokio::io::AsyncReadExt;

use super::compare::{records, seen_by_all, without_positions};
use super::kit::{engine_on, export, id, import, shared_memory};
use super::town::Town;

/// Each export is whole, whatever happens beside it: it is imported, and all counts in it are exact.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_exported_as_it_was_while_people_talk_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let (source, _) = engine_on(SqliteStore::open(dir.path().join("chat.db")).await.unwrap()).await;
    let ana = source.as_user(id("ana"));
    let room = ana.create_room(NewRoom::group("busy").with(["ben", "cho"])).await.unwrap().id();
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let talk = {
        let (source, done) = (source.clone(), done.clone());
        tokio::spawn(async move {
            let user = |name: &str| source.as_user(id(name));
            for turn in 0.. {
                if done.load(std::sync::atomic::Ordering::Relaxed) {
                    return turn;
                }
                user("ana").send(room, Draft::text("a")).await.unwrap();
                user("ben").send(room, Draft::text("b")).await.unwrap();
                user("ana").mark_read(room, None).await.unwrap();
                user("ben").mark_read(room, Some(Cursor::Seq(turn))).await.unwrap();
                user("cho").leave(room).await.unwrap();
                user("ana").invite(room, &[id("cho"), id(&format!("guest {}", turn % 3))]).await.unwrap();
                user("cho").send(room, Draft::text("c")).await.unwrap();
                user(&format!("guest {}", turn % 3)).leave(room).await.unwrap();
            }
            unreachable!()
        })
    };
    for _ in 0..20 {
        let lines = export(&source, Scope::All).await;
        let (engine, store) = shared_memory(1).await;
        import(&engine, &lines).await.unwrap();
        for name in ["ana", "ben", "cho"] {
            check_counts(&engine, &*store, room, name).await;
        }
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(talk.await.unwrap() > 0);
}

/// Unread is what a fresh count over all messages gives, at every place of the mark.
async fn check_counts(engine: &ChatEngine, store: &dyn Store, room: chat_core::RoomId, name: &str) {
    let Some((_, Some(member))) = store.membership(room, &id(name)).await.unwrap() else { panic!("{name}") };
    assert!(member.read_seq <= member.delivered_seq);
    if !member.active {
        return;
    }
    let messages = store.messages(room, 1..=u64::MAX).await.unwrap();
    let is_other = |seq: u64, message: &chat_core::model::Message| {
        message.seq > seq && message.body.is_countable() && message.sender.user != id(name)
    };
    let unread = |seq: u64| messages.iter().filter(|message| is_other(seq, message)).count() as u64;
    let user = engine.as_user(id(name));
    assert_eq!(user.room(room).await.unwrap().unread, unread(member.read_seq), "{name}: {member:?}");
    let head = messages.len() as u64;
    for seq in [member.read_seq.midpoint(head), head] {
        let marked = user.mark_read(room, Some(Cursor::Seq(seq))).await.unwrap();
        assert_eq!(marked.unread, unread(marked.read_seq), "{name} at {seq}: {member:?}");
    }
    let other = engine.as_user(id("other"));
    assert!(other.room(room).await.is_err());
}

#[tokio::test]
async fn a_store_that_fails_ends_the_import_and_it_is_run_again() {
    let town = Town::filled(engine_on(MemoryStore::new()).await).await;
    let lines = export(&town.engine, Scope::All).await;
    let store = FaultyStore::on(MemoryStore::new());
    let engine = ChatEngine::builder().store(store.clone()).build().await.unwrap();
    store.refuse(true);
    let error = import(&engine, &lines).await.unwrap_err();
    let TransferError::Refused { line: 2, source } = &error else { panic!("{error:?}") };
    assert_eq!(*source.kind(), ErrorKind::Unavailable);
    store.refuse(false);
    import(&engine, &lines).await.unwrap();
    assert_eq!(seen_by_all(&engine).await, seen_by_all(&town.engine).await);
}

#[tokio::test]
async fn an_import_commits_many_records_at_once() {
    let (source, _) = shared_memory(1).await;
    let ana = source.as_user(id("ana"));
    let room = ana.create_room(NewRoom::group("long")).await.unwrap().id();
    for number in 0..3000 {
        ana.send(room, Draft::text(format!("{number}"))).await.unwrap();
    }
    let lines = export(&source, Scope::All).await;
    let store = FaultyStore::on(MemoryStore::new());
    let engine = ChatEngine::builder().store(store.clone()).build().await.unwrap();
    store.calls();
    import(&engine, &lines).await.unwrap();
    let calls = store.calls();
    assert!(calls["commit"] < 300, "{calls:?}");
    assert_eq!(without_positions(records(&store, 500).await).rooms, 1);
}

/// What is held of rooms by whoever is connected is not told of an import; a new connection has all.
#[tokio::test]
async fn an_import_is_told_to_nobody_and_shows_in_a_new_connection() {
    let town = Town::filled(engine_on(MemoryStore::new()).await).await;
    let lines = export(&town.engine, Scope::All).await;
    let (engine, _) = shared_memory(2).await;
    let ana = engine.as_user(id("ana"));
    let mut session = ana.connect().await.unwrap();
    session.next().await.unwrap();
    import(&engine, &lines).await.unwrap();
    assert!(futures_util::FutureExt::now_or_never(session.next()).is_none());

    let mut session = ana.connect().await.unwrap();
    session.next().await.unwrap();
    let sent = ana.send(town.direct, Draft::text("live")).await.unwrap();
    let nickname = &*sent.sender.nickname;
    assert_eq!(nickname, "Ana \"the\\fast\"", "no name from before the import is remembered");
    let event = session.next().await.unwrap();
    let chat_core::event::EventKind::Message(message) = &event.kind else { panic!("{event:?}") };
    assert_eq!(message.id, sent.id);
    // Whoever resumes from it is told nothing of the import again.
    let mut resumed = ana.connect_since(event.token.unwrap()).await.unwrap();
    let mut told = Vec::new();
    loop {
        let event = resumed.next().await.unwrap();
        match event.kind {
            chat_core::event::EventKind::CaughtUp { recovered } => break assert!(recovered),
            chat_core::event::EventKind::Ready(_) => {}
            _ => told.push(event),
        }
    }
    assert!(told.is_empty(), "{told:?}");
}

/// The export stands still between the room and its members, for nobody reads what it writes.
#[tokio::test]
async fn what_changes_while_a_room_is_exported_is_taken_back() {
    let (source, _) = shared_memory(1).await;
    let user = |name: &str| source.as_user(id(name));
    let room = user("ana").create_room(NewRoom::group("room").with(["ben", "cho"])).await.unwrap().id();
    for name in ["ana", "ben", "ben"] {
        user(name).send(room, Draft::text("before")).await.unwrap();
    }
    let (mut writer, mut reader) = tokio::io::duplex(16);
    let export = {
        let source = source.clone();
        tokio::spawn(async move { source.admin().export(Scope::Room(room), &mut writer).await })
    };
    let mut lines = vec![0];
    reader.read_exact(&mut lines).await.unwrap();
    for _ in 0..3 {
        user("ben").send(room, Draft::text("since")).await.unwrap();
    }
    user("ben").mark_read(room, None).await.unwrap();
    user("cho").leave(room).await.unwrap();
    user("ana").invite(room, &[id("dee")]).await.unwrap();
    reader.read_to_end(&mut lines).await.unwrap();
    assert_eq!(export.await.unwrap().unwrap().messages, 3);

    let (engine, store) = shared_memory(1).await;
    import(&engine, std::str::from_utf8(&lines).unwrap()).await.unwrap();
    for name in ["ana", "ben", "cho"] {
        check_counts(&engine, &*store, room, name).await;
    }
    let ben = store.membership(room, &id("ben")).await.unwrap().unwrap().1.unwrap();
    assert_eq!((ben.read_seq, ben.own_n), (3, 2), "no mark and no count beyond the room");
    assert!(engine.as_user(id("cho")).room(room).await.is_ok(), "cho had not left then");
    let dee = engine.as_user(id("dee")).room(room).await.unwrap();
    assert_eq!(dee.unread, 0, "dee begins at the head");
    engine.as_user(id("ben")).send(room, Draft::text("on")).await.unwrap();
    assert_eq!(engine.as_user(id("dee")).room(room).await.unwrap().unread, 1);
}

/// The export stands still behind what waits in the room, for nobody reads what it writes.
#[tokio::test]
async fn what_is_approved_and_done_while_a_room_is_exported_is_not_yet_in_it() {
    let (source, _) = shared_memory(1).await;
    let user = |name: &str| source.as_user(id(name));
    let room = user("ana").create_room(NewRoom::group("room").with(["ben", "cho"])).await.unwrap().id();
    let said = user("ana").send(room, Draft::text("one")).await.unwrap().id;
    user("ana").edit(room, said, Some("two")).await.unwrap();
    user("ben").send(room, Draft::text("buy")).await.unwrap_err();
    user("ana").mute(room, &id("cho"), Sanction::for_good()).await.unwrap();
    let (mut writer, mut reader) = tokio::io::duplex(16);
    let export = {
        let source = source.clone();
        tokio::spawn(async move { source.admin().export(Scope::Room(room), &mut writer).await })
    };
    let mut lines = vec![0];
    reader.read_exact(&mut lines).await.unwrap();
    let held = user("ana").held(room, None, super::kit::limit()).await.unwrap().held;
    user("ana").approve_held(room, held[0].id).await.unwrap();
    user("ana").unmute(room, &id("cho")).await.unwrap();
    reader.read_to_end(&mut lines).await.unwrap();
    let counts = export.await.unwrap().unwrap();
    assert_eq!((counts.held, counts.messages, counts.edits, counts.acts), (1, 1, 1, 1));

    let (engine, _) = shared_memory(1).await;
    import(&engine, std::str::from_utf8(&lines).unwrap()).await.unwrap();
    let sent = engine.as_user(id("ana")).approve_held(room, held[0].id).await.unwrap();
    assert_eq!((sent.id, sent.seq), (held[0].id, 2));
}

/// The export stands still behind who waits to come in, for nobody reads what it writes.
#[tokio::test]
async fn who_is_let_in_while_a_room_is_exported_is_in_it_and_who_is_rejected_waits_in_it() {
    let (source, _) = shared_memory(1).await;
    let user = |name: &str| source.as_user(id(name));
    let room = user("ana").create_room(NewRoom::group("door").public()).await.unwrap().id();
    for name in ["ben", "cho"] {
        user(name).join(room).await.unwrap_err();
    }
    let (mut writer, mut reader) = tokio::io::duplex(16);
    let export = {
        let source = source.clone();
        tokio::spawn(async move { source.admin().export(Scope::Room(room), &mut writer).await })
    };
    let mut lines = vec![0];
    reader.read_exact(&mut lines).await.unwrap();
    for (asked, who) in user("ana").join_requests(room, None, super::kit::limit()).await.unwrap().requests {
        match &*who.user.to_string() {
            "ben" => user("ana").approve_join(room, asked.id).await.unwrap(),
            _ => user("ana").reject_join(room, asked.id, None).await.unwrap(),
        }
    }
    reader.read_to_end(&mut lines).await.unwrap();
    let counts = export.await.unwrap().unwrap();
    assert_eq!((counts.join_requests, counts.members), (2, 2));

    let (engine, _) = shared_memory(1).await;
    import(&engine, std::str::from_utf8(&lines).unwrap()).await.unwrap();
    let waiting = engine.as_user(id("ana")).join_requests(room, None, super::kit::limit()).await.unwrap();
    let waiting: Vec<_> = waiting.requests.iter().map(|(asked, _)| asked.user.to_string()).collect();
    assert_eq!(waiting, ["cho"]);
    assert!(engine.as_user(id("ben")).room(room).await.is_ok());
}
