//! Rooms move from store to store as lines of JSON, and nobody can tell but by having to reload.

mod compare;
mod kit;
mod live;
mod random;
mod refusals;
mod server;
mod town;

use chat_core::model::{Draft, NewRoom};
use chat_core::store::{MemoryStore, RecordPage, RoomRecord};
use chat_core::transfer::{Scope, TransferError};
use chat_core::{ErrorKind, RoomId};
use compare::{records, seen_by_all, seen_in, without_positions};
use futures_util::FutureExt;
use kit::{House, card, code, engine, export, id, import};
use town::Town;

/// What every user sees, what is stored, and how it goes on are the same on both sides.
async fn move_house(from: &House, to: &House) {
    let town = Town::filled(engine(from).await).await;
    let old_token = from.store.position().await.unwrap();
    let seen = seen_by_all(&town.engine).await;
    let stored = records(&*from.store, 7).await;
    let lines = export(&town.engine, Scope::All).await;

    let (engine, _) = engine(to).await;
    let before = to.store.position().await.unwrap();
    let counts = import(&engine, &lines).await.unwrap();
    let way = format!("{} to {}", from.name, to.name);
    assert_eq!((counts.rooms, counts.messages > 0), (stored.rooms, true), "{way}");
    assert_eq!(seen_by_all(&engine).await, seen, "{way}");
    assert_eq!(without_positions(records(&*to.store, 500).await), without_positions(stored), "{way}");
    assert_eq!(export(&engine, Scope::All).await, lines, "{way}");

    // Nothing to resume from holds, neither of there nor of here.
    for token in [old_token, before] {
        assert!(!kit::recovers(&engine, "ana", token).await, "{way}");
    }
    let token = to.store.position().await.unwrap();
    assert!(kit::recovers(&engine, "ana", token).await, "{way}");
    town.goes_on_in(&engine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_between_any_two_stores_shows_every_user_the_same() {
    for from in House::all().await {
        for to in House::all().await {
            // Each way begins in a house of its own.
            let from = House::like(from.name).await.unwrap();
            move_house(&from, &to).await;
        }
    }
}

#[tokio::test]
async fn an_import_run_again_does_nothing() {
    for house in House::all().await {
        let town = Town::filled(kit::engine_on(MemoryStore::new()).await).await;
        let lines = export(&town.engine, Scope::All).await;
        let (engine, _) = engine(&house).await;
        import(&engine, &lines).await.unwrap();
        let (first, position) = (records(&*house.store, 500).await, house.store.position().await.unwrap());
        import(&engine, &lines).await.unwrap();
        assert_eq!(records(&*house.store, 500).await, first, "{}", house.name);
        let now = house.store.position().await.unwrap();
        assert_eq!(now.position, position.position, "{}", house.name);
        assert_ne!(now.epoch, position.epoch);
    }
}

#[tokio::test]
async fn an_import_that_broke_off_at_any_line_is_run_again_and_ends_the_same() {
    let town = Town::filled(kit::engine_on(MemoryStore::new()).await).await;
    let lines = export(&town.engine, Scope::All).await;
    let whole = engine_with(&lines).await;
    let expected = without_positions(records(&*whole.1, 500).await);
    let ends: Vec<usize> = lines.match_indices('\n').map(|(at, _)| at + 1).collect();
    for end in &ends[..ends.len() - 1] {
        let (engine, store) = kit::shared_memory(3).await;
        let error = import(&engine, &lines[..*end]).await.unwrap_err();
        assert!(matches!(error, TransferError::Cut { .. }), "{error:?}");
        import(&engine, &lines).await.unwrap();
        assert_eq!(without_positions(records(&*store, 500).await), expected, "cut at byte {end}");
    }
    assert_eq!(seen_by_all(&whole.0).await, seen_by_all(&town.engine).await);
}

async fn engine_with(lines: &str) -> (chat_core::ChatEngine, std::sync::Arc<dyn chat_core::store::Store>) {
    let (engine, store) = kit::shared_memory(1).await;
    import(&engine, lines).await.unwrap();
    (engine, store)
}

#[tokio::test]
async fn an_import_that_broke_off_shows_nobody_a_room_without_all_its_messages() {
    let town = Town::filled(kit::engine_on(MemoryStore::new()).await).await;
    let lines = export(&town.engine, Scope::Room(town.group)).await;
    let first_member = lines.find("{\"record\":\"member\"").unwrap();
    let (engine, _) = kit::shared_memory(1).await;
    import(&engine, &lines[..first_member]).await.unwrap_err();
    assert_eq!(code(engine.as_user(id("ana")).room(town.group).await), "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn a_later_export_adds_what_is_new() {
    let town = Town::filled(kit::engine_on(MemoryStore::new()).await).await;
    let (engine, store) = kit::shared_memory(1).await;
    import(&engine, &export(&town.engine, Scope::All).await).await.unwrap();

    // Talk, marks, a stay that ends, one that begins again, a new name, a room that closes, a new one.
    let (ana, cho) = (town.user("ana"), town.user("cho"));
    ana.send(town.group, Draft::text("later").with_client_id("later")).await.unwrap();
    town.user("김철수").mark_read(town.group, None).await.unwrap();
    cho.leave(town.group).await.unwrap();
    ana.invite(town.group, &[id("cho"), id("ben")]).await.unwrap();
    ana.rename(town.group, "또 다른 이름").await.unwrap();
    town.engine.admin().close(town.challenge).await.unwrap();
    ana.create_room(NewRoom::challenge("squats", "the second").with(["ben"])).await.unwrap();
    town.user("dee").unblock(&id("ben")).await.unwrap();
    town.user("dee").block(&id("cho")).await.unwrap();

    let lines = export(&town.engine, Scope::All).await;
    import(&engine, &lines).await.unwrap();
    let (mut there, mut here) =
        (without_positions(records(&*town.store, 500).await), without_positions(records(&*store, 500).await));
    // What has ended in between is not taken away.
    for side in [&mut there, &mut here] {
        side.all.retain(|record| !matches!(record, chat_core::store::Record::Relation(_)));
    }
    assert_eq!(here, there);
    let blocked = engine.as_user(id("dee")).blocked(None, kit::limit()).await.unwrap();
    assert_eq!(blocked.people.len(), 2, "the old block stays, the new one is there");
}

#[tokio::test]
async fn what_has_gone_on_here_since_stays() {
    let town = Town::filled(kit::engine_on(MemoryStore::new()).await).await;
    let lines = export(&town.engine, Scope::All).await;
    let (engine, store) = kit::shared_memory(1).await;
    import(&engine, &lines).await.unwrap();
    let user = |name: &str| engine.as_user(id(name));
    user("ana").send(town.group, Draft::text("here")).await.unwrap();
    user("ana").rename(town.group, "named here").await.unwrap();
    user("김철수").mark_read(town.group, None).await.unwrap();
    user("cho").leave(town.group).await.unwrap();
    user("ana").remove_friend(&id("ben")).await.unwrap();
    user("ana").block(&id("ben")).await.unwrap();
    user("ben").leave(town.direct).await.unwrap();
    let before = without_positions(records(&*store, 500).await);

    import(&engine, &lines).await.unwrap();
    let mut after = without_positions(records(&*store, 500).await);
    // Ben's side of the friendship had ended with the block, and nothing tells that it ever stood.
    let ben = |record: &chat_core::store::Record| matches!(record, chat_core::store::Record::Relation(side) if side.user == id("ben") && side.other == id("ana"));
    after.all.retain(|record| !ben(record));
    assert_eq!(after, before);
    assert_eq!(code(user("ben").send(town.direct, Draft::text("?")).await), "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn a_room_is_moved_alone() {
    for house in House::all().await {
        let town = Town::filled(engine(&house).await).await;
        let lines = export(&town.engine, Scope::Room(town.group)).await;
        let (engine, store) = kit::shared_memory(1).await;
        let counts = import(&engine, &lines).await.unwrap();
        assert_eq!((counts.rooms, counts.relations), (1, 0), "{}", house.name);
        for name in ["ana", "김철수", "dee"] {
            let (there, here) = (town.user(name), engine.as_user(id(name)));
            assert_eq!(seen_in(&here, town.group).await, seen_in(&there, town.group).await);
        }
        // The profiles of whoever is or was in it, and of nobody else.
        let profiles = store.records(RecordPage::Profiles { after: None }, 500).await.unwrap();
        let here = town.store.records(RecordPage::ProfilesIn { room: town.group, after: None }, 500).await;
        assert_eq!(profiles, here.unwrap(), "{}", house.name);
        assert_eq!(profiles.len(), 3, "of ana, of ben, who has left, and of فاطمة: {profiles:?}");

        let nowhere = RoomId::generate();
        let error = town.engine.admin().export(Scope::Room(nowhere), &mut Vec::new()).await.unwrap_err();
        let TransferError::Store(error) = error else { panic!("{error:?}") };
        assert_eq!(*error.kind(), ErrorKind::RoomNotFound(nowhere));
    }
}

#[tokio::test]
async fn the_fingerprint_that_tells_a_retry_is_carried_and_not_made_anew() {
    let town = Town::filled(kit::engine_on(MemoryStore::new()).await).await;
    let lines = export(&town.engine, Scope::All).await;
    // As if the message had been edited: it says something else than was sent under its client id.
    let edited = lines.replace("\"content\":\"first\"", "\"content\":\"edited\"");
    assert_ne!(edited, lines);
    let (engine, store) = kit::shared_memory(1).await;
    import(&engine, &edited).await.unwrap();
    let ana = engine.as_user(id("ana"));
    let again = Draft::text("first").with_client_id("c1").with_custom(card());
    let again = ana.send(town.direct, again).await.unwrap();
    assert_eq!(again.body.content(), Some("edited"));
    let conflict = ana.send(town.direct, Draft::text("edited").with_client_id("c1")).await;
    assert_eq!(code(conflict), "CLIENT_ID_CONFLICT");
    let page = store.records(RecordPage::Messages { room: town.direct, after: 0 }, 500).await.unwrap();
    let hashed = page.iter().filter(|record| {
        matches!(record, chat_core::store::Record::Room(RoomRecord::Message(message, hash))
            if hash.is_some() == message.client_id.is_some())
    });
    assert_eq!(hashed.count(), page.len());
}

#[tokio::test]
async fn a_later_import_that_broke_off_counts_no_message_of_ones_own_as_unread() {
    let town = Town::filled(kit::engine_on(MemoryStore::new()).await).await;
    let (engine, _) = kit::shared_memory(1).await;
    import(&engine, &export(&town.engine, Scope::All).await).await.unwrap();
    let before = engine.as_user(id("ana")).room(town.direct).await.unwrap().unread;
    town.user("ana").send(town.direct, Draft::text("later")).await.unwrap();
    let lines = export(&town.engine, Scope::Room(town.direct)).await;
    let first_member = lines.find("{\"record\":\"member\"").unwrap();
    import(&engine, &lines[..first_member]).await.unwrap_err();
    let ana = engine.as_user(id("ana")).room(town.direct).await.unwrap();
    assert_eq!((ana.room.seq, ana.unread), (8, before));
}

#[tokio::test]
async fn tokens_of_before_an_import_and_of_its_middle_are_void_also_when_it_breaks_off() {
    let town = Town::filled(kit::engine_on(MemoryStore::new()).await).await;
    let ana = town.user("ana");
    for number in 0..600 {
        ana.send(town.direct, Draft::text(format!("{number}"))).await.unwrap();
    }
    let lines = export(&town.engine, Scope::All).await;
    for lines in [&lines[..], &lines[..lines.len() - 10]] {
        let (engine, store) = kit::shared_memory(1).await;
        let before = store.position().await.unwrap();
        let mut within = Vec::new();
        let told = |_| within.extend(store.position().now_or_never().map(Result::unwrap));
        let done = engine.admin().import(&mut lines.as_bytes(), told).await;
        assert_eq!(done.is_ok(), lines.ends_with('\n'));
        let middle = within[0];
        assert!(middle.epoch != before.epoch && middle.position != before.position);
        for token in [before, middle] {
            assert!(!kit::recovers(&engine, "ana", token).await);
        }
        let now = engine.as_user(id("ana")).connect().await.unwrap().next().await.unwrap();
        assert_eq!(now.token.map(|token| token.epoch), Some(store.position().await.unwrap().epoch));
    }
}
